//! logrotate: `logrotate -d -s /dev/null F`. A file that others may write is skipped with exit code 0, so errors are
//! read from what it says. Logs that a configuration names exist, empty, or it would complain of their absence.

use super::pattern::{error, warning};
use super::{Prepared, Program, Scope, View};
use crate::sandbox::{Entry, Identity, What};

pub(super) const LOGROTATE: Program = Program {
    name: "logrotate",
    about: "logrotate's configuration files",
    applies_to: &["/etc/logrotate.conf", "/etc/logrotate.d/*"],
    scope: Scope::Each,
    argv: &["logrotate", "-d", "-s", "/dev/null", "{}"],
    version_argv: &["logrotate", "--version"],
    version_line: "logrotate {message}",
    identity: Identity::Root,
    root_because: "it ignores files that do not belong to root",
    flat_accounts: true,
    patterns: &[
        error("error: {file}:{line} {message}"),
        error("error: {file}:{line}: {message}"),
        error("error: {message}"),
        warning("warning: {file}:{line} {message}"),
        warning("warning: {message}"),
    ],
    ignored: &["logrotate in debug mode does nothing", "found error in ", "found error in file "],
    skips: &[
        (
            "/etc/logrotate.d/*.{bak,cfsaved,disabled,new,old,orig,rhn-cfg-tmp-*,rpmnew,rpmorig,rpmsave,swp}",
            TABOO,
        ),
        ("/etc/logrotate.d/*.{dpkg-*,ucf-*}", TABOO),
        ("/etc/logrotate.d/*~", TABOO),
        ("/etc/logrotate.d/*,v", TABOO),
    ],
    packages: &[("", "logrotate")],
    prepare: Some(prepare),
    ..Program::COMMON
};

const TABOO: &str = "logrotate skips files with such an extension when it reads its directory";

/// The logs and old directories that the configuration names, as empty files and directories.
fn prepare(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    let mut depth = 0usize;
    for line in view.subjects.iter().flat_map(|(_, text)| text.lines()) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let words = || line.split([' ', '\t', '"', '\'', '{']).filter(|word| word.starts_with('/'));
        if depth == 0 && !line.starts_with("include") {
            prepared
                .entries
                .extend(words().map(|path| Entry { path: plain(path), what: What::file(0o644, *b"") }));
        } else if line.starts_with("olddir") {
            prepared.entries.extend(
                words().map(|path| Entry {
                    path: format!("{}/.keep", plain(path)),
                    what: What::file(0o644, *b""),
                }),
            );
        }
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
    }
    prepared
}

/// A path that a glob would match.
fn plain(glob: &str) -> String {
    let mut path = String::new();
    let mut rest = glob.trim_end_matches('/').chars();
    while let Some(c) = rest.next() {
        match c {
            '*' | '?' => path.push('x'),
            '[' => {
                path.push(rest.next().unwrap_or('x'));
                rest.by_ref().find(|c| *c == ']');
            }
            _ => path.push(c),
        }
    }
    path
}
