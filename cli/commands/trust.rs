//! `cmc trust`.

mod init;
mod show;

pub(crate) use init::{begin, write};

use crate::exit::Failure;
use crate::terminal::Terminal;
use std::path::Path;

/// Make and show the root of trust
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Show(show::Args),
}

/// Runs the subcommand.
pub(crate) fn run(command: &Command, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Init(args) => init::run(args, directory, terminal),
        Command::Show(args) => show::run(args, directory, terminal),
    }
}
