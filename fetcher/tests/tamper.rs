//! What a host does with a store that was tampered with, lags, lies or is gone, and with a clock that is wrong.

use crate::world::{DAY, Lying, START, World, file, large, service};
use cmc_bundles::Channel;
use cmc_bundles::store::{DirStore, Reader};
use cmc_fetch::Exit;
use cmc_fetch::state::State;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// A published fleet, what a fresh host reads of it, and what it installs.
fn published() -> (World, Vec<(String, u64, u64)>) {
    let world = World::new();
    let base = vec![file("/etc/motd", "hello\n"), file("/etc/long", &"word ".repeat(400))];
    let tools = service("tools", vec![large("/opt/tool", (1 << 20) + 1)]);
    world.publish(vec![service("base", base), tools]);
    let reads = {
        let honest = Lying::honest(&world.store);
        assert_eq!(world.run_from(&honest).exit, Exit::Done);
        honest.reads().into_iter().filter(|(_, _, len)| *len > 0).collect()
    };
    (world, reads)
}

#[test]
fn a_flip_in_every_64_byte_window_of_every_object_that_a_fresh_host_reads_is_refused_or_harmless() {
    let (world, reads) = published();
    let expected = world.tree();
    let objects: BTreeSet<_> = reads.iter().map(|(key, _, _)| key.split('/').next().unwrap()).collect();
    assert_eq!(objects, BTreeSet::from(["channels", "packs", "trust"]));
    let (mut flips, mut harmless) = (0, 0);
    assert!(reads.iter().any(|(_, _, len)| *len > 1000), "a chunk of {reads:?}");
    for (key, offset, len) in &reads {
        for window in 0..len.div_ceil(64) {
            // Another byte and bit in each window.
            let at = offset + (window * 64 + window * 37 % 64).min(len - 1);
            let flipped = Lying::new(&world.store, |asked, from, mut bytes| {
                if asked == key
                    && at >= from
                    && let Some(byte) = bytes.get_mut((at - from) as usize)
                {
                    *byte ^= 1 << (window % 8);
                }
                Some(bytes)
            });
            world.forget();
            let outcome = world.run_from(&flipped);
            match outcome.exit {
                Exit::Trust => assert!(world.tree().is_empty(), "{key} {at}: {outcome:?}"),
                Exit::Done => {
                    assert_eq!(world.tree(), expected, "{key} {at}");
                    harmless += 1;
                }
                _ => panic!("{key} {at}: {outcome:?}"),
            }
            flips += 1;
        }
    }
    assert!(flips > 100 && harmless * 4 < flips, "{flips} flips, {harmless} harmless");
}

#[test]
fn an_object_that_is_missing_or_cut_short_changes_nothing() {
    let (world, reads) = published();
    let keys: BTreeSet<_> = reads.iter().map(|(key, _, _)| key).collect();
    for key in keys {
        world.forget();
        let missing = Lying::new(&world.store, |asked, _, bytes| (asked != key).then_some(bytes));
        let outcome = world.run_from(&missing);
        assert_eq!(outcome.exit, Exit::Store, "{key}: {outcome:?}");
        let cut = Lying::new(&world.store, |asked, _, mut bytes| {
            if asked == key {
                bytes.pop();
            }
            Some(bytes)
        });
        let outcome = world.run_from(&cut);
        assert_eq!(outcome.exit, Exit::Trust, "{key}: {outcome:?}");
        assert!(world.installed().is_empty() && world.tree().is_empty(), "{key}");
    }
    assert_eq!(world.run().exit, Exit::Done);
}

/// Answers the pointer as `edit` leaves it.
fn with_pointer<'a>(store: &'a DirStore, edit: impl Fn(&mut Value) + Send + Sync + 'a) -> Lying<'a> {
    Lying::new(store, move |key, _, bytes| {
        if !key.starts_with("channels/") {
            return Some(bytes);
        }
        let mut pointer = serde_json::from_slice(&bytes).unwrap();
        edit(&mut pointer);
        Some(serde_json::to_vec(&pointer).unwrap())
    })
}

