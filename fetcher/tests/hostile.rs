//! Hostile bundles, links and neighbours.

use crate::machine::{Machine, Made, digest, name};
use cmc_fetch::Exit;
use cmc_fetch::cache::Cache;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn refused(made: &Made) -> String {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    let tar = made.tar("api");
    cache.begin(&digest(&tar), &name("api"), &tar).unwrap_err().to_string()
}

#[test]
fn bundles_that_claim_the_fetchers_own_files_or_a_path_twice_are_refused() {
    for path in
        ["/var/lib/cmc/state.json", "/var/lib/cmc", "/var", "/etc/cmc/fetch.toml", "/etc/cmc/identity"]
    {
        assert!(refused(&Made::default().file(path, "x")).contains("belongs to the fetcher"), "{path}");
    }
    assert!(refused(&Made::default().link("/var/lib", "/tmp")).contains("belongs to the fetcher"));
    assert!(refused(&Made::default().file("/etc/.cmc-1-0.new", "x")).contains("temporary"));
    assert!(refused(&Made::default().file("/a", "x").file("/a/b", "x")).contains("claimed twice"));
    let tar = Made::default().file("/a", "x").tar("other");
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    assert!(cache.begin(&digest(&tar), &name("api"), &tar).unwrap_err().to_string().contains("one of other"));
}

#[test]
fn a_link_in_a_world_writable_parent_is_not_followed() {
    let machine = Machine::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(machine.at("/srv")).unwrap();
    std::fs::set_permissions(machine.at("/srv"), PermissionsExt::from_mode(0o777)).unwrap();
    std::os::unix::fs::symlink(outside.path(), machine.at("/srv/app")).unwrap();
    let ran = machine.run(&[("a", &Made::default().file("/srv/app/x", "x"))]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.said("parent-link"), "{:?}", ran.events);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn an_absolute_link_in_a_parent_leads_beneath_the_root_and_a_dotted_one_never_above_it() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.at("/usr/bin")).unwrap();
    std::os::unix::fs::symlink("/usr/bin", machine.at("/bin")).unwrap();
    std::os::unix::fs::symlink("../../../../usr/bin", machine.at("/up")).unwrap();
    let made = Made::default().file("/bin/tool", "x").file("/up/other", "y");
    let ran = machine.run(&[("a", &made)]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!((machine.read("/usr/bin/tool").as_str(), machine.read("/usr/bin/other").as_str()), ("x", "y"));
}

#[test]
fn a_link_at_the_end_of_a_path_is_replaced_and_comes_back() {
    let machine = Machine::new();
    machine.write("/target", "untouched");
    std::fs::create_dir(machine.at("/etc")).unwrap();
    std::os::unix::fs::symlink("/target", machine.at("/etc/a")).unwrap();
    let before = machine.tree();
    machine.run(&[("a", &Made::default().file("/etc/a", "ours"))]);
    assert_eq!(machine.read("/etc/a"), "ours");
    assert_eq!(machine.read("/target"), "untouched");
    machine.run(&[]);
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_directory_or_pipe_in_the_way_is_refused_and_nothing_else_of_the_service_changes() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.at("/etc/a")).unwrap();
    let ran = machine.run(&[("a", &Made::default().file("/etc/a", "x").file("/etc/b", "x"))]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.said("directory-in-the-way"), "{:?}", ran.events);
    assert!(!machine.at("/etc/b").exists());
    std::os::unix::net::UnixListener::bind(machine.at("/etc/s")).unwrap();
    assert!(machine.run(&[("s", &Made::default().file("/etc/s", "x"))]).said("special-file-in-the-way"));
}

#[test]
fn two_paths_that_are_one_file_are_refused() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.at("/usr/bin")).unwrap();
    std::os::unix::fs::symlink("/usr/bin", machine.at("/bin")).unwrap();
    let made = Made::default().file("/bin/tool", "x").file("/usr/bin/tool", "y");
    assert!(machine.run(&[("a", &made)]).said("one-file-two-paths"));
}

#[test]
fn two_services_that_claim_one_path_change_nothing() {
    let machine = Machine::new();
    let (a, b) = (Made::default().file("/etc/x", "a"), Made::default().file("/etc/x", "b"));
    let ran = machine.run(&[("a", &a), ("b", &b)]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.said("path-claimed-twice"), "{:?}", ran.events);
    assert!(!machine.at("/etc/x").exists());
}

