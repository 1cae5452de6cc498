//! What a host does to read: pointer → release → index → manifest → bundles and chunks, each verified before it is
//! used. Nothing here writes, waits, or asks the time.
//!
//! A run is: [`refresh`], then, if there is something new to do, [`manifest`], then [`bundle`] and [`chunk`] for all
//! that the host lacks. After `refresh` the caller persists [`TrustState`] (written, fsynced) before it installs
//! anything.

mod refresh;
mod state;

pub(crate) use refresh::next_root;
pub use refresh::{AHEAD, PROBE, Refresh, refresh};
pub use state::{Freshness, Pin, StatementRef, TrustState};

use crate::error::{Error, TrustKind};
use crate::ids::HostId;
use crate::index::{self, Walk};
use crate::keys::{Identities, MemberKey};
use crate::limits;
use crate::locator::Locator;
use crate::manifest::{BundleRef, ChunkRef, Manifest};
use crate::member;
use crate::store::Reader;
use cmc_types::{Blake3, HostName};
use serde::{Deserialize, Serialize};
use std::io::Write;

/// The host that reads.
#[derive(Debug, Clone, Copy)]
pub struct Me<'a> {
    /// Its name.
    pub host: &'a HostName,
    /// Its identifier in the index.
    pub id: &'a HostId,
    /// Its private keys.
    pub identities: &'a Identities,
}

/// Where a host's manifest was found; kept by the host to stop early next time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// blake3 of the index nodes from the top to the host's leaf.
    pub nodes: Vec<Blake3>,
    /// Where the manifest lies.
    pub manifest: Locator,
}

/// What [`manifest`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The manifest is the one of last time.
    Same(Position),
    /// A manifest; every locator in it names its pack.
    Manifest(Box<Manifest>, Position),
    /// The release does not list this host.
    Unlisted,
}

/// Reads this host's manifest as of the release in `state`: walks the index, stopping at the first node equal to
/// `last`'s, then fetches, verifies, decrypts and parses. A manifest of another fleet, channel, host or id is refused.
pub fn manifest(
    store: &dyn Reader,
    pin: &Pin,
    state: &TrustState,
    me: Me<'_>,
    last: Option<&Position>,
) -> Result<Found, Error> {
    let object = format!("manifest of {}", me.host);
    let Some(release) = &state.release else {
        return Err(Error::Failed("no release was verified yet".to_owned()));
    };
    let known = last.map(|last| last.nodes.as_slice()).unwrap_or_default();
    let (row, nodes) = match index::walk(store, &release.index, release.k, me.id, known)? {
        Walk::Same => match last {
            Some(last) => return Ok(Found::Same(last.clone())),
            None => return Err(Error::Failed("the index has no top".to_owned())),
        },
        Walk::Unlisted => return Ok(Found::Unlisted),
        Walk::Row(row, nodes) => (row, nodes),
    };
    let position = Position { nodes, manifest: row.manifest };
    if last.is_some_and(|last| last.manifest == position.manifest) {
        return Ok(Found::Same(position));
    }
    let manifest = Manifest::read(store, &position.manifest, me.identities, &object)?;
    manifest.check(pin.fleet_id, &pin.channel, me.host, me.id, &object)?;
    Ok(Found::Manifest(Box::new(manifest), position))
}

/// Writes the plaintext tar of a bundle to `out` and returns its size in bytes. The ciphertext is verified before it
/// is decrypted and the tar's digest at the end: on an error what was written is to be thrown away. At most one
/// member (8 MiB) is held in memory. [`crate::bundle::Archive`] reads the tar.
pub fn bundle(store: &dyn Reader, bundle: &BundleRef, out: &mut dyn Write) -> Result<u64, Error> {
    let object = format!("bundle of {}", bundle.service);
    open_verified(store, &bundle.at, &bundle.identity, &bundle.digest, limits::BUNDLE, &object, out)
}

/// Writes the bytes of a chunk to `out` and returns their number; the rules are those of [`bundle`].
pub fn chunk(store: &dyn Reader, chunk: &ChunkRef, out: &mut dyn Write) -> Result<u64, Error> {
    let object = format!("chunk {}", chunk.digest);
    open_verified(store, &chunk.at, &chunk.identity, &chunk.digest, limits::CHUNK, &object, out)
}

/// Fetches and verifies a member, opens it into `out`, and verifies what came out.
fn open_verified(
    store: &dyn Reader,
    at: &Locator,
    key: &MemberKey,
    digest: &Blake3,
    limit: u64,
    object: &str,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    let sealed = member::fetch(store, at, limits::MEMBER, object)?;
    let mut out = Hashing { out, hasher: blake3::Hasher::new() };
    let size = member::open_to(&sealed, &Identities::of(key)?, limit, object, &mut out)?;
    if out.hasher.finalize().as_bytes() != digest.as_bytes() {
        return Err(Error::trust(TrustKind::Hash, object, "its content has another digest"));
    }
    Ok(size)
}

/// Hashes what passes through.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hasher: blake3::Hasher,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
