//! When a job runs: `[WEEKDAYS] [MONTH-DAY] HOUR:MINUTE`, the part of systemd.time(7)'s calendar events that the five
//! fields of crontab(5) say too. Every host goes by its own clock. A value is the set of times that it means, so that
//! two ways to write the same are equal, and prints in one way.

mod of_cron;

use crate::small::cron::{Field, Item, Range, Schedule as Cron};
use crate::{ParseError, nearest, text_type};
use serde::{Deserialize, Serialize};

/// Times at which a job runs, such as `"02:30"`, `"Mon..Fri 08:00"`, `"*:0/15"`, `"*-1 04:00"` or `"daily"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    /// Bit 0 is Monday.
    weekdays: u64,
    months: u64,
    days: u64,
    hours: u64,
    minutes: u64,
}

/// What a component takes.
struct Kind {
    what: &'static str,
    low: u8,
    high: u8,
}

const MONTH: Kind = Kind { what: "month", low: 1, high: 12 };
const DAY: Kind = Kind { what: "day of the month", low: 1, high: 31 };
const HOUR: Kind = Kind { what: "hour", low: 0, high: 23 };
const MINUTE: Kind = Kind { what: "minute", low: 0, high: 59 };
const WEEKDAY: Kind = Kind { what: "weekday", low: 0, high: 6 };

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Names, as systemd has them. cron's `@weekly` would be Sunday.
const NAMED: &[(&str, &str)] = &[
    ("minutely", "*:*"),
    ("hourly", "*:00"),
    ("daily", "00:00"),
    ("weekly", "Mon 00:00"),
    ("monthly", "*-1 00:00"),
    ("quarterly", "1,4,7,10-1 00:00"),
    ("yearly", "1-1 00:00"),
    ("annually", "1-1 00:00"),
];

/// Days that the longest of the years gives each month.
const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn bad(problem: impl Into<String>) -> ParseError {
    ParseError::new(
        "[WEEKDAYS] [MONTH-DAY] HOUR:MINUTE such as \"02:30\", \"Mon..Fri 08:00\" or \"*:0/15\", or hourly, daily, \
         weekly, monthly, quarterly, yearly",
        problem,
    )
}

impl Kind {
    fn all(&self) -> u64 {
        (self.low..=self.high).fold(0, |set, number| set | 1 << number)
    }

    /// `*`, or a list of `N`, `N..M`, each perhaps with `/STEP`.
    fn parse(&self, text: &str) -> Result<u64, ParseError> {
        let mut set = 0;
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (item, None),
            };
            let (first, last) = match range.split_once("..") {
                _ if range == "*" => (self.low, self.high),
                Some((first, last)) => (self.number(first)?, self.number(last)?),
                None if step.is_some() => (self.number(range)?, self.high),
                None => {
                    let number = self.number(range)?;
                    (number, number)
                }
            };
            if first > last {
                return Err(bad(format!("the {}s {range} go backwards", self.what)));
            }
            let step = match step {
                None => 1,
                Some(step) => digits(step)
                    .filter(|step| *step > 0)
                    .ok_or_else(|| bad(format!("the step of a {} is no number from 1", self.what)))?,
            };
            if step > last - first && step > 1 && !range.contains("..") {
                let why =
                    format!("a step of {step} leads past the last {}, which is {}", self.what, self.high);
                return Err(bad(why));
            }
            set = (first..=last).step_by(usize::from(step)).fold(set, |set, number| set | 1 << number);
        }
        Ok(set)
    }

    fn number(&self, text: &str) -> Result<u8, ParseError> {
        if text.is_empty() {
            return Err(bad(format!("the {} is missing", self.what)));
        }
        let number = digits(text).filter(|number| (self.low..=self.high).contains(number));
        number.ok_or_else(|| bad(format!("the {} goes from {} to {}", self.what, self.low, self.high)))
    }

    /// The runs of a set: first and last of each.
    fn runs(&self, set: u64) -> Vec<(u8, u8)> {
        let mut runs: Vec<(u8, u8)> = Vec::new();
        for number in (self.low..=self.high).filter(|number| set & 1 << number != 0) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => runs.push((number, number)),
            }
        }
        runs
    }

    /// First and step of a set that goes on in even steps, of at least two, to its end.
    fn steps(&self, set: u64) -> Option<(u8, u8)> {
        let numbers: Vec<u8> = (self.low..=self.high).filter(|number| set & 1 << number != 0).collect();
        let [first, second, .., last] = numbers[..] else { return None };
        let step = second - first;
        let even = numbers.windows(2).all(|pair| pair[1] - pair[0] == step);
        (step > 1 && even && last + step > self.high).then_some((first, step))
    }

    /// As calendar events are written; numbers have at least so many digits.
    fn print(&self, set: u64, width: usize) -> String {
        if set == self.all() {
            return "*".to_owned();
        }
        if let Some((first, step)) = self.steps(set) {
            return format!("{first:0width$}/{step}");
        }
        let runs = self.runs(set).into_iter().map(|(first, last)| match last - first {
            0 => format!("{first:0width$}"),
            1 => format!("{first:0width$},{last:0width$}"),
            _ => format!("{first:0width$}..{last:0width$}"),
        });
        runs.collect::<Vec<_>>().join(",")
    }

    /// As a field of a crontab. Only what is always is a `*`: cron takes days that begin with one for any.
    fn field(&self, set: u64) -> Field {
        let item = |range, step| Item { range, step };
        if set == self.all() {
            return Field(vec![item(Range::All, None)]);
        }
        if let Some((first, step)) = self.steps(set) {
            let range = match (first == self.low, self.what) {
                (true, "minute" | "hour") => Range::All,
                _ => Range::Between(first, self.high),
            };
            return Field(vec![item(range, Some(u16::from(step)))]);
        }
        let runs = self.runs(set).into_iter().flat_map(|(first, last)| match last - first {
            0 => vec![item(Range::One(first), None)],
            1 => vec![item(Range::One(first), None), item(Range::One(last), None)],
            _ => vec![item(Range::Between(first, last), None)],
        });
        Field(runs.collect())
    }
}

