//! Knot DNS: `knotc -c F conf-check`.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const KNOT: Program = Program {
    name: "knotc",
    about: "Knot DNS's configuration, with all that it includes",
    applies_to: &["/etc/knot/knot.conf", "/usr/local/etc/knot/knot.conf"],
    scope: Scope::Each,
    argv: &["knotc", "-c", "{}", "conf-check"],
    version_argv: &["knotc", "-V"],
    version_line: "knotc (Knot DNS), version {message}",
    dirs: &["/var/lib/knot", "/run/knot"],
    patterns: &[
        error("error: config, file '{file}', line {line}, {message}"),
        error("error: {message}"),
        warning("warning: config, file '{file}', line {line}, {message}"),
        warning("warning: {message}"),
    ],
    ignored: &["failed to load configuration file"],
    packages: &[("", "knot")],
    ..Program::COMMON
};
