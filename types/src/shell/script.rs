//! A script as a list of comments, assignments, commands and functions, each with its line.

use super::is_identifier;
use super::words::{WordError, word};
use crate::ParseError;

/// One thing in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An empty line.
    Blank,
    /// A comment line without its `#`.
    Comment(String),
    /// `NAME=WORD` with a static word.
    Assign {
        /// The variable.
        name: String,
        /// The value, quotes removed.
        value: String,
    },
    /// A function; the body is what stands between the lines `NAME() {` and `}`.
    Function {
        /// The name.
        name: String,
        /// The lines of the body, each with its line break.
        body: String,
    },
    /// Any other line.
    Command(String),
}

/// An item and the line (from 1) that it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Line number, from 1.
    pub number: u32,
    /// What stands there.
    pub item: Item,
}

/// A script's lines.
pub type Script = Vec<Line>;

fn error(number: u32, problem: impl std::fmt::Display) -> ParseError {
    ParseError::new("a script of comments, assignments, functions and commands", problem.to_string())
        .on_line(number)
}

/// Parses a script. Functions are those whose `}` stands alone at the beginning of a line.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(error(text.lines().count() as u32, "the last line does not end"));
    }
    let mut script = Script::new();
    let mut rest = text;
    let mut number = 1;
    while let Some((line, after)) = rest.split_once('\n') {
        let (item, after) = item(number, line, rest, after)?;
        script.push(Line { number, item });
        number += rest[..rest.len() - after.len()].matches('\n').count() as u32;
        rest = after;
    }
    Ok(script)
}

fn item<'a>(number: u32, line: &str, rest: &'a str, after: &'a str) -> Result<(Item, &'a str), ParseError> {
    if line.is_empty() {
        return Ok((Item::Blank, after));
    }
    if let Some(comment) = line.strip_prefix('#') {
        return Ok((Item::Comment(comment.to_owned()), after));
    }
    if let Some(name) =
        line.strip_suffix("() {").or_else(|| line.strip_suffix("()")).filter(|name| is_identifier(name))
    {
        return function(number, name, line, after);
    }
    if let Some((name, _)) = line.split_once('=').filter(|(name, _)| is_identifier(name)) {
        match word(&rest[name.len() + 1..]) {
            Ok((value, behind)) => {
                if let Some(behind) = behind.strip_prefix('\n') {
                    return Ok((
                        Item::Assign { name: name.to_owned(), value: value.unwrap_or_default() },
                        behind,
                    ));
                }
            }
            Err(WordError::Active(_)) => {}
            Err(problem) => return Err(error(number, problem)),
        }
    }
    Ok((Item::Command(line.to_owned()), after))
}

fn function<'a>(number: u32, name: &str, line: &str, after: &'a str) -> Result<(Item, &'a str), ParseError> {
    let body = match line.ends_with('{') {
        true => after,
        false => after.strip_prefix("{\n").ok_or_else(|| error(number, "the function has no body"))?,
    };
    let (body, behind) = if let Some(behind) = body.strip_prefix("}\n") {
        ("", behind)
    } else {
        let (body, behind) =
            body.split_once("\n}\n").ok_or_else(|| error(number, "the function is not closed"))?;
        (body, behind)
    };
    let body = if body.is_empty() { String::new() } else { format!("{body}\n") };
    Ok((Item::Function { name: name.to_owned(), body }, behind))
}