fn digits(text: &str) -> Option<u8> {
    let plain = !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

impl Schedule {
    /// Parses `[WEEKDAYS] [MONTH-DAY] HOUR:MINUTE` or a name.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((_, meant)) = NAMED.iter().find(|(name, _)| *name == text.trim()) {
            return Self::parse(meant);
        }
        let mut words: Vec<&str> = text.split_whitespace().collect();
        if let [word] = words[..]
            && word.bytes().all(|b| b.is_ascii_alphabetic())
            && let Some(meant) = nearest(word, NAMED.iter().map(|(name, _)| *name))
        {
            return Err(bad(format!("there is no HOUR:MINUTE; did you mean {meant:?}?")));
        }
        let Some(last) = words.last() else { return Err(bad("the time is empty")) };
        if words.len() == 5 && !text.contains(':') {
            return Err(bad("these are five fields of a crontab"));
        }
        if !last.contains(':') && words.iter().any(|word| word.contains(':')) {
            return Err(bad("a host goes by its own clock: no time zone can follow the time"));
        }
        let time =
            words.pop().filter(|word| word.contains(':')).ok_or_else(|| bad("there is no HOUR:MINUTE"))?;
        let (hours, minutes) = match time.split(':').collect::<Vec<_>>()[..] {
            [hours, minutes] | [hours, minutes, "0" | "00"] => (hours, minutes),
            [_, _, _] => return Err(bad("cron knows no seconds")),
            _ => return Err(bad("the time is not HOUR:MINUTE")),
        };
        let (hours, minutes) = (HOUR.parse(hours)?, MINUTE.parse(minutes)?);
        let weekdays = match words.first().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            Some(word) => {
                let weekdays = parse_weekdays(word)?;
                words.remove(0);
                weekdays
            }
            None => WEEKDAY.all(),
        };
        let (months, days) = match words[..] {
            [] => (MONTH.all(), DAY.all()),
            [date] => match date.split('-').collect::<Vec<_>>()[..] {
                [months, days] | ["*", months, days] => (MONTH.parse(months)?, DAY.parse(days)?),
                [_, _, _] => return Err(bad("cron knows no years")),
                _ => return Err(bad("the date is not MONTH-DAY, such as *-1 for the first of every month")),
            },
            _ => return Err(bad("there is more than weekdays, a date and a time")),
        };
        let exists = |month: u8| {
            let length = LENGTHS[usize::from(month - 1)];
            months & 1 << month != 0 && (1..=length).any(|day| days & 1 << day != 0)
        };
        if !(1..=12).any(exists) {
            return Err(bad("none of the months has such a day"));
        }
        Ok(Self { weekdays, months, days, hours, minutes })
    }

    /// As `OnCalendar=` takes it.
    pub fn on_calendar(&self) -> String {
        let (months, days) = (MONTH.print(self.months, 2), DAY.print(self.days, 2));
        let (hours, minutes) = (HOUR.print(self.hours, 2), MINUTE.print(self.minutes, 2));
        format!("{}*-{months}-{days} {hours}:{minutes}:00", self.weekdays())
    }

    /// The five fields of a crontab, and, if they cannot say all, the numbers of the weekdays (Monday is 1, Sunday 7) on
    /// which the job is meant to run when cron starts it: with days of the month and of the week, cron takes either.
    pub fn cron(&self) -> (Cron, Vec<u8>) {
        let all_days = self.days == DAY.all() || self.weekdays == WEEKDAY.all();
        // cron's Sunday is 0.
        let sunday_first = (self.weekdays << 1 | self.weekdays >> 6) & WEEKDAY.all();
        let weekdays = if all_days { WEEKDAY.field(sunday_first) } else { WEEKDAY.field(WEEKDAY.all()) };
        let fields = [
            MINUTE.field(self.minutes),
            HOUR.field(self.hours),
            DAY.field(self.days),
            MONTH.field(self.months),
            weekdays,
        ];
        let guard = (1..=7).filter(|day| !all_days && self.weekdays & 1 << (day - 1) != 0).collect();
        (Cron::Fields(fields), guard)
    }

    /// Whether it means a minute of a day: month and day from 1, weekday from 1 for Monday.
    pub fn has(&self, (month, day): (u8, u8), weekday: u8, (hour, minute): (u8, u8)) -> bool {
        let all = [
            (self.weekdays, weekday.wrapping_sub(1)),
            (self.months, month),
            (self.days, day),
            (self.hours, hour),
            (self.minutes, minute),
        ];
        all.into_iter().all(|(set, number)| number < 64 && set & 1 << number != 0)
    }

    /// Whether some minute is meant by both.
    pub fn meets(&self, other: &Self) -> bool {
        let both = [
            self.weekdays & other.weekdays,
            self.months & other.months,
            self.days & other.days,
            self.hours & other.hours,
            self.minutes & other.minutes,
        ];
        both.into_iter().all(|set| set != 0)
    }

    /// The weekdays and a blank; nothing if it is any.
    fn weekdays(&self) -> String {
        if self.weekdays == WEEKDAY.all() {
            return String::new();
        }
        let name = |day: u8| WEEKDAYS[usize::from(day)];
        let runs = WEEKDAY.runs(self.weekdays).into_iter().map(|(first, last)| match last - first {
            0 => name(first).to_owned(),
            1 => format!("{},{}", name(first), name(last)),
            _ => format!("{}..{}", name(first), name(last)),
        });
        runs.collect::<Vec<_>>().join(",") + " "
    }
}

