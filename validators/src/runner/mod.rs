//! Runs the validators over a compiled plan: every file gets a receipt, and what is wrong becomes findings.
//!
//! Checks in process run on content in memory. Programs run in the [sandbox](crate::sandbox), each distinct run once,
//! however many hosts share its inputs. What could not be checked is [`Verdict::CouldNotRun`], never passed.
//!
//! Nothing that quotes content with secrets leaves this module.

mod accounts;
mod files;
mod jobs;
mod judge;
mod listen;
mod memory;
mod pool;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod recorded;
mod tool;
mod tree;
mod withhold;

pub use memory::Memory;

use crate::sandbox::Bounds;
use cmc_types::name::{HostName, ValidatorName};
use cmc_types::plan::Plan;
use cmc_types::receipt::{Finding, Receipt, Verdict};
use cmc_types::{Blake3, UnixPath};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a validation is given besides the plan.
pub struct Settings<'a> {
    /// Executable and arguments that call [`crate::sandbox::child_main`]: the command line's own `__sandbox`.
    pub worker: (PathBuf, Vec<String>),
    /// What each program may use.
    pub bounds: Bounds,
    /// How many programs run at once.
    pub threads: usize,
    /// Reads a file of the fleet's directory, by its path relative to it.
    pub source: &'a (dyn Fn(&str) -> std::io::Result<Vec<u8>> + Sync),
    /// Whether typed dummies stand in for secrets.
    pub dummies: bool,
    /// What is validated.
    pub selection: Selection,
    /// Keeps what programs said, so that the same is not asked again; none: everything is run.
    pub memory: Option<&'a dyn Memory>,
    /// The time, in Unix seconds, for receipts.
    pub now: u64,
    /// Told how many programs have run, and of how many.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl<'a> Settings<'a> {
    /// The usual settings: this executable's `__sandbox`, a program at a time on each processor, typed dummies.
    pub fn new(executable: PathBuf, source: &'a (dyn Fn(&str) -> std::io::Result<Vec<u8>> + Sync)) -> Self {
        Self {
            worker: (executable, vec!["__sandbox".to_owned()]),
            bounds: Bounds::default(),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            source,
            dummies: true,
            selection: Selection::All,
            memory: None,
            now: 0,
            progress: &|_, _| (),
        }
    }
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("worker", &self.worker)
            .field("bounds", &self.bounds)
            .field("threads", &self.threads)
            .field("dummies", &self.dummies)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

/// What is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Every file.
    All,
    /// Files that hold secrets, and programs that are shown such files: what publishing has to do again.
    Tainted,
}

/// Something that holds for these hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForHosts<T> {
    /// The hosts, by name.
    pub hosts: Vec<HostName>,
    /// What holds for them.
    pub item: T,
}

/// What came of a validation. Equal things of several hosts are one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// A receipt for every check, made or not.
    pub receipts: Vec<ForHosts<Receipt>>,
    /// What the validators said.
    pub findings: Vec<ForHosts<Finding>>,
    /// Programs that were run, the same run counted once.
    pub runs: usize,
    /// Runs that were remembered instead.
    pub remembered: usize,
}

impl Report {
    /// The receipts of a host.
    pub fn receipts_of<'a>(&'a self, host: &'a HostName) -> impl Iterator<Item = &'a Receipt> {
        self.receipts
            .iter()
            .filter(move |receipt| receipt.hosts.binary_search(host).is_ok())
            .map(|receipt| &receipt.item)
    }

    /// Whether a check failed.
    pub fn failed(&self) -> bool {
        self.receipts.iter().any(|receipt| receipt.item.verdict == Verdict::Failed)
    }

    /// Required checks that could not be made: at build a warning each, at publish a reason to stop.
    pub fn missing(&self) -> impl Iterator<Item = &ForHosts<Receipt>> {
        self.receipts.iter().filter(|receipt| {
            receipt.item.required && matches!(receipt.item.verdict, Verdict::CouldNotRun { .. })
        })
    }
}

/// The validation itself could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// A source could not be read.
    #[error("cannot read {path}: {error}")]
    Source {
        /// Path, relative to the fleet's directory.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A source has other content than when it was compiled.
    #[error("{0} changed while it was being built")]
    Changed(String),
    /// The plan was read back from disk and has no content.
    #[error("the plan holds no content for {0}")]
    NoContent(UnixPath),
}

