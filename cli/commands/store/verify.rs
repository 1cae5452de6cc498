//! `cmc store verify`.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{fleet, publisher, trust};
use cmc_bundles::client;
use cmc_bundles::publish::read_current;
use std::collections::BTreeSet;
use std::path::Path;

/// Read everything that the current release reaches, and verify signatures and hashes
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc store verify")]
pub(crate) struct Args {
    /// The channel
    #[arg(long, default_value = "main")]
    channel: String,
    #[command(flatten)]
    keys: KeyArgs,
}

/// Reads pointer, release, index, every manifest, bundle and chunk, ledger and evidence.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    fleet::is_fleet(directory)?;
    let roots = trust::load(directory)?;
    let vault = trust::vault(directory, &roots, &args.keys)?;
    let store = fleet::store(directory, terminal)?;
    let store = store.as_ref();
    let channel = publisher::channel(&args.channel)?;
    let seen = publisher::seen(directory, &channel);
    let Some(current) = read_current(store, &roots, vault.identities()?, &channel, seen)? else {
        return Err(Failure::failed(format!(
            "nothing is published on channel {channel} of {}",
            store.name()
        )));
    };
    let (mut hosts, mut read, mut bytes) = (0, BTreeSet::new(), 0);
    for (id, _) in current.hosts() {
        let Some(manifest) = current.manifest(store, id)? else { continue };
        hosts += 1;
        for bundle in manifest.bundles.iter().filter(|bundle| read.insert(bundle.digest)).collect::<Vec<_>>()
        {
            bytes += client::bundle(store, bundle, &mut std::io::sink())?;
        }
        for chunk in manifest.chunks.iter().filter(|chunk| read.insert(chunk.digest)).collect::<Vec<_>>() {
            bytes += client::chunk(store, chunk, &mut std::io::sink())?;
        }
    }
    current.ledger(store)?;
    let receipts = current.evidence(store)?.receipts.len();
    let release = current.release().version;
    if terminal.is_json() {
        return terminal.document(&serde_json::json!({
            "store": store.name(), "release": release, "hosts": hosts, "objects": read.len(), "bytes": bytes,
        }));
    }
    terminal.say(&format!(
        "release {release} of {} is whole: {hosts} hosts, {} bundles and chunks, {bytes} bytes, {receipts} receipts in its evidence",
        store.name(),
        read.len()
    ));
    Ok(())
}
