//! What is published now, read and verified by an operator.

use super::recover::missing;
use crate::bundle::Archive;
use crate::client::{self, StatementRef, next_root};
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, HostId};
use crate::index::{self, Row, Tree};
use crate::keys::Identities;
use crate::limits;
use crate::manifest::{BundleRef, Manifest};
use crate::overrides::{Hold, Overrides};
use crate::parallel::parallel;
use crate::records::{self, Evidence, Ledger};
use crate::release::{Pointer, Release, Timestamp, VerifiedPointer, name, release_key};
use crate::root::{Counters, TrustedRoot};
use crate::signed::Signed;
use crate::store::{Fetch, Reader, StoreErrorKind};
use cmc_types::Blake3;
use std::collections::BTreeMap;
use std::io::Cursor;

/// A fleet's roots, as its `trust/` folder commits them: verified, newest last.
#[derive(Debug, Clone)]
pub struct Roots {
    signed: Vec<Signed>,
    newest: TrustedRoot,
    /// Those before the newest, root 1 first.
    older: Vec<TrustedRoot>,
}

impl Roots {
    /// Verifies the chain from root 1. `bodies` are the contents of `trust/1.json`, `trust/2.json` and so on.
    pub fn parse<'a>(bodies: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        let mut signed = Vec::new();
        for (i, bytes) in bodies.into_iter().enumerate() {
            signed.push(Signed::parse(bytes, &format!("root {}", i + 1))?);
        }
        let (newest, older) = TrustedRoot::chain(signed.iter().cloned())?;
        Ok(Self { signed, newest, older })
    }

    /// The newest root.
    pub fn newest(&self) -> &TrustedRoot {
        &self.newest
    }

    /// All of them as signed, root 1 first.
    pub fn signed(&self) -> &[Signed] {
        &self.signed
    }

    /// All of them, verified, the newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &TrustedRoot> {
        std::iter::once(&self.newest).chain(self.older.iter().rev())
    }

    /// The root of this number.
    pub(crate) fn at(&self, version: u64) -> Option<&TrustedRoot> {
        self.all().find(|root| root.version() == version)
    }
}

/// What is published on a channel now. Everything in it was verified.
#[derive(Debug, Clone)]
pub struct Current {
    pub(crate) pointer: VerifiedPointer,
    pub(crate) etag: Option<String>,
    /// Whether the pointer was lost or put back: a release is made in any case.
    pub(crate) lost: bool,
    pub(crate) tree: Tree,
    /// Whether nothing below the pointer is used.
    pub(crate) blank: bool,
    /// The numbers that the next release and timestamp count from.
    pub(crate) base: Counters,
    pub(super) keys: SharedKeys,
}

/// The fleet key's identities, shared between copies.
type SharedKeys = std::sync::Arc<Identities>;

impl Current {
    /// The release.
    pub fn release(&self) -> &Release {
        &self.pointer.release
    }

    /// The timestamp.
    pub fn timestamp(&self) -> &Timestamp {
        &self.pointer.timestamp
    }

    /// Version and hash of the release.
    pub fn at(&self) -> StatementRef {
        self.pointer.timestamp.release
    }

    /// All hosts of the index.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostId, &Row)> {
        self.tree.rows.iter()
    }

    /// The manifest of a host; `None` if the index does not list it.
    pub fn manifest(&self, store: &dyn Reader, id: &HostId) -> Result<Option<Manifest>, Error> {
        let Some(row) = self.tree.rows.get(id) else { return Ok(None) };
        let manifest = Manifest::read(store, &row.manifest, &self.keys, &format!("manifest of host {id}"))?;
        let release = self.release();
        let (host, object) = (manifest.host.clone(), format!("manifest of {}", manifest.host));
        manifest.check(release.fleet_id, &release.channel, &host, id, &object)?;
        Ok(Some(manifest))
    }

    /// A bundle that a manifest names.
    pub fn bundle(&self, store: &dyn Reader, bundle: &BundleRef) -> Result<Archive<Cursor<Vec<u8>>>, Error> {
        let mut tar = Vec::new();
        client::bundle(store, bundle, &mut tar)?;
        Archive::open(Cursor::new(tar))
    }

    /// The ledger.
    pub fn ledger(&self, store: &dyn Reader) -> Result<Ledger, Error> {
        records::read(store, &self.release().ledger, &self.keys)
    }

    /// The evidence of the newest publish that sealed a bundle; it names older ones.
    pub fn evidence(&self, store: &dyn Reader) -> Result<Evidence, Error> {
        records::read(store, &self.release().evidence, &self.keys)
    }

    /// Older evidence that [`Evidence::older`] names.
    pub fn older_evidence(
        &self,
        store: &dyn Reader,
        at: &crate::locator::Locator,
    ) -> Result<Evidence, Error> {
        records::read(store, at, &self.keys)
    }

    /// The holds.
    pub fn holds(&self, store: &dyn Reader) -> Result<Vec<Hold>, Error> {
        match &self.release().overrides {
            None => Ok(Vec::new()),
            Some(at) => records::read::<Overrides>(store, at, &self.keys).map(|overrides| overrides.holds),
        }
    }

    /// Manifests of these hosts; hosts that the index does not list are left out.
    pub fn manifests(&self, store: &dyn Reader, ids: &[HostId]) -> Result<BTreeMap<HostId, Manifest>, Error> {
        let found = parallel(ids, |id| self.manifest(store, id));
        let mut manifests = BTreeMap::new();
        for (id, manifest) in ids.iter().zip(found) {
            if let Some(manifest) = manifest? {
                manifests.insert(*id, manifest);
            }
        }
        Ok(manifests)
    }
}

