//! Formats of lines: plain text, INI, HAProxy.

use super::{Advice, Checked, Context, Quoting, Refusal, is_control, no_outer_blanks, none_of, not_empty};

/// Nothing is known but that a value is no more than a part of a line.
pub(super) fn plain(text: &str) -> Checked {
    none_of(text, |c| c == '\0')
}

/// `|text`: several lines, on purpose.
pub(super) fn quote_plain(text: &str) -> Quoting {
    Ok(text.to_owned())
}

/// INI: `[section]`, `key = value`, `;` and `#` begin comments, a `\` at the end joins lines in some dialects.
pub(super) fn ini(text: &str, context: Context<'_>) -> Checked {
    not_empty(text)?;
    no_outer_blanks(text)?;
    none_of(text, |c| is_control(c) || matches!(c, '"' | '\'' | '\\' | ';' | '#' | '`'))?;
    let line = context.line.map(str::trim);
    let is_value = line.is_some_and(|line| line.contains(['=', ':']) && !line.starts_with('['));
    if is_value { Ok(()) } else { none_of(text, |c| matches!(c, '=' | ':' | '[' | ']')) }
}

/// Double quotes and backslash escapes, as MySQL, Grafana and systemd read them.
pub(super) fn quote_ini(text: &str) -> Quoting {
    if let Some(c) = text.chars().find(|c| is_control(*c) && *c != '\t') {
        return Err(Refusal { advice: Advice::Value, ..Refusal::character(c) });
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// rc.conf.local: `NAME=VALUE` up to the end of the line or a `#`; quotes around the whole value go, blanks at its ends too.
pub(super) fn rc_conf_local(text: &str, context: Context<'_>) -> Checked {
    no_outer_blanks(text)?;
    none_of(text, |c| is_control(c) || matches!(c, '"' | '\'' | '#'))?;
    if context.may_begin_line() { none_of(text, |c| c == '=') } else { Ok(()) }
}

/// Quotes only where blanks or quotes at the ends would go.
pub(super) fn quote_rc_conf_local(text: &str) -> Quoting {
    if let Some(c) = text.chars().find(|c| is_control(*c) || *c == '#') {
        return Err(Refusal { advice: Advice::Value, ..Refusal::character(c) });
    }
    let plain = text.trim() == text && !text.starts_with(['"', '\'']) && !text.ends_with(['"', '\'']);
    Ok(if plain { text.to_owned() } else { format!("\"{text}\"") })
}

/// HAProxy: words split at blanks; `#` begins a comment; quotes and backslashes as in a shell; `$` in double quotes;
/// `%` in log formats; parentheses and commas in arguments of converters.
pub(super) fn haproxy(text: &str, context: Context<'_>) -> Checked {
    not_empty(text)?;
    none_of(text, |c| {
        is_control(c) || c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '#' | '$' | '%' | '(' | ')')
    })?;
    let outside_arguments =
        context.line.is_some_and(|line| line.matches('(').count() == line.matches(')').count());
    if outside_arguments { Ok(()) } else { none_of(text, |c| c == ',') }
}

pub(super) fn quote_haproxy(text: &str) -> Quoting {
    if let Some(c) = text.chars().find(|c| matches!(c, '\n' | '\r')) {
        return Err(Refusal { advice: Advice::Value, ..Refusal::character(c) });
    }
    if !text.contains('\'') {
        return Ok(format!("'{text}'"));
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}
