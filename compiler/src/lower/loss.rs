//! What init systems cannot express of a daemon, as one table. Only fields that a definition sets are lost: a default
//! that an init system does not have is no finding.

use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{Daemon, DaemonType, Harden, Limits, Restart};
use cmc_types::{Diagnostic, InitSystem, codes, nearest};

/// A field that an init system cannot express.
#[derive(Debug)]
pub struct Loss {
    /// Where.
    pub init: InitSystem,
    /// The field under `daemon`, or under `daemon.limits`; also its name in `loss-ok`.
    pub field: &'static str,
    /// What is lost, for people.
    pub why: &'static str,
    /// When.
    when: fn(&Daemon) -> bool,
}

/// Fields under `daemon.limits`.
const LIMITS: [&str; 7] =
    ["open-files", "processes", "memory", "core", "stack", "file-size", "locked-memory"];
/// The other fields that `loss-ok` may name; `limits` stands for all limits.
const FIELDS: [&str; 17] = [
    "directory",
    "group",
    "harden",
    "limits",
    "log-dir",
    "reload",
    "requires",
    "restart",
    "restart-delay",
    "runtime-dir",
    "start-timeout",
    "state-dir",
    "stop-signal",
    "stop-timeout",
    "type",
    "umask",
    "user",
];

/// Milestones of `requires`; see `cmc_types::definition::Daemon::requires`.
pub(crate) const MILESTONES: [&str; 5] = ["local-fs", "network", "network-online", "remote-fs", "time-sync"];

const OPENBSD: InitSystem = InitSystem::OpenbsdRc;
const FREEBSD: InitSystem = InitSystem::FreebsdRc;
const OPENRC: InitSystem = InitSystem::Openrc;

const fn loss(init: InitSystem, field: &'static str, why: &'static str, when: fn(&Daemon) -> bool) -> Loss {
    Loss { init, field, why, when }
}

