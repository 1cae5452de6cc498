//! The worker: reads requests, forks a stage for each, and watches over its time and its output.

use super::fork::SingleThread;
use super::stage;
use super::wire::{self, Outcome, Request, Response};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Gid, Uid, getpid, getppid, pipe2, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Bytes that the status of a stage may have.
const STATUS_LIMIT: usize = 16 << 20;
/// How long killed processes may take to vanish.
const GRACE: Duration = Duration::from_secs(5);

/// What the inside of a stage reports.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Status {
    pub(super) outcome: Outcome,
    pub(super) read: Vec<usize>,
    pub(super) changed: Vec<usize>,
    pub(super) names: Vec<String>,
    pub(super) isolation: Vec<String>,
}

impl Status {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self { outcome, read: Vec::new(), changed: Vec::new(), names: Vec::new(), isolation: Vec::new() }
    }

    pub(super) fn send(&self, to: &OwnedFd) {
        let Ok(json) = serde_json::to_vec(self) else { return };
        if let Ok(to) = to.try_clone() {
            let _ = std::fs::File::from(to).write_all(&json);
        }
    }
}

/// The ends of the pipes that a stage writes to.
pub(super) struct Pipes {
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    pub(super) status: OwnedFd,
}

/// Serves requests until standard input ends.
pub(super) fn serve() -> i32 {
    close_inherited();
    let unprivileged = match become_unprivileged() {
        Ok(unprivileged) => unprivileged,
        Err(_) => return 1,
    };
    if die_with_parent().is_err() || setrlimit(Resource::RLIMIT_CORE, 0, 0).is_err() {
        return 1;
    }
    let Ok(single) = SingleThread::proof() else { return 1 };
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    loop {
        let (request, contents) = match wire::read_request(&mut input) {
            Ok(Some(request)) => request,
            Ok(None) => return 0,
            Err(_) => return 1,
        };
        let mut response = match supervise(&request, &contents, single) {
            Ok(response) => response,
            Err(error) => Response::refused("process", error),
        };
        if unprivileged && !response.isolation.is_empty() {
            response.isolation.push("unprivileged-uid".to_owned());
        }
        if wire::write_response(&mut output, &response).is_err() {
            return 1;
        }
    }
}

/// Closes every descriptor above the standard three that the caller left open.
fn close_inherited() {
    let Ok(listing) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = listing
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        let _ = nix::unistd::close(fd);
    }
}

/// Gives up root for a uid that nobody else has. Whether this process is not root afterwards.
fn become_unprivileged() -> Result<bool, Errno> {
    if !Uid::effective().is_root() {
        return Ok(true);
    }
    // A uid of systemd's range for dynamic users; where it is not mapped (a small container), nobody.
    let own = 61_184 + getpid().as_raw().unsigned_abs() % 4_336;
    for id in [own, 65_534] {
        let dropped = setgroups(&[])
            .and_then(|()| setresgid(Gid::from_raw(id), Gid::from_raw(id), Gid::from_raw(id)))
            .and_then(|()| setresuid(Uid::from_raw(id), Uid::from_raw(id), Uid::from_raw(id)));
        if dropped.is_ok() {
            // The maps of a user namespace can only be written by a process that may be traced by its own uid.
            prctl::set_dumpable(true)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Has the kernel kill this process when its parent ends.
fn die_with_parent() -> Result<(), Errno> {
    let parent = getppid();
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() == parent { Ok(()) } else { Err(Errno::ESRCH) }
}

/// Runs one request in a stage of its own.
fn supervise(request: &Request, contents: &[u8], single: SingleThread) -> Result<Response, Errno> {
    let (stdout, stdout_end) = pipe2(OFlag::O_CLOEXEC)?;
    let (stderr, stderr_end) = pipe2(OFlag::O_CLOEXEC)?;
    let (status, status_end) = pipe2(OFlag::O_CLOEXEC)?;
    let pipes = Pipes { stdout: stdout_end, stderr: stderr_end, status: status_end };
    let worker = getpid();
    let stage = single.fork(|| stage::run(request, contents, &pipes, worker, single))?;
    drop(pipes);
    let watched = watch(
        [stdout, stderr, status],
        request.bounds.output as usize,
        || {
            let _ = kill(stage, Signal::SIGKILL);
        },
        Duration::from_millis(request.bounds.millis),
    );
    let _ = kill(stage, Signal::SIGKILL);
    let _ = waitpid(stage, None);
    let Watched { texts: [stdout, stderr, status], cut } = watched?;
    let mut response = match serde_json::from_slice::<Status>(&status) {
        Ok(status) => Response {
            outcome: status.outcome,
            stdout: String::new(),
            stderr: String::new(),
            read: status.read,
            changed: status.changed,
            names: status.names,
            isolation: status.isolation,
        },
        Err(_) if cut.is_some() => Response::ended(Outcome::TimedOut),
        Err(_) => Response::refused("process", "it ended without a word"),
    };
    if let Some(cut) = cut {
        response.outcome = cut;
    }
    response.stdout = String::from_utf8_lossy(&stdout).into_owned();
    response.stderr = String::from_utf8_lossy(&stderr).into_owned();
    Ok(response)
}

struct Watched {
    texts: [Vec<u8>; 3],
    cut: Option<Outcome>,
}

/// Reads the pipes to their ends; kills when the time is up or too much is written (the status does not count).
fn watch(pipes: [OwnedFd; 3], output: usize, kill: impl Fn(), time: Duration) -> Result<Watched, Errno> {
    let mut pipes: Vec<(usize, std::fs::File)> =
        pipes.into_iter().map(std::fs::File::from).enumerate().collect();
    let mut texts: [Vec<u8>; 3] = Default::default();
    let mut cut = None;
    let mut deadline = Instant::now() + time;
    let mut buffer = [0; 16_384];
    while !pipes.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let ready: Vec<bool> = {
            let mut fds: Vec<PollFd> =
                pipes.iter().map(|(_, pipe)| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
            let timeout = PollTimeout::try_from(left.as_millis().max(1)).unwrap_or(PollTimeout::MAX);
            match poll(&mut fds, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
            fds.iter().map(|fd| fd.revents().is_some_and(|events| !events.is_empty())).collect()
        };
        let mut ended = Vec::new();
        for (slot, (which, pipe)) in pipes.iter_mut().enumerate().filter(|(slot, _)| ready[*slot]) {
            let count = pipe.read(&mut buffer).unwrap_or(0);
            let (limit, used) = match *which {
                2 => (STATUS_LIMIT, texts[2].len()),
                _ => (output, texts[0].len() + texts[1].len()),
            };
            let room = limit.saturating_sub(used);
            texts[*which].extend_from_slice(&buffer[..count.min(room)]);
            if count == 0 {
                ended.push(slot);
            } else if count > room && cut.is_none() {
                cut = Some(Outcome::TooMuchOutput);
                deadline = Instant::now() + GRACE;
                kill();
            }
        }
        for slot in ended.into_iter().rev() {
            pipes.remove(slot);
        }
        if Instant::now() >= deadline && !pipes.is_empty() {
            if cut.is_some() {
                break;
            }
            cut = Some(Outcome::TimedOut);
            deadline = Instant::now() + GRACE;
            kill();
        }
    }
    Ok(Watched { texts, cut })
}
