//! TOML 1.0. Whether a value stands in a string, a multi-line string or a comment is known exactly.

use super::{BARE, COMMENT, Checked, Context, ESCAPED, Kind, LITERAL, Refusal, Within, is_control, none_of};

pub(super) fn check(text: &str, kind: Kind, context: Context<'_>) -> Checked {
    match (context.within, kind) {
        (Some(Within::Bare) | None, Kind::Number) => Ok(()),
        (Some(Within::Bare), _) => {
            if text.is_empty() {
                return Err(Refusal::new("it is empty"));
            }
            let reserved = matches!(text, "true" | "false" | "inf" | "nan");
            if reserved || !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                return Err(Refusal::new("it is a text that stands outside quotes"));
            }
            // A bare key.
            none_of(text, |c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        }
        (Some(Within::Escaped), _) => none_of(text, |c| is_control(c) || matches!(c, '"' | '\\')),
        (Some(Within::Literal), _) => none_of(text, |c| is_control(c) || c == '\''),
        (Some(Within::Comment), _) => none_of(text, is_control),
        (None, _) => {
            if text.is_empty() {
                return Err(Refusal::new("it is empty"));
            }
            none_of(text, |c| {
                is_control(c)
                    || c.is_whitespace()
                    || matches!(c, '"' | '\'' | '\\' | '#' | '=' | '.' | ',' | '[' | ']' | '{' | '}')
            })
        }
    }
}

pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_control(c) => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Bit 2: the last byte was a backslash that escapes; bit 3: a multi-line string; bits 4 and 5: quotes in a row.
pub(super) fn scan(mut state: u8, output: &[u8], from: usize) -> u8 {
    const ESCAPE: u8 = 4;
    const MULTI: u8 = 8;
    let quotes = |state: u8| state >> 4;
    for &byte in &output[from..] {
        let (within, multi) = (state & 3, state & MULTI);
        state = match within {
            COMMENT => {
                if byte == b'\n' {
                    BARE
                } else {
                    COMMENT
                }
            }
            BARE => match byte {
                b'#' => COMMENT,
                b'"' => ESCAPED | 1 << 4,
                b'\'' => LITERAL | 1 << 4,
                _ => BARE,
            },
            _ => {
                let quote = if within == ESCAPED { b'"' } else { b'\'' };
                let run = quotes(state);
                if state & ESCAPE != 0 {
                    within | multi
                } else if byte == quote {
                    match (multi != 0, run) {
                        // `""` so far: empty, unless a third follows.
                        (false, 1) => within | 2 << 4,
                        (false, 2) => within | MULTI,
                        (true, 2) => BARE,
                        (true, _) => within | MULTI | (run + 1) << 4,
                        (false, _) => BARE,
                    }
                } else if multi == 0 && run == 2 {
                    // It was an empty string.
                    match byte {
                        b'#' => COMMENT,
                        _ => BARE,
                    }
                } else if byte == b'\\' && within == ESCAPED {
                    within | multi | ESCAPE
                } else if byte == b'\n' && multi == 0 {
                    BARE
                } else {
                    within | multi
                }
            }
        };
    }
    state
}
