//! What is wrong in a file of a known format, as its reader would have it, with places in its text. What the reader refuses
//! is an error; what it passes by, or takes for something else than is mostly meant, is a warning, since the file may be
//! foreign. Of init scripts and what they source only what is declared is judged here; `sh -n` judges the shell.

use crate::import::{login, systemd};
use crate::lower::systemd::{REFUSED, UnitsAtHand};
use cmc_types::env_file::{Dialect, EnvFile};
use cmc_types::file_format::{FileFormat, unit_file};
use cmc_types::init_script;
use cmc_types::login_conf::{self, System};
use cmc_types::small::{self, Problem};
use cmc_types::systemd::{Unit, UnitError, continues, refuses_unit};
use cmc_types::{Diagnostic, InitSystem, Os, ParseError, Place, Severity, Sources, UnixPath, codes};
use std::borrow::Cow;
use std::ops::Range;

/// Something wrong in a file.
pub(super) struct Judged {
    pub(super) code: codes::Code,
    pub(super) severity: Severity,
    /// Line, from 1.
    pub(super) line: u32,
    /// Columns in characters, from 1; the end is the first behind it.
    pub(super) columns: Range<u32>,
    /// What is wrong.
    pub(super) message: String,
    /// The same without words of the file, which may be secret.
    pub(super) plain: String,
    /// What is to be seen there.
    pub(super) label: String,
    /// What to do.
    pub(super) help: Option<String>,
    /// Whether that says nothing of the file's words.
    pub(super) plain_help: bool,
    /// Other places involved: line, columns, and what is to be seen there.
    pub(super) others: Vec<(u32, Range<u32>, String)>,
}

/// Judges a text by the format of its path.
pub(super) fn judge(
    format: FileFormat,
    path: &UnixPath,
    os: &Os,
    hand: Option<&UnitsAtHand>,
    text: &str,
) -> Vec<Judged> {
    match format {
        FileFormat::Small(format) => {
            small::check(format, text).into_iter().map(|problem| of_problem(path, problem)).collect()
        }
        FileFormat::Unit(_) => unit(path, os, hand, text),
        FileFormat::LoginConf(system) => login_conf(path, system, text),
        FileFormat::Env(dialect) => env(path, dialect, text),
        FileFormat::OpenbsdRc => {
            script(path, init_script::check_file(InitSystem::OpenbsdRc, path.file_name(), text))
        }
        FileFormat::FreebsdRc => {
            script(path, init_script::check_file(InitSystem::FreebsdRc, path.file_name(), text))
        }
        FileFormat::Openrc => {
            script(path, init_script::check_file(InitSystem::Openrc, path.file_name(), text))
        }
        FileFormat::ShellConf => script(path, init_script::check_conf(os.init(), text)),
    }
}

fn script(path: &UnixPath, problems: Vec<Problem>) -> Vec<Judged> {
    problems.into_iter().map(|problem| of_problem(path, problem)).collect()
}

fn code_of(severity: Severity) -> codes::Code {
    match severity {
        Severity::Error => codes::MALFORMED_FILE,
        Severity::Warning | Severity::Note => codes::DOUBTFUL_LINE,
    }
}

fn of_problem(path: &UnixPath, problem: Problem) -> Judged {
    Judged {
        code: code_of(problem.severity),
        severity: problem.severity,
        line: problem.line,
        columns: problem.columns.clone(),
        message: format!("{path}: {}", problem.message()),
        plain: format!("{path}: {}", problem.what),
        label: String::new(),
        plain_help: matches!(problem.help, Cow::Borrowed(_)),
        help: Some(problem.help.into_owned()),
        others: Vec::new(),
    }
}

/// A problem of a whole line.
pub(super) fn of_line(
    path: &UnixPath,
    text: &str,
    line: u32,
    severity: Severity,
    problem: &str,
    help: &str,
) -> Judged {
    let characters = text.split('\n').nth(line.saturating_sub(1) as usize).unwrap_or_default().chars();
    let message = format!("{path}: {problem}");
    Judged {
        code: code_of(severity),
        severity,
        line,
        columns: 1..u32::try_from(characters.count()).unwrap_or(u32::MAX).saturating_add(1),
        plain: message.clone(),
        message,
        label: String::new(),
        help: Some(help.to_owned()),
        plain_help: true,
        others: Vec::new(),
    }
}

/// The last line of a text, where something follows that is no text.
pub(super) fn no_text(path: &UnixPath, text: &str, what: &str) -> Judged {
    let line = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
    let problem = format!("{what} stands in the file");
    let help = "the file is text; cmc reads it up to there, and its own reader may do so, too";
    of_line(path, text, line, Severity::Warning, &problem, help)
}

