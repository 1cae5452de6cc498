//! HAProxy: `haproxy -c -f F`. It resolves names and runs `lua-load` while it parses.

use super::pattern::{error, warning};
use super::throw_away::{Kind, stand_ins};
use super::{Prepared, Program, Scope, View};

pub(super) const HAPROXY: Program = Program {
    name: "haproxy",
    about: "HAProxy's configuration",
    applies_to: &["/etc/haproxy/*.cfg", "/usr/local/etc/haproxy.conf", "/etc/haproxy.cfg"],
    scope: Scope::Each,
    argv: &["haproxy", "-c", "-f", "{}"],
    version_argv: &["haproxy", "-v"],
    version_line: "HAProxy version {message} {_} - {_}",
    dirs: &["/run/haproxy", "/var/lib/haproxy", "/var/empty"],
    machine: &["/etc/haproxy/errors"],
    patterns: &[
        error("[ALERT]{_}({_}) : config : {_}[{file}:{line}]{_}: {message}"),
        error("[ALERT]{_}({_}) : config : {message}"),
        error("[ALERT]{_}({_}) : {message}"),
        warning("[WARNING]{_}({_}) : config : {_}[{file}:{line}]{_}: {message}"),
        warning("[WARNING]{_}({_}) : config : {message}"),
        warning("[WARNING]{_}({_}) : {message}"),
    ],
    ignored: &[
        "Error(s) found in configuration file",
        "Fatal errors found in configuration",
        "Failed to initialize server(s) addr",
    ],
    packages: &[("", "haproxy")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Throw-away certificates and keys wherever TLS names a file.
fn prepare(view: &View<'_>) -> Prepared {
    let keywords = [("crt", Kind::Both), ("ca-file", Kind::Certificate)];
    Prepared { stand_ins: stand_ins(view, &keywords), ..Prepared::default() }
}
