//! `cmc secret rotate`.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::terminal::{Terminal, count};
use crate::{lock, secrets, trust};
use std::path::Path;

/// Encrypt every secret again, to the operators of today's trust root
///
/// Values stay as they are: somebody who could read them still knows them. Change those with `cmc secret set`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc secret rotate")]
pub(crate) struct Args {
    #[command(flatten)]
    keys: KeyArgs,
}

/// Decrypts all, then writes all, so that a missing key changes nothing.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let roots = trust::load(directory)?;
    let _lock = lock::take(directory, "secret rotate", terminal)?;
    let mut values = Vec::new();
    for (name, _) in super::declared(directory, terminal)? {
        if let Some(value) = secrets::open(directory, &name, &args.keys, &roots)? {
            values.push((name, value));
        }
    }
    for (name, value) in &values {
        secrets::store(directory, name, value, &roots)?;
    }
    let names: Vec<_> = values.iter().map(|(name, _)| name).collect();
    let line = format!("{} encrypted again; commit secrets/", count(names.len(), "secret"));
    terminal.done(&line, &serde_json::json!({ "secrets": names }))
}
