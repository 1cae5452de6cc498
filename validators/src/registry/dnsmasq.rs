//! dnsmasq: `dnsmasq --test -C F`, each file on its own: which directories it reads, its command line says too.

use super::pattern::error;
use super::{Program, Scope};

pub(super) const DNSMASQ: Program = Program {
    name: "dnsmasq",
    about: "dnsmasq's configuration, each file with what it includes",
    applies_to: &[
        "/etc/dnsmasq.conf",
        "/etc/dnsmasq.d/*",
        "/usr/local/etc/dnsmasq.conf",
        "/usr/local/etc/dnsmasq.d/*",
    ],
    scope: Scope::Each,
    argv: &["dnsmasq", "--test", "-C", "{}"],
    version_argv: &["dnsmasq", "-v"],
    version_line: "Dnsmasq version {message}  Copyright {_}",
    dirs: &["/etc/dnsmasq.d", "/usr/local/etc/dnsmasq.d", "/var/lib/misc", "/var/lib/dnsmasq"],
    patterns: &[
        error("dnsmasq: {message} at line {line} of {file}"),
        error("dnsmasq: {message} line {line} of {file}"),
        error("dnsmasq: {message}"),
    ],
    ignored: &["syntax check OK"],
    skips: &[("/etc/dnsmasq.d/*.dpkg-{dist,old,new}", "dnsmasq skips what dpkg left behind")],
    packages: &[("debian", "dnsmasq-base"), ("ubuntu", "dnsmasq-base"), ("", "dnsmasq")],
    ..Program::COMMON
};
