//! Sections of unit files, and the names of directives in each.

use super::table::DIRECTIVES;

/// A section of a unit file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Section {
    Unit,
    Install,
    Service,
    Socket,
    Timer,
    Path,
    Mount,
    Automount,
    Swap,
    Slice,
    Scope,
}

impl Section {
    /// Every section.
    pub const ALL: &'static [Self] = &[
        Self::Unit,
        Self::Install,
        Self::Service,
        Self::Socket,
        Self::Timer,
        Self::Path,
        Self::Mount,
        Self::Automount,
        Self::Swap,
        Self::Slice,
        Self::Scope,
    ];

    /// The name, without brackets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "Unit",
            Self::Install => "Install",
            Self::Service => "Service",
            Self::Socket => "Socket",
            Self::Timer => "Timer",
            Self::Path => "Path",
            Self::Mount => "Mount",
            Self::Automount => "Automount",
            Self::Swap => "Swap",
            Self::Slice => "Slice",
            Self::Scope => "Scope",
        }
    }
}

/// The section of this name.
pub fn section(name: &str) -> Option<Section> {
    Section::ALL.iter().copied().find(|section| section.name() == name)
}

/// Every name known in a section, sorted.
pub fn names_of(section: Section) -> impl Iterator<Item = &'static str> {
    DIRECTIVES.iter().filter(move |row| row.sections.contains(&section)).map(|row| row.key)
}
