//! The seeds that are stored objects come from the checked-in example store, each as valid as there, so that mutations
//! begin behind the outermost checks. `CMC_UPDATE=1` writes them.

use cmc_bundles::client::{self, Found, Me, Pin, TrustState};
use cmc_bundles::ids::{Channel, HostId};
use cmc_bundles::keys::Identities;
use cmc_bundles::locator::Locator;
use cmc_bundles::release::Pointer;
use cmc_bundles::root::Root;
use cmc_bundles::signed::Signed;
use cmc_bundles::store::DirStore;
use cmc_types::HostName;
use std::path::{Path, PathBuf};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn stored(path: &str) -> Vec<u8> {
    let path = repository("tests/fixtures/store").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a fresh host reads, layer by layer: target and content.
fn layers() -> Vec<(&'static str, Vec<u8>)> {
    let channel = Channel::main();
    let told: serde_json::Value = serde_json::from_slice(&stored("enrolled.json")).unwrap();
    let host = HostName::parse("web1").unwrap();
    let id = HostId::parse(told["hosts"]["web1"].as_str().unwrap()).unwrap();
    let pin = Pin {
        fleet_id: serde_json::from_value(told["fleet-id"].clone()).unwrap(),
        channel: channel.clone(),
        root: serde_json::from_value(told["root"].clone()).unwrap(),
    };
    let store = DirStore::new(repository("tests/fixtures/store/objects"));
    let identities = Identities::parse(&stored("keys/web1"), "web1").unwrap();

    let signed = Signed::parse(&stored("objects/trust/1.json"), "root").unwrap();
    let root = Root::parse(&signed.body, "root").unwrap();
    let pointer = Pointer::parse(&stored("objects/channels/main.json"), &channel).unwrap();
    let release: serde_json::Value = serde_json::from_str(&pointer.release.body).unwrap();
    let top: Locator = serde_json::from_value(release["index"].clone()).unwrap();
    let pack = top.pack.unwrap().to_string();
    let start = top.off as usize;
    let node =
        stored(&format!("objects/packs/{}/{pack}", &pack[..2]))[start..start + top.len as usize].to_vec();
    let mut state = TrustState::new(&pin);
    let issued: serde_json::Value = serde_json::from_str(&pointer.timestamp.body).unwrap();
    client::refresh(&store, &pin, &mut state, issued["issued"].as_u64().unwrap()).unwrap();
    let me = Me { host: &host, id: &id, identities: &identities };
    let Found::Manifest(manifest, _) = client::manifest(&store, &pin, &state, me, None).unwrap() else {
        panic!("web1 is not listed");
    };
    let mut tar = Vec::new();
    let bundle = manifest.bundles.iter().find(|bundle| bundle.service.as_str() == "api").unwrap();
    client::bundle(&store, bundle, &mut tar).unwrap();
    vec![
        ("root", signed.body.clone().into_bytes()),
        ("keys", root.keys.values().next().unwrap().as_str().as_bytes().to_vec()),
        ("signed", stored("objects/trust/1.json")),
        ("sshsig", signed.signatures[0].clone().into_bytes()),
        ("pointer", stored("objects/channels/main.json")),
        ("member", node.clone()),
        ("index_node", cmc_bundles::fuzzing::member(&node, 1 << 20).unwrap()),
        ("manifest", serde_json::to_vec(&manifest).unwrap()),
        ("bundle_tar", tar),
    ]
}

#[test]
fn every_layer_of_the_example_store_is_a_seed() {
    for (target, content) in layers() {
        let seed = repository("fuzz/seeds").join(target).join("example");
        if std::env::var_os("CMC_UPDATE").is_some() {
            std::fs::write(&seed, &content).unwrap();
        }
        let there = std::fs::read(&seed).unwrap_or_default();
        assert!(there == content, "CMC_UPDATE=1 cargo test --package cmc-fuzz writes {}", seed.display());
    }
}
