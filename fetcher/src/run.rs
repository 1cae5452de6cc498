//! One run: lock, recover, fetch, converge, repair, watch over what runs, and say what happened.

use crate::converge;
use crate::drift;
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::fetch::{self, Deadline};
use crate::host::Host;
use crate::journal::Journal;
use crate::metrics;
use crate::report;
use crate::setup::Setup;
use crate::state::{KnownManifest, State};
use crate::supervise;
use crate::transaction::{self, Verdict};
use crate::wish::{self, Kept, Wish};
use cmc_bundles::client::{Freshness, Me, Pin, Refresh, TrustState};
use cmc_bundles::span::date;
use cmc_bundles::store::Reader;
use cmc_types::{Blake3, ServiceName};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long fetching may take in all unless the configuration says otherwise.
pub(crate) const DEADLINE: Duration = Duration::from_secs(600);

/// What a run did.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    /// The exit code.
    #[serde(skip)]
    pub exit: Exit,
    /// What happened, in order.
    pub events: Events,
    /// What failed.
    pub errors: Vec<String>,
    /// The release that the host is at or was brought to: version and hash.
    pub release: Option<(u64, Blake3)>,
    /// Whether everything is as the release wants it, or waiting for another one.
    pub converged: bool,
    /// Whether there is something that the last run did not say already.
    pub news: bool,
}

impl Outcome {
    fn fail(&mut self, error: &Error) {
        self.exit = self.exit.and(error.exit());
        self.errors.push(error.to_string());
    }
}

/// Brings the host to what its fleet wants.
pub fn run(setup: &Setup<'_>) -> Result<Outcome> {
    let done = setup.locked(|host| locked_run(setup, host))?;
    Ok(done.unwrap_or_else(|| {
        let mut outcome = Outcome::default();
        // A run of cron that finds another at work has nothing to do; a person who waited in vain is told.
        if !setup.patience.is_zero() {
            outcome.fail(&Error::Failed("another run is at work on this host".into()));
            outcome.news = true;
        }
        outcome
    }))
}

