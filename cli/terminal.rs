//! Streams, colours and formats: results go to stdout, everything said on the way to stderr.

use crate::args::{Color, Format, Global};
use crate::exit::Failure;
use crate::progress::{self, Progress};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Component, Path, PathBuf};

/// A number and what it counts: `1 host`, `3 hosts`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A path as messages call it: without the `./` of a fleet in the current directory.
pub(crate) fn called(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(".").unwrap_or(path).display()
}

/// A directory as seen from the current one; `None` if it is that, or lies elsewhere.
fn below(directory: &Path) -> Option<PathBuf> {
    let here = || std::env::current_dir().ok();
    let directory = match directory.is_absolute() {
        true => directory.strip_prefix(here()?).ok()?.to_owned(),
        false => directory.components().filter(|part| *part != Component::CurDir).collect(),
    };
    (!directory.as_os_str().is_empty()).then_some(directory)
}

/// How to speak to whoever started the command.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Format of results and findings.
    pub(crate) format: Format,
    /// Whether colours go to stderr.
    pub(crate) color: bool,
    /// Whether colours go to stdout.
    pub(crate) color_out: bool,
    /// The fleet's directory as seen from the current one, unless it is that or lies elsewhere.
    pub(crate) fleet: Option<PathBuf>,
    /// How many findings of a severity are shown; 0: all.
    pub(crate) max_errors: usize,
    quiet: bool,
    verbose: bool,
}

impl Terminal {
    /// The terminal that the global options and the streams describe.
    pub(crate) fn new(global: &Global) -> Self {
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let wanted = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !no_color,
        };
        Self {
            format: global.format,
            color: wanted(err),
            color_out: wanted(out),
            fleet: below(&global.directory),
            max_errors: global.max_errors.unwrap_or(match global.format {
                Format::Human | Format::Markdown => 100,
                _ => 0,
            }),
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// Whether stdout carries one JSON document.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints a result on stdout, as it is.
    pub(crate) fn out(&self, text: &str) -> Result<(), Failure> {
        let write = || {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        };
        // Whoever reads a pipe may take long; on a terminal, the line must not come back meanwhile.
        let written = match std::io::stdout().is_terminal() {
            true => progress::aside(write),
            false => {
                progress::clear();
                write()
            }
        };
        match written {
            // Whoever read the output has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::failed(format!("could not write to stdout: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Prints the one JSON document of this run.
    pub(crate) fn document(&self, document: &serde_json::Value) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::failed(format!("could not print the result: {error}")))?;
        self.out(&format!("{text}\n"))
    }

    /// Says what was done, as a line for people or as the document.
    pub(crate) fn done(&self, line: &str, document: &serde_json::Value) -> Result<(), Failure> {
        self.say(line);
        if self.is_json() { self.document(document) } else { Ok(()) }
    }

    /// Says what was done, unless quiet.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet && self.format == Format::Human {
            self.err(line);
        }
    }

    /// Shows on a terminal what is being done, until the value is dropped.
    pub(crate) fn progress(&self, text: &str) -> Progress {
        Progress::new(text, self.format == Format::Human && !self.quiet)
    }

    /// Says a detail, if asked to.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose {
            self.err(line);
        }
    }

    /// Warns.
    pub(crate) fn warn(&self, line: &str) {
        self.err(&format!("{} {line}", self.paint("33;1", "warning:")));
    }

    /// Says why the command failed, and what to do.
    pub(crate) fn error(&self, message: &str, help: Option<&str>) {
        self.err(&format!("{} {message}", self.paint("31;1", "error:")));
        if let Some(help) = help {
            self.err(&format!("{} {help}", self.paint("36", "help:")));
        }
    }

    /// Text in a colour of stderr, by its SGR parameters.
    pub(crate) fn paint(&self, sgr: &str, text: &str) -> String {
        if self.color { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Prints a line on stderr.
    pub(crate) fn err(&self, line: &str) {
        let _ = progress::aside(|| writeln!(std::io::stderr(), "{line}"));
    }
}
