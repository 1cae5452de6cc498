//! The portable job: one description that becomes a systemd timer, or a line of a crontab.

use super::{Harden, Limits, Log};
use crate::name::AccountName;
use crate::{Mode, Schedule, Timespan, UnixPath};
use serde::{Deserialize, Serialize};

/// A program that is run at certain times. It gets the service's `env`. What a host cannot express is an error unless `loss-ok` names the field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Job {
    /// Program (absolute path) and arguments, passed as they are: no shell, no expansion.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub exec: Vec<String>,
    /// When it runs: one schedule or several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Times>,
    /// Account it runs as; default root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<AccountName>,
    /// Group it runs as; default the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<AccountName>,
    /// Working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<UnixPath>,
    /// File creation mask in octal, such as `"0027"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<Mode>,
    /// Priority, from -20 (first) to 19 (last).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -20, max = 19)))]
    pub nice: Option<i8>,
    /// Time after which it is ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timespan>,
    /// It starts up to so much later, so that not all hosts begin at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_delay: Option<Timespan>,
    /// Whether a run that was due while the host was off is made up for at the next start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<bool>,
    /// Where its standard output and error go: `"syslog"` under its own name, `"journal"`, `"none"`, or appended to `{ file = "/var/log/backup.log" }`. Default: the journal where systemd runs it; cron mails them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// To whom cron mails what it prints: accounts or addresses, with commas between them. Default: its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_to: Option<String>,
    /// Limits on what it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How much of the system is kept from it, as for a daemon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harden: Option<Harden>,
    /// Fields of this table that may be dropped on hosts that cannot express them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loss_ok: Vec<String>,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Times {
    /// By one schedule.
    One(Schedule),
    /// By each of these.
    Many(#[cfg_attr(feature = "schema", schemars(length(min = 1)))] Vec<Schedule>),
}

impl Times {
    /// The schedules, in order.
    pub fn all(&self) -> &[Schedule] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// The same with their places in the list, each once.
    pub fn distinct(&self) -> impl Iterator<Item = (usize, &Schedule)> {
        let all = self.all();
        all.iter().enumerate().filter(|(index, schedule)| !all[..*index].contains(schedule))
    }
}