fn locked_run(setup: &Setup<'_>, host: &Host<'_>) -> Result<Outcome> {
    let pin = setup.pin();
    let mut outcome = Outcome::default();
    let mut events = Events::default();
    let mut state = State::load(&host.dir, &mut events)?;
    let mut trust = fetch::load_trust(&host.dir, &pin, &mut events)?;

    let before = state.clone();
    match transaction::recover(host, &mut state, &mut events) {
        Ok(None) => {}
        Ok(Some(verdict)) => {
            state.converged = false;
            if matches!(verdict, Verdict::Undone | Verdict::Broken) {
                outcome.exit = outcome.exit.and(Exit::RolledBack);
            }
        }
        // Nothing else may happen before that one has ended; but it is told.
        Err(error) => {
            state.converged = false;
            outcome.fail(&error);
            return finish(setup, host, &trust, state, before, outcome, events);
        }
    }
    let loaded = state.clone();

    let mut skip = BTreeSet::new();
    let mut frozen = locally_frozen(&state);
    let mut trouble = None;
    match converge(setup, host, &pin, &mut trust, &mut state, &mut trouble, &mut events) {
        Ok(Some(reached)) => {
            let Reached { release, converged, wishes } = reached;
            outcome.exit = outcome.exit.and(converged.exit);
            skip = converged.touched;
            frozen.extend(wishes.iter().filter(|wish| wish.frozen()).map(|wish| wish.service.clone()));
            // The one place that says where the host is: at the release of the manifest that was carried out.
            state.converged =
                !converged.again && converged.exit != Exit::Failed && newest(&trust) == Some(release);
            state.release = Some(release);
            for wish in &wishes {
                let behind = wish.wanted.filter(|wanted| state.installed(&wish.service) != Some(*wanted));
                if behind.is_some() || state.services.contains_key(&wish.service) {
                    state.service(&wish.service).wanted = behind;
                }
            }
            let overrides = fetch::taken(&host.dir).map(|known| known.manifest.overrides).unwrap_or_default();
            let expires = overrides.iter().any(|hold| hold.expires.is_some());
            state.carried = expires.then(|| setup.clock.now());
            // What failed to install and is wanted no more is forgotten.
            let wanted = |name: &ServiceName| wishes.iter().any(|wish| wish.service == *name);
            state.services.retain(|name, service| service.installed.is_some() || wanted(name));
            state.order =
                wishes.iter().filter(|wish| wish.digest.is_some()).map(|w| w.service.clone()).collect();
        }
        Ok(None) => frozen.extend(fleet_frozen(host, &state, setup.clock.now())),
        Err(error) => {
            if !matches!(error, Error::Trust(_) | Error::Store(_)) {
                skip.extend(state.services.keys().cloned());
            }
            outcome.fail(&error);
        }
    }
    if let Some(error) = trouble {
        outcome.fail(&error);
    }

    // A transaction that could not be brought to its end: nothing else may happen before the next run has done so.
    if !Journal::pending(&host.dir) {
        let refetch = |service: &ServiceName, digest: &Blake3| refetch(setup, host, service, digest);
        match drift::repair(host, &mut state, setup.config.drift, &skip, &frozen, &refetch, &mut events) {
            Ok(drift) => outcome.exit = outcome.exit.and(drift),
            Err(error) => outcome.fail(&error),
        }
    }
    if !Journal::pending(&host.dir) {
        outcome.exit = outcome.exit.and(supervise::run(host, &mut state, &skip, &mut events));
    }
    if !host.run_actions && events.0.iter().any(|e| e.level == Level::Change && e.service.is_some()) {
        let text = "commands and health checks are not run under this root: only files were changed \
                    (`actions = \"run\"` in fetch.toml)";
        events.host(Level::Change, text);
    }
    for digest in host.cache.damaged() {
        let text = format!("the copy of the bundle {digest} on this host was damaged and is thrown away");
        events.host(Level::Alarm, text);
    }
    if let Some(error) = expiry(&trust, setup.clock.now(), &mut events)
        && outcome.exit != Exit::Trust
    {
        outcome.fail(&error);
    }
    if state.release != loaded.release || state.bundles() != loaded.bundles() {
        let mut keep = state.bundles();
        let known = fetch::taken(&host.dir);
        keep.extend(known.iter().flat_map(|known| &known.manifest.bundles).map(|bundle| bundle.digest));
        if let Err(error) = host.cache.prune(&keep) {
            events
                .host(Level::Alarm, format!("bundles that nobody needs any more stay on this host: {error}"));
        }
    }

    finish(setup, host, &trust, state, loaded, outcome, events)
}

/// What is left to do when everything else is done: what to say, the state, the metrics, the report.
fn finish(
    setup: &Setup<'_>,
    host: &Host<'_>,
    trust: &TrustState,
    mut state: State,
    loaded: State,
    mut outcome: Outcome,
    events: Events,
) -> Result<Outcome> {
    let alarms = events.0.iter().filter(|event| event.level == Level::Alarm).map(ToString::to_string);
    let trouble: Vec<String> = alarms.chain(outcome.errors.iter().cloned()).collect();
    let trouble = (!trouble.is_empty()).then(|| trouble.join("\n"));
    let changed = events.0.iter().any(|event| event.level == Level::Change);
    outcome.news = changed || trouble != state.trouble;
    state.trouble = trouble;
    if state != loaded {
        state.save(&host.dir)?;
    }
    outcome.release = state.release;
    outcome.converged = state.converged;
    outcome.events = events;
    if let Some(path) = &setup.config.metrics {
        let text = metrics::text(setup.config, &state, trust, &outcome, setup.clock.now());
        if let Err(error) = crate::atomic::write_mode(path, text.as_bytes(), 0o644, false) {
            outcome.fail(&error);
        }
    }
    report::send(setup, host, trust, &state, &mut outcome);
    Ok(outcome)
}

/// What convergence came to.
struct Reached {
    /// The release of the manifest that was carried out.
    release: Release,
    converged: converge::Converged,
    wishes: Wishes,
}

/// Version and hash.
type Release = (u64, Blake3);
type Wishes = Vec<Wish>;

