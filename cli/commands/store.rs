//! `cmc store`.

mod probe;
mod verify;

use crate::exit::Failure;
use crate::terminal::Terminal;
use std::path::Path;

/// Try whether the store will do, and verify what is in it
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Probe(probe::Args),
    Verify(verify::Args),
}

/// Runs the subcommand.
pub(crate) fn run(command: &Command, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Probe(args) => probe::run(args, directory, terminal),
        Command::Verify(args) => verify::run(args, directory, terminal),
    }
}
