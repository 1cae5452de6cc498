//! `cmc man`.

use crate::exit::{Failure, io};
use crate::terminal::Terminal;
use clap::CommandFactory as _;
use std::path::{Path, PathBuf};

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
    let mut command = crate::args::Args::command();
    command.build();
    match &args.out {
        None => terminal.out(&page(&command)?),
        Some(dir) => {
            std::fs::create_dir_all(dir).map_err(|error| io("create", dir, &error))?;
            write_all(&command, "cmc", dir)
        }
    }
}

fn write_all(command: &clap::Command, name: &str, dir: &Path) -> Result<(), Failure> {
    let path = dir.join(format!("{name}.1"));
    std::fs::write(&path, page(&command.clone().name(name.to_owned()))?).map_err(|error| io("write", &path, &error))?;
    command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
        .try_for_each(|sub| write_all(sub, &format!("{name}-{}", sub.get_name()), dir))
}

fn page(command: &clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .date("")
        .render(&mut page)
        .map_err(|error| Failure::failed(format!("could not print the manual page: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
