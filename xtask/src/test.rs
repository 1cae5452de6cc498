//! `cargo xtask test`: installs what the tests need where allowed, runs every test, and names what was skipped.

use crate::process::{self, cargo, say, target_dir};
use crate::tools;
use std::collections::BTreeSet;

pub(crate) fn run(filter: &[String]) -> Result<(), String> {
    tools::install_packages();
    let skipped = target_dir()?.join("skipped-tests");
    let _ = std::fs::remove_file(&skipped);
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    tests.arg("--").args(filter);
    tests.env("CMC_SKIPPED", &skipped);
    // The machine's cloud settings must not reach the tests.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        tests.env_remove(name);
    }
    if let Some(weed) = tools::weed() {
        tests.env("CMC_TEST_WEED", weed);
    }
    let result = process::run(&mut tests);
    let lines = std::fs::read_to_string(&skipped).unwrap_or_default();
    let lines: BTreeSet<&str> = lines.lines().collect();
    if lines.is_empty() {
        say("skipped: nothing");
    } else {
        say(&format!("skipped, because this machine lacks what they need ({}):", lines.len()));
        lines.iter().for_each(|line| say(&format!("  {line}")));
    }
    result
}
