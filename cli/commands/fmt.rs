//! `cmc fmt`.

use crate::exit::{FAILED, FINDINGS, Failure, io};
use crate::findings::Findings;
use crate::terminal::{Terminal, called, count};
use crate::{durable, fleet};
use cmc_compiler::fmt::format_file;
use cmc_compiler::{LoadOptions, load};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Lay definitions out: blanks, line breaks and columns of comments; order and words stay as they are
///
/// JSON definitions are what programs write, and left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc fmt\n  cmc fmt --check\n  cmc fmt - < services/api.toml")]
pub(crate) struct Args {
    /// Definition files; `-` is standard input, laid out on standard output [default: all of the fleet]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

/// Lays the files out.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let mut findings = Findings::default();
    if args.files.iter().any(|file| file.as_os_str() == "-") {
        return standard_input(args, &mut findings, terminal);
    }
    let files = if args.files.is_empty() { definitions(directory)? } else { args.files.clone() };
    let mut changed = Vec::new();
    for file in &files {
        let name = called(file).to_string();
        let text = std::fs::read_to_string(file).map_err(|error| io("read", file, &error))?;
        let laid_out = match format_file(&name, &text, &mut findings.sources) {
            Ok(laid_out) => laid_out,
            Err(diagnostic) => {
                findings.diagnostics.push(*diagnostic);
                continue;
            }
        };
        if laid_out == text {
            continue;
        }
        if !args.check {
            let place = file.canonicalize().map_err(|error| io("read", file, &error))?;
            let mode = place.metadata().map_err(|error| io("read", file, &error))?.permissions().mode();
            durable::write(&place, laid_out.as_bytes(), mode & 0o7777)?;
        }
        changed.push(name);
    }
    findings.show(terminal, serde_json::json!({ "changed": changed, "files": files.len() }))?;
    if !terminal.is_json() {
        terminal.out(&changed.iter().map(|name| format!("{name}\n")).collect::<String>())?;
    }
    let what = if args.check { "to be laid out" } else { "laid out" };
    terminal.say(&format!("{} of {} {what}", changed.len(), count(files.len(), "file")));
    match (findings.has_errors(), args.check && !changed.is_empty()) {
        (true, _) => Err(Failure::shown(FINDINGS)),
        (false, true) => Err(Failure::shown(FAILED)),
        (false, false) => Ok(()),
    }
}

fn standard_input(args: &Args, findings: &mut Findings, terminal: &Terminal) -> Result<(), Failure> {
    let [_] = args.files.as_slice() else {
        return Err(Failure::new(
            crate::exit::USAGE,
            "`-` stands alone: one text, laid out on standard output",
        ));
    };
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::failed(format!("could not read standard input: {error}")))?;
    match format_file("standard input", &text, &mut findings.sources) {
        Ok(laid_out) if args.check && laid_out != text => Err(Failure::shown(FAILED)),
        Ok(_) if args.check => Ok(()),
        Ok(laid_out) => terminal.out(&laid_out),
        Err(diagnostic) => {
            findings.diagnostics.push(*diagnostic);
            findings.refuse(terminal)
        }
    }
}

/// The fleet's definition files in TOML.
fn definitions(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    fleet::is_fleet(directory)?;
    let inputs = load(directory, &LoadOptions::default()).inputs;
    let named = inputs.iter().map(|input| directory.join(&input.path));
    Ok(named.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect())
}
