//! What a publish would change: hosts by fingerprint, services by digest.

use super::base::Current;
use crate::canon;
use crate::error::Error;
use crate::ids::{Channel, FleetId, HostId};
use crate::index;
use crate::keys::Recipient;
use crate::manifest::Manifest;
use crate::overrides::HostHold;
use crate::seal::{Prepared, PreparedHost};
use crate::store::{Reader, Store};
use crate::vault::Vault;
use cmc_types::{Blake3, HostName, ServiceName};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How a host differs from what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostStatus {
    /// Not published yet.
    New,
    /// Published with another content, order, recipient or holds.
    Changed,
    /// Published, and no longer in the fleet. It changes nothing and reports that it is unlisted.
    Dropped,
}

/// A host that a publish changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostChange {
    /// The host; for a dropped host as it was published.
    pub host: HostName,
    /// Its identifier.
    pub id: HostId,
    /// How.
    pub status: HostStatus,
    /// Services that come.
    pub added: Vec<ServiceName>,
    /// Services that leave: their files are deleted on the host.
    pub removed: Vec<ServiceName>,
    /// Services with another bundle.
    pub changed: Vec<ServiceName>,
}

/// What a publish changes, given to the guard before anything is sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// Hosts, by name.
    pub hosts: Vec<HostChange>,
    /// Hosts of the plan, changed or not.
    pub planned: usize,
    /// Whether nothing was published on the channel before.
    pub first: bool,
    /// Whether holds were set, lifted or ended.
    pub holds: bool,
}

impl Changes {
    /// Which services leave which hosts that stay in the fleet: the guard asks for `--allow-removals` by this.
    pub fn removals(&self) -> BTreeMap<&ServiceName, Vec<&HostName>> {
        let mut removals: BTreeMap<&ServiceName, Vec<&HostName>> = BTreeMap::new();
        for change in self.hosts.iter().filter(|change| change.status == HostStatus::Changed) {
            for service in &change.removed {
                removals.entry(service).or_default().push(&change.host);
            }
        }
        removals
    }

    /// Hosts that leave the index although nobody retired them: they keep what they have and fail from now on.
    pub fn dropped(&self) -> Vec<&HostName> {
        self.of(|change| change.status == HostStatus::Dropped)
    }

    /// Hosts that come without any service. One that was published before and had left the index has services, which
    /// it would remove; what they are is not known any more.
    pub fn emptied(&self) -> Vec<&HostName> {
        self.of(|change| !self.first && change.status == HostStatus::New && change.added.is_empty())
    }

    /// Hosts of the plan that are new or differ.
    pub fn differing(&self) -> usize {
        self.hosts.len() - self.dropped().len()
    }

    fn of(&self, keep: impl Fn(&HostChange) -> bool) -> Vec<&HostName> {
        self.hosts.iter().filter(|change| keep(change)).map(|change| &change.host).collect()
    }
}

/// A host of the plan with all that its manifest will say, but for locators and keys.
pub(super) struct Wanted<'a> {
    pub(super) host: &'a PreparedHost,
    pub(super) id: HostId,
    pub(super) fp: Blake3,
    pub(super) holds: Vec<HostHold>,
    pub(super) chunks: BTreeSet<Blake3>,
}

/// What a fingerprint covers.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Fingerprint<'a> {
    format: u32,
    fleet_id: FleetId,
    channel: &'a Channel,
    host: &'a HostName,
    id: HostId,
    recipients: [&'a Recipient; 2],
    bundles: Vec<(&'a ServiceName, Blake3, &'a [ServiceName], &'a [ServiceName])>,
    chunks: &'a BTreeSet<Blake3>,
    overrides: &'a [HostHold],
}

/// Computes ids and fingerprints; two hosts with one id are refused.
pub(super) fn wanted<'a>(
    prepared: &'a Prepared,
    vault: &Vault,
    fleet: FleetId,
    channel: &Channel,
    holds: impl Fn(&HostName) -> Vec<HostHold>,
) -> Result<BTreeMap<HostId, Wanted<'a>>, Error> {
    let fleet_key = vault.recipient()?;
    let mut all: BTreeMap<HostId, Wanted<'_>> = BTreeMap::new();
    for host in &prepared.hosts {
        let id = host.id.unwrap_or_else(|| vault.host_id(&host.host));
        let holds = holds(&host.host);
        let of = |digest: &Blake3| prepared.bundles.get(digest).map(|bundle| &bundle.chunks);
        let chunks: BTreeSet<Blake3> =
            host.services.iter().filter_map(|s| of(&s.digest)).flatten().copied().collect();
        let said = Fingerprint {
            format: 1,
            fleet_id: fleet,
            channel,
            host: &host.host,
            id,
            recipients: [&host.recipient, &fleet_key],
            bundles: host
                .services
                .iter()
                .map(|s| (&s.service, s.digest, s.after.as_slice(), s.needs.as_slice()))
                .collect(),
            chunks: &chunks,
            overrides: &holds,
        };
        let fp = vault.fingerprint(&canon::to_vec(&said, "fingerprint")?);
        if let Some(other) = all.insert(id, Wanted { host, id, fp, holds, chunks }) {
            return Err(Error::Failed(format!(
                "hosts {} and {} have the same id {id}; remove it from one of them",
                other.host.host, host.host
            )));
        }
    }
    Ok(all)
}