/// Names of weekdays, such as `Mon..Fri` or `Sat,Sun`. A range may go over the end of the week.
fn parse_weekdays(word: &str) -> Result<u64, ParseError> {
    let day = |text: &str| {
        let names = WEEKDAYS.iter().zip(LONG);
        let mut names =
            names.map(|(short, long)| short.eq_ignore_ascii_case(text) || long.eq_ignore_ascii_case(text));
        let day = names.position(|same| same).ok_or_else(|| bad("a weekday is not one of Mon to Sun"))?;
        Ok::<usize, ParseError>(day)
    };
    let mut set = 0;
    for item in word.split(',') {
        let (first, last) = match item.split_once("..") {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(item)?, day(item)?),
        };
        let length = (last + 7 - first) % 7;
        set = (0..=length).fold(set, |set, offset| set | 1 << ((first + offset) % 7));
    }
    Ok(set)
}

impl std::fmt::Display for Schedule {
    /// Prints what [`Schedule::parse`] reads.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.weekdays())?;
        if self.months != MONTH.all() || self.days != DAY.all() {
            write!(f, "{}-{} ", MONTH.print(self.months, 1), DAY.print(self.days, 1))?;
        }
        write!(f, "{}:{}", HOUR.print(self.hours, 2), MINUTE.print(self.minutes, 2))
    }
}

text_type!(
    Schedule,
    pattern = "^[A-Za-z0-9*,./: -]+$",
    description = "When a job runs, by the host's clock: [WEEKDAYS] [MONTH-DAY] HOUR:MINUTE such as \"02:30\", \"Mon..Fri 08:00\", \"*:0/15\", \"*-1 04:00\", or hourly, daily, weekly, monthly, quarterly, yearly."
);

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
