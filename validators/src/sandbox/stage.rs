//! The stage: enters the namespaces and starts the init process of the new pid namespace.

use super::fork::SingleThread;
use super::init;
use super::wire::{Identity, Outcome, Request};
use super::worker::{Pipes, Status};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{Gid, Pid, Uid, getppid, pipe2};

/// The uid and gid of [`Identity::Plain`] inside.
pub(crate) const PLAIN_ID: u32 = 900;

/// Enters the namespaces, forks init and waits for it. Everything that fails is reported through the status pipe.
pub(super) fn run(
    request: &Request,
    contents: &[u8],
    pipes: &Pipes,
    worker: Pid,
    single: SingleThread,
) -> i32 {
    match enter(request, contents, pipes, worker, single) {
        Ok(()) => 0,
        Err((step, error)) => {
            let outcome = Outcome::Refused { step: step.to_owned(), why: error.desc().to_owned() };
            Status::of(outcome).send(&pipes.status);
            1
        }
    }
}

fn enter(
    request: &Request,
    contents: &[u8],
    pipes: &Pipes,
    worker: Pid,
    single: SingleThread,
) -> Result<(), (&'static str, Errno)> {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|e| ("user namespace", e))?;
    let inside = if request.identity == Identity::Root { 0 } else { PLAIN_ID };
    map("/proc/self/setgroups", "deny").map_err(|e| ("user namespace", e))?;
    map("/proc/self/gid_map", &format!("{inside} {gid} 1")).map_err(|e| ("user namespace", e))?;
    map("/proc/self/uid_map", &format!("{inside} {uid} 1")).map_err(|e| ("user namespace", e))?;
    for (flag, name) in [
        (CloneFlags::CLONE_NEWNS, "mount namespace"),
        (CloneFlags::CLONE_NEWNET, "net namespace"),
        (CloneFlags::CLONE_NEWIPC, "ipc namespace"),
        (CloneFlags::CLONE_NEWUTS, "uts namespace"),
        (CloneFlags::CLONE_NEWCGROUP, "cgroup namespace"),
        (CloneFlags::CLONE_NEWPID, "pid namespace"),
    ] {
        unshare(flag).map_err(|e| (name, e))?;
    }
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| ("process", e))?;
    if getppid() != worker {
        return Err(("process", Errno::ESRCH));
    }
    // Init cannot see its parent's pid; it learns from this pipe whether the parent lives.
    let (lifeline, hold) = pipe2(OFlag::O_CLOEXEC).map_err(|e| ("process", e))?;
    let mut hold = Some(hold);
    let pid = single
        .fork(|| {
            // Closes the child's copy; this process keeps its own.
            drop(hold.take());
            init::run(request, contents, pipes, &lifeline, single)
        })
        .map_err(|e| ("process", e))?;
    waitpid(pid, None).map_err(|e| ("process", e))?;
    Ok(())
}

fn map(path: &str, text: &str) -> Result<(), Errno> {
    std::fs::write(path, text).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}