fn pointer(world: &World, channel: &str) -> Value {
    let bytes = world.store.get(&format!("channels/{channel}.json"), 1 << 20).unwrap().unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The store's token of the pointer is forgotten, so that it is sent again.
fn forget_etag(world: &World) {
    let path = State::dir(&world.root()).join("trust.json");
    let mut trust: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    trust["etag"] = Value::Null;
    std::fs::write(&path, serde_json::to_vec(&trust).unwrap()).unwrap();
}

#[test]
fn an_older_pointer_release_or_timestamp_is_refused() {
    let world = World::new();
    world.publish_file("1\n");
    let old = pointer(&world, "main");
    world.publish_file("2\n");
    assert_eq!(world.run().exit, Exit::Done);
    for part in ["", "release", "timestamp"] {
        for fresh in [false, true] {
            if fresh && part.is_empty() {
                // Whole and signed, it is what a fresh host would have been given a while ago.
                continue;
            }
            match fresh {
                true => world.forget(),
                false => {
                    world.run();
                    forget_etag(&world);
                }
            }
            let before = world.tree();
            let lying = with_pointer(&world.store, |pointer| match part {
                "" => *pointer = old.clone(),
                part => pointer[part] = old[part].clone(),
            });
            let outcome = world.run_from(&lying);
            assert_eq!(outcome.exit, Exit::Trust, "{part:?}, fresh {fresh}: {outcome:?}");
            assert_eq!(world.tree(), before, "{part:?}, fresh {fresh}");
        }
    }
}

#[test]
fn a_pointer_release_or_timestamp_of_another_fleet_or_channel_is_refused() {
    let (world, other) = (World::new(), World::new());
    world.publish_file("ours\n");
    other.publish_file("theirs\n");
    let staging = Channel::parse("staging").unwrap();
    world.publish_to(
        &staging,
        &[world.plan("web1", vec![service("base", vec![file("/etc/motd", "next\n")])])],
    );
    for foreign in [pointer(&other, "main"), pointer(&world, "staging")] {
        for part in ["", "release", "timestamp"] {
            for fresh in [true, false] {
                world.forget();
                if !fresh {
                    world.run();
                    forget_etag(&world);
                }
                let before = world.tree();
                let lying = with_pointer(&world.store, |pointer| match part {
                    "" => *pointer = foreign.clone(),
                    part => pointer[part] = foreign[part].clone(),
                });
                let outcome = world.run_from(&lying);
                assert_eq!(outcome.exit, Exit::Trust, "{part:?}, fresh {fresh}: {outcome:?}");
                assert_eq!(world.tree(), before, "{part:?}, fresh {fresh}");
            }
        }
    }
    // All of another fleet's store.
    world.forget();
    assert_eq!(world.run_from(&other.store).exit, Exit::Trust);
    assert!(world.tree().is_empty());
}

#[test]
fn another_hosts_manifest_and_bundles_and_last_releases_are_refused() {
    let world = World::new();
    let own = |host: &str| world.plan(host, vec![service("base", vec![file("/etc/motd", host)])]);
    let reads = |host: &str| {
        world.forget();
        let honest = Lying::honest(&world.store);
        world.with(Some(&honest), &world.config_of(host), |setup| cmc_fetch::run::run(setup).unwrap());
        let reads = honest.reads().into_iter().filter(|(key, _, _)| key.starts_with("packs/"));
        reads.collect::<BTreeSet<_>>()
    };
    world.publish_hosts(&[own("web1"), own("web2")]);
    let (mine, theirs) = (reads("web1"), reads("web2"));
    world.publish_hosts(&[own("web1"), own("web3")]);
    let later = reads("web1");
    assert!(mine.len() >= 3 && !later.is_subset(&mine));
    let mut swaps = 0;
    for (key, offset, len) in &later {
        let foreign = theirs.difference(&mine).chain(mine.difference(&later));
        for (other, from, length) in foreign.filter(|read| !later.contains(read)) {
            world.forget();
            let lying = Lying::new(&world.store, |asked, at, bytes| {
                if (asked, at, bytes.len() as u64) != (key.as_str(), *offset, *len) {
                    return Some(bytes);
                }
                world.store.get_range(other, *from, *length).unwrap()
            });
            let outcome = world.run_from(&lying);
            assert_eq!(outcome.exit, Exit::Trust, "{other} at {from} for {key} at {offset}: {outcome:?}");
            assert!(world.tree().is_empty());
            swaps += 1;
        }
    }
    assert!(swaps >= 6, "{swaps}");
}

#[test]
fn an_older_release_is_refused_and_drift_is_repaired_all_the_same() {
    let world = World::new();
    world.publish_file("1\n");
    let old = pointer(&world, "main");
    world.publish_file("2\n");
    world.run();
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    forget_etag(&world);
    let outcome = world.run_from(&with_pointer(&world.store, |pointer| *pointer = old.clone()));
    assert_eq!(outcome.exit, Exit::Trust, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
}

#[test]
fn a_store_that_answers_garbage_moves_nothing_and_an_honest_one_is_followed_at_once_afterwards() {
    let world = World::new();
    world.publish_file("1\n");
    for garbage in [&b""[..], b"<html>login</html>", b"{}", b"null", &[0xFF; 4096]] {
        let lying = Lying::new(&world.store, |_, _, _| Some(garbage.to_vec()));
        let outcome = world.run_from(&lying);
        assert_eq!(outcome.exit, Exit::Trust, "{garbage:?}: {outcome:?}");
        assert!(world.tree().is_empty());
    }
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn an_expired_timestamp_keeps_everything_running_and_exits_5_until_it_is_renewed() {
    let world = World::new();
    world.publish_file("1\n");
    world.run();
    world.wait(40 * DAY);
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    // The store answers 304 for ever.
    let outcome = world.run();
    assert_eq!(outcome.exit, Exit::Trust, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    assert!(!world.run().news, "the second run says nothing new");
    world.refresh();
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn a_clock_after_the_expiry_installs_nothing_new_and_one_that_is_set_right_goes_on() {
    let world = World::new();
    world.publish_file("1\n");
    for year in [1, 10] {
        world.now.store(START + year * 366 * DAY, Ordering::Relaxed);
        let outcome = world.run();
        assert_eq!(outcome.exit, Exit::Trust, "{outcome:?}");
        assert!(world.tree().is_empty());
    }
    // A jump ahead poisons nothing.
    world.now.store(START, Ordering::Relaxed);
    assert_eq!(world.run().exit, Exit::Done);
    assert_eq!(world.read("etc/motd"), "1\n");
}

#[test]
fn a_clock_before_the_release_changes_nothing_and_what_is_installed_stays_as_it_is() {
    let world = World::new();
    world.publish_file("1\n");
    for behind in [3600, 366 * DAY, START] {
        world.now.store(START - behind, Ordering::Relaxed);
        let outcome = world.run();
        assert_eq!(outcome.exit, Exit::Trust, "{behind}: {outcome:?}");
        assert!(outcome.errors[0].contains("ahead of this host's clock"), "{outcome:?}");
        assert!(world.tree().is_empty(), "{behind}");
    }
    // Ten minutes are nobody's fault.
    world.now.store(START - 500, Ordering::Relaxed);
    assert_eq!(world.run().exit, Exit::Done);
    // A battery that went flat: what was verified is still known, and drift is repaired.
    world.now.store(0, Ordering::Relaxed);
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    assert_eq!(world.run().exit, Exit::Done);
    assert_eq!(world.read("etc/motd"), "1\n");
}

#[test]
fn an_unreachable_store_changes_nothing_but_the_exit_code() {
    let world = World::new();
    world.publish_file("1\n");
    world.run();
    let gone = DirStore::new(world.dir.path().join("nowhere"));
    let outcome = world.run_from(&gone);
    assert_eq!((outcome.exit, outcome.news), (Exit::Store, true), "{outcome:?}");
    assert!(!world.run_from(&gone).news);
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn a_store_that_goes_away_between_pointer_and_bundles_is_the_stores_failure() {
    let world = World::new();
    world.publish_file("1\n");
    let without = Lying::new(&world.store, |key, _, bytes| (!key.starts_with("packs/")).then_some(bytes));
    assert_eq!(world.run_from(&without).exit, Exit::Store);
    let gone = DirStore::new(world.dir.path().join("nowhere"));
    assert_eq!(world.run_from(&gone).exit, Exit::Store);
    assert!(!world.root().join("etc").exists());
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn a_fetch_past_its_deadline_changes_nothing_and_the_next_run_goes_on() {
    let world = World::new();
    world.publish_file("1\n");
    let mut config = world.config();
    config.deadline = Some(cmc_types::Timespan::from_secs(0));
    let outcome = world.with(Some(&world.store), &config, |setup| cmc_fetch::run::run(setup).unwrap());
    assert_eq!(outcome.exit, Exit::Store, "{outcome:?}");
    assert!(outcome.errors[0].contains("took longer than 0 s"), "{outcome:?}");
    assert!(world.tree().is_empty());
    assert_eq!(world.run().exit, Exit::Done);
}
