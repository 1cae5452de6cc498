//! Values in each dialect's syntax.

use super::Dialect;
use crate::Refused;

/// pam_env reads lines into 1,024 bytes, line feed and NUL included.
const PAM_LINE: usize = 1022;
/// docker scans lines of up to 64 KiB.
const DOCKER_LINE: usize = 65_535;

/// A comment of one line, without a trailing `\` (systemd would swallow the next line) or control characters.
pub(super) fn comment(dialect: Dialect, text: &str) -> Result<(), Refused> {
    let refuse = |c, rule| Err(Refused::character(dialect.name(), "a comment", c, rule));
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return refuse(c, "comments are single lines of text");
    }
    if text.ends_with('\\') {
        return refuse('\\', "at the end of a comment it swallows the next line");
    }
    Ok(())
}

/// Appends the encoded value.
pub(super) fn value(dialect: Dialect, value: &str, out: &mut String) -> Result<(), Refused> {
    let refuse = |c, rule| Err(Refused::character(dialect.name(), "a value", c, rule));
    let find = |pick: fn(char) -> bool| value.chars().find(|c| pick(*c));
    if value.contains('\0') {
        return refuse('\0', "no environment variable holds NUL");
    }
    match dialect {
        Dialect::Systemd => {
            if let Some(c) = find(|c| c.is_control() && !matches!(c, '\t' | '\n')) {
                return refuse(c, "systemd takes no control characters but tab and line feed");
            }
            if is_safe(value) {
                out.push_str(value);
            } else if value.contains('\'') {
                escaped(value, &['"', '\\', '`', '$'], out);
            } else {
                surrounded(value, '\'', out);
            }
        }
        Dialect::Sh => {
            if is_safe(value) {
                out.push_str(value);
            } else {
                out.push('\'');
                for c in value.chars() {
                    if c == '\'' { out.push_str("'\\''") } else { out.push(c) }
                }
                out.push('\'');
            }
        }
        Dialect::Docker => {
            if let Some(c) = find(|c| matches!(c, '\n' | '\r')) {
                return refuse(c, "a variable is one line");
            }
            out.push_str(value);
        }
        Dialect::PamEnv => {
            if let Some(c) = find(|c| c == '#') {
                return refuse(c, "it begins a comment, even inside quotes");
            }
            if let Some(c) = find(|c| c.is_control() && c != '\t') {
                return refuse(c, "a variable is one line of text");
            }
            let ends = [value.chars().next(), value.chars().last()];
            let quoted = ends.iter().flatten().any(|c| matches!(c, ' ' | '\t' | '"' | '\'' | '\\'));
            if quoted { surrounded(value, '"', out) } else { out.push_str(value) }
        }
    }
    Ok(())
}

/// Refuses a line that the reader would cut; `text` ends with the line.
pub(super) fn line_length(dialect: Dialect, name: &str, text: &str) -> Result<(), Refused> {
    let refuse = |rule| Err(Refused::rule(dialect.name(), format!("variable {name}"), rule));
    let length = text.trim_end_matches('\n').rsplit('\n').next().map_or(0, str::len);
    match dialect {
        Dialect::PamEnv if length > PAM_LINE => refuse("pam_env cuts lines after 1,022 bytes"),
        Dialect::Docker if length > DOCKER_LINE => refuse("docker refuses lines over 65,535 bytes"),
        _ => Ok(()),
    }
}

/// Whether a value means the same unquoted in every dialect (measured, facts: formats 3): empty, or plain.
fn is_safe(value: &str) -> bool {
    value.chars().all(|c| crate::shell::is_plain_character(c) || matches!(c, '^'))
}

fn surrounded(value: &str, quote: char, out: &mut String) {
    out.push(quote);
    out.push_str(value);
    out.push(quote);
}

fn escaped(value: &str, special: &[char], out: &mut String) {
    out.push('"');
    for c in value.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
