//! What the end of a transaction means for the state. A transaction is settled once, however often its end is
//! repeated after crashes.

use crate::error::Result;
use crate::event::{Events, Level};
use crate::fetch;
use crate::host::Host;
use crate::journal::{Journal, Member, Phase, Purpose};
use crate::record;
use crate::state::{Condition, Quarantine, Retry, State};
use crate::steps;

/// The first wait before a bundle that failed for the environment's sake is tried again, in seconds; it doubles.
const RETRY: u64 = 300;
/// The longest such wait, in seconds.
const RETRY_MAX: u64 = 6 * 3600;
/// How many failed bundles are remembered of one service.
const QUARANTINED: usize = 20;

/// The transaction succeeded.
pub fn good(host: &Host<'_>, journal: &Journal, state: &mut State, events: &mut Events) -> Result<()> {
    if state.transaction >= journal.tx {
        return Ok(());
    }
    for member in &journal.members {
        succeed(host, journal, member, state, events)?;
    }
    let edits = &journal.edits;
    for path in &edits.forget {
        state.created.remove(path);
        state.owners.remove(path);
        // An original that was put back is forgotten; one that could not be stays named.
        if journal.changes.iter().any(|change| change.path == *path) {
            state.originals.remove(path);
        }
    }
    state.originals.extend(edits.originals.clone());
    state.created.extend(edits.created.iter().cloned());
    state.owners.extend(edits.owners.clone());
    state.directories.extend(journal.make.iter().cloned());
    for (watcher, paths) in &edits.pending {
        if let Some(service) = state.services.get_mut(watcher) {
            service.pending.extend(paths.iter().cloned());
        }
    }
    state.transaction = journal.tx;
    (host.mark)("state");
    state.save(&host.dir)
}

fn succeed(
    host: &Host<'_>,
    journal: &Journal,
    member: &Member,
    state: &mut State,
    events: &mut Events,
) -> Result<()> {
    let name = &member.service;
    let Some(to) = member.to else {
        state.services.remove(name);
        record::forget(host, name)?;
        events.service(Level::Change, name, "removed");
        return Ok(());
    };
    let bundle = match member.from {
        Some(from) if from == to => record::read(host, name, &to),
        _ => host.cache.bundle(&to),
    };
    if let Some(bundle) = bundle.as_ref().filter(|_| member.from != Some(to)) {
        record::write(host, name, to, bundle)?;
    }
    let service = state.service(name);
    if member.from != Some(to) {
        // What the release does not want is installed because somebody went back to it, here or for the whole fleet.
        let released =
            fetch::taken(&host.dir).and_then(|known| known.manifest.bundle(name).map(|bundle| bundle.digest));
        let held = service.held.as_ref().is_some_and(|hold| hold.digest == Some(to));
        let back = held || released.is_some_and(|released| released != to);
        service.replaced(member.from, to, back);
        let text = if member.from.is_some() { "updated" } else { "installed" };
        events.service(Level::Change, name, format!("{text} ({})", short(&to)));
    } else if journal.purpose == Purpose::Repair {
        events.service(Level::Change, name, "repaired");
    }
    service.installed = Some(to);
    service.condition = Condition::Good;
    service.retry = None;
    service.redo = false;
    service.unhealthy = 0;
    service.leaving = 0;
    service.quarantined.retain(|quarantine| quarantine.digest != to);
    service.pending.clear();
    service.drifted.clear();
    if let Some(bundle) = bundle {
        service.watches = steps::watches(&bundle);
    }
    Ok(())
}

/// The transaction failed and was undone.
pub fn undone(host: &Host<'_>, journal: &Journal, state: &mut State, events: &mut Events) -> Result<()> {
    if state.transaction >= journal.tx {
        return Ok(());
    }
    let now = host.clock.now();
    let (reason, blame) = match &journal.failure {
        Some(failure) => (failure.reason.clone(), failure.blame),
        None => ("the run was interrupted".to_owned(), false),
    };
    let tested = journal.failure.as_ref().is_some_and(|failure| failure.test.is_some());
    for member in &journal.members {
        let service = state.service(&member.service);
        service.failures += 1;
        service.redo = false;
        let whole = journal.unrestored.is_empty();
        let back = match (whole, member.from.is_some()) {
            (true, true) => "rolled back",
            (true, false) => "taken back",
            (false, _) => "could not be rolled back whole",
        };
        events.service(Level::Alarm, &member.service, format!("{back}: {reason}"));
        if journal.phase == Phase::Broken {
            service.condition = if blame || !whole { Condition::Broken } else { Condition::Degraded };
        }
        let Some(to) = member.to else { continue };
        if blame && journal.purpose == Purpose::Install && member.from != Some(to) {
            service.quarantined.retain(|known| known.digest != to);
            service.quarantined.push(Quarantine {
                digest: to,
                needs: member.needs.clone(),
                since: now,
                reason: reason.clone(),
            });
            let excess = service.quarantined.len().saturating_sub(QUARANTINED);
            service.quarantined.drain(..excess);
            service.retry = None;
            let text =
                format!("{} is quarantined; `cmc-fetch redo {}` tries it again", short(&to), member.service);
            events.service(Level::Change, &member.service, text);
        } else if blame || tested {
            service.condition = Condition::Degraded;
            let attempts =
                service.retry.as_ref().filter(|retry| retry.digest == to).map_or(0, |r| r.attempts);
            let wait = (RETRY << attempts.min(8)).min(RETRY_MAX);
            service.retry = Some(Retry {
                digest: to,
                attempts: attempts + 1,
                not_before: now + wait,
                reason: reason.clone(),
            });
            events.service(Level::Change, &member.service, format!("tried again in {wait} s"));
        }
    }
    state.converged = false;
    state.transaction = journal.tx;
    (host.mark)("state");
    state.save(&host.dir)
}

/// The first eight digits of a digest, for people.
pub fn short(digest: &cmc_types::Blake3) -> String {
    digest.to_string()[..8].to_owned()
}
