use super::support::*;
use crate::client::{self, Pin, TrustState};
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, FleetId};
use crate::publish::{Publisher, Request, Roots};
use crate::root::{Counters, RoleSpec, Root, TrustedRoot};
use crate::signed::Signed;
use crate::sshsig::{FileSigner, Role, Signer, from_seed};
use crate::store::Store;
use zeroize::Zeroizing;

fn key(seed: u8) -> FileSigner {
    let (text, _) = from_seed(&Zeroizing::new([seed; 32]), "k").unwrap();
    FileSigner::parse(text.as_bytes(), "k").unwrap()
}

fn add_keys(root: &mut Root, seeds: &[u8]) {
    for seed in seeds {
        root.keys.insert(format!("k{seed}"), key(*seed).public_key().clone());
    }
}

fn spec(threshold: u32, keys: &[&str]) -> RoleSpec {
    RoleSpec { threshold, keys: keys.iter().map(|key| (*key).to_owned()).collect() }
}

#[test]
fn the_next_root_needs_the_thresholds_of_both() {
    let world = World::new();
    let (operator, one, two, three) = (&world.signer, key(1), key(2), key(3));
    let two_of_three = |root: &mut Root| {
        add_keys(root, &[1, 2, 3]);
        root.roles.root = spec(2, &["k1", "k2", "k3"]);
        root.expires = Some(root.issued + 400 * DAY);
    };
    let first = world.roots.newest();
    let check = |signers: &[&dyn Signer]| {
        first
            .next(world.next_root(two_of_three, signers))
            .map(|root| root.version())
            .map_err(|e| e.trust_kind())
    };
    assert_eq!(check(&[operator, &one, &two]), Ok(2));
    assert_eq!(check(&[operator, &one, &two, &three]), Ok(2));
    assert_eq!(check(&[operator, &one]), Err(Some(TrustKind::Threshold)));
    assert_eq!(check(&[&one, &two]), Err(Some(TrustKind::Signature)));
    assert_eq!(check(&[]), Err(Some(TrustKind::Signature)));
    // One key signing twice is one key.
    let mut twice = world.next_root(two_of_three, &[operator, &one]);
    twice.signatures.push(twice.signatures[1].clone());
    assert_eq!(first.next(twice).unwrap_err().trust_kind(), Some(TrustKind::Threshold));
}

#[test]
fn roots_that_break_a_rule_are_refused_although_they_are_signed() {
    let world = World::new();
    let first = world.roots.newest();
    type Edit = Box<dyn Fn(&mut Root)>;
    let edits: Vec<(&str, Edit)> = vec![
        ("skips a number", Box::new(|r| r.version += 1)),
        ("same number", Box::new(|r| r.version -= 1)),
        ("other fleet", Box::new(|r| r.fleet_id = Some(FleetId(crate::ids::hash(b"x"))))),
        ("no fleet", Box::new(|r| r.fleet_id = None)),
        ("unknown key in role", Box::new(|r| r.roles.release = spec(1, &["nobody"]))),
        ("key twice in role", Box::new(|r| r.roles.release = spec(2, &["operator", "operator"]))),
        ("threshold zero", Box::new(|r| r.roles.release.threshold = 0)),
        ("threshold out of reach", Box::new(|r| r.roles.release.threshold = 2)),
        ("no operators", Box::new(|r| r.operators.clear())),
        ("never fresh", Box::new(|r| r.max_fresh = 0)),
        ("threshold over 1 without expiry", Box::new(|r| r.roles.root.threshold = 2)),
        (
            "one key, two names",
            Box::new(|r| {
                let same = r.keys["operator"].clone();
                r.keys.insert("again".to_owned(), same);
            }),
        ),
        ("unknown format", Box::new(|r| r.format = 2)),
    ];
    for (what, edit) in edits {
        let recovery = FileSigner::parse(world.fleet.recovery_key.as_bytes(), "r").unwrap();
        let signed = world.next_root(edit, &[&world.signer, &recovery]);
        assert!(first.next(signed).is_err(), "{what}");
    }
    let good = world.next_root(|_| (), &[&world.signer]);
    let mut spaced = good.clone();
    spaced.body.push(' ');
    assert_eq!(first.next(spaced).unwrap_err().trust_kind(), Some(TrustKind::Signature));
    assert_eq!(first.next(good).unwrap().version(), 2);
}

