//! `cmc host`.

mod add;
mod list;
mod show;

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{fleet, trust};
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
    channel: &str,
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
                Ok(format!("dir:{}", plain(&path).display()))
            }
            None => Ok(url.to_owned()),
        }
    };
    let store = match store {
        None => {
            return Err(
                Failure::failed("the fleet has no `store`").help("say where to publish in fleet.toml")
            );
        }
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

/// The address of a store on the command line.
fn store_url(text: &str) -> Result<Store, cmc_types::ParseError> {
    cmc_types::store_url::check_store_url(text).map(|()| Store::Url(text.trim().to_owned()))
}

/// A path without the `..` that only go back over the component before, where that is a directory.
fn plain(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
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
    terminal: &Terminal,
) -> Result<(cmc_types::definition::Fleet, Option<Value>), Failure> {
    let loaded = fleet::load(directory, &fleet::With::default())?;
    let definition = fleet::definition(directory, &loaded, terminal)?;
    let host = loaded.document.as_ref().and_then(|document| document.get(&["host", name.as_str()]));
    Ok((definition, host.map(cmc_compiler::tree::Node::to_json)))
}
