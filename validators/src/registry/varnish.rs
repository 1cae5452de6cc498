//! Varnish: `varnishd -C -f F`, which prints the C that it makes of a good file.

use super::pattern::error;
use super::{Program, Scope};

pub(super) const VARNISH: Program = Program {
    name: "varnishd",
    about: "VCL of Varnish, each file with what it includes",
    applies_to: &["/etc/varnish/*.vcl", "/usr/local/etc/varnish/*.vcl"],
    scope: Scope::Each,
    argv: &["varnishd", "-C", "-f", "{}"],
    version_argv: &["varnishd", "-V"],
    version_line: "varnishd (varnish-{message} revision {_}",
    bad: &[1, 2],
    dirs: &["/var/lib/varnish", "/etc/varnish"],
    patterns: &[
        error("{message}\n('{file}' Line {line} Pos {column})"),
        error("{message}\n('{file}' Line {line} Pos {column}) -{_}"),
    ],
    packages: &[("", "varnish")],
    ..Program::COMMON
};