#[test]
fn a_host_walks_from_its_pin_through_every_root_to_the_newest() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    for i in 1..4 {
        world.rotate(|root| root.issued += i);
        assert_eq!(world.publish(&plans).unwrap().outcome, crate::publish::Outcome::Renewed);
    }
    client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    assert_eq!(state.root.version, 4);
    let mut fresh = TrustState::new(&world.pin());
    client::refresh(&world.store, &world.pin(), &mut fresh, world.now()).unwrap();
    assert_eq!((fresh.root, fresh.release), (state.root, state.release));
    // A root in the middle is gone: the pointer names one that cannot be reached.
    world.store.delete("trust/3.json").unwrap();
    let error = client::refresh(&world.store, &world.pin(), &mut TrustState::new(&world.pin()), world.now());
    assert_eq!(error.unwrap_err().exit_code(), 5);
}

#[test]
fn a_pin_with_another_hash_is_no_trust() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut pin = world.pin();
    pin.root.hash = crate::ids::hash(b"other");
    let error = client::refresh(&world.store, &pin, &mut TrustState::new(&pin), world.now()).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Hash));
}

#[test]
fn keys_that_a_new_root_drops_sign_no_more_and_counters_come_back_from_the_top() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    // A thief with the operator's key signs the highest numbers there are.
    let path = world.dir.path().join("store/channels/main.json");
    let mut pointer = crate::release::Pointer::parse(&std::fs::read(&path).unwrap(), &world.channel).unwrap();
    let mut release: crate::release::Release = serde_json::from_str(&pointer.release.body).unwrap();
    let mut stamp: crate::release::Timestamp = serde_json::from_str(&pointer.timestamp.body).unwrap();
    (release.version, stamp.serial, stamp.release.version) = (u64::MAX, u64::MAX, u64::MAX);
    pointer.release = Signed::unsigned(&release, "r").unwrap();
    pointer.release.sign(Role::Release, &world.signer).unwrap();
    stamp.release.hash = pointer.release.hash();
    pointer.timestamp = Signed::unsigned(&stamp, "t").unwrap();
    pointer.timestamp.sign(Role::Timestamp, &world.signer).unwrap();
    std::fs::write(&path, pointer.to_bytes().unwrap()).unwrap();
    client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    assert_eq!(state.counters.version, u64::MAX);
    // The recovery key takes over: other keys, counters reset.
    let recovery = FileSigner::parse(world.fleet.recovery_key.as_bytes(), "r").unwrap();
    let fresh = key(9);
    let signed = world.next_root(
        |root| {
            root.keys.remove("operator");
            add_keys(root, &[9]);
            root.roles.root = spec(1, &["recovery"]);
            root.roles.release = spec(1, &["k9"]);
            root.roles.timestamp = spec(1, &["k9"]);
            root.counters.insert(Channel::main(), Counters { version: 1, serial: 1 });
        },
        &[&recovery],
    );
    let bodies = [world.fleet.root.clone(), signed.to_bytes().unwrap()];
    world.roots = Roots::parse(bodies.iter().map(Vec::as_slice)).unwrap();
    world.signer = fresh;
    plans[0].services.pop();
    let done = world.publish(&plans).unwrap();
    assert_eq!((done.release.version, done.serial), (2, 2));
    client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    assert_eq!((state.counters.version, state.root.version), (2, 2));
    // The thief's pointer again: its key is not in the root any more.
    std::fs::write(&path, pointer.to_bytes().unwrap()).unwrap();
    let error = client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Signature));
}

#[test]
fn thresholds_over_one_hold_for_releases_too() {
    let mut world = World::new();
    world.rotate(|root| {
        add_keys(root, &[5]);
        root.roles.release = spec(2, &["operator", "k5"]);
    });
    let plans = world.two_hosts();
    let error = world.publish(&plans).unwrap_err();
    assert!(error.to_string().contains("needs 2 signature(s)"), "{error}");
    let second = key(5);
    let signers: [&dyn Signer; 2] = [&world.signer, &second];
    let publisher = Publisher {
        store: &world.store,
        roots: &world.roots,
        vault: Some(&world.fleet.opened),
        vault_bytes: &world.fleet.vault,
        channel: &world.channel,
        signers: &signers,
        clock: &|| world.now(),
        clock_is_right: false,
        seen: Counters::default(),
    };
    publisher.publish(&prepare(&plans), &NoContents, &Request::default()).unwrap();
    world.read(&world.store, "web1").unwrap();
    // One of the two signatures is taken away.
    let path = world.dir.path().join("store/channels/main.json");
    let mut pointer = crate::release::Pointer::parse(&std::fs::read(&path).unwrap(), &world.channel).unwrap();
    pointer.release.signatures.pop();
    std::fs::write(&path, pointer.to_bytes().unwrap()).unwrap();
    assert_eq!(world.read(&world.store, "web1").unwrap_err().trust_kind(), Some(TrustKind::Threshold));
}

