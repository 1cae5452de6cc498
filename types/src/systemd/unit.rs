//! Unit files as an ordered list, after systemd's `conf-parser.c`.
//!
//! What is parsed is kept verbatim, so a foreign file prints byte for byte; what is added prints as `Key=value`.

use super::encode::{EncodeError, carry};

/// systemd gives up on longer lines (bytes).
const LONGEST_LINE: usize = 1 << 20;

/// A unit file, drop-in or anything else in systemd's syntax.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A section's header; verbatim if it was not `[Name]`.
    Section { name: String, raw: Option<String> },
    /// An assignment; verbatim (perhaps several lines) if it was not `Key=value`.
    Assignment { key: String, value: String, raw: Option<String> },
    /// A comment or a blank line, verbatim.
    Other(String),
    /// The file does not end in a newline; only ever last.
    NoNewline,
}

/// An assignment of a unit, where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Section, without brackets.
    pub section: &'a str,
    /// Key.
    pub key: &'a str,
    /// Value: continuation lines joined, blanks at its ends removed, nothing else interpreted.
    pub value: &'a str,
    /// Line on which it begins, from 1.
    pub line: u32,
}

/// Why a text is no unit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    /// Line on which it is wrong, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl std::fmt::Display for UnitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for UnitError {}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a line ends in an odd number of backslashes: it goes on in the next one.
pub fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

