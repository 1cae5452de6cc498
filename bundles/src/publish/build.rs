//! Sealing what changed into packs: bundles, chunks, manifests and the index. `record` seals what a release says of them.

use super::base::Current;
use super::change::Wanted;
use super::{Publisher, Request};
use crate::canon;
use crate::error::Error;
use crate::ids::HostId;
use crate::index;
use crate::keys::{MemberKey, Recipient};
use crate::limits;
use crate::locator::Locator;
use crate::manifest::{BundleRef, ChunkRef, Manifest};
use crate::member::{self, Packing};
use crate::overrides::Hold;
use crate::pack::{At, PackWriter};
use crate::parallel::parallel;
use crate::records::{Entry, Ledger};
use crate::seal::{Contents, Prepared};
use crate::store::Reader;
use cmc_types::Blake3;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// A sealed bundle or chunk.
#[derive(Clone)]
pub(super) struct Sealed {
    pub(super) at: At,
    pub(super) identity: MemberKey,
}

/// The parts of a release that lie in packs.
pub(super) struct Built {
    pub(super) index: Locator,
    pub(super) k: u32,
    pub(super) ledger: Locator,
    pub(super) evidence: Locator,
    pub(super) overrides: Option<Locator>,
    pub(super) sealed: usize,
    pub(super) reused: usize,
}

/// All that is given.
pub(super) struct Build<'a> {
    pub(super) publisher: &'a Publisher<'a>,
    pub(super) request: &'a Request<'a>,
    pub(super) prepared: &'a Prepared,
    pub(super) contents: &'a dyn Contents,
    pub(super) current: Option<&'a Current>,
    pub(super) wanted: &'a BTreeMap<HostId, Wanted<'a>>,
    /// Ids of hosts whose manifests are written.
    pub(super) changed: &'a BTreeSet<HostId>,
    /// What is published for them.
    pub(super) old: &'a BTreeMap<HostId, Manifest>,
    /// Holds from now on, and whether they are the published ones.
    pub(super) holds: &'a [Hold],
    pub(super) holds_changed: bool,
    pub(super) version: u64,
    pub(super) now: u64,
}

/// Age's overhead for a member of this length, generously.
pub(super) fn bound(len: usize) -> u64 {
    len as u64 + len as u64 / 7 + 8192
}

/// The most bytes that a host's manifest takes, sealed.
fn manifest_bound(wanted: &Wanted<'_>) -> u64 {
    let services = &wanted.host.services;
    let names: usize = services.iter().map(|s| 66 * (1 + s.after.len() + s.needs.len())).sum();
    bound(1024 + 512 * (services.len() + wanted.chunks.len() + wanted.holds.len()) + names)
}

/// How many bundles are sealed before they go into packs, so that memory stays bounded.
const BATCH: usize = 64;
/// For how many hosts bundles are sealed before their manifests are: enough to keep all threads busy.
const HOSTS: usize = 16;

