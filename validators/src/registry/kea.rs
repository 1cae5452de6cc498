//! Kea: `kea-dhcp4 -t F` and its siblings.

use super::pattern::{Pattern, error};
use super::{Program, Scope};

const PATTERNS: &[Pattern] = &[
    error("Syntax check failed with: {file}:{line}.{column}-{_}: {message}"),
    error("Syntax check failed with: {file}:{line}.{column}: {message}"),
    error("Syntax check failed with: {message}"),
    error("Error encountered: {message} ({file}:{line}:{column})"),
    error("Error encountered: {message}"),
];

pub(super) const KEA4: Program = Program {
    name: "kea-dhcp4",
    about: "configuration of Kea's server for DHCPv4",
    applies_to: &["/etc/kea/kea-dhcp4.conf", "/usr/local/etc/kea/kea-dhcp4.conf"],
    scope: Scope::Each,
    argv: &["kea-dhcp4", "-t", "{}"],
    version_argv: &["kea-dhcp4", "-v"],
    dirs: &["/var/lib/kea", "/var/log/kea", "/run/kea", "/run/lock/kea"],
    patterns: PATTERNS,
    packages: &[
        ("debian", "kea-dhcp4-server"),
        ("ubuntu", "kea-dhcp4-server"),
        ("alpine", "kea-dhcp4"),
        ("", "kea"),
    ],
    ..Program::COMMON
};

pub(super) const KEA6: Program = Program {
    name: "kea-dhcp6",
    about: "configuration of Kea's server for DHCPv6",
    applies_to: &["/etc/kea/kea-dhcp6.conf", "/usr/local/etc/kea/kea-dhcp6.conf"],
    argv: &["kea-dhcp6", "-t", "{}"],
    version_argv: &["kea-dhcp6", "-v"],
    packages: &[
        ("debian", "kea-dhcp6-server"),
        ("ubuntu", "kea-dhcp6-server"),
        ("alpine", "kea-dhcp6"),
        ("", "kea"),
    ],
    ..KEA4
};
