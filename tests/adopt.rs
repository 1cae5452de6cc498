//! `cmc adopt`: a machine's files become a fleet that renders them, and nothing is passed by in silence.

use crate::support::{Ran, Scratch, is_root, skip, tree};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

const UNIT: &str = "# nginx, as its package has it\n[Unit]\nDescription=A web server\nAfter=network.target  \n\n\
    [Service]\nType=forking\nExecStart=/usr/sbin/nginx \\\n  -g 'daemon on;'\n\n[Install]\nWantedBy=multi-user.target\n";
const SECRET: &str = "hush-hush-hush-9999";

fn file(scratch: &Scratch, path: &str, text: &str, mode: u32) {
    scratch.write(path, text);
    std::fs::set_permissions(scratch.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A small machine.
fn machine() -> Scratch {
    let scratch = Scratch::new();
    file(&scratch, "root/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", 0o644);
    file(&scratch, "root/etc/hostname", "web1\n", 0o644);
    file(&scratch, "root/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644);
    file(&scratch, "root/etc/group", "root:x:0:\n", 0o644);
    file(&scratch, "root/lib/systemd/system/nginx.service", UNIT, 0o644);
    file(&scratch, "root/etc/nginx/nginx.conf", "worker_processes 2; # {{ not an expression }}\n", 0o644);
    file(&scratch, "root/etc/default/nginx", "DAEMON_OPTS=\"-q\"\n", 0o644);
    file(&scratch, "root/etc/init.d/nginx", "#!/bin/sh\nexit 0\n", 0o755);
    file(&scratch, "root/etc/cron.d/nginx", "0 4 * * * root /usr/local/bin/rotate\n", 0o644);
    file(&scratch, "root/etc/nginx/key.pem", &format!("{SECRET}\n"), 0o600);
    file(&scratch, "root/usr/share/doc/nginx/README", "not configuration\n", 0o644);
    std::fs::create_dir_all(scratch.path("root/etc/systemd/system/multi-user.target.wants")).unwrap();
    symlink(
        "/lib/systemd/system/nginx.service",
        scratch.path("root/etc/systemd/system/multi-user.target.wants/nginx.service"),
    )
    .unwrap();
    scratch
}

fn adopt(scratch: &Scratch, more: &[&str]) -> Ran {
    scratch.cmc(["adopt", "root", "--out", "fleet"].iter().chain(more))
}

fn json(scratch: &Scratch, more: &[&str], code: i32) -> serde_json::Value {
    adopt(scratch, &[&["--format", "json"], more].concat()).expect(code).json()
}

fn modes(dir: &Path) -> Vec<(String, u32)> {
    let mode =
        |path: &String| std::fs::symlink_metadata(dir.join(path)).unwrap().permissions().mode() & 0o7777;
    tree(dir).into_keys().map(|path| (path.clone(), mode(&path))).collect()
}

#[test]
fn an_adopted_machine_checks_and_renders_what_it_was() {
    // Given a small machine
    let scratch = machine();
    // When it is adopted
    let ran = adopt(&scratch, &[]).expect(0);
    // Then all is counted, and nothing differs
    for row in [
        "typed            3",
        "secrets          1",
        "identical       11",
        "differing        0",
        "skipped          1",
    ] {
        assert!(ran.out.contains(row), "{row}\n{}", ran.out);
    }
    assert!(ran.out.contains("/usr/share: 1"), "{}", ran.out);
    // Then the fleet is good, and renders the same bytes and modes
    scratch.fleet("fleet", &["check"]).expect(0);
    assert_eq!(scratch.fleet("fleet", &["list", "hosts"]).expect(0).out.trim(), "web1");
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    let (mut was, mut is) = (tree(&scratch.path("root")), tree(&scratch.path("out")));
    was.remove("usr/share/doc/nginx/README");
    for tree in [&mut was, &mut is] {
        tree.remove("etc/nginx/key.pem").unwrap();
    }
    assert_eq!(was, is);
    let mut expected = modes(&scratch.path("root"));
    expected.retain(|(path, _)| path != "usr/share/doc/nginx/README");
    assert_eq!(modes(&scratch.path("out")), expected);
    // Then files of one name are one service
    let service = scratch.read("fleet/services/nginx.toml");
    for path in ["/lib/systemd/system/nginx.service", "/etc/default/nginx", "/etc/cron.d/nginx"] {
        assert!(service.contains(path), "{service}");
    }
}

#[test]
fn a_secret_is_encrypted_at_once_and_lies_nowhere_else() {
    let scratch = machine();
    let ran = adopt(&scratch, &[]).expect(0);
    assert!(!format!("{}{}", ran.out, ran.err).contains(SECRET));
    for (path, bytes) in tree(&scratch.path("fleet")) {
        let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "the secret lies in {path}");
    }
    let shown = scratch.fleet("fleet", &["secret", "show", "etc-nginx-key.pem"]).expect(0);
    assert_eq!(shown.out.trim(), SECRET);
    let service = scratch.read("fleet/services/nginx.toml");
    assert!(service.contains("secret = \"etc-nginx-key.pem\""), "{service}");
}

#[test]
fn without_secrets_they_are_listed_and_no_key_is_made() {
    let scratch = machine();
    let document = json(&scratch, &["--no-secrets"], 0);
    assert_eq!(document["left-out"], serde_json::json!(["/etc/nginx/key.pem"]));
    assert_eq!(document["count"]["secrets"], 0);
    assert!(!scratch.path("fleet/trust").exists() && !scratch.path("home/.config/cmc").exists());
    scratch.fleet("fleet", &["check"]).expect(0);
}

#[test]
fn a_private_key_is_a_secret_whatever_its_mode() {
    let scratch = machine();
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    file(&scratch, "root/etc/ssl/open.key", key, 0o644);
    let document = json(&scratch, &[], 0);
    let said = document["diagnostics"].as_array().unwrap();
    let said = said.iter().find(|said| said["code"] == "secret-readable").unwrap();
    assert!(said["file"].as_str().unwrap().ends_with("root/etc/ssl/open.key"), "{said}");
    let differs =
        document["files"].as_array().unwrap().iter().find(|file| file["path"] == "/etc/ssl/open.key");
    assert_eq!(differs.unwrap()["differs"], serde_json::json!(["mode"]));
}

#[test]
fn mistakes_are_told_at_their_place_in_the_original_file() {
    let scratch = machine();
    file(&scratch, "root/lib/systemd/system/nginx.service", &UNIT.replace("Type=", "Tpye="), 0o644);
    file(&scratch, "root/etc/cron.d/broken", "61 * * * * root x\n", 0o644);
    let document = json(&scratch, &[], 0);
    let place = |code: &str| {
        let said = document["diagnostics"].as_array().unwrap();
        let said = said.iter().find(|said| said["code"] == code).unwrap_or_else(|| panic!("no {code}"));
        (said["file"].as_str().unwrap().to_owned(), said["line"].as_u64().unwrap(), said["severity"].clone())
    };
    assert_eq!(
        place("unknown-directive"),
        ("root/lib/systemd/system/nginx.service".into(), 7, "warning".into())
    );
    assert_eq!(place("malformed-file"), ("root/etc/cron.d/broken".into(), 1, "warning".into()));
    // It is adopted as it was, and what cron would refuse keeps nothing from being rendered.
    assert_eq!(document["count"]["differing"], 0);
    assert_eq!(document["defects"], serde_json::json!({ "/etc/cron.d/broken": "malformed-file" }));
    scratch.fleet("fleet", &["check"]).expect(0);
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    assert_eq!(scratch.read("out/etc/cron.d/broken"), "61 * * * * root x\n");
    // Without what adopt wrote there, it is told again.
    let mut files = document["files"].as_array().unwrap().iter();
    let service = files.find(|file| file["path"] == "/etc/cron.d/broken").unwrap()["service"].as_str();
    let (service, file) = (service.unwrap(), "/etc/cron.d/broken");
    let services = format!("fleet/services/{service}.toml");
    let definition = scratch.read(&services);
    let off = ", check.off = \"adopted as it was found: malformed-file\"";
    let row = |off: &str| format!("\nfile.\"{file}\" = {{ source = \"files{file}\"{off} }}\n");
    assert!(definition.contains(&row(off)), "{definition}");
    scratch.write(&services, &definition.replace(off, ""));
    assert!(scratch.fleet("fleet", &["check"]).expect(3).err.contains("malformed-file"));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_adopted() {
    let scratch = machine();
    // A file of a GiB that takes no space, a loop, a pipe, a socket, names that no definition can say, and no text.
    let huge = std::fs::File::create(scratch.path("root/etc/huge")).unwrap();
    huge.set_len(1 << 30).unwrap();
    symlink("loop", scratch.path("root/etc/loop")).unwrap();
    symlink("..", scratch.path("root/etc/up")).unwrap();
    symlink("/etc/passwd", scratch.path("root/etc/outside")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(scratch.path("root/etc/pipe")).status().unwrap();
    assert!(pipe.success());
    let _socket = std::os::unix::net::UnixListener::bind(scratch.path("root/etc/socket")).unwrap();
    let odd = std::os::unix::ffi::OsStrExt::from_bytes(&b"root/etc/bad\xff"[..]);
    std::fs::write(scratch.path(Path::new::<std::ffi::OsStr>(odd)), "x").unwrap();
    std::fs::write(scratch.path("root/etc/two\nlines"), "x").unwrap();
    std::fs::write(scratch.path("root/etc/{{ x }}"), "x").unwrap();
    std::fs::write(scratch.path("root/etc/systemd/system/nul.service"), b"[Service]\nExecStart=/bin/a\0b\n")
        .unwrap();
    std::fs::write(scratch.path("root/etc/tmpfiles.d.conf"), b"\xff\xfe").unwrap();
    file(&scratch, "root/etc/init.d/suid", "#!/bin/sh\n", 0o4755);
    // When it is adopted
    let document = json(&scratch, &[], 1);
    let said: Vec<String> =
        document["diagnostics"].as_array().unwrap().iter().map(ToString::to_string).collect();
    for what in [
        "/etc/huge is larger than 64 MiB",
        "/etc/pipe is a named pipe",
        "/etc/{{ x }} has a name that begins an expression",
        "/etc/socket is a socket",
        "has a name that no definition can say",
        "a NUL stands in the file",
        "set-id and sticky bits are not taken",
    ] {
        assert!(said.iter().any(|said| said.contains(what)), "{what}\n{said:#?}");
    }
    let unreadable = document["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 4, "{unreadable:?}");
    // Then links are links, never followed, and bytes that are no text are kept
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    let service = scratch.read("fleet/services/base.toml");
    assert!(service.contains("link = \"loop\"") && service.contains("link = \"..\""), "{service}");
    assert_eq!(std::fs::read(scratch.path("fleet/files/etc/tmpfiles.d.conf")).unwrap(), b"\xff\xfe");
    assert_eq!(document["count"]["differing"], 1, "the mode of suid alone: {}", document["files"]);
}

#[test]
fn what_a_machine_may_have_is_no_error() {
    let scratch = machine();
    // Names that differ in case, what a program reads and what tells people about it, an unused left-over.
    symlink("/usr/bin/mail", scratch.path("root/etc/nginx/mail")).unwrap();
    symlink("/usr/bin/mail", scratch.path("root/etc/nginx/Mail")).unwrap();
    file(&scratch, "root/etc/sysctl.d/README.sysctl", "Settings of the kernel.\n", 0o644);
    file(&scratch, "root/etc/cron.d/.placeholder", "# do not remove\n", 0o644);
    let document = json(&scratch, &[], 0);
    let said = document["diagnostics"].as_array().unwrap();
    assert!(said.iter().all(|said| said["code"] == "path-clash"), "{said:#?}");
    assert_eq!(document["count"]["differing"], 0, "{}", document["files"]);
    scratch.fleet("fleet", &["render", "web1", "--out", "out"]).expect(0);
    assert!(scratch.path("out/etc/nginx/Mail").is_symlink());
}

#[test]
fn a_tree_that_is_nested_beyond_all_paths_ends() {
    let scratch = machine();
    let mut deep = scratch.path("root/etc/deep");
    while deep.as_os_str().len() < 3900 {
        deep.push("a".repeat(60));
    }
    std::fs::create_dir_all(&deep).unwrap();
    let ran = adopt(&scratch, &[]).expect(1);
    assert!(ran.err.contains("nested too deeply"), "{}", ran.err);
    // Where nothing is taken it is only said.
    std::fs::remove_dir_all(scratch.path("fleet")).unwrap();
    std::fs::create_dir_all(scratch.path("root/srv")).unwrap();
    std::fs::rename(scratch.path("root/etc/deep"), scratch.path("root/srv/deep")).unwrap();
    let ran = adopt(&scratch, &[]).expect(0);
    assert!(ran.out.contains("/srv/deep (nested too deeply)"), "{}", ran.out);
}

#[test]
fn a_file_that_may_not_be_read_is_listed() {
    if is_root() {
        return skip("a_file_that_may_not_be_read_is_listed", "root may read everything");
    }
    let scratch = machine();
    file(&scratch, "root/etc/closed", "x\n", 0);
    let document = json(&scratch, &[], 1);
    assert_eq!(document["unreadable"], serde_json::json!(["/etc/closed"]));
}

#[test]
fn it_is_all_or_nothing() {
    let scratch = machine();
    scratch.write("fleet/mine.txt", "mine\n");
    let ran = adopt(&scratch, &[]).expect(1);
    assert!(ran.err.contains("fleet is not empty"), "{}", ran.err);
    assert_eq!(tree(&scratch.path("fleet")).len(), 1);
    let ran = scratch.cmc(["adopt", "nowhere", "--out", "other"]).expect(1);
    assert!(ran.err.contains("nowhere cannot be read"), "{}", ran.err);
    std::fs::create_dir(scratch.path("empty")).unwrap();
    let ran = scratch.cmc(["adopt", "empty", "--out", "other"]).expect(1);
    assert!(ran.err.contains("holds no configuration"), "{}", ran.err);
    assert!(!scratch.path("other").exists());
    let left: Vec<_> =
        std::fs::read_dir(scratch.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_fleet_is_never_part_of_what_it_is_made_of() {
    let scratch = machine();
    symlink("root/etc", scratch.path("link")).unwrap();
    std::fs::create_dir(scratch.path("outer")).unwrap();
    std::fs::rename(scratch.path("root"), scratch.path("outer/root")).unwrap();
    symlink("outer/root", scratch.path("root")).unwrap();
    for (out, what) in [
        ("root", "lies in what is adopted"),
        ("root/fleet", "lies in what is adopted"),
        ("outer/root/etc/new/fleet", "lies in what is adopted"),
        ("link/fleet", "lies in what is adopted"),
        ("outer/other/../root/fleet", "lies in what is adopted"),
        ("outer", "holds what is adopted"),
        ("outer/root/../../outer", "holds what is adopted"),
    ] {
        let before = tree(&scratch.path(""));
        let ran = scratch.cmc(["adopt", "root", "--out", out]).expect(2);
        assert!(ran.err.contains(what) && ran.err.contains("elsewhere"), "{out}: {}", ran.err);
        assert_eq!(tree(&scratch.path("")), before, "{out}");
    }
    // Everything lies below `/`: there only what adopt takes is meant.
    let ran = scratch.cmc(["adopt", "/", "--out", "/etc/cmc-test-fleet"]).expect(2);
    assert!(ran.err.contains("lies in what is adopted"), "{}", ran.err);
    scratch.cmc(["adopt", "root", "--out", "outer/fleet"]).expect(0);
}

#[test]
fn the_bsds_are_adopted_with_what_is_theirs() {
    let scratch = Scratch::new();
    file(&scratch, "root/etc/myname", "gate.example.net\n", 0o644);
    file(&scratch, "root/etc/login.conf.d/api", "api:\\\n\t:openfiles-cur=4096:\\\n\t:tc=daemon:\n", 0o644);
    file(
        &scratch,
        "root/etc/rc.d/api",
        "#!/bin/ksh\n\ndaemon=\"/usr/local/bin/api\"\n\n. /etc/rc.d/rc.subr\n\nrc_reload=NO\n\nrc_cmd $1\n",
        0o755,
    );
    let document = json(&scratch, &["--os", "openbsd-7.6"], 0);
    assert_eq!((&document["host"], &document["os"]), (&"gate.example.net".into(), &"openbsd-7.6".into()));
    assert_eq!(document["count"]["differing"], 0, "{}", document["files"]);
    let formats: Vec<_> =
        document["files"].as_array().unwrap().iter().map(|file| file["format"].clone()).collect();
    assert!(formats.contains(&"login.conf".into()), "{formats:?}");
    assert_eq!(document["services"], serde_json::json!(["api", "base"]));
}

#[test]
fn what_systemd_only_passes_by_in_an_adopted_unit_holds_up_no_build() {
    // Given a machine whose unit has lines that its systemd ignores
    let scratch = Scratch::new();
    file(&scratch, "root/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", 0o644);
    file(&scratch, "root/etc/hostname", "web1\n", 0o644);
    let slips = "TimoutStopSec=5\nRestartSteps=5\nPrivateTmp=maybe\nEnvironment=A=b c\n";
    let unit = format!("[Unit]\nDescription=x\n[Service]\nExecStart=/usr/sbin/api\n{slips}");
    file(&scratch, "root/etc/systemd/system/api.service", &unit, 0o644);
    adopt(&scratch, &[]).expect(0);
    // When its fleet is checked and built
    let check = scratch.cmc(["-C", "fleet", "check"]).expect(0);
    let ran = scratch.cmc(["-C", "fleet", "build"]).expect(0);
    // Then both warn
    for said in [&check.err, &ran.err] {
        assert!(said.contains("TimoutStopSec") && said.contains("⚠"), "{said}");
    }
}
