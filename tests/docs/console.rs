//! Runs the ```` ```console ```` blocks of a page, from its first to its last, in one scratch directory.
//!
//! `$ …` is a command here, `# …` one on the host as root: there `cmc-fetch` gets a private root, whose path is left
//! out of what it prints; `ssh HOST …` does the same. Lines beneath a command are what it prints, not necessarily all;
//! `…` stands for anything. In a command, a word that ends in `…` is the last printed one that begins like it.
//! Words behind `console`: `exit=N`, how the block's last command ends; `shown`, if the block cannot be run here (what
//! it says of cmc is then only parsed). A comment `<!-- before: COMMAND -->` is a command that the page does not show.

use super::{lines, read};
use crate::support::{Ran, Scratch};
use std::path::Path;
use std::process::Command;

struct Step {
    number: usize,
    /// The number of its block; 0 if the page does not show it.
    block: usize,
    command: String,
    on_host: bool,
    shown: Vec<String>,
    code: i32,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines(page) {
        let block = line.block.map_or(0, |(_, block)| block);
        let step = |command: &str, on_host| Step {
            number: line.number,
            block,
            command: command.to_owned(),
            on_host,
            shown: Vec::new(),
            code: 0,
        };
        let Some((info, _)) = line.block else {
            let hidden = line.text.strip_prefix("<!-- before: ").and_then(|rest| rest.strip_suffix(" -->"));
            steps.extend(hidden.map(|command| step(command, false)));
            continue;
        };
        let mut words = info.split(' ');
        if words.next() != Some("console") || info.contains("shown") {
            continue;
        }
        if let Some(command) = line.text.strip_prefix("$ ") {
            steps.push(step(command, false));
        } else if let Some(command) = line.text.strip_prefix("# ") {
            steps.push(step(command, true));
        } else {
            steps.last_mut().expect("a block begins with a command").shown.push(line.text.to_owned());
        }
        let code = words.find_map(|word| word.strip_prefix("exit="));
        steps.last_mut().unwrap().code = code.map_or(0, |code| code.parse().unwrap());
    }
    // The code is the block's last command's.
    for at in 1..steps.len() {
        if steps[at - 1].block == steps[at].block {
            steps[at - 1].code = 0;
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

/// A command with its words that end in `…` made whole.
fn whole(command: &str, printed: &str) -> String {
    let word = |word: &str| match word.strip_suffix('…') {
        None => word.to_owned(),
        Some(begin) => {
            let known = printed.split_whitespace().rev().find(|known| known.starts_with(begin));
            known.unwrap_or_else(|| panic!("nothing was printed that begins with {begin}")).to_owned()
        }
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn programs(scratch: &Scratch) {
    let cmc = env!("CARGO_BIN_EXE_cmc");
    let root = scratch.path("host");
    let (bin, host) = (scratch.path("bin"), scratch.path("host-bin"));
    std::fs::create_dir_all(&root).unwrap();
    scratch.write("bin/cmc", &format!("#!/bin/sh\nexec {cmc} \"$@\"\n"));
    scratch.write("bin/cmc-fetch", &format!("#!/bin/sh\nexec {cmc} fetch \"$@\"\n"));
    let hosts = format!("#!/bin/sh\n{cmc} fetch --root {} \"$@\"\n", root.display());
    scratch.write("host-bin/cmc-fetch", &hosts);
    let ssh = format!("#!/bin/sh\nshift\nPATH={}:$PATH exec \"$@\"\n", host.display());
    scratch.write("bin/ssh", &ssh);
    let made = Command::new("chmod").arg("-R").arg("+x").args([bin, host]).status().unwrap();
    assert!(made.success());
}

fn run(page: &str) {
    let scratch = Scratch::new();
    programs(&scratch);
    let steps = steps(&read(Path::new(page)));
    assert!(!steps.is_empty(), "{page} shows no command");
    let mut all = String::new();
    for step in steps {
        let place = format!("{page}:{}: `{}`", step.number, step.command);
        let dirs = if step.on_host { &["host-bin", "bin"][..] } else { &["bin"] };
        let dirs: Vec<_> = dirs.iter().map(|dir| scratch.path(dir).display().to_string()).collect();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(whole(&step.command, &all)).current_dir(scratch.path("")).env_clear();
        shell.env("HOME", scratch.path("home")).env("LANG", "C.UTF-8");
        let system = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        shell.env("PATH", format!("{}:{system}", dirs.join(":")));
        let ran: Ran = shell.output().unwrap().into();
        assert_eq!(ran.code, step.code, "{place}\n{}{}", ran.out, ran.err);
        let root = scratch.path("host").display().to_string();
        let printed = format!("{}{}", ran.err, ran.out).replace(&root, "");
        for shown in step.shown.iter().filter(|line| !line.trim().is_empty()) {
            assert!(prints(&printed, shown), "{place} does not print\n{shown}\nbut\n{printed}");
        }
        all.push_str(&printed);
    }
}

#[test]
fn the_tour_of_the_readme_happens_as_told() {
    run("README.md");
}

#[test]
fn definitions_are_checked_as_the_page_says() {
    run("docs/definitions.md");
}

#[test]
fn files_are_imported_as_the_page_says() {
    run("docs/import.md");
}

#[test]
fn generated_definitions_are_checked_as_the_page_says() {
    run("docs/programs.md");
}

#[test]
fn editors_get_their_schema_as_the_page_says() {
    run("docs/editors.md");
}

#[test]
fn a_machine_is_adopted_as_the_page_says() {
    run("docs/adopt.md");
}

#[test]
fn what_becomes_of_daemons_is_shown_as_the_page_says() {
    run("docs/formats/daemon.md");
}

#[test]
fn a_file_is_followed_to_its_origin_as_the_page_says() {
    run("docs/validators.md");
}

#[test]
fn publishing_goes_as_the_page_says() {
    run("docs/publishing.md");
}

#[test]
fn hosts_are_enrolled_and_decided_upon_as_the_page_says() {
    run("docs/hosts.md");
}

#[test]
fn secrets_are_set_and_used_as_the_page_says() {
    run("docs/secrets.md");
}

#[test]
fn stores_are_probed_and_verified_as_the_page_says() {
    run("docs/stores.md");
}

/// A page with commands that no test above runs would not stay true.
#[test]
fn every_page_that_shows_commands_is_run() {
    let run = include_str!("console.rs");
    for page in super::pages() {
        let name = page.display().to_string();
        let shows = !steps(&read(&page)).is_empty();
        assert!(!shows || run.contains(&format!("run(\"{name}\")")), "nothing runs the commands of {name}");
    }
}
