//! ShellCheck: `shellcheck -s sh -S error -f gcc F`, for the scripts of init systems that are kept as they were written.
//! A shell's `-n` reads their syntax; this one also finds what is read and fails.

use super::pattern::error;
use super::{Prepared, Program, Scope, View};

pub(super) const SHELLCHECK: Program = Program {
    name: "shellcheck",
    about: "scripts of rc.d and of OpenRC that are kept as they are, in sh or ksh by their `#!` line: errors, no advice",
    applies_to: &["/etc/rc.d/*", "/usr/local/etc/rc.d/*", "/etc/init.d/*"],
    interpreters: &["sh", "ksh", "openrc-run"],
    families: &["openbsd", "freebsd", "alpine", "gentoo"],
    extra: true,
    scope: Scope::Alone,
    argv: &["shellcheck", "--norc", "-S", "error", "-f", "gcc", "{}"],
    version_argv: &["shellcheck", "--version"],
    version_line: "version: {message}",
    patterns: &[error("{file}:{line}:{column}: error: {message}")],
    packages: &[("fedora", "ShellCheck"), ("freebsd", "hs-ShellCheck"), ("", "shellcheck")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// The dialect before the path: it knows no `openrc-run`.
fn prepare(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    for (path, text) in &view.subjects {
        let ksh = text.lines().next().is_some_and(|line| line.trim_end().ends_with("/ksh"));
        let dialect = if ksh { "ksh" } else { "sh" };
        prepared.arguments.extend(["-s", dialect, path].map(str::to_owned));
    }
    prepared
}
