//! OpenRC service scripts (openrc-run(8), supervise-daemon(8); OpenRC 0.45 to 0.60 source read), and `conf.d/NAME`.
//!
//! What shaped the encoding: openrc-run expands `$command_args` unquoted as an argument of `eval`, so blanks collapse
//! and `*` would match files before the quotes inside it count. Arguments that are not plain words therefore stand in
//! variables of their own: `command_args='-n "$argument_2"'`. `rc_ulimit` is applied before the script is read: it
//! belongs into `conf.d/NAME`, as does the environment, which the daemon inherits.

mod parse;
mod print;

use crate::rc_dir::Directory;
use crate::{Mode, UnixPath, name::AccountName};
use serde::Serialize;

pub use crate::shell::{Conf, ConfLine};
pub use parse::parse;

/// Name of the format in messages.
pub const DIALECT: &str = "an OpenRC service script";

/// A service script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Script {
    /// Comment lines at its head, without `# `.
    pub comments: Vec<String>,
    /// `description`.
    pub description: Option<String>,
    /// How the program runs.
    pub run: Run,
    /// `command`: the program.
    pub command: UnixPath,
    /// `command_args`: its arguments.
    pub arguments: Vec<String>,
    /// `command_user`: account and group it runs as; default root.
    pub user: Option<(AccountName, Option<AccountName>)>,
    /// `directory`: working directory.
    pub directory: Option<UnixPath>,
    /// `umask`: creation mask.
    pub umask: Option<Mode>,
    /// `pidfile`.
    pub pidfile: Option<UnixPath>,
    /// Where its output goes, if it stays in the foreground.
    pub output: Option<Output>,
    /// `retry`: signal that stops it, and seconds before it is killed.
    pub retry: Option<(String, u32)>,
    /// `depend`: what it needs and its order.
    pub depend: Depend,
    /// `start_pre`: directories made before it starts.
    pub directories: Vec<Directory>,
    /// How it reads its configuration again.
    pub reload: Option<Reload>,
    /// Other functions, verbatim: name and body.
    pub functions: Vec<(String, String)>,
}

/// How a program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Run {
    /// It stays in the foreground and is started again however it ended, after `respawn_delay` seconds.
    Supervised {
        /// Seconds.
        delay: Option<u32>,
    },
    /// It stays in the foreground and is put in the background once.
    Background,
    /// It goes to the background by itself.
    Forking,
    /// It does one job and ends.
    Oneshot,
}

/// Where the output of a program that stays in the foreground goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// `output_logger` and `error_logger`: to syslog under this name.
    Syslog(String),
    /// `output_log` and `error_log`: to the end of a file, which the program's account opens: `start_pre` gives it to
    /// that account, unless it is a device.
    File(UnixPath),
}

/// The `depend` function: one list of services per kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Depend {
    /// Must run.
    pub need: Vec<String>,
    /// Is started before it, if in its runlevel.
    pub using: Vec<String>,
    /// Is started before it, if it exists.
    pub want: Vec<String>,
    /// Starts after these.
    pub after: Vec<String>,
    /// Starts before these.
    pub before: Vec<String>,
    /// Virtual services that it provides.
    pub provide: Vec<String>,
    /// Keywords, such as `-jail`.
    pub keyword: Vec<String>,
}

impl Depend {
    pub(crate) fn kinds(&self) -> [(&'static str, &Vec<String>); 7] {
        [
            ("need", &self.need),
            ("use", &self.using),
            ("want", &self.want),
            ("after", &self.after),
            ("before", &self.before),
            ("provide", &self.provide),
            ("keyword", &self.keyword),
        ]
    }
}

/// How a program reads its configuration again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Reload {
    /// A signal.
    Signal(String),
    /// A program and arguments, run as the daemon's user.
    Command(Vec<String>),
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
