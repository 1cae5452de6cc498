//! Wrong keys and wrong clocks: every command says which file or clock, what to do, and changes nothing.

use crate::support::{Ran, Scratch, has, skip, tree};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A published fleet with a secret.
fn published() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.write("fleet/services/db.toml", "[secret.db]\n");
    let mut set = scratch.command();
    set.args(["-C", "fleet", "secret", "set", "db"]).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = set.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"value").unwrap();
    assert!(child.wait().unwrap().success());
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    scratch
}

fn key_of(scratch: &Scratch) -> PathBuf {
    let folder = std::fs::read_dir(scratch.path("home/.config/cmc/keys")).unwrap().next().unwrap().unwrap();
    folder.path().join("operator")
}

/// Runs a command that must fail without a panic and change nothing.
#[track_caller]
fn refused(scratch: &Scratch, command: &[&str], key: Option<&str>, code: i32, says: &[&str]) {
    let before = tree(&scratch.path("fleet"));
    let mut cmc = scratch.command();
    cmc.args(["-C", "fleet"]).args(command);
    match key {
        Some(key) => cmc.arg("--identity").arg(key),
        None => cmc.env("XDG_CONFIG_HOME", scratch.path("nobody")),
    };
    let ran: Ran = cmc.output().unwrap().into();
    let what = format!("cmc {} with {key:?}", command.join(" "));
    assert_eq!(ran.code, code, "{what}: {}", ran.err);
    for part in says {
        assert!(ran.err.contains(part), "{what}: {part:?} in {}", ran.err);
    }
    assert!(ran.err.contains("help: ") || ran.err.contains('`'), "{what} says what to do: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{what}: {}", ran.err);
    let mut after = tree(&scratch.path("fleet"));
    after.insert(".cmc/lock".to_owned(), before.get(".cmc/lock").cloned().unwrap_or_default());
    assert!(after == before, "{what}: something was changed");
}

const DECRYPTING: [&[&str]; 4] = [&["publish"], &["diff"], &["status"], &["store", "verify"]];

#[test]
fn without_a_key_every_command_that_needs_one_says_where_it_is_looked_for() {
    let scratch = published();
    let others: [&[&str]; 4] = [
        &["secret", "show", "db"],
        &["secret", "rotate"],
        &["host", "add", "web2", "--os", "debian-12", "--arch", "x86_64"],
        &["refresh"],
    ];
    for command in DECRYPTING.iter().chain(&others) {
        refused(&scratch, command, None, 1, &["is at hand", "--identity", "CMC_IDENTITY"]);
    }
}

