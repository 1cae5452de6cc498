//! What a host keeps of its bundles is verified when it is read, fetched again when it is damaged, and not needed to
//! know what is installed.

use crate::machine::{Machine, Made, digest, name};
use crate::world::{World, file, large, service};
use cmc_fetch::Exit;
use cmc_fetch::cache::Cache;
use cmc_fetch::verify;
use std::path::{Path, PathBuf};

/// The only file of this name in the cache.
fn cached(world: &World, under: &str, name: impl Fn(&str) -> bool) -> PathBuf {
    let bundles = world.root().join("var/lib/cmc/bundles");
    let found = std::fs::read_dir(bundles).unwrap().flatten().flat_map(|bundle| {
        let entries = std::fs::read_dir(bundle.path().join(under)).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    });
    let found: Vec<_> =
        found.filter(|path| path.is_file() && name(path.file_name().unwrap().to_str().unwrap())).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn lose_the_cache(world: &World) {
    std::fs::remove_dir_all(world.root().join("var/lib/cmc/bundles")).unwrap();
}

#[test]
fn drift_is_repaired_in_the_same_run_although_the_bundle_on_the_host_is_damaged() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n"), large("/opt/tool", 2 << 20)])]);
    world.run();
    let damages = [cached(&world, "", |name| name == "bundle.tar"), cached(&world, "files", |_| true)];
    for path in damages {
        damage(&path);
        let verified = world.with(None, &world.config(), |setup| verify::verify(setup).unwrap());
        assert!(verified.damaged.contains(&name("base")) && verified.drifted.is_empty());
        assert_eq!(world.run().exit, Exit::Done);
        damage(&path);
        std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
        let outcome = world.run();
        assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
        assert_eq!(world.read("etc/motd"), "1\n");
        assert!(outcome.events.0.iter().any(|event| event.text.contains("was damaged")), "{outcome:?}");
        let verified = world.with(None, &world.config(), |setup| verify::verify(setup).unwrap());
        assert!(verified.clean(), "{verified:?}");
    }
}

#[test]
fn a_damaged_large_file_is_not_taken_over_by_the_next_bundle() {
    let world = World::new();
    world.publish(vec![service("base", vec![large("/opt/tool", 2 << 20)])]);
    world.run();
    damage(&cached(&world, "files", |_| true));
    world.publish(vec![service("base", vec![file("/etc/motd", "2\n"), large("/opt/tool", 2 << 20)])]);
    assert_eq!(world.run().exit, Exit::Done);
    let verified = world.with(None, &world.config(), |setup| verify::verify(setup).unwrap());
    assert!(verified.clean(), "{verified:?}");
}

#[test]
fn a_removal_and_a_dropped_file_are_carried_out_although_all_bundles_on_the_host_are_lost() {
    let world = World::new();
    let other = || service("other", vec![file("/etc/other", "1\n")]);
    world
        .publish(vec![service("base", vec![file("/etc/motd", "1\n"), file("/etc/dropped", "1\n")]), other()]);
    world.run();
    lose_the_cache(&world);
    world.publish(vec![service("base", vec![file("/etc/motd", "2\n")])]);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
    assert!(!world.root().join("etc/dropped").exists() && !world.root().join("etc/other").exists());
    assert_eq!(world.installed(), ["base"]);
}

#[test]
fn lost_bundles_are_fetched_again_by_a_quiet_run() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    lose_the_cache(&world);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged, outcome.news), (Exit::Done, true, false), "{outcome:?}");
    cached(&world, "", |name| name == "bundle.tar");
}

#[test]
fn a_service_of_which_nothing_is_known_any_more_is_not_said_to_be_removed() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    lose_the_cache(&world);
    std::fs::remove_dir_all(world.root().join("var/lib/cmc/installed")).unwrap();
    world.publish(vec![]);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::Failed, false), "{outcome:?}");
    assert_eq!((world.read("etc/motd").as_str(), world.installed()), ("1\n", vec!["base".to_owned()]));
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    assert_eq!(world.run().exit, Exit::Done);
    world.publish(vec![]);
    assert_eq!(world.run().exit, Exit::Done);
    assert!(!world.root().join("etc/motd").exists());
}

#[test]
fn a_damaged_record_of_what_is_installed_is_made_again_from_the_bundle() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    let record = world.root().join("var/lib/cmc/installed/base.json");
    let before = std::fs::read(&record).unwrap();
    std::fs::write(&record, String::from_utf8_lossy(&before).replace("/etc/motd", "/etc/mote")).unwrap();
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    assert_eq!(world.run().exit, Exit::Done);
    assert_eq!((world.read("etc/motd").as_str(), std::fs::read(&record).unwrap()), ("1\n", before));
}

#[test]
fn a_bundle_of_many_files_is_opened_and_verified_once() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    let made = (0..50).fold(Made::default(), |made, i| made.file(&format!("/etc/f{i}"), &format!("{i}")));
    let tar = made.tar("many");
    let b3 = digest(&tar);
    cache.begin(&b3, &name("many"), &tar).unwrap().finish().unwrap();
    let json = cache.bundle(&b3).unwrap();
    std::fs::rename(dir.path().join(format!("bundles/{b3}/bundle.tar")), dir.path().join("away")).unwrap();
    for entry in &json.files {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut cache.content(&b3, entry).unwrap(), &mut content).unwrap();
        assert_eq!(digest(&content), entry.b3.unwrap());
    }
    assert_eq!(Machine::new().run(&[("many", &made)]).exit, Exit::Done);
}
