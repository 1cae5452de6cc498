//! What each init system makes of a daemon's fields: the one table that the checks of losses, the renderer of units,
//! `cmc explain daemon` and the book read. Only fields that a definition sets are lost: a default that an init system
//! does not have is no finding.

use super::loss::MILESTONES;
use super::mapping::{Cell, Lost, Row, lost, partly, to};
use cmc_types::definition::{Daemon, DaemonType, Harden, Limits, Log, LogTarget, Restart};

const fn row(
    field: &'static str,
    systemd: Cell<Daemon>,
    openbsd: Cell<Daemon>,
    freebsd: Cell<Daemon>,
    openrc: Cell<Daemon>,
) -> Row<Daemon> {
    Row { field, cells: [systemd, openbsd, freebsd, openrc] }
}

const fn when(why: &'static str, when: fn(&Daemon) -> bool) -> Lost<Daemon> {
    Lost { why, when }
}

const NO_NOTIFY: &str = "nothing reads sd_notify";
const NO_SUPERVISOR: &str = "nothing starts a daemon again that ended";
const BY_DAEMON8: &str = "only what stays in the foreground is started again, by daemon(8)";
const BY_SUPERVISE: &str = "only what stays in the foreground is started again, by supervise-daemon";
const NO_START_LIMIT: &str = "nothing limits a start";
const NO_JOURNAL: &str = "there is no journal: say \"syslog\"";
const OWN_OUTPUT: &str = "only the output of what stays in the foreground is taken";
const NO_RELOAD: &str = "a job that ends cannot reload";
const NO_STOP: &str = "a job that ends is not stopped";
const RC_SANDBOX: &str = "rc.d has no sandbox";
const FOREGROUND: &str = "only what stays in the foreground gets limits";
const OF_LOGIN_CLASS: &str = "of the login class that is called like the script";
const OF_LIMITS: &str = "of limits(1), before the program";
const OF_ULIMIT: &str = "of rc_ulimit, in conf.d";
const MADE_BEFORE: &str = "made before each start";

