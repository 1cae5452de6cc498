//! Samba: `testparm -s F`, which ends with 0 however bad the file: what it says counts.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const SAMBA: Program = Program {
    name: "testparm",
    about: "Samba's configuration, with all that it includes",
    applies_to: &["/etc/samba/smb.conf", "/usr/local/etc/smb4.conf"],
    scope: Scope::Each,
    argv: &["testparm", "-s", "{}"],
    version_argv: &["testparm", "--version"],
    version_line: "Version {message}",
    dirs: &["/var/lib/samba/private", "/var/cache/samba", "/var/log/samba", "/run/samba", "/var/spool/samba"],
    patterns: &[
        error("Ignoring {message} \"{key}\""),
        error("set_variable_helper{message}"),
        error("Unable to set {message}"),
        error("Can't find {message}"),
        error("ERROR: {message}"),
        warning("WARNING: {message}"),
    ],
    packages: &[("debian", "samba-common-bin"), ("ubuntu", "samba-common-bin"), ("", "samba")],
    ..Program::COMMON
};
