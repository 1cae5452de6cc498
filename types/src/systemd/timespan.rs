//! Spans of time as systemd writes them (systemd.time(7), "Parsing Time Spans").

use super::check::BadValue;

/// Units and their microseconds. `M` is a month and `m` a minute.
const UNITS: &[(&str, u64)] = &[
    ("seconds", 1_000_000),
    ("second", 1_000_000),
    ("sec", 1_000_000),
    ("s", 1_000_000),
    ("minutes", 60_000_000),
    ("minute", 60_000_000),
    ("min", 60_000_000),
    ("months", MONTH),
    ("month", MONTH),
    ("M", MONTH),
    ("msec", 1_000),
    ("ms", 1_000),
    ("m", 60_000_000),
    ("hours", 3_600_000_000),
    ("hour", 3_600_000_000),
    ("hr", 3_600_000_000),
    ("h", 3_600_000_000),
    ("days", DAY),
    ("day", DAY),
    ("d", DAY),
    ("weeks", 7 * DAY),
    ("week", 7 * DAY),
    ("w", 7 * DAY),
    ("years", YEAR),
    ("year", YEAR),
    ("y", YEAR),
    ("usec", 1),
    ("us", 1),
    ("µs", 1),
    ("μs", 1),
];
const DAY: u64 = 86_400_000_000;
const MONTH: u64 = 2_629_800_000_000;
const YEAR: u64 = 31_557_600_000_000;

/// Parses a span of time into microseconds; a number without a unit is in units of `default` microseconds.
/// `infinity` is `u64::MAX`.
pub fn parse_timespan(text: &str, default: u64) -> Result<u64, BadValue> {
    let bad = |problem: &str| {
        BadValue::new(problem).help("a span of time is a sum such as \"30s\", \"1h 30min\" or \"1.5h\"")
    };
    let mut rest = text.trim();
    match rest {
        "" => return Err(bad("the span of time is empty")),
        "infinity" => return Ok(u64::MAX),
        "inf" | "Infinity" | "infinite" | "unlimited" | "never" => {
            return Err(BadValue::new(format!("{rest:?} is no span of time")).help("write \"infinity\""));
        }
        _ => {}
    }
    let mut micros: u64 = 0;
    while !rest.is_empty() {
        if rest.starts_with('-') {
            return Err(bad("a span of time cannot be negative"));
        }
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fraction = match rest[whole..].strip_prefix('.') {
            Some(after) => after.bytes().take_while(u8::is_ascii_digit).count() + 1,
            None => 0,
        };
        if whole + fraction.saturating_sub(1) == 0 {
            return Err(bad("not a span of time"));
        }
        if fraction == 1 {
            return Err(bad("no digit follows the decimal point"));
        }
        if rest[whole + fraction..].starts_with('.') {
            return Err(bad("a number has two decimal points"));
        }
        let number: u64 = match &rest[..whole] {
            "" => 0,
            digits => digits.parse().map_err(|_| bad("the span of time is too long"))?,
        };
        let decimals = &rest[whole..whole + fraction];
        rest = rest[whole + fraction..].trim_start();
        let letters: usize = rest.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
        let (unit, after) = rest.split_at(letters);
        let factor = if unit.is_empty() {
            default
        } else {
            let known = UNITS.iter().find(|(name, _)| *name == unit);
            known.map(|(_, factor)| *factor).ok_or_else(|| unknown_unit(unit))?
        };
        rest = after.trim_start();
        let mut term = number.checked_mul(factor);
        let mut scale = factor / 10;
        for digit in decimals.bytes().skip(1) {
            term = term.and_then(|term| term.checked_add(u64::from(digit - b'0') * scale));
            scale /= 10;
        }
        micros = term
            .and_then(|term| micros.checked_add(term))
            .ok_or_else(|| bad("the span of time is too long"))?;
    }
    Ok(micros)
}

fn unknown_unit(unit: &str) -> BadValue {
    let bad = BadValue::new(format!("unknown unit of time {unit:?}"));
    match UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) {
        Some((name, _)) => bad.help(format!("units of time are lower case: {name:?}")),
        None => bad.help("known are us, ms, s, min, h, d, w, month, y"),
    }
}

/// Whether the text uses `M`, which is a month and almost always meant to be a minute.
pub(super) fn has_capital_m(text: &str) -> bool {
    let letters = |c: char| c.is_alphabetic();
    text.match_indices('M')
        .any(|(index, _)| !text[..index].ends_with(letters) && !text[index + 1..].starts_with(letters))
}
