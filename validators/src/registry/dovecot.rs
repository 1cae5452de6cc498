//! Dovecot: `doveconf -c F -n`. It reads all that is included, and opens neither certificates nor keys.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const DOVECOT: Program = Program {
    name: "doveconf",
    about: "Dovecot's configuration, from dovecot.conf, with all that it includes",
    applies_to: &[
        "/etc/dovecot/dovecot.conf",
        "/etc/dovecot/conf.d/*.conf",
        "/usr/local/etc/dovecot/dovecot.conf",
        "/usr/local/etc/dovecot/conf.d/*.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/dovecot/dovecot.conf", "/usr/local/etc/dovecot/dovecot.conf"],
        wrapper: "!include {each}\n",
    },
    argv: &["doveconf", "-c", "{}", "-n"],
    version_argv: &["dovecot", "--version"],
    bad: &[89],
    dirs: &["/run/dovecot", "/usr/share/dovecot"],
    machine: &["/etc/dovecot/conf.d"],
    patterns: &[
        error("doveconf: Fatal: Error in configuration file {file} line {line}: {message}"),
        error("doveconf: Fatal: Error in configuration file {file}: {message}"),
        error("doveconf: Fatal: {message}"),
        error("doveconf: Error: {message}"),
        warning("doveconf: Warning: {file} line {line}: {message}"),
        warning("doveconf: Warning: {message}"),
    ],
    packages: &[("debian", "dovecot-core"), ("ubuntu", "dovecot-core"), ("", "dovecot")],
    ..Program::COMMON
};
