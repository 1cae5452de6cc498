//! `cmc`: the command line. It composes the libraries, and is the only place that reads the environment, prints, and
//! chooses exit codes.

mod args;
mod built;
mod changes;
mod commands;
mod durable;
mod exit;
mod findings;
mod fleet;
mod interrupt;
mod keys;
mod lock;
mod memory;
mod progress;
mod published;
mod publisher;
mod remembered;
mod removals;
mod reports;
mod secrets;
mod terminal;
mod trust;
mod validation;
mod watched;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version come as errors too; clap knows the stream and the colours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    let terminal = terminal::Terminal::new(&args.global);
    // The sandbox must stay a process of one thread; the fetcher has a journal and undoes by itself.
    if !matches!(args.command, args::Command::Sandbox(_) | args::Command::Fetch(_)) {
        interrupt::watch();
    }
    let result = args.format_fits().and_then(|()| commands::run(&args, &terminal));
    interrupt::settle();
    match result {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(failure) => {
            failure.report(&terminal);
            ExitCode::from(failure.code)
        }
    }
}
