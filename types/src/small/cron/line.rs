//! One line of a crontab.

use super::schedule::KINDS;
use super::{Dialect, Entry, Job, Says, Schedule, Table};
use crate::small::lines::Reader;
use std::ops::Range;

/// Programs that people run from crontabs and whose names look like a user's.
const PROGRAMS: &[&str] = &[
    "bash",
    "cd",
    "certbot",
    "curl",
    "docker",
    "echo",
    "env",
    "exec",
    "find",
    "flock",
    "ionice",
    "nice",
    "perl",
    "php",
    "podman",
    "python",
    "python3",
    "rm",
    "rsync",
    "ruby",
    "sh",
    "sleep",
    "sudo",
    "systemctl",
    "tar",
    "test",
    "timeout",
    "wget",
];

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Where the next word begins at or behind a byte, and where it ends.
fn word(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text[from..].find(|c| !is_blank(c))?;
    let length = text[start..].find(is_blank).unwrap_or(text.len() - start);
    Some(start..start + length)
}

/// Reads a line; comments and blank lines say nothing.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Option<Entry> {
    let text = reader.text;
    let first = word(text, 0)?;
    if text[first.clone()].starts_with('#') {
        return None;
    }
    if !reader.ended && table.dialect != Dialect::Busybox {
        let what = "the last line does not end in a line feed";
        reader.error_of_line(
            what,
            "end the file with a line feed: cron ignores a line, or the file, without it",
        );
        return None;
    }
    if text.ends_with('\r') {
        let help =
            "write the file with line feeds alone; the carriage return would be part of the command or value";
        reader.error_of_line("the line ends in a carriage return, as on Windows", help);
        return None;
    }
    let line = match variable(text) {
        Some(Assignment { name, value, bytes }) => variable_is_good(reader, table, name, value, bytes)?,
        None => Says::Job(job(reader, table, first)?),
    };
    Some(Entry { table, line })
}

struct Assignment<'t> {
    name: &'t str,
    value: Result<String, &'static str>,
    bytes: Range<usize>,
}

/// The assignment that a line is, if it is one: `NAME=VALUE`, either in quotes, with blanks around the `=`.
fn variable(text: &str) -> Option<Assignment<'_>> {
    let body = text.trim_start_matches(is_blank);
    let (name, rest) = match body.chars().next()? {
        quote @ ('"' | '\'') => {
            let end = body[1..].find(quote)? + 1;
            (&body[1..end], &body[end + 1..])
        }
        _ => body.split_at(body.find(|c| is_blank(c) || c == '=')?),
    };
    let value = rest.trim_start_matches(is_blank).strip_prefix('=')?.trim_start_matches(is_blank);
    let start = text.len() - value.len();
    let trimmed = value.trim_end_matches(is_blank);
    let bytes = start..start + trimmed.len();
    let value = match trimmed.chars().next() {
        None => Err("a variable has no value"),
        Some(quote @ ('"' | '\'')) => match trimmed[1..].split_once(quote) {
            Some((value, "")) => Ok(value.to_owned()),
            Some(_) => Err("behind the quoted value stands something else"),
            None => Err("the quote of a value is not closed"),
        },
        Some(_) => Ok(trimmed.to_owned()),
    };
    Some(Assignment { name, value, bytes })
}

fn variable_is_good(
    reader: &mut Reader<'_>,
    table: Table,
    name: &str,
    value: Result<String, &'static str>,
    bytes: Range<usize>,
) -> Option<Says> {
    if name.is_empty() || name.contains(is_blank) {
        reader.error_of_line("a variable has no proper name", "write NAME=VALUE");
        return None;
    }
    let lenient = matches!(table.dialect, Dialect::Cronie | Dialect::Busybox);
    let value = match value {
        Ok(value) => value,
        Err("a variable has no value") if lenient => String::new(),
        Err(what) => {
            let help = match what {
                "a variable has no value" => {
                    "write `\"\"` for an empty value; as it is, cron takes the line for a job"
                }
                _ => "cron would take the line for a job and fail: quote the whole value, or nothing of it",
            };
            reader.error(bytes, what, help);
            return None;
        }
    };
    let expands = value.match_indices('$').any(|(at, _)| {
        value[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '('))
    });
    if expands {
        let help = "write the value out; only the shell that runs a command expands anything";
        reader.warning(bytes, "cron expands nothing in the value of a variable", help);
    }
    Some(Says::Variable { name: name.to_owned(), value })
}

