//! Drift: files of installed bundles that were edited. What a path's `stat` was when it was last found right is kept
//! in `stats.json`, a mere hint, so that a quiet run need not read every file; `verify` reads them all.

use crate::atomic;
use crate::block;
use crate::changes::{self, Move};
use crate::config::Drift;
use crate::converge;
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::host::Host;
use crate::journal::Purpose;
use crate::record;
use crate::root::{Seen, StatKey};
use crate::state::{Condition, Retry, State};
use crate::transaction::Verdict;
use cmc_bundles::bundle::BundleJson;
use cmc_types::check::{FileEntry, FileKind};
use cmc_types::{Blake3, ServiceName, UnixPath};
use std::collections::{BTreeMap, BTreeSet};

/// `stats.json`: for each installed bundle, what `stat` said of its paths when all were right.
type Stats = BTreeMap<Blake3, PathStats>;
/// What `stat` said of each path of a bundle.
type PathStats = BTreeMap<UnixPath, Option<StatKey>>;

/// Paths of a bundle that are not as it wants them; every file is read.
pub fn find(host: &Host<'_>, bundle: &BundleJson) -> Result<BTreeSet<UnixPath>> {
    let mut drifted = BTreeSet::new();
    for entry in &bundle.files {
        let right = match entry.kind {
            FileKind::Block => block_is_right(host, entry)?,
            _ => changes::matches(host, entry, &host.root.inspect(&entry.path)?)?,
        };
        if !right {
            drifted.insert(entry.path.clone());
        }
    }
    Ok(drifted)
}

fn block_is_right(host: &Host<'_>, entry: &FileEntry) -> Result<bool> {
    let (Some(name), Some(b3)) = (&entry.block, entry.b3) else { return Ok(true) };
    if !matches!(host.root.inspect(&entry.path)?, Seen::File(_)) {
        return Ok(false);
    }
    let file = host.root.read(&entry.path, changes::BLOCK_FILE)?.unwrap_or_default();
    // Damaged markers are drift, too.
    Ok(block::content(&file, name).ok().flatten().is_some_and(|content| changes::is_block(content, b3)))
}

/// Fetches the bundle of a service again.
pub type Refetch<'a> = &'a dyn Fn(&ServiceName, &Blake3) -> Result<()>;

/// Looks for drift in all installed services but those in `skip`, and repairs it, or reports it where it is to stay.
/// What was installed comes from the cache, or from `refetch` if it is lost or damaged there.
#[allow(clippy::too_many_arguments)]
pub fn repair(
    host: &Host<'_>,
    state: &mut State,
    policy: Drift,
    skip: &BTreeSet<ServiceName>,
    frozen: &BTreeSet<ServiceName>,
    refetch: Refetch<'_>,
    events: &mut Events,
) -> Result<Exit> {
    let path = host.dir.join("stats.json");
    let known: Stats = atomic::read_json(&path).ok().flatten().unwrap_or_default();
    let mut stats = Stats::new();
    let mut exit = Exit::Done;
    let installed: Vec<_> =
        state.services.iter().filter_map(|(n, s)| Some((n.clone(), s.installed?))).collect();
    for (name, digest) in installed {
        if skip.contains(&name) {
            continue;
        }
        let Some(bundle) = record::read(host, &name, &digest) else { continue };
        let (drifted, now) = match look(host, &bundle, known.get(&digest)) {
            Ok(found) => found,
            // A path that cannot be followed is this service's trouble and nobody else's.
            Err(error @ (Error::Refused { .. } | Error::Io { .. })) => {
                events.service(Level::Alarm, &name, format!("its files cannot be checked: {error}"));
                exit = exit.and(Exit::Failed);
                continue;
            }
            Err(error) => return Err(error),
        };
        stats.extend(now.map(|now| (digest, now)));
        if drifted.is_empty() {
            note(state, &name, drifted);
            repaired_otherwise(state, &name, &digest);
            continue;
        }
        if policy == Drift::Report || frozen.contains(&name) {
            for path in &drifted {
                let said = state.services.get(&name).is_some_and(|service| service.drifted.contains(path));
                let level = if said { Level::Note } else { Level::Alarm };
                events.file(level, &name, path, "was edited; it is left as it is");
            }
            note(state, &name, drifted);
            continue;
        }
        let now = host.clock.now();
        let retry = state.services.get(&name).and_then(|service| service.retry.as_ref());
        if retry.is_some_and(|retry| retry.digest == digest && now < retry.not_before) {
            continue;
        }
        if !host.cache.whole(&digest)
            && let Err(error) = refetch(&name, &digest)
        {
            events.service(
                Level::Alarm,
                &name,
                format!("was edited, and what it is repaired from is not on this host: {error}"),
            );
            exit = exit.and(error.exit());
            continue;
        }
        let bundle = Some((digest, bundle));
        let one = Move {
            service: name,
            from: bundle.clone(),
            to: bundle,
            needs: BTreeMap::new(),
            force: false,
            held: false,
        };
        let service = one.service.clone();
        exit = exit.and(match converge::change(host, state, &[one], Purpose::Repair, events)? {
            Verdict::Good => Exit::Done,
            Verdict::Unchanged => {
                note(state, &service, drifted);
                Exit::Failed
            }
            Verdict::Undone | Verdict::Broken => Exit::RolledBack,
        });
    }
    if stats != known {
        let bytes = serde_json::to_vec(&stats).unwrap_or_default();
        atomic::write_mode(&path, &bytes, 0o600, false)?;
    }
    Ok(exit)
}

