//! `/etc/default` and its like: variables that init scripts and units read, in the shell's syntax. What is more than
//! assignments of fixed values is the shell's, is kept verbatim, and is judged only where it is hardly meant.

use super::lines::{File, Problem, Reader, first_line, verified};
use crate::shell::{self, WordError};
use crate::{EnvName, Refused};
use serde::Serialize;
use std::ops::Range;

/// An assignment of a fixed value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Whether `export` stands before it.
    pub exported: bool,
    /// The variable.
    pub name: EnvName,
    /// Its value, without quotes.
    pub value: String,
}

/// Reads a file.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    super::lines::read_statements(text, length, entry)
}

/// Whether a file is assignments of fixed values and comments alone.
pub fn is_plain(text: &str) -> bool {
    shell(text).is_none()
}

/// The first line, from 1, that is neither an assignment of a fixed value nor a comment.
pub fn shell(text: &str) -> Option<u32> {
    let plain = |text: &str| text.trim().is_empty() || text.trim_start().starts_with('#');
    let mut number = 1;
    for line in parse(text).0.lines() {
        if line.entry.is_none() && !plain(&line.text) {
            return Some(number);
        }
        number += u32::try_from(line.text.matches('\n').count()).unwrap_or(u32::MAX - 1) + 1;
    }
    None
}

/// What a line begins with, if it is an assignment.
struct Begin<'t> {
    exported: bool,
    name: &'t str,
    /// Where the value begins.
    value: usize,
    /// Whether blanks stand before the `=`.
    apart: Option<Range<usize>>,
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn begin(line: &str) -> Option<Begin<'_>> {
    let mut at = line.len() - line.trim_start_matches(is_blank).len();
    let exported = line[at..].strip_prefix("export").is_some_and(|rest| rest.starts_with(is_blank));
    if exported {
        at += "export".len();
        at += line[at..].len() - line[at..].trim_start_matches(is_blank).len();
    }
    let length = line[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len() - at);
    let name = &line[at..at + length];
    if !shell::is_identifier(name) {
        return None;
    }
    let rest = &line[at + length..];
    let equals = rest.trim_start_matches(is_blank);
    let blanks = rest.len() - equals.len();
    // `==` is a comparison.
    equals.strip_prefix('=').filter(|rest| !rest.starts_with('='))?;
    let value = at + length + blanks + 1;
    Some(Begin { exported, name, value, apart: (blanks > 0).then_some(at + length..value) })
}

/// The bytes of the first statement: a line, and those that its value goes on in.
fn length(text: &str) -> usize {
    let line = first_line(text);
    let Some(begin) = begin(&text[..line]).filter(|begin| begin.apart.is_none()) else { return line };
    match shell::word(&text[begin.value..]) {
        Ok((_, rest)) => {
            let end = text.len() - rest.len();
            end + first_line(rest)
        }
        Err(_) => line,
    }
}

fn entry(reader: &mut Reader<'_>) -> Option<Entry> {
    let text = reader.text;
    if text.ends_with('\r') {
        let help = "write the file with line feeds alone: the carriage return would be a part of the value";
        reader.error_of_line("the line ends in a carriage return, as on Windows", help);
        return None;
    }
    let Begin { exported, name, value, apart } = begin(text)?;
    if let Some(bytes) = apart {
        let help = "the shell would run a program named so: write `NAME=VALUE` without blanks";
        reader.error(bytes, "a blank stands before the `=`", help);
        return None;
    }
    let (word, rest) = match shell::word(&text[value..]) {
        Ok(found) => found,
        Err(WordError::Unclosed(quote)) => {
            let at = text[value..].find(quote).map_or(value, |at| value + at);
            reader.error(
                at..text.len(),
                "the quote is not closed",
                "close it: the shell reads no line behind it",
            );
            return None;
        }
        // The shell expands something, or runs it.
        Err(_) => return None,
    };
    let behind = rest.trim_start_matches(is_blank);
    if !behind.is_empty() && !behind.starts_with('#') && !exported {
        let at = text.len() - behind.len();
        // Several assignments, or a program that the variable is for alone.
        if begin(behind).is_none() {
            let help = "the shell runs it as a program: quote the whole value";
            reader.warning(at..text.len(), "something stands behind the value", help);
        }
        return None;
    }
    if !behind.is_empty() && exported {
        return None;
    }
    let name = EnvName::parse(name).ok()?;
    Some(Entry { exported, name, value: word.unwrap_or_default() })
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a file of variables";

    fn print(&self) -> Result<String, Refused> {
        let export = if self.exported { "export " } else { "" };
        let value =
            shell::quote(&self.value).map_err(|refused| refused.of(format!("variable {}", self.name)))?;
        verified(format!("{export}{}={value}", self.name), self, parse)
    }
}
