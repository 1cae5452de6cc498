//! Definitions, templates and payload that nobody meant to write: a finding at the file, exit 3, no panic, no flood.

use crate::support::{PATIENCE, Ran, Scratch, copy_of_program, is_root, skip};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// The most that a finding may print, whatever it is about.
const FLOOD: usize = 64 * 1024;

fn fleet() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch
}

/// Runs a command that must end by itself, soon.
fn ends(mut command: Command, what: &str) -> Ran {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        if waiting.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL);
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    watchdog.join().unwrap();
    let ran = Ran::from(output);
    assert!(ran.code >= 0, "{what}: it did not end by itself: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{what}: {}", ran.err);
    ran
}

fn check(scratch: &Scratch, args: &[&str], what: &str) -> Ran {
    let mut command = scratch.command();
    command.args(["-C", "fleet"]).args(args);
    ends(command, what)
}

/// `cmc check` finds `code` in `file`, says so for people and for programs, and exits 3.
#[track_caller]
fn finds(scratch: &Scratch, code: &str, file: &str, says: &str) {
    let what = format!("{code} in {file}");
    let human = check(scratch, &["check"], &what);
    assert_eq!(human.code, 3, "{what}: {}{}", human.out, human.err);
    assert!(human.err.contains(code) && human.err.contains(file), "{what}: {}", human.err);
    assert!(human.err.contains(says), "{what}: {says:?} in {}", human.err);
    assert!(human.err.len() < FLOOD, "{what}: {} bytes are printed", human.err.len());
    let json = check(scratch, &["check", "--format", "json"], &what).json();
    let found = json["diagnostics"].as_array().unwrap();
    assert!(found.iter().any(|one| one["code"] == code), "{what}: {json}");
}

/// Bad bytes, as `.toml` and as `.json`: what is found and what it says.
fn contents() -> Vec<(&'static str, &'static str, Vec<u8>, &'static str, &'static str)> {
    let deep =
        |open: &str, close: &str, levels: usize| format!("{}{}", open.repeat(levels), close.repeat(levels));
    let mut latin1 = b"[service.a]\n# caf".to_vec();
    latin1.push(0xE9);
    let long = format!("[service.\"{}\"]\n", "x".repeat(1 << 20));
    vec![
        ("binary", "toml", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec(), "unreadable-file", "binary"),
        ("binary", "json", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec(), "unreadable-file", "binary"),
        ("latin1", "toml", latin1.clone(), "unreadable-file", "UTF-8"),
        ("latin1", "json", b"{\"a\": \"caf\xE9\"}".to_vec(), "unreadable-file", "UTF-8"),
        ("utf16", "toml", b"\xFF\xFE[\0a\0]\0".to_vec(), "unreadable-file", "binary"),
        ("huge", "toml", vec![b'#'; (16 << 20) + 1], "unreadable-file", "16"),
        ("huge", "json", vec![b' '; (16 << 20) + 1], "unreadable-file", "16"),
        ("empty", "json", Vec::new(), "syntax", "empty.json"),
        ("open", "json", b"{\"service\": {".to_vec(), "syntax", "open.json:1:"),
        ("open", "toml", b"\n\n[service.api\n".to_vec(), "syntax", "open.toml:3:"),
        ("text", "json", b"\"service\"".to_vec(), "wrong-type", "text.json:1:"),
        ("deep", "json", deep("[", "]", 200_000).into_bytes(), "too-deep", "deep.json"),
        ("deep-tables", "json", deep("{\"a\":", "}", 100_000).into_bytes(), "too-deep", "deep-tables.json"),
        ("deep", "toml", format!("a = {}", deep("[", "]", 100_000)).into_bytes(), "too-deep", "deep.toml"),
        ("dots", "toml", format!("[{}]", vec!["a"; 50_000].join(".")).into_bytes(), "too-deep", "dots.toml"),
        ("long", "toml", long.into_bytes(), "invalid-value", "long.toml:1:"),
        ("many", "toml", b"= =\n".repeat(50_000), "syntax", "many.toml:1:"),
        ("twice", "toml", b"[service.a]\non = []\non = []\n".to_vec(), "duplicate-key", "twice.toml:3:"),
    ]
}

