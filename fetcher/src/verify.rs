//! Reading and hashing everything that is installed, and what it would be repaired from.

use crate::drift;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::record;
use crate::setup::Setup;
use crate::state::State;
use cmc_types::{ServiceName, UnixPath};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Paths that are not as the installed bundles want them, by service.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// Paths that differ.
    pub drifted: BTreeMap<ServiceName, BTreeSet<UnixPath>>,
    /// Services of which nobody knows any more what is installed.
    pub unknown: BTreeSet<ServiceName>,
    /// Services whose bundle is lost or damaged on this host; the next run fetches it again.
    pub damaged: BTreeSet<ServiceName>,
    /// Services whose paths cannot be looked at, and why.
    pub refused: BTreeMap<ServiceName, String>,
    /// How many paths were looked at.
    pub paths: usize,
}

impl Verified {
    /// Whether everything is as installed, and could be installed again.
    pub fn clean(&self) -> bool {
        self.drifted.is_empty()
            && self.unknown.is_empty()
            && self.damaged.is_empty()
            && self.refused.is_empty()
    }
}

/// Reads and hashes everything that is installed, and what it would be repaired from.
pub fn verify(setup: &Setup<'_>) -> Result<Verified> {
    let verified = setup.locked(|host| {
        let state = State::load(&host.dir, &mut Events::default())?;
        let mut out = Verified::default();
        for (name, service) in &state.services {
            let Some(digest) = service.installed else { continue };
            if !host.cache.whole(&digest) {
                out.damaged.insert(name.clone());
            }
            let Some(bundle) = record::read(host, name, &digest) else {
                out.unknown.insert(name.clone());
                continue;
            };
            match drift::find(host, &bundle) {
                Ok(drifted) if drifted.is_empty() => {}
                Ok(drifted) => drop(out.drifted.insert(name.clone(), drifted)),
                Err(error @ (Error::Refused { .. } | Error::Io { .. })) => {
                    out.refused.insert(name.clone(), error.to_string());
                    continue;
                }
                Err(error) => return Err(error),
            }
            out.paths += bundle.files.len();
        }
        Ok(out)
    })?;
    verified.ok_or_else(|| Error::Failed("another run is at work on this host".into()))
}
