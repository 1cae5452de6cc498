//! A portable job as a service unit that ends and a timer that starts it. Documented in `docs/formats/job.md`.

use super::super::job::{Named, ROWS};
use super::super::mapping::{Row, name_on};
use super::daemon::Writer;
use super::draft::Draft;
use cmc_types::{Diagnostic, InitSystem, Os, UnixPath};

/// The name of what a field becomes.
fn key_of(field: &str) -> &'static str {
    name_on(ROWS.iter().find(|row: &&Row<_>| row.field == field), InitSystem::Systemd)
}

/// The two units, `SERVICE-JOB.service` and `SERVICE-JOB.timer`.
pub(super) fn units(
    named: &Named<'_>,
    env: Option<&UnixPath>,
    os: &Os,
    diagnostics: &mut Vec<Diagnostic>,
) -> [Draft; 2] {
    let base = ["job", named.name.as_str()];
    let unit = named.unit();
    let place = named.key_place();
    let writer = |ending: &str| Writer {
        service: named.service,
        base: &base,
        key_of,
        draft: Draft::new(format!("{unit}.{ending}"), place),
        diagnostics: Vec::new(),
    };
    let job = named.job;
    let description = format!("Job {} of {}", named.name, named.service.name);

    let mut service = writer("service");
    service.put("Unit", "Description", description.clone(), &[]);
    service.put("Service", "Type", "oneshot", &[]);
    if job.exec.first().is_some_and(|program| program.starts_with('/')) {
        service.argv("exec", &job.exec);
    }
    service.account(job.user.as_ref(), job.group.as_ref(), job.directory.as_ref(), job.umask);
    if let Some(nice) = job.nice {
        service.set("nice", nice.to_string());
    }
    if let Some(timeout) = job.timeout {
        service.set("timeout", timeout.to_string());
    }
    if let Some(log) = &job.log {
        service.log(log, &unit);
    }
    if let Some(limits) = &job.limits {
        service.limits(limits);
    }
    service.harden(job.harden, os);
    if let Some(env) = env {
        let place = named.service.tree.key_place_of(&["env"]);
        service.draft.add("Service", "EnvironmentFile", env.as_str(), place);
    }

    let mut timer = writer("timer");
    timer.put("Unit", "Description", description, &[]);
    for (index, schedule) in job.at.iter().flat_map(|times| times.distinct()) {
        let index = index.to_string();
        let many = named.service.tree.get(&["job", named.name.as_str(), "at", &index]).is_some();
        let keys = if many { &["at", index.as_str()][..] } else { &["at"] };
        timer.put("Timer", key_of("at"), schedule.on_calendar(), keys);
    }
    if let Some(delay) = job.random_delay {
        timer.put("Timer", key_of("random-delay"), delay.to_string(), &["random-delay"]);
    }
    if job.catch_up == Some(true) {
        timer.put("Timer", key_of("catch-up"), "yes", &["catch-up"]);
    }
    timer.put("Install", "WantedBy", "timers.target", &[]);
    diagnostics.append(&mut service.diagnostics);
    diagnostics.append(&mut timer.diagnostics);
    [service.draft, timer.draft]
}
