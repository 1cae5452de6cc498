//! BIND: `named-checkconf F`. Zones are not loaded: their files may come from elsewhere.

use super::pattern::either;
use super::{Program, Scope};

pub(super) const NAMED: Program = Program {
    name: "named-checkconf",
    about: "BIND's configuration, from named.conf, with all that it includes",
    applies_to: &[
        "/etc/bind/named.conf",
        "/etc/bind/named.conf.*",
        "/etc/named.conf",
        "/usr/local/etc/namedb/named.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/bind/named.conf", "/etc/named.conf", "/usr/local/etc/namedb/named.conf"],
        wrapper: "include \"{each}\";\n",
    },
    argv: &["named-checkconf", "{}"],
    version_argv: &["named-checkconf", "-v"],
    dirs: &["/var/cache/bind", "/run/named", "/var/lib/bind", "/var/named"],
    machine: &[
        "/etc/bind/bind.keys",
        "/etc/bind/db.0",
        "/etc/bind/db.127",
        "/etc/bind/db.255",
        "/etc/bind/db.empty",
        "/etc/bind/db.local",
        "/etc/bind/named.conf.default-zones",
        "/etc/bind/zones.rfc1918",
    ],
    patterns: &[either("{file}:{line}: {message}"), either("{file}: {message}")],
    packages: &[("debian", "bind9-utils"), ("ubuntu", "bind9-utils"), ("alpine", "bind-tools"), ("", "bind")],
    ..Program::COMMON
};
