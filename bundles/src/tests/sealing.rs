use super::support::*;
use crate::bundle::Archive;
use crate::seal::{Preparer, SealError};
use cmc_types::check::FileKind;
use cmc_types::plan::Content;
use cmc_types::receipt::Verdict;
use std::io::Cursor;

#[test]
fn a_file_without_a_passing_receipt_for_its_bytes_is_refused() {
    let mut world = World::new();
    let plan = world.plan("web1", vec![planned("api", vec![file("/etc/a", b"real", false)])]);
    let path = cmc_types::UnixPath::parse("/etc/a").unwrap();
    let b3 = crate::ids::hash(b"real");
    let reason = || Verdict::CouldNotRun { reason: "no nginx".to_owned() };
    let mut optional = receipt("nginx", path.clone(), b3, reason());
    optional.required = false;
    let passed = || receipt("text", path.clone(), b3, Verdict::Passed);
    let cases: Vec<(Vec<_>, Option<u8>)> = vec![
        (vec![], Some(4)),
        (vec![receipt("text", path.clone(), crate::ids::hash(b"other"), Verdict::Passed)], Some(4)),
        (vec![receipt("text", cmc_types::UnixPath::parse("/etc/b").unwrap(), b3, Verdict::Passed)], Some(4)),
        (vec![passed(), receipt("nginx", path.clone(), b3, Verdict::Failed)], Some(3)),
        (vec![passed(), receipt("nginx", path.clone(), b3, reason())], Some(4)),
        (vec![optional.clone()], Some(4)),
        (vec![passed(), optional], None),
        (vec![passed()], None),
    ];
    for (receipts, code) in cases {
        let mut preparer = Preparer::new(&NoContents, &receipts);
        let result = preparer.add(&plan);
        assert_eq!(result.as_ref().err().map(|errors| errors[0].exit_code()), code, "{result:?}");
    }
}

#[test]
fn equal_content_gives_equal_digests_whatever_the_host() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let prepared = prepare(&plans);
    assert_eq!(prepared.bundles.len(), 3);
    assert_eq!(prepared.hosts[0].services[0].digest, prepared.hosts[1].services[0].digest);
    // The digest of `base` stands: a change of the stored form would reinstall every fleet.
    assert_eq!(
        prepared.hosts[0].services[0].digest.to_string(),
        "7c1185ade3c5cddbd1fee6edf298f777523dd133df49d35a68c6d7d2342a1ebb"
    );
}

#[test]
fn a_file_that_changed_since_the_build_is_refused() {
    let mut world = World::new();
    let mut planned_file = file("/etc/a", b"built", false);
    planned_file.content = Content::Bytes(b"edited"[..].into());
    let plans = [world.plan("web1", vec![planned("api", vec![planned_file])])];
    let receipts = receipts(&plans);
    let errors = Preparer::new(&NoContents, &receipts).add(&plans[0]).unwrap_err();
    assert!(matches!(errors[0], SealError::Changed { .. }));
}

#[test]
fn a_host_without_a_key_is_named() {
    let mut world = World::new();
    let mut plan = world.plan("web1", Vec::new());
    plan.recipient = None;
    let errors = Preparer::new(&NoContents, &[]).add(&plan).unwrap_err();
    assert_eq!(errors[0].to_string(), "host web1 has no `recipient`: enrol it, or leave it out");
}

#[test]
fn large_files_travel_as_chunks() {
    let mut world = World::new();
    let big: Vec<u8> = (0..20_000_000u32).map(|i| (i / 7) as u8).collect();
    let edge = vec![1; 1 << 20];
    let plans = [world.plan(
        "web1",
        vec![planned(
            "api",
            vec![
                file("/usr/local/bin/api", &big, false),
                file("/usr/local/lib/edge", &edge, false),
                file("/usr/local/lib/over", &[&edge[..], b"x"].concat(), false),
            ],
        )],
    )];
    let done = world.publish(&plans).unwrap();
    assert_eq!(done.sealed, 1 + 3 + 1);
    let files = world.read(&world.store, "web1").unwrap();
    assert!(files["/usr/local/bin/api"] == big && files["/usr/local/lib/edge"] == edge);
    assert_eq!(files["/usr/local/lib/over"].len(), edge.len() + 1);
}