impl Unit {
    /// A unit without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a unit file. What systemd would skip with a warning (no `=`, an assignment before any section, a
    /// malformed header) is an error.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let mut unit = Self::new();
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        if body.is_empty() {
            return Ok(unit);
        }
        let (body, complete) = match body.strip_suffix('\n') {
            Some(body) => (body, true),
            None => (body, false),
        };
        let mut logical: Option<Logical> = None;
        for (index, raw) in body.split('\n').enumerate() {
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let wrong = |problem| UnitError { line, problem };
            if raw.contains('\0') {
                return Err(wrong("the line holds a NUL character"));
            }
            if raw.len() > LONGEST_LINE {
                return Err(wrong("the line is longer than 1 MiB"));
            }
            let comment = raw.trim_start_matches(is_blank).starts_with(['#', ';']);
            if comment {
                // Skipped even inside a continuation, which then goes on.
                match &mut logical {
                    Some(logical) => logical.raw.push_line(raw),
                    None => unit.lines.push(Line::Other(raw.to_owned())),
                }
                continue;
            }
            let mut logical_line = logical.take().unwrap_or_else(|| Logical::at(line));
            logical_line.raw.push_line(raw);
            logical_line.text.push_str(raw);
            if logical_line.text.len() > LONGEST_LINE {
                return Err(wrong("the line is longer than 1 MiB"));
            }
            if continues(&logical_line.text) {
                logical_line.text.pop();
                logical_line.text.push(' ');
                logical = Some(logical_line);
            } else {
                unit.take(logical_line)?;
            }
        }
        if let Some(logical) = logical {
            unit.take(logical)?;
        }
        if !complete {
            unit.lines.push(Line::NoNewline);
        }
        Ok(unit)
    }

    fn take(&mut self, logical: Logical) -> Result<(), UnitError> {
        let wrong = |problem| UnitError { line: logical.line, problem };
        let raw = logical.raw.0.unwrap_or_default();
        let text = logical.text.trim_matches(is_blank);
        if text.is_empty() {
            self.lines.push(Line::Other(raw));
            return Ok(());
        }
        if let Some(rest) = text.strip_prefix('[') {
            let name =
                rest.strip_suffix(']').ok_or_else(|| wrong("the section header has no closing bracket"))?;
            if name.is_empty() || name.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '\\')) {
                return Err(wrong("the section has no proper name"));
            }
            let canonical = format!("[{name}]");
            self.lines.push(Line::Section { name: name.to_owned(), raw: (raw != canonical).then_some(raw) });
            return Ok(());
        }
        let (key, value) = text.split_once('=').ok_or_else(|| wrong("the line has no '='"))?;
        let (key, value) = (key.trim_end_matches(is_blank), value.trim_start_matches(is_blank));
        if key.is_empty() {
            return Err(wrong("there is no key before the '='"));
        }
        if !self.lines.iter().any(|line| matches!(line, Line::Section { .. })) {
            return Err(wrong("the assignment stands before any section"));
        }
        let canonical = format!("{key}={value}");
        self.lines.push(Line::Assignment {
            key: key.to_owned(),
            value: value.to_owned(),
            raw: (raw != canonical).then_some(raw),
        });
        Ok(())
    }

    /// Adds an assignment at the end of a section; a section that is not there yet is added after a blank line.
    /// Blanks at the ends of the value are dropped, as systemd drops them. Refused is a value that would change the
    /// structure of the file: NUL, CR, LF, or a backslash at the end.
    pub fn push(&mut self, section: &str, key: &str, value: &str) -> Result<(), EncodeError> {
        let value = value.trim_matches(is_blank);
        carry(value)?;
        if continues(value) {
            return Err(EncodeError::new('\\', "at the end of a value, where it would join the next line"));
        }
        let line = Line::Assignment { key: key.to_owned(), value: value.to_owned(), raw: None };
        let headers = |line: &Line| matches!(line, Line::Section { .. });
        let named = |line: &Line| matches!(line, Line::Section { name, .. } if name == section);
        if let Some(header) = self.lines.iter().rposition(named) {
            let after = &self.lines[header + 1..];
            let body = after.iter().position(headers).unwrap_or(after.len());
            let used = after[..body]
                .iter()
                .rposition(|line| !matches!(line, Line::Other(raw) if raw.trim().is_empty()))
                .map_or(0, |index| index + 1);
            self.lines.insert(header + 1 + used, line);
            return Ok(());
        }
        if !self.lines.is_empty() {
            self.lines.push(Line::Other(String::new()));
        }
        self.lines.push(Line::Section { name: section.to_owned(), raw: None });
        self.lines.push(line);
        Ok(())
    }

    /// Adds a comment line at the end; `text` without the `#`. Line breaks become blanks, a backslash at the end
    /// (which older parsers take for a continuation) is set apart.
    pub fn comment(&mut self, text: &str) {
        let mut line = format!("# {}", text.replace(['\n', '\r', '\0'], " "));
        if continues(&line) {
            line.push('.');
        }
        self.lines.push(Line::Other(line));
    }

    /// The assignments, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut section = "";
        let mut next = 1_u32;
        self.lines.iter().filter_map(move |item| {
            let line = next;
            next = next.saturating_add(item.height());
            match item {
                Line::Section { name, .. } => {
                    section = name;
                    None
                }
                Line::Assignment { key, value, .. } => Some(Entry { section, key, value, line }),
                Line::Other(_) | Line::NoNewline => None,
            }
        })
    }

    /// The values of a key in a section, in order.
    pub fn values<'a>(&'a self, section: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries()
            .filter(move |entry| entry.section == section && entry.key == key)
            .map(|entry| entry.value)
    }

    /// The last value of a key in a section: what a directive that is no list has.
    pub fn last<'a>(&'a self, section: &'a str, key: &'a str) -> Option<&'a str> {
        self.values(section, key).last()
    }

    /// Names of the sections, in order; one that is opened twice is there twice.
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match line {
            Line::Section { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Prints the file.
    pub fn print(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            match line {
                Line::Section { name, raw } => match raw {
                    Some(raw) => out.push_str(raw),
                    None => {
                        out.push('[');
                        out.push_str(name);
                        out.push(']');
                    }
                },
                Line::Assignment { key, value, raw } => match raw {
                    Some(raw) => out.push_str(raw),
                    None => {
                        out.push_str(key);
                        out.push('=');
                        out.push_str(value);
                    }
                },
                Line::Other(raw) => out.push_str(raw),
                Line::NoNewline => {
                    out.pop();
                    continue;
                }
            }
            out.push('\n');
        }
        out
    }
}

impl Line {
    /// How many lines it takes in the file.
    fn height(&self) -> u32 {
        let raw = match self {
            Self::Section { raw, .. } | Self::Assignment { raw, .. } => raw.as_deref().unwrap_or_default(),
            Self::Other(raw) => raw,
            Self::NoNewline => return 0,
        };
        u32::try_from(raw.bytes().filter(|b| *b == b'\n').count() + 1).unwrap_or(u32::MAX)
    }
}

/// A line with its continuations: as written, and joined.
struct Logical {
    line: u32,
    raw: Raw,
    text: String,
}

impl Logical {
    fn at(line: u32) -> Self {
        Self { line, raw: Raw(None), text: String::new() }
    }
}

struct Raw(Option<String>);

impl Raw {
    fn push_line(&mut self, line: &str) {
        match &mut self.0 {
            Some(raw) => {
                raw.push('\n');
                raw.push_str(line);
            }
            None => self.0 = Some(line.to_owned()),
        }
    }
}
