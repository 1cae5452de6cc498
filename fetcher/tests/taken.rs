//! Which release a host is at: the one whose manifest it took while everything was at hand and fresh, whatever it has
//! heard of since.

use crate::machine::name;
use crate::world::{DAY, World, file, service};
use cmc_fetch::Exit;
use cmc_fetch::run::Outcome;
use cmc_fetch::{decide, fetch, plan, state::State, status};

fn publish(world: &World, content: &str) {
    world.publish(vec![service("base", vec![file("/etc/motd", content)])]);
}

/// Moves the packs away, or back.
fn withhold(world: &World, withheld: bool) {
    let (here, away) = (world.dir.path().join("store/packs"), world.dir.path().join("packs"));
    let (from, to) = if withheld { (&here, &away) } else { (&away, &here) };
    std::fs::rename(from, to).unwrap();
}

/// A host at the first release, that has heard of the second and could not fetch it.
fn half_fetched() -> World {
    let world = World::new();
    publish(&world, "1\n");
    world.run();
    publish(&world, "2\n");
    withhold(&world, true);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.release.unwrap().0), (Exit::Store, 1), "{outcome:?}");
    world
}

fn state(world: &World) -> State {
    let path = State::dir(&world.root()).join("state.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn redo(world: &World, online: bool) -> Outcome {
    let store = online.then_some(&world.store as &dyn cmc_bundles::store::Reader);
    world.with(store, &world.config(), |setup| {
        decide::redo(setup, &name("base")).unwrap();
        decide::carry_out(setup).unwrap()
    })
}

#[test]
fn a_decision_after_a_half_fetched_release_leaves_the_host_at_the_release_it_took() {
    let world = half_fetched();
    let outcome = redo(&world, false);
    assert_eq!((outcome.exit, outcome.release.unwrap().0), (Exit::Done, 1), "{outcome:?}");
    assert!(!outcome.converged && !state(&world).converged);
    // With the store at hand, but the packs still withheld, the decision is carried out as well.
    world.runner.log.borrow_mut().clear();
    assert_eq!(redo(&world, true).exit, Exit::Store);
    assert!(world.runner.log.borrow().contains(&"restart base".to_owned()));
    withhold(&world, false);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    assert_eq!((world.read("etc/motd").as_str(), outcome.release.unwrap().0), ("2\n", 2));
}

#[test]
fn a_release_that_expired_before_it_could_be_fetched_is_not_installed_until_it_is_renewed() {
    let world = half_fetched();
    withhold(&world, false);
    world.wait(40 * DAY);
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.release.unwrap().0), (Exit::Trust, 1), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n", "drift is repaired, to what was installed");
    let plan = world.with(Some(&world.store), &world.config(), |setup| plan::plan(setup).unwrap());
    assert_eq!((plan.exit, plan.release.unwrap().0, plan.groups.len()), (Exit::Trust, 1, 0));
    assert_eq!(redo(&world, true).exit, Exit::Trust);
    let status = status::read(&world.config(), &world.root(), state_now(&world)).unwrap();
    assert!(status.expired && !status.ok());
    world.refresh();
    assert_eq!(world.run().exit, Exit::Done);
    assert_eq!(world.read("etc/motd"), "2\n");
}

fn state_now(world: &World) -> u64 {
    world.with(None, &world.config(), |setup| setup.clock.now())
}

#[test]
fn a_fresh_host_installs_no_release_that_expired() {
    let world = World::new();
    publish(&world, "1\n");
    withhold(&world, true);
    assert_eq!(world.run().exit, Exit::Store);
    withhold(&world, false);
    world.wait(40 * DAY);
    assert_eq!(world.run().exit, Exit::Trust);
    assert!(!world.root().join("etc").exists());
    world.refresh();
    assert_eq!(world.run().exit, Exit::Done);
    assert_eq!(world.read("etc/motd"), "1\n");
}

