//! Loading stays linear in the number of definitions: 10,000 hosts in one file of a megabyte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cmc_compiler::{LoadOptions, load};
use std::time::{Duration, Instant};

fn generated(hosts: usize, os: &str) -> tempfile::TempDir {
    let fleet = tempfile::tempdir().unwrap();
    std::fs::create_dir(fleet.path().join("hosts")).unwrap();
    std::fs::write(fleet.path().join("fleet.toml"), "[fleet]\nname = \"shop\"\n").unwrap();
    let lines: Vec<_> = (0..hosts)
        .map(|i| {
            format!(
                "\"node{i:05}\": {{\"os\": \"{os}\", \"arch\": \"x86_64\", \"tags\": [\"web\", \"prod\"], \
                 \"address\": \"10.0.{}.{}\", \"vars\": {{\"rack\": {}}}}}",
                i / 256 % 256,
                i % 256,
                i / 40
            )
        })
        .collect();
    let text = format!("{{\"host\": {{\n{}\n}}}}\n", lines.join(",\n"));
    assert!(hosts < 10_000 || text.len() > 1_000_000);
    std::fs::write(fleet.path().join("hosts/generated.json"), text).unwrap();
    fleet
}

/// In release this takes a tenth of a second; the bound is for unoptimised builds on a busy machine.
#[test]
fn ten_thousand_hosts_are_loaded_and_checked_in_seconds() {
    let fleet = generated(10_000, "debian-12");
    let start = Instant::now();
    let loaded = load(fleet.path(), &LoadOptions::default());
    let elapsed = start.elapsed();
    assert!(loaded.diagnostics.is_empty());
    assert_eq!(loaded.document.unwrap().get(&["host"]).unwrap().as_table().unwrap().len(), 10_000);
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[test]
fn ten_thousand_mistakes_are_each_reported_in_seconds() {
    let fleet = generated(10_000, "debain-12");
    let start = Instant::now();
    let loaded = load(fleet.path(), &LoadOptions::default());
    let elapsed = start.elapsed();
    assert_eq!(loaded.diagnostics.len(), 10_000);
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
}
