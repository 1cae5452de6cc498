use super::support::*;
use crate::client::{self, Freshness, Refresh, TrustState};
use crate::error::TrustKind;
use crate::publish::LIFETIME;

fn refresh(world: &World, state: &mut TrustState) -> Result<Refresh, Option<TrustKind>> {
    let before = state.clone();
    client::refresh(&world.store, &world.pin(), state, world.now()).map_err(|error| {
        let (mut now, mut then) = (state.clone(), before);
        (now.root_body, then.root_body) = (String::new(), String::new());
        (now.root_probed, then.root_probed) = (0, 0);
        assert_eq!(now, then, "an error changed what is trusted");
        error.trust_kind()
    })
}

#[test]
fn a_quiet_run_is_not_modified_and_a_state_survives_json() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    let mut state = TrustState::new(&world.pin());
    assert_eq!(refresh(&world, &mut state), Err(None));
    world.publish(&plans).unwrap();
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::Released));
    let text = serde_json::to_string(&state).unwrap();
    let mut state: TrustState = serde_json::from_str(&text).unwrap();
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::NotModified));
    state.etag = None;
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::NotModified));
    world.refresh_timestamp().unwrap();
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::Renewed));
    plans[0].services.pop();
    world.publish(&plans).unwrap();
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::Released));
    assert_eq!(state.counters.version, 2);
    assert_eq!(state.counters.serial, 3);
}

#[test]
fn a_host_stops_at_what_it_knows_of_the_index() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    refresh(&world, &mut state).unwrap();
    let (name, id, identities) = (host("web1"), world.id("web1"), world.identities("web1"));
    let me = client::Me { host: &name, id: &id, identities: &identities };
    let client::Found::Manifest(_, position) =
        client::manifest(&world.store, &world.pin(), &state, me, None).unwrap()
    else {
        panic!("no manifest")
    };
    let same = client::manifest(&world.store, &world.pin(), &state, me, Some(&position)).unwrap();
    assert_eq!(same, client::Found::Same(position.clone()));
    // Another host changes: the leaf is new, the manifest is not.
    plans[1].services.pop();
    world.publish(&plans).unwrap();
    refresh(&world, &mut state).unwrap();
    let same = client::manifest(&world.store, &world.pin(), &state, me, Some(&position)).unwrap();
    assert!(matches!(same, client::Found::Same(new) if new.manifest == position.manifest && new != position));
    let stranger = world.fleet.opened.host_id(&host("web9"));
    let me = client::Me { host: &name, id: &stranger, identities: &identities };
    assert_eq!(
        client::manifest(&world.store, &world.pin(), &state, me, None).unwrap(),
        client::Found::Unlisted
    );
}

#[test]
fn an_expired_timestamp_keeps_the_release_and_refuses_newer_ones() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    refresh(&world, &mut state).unwrap();
    let expires = START + LIFETIME;
    assert_eq!(state.freshness(world.now()), Freshness::Fresh { expires });
    assert_eq!(state.freshness(START + LIFETIME / 3 * 2), Freshness::Ageing { expires });
    plans[0].services.pop();
    world.publish(&plans).unwrap();
    world.wait(LIFETIME);
    assert_eq!(refresh(&world, &mut state), Err(Some(TrustKind::Expired)));
    assert_eq!(state.freshness(world.now()), Freshness::Expired { expires });
    // Also a host that never ran refuses it, and a renewed timestamp helps both.
    assert_eq!(refresh(&world, &mut TrustState::new(&world.pin())), Err(Some(TrustKind::Expired)));
    world.refresh_timestamp().unwrap();
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::Released));
    // Expired over the same release: not an error, and the freshness says so, also on 304.
    world.wait(LIFETIME);
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::NotModified));
    assert!(matches!(state.freshness(world.now()), Freshness::Expired { .. }));
}

