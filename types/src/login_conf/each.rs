//! All records of a file, whatever stands in some of them: for checks, which go on behind the first mistake.

use super::Setting;
use super::record::{Record, is_name, unescape};
use crate::Severity;
use crate::small::Problem;

/// A line of a record with its number, from 1.
type Line<'t> = (u32, &'t str);

/// Every record that can be read, and what getcap(3) would not read as it is meant.
pub fn each(text: &str) -> (Vec<Record>, Vec<Problem>) {
    let mut records = Vec::new();
    let mut problems = Vec::new();
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some(first) = lines.next() {
        if first.1.starts_with('#') || first.1.trim().is_empty() {
            continue;
        }
        if first.1.starts_with([':', ' ', '\t']) {
            let help = "begin it with the name of a class, or end the line above with `\\`";
            problems.push(of_line(first, "the line belongs to no class", help));
        }
        let mut record = vec![first];
        let mut last = first;
        loop {
            let goes_on = last.1.trim_end_matches([' ', '\t']).ends_with('\\');
            let meant = |line: &Line<'_>| {
                line.1.starts_with([':', ' ', '\t']) && line.1.trim_start().starts_with(':')
            };
            if goes_on && !last.1.ends_with('\\') {
                let help = "the record ends there: take the blank away";
                problems.push(of_line(last, "a blank stands behind the `\\`", help));
            }
            let next = match goes_on {
                true => lines.next(),
                false => lines.next_if(meant),
            };
            let Some(next) = next else {
                if goes_on {
                    let help = "getcap reads no such record: take the `\\` away";
                    problems.push(of_line(last, "the last line is continued", help));
                }
                break;
            };
            if !goes_on {
                let help = "the record ends there, and nothing reads what follows: end the line with `\\`";
                problems.push(of_line(last, "a `\\` is missing", help));
            }
            record.push(next);
            last = next;
        }
        records.extend(read(&record, &mut problems));
    }
    (records, problems)
}

fn of_line(line: Line<'_>, what: &'static str, help: &'static str) -> Problem {
    let length = u32::try_from(line.1.chars().count()).unwrap_or(u32::MAX - 1);
    Problem {
        line: line.0,
        columns: 1..length + 1,
        what,
        word: None,
        help: help.into(),
        severity: Severity::Error,
    }
}

/// A record from its lines. Fields that are none are left out.
fn read(lines: &[Line<'_>], problems: &mut Vec<Problem>) -> Option<Record> {
    let mut record: Option<Record> = None;
    for line in lines {
        let body = line.1.trim_end_matches([' ', '\t']);
        let mut fields = body.strip_suffix('\\').unwrap_or(body).split(':');
        let record = match &mut record {
            Some(record) => record,
            None => {
                let name = fields.next().unwrap_or_default();
                if !is_name(name) {
                    if !name.trim().is_empty() {
                        let help = "a class is named by letters, digits and _ . -";
                        problems.push(of_line(*line, "that is no class's name", help));
                    }
                    return None;
                }
                record.insert(Record { name: name.to_owned(), settings: Vec::new(), base: Vec::new() })
            }
        };
        for field in
            fields.map(|field| field.trim_start_matches(['\t', ' '])).filter(|field| !field.is_empty())
        {
            let wrong = |what| Problem {
                severity: Severity::Warning,
                ..of_line(*line, what, "nothing reads it: write NAME=VALUE, NAME or NAME@")
            };
            let (name, setting) = match (field.split_once('='), field.split_once('#')) {
                (Some(("tc", base)), _) => {
                    record.base.push(base.to_owned());
                    continue;
                }
                (Some((name, value)), _) if !name.contains('#') => match unescape(value) {
                    Ok(value) => (name, Setting::Value(value)),
                    Err(what) => {
                        problems.push(wrong(what));
                        continue;
                    }
                },
                // A number, as getcap has them beside texts.
                (_, Some((name, number))) => (name, Setting::Value(number.to_owned())),
                _ => match field.strip_suffix('@') {
                    Some(name) => (name, Setting::Removed),
                    None => (field, Setting::Present),
                },
            };
            match is_name(name) {
                true => record.settings.push((name.to_owned(), setting)),
                false => problems.push(wrong("that is no capability")),
            }
        }
    }
    record
}
