//! The fleet's directory: loading and compiling it, with what the options of a command add.

use crate::exit::{FINDINGS, Failure, io};
use crate::findings::Findings;
use crate::memory;
use crate::terminal::Terminal;
use cmc_bundles::store::Store;
use cmc_compiler::load::Extra;
use cmc_compiler::tree::Node;
use cmc_compiler::{CompileOptions, LoadOptions, Secrets};
use cmc_types::definition;
use cmc_types::plan::Plan;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Definitions that do not lie in the fleet's directory.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct With {
    /// Read a generated definition too (JSON, or TOML if it ends in .toml); - for standard input
    #[arg(long = "with", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl With {
    /// Whether standard input is one of them.
    pub(crate) fn takes_standard_input(&self) -> bool {
        self.files.iter().any(|path| path == Path::new("-"))
    }

    /// The files, as they were named.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// How the texts are called that do not lie in the fleet's directory.
    fn names(&self) -> BTreeSet<String> {
        self.files.iter().map(|path| name(path)).collect()
    }

    fn options(&self) -> Result<LoadOptions, Failure> {
        let with = self.files.iter().map(|path| extra(path)).collect::<Result<_, _>>()?;
        Ok(LoadOptions { with, ..LoadOptions::default() })
    }
}

fn extra(path: &Path) -> Result<Extra, Failure> {
    let bytes = match path == Path::new("-") {
        true => standard_input()?,
        false => std::fs::read(path).map_err(|error| io("read", path, &error))?,
    };
    Ok(Extra { name: name(path), bytes })
}

fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// Standard input, which is read once, however often a command loads the definitions.
fn standard_input() -> Result<Vec<u8>, Failure> {
    static READ: Mutex<Option<Vec<u8>>> = Mutex::new(None);
    let mut known = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = known.as_ref() {
        return Ok(bytes.clone());
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| io("read", Path::new("standard input"), &error))?;
    Ok(known.insert(bytes).clone())
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
    /// What hosts' init systems cannot express.
    pub(crate) losses: cmc_compiler::Losses,
}

/// How the fleet's directory is called in messages.
pub(crate) fn shown(directory: &Path) -> String {
    if directory != Path::new(".") {
        return directory.display().to_string();
    }
    let name =
        std::env::current_dir().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| "fleet".to_owned())
}

/// Refuses a directory that is no fleet's.
pub(crate) fn is_fleet(directory: &Path) -> Result<(), Failure> {
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
    let loaded = cmc_compiler::load(directory, &with.options()?);
    let findings =
        Findings { sources: loaded.sources, diagnostics: loaded.diagnostics, elsewhere: with.names() };
    Ok(Loaded { findings, document: loaded.document })
}

/// Compiles a fleet with these secrets. A template that takes too much memory ends the process.
pub(crate) fn compile(
    directory: &Path,
    with: &With,
    secrets: Arc<dyn Secrets>,
    terminal: &Terminal,
) -> Result<Compiled, Failure> {
    let compiled = compile_with(directory, with.options()?, secrets, terminal)?;
    let findings =
        Findings { sources: compiled.sources, diagnostics: compiled.diagnostics, elsewhere: with.names() };
    Ok(Compiled { findings, plan: compiled.plan, losses: compiled.losses })
}

/// The same with everything that the compiler says of a fleet's own directory.
pub(crate) fn compile_whole(
    directory: &Path,
    secrets: Arc<dyn Secrets>,
    terminal: &Terminal,
) -> Result<cmc_compiler::Compiled, Failure> {
    compile_with(directory, LoadOptions::default(), secrets, terminal)
}

fn compile_with(
    directory: &Path,
    load: LoadOptions,
    secrets: Arc<dyn Secrets>,
    terminal: &Terminal,
) -> Result<cmc_compiler::Compiled, Failure> {
    is_fleet(directory)?;
    let _progress = terminal.progress("compiling");
    let options = CompileOptions {
        load,
        validators: cmc_validators::known_names(&std::collections::BTreeMap::new()),
        ..CompileOptions::default()
    };
    Ok(memory::bounded(&options.activity, terminal, || cmc_compiler::compile(directory, &options, secrets)))
}

/// The fleet's own definition; shows what is wrong with the files if it cannot be read.
pub(crate) fn definition(
    directory: &Path,
    loaded: &Loaded,
    terminal: &Terminal,
) -> Result<definition::Fleet, Failure> {
    let node = loaded.document.as_ref().and_then(|document| document.get(&["fleet"]));
    let fleet = node.and_then(|node| serde_json::from_value(node.to_json()).ok());
    match fleet {
        Some(fleet) => Ok(fleet),
        None => {
            loaded.findings.refuse(terminal)?;
            let path = directory.join("fleet.toml");
            Err(Failure::new(FINDINGS, format!("{} defines no fleet that could be read", path.display())))
        }
    }
}

/// Where the fleet is published to.
pub(crate) fn store_table(fleet: &definition::Fleet) -> Result<definition::StoreTable, Failure> {
    match &fleet.store {
        Some(definition::Store::Url(url)) => Ok(cmc_bundles::store::table(url)),
        Some(definition::Store::Table(table)) => Ok(table.clone()),
        None => Err(without_store()),
    }
}

/// The failure of what needs a store, in a fleet that names none.
pub(crate) fn without_store() -> Failure {
    Failure::failed("the fleet has no `store`")
        .help("say where to publish in fleet.toml: store = \"dir:store\" or \"s3://BUCKET/PREFIX\"")
}

/// Opens the fleet's store.
pub(crate) fn store(directory: &Path, with: &With, terminal: &Terminal) -> Result<Box<dyn Store>, Failure> {
    let loaded = load(directory, with)?;
    let table = store_table(&definition(directory, &loaded, terminal)?)?;
    Ok(cmc_bundles::store::open(&table, directory, &environment())?)
}

/// The environment, for the credentials of stores.
pub(crate) fn environment() -> cmc_bundles::store::Env {
    let text = |name: std::ffi::OsString| name.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// The wall clock in Unix seconds.
pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
