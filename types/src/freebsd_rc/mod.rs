//! FreeBSD rc.d scripts, rc.subr(8) and rc.conf(5) of FreeBSD 13 to 15 (source read), and `rc.conf.d/NAME`.
//!
//! A foreground program runs under daemon(8). rc.subr runs `command` and `command_args` through one `eval`, so arguments
//! are quoted once for it and once for the script. daemon(8)'s `-u` sets resource limits and creation mask from the
//! user's login class, so a mask is set behind it: `sh -c 'umask …'`. Limits are set behind it too, by limits(1) (whose
//! `-a` is what makes it set a class and single limits), and since only root may raise them, it is chroot(8) behind
//! limits(1) that changes the user then: it keeps limits, and is the program that daemon(8) signals. A program that
//! goes to the background by itself, or does one job, runs as another user through `su -m USER -c 'sh -c "…"'`, whose
//! first shell is root's (sh or csh): there only plain words are let through.

mod parse;
mod print;

use crate::rc_dir::Directory;
use crate::shell::Identifier;
use crate::{Mode, UnixPath, name::AccountName};
use serde::Serialize;

pub use crate::shell::{Conf, ConfLine};
pub use parse::parse;

/// Name of the format in messages.
pub const DIALECT: &str = "a FreeBSD rc.d script";

/// An rc.d script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Script {
    /// Comment lines at its head, without `# `.
    pub comments: Vec<String>,
    /// `name` and `PROVIDE`; also the prefix of its variables in rc.conf.
    pub name: Identifier,
    /// `REQUIRE`: what must have run before it.
    pub require: Vec<String>,
    /// `BEFORE`: what must run after it.
    pub before: Vec<String>,
    /// `KEYWORD`, such as `shutdown`.
    pub keywords: Vec<String>,
    /// `NAME_chdir`: working directory.
    pub directory: Option<UnixPath>,
    /// The program.
    pub program: UnixPath,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Account it runs as; default root.
    pub user: Option<AccountName>,
    /// How it runs.
    pub run: Run,
    /// How it reads its configuration again.
    pub reload: Option<Reload>,
    /// `sig_stop`, where the program is signalled itself.
    pub stop_signal: Option<String>,
    /// `start_precmd`: directories made before it starts.
    pub directories: Vec<Directory>,
    /// Other functions, verbatim: name and body.
    pub functions: Vec<(String, String)>,
}

/// How a program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Run {
    /// It stays in the foreground, under daemon(8).
    Supervised(Supervised),
    /// It goes to the background by itself.
    Forking,
    /// It does one job and ends.
    Oneshot,
}

/// What daemon(8) and the programs between it and the daemon do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Supervised {
    /// Where its output goes.
    pub output: Output,
    /// Start it again however it ended, after so many seconds.
    pub restart: Option<u32>,
    /// Login class whose limits apply (`limits -C`).
    pub login_class: Option<String>,
    /// Limits, soft and hard: the letter of limits(1) and its value.
    pub limits: Vec<(char, String)>,
    /// Creation mask.
    pub umask: Option<Mode>,
}

/// Where the output of a program under daemon(8) goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// `-S -T NAME`: to syslog under the script's name.
    #[default]
    Syslog,
    /// `-o FILE`: to the end of a file, which daemon(8) opens as root.
    File(UnixPath),
    /// Nowhere: `-f` without any of these.
    Nowhere,
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

impl Script {
    /// Where daemon(8) writes its own process id.
    pub fn pidfile(&self) -> String {
        format!("/var/run/{}.pid", self.name)
    }

    /// Where daemon(8) writes the program's process id.
    pub fn child_pidfile(&self) -> String {
        format!("/var/run/{}.child.pid", self.name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
