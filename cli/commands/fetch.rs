//! `cmc fetch`: the host's program, for trying things on the publisher's machine.

use crate::exit::Failure;
use std::ffi::OsString;

/// Do what cmc-fetch does on a host
///
/// All further arguments are cmc-fetch's; see `cmc fetch --help`.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    after_help = "Example:\n  cmc fetch --config fetch.toml --root /tmp/root run"
)]
pub(crate) struct Args {
    /// Arguments of cmc-fetch
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
    arguments: Vec<OsString>,
}

/// Hands over to the fetcher, which prints for itself.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match cmc_fetch::command::main(args.arguments.iter().cloned()) {
        0 => Ok(()),
        code => Err(Failure::shown(code)),
    }
}
