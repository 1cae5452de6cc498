//! NSD: `nsd-checkconf F`, and `nsd-checkzone ZONE F` for its zones.

use super::pattern::{either, error, warning};
use super::{Program, Scope, zone};

pub(super) const NSD: Program = Program {
    name: "nsd-checkconf",
    about: "NSD's configuration, from nsd.conf, with all that it includes",
    applies_to: &[
        "/etc/nsd/nsd.conf",
        "/etc/nsd/nsd.conf.d/*.conf",
        "/var/nsd/etc/nsd.conf",
        "/usr/local/etc/nsd/nsd.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/nsd/nsd.conf", "/var/nsd/etc/nsd.conf", "/usr/local/etc/nsd/nsd.conf"],
        wrapper: "include: \"{each}\"\n",
    },
    argv: &["nsd-checkconf", "{}"],
    version_argv: &["nsd", "-v"],
    version_line: "NSD version {message}",
    bad: &[1, 2],
    dirs: &["/run/nsd", "/var/lib/nsd", "/var/nsd/zones", "/var/nsd/db"],
    patterns: &[
        error("{file}:{line}: error: {message}"),
        error("{file}:{line}: {_}: error: {message}"),
        warning("{file}:{line}: warning: {message}"),
        either("{file}:{line}: {message}"),
        error("{file}: {message}"),
    ],
    ignored: &["errors in configuration file"],
    packages: &[("", "nsd")],
    ..Program::COMMON
};

pub(super) const NSD_ZONE: Program = Program {
    name: "nsd-checkzone",
    about: "zones of NSD; what zone a file is of, nsd.conf says, or the file's name",
    applies_to: &["/etc/nsd/**/*.zone", "/var/nsd/zones/*/*", "/usr/local/etc/nsd/**/*.zone"],
    scope: Scope::Each,
    argv: &["nsd-checkzone", "{}"],
    version_argv: &["nsd", "-v"],
    version_line: "NSD version {message}",
    patterns: &[
        error("[{_}] nsd-checkzone[{_}]: error: {file}:{line}: {message}"),
        error("[{_}] nsd-checkzone[{_}]: error: {message}"),
        warning("[{_}] nsd-checkzone[{_}]: warning: {file}:{line}: {message}"),
        warning("[{_}] nsd-checkzone[{_}]: warning: {message}"),
    ],
    packages: &[("", "nsd")],
    prepare: Some(zone::arguments),
    ..Program::COMMON
};
