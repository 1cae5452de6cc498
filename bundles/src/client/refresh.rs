//! Following a channel: the steps that a reader takes from its pin to a release it may install. The order is that of
//! TUF's client workflow (§5.3 to §5.5), with release and timestamp in one object.

use super::state::{Pin, ReleaseState, StatementRef, TimestampState, TrustState};
use crate::error::{Error, TrustKind};
use crate::limits;
use crate::release::{Pointer, VerifiedPointer, name};
use crate::root::{TrustedRoot, root_key};
use crate::signed::Signed;
use crate::span::date;
use crate::store::{Fetch, Reader};

/// How far ahead of the wall clock a timestamp may be issued, in seconds.
pub const AHEAD: u64 = 600;
/// How often the next root is looked for without being named, in seconds.
pub const PROBE: u64 = 24 * 3600;

/// What [`refresh`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// The pointer is the one of last time. One request was made (and, once a day, one more for the next root).
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
/// Whatever the result, `state` holds only what verified, and is to be persisted (if it changed) before anything else
/// is done. On an error no release or timestamp in it has changed; newer roots that verified are kept. An expired
/// timestamp is an error (`TrustKind::Expired`) only over a release that `state` does not hold; over the same release
/// ask [`TrustState::freshness`], also after `NotModified`.
pub fn refresh(store: &dyn Reader, pin: &Pin, state: &mut TrustState, now: u64) -> Result<Refresh, Error> {
    adopt_pin(pin, state)?;
    // 1. The root of last time, or of the pin.
    let mut root = load_root(store, state)?;
    // 2. The pointer, unless it is the one of last time.
    let known = state.pointer.as_ref().and(state.etag.as_deref());
    let fetched = store.get_if_changed(&pin.channel.key(), known, limits::POINTER)?;
    let (bytes, etag) = match fetched {
        Fetch::Missing => {
            return Err(Error::Missing {
                object: name(&pin.channel),
                store: store.name().to_owned(),
                key: pin.channel.key(),
            });
        }
        Fetch::NotModified => match &state.pointer {
            Some(pointer) => (pointer.clone().into_bytes(), state.etag.clone()),
            None => {
                return Err(Error::Failed("the store says that what was never read has not changed".into()));
            }
        },
        Fetch::Found { bytes, etag } => (bytes, etag),
    };
    let same = state.pointer.as_ref().is_some_and(|pointer| pointer.as_bytes() == bytes);
    let pointer = Pointer::parse(&bytes, &pin.channel)?;
    // 3. Newer roots: as far as the pointer names them, and once a day one further.
    let named = pointer.claimed_root().map_or(0, |claim| claim.version);
    let before = root.version();
    while root.version() < named {
        match next_root(store, &root)? {
            Some(next) => take_root(state, &mut root, next),
            None => break,
        }
    }
    if now.abs_diff(state.root_probed) >= PROBE {
        while let Some(next) = next_root(store, &root)? {
            take_root(state, &mut root, next);
        }
        state.root_probed = now;
    }
    if same && root.version() == before {
        state.etag = etag;
        return Ok(Refresh::NotModified);
    }
    // 4. Signatures, hashes, fleet and channel.
    let verified = pointer.verify(&root, &pin.channel)?;
    // 5. Numbers that never fall, and times.
    let refresh = admit(state, &verified, &root, now)?;
    // 6. All of it holds: remember.
    remember(state, &verified);
    state.etag = etag;
    state.pointer = String::from_utf8(bytes).ok();
    Ok(if same { Refresh::NotModified } else { refresh })
}

/// Refuses a state of another fleet or channel; follows a pin that is newer than the state.
fn adopt_pin(pin: &Pin, state: &mut TrustState) -> Result<(), Error> {
    if state.format != 1 || state.fleet_id != pin.fleet_id || state.channel != pin.channel {
        return Err(Error::Failed(format!(
            "the stored state is of fleet {} channel {}, the configuration of fleet {} channel {}",
            state.fleet_id, state.channel, pin.fleet_id, pin.channel
        )));
    }
    if pin.root.version > state.root.version {
        state.root = pin.root;
        state.root_body = String::new();
    } else if pin.root.version == state.root.version && pin.root.hash != state.root.hash {
        let object = format!("root {}", pin.root.version);
        return Err(Error::trust(
            TrustKind::Hash,
            object,
            "the pinned hash is not that of the root trusted so far",
        ));
    }
    Ok(())
}

