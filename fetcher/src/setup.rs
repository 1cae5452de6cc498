//! What a run works with: configuration, root, store, clock, and the host's lock around it.

use crate::actions::{Runner, SystemRunner};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::host::{Host, Mark};
use crate::lock::Lock;
use crate::state::State;
use cmc_bundles::FleetId;
use cmc_bundles::client::{Pin, StatementRef};
use cmc_bundles::keys::Identities;
use cmc_bundles::store::Reader;
use std::path::Path;
use std::time::Duration;

/// The largest file with a host's keys, in bytes.
const KEY_FILE: u64 = 64 << 10;

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The host's configuration.
    pub config: &'a Config,
    /// The root beneath which everything is installed.
    pub root: &'a Path,
    /// The store; none: only what is on the host already is used.
    pub store: Option<&'a dyn Reader>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What runs commands and probes; none: this system's.
    pub runner: Option<&'a dyn Runner>,
    /// How long to wait for another run to end.
    pub patience: Duration,
    /// Called before each durable step.
    pub mark: Mark<'a>,
}

impl std::fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("root", &self.root).finish_non_exhaustive()
    }
}

impl<'a> Setup<'a> {
    /// A setup with the usual patience.
    pub fn new(
        config: &'a Config,
        root: &'a Path,
        store: Option<&'a dyn Reader>,
        clock: &'a dyn Clock,
    ) -> Self {
        Self { config, root, store, clock, runner: None, patience: Duration::from_secs(60), mark: &|_| {} }
    }

    /// Whether commands and health checks run beneath this root.
    pub fn run_actions(&self) -> bool {
        self.config.run_actions(self.root)
    }

    /// The trust that the configuration pins.
    pub fn pin(&self) -> Pin {
        let root = StatementRef { version: self.config.root.version, hash: self.config.root.hash };
        Pin { fleet_id: FleetId(self.config.fleet_id), channel: self.config.channel.clone(), root }
    }

    /// The keys that open this host's manifest.
    pub fn identities(&self) -> Result<Identities> {
        let path = &self.config.identity;
        // Distributions give a group read access to the host keys of OpenSSH.
        let content = crate::atomic::read_trusted(path, 0o037, 0o600, KEY_FILE)?;
        Ok(Identities::parse(&content, &path.display().to_string())?)
    }

    /// Calls `body` with the host opened and locked; `None` if another run holds the lock.
    pub fn locked<T>(&self, body: impl FnOnce(&Host<'_>) -> Result<T>) -> Result<Option<T>> {
        let dir = State::prepare(self.root)?;
        let Some(_lock) = Lock::take(&dir, self.clock, self.patience)? else { return Ok(None) };
        let system = SystemRunner::new(self.config.search_path(), self.root, &dir);
        let runner = self.runner.unwrap_or(&system);
        let pointer = self.config.channel.key();
        let reach = self.store.map(|store| {
            move || match store.get(&pointer, cmc_bundles::limits::POINTER) {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(format!("store {}: the pointer is gone", store.name())),
                Err(error) => Err(error.to_string()),
            }
        });
        let mut host = Host::open(self.root, self.config.ownership, self.run_actions(), self.clock, runner)?;
        host.mark = self.mark;
        host.reach = reach.as_ref().map(|reach| reach as &dyn Fn() -> std::result::Result<(), String>);
        body(&host).map(Some)
    }
}
