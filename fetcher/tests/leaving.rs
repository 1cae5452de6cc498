//! What leaves a host: files of a service that stays, a bundle that is taken back, directories, services that failed.

use crate::machine::{Machine, Made, name};
use cmc_fetch::Exit;
use cmc_fetch::state::Condition;
use cmc_types::check::Trigger;

/// A unit that was on the host before, with the files that it reads.
fn nginx(files: &[(&str, &str)]) -> Made {
    let mut made = Made::default();
    for (path, text) in files {
        made = made.file(path, text).action(Trigger::Written, &[path], &format!("look-at {path}"));
    }
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    made.action(Trigger::Changed, &paths, "restart nginx")
        .action(Trigger::Enable, &[], "start nginx")
        .action(Trigger::Leaving, &[], "disable nginx")
        .check("nginx", None)
}

#[test]
fn a_service_is_restarted_when_one_of_its_files_leaves() {
    let machine = Machine::new();
    machine.run(&[("web", &nginx(&[("/etc/nginx/a.conf", "a"), ("/etc/nginx/b.conf", "b")]))]);
    machine.log();
    assert_eq!(machine.run(&[("web", &nginx(&[("/etc/nginx/a.conf", "a")]))]).exit, Exit::Done);
    assert!(!machine.at("/etc/nginx/b.conf").exists());
    assert_eq!(machine.log(), ["restart nginx"]);
    let none = Made::default().action(Trigger::Enable, &[], "start nginx").action(
        Trigger::Leaving,
        &[],
        "disable nginx",
    );
    assert_eq!(machine.run(&[("web", &none)]).exit, Exit::Done);
    assert_eq!(machine.log(), ["restart nginx"], "the last file that it read");
}

#[test]
fn an_update_that_is_undone_makes_the_service_forget_its_new_files() {
    let machine = Machine::new();
    machine.run(&[("web", &nginx(&[("/etc/nginx/a.conf", "a")]))]);
    machine.log();
    let root = machine.root.clone();
    machine.unhealthy(move |_| root.join("etc/nginx/b.conf").exists());
    let ran = machine.run(&[("web", &nginx(&[("/etc/nginx/a.conf", "a"), ("/etc/nginx/b.conf", "b")]))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert_eq!(machine.log(), ["look-at /etc/nginx/b.conf", "restart nginx", "restart nginx"]);
    assert_eq!(machine.condition("web"), Condition::Good);
}

#[test]
fn a_first_install_that_is_undone_leaves_the_unit_that_was_there_running_with_its_own_files() {
    let machine = Machine::new();
    machine.write("/etc/nginx/a.conf", "mine");
    let before = machine.tree();
    machine.unhealthy(|_| true);
    let ran = machine.run(&[("web", &nginx(&[("/etc/nginx/a.conf", "a"), ("/etc/nginx/b.conf", "b")]))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert_eq!(machine.tree(), before);
    assert_eq!(machine.log().last().unwrap(), "restart nginx");
}

#[test]
fn a_first_install_that_failed_is_forgotten_when_the_service_leaves_the_fleet() {
    let world = crate::world::World::new();
    let file = || vec![crate::world::file("/etc/motd", "1\n")];
    let mut bad = crate::world::service("bad", vec![crate::world::file("/etc/bad", "1\n")]);
    bad.actions[0].argv = vec!["fails".into()];
    *world.runner.command.borrow_mut() = Box::new(|line| line != "fails");
    let mut base = crate::world::service("base", file());
    (base.actions, base.checks) = (Vec::new(), Vec::new());
    bad.checks.clear();
    world.publish(vec![base.clone(), bad]);
    assert_eq!(world.run().exit, Exit::RolledBack);
    world.publish(vec![base]);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    let status = cmc_fetch::status::read(&world.config(), &world.root(), crate::world::START).unwrap();
    assert!(status.ok() && !status.services.contains_key(&name("bad")), "{status:?}");
}

#[test]
fn a_directory_that_somebody_made_after_ours_was_removed_stays() {
    let machine = Machine::new();
    let app = |files: &[&str]| files.iter().fold(Made::default(), |made, path| made.file(path, "x"));
    machine.run(&[("app", &app(&["/srv/app/x", "/etc/app"]))]);
    machine.run(&[("app", &app(&["/etc/app"]))]);
    assert!(!machine.at("/srv/app").exists());
    std::fs::create_dir_all(machine.at("/srv/app")).unwrap();
    machine.run(&[("app", &app(&["/srv/app/x", "/etc/app"]))]);
    machine.run(&[("app", &app(&["/etc/app"]))]);
    assert!(machine.at("/srv/app").is_dir() && !machine.at("/srv/app/x").exists());
}
