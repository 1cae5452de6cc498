//! keepalived: `keepalived -t -f F`. It wants the interfaces that instances name: ones of the same names stand in.

use super::pattern::{either, warning};
use super::{Prepared, Program, Scope, View};
use crate::sandbox::Identity;
use std::collections::BTreeSet;

pub(super) const KEEPALIVED: Program = Program {
    name: "keepalived",
    about: "keepalived's configuration, with all that it includes",
    applies_to: &["/etc/keepalived/keepalived.conf", "/usr/local/etc/keepalived/keepalived.conf"],
    scope: Scope::Each,
    argv: &["keepalived", "-t", "-f", "{}"],
    version_argv: &["keepalived", "-v"],
    version_line: "Keepalived {message} ({_}",
    bad: &[1, 3, 4, 5],
    identity: Identity::Root,
    root_because: "it looks up the account of its scripts, and interfaces, as root",
    net_admin: true,
    dirs: &["/etc/keepalived", "/run/keepalived"],
    patterns: &[
        warning("({file}: Line {line}) WARNING - {message}"),
        either("({file}: Line {line}) {message}"),
        warning("WARNING - {message}"),
        either("({_}) {message}"),
    ],
    of_host: &["for vrrp_instance"],
    packages: &[("", "keepalived")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// What follows a word that names an interface.
fn prepare(view: &View<'_>) -> Prepared {
    let mut names = BTreeSet::new();
    for line in view.subjects.iter().flat_map(|(_, text)| text.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let named =
            words.windows(2).filter(|pair| matches!(pair[0], "interface" | "dev" | "lvs_sync_daemon"));
        names.extend(named.map(|pair| pair[1].to_owned()));
        // A block of names, one a line.
        if let [name] = words.as_slice()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            && name.bytes().any(|b| b.is_ascii_digit())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
        {
            names.insert((*name).to_owned());
        }
    }
    let usable = |name: &String| name.len() < 16 && name != "lo" && !name.contains('/');
    Prepared { interfaces: names.into_iter().filter(usable).take(50).collect(), ..Prepared::default() }
}
