//! `cmc secret list`.

use crate::exit::Failure;
use crate::terminal::Terminal;
use crate::{fleet, secrets};
use serde_json::json;
use std::path::Path;

/// List declared secrets, their types, and whether they are set; needs no key
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc secret list")]
pub(crate) struct Args {
    #[command(flatten)]
    with: fleet::With,
}

/// Lists by name.
pub(crate) fn run(directory: &Path, terminal: &Terminal, args: &Args) -> Result<(), Failure> {
    let rows: Vec<_> = super::all_declared(directory, &args.with, terminal)?
        .into_iter()
        .map(|(name, secret)| {
            let kind = json!(secret.kind.unwrap_or(cmc_types::definition::SecretType::Text));
            let set = secrets::file(directory, &name).is_file();
            (name, kind.as_str().unwrap_or_default().to_owned(), set, secret.description)
        })
        .collect();
    if terminal.is_json() {
        let rows: Vec<_> = rows
            .iter()
            .map(|(name, kind, set, description)| {
                json!({ "name": name, "type": kind, "set": set, "description": description })
            })
            .collect();
        return terminal.document(&json!({ "secrets": rows }));
    }
    let line = |(name, kind, set, _): &(_, String, bool, _)| {
        format!("{name}\t{kind}\t{}\n", if *set { "set" } else { "not set" })
    };
    terminal.out(&rows.iter().map(line).collect::<String>())
}
