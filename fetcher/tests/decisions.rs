//! Freezes, rollbacks and redos, of the host and of the fleet.

use crate::bench::{Bench, Made, digest, name};
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
    let bench = Bench::new();
    bench.run(&[("app", &app("1"))]);
    let mut state = bench.state();
    let hold = Hold { kind: state::HoldKind::Freeze, digest: None, reason: "x".into(), since: 0 };
    state.service(&name("app")).held = Some(hold);
    state.save(&state::State::dir(&bench.root)).unwrap();
    std::fs::write(bench.at("/etc/app"), "edited").unwrap();
    let ran = bench.run(&[("app", &app("2"))]);
    assert_eq!((ran.exit, bench.read("/etc/app").as_str()), (Exit::Done, "edited"), "{:?}", ran.events);
    bench.run(&[]);
    assert_eq!(bench.read("/etc/app"), "edited");
    let mut state = bench.state();
    state.service(&name("app")).held = None;
    state.save(&state::State::dir(&bench.root)).unwrap();
    bench.run(&[("app", &app("2"))]);
    assert_eq!(bench.read("/etc/app"), "2");
}

#[test]
fn a_freeze_of_the_fleet_holds_until_it_expires() {
    let bench = Bench::new();
    bench.run(&[("app", &app("1"))]);
    let expires = Some(bench.clock.now.get() + 100);
    bench.holds.replace(vec![HostHold { expires, ..fleet(HoldKind::Freeze, None) }]);
    bench.run(&[("app", &app("2"))]);
    assert_eq!(bench.read("/etc/app"), "1");
    bench.clock.now.set(bench.clock.now.get() + 200);
    bench.run(&[("app", &app("2"))]);
    assert_eq!(bench.read("/etc/app"), "2");
}

#[test]
fn a_rollback_of_the_fleet_goes_to_its_digest_and_stays_there() {
    let bench = Bench::new();
    bench.run(&[("app", &app("1"))]);
    bench.run(&[("app", &app("2"))]);
    bench.holds.replace(vec![fleet(HoldKind::Rollback, Some(&app("1")))]);
    for _ in 0..2 {
        assert_eq!(bench.run(&[("app", &app("2"))]).exit, Exit::Done);
        assert_eq!(bench.read("/etc/app"), "1");
    }
}

#[test]
fn a_redo_of_the_fleet_overrides_a_quarantine_once() {
    let bench = Bench::new();
    bench.run(&[("app", &app("1"))]);
    bench.unhealthy(|name| name == "2");
    bench.run(&[("app", &app("2"))]);
    assert_eq!(bench.read("/etc/app"), "1");
    bench.holds.replace(vec![fleet(HoldKind::Redo, None)]);
    assert_eq!(bench.run(&[("app", &app("2"))]).exit, Exit::RolledBack);
    assert_eq!(bench.run(&[("app", &app("2"))]).exit, Exit::Done);
    bench.holds.replace(vec![HostHold { nonce: "1".repeat(32), ..fleet(HoldKind::Redo, None) }]);
    bench.unhealthy(|_| false);
    assert_eq!(bench.run(&[("app", &app("2"))]).exit, Exit::Done);
    assert_eq!(bench.read("/etc/app"), "2");
}
