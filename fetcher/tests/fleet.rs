//! Whole runs against a published store in a directory.

use crate::machine::{FakeRunner, clock_at, name};
use crate::world::{Lying, World, file, hash, large, pattern, service};
use cmc_bundles::store::DirStore;
use cmc_fetch::Exit;
use cmc_fetch::config::{Config, Drift};
use cmc_fetch::lock::Lock;
use cmc_fetch::run;
use cmc_fetch::setup::Setup;
use cmc_fetch::{decide, plan, state::State, verify};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_fresh_host_installs_a_release_and_a_quiet_run_is_one_request() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "hi\n"), large("/opt/tool", 9 << 20)])]);
    let outcome = world.run();
    assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
    assert!(outcome.converged && outcome.news);
    assert_eq!(world.read("etc/motd"), "hi\n");
    assert_eq!(hash(&std::fs::read(world.root().join("opt/tool")).unwrap()), hash(&pattern(9 << 20)));
    let lying = Lying::honest(&world.store);
    let outcome = world.run_from(&lying);
    assert_eq!((outcome.exit, outcome.news, outcome.events.0.len()), (Exit::Done, false, 0), "{outcome:?}");
    assert_eq!(
        lying.reads(),
        [("channels/main.json".to_owned(), 0, 0)],
        "one request, and the answer is 304"
    );
    let metrics = std::fs::read_to_string(world.dir.path().join("cmc.prom")).unwrap();
    assert!(metrics.contains("cmc_service_ok{service=\"base\"} 1"), "{metrics}");
}

#[test]
fn an_update_a_failure_and_a_retired_host() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    *world.runner.healthy.borrow_mut() = Box::new(|_| false);
    world.publish(vec![service("base", vec![file("/etc/motd", "2\n")])]);
    // The old bundle fails in the same way, so nothing is quarantined.
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::RolledBack, false), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    *world.runner.healthy.borrow_mut() = Box::new(|_| true);
    world.wait(600);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
    world.publish(vec![]);
    assert_eq!(world.run().exit, Exit::Done);
    assert!(world.installed().is_empty());
    assert!(!world.root().join("etc/motd").exists());
}

#[test]
fn a_host_that_the_release_does_not_list_changes_nothing() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    world.publish_hosts(&[world.plan("web2", vec![])]);
    let outcome = world.run();
    assert_eq!(outcome.exit, Exit::Failed, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    assert_eq!(world.installed(), ["base"]);
}

#[test]
fn plan_changes_nothing_and_says_what_run_then_does() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let plan = world.with(Some(&world.store), &world.config(), |setup| plan::plan(setup).unwrap());
    assert_eq!(plan.groups.len(), 1);
    assert_eq!(plan.groups[0].files[0].path, "/etc/motd");
    assert_eq!(plan.groups[0].commands, [["restart", "base"]]);
    assert!(!world.root().join("etc").exists());
    assert_eq!(world.run().exit, Exit::Done);
    let plan = world.with(Some(&world.store), &world.config(), |setup| plan::plan(setup).unwrap());
    assert!(plan.groups.is_empty());
}

#[test]
fn freeze_rollback_redo_and_verify_work_without_the_store() {
    let world = World::new();
    let config = world.config();
    let base = name("base");
    for text in ["1\n", "2\n"] {
        world.publish(vec![service("base", vec![file("/etc/motd", text)])]);
        assert_eq!(world.run().exit, Exit::Done);
    }
    let offline = |what: &dyn Fn(&Setup<'_>)| {
        world.with(None, &config, |setup| {
            what(setup);
            run::run(setup).unwrap()
        })
    };
    let outcome = offline(&|setup| drop(decide::rollback(setup, &base, "test").unwrap()));
    assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    world.run();
    assert_eq!(world.read("etc/motd"), "1\n");
    offline(&|setup| drop(decide::redo(setup, &base).unwrap()));
    world.run();
    assert_eq!(world.read("etc/motd"), "2\n");

    world.with(None, &config, |setup| decide::freeze(setup, &base, "test").unwrap());
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    world.publish(vec![service("base", vec![file("/etc/motd", "3\n")])]);
    world.run();
    assert_eq!(world.read("etc/motd"), "edited");
    let verified = world.with(None, &config, |setup| verify::verify(setup).unwrap());
    assert_eq!(verified.drifted.len(), 1);
    world.with(None, &config, |setup| decide::unfreeze(setup, &base).unwrap());
    world.run();
    assert_eq!(world.read("etc/motd"), "3\n");
    assert!(world.with(None, &config, |setup| verify::verify(setup).unwrap()).drifted.is_empty());
}

