//! What commands that read the store begin with: the fleet's roots, its opened vault, its store, and a channel.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{fleet, publisher, trust};
use cmc_bundles::Channel;
use cmc_bundles::publish::{Current, Roots, read_current};
use cmc_bundles::store::Store;
use cmc_bundles::vault::Vault;
use std::path::{Path, PathBuf};

/// What is read, and with which keys.
#[derive(Debug, clap::Args)]
pub(crate) struct PublishedArgs {
    /// The channel
    #[arg(long, default_value = "main")]
    channel: Channel,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) with: fleet::With,
}

/// A channel of the fleet's store, and all that is needed to read it.
pub(crate) struct Published {
    pub(crate) roots: Roots,
    pub(crate) vault: Vault,
    pub(crate) store: Box<dyn Store>,
    pub(crate) channel: Channel,
    pub(crate) directory: PathBuf,
}

impl Published {
    /// Opens vault and store.
    pub(crate) fn open(directory: &Path, args: &PublishedArgs, terminal: &Terminal) -> Result<Self, Failure> {
        let roots = trust::load(directory)?;
        Ok(Self {
            vault: trust::vault(directory, &roots, &args.keys)?,
            store: fleet::store(directory, &args.with, terminal)?,
            channel: args.channel.clone(),
            roots,
            directory: directory.to_owned(),
        })
    }

    /// The current release, verified; `None` if nothing is published.
    pub(crate) fn current(&self) -> Result<Option<Current>, Failure> {
        let seen = publisher::seen(&self.directory, &self.channel);
        let keys = self.vault.identities()?;
        Ok(read_current(self.store.as_ref(), &self.roots, keys, &self.channel, seen)?)
    }
}
