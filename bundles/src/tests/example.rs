//! The example store of `docs/format.md` and `docs/audit.md` in `tests/fixtures/store`: opened, and all of it that is
//! deterministic made again. `CMC_UPDATE_FIXTURES=1` writes it anew.

use super::support::*;
use crate::client::{self, Pin, TrustState};
use crate::ids::Channel;
use crate::init::{self, NewFleet};
use crate::keys::{Identities, MemberKey};
use crate::publish::{Publisher, Request, Roots};
use crate::release::Pointer;
use crate::root::Counters;
use crate::signed::Signed;
use crate::sshsig::{FileSigner, Role, Signer, from_seed};
use crate::store::DirStore;
use crate::vault::Vault;
use cmc_types::check::{Action, FileKind, Trigger};
use cmc_types::plan::{Content, HostPlan};
use std::path::{Path, PathBuf};
use std::process::Command;
use zeroize::Zeroizing;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/store");

fn path(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|e| panic!("{name}: {e}; CMC_UPDATE_FIXTURES=1 writes it"))
}

/// An age identity of a seed.
fn age_key(seed: u8) -> MemberKey {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let hrp = "age-secret-key-";
    let mut values = Vec::new();
    let (mut acc, mut bits) = (0u32, 0);
    for byte in [seed; 32] {
        acc = acc << 8 | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push((acc >> bits & 31) as u8);
        }
    }
    if bits > 0 {
        values.push((acc << (5 - bits) & 31) as u8);
    }
    let polymod = |values: &[u8]| {
        values.iter().fold(1u32, |check, value| {
            let top = check >> 25;
            let folds = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
            let next = (check & 0x1ff_ffff) << 5 ^ u32::from(*value);
            folds.iter().enumerate().fold(next, |c, (i, fold)| if top >> i & 1 == 1 { c ^ fold } else { c })
        })
    };
    let mut all: Vec<u8> =
        hrp.bytes().map(|b| b >> 5).chain([0]).chain(hrp.bytes().map(|b| b & 31)).collect();
    all.extend(&values);
    all.extend([0; 6]);
    let check = polymod(&all) ^ 1;
    values.extend((0..6).map(|i| (check >> (5 * (5 - i)) & 31) as u8));
    let text: String = values.iter().map(|v| ALPHABET[*v as usize] as char).collect();
    format!("{hrp}1{text}").to_uppercase().parse().unwrap()
}

fn fleet(vault: Option<Vec<u8>>) -> NewFleet {
    let key = |seed, name: &str| from_seed(&Zeroizing::new([seed; 32]), name).unwrap();
    let opened = Vault::of(age_key(3), [4; 32], [5; 32]);
    let (operator, recovery) = (key(1, "example operator"), key(2, "example recovery"));
    init::assemble("example", START, operator, recovery, opened, vault).unwrap()
}

/// web1 has an age key, gw1 its SSH host key; they share `base`; web1 has a secret and a file cut in chunks.
fn plans() -> Vec<HostPlan> {
    let mut world = World::new();
    let mut base = planned("base", vec![file("/etc/motd", b"Managed by cmc.\n", false)]);
    base.actions.clear();
    let mut api = planned(
        "api",
        vec![
            file("/etc/cmc/env/api.env", b"TOKEN='correct horse'\n", true),
            file("/usr/local/share/api/words", &b"battery staple\n".repeat(80_000), false),
            file("/etc/api/current", b"", false),
        ],
    );
    api.files[0].entry.mode = Some(cmc_types::Mode::from_bits(0o600));
    let link = &mut api.files[2];
    (link.entry.kind, link.entry.target, link.content) =
        (FileKind::Link, Some("v2".to_owned()), Content::None);
    (link.entry.size, link.entry.b3) = (None, None);
    (link.entry.mode, link.entry.user, link.entry.group) = (None, None, None);
    api.after.push(service("base"));
    api.actions.push(Action {
        on: Trigger::Enable,
        paths: Vec::new(),
        unless: Vec::new(),
        argv: ["systemctl", "enable", "--now", "api.service"].map(str::to_owned).to_vec(),
        timeout: 90,
        once: false,
    });
    let mut web1 = world.plan("web1", vec![base.clone(), api]);
    web1.recipient = Some(age_key(6).recipient().unwrap().to_string());
    let mut gw1 = world.plan("gw1", vec![base]);
    gw1.recipient = Some(from_seed(&Zeroizing::new([7; 32]), "root@gw1").unwrap().1.to_string());
    vec![gw1, web1]
}

fn write(name: &str, bytes: &[u8]) {
    std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
    std::fs::write(path(name), bytes).unwrap();
}

