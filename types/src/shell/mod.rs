//! The part of the POSIX shell language (XCU 2.2, 2.9.5) that init scripts and their configuration are written in:
//! quoting, static words, assignments, functions. It expands and runs nothing; what is not static is refused.

mod conf;
mod script;
mod words;

pub use conf::{Conf, ConfLine};
pub use script::{Item, Line, Script, parse};
pub use words::{WordError, split, word};

use crate::{ParseError, Refused};

/// Whether a text is the same word quoted or not, in every shell, in every position but the first of a command:
/// not empty, only ASCII letters and digits and `_ - . / : = , @ % +`.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_plain_character)
}

/// Whether a character needs no quotes; see [`is_plain`].
pub fn is_plain_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | ',' | '@' | '%' | '+')
}

/// Quotes one word exactly: plain words as they are, others in single quotes. Only NUL cannot be quoted.
pub fn quote(text: &str) -> Result<String, Refused> {
    if text.contains('\0') {
        return Err(Refused::character("the shell", "a word", '\0', "no shell word holds NUL"));
    }
    if is_plain(text) {
        return Ok(text.to_owned());
    }
    Ok(single(text))
}

/// A text in single quotes.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Quotes and joins words.
pub fn join<S: AsRef<str>>(words: &[S]) -> Result<String, Refused> {
    Ok(words.iter().map(|word| quote(word.as_ref())).collect::<Result<Vec<_>, _>>()?.join(" "))
}

/// A command as a person would type it: for messages. What cannot be quoted is shown as it is.
pub fn words<S: AsRef<str>>(argv: &[S]) -> String {
    let word = |word: &S| quote(word.as_ref()).unwrap_or_else(|_| word.as_ref().to_owned());
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// An assignment `NAME="VALUE"` as init scripts are written: double quotes, or single ones if the value holds
/// `"`, `$`, `` ` `` or `\`. Control characters but the tab are refused, since scripts are read by line.
pub fn assignment(name: &str, value: &str) -> Result<String, Refused> {
    single_line(value, "the shell", name)?;
    if value.contains(['"', '$', '`', '\\']) {
        return Ok(format!("{name}={}", single(value)));
    }
    Ok(format!("{name}=\"{value}\""))
}

/// Refuses control characters other than the tab.
pub fn single_line(text: &str, dialect: &'static str, subject: &str) -> Result<(), Refused> {
    match text.chars().find(|c| c.is_control() && *c != '\t') {
        Some(c) => Err(Refused::character(dialect, subject, c, "control characters are refused in scripts")),
        None => Ok(()),
    }
}

/// Refuses what is not plain, for places where a shell splits and expands the value once more.
pub fn plain(text: &str, dialect: &'static str, subject: &str) -> Result<(), Refused> {
    const RULE: &str =
        "only letters, digits and _ - . / : = , @ % + survive there, since the shell splits the value";
    match text.chars().find(|c| !is_plain_character(*c)) {
        Some(c) => Err(Refused::character(dialect, subject, c, RULE)),
        None if text.is_empty() => Err(Refused::rule(dialect, subject, "it is empty")),
        None => Ok(()),
    }
}

/// A name as shells take it for variables and functions, and OpenBSD for rc.d scripts: `[A-Za-z_][A-Za-z0-9_]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Identifier(String);

impl Identifier {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if is_identifier(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseError::new("a name that matches ^[A-Za-z_][A-Za-z0-9_]*$", "not a shell identifier"))
    }

    /// The identifier that a service's name becomes: `-` and `.` turn into `_`, and a leading digit gets a `_` before
    /// it. Two services may become the same; they then claim one path, which is an error.
    pub fn from_service(name: &crate::ServiceName) -> Self {
        let name: String =
            name.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        Self(if digit { format!("_{name}") } else { name })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text matches `[A-Za-z_][A-Za-z0-9_]*`.
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
