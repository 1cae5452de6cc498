//! XML 1.0, in text and in attributes.

use super::{Checked, Quoting, Refusal, is_control, none_of};

pub(super) fn check(text: &str) -> Checked {
    none_of(text, |c| is_control(c) || matches!(c, '<' | '>' | '&' | '"' | '\'') || is_no_character(c))
}

pub(super) fn quote(text: &str) -> Quoting {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '&' => quoted.push_str("&amp;"),
            '"' => quoted.push_str("&quot;"),
            '\'' => quoted.push_str("&#39;"),
            // Written as they are, an attribute would turn them into spaces.
            '\t' | '\n' | '\r' => quoted.push_str(&format!("&#{};", c as u32)),
            c if c < ' ' || is_no_character(c) => {
                return Err(Refusal::hopeless(format!(
                    "it holds {}, which XML cannot carry",
                    super::describe(c)
                )));
            }
            c => quoted.push(c),
        }
    }
    Ok(quoted)
}

fn is_no_character(c: char) -> bool {
    matches!(c, '\u{FFFE}' | '\u{FFFF}')
}
