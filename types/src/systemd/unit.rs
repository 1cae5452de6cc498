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
    /// An assignment.
    Assignment(Assignment),
    /// A comment or a blank line, verbatim.
    Other(String),
    /// The file does not end in a newline; only ever last.
    NoNewline,
}

/// `Key=value`, in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    text: String,
    /// Bytes of the key.
    key: usize,
    /// Verbatim (perhaps several lines) if it was written otherwise.
    raw: Option<String>,
}

impl Assignment {
    fn new(key: &str, value: &str) -> Self {
        let mut text = String::with_capacity(key.len() + 1 + value.len());
        text.push_str(key);
        text.push('=');
        text.push_str(value);
        Self { text, key: key.len(), raw: None }
    }

    fn key(&self) -> &str {
        &self.text[..self.key]
    }

    fn value(&self) -> &str {
        &self.text[self.key + 1..]
    }
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
        // Both in one pass without branches, which goes over many bytes at once.
        let (feeds, zeros) = body.bytes().fold((0, 0), |(feeds, zeros), byte| {
            (feeds + usize::from(byte == b'\n'), zeros + usize::from(byte == 0))
        });
        unit.lines.reserve(feeds + 2);
        let mut opened = false;
        let mut logical: Option<Logical> = None;
        for (index, raw) in body.split('\n').enumerate() {
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let wrong = |problem| UnitError { line, problem };
            if zeros > 0 && raw.contains('\0') {
                return Err(wrong("the line holds a NUL character"));
            }
            if raw.len() > LONGEST_LINE {
                return Err(wrong("the line is longer than 1 MiB"));
            }
            let first = raw.bytes().find(|byte| !is_blank(char::from(*byte)));
            let comment = matches!(first, Some(b'#' | b';'));
            match &mut logical {
                // Skipped even inside a continuation, which then goes on.
                Some(logical) if comment => logical.push_raw(raw),
                None if comment => unit.lines.push(Line::Other(raw.to_owned())),
                // Nearly every line stands for itself.
                None if !continues(raw) => unit.take(line, raw, raw, &mut opened)?,
                _ => {
                    let mut joined = logical.take().unwrap_or_else(|| Logical::at(line));
                    joined.push_raw(raw);
                    joined.text.push_str(raw);
                    if joined.text.len() > LONGEST_LINE {
                        return Err(wrong("the line is longer than 1 MiB"));
                    }
                    if continues(&joined.text) {
                        joined.text.pop();
                        joined.text.push(' ');
                        logical = Some(joined);
                    } else {
                        unit.take(joined.line, &joined.raw, &joined.text, &mut opened)?;
                    }
                }
            }
        }
        if let Some(Logical { line, raw, text }) = logical {
            unit.take(line, &raw, &text, &mut opened)?;
        }
        if !complete {
            unit.lines.push(Line::NoNewline);
        }
        Ok(unit)
    }

    /// Takes a line, as written and with its continuations joined; `opened`: a section has begun.
    fn take(&mut self, line: u32, raw: &str, text: &str, opened: &mut bool) -> Result<(), UnitError> {
        let wrong = |problem| UnitError { line, problem };
        let text = text.trim_matches(is_blank);
        if text.is_empty() {
            self.lines.push(Line::Other(raw.to_owned()));
            return Ok(());
        }
        if let Some(rest) = text.strip_prefix('[') {
            let name =
                rest.strip_suffix(']').ok_or_else(|| wrong("the section header has no closing bracket"))?;
            if name.is_empty() || name.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '\\')) {
                return Err(wrong("the section has no proper name"));
            }
            *opened = true;
            self.lines
                .push(Line::Section { name: name.to_owned(), raw: (raw != text).then(|| raw.to_owned()) });
            return Ok(());
        }
        let equals =
            text.bytes().position(|byte| byte == b'=').ok_or_else(|| wrong("the line has no '='"))?;
        let key = text[..equals].trim_end_matches(is_blank);
        let value = text[equals + 1..].trim_start_matches(is_blank);
        if key.is_empty() {
            return Err(wrong("there is no key before the '='"));
        }
        if !*opened {
            return Err(wrong("the assignment stands before any section"));
        }
        let mut assignment = Assignment::new(key, value);
        if raw != assignment.text {
            assignment.raw = Some(raw.to_owned());
        }
        self.lines.push(Line::Assignment(assignment));
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
        let line = Line::Assignment(Assignment::new(key, value));
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
                Line::Assignment(assignment) => {
                    Some(Entry { section, key: assignment.key(), value: assignment.value(), line })
                }
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
        let mut out = String::with_capacity(self.lines.iter().map(Line::length).sum());
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
                Line::Assignment(Assignment { text, raw, .. }) => out.push_str(raw.as_ref().unwrap_or(text)),
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
    /// How many bytes it takes in the file, at most.
    fn length(&self) -> usize {
        match self {
            Self::Section { name, raw } => raw.as_ref().map_or(name.len() + 2, String::len) + 1,
            Self::Assignment(assignment) => assignment.raw.as_ref().unwrap_or(&assignment.text).len() + 1,
            Self::Other(raw) => raw.len() + 1,
            Self::NoNewline => 0,
        }
    }

    /// How many lines it takes in the file.
    fn height(&self) -> u32 {
        let raw = match self {
            Self::Section { raw, .. } | Self::Assignment(Assignment { raw, .. }) => {
                raw.as_deref().unwrap_or_default()
            }
            Self::Other(raw) => raw,
            Self::NoNewline => return 0,
        };
        u32::try_from(raw.bytes().filter(|b| *b == b'\n').count() + 1).unwrap_or(u32::MAX)
    }
}

/// A line with its continuations: as written, and joined.
struct Logical {
    line: u32,
    raw: String,
    text: String,
}

impl Logical {
    fn at(line: u32) -> Self {
        Self { line, raw: String::new(), text: String::new() }
    }

    fn push_raw(&mut self, line: &str) {
        if !self.raw.is_empty() {
            self.raw.push('\n');
        }
        self.raw.push_str(line);
    }
}