/// The names that `check = "…"` may hold: the built-in validators and the user's own.
pub fn known_names(own: &BTreeMap<ValidatorName, cmc_types::definition::Validator>) -> Vec<String> {
    let built_in =
        crate::inprocess::NAMES.iter().copied().chain(crate::registry::PROGRAMS.iter().map(|p| p.name));
    let mut names: Vec<String> =
        built_in.map(str::to_owned).chain(own.keys().map(ToString::to_string)).collect();
    names.sort();
    names.dedup();
    names
}

/// Validates every host of a plan that is not retired.
pub fn validate(plan: &Plan, settings: &Settings<'_>) -> Result<Report, ValidateError> {
    let mut loader = tree::Loader::new(settings);
    let mut collected = Collector::default();
    let mut jobs = jobs::Jobs::new(plan, settings);
    for host in plan.hosts.iter().filter(|host| !host.retired) {
        let tree = loader.tree(host)?;
        files::check(&host.host, &tree, settings, &mut collected);
        jobs.add(host, &tree, &mut loader, &mut collected)?;
    }
    let jobs = jobs.finish();
    let pool::Ran { made, versions, run } = pool::run(&jobs, settings);
    for (job, made) in jobs.runs.iter().zip(made) {
        judge::judge(job, made, &versions, settings, &mut collected);
    }
    Ok(Report { runs: run, remembered: jobs.runs.len() - run, ..collected.finish() })
}

/// Gathers receipts and findings; equal ones are one.
#[derive(Default)]
struct Collector {
    receipts: Vec<ForHosts<Receipt>>,
    by_file: std::collections::HashMap<(String, UnixPath, Blake3, bool, bool), usize>,
    findings: Vec<ForHosts<Finding>>,
    by_finding: std::collections::HashMap<String, usize>,
    parsed: std::collections::HashMap<(&'static str, Blake3), Vec<crate::inprocess::Problem>>,
}

impl Collector {
    /// Adds a receipt of a single file for a host; equal ones are joined.
    fn file_receipt(&mut self, host: &HostName, receipt: Receipt) {
        let Some((path, b3)) = receipt.subjects.first_key_value() else { return };
        let key = (receipt.validator.clone(), path.clone(), *b3, receipt.required, receipt.dummies);
        match self.by_file.get(&key) {
            Some(index) => self.receipts[*index].hosts.push(host.clone()),
            None => {
                self.by_file.insert(key, self.receipts.len());
                self.receipts.push(ForHosts { hosts: vec![host.clone()], item: receipt });
            }
        }
    }

    fn receipt(&mut self, hosts: Vec<HostName>, receipt: Receipt) {
        self.receipts.push(ForHosts { hosts, item: receipt });
    }

    fn finding(&mut self, hosts: &[HostName], finding: Finding) {
        let key = format!(
            "{}\0{}\0{:?}\0{:?}\0{:?}\0{}",
            finding.validator, finding.path, finding.line, finding.column, finding.severity, finding.message
        );
        match self.by_finding.get(&key) {
            Some(index) => self.findings[*index].hosts.extend(hosts.iter().cloned()),
            None => {
                self.by_finding.insert(key, self.findings.len());
                self.findings.push(ForHosts { hosts: hosts.to_vec(), item: finding });
            }
        }
    }

    fn finish(mut self) -> Report {
        let sort = |hosts: &mut Vec<HostName>| {
            hosts.sort();
            hosts.dedup();
        };
        self.receipts.iter_mut().for_each(|receipt| sort(&mut receipt.hosts));
        self.findings.iter_mut().for_each(|finding| sort(&mut finding.hosts));
        self.receipts.sort_by(|a, b| {
            let key = |r: &ForHosts<Receipt>| {
                (r.item.validator.clone(), r.item.subjects.keys().next().cloned(), r.hosts.first().cloned())
            };
            key(a).cmp(&key(b))
        });
        self.findings.sort_by(|a, b| {
            let key = |f: &ForHosts<Finding>| {
                (
                    f.item.path.clone(),
                    f.item.line,
                    f.item.column,
                    f.hosts.first().cloned(),
                    f.item.message.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        Report { receipts: self.receipts, findings: self.findings, ..Report::default() }
    }
}
