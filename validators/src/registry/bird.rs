//! BIRD: `bird -p -c F`.

use super::pattern::error;
use super::{Program, Scope};

pub(super) const BIRD: Program = Program {
    name: "bird",
    about: "BIRD's configuration, with all that it includes",
    applies_to: &["/etc/bird/bird.conf", "/etc/bird.conf", "/usr/local/etc/bird.conf"],
    scope: Scope::Each,
    argv: &["bird", "-p", "-c", "{}"],
    version_argv: &["bird", "--version"],
    version_line: "BIRD version {message}",
    dirs: &["/run/bird", "/etc/bird"],
    patterns: &[
        error("bird: {file}:{line}:{column} {message}"),
        error("bird: {file}:{line} {message}"),
        error("bird: {file}, line {line}: {message}"),
        error("bird: {message}"),
    ],
    packages: &[("debian", "bird2"), ("ubuntu", "bird2"), ("freebsd", "bird2"), ("", "bird")],
    ..Program::COMMON
};
