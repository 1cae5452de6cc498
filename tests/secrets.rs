//! A marker secret goes through everything; it must be found on the host and nowhere else.

use crate::support::{Ran, Scratch, has, skip, tree};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

const MARKER: &str = "cAnArY-7f3a9d1e5b";

fn set(scratch: &Scratch, name: &str, value: &str) {
    let mut child = scratch
        .command()
        .args(["-C", "fleet", "secret", "set", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    let ran: crate::support::Ran = child.wait_with_output().unwrap().into();
    let ran = ran.expect(0);
    assert!(!ran.out.contains(MARKER) && !ran.err.contains(MARKER));
}

#[test]
fn a_secret_reaches_the_host_and_nothing_else() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.write(
        "fleet/services/db.toml",
        "[secret.db]\ntype = \"password\"\n\n[service.db]\non = [\"@web\"]\n\n[service.db.file.\"/etc/db/password\"]\n\
         secret = \"db\"\n\n[service.db.file.\"/etc/db/config.json\"]\ntemplate = \"db.json.j2\"\n\n\
         [service.hello.env]\n",
    );
    let services = scratch.read("fleet/services/db.toml").replace("\n[service.hello.env]\n", "");
    scratch.write("fleet/services/db.toml", &services);
    scratch.write("fleet/templates/db.json.j2", "{ \"password\": {{ secret(\"db\") | json }} }\n");
    let hello = scratch.read("fleet/services/hello.toml");
    scratch.write(
        "fleet/services/hello.toml",
        &hello.replace("[service.hello.env]\n", "[service.hello.env]\nDB = { secret = \"db\" }\n"),
    );
    set(&scratch, "db", MARKER);

    let mut said = String::new();
    for args in [
        &["check"][..],
        &["build", "--verbose"],
        &["diff"],
        &["publish", "--verbose"],
        &["status"],
        &["secret", "list"],
        &["check", "--format", "json"],
        &["render", "web1", "--out", "rendered"],
    ] {
        let ran = scratch.fleet("fleet", args).expect(0);
        said.push_str(&ran.out);
        said.push_str(&ran.err);
    }
    std::fs::create_dir(scratch.path("root")).unwrap();
    let ran =
        scratch.fetch(&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"]).expect(0);
    said.push_str(&ran.out);
    said.push_str(&ran.err);
    assert!(!said.contains(MARKER), "a secret was printed");

    assert_eq!(scratch.read("root/etc/db/password").trim_end(), MARKER);
    assert!(scratch.read("root/etc/db/config.json").contains(MARKER));
    assert!(scratch.read("root/etc/cmc/env/hello.env").contains(MARKER));
    assert!(scratch.fleet("fleet", &["secret", "show", "db"]).expect(0).out.contains(MARKER));

    let holds = |bytes: &[u8]| bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes());
    for (path, bytes) in tree(&scratch.path("fleet"))
        .iter()
        .chain(&tree(&scratch.path("home")))
        .chain(&tree(&scratch.path("rendered")))
    {
        assert!(!holds(bytes), "{path} holds the secret");
    }
}

#[test]
fn a_build_needs_no_key_and_a_publish_does() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let mut build = scratch.command();
    build.args(["-C", "fleet", "build"]).env("XDG_CONFIG_HOME", scratch.path("nobody"));
    let ran: crate::support::Ran = build.output().unwrap().into();
    ran.expect(0);
    let mut publish = scratch.command();
    publish.args(["-C", "fleet", "publish"]).env("XDG_CONFIG_HOME", scratch.path("nobody"));
    let ran: crate::support::Ran = publish.output().unwrap().into();
    let ran = ran.expect(1);
    assert!(ran.err.contains("--identity"), "{}", ran.err);
}

