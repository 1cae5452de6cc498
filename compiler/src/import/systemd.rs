//! systemd units and drop-ins: raw directives, in the order of the file.

use super::definition::{ANYWHERE, Line, Service, Table, Value};
use super::{Import, Kind, Original, kind};
use crate::lower::systemd::{Assignment, UnitsAtHand, review};
use cmc_types::systemd::{Entry, Unit, continues};
use cmc_types::{Diagnostic, FileId, Os, Place, codes};

pub(super) fn import(import: &mut Import<'_>, original: &Original) -> Option<Service> {
    let unit = match Unit::parse(&original.text) {
        Ok(unit) => unit,
        Err(error) => {
            import.malformed(original, Kind::Systemd, Some(error.line), error.problem);
            return None;
        }
    };
    let (folder, name) = kind::split(&original.path);
    let drop_in = name.ends_with(".conf");
    let file = if drop_in { format!("{folder}/{name}") } else { name.to_owned() };
    let read = read(original, &unit);
    match review(&file, original.whole(), &read.headers, &read.assignments, None, Some(&import.hand)) {
        Ok(findings) => import.warn(findings),
        Err((problem, help)) => {
            let message = format!("{} has no name of a unit file: {problem}", original.name);
            let finding = Diagnostic::new(codes::NOT_IMPORTED, message).at(original.whole(), "");
            import.diagnostics.push(match (help, drop_in) {
                (_, true) => {
                    finding.help("a drop-in lies in the directory UNIT.d of the unit that it is for")
                }
                (Some(help), false) => finding.help(help),
                (None, false) => finding,
            });
            return None;
        }
    }
    if let Some(place) = reordered(&read.assignments) {
        let message = format!("the order of sockets of different kinds in {} changes", original.name);
        import.diagnostics.push(
            Diagnostic::new(codes::NOT_CARRIED, message)
                .at(place, "comes after the others of its kind")
                .help("a service that counts its sockets gets them in another order"),
        );
    }
    let unit_name = if drop_in { folder.strip_suffix(".d").unwrap_or(folder) } else { name };
    let stem = unit_name.rsplit_once('.').map_or(unit_name, |(stem, _)| stem);
    let stem = stem.split('@').next().filter(|stem| !stem.is_empty()).unwrap_or(stem);
    // The root's own mount and slice.
    let stem = if stem == "-" { "root" } else { stem };
    let mut service = Service::new(import.service(original, stem)?, ANYWHERE);
    service.tables = tables(&file, read);
    Some(service)
}

/// What is wrong with a unit file or drop-in of this name (`api.service`, `api.service.d/x.conf`), whose text is `file`
/// in the findings' places. What the whole of it lacks is told at its beginning.
pub(crate) fn judge(
    name: &str,
    text: &str,
    unit: &Unit,
    file: FileId,
    os: &Os,
    hand: Option<&UnitsAtHand>,
) -> Vec<Diagnostic> {
    let (path, private) = (name.to_owned(), false);
    let original = Original { name: name.to_owned(), path, text: text.to_owned(), file, private };
    let read = read(&original, unit);
    review(name, original.whole(), &read.headers, &read.assignments, Some(os), hand).unwrap_or_default()
}

/// A file's sections and assignments with their places and the comments before them.
struct Read<'u> {
    headers: Vec<(String, Place)>,
    header_comments: Vec<Vec<String>>,
    assignments: Vec<Assignment<'u>>,
    assignment_comments: Vec<Vec<String>>,
    /// Comments behind everything.
    after: Vec<String>,
}

