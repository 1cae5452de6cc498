//! Files of known formats (`cmc_types::file_format`), checked as they are rendered, without running a program: what their
//! readers would refuse or silently pass by, at the line that people wrote.

mod judge;

use crate::files::source::{Payloads, Text};
use crate::lower::systemd::UnitsAtHand;
use crate::world::World;
use cmc_types::check::FileKind;
use cmc_types::file_format::{FileFormat, format_of};
use cmc_types::plan::{Checks, Content, Format, PlannedFile, rendered, written};
use cmc_types::{Diagnostic, FileId, Label, Os, Place, Severity, Span, UnixPath, codes};
use judge::Judged;

/// More problems of one file are only counted.
const SHOWN: usize = 50;
/// Copied files beyond this size, in bytes, are no such files.
const LARGEST: u64 = 1 << 20;

/// Reports what is wrong in a file, if its path says what it is and its definition does not say to leave it.
/// `hand` are the units of the host, if all of them are known.
pub(crate) fn check(
    world: &World,
    host: usize,
    payloads: &Payloads,
    hand: Option<&UnitsAtHand>,
    file: &PlannedFile,
    key: Place,
) {
    let path = &file.entry.path;
    if !matches!(file.entry.kind, FileKind::File | FileKind::Block)
        || matches!(file.checks, Checks::Off { .. })
    {
        return;
    }
    let os = &world.fleet.hosts[host].os;
    let Some(found) = format_of(path, os) else { return };
    // Of other formats lines alone say nothing.
    let by_line = matches!(
        found.format,
        FileFormat::Small(_) | FileFormat::Env(_) | FileFormat::LoginConf(_) | FileFormat::ShellConf
    );
    if file.entry.kind == FileKind::Block && !by_line {
        return;
    }
    let copied = match &file.content {
        Content::Source { path, .. } => payloads.text(path, LARGEST),
        Content::Bytes(_) | Content::None => None,
    };
    let text = match (&file.content, &copied) {
        (Content::Bytes(bytes), _) => std::str::from_utf8(bytes).ok(),
        (_, Some(Text::Whole(text) | Text::Upto(text, _))) => Some(&**text),
        _ => None,
    };
    let own_mode = file.entry.mode.filter(|_| file.entry.kind == FileKind::File);
    let by_mode = own_mode.and_then(|mode| found.format.unread_with(mode));
    let unread = found.unread.or(by_mode);
    // What says nothing to a program need not be read by one.
    if let Some(unread) = unread.filter(|_| text.is_none_or(says_something)) {
        let message = match unread.severity {
            Severity::Note => format!("{:?}: {}", path.as_str(), unread.why),
            _ => format!("nothing reads {:?}: {}", path.as_str(), unread.why),
        };
        let mut diagnostic = Diagnostic::new(codes::FILE_NOT_READ, message).at(key, "").help(unread.help);
        diagnostic.severity = unread.severity;
        world.report_on(host, diagnostic);
    }
    // Words that nothing reads are not wrong.
    if found.unread.is_some_and(|unread| unread.severity == Severity::Error) {
        return;
    }
    let Some(text) = text else { return };
    let stands_in = file.tainted && world.has_dummies();
    if stands_in && file.format == Format::Secret {
        return;
    }
    let mut problems = judge::judge(found.format, path, os, hand, text);
    if let Some(Text::Upto(_, what)) = copied {
        problems.push(judge::no_text(path, text, what));
    }
    // What stands in for a secret says nothing of it: the line is judged when the real value is at hand.
    problems.retain(|problem| !stands_in || file.provenance.line(problem.line).1.is_empty());
    let more = problems.len().saturating_sub(SHOWN);
    for problem in problems.into_iter().take(SHOWN) {
        world.report_on(host, diagnostic(world, host, file, text, problem));
    }
    if more > 0 {
        let message = format!("{:?} has {more} more mistakes", path.as_str());
        world.report_on(host, Diagnostic::new(codes::MALFORMED_FILE, message).at(key, ""));
    }
}

