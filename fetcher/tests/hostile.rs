//! Hostile bundles, links and neighbours.

use crate::bench::{Bench, Made, digest, name};
use cmc_fetch::Exit;
use cmc_fetch::cache::Cache;
use std::os::unix::fs::PermissionsExt;

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
    let bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(bench.at("/srv")).unwrap();
    std::fs::set_permissions(bench.at("/srv"), PermissionsExt::from_mode(0o777)).unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.at("/srv/app")).unwrap();
    let ran = bench.run(&[("a", &Made::default().file("/srv/app/x", "x"))]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.said("parent-link"), "{:?}", ran.events);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn an_absolute_link_in_a_parent_leads_beneath_the_root_and_a_dotted_one_never_above_it() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.at("/usr/bin")).unwrap();
    std::os::unix::fs::symlink("/usr/bin", bench.at("/bin")).unwrap();
    std::os::unix::fs::symlink("../../../../usr/bin", bench.at("/up")).unwrap();
    let made = Made::default().file("/bin/tool", "x").file("/up/other", "y");
    let ran = bench.run(&[("a", &made)]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!((bench.read("/usr/bin/tool").as_str(), bench.read("/usr/bin/other").as_str()), ("x", "y"));
}

#[test]
fn a_link_at_the_end_of_a_path_is_replaced_and_comes_back() {
    let bench = Bench::new();
    bench.write("/target", "untouched");
    std::fs::create_dir(bench.at("/etc")).unwrap();
    std::os::unix::fs::symlink("/target", bench.at("/etc/a")).unwrap();
    let before = bench.tree();
    bench.run(&[("a", &Made::default().file("/etc/a", "ours"))]);
    assert_eq!(bench.read("/etc/a"), "ours");
    assert_eq!(bench.read("/target"), "untouched");
    bench.run(&[]);
    assert_eq!(bench.tree(), before);
}

#[test]
fn a_directory_or_pipe_in_the_way_is_refused_and_nothing_else_of_the_service_changes() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.at("/etc/a")).unwrap();
    let ran = bench.run(&[("a", &Made::default().file("/etc/a", "x").file("/etc/b", "x"))]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.said("directory-in-the-way"), "{:?}", ran.events);
    assert!(!bench.at("/etc/b").exists());
    std::os::unix::net::UnixListener::bind(bench.at("/etc/s")).unwrap();
    assert!(bench.run(&[("s", &Made::default().file("/etc/s", "x"))]).said("special-file-in-the-way"));
}

#[test]
fn two_paths_that_are_one_file_are_refused() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.at("/usr/bin")).unwrap();
    std::os::unix::fs::symlink("/usr/bin", bench.at("/bin")).unwrap();
    let made = Made::default().file("/bin/tool", "x").file("/usr/bin/tool", "y");
    assert!(bench.run(&[("a", &made)]).said("one-file-two-paths"));
}

#[test]
fn two_services_that_claim_one_path_change_nothing() {
    let bench = Bench::new();
    let (a, b) = (Made::default().file("/etc/x", "a"), Made::default().file("/etc/x", "b"));
    let ran = bench.run(&[("a", &a), ("b", &b)]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.said("path-claimed-twice"), "{:?}", ran.events);
    assert!(!bench.at("/etc/x").exists());
}
