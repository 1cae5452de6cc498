//! `cmc secret`.

mod edit;
mod list;
mod rotate;
mod set;
mod show;

use crate::exit::{FINDINGS, Failure, USAGE};
use crate::terminal::Terminal;
use crate::{fleet, secrets};
use cmc_types::SecretName;
use cmc_types::definition::{Secret, SecretType};
use std::path::Path;

/// Set, edit, show, list and re-encrypt secrets
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Set(set::Args),
    Edit(edit::Args),
    Show(show::Args),
    List(list::Args),
    Rotate(rotate::Args),
}

/// Runs the subcommand.
pub(crate) fn run(command: &Command, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Set(args) => set::run(args, directory, terminal),
        Command::Edit(args) => edit::run(args, directory, terminal),
        Command::Show(args) => show::run(args, directory, terminal),
        Command::List(args) => list::run(directory, terminal, args),
        Command::Rotate(args) => rotate::run(args, directory, terminal),
    }
}

/// The declared secrets, by name.
fn declared(directory: &Path, terminal: &Terminal) -> Result<Vec<(SecretName, Secret)>, Failure> {
    let loaded = fleet::load(directory, &fleet::With::default())?;
    let table = loaded.document.as_ref().and_then(|document| document.get(&["secret"]));
    let Some(table) = table.and_then(|node| node.as_table()) else {
        if loaded.findings.has_errors() {
            loaded.findings.show(terminal, serde_json::json!({}))?;
            return Err(Failure::shown(FINDINGS));
        }
        return Ok(Vec::new());
    };
    let mut secrets: Vec<(SecretName, Secret)> = table
        .iter()
        .filter_map(|entry| {
            let name = SecretName::parse(&entry.key).ok()?;
            Some((name, serde_json::from_value(entry.node.to_json()).ok()?))
        })
        .collect();
    secrets.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(secrets)
}

/// The type of a declared secret; an error if it is not declared.
fn kind_of(name: &SecretName, directory: &Path, terminal: &Terminal) -> Result<SecretType, Failure> {
    let declared = declared(directory, terminal)?;
    match declared.iter().find(|(known, _)| known == name) {
        Some((_, secret)) => Ok(secret.kind.unwrap_or(SecretType::Text)),
        None => Err(Failure::new(
            USAGE,
            format!("no definition declares the secret {name:?}", name = name.as_str()),
        )
        .help(format!("add to fleet.toml:\n  [secret.{name}]\n  type = \"password\""))),
    }
}

/// Refuses a value that is not of the secret's type, without showing it.
fn checked(name: &SecretName, value: &[u8], kind: SecretType) -> Result<(), Failure> {
    match secrets::problem(value, kind) {
        None => Ok(()),
        Some(problem) => Err(Failure::new(FINDINGS, format!("the value for {name} will not do: {problem}"))
            .help("its type stands in the definition; `binary` takes any bytes")),
    }
}
