//! Standard output and standard error of the program. A reader who goes away (`cmc-fetch status | head -1`) is no
//! failure; anything else that keeps output from being written, such as a full disk, is one, and is said on standard
//! error. Neither ends the program before its work is done.

use crate::error::Exit;
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

/// Why output was lost, the first time.
static LOST: OnceLock<String> = OnceLock::new();

fn kept(written: std::io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = LOST.set(error.to_string());
    }
}

/// Writes a line on standard output.
pub fn line(text: impl Display) {
    kept(writeln!(std::io::stdout(), "{text}"));
}

/// Writes a line on standard error.
pub fn complain(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "cmc-fetch: {text}");
}

/// Ends output: a run that was otherwise good fails if what it said was lost.
pub fn end(exit: Exit) -> Exit {
    kept(std::io::stdout().flush());
    let Some(problem) = LOST.get() else { return exit };
    complain(format_args!("the output could not be written: {problem}"));
    exit.and(Exit::Failed)
}