#[test]
fn a_key_that_cannot_be_used_is_named_with_its_problem() {
    let scratch = published();
    let own = key_of(&scratch);
    let keep = |name: &str, bytes: &[u8], mode: u32| {
        std::fs::write(scratch.path(name), bytes).unwrap();
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(scratch.path(name), permissions).unwrap();
    };
    let text = std::fs::read(&own).unwrap();
    keep("damaged", &text[..text.len() / 2], 0o600);
    keep("empty", b"", 0o600);
    keep("open", &text, 0o644);
    keep("pass", &text, 0o600);
    std::fs::create_dir(scratch.path("folder")).unwrap();
    let keygen = |args: &[&str]| {
        let made = Command::new("ssh-keygen").args(args).current_dir(scratch.path("")).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    if has("ssh-keygen") {
        keygen(&["-q", "-p", "-N", "secret", "-f", "pass"]);
        keygen(&["-q", "-t", "ed25519", "-N", "", "-f", "stranger"]);
        keygen(&["-q", "-t", "ecdsa", "-N", "", "-f", "ecdsa"]);
    } else {
        skip(
            "a_key_that_cannot_be_used_is_named_with_its_problem (keys of ssh-keygen)",
            "not installed: ssh-keygen",
        );
    }
    let with_keygen = [("pass", "passphrase"), ("stranger", "stranger"), ("ecdsa", "ecdsa")];
    let always = [
        ("damaged", "not an OpenSSH private key"),
        ("empty", "empty"),
        ("open", "chmod 600"),
        ("missing", "No such file"),
        ("folder", "no key file"),
    ];
    for (key, says) in always.into_iter().chain(with_keygen.into_iter().filter(|_| has("ssh-keygen"))) {
        for command in DECRYPTING {
            refused_unless_plain(&scratch, command, key, says);
        }
        refused_unless_plain(&scratch, &["secret", "show", "db"], key, says);
        refused_unless_plain(&scratch, &["refresh"], key, says);
    }
}

/// Some messages need no help: they name the file and its problem.
#[track_caller]
fn refused_unless_plain(scratch: &Scratch, command: &[&str], key: &str, says: &str) {
    let mut cmc = scratch.command();
    let ran: Ran = cmc.args(["-C", "fleet"]).args(command).args(["--identity", key]).output().unwrap().into();
    let what = format!("cmc {} with the key {key}", command.join(" "));
    assert_eq!(ran.code, 1, "{what}: {}", ran.err);
    assert!(ran.err.contains(key) && ran.err.contains(says), "{what}: {says:?} in {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{what}: {}", ran.err);
}

#[test]
fn an_agent_that_is_gone_is_named() {
    let scratch = published();
    let mut refresh = scratch.command();
    refresh.args(["-C", "fleet", "refresh"]).env("XDG_CONFIG_HOME", scratch.path("nobody"));
    refresh.env("SSH_AUTH_SOCK", scratch.path("no-agent"));
    let ran: Ran = refresh.output().unwrap().into();
    let ran = ran.expect(1);
    assert!(ran.err.contains("ssh-agent") && ran.err.contains("--identity"), "{}", ran.err);
}

fn at(scratch: &Scratch, time: &str, args: &[&str]) -> Ran {
    let mut faked = Command::new("faketime");
    faked.arg(time).arg(env!("CARGO_BIN_EXE_cmc")).args(args).current_dir(scratch.path(""));
    faked.env("HOME", scratch.path("home")).env("XDG_CONFIG_HOME", scratch.path("home/.config"));
    faked.env_remove("SSH_AUTH_SOCK").env_remove("CMC_IDENTITY");
    let ran: Ran = faked.output().unwrap().into();
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

#[test]
fn a_wrong_clock_publishes_nothing_and_installs_nothing() {
    if !has("faketime") {
        return skip("a_wrong_clock_publishes_nothing_and_installs_nothing", "not installed: faketime");
    }
    let scratch = published();
    let before = tree(&scratch.path("fleet/store"));
    std::fs::create_dir(scratch.path("root")).unwrap();
    let fetch = ["fetch", "--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"];
    // A build does not ask for the time.
    let text = scratch.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    scratch.write("fleet/fleet.toml", &text);
    at(&scratch, "1975-01-01 00:00:00", &["-C", "fleet", "build"]).expect(0);
    for (time, says) in [
        ("1975-01-01 00:00:00", "ahead of this machine's clock"),
        ("2015-01-01 00:00:00", "ahead of this machine's clock"),
        ("2090-01-01 00:00:00", "by this machine's clock"),
    ] {
        for command in ["publish", "refresh"] {
            let ran = at(&scratch, time, &["-C", "fleet", command]).expect(5);
            assert!(
                ran.err.contains(says) && ran.err.contains("--clock-is-right"),
                "{command} at {time}: {}",
                ran.err
            );
        }
        let ran = at(&scratch, time, &fetch).expect(5);
        assert!(ran.err.contains("clock") || ran.err.contains("expired"), "{time}: {}", ran.err);
        assert!(!scratch.path("root/etc").exists(), "{time}");
    }
    assert!(tree(&scratch.path("fleet/store")) == before, "nothing was written");

    // The clock is right again: all goes on.
    scratch.fleet("fleet", &["publish"]).expect(0);
    scratch.cmc(fetch).expect(0);
    assert!(scratch.read("root/etc/hello/hello.conf").contains("welcome"));
    // Long after: what runs goes on, and only something newer is refused.
    let ran = at(&scratch, "2090-01-01 00:00:00", &fetch);
    assert!([0, 5].contains(&ran.code), "{}", ran.err);
    assert!(scratch.read("root/etc/hello/hello.conf").contains("welcome"));
}

#[test]
fn a_timestamp_from_the_future_is_taken_back() {
    if !has("faketime") {
        return skip("a_timestamp_from_the_future_is_taken_back", "not installed: faketime");
    }
    let scratch = published();
    let expired = at(&scratch, "2090-01-01 00:00:00", &["-C", "fleet", "status"]).expect(5).out;
    assert!(expired.contains("EXPIRED"), "{expired}");
    at(&scratch, "2090-01-01 00:00:00", &["-C", "fleet", "refresh", "--clock-is-right"]).expect(0);
    for command in ["publish", "refresh"] {
        let ran = scratch.fleet("fleet", &[command]).expect(5);
        assert!(ran.err.contains("--clock-is-right"), "{command}: {}", ran.err);
    }
    let status = scratch.fleet("fleet", &["status"]).expect(5).out;
    assert!(status.contains("AHEAD of this machine's clock"), "{status}");
    scratch.fleet("fleet", &["publish", "--clock-is-right"]).expect(0);
    std::fs::create_dir(scratch.path("root")).unwrap();
    scratch.fetch(&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"]).expect(0);
    scratch.fleet("fleet", &["refresh"]).expect(0);
}
