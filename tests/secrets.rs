//! A marker secret goes through everything; it must be found on the host and nowhere else.

use crate::support::{Scratch, tree};
use std::io::Write as _;
use std::process::Stdio;

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
