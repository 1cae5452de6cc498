//! `cmc import`: files that nobody here wrote become definitions that check.

use crate::support::{Ran, Scratch, is_root, skip};
use std::os::unix::fs::PermissionsExt as _;

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch
}

fn mode(scratch: &Scratch, path: &str, mode: u32) {
    std::fs::set_permissions(scratch.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn file(scratch: &Scratch, path: &str, text: &str) {
    scratch.write(path, text);
    mode(scratch, path, 0o644);
}

const UNIT: &str = "[Service]\nExecStart=/usr/bin/true\n\n[Install]\nWantedBy=multi-user.target\n";

#[test]
fn what_is_imported_checks_and_renders_in_a_fleet() {
    let scratch = scratch();
    file(&scratch, "etc/default/backup", "LEVEL=info\n");
    file(&scratch, "etc/backup.service", UNIT);
    let ran = scratch.cmc(["import", "etc/backup.service", "etc/default/backup"]).expect(0);
    scratch.write("fleet/services/backup.toml", &ran.out);
    scratch.fleet("fleet", &["check"]).expect(0);
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    let unit = scratch.read("out/etc/systemd/system/backup.service");
    assert!(unit.contains("EnvironmentFile=/etc/cmc/env/backup.env"), "{unit}");
}

#[test]
fn mistakes_are_warnings_with_the_place_in_the_original_file() {
    let scratch = scratch();
    file(&scratch, "etc/x.service", &UNIT.replace("ExecStart", "RestartSec=5M\nExecStart"));
    let ran = scratch.cmc(["import", "etc/x.service"]).expect(0);
    assert!(ran.err.contains("etc/x.service:2:12") && ran.err.contains("month"), "{}", ran.err);
    let document = scratch.cmc(["import", "--format", "json", "etc/x.service"]).expect(0).json();
    assert_eq!(document["definition"], ran.out);
    assert_eq!(document["services"][0], "x");
    let finding = &document["diagnostics"][0];
    assert_eq!((&finding["file"], &finding["line"]), (&"etc/x.service".into(), &2.into()));
    assert_eq!(finding["severity"], "warning");
}

#[test]
fn all_files_are_tried_and_all_that_is_wrong_is_told() {
    let scratch = scratch();
    file(&scratch, "a.service", "[Unit\n");
    file(&scratch, "prose.txt", "Dear all,\n");
    file(&scratch, "good.service", UNIT);
    file(&scratch, "closed.service", UNIT);
    mode(&scratch, "closed.service", 0o600);
    std::fs::create_dir(scratch.path("directory.service")).unwrap();
    std::os::unix::fs::symlink("/dev/null", scratch.path("masked.service")).unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(scratch.path("pipe.service")).status().unwrap().success()
    );
    let files = [
        "a.service",
        "prose.txt",
        "good.service",
        "missing.service",
        "directory.service",
        "masked.service",
        "pipe.service",
        "closed.service",
    ];
    let ran = scratch.cmc([&["import"][..], &files].concat()).expect(1);
    assert!(ran.out.starts_with("[service.good]"), "{}", ran.out);
    for says in [
        "a.service is not a systemd unit",
        "cannot tell what prose.txt is",
        "missing.service cannot be read",
        "directory.service is a directory",
        "masked.service is empty",
        "pipe.service is no regular file",
        "closed.service may be read by its owner only",
    ] {
        assert!(ran.err.contains(says), "{says}\n{}", ran.err);
    }
}

#[test]
fn small_files_are_kept_as_they_are_and_judged_where_they_lay() {
    let scratch = scratch();
    let files = [
        ("old/etc/cron.d/poll", "# often\n*/5 * * * * root echo {{ x }}\n"),
        ("old/usr/lib/tmpfiles.d/poll.conf", "d /run/poll 0755 root root -\n"),
        ("old/etc/sysctl.d/90-poll.conf", "vm.swappiness = 10\n"),
        ("old/etc/hosts", "127.0.0.1 localhost\n"),
        ("old/etc/logrotate.d/poll", "/var/log/poll.log {\n  weekly\n}\n"),
        ("old/etc/sudoers.d/poll", "poll ALL=(root) NOPASSWD: /bin/true\n"),
    ];
    files.iter().for_each(|(path, text)| file(&scratch, path, text));
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let ran = scratch.cmc([&["import", "--name", "poll"][..], &paths].concat()).expect(0);
    scratch.write("fleet/services/poll.toml", &ran.out);
    scratch.fleet("fleet", &["check"]).expect(0);
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    for (path, text) in files {
        assert_eq!(scratch.read(path.replace("old/", "out/")), text, "{path}");
    }
    // A name says nothing: --as does, and where the file goes.
    file(&scratch, "jobs.txt", "61 * * * * root x\n");
    let ran = scratch.cmc(["import", "--as", "crontab", "jobs.txt"]).expect(0);
    assert!(ran.out.contains("\"/etc/cron.d/jobs-txt\""), "{}", ran.out);
    assert!(ran.err.contains("jobs.txt:1:1"), "{}", ran.err);
}

#[test]
fn what_is_no_text_of_a_format_is_refused_with_its_code_and_place_whatever_it_shall_become() {
    let scratch = scratch();
    file(&scratch, "good.service", UNIT);
    file(&scratch, "empty.service", "");
    std::fs::write(scratch.path("latin.service"), b"[Service]\nExecStart=/bin/caf\xe9\n").unwrap();
    mode(&scratch, "latin.service", 0o644);
    std::fs::create_dir(scratch.path("directory.service")).unwrap();
    let huge = std::fs::File::create(scratch.path("huge.service")).unwrap();
    huge.set_len(1 << 30).unwrap();
    mode(&scratch, "huge.service", 0o644);
    let files = ["good.service", "empty.service", "latin.service", "directory.service", "huge.service"];
    for kind in ["systemd", "daemon", "job", "crontab", "env", "openrc"] {
        let options = ["import", "--format", "json", "--as", kind];
        let document = scratch.cmc([&options[..], &files].concat()).expect(1).json();
        for (name, line, says) in [
            ("empty.service", 1, "is empty"),
            ("latin.service", 2, "is not UTF-8 text"),
            ("directory.service", 1, "is a directory"),
            ("huge.service", 1, "is larger than 16 MiB"),
        ] {
            let said = document["diagnostics"].as_array().unwrap();
            let said = said.iter().find(|said| said["file"] == name && said["code"] == "not-imported");
            let said = said.unwrap_or_else(|| panic!("{kind}: {name}: {document}"));
            assert_eq!(said["line"], line, "{kind}: {said}");
            assert!(said["message"].as_str().unwrap().contains(says), "{kind}: {said}");
        }
    }
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let scratch = scratch();
    let piped = |args: &[&str], text: &[u8]| -> Ran {
        use std::io::Write as _;
        let mut command = scratch.command();
        command.arg("import").args(args).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may end before it has read all.
        let _ = child.stdin.take().unwrap().write_all(text);
        child.wait_with_output().unwrap().into()
    };
    let ran =
        piped(&["--as", "job", "--name", "backup", "-"], b"0 4 * * * /usr/local/bin/backup\n").expect(0);
    assert!(ran.out.contains("[service.backup.job.backup]"), "{}", ran.out);
    assert!(ran.err.contains("standard input") && ran.err.contains("run as root"), "{}", ran.err);
    let ran = piped(&["--as", "env", "--name", "api", "-"], b"A=1\n").expect(0);
    assert!(ran.out.contains("A = \"1\""), "{}", ran.out);
    // A unit has no name there, and a service none that nobody gave.
    assert!(
        piped(&["--as", "systemd", "--name", "api", "-"], UNIT.as_bytes()).expect(1).err.contains("no name")
    );
    assert!(piped(&["--as", "env", "-"], b"A=1\n").expect(1).err.contains("--name"));
    assert!(piped(&["--name", "api", "-"], b"").expect(1).err.contains("standard input is empty"));
    assert!(piped(&["--name", "api", "-"], b"A=\xff\n").expect(1).err.contains("not UTF-8"));
    assert!(
        piped(&["--name", "api", "-"], &vec![b'#'; 17 << 20]).expect(1).err.contains("larger than 16 MiB")
    );
}

#[test]
fn what_is_imported_as_job_and_daemon_checks_and_renders_in_a_fleet() {
    let scratch = scratch();
    file(&scratch, "etc/cron.d/nightly", "30 4 * * * root /usr/local/bin/backup\n");
    file(&scratch, "api.service", UNIT);
    for (kind, path, service) in
        [("job", "etc/cron.d/nightly", "nightly"), ("daemon", "api.service", "api-2")]
    {
        let ran = scratch.cmc(["import", "--as", kind, "--name", service, path]).expect(0);
        scratch.write(format!("fleet/services/{service}.toml"), &ran.out);
    }
    scratch.fleet("fleet", &["check"]).expect(0);
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    let timer = scratch.read("out/etc/systemd/system/nightly-backup.timer");
    assert!(timer.contains("OnCalendar=*-*-* 04:30:00"), "{timer}");
    assert!(scratch.read("out/etc/systemd/system/api-2.service").contains("ExecStart=/usr/bin/true"));
    // The unit that it was would run beside it.
    assert!(scratch.path("out/etc/systemd/system/api.service").is_symlink());
}

#[test]
fn a_wrong_kind_or_name_is_a_mistake_of_the_command_line() {
    let scratch = scratch();
    file(&scratch, "a.service", UNIT);
    let ran = scratch.cmc(["import", "a.service", "--as", "yaml"]).expect(2);
    assert!(ran.err.contains("openbsd-rc") && ran.err.contains("env:sh"), "{}", ran.err);
    scratch.cmc(["import", "a.service", "--name", "A b"]).expect(2);
    scratch.cmc(["import"]).expect(2);
    let ran = scratch.cmc(["import", "a.service", "--name", "other"]).expect(0);
    assert!(ran.out.starts_with("[service.other]"), "{}", ran.out);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    if is_root() {
        return skip("a_file_that_may_not_be_read_is_named", "root may read everything");
    }
    let scratch = scratch();
    file(&scratch, "a.service", UNIT);
    mode(&scratch, "a.service", 0);
    let ran = scratch.cmc(["import", "a.service"]).expect(1);
    assert!(ran.err.contains("ermission denied"), "{}", ran.err);
}
