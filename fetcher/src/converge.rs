//! Bringing a host to its wishes, group by group.

use crate::changes::{self, Change, Move};
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::groups;
use crate::host::Host;
use crate::journal::{Progress, Purpose};
use crate::preflight;
use crate::prepare;
use crate::record;
use crate::state::State;
use crate::transaction::{Transaction, Verdict};
use crate::wish::{Kept, Wish};
use cmc_types::{Blake3, ServiceName};
use serde::Serialize;
use std::collections::BTreeSet;

/// How convergence went.
#[derive(Debug, Default)]
pub struct Converged {
    /// The exit code.
    pub exit: Exit,
    /// Services that took part in a transaction.
    pub touched: BTreeSet<ServiceName>,
    /// Whether another run without a new release could get further.
    pub again: bool,
}

/// What a run would do to one group.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedGroup {
    /// The services, with what happens to them.
    pub services: Vec<PlannedService>,
    /// Paths, with what happens to them.
    pub files: Vec<PlannedFile>,
    /// Commands that run before files change, then after.
    pub commands: Vec<Vec<String>>,
    /// Why it cannot be done, if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What a run would do to one service.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedService {
    /// The service.
    pub service: ServiceName,
    /// `install`, `update`, `remove`, `redo`, `repair` or `watch`.
    pub what: &'static str,
    /// The bundle that is installed.
    pub from: Option<Blake3>,
    /// The bundle that is wanted.
    pub to: Option<Blake3>,
}

/// What a run would do to one path.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedFile {
    /// The path.
    pub path: String,
    /// `create`, `replace` or `delete`.
    pub what: &'static str,
}

/// The moves of all services. One that nobody knows enough about is left out, and said.
fn moves(
    host: &Host<'_>,
    state: &State,
    wishes: &[Wish],
    events: &mut Events,
) -> (Vec<Move>, Vec<ServiceName>) {
    let (mut moves, mut lost) = (Vec::new(), Vec::new());
    for wish in wishes {
        let (name, installed) = (&wish.service, state.installed(&wish.service));
        let from = installed.and_then(|digest| Some((digest, record::read(host, name, &digest)?)));
        let to = match (&from, wish.digest) {
            (Some(from), Some(digest)) if from.0 == digest => Some(from.clone()),
            (_, digest) => digest.and_then(|digest| Some((digest, host.cache.bundle(&digest)?))),
        };
        if wish.digest.is_some() && to.is_none() {
            events.service(Level::Alarm, name, "nothing was changed: its bundle is not on this host");
            lost.push(name.clone());
            continue;
        }
        if installed.is_some() && from.is_none() {
            let known = "nobody knows any more what is installed of it";
            if to.is_none() {
                let text = format!("not removed: {known}; publish it once more, then remove it");
                events.service(Level::Alarm, name, text);
                lost.push(name.clone());
                continue;
            }
            events.service(Level::Alarm, name, format!("{known}: files that only it had stay"));
        }
        let needs = wish.closure.clone();
        let (force, held) = (wish.redo && !wish.frozen(), wish.frozen());
        moves.push(Move { service: name.clone(), from, to, needs, force, held });
    }
    (moves, lost)
}

fn due(state: &State, one: &Move) -> bool {
    let (from, to) = (one.from.as_ref().map(|b| b.0), one.to.as_ref().map(|b| b.0));
    let pending = || state.services.get(&one.service).is_some_and(|service| !service.pending.is_empty());
    !one.held && (from != to || one.force || pending())
}

/// The groups that have something to do: pure removals first.
fn work(state: &State, moves: Vec<Move>) -> Vec<Vec<Move>> {
    let mut groups = groups::of(moves);
    groups.retain(|group| group.iter().any(|one| due(state, one)));
    groups.sort_by_key(|group| group.iter().any(|one| one.to.is_some()));
    groups
}

