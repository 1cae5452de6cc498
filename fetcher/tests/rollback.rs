//! Failing changes: rolled back exactly, quarantined, or put down to the environment.

use crate::bench::{Bench, Made, name};
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
    let bench = Bench::new();
    bench.write("/etc/api/kept", "by hand");
    bench.run(&[("api", &api("good"))]);
    let before = bench.tree();
    bench.log();
    bench.unhealthy(|name| name == "bad");
    let ran = bench.run(&[("api", &api("bad"))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert_eq!(bench.tree(), before);
    assert_eq!(bench.log(), ["systemctl restart api.service", "systemctl restart api.service"]);
    assert_eq!(bench.condition("api"), Condition::Good);
    assert!(bench.at("/var/lib/cmc/reports/failure-00000002.json").exists());

    let ran = bench.run(&[("api", &api("bad"))]);
    assert_eq!((ran.exit, ran.converged), (Exit::Done, true), "{:?}", ran.events);
    assert_eq!(bench.tree(), before);
    assert!(bench.log().is_empty());

    let ran = bench.run(&[("api", &api("better"))]);
    assert_eq!(ran.exit, Exit::Done);
    assert_eq!(bench.read("/etc/api/config.yaml"), "better");
}

#[test]
fn a_failing_first_install_leaves_nothing_and_stops_what_it_started() {
    let bench = Bench::new();
    bench.write("/etc/api/config.yaml", "mine");
    let before = bench.tree();
    bench.unhealthy(|_| true);
    let ran = bench.run(&[("api", &api("bad"))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert_eq!(bench.tree(), before);
    let log = bench.log();
    assert_eq!(log[log.len() - 2..], ["systemctl disable --now api.service", "systemctl daemon-reload"]);
}

#[test]
fn a_failing_command_is_undone() {
    let bench = Bench::new();
    bench.run(&[("api", &api("good"))]);
    let before = bench.tree();
    let bad = api("bad").action(Trigger::Changed, &[], "migrate");
    bench.fail_commands("migrate");
    let ran = bench.run(&[("api", &bad)]);
    assert_eq!(ran.exit, Exit::RolledBack);
    assert!(ran.said("\"migrate\" exited 1"), "{:?}", ran.events);
    assert_eq!(bench.tree(), before);
}

#[test]
fn a_check_that_fails_for_the_old_bundle_too_is_the_environments_fault() {
    let bench = Bench::new();
    let one = |text: &str| {
        Made::default().file("/etc/a", text).action(Trigger::Changed, &[], "restart a").check("db", None)
    };
    bench.run(&[("a", &one("1"))]);
    bench.unhealthy(|_| true);
    let ran = bench.run(&[("a", &one("2"))]);
    assert_eq!((ran.exit, bench.condition("a")), (Exit::RolledBack, Condition::Degraded), "{:?}", ran.events);
    assert!(bench.state().services[&name("a")].quarantined.is_empty());
    bench.unhealthy(|_| false);
    assert!(!bench.run(&[("a", &one("2"))]).converged);
    assert_eq!(bench.read("/etc/a"), "1");
    bench.clock.now.set(bench.clock.now.get() + 400);
    assert_eq!(bench.run(&[("a", &one("2"))]).exit, Exit::Done);
    assert_eq!((bench.read("/etc/a").as_str(), bench.condition("a")), ("2", Condition::Good));
}

#[test]
fn a_rollback_that_does_not_work_is_said_to_be_broken() {
    let bench = Bench::new();
    bench.run(&[("api", &api("good"))]);
    bench.fail_commands("restart");
    let ran = bench.run(&[("api", &api("bad"))]);
    assert_eq!((ran.exit, bench.condition("api")), (Exit::RolledBack, Condition::Broken), "{:?}", ran.events);
    assert_eq!(bench.read("/etc/api/config.yaml"), "good");
}

#[test]
fn what_needs_a_failed_service_is_held_back_and_a_changed_need_lifts_a_quarantine() {
    let bench = Bench::new();
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
    bench.run(&[("db", &db("1")), ("app", &app("1"))]);
    bench.unhealthy(|name| name == "db2");
    let ran = bench.run(&[("db", &db("2")), ("app", &app("2"))]);
    assert_eq!(ran.exit, Exit::RolledBack);
    assert_eq!((bench.read("/etc/db").as_str(), bench.read("/etc/app").as_str()), ("1", "1"));
    assert!(ran.said("held back, since it needs db"), "{:?}", ran.events);

    // With db3 the app fails by itself; db4 may be what it was waiting for.
    bench.unhealthy(|name| name == "app");
    bench.run(&[("db", &db("3")), ("app", &app("2"))]);
    let read = |bench: &Bench| (bench.read("/etc/db"), bench.read("/etc/app"));
    assert_eq!(read(&bench), ("3".into(), "1".into()));
    bench.unhealthy(|_| false);
    bench.run(&[("db", &db("3")), ("app", &app("2"))]);
    assert_eq!(read(&bench).1, "1");
    bench.run(&[("db", &db("4")), ("app", &app("2"))]);
    bench.clock.now.set(bench.clock.now.get() + 400);
    bench.run(&[("db", &db("4")), ("app", &app("2"))]);
    assert_eq!(read(&bench), ("4".into(), "2".into()));
}

#[test]
fn a_failing_repair_goes_back_to_the_edited_file_and_waits() {
    let bench = Bench::new();
    bench.run(&[("api", &api("good"))]);
    std::fs::write(bench.at("/etc/api/config.yaml"), "edited").unwrap();
    bench.fail_commands("restart");
    assert_eq!(bench.run(&[("api", &api("good"))]).exit, Exit::RolledBack);
    assert_eq!(bench.read("/etc/api/config.yaml"), "edited");
    bench.fail_commands("nothing");
    bench.clock.now.set(bench.clock.now.get() + 400);
    bench.run(&[("api", &api("good"))]);
    assert_eq!(bench.read("/etc/api/config.yaml"), "good");
}

#[test]
fn health_is_watched_and_answered_with_three_restarts_an_hour_then_an_alarm() {
    let bench = Bench::new();
    bench.run(&[("api", &api("good"))]);
    bench.log();
    bench.unhealthy(|_| true);
    let mut exits = Vec::new();
    for _ in 0..12 {
        exits.push(bench.run(&[("api", &api("good"))]).exit);
        bench.clock.now.set(bench.clock.now.get() + 60);
    }
    assert_eq!(bench.log().len(), 3);
    assert_eq!(exits[10], Exit::Done);
    assert_eq!(exits[11], Exit::Failed);
    bench.unhealthy(|_| false);
    let ran = bench.run(&[("api", &api("good"))]);
    assert!(ran.said("healthy again"), "{:?}", ran.events);
}
