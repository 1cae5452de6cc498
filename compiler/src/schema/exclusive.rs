//! Keys that exclude each other, and sets of which one is needed. Ranks complete each other when services are merged,
//! so files are checked for too many, merged services for too few as well.

use crate::tree::{Entry, Node, Table};
use cmc_types::{Diagnostic, codes};

const FILE: &[&str] = &["template", "source", "content", "secret", "link", "absent"];
const BLOCK: &[&str] = &["block", "link"];
const HEALTH: &[&str] = &["http", "tcp", "exec"];
const ENV: &[&str] = &["value", "secret"];
const RUNS: &[&str] = &["daemon", "unit"];

/// When a service is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// As written; other ranks may add keys.
    Written,
    /// Merged from all ranks.
    Merged,
}

/// Checks a service, preset or overlay.
pub(super) fn check(part: &Node, stage: Stage, diagnostics: &mut Vec<Diagnostic>) {
    let Some(table) = part.as_table() else { return };
    at_most_one(table, RUNS, diagnostics);
    for file in tables(table, "file") {
        one_of(file, &format!("file `{}`", file.key), FILE, stage, diagnostics);
        if let Some(table) = file.node.as_table() {
            at_most_one(table, BLOCK, diagnostics);
        }
    }
    for variable in tables(table, "env") {
        // What has neither is said when the environment is made.
        one_of(variable, "", ENV, Stage::Written, diagnostics);
    }
    if let Some(health) = table.get("health") {
        one_of(health, "`health`", HEALTH, stage, diagnostics);
    }
    let without_exec =
        |daemon: &&Entry| daemon.node.as_table().is_some_and(|table| table.get("exec").is_none());
    if let Some(daemon) = table.get("daemon").filter(without_exec).filter(|_| stage == Stage::Merged) {
        diagnostics.push(
            Diagnostic::new(codes::MISSING_KEY, "`daemon` lacks the key `exec`")
                .at(daemon.key_place, "`exec` is missing here")
                .help("`exec = [\"/path/to/program\", \"argument\"]` says what runs"),
        );
    }
    for job in tables(table, "job").filter(|_| stage == Stage::Merged) {
        let Some(keys) = job.node.as_table() else { continue };
        let helps = [
            ("exec", "`exec = [\"/path/to/program\", \"argument\"]` says what runs"),
            ("at", "`at = \"02:30\"`, `\"Mon..Fri 08:00\"` or `\"daily\"` says when it runs"),
        ];
        for (key, help) in helps.into_iter().filter(|(key, _)| keys.get(key).is_none()) {
            diagnostics.push(
                Diagnostic::new(codes::MISSING_KEY, format!("the job `{}` lacks the key `{key}`", job.key))
                    .at(job.key_place, format!("`{key}` is missing here"))
                    .help(help),
            );
        }
    }
    // What is merged has its overlays in it; as written they are parts of their own.
    for overlay in tables(table, "for").filter(|_| stage == Stage::Written) {
        check(&overlay.node, stage, diagnostics);
    }
}

fn tables<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = &'t Entry> + use<'t> {
    table.get(key).and_then(|entry| entry.node.as_table()).into_iter().flat_map(Table::iter)
}

fn one_of(entry: &Entry, what: &str, keys: &[&str], stage: Stage, diagnostics: &mut Vec<Diagnostic>) {
    let Some(table) = entry.node.as_table() else { return };
    let found = at_most_one(table, keys, diagnostics);
    if found == 0 && stage == Stage::Merged {
        diagnostics.push(
            Diagnostic::new(codes::EXCLUSIVE_KEYS, format!("{what} has none of {}", list(keys)))
                .at(entry.key_place, "one of them is needed here")
                .help("neither the service nor its presets and overlays set one"),
        );
    }
}

/// Reports every key of the set after the first; returns how many there are.
fn at_most_one(table: &Table, keys: &[&str], diagnostics: &mut Vec<Diagnostic>) -> usize {
    let found: Vec<_> = table.iter().filter(|entry| keys.contains(&entry.key.as_str())).collect();
    if let [first, rest @ ..] = found.as_slice() {
        for other in rest {
            diagnostics.push(
                Diagnostic::new(
                    codes::EXCLUSIVE_KEYS,
                    format!("`{}` and `{}` exclude each other", first.key, other.key),
                )
                .at(other.key_place, "only one of them can hold")
                .with(first.key_place, "the other one")
                .help(format!("keep exactly one of {}", list(keys))),
            );
        }
    }
    found.len()
}

fn list(keys: &[&str]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}
