//! The two unsafe calls of this crate: forking, made sound by a proof that the process has one thread, and giving a
//! signal its default action back.

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, Pid};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Gives SIGPIPE its default action back, which Rust's runtime takes away and a program would inherit.
#[allow(unsafe_code)]
pub(super) fn default_sigpipe() -> Result<(), Errno> {
    // SAFETY: the default action runs no code of this process.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.map(drop)
}

/// Proof that this process has a single thread, and will have: nothing in this module's company starts one.
#[derive(Clone, Copy)]
pub(super) struct SingleThread(());

impl SingleThread {
    /// Counts the threads. A /proc that is not mounted would hide them: then there is no proof.
    pub(super) fn proof() -> Result<Self, Errno> {
        let threads = std::fs::read_dir("/proc/self/task").map_err(|_| Errno::ENOSYS)?.count();
        if threads == 1 { Ok(Self(())) } else { Err(Errno::EBUSY) }
    }

    /// Runs `child` in a forked process, which exits with the code that it returns (101 after a panic), and returns
    /// the process's id. A forked process has one thread, so the proof holds there too.
    #[allow(unsafe_code)]
    pub(super) fn fork(self, child: impl FnOnce() -> i32) -> Result<Pid, Errno> {
        // SAFETY: this process has one thread, so no other can hold a lock or be in the middle of a change that the
        // child would inherit: the child may call anything.
        match unsafe { nix::unistd::fork() }? {
            ForkResult::Parent { child } => Ok(child),
            ForkResult::Child => {
                let code = catch_unwind(AssertUnwindSafe(child)).unwrap_or(101);
                #[allow(clippy::exit)]
                std::process::exit(code)
            }
        }
    }
}