fn update() {
    let _ = std::fs::remove_dir_all(FOLDER);
    let fleet = fleet(None);
    let roots = Roots::parse([fleet.root.as_slice()]).unwrap();
    let signer = FileSigner::parse(fleet.operator_key.as_bytes(), "operator").unwrap();
    let signers: [&dyn Signer; 1] = [&signer];
    let publisher = Publisher {
        store: &DirStore::new(path("objects")),
        roots: &roots,
        vault: Some(&fleet.opened),
        vault_bytes: &fleet.vault,
        channel: &Channel::main(),
        signers: &signers,
        clock: &|| START,
        clock_is_right: false,
        seen: Counters::default(),
    };
    let request = Request { commit: Some("0".repeat(40)), ..Request::default() };
    publisher.publish(&prepare(&plans()), &NoContents, &request).unwrap();
    write("keys/operator", fleet.operator_key.as_bytes());
    write("keys/recovery", fleet.recovery_key.as_bytes());
    write("keys/web1", format!("{}\n", age_key(6).expose()).as_bytes());
    write("keys/gw1", from_seed(&Zeroizing::new([7; 32]), "root@gw1").unwrap().0.as_bytes());
    let pin = Pin { fleet_id: fleet.fleet_id, channel: Channel::main(), root: fleet.trusted.at() };
    let mut told = serde_json::to_value(&pin).unwrap();
    told["hosts"] = plans()
        .iter()
        .map(|plan| (plan.host.to_string(), fleet.opened.host_id(&plan.host).to_string().into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    write("enrolled.json", format!("{}\n", serde_json::to_string_pretty(&told).unwrap()).as_bytes());
    let _ = std::fs::remove_file(path("objects/.lock"));
    let note = "An example store with its keys, all made by a test (bundles/src/tests/example.rs) and known to everybody.\n\
        docs/format.md explains its bytes, docs/audit.md opens it with standard tools.\n";
    write("README", note.as_bytes());
}

#[test]
fn the_example_store_opens_and_its_deterministic_parts_are_made_again() {
    if std::env::var_os("CMC_UPDATE_FIXTURES").is_some() {
        update();
    }
    // Keys, vault, root 1.
    let fleet = fleet(Some(read(&format!("objects/trust/{}", vault_name()))));
    assert_eq!(read("keys/operator"), fleet.operator_key.as_bytes());
    assert_eq!(read("keys/recovery"), fleet.recovery_key.as_bytes());
    assert_eq!(read("objects/trust/1.json"), fleet.root);
    let operator = Identities::parse(&read("keys/operator"), "operator").unwrap();
    let opened = Vault::open(&fleet.vault, fleet.trusted.root(), &operator).unwrap();
    let json = |vault: &Vault| serde_json::to_string(vault).unwrap();
    assert_eq!(json(&opened), json(&fleet.opened));
    // What hosts were told.
    let told: serde_json::Value = serde_json::from_slice(&read("enrolled.json")).unwrap();
    let pin = Pin { fleet_id: fleet.fleet_id, channel: Channel::main(), root: fleet.trusted.at() };
    assert_eq!(told["root"], serde_json::to_value(pin.root).unwrap());
    // Pointer and release: the same bodies give the same bytes.
    let pointer = Pointer::parse(&read("objects/channels/main.json"), &Channel::main()).unwrap();
    let verified = pointer.verify(&fleet.trusted, &Channel::main()).unwrap();
    let signer = FileSigner::parse(fleet.operator_key.as_bytes(), "operator").unwrap();
    let mut release = Signed::unsigned(&verified.release, "release").unwrap();
    release.sign(Role::Release, &signer).unwrap();
    let mut timestamp = Signed::unsigned(&verified.timestamp, "timestamp").unwrap();
    timestamp.sign(Role::Timestamp, &signer).unwrap();
    assert_eq!(read(&format!("objects/releases/{}.json", release.hash())), release.to_bytes().unwrap());
    assert_eq!(read("objects/channels/main.json"), Pointer { release, timestamp }.to_bytes().unwrap());
    // Every bundle and chunk, byte for byte.
    let prepared = prepare(&plans());
    let store = DirStore::new(path("objects"));
    let mut state = TrustState::new(&pin);
    client::refresh(&store, &pin, &mut state, START).unwrap();
    for planned in &prepared.hosts {
        let id = opened.host_id(&planned.host);
        assert_eq!(told["hosts"][planned.host.as_str()], id.to_string());
        let key = read(&format!("keys/{}", planned.host));
        let identities = Identities::parse(&key, planned.host.as_str()).unwrap();
        let me = client::Me { host: &planned.host, id: &id, identities: &identities };
        let client::Found::Manifest(manifest, _) = client::manifest(&store, &pin, &state, me, None).unwrap()
        else {
            panic!("{} is not listed", planned.host)
        };
        let digests = |d: &mut dyn Iterator<Item = cmc_types::Blake3>| d.collect::<Vec<_>>();
        assert_eq!(
            digests(&mut manifest.bundles.iter().map(|b| b.digest)),
            digests(&mut planned.services.iter().map(|s| s.digest))
        );
        for bundle in &manifest.bundles {
            let mut tar = Vec::new();
            client::bundle(&store, bundle, &mut tar).unwrap();
            assert!(tar[..] == prepared.bundles[&bundle.digest].tar[..]);
        }
        for chunk in &manifest.chunks {
            let mut bytes = Vec::new();
            client::chunk(&store, chunk, &mut bytes).unwrap();
            assert!(bytes == prepared.chunks[&chunk.digest].bytes(&chunk.digest, &NoContents).unwrap());
        }
    }
}

fn vault_name() -> String {
    let root = Signed::parse(&read("objects/trust/1.json"), "root 1").unwrap();
    let root: serde_json::Value = serde_json::from_str(&root.body).unwrap();
    format!("vault-{}.age", root["vault"].as_str().unwrap())
}

/// Runs every `sh` block of a page, in one shell, in the repository.
fn run_page(page: &str, programs: &[&str]) {
    for program in programs {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
        if !found.status.success() {
            assert!(std::env::var_os("CMC_TEST_PROGRAMS").is_none(), "{program} is not installed");
            return;
        }
    }
    let root = Path::new(FOLDER).join("../../..");
    let text = std::fs::read_to_string(root.join(page)).unwrap();
    let mut script = "set -eu\n".to_owned();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => script.extend([line, "\n"]),
            _ => {}
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let out = Command::new("sh")
        .arg("-c")
        .arg(&script)
        .current_dir(&root)
        .env("TMPDIR", dir.path())
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("TOKEN='correct horse'"), "{stdout}");
}

#[test]
fn an_auditor_opens_the_example_store_with_standard_tools() {
    run_page("docs/audit.md", &["age", "zstd", "tar", "jq", "b3sum", "ssh-keygen"]);
}
