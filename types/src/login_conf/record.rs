//! Records: printing and parsing.

use super::System;
use crate::{ParseError, Refused};
use serde::Serialize;

/// What a capability is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Setting {
    /// A boolean that is present.
    Present,
    /// Removed from what `tc=` brings: `cap@`.
    Removed,
    /// A value, before escaping.
    Value(String),
}

/// A login class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Name of the class.
    pub name: String,
    /// Capabilities in order; the first occurrence of a name wins.
    pub settings: Vec<(String, Setting)>,
    /// Classes whose capabilities follow (`tc=`).
    pub base: Vec<String>,
}

const NAME: &str = "a class is named by letters, digits and _ . -";

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '.'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

impl Record {
    /// What a capability of the record itself is set to: its first occurrence.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, setting)| setting)
    }

    /// Prints the record, a capability per line.
    pub fn print(&self, system: System) -> Result<String, Refused> {
        let dialect = system.name();
        if !is_name(&self.name) {
            return Err(Refused::rule(dialect, "the class name", NAME));
        }
        let mut text = format!("{}:", self.name);
        for (name, setting) in &self.settings {
            if !is_name(name) || name == "tc" {
                return Err(Refused::rule(
                    dialect,
                    "a capability's name",
                    "letters, digits and _ . - are allowed",
                ));
            }
            text.push_str(&format!("\\\n\t:{name}"));
            match setting {
                Setting::Present => {}
                Setting::Removed => text.push('@'),
                Setting::Value(value) => {
                    text.push('=');
                    escape(value, dialect, name, &mut text)?;
                }
            }
            text.push(':');
        }
        for base in &self.base {
            if !is_name(base) {
                return Err(Refused::rule(dialect, "tc", NAME));
            }
            text.push_str(&format!("\\\n\t:tc={base}:"));
        }
        text.push('\n');
        Ok(text)
    }
}

/// getcap(3) escapes.
fn escape(value: &str, dialect: &'static str, name: &str, out: &mut String) -> Result<(), Refused> {
    for c in value.chars() {
        match c {
            '\0' => return Err(Refused::character(dialect, name, c, "strings end at NUL")),
            ':' => out.push_str("\\c"),
            '\\' => out.push_str("\\\\"),
            '^' => out.push_str("\\^"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", u32::from(c))),
            c => out.push(c),
        }
    }
    Ok(())
}

/// Decodes as cgetstr(3) does.
pub(super) fn unescape(raw: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'^' => match rest.next() {
                Some(next) => bytes.push(next & 0o37),
                None => return Err("a ^ at the end"),
            },
            b'\\' => match rest.next() {
                Some(digit @ b'0'..=b'7') => {
                    let mut code = u32::from(digit - b'0');
                    for _ in 0..2 {
                        if let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                            code = code * 8 + u32::from(digit - b'0');
                        }
                    }
                    bytes.push((code & 0xff) as u8);
                }
                Some(b'b') => bytes.push(8),
                Some(b't') => bytes.push(b'\t'),
                Some(b'n') => bytes.push(b'\n'),
                Some(b'f') => bytes.push(12),
                Some(b'r') => bytes.push(b'\r'),
                Some(b'e' | b'E') => bytes.push(27),
                Some(b'c' | b'C') => bytes.push(b':'),
                Some(other) => bytes.push(other),
                None => return Err("a \\ at the end"),
            },
            other => bytes.push(other),
        }
    }
    if bytes.contains(&0) {
        return Err("NUL");
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8")
}

/// Parses every record of a file; comments and empty lines between them are skipped. A description after `|` is not
/// part of the model and refused, as is a capability after `tc=`, which would not count if the base sets it.
pub fn parse(text: &str) -> Result<Vec<Record>, ParseError> {
    let mut records = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let bad = |problem: &str| ParseError::new("a login.conf record", problem).on_line(number);
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let mut joined = line.to_owned();
        while joined.ends_with('\\') {
            joined.pop();
            let (_, next) = lines.next().ok_or_else(|| bad("the last line is continued"))?;
            joined.push_str(next);
        }
        records.push(record(&joined).map_err(bad)?);
    }
    Ok(records)
}

fn record(line: &str) -> Result<Record, &'static str> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| is_name(name)).ok_or("not a class name")?;
    let mut record = Record { name: name.to_owned(), settings: Vec::new(), base: Vec::new() };
    for field in fields {
        // What stands between a colon and the tab of the next line is an empty field.
        let field = field.trim_start_matches(['\t', ' ']);
        if field.is_empty() {
            continue;
        }
        let (name, setting) = match field.split_once('=') {
            Some(("tc", base)) => {
                record.base.push(base.to_owned());
                continue;
            }
            Some((name, value)) => (name, Setting::Value(unescape(value)?)),
            None => match field.strip_suffix('@') {
                Some(name) => (name, Setting::Removed),
                None => (field, Setting::Present),
            },
        };
        if !is_name(name) {
            return Err("not a capability's name");
        }
        if !record.base.is_empty() {
            return Err("a capability after tc=");
        }
        record.settings.push((name.to_owned(), setting));
    }
    Ok(record)
}
