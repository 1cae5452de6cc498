//! The main job through the real binaries: from `cmc init` to verified files in a host's root.

use crate::support::{Scratch, tree};

/// `cmc init`, build, publish; the example host fetches into `root`.
fn published() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.fleet("fleet", &["check"]).expect(0);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    scratch
}

fn fetch(scratch: &Scratch, args: &[&str]) -> crate::support::Ran {
    scratch.fetch(&[&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root"], args].concat())
}

#[test]
fn a_new_fleet_checks_builds_publishes_and_installs_as_it_is() {
    let scratch = published();
    assert_eq!(scratch.fleet("fleet", &["list", "hosts"]).expect(0).out, "web1\n");
    std::fs::create_dir(scratch.path("root")).unwrap();
    fetch(&scratch, &["run"]).expect(0);

    scratch.fleet("fleet", &["render", "web1", "--out", "rendered"]).expect(0);
    let rendered = tree(&scratch.path("rendered"));
    assert!(rendered.contains_key("etc/systemd/system/hello.service"), "{:?}", rendered.keys());
    let installed = tree(&scratch.path("root"));
    for (path, content) in &rendered {
        assert_eq!(installed.get(path), Some(content), "{path} on the host is what render shows");
    }
    fetch(&scratch, &["verify"]).expect(0);
}

#[test]
fn a_login_class_of_freebsd_is_published_and_becomes_a_block_of_a_file_that_others_own() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let host = scratch.read("fleet/hosts/web1.toml").replace("debian-12", "freebsd-14.1");
    scratch.write("fleet/hosts/web1.toml", &host);
    let service = "[service.hello]\non = [\"@web\"]\nlogin-class.hello.openfiles = 64\n";
    scratch.write("fleet/services/hello.toml", service);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);

    scratch.write("root/etc/login.conf", "default:\\\n\t:umask=022:\n");
    fetch(&scratch, &["run"]).expect(0);
    let installed = scratch.read("root/etc/login.conf");
    assert!(installed.starts_with("default:\\\n\t:umask=022:\n"), "{installed}");
    assert!(installed.contains("hello:\\\n") && installed.contains(":openfiles=64:"), "{installed}");
}

#[test]
fn a_second_run_changes_nothing_and_cron_hears_nothing() {
    let scratch = published();
    std::fs::create_dir(scratch.path("root")).unwrap();
    fetch(&scratch, &["run"]).expect(0);
    let before = tree(&scratch.path("root/etc"));
    let quiet = fetch(&scratch, &["run", "--cron"]).expect(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    assert_eq!(tree(&scratch.path("root/etc")), before);
}

#[test]
fn publishing_what_is_published_writes_nothing() {
    let scratch = published();
    let before = tree(&scratch.path("fleet/store"));
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    assert_eq!(tree(&scratch.path("fleet/store")), before);
}

#[test]
fn one_changed_host_writes_three_objects() {
    let scratch = published();
    let before = tree(&scratch.path("fleet/store"));
    let text = scratch.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    scratch.write("fleet/fleet.toml", &text);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    let after = tree(&scratch.path("fleet/store"));
    let written: Vec<_> =
        after.iter().filter(|(path, bytes)| *path != ".lock" && before.get(*path) != Some(*bytes)).collect();
    assert_eq!(written.len(), 3, "{:?}", written.iter().map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn publish_refuses_what_was_not_built() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let ran = scratch.fleet("fleet", &["publish"]).expect(1);
    assert!(ran.err.contains("cmc build"), "{}", ran.err);
    scratch.fleet("fleet", &["build"]).expect(0);
    let text = scratch.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    scratch.write("fleet/fleet.toml", &text);
    let ran = scratch.fleet("fleet", &["publish"]).expect(1);
    assert!(ran.err.contains("cmc build"), "{}", ran.err);
    assert!(!scratch.path("fleet/store/channels").exists(), "nothing was published");
}

#[test]
fn two_builds_on_different_paths_and_days_give_equal_digests() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "one"]).expect(0);
    scratch.fleet("one", &["build"]).expect(0);
    std::fs::create_dir_all(scratch.path("elsewhere/deep")).unwrap();
    let copied = std::process::Command::new("cp")
        .args(["-a"])
        .arg(scratch.path("one"))
        .arg(scratch.path("elsewhere/deep/two"))
        .status()
        .unwrap();
    assert!(copied.success());
    std::fs::remove_dir_all(scratch.path("elsewhere/deep/two/.cmc/build")).unwrap();
    let mut build = scratch.command();
    build.args(["-C", "elsewhere/deep/two", "build"]);
    if crate::support::has("faketime") {
        let mut faked = std::process::Command::new("faketime");
        faked.args(["2031-05-05 05:05:05", env!("CARGO_BIN_EXE_cmc"), "-C", "elsewhere/deep/two", "build"]);
        faked.current_dir(scratch.path("")).env("HOME", scratch.path("home"));
        let ran: crate::support::Ran = faked.output().unwrap().into();
        ran.expect(0);
    } else {
        let ran: crate::support::Ran = build.output().unwrap().into();
        ran.expect(0);
    }
    assert_eq!(
        scratch.read("one/.cmc/build/plan.json"),
        scratch.read("elsewhere/deep/two/.cmc/build/plan.json")
    );
}

#[test]
fn the_story_of_cmc_try_ends_well_and_what_it_keeps_is_whole() {
    let scratch = Scratch::new();
    let ran = scratch.cmc(["try", "--keep", "kept"]).expect(0);
    assert!(ran.err.contains("unknown-key") && ran.err.contains("rolled back"), "{}", ran.err);
    for host in ["debian", "openbsd", "alpine"] {
        let config = format!("kept/hosts/{host}/fetch.toml");
        assert!(scratch.path(format!("kept/hosts/{host}/root/etc/greeter/config.json")).exists());
        let fresh = format!("fresh-{host}");
        std::fs::create_dir(scratch.path(&fresh)).unwrap();
        scratch.fetch(&["--config", &config, "--root", &fresh, "run"]).expect(0);
        let mut kept = tree(&scratch.path(format!("kept/hosts/{host}/root/etc")));
        kept.retain(|path, _| !path.starts_with("runlevels"));
        assert_eq!(tree(&scratch.path(format!("{fresh}/etc"))), kept, "{host}");
    }
}
