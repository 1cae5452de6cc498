//! The commands that README and book show are run; what they print is what the pages say.
//!
//! A ```` ```console ```` block holds commands (`$ …`) and lines of their output. Every shown line must be printed by the
//! command above it; `…` stands for anything. `exit=N` behind the word says how the last command of the block ends.

use crate::support::{Ran, Scratch};
use std::path::Path;
use std::process::Command;

struct Step {
    command: String,
    shown: Vec<String>,
    code: i32,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block: Option<i32> = None;
    for line in page.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(info)) if info.split(' ').next() == Some("console") => {
                let code = info.split(' ').find_map(|word| word.strip_prefix("exit="));
                block = Some(code.map_or(0, |code| code.parse().unwrap()));
            }
            (Some(code), Some(_)) => {
                if let Some(last) = steps.last_mut() {
                    last.code = code;
                }
                block = None;
            }
            (Some(_), None) => match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step { command: command.to_owned(), shown: Vec::new(), code: 0 }),
                None => steps.last_mut().expect("a block begins with a command").shown.push(line.to_owned()),
            },
            _ => {}
        }
    }
    steps
}

/// Whether a printed text has this line, `…` standing for anything.
fn prints(text: &str, shown: &str) -> bool {
    text.lines().any(|line| {
        let mut rest = line;
        let mut parts = shown.split('…');
        let first = parts.next().unwrap_or_default();
        let Some(after) = rest.strip_prefix(first) else { return false };
        rest = after;
        let parts: Vec<&str> = parts.collect();
        for part in &parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.is_empty() || parts.last().is_some_and(|last| last.is_empty())
    })
}

fn run(page: &str) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let scratch = Scratch::new();
    scratch.write("bin/cmc-fetch", &format!("#!/bin/sh\nexec {} fetch \"$@\"\n", env!("CARGO_BIN_EXE_cmc")));
    scratch.write("bin/cmc", &format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_cmc")));
    for program in ["bin/cmc", "bin/cmc-fetch"] {
        let made = Command::new("chmod").arg("+x").arg(scratch.path(program)).status().unwrap();
        assert!(made.success());
    }
    let steps = steps(&text);
    assert!(!steps.is_empty(), "{page} shows no command");
    for step in steps {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&step.command).current_dir(scratch.path("")).env_clear();
        shell.env("HOME", scratch.path("home")).env("LANG", "C.UTF-8");
        shell.env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", scratch.path("bin").display()),
        );
        let ran: Ran = shell.output().unwrap().into();
        assert_eq!(ran.code, step.code, "{page}: `{}`\n{}{}", step.command, ran.out, ran.err);
        let printed = format!("{}{}", ran.err, ran.out);
        for shown in step.shown.iter().filter(|line| !line.trim().is_empty()) {
            assert!(
                prints(&printed, shown),
                "{page}: `{}` does not print\n{shown}\nbut\n{printed}",
                step.command
            );
        }
    }
}

#[test]
fn the_tour_of_the_readme_happens_as_told() {
    run("README.md");
}

#[test]
fn every_page_of_the_book_exists_and_is_listed() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: Vec<&str> =
        summary.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(path, _)| path).collect();
    for path in &listed {
        assert!(docs.join(path).is_file(), "SUMMARY.md lists {path}, which does not exist");
    }
    for dir in ["", "formats"] {
        for entry in std::fs::read_dir(docs.join(dir)).unwrap().flatten() {
            let name = Path::new(dir).join(entry.file_name()).display().to_string();
            let is_page = name.ends_with(".md") && name != "SUMMARY.md";
            assert!(!is_page || listed.contains(&name.as_str()), "{name} is missing from SUMMARY.md");
        }
    }
}
