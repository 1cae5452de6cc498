//! Exim: `exim -C F -bV`. Debian's split configuration is put together on the host, and not checked.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const EXIM: Program = Program {
    name: "exim",
    about: "Exim's configuration",
    applies_to: &[
        "/etc/exim4/exim4.conf",
        "/etc/exim/exim.conf",
        "/usr/local/etc/exim/configure",
        "/etc/exim/configure",
    ],
    scope: Scope::Each,
    argv: &["exim4", "-C", "{}", "-bV"],
    also: &["exim"],
    version_argv: &["exim4", "-bV"],
    version_line: "Exim version {message} #{_}",
    dirs: &["/var/spool/exim4/db", "/var/log/exim4", "/var/spool/exim", "/var/log/exim"],
    patterns: &[
        error("{_} Exim configuration error in line {line} of {file}:\n{message}"),
        error("{_} Exim configuration error:\n{message}"),
        error("{_} Exim configuration error{message}"),
        warning("{_} Warning: {message}"),
    ],
    ignored: &["purging the environment"],
    packages: &[("debian", "exim4-daemon-light"), ("ubuntu", "exim4-daemon-light"), ("", "exim")],
    ..Program::COMMON
};
