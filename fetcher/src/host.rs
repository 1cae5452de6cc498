//! What every stage works on: the root, the state directory, the clock, and what runs commands.

use crate::actions::Runner;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::error::Result;
use crate::owner::{Owners, Ownership};
use crate::root::Root;
use crate::state::State;
use std::path::{Path, PathBuf};

/// Called with the name of each durable step before it is taken. Tests end the process there.
pub type Mark<'a> = &'a dyn Fn(&str);

/// A host that is being converged.
pub struct Host<'a> {
    /// The root beneath which everything is installed.
    pub root: Root,
    /// Accounts of the root.
    pub owners: Owners,
    /// The state directory.
    pub dir: PathBuf,
    /// Fetched bundles.
    pub cache: Cache,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What runs commands and probes.
    pub runner: &'a dyn Runner,
    /// Whether commands and probes run; otherwise they are listed.
    pub run_actions: bool,
    /// Asks the store whether it still answers.
    pub reach: Option<&'a dyn Fn() -> std::result::Result<(), String>>,
    /// Called before each durable step.
    pub mark: Mark<'a>,
}

impl std::fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("root", &self.root).field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl<'a> Host<'a> {
    /// Opens a root and makes its state directory.
    pub fn open(
        root: &Path,
        ownership: Option<Ownership>,
        run_actions: bool,
        clock: &'a dyn Clock,
        runner: &'a dyn Runner,
    ) -> Result<Self> {
        let dir = State::prepare(root)?;
        let root = Root::open(root)?;
        let owners = Owners::load(&root, ownership)?;
        let cache = Cache::open(&dir)?;
        Ok(Self { root, owners, dir, cache, clock, runner, run_actions, reach: None, mark: &|_| {} })
    }

    /// Where content that is not ours is kept.
    pub fn originals(&self) -> PathBuf {
        self.dir.join("originals")
    }
}

/// The systemd unit that this process runs in, which its own run never restarts.
pub fn own_unit() -> Option<String> {
    let text = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    // Version 1 has a line for each controller, and some name no unit.
    let units = text.lines().filter_map(|line| line.rsplit('/').next());
    units.map(str::to_owned).find(|name| name.ends_with(".service"))
}
