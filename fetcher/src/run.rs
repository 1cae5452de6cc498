//! One run: lock, recover, fetch, converge, repair, watch over what runs, and say what happened.

use crate::actions::{Runner, SystemRunner};
use crate::clock::Clock;
use crate::config::{Actions, Config};
use crate::converge::{self, PlannedGroup};
use crate::drift;
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::fetch::{self, Deadline};
use crate::host::{Host, Mark};
use crate::journal::Journal;
use crate::lock::Lock;
use crate::metrics;
use crate::record;
use crate::state::{Condition, KnownManifest, State};
use crate::supervise;
use crate::transaction::{self, Verdict};
use crate::wish::{self, Kept, Wish};
use cmc_bundles::client::{Freshness, Me, Pin, Refresh, StatementRef, TrustState};
use cmc_bundles::keys::Identities;
use cmc_bundles::store::Reader;
use cmc_bundles::{Channel, FleetId, HostId};
use cmc_types::{Blake3, ServiceName};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long fetching may take in all unless the configuration says otherwise.
const DEADLINE: Duration = Duration::from_secs(600);

/// The largest file with a host's keys, in bytes.
const KEY_FILE: u64 = 64 << 10;

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The host's configuration.
    pub config: &'a Config,
    /// The root beneath which everything is installed.
    pub root: &'a Path,
    /// The store; none: only what is on the host already is used.
    pub store: Option<&'a dyn Reader>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What runs commands and probes; none: this system's.
    pub runner: Option<&'a dyn Runner>,
    /// How long to wait for another run to end.
    pub patience: Duration,
    /// Called before each durable step.
    pub mark: Mark<'a>,
}

impl std::fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("root", &self.root).finish_non_exhaustive()
    }
}

impl<'a> Setup<'a> {
    /// A setup with the usual patience.
    pub fn new(
        config: &'a Config,
        root: &'a Path,
        store: Option<&'a dyn Reader>,
        clock: &'a dyn Clock,
    ) -> Self {
        Self { config, root, store, clock, runner: None, patience: Duration::from_secs(60), mark: &|_| {} }
    }

    fn run_actions(&self) -> bool {
        self.config.actions.map_or(self.root == Path::new("/"), |actions| actions == Actions::Run)
    }

    /// The trust that the configuration pins.
    pub fn pin(&self) -> Result<Pin> {
        let channel =
            Channel::parse(&self.config.channel).map_err(|error| Error::Config(error.to_string()))?;
        let root = StatementRef { version: self.config.root.version, hash: self.config.root.hash };
        Ok(Pin { fleet_id: FleetId(self.config.fleet_id), channel, root })
    }

    fn id(&self) -> Result<HostId> {
        HostId::parse(&self.config.id).map_err(|error| Error::Config(format!("id: {error}")))
    }

    fn identities(&self) -> Result<Identities> {
        let path = &self.config.identity;
        // Distributions give a group read access to the host keys of OpenSSH.
        let content = crate::atomic::read_trusted(path, 0o037, 0o600, KEY_FILE)?;
        Ok(Identities::parse(&content, &path.display().to_string())?)
    }

    /// Calls `body` with the host opened and locked; `None` if another run holds the lock.
    pub fn locked<T>(&self, body: impl FnOnce(&Host<'_>) -> Result<T>) -> Result<Option<T>> {
        let dir = State::prepare(self.root)?;
        let Some(_lock) = Lock::take(&dir, self.clock, self.patience)? else { return Ok(None) };
        let system = SystemRunner::new(self.config.search_path(), self.root, &dir);
        let runner = self.runner.unwrap_or(&system);
        let pointer = self.pin()?.channel.key();
        let reach = self.store.map(|store| {
            move || match store.get(&pointer, cmc_bundles::limits::POINTER) {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(format!("store {}: the pointer is gone", store.name())),
                Err(error) => Err(error.to_string()),
            }
        });
        let mut host = Host::open(self.root, self.config.ownership, self.run_actions(), self.clock, runner)?;
        host.mark = self.mark;
        host.reach = reach.as_ref().map(|reach| reach as &dyn Fn() -> std::result::Result<(), String>);
        body(&host).map(Some)
    }
}

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
    let pin = setup.pin()?;
    let mut outcome = Outcome::default();
    let mut events = Events::default();
    let mut state = State::load(&host.dir, &mut events)?;
    let mut trust = fetch::load_trust(&host.dir, &pin, &mut events)?;