/// What becomes of each field of a daemon.
pub const ROWS: &[Row<Daemon>] = &[
    row(
        "exec",
        to(&["ExecStart="], ""),
        to(&["daemon=", "daemon_flags="], "or rc_start, for arguments that are no plain words"),
        to(&["command_args="], "of daemon(8); forking: command and command_args"),
        to(&["command=", "command_args="], ""),
    ),
    row(
        "user",
        to(&["User="], ""),
        to(&["daemon_user="], ""),
        to(&["-u "], "of daemon(8) or chroot(8); else NAME_user"),
        to(&["command_user="], ""),
    ),
    row(
        "group",
        to(&["Group="], ""),
        lost(&[when("su(1) gives a daemon the groups of its account", other_group)]),
        lost(&[when("daemon(8) and su(1) give a daemon the groups of its account", other_group)]),
        to(&["command_user="], "as USER:GROUP"),
    ),
    row(
        "directory",
        to(&["WorkingDirectory="], ""),
        to(&["daemon_execdir="], ""),
        to(&["_chdir"], "of NAME"),
        to(&["directory="], ""),
    ),
    row(
        "type",
        to(&["Type="], ""),
        partly(
            &["rc_bg="],
            "unless forking",
            &[when("nothing reads sd_notify, and a job that ends counts as failed", |d| {
                matches!(d.kind, Some(DaemonType::Notify | DaemonType::Oneshot))
            })],
        ),
        partly(&["/usr/sbin/daemon"], "unless forking or oneshot", &[when(NO_NOTIFY, notifies)]),
        partly(&["supervisor="], "unless forking or oneshot", &[when(NO_NOTIFY, notifies)]),
    ),
    row(
        "restart",
        to(&["Restart="], ""),
        lost(&[when(NO_SUPERVISOR, restarts)]),
        partly(
            &["-r "],
            "of daemon(8)",
            &[
                when(BY_DAEMON8, |d| restarts(d) && leaves(d)),
                when("daemon(8) starts it again however it ended: say \"always\"", on_failure),
            ],
        ),
        partly(
            &["supervisor="],
            "unless \"no\"",
            &[
                when(BY_SUPERVISE, |d| restarts(d) && leaves(d)),
                when("supervise-daemon starts it again however it ended: say \"always\"", on_failure),
            ],
        ),
    ),
    row(
        "restart-delay",
        to(&["RestartSec="], ""),
        lost(&[when(NO_SUPERVISOR, delays)]),
        partly(
            &["-R "],
            "of daemon(8), in whole seconds, from 1",
            &[when(BY_DAEMON8, |d| delays(d) && leaves(d))],
        ),
        partly(
            &["respawn_delay="],
            "in whole seconds, from 1",
            &[when(BY_SUPERVISE, |d| delays(d) && leaves(d))],
        ),
    ),
    row(
        "start-timeout",
        to(&["TimeoutStartSec="], ""),
        partly(
            &["daemon_timeout="],
            "",
            &[when("start and stop share one daemon_timeout, and stop-timeout differs", |d| {
                d.start_timeout.is_some() && d.stop_timeout.is_some_and(|stop| Some(stop) != d.start_timeout)
            })],
        ),
        lost(&[when(NO_START_LIMIT, |d| d.start_timeout.is_some())]),
        lost(&[when(NO_START_LIMIT, |d| d.start_timeout.is_some())]),
    ),
    row(
        "stop-timeout",
        to(&["TimeoutStopSec="], ""),
        to(&["daemon_timeout="], ""),
        lost(&[when("rc.subr waits until the daemon ends", |d| d.stop_timeout.is_some())]),
        partly(&["retry="], "", &[when(NO_STOP, |d| d.stop_timeout.is_some() && is_job(d))]),
    ),
    row(
        "stop-signal",
        to(&["KillSignal="], ""),
        to(&["rc_stop_signal="], ""),
        partly(
            &["sig_stop="],
            "forking alone",
            &[when("daemon(8) passes on no signal but TERM, and a job that ended has none", |d| {
                d.stop_signal.as_deref().is_some_and(|name| bare(name) != "TERM")
                    && d.kind != Some(DaemonType::Forking)
            })],
        ),
        partly(&["retry="], "", &[when(NO_STOP, |d| d.stop_signal.is_some() && is_job(d))]),
    ),
    row(
        "reload",
        to(&["ExecReload="], ""),
        to(&["rc_reload"], "nothing for HUP; without the field rc_reload=NO"),
        partly(&["reload_cmd="], "forking: sig_reload", &[when(NO_RELOAD, job_reloads)]),
        partly(&["reload() {"], "", &[when(NO_RELOAD, job_reloads)]),
    ),
    row(
        "umask",
        to(&["UMask="], ""),
        to(&["umask "], "in rc_start"),
        partly(
            &["umask "],
            "before the program",
            &[when("only what stays in the foreground gets one", |d| d.umask.is_some() && leaves(d))],
        ),
        to(&["umask="], ""),
    ),
    row(
        "runtime-dir",
        to(&["RuntimeDirectory="], ""),
        to(&["/var/run/"], MADE_BEFORE),
        to(&["/var/run/"], MADE_BEFORE),
        to(&["checkpath ", "/run/"], MADE_BEFORE),
    ),
    row(
        "state-dir",
        to(&["StateDirectory="], ""),
        to(&["/var/db/"], MADE_BEFORE),
        to(&["/var/db/"], MADE_BEFORE),
        to(&["checkpath ", "/var/lib/"], MADE_BEFORE),
    ),
    row(
        "log-dir",
        to(&["LogsDirectory="], ""),
        to(&["/var/log/"], MADE_BEFORE),
        to(&["/var/log/"], MADE_BEFORE),
        to(&["checkpath ", "/var/log/"], MADE_BEFORE),
    ),
    row(
        "log",
        to(
            &["StandardOutput=", "StandardError=", "SyslogIdentifier="],
            "journal, null or append:FILE; SyslogIdentifier for syslog alone",
        ),
        partly(
            &["daemon_logger="],
            "\"none\": without it",
            &[
                when(NO_JOURNAL, |d| logs_to(d, LogTarget::Journal)),
                when("rc.subr sends output to syslog or nowhere, not to a file", logs_to_file),
                when(OWN_OUTPUT, |d| leaves(d) && logs_to(d, LogTarget::Syslog)),
            ],
        ),
        partly(
            &["-S -T "],
            "of daemon(8); a file: -o FILE; \"none\": neither",
            &[when(NO_JOURNAL, |d| logs_to(d, LogTarget::Journal)), when(OWN_OUTPUT, log_of_other)],
        ),
        partly(
            &["output_logger=", "error_logger="],
            "a file: output_log and error_log; \"none\": they are /dev/null",
            &[when(NO_JOURNAL, |d| logs_to(d, LogTarget::Journal)), when(OWN_OUTPUT, log_of_other)],
        ),
    ),
    row(
        "requires",
        to(&["Requires=", "After="], "milestones: Wants= and After="),
        partly(
            &[],
            "milestones: up before package scripts",
            &[when("rc.d scripts have no dependencies; they start in the order of pkg_scripts", |d| {
                d.requires.iter().any(|name| !MILESTONES.contains(&name.as_str()))
            })],
        ),
        to(&["# REQUIRE:"], ""),
        to(&["need "], "or use"),
    ),
    row(
        "harden",
        to(&["NoNewPrivileges="], "and the rest of the level's directives"),
        lost(&[when(RC_SANDBOX, hardens)]),
        lost(&[when(RC_SANDBOX, hardens)]),
        lost(&[when("OpenRC has no sandbox", hardens)]),
    ),
    row(
        "limits.memory",
        to(&["MemoryMax="], ""),
        lost(&[when("a login class limits each process, not all together", memory)]),
        lost(&[when("limits(1) limits each process, not all together", memory)]),
        lost(&[when("ulimit limits each process, not all together", memory)]),
    ),
    row(
        "limits.open-files",
        to(&["LimitNOFILE="], ""),
        to(&[":openfiles="], OF_LOGIN_CLASS),
        partly(
            &["-n "],
            OF_LIMITS,
            &[when(FOREGROUND, |d| leaves(d) && limit(d, |l| l.open_files.is_some()))],
        ),
        to(&["-n "], OF_ULIMIT),
    ),
    row(
        "limits.processes",
        to(&["TasksMax="], "processes and threads of the daemon"),
        to(&[":maxproc="], OF_LOGIN_CLASS),
        partly(
            &["-u "],
            OF_LIMITS,
            &[when(FOREGROUND, |d| leaves(d) && limit(d, |l| l.processes.is_some()))],
        ),
        to(&["-p "], "of rc_ulimit, in conf.d; Gentoo: -u"),
    ),
    row(
        "limits.core",
        to(&["LimitCORE="], ""),
        to(&[":coredumpsize="], OF_LOGIN_CLASS),
        partly(&["-c "], OF_LIMITS, &[when(FOREGROUND, |d| leaves(d) && limit(d, |l| l.core.is_some()))]),
        to(&["-c "], OF_ULIMIT),
    ),
    row(
        "limits.stack",
        to(&["LimitSTACK="], ""),
        to(&[":stacksize="], OF_LOGIN_CLASS),
        partly(&["-s "], OF_LIMITS, &[when(FOREGROUND, |d| leaves(d) && limit(d, |l| l.stack.is_some()))]),
        to(&["-s "], OF_ULIMIT),
    ),
    row(
        "limits.file-size",
        to(&["LimitFSIZE="], ""),
        to(&[":filesize="], OF_LOGIN_CLASS),
        partly(
            &["-f "],
            OF_LIMITS,
            &[when(FOREGROUND, |d| leaves(d) && limit(d, |l| l.file_size.is_some()))],
        ),
        to(&["-f "], OF_ULIMIT),
    ),
    row(
        "limits.locked-memory",
        to(&["LimitMEMLOCK="], ""),
        to(&[":memorylocked="], OF_LOGIN_CLASS),
        partly(
            &["-l "],
            OF_LIMITS,
            &[when(FOREGROUND, |d| leaves(d) && limit(d, |l| l.locked_memory.is_some()))],
        ),
        to(&["-l "], OF_ULIMIT),
    ),
];

fn is_job(daemon: &Daemon) -> bool {
    daemon.kind == Some(DaemonType::Oneshot)
}

fn job_reloads(daemon: &Daemon) -> bool {
    is_job(daemon) && daemon.reload.is_some()
}

fn notifies(daemon: &Daemon) -> bool {
    daemon.kind == Some(DaemonType::Notify)
}

/// Whether the first process ends by itself.
fn leaves(daemon: &Daemon) -> bool {
    matches!(daemon.kind, Some(DaemonType::Forking | DaemonType::Oneshot))
}

fn logs_to(daemon: &Daemon, target: LogTarget) -> bool {
    daemon.log == Some(Log::To(target))
}

fn logs_to_file(daemon: &Daemon) -> bool {
    matches!(daemon.log, Some(Log::File { .. }))
}

/// Whether something is said of the output of a program that leaves the foreground, but for the journal.
fn log_of_other(daemon: &Daemon) -> bool {
    leaves(daemon) && daemon.log.is_some() && !logs_to(daemon, LogTarget::Journal)
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
