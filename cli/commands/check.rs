//! `cmc check`.

use crate::args::Format;
use crate::exit::{FINDINGS, Failure, USAGE};
use crate::terminal::Terminal;
use crate::{changes, fleet};
use cmc_compiler::Dummies;
use std::path::Path;
use std::sync::Arc;

/// Type-check the definitions and render everything in memory; runs no program
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc check\n  cmc check --watch\n  cmc -C my-fleet check --format github"
)]
pub(crate) struct Args {
    /// Check again whenever something in the fleet's directory changes, until interrupted
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    with: fleet::With,
}

/// Checks and shows the findings.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    if !args.watch {
        return check(args, directory, terminal);
    }
    if terminal.format != Format::Human || args.with.takes_standard_input() {
        return Err(Failure::new(
            USAGE,
            "--watch is for people, and reads files: no --format, no `--with -`",
        ));
    }
    fleet::is_fleet(directory)?;
    loop {
        let before = changes::look(directory, args.with.files());
        // What is wrong is shown; the next change may mend it.
        if let Err(failure) = check(args, directory, terminal) {
            failure.report(terminal);
        }
        changes::wait(directory, args.with.files(), &before);
    }
}

fn check(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let compiled = fleet::compile(directory, &args.with, Arc::new(Dummies), terminal)?;
    compiled.findings.show(terminal, serde_json::json!({}))?;
    terminal.say(&format!("{}: {}", fleet::shown(directory), compiled.findings.summary()));
    if compiled.findings.has_errors() { Err(Failure::shown(FINDINGS)) } else { Ok(()) }
}