#[test]
fn the_clock_never_goes_behind_what_was_verified_nor_is_it_poisoned_by_a_jump() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    let at = |state: &mut TrustState, now| client::refresh(&world.store, &world.pin(), state, now);
    let error = at(&mut state, START - 601).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Clock));
    assert_eq!(at(&mut state, START - 600).unwrap(), Refresh::Released);
    assert_eq!(state.floor, START);
    assert_eq!(state.now(0), START);
    // A jump to 2036 expires, is not remembered, and is over when the clock is right again.
    let later = START + 10 * 365 * DAY;
    at(&mut state, later).unwrap();
    assert!(matches!(state.freshness(later), Freshness::Expired { .. }));
    assert_eq!(state.floor, START);
    assert!(matches!(state.freshness(START + 1), Freshness::Fresh { .. }));
}

#[test]
fn an_older_pointer_is_refused_also_by_a_host_that_only_knows_its_serial() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let path = world.dir.path().join("store/channels/main.json");
    let old = std::fs::read(&path).unwrap();
    world.refresh_timestamp().unwrap();
    let middle = std::fs::read(&path).unwrap();
    plans[0].services.pop();
    world.publish(&plans).unwrap();
    let newest = std::fs::read(&path).unwrap();
    let mut state = TrustState::new(&world.pin());
    refresh(&world, &mut state).unwrap();
    for replay in [&old, &middle] {
        std::fs::write(&path, replay).unwrap();
        assert_eq!(refresh(&world, &mut state), Err(Some(TrustKind::Rollback)));
    }
    std::fs::write(&path, newest).unwrap();
    assert_eq!(refresh(&world, &mut state), Ok(Refresh::NotModified));
}

#[test]
fn two_releases_of_one_number_are_refused() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    refresh(&world, &mut state).unwrap();
    // The same keys, an empty store: version 1 again, with other bytes.
    std::fs::remove_dir_all(world.dir.path().join("store")).unwrap();
    plans[0].services.pop();
    world.wait(60);
    world.publish(&plans).unwrap();
    assert_eq!(refresh(&world, &mut state), Err(Some(TrustKind::Rollback)));
}

#[test]
fn a_state_of_another_channel_is_not_used() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let mut state = TrustState::new(&world.pin());
    state.channel = crate::Channel::parse("staging").unwrap();
    assert_eq!(refresh(&world, &mut state), Err(None));
}

#[test]
fn hosts_with_ssh_keys_read_their_manifests() {
    use std::process::Command;
    for kind in ["ed25519", "rsa"] {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("ssh_host_key");
        let made = Command::new("ssh-keygen").args(["-q", "-N", "", "-t", kind, "-f"]).arg(&key).output();
        if !made.is_ok_and(|made| made.status.success()) {
            assert!(std::env::var_os("CMC_TEST_PROGRAMS").is_none(), "ssh-keygen is not installed");
            return;
        }
        let mut world = World::new();
        let mut plans = world.two_hosts();
        plans[0].recipient = Some(std::fs::read_to_string(key.with_extension("pub")).unwrap());
        world.publish(&plans).unwrap();
        let mut state = TrustState::new(&world.pin());
        refresh(&world, &mut state).unwrap();
        let identities = crate::keys::Identities::parse(&std::fs::read(&key).unwrap(), "host key").unwrap();
        let (name, id) = (host("web1"), world.id("web1"));
        let me = client::Me { host: &name, id: &id, identities: &identities };
        let found = client::manifest(&world.store, &world.pin(), &state, me, None).unwrap();
        assert!(matches!(found, client::Found::Manifest(..)), "{kind}");
    }
}

#[test]
fn a_host_key_behind_a_passphrase_is_refused_with_advice() {
    use std::process::Command;
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let made =
        Command::new("ssh-keygen").args(["-q", "-N", "word", "-t", "ed25519", "-f"]).arg(&key).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return;
    }
    let content = std::fs::read(&key).unwrap();
    let error = crate::keys::Identities::parse(&content, "key").unwrap_err().to_string();
    assert!(error.contains("passphrase") && error.contains("ssh-keygen -p"), "{error}");
    let error = crate::sshsig::FileSigner::parse(&content, "key").unwrap_err().to_string();
    assert!(error.contains("ssh-add"), "{error}");
}
