//! Configuration that an init script sources: FreeBSD's `rc.conf.d/NAME` and OpenRC's `conf.d/NAME`. Both are shell;
//! these hold only comments, assignments of fixed values, and the inclusion of an environment file.

use super::{Item, assignment, parse, plain};
use crate::{ParseError, Refused, UnixPath};
use serde::Serialize;

/// A line of a [`Conf`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum ConfLine {
    /// A comment without `# `.
    Comment(String),
    /// `NAME="VALUE"`.
    Assign {
        /// The variable.
        name: super::Identifier,
        /// The value.
        value: String,
    },
    /// Sources a file and exports every variable it sets: `set -a`, `. FILE`, `set +a`.
    Export(UnixPath),
}

/// A file that an init script sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Conf {
    /// Its lines, in order.
    pub lines: Vec<ConfLine>,
}

impl Conf {
    /// Prints the file.
    pub fn print(&self) -> Result<String, Refused> {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                ConfLine::Comment(comment) => {
                    super::single_line(comment, "the shell", "a comment")?;
                    text.push_str(&format!("# {comment}"));
                }
                ConfLine::Assign { name, value } => text.push_str(&assignment(name.as_str(), value)?),
                ConfLine::Export(path) => {
                    plain(path.as_str(), "the shell", "the path of the environment file")?;
                    text.push_str(&format!("set -a\n. {path}\nset +a"));
                }
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// Parses what [`Conf::print`] prints; other shell code is refused.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lines = Vec::new();
        let mut script = parse(text)?.into_iter().peekable();
        while let Some(line) = script.next() {
            let error = |problem: &str| {
                let expected = "comments, assignments of fixed values, and set -a, . FILE, set +a";
                ParseError::new(expected, problem).on_line(line.number)
            };
            match line.item {
                Item::Blank => return Err(error("an empty line")),
                Item::Comment(comment) => {
                    let comment = comment.strip_prefix(' ').ok_or_else(|| error("no blank after #"))?;
                    lines.push(ConfLine::Comment(comment.to_owned()));
                }
                Item::Assign { name, value } => {
                    lines.push(ConfLine::Assign { name: super::Identifier::parse(&name)?, value });
                }
                Item::Command(ref command) if command == "set -a" => {
                    let source = script.next().map(|line| line.item);
                    let end = script.next().map(|line| line.item);
                    match (source, end) {
                        (Some(Item::Command(source)), Some(Item::Command(end))) if end == "set +a" => {
                            let path =
                                source.strip_prefix(". ").ok_or_else(|| error("set -a without a file"))?;
                            lines.push(ConfLine::Export(UnixPath::parse(path)?));
                        }
                        _ => return Err(error("set -a without a file and set +a")),
                    }
                }
                Item::Command(_) | Item::Function { .. } => return Err(error("a command")),
            }
        }
        Ok(Self { lines })
    }
}