/// The root that the state names, from the state or, the first time, from the store.
fn load_root(store: &dyn Reader, state: &mut TrustState) -> Result<TrustedRoot, Error> {
    let StatementRef { version, hash } = state.root;
    if !state.root_body.is_empty() {
        return TrustedRoot::pinned(&state.root_body, state.fleet_id, version, hash);
    }
    let key = root_key(version);
    let object = format!("root {version}");
    let Some(bytes) = store.get(&key, limits::ROOT)? else {
        return Err(Error::Missing { object, store: store.name().to_owned(), key });
    };
    let root = TrustedRoot::pinned(&Signed::parse(&bytes, &object)?.body, state.fleet_id, version, hash)?;
    apply(state, &root);
    Ok(root)
}

/// The next root, if the store holds one.
pub(crate) fn next_root(store: &dyn Reader, root: &TrustedRoot) -> Result<Option<TrustedRoot>, Error> {
    let version = root.version().saturating_add(1);
    if version > limits::ROOTS {
        return Err(Error::trust(TrustKind::Limit, "roots", "too many roots"));
    }
    match store.get(&root_key(version), limits::ROOT) {
        Ok(Some(bytes)) => root.next(Signed::parse(&bytes, &format!("root {version}"))?).map(Some),
        Ok(None) => Ok(None),
        // S3 answers 403 for a missing key to those who may not list.
        Err(error) if error.kind == crate::store::StoreErrorKind::Denied => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn take_root(state: &mut TrustState, root: &mut TrustedRoot, next: TrustedRoot) {
    apply(state, &next);
    *root = next;
}

/// Remembers a verified root; its counters set the stored ones to exactly these.
fn apply(state: &mut TrustState, root: &TrustedRoot) {
    state.root = root.at();
    state.root_body = root.signed().body.clone();
    if let Some(counters) = root.root().counters.get(&state.channel) {
        state.counters = *counters;
        state.release = state.release.take().filter(|release| release.at.version <= counters.version);
        state.timestamp = state.timestamp.filter(|timestamp| timestamp.at.version <= counters.serial);
        if state.timestamp.is_none() || state.release.is_none() {
            state.pointer = None;
            state.etag = None;
        }
    }
}

fn admit(
    state: &TrustState,
    verified: &VerifiedPointer,
    root: &TrustedRoot,
    now: u64,
) -> Result<Refresh, Error> {
    let object = name(&state.channel);
    let refuse = |kind, problem: String| Err(Error::trust(kind, object.clone(), problem));
    let (timestamp, release) = (&verified.timestamp, &verified.release);
    let counters = state.counters;
    if timestamp.serial < counters.serial {
        let problem = format!("serial {} is older than {}, seen before", timestamp.serial, counters.serial);
        return refuse(TrustKind::Rollback, problem);
    }
    if state
        .timestamp
        .is_some_and(|t| t.at.version == timestamp.serial && t.at.hash != verified.timestamp_hash)
    {
        let problem =
            format!("serial {} was seen with other content: two publishers, or an attack", timestamp.serial);
        return refuse(TrustKind::Rollback, problem);
    }
    if release.version < counters.version {
        let problem = format!("release {} is older than {}, seen before", release.version, counters.version);
        return refuse(TrustKind::Rollback, problem);
    }
    let known = state.release.as_ref().map(|release| release.at);
    if known.is_some_and(|at| at.version == release.version && at.hash != timestamp.release.hash) {
        let problem =
            format!("release {} was seen with other content: two publishers, or an attack", release.version);
        return refuse(TrustKind::Rollback, problem);
    }
    if timestamp.issued > now.saturating_add(AHEAD) {
        let problem = format!("issued at {}, ahead of this host's clock", date(timestamp.issued));
        return refuse(TrustKind::Clock, problem);
    }
    if known.is_some_and(|at| at.hash == timestamp.release.hash) {
        return Ok(Refresh::Renewed);
    }
    let time = state.now(now).max(timestamp.issued);
    if time >= timestamp.expires {
        let expires = timestamp.expires;
        let problem = format!("it expired at {}; somebody must publish or refresh", date(expires));
        return refuse(TrustKind::Expired, problem);
    }
    root.check_expiry(time)?;
    Ok(Refresh::Released)
}

fn remember(state: &mut TrustState, verified: &VerifiedPointer) {
    let (timestamp, release) = (&verified.timestamp, &verified.release);
    state.counters.serial = timestamp.serial;
    state.counters.version = release.version;
    state.floor = state.floor.max(timestamp.issued);
    state.timestamp = Some(TimestampState {
        at: StatementRef { version: timestamp.serial, hash: verified.timestamp_hash },
        issued: timestamp.issued,
        expires: timestamp.expires,
    });
    state.release = Some(ReleaseState {
        at: timestamp.release,
        index: release.index.clone(),
        k: release.k,
        commit: release.commit.clone(),
    });
}
