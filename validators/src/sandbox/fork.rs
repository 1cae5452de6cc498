//! Forking, the one unsafe call of this crate, made sound by refusing it in a process with more than one thread.

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `child` in a forked process, which exits with the code that it returns (101 after a panic), and returns the
/// process's id.
pub(super) fn fork(child: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    // A /proc that is not mounted would hide threads: then nothing is forked.
    let threads = std::fs::read_dir("/proc/self/task").map_err(|_| Errno::ENOSYS)?.count();
    if threads != 1 {
        return Err(Errno::EBUSY);
    }
    fork_again(child)
}

/// As [`fork`], for a process that was itself forked by it and has started no thread since.
#[allow(unsafe_code)]
pub(super) fn fork_again(child: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    // SAFETY: this process has one thread (`fork` counts; a forked child has one by definition and this crate starts
    // none), so the child's memory is consistent and it may call anything.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = catch_unwind(AssertUnwindSafe(child)).unwrap_or(101);
            #[allow(clippy::exit)]
            std::process::exit(code)
        }
    }
}
