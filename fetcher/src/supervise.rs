//! Health checks of services that nothing was changed in: counted, and answered with a restart where the bundle asks
//! for one, at most three times an hour, then with an alarm.

use crate::error::Exit;
use crate::event::{Events, Level};
use crate::health;
use crate::host::Host;
use crate::record;
use crate::state::{Condition, State};
use cmc_types::ServiceName;
use std::collections::BTreeSet;
use std::time::Duration;

/// How many restarts an hour.
const RESTARTS: usize = 3;
/// How long a restart may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Checks every installed service but those in `skip`.
pub fn run(host: &Host<'_>, state: &mut State, skip: &BTreeSet<ServiceName>, events: &mut Events) -> Exit {
    let mut exit = Exit::Done;
    if !host.run_actions {
        return exit;
    }
    let now = host.clock.now();
    for (name, service) in state.services.iter_mut().filter(|(name, _)| !skip.contains(*name)) {
        let Some(bundle) = service.installed.and_then(|digest| record::read(host, name, &digest)) else {
            continue;
        };
        let failed =
            bundle.checks.iter().find_map(|check| Some((check, health::once(check, host.runner).err()?)));
        let Some((check, problem)) = failed else {
            if bundle.checks.is_empty() {
                continue;
            }
            if service.unhealthy > 0 || service.condition != Condition::Good {
                events.service(Level::Change, name, "is healthy again");
            }
            service.unhealthy = 0;
            service.condition = Condition::Good;
            continue;
        };
        service.unhealthy = service.unhealthy.saturating_add(1);
        let count = service.unhealthy;
        let said = format!("{} failed {count} times in a row: {problem}", health::name(&check.probe));
        if count < check.failures {
            let level = if count == 1 { Level::Change } else { Level::Note };
            events.service(level, name, said);
            continue;
        }
        service.restarts.retain(|at| at + 3600 > now);
        match &check.restart {
            Some(argv) if service.restarts.len() < RESTARTS => {
                service.restarts.push(now);
                let ended = host.runner.run(argv, PATIENCE);
                service.unhealthy = if ended.ok { 0 } else { count };
                events.service(
                    Level::Change,
                    name,
                    format!("{said}; ran {:?}, which {}", argv.join(" "), ended.how),
                );
            }
            _ => {
                // Without the count, so that what lasts is said once.
                let text = format!("{} fails: {problem}", health::name(&check.probe));
                events.service(Level::Alarm, name, text);
                exit = exit.and(Exit::Failed);
            }
        }
    }
    exit
}
