//! iptables: `iptables-restore --test F`, checked by the kernel in a network of the sandbox's own.

use super::pattern::error;
use super::{Program, Scope};
use crate::sandbox::Identity;

pub(super) const IPTABLES: Program = Program {
    name: "iptables-restore",
    about: "saved rules of iptables, checked by the kernel",
    applies_to: &[
        "/etc/iptables/rules.v4",
        "/etc/iptables/*.rules",
        "/etc/iptables.rules",
        "/etc/sysconfig/iptables",
    ],
    scope: Scope::Alone,
    argv: &["iptables-restore", "--test", "{}"],
    version_argv: &["iptables", "--version"],
    version_line: "iptables {message}",
    bad: &[1, 2],
    identity: Identity::Root,
    root_because: "the kernel compiles rules only for an administrator of the (private) network",
    net_admin: true,
    patterns: &[
        error("iptables-restore{_}: {message}\nError occurred at line: {line}"),
        error("iptables-restore{_}: {message} at line {line}"),
        error("iptables-restore{_}: line {line} {message}"),
        error("Bad argument {message}\nError occurred at line: {line}"),
        error("iptables-restore{_}: {message}"),
    ],
    of_host: &["Could not fetch rule set generation id", "Operation not permitted"],
    packages: &[("", "iptables")],
    ..Program::COMMON
};

pub(super) const IP6TABLES: Program = Program {
    name: "ip6tables-restore",
    about: "saved rules of ip6tables, checked by the kernel",
    applies_to: &["/etc/iptables/rules.v6", "/etc/sysconfig/ip6tables"],
    argv: &["ip6tables-restore", "--test", "{}"],
    version_argv: &["ip6tables", "--version"],
    version_line: "ip6tables {message}",
    patterns: &[
        error("ip6tables-restore{_}: {message}\nError occurred at line: {line}"),
        error("ip6tables-restore{_}: {message} at line {line}"),
        error("ip6tables-restore{_}: line {line} {message}"),
        error("Bad argument {message}\nError occurred at line: {line}"),
        error("ip6tables-restore{_}: {message}"),
    ],
    packages: &[("", "iptables")],
    ..IPTABLES
};
