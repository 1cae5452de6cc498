//! OpenSSH's server: `sshd -t -f F`. It needs a host key, and `/run/sshd` owned by root.

use super::pattern::{either, error};
use super::throw_away::{Kind, stand_ins};
use super::{Prepared, Program, Scope, Stub, View};
use crate::sandbox::Identity;

pub(super) const SSHD: Program = Program {
    name: "sshd",
    about: "sshd's configuration, from sshd_config, with all that it includes",
    applies_to: &["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"],
    scope: Scope::Tree {
        mains: &["/etc/ssh/sshd_config"],
        wrapper: "Include /etc/ssh/sshd_config.d/*.conf\n",
    },
    argv: &["/usr/sbin/sshd", "-t", "-f", "{}"],
    version_argv: &["/usr/sbin/sshd", "-V"],
    version_line: "OpenSSH_{message}, {_}",
    // 255: a bad configuration. 1: no host key, which says nothing about it.
    bad: &[255],
    identity: Identity::Root,
    root_because: "`/run/sshd` and host keys have to belong to root",
    dirs: &["/run/sshd", "/var/empty", "/usr/lib/openssh"],
    stubs: &[
        ("/etc/ssh/ssh_host_ecdsa_key", Stub::HostKey),
        ("/etc/ssh/ssh_host_ed25519_key", Stub::HostKey),
        ("/etc/ssh/ssh_host_rsa_key", Stub::HostKey),
    ],
    patterns: &[
        either("{file}: line {line}: {message}"),
        either("{file} line {line}: {message}"),
        error("Missing privilege separation directory: {message}"),
        error("{file}: terminating, {_}"),
        error("sshd: {message}"),
    ],
    ignored: &["terminating, "],
    packages: &[("arch", "openssh"), ("", "openssh-server")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Throw-away keys wherever `HostKey` names a file.
fn prepare(view: &View<'_>) -> Prepared {
    Prepared { stand_ins: stand_ins(view, &[("HostKey", Kind::HostKey)]), ..Prepared::default() }
}
