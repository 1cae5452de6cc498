//! When a job runs: five fields of time, or a nickname.

use super::Dialect;
use crate::nearest;
use std::borrow::Cow;
use std::fmt;

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Minute, hour, day of the month, month, day of the week. If both days are restricted, either suffices.
    Fields([Field; 5]),
    /// `@daily` and its like.
    Nickname(Nickname),
    /// `@N`, FreeBSD: so many seconds after the job ended.
    Seconds(u32),
}

/// A word for a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nickname(&'static str);

/// Nicknames that every cron knows, then FreeBSD's own.
const NICKNAMES: [&str; 10] = [
    "reboot",
    "yearly",
    "annually",
    "monthly",
    "weekly",
    "daily",
    "midnight",
    "hourly",
    "every_minute",
    "every_second",
];

impl Nickname {
    /// The nickname, without `@`, if this cron knows it.
    pub fn of(name: &str, dialect: Dialect) -> Option<Self> {
        Self::known(dialect).find(|known| *known == name).map(Self)
    }

    fn known(dialect: Dialect) -> impl Iterator<Item = &'static str> {
        let count = if dialect == Dialect::FreeBsd { NICKNAMES.len() } else { NICKNAMES.len() - 2 };
        NICKNAMES.into_iter().take(count)
    }

    /// Its name, without `@`.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// One field: the times of all its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field(pub Vec<Item>);

/// A range, and which of it: every `step`th.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The range.
    pub range: Range,
    /// Every so many, from 1.
    pub step: Option<u16>,
}

/// A range of a field. Sunday is 0 and 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// `*`.
    All,
    /// One.
    One(u8),
    /// From, to.
    Between(u8, u8),
    /// `FROM~TO`: one of them, by chance; what is left out is the end of the field.
    Random(Option<u8>, Option<u8>),
}

/// What a field takes.
pub(super) struct Kind {
    pub(super) what: &'static str,
    /// The same as a finding.
    pub(super) bad: &'static str,
    low: u8,
    high: u8,
    names: &'static [&'static str],
    first_name: u8,
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(super) const KINDS: [Kind; 5] = [
    Kind { what: "minute", bad: "the minute cannot be read", low: 0, high: 59, names: &[], first_name: 0 },
    Kind { what: "hour", bad: "the hour cannot be read", low: 0, high: 23, names: &[], first_name: 0 },
    Kind {
        what: "day of the month",
        bad: "the day of the month cannot be read",
        low: 1,
        high: 31,
        names: &[],
        first_name: 0,
    },
    Kind { what: "month", bad: "the month cannot be read", low: 1, high: 12, names: MONTHS, first_name: 1 },
    Kind {
        what: "day of the week",
        bad: "the day of the week cannot be read",
        low: 0,
        high: 7,
        names: DAYS,
        first_name: 0,
    },
];

impl Kind {
    /// Parses a field; the error says what to write.
    pub(super) fn parse(&self, text: &str, dialect: Dialect) -> Result<Field, Cow<'static, str>> {
        text.split(',').map(|item| self.item(item, dialect)).collect::<Result<_, _>>().map(Field)
    }

    fn item(&self, text: &str, dialect: Dialect) -> Result<Item, Cow<'static, str>> {
        if text.is_empty() {
            return Err("a comma stands where a number is missing".into());
        }
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (text, None),
        };
        let range = self.range(range, dialect)?;
        let step = match step {
            None => None,
            Some(step) => {
                let number =
                    step.parse::<u16>().ok().filter(|n| *n > 0 && step.bytes().all(|b| b.is_ascii_digit()));
                Some(number.ok_or("behind the `/` stands a number from 1, such as `*/15`")?)
            }
        };
        let from_one = matches!(dialect, Dialect::FreeBsd | Dialect::Busybox);
        if let (Range::One(first), Some(step)) = (range, step)
            && !from_one
        {
            let help = format!("a step needs a range before it: write `{first}-{}/{step}`", self.high);
            return Err(help.into());
        }
        Ok(Item { range, step })
    }

    fn range(&self, text: &str, dialect: Dialect) -> Result<Range, Cow<'static, str>> {
        if text == "*" {
            return Ok(Range::All);
        }
        if let Some((from, to)) = text.split_once('~') {
            if !matches!(dialect, Dialect::OpenBsd | Dialect::Cronie) {
                let help = format!("{} knows no `~` for a time by chance: write a number", dialect.name());
                return Err(help.into());
            }
            let end = |text: &str| match text {
                "" => Ok(None),
                text => self.number(text).map(Some),
            };
            let (from, to) = (end(from)?, end(to)?);
            if from.unwrap_or(self.low) > to.unwrap_or(self.high) {
                return Err("the range runs backwards, and would never match".into());
            }
            return Ok(Range::Random(from, to));
        }
        let Some((from, to)) = text.split_once('-') else {
            return self.number(text).map(Range::One);
        };
        let (from, to) = (self.number(from)?, self.number(to)?);
        if from > to && dialect != Dialect::Busybox {
            let help = match to {
                0 if !self.names.is_empty() => {
                    format!("the range runs backwards, since Sunday is 0: write `{from}-7`")
                }
                _ => format!(
                    "the range runs backwards, and would never match: write `{from}-{},{}-{to}`",
                    self.high, self.low
                ),
            };
            return Err(help.into());
        }
        Ok(Range::Between(from, to))
    }

    fn number(&self, text: &str) -> Result<u8, Cow<'static, str>> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            let number = text.parse::<u8>().ok().filter(|n| (self.low..=self.high).contains(n));
            return number
                .ok_or_else(|| format!("the {} goes from {} to {}", self.what, self.low, self.high).into());
        }
        if let Some(index) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(self.first_name.saturating_add(u8::try_from(index).unwrap_or(0)));
        }
        if text.starts_with('*') {
            return Err("behind `*` may stand nothing but a step, such as `*/5`".into());
        }
        if text.contains(['#', 'L', 'W', '?']) && !text.contains(char::is_whitespace) && text.len() <= 3 {
            return Err(
                "`?`, `L`, `W` and `#` are of other schedulers; cron knows numbers, `*`, `-`, `,` and `/`"
                    .into(),
            );
        }
        let short =
            text.get(..3).filter(|short| self.names.iter().any(|name| name.eq_ignore_ascii_case(short)));
        if let Some(short) = short {
            return Err(format!("names are three letters: write `{}`", short.to_ascii_lowercase()).into());
        }
        Err(match self.names.is_empty() {
            true => format!(
                "the {} is a number from {} to {}, `*`, a range or a list of them",
                self.what, self.low, self.high
            ),
            false => format!(
                "the {} is a number from {} to {} or a name such as `{}`",
                self.what, self.low, self.high, self.names[1]
            ),
        }
        .into())
    }

    /// An item whose step leaves only its first time.
    pub(super) fn idle_step(&self, field: &Field) -> bool {
        field.0.iter().any(|item| {
            let width = match item.range {
                Range::All => self.high - self.low,
                Range::Between(from, to) => to.saturating_sub(from),
                Range::One(from) => self.high - from,
                Range::Random(..) => return false,
            };
            item.step.is_some_and(|step| step > u16::from(width).max(1))
        })
    }
}

