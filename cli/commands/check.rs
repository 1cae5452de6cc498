//! `cmc check`.

use crate::exit::{FINDINGS, Failure};
use crate::fleet;
use crate::terminal::Terminal;
use cmc_compiler::Dummies;
use std::path::Path;
use std::sync::Arc;

/// Type-check the definitions and render everything in memory; runs no program
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc check\n  cmc -C my-fleet check --format github")]
pub(crate) struct Args {
    #[command(flatten)]
    with: fleet::With,
}

/// Checks and shows the findings.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let compiled = fleet::compile(directory, &args.with, Arc::new(Dummies), terminal)?;
    compiled.findings.show(terminal, serde_json::json!({}))?;
    terminal.say(&format!("{}: {}", fleet::shown(directory), compiled.findings.summary()));
    if compiled.findings.has_errors() { Err(Failure::shown(FINDINGS)) } else { Ok(()) }
}
