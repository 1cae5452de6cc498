//! Jobs: what holds wherever they run, and the table of what each host makes of their fields. systemd's timers are in
//! `systemd/job.rs`, crontabs in `cron.rs`. Documented in `docs/formats/job.md`.

use super::mapping::{Cell, Lost, Row, lost, partly, to};
use super::{daemon, rc};
use crate::resolved::ResolvedService;
use cmc_types::definition::{Harden, Job, Log, LogTarget};
use cmc_types::name::{AccountName, JobName};
use cmc_types::{Diagnostic, InitSystem, Place, codes};

/// A job of a service.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) service: &'a ResolvedService,
    pub(super) name: &'a JobName,
    pub(super) job: &'a Job,
}

/// The jobs of a service, by name.
pub(super) fn all(service: &ResolvedService) -> impl Iterator<Item = Named<'_>> {
    service.definition.job.iter().map(move |(name, job)| Named { service, name, job })
}

impl Named<'_> {
    /// What hosts know it by: `SERVICE-JOB`.
    pub(super) fn unit(&self) -> String {
        format!("{}-{}", self.service.name, self.name)
    }

    /// Where a key of it stands.
    pub(super) fn place(&self, keys: &[&str]) -> Place {
        self.service.tree.place_of(&[&["job", self.name.as_str()], keys].concat())
    }

    /// Where its name stands.
    pub(super) fn key_place(&self) -> Place {
        self.service.tree.key_place_of(&["job", self.name.as_str()])
    }

    /// The account that it runs as, if it is not root.
    pub(super) fn user(&self) -> Option<&AccountName> {
        self.job.user.as_ref().filter(|user| user.as_str() != "root")
    }

    /// The group of the account that it runs as: its own, else the one named like its account, else root's.
    pub(super) fn group(&self, init: InitSystem) -> String {
        match (&self.job.group, self.user()) {
            (Some(group), _) => group.to_string(),
            (None, Some(user)) => user.to_string(),
            (None, None) => rc::root_group(init).to_owned(),
        }
    }
}

const CRON_LIMIT: &str = "of the shell before it; nobody but root can raise one";
const MISSED: &str = "cron passes over what was due while the host was off";
const GROUP: &str = "cron gives a job the groups of its account";
const MEMORY: &str = "ulimit limits each process, not all together";
const SANDBOX: &str = "cron has no sandbox";
const NO_JOURNAL: &str = "there is no journal: say \"syslog\"";
const NO_MAIL: &str = "systemd sends no mail: its journal has what a job prints";
const BY_SHELL: &str = "a file: >>FILE, opened by the job's account; \"none\": /dev/null";

fn other_group(job: &Job) -> bool {
    job.group.as_ref().is_some_and(|group| job.user.as_ref() != Some(group))
}

fn catches_up(job: &Job) -> bool {
    job.catch_up == Some(true)
}

fn hardens(job: &Job) -> bool {
    job.harden.is_some_and(|level| level != Harden::None)
}

fn memory(job: &Job) -> bool {
    job.limits.as_ref().is_some_and(|limits| limits.memory.is_some())
}

fn to_journal(job: &Job) -> bool {
    job.log == Some(Log::To(LogTarget::Journal))
}

fn mails(job: &Job) -> bool {
    job.mail_to.is_some()
}

const LOG: Cell<Job> = partly(&["logger -t "], BY_SHELL, &[Lost { why: NO_JOURNAL, when: to_journal }]);
const NO_GROUP: Cell<Job> = lost(&[Lost { why: GROUP, when: other_group }]);
const NO_CATCH_UP: Cell<Job> = lost(&[Lost { why: MISSED, when: catches_up }]);
const NO_HARDEN: Cell<Job> = lost(&[Lost { why: SANDBOX, when: hardens }]);
const NO_MEMORY: Cell<Job> = lost(&[Lost { why: MEMORY, when: memory }]);

/// A cell for each system with cron.
const fn cron(becomes: &'static [&'static str], how: &'static str) -> [Cell<Job>; 3] {
    [to(becomes, how), to(becomes, how), to(becomes, how)]
}

const fn row(
    field: &'static str,
    systemd: Cell<Job>,
    [openbsd, freebsd, openrc]: [Cell<Job>; 3],
) -> Row<Job> {
    Row { field, cells: [systemd, openbsd, freebsd, openrc] }
}

