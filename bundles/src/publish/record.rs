//! What a release records for publishers and auditors, sealed into its packs: ledger, evidence, holds.

use super::base::Current;
use super::build::{Build, Sealed, bound};
use crate::canon;
use crate::error::Error;
use crate::keys::Recipient;
use crate::limits;
use crate::member::{self, Packing};
use crate::overrides::Overrides;
use crate::pack::{At, PackWriter};
use crate::records::{Entry, Evidence, Ledger, Proof, Record};
use crate::store::Reader;
use cmc_types::Blake3;
use cmc_types::receipt::Receipt;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// How many older evidence objects a release may name before they are gathered in one.
const OLDER: usize = 32;

impl Build<'_> {
    /// The shared bundles and chunks of this release.
    pub(super) fn seal_ledger(
        &self,
        packs: &mut PackWriter<'_>,
        old: &Ledger,
        sealed: &BTreeMap<Blake3, Sealed>,
        users: &BTreeMap<Blake3, usize>,
        fleet_key: &Recipient,
    ) -> Result<At, Error> {
        let shared: Vec<&Blake3> =
            users.iter().filter(|(_, hosts)| **hosts > 1).map(|(digest, _)| digest).collect();
        let ledger = |packs: &PackWriter<'_>| {
            let mut ledger = Ledger { format: 1, ..Ledger::default() };
            for digest in &shared {
                let known = old.bundles.get(*digest).or_else(|| old.chunks.get(*digest)).cloned();
                let one = sealed.get(*digest);
                let entry =
                    one.map(|one| Entry { at: packs.locate(&one.at), identity: one.identity.clone() });
                let chunk = self.prepared.chunks.contains_key(*digest);
                let table = if chunk { &mut ledger.chunks } else { &mut ledger.bundles };
                table.extend(entry.or(known).map(|entry| (**digest, entry)));
            }
            ledger
        };
        let first = ledger(packs);
        if let Some(current) = self.current.filter(|current| !current.blank && first == *old) {
            return Ok(At::Fixed(current.release().ledger.clone()));
        }
        // Locators in it may change when room is made, but not its length by much.
        let content = Zeroizing::new(canon::to_vec(&first, "ledger")?);
        packs.make_room(bound(content.len() + 80 * shared.len()))?;
        let ledger = ledger(packs);
        record(packs, &ledger, Packing::Raw, fleet_key)
    }

    /// The receipts of what this publish sealed; older evidence is named, or gathered when there is too much of it.
    pub(super) fn seal_evidence(
        &self,
        packs: &mut PackWriter<'_>,
        proven: &[Blake3],
        fleet_key: &Recipient,
    ) -> Result<At, Error> {
        let mut evidence = Evidence {
            format: 1,
            version: self.version,
            at: self.now,
            commit: self.request.commit.clone(),
            bundles: Vec::new(),
            receipts: Vec::new(),
            older: Vec::new(),
        };
        let mut places: BTreeMap<usize, u32> = BTreeMap::new();
        // Of all services: a receipt may speak of files of several.
        let secret_paths: BTreeSet<_> =
            self.prepared.bundles.values().flat_map(|bundle| bundle.secret.iter().cloned()).collect();
        for digest in proven {
            let Some(bundle) = self.prepared.bundles.get(digest) else { continue };
            let mut receipts = Vec::new();
            for i in &bundle.receipts {
                let Some(receipt) = self.prepared.receipts.get(*i) else { continue };
                let place = *places.entry(*i).or_insert_with(|| {
                    evidence.receipts.push(receipt.clone());
                    evidence.receipts.len() as u32 - 1
                });
                receipts.push(place);
            }
            let service = bundle.service.clone();
            evidence.bundles.push(Proof {
                digest: *digest,
                service,
                receipts,
                secret: bundle.secret.clone(),
            });
        }
        for receipt in &mut evidence.receipts {
            without_secrets(receipt, &secret_paths);
        }
        if let Some(current) = self.current.filter(|current| !current.blank) {
            if evidence.bundles.is_empty() {
                return Ok(At::Fixed(current.release().evidence.clone()));
            }
            let store: &dyn Reader = self.publisher.store;
            let previous = current.evidence(store)?;
            evidence.older.push(current.release().evidence.clone());
            evidence.older.extend(previous.older.iter().cloned());
            if evidence.older.len() > OLDER {
                self.gather(&mut evidence, current)?;
            }
        }
        standalone(packs, &evidence, fleet_key)
    }

    /// Copies what older evidence says of bundles still in use, and names it no more.
    fn gather(&self, evidence: &mut Evidence, current: &Current) -> Result<(), Error> {
        let known: BTreeSet<Blake3> = evidence.bundles.iter().map(|proof| proof.digest).collect();
        let in_use = |proof: &&Proof| {
            self.prepared.bundles.contains_key(&proof.digest) && !known.contains(&proof.digest)
        };
        let store: &dyn Reader = self.publisher.store;
        let mut seen = BTreeSet::new();
        for at in std::mem::take(&mut evidence.older) {
            let old = match current.older_evidence(store, &at) {
                Ok(old) => old,
                Err(Error::Missing { .. }) => continue,
                Err(error) => return Err(error),
            };
            let mut places: BTreeMap<u32, u32> = BTreeMap::new();
            for proof in old.bundles.iter().filter(in_use).filter(|proof| seen.insert(proof.digest)) {
                let mut receipts = Vec::new();
                for place in &proof.receipts {
                    let Some(receipt) = old.receipts.get(*place as usize) else { continue };
                    receipts.push(*places.entry(*place).or_insert_with(|| {
                        evidence.receipts.push(receipt.clone());
                        evidence.receipts.len() as u32 - 1
                    }));
                }
                evidence.bundles.push(Proof { receipts, ..proof.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn seal_overrides(
        &self,
        packs: &mut PackWriter<'_>,
        fleet_key: &Recipient,
    ) -> Result<Option<At>, Error> {
        if self.holds.is_empty() {
            return Ok(None);
        }
        if !self.holds_changed
            && let Some(current) = self.current.filter(|current| !current.blank)
            && let Some(at) = current.release().overrides.clone()
        {
            return Ok(Some(At::Fixed(at)));
        }
        let overrides = Overrides { format: 1, holds: self.holds.to_vec() };
        standalone(packs, &overrides, fleet_key).map(Some)
    }
}

/// Removes from a receipt what could tell a secret: digests of files that hold one, and what programs said of them.
fn without_secrets(receipt: &mut Receipt, secret: &BTreeSet<cmc_types::UnixPath>) {
    let before = receipt.subjects.len();
    receipt.subjects.retain(|path, _| !secret.contains(path));
    if receipt.subjects.len() != before {
        receipt.inputs = Blake3([0; 32]);
        receipt.warnings.clear();
    }
}

/// Seals a record whose locators all name their packs.
fn standalone<T: Record>(packs: &mut PackWriter<'_>, record: &T, fleet_key: &Recipient) -> Result<At, Error> {
    let sealed = seal_record(record, Packing::Compressed, fleet_key)?;
    packs.make_room(sealed.len() as u64)?;
    packs.add(sealed)
}

/// Seals a record for which room was made.
fn record<T: Record>(
    packs: &mut PackWriter<'_>,
    record: &T,
    packing: Packing,
    fleet_key: &Recipient,
) -> Result<At, Error> {
    packs.add(seal_record(record, packing, fleet_key)?)
}

fn seal_record<T: Record>(record: &T, packing: Packing, fleet_key: &Recipient) -> Result<Vec<u8>, Error> {
    let content = Zeroizing::new(canon::to_vec(record, T::OBJECT)?);
    if content.len() as u64 > limits::RECORD - limits::OVERHEAD {
        return Err(Error::Failed(format!("the {} is too large", T::OBJECT)));
    }
    member::seal(&content, packing, std::slice::from_ref(fleet_key))
}
