//! The schedule that a crontab's line means.

use super::{DAY, HOUR, Kind, MINUTE, MONTH, Schedule};
use crate::small::cron::{Field, Item, Range, Schedule as Cron};

impl Schedule {
    /// The schedule that means the same as a crontab's; nothing for `@reboot`, for what comes by chance or in seconds,
    /// and for days of the month and of the week at once, of which cron takes either.
    pub fn of_cron(cron: &Cron) -> Option<Self> {
        let [minutes, hours, days, months, weekdays] = match cron {
            Cron::Fields(fields) => fields,
            Cron::Nickname(name) => {
                let text = match name.name() {
                    "weekly" => "Sun 00:00",
                    "midnight" => "daily",
                    "every_minute" => "minutely",
                    // systemd has the others by the same names, but `reboot` and `every_second`.
                    other => other,
                };
                return Self::parse(text).ok();
            }
            Cron::Seconds(_) => return None,
        };
        let by_sunday = set(&SUNDAY_FIRST, weekdays)?;
        // Sunday is 0 and 7 there, and bit 6 here.
        let by_sunday = (by_sunday | by_sunday >> 7) & 0x7f;
        let schedule = Self {
            weekdays: by_sunday >> 1 | (by_sunday & 1) << 6,
            months: set(&MONTH, months)?,
            days: set(&DAY, days)?,
            hours: set(&HOUR, hours)?,
            minutes: set(&MINUTE, minutes)?,
        };
        let is_any =
            |field: &Field| matches!(field.0[..], [Item { range: Range::All, step: None | Some(1) }]);
        if !is_any(days) && !is_any(weekdays) {
            return None;
        }
        // Refuses what never comes, such as 31 February.
        Self::parse(&schedule.to_string()).ok().filter(|same| *same == schedule)
    }
}

const SUNDAY_FIRST: Kind = Kind { what: "weekday", low: 0, high: 7 };

/// What a field takes; nothing if that is by chance, or differs from cron to cron.
fn set(kind: &Kind, field: &Field) -> Option<u64> {
    field.0.iter().try_fold(0, |set, Item { range, step }| {
        let (first, last) = match *range {
            Range::All if kind.high == 7 => (0, 6),
            Range::All => (kind.low, kind.high),
            Range::One(one) if step.is_none() => (one, one),
            Range::Between(first, last) => (first, last),
            Range::One(_) | Range::Random(..) => return None,
        };
        if first < kind.low || last > kind.high || first > last {
            return None;
        }
        let step = usize::from(step.unwrap_or(1)).max(1);
        Some((first..=last).step_by(step).fold(set, |set, number| set | 1 << number))
    })
}
