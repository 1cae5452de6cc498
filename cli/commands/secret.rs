//! `cmc secret`.

mod edit;
mod list;
mod rotate;
mod set;
mod show;

use crate::exit::{FINDINGS, Failure, USAGE};
use crate::findings::Findings;
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

/// The declared secrets, by name, and what is wrong with the definitions.
fn declared(directory: &Path, with: &fleet::With) -> Result<(Vec<(SecretName, Secret)>, Findings), Failure> {
    let loaded = fleet::load(directory, with)?;
    let table = loaded.document.as_ref().and_then(|document| document.get(&["secret"]));
    let entries = table.and_then(|node| node.as_table()).into_iter().flat_map(|table| table.iter());
    let mut secrets: Vec<(SecretName, Secret)> = entries
        .filter_map(|entry| {
            let name = SecretName::parse(&entry.key).ok()?;
            Some((name, serde_json::from_value(entry.node.to_json()).ok()?))
        })
        .collect();
    secrets.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((secrets, loaded.findings))
}

/// All declared secrets, by name. Of definitions that are wrong nobody knows what they declare: they are refused.
fn all_declared(
    directory: &Path,
    with: &fleet::With,
    terminal: &Terminal,
) -> Result<Vec<(SecretName, Secret)>, Failure> {
    let (secrets, findings) = declared(directory, with)?;
    findings.refuse(terminal)?;
    Ok(secrets)
}

/// The type of a declared secret; an error if it is not declared.
fn kind_of(
    name: &SecretName,
    directory: &Path,
    with: &fleet::With,
    terminal: &Terminal,
) -> Result<SecretType, Failure> {
    let (declared, findings) = declared(directory, with)?;
    if let Some((_, secret)) = declared.iter().find(|(known, _)| known == name) {
        return Ok(secret.kind.unwrap_or(SecretType::Text));
    }
    findings.refuse(terminal)?;
    Err(Failure::new(USAGE, format!("no definition declares the secret {name:?}", name = name.as_str()))
        .help(format!("add to fleet.toml:\n  [secret.{name}]\n  type = \"password\"")))
}

/// Largest value in bytes.
const LARGEST: usize = 1024 * 1024;

/// Refuses a value that is too large or not of the secret's type, without showing it.
fn checked(name: &SecretName, value: &[u8], kind: SecretType) -> Result<(), Failure> {
    if value.len() > LARGEST {
        return Err(Failure::failed(format!("the value of {name} is larger than {LARGEST} bytes")));
    }
    match secrets::problem(value, kind) {
        None => Ok(()),
        Some(problem) => Err(Failure::new(FINDINGS, format!("the value for {name} will not do: {problem}"))
            .help("its type stands in the definition; `binary` takes any bytes")),
    }
}
