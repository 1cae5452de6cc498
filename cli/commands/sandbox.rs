//! `cmc __sandbox`: the inner side of the validators' sandbox. Not for people.

use crate::exit::Failure;

/// Run a validator in a private root (started by cmc itself)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Serves requests from standard input until it ends.
pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    match cmc_validators::sandbox::child_main() {
        0 => Ok(()),
        code => Err(Failure::shown(u8::try_from(code).unwrap_or(1))),
    }
}
