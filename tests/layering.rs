//! The table of ARCHITECTURE.md, enforced: which crate may depend on what, directly or through others.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::collections::{BTreeSet, HashMap};

fn metadata(features: &[&str]) -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    command.other_options(["--locked".to_owned()]);
    if !features.is_empty() {
        command.features(cargo_metadata::CargoOpt::SomeFeatures(
            features.iter().map(|f| (*f).to_owned()).collect(),
        ));
    }
    command.exec().expect("cargo metadata")
}

/// Normal (not dev, not build) dependencies among the workspace's own crates, by name.
fn own(package: &Package) -> BTreeSet<String> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.filter(|dependency| dependency.path.is_some()).map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn crates_depend_only_downstream() {
    let metadata = metadata(&[]);
    let allowed: HashMap<&str, &[&str]> = HashMap::from([
        ("cmc-types", &[][..]),
        ("cmc-compiler", &["cmc-types"]),
        ("cmc-validators", &["cmc-types"]),
        ("cmc-bundles", &["cmc-types"]),
        ("cmc-fetch", &["cmc-bundles", "cmc-types"]),
        ("cmc", &["cmc-types", "cmc-compiler", "cmc-validators", "cmc-bundles", "cmc-fetch"]),
    ]);
    for package in metadata.workspace_packages() {
        let Some(allowed) = allowed.get(package.name.as_str()) else { continue };
        let extra: Vec<_> =
            own(package).into_iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(extra.is_empty(), "{} must not depend on {extra:?}", package.name);
    }
}

#[test]
fn libraries_stay_away_from_what_is_not_their_job() {
    let metadata = metadata(&[]);
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
        let package =
            metadata.packages.iter().find(|package| package.name == *name).expect("workspace crate");
        let normal =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let bad: Vec<_> = normal.map(|one| one.name.as_str()).filter(|one| forbidden.contains(one)).collect();
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
    let metadata = metadata(&[]);
    let resolve = metadata.resolve.as_ref().expect("resolved");
    let cmc: &PackageId =
        &metadata.packages.iter().find(|package| package.name == "cmc").expect("the root package").id;
    let users = resolve.nodes.iter().filter(|node| node.dependencies.contains(cmc)).count();
    assert_eq!(users, 0);
}
