//! The manifest of one host: its bundles in start order, where they lie and the keys that open them.
//!
//! Sealed to the host's recipient and the fleet key. It holds identities, so it is never compressed, printed or logged.

use crate::canon;
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, FleetId, HostId};
use crate::keys::{Identities, MemberKey};
use crate::limits;
use crate::locator::Locator;
use crate::member;
use crate::overrides::HostHold;
use crate::store::Reader;
use cmc_types::{Blake3, HostName, ServiceName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// What a host is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// The fleet it belongs to.
    pub fleet_id: FleetId,
    /// The channel it was published on.
    pub channel: Channel,
    /// The host it is for.
    pub host: HostName,
    /// The host's identifier in the index.
    pub id: HostId,
    /// Bundles, in start order.
    pub bundles: Vec<BundleRef>,
    /// Chunks of files over 1 MiB, by digest.
    pub chunks: Vec<ChunkRef>,
    /// Holds that apply to this host.
    pub overrides: Vec<HostHold>,
}

/// A bundle of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BundleRef {
    /// The service it is of.
    pub service: ServiceName,
    /// blake3 of its plaintext tar.
    pub digest: Blake3,
    /// Where it lies.
    pub at: Locator,
    /// The key that opens it.
    pub identity: MemberKey,
    /// Services of this host that go before it.
    pub after: Vec<ServiceName>,
    /// Services of this host without which it is held back.
    pub needs: Vec<ServiceName>,
}

/// A chunk of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChunkRef {
    /// blake3 of its bytes.
    pub digest: Blake3,
    /// Where it lies.
    pub at: Locator,
    /// The key that opens it.
    pub identity: MemberKey,
}

impl Manifest {
    /// The bundle of a service.
    pub fn bundle(&self, service: &ServiceName) -> Option<&BundleRef> {
        self.bundles.iter().find(|bundle| bundle.service == *service)
    }

    /// The chunk of this digest.
    pub fn chunk(&self, digest: &Blake3) -> Option<&ChunkRef> {
        self.chunks.iter().find(|chunk| chunk.digest == *digest)
    }

    /// Fetches, verifies, opens and parses; every locator of the result names its pack.
    pub(crate) fn read(
        store: &dyn Reader,
        at: &Locator,
        keys: &Identities,
        object: &str,
    ) -> Result<Self, Error> {
        let sealed = member::fetch(store, at, limits::DOCUMENT, object)?;
        Self::open(&sealed, at, keys, object)
    }

    /// Opens a manifest whose hash was verified.
    pub(crate) fn open(sealed: &[u8], at: &Locator, keys: &Identities, object: &str) -> Result<Self, Error> {
        let content = Zeroizing::new(member::open(sealed, keys, limits::DOCUMENT, object)?);
        let mut manifest: Self = canon::from_slice(&content, object)?;
        canon::format_one(manifest.format, object)?;
        let Some(pack) = at.pack else {
            return Err(Error::trust(TrustKind::Format, object, "its locator names no pack"));
        };
        for at in manifest
            .bundles
            .iter_mut()
            .map(|b| &mut b.at)
            .chain(manifest.chunks.iter_mut().map(|c| &mut c.at))
        {
            at.pack.get_or_insert(pack);
        }
        Ok(manifest)
    }

    /// Refuses what is meant for another fleet, channel or host, and what no publisher writes.
    pub(crate) fn check(
        &self,
        fleet: FleetId,
        channel: &Channel,
        host: &HostName,
        id: &HostId,
        object: &str,
    ) -> Result<(), Error> {
        let refuse = |kind, problem: &str| Err(Error::trust(kind, object, problem));
        if self.fleet_id != fleet {
            return refuse(TrustKind::Binding, "it is of another fleet");
        }
        if self.channel != *channel {
            return refuse(TrustKind::Binding, "it is of another channel");
        }
        if self.host != *host || self.id != *id {
            return refuse(TrustKind::Binding, "it is of another host");
        }
        let mut services = BTreeSet::new();
        if !self.bundles.iter().all(|bundle| services.insert(&bundle.service)) {
            return refuse(TrustKind::Format, "a service is there twice");
        }
        let mut earlier = BTreeSet::new();
        for bundle in &self.bundles {
            if !bundle.after.iter().chain(&bundle.needs).all(|name| earlier.contains(name)) {
                return refuse(TrustKind::Format, "its services are not in start order");
            }
            earlier.insert(&bundle.service);
        }
        Ok(())
    }
}
