//! Going on after a store lost a pointer, and what must not stop it or mislead it.

use super::support::*;
use crate::error::{Error, TrustKind};
use crate::publish::Request;
use crate::store::{Store, StoreError, StoreErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

const POINTER: &str = "channels/main.json";

fn recover(at: u64) -> Request<'static> {
    Request { recover: Some(at), ..Request::default() }
}

#[test]
fn junk_among_the_releases_stops_neither_a_first_publish_nor_a_recovery() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    let junk = vec![0; 100_000];
    for name in ["junk".to_owned(), "0a".repeat(32)] {
        world.overwrite(&format!("releases/{name}.json"), &junk);
    }
    std::fs::create_dir_all(world.dir.path().join(format!("store/releases/{}.json", "0b".repeat(32))))
        .unwrap();
    assert_eq!(world.publish(&plans).unwrap().release.version, 1);
    plans[0].services.pop();
    world.store.delete(POINTER).unwrap();
    assert_eq!(world.publish_to(&world.store, &plans, &recover(0)).unwrap().release.version, 2);
    // A pointer that nobody can read is replaced as one that is lost.
    world.overwrite(POINTER, &junk);
    let error = world.publish(&plans).unwrap_err();
    assert_eq!(error.trust_kind(), Some(TrustKind::Limit));
    assert_eq!(world.publish_to(&world.store, &plans, &recover(0)).unwrap().release.version, 3);
    assert_eq!(world.read(&world.store, "web1").unwrap().len(), 1);
}

#[test]
fn a_recovery_far_above_all_that_is_known_is_refused() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let before = world.objects();
    for at in [u64::MAX, u64::MAX - 1, 2_000_000] {
        let error = world.publish_to(&world.store, &plans, &recover(at)).unwrap_err();
        assert!(matches!(&error, Error::Failed(text) if text.contains("no host can be at")), "{error}");
    }
    assert_eq!(world.objects(), before);
    assert_eq!(world.publish_to(&world.store, &plans, &recover(1000)).unwrap().release.version, 1001);
}

#[test]
fn a_pointer_that_could_not_be_read_is_not_taken_for_a_lost_one() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let failed = AtomicBool::new(false);
    let hook = |call: &str, key: &str| match call == "get_if_changed" && key == POINTER {
        true if !failed.swap(true, Ordering::Relaxed) => {
            Err(StoreError::new(StoreErrorKind::Unreachable, "store", "HTTP 503"))
        }
        _ => Ok(()),
    };
    let store = Hooked { inner: &world.store, hook: &hook };
    let before = world.objects();
    assert_eq!(world.publish_to(&store, &plans, &recover(0)).unwrap_err().exit_code(), 6);
    assert_eq!(world.objects(), before);
}

#[test]
fn a_recovery_with_older_roots_than_the_store_has_is_refused() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let old = world.roots.clone();
    world.rotate(|root| root.issued += 1);
    world.publish(&plans).unwrap();
    world.roots = old;
    let error = world.publish_to(&world.store, &plans, &recover(0)).unwrap_err();
    assert!(matches!(&error, Error::Failed(text) if text.contains("update the folder first")), "{error}");
}

#[test]
fn numbers_that_are_used_up_end_with_an_error() {
    let mut world = World::new();
    let mut plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let channel = world.channel.clone();
    let most = crate::root::Counters { version: u64::MAX, serial: u64::MAX };
    world.rotate(|root| {
        root.counters.insert(channel.clone(), most);
    });
    let before = world.objects();
    for _ in 0..2 {
        let error = world.publish(&plans).unwrap_err();
        assert!(matches!(&error, Error::Failed(text) if text.contains("used up")), "{error}");
        // First only the timestamp is due, then a release.
        plans[0].services.pop();
    }
    let pointer = |objects: &std::collections::BTreeMap<String, Vec<u8>>| objects[POINTER].clone();
    assert_eq!(pointer(&world.objects()), pointer(&before));
}

#[test]
fn a_root_or_vault_with_any_other_content_is_restored() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let right = world.objects();
    let rebuild = Request { rebuild: true, ..Request::default() };
    for key in right.keys().filter(|key| key.starts_with("trust/")) {
        for content in [&b"{}"[..], &vec![b' '; 12 << 20]] {
            world.overwrite(key, content);
            let done = world.publish_to(&world.store, &plans, &rebuild).unwrap();
            assert!(done.written.contains(key));
            assert_eq!(world.objects()[key], right[key]);
        }
    }
}
