//! Printing.

use super::{DIALECT, Reload, Script, Start};
use crate::rc_dir::{self, Directory};
use crate::{Refused, rc_function, shell};

/// Longest part of a command line that `pexp` spells out; pgrep sees 2,047 bytes.
const PATTERN: usize = 1000;

/// The regular expression (POSIX extended) that matches exactly a program and its arguments as `pgrep -xf` sees them.
/// Written so that it survives rc.subr's run file: a `#`, and blanks at its end, become `.`.
pub fn process_pattern(argv: &[String]) -> String {
    let line = argv.join(" ");
    let mut pattern = String::new();
    for c in line.chars() {
        match c {
            '#' | '\t' => pattern.push('.'),
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '\\' => {
                pattern.extend(['\\', c]);
            }
            c if c.is_ascii() => pattern.push(c),
            // One character or several bytes, as the locale has it.
            _ => pattern.push_str(".+"),
        }
        if pattern.len() >= PATTERN {
            return format!("{pattern}.*");
        }
    }
    let blanks = pattern.len() - pattern.trim_end_matches(' ').len();
    pattern.truncate(pattern.len() - blanks);
    pattern + &".".repeat(blanks)
}

impl Script {
    /// Prints the script; what it cannot carry is refused.
    pub fn print(&self) -> Result<String, Refused> {
        let mut text = String::from("#!/bin/ksh\n");
        for comment in &self.comments {
            shell::single_line(comment, DIALECT, "a comment")?;
            text.push_str(&format!("# {comment}\n"));
        }
        text.push('\n');
        self.variables(&mut text)?;
        text.push_str("\n. /etc/rc.d/rc.subr\n\n");
        let before = text.len();
        self.settings(&mut text)?;
        self.bodies(before, &mut text)?;
        if text.len() > before {
            text.push('\n');
        }
        text.push_str("rc_cmd $1\n");
        Ok(text)
    }

    /// What rc.subr reads when it is sourced.
    fn variables(&self, text: &mut String) -> Result<(), Refused> {
        let mut set = |name: &str, value: &str| -> Result<(), Refused> {
            text.push_str(
                &shell::assignment(name, value).map_err(|refused| Refused { dialect: DIALECT, ..refused })?,
            );
            text.push('\n');
            Ok(())
        };
        shell::plain(self.daemon.as_str(), DIALECT, "the program's path")?;
        set("daemon", self.daemon.as_str())?;
        for (index, flag) in self.flags.iter().enumerate() {
            shell::plain(flag, DIALECT, &format!("argument {} of daemon_flags", index + 1))?;
        }
        if !self.flags.is_empty() {
            set("daemon_flags", &self.flags.join(" "))?;
        }
        if let Some(directory) = &self.directory {
            shell::plain(directory.as_str(), DIALECT, "the working directory")?;
            set("daemon_execdir", directory.as_str())?;
        }
        if let Some(logger) = &self.logger {
            shell::plain(logger, DIALECT, "daemon_logger")?;
            set("daemon_logger", logger)?;
        }
        if let Some(rtable) = self.rtable {
            set("daemon_rtable", &rtable.to_string())?;
        }
        if let Some(timeout) = self.timeout {
            set("daemon_timeout", &timeout.to_string())?;
        }
        if let Some(user) = &self.user {
            set("daemon_user", user.as_str())?;
        }
        Ok(())
    }

    /// What is set after rc.subr was sourced.
    fn settings(&self, text: &mut String) -> Result<(), Refused> {
        if let Some(pattern) = &self.pattern {
            text.push_str(
                &shell::assignment("pexp", pattern)
                    .map_err(|refused| Refused { dialect: DIALECT, ..refused })?,
            );
            text.push('\n');
        }
        let mut plain = |name: &str, value: &str| -> Result<(), Refused> {
            shell::plain(value, DIALECT, name)?;
            text.push_str(&format!("{name}={value}\n"));
            Ok(())
        };
        if self.background {
            plain("rc_bg", "YES")?;
        }
        match &self.reload {
            Reload::No => plain("rc_reload", "NO")?,
            Reload::Signal(signal) => plain("rc_reload_signal", signal)?,
            Reload::Hangup | Reload::Command(_) => {}
        }
        if let Some(signal) = &self.stop_signal {
            plain("rc_stop_signal", signal)?;
        }
        if self.root_check {
            plain("rc_usercheck", "NO")?;
        }
        Ok(())
    }

    fn bodies(&self, before: usize, text: &mut String) -> Result<(), Refused> {
        let mut function = |name: &str, body: &str| {
            let gap = if text.len() > before { "\n" } else { "" };
            text.push_str(&format!("{gap}{name}() {{\n{body}}}\n"));
        };
        if let Some(body) = rc_function::making(&self.directories, Directory::install)? {
            function("rc_pre", &body);
        }
        if let Some(start) = &self.start {
            function("rc_start", &format!("\trc_exec {}\n", self.start_line(start)?));
        }
        if let Reload::Command(argv) = &self.reload {
            let start = self.start.as_ref();
            let prelude = rc_dir::prelude(None, start.and_then(|start| start.env_file.as_ref()))?;
            let line = format!("{prelude}exec {}", arguments(argv)?);
            function("rc_reload", &format!("\trc_exec {}\n", shell::quote(&line)?));
        }
        rc_function::verbatim(&self.functions, DIALECT, function)
    }

    /// The one argument of `rc_exec`.
    fn start_line(&self, start: &Start) -> Result<String, Refused> {
        let prelude = rc_dir::prelude(start.umask, start.env_file.as_ref())?;
        match &start.arguments {
            None if prelude.contains('\'') => {
                Err(Refused::rule(DIALECT, "the path of the environment file", "it must be a plain word"))
            }
            None => Ok(format!("\"{prelude}exec ${{daemon}} ${{daemon_flags}}\"")),
            Some(extra) => {
                let mut argv = vec![self.daemon.to_string()];
                argv.extend(extra.iter().cloned());
                shell::quote(&format!("{prelude}exec {}", arguments(&argv)?))
            }
        }
    }
}

/// Words quoted for one shell; control characters are refused.
fn arguments(argv: &[String]) -> Result<String, Refused> {
    for (index, word) in argv.iter().enumerate() {
        shell::single_line(word, DIALECT, &format!("argument {index}"))?;
    }
    shell::join(argv)
}
