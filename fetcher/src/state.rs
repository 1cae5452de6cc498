//! What a host remembers between runs, in plain JSON that `jq` reads: `state.json` in `/var/lib/cmc` beneath the
//! root. (`trust.json` and `manifest.json` beside it belong to the verifying client.)

use crate::atomic;
use crate::error::{Error, Result};
use crate::event::{Events, Level};
use crate::root::{Parent, Root};
use cmc_bundles::client::Position;
use cmc_bundles::manifest::Manifest;
use cmc_types::{Blake3, ServiceName, UnixPath};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the state lies beneath the root.
pub const DIR: &str = "var/lib/cmc";

/// `state.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct State {
    /// 1.
    pub format: u32,
    /// The release whose manifest the host was last brought to: version and hash.
    pub release: Option<(u64, Blake3)>,
    /// Whether that is the newest one known, and every service is as it wants it or will not become so by trying
    /// again.
    pub converged: bool,
    /// Number of the last transaction.
    pub transaction: u64,
    /// Services, installed or wanted.
    pub services: BTreeMap<ServiceName, Service>,
    /// Services in the order of the last manifest.
    pub order: Vec<ServiceName>,
    /// What lay at a path before the first bundle claimed it.
    pub originals: BTreeMap<UnixPath, Original>,
    /// Files that exist only because a managed block was put in them.
    pub created: BTreeSet<UnixPath>,
    /// Directories that were made.
    pub directories: BTreeSet<String>,
    /// Owners that were recorded instead of applied.
    pub owners: BTreeMap<UnixPath, (String, String)>,
    /// Nonces of the fleet's redos that were carried out.
    pub redone: BTreeSet<String>,
    /// When a manifest with holds that expire was last carried out, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<u64>,
    /// What the last run failed at, so that `--cron` says it once.
    pub trouble: Option<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            format: 1,
            release: None,
            converged: false,
            transaction: 0,
            services: BTreeMap::new(),
            order: Vec::new(),
            originals: BTreeMap::new(),
            created: BTreeSet::new(),
            directories: BTreeSet::new(),
            owners: BTreeMap::new(),
            redone: BTreeSet::new(),
            carried: None,
            trouble: None,
        }
    }
}

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Not installed.
    #[default]
    Absent,
    /// Installed, and its tests passed.
    Good,
    /// A change failed and was undone; the cause seems to be the environment.
    Degraded,
    /// A change failed, and undoing it did not bring the service back.
    Broken,
}

/// What a host remembers of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// How it is.
    pub condition: Condition,
    /// The bundle that is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Blake3>,
    /// The bundle that the release wants, where that is another one: it failed, waits, or is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Blake3>,
    /// The bundle before that, to which a rollback goes. A bundle that was rolled back is never one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Blake3>,
    /// Those before it, the newest first; a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<Blake3>,
    /// Bundles that failed and are not tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<Quarantine>,
    /// A bundle that failed for the environment's sake and is tried again later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// A decision made on this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Hold>,
    /// Set by `redo`: the bundle is installed again, whatever is known of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redo: bool,
    /// Paths of other services that changed since, and that this one's actions watch.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pending: BTreeSet<UnixPath>,
    /// Paths of other services that this one's commands watch.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub watches: BTreeSet<UnixPath>,
    /// Changes that failed, in all.
    #[serde(default)]
    pub failures: u64,
    /// Runs in a row in which a health check failed, with nothing changed.
    #[serde(default)]
    pub unhealthy: u32,
    /// When health checks had it restarted, in Unix seconds; the last hour's only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<u64>,
    /// Runs in a row in which it could not be stopped before its removal.
    #[serde(default)]
    pub leaving: u32,
    /// Paths whose drift was reported and left.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drifted: BTreeSet<UnixPath>,
}

/// A bundle that failed, with the bundles of what it needs: when one of those changes, it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Quarantine {
    /// The bundle.
    pub digest: Blake3,
    /// Bundles of the services that it needs, directly or not.
    pub needs: BTreeMap<ServiceName, Blake3>,
    /// Since when, in Unix seconds.
    pub since: u64,
    /// What failed.
    pub reason: String,
}

/// A bundle that is tried again later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Retry {
    /// The bundle.
    pub digest: Blake3,
    /// How often it failed.
    pub attempts: u32,
    /// Not before this time, in Unix seconds.
    pub not_before: u64,
    /// What failed.
    pub reason: String,
}

/// What `cmc-fetch freeze` and `rollback` decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// Nothing of the service changes, drift included.
    Freeze,
    /// The service stays at the digest.
    Rollback,
}

/// A decision made on this host; it holds until `unfreeze` or `redo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hold {
    /// What it does.
    pub kind: HoldKind,
    /// The bundle that a rollback stays at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Blake3>,
    /// Why.
    pub reason: String,
    /// Since when, in Unix seconds.
    pub since: u64,
}

/// What lay at a path before the first bundle claimed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Original {
    /// A file, kept in `originals/SAVED`.
    File {
        /// Name in `originals/`.
        saved: String,
        /// blake3 of the content.
        b3: Blake3,
        /// Size in bytes.
        size: u64,
        /// Permission bits.
        mode: u32,
        /// Owner's number.
        uid: u32,
        /// Group's number.
        gid: u32,
    },
    /// A symbolic link.
    Link {
        /// What it pointed to.
        target: String,
    },
}

