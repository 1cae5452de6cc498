//! Login classes: `/etc/login.conf.d/CLASS` of OpenBSD and records of FreeBSD's `/etc/login.conf`, getcap(3) syntax.
//!
//! `class|description:cap=value:bool:cap@:tc=other:` with a `\` before each line break. The **first** occurrence of a
//! capability wins, so `tc=` stands last. A colon is `\c` (`\:` does not escape it), `^` is `\^`, `\` is `\\`, control
//! characters are octal. On OpenBSD a file of login.conf.d replaces the record of that name as a whole; on FreeBSD
//! `cap_mkdb` must run after each edit.

mod chain;
mod each;
mod record;
mod table;
mod value;

pub use chain::{judge, misplaced};
pub use each::each;
pub use record::{Record, Setting, parse};
pub use table::{CAPABILITIES, Capability, Kind, Systems, find};
pub use value::check;

/// Which system's login.conf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum System {
    /// OpenBSD.
    OpenBsd,
    /// FreeBSD.
    FreeBsd,
}

impl System {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenBsd => "OpenBSD's login.conf",
            Self::FreeBsd => "FreeBSD's login.conf",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