/// Findings whose places are in the text itself.
fn of_findings(
    path: &UnixPath,
    text: &str,
    find: impl FnOnce(cmc_types::FileId) -> Vec<(Diagnostic, Severity)>,
) -> Vec<Judged> {
    let mut sources = Sources::default();
    let file = sources.add(path.as_str(), text);
    let at = |place: Place| {
        let start = sources.line_column(file, place.span.start);
        let end = sources.line_column(file, place.span.end);
        // A value that goes on in further lines is shown up to the end of its first.
        let line_end = sources.line_span(file, start.line).unwrap_or_default().end;
        let end =
            if end.line == start.line { end.column } else { sources.line_column(file, line_end).column };
        (start.line, start.column..end)
    };
    let judged = |(finding, severity): (Diagnostic, Severity)| {
        let (primary, label) = match &finding.primary {
            Some(label) => (at(label.place), label.text.clone()),
            None => ((1, 1..1), String::new()),
        };
        Judged {
            code: finding.code,
            severity,
            line: primary.0,
            columns: primary.1,
            plain: format!("{path}: a line is not what its reader takes ({})", finding.code),
            message: finding.message,
            label,
            help: finding.help,
            plain_help: false,
            others: finding
                .others
                .into_iter()
                .map(|other| {
                    let (line, columns) = at(other.place);
                    (line, columns, other.text)
                })
                .collect(),
        }
    };
    find(file).into_iter().map(judged).collect()
}

/// Lines that are neither of a unit's three kinds are told one by one, and the rest is read without them.
fn unit(path: &UnixPath, os: &Os, hand: Option<&UnitsAtHand>, text: &str) -> Vec<Judged> {
    let Some(name) = unit_file(path) else { return Vec::new() };
    let mut judged = Vec::new();
    let mut readable = Cow::Borrowed(text);
    let unit = loop {
        match Unit::parse(&readable) {
            Ok(unit) => break unit,
            Err(UnitError { line, problem }) => {
                // systemd gives up on the file where a header is malformed, and passes other lines by.
                let fatal = problem.contains("header") || problem.contains("1 MiB");
                let severity = if fatal { Severity::Error } else { Severity::Warning };
                let help = match fatal {
                    true => "systemd refuses the file",
                    false => "systemd passes the line by",
                };
                judged.push(of_line(path, text, line, severity, problem, help));
                let Some(rest) = without(&readable, line).filter(|_| !fatal && judged.len() < MOST) else {
                    return judged;
                };
                readable = Cow::Owned(rest);
            }
        }
    };
    judged.extend(of_findings(path, text, |file| {
        let found = systemd::judge(name, &readable, &unit, file, os, hand).into_iter();
        let weighed = |mut finding: Diagnostic| {
            let severity = severity(&finding, text);
            if finding.code == codes::REPEATED_DIRECTIVE {
                finding.help = Some("keep one: systemd takes the last".to_owned());
            }
            (finding, severity)
        };
        found.map(weighed).collect()
    }));
    judged
}

/// Lines of one file that are told to be no assignments.
const MOST: usize = 50;

/// The text with a line, and those that go on in it, made comments of the same length.
fn without(text: &str, line: u32) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut left_out = false;
    for (number, whole) in (1_u32..).zip(text.split_inclusive('\n')) {
        let raw = whole.strip_suffix('\n').unwrap_or(whole);
        if number == line || left_out {
            left_out = continues(raw);
            // A line of one byte at least: an empty one is never wrong.
            out.push('#');
            out.extend(std::iter::repeat_n(' ', raw.len().checked_sub(1)?));
            out.push_str(&whole[raw.len()..]);
        } else {
            out.push_str(whole);
        }
    }
    Some(out)
}

/// What systemd refuses a unit for is an error; other wrong lines it passes by with a warning.
fn severity(finding: &Diagnostic, text: &str) -> Severity {
    match finding.code {
        codes::INCOMPLETE_UNIT | codes::SEVERAL_COMMANDS | codes::UNIT_FILE_NAME => Severity::Error,
        codes::DIRECTIVE_VALUE => {
            let start = finding.primary.as_ref().map_or(0, |label| label.place.span.start);
            let begin = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
            let line = text.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
            let (key, value) = line.split_once('=').unwrap_or_default();
            let refused = finding.primary.as_ref().is_some_and(|label| label.text == REFUSED);
            match refused || refuses_unit(key.trim(), value) {
                true => finding.severity,
                false => finding.severity.min(Severity::Warning),
            }
        }
        codes::UNKNOWN_UNIT => finding.severity,
        _ => finding.severity.min(Severity::Warning),
    }
}

fn login_conf(path: &UnixPath, system: System, text: &str) -> Vec<Judged> {
    // What never applies, and classes in a circle.
    let mut problems = login_conf::judge(text, system);
    if path.parent() == "/etc/login.conf.d" {
        problems.extend(login_conf::misplaced(text, path.file_name()));
    }
    let (wrong, unread) = login::judge(text, system);
    problems.extend(unread);
    let mut judged: Vec<Judged> = problems.into_iter().map(|problem| of_problem(path, problem)).collect();
    judged.extend(of_findings(path, text, |file| {
        let weighed = |(mut finding, span): (Diagnostic, cmc_types::Span)| {
            let severity = match finding.code {
                codes::CAPABILITY_VALUE => Severity::Error,
                _ => Severity::Warning,
            };
            finding = finding.at(Place { file, span }, "");
            (finding, severity)
        };
        wrong.into_iter().map(weighed).collect()
    }));
    judged
}

fn env(path: &UnixPath, dialect: Dialect, text: &str) -> Vec<Judged> {
    match EnvFile::parse(dialect, text) {
        Ok(_) => Vec::new(),
        Err(error) => vec![of_parse(path, text, &error, "write NAME=VALUE, without `#` and blanks")],
    }
}

/// A parser's error.
fn of_parse(path: &UnixPath, text: &str, error: &ParseError, help: &str) -> Judged {
    of_line(path, text, error.line.unwrap_or(1), Severity::Warning, &error.problem, help)
}