#[test]
fn another_rollback_goes_further_back_or_is_refused_and_never_forward() {
    let world = World::new();
    let (config, base) = (world.config(), name("base"));
    let publish = |text: &str| {
        world.publish(vec![service("base", vec![file("/etc/motd", text)])]);
        assert_eq!(world.run().exit, Exit::Done);
    };
    let rollback = || {
        world.with(None, &config, |setup| {
            decide::rollback(setup, &base, "test").and_then(|_| decide::carry_out(setup))
        })
    };
    let refused = |text: &str| {
        let error = rollback().unwrap_err().to_string();
        assert!(error.contains("no earlier bundle") && error.contains(text), "{error}");
    };
    publish("1\n");
    refused("correct the definitions and publish");
    publish("2\n");
    publish("bad\n");
    for text in ["2\n", "1\n"] {
        assert_eq!(rollback().unwrap().exit, Exit::Done);
        assert_eq!(world.read("etc/motd"), text);
    }
    for _ in 0..2 {
        refused("`cmc-fetch redo base` installs what the release wants");
        world.run();
        assert_eq!(world.read("etc/motd"), "1\n");
    }
    // What was rolled back is none to go back to later either.
    publish("4\n");
    assert_eq!(world.read("etc/motd"), "1\n");
    refused("redo");
    world.with(None, &config, |setup| decide::unfreeze(setup, &base).unwrap());
    world.run();
    assert_eq!(world.read("etc/motd"), "4\n");
    assert_eq!(rollback().unwrap().exit, Exit::Done);
    assert_eq!(world.read("etc/motd"), "1\n");
}

#[test]
fn plan_leaves_edits_of_a_frozen_service_as_run_does() {
    let world = World::new();
    let (config, base) = (world.config(), name("base"));
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    let plan = || world.with(Some(&world.store), &config, |setup| plan::plan(setup).unwrap());
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    assert_eq!(plan().groups[0].services[0].what, "repair");
    world.with(None, &config, |setup| decide::freeze(setup, &base, "test").unwrap());
    let planned = plan();
    assert!(planned.groups.is_empty(), "{planned:?}");
    assert!(planned.events.0.iter().any(|e| e.text == "was edited; it is left as it is"), "{planned:?}");
    world.run();
    assert_eq!(world.read("etc/motd"), "edited");
}

#[test]
fn a_run_that_changes_files_alone_says_so_once_and_status_does() {
    let world = World::new();
    let text = world.config_text().replace("actions = \"run\"\n", "");
    let config = Config::parse(&text, world.dir.path()).unwrap();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let said = |config: &Config| {
        let outcome = world.with(Some(&world.store), config, |setup| run::run(setup).unwrap());
        assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
        let about = |e: &&cmc_fetch::event::Event| e.text.contains("are not run under this root: only files");
        outcome.events.0.iter().filter(about).count()
    };
    let status = |config: &Config| {
        let status =
            cmc_fetch::status::read(config, &world.root(), world.now.load(Ordering::Relaxed)).unwrap();
        cmc_fetch::status::text(&status)
    };
    let note = "`good` says that the files are installed";
    assert_eq!(said(&config), 1);
    assert!(status(&config).contains(note), "{}", status(&config));
    assert_eq!(said(&config), 0);
    world.publish(vec![service("base", vec![file("/etc/motd", "2\n")])]);
    assert_eq!(said(&world.config()), 0);
    assert!(!status(&world.config()).contains(note));
}

#[test]
fn drift_that_is_only_reported_is_left_and_said_once() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    let mut config = world.config();
    config.drift = Drift::Report;
    let run = || world.with(Some(&world.store), &config, |setup| run::run(setup).unwrap());
    let outcome = run();
    assert!(
        outcome.news && outcome.events.0.iter().any(|event| event.text.contains("was edited")),
        "{outcome:?}"
    );
    assert_eq!(world.read("etc/motd"), "edited");
    run();
    assert!(!run().news);
}

#[test]
fn twenty_runs_at_once_install_once() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let (config, root) = (world.config(), world.root());
    let store = DirStore::new(world.dir.path().join("store"));
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let clock = cmc_fetch::clock::SystemClock::default();
                let runner = FakeRunner::default();
                let mut setup = Setup::new(&config, &root, Some(&store), &clock);
                setup.runner = Some(&runner);
                setup.patience = Duration::from_secs(100);
                let outcome = run::run(&setup).unwrap();
                // The wall clock is before the test's, so only what happened counts here.
                done.fetch_add(runner.log.borrow().len(), Ordering::Relaxed);
                assert!(matches!(outcome.exit, Exit::Done | Exit::Trust), "{outcome:?}");
            });
        }
    });
    assert!(done.load(Ordering::Relaxed) <= 1);
}

#[test]
fn a_run_that_finds_another_at_work_says_so_and_fails_but_not_when_cron_started_it() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let dir = State::prepare(&world.root()).unwrap();
    let clock = clock_at(0);
    let _held = Lock::take(&dir, &clock, Duration::ZERO).unwrap().unwrap();
    let (config, root) = (world.config(), world.root());
    let mut setup = Setup::new(&config, &root, Some(&world.store), &clock);
    setup.runner = Some(&world.runner);
    let outcome = run::run(&setup).unwrap();
    assert_eq!((outcome.exit, outcome.news), (Exit::Failed, true));
    assert!(outcome.errors[0].contains("another run is at work"), "{outcome:?}");
    assert!(setup.clock.ticks() >= Duration::from_secs(60), "it waited");
    setup.patience = Duration::ZERO;
    let outcome = run::run(&setup).unwrap();
    assert_eq!((outcome.exit, outcome.news, outcome.errors.len()), (Exit::Done, false, 0));
    assert!(world.installed().is_empty());
}
