//! `cmc host`.

mod add;
mod list;
mod show;

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{fleet, trust};
use cmc_bundles::Channel;
use cmc_types::definition::Store;
use serde_json::{Value, json};
use std::path::Path;

/// Add hosts to the fleet, list them, and print what enrols them
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    Show(show::Args),
    List(list::Args),
}

/// Runs the subcommand.
pub(crate) fn run(command: &Command, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Add(args) => add::run(args, directory, terminal),
        Command::Show(args) => show::run(args, directory, terminal),
        Command::List(args) => list::run(args, directory, terminal),
    }
}

/// What a host is told at enrolment: one line of JSON, no secret in it. A directory store is named by its full path.
pub(crate) fn enrolment(
    host: &str,
    id: &str,
    channel: &Channel,
    directory: &Path,
    store: Option<&Store>,
    roots: &cmc_bundles::publish::Roots,
) -> Result<Value, Failure> {
    let full = |url: &str| -> Result<String, Failure> {
        match url.strip_prefix("dir:") {
            Some(path) => {
                let path = directory.join(path);
                let path =
                    std::path::absolute(&path).map_err(|error| crate::exit::io("find", &path, &error))?;
                Ok(format!("dir:{}", path.canonicalize().unwrap_or(path).display()))
            }
            None => Ok(url.to_owned()),
        }
    };
    let store = match store {
        None => return Err(fleet::without_store()),
        Some(Store::Url(url)) => json!(full(url)?),
        Some(Store::Table(table)) => {
            json!(cmc_types::definition::StoreTable { url: full(&table.url)?, ..table.clone() })
        }
    };
    let root = roots.newest();
    Ok(json!({
        "store": store,
        "channel": channel,
        "host": host,
        "id": id,
        "fleet-id": root.fleet_id(),
        "root": { "version": root.version(), "hash": root.hash() },
    }))
}

/// The configuration of a host that is told this at enrolment; its identity lies beside it.
pub(crate) fn fetch_config(line: &Value) -> Result<String, Failure> {
    let line =
        cmc_fetch::enroll::parse(&line.to_string()).and_then(|line| cmc_fetch::enroll::config_text(&line));
    line.map_err(|error| Failure::failed(error.to_string()))
}

/// The address of a store on the command line.
fn store_url(text: &str) -> Result<Store, cmc_types::ParseError> {
    cmc_types::store_url::check_store_url(text).map(|()| Store::Url(text.trim().to_owned()))
}

/// The address of a host on the command line.
fn address(text: &str) -> Result<String, cmc_types::ParseError> {
    cmc_types::address::check_address(text).map(|()| text.to_owned())
}

/// The identifier of a host by the fleet's vault.
fn id_of(name: &cmc_types::HostName, directory: &Path, keys: &KeyArgs) -> Result<String, Failure> {
    let roots = trust::load(directory)?;
    Ok(trust::vault(directory, &roots, keys)?.host_id(name).to_string())
}

/// The definition of a host, and the fleet's own.
fn defined(
    name: &cmc_types::HostName,
    directory: &Path,
    with: &fleet::With,
    terminal: &Terminal,
) -> Result<(cmc_types::definition::Fleet, Option<Value>), Failure> {
    let loaded = fleet::load(directory, with)?;
    let definition = fleet::definition(directory, &loaded, terminal)?;
    let host = loaded.document.as_ref().and_then(|document| document.get(&["host", name.as_str()]));
    Ok((definition, host.map(cmc_compiler::tree::Node::to_json)))
}
