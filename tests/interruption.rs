//! Ctrl-C, SIGTERM and Ctrl-\ at many moments of every command that writes: nothing half-written stays, no plaintext, no
//! process; the command dies of the signal (130 or 143 in a shell), and the next run works.

use crate::support::{PATIENCE, Ran, Scratch, tree};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many moments of a command are tried.
const MOMENTS: u32 = 6;

/// A fleet with a secret, its plan, and what is published.
fn prepared() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let text = scratch.read("fleet/fleet.toml");
    scratch.write("fleet/fleet.toml", &format!("{text}\n[secret.db]\ntype = \"password\"\n"));
    let hello = scratch.read("fleet/services/hello.toml");
    let with_secret =
        hello.replace("[service.hello.env]\n", "[service.hello.env]\nDB = { secret = \"db\" }\n");
    scratch.write("fleet/services/hello.toml", &with_secret);
    run(&scratch, &["-C", "fleet", "secret", "set", "db"], "before").expect(0);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    scratch
}

fn spawn(scratch: &Scratch, args: &[&str], input: &str) -> std::process::Child {
    let mut command = scratch.command();
    command.args(args).process_group(0);
    command
        .env("TMPDIR", scratch.path(""))
        .env("XDG_RUNTIME_DIR", "/dev/shm")
        .env("EDITOR", scratch.path("editor"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

fn run(scratch: &Scratch, args: &[&str], input: &str) -> Ran {
    spawn(scratch, args, input).wait_with_output().unwrap().into()
}

fn copy(from: &Scratch) -> Scratch {
    let to = Scratch::new();
    let copied = Command::new("cp").arg("-a").arg(from.path(".")).arg(to.path("")).status().unwrap();
    assert!(copied.success());
    to
}

/// Processes of a group that still run.
fn alive(group: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = fields.split(' ').collect();
        if fields.first() != Some(&"Z") && fields.get(2) == Some(&group.to_string().as_str()) {
            found.push(stat);
        }
    }
    found
}

#[track_caller]
fn nothing_is_left(scratch: &Scratch, process: u32, what: &str) {
    let start = Instant::now();
    while !alive(process).is_empty() && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(alive(process), Vec::<String>::new(), "{what}: processes stay");
    let temporary = |path: &String| {
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name.ends_with(".tmp") || name.starts_with(".tmp")).then_some(path.clone())
    };
    let found: Vec<String> = tree(&scratch.path("")).keys().filter_map(temporary).collect();
    assert_eq!(found, Vec::<String>::new(), "{what}: temporary files stay");
    for (dir, prefix) in [("/dev/shm".into(), "cmc-secret-"), (scratch.path(""), "cmc-try-")] {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.starts_with(&format!("{prefix}{process}")), "{what}: {name} stays");
        }
    }
    for (path, bytes) in tree(&scratch.path("fleet/.cmc")) {
        if path.ends_with(".json") {
            assert!(
                serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                "{what}: {path} is half-written"
            );
        }
    }
}

/// Interrupts a command at moments spread over the time that it takes, each in a copy of `base`, and looks at what is
/// left. `next` must then work.
fn interrupt(base: &Scratch, args: &[&str], input: &str, moments: u32, next: impl Fn(&Scratch, &str)) {
    let scratch = copy(base);
    let start = Instant::now();
    run(&scratch, args, input).expect(0);
    let mut whole = start.elapsed();
    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count();
    let before = mounts();
    let (mut interrupted, mut moment) = (0, 0);
    // All of them, and on until one was in time.
    while moment < moments || (interrupted == 0 && !whole.is_zero()) {
        let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT];
        let signal = signals[moment as usize % signals.len()];
        let scratch = copy(base);
        let child = spawn(&scratch, args, input);
        let process = child.id();
        std::thread::sleep(whole * (2 * (moment % moments) + 1) / (2 * moments));
        let _ = kill(Pid::from_raw(i32::try_from(process).unwrap()), signal);
        let output = child.wait_with_output().unwrap();
        let what = format!("cmc {} with {signal} at {moment}/{moments} of {whole:?}", args.join(" "));
        match output.status.signal() {
            Some(died_of) => {
                assert_eq!(died_of, signal as i32, "{what}");
                interrupted += 1;
            }
            None => {
                assert_eq!(output.status.code(), Some(0), "{what}: {output:?}");
                // The machine has become faster since the time was taken.
                whole /= 2;
            }
        }
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{what}: {output:?}");
        nothing_is_left(&scratch, process, &what);
        next(&scratch, &what);
        moment += 1;
    }
    assert!(interrupted > 0, "cmc {} was never interrupted within {whole:?}", args.join(" "));
    assert_eq!(mounts(), before, "mounts of the sandbox stay");
}

/// The same command works, and what is published is whole.
fn again<'a>(args: &'a [&'a str], input: &'a str) -> impl Fn(&Scratch, &str) + 'a {
    move |scratch, what| {
        let ran = run(scratch, args, input);
        assert_eq!(ran.code, 0, "{what}, then again: {}{}", ran.out, ran.err);
        scratch.fleet("fleet", &["store", "verify"]).expect(0);
    }
}