/// Runs `cmc` under strace and returns what its processes were started with and wrote, a line each, where the marker
/// is in it. Descriptors are shown with what they are.
fn traced(scratch: &Scratch, args: &[&str]) -> Vec<String> {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-v", "-s", "65536", "-o", "trace"]);
    command.args(["-e", "trace=execve,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,memfd_create,open,openat,creat,link,linkat,symlink,symlinkat,rename,renameat,renameat2"]);
    command.arg(env!("CARGO_BIN_EXE_cmc")).args(args).current_dir(scratch.path(""));
    command
        .env_clear()
        .env("HOME", scratch.path("home"))
        .env("XDG_CONFIG_HOME", scratch.path("home/.config"));
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("EDITOR", "true");
    command.stdin(std::fs::File::open(scratch.path("value")).unwrap());
    let ran: Ran = command.output().unwrap().into();
    let ran = ran.expect(0);
    assert!(!ran.out.contains(MARKER) && !ran.err.contains(MARKER), "{args:?}");
    let trace = std::fs::read(scratch.path("trace")).unwrap();
    let trace = String::from_utf8_lossy(&trace);
    assert!(trace.contains("execve(") && trace.contains("write"), "{args:?}: strace saw nothing");
    trace.lines().filter(|line| line.contains(MARKER)).map(str::to_owned).collect()
}

/// The path of the descriptor that a traced call writes to; nothing for any other call.
fn sink(line: &str) -> Option<&str> {
    let call = line.split_whitespace().nth(1)?;
    if !["write(", "pwrite64(", "writev(", "pwritev(", "pwritev2("].iter().any(|name| call.starts_with(name))
    {
        return None;
    }
    let path = line.split_once('<')?.1;
    path.split_once('>').map(|(path, _)| path)
}