    if let Some(verdict) = transaction::recover(host, &mut state, &mut events)? {
        state.converged = false;
        if matches!(verdict, Verdict::Undone | Verdict::Broken) {
            outcome.exit = outcome.exit.and(Exit::RolledBack);
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
        host.cache.prune(&keep)?;
    }

    finish(setup, host, &trust, state, loaded, outcome, events)
}

/// What is left to do when everything else is done: what to say, the state, the metrics.
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
    let due = retry.map(|retry| retry.not_before).any(over)
        || state.services.values().any(|service| service.redo || !service.pending.is_empty());
    let kept = state.services.values().filter_map(|service| service.installed).all(|d| host.cache.has(&d));
    let settled = state.converged && state.release == newest && !due && kept && holds_unchanged(host, now);
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
fn wanted(
    setup: &Setup<'_>,
    host: &Host<'_>,
    pin: &Pin,
    trust: &TrustState,
    state: &mut State,
    store: Option<&dyn Reader>,
    deadline: Deadline<'_>,
    events: &mut Events,
) -> Result<Option<(KnownManifest, Wishes)>> {
    let (id, identities) = (setup.id()?, setup.identities()?);
    let me = Me { host: &setup.config.host, id: &id, identities: &identities };
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

fn locally_frozen(state: &State) -> BTreeSet<ServiceName> {
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
fn holds_unchanged(host: &Host<'_>, now: u64) -> bool {
    let done = std::fs::metadata(host.dir.join("state.json"))
        .and_then(|meta| meta.modified())
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |span| span.as_secs());
    let expired = |hold: &cmc_bundles::overrides::HostHold| {
        hold.expires.is_some_and(|expires| expires > done && expires <= now)
    };
    !fetch::taken(&host.dir).is_some_and(|known| known.manifest.overrides.iter().any(expired))
}

/// Expired trust: everything goes on, but newer releases are refused.
pub fn expiry(trust: &TrustState, now: u64, events: &mut Events) -> Option<Error> {
    let days = |span: u64| span.div_ceil(86_400);
    match trust.freshness(now) {
        Freshness::Expired { expires } => {
            return Some(Error::Trust(format!(
                "the fleet's timestamp expired at {expires} (Unix seconds): what is installed keeps running, newer releases are refused until somebody publishes or refreshes"
            )));
        }
        Freshness::Ageing { expires } => {
            let left = days(expires.saturating_sub(trust.now(now)));
            events.host(
                Level::Note,
                format!("the fleet's timestamp expires in {left} days; `cmc refresh` renews it"),
            );
        }
        Freshness::Fresh { .. } | Freshness::Unknown => {}
    }
    None
}

/// What a run would do.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The release that it would go to: version and hash.
    pub release: Option<(u64, Blake3)>,
    /// Groups of services, in order.
    pub groups: Vec<PlannedGroup>,
    /// What else is worth saying.
    pub events: Events,
    /// The exit code: an expired timestamp or a refused change.
    #[serde(skip)]
    pub exit: Exit,
}

/// Fetches, and tells what [`run`] would do; nothing outside the state directory changes.
pub fn plan(setup: &Setup<'_>) -> Result<Plan> {
    let planned = setup.locked(|host| {
        let pin = setup.pin()?;
        let mut plan = Plan::default();
        let mut state = State::load(&host.dir, &mut plan.events)?;
        let mut trust = fetch::load_trust(&host.dir, &pin, &mut plan.events)?;
        let deadline =
            Deadline::new(setup.clock, setup.config.deadline.map_or(DEADLINE, |s| s.as_duration()));
        if host.dir.join("journal.json").exists() {
            plan.events.host(Level::Alarm, "an interrupted transaction is finished or undone first");
        }
        if let Some(store) = setup.store {
            // Only a run has to remember what it trusts, since only a run installs.
            cmc_bundles::client::refresh(store, &pin, &mut trust, setup.clock.now())?;
        }
        let wanted = wanted(setup, host, &pin, &trust, &mut state, setup.store, deadline, &mut plan.events)?;
        let Some((known, wishes)) = wanted else {
            return Err(Error::Failed(format!(
                "the release does not list this host ({})",
                setup.config.host
            )));
        };
        plan.release = Some(known.release);
        plan.groups = converge::plan(host, &state, &wishes, &mut plan.events)?;
        let covered: BTreeSet<_> =
            plan.groups.iter().flat_map(|group| &group.services).map(|s| s.service.clone()).collect();
        plan.groups.extend(drift::plan(host, &state, &covered)?);
        if plan.groups.iter().any(|group| group.refused.is_some()) {
            plan.exit = Exit::Failed;
        }
        if let Some(error) = expiry(&trust, setup.clock.now(), &mut plan.events) {
            plan.exit = plan.exit.and(error.exit());
            plan.events.host(Level::Alarm, error.to_string());
        }
        Ok(plan)
    })?;
    planned.ok_or_else(|| Error::Failed("another run is at work on this host".into()))
}

/// Paths that are not as the installed bundles want them, by service.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// Paths that differ.
    pub drifted: BTreeMap<ServiceName, BTreeSet<cmc_types::UnixPath>>,
    /// Services of which nobody knows any more what is installed.
    pub unknown: BTreeSet<ServiceName>,
    /// Services whose bundle is lost or damaged on this host; the next run fetches it again.
    pub damaged: BTreeSet<ServiceName>,
    /// How many paths were looked at.
    pub paths: usize,
}

