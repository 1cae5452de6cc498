use super::support::*;
use crate::error::{Error, TrustKind};
use crate::overrides::{Hold, HoldKind};
use crate::publish::{HostStatus, Outcome, Request};
use crate::store::{Reader, Store};

#[test]
fn nothing_changed_writes_nothing_and_later_only_the_pointer() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let first = world.publish(&plans).unwrap();
    assert_eq!((first.outcome, first.release.version, first.serial), (Outcome::Released, 1, 1));
    let before = world.objects();
    world.wait(DAY);
    let second = world.publish(&plans).unwrap();
    assert_eq!((second.outcome, second.written.len()), (Outcome::Unchanged, 0));
    assert_eq!(world.objects(), before);
    world.wait(10 * DAY);
    let third = world.publish(&plans).unwrap();
    assert_eq!((third.outcome, third.release.version, third.serial), (Outcome::Renewed, 1, 2));
    assert_eq!(third.written, ["channels/main.json"]);
    world.read(&world.store, "web1").unwrap();
}

#[test]
fn one_host_changed_writes_three_objects() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let before = world.objects().len();
    plans[0].services[1].files[1] = file("/etc/api/name", b"renamed", false);
    let done = world.publish(&plans).unwrap();
    assert_eq!((done.outcome, done.sealed, done.reused), (Outcome::Released, 1, 1));
    let kinds: Vec<&str> = done.written.iter().map(|key| key.split('/').next().unwrap()).collect();
    assert_eq!(kinds, ["packs", "releases", "channels"]);
    assert_eq!(world.objects().len(), before + 2);
    let change = &done.changes.hosts[0];
    assert_eq!((change.host.as_str(), change.changed.len(), done.changes.hosts.len()), ("web1", 1, 1));
    assert_eq!(world.read(&world.store, "web1").unwrap()["/etc/api/name"], b"renamed");
    assert_eq!(world.read(&world.store, "web2").unwrap()["/etc/api/name"], b"web2");
}

#[test]
fn a_service_that_comes_and_goes_is_named() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    plans[0].services.pop();
    plans[1].services.push(planned("extra", vec![file("/etc/extra", b"x", false)]));
    let refuse = |changes: &crate::publish::Changes| {
        let removals = changes.removals();
        assert_eq!(removals.len(), 1);
        assert_eq!(removals[&service("api")], [&host("web1")]);
        Err(Error::Failed("not allowed".to_owned()))
    };
    let before = world.objects();
    let request = Request { guard: &refuse, ..Request::default() };
    assert!(world.publish_to(&world.store, &plans, &request).is_err());
    assert_eq!(world.objects(), before);
    let done = world.publish(&plans).unwrap();
    assert_eq!(done.changes.hosts[1].added, [service("extra")]);
}

#[test]
fn hosts_come_and_leave() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans[..1]).unwrap();
    let done = world.publish(&plans).unwrap();
    assert_eq!(done.changes.hosts[0].status, HostStatus::New);
    // `base` was web1's alone; its member is found in web1's manifest only when that is read.
    assert!(done.sealed <= 2);
    let done = world.publish(&plans[1..]).unwrap();
    assert_eq!(
        (done.changes.hosts[0].status, done.changes.hosts[0].host.as_str()),
        (HostStatus::Dropped, "web1")
    );
    assert!(world.read(&world.store, "web1").is_err());
    assert_eq!(world.read(&world.store, "web2").unwrap().len(), 3);
    let mut retired = world.plan("web2", Vec::new());
    retired.retired = true;
    world.publish(&[retired]).unwrap();
    assert_eq!(world.read(&world.store, "web2").unwrap().len(), 0);
}

#[test]
fn another_recipient_or_an_explicit_id_seals_the_manifest_again() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    plans[0].id = Some(world.id("web1").to_string());
    assert_eq!(world.publish(&plans).unwrap().outcome, Outcome::Unchanged);
    plans[0].recipient = Some(crate::keys::MemberKey::generate().recipient().unwrap().to_string());
    let done = world.publish(&plans).unwrap();
    assert_eq!((done.outcome, done.sealed, done.written.len()), (Outcome::Released, 0, 3));
    let error = world.read(&world.store, "web1").unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Decrypt));
}

