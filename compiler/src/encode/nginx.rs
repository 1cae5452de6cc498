//! nginx: `ngx_conf_read_token` splits at blanks, `;`, `{`, `}`; quotes only at the start of a word; a backslash
//! escapes `" ' \ t r n` (and blanks outside quotes); `#` begins a comment; `$` begins a variable and has no escape.

use super::{Checked, Quoting, Refusal, is_control, none_of, not_empty};

pub(super) fn check(text: &str) -> Checked {
    not_empty(text)?;
    if text.contains('$') {
        return Err(dollar());
    }
    none_of(text, |c| {
        is_control(c) || c.is_whitespace() || matches!(c, ';' | '{' | '}' | '"' | '\'' | '\\' | '#')
    })
}

pub(super) fn quote(text: &str) -> Quoting {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '$' => return Err(dollar()),
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

fn dollar() -> Refusal {
    Refusal::hopeless("it holds `$`, which nginx takes for a variable and has no way to write")
}
