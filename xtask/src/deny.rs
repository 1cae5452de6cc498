//! `cargo deny`: licences, sources and bans of all dependencies by deny.toml, where it is installed. Advisories are left
//! out: their database changes from day to day, and needs the network.

use crate::process::{root, run, say};
use crate::tools::find;
use std::process::Command;

/// Why dependencies were not checked; `None` if they were, and are as deny.toml wants them.
pub(crate) fn check() -> Result<Option<&'static str>, String> {
    let Some(program) = find("cargo-deny") else {
        return Ok(Some("cargo-deny is not installed; `cargo install --locked cargo-deny` does it"));
    };
    say("checking licences, sources and bans of dependencies");
    let mut deny = Command::new(program);
    deny.args(["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    run(deny.current_dir(root()))?;
    Ok(None)
}
