//! `cmc trust init`.

use crate::exit::{Failure, io};
use crate::terminal::Terminal;
use crate::{durable, fleet, interrupt, keys, lock};
use cmc_bundles::init::{NewFleet, init_fleet};
use std::path::{Path, PathBuf};

/// Make the fleet's keys, its vault and its first root of trust
///
/// trust/ belongs into the repository. The operator's and the recovery key go to your configuration directory: move
/// the recovery key to a place that is offline.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc trust init && git add trust")]
pub(crate) struct Args {}

/// Makes and writes everything; refuses a fleet that has a root.
pub(crate) fn run(_: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = fleet::load(directory, &fleet::With::default())?;
    let definition = fleet::definition(directory, &loaded, terminal)?;
    let _lock = lock::take(directory, "trust init", terminal)?;
    let _whole = interrupt::whole();
    let new = begin(definition.name.as_str(), directory)?;
    let keys = write(&new, directory, terminal)?;
    if terminal.is_json() {
        terminal.document(&serde_json::json!({ "fleet-id": new.fleet_id, "keys": keys }))?;
    }
    Ok(())
}

/// Makes a fleet's keys, unless its directory has a root already.
pub(crate) fn begin(name: &str, directory: &Path) -> Result<NewFleet, Failure> {
    let root = directory.join("trust/1.json");
    if root.exists() {
        return Err(Failure::failed(format!("{} exists: the fleet has a root of trust", root.display()))
            .help("`cmc trust show` shows it; a fleet begins with one root, and only once"));
    }
    Ok(init_fleet(name, fleet::now())?)
}

/// Writes keys first, then the vault, then the root: a root without its keys would be of no use. Gives the folder of
/// the keys.
pub(crate) fn write(new: &NewFleet, directory: &Path, terminal: &Terminal) -> Result<PathBuf, Failure> {
    let folder = keys::folder(new.fleet_id)?;
    private_directory(&folder)?;
    durable::create(&folder.join("operator"), new.operator_key.as_bytes(), 0o600)?;
    durable::create(&folder.join("recovery"), new.recovery_key.as_bytes(), 0o600)?;
    let trust = directory.join("trust");
    std::fs::create_dir_all(&trust).map_err(|error| io("create", &trust, &error))?;
    durable::create(&trust.join(&new.vault_name), &new.vault, 0o644)?;
    durable::create(&trust.join("1.json"), &new.root, 0o644)?;
    terminal.say(&format!("fleet {} has a root of trust in trust/: commit it", new.fleet_id.short()));
    terminal.say(&format!("your key: {}", folder.join("operator").display()));
    terminal.say(&format!(
        "recovery key: {} (move it to a place that is offline)",
        folder.join("recovery").display()
    ));
    Ok(folder)
}

fn private_directory(folder: &PathBuf) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| io("create", folder, &error))
}
