//! doas: `doas -C F`.

use super::pattern::error;
use super::{Program, Scope};

pub(super) const DOAS: Program = Program {
    name: "doas",
    about: "rules of doas",
    applies_to: &["/etc/doas.conf", "/etc/doas.d/*.conf", "/usr/local/etc/doas.conf"],
    scope: Scope::Alone,
    argv: &["doas", "-C", "{}"],
    patterns: &[error("doas: {message} at line {line}"), error("doas: {message}")],
    packages: &[
        ("debian", "opendoas"),
        ("ubuntu", "opendoas"),
        ("fedora", "opendoas"),
        ("arch", "opendoas"),
        ("", "doas"),
    ],
    ..Program::COMMON
};
