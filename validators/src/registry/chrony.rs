//! chrony: `chronyd -p -f F`, which prints what it read.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const CHRONY: Program = Program {
    name: "chronyd",
    about: "chrony's configuration, each file with what it includes",
    applies_to: &[
        "/etc/chrony/chrony.conf",
        "/etc/chrony/conf.d/*.conf",
        "/etc/chrony.conf",
        "/etc/chrony.d/*.conf",
        "/usr/local/etc/chrony.conf",
    ],
    scope: Scope::Each,
    argv: &["chronyd", "-p", "-f", "{}"],
    version_argv: &["chronyd", "-v"],
    version_line: "chronyd (chrony) version {message} ({_}",
    dirs: &[
        "/var/lib/chrony",
        "/var/log/chrony",
        "/run/chrony",
        "/run/chrony-dhcp",
        "/etc/chrony/sources.d",
        "/etc/chrony/conf.d",
    ],
    patterns: &[
        error("{_} Fatal error : {message} at line {line} in file {file}"),
        error("{_} Fatal error : {message}"),
        warning("{_} Warning : {message}"),
        error("Fatal error : {message} at line {line} in file {file}"),
        error("Fatal error : {message}"),
    ],
    packages: &[("", "chrony")],
    ..Program::COMMON
};
