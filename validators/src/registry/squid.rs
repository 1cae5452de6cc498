//! Squid: `squid -k parse -f F`.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const SQUID: Program = Program {
    name: "squid",
    about: "Squid's configuration, from squid.conf, with all that it includes",
    applies_to: &["/etc/squid/squid.conf", "/etc/squid/conf.d/*.conf", "/usr/local/etc/squid/squid.conf"],
    scope: Scope::Tree {
        mains: &["/etc/squid/squid.conf", "/usr/local/etc/squid/squid.conf"],
        wrapper: "include {each}\n",
    },
    argv: &["squid", "-k", "parse", "-f", "{}"],
    version_argv: &["squid", "-v"],
    version_line: "Squid Cache: Version {message}",
    dirs: &["/var/spool/squid", "/var/log/squid", "/run/squid"],
    machine: &["/etc/squid/errorpage.css", "/etc/squid/mime.conf"],
    patterns: &[
        error("{_}| FATAL: Bungled {file} line {line}: {message}"),
        error("{_}| {file}({line}): {message}"),
        error("{_}| ACL {message}"),
        error("{_}| FATAL: {message}"),
        error("{_}| ERROR: {message}"),
        warning("{_}| WARNING: {message}"),
    ],
    packages: &[("", "squid")],
    ..Program::COMMON
};
