//! `cmc schema`.

use crate::exit::Failure;
use crate::terminal::Terminal;

/// Print the JSON Schema of definition files
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc schema > definition.schema.json")]
pub(crate) struct Args {
    /// What to describe
    #[arg(default_value = "definition", value_parser = ["definition"])]
    name: String,
}

/// Prints the schema.
pub(crate) fn run(_: &Args, terminal: &Terminal) -> Result<(), Failure> {
    terminal.document(&cmc_compiler::schema::definition_schema())
}
