//! Numbers, sizes, limits and modes.

use super::check::BadValue;
use super::kind::LimitUnit;
use super::timespan::parse_timespan;

const SUFFIXES: [(char, u32); 7] =
    [('E', 60), ('P', 50), ('T', 40), ('G', 30), ('M', 20), ('K', 10), ('B', 0)];

/// A size in bytes: a sum of numbers with suffixes of base 1024, the largest first (`parse_size`).
pub(super) fn size(text: &str) -> Result<u64, BadValue> {
    let bad = |problem: &str| {
        BadValue::new(problem).help("a size is a number of bytes with an upper-case suffix of base 1024: K M G T P E, such as \"512M\"")
    };
    let mut total: u64 = 0;
    let mut rest = text.trim();
    let mut smaller_than = 70;
    if rest.is_empty() {
        return Err(bad("the size is empty"));
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, after) = rest.split_at(digits);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') {
            return Err(bad("not a size"));
        }
        let after = after.trim_start();
        let (shift, after) = match after.chars().next() {
            None => (0, after),
            Some(c) => match SUFFIXES.iter().find(|(suffix, _)| *suffix == c) {
                Some((_, shift)) => (*shift, after[1..].trim_start()),
                None if c.is_ascii_digit() => (0, after),
                None => return Err(wrong_suffix(c)),
            },
        };
        if after.starts_with(['B', 'b', 'i']) {
            return Err(bad("the suffix of a size is one letter"));
        }
        if shift >= smaller_than {
            return Err(bad("the parts of a size do not get smaller"));
        }
        smaller_than = shift;
        let whole: u64 = whole.parse().map_err(|_| bad("the size is too large"))?;
        let scaled = 1_u64.checked_shl(shift).and_then(|factor| whole.checked_mul(factor));
        total = scaled
            .and_then(|term| total.checked_add(term))
            .and_then(|sum| sum.checked_add(fraction_of(fraction, shift)))
            .ok_or_else(|| bad("the size is too large"))?;
        rest = after;
    }
    Ok(total)
}

fn fraction_of(digits: &str, shift: u32) -> u64 {
    let mut unit = 1_u64 << shift;
    digits.bytes().fold(0, |sum: u64, digit| {
        unit /= 10;
        sum.saturating_add(u64::from(digit - b'0') * unit)
    })
}

fn wrong_suffix(c: char) -> BadValue {
    let upper = c.to_ascii_uppercase();
    let bad = BadValue::new(format!("unknown suffix of a size {c:?}"));
    if SUFFIXES.iter().any(|(suffix, _)| *suffix == upper) {
        return bad.help(format!("suffixes are upper case: {upper:?} (base 1024)"));
    }
    bad.help("suffixes are K M G T P E (base 1024)")
}

fn infinity(text: &str) -> Result<bool, BadValue> {
    match text {
        "infinity" => Ok(true),
        "inf" | "unlimited" | "Infinity" | "none" => {
            Err(BadValue::new(format!("{text:?} is no limit")).help("write \"infinity\""))
        }
        _ => Ok(false),
    }
}

/// A percentage with up to two decimals, or its like with `‰` or `‱`, in ten-thousandths (`parse_permyriad`).
fn permyriad(text: &str) -> Result<u64, BadValue> {
    let help = "write a percentage such as \"80%\"";
    let (digits, places) = [("%", 2), ("‰", 1), ("‱", 0)]
        .iter()
        .find_map(|(sign, places)| text.strip_suffix(sign).map(|digits| (digits.trim_end(), *places)))
        .ok_or_else(|| BadValue::new("the percent sign is missing").help(help))?;
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let wrong = whole.is_empty() || digits.ends_with('.') || whole.len() > 6 || decimals.len() > places;
    if wrong || !numeric(whole) || !numeric(decimals) {
        return Err(BadValue::new("not a percentage").help(help));
    }
    format!("{whole}{decimals:0<places$}").parse().map_err(|_| BadValue::new("not a percentage").help(help))
}

/// A percentage up to 100.
pub(super) fn percent(text: &str) -> Result<(), BadValue> {
    match permyriad(text)? {
        0..=10_000 => Ok(()),
        _ => {
            Err(BadValue::new(format!("{text} is more than all"))
                .help("a percentage here is from 0% to 100%"))
        }
    }
}

/// A percentage over 0; over 100% it is more than one processor.
pub(super) fn quota(text: &str) -> Result<(), BadValue> {
    match permyriad(text)? {
        0 => {
            Err(BadValue::new("the quota is nothing")
                .help("write a percentage over 0%, 100% for each processor"))
        }
        _ => Ok(()),
    }
}

