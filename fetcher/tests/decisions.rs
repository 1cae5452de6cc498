//! Freezes, rollbacks and redos, of the host and of the fleet.

use crate::machine::{Machine, Made, digest, name};
use cmc_bundles::overrides::{HoldKind, HostHold};
use cmc_fetch::Exit;
use cmc_fetch::state::{self, Hold};

fn app(text: &str) -> Made {
    Made::default()
        .file("/etc/app", text)
        .action(cmc_types::check::Trigger::Changed, &[], "restart")
        .check(text, None)
}

fn fleet(kind: HoldKind, made: Option<&Made>) -> HostHold {
    HostHold {
        kind,
        service: name("app"),
        digest: made.map(|made| digest(&made.tar("app"))),
        owner: "ann".into(),
        reason: "incident".into(),
        expires: None,
        nonce: "0".repeat(32),
    }
}

#[test]
fn a_frozen_service_keeps_bundle_and_edits_until_it_is_lifted() {
    let machine = Machine::new();
    machine.run(&[("app", &app("1"))]);
    let mut state = machine.state();
    let hold = Hold { kind: state::HoldKind::Freeze, digest: None, reason: "x".into(), since: 0 };
    state.service(&name("app")).held = Some(hold);
    state.save(&state::State::dir(&machine.root)).unwrap();
    std::fs::write(machine.at("/etc/app"), "edited").unwrap();
    let ran = machine.run(&[("app", &app("2"))]);
    assert_eq!((ran.exit, machine.read("/etc/app").as_str()), (Exit::Done, "edited"), "{:?}", ran.events);
    machine.run(&[]);
    assert_eq!(machine.read("/etc/app"), "edited");
    let mut state = machine.state();
    state.service(&name("app")).held = None;
    state.save(&state::State::dir(&machine.root)).unwrap();
    machine.run(&[("app", &app("2"))]);
    assert_eq!(machine.read("/etc/app"), "2");
}

#[test]
fn a_freeze_of_the_fleet_holds_until_it_expires() {
    let machine = Machine::new();
    machine.run(&[("app", &app("1"))]);
    let expires = Some(machine.clock.now.get() + 100);
    machine.holds.replace(vec![HostHold { expires, ..fleet(HoldKind::Freeze, None) }]);
    machine.run(&[("app", &app("2"))]);
    assert_eq!(machine.read("/etc/app"), "1");
    machine.clock.now.set(machine.clock.now.get() + 200);
    machine.run(&[("app", &app("2"))]);
    assert_eq!(machine.read("/etc/app"), "2");
}

#[test]
fn a_rollback_of_the_fleet_goes_to_its_digest_and_stays_there() {
    let machine = Machine::new();
    machine.run(&[("app", &app("1"))]);
    machine.run(&[("app", &app("2"))]);
    machine.holds.replace(vec![fleet(HoldKind::Rollback, Some(&app("1")))]);
    for _ in 0..2 {
        assert_eq!(machine.run(&[("app", &app("2"))]).exit, Exit::Done);
        assert_eq!(machine.read("/etc/app"), "1");
    }
}

#[test]
fn what_the_fleet_rolled_back_is_none_to_go_back_to() {
    let machine = Machine::new();
    machine.run(&[("app", &app("1"))]);
    machine.run(&[("app", &app("2"))]);
    assert_eq!(machine.state().services[&name("app")].previous, Some(digest(&app("1").tar("app"))));
    machine.holds.replace(vec![fleet(HoldKind::Rollback, Some(&app("1")))]);
    machine.take(&[("app", &app("2"))]);
    machine.run(&[("app", &app("2"))]);
    assert_eq!(machine.read("/etc/app"), "1");
    assert_eq!(machine.state().services[&name("app")].earlier().next(), None);
}

