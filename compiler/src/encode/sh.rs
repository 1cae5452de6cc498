//! POSIX shell, and crontabs, where `%` ends the command whatever the quotes.

use super::{Checked, Refusal, none_of, not_empty};

/// What no shell gives a meaning to, at any place, in or out of quotes.
fn is_safe(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '%' | '+' | '=' | ':' | ',' | '.' | '/' | '-')
}

pub(super) fn check(text: &str) -> Checked {
    not_empty(text)?;
    none_of(text, |c| !is_safe(c))
}

pub(super) fn check_crontab(text: &str) -> Checked {
    if text.contains('%') {
        return Err(Refusal::hopeless("it holds `%`, which ends a crontab's command"));
    }
    check(text)
}

pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
