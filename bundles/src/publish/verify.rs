//! Looking whether a store still holds all that its current release names.

use super::base::{Roots, read_current};
use super::parallel;
use crate::error::Error;
use crate::ids::Channel;
use crate::keys::Identities;
use crate::limits;
use crate::locator::Locator;
use crate::member;
use crate::root::Counters;
use crate::store::Reader;
use cmc_types::Blake3;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verified {
    /// Version of the release.
    pub version: u64,
    /// Hosts in the index.
    pub hosts: usize,
    /// Distinct bundles and chunks; 0 without the fleet key.
    pub bundles: usize,
    /// Bytes read of members.
    pub bytes: u64,
    /// What is missing or damaged.
    #[serde(skip)]
    pub problems: Vec<Error>,
}

/// Verifies a channel's pointer, release and index, and the hash of every manifest, of the ledger, the evidence and
/// the holds; with the fleet key's identities ([`crate::vault::Vault::identities`]) also that manifests and records
/// open, and the hash of every bundle and chunk. An error means that it cannot go on; everything else that is wrong is
/// in [`Verified::problems`].
pub fn verify_store(
    store: &dyn Reader,
    roots: &Roots,
    keys: Option<Identities>,
    channel: &Channel,
) -> Result<Verified, Error> {
    let open = keys.is_some();
    let keys = keys.unwrap_or_else(Identities::none);
    let Some(current) = read_current(store, roots, keys, channel, Counters::default())? else {
        return Err(Error::Failed(format!(
            "nothing was ever published on channel {channel}; `cmc build`, then `cmc publish`"
        )));
    };
    let release = current.release();
    let mut verified = Verified { version: release.version, ..Verified::default() };
    let mut members: BTreeMap<Blake3, (Locator, String)> = BTreeMap::new();
    let mut add = |at: &Locator, object: String| {
        members.entry(at.b3).or_insert_with(|| (at.clone(), object));
    };
    add(&release.ledger, "ledger".to_owned());
    add(&release.evidence, "evidence".to_owned());
    if let Some(at) = &release.overrides {
        add(at, "overrides".to_owned());
    }
    for (id, row) in current.hosts() {
        verified.hosts += 1;
        add(&row.manifest, format!("manifest of host {id}"));
    }
    if open {
        let problems =
            [current.ledger(store).err(), current.evidence(store).err(), current.holds(store).err()];
        verified.problems.extend(problems.into_iter().flatten());
        let ids: Vec<_> = current.hosts().map(|(id, _)| *id).collect();
        let mut digests = std::collections::BTreeSet::new();
        for manifest in parallel(&ids, |id| current.manifest(store, id)) {
            match manifest {
                Err(error) => verified.problems.push(error),
                Ok(None) => {}
                Ok(Some(manifest)) => {
                    for bundle in &manifest.bundles {
                        digests.insert(bundle.digest);
                        add(&bundle.at, format!("bundle of {}", bundle.service));
                    }
                    for chunk in &manifest.chunks {
                        digests.insert(chunk.digest);
                        add(&chunk.at, format!("chunk {}", chunk.digest));
                    }
                }
            }
        }
        verified.bundles = digests.len();
    }
    let members: Vec<(Locator, String)> = members.into_values().collect();
    let read = |(at, object): &(Locator, String)| {
        member::fetch(store, at, limits::RECORD, object).map(|bytes| bytes.len() as u64)
    };
    for result in parallel(&members, read) {
        match result {
            Ok(bytes) => verified.bytes += bytes,
            Err(error) if verified.problems.contains(&error) => {}
            Err(error) => verified.problems.push(error),
        }
    }
    Ok(verified)
}
