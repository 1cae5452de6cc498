//! Programs that misbehave: nothing of it reaches the machine.

use crate::support::{run, shell};
use crate::{Ended, Test};
use cmc_validators::sandbox::{Identity, Outcome};
use std::time::{Duration, Instant};

pub(crate) const TESTS: &[Test] = &[("sandbox_runs_a_program_on_its_files_at_their_paths", runs)];

macro_rules! isolated {
    ($request:expr) => {
        match run(&$request) {
            Ok(response) => response,
            Err(reason) => return Ended::Skipped(reason),
        }
    };
}

fn runs() -> Ended {
    let script = "cat /etc/app/app.conf /usr/local/bin/tool; id -u; ls / /etc /usr /usr/local /proc | tr '\\n' ' '; cat /proc/self/mounts; ls -l /bin /etc/ /dev; env; cat /proc/self/status | grep -E 'Cap|NoNew'; ulimit -a";
    let request = shell(
        script,
        &[
            ("/etc/app/app.conf", "hello"),
            ("/usr/local/bin/tool", "tool"),
            ("/bin/newtool", "x"),
            ("/etc/unread", ""),
        ],
    );
    let response = isolated!(request);
    println!("{response:?}\n{}\n{}", response.stdout, response.stderr);
    let _ = (Identity::Root, Outcome::TimedOut, Duration::ZERO, Instant::now());
    Ended::Passed
}
