//! File modes.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

/// Permission bits of a file, written as four octal digits such as `"0644"`. Set-id and sticky bits are refused
/// (facts: threats 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u16);

impl Mode {
    /// The mode of these permission bits; bits above 0777 are dropped.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0o777)
    }

    /// Parses three or four octal digits.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let octal = matches!(text.len(), 3 | 4) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let bits = if octal { u16::from_str_radix(text, 8).ok() } else { None };
        match bits {
            Some(bits) if bits & !0o777 == 0 => Ok(Self(bits)),
            Some(_) => Err(ParseError::new(
                "a mode without set-id and sticky bits",
                "the mode has set-id or sticky bits",
            )),
            None => Err(ParseError::new("four octal digits such as \"0644\"", "not a file mode")),
        }
    }

    /// The permission bits.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether everybody on the host may read the file.
    pub fn world_readable(self) -> bool {
        self.0 & 0o004 != 0
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

text_type!(Mode, pattern = "^0?[0-7]{3}$", description = "File mode in octal, such as \"0644\".");