/// Every loss. docs/formats has the same table for people; a test compares them.
pub const LOSSES: &[Loss] = &[
    loss(OPENBSD, "group", "su(1) gives a daemon the groups of its account", other_group),
    loss(OPENBSD, "type", "nothing reads sd_notify, and a job that ends counts as failed", |d| {
        matches!(d.kind, Some(DaemonType::Notify | DaemonType::Oneshot))
    }),
    loss(OPENBSD, "restart", "nothing starts a daemon again that ended", restarts),
    loss(OPENBSD, "restart-delay", "nothing starts a daemon again that ended", delays),
    loss(
        OPENBSD,
        "start-timeout",
        "start and stop share one daemon_timeout, and stop-timeout differs",
        |d| d.start_timeout.is_some() && d.stop_timeout.is_some_and(|stop| Some(stop) != d.start_timeout),
    ),
    loss(
        OPENBSD,
        "requires",
        "rc.d scripts have no dependencies; they start in the order of pkg_scripts",
        |d| d.requires.iter().any(|name| !MILESTONES.contains(&name.as_str())),
    ),
    loss(OPENBSD, "harden", "rc.d has no sandbox", hardens),
    loss(OPENBSD, "memory", "a login class limits each process, not all together", memory),
    loss(FREEBSD, "group", "daemon(8) and su(1) give a daemon the groups of its account", other_group),
    loss(FREEBSD, "type", "nothing reads sd_notify", |d| d.kind == Some(DaemonType::Notify)),
    loss(FREEBSD, "restart", "only what stays in the foreground is started again, by daemon(8)", |d| {
        restarts(d) && leaves(d)
    }),
    loss(FREEBSD, "restart", "daemon(8) starts it again however it ended: say \"always\"", on_failure),
    loss(FREEBSD, "restart-delay", "only what stays in the foreground is started again, by daemon(8)", |d| {
        delays(d) && leaves(d)
    }),
    loss(FREEBSD, "start-timeout", "nothing limits a start", |d| d.start_timeout.is_some()),
    loss(FREEBSD, "stop-timeout", "rc.subr waits until the daemon ends", |d| d.stop_timeout.is_some()),
    loss(
        FREEBSD,
        "stop-signal",
        "daemon(8) passes on no signal but TERM, and a job that ended has none",
        |d| {
            d.stop_signal.as_deref().is_some_and(|name| bare(name) != "TERM")
                && d.kind != Some(DaemonType::Forking)
        },
    ),
    loss(FREEBSD, "reload", "a job that ends cannot reload", job_reloads),
    loss(FREEBSD, "umask", "only what stays in the foreground gets one", |d| d.umask.is_some() && leaves(d)),
    loss(FREEBSD, "harden", "rc.d has no sandbox", hardens),
    loss(FREEBSD, "memory", "limits(1) limits each process, not all together", memory),
    loss(FREEBSD, "open-files", FOREGROUND_LIMITS, |d| leaves(d) && limit(d, |l| l.open_files.is_some())),
    loss(FREEBSD, "processes", FOREGROUND_LIMITS, |d| leaves(d) && limit(d, |l| l.processes.is_some())),
    loss(FREEBSD, "core", FOREGROUND_LIMITS, |d| leaves(d) && limit(d, |l| l.core.is_some())),
    loss(FREEBSD, "stack", FOREGROUND_LIMITS, |d| leaves(d) && limit(d, |l| l.stack.is_some())),
    loss(FREEBSD, "file-size", FOREGROUND_LIMITS, |d| leaves(d) && limit(d, |l| l.file_size.is_some())),
    loss(FREEBSD, "locked-memory", FOREGROUND_LIMITS, |d| {
        leaves(d) && limit(d, |l| l.locked_memory.is_some())
    }),
    loss(OPENRC, "type", "nothing reads sd_notify", |d| d.kind == Some(DaemonType::Notify)),
    loss(OPENRC, "restart", "only what stays in the foreground is started again, by supervise-daemon", |d| {
        restarts(d) && leaves(d)
    }),
    loss(OPENRC, "restart", "supervise-daemon starts it again however it ended: say \"always\"", on_failure),
    loss(
        OPENRC,
        "restart-delay",
        "only what stays in the foreground is started again, by supervise-daemon",
        |d| delays(d) && leaves(d),
    ),
    loss(OPENRC, "start-timeout", "nothing limits a start", |d| d.start_timeout.is_some()),
    loss(OPENRC, "stop-timeout", "a job that ends is not stopped", |d| d.stop_timeout.is_some() && is_job(d)),
    loss(OPENRC, "stop-signal", "a job that ends is not stopped", |d| d.stop_signal.is_some() && is_job(d)),
    loss(OPENRC, "reload", "a job that ends cannot reload", job_reloads),
    loss(OPENRC, "harden", "OpenRC has no sandbox", hardens),
    loss(OPENRC, "memory", "ulimit limits each process, not all together", memory),
];

const FOREGROUND_LIMITS: &str = "only what stays in the foreground gets limits";

fn is_job(daemon: &Daemon) -> bool {
    daemon.kind == Some(DaemonType::Oneshot)
}

fn job_reloads(daemon: &Daemon) -> bool {
    is_job(daemon) && daemon.reload.is_some()
}

/// Whether the first process ends by itself.
fn leaves(daemon: &Daemon) -> bool {
    matches!(daemon.kind, Some(DaemonType::Forking | DaemonType::Oneshot))
}

fn restarts(daemon: &Daemon) -> bool {
    matches!(daemon.restart, Some(Restart::OnFailure | Restart::Always))
}

fn on_failure(daemon: &Daemon) -> bool {
    daemon.restart == Some(Restart::OnFailure) && !leaves(daemon)
}

fn delays(daemon: &Daemon) -> bool {
    daemon.restart_delay.is_some() && daemon.restart != Some(Restart::No)
}

fn hardens(daemon: &Daemon) -> bool {
    daemon.harden.is_some_and(|level| level != Harden::None)
}