fn job(reader: &mut Reader<'_>, table: Table, first: Range<usize>) -> Option<Job> {
    let text = reader.text;
    let (schedule, mut at) = match text[first.clone()].strip_prefix('@') {
        Some(name) => match Schedule::nickname(name, table.dialect) {
            Ok(schedule) => (Some(schedule), first.end),
            Err(help) => {
                reader.error(first.clone(), "there is no such word for a schedule", help);
                (None, first.end)
            }
        },
        None => fields(reader, table, first)?,
    };
    let mut good = schedule.is_some();
    let mut user = None;
    if table.user_column {
        let bytes = user_column(reader, table, at)?;
        good &= bytes.is_some();
        if let Some(bytes) = bytes {
            at = bytes.end;
            user = Some(text[bytes].to_owned());
        }
    }
    let mut flags = Vec::new();
    while let Some(bytes) = word(text, at).filter(|bytes| good && text[bytes.clone()].starts_with('-')) {
        let flag = text[bytes.clone()].chars().nth(1);
        match flag.filter(|flag| table.dialect.flags().contains(*flag) && bytes.len() == 2) {
            Some(flag) => flags.push(flag),
            None => {
                let help = match table.dialect {
                    Dialect::OpenBsd => "the flags are -n, -q and -s",
                    Dialect::FreeBsd => "the flags are -n and -q",
                    _ => "this cron knows no flags; `-n`, `-q` and `-s` are the BSDs'",
                };
                reader.error(bytes, "the command begins with a `-`", help);
                return None;
            }
        }
        at = bytes.end;
    }
    let Some(start) = word(text, at).map(|bytes| bytes.start) else {
        let what = match table.user_column {
            true => "there is no command behind the user",
            false => "there is no command",
        };
        reader.error_of_line(what, "write what is to run at the end of the line");
        return None;
    };
    let command = &text[start..];
    if command.starts_with('*') {
        let help =
            "cron has five: minute, hour, day of the month, month, day of the week; no seconds and no year";
        reader.error(start..start + 1, "a sixth field of time", help);
        return None;
    }
    if command.len() > table.dialect.longest() {
        let help = "put it into a script, and run that";
        reader.error(start..start + 1, "the command is longer than cron reads", help);
        return None;
    }
    if !table.user_column && command.starts_with("root ") {
        let help = "a user's table has no column for the user: its jobs run as the one whose table it is";
        reader.warning(start..start + 4, "the user is taken for the command", help);
    }
    let percent = command.match_indices('%').find(|(at, _)| !command[..*at].ends_with('\\'));
    if let (Some((offset, _)), true) = (percent, table.dialect != Dialect::Busybox) {
        let help =
            "write `\\%` for a percent sign; what follows a bare one is given to the command as its input";
        reader.warning(start + offset..start + offset + 1, "a bare `%` ends the command", help);
    }
    if schedule.as_ref().is_some_and(Schedule::never_comes) {
        let help = "none of the months has such a day";
        reader.warning(0..0, "the job never runs", help);
    }
    let schedule = schedule.filter(|_| good)?;
    Some(Job { schedule, user, flags, command: command.to_owned() })
}

/// The five fields; every one that is wrong is reported.
fn fields(reader: &mut Reader<'_>, table: Table, first: Range<usize>) -> Option<(Option<Schedule>, usize)> {
    let text = reader.text;
    let mut bytes = Vec::new();
    let mut at = first.start;
    // cronie: a `-` before the minute keeps the job out of the log.
    if table.dialect == Dialect::Cronie && text[at..].starts_with('-') {
        at += 1;
    }
    while let Some(found) = word(text, at).filter(|_| bytes.len() < 5) {
        at = found.end;
        bytes.push(found);
    }
    let like_time = |bytes: &Range<usize>| {
        text[bytes.clone()].starts_with(|c: char| c.is_ascii_digit() || matches!(c, '*' | '~' | '-'))
    };
    if !bytes.first().is_some_and(like_time) {
        let help = "a line is a comment with `#`, NAME=VALUE, `@daily` and its like, or begins with five fields of time";
        reader.error_of_line("the line is neither a variable nor a job", help);
        return None;
    }
    if bytes.len() < 5 {
        let help = "write minute, hour, day of the month, month and day of the week, then what is to run";
        reader.error_of_line("there are fewer than five fields of time", help);
        return None;
    }
    let mut fields = Vec::new();
    for (kind, bytes) in KINDS.iter().zip(bytes) {
        match kind.parse(&text[bytes.clone()], table.dialect) {
            Ok(field) => {
                if kind.idle_step(&field) {
                    let help = "it leaves the first time alone: cron counts within the field, and begins anew each time";
                    reader.warning(bytes, "the step is longer than the range", help);
                }
                fields.push(field);
            }
            Err(help) => reader.error(bytes, kind.bad, help),
        }
    }
    Some((<[super::Field; 5]>::try_from(fields).ok().map(Schedule::Fields), at))
}

/// The bytes of the user; nothing inside if it is no user, which is reported; nothing at all if the line ends there.
#[allow(clippy::option_option)]
fn user_column(reader: &mut Reader<'_>, table: Table, at: usize) -> Option<Option<Range<usize>>> {
    let text = reader.text;
    let Some(bytes) = word(text, at) else {
        reader.error_of_line("there is neither user nor command", "write the user, then what is to run");
        return None;
    };
    let written = &text[bytes.clone()];
    if written == "*" || (written.starts_with('*') && written.contains('/')) {
        let help =
            "cron has five: minute, hour, day of the month, month, day of the week; no seconds and no year";
        reader.error(bytes, "a sixth field of time", help);
        return None;
    }
    let account = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$'))
    };
    let parts: Vec<&str> = match table.dialect {
        Dialect::FreeBsd if !written.starts_with('/') => written.split([':', '/']).collect(),
        _ => vec![written],
    };
    if !parts.iter().all(|part| account(part)) {
        let help = match table.dialect {
            Dialect::Debian => {
                "here the user stands between time and command, such as `root`; cron leaves out the whole file for it"
            }
            _ => "here the user stands between time and command, such as `root`",
        };
        reader.error(bytes, "the user is missing", help);
        return None;
    }
    if PROGRAMS.contains(&written) {
        let help = "here the user stands between time and command; if there is such a user, nothing is wrong";
        reader.warning(bytes.clone(), "the program stands where the user should", help);
    }
    Some(Some(bytes))
}
