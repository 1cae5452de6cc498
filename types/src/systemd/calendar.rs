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
    if words.len() > 1
        && let Some(last) = words.last()
        && looks_like_a_zone(last)
    {
        zone(last)?;
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

/// Names of time zones.
const ZONES: &str = include_str!("zones.txt");

fn zones() -> impl Iterator<Item = &'static str> {
    ZONES.lines().filter(|line| !line.starts_with('#'))
}

/// Whether a word stands where a time zone does: no date, time or weekday begins with a letter and has no digit before.
fn looks_like_a_zone(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The manager has the time zones of the host's database; systemd refuses the event if one is missing.
fn zone(word: &str) -> Result<(), BadValue> {
    if word.eq_ignore_ascii_case("UTC") || zones().any(|known| known == word) {
        return Ok(());
    }
    let bad = BadValue::new(format!("{word:?} is no time zone"));
    let other_case = zones().find(|known| known.eq_ignore_ascii_case(word));
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    // `Berlin` for `Europe/Berlin`.
    let city = zones().find(|known| known.contains('/') && last(known).eq_ignore_ascii_case(word));
    Err(match other_case.or(city).or_else(|| nearest(word, zones())) {
        Some(meant) => bad.help(format!("did you mean {meant:?}?")),
        None => bad.help("write one of the database of time zones, such as Europe/Berlin, or UTC"),
    })
}

fn weekdays(word: &str, alone: bool) -> Result<(), BadValue> {
    // Monday is the first.
    let place = |name: &str| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        days.iter().position(|day| name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(day)))
    };
    for part in word.split(',') {
        let ends = part.split_once("..").or_else(|| part.split_once('-'));
        if let Some((Some(first), Some(last))) = ends.map(|(first, last)| (place(first), place(last)))
            && first > last
        {
            return Err(BadValue::new(format!("the weekdays {part} go backwards"))
                .help("weeks begin on Monday: write a list, such as Fri,Sat,Sun,Mon"));
        }
    }
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
            component(year, "year", 1970, 2199, false)?;
            month
        }
        None => before,
    };
    if month.contains('-') {
        return Err(shape());
    }
    component(month, "month", 1, 12, false)?;
    // Counted from the end of the month, of which the shortest has 28.
    component(day, "day", 1, if word.contains('~') { 28 } else { 31 }, false)?;
    let longest = months(month).map(|month| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    });
    let first =
        day.split(',').map(|part| part.split(['.', '/']).next().and_then(|day| day.parse::<u32>().ok()));
    let first = first.map(|day| day.unwrap_or(1)).min();
    if !word.contains('~') && first > longest.max() {
        return Err(BadValue::new(format!("{word:?} never comes: no such month has that day"))
            .help("write a day that the month has, or MONTH~1 for its last"));
    }
    Ok(())
}

/// The months of a good component.
fn months(text: &str) -> impl Iterator<Item = u32> {
    let of_part = |part: &str| {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (first, last) =
            range.split_once("..").unwrap_or((range, if step.is_some() { "12" } else { range }));
        let number = |text: &str, any: u32| text.parse::<u32>().unwrap_or(any);
        let step = step.map_or(1, |step| number(step, 1)).max(1) as usize;
        (number(first, 1)..=number(last, 12)).step_by(step)
    };
    text.split(',').flat_map(of_part)
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
            if let Some(step) = step {
                return Err(BadValue::new(format!("{part:?}: no step goes with *"))
                    .help(format!("write the first {what} before it: {min}/{step}")));
            }
            continue;
        }
        match range.split_once("..") {
            Some((first, last)) => {
                if number(first)? > number(last)? {
                    return Err(BadValue::new(format!("the {what}s {range} go backwards")));
                }
            }
            None => {
                let first = number(range)?;
                let step = step.and_then(|step| step.parse::<f64>().ok()).unwrap_or_default();
                // A second may go up to 60, less a microsecond.
                let last = if decimals { f64::from(max) + 0.999_999 } else { f64::from(max) };
                if max < u32::MAX && f64::from(first) + step > last {
                    return Err(BadValue::new(format!("the step of {part:?} leads past the last {what}"))
                        .help(format!("{first} and the step may not be more than {max}")));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_time_zones_is_sorted_and_has_those_kept_for_compatibility() {
        assert!(zones().is_sorted() && zones().count() > 500);
        assert!(
            ["Europe/Berlin", "Asia/Calcutta", "US/Pacific", "CET"]
                .iter()
                .all(|name| zones().any(|zone| zone == *name))
        );
    }

    #[test]
    fn time_zones_are_those_that_systemd_takes() {
        const NAME: &str = "time_zones_are_those_that_systemd_takes";
        let calendar = |event: &str| {
            std::process::Command::new("systemd-analyze")
                .args(["calendar", event])
                .output()
                .map(|out| out.status.success())
        };
        if calendar("daily").is_err() || !std::path::Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
            return cmc_testing::skip(NAME, "systemd-analyze or the time zones are not installed");
        }
        for zone in [
            "UTC",
            "utc",
            "Europe/Berlin",
            "CET",
            "GMT",
            "Asia/Calcutta",
            "europe/berlin",
            "PST",
            "Europe/Berlinn",
        ] {
            let event = format!("02:00 {zone}");
            assert_eq!(check(&event).is_ok(), calendar(&event).unwrap(), "{zone}");
        }
    }
}
