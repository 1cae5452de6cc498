//! Stores that are away, slow, closed, full, or lie: exit 6 (5 for what they make up), the store's name, nothing lost.

use crate::support::{Ran, Scratch, copy_of_program, has, is_root, skip, tree};
use cmc_testing::http_server::{Reply, Request, Server};
use cmc_testing::s3_server::{Fault, KEY, S3Server, SECRET, Weak};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FETCH: [&str; 6] = ["fetch", "--config", "fetch.toml", "--root", "root", "run"];

fn store_line(url: &str) -> String {
    format!(
        "store = {{ url = \"s3://bucket/shop\", endpoint = \"{url}\", region = \"us-east-1\", path-style = true }}"
    )
}

/// A built fleet whose store is in S3 at this endpoint, and its host's configuration.
fn fleet_at(url: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let text = scratch.read("fleet/fleet.toml").replace("store = \"dir:store\"", &store_line(url));
    scratch.write("fleet/fleet.toml", &text);
    let host = scratch.read("fleet/.cmc/hosts/web1/fetch.toml");
    let host = host
        .replace("store = \"dir:../../../store\"", &store_line(url))
        .replace("\"identity\"", "\"fleet/.cmc/hosts/web1/identity\"");
    scratch.write("fetch.toml", &host);
    std::fs::create_dir(scratch.path("root")).unwrap();
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch
}