#[test]
fn a_flip_anywhere_in_a_tar_is_refused() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let prepared = prepare(&plans);
    let tar = &prepared.bundles[&prepared.hosts[0].services[1].digest].tar;
    let mut archive = Archive::open(Cursor::new(tar.to_vec())).unwrap();
    assert_eq!(archive.json().files.len(), 2);
    let b3 = crate::ids::hash(b"web1");
    assert_eq!(archive.content(&b3).unwrap().unwrap(), b"web1");
    // Every byte but those of bundle.json's own text, for which the digest stands.
    let size = serde_json::to_vec(archive.json()).unwrap().len();
    for i in (0..512).chain(512 + size..tar.len()) {
        let mut bytes = tar.to_vec();
        bytes[i] ^= 1;
        assert!(Archive::open(Cursor::new(bytes)).is_err(), "byte {i}");
    }
    for len in [0, 1, 511, 512, 600, tar.len() - 1] {
        assert!(Archive::open(Cursor::new(tar[..len].to_vec())).is_err(), "{len} bytes");
    }
    assert!(Archive::open(Cursor::new([&tar[..], &[0; 512]].concat())).is_err());
}

#[test]
fn the_tar_command_opens_a_bundle() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let prepared = prepare(&plans);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.tar");
    std::fs::write(&path, &prepared.bundles[&prepared.hosts[0].services[0].digest].tar).unwrap();
    let listed = std::process::Command::new("tar").arg("-tvf").arg(&path).output().unwrap();
    assert!(listed.status.success() && listed.stderr.is_empty(), "{listed:?}");
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 2);
}

#[test]
fn links_absent_files_and_blocks_need_what_their_kind_needs() {
    let mut world = World::new();
    let plain = |kind, target: Option<&str>| {
        let mut file = file("/etc/x", b"", false);
        file.content = Content::None;
        file.entry.kind = kind;
        (file.entry.mode, file.entry.user, file.entry.group) = (None, None, None);
        (file.entry.size, file.entry.b3) = (None, None);
        file.entry.target = target.map(str::to_owned);
        file
    };
    for (entry, ok) in [
        (plain(FileKind::Link, Some("../y")), true),
        (plain(FileKind::Link, None), false),
        (plain(FileKind::Absent, None), true),
        (plain(FileKind::Absent, Some("y")), false),
    ] {
        let plan = world.plan("web1", vec![planned("api", vec![entry])]);
        assert_eq!(Preparer::new(&NoContents, &[]).add(&plan).is_ok(), ok);
    }
}

#[test]
fn nothing_that_is_secret_is_printed_for_debugging() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let prepared = prepare(&plans);
    for bundle in prepared.bundles.values() {
        assert_eq!(bundle.tar.is_secret(), !bundle.secret.is_empty());
    }
    world.publish(&plans).unwrap();
    let mut state = crate::client::TrustState::new(&world.pin());
    crate::client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    let manifest = world.manifest(&world.store, &state, "web1").unwrap();
    let key = crate::keys::MemberKey::generate();
    let identities = crate::keys::Identities::of(&key).unwrap();
    let keys = [world.fleet.operator_key.as_str(), world.fleet.recovery_key.as_str(), key.expose()];
    let secrets = keys.iter().flat_map(|text| text.lines()).map(str::trim);
    let secrets: Vec<&str> = secrets.filter(|line| line.len() > 20 && !line.starts_with("-----")).collect();
    let printed = format!(
        "{:?} {:?} {:?} {manifest:?} {key:?} {identities:?} {prepared:?} {plans:?} {state:?}",
        world.fleet, world.fleet.opened, world.signer
    );
    for secret in secrets.into_iter().chain(["hunter2", "AGE-SECRET-KEY", "104, 117, 110, 116, 101, 114, 50"])
    {
        assert!(!printed.contains(secret), "{secret} is printed");
    }
}

#[test]
fn what_is_a_secret_on_one_host_is_one_in_the_same_bundle_of_another() {
    let mut world = World::new();
    let service = |tainted: bool| planned("api", vec![file("/etc/key", b"0123456789", tainted)]);
    for secret_first in [true, false] {
        let plans = [
            world.plan("web1", vec![service(secret_first)]),
            world.plan("web2", vec![service(!secret_first)]),
        ];
        let prepared = prepare(&plans);
        assert_eq!(prepared.bundles.len(), 1);
        let bundle = prepared.bundles.values().next().unwrap();
        assert!(bundle.tar.is_secret() && bundle.secret.len() == 1);
    }
}