/// The verified manifest that was taken last, so that `redo`, `unfreeze` and retries need no network. It holds keys of bundles, hence 0600.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownManifest {
    /// The release it was found in: version and hash.
    pub release: (u64, Blake3),
    /// Where it was found.
    pub position: Position,
    /// The manifest.
    pub manifest: Manifest,
}

/// How many bundles before the previous one are kept for another rollback.
const OLDER: usize = 1;

impl Service {
    /// Bundles that were installed before and left for a newer one, the last first.
    pub fn earlier(&self) -> impl Iterator<Item = Blake3> {
        self.previous.into_iter().chain(self.older.iter().copied())
    }

    /// Notes that `from` made way for `to`; `back`: because it was rolled back, so that it is none to go back to.
    pub fn replaced(&mut self, from: Option<Blake3>, to: Blake3, back: bool) {
        let mut earlier: Vec<Blake3> = self.earlier().collect();
        if back && let Some(at) = earlier.iter().position(|digest| *digest == to) {
            earlier.drain(..=at);
        }
        earlier.retain(|digest| *digest != to && Some(*digest) != from);
        if !back {
            earlier.splice(0..0, from);
        }
        earlier.truncate(1 + OLDER);
        let mut earlier = earlier.into_iter();
        self.previous = earlier.next();
        self.older = earlier.collect();
    }

    /// Whether it is installed as wanted, healthy and unedited.
    pub fn ok(&self) -> bool {
        let wanted = self.wanted.is_none_or(|wanted| self.installed == Some(wanted));
        wanted && self.condition == Condition::Good && self.unhealthy == 0 && self.drifted.is_empty()
    }
}

impl State {
    /// Whether everything is as the newest release wants it: no service failed, is held back, waits or was edited.
    pub fn is_whole(&self) -> bool {
        self.converged && self.services.values().all(Service::ok)
    }

    /// Where the state directory lies unless a link leads elsewhere.
    pub fn dir(root: &Path) -> PathBuf {
        root.join(DIR)
    }

    /// Where the state directory lies: beneath the root, over no link that somebody else could have made.
    pub fn find(root: &Path) -> Result<PathBuf> {
        let root = Root::open(root)?;
        Ok(match root.walk(&format!("/{DIR}"))? {
            Parent::Found(folder) => root.real(&folder),
            Parent::Missing { .. } => Self::dir(root.path()),
        })
    }

    /// Makes the state directory (0700) if it is not there.
    pub fn prepare(root: &Path) -> Result<PathBuf> {
        let root = Root::open(root)?;
        let (above, name) = DIR.rsplit_once('/').unwrap_or(("", DIR));
        let above = root.make_folder(&format!("/{above}"))?;
        let dir = match root.walk(&format!("/{DIR}"))? {
            Parent::Found(folder) => root.real(&folder),
            Parent::Missing { .. } => root.real(&above).join(name),
        };
        atomic::make_dir(&dir)?;
        for name in ["installed", "originals", "reports"] {
            atomic::make_dir(&dir.join(name))?;
        }
        Ok(dir)
    }

    /// Reads the state; an error if it cannot be read, or is a newer program's. A lost or damaged one begins anew and
    /// says so; then identical files are adopted, differing
    /// ones are saved, and nothing is deleted.
    pub fn load(dir: &Path, events: &mut Events) -> Result<Self> {
        let path = dir.join("state.json");
        match atomic::read_versioned::<Self>(&path, 1) {
            Ok(Some(state)) => Ok(state),
            Ok(None) => {
                if dir.join("trust.json").exists() {
                    events.host(
                        Level::Alarm,
                        "the state is lost: identical files are adopted, differing ones saved, none deleted",
                    );
                    return Ok(Self::default());
                }
                // The first run or plan on this host: from now on, a missing state is a lost one.
                let state = Self::default();
                state.save(dir)?;
                Ok(state)
            }
            // It may be read next time: only what is there and makes no sense is damaged.
            Err(error @ (Error::Io { .. } | Error::Refused { .. })) => Err(error),
            Err(error) => {
                let kept = dir.join("state.json.damaged");
                let _ = std::fs::rename(&path, &kept);
                events.host(
                    Level::Alarm,
                    format!(
                        "{error}; kept as {}; the state begins anew and nothing is deleted",
                        kept.display()
                    ),
                );
                Ok(Self::default())
            }
        }
    }

    /// Writes the state durably.
    pub fn save(&self, dir: &Path) -> Result<()> {
        atomic::write_json(&dir.join("state.json"), self)
    }

    /// What is remembered of a service.
    pub fn service(&mut self, name: &ServiceName) -> &mut Service {
        self.services.entry(name.clone()).or_default()
    }

    /// The bundle of a service that is installed.
    pub fn installed(&self, name: &ServiceName) -> Option<Blake3> {
        self.services.get(name).and_then(|service| service.installed)
    }

    /// Every bundle that must stay in the cache.
    pub fn bundles(&self) -> BTreeSet<Blake3> {
        let held = |service: &Service| service.held.as_ref().and_then(|hold| hold.digest);
        self.services
            .values()
            .flat_map(|service| service.earlier().chain(service.installed).chain(held(service)))
            .collect()
    }
}
