//! Postfix: `postconf -c DIR -n`, which reads main.cf and master.cf. An unknown parameter is a warning and exit code 0,
//! and counts as an error here. `postfix check` says the same of them; what it adds is about the host's directories.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const POSTFIX: Program = Program {
    name: "postfix",
    about: "Postfix's main.cf and master.cf",
    applies_to: &["/etc/postfix/{main,master}.cf", "/usr/local/etc/postfix/{main,master}.cf"],
    scope: Scope::Tree {
        mains: &["/etc/postfix/main.cf", "/usr/local/etc/postfix/main.cf"],
        wrapper: "compatibility_level = 3.6\n",
    },
    argv: &["postconf", "-c", "{dir}", "-n"],
    version_argv: &["postconf", "-h", "mail_version"],
    dirs: &["/var/lib/postfix", "/var/spool/postfix"],
    machine: &["/etc/postfix/master.cf", "/etc/postfix/dynamicmaps.cf", "/etc/postfix/dynamicmaps.cf.d"],
    patterns: &[
        error("{_}postconf: warning: {file}: {message}: {key}={_}"),
        error("{_}postconf: warning: {file}, line {line}: {message}"),
        error("{_}postconf: fatal: file {file}: line {line}: {message}"),
        error("{_}postconf: fatal: {file}, line {line}: {message}"),
        error("{_}postconf: fatal: {file}: line {line}: {message}"),
        error("{_}postconf: fatal: {message}"),
        warning("{_}postconf: warning: {message}"),
    ],
    packages: &[("", "postfix")],
    ..Program::COMMON
};
