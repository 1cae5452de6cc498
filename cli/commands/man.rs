//! `cmc man`.

use crate::exit::{Failure, io};
use crate::terminal::Terminal;
use clap::CommandFactory as _;
use std::path::PathBuf;

/// Print the manual page, or write one per command
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc man | man -l -\n  cmc man --out /usr/local/share/man/man1")]
pub(crate) struct Args {
    /// Directory for a page per command: cmc.1, cmc-build.1 …
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes the pages.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    let command = crate::args::Args::command();
    if let Some(dir) = &args.out {
        std::fs::create_dir_all(dir).map_err(|error| io("create", dir, &error))?;
        return clap_mangen::generate_to(command, dir).map_err(|error| io("write to", dir, &error));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::failed(format!("could not print the manual page: {error}")))?;
    terminal.out(&String::from_utf8_lossy(&page))
}
