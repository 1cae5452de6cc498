//! nftables: `nft -c -f F`. The kernel is asked, in a network namespace of the sandbox's own. `iif` and `oif` want
//! interfaces that exist while the rules are read: the host's, for which ones of the same names stand in. A flowtable wants
//! a module of the kernel, which may be the host's alone.

use super::pattern::{error, warning};
use super::{Prepared, Program, Scope, View};
use crate::sandbox::Identity;
use std::collections::BTreeSet;

pub(super) const NFT: Program = Program {
    name: "nft",
    about: "nftables rule sets, checked by the kernel",
    applies_to: &["/etc/nftables.conf", "/etc/nftables/*.nft", "/etc/nftables.d/*.nft", "*.nft"],
    interpreters: &["nft"],
    scope: Scope::Each,
    argv: &["nft", "-c", "-f", "{}"],
    version_argv: &["nft", "--version"],
    version_line: "nftables {message}",
    identity: Identity::Root,
    root_because: "the kernel compiles rules only for an administrator of the (private) network",
    net_admin: true,
    patterns: &[
        error("{file}:{line}:{column}-{_}: Error: {message}"),
        error("{file}:{line}:{column}: Error: {message}"),
        error("Error: {message}"),
        warning("{file}:{line}:{column}-{_}: Warning: {message}"),
        warning("Warning: {message}"),
    ],
    of_host: &["Interface does not exist"],
    of_host_at: &[(
        "No such file or directory",
        "flowtable",
        "the kernel's module for flowtables, or a device",
    )],
    packages: &[("", "nftables")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Interfaces of one run; a rule set with more names has hardly that many interfaces.
const MOST: usize = 200;

/// Every word of a rule set with `iif` or `oif` that could name an interface: an interface that nothing names changes
/// nothing, and names stand in sets, maps and definitions too.
fn prepare(view: &View<'_>) -> Prepared {
    let mut names = BTreeSet::new();
    for (_, text) in &view.subjects {
        let words =
            || text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')));
        if words().any(|word| matches!(word, "iif" | "oif")) {
            let name = |word: &&str| word.len() < 16 && word.starts_with(|c: char| c.is_ascii_alphabetic());
            names.extend(words().filter(name).filter(|word| *word != "lo").map(str::to_owned));
        }
    }
    Prepared { interfaces: names.into_iter().take(MOST).collect(), ..Prepared::default() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn words_that_could_name_interfaces_are_found_only_where_interfaces_must_exist() {
        let names = |text: &str| {
            prepare(&View { subjects: vec![("/etc/nftables.conf", text)], tree: Vec::new() }).interfaces
        };
        assert_eq!(names("iifname eth0 accept"), Vec::<String>::new());
        let found = names("define wan = eth0\niif { \"wg-1\", lo, 10.0.0.1 } accept");
        for name in ["eth0", "wg-1"] {
            assert!(found.iter().any(|found| found == name), "{found:?}");
        }
        assert!(!found.iter().any(|name| name == "lo" || name.starts_with('1')), "{found:?}");
    }
}
