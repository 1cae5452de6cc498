//! How a host is, as far as it knows itself, as data and as text for people.

use crate::config::Config;
use crate::error::Result;
use crate::journal::Journal;
use crate::settle::short;
use crate::state::{Condition, HoldKind, Service, State};
use cmc_bundles::client::{Freshness, TrustState};
use cmc_bundles::span::date;
use cmc_types::{Blake3, ServiceName};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The text of a status.
pub fn text(status: &Status) -> String {
    let mut out = String::new();
    match &status.release {
        Some((version, hash)) => {
            let how = if status.converged { "converged" } else { "not converged" };
            let _ = writeln!(out, "{}: release {version} ({}), {how}", status.host, short(hash));
        }
        None => {
            let _ = writeln!(out, "{}: no release yet", status.host);
        }
    }
    if status.files_only {
        out.push_str("commands and health checks are not run under this root: `good` says that the files are installed\n");
    }
    if status.interrupted {
        let _ = writeln!(out, "an interrupted transaction waits for the next run");
    }
    if status.expired {
        out.push_str("the fleet's timestamp expired: newer releases are refused until somebody publishes or refreshes\n");
    }
    for (name, service) in &status.services {
        let condition = match service.condition {
            Condition::Absent => "absent",
            Condition::Good => "good",
            Condition::Degraded => "degraded",
            Condition::Broken => "BROKEN",
        };
        let digest = service.installed.as_ref().map_or_else(|| "not installed".into(), short);
        let _ = write!(out, "  {name:<24} {condition:<9} {digest}");
        match &service.held {
            Some(hold) if hold.kind == HoldKind::Freeze => {
                let _ = write!(out, "  frozen: {}", hold.reason);
            }
            Some(hold) => {
                let how = if service.installed == hold.digest { "rolled back" } else { "to be rolled back" };
                let _ = write!(out, "  {how}: {}", hold.reason);
            }
            None => {}
        }
        if service.unhealthy > 0 {
            let _ = write!(out, "  unhealthy for {} runs", service.unhealthy);
        }
        out.push('\n');
        if let Some(wanted) = service.wanted.filter(|wanted| service.installed != Some(*wanted)) {
            let _ = writeln!(out, "    wanted: {}", short(&wanted));
        }
        for known in &service.quarantined {
            let _ = writeln!(out, "    quarantined {}: {}", short(&known.digest), known.reason);
        }
        if let Some(retry) = &service.retry {
            let _ = writeln!(out, "    tried again after {}: {}", date(retry.not_before), retry.reason);
        }
        for path in &service.drifted {
            let _ = writeln!(out, "    edited: {path}");
        }
    }
    if let Some(trouble) = &status.trouble {
        let _ = writeln!(out, "last run: {}", trouble.replace('\n', "\n          "));
    }
    out
}

/// How a host is, as far as it knows itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The host's name.
    pub host: String,
    /// The release that was last looked at: version and hash.
    pub release: Option<(u64, Blake3)>,
    /// Whether everything is as that release wants it: no service failed, is held back, waits or was edited.
    pub converged: bool,
    /// Whether commands and health checks are not run under this root, so that `good` speaks of files alone.
    pub files_only: bool,
    /// When the fleet's timestamp expires, in Unix seconds.
    pub expires: Option<u64>,
    /// Whether it has, so that newer releases are refused.
    pub expired: bool,
    /// Whether a transaction was interrupted and waits for the next run.
    pub interrupted: bool,
    /// What the last run failed at.
    pub trouble: Option<String>,
    /// Services.
    pub services: BTreeMap<ServiceName, Service>,
    /// The state directory.
    pub state: PathBuf,
}

/// Reads the state. Takes no lock and changes nothing.
pub fn read(config: &Config, root: &Path, now: u64) -> Result<Status> {
    let dir = State::find(root)?;
    let state: State = crate::atomic::read_json(&dir.join("state.json"))?.unwrap_or_default();
    let trust: Option<TrustState> = crate::atomic::read_json(&dir.join("trust.json"))?;
    let expired =
        trust.as_ref().is_some_and(|trust| matches!(trust.freshness(now), Freshness::Expired { .. }));
    Ok(Status {
        expired,
        host: config.host.to_string(),
        release: state.release,
        converged: state.is_whole(),
        files_only: !config.run_actions(root),
        expires: trust.and_then(|trust| trust.timestamp).map(|timestamp| timestamp.expires),
        interrupted: Journal::pending(&dir),
        trouble: state.trouble,
        services: state.services,
        state: dir,
    })
}

impl Status {
    /// Whether every service is as it should be.
    pub fn ok(&self) -> bool {
        self.converged && !self.interrupted && !self.expired
    }
}
