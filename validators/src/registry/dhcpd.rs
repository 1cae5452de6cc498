//! ISC's DHCP server: `dhcpd -t -cf F`. OpenBSD's dhcpd is another program, and reads another language.

use super::pattern::error;
use super::{Program, Scope, Stub};

pub(super) const DHCPD: Program = Program {
    name: "dhcpd",
    about: "configuration of ISC's DHCP server, with all that it includes",
    applies_to: &["/etc/dhcp/dhcpd.conf", "/usr/local/etc/dhcpd.conf"],
    scope: Scope::Each,
    argv: &["dhcpd", "-t", "-cf", "{}"],
    version_argv: &["dhcpd", "--version"],
    version_line: "isc-dhcpd-{message}",
    dirs: &["/var/lib/dhcp", "/var/lib/dhcpd", "/var/db"],
    stubs: &[("/var/lib/dhcp/dhcpd.leases", Stub::Text(""))],
    patterns: &[error("{file} line {line}: {message}"), error("Can't open {message}")],
    packages: &[
        ("debian", "isc-dhcp-server"),
        ("ubuntu", "isc-dhcp-server"),
        ("alpine", "dhcp-server-vanilla"),
        ("freebsd", "isc-dhcp44-server"),
        ("arch", "dhcp"),
        ("", "dhcp-server"),
    ],
    ..Program::COMMON
};
