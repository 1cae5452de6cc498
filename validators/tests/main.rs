//! Validators against the real programs, in the real sandbox.
//!
//! The binary is its own harness, because it is also the sandbox's worker: `main __sandbox` serves requests. Otherwise
//! it takes what libtest takes: a filter, `--exact`, `--list`. A test whose program or namespaces are missing is
//! skipped by name: `SKIPPED name: reason`, which is also appended to the file that `CMC_SKIPPED` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::exit)]

mod canaries;
mod docs;
mod fleet;
mod programs;
mod runner;
mod shellcheck;
mod support;
mod systemd;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a test that did not panic ended.
pub(crate) enum Ended {
    Passed,
    Skipped(String),
}

pub(crate) type Test = (&'static str, fn() -> Ended);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "__sandbox") {
        std::process::exit(cmc_validators::sandbox::child_main());
    }
    if let [first, name] = arguments.as_slice()
        && first == "__caller"
    {
        std::process::exit(canaries::caller(name));
    }
    let list = arguments.iter().any(|argument| argument == "--list");
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let tests: Vec<Test> = [
        canaries::TESTS,
        programs::TESTS,
        programs::mail_and_web::TESTS,
        programs::names_and_addresses::TESTS,
        programs::others::TESTS,
        shellcheck::TESTS,
        systemd::TESTS,
        runner::TESTS,
        docs::TESTS,
    ]
    .concat();
    let chosen: Vec<Test> = tests
        .into_iter()
        .filter(|(name, _)| {
            filters.is_empty()
                || filters
                    .iter()
                    .any(|filter| if exact { name == filter } else { name.contains(filter.as_str()) })
        })
        .collect();
    if list {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    println!("\nrunning {} tests", chosen.len());
    let (mut passed, mut failed, mut skipped) = (0, Vec::new(), 0);
    for (name, test) in chosen {
        match catch_unwind(AssertUnwindSafe(test)) {
            Ok(Ended::Passed) => {
                passed += 1;
                println!("test {name} ... ok");
            }
            Ok(Ended::Skipped(reason)) => {
                skipped += 1;
                println!("test {name} ... ignored");
                cmc_testing::skip(name, &reason);
            }
            Err(_) => {
                println!("test {name} ... FAILED");
                failed.push(name);
            }
        }
    }
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {passed} passed; {} failed; {skipped} ignored\n", failed.len());
    if !failed.is_empty() {
        failed.iter().for_each(|name| println!("    {name}"));
        std::process::exit(101);
    }
}
