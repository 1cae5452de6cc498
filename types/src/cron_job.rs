//! The command of a crontab's line that runs a program as a service manager would: with its environment, creation mask,
//! limits, directory and priority, quoted for the shell and then for cron.

mod parse;

pub use parse::unescape;

use crate::name::AccountName;
use crate::small::cron::{Dialect, Entry, Job, Says, Schedule, Table};
use crate::small::{self, Entry as _};
use crate::{Mode, Refused, UnixPath, rc_dir, shell};

/// The format, as messages name it.
pub const DIALECT: &str = "a crontab";

/// A program that cron runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Weekdays, from 1 for Monday, on which it runs when cron starts it; empty: on any.
    pub weekdays: Vec<u8>,
    /// Seconds to wait before it starts.
    pub delay: u64,
    /// Limits as `ulimit` takes them: option and value.
    pub limits: Vec<(char, String)>,
    /// Creation mask.
    pub umask: Option<Mode>,
    /// The environment file that it gets.
    pub env_file: Option<UnixPath>,
    /// Working directory.
    pub directory: Option<UnixPath>,
    /// Priority.
    pub nice: Option<i8>,
    /// Seconds after which timeout(1) ends it.
    pub timeout: Option<u64>,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Where its output goes.
    pub output: Output,
}

/// Where the output of a program that cron runs goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Output {
    /// cron mails it.
    #[default]
    Mail,
    /// Nowhere.
    Nowhere,
    /// To the end of a file, which the job's account opens.
    File(UnixPath),
    /// To syslog under this name, by logger(1).
    Syslog(String),
    /// By mail(1) of the BSDs to these, if there is any.
    MailTo {
        /// The subject.
        subject: String,
        /// Accounts or addresses, with commas between them.
        to: String,
    },
}

impl Output {
    /// What stands behind the command for it.
    fn shell(&self) -> Result<String, Refused> {
        Ok(match self {
            Self::Mail => String::new(),
            Self::Nowhere => " >/dev/null 2>&1".to_owned(),
            Self::File(file) => format!(" >>{} 2>&1", shell::quote(file.as_str())?),
            Self::Syslog(name) => format!(" 2>&1 | logger -t {}", shell::quote(name)?),
            Self::MailTo { subject, to } => {
                format!(" 2>&1 | mail -E -s {} {}", shell::quote(subject)?, shell::quote(to)?)
            }
        })
    }
}

impl Command {
    /// The command as a POSIX shell reads it: one line; control characters are refused.
    pub fn shell(&self) -> Result<String, Refused> {
        let mut text = String::new();
        if !self.weekdays.is_empty() {
            let days: Vec<String> = self.weekdays.iter().map(u8::to_string).collect();
            text.push_str(&format!("case $(date +%u) in {}) ;; *) exit 0 ;; esac && ", days.join("|")));
        }
        if self.delay > 0 {
            text.push_str(&format!("sleep {} && ", self.delay));
        }
        for (option, value) in &self.limits {
            shell::plain(value, DIALECT, "a limit")?;
            text.push_str(&format!("ulimit -{option} {value} && "));
        }
        text.push_str(&rc_dir::prelude(self.umask, self.env_file.as_ref())?);
        if let Some(directory) = &self.directory {
            text.push_str(&format!("cd {} && ", shell::quote(directory.as_str())?));
        }
        text.push_str("exec ");
        if let Some(nice) = self.nice {
            text.push_str(&format!("nice -n {nice} "));
        }
        if let Some(seconds) = self.timeout {
            text.push_str(&format!("timeout {seconds} "));
        }
        for (index, word) in self.argv.iter().enumerate() {
            match word.chars().find(|c| c.is_control()) {
                Some(c) => {
                    let subject = format!("word {index} of the command");
                    return Err(Refused::character(DIALECT, &subject, c, "a job is one line of text"));
                }
                None if index > 0 => text.push(' '),
                None => {}
            }
            text.push_str(&shell::quote(word)?);
        }
        text.push_str(&self.output.shell()?);
        Ok(text)
    }
}

/// Escapes what cron itself acts upon: an unquoted `%` ends the command. A backslash takes the next character as it is
/// for cron, but stays; one that would take the `\` of `\%` is parted from it by an empty pair of quotes, which can only
/// be needed within single quotes: nothing else that [`Command::shell`] writes ends in a backslash.
pub fn escape(shell: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Busybox {
        return shell.to_owned();
    }
    let mut text = String::with_capacity(shell.len());
    let mut escaped = false;
    for c in shell.chars() {
        match c {
            '%' => {
                text.push_str(if escaped { "''\\%" } else { "\\%" });
                escaped = false;
            }
            _ => {
                text.push(c);
                escaped = c == '\\' && !escaped;
            }
        }
    }
    text
}

/// A line of a table: when, as whom, what. What no line can carry is refused.
pub fn line(
    table: Table,
    schedule: Schedule,
    user: Option<(&AccountName, Option<&AccountName>)>,
    command: &Command,
) -> Result<String, Refused> {
    let user = table.user_column.then(|| match user {
        None => "root".to_owned(),
        Some((user, Some(group))) if table.dialect == Dialect::FreeBsd => format!("{user}:{group}"),
        Some((user, _)) => user.to_string(),
    });
    let command = escape(&command.shell()?, table.dialect);
    // The next run waits for the last, as a timer's does.
    let flags = if table.dialect == Dialect::OpenBsd { vec!['s'] } else { Vec::new() };
    let text = Entry { table, line: Says::Job(Job { schedule, user, flags, command }) }.print()?;
    let problems = small::cron::parse(&format!("{text}\n"), table).1;
    match problems.iter().find(|problem| problem.what.contains('%')) {
        Some(problem) => Err(Refused::rule(DIALECT, "the command", problem.what)),
        None => Ok(text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