#[test]
fn holds_are_carried_forward_until_they_end() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let hold = Hold {
        kind: HoldKind::Freeze,
        service: service("api"),
        selector: vec!["web1".to_owned()],
        digest: None,
        owner: "ops".to_owned(),
        reason: "incident".to_owned(),
        expires: Some(START + 5 * DAY),
        nonce: "0".repeat(32),
    };
    let selects = |selector: &[String], host: &cmc_types::HostName| selector[0] == host.as_str();
    let edit = |_: Vec<Hold>| vec![hold.clone()];
    let request = Request { edit_holds: Some(&edit), selects: &selects, ..Request::default() };
    let done = world.publish_to(&world.store, &plans, &request).unwrap();
    assert!(done.changes.holds && done.changes.hosts.len() == 1);
    plans[1].services.pop();
    let request = Request { selects: &selects, ..Request::default() };
    world.publish_to(&world.store, &plans, &request).unwrap();
    let overrides = |world: &World, name: &str| {
        let mut state = crate::client::TrustState::new(&world.pin());
        crate::client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
        world.manifest(&world.store, &state, name).unwrap().overrides
    };
    assert_eq!(overrides(&world, "web1"), [hold.for_host()]);
    assert_eq!(overrides(&world, "web2"), []);
    world.wait(6 * DAY);
    assert!(world.publish_to(&world.store, &plans, &request).unwrap().changes.holds);
    assert_eq!(overrides(&world, "web1"), []);
}

#[test]
fn a_refresh_renews_the_timestamp_alone() {
    let mut world = World::new();
    let plans = world.two_hosts();
    assert!(world.refresh_timestamp().is_err());
    let first = world.publish(&plans).unwrap();
    world.wait(29 * DAY);
    let done = world.refresh_timestamp().unwrap();
    assert_eq!((done.release, done.serial, done.written.len()), (first.release, 2, 1));
    assert_eq!(done.expires, START + 59 * DAY);
}

#[test]
fn many_hosts_get_an_index_of_several_levels() {
    let mut world = World::new();
    let mut plans: Vec<_> = (0..300)
        .map(|i| {
            let shared = planned("base", vec![file("/etc/motd", b"welcome\n", false)]);
            world.plan(&format!("h{i}"), vec![shared])
        })
        .collect();
    let done = world.publish(&plans).unwrap();
    assert_eq!((done.sealed, done.changes.hosts.len()), (1, 300));
    for i in [0, 7, 299] {
        assert_eq!(world.read(&world.store, &format!("h{i}")).unwrap()["/etc/motd"], b"welcome\n");
    }
    let extra = planned("extra", vec![file("/etc/extra", b"x", false)]);
    plans[7].services.push(extra);
    let done = world.publish(&plans).unwrap();
    assert_eq!((done.written.len(), done.sealed, done.reused), (3, 1, 1));
    assert_eq!(world.read(&world.store, "h7").unwrap().len(), 2);
    assert_eq!(world.read(&world.store, "h8").unwrap().len(), 1);
}

#[test]
fn an_index_of_three_levels_is_read_as_it_was_written() {
    use crate::ids::HostId;
    use crate::index;
    use crate::locator::Locator;
    use crate::pack::{At, PackWriter};
    let world = World::new();
    let b3 = crate::ids::hash(b"m");
    let ids: Vec<HostId> = (0..500u32).map(|i| HostId::derive(&[9; 32], &host(&format!("h{i}")))).collect();
    for k in [0, 1, 8, 9, 12, 17] {
        let at = At::Fixed(Locator { pack: Some(b3), off: 0, len: 1, b3 });
        let rows = ids.iter().map(|id| (*id, (at.clone(), b3))).collect();
        let mut sink = |name, pack: Vec<u8>| {
            world.store.create(&crate::locator::pack_key(&name), &pack).map(|_| ()).map_err(Error::from)
        };
        let mut packs = PackWriter::new(&mut sink);
        let top = index::write(&mut packs, None, k, &rows).unwrap();
        packs.finish().unwrap();
        let top = packs.locate(&top);
        let tree = index::read_all(&world.store, &top, k).unwrap();
        assert_eq!(tree.rows.len(), 500, "k = {k}");
        let index::Walk::Row(row, nodes) = index::walk(&world.store, &top, k, &ids[3], &[]).unwrap() else {
            panic!("k = {k}")
        };
        assert_eq!((row.fp, nodes.len() as u32), (b3, 1 + k.div_ceil(8)));
        assert!(matches!(index::walk(&world.store, &top, k, &ids[3], &nodes).unwrap(), index::Walk::Same));
        let stranger = HostId::derive(&[8; 32], &host("x"));
        assert!(matches!(index::walk(&world.store, &top, k, &stranger, &[]).unwrap(), index::Walk::Unlisted));
    }
}

#[test]
fn evidence_holds_the_receipts_but_no_digest_of_a_secret() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    for round in 0..36 {
        plans[0].services[0].files[0] = file("/etc/motd", format!("{round}").as_bytes(), false);
        world.publish(&plans).unwrap();
    }
    let current = world.current();
    let mut evidence = vec![current.evidence(&world.store).unwrap()];
    assert!(evidence[0].older.len() < 33);
    for at in &evidence[0].older.clone() {
        evidence.push(current.older_evidence(&world.store, at).unwrap());
    }
    let live = prepare(&plans);
    for digest in live.bundles.keys() {
        let proof =
            evidence.iter().find_map(|e| e.bundles.iter().find(|p| p.digest == *digest).map(|p| (e, p)));
        let (evidence, proof) = proof.unwrap();
        assert!(!proof.receipts.is_empty());
        for receipt in proof.receipts.iter().map(|i| &evidence.receipts[*i as usize]) {
            for path in &proof.secret {
                assert!(!receipt.subjects.contains_key(path));
            }
        }
    }
}

