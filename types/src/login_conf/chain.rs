//! What in login.conf never applies, as getcap(3) reads it: the first occurrence of a capability in a record counts,
//! `tc=` stands for the whole record that it names, and a limit of its plain name hides `-cur` and `-max` behind it.

use super::{System, find};
use crate::Severity;
use crate::small::Problem;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A record as it stands in a file, whatever it says.
struct Stated {
    /// The line of its names, from 1.
    line: u32,
    /// Names, the first of which is the class's; the last may be a description.
    names: Vec<String>,
    fields: Vec<Field>,
}

/// What stands between two colons.
struct Field {
    line: u32,
    columns: Range<u32>,
    text: String,
}

impl Field {
    /// The capability's name.
    fn name(&self) -> &str {
        let end = self.text.find(['=', '#', '@']).unwrap_or(self.text.len());
        &self.text[..end]
    }

    /// The record that `tc=` names.
    fn base(&self) -> Option<&str> {
        self.text.strip_prefix("tc=")
    }

    fn problem(&self, severity: Severity, what: &'static str, help: impl Into<Cow<'static, str>>) -> Problem {
        Problem {
            line: self.line,
            columns: self.columns.clone(),
            what,
            word: Some(self.name().to_owned()),
            help: help.into(),
            severity,
        }
    }
}

/// The records of a file: lines joined where a `\` ends them, comments and blank lines between records left out.
fn read(text: &str) -> Vec<Stated> {
    let mut records: Vec<Stated> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.split('\n')) {
        if !goes_on && (line.starts_with('#') || line.trim().is_empty()) {
            continue;
        }
        let (body, continued) = match line.trim_end_matches([' ', '\t']).strip_suffix('\\') {
            Some(body) => (body, true),
            None => (line, false),
        };
        // A `\` is missing above, which is told elsewhere.
        let meant = !records.is_empty() && line.starts_with([':', ' ', '\t']);
        if !goes_on && !meant {
            records.push(Stated { line: number, names: Vec::new(), fields: Vec::new() });
        }
        let Some(record) = records.last_mut() else { continue };
        let mut column = 1;
        for part in body.split(':') {
            let width = u32::try_from(part.chars().count()).unwrap_or(u32::MAX);
            let field = part.trim_start_matches(['\t', ' ']);
            let blank = width - u32::try_from(field.chars().count()).unwrap_or(0);
            if record.names.is_empty() {
                record.names = part.split('|').map(str::to_owned).collect();
            } else if !field.is_empty() {
                let columns = column + blank..column + width;
                record.fields.push(Field { line: number, columns, text: field.to_owned() });
            }
            column = column.saturating_add(width).saturating_add(1);
        }
        goes_on = continued;
    }
    records
}

/// What never applies, and `tc=` that leads nowhere or in a circle. Records that a file names and does not have are
/// judged if it has `default`, and so is a whole login.conf.
pub fn judge(text: &str, system: System) -> Vec<Problem> {
    let records = read(text);
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        for name in &record.names {
            by_name.entry(name).or_insert(index);
        }
    }
    let whole = by_name.contains_key("default");
    let mut problems = Vec::new();
    for (index, record) in records.iter().enumerate() {
        if let Some(name) = record.names.first().filter(|name| by_name.get(name.as_str()) != Some(&index)) {
            let what = "a class stands in the file before, and the first record counts";
            let line = record.fields.first().map_or(1, |field| field.line);
            let columns = 1..u32::try_from(name.chars().count()).unwrap_or(0) + 1;
            let (word, help) = (Some(name.clone()), Cow::Borrowed("put both into one record"));
            // The name may stand some lines before its first capability.
            problems.push(Problem { line, columns, what, word, help, severity: Severity::Warning });
        }
        let mut set: BTreeSet<String> = BTreeSet::new();
        for field in &record.fields {
            if let Some(base) = field.base() {
                match by_name.get(base) {
                    Some(next) => {
                        if let Some(circle) = circle(&records, &by_name, index, *next) {
                            let help =
                                format!("{circle}: the class cannot be read at all; leave one `tc=` out");
                            problems.push(field.problem(
                                Severity::Error,
                                "classes build upon each other in a circle",
                                help,
                            ));
                        } else {
                            names_of(&records, &by_name, *next, &mut set, 0);
                        }
                    }
                    None if whole => {
                        let known = by_name.keys().copied();
                        let help = match crate::nearest(base, known) {
                            Some(near) => format!("did you mean {near:?}? What stands behind it is not read"),
                            None => "no record is called so: what stands behind it is not read".to_owned(),
                        };
                        let problem =
                            field.problem(Severity::Error, "`tc` names a class that there is not", help);
                        problems.push(Problem { word: Some(base.to_owned()), ..problem });
                    }
                    None => {}
                }
                continue;
            }
            let name = field.name();
            let limit = name.strip_suffix("-cur").or_else(|| name.strip_suffix("-max"));
            let limit = limit.filter(|limit| find(limit, system).is_some_and(|found| found.limit));
            if set.contains(name) {
                let help = "the first occurrence counts, also of what `tc=` brings: put it before that, or leave it out";
                problems.push(field.problem(Severity::Warning, "a capability never applies", help));
            } else if let Some(limit) = limit.filter(|limit| set.contains(*limit)) {
                let help = format!("{limit} stands before it and sets both limits: put it before that");
                problems.push(field.problem(Severity::Warning, "a capability never applies", help));
            }
            set.insert(name.to_owned());
        }
    }
    problems
}

