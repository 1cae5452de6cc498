//! lighttpd: `lighttpd -tt -f F`. A key that it does not know is a warning and exit code 0, and counts as an error here.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const LIGHTTPD: Program = Program {
    name: "lighttpd",
    about: "lighttpd's configuration, from lighttpd.conf, with all that it includes",
    applies_to: &[
        "/etc/lighttpd/lighttpd.conf",
        "/etc/lighttpd/conf-{available,enabled}/*.conf",
        "/etc/lighttpd/{conf.d,vhosts.d}/*.conf",
        "/usr/local/etc/lighttpd/lighttpd.conf",
        "/usr/local/etc/lighttpd/{conf.d,vhosts.d}/*.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/lighttpd/lighttpd.conf", "/usr/local/etc/lighttpd/lighttpd.conf"],
        wrapper: "server.document-root = \"/var/www/html\"\ninclude \"{each}\"\n",
    },
    argv: &["lighttpd", "-tt", "-f", "{}"],
    version_argv: &["lighttpd", "-v"],
    version_line: "lighttpd/{message} ({_}",
    bad: &[1, 255],
    dirs: &[
        "/etc/lighttpd/conf-enabled",
        "/etc/lighttpd/conf-available",
        "/run/lighttpd",
        "/var/cache/lighttpd/uploads",
        "/var/cache/lighttpd/compress",
        "/var/log/lighttpd",
        "/var/www/html",
    ],
    machine: &["/etc/lighttpd/conf-available", "/etc/lighttpd/conf-enabled"],
    patterns: &[
        error("{_}: ({_}) source: {file} line: {line} pos: {column} {message}"),
        error("{_}: ({_}) WARNING: {message}: {key} (ignored)"),
        error("{_}: ({_}) {message}: {key} (ignored)"),
        error("{_}: ({_}) opening configfile {message}"),
        warning("{_}: ({_}) WARNING: {message}"),
    ],
    packages: &[("", "lighttpd")],
    ..Program::COMMON
};
