//! A directive: what it takes, what repeating it does, what an empty value does; and how one is found by name.
//!
//! What is not in [`DIRECTIVES`] is known by name and, where systemd's own dump says so unmistakably, by shape.

use super::check::BadValue;
use super::kind::Kind;
use super::names::{self, Section};
use super::table::{DIRECTIVES, SECOND};

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

/// A directive.
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
}

impl Directive {
    /// Checks one value.
    pub fn check(&self, value: &str) -> Result<(), BadValue> {
        if !value.is_empty() {
            return self.kind.check(value);
        }
        match self.empty {
            Empty::Resets => Ok(()),
            Empty::Refused => Err(BadValue::new("the value is empty")
                .help(format!("write a value, or [] to leave {} out", self.key))),
            Empty::Useless => Err(BadValue::new("an empty value does not remove dependencies")
                .help("systemd cannot remove a dependency in a drop-in; write [] to leave out what cmc itself would print")),
        }
    }
}

/// The directive of this name in a section: from the table, or by name alone. None: systemd does not know it.
pub fn directive(section: Section, key: &str) -> Option<Directive> {
    let row = DIRECTIVES.iter().find(|row| row.key == key && row.sections.contains(&section));
    if let Some(row) = row {
        return Some(*row);
    }
    let shape = names::shape(section, key)?;
    let key = names::names_of(section).find(|name| *name == key)?;
    let (kind, repeat, empty) = by_shape(shape);
    Some(Directive { sections: &[], key, kind, repeat, empty })
}

/// What a directive outside the table takes, from the shape in systemd's own dump where that is unmistakable.
fn by_shape(shape: &str) -> (Kind, Repeat, Empty) {
    match shape {
        "BOOLEAN" => (Kind::Bool, Repeat::Last, Empty::Refused),
        "SECONDS" => (Kind::Timespan(SECOND), Repeat::Last, Empty::Refused),
        "SIGNAL" => (Kind::Signal, Repeat::Last, Empty::Refused),
        "UNSIGNED" => (Kind::Integer(0, 4_294_967_295), Repeat::Last, Empty::Refused),
        "UNIT [...]" => (Kind::Units, Repeat::Appends, Empty::Useless),
        "PATH [...]" => (Kind::Paths, Repeat::Appends, Empty::Resets),
        "PATH [ARGUMENT [...]]" => (Kind::Commands, Repeat::Appends, Empty::Resets),
        // Nothing is known: several values may be meant to add up.
        _ => (Kind::Text, Repeat::Appends, Empty::Resets),
    }
}

/// Names that are kept for compatibility, and their successors.
const OBSOLETE: &[(&str, &str)] = &[
    ("BindTo", "BindsTo"),
    ("RequiresOverridable", "Requires"),
    ("RequisiteOverridable", "Requisite"),
    ("PropagateReloadTo", "PropagatesReloadTo"),
    ("PropagateReloadFrom", "ReloadPropagatedFrom"),
    ("OnFailureIsolate", "OnFailureJobMode=isolate"),
    ("ReadWriteDirectories", "ReadWritePaths"),
    ("ReadOnlyDirectories", "ReadOnlyPaths"),
    ("InaccessibleDirectories", "InaccessiblePaths"),
    ("CPUShares", "CPUWeight"),
    ("StartupCPUShares", "StartupCPUWeight"),
    ("MemoryLimit", "MemoryMax"),
    ("BlockIOAccounting", "IOAccounting"),
    ("BlockIOWeight", "IOWeight"),
    ("StartupBlockIOWeight", "StartupIOWeight"),
    ("BlockIODeviceWeight", "IODeviceWeight"),
    ("BlockIOReadBandwidth", "IOReadBandwidthMax"),
    ("BlockIOWriteBandwidth", "IOWriteBandwidthMax"),
    ("PermissionsStartOnly", "a '+' before the commands"),
    ("StartLimitInterval", "StartLimitIntervalSec in [Unit]"),
];

/// The successor of a directive that is kept for compatibility only.
pub fn successor(key: &str) -> Option<&'static str> {
    OBSOLETE.iter().find(|(name, _)| *name == key).map(|(_, successor)| *successor)
}