#[test]
fn a_timestamp_may_not_outlive_what_the_root_allows() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let request = Request { lifetime: 400 * DAY, ..Request::default() };
    let done = world.publish_to(&world.store, &plans, &request).unwrap();
    assert_eq!(done.expires, START + crate::init::MAX_FRESH);
    let path = world.dir.path().join("store/channels/main.json");
    let mut pointer = crate::release::Pointer::parse(&std::fs::read(&path).unwrap(), &world.channel).unwrap();
    let mut stamp: crate::release::Timestamp = serde_json::from_str(&pointer.timestamp.body).unwrap();
    stamp.expires += 1;
    pointer.timestamp = Signed::unsigned(&stamp, "t").unwrap();
    pointer.timestamp.sign(Role::Timestamp, &world.signer).unwrap();
    std::fs::write(&path, pointer.to_bytes().unwrap()).unwrap();
    assert_eq!(world.read(&world.store, "web1").unwrap_err().trust_kind(), Some(TrustKind::Clock));
}

#[test]
fn an_expired_root_admits_no_release() {
    let mut world = World::new();
    world.rotate(|root| root.expires = Some(START + 40 * DAY));
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    world.wait(30 * DAY);
    plans[0].services.pop();
    world.publish(&plans).unwrap();
    world.wait(11 * DAY);
    let error = client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Expired));
    assert_eq!(world.publish(&plans).unwrap_err().trust_kind(), Some(TrustKind::Expired));
}

#[test]
fn objects_of_another_fleet_or_channel_are_refused() {
    let (mut ours, mut theirs) = (World::new(), World::new());
    let plans = ours.two_hosts();
    ours.publish(&plans).unwrap();
    let plans = theirs.two_hosts();
    theirs.publish(&plans).unwrap();
    // Another fleet's whole store: its root is not the pinned one.
    let pin: Pin = ours.pin();
    let error = client::refresh(&theirs.store, &pin, &mut TrustState::new(&pin), ours.now()).unwrap_err();
    assert_eq!(error.exit_code(), 5);
    // Only its pointer.
    let theirs_pointer = std::fs::read(theirs.dir.path().join("store/channels/main.json")).unwrap();
    let path = ours.dir.path().join("store/channels/main.json");
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, theirs_pointer).unwrap();
    assert_eq!(ours.read(&ours.store, "web1").unwrap_err().exit_code(), 5);
    // Our own staging channel's pointer, with the same keys.
    std::fs::write(&path, &good).unwrap();
    ours.channel = Channel::parse("staging").unwrap();
    let plans = ours.two_hosts();
    ours.publish(&plans).unwrap();
    let staging = std::fs::read(ours.dir.path().join("store/channels/staging.json")).unwrap();
    ours.channel = Channel::main();
    std::fs::write(&path, staging).unwrap();
    assert_eq!(ours.read(&ours.store, "web1").unwrap_err().trust_kind(), Some(TrustKind::Binding));
    // A release of staging under a timestamp of main.
    let mut mixed = crate::release::Pointer::parse(&good, &ours.channel).unwrap();
    let staging = std::fs::read(ours.dir.path().join("store/channels/staging.json")).unwrap();
    mixed.release = serde_json::from_slice::<crate::release::Pointer>(&staging).unwrap().release;
    std::fs::write(&path, mixed.to_bytes().unwrap()).unwrap();
    assert_eq!(ours.read(&ours.store, "web1").unwrap_err().trust_kind(), Some(TrustKind::Hash));
}

#[test]
fn a_vault_that_the_root_does_not_name_is_never_decrypted() {
    let world = World::new();
    let keys = crate::keys::Identities::parse(world.fleet.operator_key.as_bytes(), "op").unwrap();
    let root = world.roots.newest().root();
    crate::vault::Vault::open(&world.fleet.vault, root, &keys).unwrap();
    let forged = crate::vault::Vault::generate().unwrap();
    let operators: Vec<_> = root.operators.iter().map(|operator| operator.recipient.clone()).collect();
    let forged = forged.seal(&operators).unwrap();
    let error = crate::vault::Vault::open(&forged, root, &keys).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Hash));
}

#[test]
fn a_chain_is_verified_from_its_first_root() {
    let world = World::new();
    let signed = world.next_root(|_| (), &[&world.signer]);
    assert!(TrustedRoot::chain([signed]).is_err());
    assert!(matches!(TrustedRoot::chain([]), Err(Error::Failed(_))));
}
