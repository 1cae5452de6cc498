//! `cargo xtask test`: installs what the tests need where allowed, runs every test, and names what was skipped.

use crate::process::{cargo, say, target_dir};
use crate::tools;
use crate::{book, deny, packages};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

pub(crate) fn run(filter: &[String]) -> Result<(), String> {
    tools::install_packages();
    let skipped = target_dir()?.join("skipped-tests");
    let _ = std::fs::remove_file(&skipped);
    let mut tests = cargo();
    // All kinds of tests but those in comments, of which there are none.
    tests.args(["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    tests.arg("--").args(filter);
    tests.env("CMC_SKIPPED", &skipped);
    // The machine's cloud settings must not reach the tests.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        tests.env_remove(name);
    }
    for wheel in tools::WHEELS {
        if let Some(program) = wheel.program() {
            tests.env(wheel.variable, program);
        }
    }
    if let Some(packages) = packages::roots() {
        tests.env("CMC_TEST_PACKAGES", packages);
    }
    let beside = [("dependencies", deny::check()), ("book", book::build())];
    let (result, passed, failed) = counted(&mut tests)?;
    let mut lines = std::fs::read_to_string(&skipped).unwrap_or_default();
    for (name, outcome) in &beside {
        match outcome {
            Ok(None) => {}
            Ok(Some(reason)) => lines.push_str(&format!("SKIPPED {name}: {reason}\n")),
            Err(error) => say(&format!("{name}: {error}")),
        }
    }
    let lines: BTreeSet<&str> = lines.lines().collect();
    if lines.is_empty() {
        say("skipped: nothing");
    } else {
        say(&format!("skipped, because this machine lacks what they need ({}):", lines.len()));
        lines.iter().for_each(|line| say(&format!("  {line}")));
    }
    let _ = writeln!(std::io::stdout(), "{passed} passed, {failed} failed, {} skipped", lines.len());
    beside.into_iter().try_for_each(|(_, outcome)| outcome.map(drop)).and(result)
}

/// Runs cargo's tests, passing their output on, and adds up what their result lines say.
fn counted(tests: &mut Command) -> Result<(Result<(), String>, u64, u64), String> {
    let mut child =
        tests.stdout(Stdio::piped()).spawn().map_err(|error| format!("could not start cargo: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    let mut out = std::io::stdout();
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.map_err(|error| format!("could not read what the tests print: {error}"))?;
        let _ = writeln!(out, "{line}");
        let count = |what: &str| {
            let before = line.split(what).next().filter(|before| before.len() < line.len())?;
            before.rsplit(' ').next()?.parse::<u64>().ok()
        };
        if line.starts_with("test result:") {
            passed += count(" passed").unwrap_or(0);
            failed += count(" failed").unwrap_or(0);
        }
    }
    let status = child.wait().map_err(|error| format!("could not wait for cargo: {error}"))?;
    let result = if status.success() { Ok(()) } else { Err(format!("tests failed: {status}")) };
    Ok((result, passed, failed))
}
