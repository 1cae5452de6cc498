//! System calls that fail, one at a time and for good, or that a run is killed in, wherever it makes them: every file
//! stays whole, old or new, and the next run without the fault ends with everything new.

use crate::program::{config, fetch, have, program, temporaries, text};
use crate::world::{World, file, service};
use cmc_testing::skip;
use std::process::{Command, Output};

const FILES: [&str; 3] = ["etc/a.conf", "etc/web/b.conf", "opt/c.conf"];

fn publish(world: &World, content: &str) {
    let files = FILES.iter().map(|path| file(&format!("/{path}"), content)).collect();
    let mut service = service("web", files);
    service.checks.clear();
    world.publish(vec![service]);
}

fn contents(world: &World) -> Vec<String> {
    FILES.iter().map(|path| world.read(path)).collect()
}

/// Runs with a fault in a system call; `None`: it cannot be made here.
fn faulty(world: &World, call: &str, fault: &str) -> Option<Output> {
    let output = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
        .arg(format!("inject={call}:{fault}"))
        .arg(program())
        .arg("--config")
        .arg(config(world))
        .arg("--root")
        .arg(world.root())
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    (!stderr.contains("ptrace") && !stderr.contains("invalid system call")).then_some(output)
}

/// Makes `call` fail at its 1st, 2nd … time until it is no longer made so often; how many runs failed.
fn sweep(call: &str, fault: &str, step: usize) -> Option<usize> {
    let mut failed = 0;
    for when in (1..80).step_by(step) {
        let world = World::today();
        publish(&world, "old\n");
        assert_eq!(fetch(&world, &["run"]).status.code(), Some(0));
        publish(&world, "new\n");
        let fault = fault.replace("N", &when.to_string());
        let output = faulty(&world, call, &fault)?;
        let said = format!("{call} {fault}: {}{}", text(&output.stdout), text(&output.stderr));
        assert_ne!(output.status.code(), Some(101), "{said}");
        if output.status.success() {
            // Some calls may fail without harm; after the last one nothing fails any more.
            if when > 30 || contents(&world).iter().all(|content| content == "new\n") && failed > 0 {
                break;
            }
            continue;
        }
        failed += 1;
        for content in contents(&world) {
            assert!(content == "old\n" || content == "new\n", "{said}: {content:?}");
        }
        for _ in 0..2 {
            fetch(&world, &["run"]);
        }
        assert_eq!(contents(&world), ["new\n"; 3], "{said}");
        assert_eq!(fetch(&world, &["status"]).status.code(), Some(0), "{said}");
        assert!(temporaries(&world.root()).is_empty(), "{said}");
        assert!(!world.root().join("var/lib/cmc/journal.json").exists(), "{said}");
    }
    Some(failed)
}

fn check(name: &str, sweeps: &[(&str, &str, usize)]) {
    if !have("strace") {
        return skip(name, "there is no strace");
    }
    for (call, fault, step) in sweeps {
        match sweep(call, fault, *step) {
            Some(failed) => assert!(failed > 0, "{call} {fault} failed no run"),
            None => return skip(name, "strace may not trace here"),
        }
    }
}

#[test]
fn a_file_that_cannot_be_put_in_place_or_back_ends_whole_and_the_next_run_finishes() {
    check(
        "rename-faults",
        &[
            ("renameat", "error=EIO:when=N", 1),
            ("renameat", "error=EBUSY:when=N+", 1),
            ("renameat", "error=EROFS:when=N+", 2),
        ],
    );
}

#[test]
fn a_fault_while_files_are_written_and_synced_ends_whole_and_the_next_run_finishes() {
    check(
        "write-faults",
        &[
            ("write", "error=ENOSPC:when=N", 5),
            ("fsync", "error=EIO:when=N", 4),
            ("fchmod", "error=EPERM:when=N", 1),
        ],
    );
}

#[test]
fn a_kill_in_a_release_of_several_files_leaves_each_whole_and_the_next_run_finishes() {
    let kill = "signal=SIGKILL:when=N";
    check("kills", &[("renameat", kill, 1), ("rename", kill, 2), ("linkat", kill, 1), ("fchmod", kill, 1)]);
}