/// Changes what differs from the wishes.
pub fn run(host: &Host<'_>, state: &mut State, wishes: &[Wish], events: &mut Events) -> Result<Converged> {
    let mut out = Converged::default();
    // Services that are not as wanted, and whether waiting for another release is all that helps.
    let mut behind: Vec<(ServiceName, bool)> = Vec::new();
    for wish in wishes {
        match &wish.kept {
            Some(Kept::Quarantined(_)) => behind.push((wish.service.clone(), true)),
            Some(Kept::Waiting(_)) => {
                behind.push((wish.service.clone(), false));
                out.again = true;
            }
            Some(Kept::Lost) => {
                behind.push((wish.service.clone(), false));
                (out.again, out.exit) = (true, out.exit.and(Exit::Failed));
            }
            Some(Kept::Frozen(_)) | None => {}
        }
    }
    let (moves, lost) = moves(host, state, wishes, events);
    if !lost.is_empty() {
        (out.again, out.exit) = (true, out.exit.and(Exit::Failed));
        behind.extend(lost.into_iter().map(|name| (name, false)));
    }
    for group in work(state, moves) {
        let need = group.iter().filter(|one| due(state, one)).find_map(|one| {
            let wish = wishes.iter().find(|wish| wish.service == one.service)?;
            let (need, settled) = behind.iter().find(|(name, _)| wish.needs.contains(name))?;
            Some((need.clone(), *settled))
        });
        if let Some((need, settled)) = need {
            for name in groups::names(&group) {
                events.service(Level::Note, name, format!("held back, since it needs {need}, which failed"));
            }
            out.again |= !settled;
            behind.extend(group.iter().map(|one| (one.service.clone(), settled)));
            continue;
        }
        if let Some(frozen) = group.iter().find(|one| one.held) {
            for name in groups::names(&group).into_iter().filter(|name| **name != frozen.service) {
                let text = format!("held back: {} is frozen, and they exchange a path", frozen.service);
                events.service(Level::Alarm, name, text);
            }
            behind.extend(group.iter().map(|one| (one.service.clone(), true)));
            continue;
        }
        out.touched.extend(group.iter().map(|one| one.service.clone()));
        let verdict = change(host, state, &group, Purpose::Install, events)?;
        match verdict {
            Verdict::Good => {}
            Verdict::Unchanged => {
                out.exit = out.exit.and(Exit::Failed);
                out.again = true;
            }
            Verdict::Undone | Verdict::Broken => out.exit = out.exit.and(Exit::RolledBack),
        }
        if verdict != Verdict::Good {
            for one in &group {
                let to = one.to.as_ref().map(|bundle| bundle.0);
                let settled = state.services.get(&one.service).is_some_and(|service| {
                    to.is_some_and(|to| service.quarantined.iter().any(|known| known.digest == to))
                });
                out.again |= !settled;
                behind.push((one.service.clone(), settled));
            }
        }
    }
    // A later group may have changed what an earlier one watches. What is frozen catches up when it no longer is.
    let frozen = |name: &ServiceName| wishes.iter().any(|wish| wish.service == *name && wish.frozen());
    let pending = |(name, service): (&ServiceName, &crate::state::Service)| {
        !service.pending.is_empty() && !frozen(name) && !behind.iter().any(|(behind, _)| behind == name)
    };
    if state.services.iter().any(pending) {
        out.exit = out.exit.and(watch(host, state, wishes, &behind, &mut out.touched, events)?);
        let left = |(name, service): (&ServiceName, &crate::state::Service)| {
            !service.pending.is_empty() && !frozen(name)
        };
        out.again |= state.services.iter().any(left);
    }
    Ok(out)
}

/// Runs the commands of services whose watched paths changed after their own turn.
fn watch(
    host: &Host<'_>,
    state: &mut State,
    wishes: &[Wish],
    behind: &[(ServiceName, bool)],
    touched: &mut BTreeSet<ServiceName>,
    events: &mut Events,
) -> Result<Exit> {
    let mut exit = Exit::Done;
    for wish in wishes.iter().filter(|wish| !behind.iter().any(|(name, _)| *name == wish.service)) {
        let pending = state.services.get(&wish.service).is_some_and(|service| !service.pending.is_empty());
        if !pending || wish.frozen() {
            continue;
        }
        let (group, lost) = moves(host, state, std::slice::from_ref(wish), events);
        if !lost.is_empty() {
            exit = exit.and(Exit::Failed);
            continue;
        }
        touched.insert(wish.service.clone());
        exit = exit.and(match change(host, state, &group, Purpose::Watch, events)? {
            Verdict::Good => Exit::Done,
            Verdict::Unchanged => Exit::Failed,
            Verdict::Undone | Verdict::Broken => Exit::RolledBack,
        });
    }
    Ok(exit)
}

