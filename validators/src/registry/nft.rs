//! nftables: `nft -c -f F`. The kernel is asked, in a network namespace of the sandbox's own.

use super::pattern::{error, warning};
use super::{Program, Scope};
use crate::sandbox::Identity;

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
    packages: &[("", "nftables")],
    ..Program::COMMON
};
