//! Unit files as an ordered list, after systemd's `conf-parser.c`.
//!
//! What is parsed is kept verbatim, so a foreign file prints byte for byte; what is added prints as `Key=value`.

use super::encode::{EncodeError, carry};
use std::ops::Range;

/// systemd gives up on longer lines (bytes).
const LONGEST_LINE: usize = 1 << 20;

/// A unit file, drop-in or anything else in systemd's syntax.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// What the lines are places of: the file that was parsed, then what was joined or added.
    text: String,
    lines: Vec<Line>,
}

/// A line with its continuations.
#[derive(Debug, Clone)]
struct Line {
    /// As it stands in the file, without the newline at its end.
    raw: Range<usize>,
    /// How many lines of the file it takes.
    height: u32,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// A section's header, and the name in it.
    Section(Range<usize>),
    /// An assignment.
    Assignment { key: Range<usize>, value: Range<usize> },
    /// A comment or a blank line.
    Other,
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
        // Both in one pass without branches, which goes over many bytes at once.
        let (feeds, zeros) = body.bytes().fold((0, 0), |(feeds, zeros), byte| {
            (feeds + usize::from(byte == b'\n'), zeros + usize::from(byte == 0))
        });
        unit.lines.reserve(feeds + 2);
        unit.text.push_str(body);
        let mut opened = false;
        let mut logical: Option<Logical> = None;
        let mut next = 0;
        for (index, raw) in body.split('\n').enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let wrong = |problem| UnitError { line: number, problem };
            let place = next..next + raw.len();
            next = place.end + 1;
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
                Some(logical) if comment => logical.extend(place.end),
                None if comment => unit.lines.push(Line { raw: place, height: 1, kind: Kind::Other }),
                // Nearly every line stands for itself.
                None if !continues(raw) => {
                    let kind = split(raw, place.start, &mut opened).map_err(wrong)?;
                    unit.lines.push(Line { raw: place, height: 1, kind });
                }
                _ => {
                    let mut joined = logical.take().unwrap_or_else(|| Logical::at(number, place.start));
                    joined.extend(place.end);
                    joined.text.push_str(raw);
                    if joined.text.len() > LONGEST_LINE {
                        return Err(wrong("the line is longer than 1 MiB"));
                    }
                    if continues(&joined.text) {
                        joined.text.pop();
                        joined.text.push(' ');
                        logical = Some(joined);
                    } else {
                        unit.join(joined, &mut opened)?;
                    }
                }
            }
        }
        if let Some(logical) = logical {
            unit.join(logical, &mut opened)?;
        }
        if !complete {
            let end = unit.text.len();
            unit.lines.push(Line { raw: end..end, height: 0, kind: Kind::NoNewline });
        }
        Ok(unit)
    }

    /// Takes a line that was continued.
    fn join(&mut self, logical: Logical, opened: &mut bool) -> Result<(), UnitError> {
        let Logical { line, raw, height, text } = logical;
        let kind = split(&text, self.text.len(), opened).map_err(|problem| UnitError { line, problem })?;
        self.text.push_str(&text);
        self.lines.push(Line { raw, height, kind });
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
        let named =
            |line: &Line| matches!(&line.kind, Kind::Section(name) if self.text[name.clone()] == *section);
        let header = self.lines.iter().rposition(named);
        let place = header.map(|header| {
            let after = &self.lines[header + 1..];
            let body = after.iter().position(|line| matches!(line.kind, Kind::Section(_)));
            let blank = |line: &Line| {
                matches!(line.kind, Kind::Other) && self.text[line.raw.clone()].trim().is_empty()
            };
            let used = after[..body.unwrap_or(after.len())].iter().rposition(|line| !blank(line));
            header + 1 + used.map_or(0, |index| index + 1)
        });
        if header.is_none() {
            if !self.lines.is_empty() {
                self.add("", Kind::Other);
            }
            let name = self.text.len() + 1..self.text.len() + 1 + section.len();
            self.add(&format!("[{section}]"), Kind::Section(name));
        }
        let start = self.text.len();
        let equals = start + key.len();
        let kind = Kind::Assignment { key: start..equals, value: equals + 1..equals + 1 + value.len() };
        self.add(&format!("{key}={value}"), kind);
        if let Some(place) = place {
            self.lines[place..].rotate_right(1);
        }
        Ok(())
    }

    /// Adds a comment line at the end; `text` without the `#`. Line breaks become blanks, a backslash at the end
    /// (which older parsers take for a continuation) is set apart.
    pub fn comment(&mut self, text: &str) {
        let mut line = format!("# {}", text.replace(['\n', '\r', '\0'], " "));
        if continues(&line) {
            line.push('.');
        }
        self.add(&line, Kind::Other);
    }

    /// Adds a line at the end.
    fn add(&mut self, line: &str, kind: Kind) {
        let start = self.text.len();
        self.text.push_str(line);
        self.lines.push(Line { raw: start..self.text.len(), height: 1, kind });
    }

    /// The assignments, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut section = "";
        let mut next = 1_u32;
        self.lines.iter().filter_map(move |item| {
            let line = next;
            next = next.saturating_add(item.height);
            match &item.kind {
                Kind::Section(name) => {
                    section = &self.text[name.clone()];
                    None
                }
                Kind::Assignment { key, value } => {
                    let (key, value) = (&self.text[key.clone()], &self.text[value.clone()]);
                    Some(Entry { section, key, value, line })
                }
                Kind::Other | Kind::NoNewline => None,
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
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Section(name) => Some(&self.text[name.clone()]),
            _ => None,
        })
    }

    /// Prints the file.
    pub fn print(&self) -> String {
        let mut out = String::with_capacity(self.lines.iter().map(|line| line.raw.len() + 1).sum());
        for line in &self.lines {
            if matches!(line.kind, Kind::NoNewline) {
                out.pop();
            } else {
                out.push_str(&self.text[line.raw.clone()]);
                out.push('\n');
            }
        }
        out
    }
}

