//! `cmc completions`.

use crate::exit::Failure;
use crate::terminal::Terminal;
use clap::CommandFactory as _;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc completions bash > /etc/bash_completion.d/cmc")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::args::Args::command(), "cmc", &mut script);
    terminal.out(&String::from_utf8_lossy(&script))
}
