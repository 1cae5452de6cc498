//! Going on after a store lost a channel's pointer, or came back with an older one.
//!
//! Hosts refuse numbers that fall, so the next ones have to be above all that any host may have seen. Releases are
//! objects of their own: the newest one that the store still holds is the base, with its index, ledger and holds.
//! Serials stand in pointers only:
//! they go on from the time in seconds, which is above any that was counted up from 1, and above an earlier recovery's.

use super::Publisher;
use super::base::{Current, CurrentPointer, Roots, fetch_pointer, read_pointer, read_release};
use crate::client::StatementRef;
use crate::error::Error;
use crate::ids::Channel;
use crate::index::{self, Tree};
use crate::keys::Identities;
use crate::limits;
use crate::parallel::parallel;
use crate::release::{Release, Timestamp, VerifiedPointer, name};
use crate::root::Counters;
use crate::signed::Signed;
use crate::store::{Store, StoreErrorKind};
use cmc_types::Blake3;

/// How far above all that store and publisher know the release may be that a person says hosts are at: a slip of the
/// hand must not use up the numbers, which never fall again.
const ABOVE: u64 = 1_000_000;

/// What a publish goes on from.
pub(super) struct Recovered {
    /// The newest release that is left; `None` if there is none.
    pub(super) current: Option<Current>,
    /// The numbers that the next release and timestamp count from.
    pub(super) base: Counters,
}

impl Publisher<'_> {
    /// Goes on from the newest release in the store, above all numbers that are known: those `seen` by this publisher,
    /// the release that a person says hosts are `at`, and what the store shows. A pointer that is good is gone on from as
    /// ever.
    pub(super) fn recover(&self, keys: Identities, at: u64, blank: bool) -> Result<Recovered, Error> {
        let (store, roots, channel, seen) = (self.store, self.roots, self.channel, self.seen);
        let newest = match newest_release(store, roots, channel) {
            Err(Error::Store(error)) if error.kind == StoreErrorKind::NoStore => None,
            newest => newest?,
        };
        let known = newest.as_ref().map_or(0, |(_, release)| release.version).max(seen.version);
        if at > known.saturating_add(ABOVE) {
            return Err(Error::Failed(format!(
                "no host can be at release {at}: the newest that the store and this machine know is {known}"
            )));
        }
        let highest = known.max(at);
        let keys = std::sync::Arc::new(keys);
        let tree = |release: &Release| match blank {
            true => Ok(Tree::default()),
            false => index::read_all(store, &release.index, release.k),
        };
        match read_pointer(store, roots, channel, Counters::default()) {
            Ok(Some(CurrentPointer { pointer, etag, base }))
                if base.version >= highest && base.serial >= seen.serial =>
            {
                let tree = tree(&pointer.release)?;
                let current = Some(Current { pointer, etag, lost: false, tree, blank, base, keys });
                return Ok(Recovered { current, base });
            }
            // Gone, older than what was seen, damaged, or of a root that is not known: all the same, it is replaced.
            Ok(_) | Err(Error::Trust(_)) => {}
            Err(error) => return Err(error),
        }
        let base = Counters { version: highest, serial: seen.serial.max(highest).max((self.clock)()) };
        let Some((signed_release, release)) = newest else { return Ok(Recovered { current: None, base }) };
        let etag = match fetch_pointer(store, channel, limits::MEMBER)? {
            Some((_, etag)) => Some(self.token(etag.as_deref())?),
            None => None,
        };
        let tree = tree(&release)?;
        let timestamp = Timestamp {
            format: 1,
            fleet_id: release.fleet_id,
            channel: channel.clone(),
            serial: base.serial,
            release: StatementRef { version: release.version, hash: signed_release.hash() },
            // No root is known to be published, and no time.
            root: StatementRef { version: 0, hash: roots.newest().hash() },
            issued: 0,
            expires: 0,
        };
        let timestamp_hash = crate::ids::hash(b"");
        let pointer = VerifiedPointer { release, signed_release, timestamp, timestamp_hash };
        let current = Current { pointer, etag, lost: true, tree, blank, base, keys };
        Ok(Recovered { current: Some(current), base })
    }

    /// What a publish begins with that finds no pointer. A release 1 without one is what an interrupted first publish
    /// leaves; hosts may have seen it all the same, so that it is gone on from. More than that was lost, and a person
    /// has to know.
    pub(super) fn begin(&self, blank: bool) -> Result<Recovered, Error> {
        match self.newest_shown()? {
            None => Ok(Recovered { current: None, base: Counters::default() }),
            Some(1) => self.recover(self.vault()?.identities()?, 0, blank),
            Some(_) => Err(missing(self.store.name(), self.channel)),
        }
    }

    /// Says that the pointer is missing although the store holds a release.
    pub(super) fn check_never_published(&self) -> Result<(), Error> {
        match self.newest_shown()? {
            None => Ok(()),
            Some(_) => Err(missing(self.store.name(), self.channel)),
        }
    }

    /// The newest version in the store. One that may not be listed shows nothing.
    fn newest_shown(&self) -> Result<Option<u64>, Error> {
        use StoreErrorKind::{Denied, NoStore, Refused};
        match newest_release(self.store, self.roots, self.channel) {
            Err(Error::Store(error)) if matches!(error.kind, Denied | NoStore | Refused) => Ok(None),
            newest => Ok(newest?.map(|(_, release)| release.version)),
        }
    }
}

/// The error for a pointer that is gone.
pub(super) fn missing(store: &str, channel: &Channel) -> Error {
    Error::Missing { object: name(channel), store: store.to_owned(), key: channel.key() }
}

/// The newest release of a channel that the store holds, verified.
pub(super) fn newest_release(
    store: &dyn Store,
    roots: &Roots,
    channel: &Channel,
) -> Result<Option<(Signed, Release)>, Error> {
    let listed = store.list("releases/")?;
    let keys: Vec<String> =
        listed.into_iter().map(|listed| listed.key).filter(|key| is_release(key)).collect();
    let mut newest: Option<(Signed, Release)> = None;
    for found in parallel(&keys, |key| read_release(store, roots, channel, key)) {
        if let Some(found) = found?
            && newest.as_ref().is_none_or(|known| known.1.version < found.1.version)
        {
            newest = Some(found);
        }
    }
    Ok(newest)
}

/// Whether a key is one of a release, by its form.
fn is_release(key: &str) -> bool {
    let hash = key.strip_prefix("releases/").and_then(|rest| rest.strip_suffix(".json"));
    hash.is_some_and(|hash| Blake3::parse(hash).is_ok())
}
