//! Calendar events of `OnCalendar=` (systemd.time(7), "Calendar Events"): their shape and ranges, not their dates.

use super::check::BadValue;
use crate::nearest;

const NAMED: &[&str] = &[
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "semiannually",
    "semi-annually",
    "biannually",
    "bi-annually",
    "annually",
    "yearly",
    "anually",
];
const WEEKDAYS: &[&str] = &[
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sun",
    "mon",
    "tue",
    "wed",
    "thu",
    "thur",
    "fri",
    "sat",
];

/// Checks `[WEEKDAYS] [DATE] [TIME] [ZONE]` or a name such as `daily`.
pub(super) fn check(text: &str) -> Result<(), BadValue> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let zoned = words.last().is_some_and(|word| is_zone(word));
    if zoned {
        words.pop();
    }
    if words.is_empty() {
        return Err(BadValue::new("the calendar event is empty"));
    }
    if let [word] = words[..] {
        if NAMED.iter().any(|name| name.eq_ignore_ascii_case(word)) {
            return Ok(());
        }
        if let Some(seconds) = word.strip_prefix('@') {
            return component(seconds, "time", 0, u32::MAX, false);
        }
    }
    let mut rest = words.as_slice();
    if let Some((first, after)) = rest.split_first()
        && first.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        weekdays(first, rest.len() == 1)?;
        rest = after;
    }
    if let Some((first, after)) = rest.split_first()
        && !first.contains(':')
    {
        date(first)?;
        rest = after;
    }
    if let Some((first, after)) = rest.split_first() {
        time(first)?;
        rest = after;
    }
    match rest.first() {
        None => Ok(()),
        Some(word) => Err(BadValue::new(format!("unexpected {word:?} in a calendar event"))
            .help("write [WEEKDAYS] [YEAR-MONTH-DAY] [HOUR:MINUTE[:SECOND]] [TIME ZONE]")),
    }
}

fn is_zone(word: &str) -> bool {
    word == "UTC"
        || (word.contains('/')
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+')))
}

fn weekdays(word: &str, alone: bool) -> Result<(), BadValue> {
    for name in word.split(',').flat_map(|part| part.split("..")).flat_map(|part| part.split('-')) {
        if name.is_empty() || WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(name)) {
            continue;
        }
        let names = WEEKDAYS.iter().chain(if alone { NAMED } else { &[] }).copied();
        let bad = BadValue::new(format!("{name:?} is no weekday"));
        return Err(match nearest(name, names) {
            Some(meant) => bad.help(format!("did you mean {meant:?}?")),
            None => bad.help("write Mon to Sun, or daily, weekly, hourly …"),
        });
    }
    Ok(())
}

fn date(word: &str) -> Result<(), BadValue> {
    let shape = || {
        BadValue::new(format!("{word:?} is no date of a calendar event"))
            .help("write YEAR-MONTH-DAY or MONTH-DAY with * for any, and a time as HOUR:MINUTE")
    };
    let (before, day) = match word.split_once('~') {
        Some(parts) => parts,
        None => word.rsplit_once('-').ok_or_else(shape)?,
    };
    let month = match before.split_once('-') {
        Some((year, month)) => {
            component(year, "year", 0, 9999, false)?;
            month
        }
        None => before,
    };
    if month.contains('-') {
        return Err(shape());
    }
    component(month, "month", 1, 12, false)?;
    component(day, "day", 1, 31, false)
}

fn time(word: &str) -> Result<(), BadValue> {
    let parts: Vec<&str> = word.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => {
            return Err(BadValue::new(format!("{word:?} is no time of a calendar event"))
                .help("write HOUR:MINUTE or HOUR:MINUTE:SECOND"));
        }
    };
    component(hour, "hour", 0, 23, false)?;
    component(minute, "minute", 0, 59, false)?;
    component(second, "second", 0, 59, true)
}

/// `*`, or a list of `N`, `N..M`, each perhaps with `/STEP`.
fn component(text: &str, what: &str, min: u32, max: u32, decimals: bool) -> Result<(), BadValue> {
    let number = |text: &str| {
        let whole = if decimals { text.split_once('.').map_or(text, |(whole, _)| whole) } else { text };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(&text.replacen('.', "", usize::from(decimals))) {
            return Err(BadValue::new(format!("{text:?} is no {what} of a calendar event")));
        }
        match whole.parse::<u32>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            _ => Err(BadValue::new(format!("{what} {text} is out of range"))
                .help(format!("it is from {min} to {max}"))),
        }
    };
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        if let Some(step) = step {
            let good = step.parse::<f64>().is_ok_and(|step| step > 0.0) && (decimals || !step.contains('.'));
            if !good {
                return Err(BadValue::new(format!("{step:?} is no step of a {what}")));
            }
        }
        if range == "*" {
            continue;
        }
        match range.split_once("..") {
            Some((first, last)) => {
                if number(first)? > number(last)? {
                    return Err(BadValue::new(format!("the {what}s {range} go backwards")));
                }
            }
            None => {
                number(range)?;
            }
        }
    }
    Ok(())
}
