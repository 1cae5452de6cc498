//! FRRouting: `vtysh -C -f F`, for the integrated configuration and those of single daemons.

use super::pattern::{error, warning};
use super::{Program, Scope, Stub};

pub(super) const FRR: Program = Program {
    name: "vtysh",
    about: "FRRouting's configuration",
    applies_to: &["/etc/frr/*.conf", "/usr/local/etc/frr/*.conf"],
    scope: Scope::Alone,
    argv: &["vtysh", "-C", "-f", "{}"],
    bad: &[1, 2],
    stubs: &[("/etc/frr/vtysh.conf", Stub::Text(""))],
    patterns: &[error("line {line}: % {message}"), error("line {line}: {message}"), warning("% {message}")],
    packages: &[("", "frr")],
    ..Program::COMMON
};
