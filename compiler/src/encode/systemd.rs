//! Units of systemd: lines of `Key=value`; `%` begins a specifier and `$`, in commands, a variable; quotes and C
//! escapes in words; a `\` at the end joins lines.

use super::{Advice, Checked, Context, Quoting, Refusal, is_control, no_outer_blanks, none_of, not_empty};

pub(super) fn check(text: &str, context: Context<'_>) -> Checked {
    not_empty(text)?;
    none_of(text, |c| is_control(c) || matches!(c, '%' | '$' | '"' | '\'' | '\\'))?;
    let key = context.line.and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
    if key == Some("Description") {
        return no_outer_blanks(text);
    }
    none_of(text, |c| c.is_whitespace() || c == ';')?;
    if context.may_begin_line() {
        none_of(text, |c| matches!(c, '#' | '[' | ']' | '='))?;
    }
    Ok(())
}

pub(super) fn quote(text: &str) -> Quoting {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '$' => {
                return Err(Refusal::hopeless(
                    "it holds `$`, which is written differently in commands and elsewhere",
                ));
            }
            '%' => quoted.push_str("%%"),
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => return Err(Refusal { advice: Advice::Value, ..Refusal::character(c) }),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Ok(quoted)
}