/// Changes one group in one transaction. A refusal before anything was touched is said, not returned.
pub fn change(
    host: &Host<'_>,
    state: &mut State,
    group: &[Move],
    purpose: Purpose,
    events: &mut Events,
) -> Result<Verdict> {
    let found = changes::find(host, state, group).and_then(|changes| {
        preflight::check(host, &changes)?;
        Ok(changes)
    });
    let changes = match found {
        Ok(changes) => changes,
        Err(error) => {
            for name in groups::names(group) {
                events.service(Level::Alarm, name, format!("nothing was changed: {error}"));
            }
            return Ok(Verdict::Unchanged);
        }
    };
    events.0.extend(changes.events.0.iter().cloned());
    let services = group.iter().filter_map(|one| state.services.get(&one.service));
    let pending = services.flat_map(|service| service.pending.iter().cloned()).collect();
    let (journal, sources, save) = prepare::journal(state, group, changes, purpose, &pending);
    Transaction::run(host, journal, &sources, &save, state, events)
}

/// What [`run`] would do.
pub fn plan(
    host: &Host<'_>,
    state: &State,
    wishes: &[Wish],
    events: &mut Events,
) -> Result<Vec<PlannedGroup>> {
    let mut planned = Vec::new();
    for group in work(state, moves(host, state, wishes, events).0) {
        planned.push(plan_group(host, state, &group, None)?);
    }
    Ok(planned)
}

/// What a transaction would do to a group; `what` names it, if it is no change of bundles.
pub fn plan_group(
    host: &Host<'_>,
    state: &State,
    group: &[Move],
    what: Option<&'static str>,
) -> Result<PlannedGroup> {
    let service = |one: &Move| PlannedService {
        service: one.service.clone(),
        what: what.unwrap_or(match (&one.from, &one.to) {
            (None, _) => "install",
            (Some(_), None) => "remove",
            (Some(from), Some(to)) if from.0 != to.0 => "update",
            _ if one.force => "redo",
            _ => "watch",
        }),
        from: one.from.as_ref().map(|bundle| bundle.0),
        to: one.to.as_ref().map(|bundle| bundle.0),
    };
    let mut planned = PlannedGroup {
        services: group.iter().map(service).collect(),
        files: Vec::new(),
        commands: Vec::new(),
        refused: None,
    };
    let changes = match changes::find(host, state, group).and_then(|changes| {
        preflight::check(host, &changes)?;
        Ok(changes)
    }) {
        Ok(changes) => changes,
        Err(error @ Error::Refused { .. }) => {
            planned.refused = Some(error.to_string());
            return Ok(planned);
        }
        Err(error) => return Err(error),
    };
    let services = group.iter().filter_map(|one| state.services.get(&one.service));
    let pending = services.flat_map(|service| service.pending.iter().cloned()).collect();
    let (journal, _, _) = prepare::journal(state, group, changes, Purpose::Install, &pending);
    planned.files = journal.changes.iter().map(file).collect();
    let commands = journal.leaving.iter().chain(&journal.steps);
    planned.commands =
        commands.filter(|step| step.progress != Progress::Skipped).map(|step| step.argv.clone()).collect();
    Ok(planned)
}

fn file(change: &Change) -> PlannedFile {
    use crate::root::Seen;
    let what = match (&change.old, &change.new) {
        (Seen::Missing, _) => "create",
        (_, Seen::Missing) => "delete",
        _ => "replace",
    };
    PlannedFile { path: change.path.to_string(), what }
}
