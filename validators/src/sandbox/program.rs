//! The last steps before a program runs: its limits, its descriptors, and no privileges.

use super::wire::{Identity, Request};
use super::worker::Pipes;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, execve, setsid};
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
use std::ffi::CString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;

/// The program's path inside the root: as given, or the first on `PATH`.
pub(super) fn find(request: &Request) -> Option<String> {
    let name = request.argv.first()?;
    let executable = |path: &str| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return executable(name).then(|| name.clone());
    }
    let path = request.env.get("PATH").map_or("", String::as_str);
    path.split(':').map(|dir| format!("{dir}/{name}")).find(|path| executable(path))
}

/// Turns this process into the program. Returns an exit code only if that failed; why is written to `failure`.
pub(super) fn become_program(request: &Request, path: &str, pipes: &Pipes, failure: &OwnedFd) -> i32 {
    let Err(error) = replace(request, path, pipes);
    if let Ok(failure) = failure.try_clone() {
        let _ = std::fs::File::from(failure).write_all(error.to_string().as_bytes());
    }
    127
}

fn replace(request: &Request, path: &str, pipes: &Pipes) -> std::io::Result<std::convert::Infallible> {
    setsid()?;
    umask(Mode::from_bits_truncate(0o022));
    std::env::set_current_dir("/")?;
    let null = std::fs::File::open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&pipes.stdout)?;
    dup2_stderr(&pipes.stderr)?;
    super::fork::default_sigpipe()?;
    limit(request)?;
    give_up_privileges(request)?;
    let text =
        |text: &str| CString::new(text).map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidInput));
    let argv: Vec<CString> = request.argv.iter().map(|arg| text(arg)).collect::<Result<_, _>>()?;
    let env: Vec<CString> =
        request.env.iter().map(|(name, value)| text(&format!("{name}={value}"))).collect::<Result<_, _>>()?;
    Ok(execve(&text(path)?, &argv, &env)?)
}

fn limit(request: &Request) -> std::io::Result<()> {
    let bounds = &request.bounds;
    // Before 5.14 the kernel counted all processes of the uid outside, the user's own included.
    let processes = if counts_inside() { bounds.processes } else { u64::MAX };
    let seconds = bounds.millis.div_ceil(1000) + 1;
    for (resource, value) in [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_CPU, seconds),
        (Resource::RLIMIT_FSIZE, bounds.file_size),
        (Resource::RLIMIT_NOFILE, bounds.files),
        (Resource::RLIMIT_NPROC, processes),
        (Resource::RLIMIT_MEMLOCK, 0),
        // Private memory; address space that is only reserved costs nothing, but must not be endless either.
        (Resource::RLIMIT_DATA, bounds.memory),
        (Resource::RLIMIT_AS, bounds.memory.saturating_mul(8)),
    ] {
        let (_, hard) = getrlimit(resource)?;
        let value = value.min(hard);
        setrlimit(resource, value, value)?;
    }
    Ok(())
}

fn counts_inside() -> bool {
    let release = nix::sys::utsname::uname().ok();
    let release = release.as_ref().and_then(|name| name.release().to_str()).unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 14)
}

/// Drops every capability that the program does not need from what it could ever have. Exec then does the rest: an
/// ordinary uid has none, and uid 0 has those that are left.
fn give_up_privileges(request: &Request) -> std::io::Result<()> {
    for number in 0..=63 {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if request.net_admin && request.identity == Identity::Root && capability == CapabilitySet::NET_ADMIN {
            continue;
        }
        if remove_capability_from_bounding_set(capability).is_err() {
            // The kernel knows fewer; the first it does not know is past the last.
            break;
        }
    }
    rustix::thread::clear_ambient_capability_set()?;
    prctl::set_no_new_privs()?;
    Ok(())
}
