//! Tokens of logrotate's files.

use super::{Keyword, Kind, keyword};
use std::ops::Range;

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Something that stands in a file where a directive may.
pub(super) enum Token {
    /// A directive; where its name stands, and what is behind it up to the end of the line.
    Directive(&'static Keyword, Range<usize>, Range<usize>),
    /// A script: its name, what is behind the name, its lines, and whether `endscript` ends it.
    Script(&'static Keyword, Range<usize>, Range<usize>, Range<usize>, bool),
    /// A word that is no directive.
    Unknown(Range<usize>),
    /// A word with something right behind it.
    Stuck(Range<usize>),
    /// `}`.
    Close(usize),
    /// Something else, up to the end of the line.
    Other(Range<usize>),
}

pub(super) fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |feed| at + feed)
}

/// The bytes without blanks around them.
pub(super) fn trimmed(text: &str, bytes: Range<usize>, drop: impl Fn(char) -> bool) -> Range<usize> {
    let part = &text[bytes.clone()];
    let start = bytes.start + part.find(|c| !drop(c)).unwrap_or(part.len());
    let end = text[start..bytes.end].trim_end_matches(is_blank).len();
    start..start + end
}

/// The next token at or behind a byte, and where to go on; `ended`: a line feed follows the text.
pub(super) fn token(text: &str, mut at: usize, ended: bool) -> Option<(Token, usize)> {
    loop {
        at += text[at..].find(|c| !matches!(c, ' ' | '\t' | '\n' | '='))?;
        if !text[at..].starts_with('#') {
            break;
        }
        at = end_of_line(text, at);
    }
    let end = end_of_line(text, at);
    let rest = &text[at..end];
    if rest.starts_with('}') {
        return Some((Token::Close(at), at + 1));
    }
    let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let name = at..at + length;
    if length == 0 {
        return Some((Token::Other(at..at + rest.trim_end().len()), end));
    }
    if rest[length..].starts_with(|c| !is_blank(c) && c != '=') || (name.end == text.len() && !ended) {
        return Some((Token::Stuck(at..at + rest.trim_end().len()), end));
    }
    let Some(keyword) = keyword(&rest[..length]) else { return Some((Token::Unknown(name), end)) };
    let behind = trimmed(text, name.end..end, |c| is_blank(c) || c == '=');
    match keyword.kind {
        Kind::Flag => Some((Token::Directive(keyword, name.clone(), name.end..name.end), name.end)),
        Kind::Script => {
            let start = (end + 1).min(text.len());
            let mut at = start;
            while at < text.len() {
                let line = end_of_line(text, at);
                let body = text[at..line].trim_start_matches(is_blank);
                let word = body.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(body.len());
                if &body[..word] == "endscript" {
                    let next = line - body.len() + word;
                    return Some((Token::Script(keyword, name, behind, start..at, true), next));
                }
                at = line + 1;
            }
            Some((Token::Script(keyword, name, behind, start..text.len(), false), text.len()))
        }
        _ => Some((Token::Directive(keyword, name, behind), end)),
    }
}
