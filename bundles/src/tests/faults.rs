//! Stores that fail, and publishers that race.

use super::support::*;
use crate::publish::{Outcome, Request};
use crate::store::{Created, Fetch, Listed, Reader, Store, StoreError, StoreErrorKind, Swap};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fails at its nth call, after or before the call took effect, or loses the answer.
struct Faulty<'a> {
    inner: &'a dyn Store,
    left: AtomicUsize,
    after: bool,
}

impl Faulty<'_> {
    fn call<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(self.error());
        }
        self.left.store(left - 1, Ordering::Relaxed);
        if left == 1 {
            if self.after {
                let _ = work();
            }
            return Err(self.error());
        }
        work()
    }
    fn error(&self) -> StoreError {
        StoreError::new(StoreErrorKind::Unreachable, "faulty", "cut")
    }
}

impl Reader for Faulty<'_> {
    fn name(&self) -> &str {
        "faulty"
    }
    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(|| self.inner.get(key, limit))
    }
    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(|| self.inner.get_range(key, offset, len))
    }
    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        self.call(|| self.inner.get_if_changed(key, etag, limit))
    }
}

impl Store for Faulty<'_> {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        self.call(|| self.inner.create(key, bytes))
    }
    fn swap(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Swap, StoreError> {
        self.call(|| self.inner.swap(key, expected, bytes))
    }
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.call(|| self.inner.list(prefix))
    }
    fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.call(|| self.inner.delete(key))
    }
}

#[test]
fn an_interruption_at_any_call_leaves_the_old_release_whole_and_the_next_publish_completes() {
    for after in [false, true] {
        for calls in 0.. {
            let mut world = World::new();
            let mut plans = world.two_hosts();
            world.publish(&plans).unwrap();
            let old = world.read(&world.store, "web1").unwrap();
            plans[0].services[1].files[1] = file("/etc/api/name", b"new", false);
            let faulty = Faulty { inner: &world.store, left: calls.into(), after };
            let result = world.publish_to(&faulty, &plans, &Request::default());
            let found = world.read(&world.store, "web1").unwrap();
            assert!(found == old || found["/etc/api/name"] == b"new", "call {calls}");
            if result.is_ok() {
                assert!(calls > 5);
                break;
            }
            world.publish(&plans).unwrap();
            assert_eq!(world.read(&world.store, "web1").unwrap()["/etc/api/name"], b"new", "call {calls}");
            assert_eq!(world.read(&world.store, "web2").unwrap()["/etc/api/name"], b"web2", "call {calls}");
        }
    }
}

#[test]
fn a_first_publish_that_is_interrupted_anywhere_completes_next_time() {
    for calls in 0.. {
        let mut world = World::new();
        let plans = world.two_hosts();
        let faulty = Faulty { inner: &world.store, left: calls.into(), after: true };
        let done = world.publish_to(&faulty, &plans, &Request::default()).is_ok();
        world.publish(&plans).unwrap();
        assert_eq!(world.read(&world.store, "web1").unwrap().len(), 3);
        if done {
            break;
        }
    }
}

/// Another publisher that is faster, once.
struct Race<'a> {
    world: &'a World,
    theirs: &'a [cmc_types::plan::HostPlan],
    once: AtomicUsize,
}

impl Race<'_> {
    /// Publishes before the first swap.
    fn run(&self, call: &str) -> Result<(), StoreError> {
        if call == "swap" && self.once.fetch_add(1, Ordering::Relaxed) == 0 {
            let request = Request { commit: Some("theirs".to_owned()), ..Request::default() };
            self.world.publish_to(&self.world.store, self.theirs, &request).unwrap();
        }
        Ok(())
    }
}

#[test]
fn what_was_sealed_before_a_lost_race_is_released_with_its_evidence() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let (mut ours, mut theirs) = (plans.clone(), plans.clone());
    ours[0].services[1].files[1] = file("/etc/api/name", b"ours", false);
    theirs[1].services[1].files[1] = file("/etc/api/name", b"theirs", false);
    let race = Race { world: &world, theirs: &theirs, once: 0.into() };
    let hook = |call: &str, _: &str| race.run(call);
    let racing = Hooked { inner: &world.store, hook: &hook };
    let both = [ours[0].clone(), theirs[1].clone()];
    let done = world.publish_to(&racing, &both, &Request::default()).unwrap();
    assert_eq!((done.attempts, done.release.version), (2, 3));
    // The other publisher sealed web2's; web1's shares `base` with it.
    assert_eq!((done.sealed, done.reused), (1, 1));
    let proven = world.proofs();
    for digest in prepare(&both).bundles.keys() {
        let (_, receipts) = proven.iter().find(|(proven, _)| proven == digest).unwrap();
        assert!(*receipts > 0);
    }
}

#[test]
fn a_plan_that_lacks_what_another_just_published_is_refused() {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    let (mut ours, mut theirs) = (plans.clone(), plans.clone());
    ours[0].services[1].files[1] = file("/etc/api/name", b"ours", false);
    theirs[1].services[1].files[1] = file("/etc/api/name", b"theirs", false);
    for (known, ok) in [(Some(false), false), (Some(true), true), (None, false)] {
        theirs[1].services[1].files[1] = file("/etc/api/name", format!("theirs {known:?}").as_bytes(), false);
        ours[0].services[1].files[1] = file("/etc/api/name", format!("ours {known:?}").as_bytes(), false);
        let race = Race { world: &world, theirs: &theirs, once: 0.into() };
        let hook = |call: &str, _: &str| race.run(call);
        let racing = Hooked { inner: &world.store, hook: &hook };
        let ancestry = |_: &str, _: &str| known;
        let request =
            Request { commit: Some("ours".to_owned()), is_ancestor: Some(&ancestry), ..Request::default() };
        let result = world.publish_to(&racing, &ours, &request);
        assert_eq!(result.is_ok(), ok, "{known:?} {result:?}");
        if let Ok(done) = result {
            assert_eq!(done.attempts, 2);
        }
    }
}

#[test]
fn eight_publishers_at_once_lose_no_serial() {
    let mut world = World::new();
    let plans = world.two_hosts();
    let fleets: Vec<Vec<_>> = (0..8)
        .map(|i| {
            let mut all = plans.clone();
            all.push(world.plan(&format!("own{i}"), vec![planned("s", vec![file("/etc/own", b"x", false)])]));
            all
        })
        .collect();
    world.publish(&plans).unwrap();
    let world = &world;
    let serials: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = fleets
            .iter()
            .map(|plans| {
                scope.spawn(move || (0..2).map(|_| world.publish(plans).unwrap()).collect::<Vec<_>>())
            })
            .collect();
        let all = threads.into_iter().flat_map(|thread| thread.join().unwrap());
        all.filter(|done| done.outcome == Outcome::Released).map(|done| done.serial).collect()
    });
    let mut sorted = serials.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (2..2 + serials.len() as u64).collect::<Vec<_>>());
    world.read(&world.store, "web1").unwrap();
}
