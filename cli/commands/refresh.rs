//! `cmc refresh`.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::publisher::Publishing;
use crate::terminal::Terminal;
use crate::{lock, trust};
use std::path::Path;

/// Renew the timestamp over what is published, so that hosts go on taking it for current
///
/// Needs a key that signs timestamps and none that decrypts: a scheduled job can do it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc refresh --lifetime 72h")]
pub(crate) struct Args {
    #[command(flatten)]
    publishing: crate::publisher::Channeled,
    #[command(flatten)]
    keys: KeyArgs,
}

/// Moves the pointer to a new timestamp over the same release.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    crate::fleet::is_fleet(directory)?;
    let _lock = lock::take(directory, "refresh", terminal)?;
    let roots = trust::load(directory)?;
    let publishing = Publishing::without_vault(directory, &args.publishing, &args.keys, roots, terminal)?;
    let lifetime = args.publishing.lifetime();
    let published = publishing.run(|publisher| publisher.refresh(lifetime))?;
    super::publish::show(&published, publishing.store_name(), terminal)
}
