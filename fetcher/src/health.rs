//! Health checks: after a change, within which they must succeed once, and on every later run.

use crate::actions::Runner;
use crate::clock::Clock;
use cmc_types::check::{HealthCheck, Probe};
use std::time::Duration;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How far apart attempts begin.
const PACE: Duration = Duration::from_secs(1);

/// Tries a check each second until it succeeds or `within` is over; the error is the last attempt's.
pub fn wait(check: &HealthCheck, runner: &dyn Runner, clock: &dyn Clock) -> Result<(), String> {
    let start = clock.ticks();
    let within = Duration::from_secs(check.within.into());
    loop {
        let began = clock.ticks();
        let left = within.saturating_sub(began.saturating_sub(start));
        let problem = match runner.probe(&check.probe, ATTEMPT.min(left.max(PACE))) {
            Ok(()) => return Ok(()),
            Err(problem) => problem,
        };
        let next = began + PACE;
        if next.saturating_sub(start) >= within {
            return Err(problem);
        }
        clock.sleep(next.saturating_sub(clock.ticks()));
    }
}

/// One attempt, as later runs make it.
pub fn once(check: &HealthCheck, runner: &dyn Runner) -> Result<(), String> {
    runner.probe(&check.probe, ATTEMPT)
}

/// What people call a check.
pub fn name(probe: &Probe) -> String {
    match probe {
        Probe::Http(url) => format!("http {url}"),
        Probe::Tcp(address) => format!("tcp {address}"),
        Probe::Exec(argv) => format!("exec {}", argv.join(" ")),
    }
}