#[test]
fn a_plan_takes_no_release() {
    let world = World::new();
    publish(&world, "1\n");
    world.run();
    publish(&world, "2\n");
    let plan = world.with(Some(&world.store), &world.config(), |setup| plan::plan(setup).unwrap());
    assert_eq!(plan.release.unwrap().0, 2);
    assert_eq!(fetch::taken(&State::dir(&world.root())).unwrap().release.0, 1);
}

#[test]
fn unfreeze_and_redo_fetch_a_bundle_that_is_no_longer_on_the_host() {
    let world = World::new();
    publish(&world, "1\n");
    world.run();
    let config = world.config();
    let base = name("base");
    world.with(None, &config, |setup| decide::freeze(setup, &base, "test").unwrap());
    publish(&world, "2\n");
    assert_eq!(world.run().exit, Exit::Done);
    assert_eq!(world.read("etc/motd"), "1\n");
    let outcome = world.with(Some(&world.store), &config, |setup| {
        decide::unfreeze(setup, &base).unwrap();
        decide::carry_out(setup).unwrap()
    });
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
}

#[test]
fn a_quarantined_bundle_stays_on_the_host_so_that_redo_needs_no_store() {
    let world = World::new();
    publish(&world, "1\n");
    world.run();
    publish(&world, "2\n");
    let motd = world.root().join("etc/motd");
    *world.runner.healthy.borrow_mut() =
        Box::new(move |_| std::fs::read_to_string(&motd).is_ok_and(|text| text == "1\n"));
    assert_eq!(world.run().exit, Exit::RolledBack);
    *world.runner.healthy.borrow_mut() = Box::new(|_| true);
    let outcome = redo(&world, false);
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
}

#[test]
fn a_timestamp_that_runs_out_is_said_when_two_thirds_are_over_and_two_days_before() {
    let world = World::new();
    publish(&world, "1\n");
    world.run();
    let said = |days: u64| {
        world.wait(days * DAY);
        let outcome = world.run();
        let alarms = outcome.events.0.iter().map(ToString::to_string);
        let expires = alarms.filter(|text| text.contains("cmc refresh")).collect::<String>();
        (outcome.news.then_some(expires), outcome.exit)
    };
    assert_eq!(said(19), (None, Exit::Done), "fresh");
    let (third, exit) = said(2);
    assert!(exit == Exit::Done && third.unwrap().contains("last third"));
    assert_eq!(said(2), (None, Exit::Done), "once");
    let (days, exit) = said(6);
    assert!(exit == Exit::Done && days.unwrap().contains("two days"));
}

#[test]
fn a_newer_release_that_expired_is_said_once() {
    let world = World::new();
    publish(&world, "1\n");
    world.run();
    publish(&world, "2\n");
    world.wait(40 * DAY);
    assert_eq!(world.run().exit, Exit::Trust);
    world.wait(300);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.news), (Exit::Trust, false), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
}

#[test]
fn a_service_is_ok_when_it_has_the_bundle_that_is_wanted_and_not_while_that_is_quarantined() {
    let world = World::new();
    let motd = world.root().join("etc/motd");
    *world.runner.healthy.borrow_mut() =
        Box::new(move |_| std::fs::read_to_string(&motd).is_ok_and(|text| text != "bad\n"));
    let ok = || {
        let metrics = std::fs::read_to_string(world.dir.path().join("cmc.prom")).unwrap();
        let status = status::read(&world.config(), &world.root(), state_now(&world)).unwrap();
        let flag = metrics.contains("cmc_service_ok{service=\"base\"} 1");
        assert_eq!(flag, status.ok(), "{metrics} {status:?}");
        flag
    };
    publish(&world, "good\n");
    assert_eq!((world.run().exit, ok()), (Exit::Done, true));
    publish(&world, "bad\n");
    assert_eq!((world.run().exit, ok()), (Exit::RolledBack, false));
    let quiet = world.run();
    assert_eq!((quiet.exit, quiet.converged, ok()), (Exit::Done, true, false));
    publish(&world, "better\n");
    assert_eq!((world.run().exit, ok()), (Exit::Done, true));
}
