//! Failing changes: rolled back exactly, quarantined, or put down to the environment.

use crate::machine::{Machine, Made, name};
use cmc_fetch::Exit;
use cmc_fetch::state::Condition;
use cmc_types::check::Trigger;

fn api(version: &str) -> Made {
    Made::default()
        .file("/etc/systemd/system/api.service", "[Unit]")
        .file("/etc/api/config.yaml", version)
        .file(&format!("/etc/api/{version}/only.conf"), version)
        .daemon("/etc/systemd/system/api.service")
        .check(version, Some("systemctl restart api.service"))
}

#[test]
fn a_failing_health_check_restores_every_byte_and_quarantines_the_bundle() {
    let machine = Machine::new();
    machine.write("/etc/api/kept", "by hand");
    machine.run(&[("api", &api("good"))]);
    let before = machine.tree();
    machine.log();
    machine.unhealthy(|name| name == "bad");
    let ran = machine.run(&[("api", &api("bad"))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert_eq!(machine.tree(), before);
    assert_eq!(machine.log(), ["systemctl restart api.service", "systemctl restart api.service"]);
    assert_eq!(machine.condition("api"), Condition::Good);
    assert!(machine.at("/var/lib/cmc/reports/failure-00000002.json").exists());

    let ran = machine.run(&[("api", &api("bad"))]);
    assert_eq!((ran.exit, ran.converged), (Exit::Done, true), "{:?}", ran.events);
    assert_eq!(machine.tree(), before);
    assert!(machine.log().is_empty());

    let ran = machine.run(&[("api", &api("better"))]);
    assert_eq!(ran.exit, Exit::Done);
    assert_eq!(machine.read("/etc/api/config.yaml"), "better");
}

#[test]
fn a_failing_first_install_leaves_nothing_and_stops_what_it_started() {
    let machine = Machine::new();
    machine.write("/etc/api/config.yaml", "mine");
    let before = machine.tree();
    machine.unhealthy(|_| true);
    let ran = machine.run(&[("api", &api("bad"))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert_eq!(machine.tree(), before);
    let log = machine.log();
    assert_eq!(log[log.len() - 2..], ["systemctl disable --now api.service", "systemctl daemon-reload"]);
}

#[test]
fn a_failing_command_is_undone() {
    let machine = Machine::new();
    machine.run(&[("api", &api("good"))]);
    let before = machine.tree();
    let bad = api("bad").action(Trigger::Changed, &[], "migrate");
    machine.fail_commands("migrate");
    let ran = machine.run(&[("api", &bad)]);
    assert_eq!(ran.exit, Exit::RolledBack);
    assert!(ran.said("\"migrate\" exited 1"), "{:?}", ran.events);
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_check_that_fails_for_the_old_bundle_too_is_the_environments_fault() {
    let machine = Machine::new();
    let one = |text: &str| {
        Made::default().file("/etc/a", text).action(Trigger::Changed, &[], "restart a").check("db", None)
    };
    machine.run(&[("a", &one("1"))]);
    machine.unhealthy(|_| true);
    let ran = machine.run(&[("a", &one("2"))]);
    assert_eq!(
        (ran.exit, machine.condition("a")),
        (Exit::RolledBack, Condition::Degraded),
        "{:?}",
        ran.events
    );
    assert!(machine.state().services[&name("a")].quarantined.is_empty());
    machine.unhealthy(|_| false);
    assert!(!machine.run(&[("a", &one("2"))]).converged);
    assert_eq!(machine.read("/etc/a"), "1");
    machine.clock.now.set(machine.clock.now.get() + 400);
    assert_eq!(machine.run(&[("a", &one("2"))]).exit, Exit::Done);
    assert_eq!((machine.read("/etc/a").as_str(), machine.condition("a")), ("2", Condition::Good));
}

#[test]
fn a_rollback_that_does_not_work_is_said_to_be_broken() {
    let machine = Machine::new();
    machine.run(&[("api", &api("good"))]);
    machine.fail_commands("restart");
    let ran = machine.run(&[("api", &api("bad"))]);
    assert_eq!(
        (ran.exit, machine.condition("api")),
        (Exit::RolledBack, Condition::Broken),
        "{:?}",
        ran.events
    );
    assert_eq!(machine.read("/etc/api/config.yaml"), "good");
}

#[test]
fn what_needs_a_failed_service_is_held_back_and_a_changed_need_lifts_a_quarantine() {
    let machine = Machine::new();
    let db = |text: &str| {
        Made::default()
            .file("/etc/db", text)
            .action(Trigger::Changed, &[], "db")
            .check(&format!("db{text}"), None)
    };
    let app = |text: &str| {
        Made::default()
            .file("/etc/app", text)
            .action(Trigger::Changed, &[], "app")
            .check("app", None)
            .needs("db")
    };
    machine.run(&[("db", &db("1")), ("app", &app("1"))]);
    machine.unhealthy(|name| name == "db2");
    let ran = machine.run(&[("db", &db("2")), ("app", &app("2"))]);
    assert_eq!(ran.exit, Exit::RolledBack);
    assert_eq!((machine.read("/etc/db").as_str(), machine.read("/etc/app").as_str()), ("1", "1"));
    assert!(ran.said("held back, since it needs db"), "{:?}", ran.events);

    // With db3 the app fails by itself; db4 may be what it was waiting for.
    machine.unhealthy(|name| name == "app");
    machine.run(&[("db", &db("3")), ("app", &app("2"))]);
    let read = |machine: &Machine| (machine.read("/etc/db"), machine.read("/etc/app"));
    assert_eq!(read(&machine), ("3".into(), "1".into()));
    machine.unhealthy(|_| false);
    machine.run(&[("db", &db("3")), ("app", &app("2"))]);
    assert_eq!(read(&machine).1, "1");
    machine.run(&[("db", &db("4")), ("app", &app("2"))]);
    machine.clock.now.set(machine.clock.now.get() + 400);
    machine.run(&[("db", &db("4")), ("app", &app("2"))]);
    assert_eq!(read(&machine), ("4".into(), "2".into()));
}

#[test]
fn a_failing_repair_goes_back_to_the_edited_file_and_waits() {
    let machine = Machine::new();
    machine.run(&[("api", &api("good"))]);
    std::fs::write(machine.at("/etc/api/config.yaml"), "edited").unwrap();
    machine.fail_commands("restart");
    assert_eq!(machine.run(&[("api", &api("good"))]).exit, Exit::RolledBack);
    assert_eq!(machine.read("/etc/api/config.yaml"), "edited");
    machine.fail_commands("nothing");
    machine.clock.now.set(machine.clock.now.get() + 400);
    machine.run(&[("api", &api("good"))]);
    assert_eq!(machine.read("/etc/api/config.yaml"), "good");
}

#[test]
fn health_is_watched_and_answered_with_three_restarts_an_hour_then_an_alarm() {
    let machine = Machine::new();
    machine.run(&[("api", &api("good"))]);
    machine.log();
    machine.unhealthy(|_| true);
    let mut exits = Vec::new();
    for _ in 0..12 {
        exits.push(machine.run(&[("api", &api("good"))]).exit);
        machine.clock.now.set(machine.clock.now.get() + 60);
    }
    assert_eq!(machine.log().len(), 3);
    assert_eq!(exits[10], Exit::Done);
    assert_eq!(exits[11], Exit::Failed);
    machine.unhealthy(|_| false);
    let ran = machine.run(&[("api", &api("good"))]);
    assert!(ran.said("healthy again"), "{:?}", ran.events);
}