#[test]
fn an_interrupted_build_leaves_the_next_one_nothing_to_clean_up() {
    let base = prepared();
    let args = ["-C", "fleet", "build"];
    interrupt(&base, &args, "", MOMENTS, |scratch, what| {
        again(&args, "")(scratch, what);
        scratch.fleet("fleet", &["publish"]).expect(0);
    });
}

#[test]
fn an_interrupted_publish_leaves_the_old_release_or_the_new_one() {
    let base = prepared();
    let text = base.read("fleet/fleet.toml").replace("greeting = \"hello\"", "greeting = \"welcome\"");
    base.write("fleet/fleet.toml", &text);
    base.fleet("fleet", &["build"]).expect(0);
    let args = ["-C", "fleet", "publish"];
    interrupt(&base, &args, "", 2 * MOMENTS, |scratch, what| {
        let ran = scratch.fleet("fleet", &["store", "verify"]);
        assert_eq!(ran.code, 0, "{what}: {}", ran.err);
        again(&args, "")(scratch, what);
        std::fs::create_dir(scratch.path("root")).unwrap();
        scratch.fetch(&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"]).expect(0);
        assert!(scratch.read("root/etc/cmc/env/hello.env").contains("welcome"), "{what}");
    });
}

#[test]
fn an_interrupted_refresh_leaves_the_old_timestamp_or_the_new_one() {
    let base = prepared();
    let args = ["-C", "fleet", "refresh", "--lifetime", "72h"];
    interrupt(&base, &args, "", MOMENTS, again(&args, ""));
}

#[test]
fn an_interrupted_change_of_secrets_leaves_each_the_old_or_the_new() {
    let base = prepared();
    let value = |scratch: &Scratch| scratch.fleet("fleet", &["secret", "show", "db"]).expect(0).out;
    let set = ["-C", "fleet", "secret", "set", "db"];
    interrupt(&base, &set, "after", MOMENTS, |scratch, what| {
        assert!(["before", "after"].contains(&value(scratch).as_str()), "{what}");
        again(&set, "after")(scratch, what);
        assert_eq!(value(scratch), "after", "{what}");
    });
    let rotate = ["-C", "fleet", "secret", "rotate"];
    interrupt(&base, &rotate, "", MOMENTS, |scratch, what| {
        assert_eq!(value(scratch), "before", "{what}");
        again(&rotate, "")(scratch, what);
    });
}

#[test]
fn an_interrupted_init_makes_a_whole_fleet_or_none() {
    let whole_or_none = |scratch: &Scratch, what: &str| {
        if std::fs::read_dir(scratch.path("fleet")).is_ok_and(|mut entries| entries.next().is_some()) {
            scratch.fleet("fleet", &["build"]).expect(0);
            scratch.fleet("fleet", &["publish"]).expect(0);
        } else {
            let ran = scratch.cmc(["init", "fleet"]);
            assert_eq!(ran.code, 0, "{what}: {}", ran.err);
        }
    };
    interrupt(&Scratch::new(), &["init", "fleet"], "", 2 * MOMENTS, whole_or_none);
}

#[test]
fn an_interrupted_trust_init_makes_a_whole_root_or_none() {
    let base = Scratch::new();
    base.cmc(["init", "fleet"]).expect(0);
    std::fs::remove_dir_all(base.path("fleet/trust")).unwrap();
    let args = ["-C", "fleet", "trust", "init"];
    interrupt(&base, &args, "", MOMENTS, |scratch, what| {
        if !scratch.path("fleet/trust").exists() {
            let ran = run(scratch, &args, "");
            assert_eq!(ran.code, 0, "{what}: {}", ran.err);
        }
        scratch.fleet("fleet", &["host", "show", "web1"]).expect(0);
    });
}

#[test]
fn an_interrupted_host_add_adds_a_whole_host_or_none() {
    let base = prepared();
    let args = ["-C", "fleet", "host", "add", "web2", "--os", "debian-12", "--arch", "x86_64"];
    interrupt(&base, &args, "", MOMENTS, |scratch, what| {
        if !scratch.path("fleet/hosts/web2.toml").exists() {
            let ran = run(scratch, &args, "");
            assert_eq!(ran.code, 0, "{what}: {}", ran.err);
        }
        scratch.fleet("fleet", &["host", "show", "web2"]).expect(0);
    });
}

#[test]
fn an_interrupted_render_leaves_all_files_or_none() {
    let base = prepared();
    let big = "y".repeat(1 << 20);
    for number in 0..24 {
        base.write(format!("fleet/files/big{number}"), &big);
    }
    let file = |number| format!("file.\"/etc/big{number}\".source = \"files/big{number}\"\n");
    let service = "[service.big]\non = [\"@web\"]\n".to_owned() + &(0..24).map(file).collect::<String>();
    base.write("fleet/services/big.toml", &service);
    let args = ["-C", "fleet", "render", "web1", "--out", "out"];
    interrupt(&base, &args, "", 2 * MOMENTS, |scratch, what| {
        let found = tree(&scratch.path("out")).len();
        let ran = run(scratch, &args, "");
        if ran.code == 0 {
            assert_eq!(found, 0, "{what}");
        } else {
            let all = tree(&scratch.path("out")).len();
            assert!(ran.err.contains("is not empty") && found == all && all > 24, "{what}: {}", ran.err);
        }
    });
}

#[test]
fn an_interrupted_story_of_cmc_try_leaves_nothing() {
    interrupt(&Scratch::new(), &["try"], "", 4, |scratch, what| {
        let left: Vec<_> = tree(&scratch.path("")).into_keys().collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    });
}

#[test]
fn ctrl_c_and_ctrl_backslash_belong_to_the_editor_and_sigterm_takes_the_copy_and_the_editor_away() {
    let base = prepared();
    // Says that it runs, edits when told to.
    base.write(
        "editor",
        "#!/bin/sh\n: > \"$0.runs\"\nwhile [ ! -e \"$0.go\" ]; do sleep 0.02; done\nprintf after > \"$1\"\n",
    );
    let status = Command::new("chmod").arg("+x").arg(base.path("editor")).status().unwrap();
    assert!(status.success());
    let ends = [
        (Signal::SIGINT, "after"),
        (Signal::SIGQUIT, "after"),
        (Signal::SIGTERM, "before"),
        (Signal::SIGHUP, "before"),
    ];
    // Under nohup, say, a hang-up is for nobody.
    let ignored = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = ignored.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    let no_hang_up = u64::from_str_radix(ignored, 16).unwrap() & 1 == 1;
    for (signal, value) in ends.into_iter().filter(|(signal, _)| !no_hang_up || *signal != Signal::SIGHUP) {
        let is_the_editors = value == "after";
        let scratch = copy(&base);
        let child = spawn(&scratch, &["-C", "fleet", "secret", "edit", "db"], "");
        let process = child.id();
        let start = Instant::now();
        while !scratch.path("editor.runs").exists() {
            assert!(start.elapsed() < PATIENCE, "the editor never ran");
            std::thread::sleep(Duration::from_millis(10));
        }
        kill(Pid::from_raw(i32::try_from(process).unwrap()), signal).unwrap();
        if is_the_editors {
            // Were it not the editor's, it would end both now.
            std::thread::sleep(Duration::from_millis(100));
            scratch.write("editor.go", "");
        }
        let output = child.wait_with_output().unwrap();
        let died_of = (!is_the_editors).then_some(signal as i32);
        assert_eq!(output.status.signal(), died_of, "{signal}: {output:?}");
        nothing_is_left(&scratch, process, &format!("secret edit with {signal}"));
        assert_eq!(scratch.fleet("fleet", &["secret", "show", "db"]).expect(0).out, value, "{signal}");
    }
}

#[test]
fn two_cmc_in_one_directory_take_turns_and_a_lasting_holder_is_named() {
    let scratch = prepared();
    let commands: [&[&str]; 3] =
        [&["-C", "fleet", "build"], &["-C", "fleet", "build"], &["-C", "fleet", "secret", "set", "db"]];
    let at_once = commands.map(|args| (args, spawn(&scratch, args, "new")));
    for (args, child) in at_once {
        let ran = Ran::from(child.wait_with_output().unwrap());
        // On a machine where the others take longer than one waits for them, it is told to try again.
        let busy = ran.code == 1 && ran.err.contains("is at work in");
        let ran = if busy { run(&scratch, args, "new") } else { ran };
        ran.expect(0);
    }

    let lock =
        std::fs::OpenOptions::new().read(true).write(true).open(scratch.path("fleet/.cmc/lock")).unwrap();
    lock.lock().unwrap();
    std::fs::write(scratch.path("fleet/.cmc/lock"), "`cmc build` (process 4711)\n").unwrap();
    let before = tree(&scratch.path("fleet"));
    let waiting = spawn(&scratch, &["-C", "fleet", "secret", "set", "db"], "other");
    let start = Instant::now();
    let ran = Ran::from(waiting.wait_with_output().unwrap()).expect(1);
    assert!(start.elapsed() >= Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(ran.err.contains("waiting for `cmc build` (process 4711)"), "{}", ran.err);
    assert!(ran.err.contains("`cmc build` (process 4711) is at work in fleet"), "{}", ran.err);
    assert!(ran.err.contains("help:"), "{}", ran.err);
    assert_eq!(tree(&scratch.path("fleet")), before, "nothing was changed");

    // Waits, says so, and goes on once the holder is done.
    let mut waiting = spawn(&scratch, &["-C", "fleet", "build"], "");
    let mut said = String::new();
    let mut stderr = std::io::BufReader::new(waiting.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut stderr, &mut said).unwrap();
    assert!(said.contains("waiting for `cmc build`"), "{said}");
    drop(lock);
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(0), "{said}");
    scratch.fleet("fleet", &["publish"]).expect(0);
}
