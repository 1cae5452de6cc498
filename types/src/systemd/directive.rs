//! A directive: what it takes, what repeating it does, what an empty value does; and how one is found by name.

use super::check::BadValue;
use super::kind::Kind;
use super::names::Section;
use super::newer::Newer;
use super::{outdated, table};

/// What several values do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// They add up.
    Appends,
    /// The last one counts.
    Last,
}

/// What an empty value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// It removes what stands before it, or restores the default.
    Resets,
    /// systemd refuses it.
    Refused,
    /// It does nothing: dependencies cannot be removed.
    Useless,
}

/// A directive. Whether specifiers are expanded in its values is said by its kind: [`Kind::expands_specifiers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directive {
    /// Sections that it stands in.
    pub sections: &'static [Section],
    /// Name.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What several values do.
    pub repeat: Repeat,
    /// What an empty value does.
    pub empty: Empty,
    /// The release of systemd that brought it, if that is later than 245.
    pub since: Option<u16>,
    /// What to use instead, if it is kept for compatibility only.
    pub replaced_by: Option<&'static str>,
}

impl Directive {
    /// What to write instead of a value that systemd takes with a warning only.
    pub fn outdated(&self, value: &str) -> Option<&'static str> {
        outdated::instead(self.key, value)
    }

    /// Checks one value as the newest systemd takes it.
    pub fn check(&self, value: &str) -> Result<(), BadValue> {
        self.check_for(value, None)
    }

    /// The part of a good value that a release of systemd does not know, though it knows the directive.
    pub fn newer(&self, value: &str, release: u16) -> Option<Newer> {
        self.kind.newer(value, release)
    }

    /// Checks one value; help names only what a release of systemd has, if one is given. What is newer is no mistake
    /// here: [`Directive::newer`] says it.
    pub fn check_for(&self, value: &str, release: Option<u16>) -> Result<(), BadValue> {
        if !value.is_empty() {
            return self.kind.check(value, release);
        }
        match self.empty {
            Empty::Resets => Ok(()),
            Empty::Refused => Err(BadValue::new("the value is empty")
                .help(format!("write a value, or [] to leave {} out", self.key))),
            Empty::Useless => Err(BadValue::new("an empty value does not remove dependencies")
                .help("leave the line out: what another file says stays; in a definition, [] leaves out what cmc itself would print")),
        }
    }
}

/// The directive of this name in a section. None: systemd does not know it. Looks up by binary search and allocates
/// nothing.
pub fn directive(section: Section, key: &str) -> Option<&'static Directive> {
    table::rows(key).iter().find(|row| row.sections.contains(&section))
}