/// With credentials of the server in memory, and little patience.
fn command(scratch: &Scratch, args: &[&str], timeout: &str) -> Command {
    let mut command = scratch.command();
    command.args(args).env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.env("CMC_STORE_TIMEOUT", timeout).env("AWS_EC2_METADATA_DISABLED", "true");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(scratch: &Scratch, args: &[&str]) -> Ran {
    let ran: Ran = command(scratch, args, "20s").output().unwrap().into();
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

/// A server that does this with every connection.
fn raw(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    url
}

#[test]
fn a_store_without_a_usable_answer_is_named_by_every_command() {
    let nobody = "http://127.0.0.1:1".to_owned();
    let held = std::sync::Mutex::new(Vec::new());
    let slow = raw(|mut stream| {
        let answer = b"HTTP/1.1 200 OK\r\nx-filler: ".iter().copied().chain([b'x'; 600]);
        std::thread::spawn(move || {
            for byte in answer {
                std::thread::sleep(Duration::from_secs(1));
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
            }
        });
    });
    let broken = Server::start(|_| Reply::new(500, "<Error><Code>InternalError</Code></Error>"));
    let closed = Server::start(|_| Reply::new(403, "<Error><Code>AccessDenied</Code></Error>"));
    let cases = [
        ("where nobody listens", nobody),
        ("that accepts and never answers", raw(move |stream| held.lock().unwrap().push(stream))),
        ("that sends a byte a second", slow),
        ("that hangs up", raw(drop)),
        (
            "that speaks another protocol",
            raw(|mut stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n"))),
        ),
        ("that does not speak TLS", closed.url.replace("http:", "https:")),
        ("whose name does not exist", "http://store.invalid:80".to_owned()),
        ("in trouble", broken.url.clone()),
        ("that lets nobody in", closed.url.clone()),
    ];
    let scratches: Vec<_> = cases.iter().map(|(what, url)| (what, fleet_at(url))).collect();
    let commands: [&[&str]; 5] = [
        &["-C", "fleet", "publish"],
        &["-C", "fleet", "status"],
        &["-C", "fleet", "store", "probe"],
        &["-C", "fleet", "store", "verify"],
        &FETCH,
    ];
    let start = Instant::now();
    let running: Vec<_> = scratches
        .iter()
        .flat_map(|(what, scratch)| {
            commands.map(|args| (what, args, command(scratch, args, "2s").spawn().unwrap()))
        })
        .collect();
    for (what, args, child) in running {
        let ran = Ran::from(child.wait_with_output().unwrap());
        let what = format!("cmc {} with a store {what}", args.join(" "));
        assert_eq!(ran.code, 6, "{what}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("s3://bucket/shop"), "{what}: {}", ran.err);
        assert!(!ran.err.contains("panicked") && !ran.err.contains(SECRET), "{what}: {}", ran.err);
    }
    // The slow one would need ten minutes for a whole answer.
    assert!(start.elapsed() < Duration::from_secs(300), "{:?}", start.elapsed());
    for (what, scratch) in &scratches {
        assert!(!scratch.path("root/etc").exists(), "a store {what}");
        assert!(
            scratch.path("fleet/.cmc/build/plan.json").exists(),
            "a store {what}: the plan is still there"
        );
    }
}

#[test]
fn a_store_that_forgets_conditions_is_refused_by_probe_and_others_pass() {
    for (weak, code, says) in [
        (Weak::default(), 0, "will do"),
        (Weak { ignores_create: true, ..Weak::default() }, 6, "FAIL"),
        (Weak { ignores_match: true, ..Weak::default() }, 6, "FAIL"),
    ] {
        let server = S3Server::start(weak);
        let scratch = fleet_at(server.url());
        let ran = run(&scratch, &["-C", "fleet", "store", "probe"]).expect(code);
        assert!(ran.err.contains(says) || ran.out.contains(says), "{weak:?}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn who_may_not_list_the_store_is_told_all_else() {
    let server = S3Server::start(Weak { denies_list: true, ..Weak::default() });
    let scratch = fleet_at(server.url());
    run(&scratch, &["-C", "fleet", "publish"]).expect(0);
    let status = run(&scratch, &["-C", "fleet", "status"]).expect(0);
    assert!(status.out.contains("release 1") && status.out.contains("web1\thello"), "{}", status.out);
    run(&scratch, &["-C", "fleet", "store", "verify"]).expect(0);
    let other = run(&scratch, &["-C", "fleet", "store", "verify", "--channel", "other"]).expect(1);
    assert!(other.err.contains("nothing was ever published on channel other"), "{}", other.err);
}

#[test]
fn what_several_hosts_have_is_read_once_to_be_compared() {
    let server = S3Server::start(Weak::default());
    let scratch = fleet_at(server.url());
    let shared = "[service.shared]\non = [\"@all\"]\nfile.\"/etc/shared\".content = \"x\"\n";
    scratch.write("fleet/services/shared.toml", shared);
    let web1 = scratch.read("fleet/hosts/web1.toml").replace("tags = [\"web\"]", "");
    for number in 2..10 {
        let lines = web1.lines().filter(|line| !line.starts_with("id = "));
        let text = lines.collect::<Vec<_>>().join("\n").replace("web1", &format!("web{number}"));
        scratch.write(format!("fleet/hosts/web{number}.toml"), &text);
    }
    scratch.fleet("fleet", &["build"]).expect(0);
    run(&scratch, &["-C", "fleet", "publish"]).expect(0);
    let before = server.log().len();
    run(&scratch, &["-C", "fleet", "diff"]).expect(0);
    let log = server.log();
    let read: Vec<_> = log[before..].iter().filter(|line| line.starts_with("GET shop/packs/")).collect();
    // A manifest for each host, the index, and the two bundles.
    assert!(!read.is_empty() && read.len() <= 9 + 3 + 2, "{read:?}");
}

#[test]
fn etags_that_lie_cost_no_release_and_are_named() {
    let server = S3Server::start(Weak::default());
    let scratch = fleet_at(server.url());
    let publish = ["-C", "fleet", "publish"];
    run(&scratch, &publish).expect(0);
    let pointer = server.object("shop/channels/main.json").unwrap();

    let text = scratch.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    scratch.write("fleet/fleet.toml", &text);
    scratch.fleet("fleet", &["build"]).expect(0);
    for (fault, says) in [
        (Fault::WrongEtag, "ETag"),
        (Fault::NoEtag, "ETag"),
        (Fault::Error(403, "QuotaExceeded"), "QuotaExceeded"),
    ] {
        let method = if matches!(fault, Fault::Error(..)) { "PUT" } else { "GET" };
        server.inject(method, [fault; 300]);
        for args in [&publish[..], &["-C", "fleet", "refresh", "--lifetime", "1h"]] {
            let ran = run(&scratch, args).expect(6);
            assert!(ran.err.contains(says) && ran.err.contains("s3://bucket/shop"), "{fault:?}: {}", ran.err);
            assert_eq!(server.object("shop/channels/main.json").unwrap(), pointer, "{fault:?}");
        }
        server.heal();
    }
    run(&scratch, &publish).expect(0);
    run(&scratch, &["-C", "fleet", "store", "verify"]).expect(0);
    run(&scratch, &FETCH).expect(0);
    assert!(scratch.read("root/etc/hello/hello.conf").contains("welcome"));
}

/// Serves a directory store, with `answer` deciding about the pointer.
fn web(dir: PathBuf, answer: impl Fn(&Request, Vec<u8>) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let Ok(bytes) = std::fs::read(dir.join(request.path.trim_start_matches('/'))) else {
            return Reply::new(404, "");
        };
        if request.path.contains("channels/") {
            return answer(request, bytes);
        }
        match request.header("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) {
            Some((from, to)) => {
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                let to = to.min(bytes.len() - 1);
                Reply::new(206, &bytes[from..=to])
                    .with("Content-Range", &format!("bytes {from}-{to}/{}", bytes.len()))
            }
            None => Reply::new(200, bytes),
        }
    })
}

#[test]
fn a_host_believes_no_etag() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    let store = scratch.path("fleet/store");
    let count = Arc::new(AtomicU64::new(0));
    let old = std::fs::read(store.join("channels/main.json")).unwrap();

    let always_304 = web(store.clone(), |_, _| Reply::new(304, "").with("ETag", "\"a\""));
    let changing = web(store.clone(), move |_, bytes| {
        Reply::new(200, bytes).with("ETag", &format!("\"{}\"", count.fetch_add(1, Ordering::Relaxed)))
    });
    let without = web(store.clone(), |_, bytes| Reply::new(200, bytes));
    let stuck = web(store.clone(), |request, bytes| match request.header("if-none-match") {
        Some(_) => Reply::new(304, "").with("ETag", "\"stuck\""),
        None => Reply::new(200, bytes).with("ETag", "\"stuck\""),
    });
    let stale = web(store.clone(), move |_, _| Reply::new(200, old.clone()).with("ETag", "\"old\""));
    let host = |name: &str, server: &Server| {
        let config = scratch.read("fleet/.cmc/hosts/web1/fetch.toml");
        let config = config
            .replace("dir:../../../store", &server.url)
            .replace("\"identity\"", "\"fleet/.cmc/hosts/web1/identity\"");
        scratch.write(format!("{name}.toml"), &config);
        std::fs::create_dir_all(scratch.path(name)).unwrap();
    };
    let fetch = |name: &str, run: &[&str]| -> Ran {
        let config = format!("{name}.toml");
        let ran = scratch.fetch(&[&["--config", &config, "--root", name], run].concat());
        assert!(!ran.err.contains("panicked"), "{name}: {}", ran.err);
        ran
    };
    for (name, server) in [
        ("always", &always_304),
        ("changing", &changing),
        ("without", &without),
        ("stuck", &stuck),
        ("stale", &stale),
    ] {
        host(name, server);
    }
    // Nobody may answer "not modified" to who has nothing.
    let ran = fetch("always", &["run"]).expect(6);
    assert!(ran.err.contains("304"), "{}", ran.err);
    for name in ["changing", "without", "stuck", "stale"] {
        fetch(name, &["run"]).expect(0);
        let quiet = fetch(name, &["run", "--cron"]).expect(0);
        assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""), "{name}");
    }
    let text = scratch.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    scratch.write("fleet/fleet.toml", &text);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    for (name, text) in
        [("changing", "welcome"), ("without", "welcome"), ("stuck", "hello"), ("stale", "hello")]
    {
        fetch(name, &["run"]).expect(0);
        assert!(scratch.read(format!("{name}/etc/hello/hello.conf")).contains(text), "{name}");
    }
    // Who has seen the newer one is not led back.
    let config = scratch.read("stale.toml");
    scratch.write("changing.toml", &config);
    let ran = fetch("changing", &["run"]).expect(5);
    assert!(ran.err.contains("older"), "{}", ran.err);
    assert!(scratch.read("changing/etc/hello/hello.conf").contains("welcome"));
    // Who is held at an old one by a store that says "not modified" hears of it once the timestamp expires.
    if !has("faketime") {
        return skip("a_host_believes_no_etag (expiry)", "not installed: faketime");
    }
    let later = |name: &str| -> Ran {
        let mut command = Command::new("faketime");
        command.args(["-f", "+60d", env!("CARGO_BIN_EXE_cmc"), "fetch", "--config"]);
        command.arg(format!("{name}.toml")).args(["--root", name, "run"]).current_dir(scratch.path(""));
        command.output().unwrap().into()
    };
    let ran = later("stuck").expect(5);
    assert!(ran.err.contains("expired"), "{}", ran.err);
    assert!(scratch.path("stuck/etc/hello/hello.conf").exists(), "what runs goes on");
}

#[test]
fn a_directory_that_is_closed_or_no_store_is_named_and_keeps_what_it_has() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.fleet("fleet", &["build"]).expect(0);
    // A file where the directory belongs, a link in it, a directory where an object belongs.
    std::fs::write(scratch.path("fleet/store"), "").unwrap();
    let ran = scratch.fleet("fleet", &["publish"]).expect(6);
    assert!(ran.err.contains("dir:fleet/store") && ran.err.contains("not a directory"), "{}", ran.err);
    std::fs::remove_file(scratch.path("fleet/store")).unwrap();
    std::fs::create_dir(scratch.path("fleet/store")).unwrap();
    std::os::unix::fs::symlink("/tmp", scratch.path("fleet/store/packs")).unwrap();
    let ran = scratch.fleet("fleet", &["publish"]).expect(6);
    assert!(ran.err.contains("symbolic link"), "{}", ran.err);
    std::fs::remove_file(scratch.path("fleet/store/packs")).unwrap();
    scratch.fleet("fleet", &["publish"]).expect(0);
    let ran = scratch.fleet("fleet", &["status", "--channel", "none"]).expect(1);
    assert!(ran.err.contains("nothing was ever published") && ran.err.contains("cmc publish"), "{}", ran.err);

    // Read-only, for somebody who is not its owner.
    if is_root() && copy_of_program(&scratch).is_none() {
        return skip(
            "a_directory_that_is_closed_or_no_store_is_named_and_keeps_what_it_has (read-only)",
            "the program cannot be run by another user here",
        );
    }
    let text = scratch.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    scratch.write("fleet/fleet.toml", &text);
    scratch.fleet("fleet", &["build"]).expect(0);
    let change = |args: &[&str]| {
        assert!(
            Command::new(args[0]).args(&args[1..]).current_dir(scratch.path("")).status().unwrap().success()
        )
    };
    change(&["chmod", "-R", "a-w,a+rX", "fleet/store"]);
    let mut publish = scratch.command();
    if is_root() {
        change(&["chown", "-R", "65534:65534", "fleet", "home"]);
        change(&["chown", "-R", "0:0", "fleet/store"]);
        publish = Command::new(copy_of_program(&scratch).unwrap());
        publish
            .env_clear()
            .env("HOME", scratch.path("home"))
            .current_dir(scratch.path(""))
            .uid(65_534)
            .gid(65_534);
    }
    let before = tree(&scratch.path("fleet/store"));
    let ran: Ran = publish.args(["-C", "fleet", "publish"]).output().unwrap().into();
    change(&["chmod", "-R", "u+w", "fleet/store"]);
    let ran = ran.expect(6);
    assert!(ran.err.contains("dir:fleet/store") && ran.err.contains("ermission denied"), "{}", ran.err);
    assert!(tree(&scratch.path("fleet/store")) == before);
    if is_root() {
        change(&["chown", "-R", "0:0", "."]);
    }
    scratch.fleet("fleet", &["publish"]).expect(0);
    scratch.fleet("fleet", &["store", "verify"]).expect(0);
}

