//! Values of conditions and assertions (systemd.unit(5), "Conditions and Asserts").

use super::check::{BadValue, choice};
use super::kind::Kind;
use super::{numbers, specifier, timespan, words};

/// A condition: `|` and `!` before the value that is tested.
pub(super) fn condition(text: &str, kind: &Kind, release: Option<u16>) -> Result<(), BadValue> {
    let value = text.strip_prefix('|').unwrap_or(text).trim_start();
    let value = value.strip_prefix('!').unwrap_or(value).trim_start();
    if value.is_empty() {
        return Err(BadValue::new("the condition is empty"));
    }
    match kind {
        // These read specifiers themselves, or hold percent signs.
        Kind::Path | Kind::Expanded | Kind::Pressure | Kind::Fraction => kind.check(value, release),
        _ if specifier::any(value) => specifier::check(value),
        _ => kind.check(value, release),
    }
}

/// `uefi`, `device-tree`, `device-tree-compatible(VALUE)` or `smbios-field(FIELD OPERATOR VALUE)`.
pub(super) fn firmware(text: &str) -> Result<(), BadValue> {
    if let Some((name, arguments)) = text.split_once('(') {
        let shape = match name {
            "device-tree-compatible" => "device-tree-compatible(NAME)",
            "smbios-field" => "smbios-field(FIELD OPERATOR VALUE)",
            _ => return choice(name, &["device-tree-compatible", "smbios-field"]),
        };
        let inside = arguments.strip_suffix(')').map(str::trim).filter(|inside| !inside.is_empty());
        let compares = |inside: &str| inside.contains(['<', '>', '=']);
        return match inside {
            Some(inside) if name != "smbios-field" || compares(inside) => Ok(()),
            _ => Err(BadValue::new(format!("{text:?} tests nothing")).help(format!("write {shape}"))),
        };
    }
    choice(text, &["uefi", "device-tree"])
}

/// A comparison; without an operator at least the value is asked for.
pub(super) fn compared(text: &str, kind: &Kind, release: Option<u16>) -> Result<(), BadValue> {
    const OPERATORS: [&str; 8] = ["<=", ">=", "==", "!=", "<>", "<", ">", "="];
    let value = OPERATORS.iter().find_map(|operator| text.strip_prefix(operator)).unwrap_or(text);
    kind.check(value.trim_start(), release)
}

/// `[SLICE:]PERCENT[/SPAN]`.
pub(super) fn pressure(text: &str) -> Result<(), BadValue> {
    let limit = match text.split_once(':') {
        Some((slice, limit)) => {
            words::unit(slice.trim(), &[super::unit_name::UnitType::Slice])?;
            limit
        }
        None => text,
    };
    match limit.split_once('/') {
        Some((percent, span)) => {
            numbers::percent(percent.trim())?;
            timespan::parse_timespan(span, super::table::SECOND).map(drop)
        }
        None => numbers::percent(limit.trim()),
    }
}

/// `[TAG] PERCENT`.
pub(super) fn fraction(text: &str) -> Result<(), BadValue> {
    let mut words = text.split_whitespace().rev();
    numbers::percent(words.next().unwrap_or_default())?;
    match words.nth(1) {
        Some(_) => Err(BadValue::new("there is more than a tag before the percentage")),
        None => Ok(()),
    }
}