impl Build<'_> {
    /// Seals everything that is not in the store yet. Bundles and chunks sealed by an earlier attempt of this publish
    /// are in `cache`; those of this attempt are added.
    pub(super) fn run(
        &self,
        packs: &mut PackWriter<'_>,
        cache: &mut BTreeMap<Blake3, Entry>,
    ) -> Result<Built, Error> {
        let store: &dyn Reader = self.publisher.store;
        let old_ledger = match self.current {
            Some(current) if !current.blank => current.ledger(store)?,
            _ => Ledger::default(),
        };
        let users = self.users();
        let pool = self.pool(&old_ledger, cache)?;
        // Sealed by an earlier attempt of this publish, which released nothing.
        let ours: Vec<Blake3> = pool.keys().filter(|digest| cache.contains_key(*digest)).copied().collect();
        let reused = pool.len() - ours.len();
        let mut sealed: BTreeMap<Blake3, Sealed> = pool
            .into_iter()
            .map(|(digest, entry)| (digest, Sealed { at: At::Fixed(entry.at), identity: entry.identity }))
            .collect();
        let mut fresh: Vec<Blake3> = Vec::new();
        // Shared bundles first, then each host's own beside its manifest.
        let needed = self.needed();
        let many = |digest: &Blake3| users.get(digest).is_some_and(|hosts| *hosts > 1);
        let shared: Vec<Blake3> = needed.iter().filter(|digest| many(digest)).copied().collect();
        self.seal_bundles(packs, &shared, &mut sealed, &mut fresh)?;
        self.seal_chunks(packs, &mut sealed, &mut fresh)?;
        let mut rows = BTreeMap::new();
        let fleet_key = self.publisher.vault()?.recipient()?;
        let (changed, unchanged): (Vec<_>, Vec<_>) =
            self.wanted.values().partition(|wanted| self.changed.contains(&wanted.id));
        for hosts in changed.chunks(HOSTS) {
            let own =
                hosts.iter().flat_map(|wanted| wanted.host.services.iter().map(|service| service.digest));
            self.seal_bundles(packs, &own.collect::<Vec<_>>(), &mut sealed, &mut fresh)?;
            for (wanted, at) in hosts.iter().zip(self.seal_manifests(packs, hosts, &sealed, &fleet_key)?) {
                rows.insert(wanted.id, (at, wanted.fp));
            }
        }
        for Wanted { id, .. } in unchanged {
            if let Some(row) = self.current.and_then(|current| current.tree.rows.get(id)) {
                rows.insert(*id, (At::Fixed(row.manifest.clone()), row.fp));
            }
        }
        let tree = self.current.map(|current| &current.tree);
        let k = index::choose_k(rows.len(), tree.map(|tree| tree.k));
        let index = index::write(packs, tree, k, &rows)?;
        let ledger = self.seal_ledger(packs, &old_ledger, &sealed, &users, &fleet_key)?;
        let proven: Vec<Blake3> = ours.into_iter().chain(fresh.iter().copied()).collect();
        let evidence = self.seal_evidence(packs, &proven, &fleet_key)?;
        let overrides = self.seal_overrides(packs, &fleet_key)?;
        packs.finish()?;
        for digest in &fresh {
            if let Some(one) = sealed.get(digest) {
                let entry = Entry { at: packs.locate(&one.at), identity: one.identity.clone() };
                cache.insert(*digest, entry);
            }
        }
        let at = |at: &At| packs.locate(at);
        Ok(Built {
            index: at(&index),
            k,
            ledger: at(&ledger),
            evidence: at(&evidence),
            overrides: overrides.as_ref().map(at),
            sealed: proven.len(),
            reused,
        })
    }

    /// How many hosts use each bundle and chunk.
    fn users(&self) -> BTreeMap<Blake3, usize> {
        let mut users = BTreeMap::new();
        for wanted in self.wanted.values() {
            let digests: BTreeSet<Blake3> =
                wanted.host.services.iter().map(|service| service.digest).collect();
            for digest in digests.iter().chain(&wanted.chunks) {
                *users.entry(*digest).or_insert(0) += 1;
            }
        }
        users
    }

    /// Digests that the manifests to be written name.
    fn needed(&self) -> BTreeSet<Blake3> {
        let changed = self.wanted.values().filter(|wanted| self.changed.contains(&wanted.id));
        changed
            .flat_map(|wanted| {
                wanted.host.services.iter().map(|service| service.digest).chain(wanted.chunks.iter().copied())
            })
            .collect()
    }

    /// What is needed and sealed already: by this publish, in the ledger, or in the previous manifests. Members whose
    /// pack is gone from the store are left out, and so sealed again.
    fn pool(
        &self,
        ledger: &Ledger,
        cache: &BTreeMap<Blake3, Entry>,
    ) -> Result<BTreeMap<Blake3, Entry>, Error> {
        let needed = self.needed();
        let mut pool: BTreeMap<Blake3, Entry> = BTreeMap::new();
        for manifest in self.old.values() {
            let bundles = manifest.bundles.iter().map(|b| (b.digest, &b.at, &b.identity));
            let chunks = manifest.chunks.iter().map(|c| (c.digest, &c.at, &c.identity));
            for (digest, at, identity) in
                bundles.chain(chunks).filter(|(digest, _, _)| needed.contains(digest))
            {
                pool.insert(digest, Entry { at: at.clone(), identity: identity.clone() });
            }
        }
        for (digest, entry) in ledger.bundles.iter().chain(&ledger.chunks).chain(cache) {
            if needed.contains(digest) {
                pool.insert(*digest, entry.clone());
            }
        }
        let mut ends: BTreeMap<Blake3, u64> = BTreeMap::new();
        for entry in pool.values() {
            if let Some(pack) = entry.at.pack {
                let end = ends.entry(pack).or_insert(0);
                *end = (*end).max(entry.at.off + entry.at.len);
            }
        }
        let packs: Vec<(Blake3, u64)> = ends.into_iter().collect();
        let store: &dyn Reader = self.publisher.store;
        let there = parallel(&packs, |(pack, end)| {
            let key = crate::locator::pack_key(pack);
            store.get_range(&key, end.saturating_sub(1), 1).map(|found| found.is_some_and(|b| b.len() == 1))
        });
        let mut gone = BTreeSet::new();
        for ((pack, _), there) in packs.into_iter().zip(there) {
            if !there? {
                gone.insert(pack);
            }
        }
        pool.retain(|_, entry| entry.at.pack.is_some_and(|pack| !gone.contains(&pack)));
        Ok(pool)
    }

    fn seal_bundles(
        &self,
        packs: &mut PackWriter<'_>,
        digests: &[Blake3],
        sealed: &mut BTreeMap<Blake3, Sealed>,
        fresh: &mut Vec<Blake3>,
    ) -> Result<(), Error> {
        let due: Vec<Blake3> = digests
            .iter()
            .filter(|digest| !sealed.contains_key(*digest) && self.prepared.bundles.contains_key(*digest))
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for batch in due.chunks(BATCH) {
            let members = parallel(batch, |digest| match self.prepared.bundles.get(digest) {
                Some(bundle) => {
                    let secret = !bundle.secret.is_empty();
                    let packing = if secret { Packing::Raw } else { Packing::Compressed };
                    member::seal_fresh(&bundle.tar, packing)
                }
                None => Err(Error::Failed(format!("bundle {digest} was not prepared"))),
            });
            for (digest, made) in batch.iter().zip(members) {
                let (member, identity) = made?;
                if member.len() as u64 > limits::PACK {
                    let service =
                        self.prepared.bundles.get(digest).map(|b| b.service.as_str()).unwrap_or_default();
                    return Err(Error::Failed(format!(
                        "service {service}: its sealed bundle takes {} bytes; {} are allowed (split the service)",
                        member.len(),
                        limits::PACK
                    )));
                }
                packs.make_room(member.len() as u64)?;
                let at = packs.add(member)?;
                sealed.insert(*digest, Sealed { at, identity });
                fresh.push(*digest);
            }
        }
        Ok(())
    }

    /// Seals the chunks that manifests to be written need, each in a pack of its own.
    fn seal_chunks(
        &self,
        packs: &mut PackWriter<'_>,
        sealed: &mut BTreeMap<Blake3, Sealed>,
        fresh: &mut Vec<Blake3>,
    ) -> Result<(), Error> {
        let changed = self.wanted.values().filter(|wanted| self.changed.contains(&wanted.id));
        let due: BTreeSet<Blake3> = changed.flat_map(|wanted| wanted.chunks.iter().copied()).collect();
        for digest in due {
            if sealed.contains_key(&digest) {
                continue;
            }
            let Some(chunk) = self.prepared.chunks.get(&digest) else {
                return Err(Error::Failed(format!("chunk {digest} was not prepared")));
            };
            let bytes = Zeroizing::new(chunk.bytes(&digest, self.contents)?);
            let packing = if chunk.secret { Packing::Raw } else { Packing::Compressed };
            let (member, identity) = member::seal_fresh(&bytes, packing)?;
            let at = packs.add_alone(member)?;
            sealed.insert(digest, Sealed { at, identity });
            fresh.push(digest);
        }
        Ok(())
    }

    /// Seals the manifests of some hosts, and says where each lies.
    fn seal_manifests(
        &self,
        packs: &mut PackWriter<'_>,
        hosts: &[&Wanted<'_>],
        sealed: &BTreeMap<Blake3, Sealed>,
        fleet_key: &Recipient,
    ) -> Result<Vec<At>, Error> {
        let mut lie = Vec::new();
        let mut rest = hosts;
        while !rest.is_empty() {
            // As many as surely fit in one pack, since a manifest says in which pack a bundle lies.
            let sizes = rest.iter().scan(0, |sum, wanted| {
                *sum += manifest_bound(wanted);
                Some(*sum)
            });
            let sizes: Vec<u64> = sizes.collect();
            let fit = sizes.iter().filter(|size| **size <= limits::PACK_TARGET).count().max(1);
            let (now, later) = rest.split_at(fit);
            packs.make_room(sizes.get(fit - 1).copied().unwrap_or_default())?;
            let contents = now.iter().map(|wanted| Ok((*wanted, self.manifest(packs, wanted, sealed)?)));
            let contents = contents.collect::<Result<Vec<_>, Error>>()?;
            let members = parallel(&contents, |(wanted, content)| {
                let recipients = [wanted.host.recipient.clone(), fleet_key.clone()];
                member::seal(content, Packing::Raw, &recipients)
            });
            for member in members {
                lie.push(packs.add(member?)?);
            }
            rest = later;
        }
        Ok(lie)
    }

    /// What a host's manifest says.
    fn manifest(
        &self,
        packs: &PackWriter<'_>,
        wanted: &Wanted<'_>,
        sealed: &BTreeMap<Blake3, Sealed>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let services = &wanted.host.services;
        let find = |digest: &Blake3| {
            let one = sealed.get(digest);
            one.map(|one| (packs.locate(&one.at), one.identity.clone()))
                .ok_or_else(|| Error::Failed(format!("{digest} was not sealed")))
        };
        let mut bundles = Vec::new();
        for service in services {
            let (at, identity) = find(&service.digest)?;
            bundles.push(BundleRef {
                service: service.service.clone(),
                digest: service.digest,
                at,
                identity,
                after: service.after.clone(),
                needs: service.needs.clone(),
            });
        }
        let mut chunks = Vec::new();
        for digest in &wanted.chunks {
            let (at, identity) = find(digest)?;
            chunks.push(ChunkRef { digest: *digest, at, identity });
        }
        let manifest = Manifest {
            format: 1,
            fleet_id: self.publisher.roots.newest().fleet_id(),
            channel: self.publisher.channel.clone(),
            host: wanted.host.host.clone(),
            id: wanted.id,
            bundles,
            chunks,
            overrides: wanted.holds.clone(),
        };
        let content = Zeroizing::new(canon::to_vec(&manifest, "manifest")?);
        if content.len() as u64 > limits::DOCUMENT - limits::OVERHEAD {
            return Err(Error::Failed(format!("the manifest of {} is too large", wanted.host.host)));
        }
        Ok(content)
    }
}