#[test]
fn no_process_is_started_with_a_secret_and_none_writes_it_but_where_it_belongs() {
    let name = "no_process_is_started_with_a_secret_and_none_writes_it_but_where_it_belongs";
    let may = Command::new("strace").args(["-f", "-y", "-o", "/dev/null", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return skip(name, "strace is not installed, or nothing may be traced here");
    }
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    std::fs::write(scratch.path("value"), MARKER).unwrap();
    scratch.write(
        "fleet/services/db.toml",
        "[secret.db]\ntype = \"password\"\n\n[service.db]\non = [\"@web\"]\n\n[service.db.file.\"/etc/cmc-canary/password\"]\n\
         secret = \"db\"\n\n[service.db.file.\"/etc/cmc-canary/check.sh\"]\n\
         content = \"#!/bin/sh\\nP={{ secret('db')|sh }}\\n\"\n",
    );
    let hello = scratch.read("fleet/services/hello.toml");
    let with_secret =
        hello.replace("[service.hello.env]\n", "[service.hello.env]\nDB = { secret = \"db\" }\n");
    scratch.write("fleet/services/hello.toml", &with_secret);

    let nowhere: [&[&str]; 6] = [
        &["-C", "fleet", "secret", "set", "db"],
        &["-C", "fleet", "secret", "rotate"],
        &["-C", "fleet", "build"],
        &["-C", "fleet", "diff"],
        &["-C", "fleet", "secret", "list"],
        &["-C", "fleet", "render", "web1", "--out", "rendered"],
    ];
    for args in nowhere {
        assert_eq!(traced(&scratch, args), Vec::<String>::new(), "{args:?}");
    }
    // The copy for the editor lies in memory and is gone.
    for line in traced(&scratch, &["-C", "fleet", "secret", "edit", "db"]) {
        assert!(sink(&line).is_some_and(|path| path.starts_with("/dev/shm/cmc-secret-")), "{line}");
    }
    // Through a pipe into the sandbox, whose root is in memory and seen by nobody else.
    for line in traced(&scratch, &["-C", "fleet", "publish"]) {
        let into_sandbox = |path: &str| {
            path.starts_with("pipe:")
                || path.starts_with("/etc/cmc-canary/")
                || path.starts_with("/etc/cmc/env/")
        };
        assert!(sink(&line).is_some_and(into_sandbox), "{line}");
    }
    assert!(!std::path::Path::new("/etc/cmc-canary").exists());
    // On the host: files below its root, which nobody else can read.
    std::fs::create_dir(scratch.path("root")).unwrap();
    let root = scratch.path("root").canonicalize().unwrap();
    let fetch = ["fetch", "--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"];
    let written = traced(&scratch, &fetch);
    assert!(!written.is_empty(), "the host writes the secret");
    for line in written {
        assert!(sink(&line).is_some_and(|path| path.starts_with(root.to_str().unwrap())), "{line}");
    }
    for (path, bytes) in tree(&root) {
        if bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes()) {
            let mode = std::fs::metadata(root.join(&path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{path} holds the secret and has mode {mode:o}");
        }
    }
    assert!(has("strace"));
}

#[test]
fn a_build_notes_secrets_in_use_that_have_no_value_yet() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.write(
        "fleet/services/db.toml",
        "[secret.db]\n[secret.damaged]\n[secret.unused]\n\n[service.db]\non = [\"@web\"]\n\
         file.\"/etc/db/password\".secret = \"db\"\nfile.\"/etc/db/other\".secret = \"damaged\"\n",
    );
    scratch.write("fleet/secrets/damaged.age", "no age file at all, but long enough\n");
    let built = scratch.fleet("fleet", &["build", "--format", "json"]).expect(0).json();
    let notes: Vec<_> = built["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["code"] == "secret-missing")
        .map(|one| (one["severity"].as_str().unwrap(), one["message"].as_str().unwrap()))
        .collect();
    assert_eq!(notes.len(), 2, "{built}");
    assert!(notes.iter().all(|(severity, _)| *severity == "note"), "{notes:?}");
    assert!(
        notes.iter().any(|(_, message)| message.contains("\"db\"") && message.contains("does not exist"))
    );
    assert!(
        notes.iter().any(|(_, message)| message.contains("\"damaged\"") && message.contains("no age file"))
    );
    set(&scratch, "db", "x");
    set(&scratch, "damaged", "y");
    assert!(!scratch.fleet("fleet", &["build"]).expect(0).err.contains("secret-missing"));
}

#[test]
fn rotation_leaves_out_no_secret_without_saying_so() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let declared = |b: &str| format!("[secret.a]\n\n[secret.b]\n{b}\n");
    scratch.write("fleet/services/secrets.toml", &declared("type = \"password\""));
    set(&scratch, "a", "one");
    set(&scratch, "b", "two");
    scratch.write("fleet/services/secrets.toml", &declared("type = \"passwrd\""));
    for command in [&["secret", "rotate"][..], &["secret", "list"]] {
        let ran = scratch.fleet("fleet", command).expect(3);
        assert!(ran.err.contains("passwrd"), "{}", ran.err);
    }
    let mut command = scratch.command();
    command.args(["-C", "fleet", "secret", "set", "b"]).stdin(Stdio::null());
    let ran = Ran::from(command.output().unwrap()).expect(3);
    assert!(ran.err.contains("passwrd"), "{}", ran.err);
    scratch.write("fleet/services/secrets.toml", "[secret.a]\n");
    let ran = scratch.fleet("fleet", &["secret", "rotate"]).expect(0);
    assert!(ran.err.contains("secrets/b.age stays as it is") && ran.err.contains("1 secret"), "{}", ran.err);
}

#[test]
fn what_was_typed_for_a_secret_is_there_to_be_edited_until_it_is_stored() {
    if !has("script") {
        return skip("secrets::typed", "not installed: script");
    }
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.write("fleet/services/secrets.toml", "[secret.db]\n");
    // Too large at first; then what is there is cut.
    scratch.write(
        "editor",
        "head -c 1200000 \"$1\" > \"$1.cut\"\nif [ -s \"$1\" ]; then head -c 5 \"$1.cut\" > \"$1\"; \
         else head -c 1200000 /dev/zero | tr '\\0' x > \"$1\"; fi\n",
    );
    let program = env!("CARGO_BIN_EXE_cmc");
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{program} -C fleet --format json secret edit db"), "/dev/null"]);
    command.current_dir(scratch.path("")).env("HOME", scratch.path("home")).env_remove("XDG_CONFIG_HOME");
    command.env("EDITOR", "sh ./editor").env("XDG_RUNTIME_DIR", "/dev/shm").env_remove("VISUAL");
    scratch.write("input", "\n");
    command.stdin(std::fs::File::open(scratch.path("input")).unwrap());
    let ran = Ran::from(command.output().unwrap()).expect(0);
    assert!(ran.out.contains("is larger than") && ran.out.contains("Enter to edit again"), "{}", ran.out);
    assert_eq!(ran.out.matches("{\r\n").count(), 1, "one document: {}", ran.out);
    assert_eq!(scratch.fleet("fleet", &["secret", "show", "db"]).expect(0).out, "xxxxx");
}