fn note(state: &mut State, name: &ServiceName, drifted: BTreeSet<UnixPath>) {
    if let Some(service) = state.services.get_mut(name) {
        service.drifted = drifted;
    }
}

/// Forgets a repair that failed, since its files are as they should be: somebody else made them so.
fn repaired_otherwise(state: &mut State, name: &ServiceName, digest: &Blake3) {
    let Some(service) = state.services.get_mut(name) else { return };
    let waits = service.retry.as_ref().is_some_and(|retry| retry.digest == *digest);
    if waits && service.pending.is_empty() {
        service.retry = None;
        if service.condition == Condition::Degraded {
            service.condition = Condition::Good;
        }
    }
}

fn unchanged(host: &Host<'_>, bundle: &BundleJson, known: Option<&PathStats>) -> Result<bool> {
    let Some(known) = known else { return Ok(false) };
    for entry in &bundle.files {
        if known.get(&entry.path) != Some(&host.root.stat(&entry.path)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The paths of a bundle that are not right, and what to remember of those that are.
fn look(
    host: &Host<'_>,
    bundle: &BundleJson,
    known: Option<&PathStats>,
) -> Result<(BTreeSet<UnixPath>, Option<PathStats>)> {
    if unchanged(host, bundle, known)? {
        return Ok((BTreeSet::new(), known.cloned()));
    }
    let drifted = find(host, bundle)?;
    let stats = if drifted.is_empty() { remember(host, bundle)? } else { None };
    Ok((drifted, stats))
}

/// What `stat` says of the bundle's paths now; nothing while one is so young that an edit could hide in the same tick.
fn remember(host: &Host<'_>, bundle: &BundleJson) -> Result<Option<PathStats>> {
    let mut stats = BTreeMap::new();
    let now = i64::try_from(host.clock.now()).unwrap_or(i64::MAX);
    for entry in &bundle.files {
        let stat = host.root.stat(&entry.path)?;
        if stat.as_ref().is_some_and(|stat| stat.changed() + 2 > now) {
            return Ok(None);
        }
        stats.insert(entry.path.clone(), stat);
    }
    Ok(Some(stats))
}

/// What [`repair`] would do to the services that are not in `skip`; edits that it would leave are said.
pub fn plan(
    host: &Host<'_>,
    state: &State,
    policy: Drift,
    skip: &BTreeSet<ServiceName>,
    frozen: &BTreeSet<ServiceName>,
    events: &mut Events,
) -> Result<Vec<converge::PlannedGroup>> {
    let mut planned = Vec::new();
    for (name, service) in state.services.iter().filter(|(name, _)| !skip.contains(*name)) {
        let Some(digest) = service.installed else { continue };
        let Some(bundle) = record::read(host, name, &digest) else { continue };
        let drifted = match find(host, &bundle) {
            Ok(drifted) => drifted,
            Err(error @ (Error::Refused { .. } | Error::Io { .. })) => {
                events.service(Level::Alarm, name, format!("its files cannot be checked: {error}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        if policy == Drift::Report || frozen.contains(name) {
            for path in &drifted {
                events.file(Level::Change, name, path, "was edited; it is left as it is");
            }
            continue;
        }
        let waits = |retry: &Retry| retry.digest == digest && host.clock.now() < retry.not_before;
        if drifted.is_empty() || service.retry.as_ref().is_some_and(waits) {
            continue;
        }
        let bundle = Some((digest, bundle));
        let one = Move {
            service: name.clone(),
            from: bundle.clone(),
            to: bundle,
            needs: BTreeMap::new(),
            force: false,
            held: false,
        };
        planned.push(converge::plan_group(host, state, &[one], Some("repair"))?);
    }
    Ok(planned)
}
