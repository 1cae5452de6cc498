//! `cmc-fetch`: see [`cmc_fetch::command`].

use std::process::ExitCode;

fn main() -> ExitCode {
    // Files get their modes explicitly.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    cmc_fetch::cores::forbid();
    ExitCode::from(cmc_fetch::command::main(std::env::args_os().skip(1)))
}
