//! sudo: `visudo -c -f F`, each file on its own with the tree around it.

use super::pattern::either;
use super::{Program, Scope};
use crate::sandbox::Identity;

pub(super) const VISUDO: Program = Program {
    name: "visudo",
    about: "sudoers files, each with what it includes",
    applies_to: &["/etc/sudoers", "/etc/sudoers.d/*", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d/*"],
    scope: Scope::Each,
    argv: &["visudo", "-c", "-f", "{}"],
    version_argv: &["visudo", "-V"],
    version_line: "visudo version {message}",
    identity: Identity::Root,
    root_because: "it compares the owner of included files with root",
    patterns: &[either("{file}:{line}:{column}: {message}"), either("visudo: {file}: {message}")],
    skips: &[
        ("/etc/sudoers.d/*.*", "sudo skips files of sudoers.d whose name holds a dot"),
        ("/etc/sudoers.d/*~", "sudo skips files of sudoers.d whose name ends in `~`"),
    ],
    packages: &[("", "sudo")],
    ..Program::COMMON
};
