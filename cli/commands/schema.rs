//! `cmc schema`.

use crate::exit::{FAILED, Failure};
use crate::terminal::Terminal;
use clap::builder::PossibleValuesParser;
use cmc_compiler::schema::formats;

/// Print the JSON Schema of definition files, of a part of them, or of what a file of a format says
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc schema > definition.schema.json\n  cmc schema systemd-unit\n  cmc schema sudoers"
)]
pub(crate) struct Args {
    /// What to describe
    #[arg(default_value = "definition", value_parser = PossibleValuesParser::new(formats::names()))]
    name: String,
}

/// Prints the schema.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    let schema = formats::schema(&args.name);
    terminal
        .document(&schema.ok_or_else(|| Failure::new(FAILED, format!("there is no schema {}", args.name)))?)
}