impl Field {
    /// Whether every time of the field is one.
    pub fn is_all(&self) -> bool {
        self.0.iter().any(|item| item.range == Range::All && item.step.is_none_or(|step| step == 1))
    }

    /// Whether it has a time.
    fn has(&self, time: u8, low: u8, high: u8) -> bool {
        self.0.iter().any(|item| {
            let (from, to) = match item.range {
                Range::All => (low, high),
                Range::One(one) if item.step.is_some() => (one, high),
                Range::One(one) => (one, one),
                Range::Between(from, to) => (from, to),
                Range::Random(from, to) => return (from.unwrap_or(low)..=to.unwrap_or(high)).contains(&time),
            };
            (from..=to).contains(&time) && u16::from(time - from).is_multiple_of(item.step.unwrap_or(1))
        })
    }
}

impl Schedule {
    /// Parses a nickname, without its `@`; the error says what to write.
    pub(super) fn nickname(name: &str, dialect: Dialect) -> Result<Self, Cow<'static, str>> {
        if let Some(nickname) = Nickname::of(name, dialect) {
            return Ok(Self::Nickname(nickname));
        }
        let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        if dialect == Dialect::FreeBsd
            && digits
            && let Ok(seconds) = name.parse()
        {
            return Ok(Self::Seconds(seconds));
        }
        if name.starts_with("every") && dialect != Dialect::FreeBsd {
            return Err("write the five fields: `*/5 * * * *` is every five minutes".into());
        }
        let known: Vec<&str> = Nickname::known(dialect).collect();
        Err(match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `@{near}`?").into(),
            None => format!("there are @{}", known.join(" @")).into(),
        })
    }

    /// Whether no day of any year is one: the 30th of February and its like.
    pub fn never_comes(&self) -> bool {
        const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let Self::Fields([_, _, days, months, weekdays]) = self else { return false };
        weekdays.is_all()
            && !(1..).zip(LENGTHS).any(|(month, length)| {
                months.has(month, 1, 12) && (1..=length).any(|day| days.has(day, 1, 31))
            })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Range::All => f.write_str("*")?,
            Range::One(one) => write!(f, "{one}")?,
            Range::Between(from, to) => write!(f, "{from}-{to}")?,
            Range::Random(from, to) => {
                let end = |end: Option<u8>| end.map(|end| end.to_string()).unwrap_or_default();
                write!(f, "{}~{}", end(from), end(to))?;
            }
        }
        self.step.map_or(Ok(()), |step| write!(f, "/{step}"))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nickname(name) => write!(f, "@{}", name.0),
            Self::Seconds(seconds) => write!(f, "@{seconds}"),
            Self::Fields(fields) => {
                for (index, field) in fields.iter().enumerate() {
                    let items: Vec<String> = field.0.iter().map(Item::to_string).collect();
                    write!(f, "{}{}", if index == 0 { "" } else { " " }, items.join(","))?;
                }
                Ok(())
            }
        }
    }
}
