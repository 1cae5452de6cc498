//! OpenSSH's server: `sshd -t -f F`. It needs a host key, and `/run/sshd` owned by root.

use super::pattern::{either, error};
use super::{Prepared, Program, Scope, Stub, View, host_key};
use crate::sandbox::{Entry, Identity, What};

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
    let mut prepared = Prepared::default();
    for (_, text) in &view.subjects {
        for line in text.lines() {
            let mut words = line.split([' ', '\t', '=', '"']).filter(|word| !word.is_empty());
            let host_key = words.next().is_some_and(|word| word.eq_ignore_ascii_case("HostKey"));
            if let Some(path) = words.next().filter(|path| host_key && path.starts_with('/')) {
                let what = What::file(0o600, host_key::private_key().into_bytes());
                prepared.entries.push(Entry { path: path.to_owned(), what });
            }
        }
    }
    prepared
}
