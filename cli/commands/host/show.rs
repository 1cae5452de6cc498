//! `cmc host show`.

use super::{defined, enrolment, id_of};
use crate::exit::{Failure, USAGE};
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{fleet, trust};
use cmc_bundles::Channel;
use cmc_types::HostName;
use cmc_types::definition::Store;
use std::path::Path;

/// Print the line that enrols a host that the fleet has already
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc host show web1 | ssh web1 cmc-fetch enroll -")]
pub(crate) struct Args {
    /// The host
    name: HostName,
    /// The channel that it follows
    #[arg(long, default_value = "main")]
    channel: Channel,
    /// The store as the host reaches it, if not by the address that the publisher uses
    #[arg(long, value_name = "URL", value_parser = super::store_url)]
    store: Option<Store>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    with: fleet::With,
}

/// Prints the line.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let (fleet, host) = defined(&args.name, directory, &args.with, terminal)?;
    let host = host.ok_or_else(|| {
        Failure::new(USAGE, format!("the fleet has no host {}", args.name)).help("`cmc host list` names them")
    })?;
    let id = match host["id"].as_str() {
        Some(id) => id.to_owned(),
        None => id_of(&args.name, directory, &args.keys)?,
    };
    let roots = trust::load(directory)?;
    let store = args.store.as_ref().or(fleet.store.as_ref());
    let line = enrolment(args.name.as_str(), &id, &args.channel, directory, store, &roots)?;
    terminal.out(&format!("{line}\n"))
}