/// A group other than the one that is named like the account and so, by custom, its own.
fn other_group(daemon: &Daemon) -> bool {
    daemon.group.as_ref().is_some_and(|group| daemon.user.as_ref() != Some(group))
}

fn limit(daemon: &Daemon, has: fn(&Limits) -> bool) -> bool {
    daemon.limits.as_ref().is_some_and(has)
}

fn memory(daemon: &Daemon) -> bool {
    limit(daemon, |limits| limits.memory.is_some())
}

fn bare(signal: &str) -> &str {
    signal.strip_prefix("SIG").unwrap_or(signal)
}

/// The path of a field in a service.
fn path(field: &'static str) -> Vec<&'static str> {
    if LIMITS.contains(&field) { vec!["daemon", "limits", field] } else { vec!["daemon", field] }
}

/// Reports what the host's init system cannot express and `loss-ok` does not accept.
pub(super) fn check(service: &ResolvedService, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) {
    let Some(daemon) = &service.definition.daemon else { return };
    let accepted = |field: &str| {
        daemon.loss_ok.iter().any(|ok| ok == field || (ok == "limits" && LIMITS.contains(&field)))
    };
    for loss in LOSSES.iter().filter(|loss| loss.init == host.init && (loss.when)(daemon)) {
        if accepted(loss.field) {
            continue;
        }
        let path = path(loss.field);
        let message = format!(
            "{} cannot express {} of service {}: {}",
            name(host.init),
            path.join("."),
            service.name,
            loss.why
        );
        diagnostics.push(
            Diagnostic::new(codes::DAEMON_LOSS, message)
                .at(service.tree.place_of(&path), format!("lost on {}", host.init))
                .help(format!(
                    "change it for these hosts in for.\"os:{}\", or accept the loss: daemon.loss-ok = [\"{}\"]",
                    host.os.family(),
                    loss.field
                )),
        );
    }
}

/// Reports names in `loss-ok` that are no fields; the same on every host.
pub(super) fn check_names(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    let Some(daemon) = &service.definition.daemon else { return };
    for (index, field) in daemon.loss_ok.iter().enumerate() {
        let known = || LIMITS.iter().chain(&FIELDS).copied();
        if known().any(|known| known == field) {
            continue;
        }
        let place = service.tree.place_of(&["daemon", "loss-ok", &index.to_string()]);
        let message =
            format!("daemon.loss-ok of service {} names {field:?}, which is no field", service.name);
        let finding = Diagnostic::new(codes::UNKNOWN_LOSS, message).at(place, "no field of daemon or limits");
        diagnostics.push(match nearest(field, known()) {
            Some(meant) => finding.help(format!("did you mean {meant:?}?")),
            None => finding.help(format!("fields are {}", known().collect::<Vec<_>>().join(", "))),
        });
    }
}

/// What people call an init system.
pub(super) fn name(init: InitSystem) -> &'static str {
    match init {
        InitSystem::Systemd => "systemd",
        InitSystem::OpenbsdRc => "OpenBSD's rc.d",
        InitSystem::FreebsdRc => "FreeBSD's rc.d",
        InitSystem::Openrc => "OpenRC",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_book_has_the_same_table() {
        for (init, page) in [
            (OPENBSD, include_str!("../../../docs/formats/openbsd-rc.md")),
            (FREEBSD, include_str!("../../../docs/formats/freebsd-rc.md")),
            (OPENRC, include_str!("../../../docs/formats/openrc.md")),
        ] {
            let rows: Vec<_> = LOSSES
                .iter()
                .filter(|loss| loss.init == init)
                .map(|loss| format!("| `{}` | {} |", loss.field, loss.why))
                .collect();
            let (_, table) = page.split_once("| field | why |\n|---|---|\n").unwrap();
            let table: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
            assert_eq!(rows, table, "docs/formats differs from the losses of {init}");
        }
    }

    #[test]
    fn every_loss_is_a_name_that_loss_ok_takes() {
        for loss in LOSSES {
            assert!(LIMITS.contains(&loss.field) || FIELDS.contains(&loss.field), "{}", loss.field);
        }
    }
}