/// Hosts whose fingerprint differs from the published one, and hosts that are gone, with the manifests published for
/// them.
pub(super) fn compare(
    store: &dyn Reader,
    current: Option<&Current>,
    wanted: &BTreeMap<HostId, Wanted<'_>>,
) -> Result<(Changes, BTreeMap<HostId, Manifest>), Error> {
    let mut changes = Changes { planned: wanted.len(), first: current.is_none(), ..Changes::default() };
    let differs = |host: &&Wanted<'_>| {
        current.is_none_or(|c| c.tree.rows.get(&host.id).is_none_or(|row| row.fp != host.fp))
    };
    let differing: Vec<&Wanted<'_>> = wanted.values().filter(differs).collect();
    let published = current.iter().flat_map(|c| c.tree.rows.keys());
    let dropped: Vec<HostId> = published.filter(|id| !wanted.contains_key(id)).copied().collect();
    let ids: Vec<HostId> = differing.iter().map(|host| host.id).chain(dropped.iter().copied()).collect();
    let mut old = match current {
        Some(current) => current.manifests(store, &ids)?,
        None => BTreeMap::new(),
    };
    for host in differing {
        changes.hosts.push(host_change(host, old.get(&host.id)));
    }
    for id in dropped {
        if let Some(manifest) = old.remove(&id) {
            let removed = manifest.bundles.into_iter().map(|bundle| bundle.service).collect();
            let (added, changed) = (Vec::new(), Vec::new());
            let host = manifest.host;
            changes.hosts.push(HostChange { host, id, status: HostStatus::Dropped, added, removed, changed });
        }
    }
    changes.hosts.sort_by(|a, b| a.host.cmp(&b.host));
    Ok((changes, old))
}

/// What a publish that seals everything anew changes, as far as the index and manifests can still be read: removals are
/// guarded there too. `None` for every other publish, and where they cannot be read.
pub(super) fn compare_shown(
    store: &dyn Store,
    current: &Current,
    wanted: &BTreeMap<HostId, Wanted<'_>>,
) -> Option<Changes> {
    if !current.blank {
        return None;
    }
    let release = current.release();
    let tree = index::read_all(store, &release.index, release.k).ok()?;
    let shown = Current { tree, blank: false, ..current.clone() };
    compare(store, Some(&shown), wanted).ok().map(|(changes, _)| changes)
}

fn host_change(wanted: &Wanted<'_>, old: Option<&Manifest>) -> HostChange {
    let before: BTreeMap<&ServiceName, Blake3> =
        old.iter().flat_map(|m| &m.bundles).map(|bundle| (&bundle.service, bundle.digest)).collect();
    let services = &wanted.host.services;
    let names: BTreeSet<&ServiceName> = services.iter().map(|s| &s.service).collect();
    let pick = |keep: &dyn Fn(Option<&Blake3>, &Blake3) -> bool| -> Vec<ServiceName> {
        let kept = services.iter().filter(|s| keep(before.get(&s.service), &s.digest));
        kept.map(|s| s.service.clone()).collect()
    };
    HostChange {
        host: wanted.host.host.clone(),
        id: wanted.id,
        status: if old.is_some() { HostStatus::Changed } else { HostStatus::New },
        added: pick(&|old, _| old.is_none()),
        changed: pick(&|old, new| old.is_some_and(|old| old != new)),
        removed: before.keys().filter(|name| !names.contains(*name)).map(|name| (*name).clone()).collect(),
    }
}