/// Classes in a file of `login.conf.d` that is named after none of them: the system looks for a class in its own file.
pub fn misplaced(text: &str, file: &str) -> Vec<Problem> {
    let records = read(text);
    let bases: BTreeSet<&str> =
        records.iter().flat_map(|record| record.fields.iter().filter_map(Field::base)).collect();
    let strange = |record: &&Stated| {
        let names = || record.names.iter().map(String::as_str);
        names().all(|name| name != file && !bases.contains(name))
    };
    let problem = |record: &Stated| {
        let name = record.names.first().filter(|name| !name.is_empty())?;
        Some(Problem {
            line: record.line,
            columns: 1..u32::try_from(name.chars().count()).unwrap_or(0) + 1,
            what: "a class is looked for in the file of its own name alone",
            word: Some(name.clone()),
            help: "name the file after the class, or write it into /etc/login.conf".into(),
            severity: Severity::Warning,
        })
    };
    records.iter().filter(strange).filter_map(problem).collect()
}

/// getcap(3) follows no more.
const DEEPEST: usize = 32;

/// The capabilities of a record with those of its bases.
fn names_of(
    records: &[Stated],
    by_name: &BTreeMap<&str, usize>,
    index: usize,
    set: &mut BTreeSet<String>,
    depth: usize,
) {
    let Some(record) = records.get(index).filter(|_| depth < DEEPEST) else { return };
    for field in &record.fields {
        match field.base() {
            Some(base) => {
                if let Some(next) = by_name.get(base) {
                    names_of(records, by_name, *next, set, depth + 1);
                }
            }
            None => {
                set.insert(field.name().to_owned());
            }
        }
    }
}

/// The way from a record by one of its bases back to it, if there is one, or into another circle.
fn circle(records: &[Stated], by_name: &BTreeMap<&str, usize>, from: usize, next: usize) -> Option<String> {
    fn walk(
        records: &[Stated],
        by_name: &BTreeMap<&str, usize>,
        path: &mut Vec<usize>,
        done: &mut BTreeSet<usize>,
    ) -> bool {
        let Some(record) = path.last().and_then(|last| records.get(*last)) else { return false };
        for base in record.fields.iter().filter_map(Field::base) {
            let Some(next) = by_name.get(base) else { continue };
            let seen = path.contains(next);
            if done.contains(next) {
                continue;
            }
            path.push(*next);
            if seen || walk(records, by_name, path, done) {
                return true;
            }
            path.pop();
            done.insert(*next);
        }
        false
    }
    let mut path = vec![from, next];
    let closed = from == next || walk(records, by_name, &mut path, &mut BTreeSet::new());
    let name = |index: &usize| records.get(*index).and_then(|record| record.names.first()).cloned();
    closed.then(|| path.iter().filter_map(name).collect::<Vec<_>>().join(" → "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
