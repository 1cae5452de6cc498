//! What `daemon.harden` sets, as data. Documented in `docs/formats/systemd.md`.

use cmc_types::Os;
use cmc_types::definition::Harden;
use cmc_types::systemd::{Section, directive, release_of};

/// A directive of `[Service]` and the lowest level that sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardening {
    /// Level from which on it is set.
    pub level: Harden,
    /// Directive.
    pub key: &'static str,
    /// Value; empty: the list is empty.
    pub value: &'static str,
}

impl Hardening {
    /// Whether a host's systemd has the directive: an older one would ignore it with a warning.
    pub(super) fn is_known_to(&self, os: &Os) -> bool {
        let since = directive(Section::Service, self.key).and_then(|row| row.since);
        since.zip(release_of(os)).is_none_or(|(since, release)| since <= release)
    }
}

const fn basic(key: &'static str, value: &'static str) -> Hardening {
    Hardening { level: Harden::Basic, key, value }
}

const fn strict(key: &'static str, value: &'static str) -> Hardening {
    Hardening { level: Harden::Strict, key, value }
}

/// What each level sets. `strict` sets what `basic` sets, too. Left out on purpose: `MemoryDenyWriteExecute=` (breaks
/// programs that compile at run time), `ProcSubset=` (hides `/proc/meminfo`), `PrivateUsers=` and `PrivateNetwork=`.
pub const HARDENING: &[Hardening] = &[
    basic("NoNewPrivileges", "yes"),
    basic("PrivateDevices", "yes"),
    basic("ProtectHome", "yes"),
    basic("ProtectControlGroups", "yes"),
    basic("ProtectKernelLogs", "yes"),
    basic("ProtectKernelModules", "yes"),
    basic("ProtectKernelTunables", "yes"),
    basic("LockPersonality", "yes"),
    basic("RestrictSUIDSGID", "yes"),
    strict("CapabilityBoundingSet", ""),
    strict("KeyringMode", "private"),
    strict("PrivateTmp", "yes"),
    strict("ProtectClock", "yes"),
    strict("ProtectHostname", "yes"),
    strict("ProtectProc", "invisible"),
    strict("ProtectSystem", "strict"),
    strict("RemoveIPC", "yes"),
    strict("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    strict("RestrictNamespaces", "yes"),
    strict("RestrictRealtime", "yes"),
    strict("SystemCallArchitectures", "native"),
    strict("SystemCallErrorNumber", "EPERM"),
    strict("SystemCallFilter", "@system-service"),
];

/// What a level sets.
pub fn of(level: Harden) -> impl Iterator<Item = &'static Hardening> {
    HARDENING.iter().filter(move |row| match level {
        Harden::None => false,
        Harden::Basic => row.level == Harden::Basic,
        Harden::Strict => true,
    })
}
