//! Bringing a host to its wishes, group by group.

use crate::changes::{self, Change, Move};
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::groups;
use crate::host::Host;
use crate::journal::{Progress, Purpose};
use crate::preflight;
use crate::state::State;
use crate::transaction::{self, Transaction, Verdict};
use crate::wish::{Kept, Wish};
use cmc_bundles::bundle::BundleJson;
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

/// The moves of all services, with the bundles of the cache.
fn moves(host: &Host<'_>, state: &State, wishes: &[Wish]) -> Result<Vec<Move>> {
    let bundle = |digest: Option<Blake3>| -> Result<Option<(Blake3, BundleJson)>> {
        let Some(digest) = digest else { return Ok(None) };
        Ok(host.cache.bundle(&digest)?.map(|json| (digest, json)))
    };
    wishes
        .iter()
        .map(|wish| {
            let (from, to) = (bundle(state.installed(&wish.service))?, bundle(wish.digest)?);
            if wish.digest.is_some() && to.is_none() {
                return Err(Error::Failed(format!("the bundle of {} is not on this host", wish.service)));
            }
            let (service, needs) = (wish.service.clone(), wish.closure.clone());
            Ok(Move { service, from, to, needs, force: wish.redo })
        })
        .collect()
}

fn due(state: &State, one: &Move) -> bool {
    let (from, to) = (one.from.as_ref().map(|b| b.0), one.to.as_ref().map(|b| b.0));
    from != to
        || one.force
        || state.services.get(&one.service).is_some_and(|service| !service.pending.is_empty())
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
            Some(Kept::Frozen(_)) | None => {}
        }
    }
    for group in work(state, moves(host, state, wishes)?) {
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
    // A later group may have changed what an earlier one watches.
    let pending = |(name, service): (&ServiceName, &crate::state::Service)| {
        !service.pending.is_empty() && !behind.iter().any(|(behind, _)| behind == name)
    };
    if state.services.iter().any(pending) {
        out.exit = out.exit.and(watch(host, state, wishes, &behind, &mut out.touched, events)?);
        out.again |= state.services.values().any(|service| !service.pending.is_empty());
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
        let group = moves(host, state, std::slice::from_ref(wish))?;
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
    let (journal, sources, save) = transaction::prepare(state, group, changes, purpose, &pending);
    Transaction::run(host, journal, &sources, &save, state, events)
}

/// What [`run`] would do.
pub fn plan(host: &Host<'_>, state: &State, wishes: &[Wish]) -> Result<Vec<PlannedGroup>> {
    let mut planned = Vec::new();
    for group in work(state, moves(host, state, wishes)?) {
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
    let (journal, _, _) = transaction::prepare(state, group, changes, Purpose::Install, &pending);
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
