//! Looking whether a store still holds all that its current release names.

use super::base::{Roots, never_published, read_current};
use super::recover::{missing, newest_release};
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, hash};
use crate::keys::Identities;
use crate::limits;
use crate::locator::Locator;
use crate::member;
use crate::parallel::parallel;
use crate::root::{Counters, root_key, vault_key};
use crate::store::Store;
use crate::store::StoreErrorKind::{Denied, Refused};
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
    /// Distinct bundles and chunks.
    pub bundles: usize,
    /// Bytes read of members.
    pub bytes: u64,
    /// What is missing or damaged.
    #[serde(skip)]
    pub problems: Vec<Error>,
}

/// Verifies a channel's pointer, release and index, that every manifest, the ledger, the evidence and the holds open,
/// and the hash of every bundle, chunk and older evidence. An error means that it cannot go on; everything else that is
/// wrong is in [`Verified::problems`].
///
/// `keys` are the fleet key's identities ([`crate::vault::Vault::identities`]). `seen` are the highest numbers
/// this publisher knows of: a store that shows older ones was put back.
pub fn verify_store(
    store: &dyn Store,
    roots: &Roots,
    keys: Identities,
    channel: &Channel,
    seen: Counters,
) -> Result<Verified, Error> {
    let Some(current) = read_current(store, roots, keys, channel, seen)? else {
        return match newest_release(store, roots, channel) {
            Ok(Some(_)) => Err(missing(store.name(), channel)),
            // Who may not list the store is told what the pointer says.
            Err(Error::Store(error)) if matches!(error.kind, Denied | Refused) => {
                Err(never_published(channel))
            }
            newest => Err(newest.err().unwrap_or_else(|| never_published(channel))),
        };
    };
    let release = current.release();
    let mut verified = Verified { version: release.version, ..Verified::default() };
    verified.problems.extend(trust(store, roots, current.timestamp().root.version));
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
    match current.evidence(store) {
        Ok(evidence) => evidence.older.iter().for_each(|at| add(at, "older evidence".to_owned())),
        Err(error) => verified.problems.push(error),
    }
    let records = [current.ledger(store).err(), current.holds(store).err()];
    verified.problems.extend(records.into_iter().flatten());
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

/// What is wrong with the roots up to the published one, along which hosts walk, and with that one's vault.
fn trust(store: &dyn Store, roots: &Roots, published: u64) -> Vec<Error> {
    let look =
        |object: String, key: String, right: &dyn Fn(&[u8]) -> bool| match store.get(&key, limits::MEMBER) {
            Ok(Some(bytes)) if right(&bytes) => None,
            Ok(Some(_)) => {
                Some(Error::trust(TrustKind::Hash, object, "not the one of the fleet's trust/ folder"))
            }
            Ok(None) => Some(Error::Missing { object, store: store.name().to_owned(), key }),
            Err(error) => Some(error.into()),
        };
    let mut problems = Vec::new();
    for (signed, version) in roots.signed().iter().zip(1..=published) {
        let right = |bytes: &[u8]| signed.to_bytes().is_ok_and(|ours| ours == bytes);
        problems.extend(look(format!("root {version}"), root_key(version), &right));
    }
    if let Some(root) = roots.at(published) {
        let vault = root.root().vault;
        problems.extend(look("vault".to_owned(), vault_key(&vault), &|bytes| hash(bytes) == vault));
    }
    problems
}
