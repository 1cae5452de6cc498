//! logrotate.conf and logrotate.d (logrotate(8)): directives for all logs, and entries of files with directives of their
//! own. Measured with logrotate 3.21, which leaves out an entry with a wrong value, and a line with an unknown word.

mod directive;
mod parse;
mod token;

pub use directive::{KEYWORDS, Keyword, Kind, keyword};

use super::lines::{File, Problem, verified};
use super::words::no_control;
use crate::Refused;
use serde::Serialize;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Entry {
    /// Directives of one line for all logs below.
    Global(Vec<Directive>),
    /// Logs with directives of their own.
    Logs(Logs),
}

/// Logs that are rotated alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Logs {
    /// Their paths: patterns of glob(7), `\` before a character that is meant itself.
    pub files: Vec<String>,
    /// What is done, in order; of two that contradict the later counts.
    pub directives: Vec<Directive>,
}

/// A directive with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Directive {
    /// Which one.
    #[serde(rename = "name", serialize_with = "named")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub keyword: &'static Keyword,
    /// What it is given.
    pub value: Value,
}

/// The value of a directive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Value {
    /// None.
    Nothing,
    /// A number, or a day of the week.
    Number(i64),
    /// Bytes.
    Bytes(u64),
    /// What a new file or directory is to be; what is missing is as with the log.
    Owner {
        /// Mode.
        mode: Option<u16>,
        /// Owner, by name or number.
        user: Option<String>,
        /// Group, likewise.
        group: Option<String>,
    },
    /// A user and a group, by name or number.
    Account {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// A path, or other text.
    Text(String),
    /// Lines of a shell, each with its line feed.
    Script(String),
}

/// A directive as its name.
fn named<S: serde::Serializer>(keyword: &&'static Keyword, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(keyword.name)
}

/// Reads a file.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    let mut seen = parse::Seen::new();
    super::lines::read_statements(text, parse::length, |reader| parse::statement(reader, &mut seen))
}

const FORMAT: &str = "a logrotate file";

impl Directive {
    fn print(&self) -> Result<String, Refused> {
        let name = self.keyword.name;
        Ok(match &self.value {
            Value::Nothing => name.to_owned(),
            Value::Number(number) => format!("{name} {number}"),
            Value::Bytes(bytes) => {
                let units = [(1 << 30, "G"), (1 << 20, "M"), (1 << 10, "k")];
                match units.iter().find(|(unit, _)| *bytes >= *unit && bytes % unit == 0) {
                    Some((unit, letter)) => format!("{name} {}{letter}", bytes / unit),
                    None => format!("{name} {bytes}"),
                }
            }
            Value::Owner { mode, user, group } => {
                let mode = mode.map(|mode| format!("{mode:04o}"));
                [Some(name.to_owned()), mode, user.clone(), group.clone()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            Value::Account { user, group } => format!("{name} {user} {group}"),
            Value::Text(text) => {
                no_control(FORMAT, name, text)?;
                format!("{name} {text}")
            }
            Value::Script(script) => format!("{name}\n{script}endscript"),
        })
    }
}

/// A path as the header of an entry has it.
fn quoted(path: &str) -> Result<String, Refused> {
    no_control(FORMAT, "a path", path)?;
    if let Some(brace) = path.chars().find(|c| matches!(c, '{' | '}')) {
        return Err(Refused::character(FORMAT, "a path", brace, "braces are around directives"));
    }
    let special = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '\\');
    Ok(path.chars().flat_map(|c| [special(c).then_some('\\'), Some(c)]).flatten().collect())
}

impl super::Entry for Entry {
    const FORMAT: &'static str = FORMAT;

    fn print(&self) -> Result<String, Refused> {
        let text = match self {
            Self::Global(directives) => {
                directives.iter().map(Directive::print).collect::<Result<Vec<_>, _>>()?.join(" ")
            }
            Self::Logs(logs) => {
                let files = logs.files.iter().map(|file| quoted(file)).collect::<Result<Vec<_>, _>>()?;
                let mut text = format!("{} {{\n", files.join(" "));
                for directive in &logs.directives {
                    // A script begins and ends on lines of its own, and keeps its bytes.
                    text.push_str(&format!("    {}\n", directive.print()?));
                }
                text + "}"
            }
        };
        verified(text, self, parse)
    }
}
