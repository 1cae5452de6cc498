//! What a run would do, without doing it.

use crate::converge::{self, PlannedGroup};
use crate::drift;
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::fetch::{self, Deadline};
use crate::journal::Journal;
use crate::run::{DEADLINE, expiry, locally_frozen, wanted};
use crate::setup::Setup;
use crate::state::State;
use cmc_types::Blake3;
use serde::Serialize;
use std::collections::BTreeSet;

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

/// Fetches, and tells what [`crate::run::run`] would do; nothing outside the state directory changes.
pub fn plan(setup: &Setup<'_>) -> Result<Plan> {
    let planned = setup.locked(|host| {
        let pin = setup.pin();
        let mut plan = Plan::default();
        let mut state = State::load(&host.dir, &mut plan.events)?;
        let mut trust = fetch::load_trust(&host.dir, &pin, &mut plan.events)?;
        let deadline =
            Deadline::new(setup.clock, setup.config.deadline.map_or(DEADLINE, |s| s.as_duration()));
        if Journal::pending(&host.dir) {
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
        let mut frozen = locally_frozen(&state);
        frozen.extend(wishes.iter().filter(|wish| wish.frozen()).map(|wish| wish.service.clone()));
        let policy = setup.config.drift;
        plan.groups.extend(drift::plan(host, &state, policy, &covered, &frozen, &mut plan.events)?);
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
