//! The portable daemon: one description that becomes a systemd unit, an OpenBSD or FreeBSD rc.d script, or OpenRC's.

use crate::name::{AccountName, DirectoryName, ServiceName};
use crate::{ByteSize, Mode, Timespan, UnixPath};
use serde::{Deserialize, Serialize};

/// A long-running program. What a host's init system cannot express is an error unless `loss-ok` names the field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Daemon {
    /// Program (absolute path) and arguments, passed as they are: no shell, no expansion.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub exec: Vec<String>,
    /// Account it runs as; default root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<AccountName>,
    /// Group it runs as; default the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<AccountName>,
    /// Working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<UnixPath>,
    /// How it tells that it has started; default `simple`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<DaemonType>,
    /// When it is started again after it ended; default `on-failure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// Pause before it is started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_delay: Option<Timespan>,
    /// Time it may take to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<Timespan>,
    /// Time it may take to stop before it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<Timespan>,
    /// Signal that stops it, such as `"TERM"` or `"INT"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// How it reads its configuration again: a signal such as `"HUP"`, or a program and arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reload: Option<Reload>,
    /// Limits on what it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// File creation mask in octal, such as `"0027"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<Mode>,
    /// Directory under `/run` (or `/var/run`) that is made for it, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_dir: Option<DirectoryName>,
    /// Directory under `/var/lib` (or `/var/db`) that is made for it, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<DirectoryName>,
    /// Directory under `/var/log` that is made for it, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_dir: Option<DirectoryName>,
    /// Where its standard output and error go: `"syslog"` under its service's name, `"journal"`, `"none"`, or appended to `{ file = "/var/log/api.log" }`. Default: the journal where systemd runs it, else syslog for what stays in the foreground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// Services, or the milestones `network`, `network-online`, `time-sync`, `local-fs`, `remote-fs`, that must be up before it. The service `needs` those services too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<ServiceName>,
    /// How much of the system is kept from it; the book's page on systemd units lists what each level sets. Default `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harden: Option<Harden>,
    /// Fields of this table that may be dropped on hosts whose init system cannot express them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loss_ok: Vec<String>,
}

/// How a daemon tells that it has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DaemonType {
    /// It stays in the foreground and is up at once.
    Simple,
    /// It stays in the foreground and is up when its program was executed.
    Exec,
    /// It stays in the foreground and notifies (systemd's sd_notify).
    Notify,
    /// It goes to the background by itself; up when the first process ends.
    Forking,
    /// It does one job and ends.
    Oneshot,
}

/// When a daemon is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Never.
    No,
    /// When it failed.
    OnFailure,
    /// However it ended.
    Always,
}

/// Where a daemon's standard output and error go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields)]
pub enum Log {
    /// A service of the system's, or nowhere.
    To(LogTarget),
    /// A file.
    File {
        /// The file, to whose end they are written. Its directory must be there before: that of `log-dir` may be made later.
        file: UnixPath,
    },
}

/// Where a daemon's standard output and error go, if not to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LogTarget {
    /// To syslog under the service's name; with systemd by way of the journal.
    Syslog,
    /// To systemd's journal.
    Journal,
    /// Nowhere.
    None,
}

/// How a daemon reads its configuration again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Reload {
    /// A signal, such as `"HUP"`.
    Signal(String),
    /// A program (absolute path) and arguments.
    Argv(Vec<String>),
}

/// Limits on what a daemon may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Open files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files: Option<LimitValue>,
    /// Processes and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<LimitValue>,
    /// Memory of all its processes together, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// Size of a core dump, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core: Option<LimitValue>,
    /// Size of the stack, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<LimitValue>,
    /// Size of a file it writes, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_size: Option<LimitValue>,
    /// Memory it may lock, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_memory: Option<LimitValue>,
}

/// A limit: a count, a size such as `"8M"`, or `"infinity"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum LimitValue {
    /// A count, or a size in bytes.
    Count(u64),
    /// A size such as `"8M"`, or `"infinity"`.
    Text(String),
}

/// How much of the system is kept from a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Harden {
    /// Nothing.
    None,
    /// What hardly any daemon needs: home directories, device nodes, kernel tunables, new privileges.
    Basic,
    /// Everything but what it was given: read-only system, its own directories, no capabilities, system calls of services.
    Strict,
}
