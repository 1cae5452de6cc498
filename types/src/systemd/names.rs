//! Every directive that systemd 252 knows, and names that came later.
//!
//! `names.txt` is the output of `/lib/systemd/systemd --dump-configuration-items`; a test compares the two.

use std::collections::BTreeMap;
use std::sync::LazyLock;

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

/// Names after systemd 252, the release they came with, and their sections. Values are not checked.
const LATER: &[(&str, u16, &[Section])] = {
    use Section::{Install, Mount, Scope, Service, Slice, Socket, Swap, Timer, Unit};
    const EXEC: &[Section] = &[Service, Socket, Mount, Swap];
    const CGROUP: &[Section] = &[Service, Socket, Mount, Swap, Slice, Scope];
    &[
        ("OpenFile", 253, &[Service]),
        ("MemoryZSwapMax", 253, CGROUP),
        ("StartupMemoryLow", 253, CGROUP),
        ("StartupMemoryHigh", 253, CGROUP),
        ("StartupMemoryMax", 253, CGROUP),
        ("StartupMemorySwapMax", 253, CGROUP),
        ("StartupMemoryZSwapMax", 253, CGROUP),
        ("DefaultStartupMemoryLow", 253, CGROUP),
        ("FileDescriptorStorePreserve", 254, &[Service]),
        ("RestartSteps", 254, &[Service]),
        ("RestartMaxDelaySec", 254, &[Service]),
        ("RestartMode", 254, &[Service]),
        ("ReloadSignal", 253, &[Service]),
        ("DelegateSubgroup", 254, CGROUP),
        ("MemoryPressureWatch", 254, CGROUP),
        ("MemoryPressureThresholdSec", 254, CGROUP),
        ("ImportCredential", 254, EXEC),
        ("MemoryKSM", 254, EXEC),
        ("RootEphemeral", 254, EXEC),
        ("PollLimitIntervalSec", 254, &[Socket]),
        ("PollLimitBurst", 254, &[Socket]),
        ("SurviveFinalKillSignal", 255, &[Unit]),
        ("CoredumpReceive", 255, CGROUP),
        ("NFTSet", 255, CGROUP),
        ("SetLoginEnvironment", 255, EXEC),
        ("MemoryZSwapWriteback", 256, CGROUP),
        ("PassFileDescriptorsToExec", 256, &[Socket]),
        ("WantsMountsFor", 256, &[Unit]),
        ("PrivatePIDs", 257, EXEC),
        ("ManagedOOMMemoryPressureDurationSec", 257, CGROUP),
        ("DeferReactivation", 257, &[Timer]),
        ("UpheldBy", 254, &[Install]),
    ]
};

static NAMES: LazyLock<BTreeMap<&str, BTreeMap<&str, &str>>> = LazyLock::new(|| {
    let mut sections: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    let mut current = "";
    for line in include_str!("names.txt").lines() {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => current = name,
            None => {
                let (key, shape) = line.split_once('=').unwrap_or((line, ""));
                sections.entry(current).or_default().insert(key, shape);
            }
        }
    }
    sections
});

/// What systemd itself calls the shape of a directive's value, such as `BOOLEAN`; empty for names after systemd 252.
pub(super) fn shape(section: Section, key: &str) -> Option<&'static str> {
    if let Some(shape) = NAMES.get(section.name()).and_then(|keys| keys.get(key)) {
        return Some(shape);
    }
    LATER.iter().any(|(name, _, sections)| *name == key && sections.contains(&section)).then_some("")
}

/// Every name known in a section, in no useful order.
pub fn names_of(section: Section) -> impl Iterator<Item = &'static str> {
    let later = LATER.iter().filter(move |(_, _, sections)| sections.contains(&section));
    let known = NAMES.get(section.name()).into_iter().flat_map(|keys| keys.keys().copied());
    known.chain(later.map(|(name, _, _)| *name))
}
