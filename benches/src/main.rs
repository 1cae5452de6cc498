//! Benches of cmc: `cargo xtask bench [--write] [NAME…]`.
//!
//! Each bench has a file and a peer that it is compared with. Programs that only xtask can build or install are named
//! by environment variables; what is absent is skipped by name.

mod bare;
mod failure;
mod fleet;
mod measure;
mod pkl;
mod publish;
mod publisher;
mod quiet;
mod render;
mod report;
mod server;
mod tls;
mod units;
mod warm;

use failure::{Context as _, Failure};
use report::Section;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// A bench: its name and what it does.
type Bench = (&'static str, fn() -> Result<Section, Failure>);

/// The benches, in the order of the page.
const BENCHES: &[Bench] = &[
    ("render", render::run),
    ("publish", publish::run),
    ("quiet-fetch", quiet::run),
    ("warm", warm::run),
    ("units", units::run),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "work") {
        return render::work(rest);
    }
    let write = arguments.iter().any(|argument| argument == "--write");
    let names: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| *argument != "--write").collect();
    let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(Failure(format!("there is no bench {unknown:?}, only {}", known.join(", "))));
    }
    let machine = report::machine();
    let mut sections = Vec::new();
    for (name, bench) in BENCHES.iter().filter(|(name, _)| names.is_empty() || names.contains(name)) {
        let section = bench().map_err(|Failure(message)| Failure(format!("{name}: {message}")))?;
        writeln!(std::io::stdout(), "{}", section.text(&machine)).context("standard output")?;
        sections.push(section);
    }
    if write {
        let page = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md"));
        report::write(&page, &sections, &machine, &known)?;
    }
    Ok(())
}
