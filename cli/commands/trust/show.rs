//! `cmc trust show`.

use crate::exit::Failure;
use crate::terminal::Terminal;
use crate::trust;
use serde_json::json;
use std::path::Path;

/// Show the root of trust: fleet id, keys, thresholds, operators
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc trust show --format json")]
pub(crate) struct Args {}

/// Verifies the chain and prints the newest root.
pub(crate) fn run(_: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let roots = trust::load(directory)?;
    let newest = roots.newest();
    let root = newest.root();
    if terminal.is_json() {
        return terminal.document(&json!({
            "fleet-id": newest.fleet_id(), "version": newest.version(), "hash": newest.hash(), "root": root,
        }));
    }
    let mut text = format!(
        "fleet     {} ({})\nversion   {}, hash {}\n",
        root.fleet,
        newest.fleet_id(),
        newest.version(),
        newest.hash()
    );
    for (role, spec) in
        [("root", &root.roles.root), ("release", &root.roles.release), ("timestamp", &root.roles.timestamp)]
    {
        text.push_str(&format!("{role:<9} {} of {}\n", spec.threshold, spec.keys.join(", ")));
    }
    for (name, key) in &root.keys {
        text.push_str(&format!("key       {name}: {}\n", key.fingerprint()));
    }
    for operator in &root.operators {
        text.push_str(&format!("reader    {}: {}\n", operator.name, operator.recipient.as_str()));
    }
    terminal.out(&text)
}
