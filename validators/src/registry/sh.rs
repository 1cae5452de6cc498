//! Shells: `sh -n F` and the like, by the script's `#!` line. OpenRC scripts are POSIX shell.

use super::pattern::error;
use super::{Pattern, Program, Scope};

/// dash and ksh say `F: 3: …`, bash says `F: line 3: …`.
const PATTERNS: &[Pattern] = &[
    error("{file}: line {line}: {message}"),
    error("{file}: {line}: {message}"),
    error("{file}[{line}]: {message}"),
];

const SHELL: Program =
    Program { scope: Scope::Alone, bad: &[1, 2, 3], patterns: PATTERNS, ..Program::COMMON };

pub(super) const SH: Program = Program {
    name: "sh",
    about: "syntax of POSIX shell scripts, by their `#!` line; OpenRC scripts too",
    applies_to: &["/etc/profile.d/*.sh"],
    interpreters: &["sh", "openrc-run"],
    argv: &["sh", "-n", "{}"],
    packages: &[("debian", "dash"), ("ubuntu", "dash"), ("", "bash")],
    ..SHELL
};

pub(super) const BASH: Program = Program {
    name: "bash",
    about: "syntax of bash scripts, by their `#!` line",
    interpreters: &["bash"],
    argv: &["bash", "-n", "{}"],
    version_argv: &["bash", "--version"],
    version_line: "GNU bash, version {message} ({_}",
    packages: &[("", "bash")],
    ..SHELL
};

pub(super) const DASH: Program = Program {
    name: "dash",
    about: "syntax of dash scripts, by their `#!` line",
    interpreters: &["dash"],
    argv: &["dash", "-n", "{}"],
    packages: &[("", "dash")],
    ..SHELL
};

pub(super) const KSH: Program = Program {
    name: "ksh",
    about: "syntax of ksh scripts, by their `#!` line",
    interpreters: &["ksh", "mksh", "ksh93"],
    argv: &["ksh", "-n", "{}"],
    packages: &[("debian", "mksh"), ("ubuntu", "mksh"), ("alpine", "mksh"), ("", "ksh")],
    ..SHELL
};
