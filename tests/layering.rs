//! The table of ARCHITECTURE.md, enforced: which crate may depend on what, directly or through others.

use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What `cargo metadata` says of the workspace.
fn metadata() -> Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The workspace's own packages.
fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = list(&metadata["workspace_members"]);
    list(&metadata["packages"]).iter().filter(move |package| members.contains(&package["id"]))
}

/// Normal (not dev, not build) dependencies.
fn normal(package: &Value) -> impl Iterator<Item = &Value> {
    list(&package["dependencies"]).iter().filter(|dependency| dependency["kind"].is_null())
}

#[test]
fn crates_depend_only_downstream() {
    let metadata = metadata();
    let allowed: HashMap<&str, &[&str]> = HashMap::from([
        ("cmc-types", &[][..]),
        ("cmc-testing", &[]),
        ("cmc-compiler", &["cmc-types"]),
        ("cmc-validators", &["cmc-types"]),
        ("cmc-bundles", &["cmc-types"]),
        ("cmc-fetch", &["cmc-bundles", "cmc-types"]),
        ("cmc", &["cmc-types", "cmc-compiler", "cmc-validators", "cmc-bundles", "cmc-fetch"]),
    ]);
    for package in packages(&metadata) {
        let Some(allowed) = allowed.get(text(&package["name"])) else { continue };
        let own = normal(package).filter(|dependency| dependency["path"].is_string());
        let own = own.map(|dependency| text(&dependency["name"]));
        let extra: Vec<_> = own.filter(|name| !allowed.contains(name)).collect();
        assert!(extra.is_empty(), "{} must not depend on {extra:?}", package["name"]);
    }
}

#[test]
fn libraries_stay_away_from_what_is_not_their_job() {
    let metadata = metadata();
    let forbidden: &[(&str, &[&str])] = &[
        ("cmc-types", &["tokio", "ureq", "clap", "nix", "rustix", "tempfile", "minijinja", "age", "blake3"]),
        ("cmc-compiler", &["tokio", "ureq", "clap", "nix", "aws-sdk-s3", "age"]),
        ("cmc-validators", &["tokio", "ureq", "clap", "aws-sdk-s3", "age", "minijinja"]),
        ("cmc-bundles", &["clap", "miette", "minijinja", "nix"]),
        (
            "cmc-fetch",
            &["clap", "miette", "minijinja", "aws-sdk-s3", "aws-config", "tokio", "schemars", "jsonschema"],
        ),
    ];
    for (name, forbidden) in forbidden {
        let package = packages(&metadata).find(|package| package["name"] == *name).expect("workspace crate");
        let names = normal(package).map(|dependency| text(&dependency["name"]));
        let bad: Vec<_> = names.filter(|name| forbidden.contains(name)).collect();
        assert!(bad.is_empty(), "{name} must not depend on {bad:?}");
    }
}

/// `cargo tree` resolves features for the fetcher alone, as `cargo xtask dist` builds it.
#[test]
fn the_fetcher_closure_holds_no_sdk_no_runtime_and_no_schema_generator() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "cmc-fetch", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    let crates: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for forbidden in
        ["aws-sdk-s3", "aws-config", "tokio", "hyper", "schemars", "jsonschema", "minijinja", "clap"]
    {
        assert!(!crates.contains(forbidden), "cmc-fetch pulls in {forbidden}");
    }
    assert!(crates.contains("cmc-bundles"), "the closure was read");
}

#[test]
fn nothing_depends_on_the_command_line() {
    let metadata = metadata();
    let cmc = packages(&metadata).find(|package| package["name"] == "cmc").expect("the root package");
    let nodes = list(&metadata["resolve"]["nodes"]);
    let users = nodes.iter().filter(|node| list(&node["dependencies"]).contains(&cmc["id"])).count();
    assert_eq!(users, 0);
}