#[test]
fn bytes_that_are_no_definition_are_a_finding_at_the_file() {
    let scratch = fleet();
    for (name, extension, bytes, code, says) in contents() {
        let file = format!("services/{name}.{extension}");
        std::fs::write(scratch.path("fleet").join(&file), bytes).unwrap();
        finds(&scratch, code, &file, says);
        std::fs::remove_file(scratch.path("fleet").join(&file)).unwrap();
    }
    // All of them in one run, and an empty file is a warning.
    for (name, extension, bytes, ..) in contents() {
        std::fs::write(scratch.path(format!("fleet/services/{name}.{extension}")), bytes).unwrap();
    }
    scratch.write("fleet/services/empty.toml", "");
    let all = check(&scratch, &["check", "--format", "json"], "all").expect(3).json();
    for (name, extension, ..) in contents() {
        let file = format!("services/{name}.{extension}");
        let found = all["diagnostics"].as_array().unwrap().iter().any(|one| one["file"] == file.as_str());
        assert!(found, "{file} is not among what is found");
    }
    assert!(all["diagnostics"].as_array().unwrap().iter().any(|one| one["code"] == "empty-file"));
}

#[test]
fn what_is_no_file_is_a_finding_and_blocks_nothing() {
    let scratch = fleet();
    let services = scratch.path("fleet/services");
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, services.join(name)).unwrap();
    std::fs::create_dir(services.join("directory.toml")).unwrap();
    link("nowhere.toml", "dangling.toml");
    link("circle.toml", "circle.toml");
    link("/etc/passwd", "outside.toml");
    link("/dev/zero", "device.toml");
    link(".", "round");
    let fifo = Command::new("mkfifo").arg(services.join("pipe.toml")).status().unwrap();
    assert!(fifo.success());
    let _socket = std::os::unix::net::UnixListener::bind(services.join("socket.toml")).unwrap();
    for (name, says) in [
        ("directory.toml", "is a directory"),
        ("dangling.toml", "cannot be read"),
        ("circle.toml", "cannot be read"),
        ("outside.toml", "leads out of the fleet"),
        ("device.toml", "leads out of the fleet"),
        ("round", "in a circle"),
        ("pipe.toml", "is not a"),
        ("socket.toml", "is not a"),
    ] {
        finds(&scratch, "unreadable-file", &format!("services/{name}"), says);
    }
}

#[test]
fn a_fleet_file_that_cannot_be_read_stops_every_command_with_its_name() {
    let commands: [&[&str]; 10] = [
        &["check"],
        &["build"],
        &["list", "hosts"],
        &["host", "list"],
        &["secret", "list"],
        &["diff"],
        &["publish"],
        &["status"],
        &["store", "probe"],
        &["trust", "init"],
    ];
    for case in ["", "binary", "directory", "dangling", "pipe"] {
        let scratch = fleet();
        let path = scratch.path("fleet/fleet.toml");
        std::fs::remove_file(&path).unwrap();
        match case {
            "" => std::fs::write(&path, "").unwrap(),
            "binary" => std::fs::write(&path, b"\0\0\0").unwrap(),
            "directory" => std::fs::create_dir(&path).unwrap(),
            "dangling" => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
            _ => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
        }
        for command in commands {
            let what = format!("cmc {} with a {case:?} fleet.toml", command.join(" "));
            let ran = check(&scratch, command, &what);
            assert!([1, 3].contains(&ran.code), "{what}: {} {}", ran.code, ran.err);
            assert!(ran.err.contains("fleet.toml") || ran.err.contains("cmc build"), "{what}: {}", ran.err);
        }
    }
}

/// What templates do, their names and texts, the code that is found, and what it says.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c str, &'c str);

