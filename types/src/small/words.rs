//! Words of a line: those between blanks, and those of systemd's configuration, which may be quoted.

use crate::Refused;
use std::ops::Range;

/// What separates words for systemd, and for C's `isspace` but for what ends lines elsewhere.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

/// The words between blanks, with their bytes in the line.
pub(super) fn words(line: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &line[at..];
        let start = at + rest.find(|c| !is_blank(c))?;
        let length = line[start..].find(is_blank).unwrap_or(line.len() - start);
        at = start + length;
        Some((start..at, &line[start..at]))
    })
}

/// A word of systemd's: what it says, and its bytes in the line.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) bytes: Range<usize>,
}

impl Word {
    /// `-` and nothing stand for the default.
    pub(super) fn given(&self) -> Option<&str> {
        (!matches!(self.text.as_str(), "" | "-")).then_some(self.text.as_str())
    }
}

/// systemd's `extract_first_word` with unquoting: blanks separate, quotes of both kinds may stand anywhere, and a
/// backslash takes the next character as it is, within quotes too. Gives the word and where the next begins; nothing at
/// the end; or the bytes of the quote or backslash that lacks its partner.
pub(super) fn unquote(line: &str, from: usize) -> Result<Option<(Word, usize)>, Range<usize>> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r');
    let skip = |at: usize| at + line[at..].find(|c| !blank(c)).unwrap_or(line.len() - at);
    let start = skip(from);
    if start == line.len() {
        return Ok(None);
    }
    let mut text = String::new();
    let mut quote: Option<(char, usize)> = None;
    let mut characters = line[start..].char_indices().map(|(at, c)| (start + at, c));
    let mut end = line.len();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (_, '\\') => match characters.next() {
                Some((_, next)) => text.push(next),
                None => return Err(at..line.len()),
            },
            (Some((open, _)), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some((c, at)),
            (None, c) if blank(c) => {
                end = at;
                break;
            }
            (_, c) => text.push(c),
        }
    }
    match quote {
        Some((_, at)) => Err(at..line.len()),
        None => Ok(Some((Word { text, bytes: start..end }, skip(end)))),
    }
}

/// A word as systemd unquotes it to itself.
pub(super) fn quoted(format: &'static str, subject: &'static str, word: &str) -> Result<String, Refused> {
    no_control(format, subject, word)?;
    let plain = |c: char| !matches!(c, ' ' | '"' | '\'' | '\\') && !c.is_whitespace();
    if !word.is_empty() && word.chars().all(plain) {
        return Ok(word.to_owned());
    }
    Ok(format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Refuses control characters, line feeds among them.
pub(super) fn no_control(format: &'static str, subject: &'static str, text: &str) -> Result<(), Refused> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(Refused::character(format, subject, c, "an entry is one line of text")),
        None => Ok(()),
    }
}

/// Refuses what is not one word: blanks, control characters, `#`, nothing at all.
pub(super) fn one_word(format: &'static str, subject: &'static str, text: &str) -> Result<(), Refused> {
    no_control(format, subject, text)?;
    if text.is_empty() {
        return Err(Refused::rule(format, subject, "there is nothing in it"));
    }
    match text.chars().find(|c| c.is_whitespace() || *c == '#') {
        Some(c) => Err(Refused::character(format, subject, c, "it would end there")),
        None => Ok(()),
    }
}

/// The bytes of a word's part, given the part's bytes in it.
pub(super) fn within(word: &Range<usize>, part: Range<usize>) -> Range<usize> {
    word.start + part.start..(word.start + part.end).min(word.end)
}
