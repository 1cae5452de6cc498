//! Unbound: `unbound-checkconf F`. Files that a configuration names have to exist; those that the package makes do.

use super::pattern::{either, error, warning};
use super::{Program, Scope, Stub};

pub(super) const UNBOUND: Program = Program {
    name: "unbound-checkconf",
    about: "Unbound's configuration, from unbound.conf, with all that it includes",
    applies_to: &[
        "/etc/unbound/unbound.conf",
        "/etc/unbound/unbound.conf.d/*.conf",
        "/var/unbound/etc/unbound.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/unbound/unbound.conf", "/var/unbound/etc/unbound.conf"],
        wrapper: "include-toplevel: \"/etc/unbound/unbound.conf.d/*.conf\"\n",
    },
    argv: &["unbound-checkconf", "{}"],
    version_argv: &["unbound", "-V"],
    version_line: "Version {message}",
    dirs: &["/var/lib/unbound", "/var/unbound/db", "/var/unbound/etc", "/etc/unbound"],
    stubs: &[
        ("/var/lib/unbound/root.key", Stub::Text(ROOT_KEY)),
        ("/etc/unbound/unbound_control.key", Stub::Text("")),
        ("/etc/unbound/unbound_control.pem", Stub::Text("")),
        ("/etc/unbound/unbound_server.key", Stub::Text("")),
        ("/etc/unbound/unbound_server.pem", Stub::Text("")),
    ],
    patterns: &[
        error("{file}:{line}: error: {message}"),
        error("[{_}] unbound-checkconf[{_}] {_}: {message}"),
        warning("{file}:{line}: warning: {message}"),
        either("{file}:{line}: {message}"),
        warning("unbound-checkconf: {message}"),
    ],
    ignored: &["errors in configuration file", "unbound-checkconf: no errors in "],
    packages: &[("", "unbound")],
    ..Program::COMMON
};

/// The root zone's key of 2017, as IANA publishes it; what the package puts there.
const ROOT_KEY: &str = ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n";
