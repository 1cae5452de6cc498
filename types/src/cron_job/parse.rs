//! Reads commands of crontabs that say what a [`Command`] says: the inverse of what is written, and what people write alike.

use super::{Command, Output};
use crate::small::cron::Dialect;
use crate::{Mode, UnixPath, rc_dir, shell};

/// What the shell gets of a crontab's command; nothing if some of it is the command's standard input.
pub fn unescape(command: &str, dialect: Dialect) -> Option<String> {
    if dialect == Dialect::Busybox {
        return Some(command.to_owned());
    }
    let mut text = String::with_capacity(command.len());
    let mut escaped = false;
    for c in command.chars() {
        match c {
            '%' if escaped => drop(text.pop()),
            '%' => return None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        text.push(c);
    }
    Some(text)
}

impl Command {
    /// The program that a shell's command runs, and how, if that is all it does: nothing is expanded, redirected or decided,
    /// and the program has an absolute path.
    pub fn parse(shell: &str) -> Option<Self> {
        let mut command = Self::default();
        let (mut rest, output) = output(shell.trim());
        command.output = output;
        while let Some((first, second, after)) = before(rest) {
            match (first.as_str(), second.as_str()) {
                ("umask", mask) if command.umask.is_none() => command.umask = Some(Mode::parse(mask).ok()?),
                ("cd", directory) if command.directory.is_none() => {
                    command.directory = Some(UnixPath::parse(directory).ok()?);
                }
                ("set", "-a") if command.env_file.is_none() => {
                    let (_, file, after) = rc_dir::parse_prelude(rest).ok()?;
                    command.env_file = Some(file?);
                    rest = after.trim_start();
                    continue;
                }
                _ => return None,
            }
            rest = after;
        }
        let words = shell::split(rest).ok()?;
        let mut words = &words[..];
        if let [first, after @ ..] = words
            && first == "exec"
        {
            words = after;
        }
        loop {
            match words {
                [nice, n, number, after @ ..] if nice == "nice" && n == "-n" && command.nice.is_none() => {
                    command.nice = Some(number.parse().ok().filter(|nice| (-20..=19).contains(nice))?);
                    words = after;
                }
                [timeout, span, after @ ..] if timeout == "timeout" && command.timeout.is_none() => {
                    command.timeout = Some(seconds(span)?);
                    words = after;
                }
                _ => break,
            }
        }
        command.argv = words.to_vec();
        command.argv.first().is_some_and(|program| program.starts_with('/')).then_some(command)
    }
}

/// A command without what says where its output goes, and that. Quotes that this cuts are not closed, and refused after it.
fn output(shell: &str) -> (&str, Output) {
    let found = || {
        let (rest, file) = shell.strip_suffix("2>&1")?.rsplit_once('>')?;
        let [file] = &shell::split(file.trim()).ok()?[..] else { return None };
        let (rest, output) = match rest.strip_suffix('>') {
            Some(rest) => (rest, Output::File(UnixPath::parse(file).ok()?)),
            None if file == "/dev/null" => (rest, Output::Nowhere),
            None => return None,
        };
        // A digit before it would be another descriptor.
        rest.ends_with(' ').then(|| (rest.trim_end(), output))
    };
    found().unwrap_or((shell, Output::Mail))
}

/// The two words before `&&`, and what follows it.
fn before(text: &str) -> Option<(String, String, &str)> {
    let (first, rest) = shell::word(text).ok()?;
    let (second, rest) = shell::word(rest.trim_start()).ok()?;
    Some((first?, second?, rest.trim_start().strip_prefix("&&")?.trim_start()))
}

/// A whole number of seconds, minutes, hours or days, as timeout(1) takes it.
fn seconds(span: &str) -> Option<u64> {
    let (number, factor) = match span.split_at_checked(span.len().checked_sub(1)?)? {
        (number, "s") => (number, 1),
        (number, "m") => (number, 60),
        (number, "h") => (number, 3600),
        (number, "d") => (number, 86_400),
        _ => (span, 1),
    };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    number.checked_mul(factor)
}
