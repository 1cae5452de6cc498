//! Refuses deep nesting before any parser sees the text, so that no parser, tree walk or drop recurses far.
//!
//! The scan knows just enough of both syntaxes to skip strings and comments. In a text with syntax errors it may
//! count a little wrong; the parsers have limits of their own above this one.

use cmc_types::{Diagnostic, FileId, Place, Span, codes};

/// A diagnostic if brackets or dotted keys nest deeper than `limit`.
pub(super) fn check(text: &str, is_toml: bool, file: FileId, limit: usize) -> Option<Diagnostic> {
    let offset = if is_toml { toml(text.as_bytes(), limit) } else { json(text.as_bytes(), limit) }?;
    let place = Place { file, span: Span::new(offset, offset + 1) };
    Some(too_deep(place, limit))
}

/// The finding for a value that lies too deep.
pub(super) fn too_deep(place: Place, limit: usize) -> Diagnostic {
    Diagnostic::new(codes::TOO_DEEP, format!("tables and lists nest deeper than {limit} levels"))
        .at(place, "this is too deep")
        .help("the file is left out; definitions need fewer than ten levels")
}

fn json(text: &[u8], limit: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut i = 0;
    while i < text.len() {
        match text[i] {
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return Some(i);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => i = end_of_string(text, i, b'"'),
            _ => {}
        }
        i += 1;
    }
    None
}

fn toml(text: &[u8], limit: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut dots = 0usize;
    let mut i = 0;
    while i < text.len() {
        match text[i] {
            b'[' | b'{' => {
                depth += 1;
                dots = 0;
                if depth > limit {
                    return Some(i);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            quote @ (b'"' | b'\'') => {
                let long = text[i..].starts_with(&[quote; 3]);
                i = if long { end_of_long_string(text, i + 3, quote) } else { end_of_string(text, i, quote) };
            }
            b'#' => i = text[i..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| i + n - 1),
            b'.' => {
                dots += 1;
                if dots >= limit {
                    return Some(i);
                }
            }
            b' ' | b'\t' | b'_' | b'-' => {}
            other if other.is_ascii_alphanumeric() => {}
            _ => dots = 0,
        }
        i += 1;
    }
    None
}

/// Offset of the closing quote; of the end of the line if there is none.
fn end_of_string(text: &[u8], start: usize, quote: u8) -> usize {
    let mut i = start + 1;
    while i < text.len() {
        match text[i] {
            b'\\' if quote == b'"' => i += 1,
            b'\n' => return i,
            b if b == quote => return i,
            _ => {}
        }
        i += 1;
    }
    i
}

/// Offset of the last of three closing quotes.
fn end_of_long_string(text: &[u8], start: usize, quote: u8) -> usize {
    let mut i = start;
    while i < text.len() {
        match text[i] {
            b'\\' if quote == b'"' => i += 1,
            b if b == quote && text[i..].starts_with(&[quote; 3]) => return i + 2,
            _ => {}
        }
        i += 1;
    }
    i
}

#[cfg(test)]
mod tests {
    use super::{json, toml};

    #[test]
    fn only_nesting_counts() {
        assert_eq!(toml(b"a = [[[1.5, 2.5, 3.5, 4.5, 5.5]]]", 3), None);
        assert_eq!(toml(b"a = [[[[1]]]]", 3), Some(7));
        assert_eq!(toml(b"a = '[[[[[[' # [[[[[[[\nb = \"\"\"\n[[[[\\\"[[[\"\"\"", 3), None);
        assert_eq!(toml(b"a.b.c = 1", 3), None);
        assert_eq!(toml(b"a.b.'c'.d = 1", 3), Some(7));
        assert_eq!(json(br#"{"a": ["[[[[[\"[[["]}"#, 2), None);
        assert_eq!(json(br#"{"a": [[1]]}"#, 2), Some(7));
    }
}