/// The pointer alone, verified.
pub(crate) struct CurrentPointer {
    pub(crate) pointer: VerifiedPointer,
    pub(crate) etag: Option<String>,
    pub(crate) base: Counters,
}

/// An object and its ETag, if the store gave one.
type Tagged = (Vec<u8>, Option<String>);

/// The pointer's object with its ETag; `None` if there is none. Nothing is verified.
pub(super) fn fetch_pointer(
    store: &dyn Reader,
    channel: &Channel,
    limit: u64,
) -> Result<Option<Tagged>, Error> {
    Ok(match store.get_if_changed(&channel.key(), None, limit)? {
        Fetch::Found { bytes, etag } => Some((bytes, etag)),
        Fetch::Missing | Fetch::NotModified => None,
    })
}

/// Reads and verifies a channel's pointer; `None` if nothing was ever published on it. `seen` are the highest numbers
/// this publisher knows of; older ones are refused.
pub(crate) fn read_pointer(
    store: &dyn Reader,
    roots: &Roots,
    channel: &Channel,
    seen: Counters,
) -> Result<Option<CurrentPointer>, Error> {
    let (bytes, etag) = match fetch_pointer(store, channel, limits::POINTER) {
        // A directory that the first write makes; where it cannot, that write says so.
        Err(Error::Store(error)) if error.kind == StoreErrorKind::NoStore && seen.serial == 0 => {
            return Ok(None);
        }
        Ok(None) if seen.serial > 0 => return Err(missing(store.name(), channel)),
        Ok(None) => return Ok(None),
        Ok(Some(found)) => found,
        Err(error) => return Err(error),
    };
    let parsed = Pointer::parse(&bytes, channel)?;
    let newest = roots.newest();
    let named = parsed.claimed_root().map_or(0, |root| root.version);
    if named > newest.version() && next_root(store, newest)?.is_some() {
        return Err(Error::Failed(format!(
            "the store's root of trust is newer ({named}) than this fleet's trust/ folder ({}); update the folder first",
            newest.version()
        )));
    }
    // A pointer that an older root's keys signed is a base to go on from, once the newer root is published with it.
    let pointer = match parsed.verify(newest, channel) {
        Err(error) if named < newest.version() => match roots.at(named) {
            Some(older) => parsed.verify(older, channel)?,
            None => return Err(error),
        },
        verified => verified?,
    };
    let reset =
        newest.root().counters.get(channel).filter(|_| pointer.timestamp.root.version < newest.version());
    let base = match reset {
        Some(counters) => *counters,
        None => Counters { version: pointer.release.version, serial: pointer.timestamp.serial },
    };
    if reset.is_none() && (base.serial < seen.serial || base.version < seen.version) {
        let problem = format!(
            "release {} serial {} is older than release {} serial {}, seen before",
            base.version, base.serial, seen.version, seen.serial
        );
        return Err(Error::trust(TrustKind::Rollback, name(channel), problem));
    }
    Ok(Some(CurrentPointer { pointer, etag, base }))
}

/// The error for a channel on which nothing was ever published.
pub fn never_published(channel: &Channel) -> Error {
    Error::Failed(format!("nothing was ever published on channel {channel}; `cmc build`, then `cmc publish`"))
}

/// The version of the release with this hash, if the store holds it and one of the roots vouches for it on the channel.
pub fn released(
    store: &dyn Reader,
    roots: &Roots,
    channel: &Channel,
    hash: &Blake3,
) -> Result<Option<u64>, Error> {
    let found = read_release(store, roots, channel, &release_key(hash))?;
    Ok(found.map(|(_, release)| release.version))
}

/// The release at a key, verified. What is damaged, too large, under another's name, or not signed by a key of one of the
/// roots, is none.
pub(super) fn read_release(
    store: &dyn Reader,
    roots: &Roots,
    channel: &Channel,
    key: &str,
) -> Result<Option<(Signed, Release)>, Error> {
    let bytes = match store.get(key, limits::RELEASE) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge | StoreErrorKind::Unfit) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let Ok(signed) = Signed::parse(&bytes, key) else { return Ok(None) };
    if release_key(&signed.hash()) != *key {
        return Ok(None);
    }
    for root in roots.all() {
        match Release::verify(&signed, root, channel) {
            Ok(release) => return Ok(Some((signed, release))),
            Err(Error::Trust(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Reads what is published on a channel; `None` if nothing is. `keys` are the fleet key's identities
/// ([`crate::vault::Vault::identities`]); `seen` as in [`super::Publisher`].
pub fn read_current(
    store: &dyn Reader,
    roots: &Roots,
    keys: Identities,
    channel: &Channel,
    seen: Counters,
) -> Result<Option<Current>, Error> {
    let Some(read) = read_blank(store, roots, keys, channel, seen)? else { return Ok(None) };
    let tree = index::read_all(store, &read.pointer.release.index, read.pointer.release.k)?;
    Ok(Some(Current { tree, blank: false, ..read }))
}

/// Reads the pointer and nothing below it, for a publish that seals everything anew.
pub(crate) fn read_blank(
    store: &dyn Reader,
    roots: &Roots,
    keys: Identities,
    channel: &Channel,
    seen: Counters,
) -> Result<Option<Current>, Error> {
    let Some(read) = read_pointer(store, roots, channel, seen)? else { return Ok(None) };
    let CurrentPointer { pointer, etag, base } = read;
    let (tree, keys) = (Tree::default(), std::sync::Arc::new(keys));
    Ok(Some(Current { pointer, etag, lost: false, tree, blank: true, base, keys }))
}
