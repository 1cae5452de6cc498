//! Runs that are killed before any of their durable steps: the next run ends in the old or the new state, whole.

use crate::machine::{Machine, Made, name};
use cmc_fetch::Exit;
use cmc_types::check::Trigger;

fn api(version: &str) -> Made {
    Made::default()
        .file("/etc/systemd/system/api.service", "[Unit]")
        .file("/etc/api/a.conf", version)
        .file(&format!("/etc/api/deep/{version}/b.conf"), version)
        .link("/etc/api/current", version)
        .block("/etc/login.conf", "api", version)
        .daemon("/etc/systemd/system/api.service")
        .check(version, None)
}

fn no_temporaries(machine: &Machine) {
    let left: Vec<_> = machine.tree().into_keys().filter(|path| path.contains(".cmc-")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!machine.at("/var/lib/cmc/journal.json").exists());
}

fn prepared() -> Machine {
    let machine = Machine::new();
    machine.write("/etc/login.conf", "default:\n");
    machine.write("/etc/api/a.conf", "mine");
    machine.run(&[("api", &api("old"))]);
    machine
}

#[test]
fn an_update_that_is_killed_before_any_step_is_finished_by_the_next_run() {
    let expected = {
        let machine = prepared();
        machine.run(&[("api", &api("new"))]);
        machine.tree()
    };
    let mut kills = 0;
    for step in 1.. {
        let machine = prepared();
        if !machine.run_killed(&[("api", &api("new"))], step) {
            break;
        }
        kills += 1;
        machine.run(&[("api", &api("new"))]);
        // An interruption while files were put in place is undone first; the same run then installs again.
        assert_eq!(machine.tree(), expected, "killed before step {step}");
        no_temporaries(&machine);
        assert!(machine.run(&[("api", &api("new"))]).converged, "killed before step {step}");
    }
    assert!(kills > 20, "{kills}");
}

#[test]
fn a_failing_update_that_is_killed_before_any_step_ends_as_the_old_state() {
    let before = prepared().tree();
    let mut kills = 0;
    for step in 1.. {
        let machine = prepared();
        machine.unhealthy(|name| name == "bad");
        if !machine.run_killed(&[("api", &api("bad"))], step) {
            break;
        }
        kills += 1;
        for _ in 0..2 {
            machine.run(&[("api", &api("bad"))]);
        }
        assert_eq!(machine.tree(), before, "killed before step {step}");
        no_temporaries(&machine);
        assert_eq!(machine.run(&[("api", &api("bad"))]).exit, Exit::Done, "killed before step {step}");
    }
    assert!(kills > 30, "{kills}");
}

#[test]
fn a_command_that_failed_is_not_forgotten_when_the_run_is_killed_after_it() {
    let before = prepared().tree();
    for step in 1.. {
        let machine = prepared();
        machine.fail_commands("restart");
        let killed = machine.run_killed(&[("api", &api("bad"))], step);
        let ran = machine.run(&[("api", &api("bad"))]);
        machine.run(&[("api", &api("bad"))]);
        assert_eq!(machine.tree(), before, "killed before step {step}: {:?}", ran.events);
        assert_eq!(machine.state().services[&name("api")].quarantined.len(), 1, "killed before step {step}");
        no_temporaries(&machine);
        if !killed {
            assert!(step > 20, "{step}");
            break;
        }
    }
}

#[test]
fn a_removal_that_is_killed_before_any_step_is_finished_by_the_next_run() {
    for step in 1.. {
        let machine = prepared();
        if !machine.run_killed(&[], step) {
            assert!(step > 10, "{step}");
            break;
        }
        assert_eq!(machine.run(&[]).exit.and(Exit::RolledBack), Exit::RolledBack);
        machine.run(&[]);
        assert_eq!(machine.read("/etc/api/a.conf"), "mine", "killed before step {step}");
        assert_eq!(machine.read("/etc/login.conf"), "default:\n", "killed before step {step}");
        assert!(!machine.at("/etc/api/deep").exists(), "killed before step {step}");
        no_temporaries(&machine);
    }
}

#[test]
fn a_run_that_is_killed_and_whose_recovery_is_killed_too_ends_whole() {
    let expected = {
        let machine = prepared();
        machine.run(&[("api", &api("new"))]);
        machine.tree()
    };
    for step in (1..40).step_by(5) {
        for again in (1..20).step_by(6) {
            let machine = prepared();
            if machine.run_killed(&[("api", &api("new"))], step) {
                machine.run_killed(&[("api", &api("new"))], again);
            }
            machine.run(&[("api", &api("new"))]);
            assert_eq!(machine.tree(), expected, "killed before step {step}, then {again}");
            no_temporaries(&machine);
        }
    }
}

#[test]
fn a_command_that_may_run_only_once_is_never_begun_twice() {
    let made = Made::default().file("/etc/a", "a").action(Trigger::Changed, &[], "migrate").once();
    for step in 1.. {
        let machine = Machine::new();
        if !machine.run_killed(&[("a", &made)], step) {
            break;
        }
        machine.run(&[("a", &made)]);
        machine.run(&[("a", &made)]);
        let begun = machine.log().iter().filter(|line| *line == "migrate").count();
        assert!(begun <= 1, "killed before step {step}: {begun}");
    }
}