#[test]
fn a_store_that_fills_up_keeps_its_release_and_takes_the_next_one_when_there_is_room() {
    let may = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return skip(
            "a_store_that_fills_up_keeps_its_release_and_takes_the_next_one_when_there_is_room",
            "no tmpfs may be mounted here",
        );
    }
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    std::fs::create_dir(scratch.path("fleet/store")).unwrap();
    // Does not compress, so that it needs its room.
    let mut state = 1u64;
    let noise: Vec<u8> = (0..700_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    std::fs::write(scratch.path("fleet/files/noise"), noise).unwrap();
    let script = format!(
        "set -eu; cmc={}; mount -t tmpfs -o size=256k none fleet/store\n\
         $cmc -C fleet build -q; $cmc -C fleet publish -q; $cmc -C fleet store verify -q\n\
         printf '[service.noise]\\non = [\"@web\"]\\nfile.\"/opt/noise\".source = \"files/noise\"\\n' > fleet/services/noise.toml\n\
         $cmc -C fleet build -q\n\
         set +e; $cmc -C fleet publish; echo \"exit $?\"; set -e\n\
         find fleet/store -name '.tmp*'; $cmc -C fleet store verify\n\
         mount -o remount,size=64m fleet/store; $cmc -C fleet publish; $cmc -C fleet store verify\n\
         mkdir root; $cmc fetch --config fleet/.cmc/hosts/web1/fetch.toml --root root run; cmp root/opt/noise fleet/files/noise\n",
        env!("CARGO_BIN_EXE_cmc")
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script]).current_dir(scratch.path(""));
    command.env("HOME", scratch.path("home")).env("XDG_CONFIG_HOME", scratch.path("home/.config"));
    let ran: Ran = command.output().unwrap().into();
    let ran = ran.expect(0);
    assert!(ran.out.contains("exit 6"), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("the disk is full") && ran.err.contains("make room"), "{}", ran.err);
    assert!(!ran.out.contains(".tmp"), "{}", ran.out);
}

