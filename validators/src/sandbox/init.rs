//! Init: the first process inside the pid namespace. It builds the root, starts the program, waits for it, looks what
//! the program read and changed, and ends; whatever the program left running ends with it.

use super::fork::SingleThread;
use super::wire::{Outcome, Request};
use super::worker::{Pipes, Status};
use super::{loopback, program, resolver, root};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{pipe2, sethostname};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

/// A step that failed, and what the system said.
pub(super) type Failure = (&'static str, String);

/// Reports through the status pipe; returns the exit code.
pub(super) fn run(
    request: &Request,
    contents: &[u8],
    pipes: &Pipes,
    lifeline: &OwnedFd,
    single: SingleThread,
) -> i32 {
    let status = inside(request, contents, pipes, lifeline, single)
        .unwrap_or_else(|(step, why)| Status::of(Outcome::Refused { step: step.to_owned(), why }));
    status.send(&pipes.status);
    0
}

fn inside(
    request: &Request,
    contents: &[u8],
    pipes: &Pipes,
    lifeline: &OwnedFd,
    single: SingleThread,
) -> Result<Status, Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| ("process", e.desc().to_owned()))?;
    let mut fds = [PollFd::new(lifeline.as_fd(), PollFlags::POLLIN)];
    if poll(&mut fds, PollTimeout::ZERO).map_err(|e| ("process", e.desc().to_owned()))? != 0 {
        return Err(("process", "the parent has ended".to_owned()));
    }
    sethostname("localhost").map_err(|e| ("uts namespace", e.desc().to_owned()))?;
    let built = root::build(request, contents)?;
    loopback::up().map_err(|e| ("net namespace", e.to_string()))?;
    // A kernel that cannot do these leaves names unresolved, which the program reports.
    let _ = loopback::own_everything();
    loopback::interfaces(&request.interfaces);
    let resolver = resolver::Resolver::start(&request.domains, single).ok();
    settle();

    let Some(path) = program::find(request) else { return Ok(Status::of(Outcome::NotFound)) };
    let (failure, failure_end) = pipe2(OFlag::O_CLOEXEC).map_err(|e| ("process", e.desc().to_owned()))?;
    let pid = single
        .fork(|| program::become_program(request, &path, pipes, &failure_end))
        .map_err(|e| ("process", e.desc().to_owned()))?;
    drop(failure_end);
    let mut outcome = loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(ended, code)) if ended == pid => break Outcome::Exited(code),
            Ok(WaitStatus::Signaled(ended, signal, _)) if ended == pid => {
                break Outcome::Signalled(signal.as_str().to_owned());
            }
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(("process", error.desc().to_owned())),
        }
    };
    let mut why = String::new();
    let _ = std::fs::File::from(failure).read_to_string(&mut why);
    if !why.is_empty() {
        outcome = Outcome::NotExecutable(why);
    }
    let (read, changed) = built.traces();
    let isolation = ["user", "mount", "pid", "net", "ipc", "uts", "cgroup", "no-new-privs", "limits"];
    let isolation = isolation.map(str::to_owned).into();
    let names = resolver.map(resolver::Resolver::asked).unwrap_or_default();
    Ok(Status { outcome, read, changed, names, isolation })
}

/// Lets an ordinary uid bind low ports and addresses that the private network lacks, as the host's root would, and
/// forbids further user namespaces. Where the kernel has no such switch, the program may complain about an address.
fn settle() {
    for (switch, value) in [
        ("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"),
        ("/proc/sys/net/ipv4/ip_nonlocal_bind", "1"),
        ("/proc/sys/net/ipv6/ip_nonlocal_bind", "1"),
        ("/proc/sys/user/max_user_namespaces", "0"),
    ] {
        let _ = std::fs::write(switch, value);
    }
}