/// What is printed is all that a unit is.
impl PartialEq for Unit {
    fn eq(&self, other: &Self) -> bool {
        self.print() == other.print()
    }
}

impl Eq for Unit {}

/// What a line is, its continuations joined; `start`: where it will stand in the unit's text, `opened`: a section has
/// begun.
fn split(line: &str, start: usize, opened: &mut bool) -> Result<Kind, &'static str> {
    let text = line.trim_start_matches(is_blank);
    let start = start + line.len() - text.len();
    let text = text.trim_end_matches(is_blank);
    if text.is_empty() {
        return Ok(Kind::Other);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let name = rest.strip_suffix(']').ok_or("the section header has no closing bracket")?;
        if name.is_empty() || name.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '\\')) {
            return Err("the section has no proper name");
        }
        *opened = true;
        return Ok(Kind::Section(start + 1..start + 1 + name.len()));
    }
    let equals = text.bytes().position(|byte| byte == b'=').ok_or("the line has no '='")?;
    let key = text[..equals].trim_end_matches(is_blank);
    let value = text[equals + 1..].trim_start_matches(is_blank);
    if key.is_empty() {
        return Err("there is no key before the '='");
    }
    if !*opened {
        return Err("the assignment stands before any section");
    }
    let end = start + text.len();
    Ok(Kind::Assignment { key: start..start + key.len(), value: end - value.len()..end })
}

/// A line that goes on: where it stands, and its continuations joined.
struct Logical {
    line: u32,
    raw: Range<usize>,
    height: u32,
    text: String,
}

impl Logical {
    fn at(line: u32, start: usize) -> Self {
        Self { line, raw: start..start, height: 0, text: String::new() }
    }

    /// Takes the next line of the file, which ends there.
    fn extend(&mut self, end: usize) {
        self.raw.end = end;
        self.height = self.height.saturating_add(1);
    }
}