#[test]
fn templates_that_never_end_are_findings() {
    let scratch = fleet();
    let cases: [Case; 10] = [
        ("includes itself", &[("a.j2", "{% include \"a.j2\" %}")], "template-loop", "a.j2"),
        (
            "includes in a circle",
            &[("a.j2", "x\n{% include \"b.j2\" %}"), ("b.j2", "{% include \"a.j2\" %}")],
            "template-loop",
            "a.j2",
        ),
        (
            "imports in a circle",
            &[("a.j2", "{% import \"b.j2\" as b %}"), ("b.j2", "{% import \"a.j2\" as a %}")],
            "template-loop",
            "a.j2",
        ),
        (
            "extends in a circle",
            &[("a.j2", "{% extends \"b.j2\" %}"), ("b.j2", "{% extends \"a.j2\" %}")],
            "template-loop",
            "a.j2",
        ),
        ("extends itself", &[("a.j2", "{% extends \"a.j2\" %}")], "template-loop", "a.j2"),
        (
            "calls itself",
            &[("a.j2", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")],
            "template-loop",
            "a.j2",
        ),
        (
            "counts on",
            &[("a.j2", "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}")],
            "limit-exceeded",
            "a.j2",
        ),
        (
            "writes on",
            &[("a.j2", "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}")],
            "limit-exceeded",
            "a.j2",
        ),
        (
            "includes what is not there",
            &[("a.j2", "{% include \"none.j2\" %}")],
            "unknown-template",
            "a.j2:1:",
        ),
        ("leads out", &[("a.j2", "{% include \"../fleet.toml\" %}")], "path-outside", "a.j2:1:"),
    ];
    for (what, templates, code, file) in cases {
        for (name, text) in templates {
            scratch.write(format!("fleet/templates/{name}"), text);
        }
        scratch.write(
            "fleet/services/more.toml",
            "[service.more]\non = [\"@web\"]\nfile.\"/etc/a\".template = \"a.j2\"\n",
        );
        println!("a template {what}");
        finds(&scratch, code, "services/more.toml", file);
    }
    for (what, bytes) in [("binary", b"\0\x01\x02".to_vec()), ("huge", vec![b'x'; (4 << 20) + 1])] {
        std::fs::write(scratch.path("fleet/templates/a.j2"), bytes).unwrap();
        println!("a {what} template");
        finds(&scratch, "unreadable-file", "templates/a.j2", "services/more.toml");
    }
    for what in ["directory", "pipe"] {
        let path = scratch.path("fleet/templates/a.j2");
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir(&path);
        match what {
            "directory" => std::fs::create_dir(&path).unwrap(),
            _ => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
        }
        println!("a template that is a {what}");
        finds(&scratch, "unreadable-file", "templates/a.j2", "services/more.toml");
    }
}

#[test]
fn generated_definitions_from_a_pipe_are_read_like_files_and_named() {
    let scratch = fleet();
    for (bytes, code, says) in
        [(&b"\0\0"[..], 3, "<stdin>"), (b"", 3, "<stdin>"), (b"{\"service\": 1}", 3, "<stdin>:1:")]
    {
        let input = scratch.path("input");
        std::fs::write(&input, bytes).unwrap();
        let mut command = scratch.command();
        command.args(["-C", "fleet", "check", "--with", "-"]).stdin(std::fs::File::open(&input).unwrap());
        let ran: Ran = command.output().unwrap().into();
        let ran = ran.expect(code);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    let ran = check(&scratch, &["check", "--with", "/no/such.json"], "missing").expect(1);
    assert!(ran.err.contains("/no/such.json"), "{}", ran.err);
}

#[test]
fn files_that_may_not_be_read_are_findings() {
    let scratch = fleet();
    if is_root() && copy_of_program(&scratch).is_none() {
        return skip(
            "files_that_may_not_be_read_are_findings",
            "the program cannot be run by another user here",
        );
    }
    for closed in ["fleet/services/closed.toml", "fleet/templates/closed.j2"] {
        scratch.write(closed, "");
        let status = Command::new("chmod").arg("0").arg(scratch.path(closed)).status().unwrap();
        assert!(status.success());
    }
    std::fs::create_dir(scratch.path("fleet/services/closed")).unwrap();
    assert!(
        Command::new("chmod").arg("0").arg(scratch.path("fleet/services/closed")).status().unwrap().success()
    );
    scratch.write(
        "fleet/services/more.toml",
        "[service.more]\non = [\"@web\"]\nfile.\"/etc/a\".template = \"closed.j2\"\n",
    );
    let mut command = match copy_of_program(&scratch) {
        Some(program) if is_root() => {
            let mut command = Command::new(program);
            command.env_clear().current_dir(scratch.path("")).uid(65_534).gid(65_534);
            command
        }
        _ => scratch.command(),
    };
    command.args(["-C", "fleet", "check"]);
    let ran = ends(command, "closed files");
    for closed in ["services/closed.toml", "services/closed", "templates/closed.j2"] {
        assert!(ran.err.contains(closed), "{closed}: {}", ran.err);
    }
    assert!(ran.err.contains("ermission denied"), "{}", ran.err);
    assert_eq!(ran.code, 3, "{}", ran.err);
}
