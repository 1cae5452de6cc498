//! `cmc store verify`.

use crate::exit::Failure;
use crate::published::{Published, PublishedArgs};
use crate::terminal::{Terminal, count};
use crate::{fleet, publisher};
use cmc_bundles::error::{Error, TrustKind};
use cmc_bundles::publish::verify_store;
use std::path::Path;

/// Read everything that the current release reaches, and verify signatures and hashes
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc store verify")]
pub(crate) struct Args {
    #[command(flatten)]
    published: PublishedArgs,
}

/// Verifies everything and names all that is missing or damaged.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    fleet::is_fleet(directory)?;
    let Published { roots, vault, store, channel, .. } =
        Published::open(directory, &args.published, terminal)?;
    let help = "build, then `cmc publish --rebuild` uploads what is missing";
    let seen = publisher::seen(directory, &channel);
    let verified = verify_store(store.as_ref(), &roots, vault.identities()?, &channel, seen);
    let verified = verified.map_err(|error| match &error {
        Error::Missing { key, .. } if *key != channel.key() => Failure::from(error).help(help),
        _ if error.trust_kind() == Some(TrustKind::Hash) => Failure::from(error).help(help),
        _ => error.into(),
    })?;
    let problems: Vec<String> = verified.problems.iter().map(ToString::to_string).collect();
    if terminal.is_json() {
        terminal.document(&serde_json::json!({
            "store": store.name(), "verified": verified, "problems": problems,
        }))?;
    }
    let Some(code) = verified.problems.iter().map(cmc_bundles::Error::exit_code).max() else {
        terminal.say(&format!(
            "release {} of {} is whole: {}, {}, {} bytes",
            verified.version,
            store.name(),
            count(verified.hosts, "host"),
            count(verified.bundles, "bundle"),
            verified.bytes
        ));
        return Ok(());
    };
    problems.iter().for_each(|problem| terminal.warn(problem));
    Err(match terminal.is_json() {
        true => Failure::shown(code),
        false => {
            let found = count(problems.len(), "object");
            let verb = if problems.len() == 1 { "is" } else { "are" };
            Failure::new(code, format!("{found} {verb} missing or damaged")).help(help)
        }
    })
}
