//! The program itself: its command line, kills by signal at every mutating system call, and a disk that fills.

use crate::world::World;
use cmc_testing::skip;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_cmc-fetch")
}

pub fn have(tool: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
}

/// `fetch.toml` for the system's clock, so without tests of expiry.
pub fn config(world: &World) -> PathBuf {
    let path = world.dir.path().join("fetch.toml");
    std::fs::write(&path, world.config_text().replace("actions = \"run\"", "actions = \"list\"")).unwrap();
    path
}

pub fn fetch(world: &World, args: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("--config").arg(config(world)).arg("--root").arg(world.root()).args(args);
    command.output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_run_of_cron_is_quiet_when_nothing_changed() {
    let world = World::today();
    world.publish_file("one\n");
    let plan = fetch(&world, &["plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", text(&plan.stderr));
    assert!(text(&plan.stdout).contains("create /etc/motd"), "{}", text(&plan.stdout));
    let first = fetch(&world, &["--cron", "run"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("base: installed"));
    let second = fetch(&world, &["--cron", "run"]);
    assert_eq!((second.status.code(), second.stdout, second.stderr), (Some(0), vec![], vec![]));
    assert_eq!(fetch(&world, &["verify"]).status.code(), Some(0));
    assert_eq!(fetch(&world, &["status"]).status.code(), Some(0));
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    let verify = fetch(&world, &["verify"]);
    assert_eq!(verify.status.code(), Some(1));
    assert!(text(&verify.stdout).contains("base: /etc/motd differs"));
    let json = fetch(&world, &["--format", "json", "status"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["services"]["base"]["condition"], "good");
}

#[test]
fn mistakes_on_the_command_line_exit_2_and_a_wrong_configuration_1() {
    for args in [&["--nonsense"][..], &["frobnicate"], &["freeze"], &["--format", "xml"], &["--root"]] {
        let output = Command::new(program()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = Command::new(program()).args(["--config", "/nowhere/fetch.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let help = Command::new(program()).arg("--help").output().unwrap();
    assert!(help.status.success() && text(&help.stdout).contains("Usage: cmc-fetch"));
}

#[test]
fn every_command_has_a_page_of_help_with_an_example_of_its_own() {
    let page = |args: &[&str]| text(&Command::new(program()).args(args).output().unwrap().stdout);
    let all = page(&["--help"]);
    let commands = all.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<_> = commands.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        let help = page(&[name, "--help"]);
        let example = help.split("\nExample: ").nth(1).unwrap();
        assert!(help.contains(&format!("Usage: cmc-fetch [OPTIONS] {name}")), "{help}");
        assert!(example.contains(name), "{help}");
        assert_eq!(help, page(&["help", name]));
    }
}

#[test]
fn output_that_nobody_reads_or_that_has_no_room_ends_no_run() {
    let world = World::today();
    world.publish_file("one\n");
    let sh = |line: &str| {
        let fetch = format!(
            "'{}' --config '{}' --root '{}'",
            program(),
            config(&world).display(),
            world.root().display()
        );
        let output = Command::new("sh").args(["-c", &line.replace("FETCH", &fetch)]).output().unwrap();
        (text(&output.stdout), text(&output.stderr))
    };
    let (code, said) = sh("FETCH run > /dev/full; echo $?");
    assert_eq!(code, "1\n", "{said}");
    assert!(said.contains("the output could not be written") && !said.contains("panicked"), "{said}");
    assert_eq!(world.read("etc/motd"), "one\n");
    for command in ["--help", "status", "run", "--format json status", "frobnicate 2>&1", "plan"] {
        let (_, said) = sh(&format!("(sleep 0.1; FETCH {command}; echo $? >&2) | true"));
        let code = if command.starts_with("frob") { "2\n" } else { "0\n" };
        assert_eq!(said, code, "{command}");
    }
}

#[test]
fn an_environment_that_is_not_text_is_no_concern() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::today();
    world.publish_file("one\n");
    let mut run = Command::new(program());
    run.arg("--config").arg(config(&world)).arg("--root").arg(world.root());
    run.env("CMC_ODD", std::ffi::OsStr::from_bytes(b"\xff"))
        .env(std::ffi::OsStr::from_bytes(b"CMC_\xfe"), "1");
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn with_format_json_a_failure_and_a_freeze_are_documents_too() {
    let world = World::today();
    world.publish_file("one\n");
    assert_eq!(fetch(&world, &["run"]).status.code(), Some(0));
    let json = |args: &[&str]| -> (Option<i32>, serde_json::Value) {
        let output = fetch(&world, &[&["--format", "json"], args].concat());
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
    };
    let (code, document) = json(&["redo", "nothing"]);
    assert_eq!((code, &document["error"]["exit"]), (Some(1), &1.into()));
    assert!(document["error"]["message"].as_str().unwrap().contains("no service nothing"));
    let (code, document) = json(&["freeze", "base", "--reason", "test"]);
    assert_eq!((code, &document["frozen"], &document["service"]), (Some(0), &true.into(), &"base".into()));
}

#[test]
fn a_kill_before_any_mutating_system_call_leaves_old_or_new_and_the_next_run_finishes() {
    if !have("strace") {
        return skip("kill-sweep", "there is no strace");
    }
    let calls = ["renameat", "rename", "linkat", "unlinkat", "unlink", "mkdirat", "fsync", "symlinkat"];
    let mut kills = 0;
    for call in calls {
        for when in (1..60).step_by(3) {
            let world = World::today();
            world.publish_file("old\n");
            assert_eq!(fetch(&world, &["run"]).status.code(), Some(0));
            world.publish_file("new\n");
            let output = Command::new("strace")
                .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
                .arg(format!("inject={call}:signal=SIGKILL:when={when}"))
                .arg(program())
                .arg("--config")
                .arg(config(&world))
                .arg("--root")
                .arg(world.root())
                .output()
                .unwrap();
            if output.status.success() {
                break;
            }
            let stderr = text(&output.stderr);
            if stderr.contains("ptrace") || stderr.contains("invalid system call") {
                return skip("kill-sweep", stderr.trim());
            }
            kills += 1;
            let now = world.read("etc/motd");
            assert!(now == "old\n" || now == "new\n", "{call} {when}: {now:?}");
            for _ in 0..2 {
                fetch(&world, &["run"]);
            }
            assert_eq!(world.read("etc/motd"), "new\n", "{call} {when}");
            assert_eq!(fetch(&world, &["status"]).status.code(), Some(0), "{call} {when}");
            let left = temporaries(&world.root());
            assert!(left.is_empty(), "{call} {when}: {left:?}");
        }
    }
    assert!(kills > 10, "{kills}");
}

pub fn temporaries(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(".cmc-") {
            found.push(path.clone());
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(temporaries(&path));
        }
    }
    found
}

#[test]
fn a_disk_that_fills_keeps_the_old_state_and_its_temporaries_are_removed() {
    let world = World::today();
    world.publish_file("old\n");
    let config = config(&world);
    let disk = world.dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let ready = world.dir.path().join("ready");
    // The 1 MiB disk holds the old file and its bundle; then comes one that is too large for it.
    let script = format!(
        "mount -t tmpfs -o size=1m tmpfs '{disk}' || exit 99\n\
         '{fetch}' --config '{config}' --root '{disk}' run || exit 98\n\
         touch '{ready}'; while [ ! -e '{go}' ]; do sleep 0.05; done\n\
         '{fetch}' --config '{config}' --root '{disk}' run; echo \"exit $?\"\n\
         cat '{disk}/etc/motd'; find '{disk}' -name '.cmc-*'; find '{disk}/var/lib/cmc/bundles' -name '.*.new'\n\
         [ -e '{disk}/var/lib/cmc/journal.json' ] && echo journal; exit 0\n",
        disk = disk.display(),
        fetch = program(),
        config = config.display(),
        ready = ready.display(),
        go = world.dir.path().join("go").display(),
    );
    let child = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return skip("disk-full", "there is no unshare") };
    while !ready.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    world.publish_large(3 << 20);
    std::fs::write(world.dir.path().join("go"), "").unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.code() != Some(0) {
        assert_ne!(output.status.code(), Some(98), "{}", text(&output.stderr));
        return skip("disk-full", text(&output.stderr).trim());
    }
    let told = |line: &&str| line.starts_with("base") || line.starts_with("commands and health checks");
    assert_eq!(
        text(&output.stdout).lines().filter(|line| !told(line)).collect::<Vec<_>>(),
        ["exit 1", "old"],
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn of_twenty_programs_started_at_once_one_installs_and_the_others_are_answered_by_the_lock() {
    let world = World::today();
    world.publish_file("one\n");
    let config = config(&world);
    let start = |cron: bool| {
        let mut command = Command::new(program());
        command.arg("--config").arg(&config).arg("--root").arg(world.root());
        command.args(cron.then_some("--cron")).arg("run");
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<_> = (0..20).map(|n| start(n % 2 == 0)).collect();
    let ended: Vec<Output> = started.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &ended {
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    }
    let installed = ended.iter().filter(|output| text(&output.stdout).contains("base: installed")).count();
    assert_eq!(installed, 1);
    assert_eq!(world.read("etc/motd"), "one\n");
    assert_eq!(fetch(&world, &["verify"]).status.code(), Some(0));
    assert!(temporaries(&world.root()).is_empty());
}

#[test]
fn a_mount_on_a_file_is_refused_before_anything_changes_even_from_the_same_file_system() {
    let world = World::today();
    world.publish_file("old\n");
    assert_eq!(fetch(&world, &["run"]).status.code(), Some(0));
    world.publish_file("new\n");
    let script = format!(
        "mount --bind '{motd}' '{motd}' || exit 99\n'{fetch}' --config '{config}' --root '{root}' run\n",
        motd = world.root().join("etc/motd").display(),
        fetch = program(),
        config = config(&world).display(),
        root = world.root().display(),
    );
    let Ok(output) = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output() else {
        return skip("mounted-file", "there is no unshare");
    };
    if !text(&output.stdout).contains("base") {
        return skip("mounted-file", text(&output.stderr).trim());
    }
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("[mount-point]"), "{}", text(&output.stdout));
    assert_eq!((world.read("etc/motd"), temporaries(&world.root())), ("old\n".into(), vec![]));
    assert_eq!(fetch(&world, &["run"]).status.code(), Some(0));
    assert_eq!(world.read("etc/motd"), "new\n");
}

#[test]
fn plan_and_verify_work_on_a_read_only_file_system() {
    let world = World::today();
    world.publish_file("one\n");
    assert_eq!(fetch(&world, &["run"]).status.code(), Some(0));
    let script = format!(
        "mount --bind '{root}' '{root}' && mount -o remount,ro,bind '{root}' || exit 99\n\
         for what in verify plan status; do '{fetch}' --config '{config}' --root '{root}' $what || exit 1; done\n",
        fetch = program(),
        config = config(&world).display(),
        root = world.root().display(),
    );
    let Ok(output) = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output() else {
        return skip("read-only", "there is no unshare");
    };
    if output.status.code() != Some(0) && !text(&output.stderr).contains("cmc-fetch") {
        return skip("read-only", text(&output.stderr).trim());
    }
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn commands_have_the_limit_on_core_files_that_the_fetcher_was_started_with() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::today();
    let mut service = crate::world::service("base", vec![crate::world::file("/etc/motd", "1\n")]);
    service.checks.clear();
    world.publish(vec![service]);
    let (bin, out) = (world.dir.path().join("bin"), world.dir.path().join("limits"));
    std::fs::create_dir(&bin).unwrap();
    let limits = "ulimit -Sc; ulimit -Hc";
    let script = format!("#!/bin/sh\n({limits}) > '{}'\n", out.display());
    std::fs::write(bin.join("restart"), script).unwrap();
    std::fs::set_permissions(bin.join("restart"), PermissionsExt::from_mode(0o755)).unwrap();
    let config = world.dir.path().join("fetch.toml");
    std::fs::write(&config, format!("{}path = \"bin\"\n", world.config_text())).unwrap();
    let script = format!(
        "ulimit -Sc $(ulimit -Hc); {limits}; exec '{}' --config '{}' --root '{}' >&2",
        program(),
        config.display(),
        world.root().display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(std::fs::read(&out).unwrap(), output.stdout);
}
