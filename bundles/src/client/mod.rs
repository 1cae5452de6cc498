//! What a host does to read: pointer → release → index → manifest → bundles and chunks, each verified before it is
//! used. Nothing here writes, waits, or asks the time.
//!
//! A run is: [`refresh`], then, if there is something new to do, [`manifest`], then [`bundle`] and [`chunk`] for all
//! that the host lacks. After `refresh` the caller persists [`TrustState`] (written, fsynced) before it installs
//! anything.

mod state;

pub use state::{Freshness, Pin, StatementRef, TrustState};

use crate::error::Error;
use crate::ids::HostId;
use crate::keys::Identities;
use crate::locator::Locator;
use crate::manifest::{BundleRef, ChunkRef, Manifest};
use crate::store::Reader;
use cmc_types::{Blake3, HostName};
use serde::{Deserialize, Serialize};
use std::io::Write;

/// What [`refresh`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// The pointer is the one of last time; `state` is as it was. One request was made.
    NotModified,
    /// A new timestamp over the release of last time; `state` holds it.
    Renewed,
    /// Another release; `state` holds it.
    Released,
}

/// Reads the channel's pointer with a conditional request and, if it changed, verifies it: signatures to the root's
/// thresholds, fleet, channel, versions that never fall, times. Follows the root first when the pointer names a newer
/// one. `now` is the wall clock in Unix seconds.
///
/// `state` changes only when everything verified, and is then to be persisted before anything else is done; on an
/// error it is as it was. An expired timestamp is an error (`TrustKind::Expired`) only over a release that `state`
/// does not hold; over the same release ask [`TrustState::freshness`], also after `NotModified`.
pub fn refresh(store: &dyn Reader, pin: &Pin, state: &mut TrustState, now: u64) -> Result<Refresh, Error> {
    let _ = (store, pin, state, now);
    Err(Error::Failed("not implemented".to_owned()))
}

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
    let _ = (store, pin, state, me, last);
    Err(Error::Failed("not implemented".to_owned()))
}

/// Writes the plaintext tar of a bundle to `out` and returns its size in bytes. The ciphertext is verified before it
/// is decrypted and the tar's digest at the end: on an error what was written is to be thrown away. At most one
/// member (8 MiB) is held in memory. [`crate::bundle::Archive`] reads the tar.
pub fn bundle(store: &dyn Reader, bundle: &BundleRef, out: &mut dyn Write) -> Result<u64, Error> {
    let _ = (store, bundle, out);
    Err(Error::Failed("not implemented".to_owned()))
}

/// Writes the bytes of a chunk to `out` and returns their number; the rules are those of [`bundle`].
pub fn chunk(store: &dyn Reader, chunk: &ChunkRef, out: &mut dyn Write) -> Result<u64, Error> {
    let _ = (store, chunk, out);
    Err(Error::Failed("not implemented".to_owned()))
}