pub(super) fn memory(text: &str) -> Result<(), BadValue> {
    if infinity(text)? {
        return Ok(());
    }
    if text.ends_with(['%', '‰', '‱']) { percent(text) } else { size(text).map(drop) }
}

/// A limit of memory that is not 0.
pub(super) fn memory_limit(text: &str) -> Result<(), BadValue> {
    memory(text)?;
    let nothing = text.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
    if nothing && text != "infinity" {
        return Err(
            BadValue::new("a limit of no memory at all").help("write a size, a percentage or \"infinity\"")
        );
    }
    Ok(())
}

/// An amount with suffixes of base 1000, or `infinity`.
pub(super) fn amount(text: &str) -> Result<(), BadValue> {
    if infinity(text)? {
        return Ok(());
    }
    size(text).map(drop).map_err(|bad| {
        BadValue::new(bad.problem)
            .help("write a number with an upper-case suffix of base 1000: K M G T P E, such as 10M")
    })
}

/// A span of time where a number without a unit counts nanoseconds.
pub(super) fn nanoseconds(text: &str) -> Result<(), BadValue> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    let micros = text.replace("nsec", "us").replace("ns", "us");
    parse_timespan(&micros, 1).map(drop)
}

pub(super) fn tasks(text: &str) -> Result<(), BadValue> {
    if infinity(text)? {
        return Ok(());
    }
    if text.ends_with('%') { percent(text) } else { integer(text, 1, i64::MAX).map(drop) }
}

/// An integer in a range, decimal or after `0x` hexadecimal.
pub(super) fn integer(text: &str, min: i64, max: i64) -> Result<i64, BadValue> {
    let range = || format!("write a number from {min} to {max}");
    if let Some(number) = text.strip_prefix("0x").and_then(|hex| i64::from_str_radix(hex, 16).ok()) {
        return integer(&number.to_string(), min, max);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadValue::new(format!("{text:?} is no number")).help(range()));
    }
    match text.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(BadValue::new(format!("{text} is out of range")).help(range())),
    }
}

pub(super) fn mode(text: &str) -> Result<(), BadValue> {
    let octal = !text.is_empty() && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if octal && u32::from_str_radix(text, 8).is_ok_and(|bits| bits <= 0o7777) {
        return Ok(());
    }
    Err(BadValue::new("not a file mode").help("write octal digits such as \"0755\""))
}

pub(super) fn limit(text: &str, unit: LimitUnit) -> Result<(), BadValue> {
    let (soft, hard) = match text.split_once(':') {
        Some((soft, hard)) => (soft.trim(), hard.trim()),
        None => (text, text),
    };
    let (soft, hard) = (one_limit(soft, unit)?, one_limit(hard, unit)?);
    if soft > hard {
        return Err(BadValue::new("the soft limit is above the hard one").help("write SOFT:HARD"));
    }
    Ok(())
}

fn one_limit(text: &str, unit: LimitUnit) -> Result<u64, BadValue> {
    if unit != LimitUnit::Nice && infinity(text)? {
        return Ok(u64::MAX);
    }
    match unit {
        LimitUnit::Bytes => size(text),
        LimitUnit::Seconds | LimitUnit::Microseconds => {
            if super::timespan::has_capital_m(text) {
                return Err(BadValue::new("M is a month, not a minute").help("write \"min\" for minutes"));
            }
            parse_timespan(text, if unit == LimitUnit::Seconds { 1_000_000 } else { 1 })
        }
        LimitUnit::Count => count(text),
        LimitUnit::Nice => match text.strip_prefix(['+', '-']) {
            // The limit of nice level N is 20 - N.
            Some(_) => integer(text, -20, 19).map(|nice| u64::try_from(20 - nice).unwrap_or_default()),
            None => integer(text, 0, 40).map(|raw| u64::try_from(raw).unwrap_or_default()),
        },
    }
}

fn count(text: &str) -> Result<u64, BadValue> {
    let bad = BadValue::new(format!("{text:?} is no count"));
    if text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return Err(bad.help("this limit is a plain number, or \"infinity\"; it takes no suffix"));
    }
    integer(text, 0, i64::MAX)
        .map(|count| u64::try_from(count).unwrap_or_default())
        .map_err(|_| bad.help("write a number, SOFT:HARD, or \"infinity\""))
}