#[test]
fn a_redo_of_the_fleet_overrides_a_quarantine_once() {
    let machine = Machine::new();
    machine.run(&[("app", &app("1"))]);
    machine.unhealthy(|name| name == "2");
    machine.run(&[("app", &app("2"))]);
    assert_eq!(machine.read("/etc/app"), "1");
    machine.holds.replace(vec![fleet(HoldKind::Redo, None)]);
    assert_eq!(machine.run(&[("app", &app("2"))]).exit, Exit::RolledBack);
    assert_eq!(machine.run(&[("app", &app("2"))]).exit, Exit::Done);
    machine.holds.replace(vec![HostHold { nonce: "1".repeat(32), ..fleet(HoldKind::Redo, None) }]);
    machine.unhealthy(|_| false);
    assert_eq!(machine.run(&[("app", &app("2"))]).exit, Exit::Done);
    assert_eq!(machine.read("/etc/app"), "2");
}

#[test]
fn a_frozen_service_is_not_touched_when_what_it_watches_changes_nor_by_a_redo() {
    let machine = Machine::new();
    let tls = |text: &str| Made::default().file("/etc/tls", text);
    let web = Made::default().file("/etc/web", "w").action(
        cmc_types::check::Trigger::Changed,
        &["/etc/tls", "/etc/web"],
        "reload web",
    );
    machine.run(&[("web", &web), ("tls", &tls("1"))]);
    let mut state = machine.state();
    let hold = Hold { kind: state::HoldKind::Freeze, digest: None, reason: "x".into(), since: 0 };
    state.service(&name("web")).held = Some(hold);
    state.service(&name("web")).redo = true;
    state.save(&state::State::dir(&machine.root)).unwrap();
    std::fs::write(machine.at("/etc/web"), "edited").unwrap();
    machine.log();
    for _ in 0..3 {
        let ran = machine.run(&[("web", &web), ("tls", &tls("2"))]);
        assert_eq!((ran.exit, ran.converged), (Exit::Done, true), "{:?}", ran.events);
        assert_eq!(machine.read("/etc/web"), "edited");
        assert!(machine.log().is_empty());
    }
    let mut state = machine.state();
    state.service(&name("web")).held = None;
    state.save(&state::State::dir(&machine.root)).unwrap();
    machine.run(&[("web", &web), ("tls", &tls("2"))]);
    assert_eq!((machine.read("/etc/web"), machine.log()), ("w".to_owned(), vec!["reload web".to_owned()]));
}

#[test]
fn services_between_which_a_path_moved_go_back_and_forth_together() {
    use crate::world::{World, file, service};
    use cmc_fetch::{decide, run};
    let world = World::new();
    let (config, a, b) = (world.config(), name("a"), name("b"));
    let publish = |owner: &str| {
        let files = |service: &str| {
            let own = file(&format!("/etc/{service}"), owner);
            if service == owner { vec![own, file("/etc/shared", owner)] } else { vec![own] }
        };
        world.publish(vec![service("a", files("a")), service("b", files("b"))]);
        assert_eq!(world.run().exit, Exit::Done);
    };
    publish("a");
    publish("b");
    let run = || assert_eq!(world.run().exit, Exit::Done);
    assert_eq!(world.with(None, &config, |setup| decide::rollback(setup, &b, "x").unwrap()), vec![a.clone()]);
    run();
    assert_eq!(world.read("etc/shared"), "a");
    assert_eq!(world.with(None, &config, |setup| decide::unfreeze(setup, &a).unwrap()), vec![b.clone()]);
    run();
    assert_eq!(world.read("etc/shared"), "b");
    world.with(None, &config, |setup| decide::rollback(setup, &a, "x").unwrap());
    run();
    assert_eq!(world.with(None, &config, |setup| decide::redo(setup, &a).unwrap()), vec![b.clone()]);
    assert_eq!(world.with(None, &config, run::run).unwrap().exit, Exit::Done);
    assert_eq!(world.read("etc/shared"), "b");
    // What is frozen is neither rolled back nor installed again.
    world.with(None, &config, |setup| decide::freeze(setup, &a, "x").unwrap());
    let redo = world.with(None, &config, |setup| decide::redo(setup, &a)).unwrap_err();
    let rollback = world.with(None, &config, |setup| decide::rollback(setup, &a, "x")).unwrap_err();
    for error in [redo, rollback] {
        assert!(error.to_string().contains("a is frozen on this host: x"), "{error}");
    }
}