/// What becomes of each field of a job.
pub const ROWS: &[Row<Job>] = &[
    row("exec", to(&["ExecStart="], ""), cron(&["exec "], "quoted for the shell and for cron")),
    row(
        "at",
        to(&["OnCalendar="], "in a timer, enabled and started"),
        [
            to(&["30 2 * * *"], "a line each, in a block of /etc/crontab, with -s: one run at a time"),
            to(&["30 2 * * *"], "a line each, in a file of /etc/cron.d"),
            to(
                &["30 2 * * *"],
                "a line each, in a file of /etc/cron.d; Alpine: a block of /etc/crontabs/USER",
            ),
        ],
    ),
    row(
        "user",
        to(&["User="], ""),
        [
            to(&["backup"], "the column of the user"),
            to(&["backup"], "the column of the user"),
            to(&["backup"], "the column of the user; Alpine: whose table it is"),
        ],
    ),
    row("group", to(&["Group="], ""), [NO_GROUP, to(&[":www"], "behind the user, as USER:GROUP"), NO_GROUP]),
    row("directory", to(&["WorkingDirectory="], ""), cron(&["cd "], "")),
    row("umask", to(&["UMask="], ""), cron(&["umask "], "")),
    row("nice", to(&["Nice="], ""), cron(&["nice -n "], "")),
    row(
        "timeout",
        to(&["TimeoutStartSec="], ""),
        cron(&["timeout "], "timeout(1), in whole seconds, rounded up"),
    ),
    row(
        "random-delay",
        to(&["RandomizedDelaySec="], "another each time"),
        cron(&["sleep "], "by chance for each host, then always the same"),
    ),
    row("catch-up", to(&["Persistent="], ""), [NO_CATCH_UP, NO_CATCH_UP, NO_CATCH_UP]),
    row(
        "harden",
        to(&["NoNewPrivileges="], "and the rest of the level's directives"),
        [NO_HARDEN, NO_HARDEN, NO_HARDEN],
    ),
    row(
        "log",
        to(
            &["StandardOutput=", "StandardError=", "SyslogIdentifier="],
            "journal, null or append:FILE; SyslogIdentifier for syslog alone",
        ),
        [LOG, LOG, LOG],
    ),
    row(
        "mail-to",
        lost(&[Lost { why: NO_MAIL, when: mails }]),
        [
            to(&["mail -E "], "of mail(1), if anything is printed"),
            to(&["MAILTO="], ""),
            to(&["MAILTO="], "Alpine: also for lines below the block in the account's table"),
        ],
    ),
    row("limits.open-files", to(&["LimitNOFILE="], ""), cron(&["ulimit -n "], CRON_LIMIT)),
    row(
        "limits.processes",
        to(&["TasksMax="], ""),
        [
            to(&["ulimit -p "], CRON_LIMIT),
            to(&["ulimit -u "], CRON_LIMIT),
            to(&["ulimit -"], "as the shell calls it; of the shell before it"),
        ],
    ),
    row("limits.memory", to(&["MemoryMax="], ""), [NO_MEMORY, NO_MEMORY, NO_MEMORY]),
    row("limits.core", to(&["LimitCORE="], ""), cron(&["ulimit -c "], CRON_LIMIT)),
    row("limits.stack", to(&["LimitSTACK="], ""), cron(&["ulimit -s "], CRON_LIMIT)),
    row("limits.file-size", to(&["LimitFSIZE="], ""), cron(&["ulimit -f "], CRON_LIMIT)),
    row("limits.locked-memory", to(&["LimitMEMLOCK="], ""), cron(&["ulimit -l "], CRON_LIMIT)),
];

/// What is wrong with the jobs of a service whatever the host.
pub(super) fn check(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    for named in all(service) {
        let path = ["job", named.name.as_str()];
        diagnostics.extend(daemon::program(service, &[path[0], path[1], "exec"], &named.job.exec));
        if let Some(limits) = &named.job.limits {
            rc::limits(service, &path, limits, diagnostics);
        }
        diagnostics.extend(mail(&named));
    }
}

/// What is wrong with whom a job's output is mailed to.
fn mail(named: &Named<'_>) -> Option<Diagnostic> {
    let to = named.job.mail_to.as_ref()?;
    let of = format!("job.{} of service {}", named.name, named.service.name);
    let is_address = |word: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '@');
        word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(plain)
    };
    if !to.split(',').all(is_address) {
        let message = format!("mail-to of {of} is no list of accounts and addresses");
        let help =
            "write such as \"ops\" or \"ops@example.net,root\"; that nobody gets mail says log = \"none\"";
        return Some(
            Diagnostic::new(codes::INVALID_VALUE, message).at(named.place(&["mail-to"]), "").help(help),
        );
    }
    let log = named.job.log.as_ref()?;
    let message = format!("{of} has mail-to and log: nothing of its output is left to be mailed");
    let at = if matches!(log, Log::File { .. }) { "takes the output" } else { "takes or drops the output" };
    Some(
        Diagnostic::new(codes::DAEMON_CONFLICT, message)
            .at(named.place(&["mail-to"]), "")
            .with(named.place(&["log"]), at)
            .help("keep one of the two"),
    )
}

#[cfg(test)]
#[path = "job_tests.rs"]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
