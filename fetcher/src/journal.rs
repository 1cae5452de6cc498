//! The journal of one transaction, `journal.json`: written durably before each step, so that the next run after a
//! crash knows what was begun. It holds all that undoing needs; paths, hashes and commands, never content.

use crate::atomic;
use crate::error::Result;
use crate::root::Seen;
use crate::state::Original;
use cmc_types::check::HealthCheck;
use cmc_types::{Blake3, ServiceName, UnixPath};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Temporaries are being written beside their targets.
    Staging,
    /// All are there, synced.
    Staged,
    /// Targets are being replaced.
    Committing,
    /// The host's own validators run.
    Checking,
    /// Commands run.
    Acting,
    /// Health checks run.
    Testing,
    /// It succeeded; what remains is to write the state and to remove temporaries.
    Good,
    /// Targets are being restored.
    Undoing,
    /// Commands of the restored bundles run, then their health checks.
    Reacting,
    /// It was undone; what remains is to write the state and to remove temporaries.
    Undone,
    /// It was undone, but the restored bundles do not work; what remains is as after `Undone`.
    Broken,
}

/// Why a transaction is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Bundles are installed, replaced or removed.
    Install,
    /// Files that were edited are repaired.
    Repair,
    /// A watched path of another service changed.
    Watch,
}

/// A service's part in a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The service.
    pub service: ServiceName,
    /// The bundle before; none: it is new.
    pub from: Option<Blake3>,
    /// The bundle after; none: it leaves.
    pub to: Option<Blake3>,
    /// Bundles of the services that it needs, for its quarantine.
    pub needs: BTreeMap<ServiceName, Blake3>,
}

/// One path that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The path.
    pub path: UnixPath,
    /// The service that it is for.
    pub service: ServiceName,
    /// What lies there before.
    pub old: Seen,
    /// What is to lie there. Owner numbers of a file are those it gets.
    pub new: Seen,
    /// Directory where the temporaries are: the closest existing one.
    pub stage: String,
}

/// How far a command got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Not begun.
    Waiting,
    /// Begun; after a crash nobody knows whether it ended.
    Begun,
    /// Ended, and exited 0.
    Done,
    /// Ended otherwise.
    Failed,
    /// Listed only: actions do not run under this root, or this is the unit that runs the fetcher.
    Skipped,
}

/// A command of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The service whose command it is.
    pub service: ServiceName,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Seconds it may take.
    pub timeout: u32,
    /// Whether it runs at most once.
    pub once: bool,
    /// How far it got.
    pub progress: Progress,
}

/// A health check of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The service whose check it is.
    pub service: ServiceName,
    /// The check.
    pub check: HealthCheck,
}

/// How a transaction is undone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// Commands before files are restored: what only the new bundles have is stopped.
    pub leaving: Vec<Step>,
    /// Commands after that.
    pub steps: Vec<Step>,
    /// Health checks after that.
    pub tests: Vec<Test>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// What, for people.
    pub reason: String,
    /// The health check that failed, if it was one.
    pub test: Option<Test>,
    /// Whether it was the store that could not be reached after the change.
    pub unreachable: bool,
    /// Whether the bundles are to blame, so that they are quarantined.
    pub blame: bool,
}

/// What success changes in the state beside the bundles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edits {
    /// Originals that were saved.
    pub originals: BTreeMap<UnixPath, Original>,
    /// Paths whose original is in place again, or that are no longer claimed.
    pub forget: BTreeSet<UnixPath>,
    /// Files made only for a block.
    pub created: BTreeSet<UnixPath>,
    /// Owners recorded instead of applied.
    pub owners: BTreeMap<UnixPath, (String, String)>,
    /// Paths that changed, for those who watch them, by watching service.
    pub pending: BTreeMap<ServiceName, BTreeSet<UnixPath>>,
}

/// `journal.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// 1.
    pub format: u32,
    /// Number of the transaction; temporaries carry it.
    pub tx: u64,
    /// Where it is.
    pub phase: Phase,
    /// Why it is made.
    pub purpose: Purpose,
    /// The services, in start order.
    pub members: Vec<Member>,
    /// Paths that change.
    pub changes: Vec<Change>,
    /// Directories to make, top-down.
    pub make: Vec<String>,
    /// Directories that cmc made and that may be empty afterwards, bottom-up.
    pub prune: Vec<String>,
    /// Commands before files change: what leaves is stopped.
    pub leaving: Vec<Step>,
    /// Commands after files changed.
    pub steps: Vec<Step>,
    /// Health checks after that.
    pub tests: Vec<Test>,
    /// How often the health checks were begun.
    pub tried: u32,
    /// Whether a file changed that could cut this host off, so that the store must answer afterwards.
    pub reach: bool,
    /// How it is undone.
    pub undo: Undo,
    /// Commands whose output goes into the report of a failure.
    pub capture: Vec<(ServiceName, Vec<String>)>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Paths that undoing could not restore.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unrestored: BTreeSet<UnixPath>,
    /// What success changes in the state.
    pub edits: Edits,
}

impl Journal {
    fn path(dir: &Path) -> std::path::PathBuf {
        dir.join("journal.json")
    }

    /// Reads the journal that an interrupted run left. One that does not parse is an error: nobody may guess.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        atomic::read_versioned(&Self::path(dir), 1)
    }

    /// Whether a transaction is unfinished: nothing else may begin.
    pub fn pending(dir: &Path) -> bool {
        Self::path(dir).exists()
    }

    /// Writes it durably.
    pub fn save(&self, dir: &Path) -> Result<()> {
        atomic::write_json(&Self::path(dir), self)
    }

    /// Removes it.
    pub fn remove(dir: &Path) -> Result<()> {
        atomic::remove(&Self::path(dir))?;
        atomic::sync_dir(dir)
    }

    /// Name of a change's new file while it waits.
    pub fn new_name(&self, change: usize) -> String {
        format!(".cmc-{}-{change}.new", self.tx)
    }

    /// Name that keeps a change's old file.
    pub fn old_name(&self, change: usize) -> String {
        format!(".cmc-{}-{change}.old", self.tx)
    }
}
