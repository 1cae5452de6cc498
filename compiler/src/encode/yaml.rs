//! YAML. A plain scalar ends at `: ` and ` #` and, in flow style, at `, [ ] { }`; its first character may be an
//! indicator; some words are no texts. What is quoted is written as JSON writes it, which YAML reads.

use super::{Checked, Context, Kind, Refusal, is_control, no_outer_blanks, none_of, not_empty};
use regex::Regex;
use std::sync::LazyLock;

pub(super) fn check(text: &str, kind: Kind, context: Context<'_>) -> Checked {
    if kind == Kind::Number {
        return Ok(());
    }
    not_empty(text)?;
    no_outer_blanks(text)?;
    none_of(text, |c| is_control(c) || matches!(c, '"' | '\'' | '\\' | '{' | '}' | '[' | ']' | ','))?;
    if text.contains(": ") || text.ends_with(':') {
        return Err(Refusal::new("it holds `:` before a blank or at its end"));
    }
    if text.contains(" #") || text.starts_with('#') {
        return Err(Refusal::character('#'));
    }
    if text.ends_with(" -") || text.ends_with(" ?") {
        return Err(Refusal::new("it ends with a mark of a list or key"));
    }
    // Inside a longer scalar (`http://{{ x }}`) the first character has no meaning, nor has the word as a whole.
    if starts_scalar(context.line) {
        let indicator = |c: char| matches!(c, '&' | '*' | '!' | '|' | '>' | '%' | '@' | '`' | '?' | ':');
        if let Some(c) = text.chars().next().filter(|c| indicator(*c)) {
            return Err(Refusal::new(format!("it begins with `{c}`")));
        }
        if text == "-" || text.starts_with("- ") || text.starts_with("---") || text.starts_with("...") {
            return Err(Refusal::new("it begins with `-` or `.` as YAML's own marks do"));
        }
        if kind == Kind::Text && is_no_text(text) {
            return Err(Refusal::new("YAML does not read it as a text"));
        }
    }
    Ok(())
}

/// Whether a value after this text on its line begins a scalar; unknown is yes.
fn starts_scalar(line: Option<&str>) -> bool {
    line.is_none_or(|line| line.is_empty() || line.ends_with([' ', '\t', '[', '{', ',']))
}

/// Whether a plain scalar means something other than its text, in YAML 1.1 or 1.2: null, a boolean, a number, a
/// date, a merge key.
fn is_no_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let word = matches!(
        lower.as_str(),
        "null"
            | "~"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | "<<"
            | "="
            | ".inf"
            | "-.inf"
            | "+.inf"
            | ".nan"
    );
    word || NUMBER.as_ref().is_none_or(|number| number.is_match(&lower))
}

/// Integers, floats, base-60 numbers and timestamps of YAML 1.1 and 1.2.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            [-+]*(?:[0-9][0-9_]*|0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+)
            | [-+]*(?:[0-9][0-9_]*)?\.?[0-9_]*(?:e[-+]?[0-9]+)?
            | [-+]*[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
            | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t\x20].*)?
        )$",
    )
    .ok()
});

/// A double-quoted scalar: the escapes of TOML are among those of YAML.
pub(super) fn quote(text: &str) -> String {
    super::toml::quote(text)
}