/// What is wrong in a text by itself, whose places are in `file`.
pub(crate) fn of_text(
    format: FileFormat,
    path: &UnixPath,
    os: &Os,
    text: &str,
    file: FileId,
) -> Vec<Diagnostic> {
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
    let place = |line: u32, columns: &std::ops::Range<u32>| {
        let start = starts.get(line.saturating_sub(1) as usize).copied().unwrap_or_default();
        let word = bytes(text, line, columns);
        Place { file, span: Span::new(start + word.start, start + word.end) }
    };
    let diagnostic = |problem: Judged| {
        let mut diagnostic = Diagnostic::new(problem.code, problem.message)
            .at(place(problem.line, &problem.columns), problem.label);
        diagnostic.severity = problem.severity;
        diagnostic.help = problem.help;
        for (line, columns, label) in &problem.others {
            diagnostic = diagnostic.with(place(*line, columns), label.as_str());
        }
        diagnostic
    };
    judge::judge(format, path, os, None, text).into_iter().map(diagnostic).collect()
}

/// Whether any line is neither blank nor a comment.
fn says_something(text: &str) -> bool {
    text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']))
}

/// The bytes of a line's columns, which count characters from 1.
fn bytes(text: &str, line: u32, columns: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    let line = text.split('\n').nth(line.saturating_sub(1) as usize).unwrap_or_default();
    let byte = |column: u32| {
        let mut bytes = line.char_indices().skip(column.saturating_sub(1) as usize);
        bytes.next().map_or(line.len(), |(byte, _)| byte)
    };
    byte(columns.start)..byte(columns.end)
}

/// A problem at the line of the copied file, of the template, or of the text in a definition, with the rendered line
/// beside it. No word of a file that holds a secret is repeated.
fn diagnostic(world: &World, host: usize, file: &PlannedFile, text: &str, problem: Judged) -> Diagnostic {
    let said = if file.tainted { &problem.plain } else { &problem.message };
    let mut diagnostic = Diagnostic::new(problem.code, said.as_str());
    diagnostic.severity = problem.severity;
    diagnostic.help = problem.help.filter(|_| !file.tainted || problem.plain_help);
    let mut sources = world.sources();
    if let Content::Source { path, .. } = &file.content {
        let source = sources.find(path).unwrap_or_else(|| sources.add(path.as_str(), text));
        let place = |line: u32, columns: &std::ops::Range<u32>| {
            let start = sources.line_span(source, line).unwrap_or_default().start;
            let word = bytes(text, line, columns);
            Place { file: source, span: Span::new(start + word.start, start + word.end) }
        };
        diagnostic = diagnostic.at(place(problem.line, &problem.columns), problem.label);
        for (line, columns, label) in &problem.others {
            diagnostic = diagnostic.with(place(*line, columns), label.as_str());
        }
        return diagnostic;
    }
    let word = bytes(text, problem.line, &problem.columns);
    let line = text.split('\n').nth(problem.line.saturating_sub(1) as usize).unwrap_or_default();
    let column = (!file.tainted).then_some(problem.columns.start);
    let mut labels = written(file, Some(problem.line), column, &sources);
    if let (false, Content::Bytes(bytes)) = (file.tainted, &file.content) {
        let name = format!("{}:{}", world.fleet.hosts[host].name, file.entry.path);
        let label = rendered(&name, bytes, problem.line, column, &mut sources);
        labels.extend(label.map(|Label { place, text }| (place, text)));
    }
    for (mut place, text) in labels {
        // A copy of the line is shown up to where the wrong word ends.
        let Place { file, span } = place;
        let shown = sources.text(file).get(span.start..span.end).unwrap_or_default();
        if !word.is_empty() && column.is_some() && shown.starts_with(&line[word.clone()]) {
            place.span.end = span.start + word.len();
        }
        diagnostic = match diagnostic.primary {
            None => diagnostic.at(place, text),
            Some(_) => diagnostic.with(place, text),
        };
    }
    diagnostic
}
