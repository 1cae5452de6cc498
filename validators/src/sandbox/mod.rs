//! A private root for one program: what it may see, what it may use, and what came of it.
//!
//! The program runs in user, mount, pid, net, ipc, uts and cgroup namespaces of its own, as a uid that is not root
//! outside, on a tmpfs root: the machine's system directories bound read-only, a host's rendered files at their final
//! paths over them, a network that holds only loopback, no new privileges, limits on time, memory, output, files and
//! processes, no descriptor but its own three, and an environment that holds only what is asked for. When it ends, or when the process that
//! asked for it ends in any way, the whole pid namespace is killed and the root vanishes with its mount namespace:
//! nothing is ever written outside, so nothing has to be cleaned up.
//!
//! Never falls back to running without isolation: what cannot be isolated is [`Outcome::Refused`], with the reason.
//!
//! The work is done by a child process, the *worker*, started from an executable that calls [`child_main`] (the hidden
//! `cmc __sandbox`). It serves one [`Request`] after another over its standard input and output.

mod parent;
mod wire;

#[cfg(target_os = "linux")]
mod fork;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod loopback;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod resolver;
#[cfg(target_os = "linux")]
mod root;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod worker;

pub use parent::{Sandbox, SandboxError};
pub use wire::{Bounds, Entry, Identity, Outcome, Request, Response, What};

/// What the hidden subcommand does: serves requests from standard input until it ends. Returns the exit code. Has to be called
/// while the process has a single thread, before anything else is opened.
#[cfg(target_os = "linux")]
pub fn child_main() -> i32 {
    worker::serve()
}

/// What the hidden subcommand does where there are no namespaces: it answers every request with the reason.
#[cfg(not(target_os = "linux"))]
pub fn child_main() -> i32 {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    while let Ok(Some(_)) = wire::read_request(&mut input) {
        let refused = Response::refused("namespaces", "this operating system has none");
        if wire::write_response(&mut output, &refused).is_err() {
            return 1;
        }
    }
    0
}
