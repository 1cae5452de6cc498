//! Fetching: the pointer, the manifest, and all bundles and chunks that the host lacks, each verified by the client
//! before it is used. Nothing outside the state directory changes here.

use crate::atomic;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::event::{Events, Level};
use crate::state::KnownManifest;
use cmc_bundles::client::{self, Found, Me, Pin, Refresh, TrustState};
use cmc_bundles::manifest::Manifest;
use cmc_bundles::store::Reader;
use cmc_types::{Blake3, ServiceName};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

impl From<cmc_bundles::Error> for Error {
    fn from(error: cmc_bundles::Error) -> Self {
        use cmc_bundles::Error as From;
        match error {
            From::Trust(error) => Self::Trust(error.to_string()),
            From::Store(_) | From::Missing { .. } => Self::Store(error.to_string()),
            From::Failed(problem) => Self::Failed(problem),
        }
    }
}

/// A deadline for all fetching of a run.
#[derive(Clone, Copy)]
pub struct Deadline<'a> {
    clock: &'a dyn Clock,
    end: Duration,
    span: Duration,
}

impl std::fmt::Debug for Deadline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deadline").field("end", &self.end).finish_non_exhaustive()
    }
}

impl<'a> Deadline<'a> {
    /// One that ends after `span`.
    pub fn new(clock: &'a dyn Clock, span: Duration) -> Self {
        Self { clock, end: clock.ticks() + span, span }
    }

    fn check(&self) -> Result<()> {
        if self.clock.ticks() < self.end {
            return Ok(());
        }
        Err(Error::Store(format!("fetching took longer than {} s", self.span.as_secs())))
    }
}

/// Reads the trust state; an error if it cannot be read. A lost or damaged one begins anew at the pin.
pub fn load_trust(dir: &Path, pin: &Pin, events: &mut Events) -> Result<TrustState> {
    let path = dir.join("trust.json");
    match atomic::read_json::<TrustState>(&path) {
        Ok(Some(trust)) if trust.fleet_id == pin.fleet_id && trust.channel == pin.channel => Ok(trust),
        Ok(Some(_)) => {
            events.host(
                Level::Change,
                "another fleet or channel than before: trust begins anew at the pinned root",
            );
            Ok(TrustState::new(pin))
        }
        Ok(None) => Ok(TrustState::new(pin)),
        Err(error @ Error::Io { .. }) => Err(error),
        Err(error) => {
            let _ = std::fs::rename(&path, dir.join("trust.json.damaged"));
            events.host(Level::Alarm, format!("{error}; trust begins anew at the pinned root"));
            Ok(TrustState::new(pin))
        }
    }
}

/// Asks for the pointer; a new state of trust is durable before this returns.
pub fn refresh(
    dir: &Path,
    store: &dyn Reader,
    pin: &Pin,
    trust: &mut TrustState,
    now: u64,
) -> Result<Refresh> {
    let before = trust.clone();
    let refresh = client::refresh(store, pin, trust, now)?;
    if *trust != before {
        atomic::write_json(&dir.join("trust.json"), trust)?;
    }
    Ok(refresh)
}

/// The manifest that a run took last: everything it lists was at hand, so it can be gone on with without a network. A
/// damaged one is as good as none.
pub fn taken(dir: &Path) -> Option<KnownManifest> {
    atomic::read_json(&dir.join("manifest.json")).ok().flatten()
}

/// Remembers a manifest, once everything it needs is at hand and before anything is changed for it.
pub fn take(dir: &Path, known: &KnownManifest) -> Result<()> {
    if taken(dir).as_ref() == Some(known) {
        return Ok(());
    }
    atomic::write_json(&dir.join("manifest.json"), known)
}

/// The manifest of the release in `trust`, with the release that it is of: the one taken last if it is of that release,
/// else from the store. Without a store it is the one taken last, whatever release that was of. `None`: the release
/// does not list this host.
pub fn manifest(
    dir: &Path,
    store: Option<&dyn Reader>,
    pin: &Pin,
    trust: &TrustState,
    me: Me<'_>,
) -> Result<Option<KnownManifest>> {
    let mine = |known: &KnownManifest| {
        let manifest = &known.manifest;
        manifest.fleet_id == pin.fleet_id
            && manifest.channel == pin.channel
            && manifest.host == *me.host
            && manifest.id == *me.id
    };
    let known = taken(dir).filter(mine);
    let Some(release) = trust.release.as_ref().map(|release| (release.at.version, release.at.hash)) else {
        return Err(Error::Failed("no release is known yet".into()));
    };
    if known.as_ref().is_some_and(|known| known.release == release) {
        return Ok(known);
    }
    let Some(store) = store else {
        let none = || Error::Failed("no manifest of this host was read yet".into());
        return known.map(Some).ok_or_else(none);
    };
    let last = known.as_ref().map(|known| &known.position);
    let (manifest, position) = match client::manifest(store, pin, trust, me, last)? {
        Found::Unlisted => return Ok(None),
        Found::Manifest(manifest, position) => (*manifest, position),
        Found::Same(position) => match known {
            Some(known) => (known.manifest, position),
            None => return Err(Error::Failed("the manifest of last time is lost".into())),
        },
    };
    Ok(Some(KnownManifest { release, position, manifest }))
}

/// Fetches the bundles of `wanted` that the cache lacks; all, or an error.
pub fn bundles(
    cache: &Cache,
    store: Option<&dyn Reader>,
    manifest: &Manifest,
    wanted: &BTreeMap<Blake3, ServiceName>,
    deadline: Deadline<'_>,
) -> Result<()> {
    for (digest, service) in wanted.iter().filter(|(digest, _)| !cache.has(digest)) {
        let listed = manifest.bundles.iter().find(|bundle| bundle.digest == *digest);
        let (Some(store), Some(listed)) = (store, listed) else {
            return Err(Error::Failed(format!("the bundle {digest} of {service} is not on this host")));
        };
        deadline.check()?;
        let mut tar = Vec::new();
        client::bundle(store, listed, &mut tar)?;
        let draft = cache.begin(digest, service, &tar)?;
        drop(tar);
        for entry in draft.wanted() {
            draft.large(&entry, |out| {
                entry.chunks.iter().try_for_each(|digest| {
                    deadline.check()?;
                    let chunk = manifest.chunk(digest).ok_or_else(|| {
                        Error::Trust(format!("manifest: it lacks the chunk {digest} of {}", entry.path))
                    })?;
                    client::chunk(store, chunk, out)?;
                    Ok(())
                })
            })?;
        }
        draft.finish()?;
    }
    Ok(())
}
