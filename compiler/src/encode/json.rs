//! JSON (RFC 8259). Whether a value stands in a string is known exactly.

use super::{BARE, Checked, Context, ESCAPED, Kind, Refusal, Within, none_of};

pub(super) fn check(text: &str, kind: Kind, context: Context<'_>) -> Checked {
    match (context.within, kind) {
        (Some(Within::Bare), Kind::Number) => Ok(()),
        (Some(Within::Bare), _) => Err(Refusal::new("it is a text that stands outside quotes")),
        (Some(_), _) => none_of(text, |c| c < ' ' || matches!(c, '"' | '\\')),
        (None, Kind::Number) => Ok(()),
        (None, _) => {
            if text.is_empty() {
                return Err(Refusal::new("it is empty"));
            }
            none_of(text, |c| c <= ' ' || matches!(c, '"' | '\\' | ',' | ':' | '{' | '}' | '[' | ']'))
        }
    }
}

pub(super) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// In a string or not.
pub(super) fn scan(mut state: u8, output: &[u8], from: usize) -> u8 {
    // Bit 2 says that the last byte was a backslash that escapes what follows.
    for byte in &output[from..] {
        state = match (state & 3, state & 4 != 0, byte) {
            (ESCAPED, true, _) => ESCAPED,
            (ESCAPED, false, b'\\') => ESCAPED | 4,
            (ESCAPED, false, b'"') => BARE,
            (BARE, _, b'"') => ESCAPED,
            (other, ..) => other,
        };
    }
    state
}