fn read<'u>(original: &Original, unit: &'u Unit) -> Read<'u> {
    let mut read = Read {
        headers: Vec::new(),
        header_comments: Vec::new(),
        assignments: Vec::new(),
        assignment_comments: Vec::new(),
        after: Vec::new(),
    };
    let mut entries = unit.entries().peekable();
    let mut sections = unit.sections();
    let mut pending = Vec::new();
    let mut continued = false;
    let mut start = 0;
    for (index, raw) in original.text.split('\n').enumerate() {
        let begin = start;
        start += raw.len() + 1;
        let text = raw.trim_start_matches('\u{feff}').trim_matches([' ', '\t', '\r']);
        let at = begin + raw.find(text).unwrap_or_default();
        if let Some(comment) = text.strip_prefix(['#', ';']) {
            match read.assignment_comments.last_mut() {
                Some(last) if continued => last.push(comment.to_owned()),
                _ => pending.push(comment.to_owned()),
            }
            continue;
        }
        let inside = continued;
        continued = continues(raw);
        if inside {
            continue;
        }
        if let Some(entry) = entries.next_if(|entry| entry.line as usize == index + 1) {
            read.assignments.push(placed(original, entry, text, at));
            read.assignment_comments.push(std::mem::take(&mut pending));
        } else if text.starts_with('[')
            && let Some(section) = sections.next()
        {
            read.headers.push((section.to_owned(), original.place(at, at + text.len())));
            read.header_comments.push(std::mem::take(&mut pending));
        }
    }
    read.after = pending;
    read
}

/// An assignment whose line `text` begins at an offset.
fn placed<'u>(original: &Original, entry: Entry<'u>, text: &str, at: usize) -> Assignment<'u> {
    let equals = text.find('=').unwrap_or(text.len());
    let behind = text.get(equals + 1..).unwrap_or_default();
    let value = at + (equals + 1).min(text.len()) + (behind.len() - behind.trim_start().len());
    let length = behind.trim().trim_end_matches('\\').trim_end().len();
    Assignment {
        entry,
        key: original.place(at, at + entry.key.len()),
        value: original.place(value, value + length),
    }
}

/// Keys whose order among each other is that of the file descriptors that a service gets.
const SOCKETS: &[&str] = &[
    "ListenDatagram",
    "ListenFIFO",
    "ListenMessageQueue",
    "ListenNetlink",
    "ListenSequentialPacket",
    "ListenSpecial",
    "ListenStream",
    "ListenUSBFunction",
];

/// The first socket that stands after one of another kind, although its own kind began before that.
fn reordered(assignments: &[Assignment<'_>]) -> Option<Place> {
    let mut seen: Vec<&str> = Vec::new();
    for assignment in assignments.iter().filter(|one| SOCKETS.contains(&one.entry.key)) {
        let key = assignment.entry.key;
        if seen.last() != Some(&key) {
            if seen.contains(&key) {
                return Some(assignment.value);
            }
            seen.push(key);
        }
    }
    None
}

/// A table per section; one that is opened twice is one.
fn tables(file: &str, read: Read<'_>) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for ((section, _), comments) in read.headers.into_iter().zip(read.header_comments) {
        let path = ["systemd".to_owned(), file.to_owned(), section];
        match tables.iter_mut().find(|table| table.path == path) {
            Some(known) => known.comments.extend(comments),
            None => tables.push(Table { path: path.into(), comments, ..Table::default() }),
        }
    }
    for (Assignment { entry, .. }, comments) in read.assignments.into_iter().zip(read.assignment_comments) {
        let section = |table: &&mut Table| table.path.last().is_some_and(|last| last == entry.section);
        let Some(table) = tables.iter_mut().find(section) else { continue };
        let Some(line) = table.lines.iter_mut().find(|line| line.key == entry.key) else {
            let value = Value::Text(entry.value.to_owned());
            table.lines.push(Line { comments, key: entry.key.to_owned(), value });
            continue;
        };
        line.comments.extend(comments);
        match &mut line.value {
            Value::List(items) => items.push(entry.value.to_owned()),
            Value::Text(first) => {
                line.value = Value::List(vec![std::mem::take(first), entry.value.to_owned()]);
            }
            Value::Flag(_) | Value::Number(_) | Value::Content(_) => {}
        }
    }
    if let Some(last) = tables.last_mut() {
        last.after = read.after;
    }
    // A file of comments alone is a unit all the same.
    if tables.is_empty() {
        tables.push(Table::new(&["systemd", file]));
    }
    tables
}
