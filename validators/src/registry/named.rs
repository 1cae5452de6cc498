//! BIND: `named-checkconf F`, which loads no zones, for their files may come from elsewhere; and `named-checkzone ZONE F`
//! for those that are there.

use super::pattern::{either, error};
use super::{Program, Scope, zone};

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

pub(super) const NAMED_ZONE: Program = Program {
    name: "named-checkzone",
    about: "zones of BIND; what zone a file is of, named.conf says, or the file's name",
    applies_to: &[
        "/etc/bind/db.*.*",
        "/etc/bind/*.zone",
        "/etc/bind/zones/*",
        "/var/lib/bind/{db.*.*,*.zone}",
        "/var/named/*.zone",
        "/usr/local/etc/namedb/{master,primary}/*",
    ],
    scope: Scope::Each,
    argv: &["named-checkzone", "{}"],
    version_argv: &["named-checkzone", "-v"],
    patterns: &[
        error("{_}: {file}:{line}: {message}"),
        error("{file}:{line}: {message}"),
        either("zone {_}/IN: {message}"),
    ],
    // The first of these says again what was said of a line.
    ignored: &["loading from master file", "not loaded due to errors", "loaded serial"],
    machine: &[],
    prepare: Some(zone::arguments),
    ..NAMED
};
