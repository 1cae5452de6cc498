//! What a publish would change, as a comment of a pull request. Hosts that change alike are told once.

use crate::findings::markdown::{block, code};
use crate::terminal::count;
use cmc_bundles::publish::{FileChange, HostDiff, ServiceDiff};
use std::collections::BTreeSet;

/// Bytes that a comment may have: GitHub takes 65,536 characters.
const LONGEST: usize = 60_000;
/// Hosts of a group that are named; the others are folded away.
const NAMED: usize = 3;

/// The comment; `others` are sentences about hosts whose services do not differ.
pub(super) fn comment(fleet: &str, diffs: &[HostDiff], others: &[String]) -> String {
    let groups = groups(diffs);
    let services: BTreeSet<_> =
        diffs.iter().flat_map(|diff| &diff.services).map(|service| service.service.as_str()).collect();
    let mut text = format!("### cmc diff: {}\n\n", code(fleet));
    if diffs.is_empty() && others.is_empty() {
        text.push_str("Nothing differs from what is published.\n");
        return text;
    }
    let changed = (count(diffs.len(), "host"), count(services.len(), "service"));
    text.push_str(&format!("{} of {} would change.\n", changed.1, changed.0));
    for line in others {
        text.push_str(&format!("\n- {line}\n"));
    }
    for (index, (hosts, services)) in groups.iter().enumerate() {
        let mut next = format!("\n#### {}\n", named(hosts));
        if hosts.len() > NAMED {
            let all = hosts.join(" ");
            next.push_str(&format!("\n<details><summary>{}</summary>\n\n", count(hosts.len(), "host")));
            next.push_str(&format!("{}\n</details>\n", block("text", &all)));
        }
        services.iter().for_each(|service| next.push_str(&told(service)));
        if text.len() + next.len() > LONGEST {
            let left: usize = groups[index..].iter().map(|(hosts, _)| hosts.len()).sum();
            text.push_str(&format!("\nand {}: {} shows all\n", count(left, "more host"), code("cmc diff")));
            break;
        }
        text.push_str(&next);
    }
    text
}

/// Hosts of which the same is said, in the order of the first of each.
fn groups(diffs: &[HostDiff]) -> Vec<(Vec<&str>, &[ServiceDiff])> {
    let mut groups: Vec<(Vec<&str>, &[ServiceDiff])> = Vec::new();
    for diff in diffs {
        match groups.iter_mut().find(|(_, services)| *services == diff.services.as_slice()) {
            Some((hosts, _)) => hosts.push(diff.host.as_str()),
            None => groups.push((vec![diff.host.as_str()], &diff.services)),
        }
    }
    groups
}

fn named(hosts: &[&str]) -> String {
    let first: Vec<_> = hosts.iter().take(NAMED).map(|host| code(host)).collect();
    match hosts.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn told(service: &ServiceDiff) -> String {
    let what = match (service.published, service.planned) {
        (false, _) => "is new",
        (_, false) => "leaves",
        _ => "changes",
    };
    let mut lines = String::new();
    for file in &service.files {
        let mark = match file.change {
            FileChange::Added => '+',
            FileChange::Removed => '-',
            FileChange::Content | FileChange::Attributes => '!',
        };
        let block = file.block.as_ref().map(|block| format!(" (block {block})")).unwrap_or_default();
        let note = match (file.change, file.secret) {
            (FileChange::Content, true) => " (secret changed)",
            (FileChange::Attributes, _) => " (mode or owner)",
            _ => "",
        };
        lines.push_str(&format!("{mark} {}{block}{note}\n", file.path));
    }
    for (differs, what) in [(service.actions, "commands differ"), (service.checks, "health checks differ")] {
        if differs && service.published && service.planned {
            lines.push_str(&format!("! {what}\n"));
        }
    }
    for argv in &service.runs {
        lines.push_str(&format!("# runs {}\n", cmc_types::shell::words(argv)));
    }
    let mut text = format!("\n{} {what}\n", code(service.service.as_str()));
    if !lines.is_empty() {
        text.push_str(&format!("\n{}", block("diff", &lines)));
    }
    text
}