#[test]
fn a_racer_that_swaps_a_parent_for_a_link_outside_never_gets_a_file_out_in_a_thousand_installs() {
    let machine = Machine::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(machine.at("/srv/app")).unwrap();
    std::fs::set_permissions(machine.at("/srv"), PermissionsExt::from_mode(0o777)).unwrap();
    let (here, aside) = (machine.at("/srv/app"), machine.at("/srv/aside"));
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let swaps = std::sync::Arc::new(AtomicU64::new(0));
    let racer = {
        let (stop, swaps, target) = (stop.clone(), swaps.clone(), outside.path().to_owned());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let _ = std::fs::rename(&here, &aside);
                let _ = std::os::unix::fs::symlink(&target, &here);
                std::thread::yield_now();
                let _ = std::fs::remove_file(&here);
                let _ = std::fs::rename(&aside, &here);
                let swaps = swaps.fetch_add(1, Ordering::Relaxed) + 1;
                // Often enough in every phase of an install, but not in all of them.
                std::thread::sleep(std::time::Duration::from_micros(swaps * 977 % 20_000));
            }
        })
    };
    let made = |n: usize| {
        Made::default()
            .file("/srv/app/x", &format!("{n}"))
            .file(&format!("/srv/app/deep/{}", n % 3), "y")
            .check(if n.is_multiple_of(5) { "bad" } else { "good" }, None)
    };
    machine.unhealthy(|name| name == "bad");
    let (mut done, mut refused) = (0, 0);
    let start = std::time::Instant::now();
    // A thousand, and on until the race was won by each at least once.
    for n in 0.. {
        let both = done > 0 && refused > 0 && swaps.load(Ordering::Relaxed) > 100;
        if n >= 1000 && (both || start.elapsed().as_secs() > 180) {
            break;
        }
        // With the directory gone between two steps the run as a whole may fail; what counts is where files end.
        match machine.try_run(&[("a", &made(n))]) {
            Ok(ran) if ran.exit == Exit::Done => done += 1,
            _ => refused += 1,
        }
        let escaped: Vec<_> =
            std::fs::read_dir(outside.path()).unwrap().flatten().map(|e| e.path()).collect();
        assert!(escaped.is_empty(), "install {n}: {escaped:?}");
    }
    stop.store(true, Ordering::Relaxed);
    racer.join().unwrap();
    let swaps = swaps.load(Ordering::Relaxed);
    assert!(done > 0 && refused > 0 && swaps > 100, "{done} done, {refused} refused, {swaps} swaps");
    // Left alone, the next runs bring the service in.
    for _ in 0..2 {
        machine.run(&[("a", &made(1))]);
    }
    assert_eq!(machine.read("/srv/app/x"), "1");
}

#[test]
fn a_parent_that_became_a_hostile_link_while_a_run_was_interrupted_does_not_hold_up_recovery() {
    let machine = Machine::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(machine.at("/srv/app")).unwrap();
    std::fs::set_permissions(machine.at("/srv"), PermissionsExt::from_mode(0o777)).unwrap();
    let made = |text| Made::default().file("/etc/ours", text).file("/srv/app/x", text);
    machine.run(&[("a", &made("one"))]);
    for step in 1.. {
        if !machine.run_killed(&[("a", &made("two"))], step) {
            assert!(step > 5, "{step}");
            break;
        }
        std::fs::rename(machine.at("/srv/app"), machine.at("/srv/aside")).unwrap();
        std::os::unix::fs::symlink(outside.path(), machine.at("/srv/app")).unwrap();
        let ran = machine.run(&[("a", &made("two")), ("b", &Made::default().file("/etc/b", "b"))]);
        assert_eq!(machine.read("/etc/b"), "b", "killed before step {step}: {:?}", ran.events);
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        std::fs::remove_file(machine.at("/srv/app")).unwrap();
        std::fs::rename(machine.at("/srv/aside"), machine.at("/srv/app")).unwrap();
        for _ in 0..2 {
            machine.run(&[("a", &made("one"))]);
        }
        assert_eq!(machine.read("/srv/app/x"), "one", "killed before step {step}");
        assert_eq!(machine.read("/etc/ours"), "one", "killed before step {step}");
    }
}

#[test]
fn an_edit_between_staging_and_commit_is_saved_and_said() {
    let machine = Machine::new();
    machine.run(&[("a", &Made::default().file("/etc/a", "one"))]);
    let path = machine.at("/etc/a");
    *machine.at_step.borrow_mut() = Box::new(move |step| {
        if step == "commit" {
            std::fs::write(&path, "by hand, just now").unwrap();
        }
    });
    let ran = machine.run(&[("a", &Made::default().file("/etc/a", "two"))]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert!(ran.said("changed meanwhile; a copy is kept in"), "{:?}", ran.events);
    assert_eq!(machine.read("/etc/a"), "two");
    let saved = std::fs::read_dir(machine.at("/var/lib/cmc/originals")).unwrap().flatten();
    let saved: Vec<String> = saved.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
    assert!(saved.iter().any(|text| text == "by hand, just now"), "{saved:?}");
}
