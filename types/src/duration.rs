//! Spans of time as people write them.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

/// A finite span of time in microseconds, written as a sum of integers with units `us ms s m h d w`, such as `"30s"`
/// or `"1h 30m"`. A number without a unit is refused, so that nobody has to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timespan {
    micros: u64,
}

const UNITS: [(&str, u64); 7] = [
    ("w", 604_800_000_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl Timespan {
    /// The span of so many seconds.
    pub const fn from_secs(seconds: u32) -> Self {
        Self { micros: seconds as u64 * 1_000_000 }
    }

    /// Parses a sum of terms, each an integer and a unit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad =
            |problem: &str| ParseError::new("a time span such as \"30s\", \"500ms\" or \"1h 30m\"", problem);
        let mut micros: u64 = 0;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(bad("the time span is empty"));
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().map_err(|_| bad("not a time span"))?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = &rest[..letters];
            let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
                return Err(bad(if unit.is_empty() {
                    "the time span lacks a unit"
                } else {
                    "unknown unit of time"
                }));
            };
            micros = number
                .checked_mul(*factor)
                .and_then(|term| micros.checked_add(term))
                .ok_or_else(|| bad("the time span is too long"))?;
            rest = rest[letters..].trim_start();
        }
        Ok(Self { micros })
    }

    /// The span in microseconds.
    pub fn as_micros(self) -> u64 {
        self.micros
    }

    /// The span in whole seconds, rounded up.
    pub fn as_secs(self) -> u64 {
        self.micros.div_ceil(1_000_000)
    }

    /// The span as the standard library's duration.
    pub fn as_duration(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.micros)
    }
}

impl std::fmt::Display for Timespan {
    /// Prints the canonical sum, largest unit first; zero is `0s`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.micros == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.micros;
        let mut first = true;
        for (unit, factor) in UNITS {
            let count = rest / factor;
            if count > 0 {
                write!(f, "{}{count}{unit}", if first { "" } else { " " })?;
                first = false;
                rest %= factor;
            }
        }
        Ok(())
    }
}

text_type!(
    Timespan,
    pattern = "^\\s*([0-9]+(us|ms|s|m|h|d|w)\\s*)+$",
    description = "Span of time with units us, ms, s, m, h, d, w, such as \"30s\" or \"1h 30m\"."
);
