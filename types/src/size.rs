//! Sizes in bytes as people write them.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

/// A size in bytes, written as an integer with an optional binary unit `K M G T P E` (base 1024), such as `"512M"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(u64);

const UNITS: [(char, u32); 6] = [('E', 60), ('P', 50), ('T', 40), ('G', 30), ('M', 20), ('K', 10)];

impl ByteSize {
    /// The size of so many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Parses an integer and an optional unit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |problem: &str| ParseError::new("a size such as \"512M\" or \"1G\" (base 1024)", problem);
        let (number, shift) = match text.chars().last() {
            Some(unit) if unit.is_ascii_alphabetic() => {
                let known = UNITS.iter().find(|(name, _)| *name == unit);
                let (_, shift) = known.ok_or_else(|| bad("unknown unit of size"))?;
                (&text[..text.len() - 1], *shift)
            }
            _ => (text, 0),
        };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("not a size"));
        }
        let number: u64 = number.parse().map_err(|_| bad("the size is too large"))?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(|| bad("the size is too large"))
    }

    /// The size in bytes.
    pub fn as_bytes(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for ByteSize {
    /// Prints with the largest unit that divides the size.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (unit, shift) in UNITS {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

text_type!(
    ByteSize,
    pattern = "^[0-9]+[KMGTPE]?$",
    description = "Size in bytes with an optional unit K, M, G, T, P, E (base 1024), such as \"512M\"."
);
