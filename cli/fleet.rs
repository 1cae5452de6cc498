//! The fleet's directory: loading and compiling it, with what the options of a command add.

use crate::exit::{Failure, io};
use crate::findings::Findings;
use cmc_compiler::tree::Node;
use cmc_compiler::{CompileOptions, Extra, LoadOptions, Secrets};
use cmc_types::plan::Plan;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Definitions that do not lie in the fleet's directory.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct With {
    /// Read a generated definition too (JSON, or TOML if it ends in .toml); - for standard input
    #[arg(long = "with", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl With {
    fn read(&self) -> Result<Vec<Extra>, Failure> {
        self.files.iter().map(|path| extra(path)).collect()
    }
}

fn extra(path: &Path) -> Result<Extra, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| io("read", Path::new("standard input"), &error))?;
        return Ok(Extra { name: "<stdin>".to_owned(), bytes });
    }
    let bytes = std::fs::read(path).map_err(|error| io("read", path, &error))?;
    Ok(Extra { name: path.display().to_string(), bytes })
}

/// A fleet as it was written.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What is wrong.
    pub(crate) findings: Findings,
    /// Every definition.
    pub(crate) document: Option<Node>,
}

/// A fleet, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// What is wrong.
    pub(crate) findings: Findings,
    /// The plan, if there are no errors.
    pub(crate) plan: Option<Plan>,
}

/// How the fleet's directory is called in messages.
pub(crate) fn shown(directory: &Path) -> String {
    if directory == Path::new(".") { "fleet".to_owned() } else { directory.display().to_string() }
}

/// Refuses a directory that is no fleet's.
fn is_fleet(directory: &Path) -> Result<(), Failure> {
    if directory.join("fleet.toml").symlink_metadata().is_ok() {
        return Ok(());
    }
    let problem = if directory.is_dir() { "has no fleet.toml" } else { "is no directory" };
    Err(Failure::failed(format!("{} {problem}", directory.display()))
        .help("give the fleet's directory with -C, or make a fleet with `cmc init DIR`"))
}

/// Loads a fleet.
pub(crate) fn load(directory: &Path, with: &With) -> Result<Loaded, Failure> {
    is_fleet(directory)?;
    let options = LoadOptions { with: with.read()?, ..LoadOptions::default() };
    let loaded = cmc_compiler::load(directory, &options);
    let findings = Findings { sources: loaded.sources, diagnostics: loaded.diagnostics };
    Ok(Loaded { findings, document: loaded.document })
}

/// Compiles a fleet with these secrets.
pub(crate) fn compile(directory: &Path, with: &With, secrets: &dyn Secrets) -> Result<Compiled, Failure> {
    is_fleet(directory)?;
    let load = LoadOptions { with: with.read()?, ..LoadOptions::default() };
    let options = CompileOptions { load, ..CompileOptions::default() };
    let compiled = cmc_compiler::compile(directory, &options, secrets);
    let findings = Findings { sources: compiled.sources, diagnostics: compiled.diagnostics };
    Ok(Compiled { findings, plan: compiled.plan })
}
