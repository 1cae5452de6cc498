//! What a program said, by the patterns of its description.

use super::jobs::Job;
use super::judge::is_advice;
use crate::registry::pattern::Capture;
use crate::registry::{Level, Pattern};
use crate::sandbox::{Outcome, Response};
use cmc_types::Severity;

/// Findings of one run; more add nothing.
const MOST: usize = 100;
/// Characters of one message.
const LONGEST: usize = 1_000;
/// Where systemd's stage lies; host paths begin behind it.
const STAGE: &str = "/run/cmc/systemd";

/// What a program said about a place.
pub(super) struct Said {
    pub(super) severity: Severity,
    /// Index in `seen`; `None` if it is about no file of the tree.
    pub(super) file: Option<usize>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
    pub(super) message: String,
}

/// What most programs say of a place, for validators of the user's own. Counts only if the file is one of the tree's.
const COMMON_PATTERNS: &[Pattern] = &[
    Pattern { text: "{file}:{line}:{column}: {message}", level: Level::AsExit },
    Pattern { text: "{file}:{line}: {message}", level: Level::AsExit },
    Pattern { text: "{file}: line {line}: {message}", level: Level::AsExit },
    Pattern { text: "{_} in {file}:{line}: {message}", level: Level::AsExit },
];

/// The program's words, by the patterns of its description.
pub(super) fn listen(job: &Job<'_>, response: &Response) -> Vec<Said> {
    let program = job.tool.program();
    let patterns = program.map_or(COMMON_PATTERNS, |program| program.patterns);
    let ignored = program.map_or(&[][..], |program| program.ignored);
    let first_line = program.map_or(1, |program| program.first_line);
    let Outcome::Exited(code) = response.outcome else { return Vec::new() };
    let good = job.tool.means(code) == Some(true);
    let text = format!("{}\n{}", response.stderr, response.stdout);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let mut said: Vec<Said> = Vec::new();
    let mut refused = None;
    let mut at = 0;
    while at < lines.len() && said.len() < MOST {
        let Some((level, capture, taken)) = matched(patterns, &lines[at..]) else {
            at += 1;
            continue;
        };
        let left_out =
            lines[at..at + taken].iter().any(|line| ignored.iter().any(|part| line.contains(part)));
        at += taken;
        if left_out {
            refused.get_or_insert(lines[at - taken]);
            continue;
        }
        let mut capture = capture;
        let mut file = capture.file.as_deref().and_then(|name| find(job, name));
        if capture.file.is_none() && (capture.line.is_some() || capture.key.is_some()) {
            file = only(job);
        }
        if let Some(key) = &capture.key {
            capture.message = format!("{}: {key}", capture.message);
            if let Some((index, line)) = begins_with(job, file, key) {
                (file, capture.line) = (Some(index), Some(line));
            }
        }
        let severity = match level {
            _ if is_advice(job, file, &capture.message) => Severity::Warning,
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::AsExit if good => Severity::Warning,
            Level::AsExit => Severity::Error,
        };
        let elsewhere = capture.file.as_deref().filter(|_| file.is_none());
        if program.is_none() && file.is_none() {
            continue;
        }
        let line = capture.line.map(|line| line + 1 - first_line).filter(|_| file.is_some());
        let message = clean(&match elsewhere {
            Some(name) if capture.line.is_some() => {
                format!("{name}:{}: {}", capture.line.unwrap_or_default(), capture.message)
            }
            Some(name) => format!("{name}: {}", capture.message),
            None => capture.message,
        });
        let column = capture.column.filter(|_| file.is_some());
        if said.iter().all(|known| known.message != message || known.line != line || known.file != file) {
            said.push(Said { severity, file, line, column, message });
        }
    }
    // What was left out as said already may be all that says why it refuses the files.
    let passes_by = program.is_some_and(|program| !program.passed_by.is_empty());
    let errors = said.iter().any(|said| said.severity == Severity::Error);
    if let Some(line) = refused.filter(|_| passes_by && !errors) {
        let message = clean(line);
        said.push(Said { severity: Severity::Error, file: None, line: None, column: None, message });
    }
    said
}

/// The file that a program means that names none: the only one.
fn only(job: &Job<'_>) -> Option<usize> {
    match job.subjects.as_slice() {
        [subject] if !job.whole => Some(subject.seen),
        _ => None,
    }
}

/// The first line that begins with this word, in this file or else in any of those that were to be checked.
fn begins_with(job: &Job<'_>, file: Option<usize>, key: &str) -> Option<(usize, u32)> {
    let is_it = |line: &str| {
        let line = line.trim_start();
        line.get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key))
            && !line[key.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let files = job
        .subjects
        .iter()
        .map(|subject| subject.seen)
        .filter(|index| file.is_none_or(|file| file == *index));
    files.into_iter().find_map(|index| {
        let at = job.seen[index].text().lines().position(is_it)?;
        Some((index, u32::try_from(at).ok()? + 1))
    })
}

/// The first pattern that fits here, and how many lines it takes.
pub(super) fn matched(patterns: &[Pattern], lines: &[&str]) -> Option<(Level, Capture, usize)> {
    patterns.iter().find_map(|pattern| {
        let taken = pattern.lines();
        let text = lines.get(..taken)?.join("\n");
        if text.len() > 16_384 {
            return None;
        }
        Some((pattern.level, pattern.matches(&text)?, taken))
    })
}

/// The file of the tree that a program means: by its path, its copy's path, or the end of it.
fn find(job: &Job<'_>, name: &str) -> Option<usize> {
    let name = job.copies.iter().find(|(copy, _)| copy == name).map_or(name, |(_, subject)| subject);
    let name = name.strip_prefix(STAGE).unwrap_or(name);
    let exact = job.seen.iter().position(|file| file.path.as_str() == name);
    exact.or_else(|| {
        let ending = format!("/{name}");
        let mut found = job.seen.iter().enumerate().filter(|(_, file)| file.path.as_str().ends_with(&ending));
        match (found.next(), found.next()) {
            (Some((index, _)), None) if !name.starts_with('/') && !name.is_empty() => Some(index),
            _ => None,
        }
    })
}

/// Without the sandbox's own paths, control characters, and endless length.
pub(super) fn clean(message: &str) -> String {
    let message = message.replace(STAGE, "");
    let printable: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let printable = printable.trim();
    match printable.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &printable[..end]),
        None => printable.to_owned(),
    }
}
