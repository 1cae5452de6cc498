//! OpenBSD rc.d scripts, rc.subr(8) since 7.1 (revision 1.153 to 1.160 read).
//!
//! What shaped the encoding: rc.subr expands `daemon_flags` unquoted in `pexp="$(eval echo …)"`, where blanks collapse
//! and `*` would match files of whatever directory rcctl was called in, and runs it once through `su … sh -c`. So
//! `daemon_flags` holds plain words only; other arguments stand in `rc_start`, quoted once for that shell and once for
//! the script. `pexp` is a regular expression for `pgrep -xf`, read back from `/var/run/rc.d/NAME` where `#` begins a
//! comment; it is written escaped. `su -l` clears the environment: `rc_start` sources it.

mod parse;
mod print;

use crate::rc_dir::Directory;
use crate::{Mode, UnixPath, name::AccountName};
use serde::Serialize;

pub use parse::parse;
pub use print::process_pattern;

/// Name of the format in messages.
pub const DIALECT: &str = "an OpenBSD rc.d script";

/// An rc.d script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Script {
    /// Comment lines at its head, without `# `.
    pub comments: Vec<String>,
    /// `daemon`: the program.
    pub daemon: UnixPath,
    /// `daemon_flags`: its arguments, if all are plain words; see `start`.
    pub flags: Vec<String>,
    /// `daemon_execdir`: working directory.
    pub directory: Option<UnixPath>,
    /// `daemon_logger`: syslog `FACILITY.LEVEL` for its output.
    pub logger: Option<String>,
    /// `daemon_rtable`: routing table.
    pub rtable: Option<u32>,
    /// `daemon_timeout`: seconds for start and stop each; rc.subr's default is 30.
    pub timeout: Option<u32>,
    /// `daemon_user`; rc.subr's default is root.
    pub user: Option<AccountName>,
    /// `pexp`: regular expression of its command line.
    pub pattern: Option<String>,
    /// `rc_bg=YES`: it stays in the foreground.
    pub background: bool,
    /// How it reads its configuration again.
    pub reload: Reload,
    /// `rc_stop_signal`; rc.subr's default is TERM.
    pub stop_signal: Option<String>,
    /// `rc_usercheck=NO`: only root may check it.
    pub root_check: bool,
    /// `rc_pre`: directories made before it starts.
    pub directories: Vec<Directory>,
    /// `rc_start`: what `daemon` and `daemon_flags` cannot express.
    pub start: Option<Start>,
    /// Other functions, verbatim: name and body.
    pub functions: Vec<(String, String)>,
}

impl Script {
    /// A script that starts a program and sets nothing else.
    pub fn new(daemon: UnixPath) -> Self {
        Self {
            comments: Vec::new(),
            daemon,
            flags: Vec::new(),
            directory: None,
            logger: None,
            rtable: None,
            timeout: None,
            user: None,
            pattern: None,
            background: false,
            reload: Reload::Hangup,
            stop_signal: None,
            root_check: false,
            directories: Vec::new(),
            start: None,
            functions: Vec::new(),
        }
    }
}

/// How a program reads its configuration again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Reload {
    /// rc.subr's default: the signal HUP.
    Hangup,
    /// `rc_reload=NO`: not at all.
    No,
    /// `rc_reload_signal`: another signal.
    Signal(String),
    /// `rc_reload`: a program and arguments, run as the daemon's user with its environment.
    Command(Vec<String>),
}

/// A start that `daemon_flags` cannot express: `rc_exec` with a creation mask, an environment file and arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Start {
    /// Creation mask.
    pub umask: Option<Mode>,
    /// Environment file in the sh dialect; the daemon's user must be able to read it.
    pub env_file: Option<UnixPath>,
    /// Arguments in place of `daemon_flags`.
    pub arguments: Option<Vec<String>>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