/// The newest release that was ever verified.
fn newest(trust: &TrustState) -> Option<Release> {
    trust.release.as_ref().map(|release| (release.at.version, release.at.hash))
}

/// Fetches and converges; `None` if there is nothing new and nothing left to do. When the store fails, that is the
/// `trouble`, and what was taken before is gone on with.
fn converge(
    setup: &Setup<'_>,
    host: &Host<'_>,
    pin: &Pin,
    trust: &mut TrustState,
    state: &mut State,
    trouble: &mut Option<Error>,
    events: &mut Events,
) -> Result<Option<Reached>> {
    let now = setup.clock.now();
    let deadline =
        Deadline::new(setup.clock, setup.config.deadline.map_or(DEADLINE, |span| span.as_duration()));
    if let Some(store) = setup.store {
        match fetch::refresh(&host.dir, store, pin, trust, now) {
            Ok(Refresh::NotModified | Refresh::Renewed | Refresh::Released) => {}
            Err(error) => *trouble = Some(error),
        }
    }
    let newest = newest(trust);
    let over = |deadline: u64| now >= deadline;
    let retry = state.services.values().filter_map(|service| service.retry.as_ref());
    let frozen: BTreeSet<_> =
        fleet_frozen(host, state, now).into_iter().chain(locally_frozen(state)).collect();
    let wants = |(name, service): (&ServiceName, &crate::state::Service)| {
        (service.redo || !service.pending.is_empty()) && !frozen.contains(name)
    };
    let due = retry.map(|retry| retry.not_before).any(over) || state.services.iter().any(wants);
    let kept = state.services.values().filter_map(|service| service.installed).all(|d| host.cache.has(&d));
    let settled =
        state.converged && state.release == newest && !due && kept && holds_unchanged(host, state, now);
    if settled || newest.is_none() {
        return Ok(None);
    }
    let store = setup.store.filter(|_| trouble.is_none());
    let found = match wanted(setup, host, pin, trust, state, store, deadline, events) {
        // What is not here is missing because of the trouble with the store.
        Err(_) if trouble.is_some() => return Ok(None),
        found => found?,
    };
    let Some((known, wishes)) = found else {
        return Err(Error::Failed(format!(
            "the release does not list this host ({}): nothing is changed",
            setup.config.host
        )));
    };
    fetch::take(&host.dir, &known)?;
    let converged = converge::run(host, state, &wishes, events)?;
    Ok(Some(Reached { release: known.release, converged, wishes }))
}

/// The manifest and what it means for each service, with all bundles at hand; `None` if the host is not listed. An
/// expired timestamp vouches for no release that was not taken before.
#[allow(clippy::too_many_arguments)]
pub(crate) fn wanted(
    setup: &Setup<'_>,
    host: &Host<'_>,
    pin: &Pin,
    trust: &TrustState,
    state: &mut State,
    store: Option<&dyn Reader>,
    deadline: Deadline<'_>,
    events: &mut Events,
) -> Result<Option<(KnownManifest, Wishes)>> {
    let identities = setup.identities()?;
    let me = Me { host: &setup.config.host, id: &setup.config.id, identities: &identities };
    let fresh = !matches!(trust.freshness(setup.clock.now()), Freshness::Expired { .. });
    let index = store.filter(|_| fresh);
    let Some(known) = fetch::manifest(&host.dir, index, pin, trust, me)? else { return Ok(None) };
    let manifest = &known.manifest;
    let mut wishes = wish::all(manifest, state, setup.clock.now(), events);
    for wish in &wishes {
        match &wish.kept {
            Some(Kept::Frozen(why)) => events.service(Level::Note, &wish.service, format!("frozen {why}")),
            Some(Kept::Quarantined(why)) => {
                events.service(Level::Note, &wish.service, format!("its new bundle is quarantined: {why}"));
            }
            Some(Kept::Waiting(until)) => {
                let wait = until.saturating_sub(setup.clock.now());
                events.service(Level::Note, &wish.service, format!("tried again in {wait} s"));
            }
            Some(Kept::Lost) | None => {}
        }
    }
    // A wanted bundle, or an installed one that the cache lost and the manifest still lists.
    let listed: BTreeSet<Blake3> = manifest.bundles.iter().map(|bundle| bundle.digest).collect();
    let mut needed: BTreeMap<Blake3, ServiceName> = BTreeMap::new();
    for wish in &mut wishes {
        let installed = state.installed(&wish.service);
        needed.extend(installed.filter(|d| listed.contains(d)).map(|d| (d, wish.service.clone())));
        let Some(digest) = wish.digest.filter(|_| wish.kept.is_none()) else { continue };
        // What is about to be installed was perhaps fetched long ago.
        let whole = (Some(digest) == installed && !wish.redo) || host.cache.whole(&digest);
        if !whole && !listed.contains(&digest) {
            let text = format!("its bundle {digest} is not on this host, and the release does not list it");
            events.service(Level::Alarm, &wish.service, text);
            (wish.kept, wish.digest) = (Some(Kept::Lost), installed);
            continue;
        }
        needed.extend(listed.contains(&digest).then(|| (digest, wish.service.clone())));
    }
    fetch::bundles(&host.cache, store, manifest, &needed, deadline)?;
    Ok(Some((known, wishes)))
}

