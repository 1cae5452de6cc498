//! Static words: quotes are removed, nothing is expanded.

use std::fmt;

/// Why a text is not a sequence of static words. Names no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordError {
    /// A quote is not closed.
    Unclosed(char),
    /// A character that the shell would act upon.
    Active(char),
    /// A backslash at the end.
    Backslash,
    /// NUL.
    Nul,
}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclosed(quote) => write!(f, "a {quote} is not closed"),
            Self::Active(c) => {
                write!(f, "{} is not quoted and the shell acts upon it", crate::refused::character_name(*c))
            }
            Self::Backslash => f.write_str("a backslash quotes nothing"),
            Self::Nul => f.write_str("it holds NUL"),
        }
    }
}

/// Reads the static word at the beginning of a text; gives its value (none if there is no word, as before a blank)
/// and the rest of the text, which begins with a blank, a line feed, or is empty.
pub fn word(text: &str) -> Result<(Option<String>, &str), WordError> {
    let mut value = String::new();
    let mut any = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            ' ' | '\t' | '\n' => break,
            '\0' => return Err(WordError::Nul),
            '\'' => {
                let Some((inside, after)) = rest[1..].split_once('\'') else {
                    return Err(WordError::Unclosed('\''));
                };
                value.push_str(inside);
                rest = after;
            }
            '"' => rest = double(&rest[1..], &mut value)?,
            '\\' => {
                let mut after = rest[1..].chars();
                match after.next() {
                    None => return Err(WordError::Backslash),
                    Some('\n') => {}
                    Some(quoted) => value.push(quoted),
                }
                rest = after.as_str();
            }
            '$' | '`' | '|' | '&' | ';' | '<' | '>' | '(' | ')' => return Err(WordError::Active(c)),
            '*' | '?' | '[' | '{' | '}' | '!' | '~' => return Err(WordError::Active(c)),
            '#' if !any => return Err(WordError::Active(c)),
            _ => {
                value.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        any = true;
    }
    if value.contains('\0') {
        return Err(WordError::Nul);
    }
    Ok((any.then_some(value), rest))
}

/// Reads up to the closing `"`; gives what is behind it.
fn double<'a>(text: &'a str, value: &mut String) -> Result<&'a str, WordError> {
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Ok(&text[index + 1..]),
            '$' | '`' => return Err(WordError::Active(c)),
            '\\' => match chars.next() {
                Some((_, quoted @ ('$' | '`' | '"' | '\\'))) => value.push(quoted),
                Some((_, '\n')) => {}
                Some((_, other)) => {
                    value.push('\\');
                    value.push(other);
                }
                None => return Err(WordError::Unclosed('"')),
            },
            _ => value.push(c),
        }
    }
    Err(WordError::Unclosed('"'))
}

/// Splits a text at blanks into static words.
pub fn split(text: &str) -> Result<Vec<String>, WordError> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let (found, after) = word(rest)?;
        match found {
            Some(found) => words.push(found),
            None if after.is_empty() => return Ok(words),
            None => return Err(WordError::Active('\n')),
        }
        rest = after;
    }
}
