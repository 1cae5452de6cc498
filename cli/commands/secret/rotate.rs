//! `cmc secret rotate`.

use crate::exit::{Failure, io};
use crate::keys::KeyArgs;
use crate::terminal::{Terminal, count};
use crate::{fleet, lock, secrets, trust};
use cmc_types::SecretName;
use std::collections::BTreeSet;
use std::path::Path;

/// Encrypt every secret again, to the operators of today's trust root
///
/// Values stay as they are: somebody who could read them still knows them. Change those with `cmc secret set`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc secret rotate")]
pub(crate) struct Args {
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    with: fleet::With,
}

/// Decrypts all, then writes all, so that a missing key changes nothing.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let roots = trust::load(directory)?;
    let _lock = lock::take(directory, "secret rotate", terminal)?;
    let mut values = Vec::new();
    let declared = super::all_declared(directory, &args.with, terminal)?;
    let names: BTreeSet<SecretName> = declared.into_iter().map(|(name, _)| name).collect();
    for name in names.clone() {
        if let Some(value) = secrets::open(directory, &name, &args.keys, &roots)? {
            values.push((name, value));
        }
    }
    for (name, value) in &values {
        secrets::store(directory, name, value, &roots)?;
    }
    let undeclared = undeclared(directory, &names)?;
    for file in &undeclared {
        terminal.warn(&format!(
            "secrets/{file} stays as it is, for whoever could read it: no definition declares it; remove it, or declare it"
        ));
    }
    let names: Vec<_> = values.iter().map(|(name, _)| name).collect();
    let line = format!("{} encrypted again; commit secrets/", count(names.len(), "secret"));
    terminal.done(&line, &serde_json::json!({ "secrets": names, "undeclared": undeclared }))
}

/// Names of age files in `secrets/` that are no declared secret's.
fn undeclared(directory: &Path, declared: &BTreeSet<SecretName>) -> Result<Vec<String>, Failure> {
    let dir = directory.join("secrets");
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io("read", &dir, &error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| io("read", &dir, &error))?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".age") else { continue };
        if !SecretName::parse(name).is_ok_and(|name| declared.contains(&name)) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