/// Fetches the bundle of a service again, if the release that was taken lists it.
fn refetch(setup: &Setup<'_>, host: &Host<'_>, service: &ServiceName, digest: &Blake3) -> Result<()> {
    let Some(known) = fetch::taken(&host.dir) else {
        return Err(Error::Failed(format!("the bundle {digest} of {service} is not on this host")));
    };
    let needed = BTreeMap::from([(*digest, service.clone())]);
    let deadline =
        Deadline::new(setup.clock, setup.config.deadline.map_or(DEADLINE, |span| span.as_duration()));
    fetch::bundles(&host.cache, setup.store, &known.manifest, &needed, deadline)
}

pub(crate) fn locally_frozen(state: &State) -> BTreeSet<ServiceName> {
    let frozen = |service: &crate::state::Service| {
        service.held.as_ref().is_some_and(|hold| hold.kind == crate::state::HoldKind::Freeze)
    };
    state.services.iter().filter(|(_, service)| frozen(service)).map(|(name, _)| name.clone()).collect()
}

/// Services that the last manifest freezes.
fn fleet_frozen(host: &Host<'_>, state: &State, now: u64) -> Vec<ServiceName> {
    let Some(known) = fetch::taken(&host.dir) else { return Vec::new() };
    let names = state.services.keys();
    names.filter(|name| wish::frozen(name, &known.manifest, state, now).is_some()).cloned().collect()
}

/// Whether no hold of the fleet has expired since the manifest was last carried out.
fn holds_unchanged(host: &Host<'_>, state: &State, now: u64) -> bool {
    let done = state.carried.unwrap_or(0);
    let expired = |hold: &cmc_bundles::overrides::HostHold| {
        hold.expires.is_some_and(|expires| expires > done && expires <= now)
    };
    !fetch::taken(&host.dir).is_some_and(|known| known.manifest.overrides.iter().any(expired))
}

/// Seconds before the timestamp expires in which that is said again.
const LAST_DAYS: u64 = 2 * 86_400;

/// Expired trust: everything goes on, but newer releases are refused.
pub fn expiry(trust: &TrustState, now: u64, events: &mut Events) -> Option<Error> {
    match trust.freshness(now) {
        Freshness::Expired { expires } => {
            return Some(Error::Trust(format!(
                "the fleet's timestamp expired at {}: what is installed keeps running, newer releases are refused until somebody publishes or refreshes",
                date(expires)
            )));
        }
        Freshness::Ageing { expires } => {
            // One text for its last third and one for its last two days: each is said once.
            let left = if expires.saturating_sub(trust.now(now)) < LAST_DAYS {
                "expires within two days"
            } else {
                "is in the last third of its life"
            };
            events.host(
                Level::Alarm,
                format!("the fleet's timestamp {left}, and newer releases are refused after it; `cmc refresh` renews it"),
            );
        }
        Freshness::Fresh { .. } | Freshness::Unknown => {}
    }
    None
}