impl Verified {
    /// Whether everything is as installed, and could be installed again.
    pub fn clean(&self) -> bool {
        self.drifted.is_empty() && self.unknown.is_empty() && self.damaged.is_empty()
    }
}

/// Reads and hashes everything that is installed, and what it would be repaired from.
pub fn verify(setup: &Setup<'_>) -> Result<Verified> {
    let verified = setup.locked(|host| {
        let state = State::load(&host.dir, &mut Events::default())?;
        let mut out = Verified::default();
        for (name, service) in &state.services {
            let Some(digest) = service.installed else { continue };
            if !host.cache.whole(&digest) {
                out.damaged.insert(name.clone());
            }
            let Some(bundle) = record::read(host, name, &digest) else {
                out.unknown.insert(name.clone());
                continue;
            };
            out.paths += bundle.files.len();
            let drifted = drift::find(host, &bundle)?;
            if !drifted.is_empty() {
                out.drifted.insert(name.clone(), drifted);
            }
        }
        Ok(out)
    })?;
    verified.ok_or_else(|| Error::Failed("another run is at work on this host".into()))
}

/// How a host is, as far as it knows itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The host's name.
    pub host: String,
    /// The release that was last looked at: version and hash.
    pub release: Option<(u64, Blake3)>,
    /// Whether everything is as that release wants it, or waiting for another one.
    pub converged: bool,
    /// When the fleet's timestamp expires, in Unix seconds.
    pub expires: Option<u64>,
    /// Whether it has, so that newer releases are refused.
    pub expired: bool,
    /// Whether a transaction was interrupted and waits for the next run.
    pub interrupted: bool,
    /// What the last run failed at.
    pub trouble: Option<String>,
    /// Services.
    pub services: BTreeMap<ServiceName, crate::state::Service>,
    /// The state directory.
    pub state: PathBuf,
}

/// Reads the state. Takes no lock and changes nothing.
pub fn status(config: &Config, root: &Path, now: u64) -> Result<Status> {
    let dir = State::find(root)?;
    let state: State = crate::atomic::read_json(&dir.join("state.json"))?.unwrap_or_default();
    let trust: Option<TrustState> = crate::atomic::read_json(&dir.join("trust.json"))?;
    let expired =
        trust.as_ref().is_some_and(|trust| matches!(trust.freshness(now), Freshness::Expired { .. }));
    Ok(Status {
        expired,
        host: config.host.to_string(),
        release: state.release,
        converged: state.converged,
        expires: trust.and_then(|trust| trust.timestamp).map(|timestamp| timestamp.expires),
        interrupted: dir.join("journal.json").exists(),
        trouble: state.trouble,
        services: state.services,
        state: dir,
    })
}

impl Status {
    /// Whether every service is as it should be.
    pub fn ok(&self) -> bool {
        let good = |service: &crate::state::Service| {
            service.condition == Condition::Good && service.drifted.is_empty() && service.unhealthy == 0
        };
        self.converged && !self.interrupted && !self.expired && self.services.values().all(good)
    }
}
