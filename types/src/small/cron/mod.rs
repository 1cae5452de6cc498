//! Crontabs: `/etc/crontab`, `/etc/cron.d`, and users' tables, as five crons read them. After `load_entry` and `load_env`
//! of Vixie's cron and its descendants, crontab(5) of Debian, OpenBSD and FreeBSD; measured with Debian's `crontab -n`.

mod line;
mod schedule;

pub use schedule::{Field, Item, Nickname, Range, Schedule};

use super::lines::{File, Problem, verified};
use super::words::{no_control, one_word};
use crate::Refused;
use serde::Serialize;

/// Whose cron reads the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Vixie's cron as Debian and Ubuntu have it.
    Debian,
    /// cronie: Red Hat's family, Arch, openSUSE, Gentoo.
    Cronie,
    /// OpenBSD's cron.
    OpenBsd,
    /// FreeBSD's cron.
    FreeBsd,
    /// crond of BusyBox: Alpine.
    Busybox,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 5] = [Self::Debian, Self::Cronie, Self::OpenBsd, Self::FreeBsd, Self::Busybox];

    /// Whose cron, in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "Debian's cron",
            Self::Cronie => "cronie",
            Self::OpenBsd => "OpenBSD's cron",
            Self::FreeBsd => "FreeBSD's cron",
            Self::Busybox => "BusyBox' crond",
        }
    }

    /// Letters of flags before a command.
    fn flags(self) -> &'static str {
        match self {
            Self::OpenBsd => "nqs",
            Self::FreeBsd => "nq",
            Self::Debian | Self::Cronie | Self::Busybox => "",
        }
    }

    /// Bytes of the longest command.
    fn longest(self) -> usize {
        match self {
            Self::Debian | Self::OpenBsd | Self::FreeBsd => 998,
            Self::Cronie | Self::Busybox => 131_000,
        }
    }
}

/// What kind of table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Table {
    /// Whose cron reads it.
    pub dialect: Dialect,
    /// Whether a column between schedule and command names the user: so in `/etc/crontab` and `/etc/cron.d`.
    pub user_column: bool,
}

/// A line of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// What kind of table it is of.
    #[serde(skip)]
    pub table: Table,
    /// What it says.
    pub line: Says,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Says {
    /// A variable of the environment of the jobs below it. Nothing in the value is expanded.
    Variable {
        /// Name.
        name: String,
        /// Value, without the quotes around it.
        value: String,
    },
    /// A job.
    Job(Job),
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    /// When.
    #[serde(serialize_with = "shown")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub schedule: Schedule,
    /// As whom, where the table has the column; on FreeBSD `USER:GROUP/CLASS` too.
    pub user: Option<String>,
    /// Flags before the command, without `-`: `n` no mail if it succeeds, `q` no log, `s` one at a time.
    pub flags: Vec<char>,
    /// What a shell runs; a `%` without backslash ends it, and what follows is its standard input.
    pub command: String,
}

/// A schedule as a table has it.
fn shown<S: serde::Serializer>(schedule: &Schedule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(schedule)
}

/// Reads a table.
pub fn parse(text: &str, table: Table) -> (File<Entry>, Vec<Problem>) {
    super::lines::read(text, |reader| line::read(reader, table))
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a crontab";

    fn print(&self) -> Result<String, Refused> {
        let line = match &self.line {
            Says::Variable { name, value } => {
                one_word(Self::FORMAT, "the name of a variable", name)?;
                no_control(Self::FORMAT, "the value of a variable", value)?;
                let quote = if value.contains('"') { '\'' } else { '"' };
                let ends = value.is_empty() || value.trim() != value || value.starts_with(['"', '\'']);
                match ends {
                    true => format!("{name}={quote}{value}{quote}"),
                    false => format!("{name}={value}"),
                }
            }
            Says::Job(job) => {
                no_control(Self::FORMAT, "a command", &job.command)?;
                let mut line = job.schedule.to_string();
                for part in job.user.iter() {
                    one_word(Self::FORMAT, "a user", part)?;
                    line.push(' ');
                    line.push_str(part);
                }
                for flag in &job.flags {
                    line.push_str(" -");
                    line.push(*flag);
                }
                format!("{line} {}", job.command)
            }
        };
        verified(line, self, |text| parse(text, self.table))
    }
}