#[test]
fn a_store_that_lost_objects_is_told_of_each_and_made_whole_by_a_rebuild() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    // Two chunks: packs of their own.
    std::fs::write(scratch.path("fleet/files/large"), vec![7; 9 << 20]).unwrap();
    scratch.write(
        "fleet/services/large.toml",
        "[service.large]\non = [\"@web\"]\nfile.\"/opt/large\".source = \"files/large\"\n",
    );
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    let packs = || -> Vec<String> {
        tree(&scratch.path("fleet/store")).into_keys().filter(|key| key.starts_with("packs/")).collect()
    };
    let first = packs();
    assert!(first.len() >= 3, "{first:?}");
    for (index, damaged) in
        [false, true].into_iter().flat_map(|damaged| (0..first.len()).map(move |i| (i, damaged)))
    {
        // What the last rebuild wrote is damaged in its turn; what is no longer reached may stay.
        let pack = packs()[index].clone();
        let path = scratch.path("fleet/store").join(&pack);
        let mut bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        if damaged {
            bytes.iter_mut().for_each(|byte| *byte ^= 1);
            std::fs::write(&path, bytes).unwrap();
        }
        let ran = scratch.fleet("fleet", &["store", "verify"]);
        if ran.code == 0 {
            continue;
        }
        assert_eq!(ran.code, if damaged { 5 } else { 6 }, "{pack}: {}", ran.err);
        assert!(ran.err.contains("cmc publish --rebuild"), "{pack}: {}", ran.err);
        assert!(damaged || ran.err.contains(&pack), "{pack}: {}", ran.err);
        scratch.fleet("fleet", &["publish", "--rebuild"]).expect(0);
        scratch.fleet("fleet", &["store", "verify"]).expect(0);
    }
    std::fs::create_dir(scratch.path("root")).unwrap();
    scratch.fetch(&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"]).expect(0);
    assert_eq!(std::fs::read(scratch.path("root/opt/large")).unwrap().len(), 9 << 20);
}

