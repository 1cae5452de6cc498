//! The capsule of a failure: what failed, and the output of the service's own commands for such a case (unit state,
//! log tail), taken before anything is undone. It stays on the host, readable by root only, and goes into the sealed report.

use crate::atomic;
use crate::event::{Events, Level};
use crate::host::Host;
use crate::journal::Journal;
use cmc_bundles::report::{Capsule, CapsuleOutput};
use std::path::PathBuf;
use std::time::Duration;

/// How many capsules are kept.
const KEPT: usize = 20;

/// Where the capsule of a transaction lies.
pub fn path(host: &Host<'_>, transaction: u64) -> PathBuf {
    host.dir.join("reports").join(format!("failure-{transaction:08}.json"))
}

/// Takes the capsule; a failure to do so is said and holds nothing up.
pub fn take(host: &Host<'_>, journal: &Journal, events: &mut Events) {
    let outputs = match host.run_actions {
        false => Vec::new(),
        true => journal
            .capture
            .iter()
            .map(|(service, argv)| {
                let ended = host.runner.run(argv, Duration::from_secs(10));
                let (service, argv) = (service.clone(), argv.clone());
                CapsuleOutput { service, argv, how: ended.how, output: ended.output }
            })
            .collect(),
    };
    let capsule = Capsule {
        format: 1,
        at: host.clock.now(),
        transaction: journal.tx,
        services: journal.members.iter().map(|member| member.service.clone()).collect(),
        reason: journal.failure.as_ref().map(|failure| failure.reason.clone()).unwrap_or_default(),
        outputs,
    };
    let path = path(host, journal.tx);
    match atomic::write_json(&path, &capsule) {
        Ok(()) => events.host(Level::Note, format!("what was seen of the failure is in {}", path.display())),
        Err(error) => events.host(Level::Note, format!("nothing is kept of the failure: {error}")),
    }
    let Ok(entries) = std::fs::read_dir(host.dir.join("reports")) else { return };
    let mut old: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    old.sort();
    for path in old.iter().rev().skip(KEPT) {
        let _ = std::fs::remove_file(path);
    }
}
