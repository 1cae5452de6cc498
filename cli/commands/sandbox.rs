//! `cmc __sandbox`: the inner side of the validators' sandbox. Not for people.

use crate::exit::Failure;

/// Run a validator in a private root (started by cmc itself)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