#[test]
fn a_pack_that_vanished_is_sealed_again() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    plans[0].services.push(planned("one", vec![file("/etc/one", b"1", false)]));
    let done = world.publish(&plans).unwrap();
    world.store.delete(&done.written[0]).unwrap();
    // The index lay in it: nothing can be read, and the error names what is missing.
    let error = world.publish(&plans).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }) && error.exit_code() == 6, "{error}");
    let request = Request { rebuild: true, ..Request::default() };
    let done = world.publish_to(&world.store, &plans, &request).unwrap();
    assert_eq!((done.release.version, done.serial, done.sealed, done.reused), (3, 3, 4, 0));
    assert_eq!(world.read(&world.store, "web1").unwrap()["/etc/one"], b"1");
    assert_eq!(world.publish(&plans).unwrap().outcome, Outcome::Unchanged);
}

#[test]
fn a_diff_names_files_and_commands_and_no_digest_of_a_secret() {
    use crate::publish::{FileChange, diff_host};
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let current = world.current();
    let manifest = current.manifest(&world.store, &world.id("web1")).unwrap().unwrap();
    let published: Vec<_> = manifest
        .bundles
        .iter()
        .map(|bundle| current.bundle(&world.store, bundle).unwrap().json().clone())
        .collect();
    assert_eq!(diff_host(&published, &plans[0], true), None);
    // Typed dummies in place of secrets are not compared.
    let api = &mut plans[0].services[1];
    api.files[0] = file("/etc/api/secret", b"dummy", true);
    assert_eq!(diff_host(&published, &plans[0], false), None);
    let diff = diff_host(&published, &plans[0], true).unwrap();
    let secret = &diff.services[0].files[0];
    assert_eq!(
        (secret.change, secret.secret, secret.before, secret.after),
        (FileChange::Content, true, None, None)
    );
    assert_eq!(diff.services[0].runs, [["systemctl", "restart", "api"]]);
    // One service leaves, another's file changes its mode only.
    let base = &mut plans[0].services[0];
    base.files[0].entry.mode = Some(cmc_types::Mode::from_bits(0o600));
    plans[0].services.pop();
    let diff = diff_host(&published, &plans[0], false).unwrap();
    assert_eq!(diff.services[0].files[0].change, FileChange::Attributes);
    assert!(!diff.services[1].planned && diff.services[1].files.len() == 2);
}

#[test]
fn verify_names_every_damaged_object() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let verify = |world: &World| {
        let keys = world.fleet.opened.identities().unwrap();
        crate::publish::verify_store(&world.store, &world.roots, keys, &world.channel, Default::default())
            .unwrap()
    };
    let good = verify(&world);
    assert_eq!((good.hosts, good.problems.len(), good.bundles), (2, 0, 3));
    let damage = |world: &World, key: &str, at: usize| {
        let mut bytes = world.store.get(key, 1 << 24).unwrap().unwrap();
        bytes[at] ^= 1;
        world.overwrite(key, &bytes);
    };
    // A byte of the first bundle.
    let pack = world.objects().into_keys().find(|key| key.starts_with("packs")).unwrap();
    damage(&world, &pack, 300);
    assert_eq!(verify(&world).problems.len(), 1);
    damage(&world, &pack, 300);
    assert_eq!(verify(&world).problems, []);
    // A byte of evidence that the newest one names.
    plans[0].services[0].files[0] = file("/etc/motd", b"another", false);
    world.publish(&plans).unwrap();
    let current = world.current();
    let older = &current.evidence(&world.store).unwrap().older[0];
    damage(&world, &older.key().unwrap(), older.off as usize + 100);
    let problems = verify(&world).problems;
    assert!(problems.len() == 1 && problems[0].to_string().contains("older evidence"), "{problems:?}");
}

#[test]
fn a_publisher_refuses_a_store_that_went_back() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let old = world.store.get("channels/main.json", 1 << 20).unwrap().unwrap();
    plans[0].services.pop();
    let seen = world.publish(&plans).unwrap().seen();
    std::fs::write(world.dir.path().join("store/channels/main.json"), old).unwrap();
    let keys = world.fleet.opened.identities().unwrap();
    let error =
        crate::publish::read_current(&world.store, &world.roots, keys, &world.channel, seen).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Rollback));
}
