//! `peak-memory PROGRAM ARGUMENTS…`: runs a program and prints its exit code and the most memory it had resident, in
//! KiB. A program of its own because Linux counts the memory of the process that starts another as the other's: what
//! starts it must be small.

use nix::sys::resource::{UsageWho, getrusage};
use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else { return ExitCode::from(2) };
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
    let (Ok(status), Ok(usage)) = (status, getrusage(UsageWho::RUSAGE_CHILDREN)) else {
        return ExitCode::FAILURE;
    };
    let line = format!("{} {}\n", status.code().unwrap_or(-1), usage.max_rss());
    match std::io::stdout().write_all(line.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