#[test]
fn publishers_at_once_lose_nothing() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let store = scratch.path("shared");
    let text = scratch.read("fleet/fleet.toml").replace("dir:store", &format!("dir:{}", store.display()));
    scratch.write("fleet/fleet.toml", &text);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    let clones = ["one", "two", "three"];
    for clone in clones {
        let copied =
            Command::new("cp").arg("-a").arg(scratch.path("fleet")).arg(scratch.path(clone)).status();
        assert!(copied.unwrap().success());
        let text = scratch.read(format!("{clone}/fleet.toml"));
        scratch.write(
            format!("{clone}/fleet.toml"),
            &text.replace("greeting = \"hello\"", &format!("greeting = \"{clone}\"")),
        );
        scratch.fleet(clone, &["build"]).expect(0);
    }
    let running = clones.map(|clone| {
        let mut command = scratch.command();
        command.args(["-C", clone, "publish"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        (clone, command.spawn().unwrap())
    });
    for (clone, child) in running {
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{clone}: {}", ran.err);
    }
    let status = scratch.fleet("fleet", &["status", "--format", "json"]).expect(0).json();
    assert_eq!((status["release"].as_u64(), status["serial"].as_u64()), (Some(4), Some(4)), "{status}");
    scratch.fleet("fleet", &["store", "verify"]).expect(0);
}
