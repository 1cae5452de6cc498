//! The manifest of one host: its bundles in start order, where they lie and the keys that open them.
//!
//! Sealed to the host's recipient and the fleet key. It holds identities, so it is never compressed, printed or logged.

use crate::ids::{Channel, FleetId, HostId};
use crate::keys::MemberKey;
use crate::locator::Locator;
use crate::overrides::HostHold;
use cmc_types::{Blake3, HostName, ServiceName};
use serde::{Deserialize, Serialize};

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

    /// Names every locator absolutely.
    #[must_use]
    pub(crate) fn within(mut self, pack: &Blake3) -> Self {
        for bundle in &mut self.bundles {
            bundle.at.pack.get_or_insert(*pack);
        }
        for chunk in &mut self.chunks {
            chunk.at.pack.get_or_insert(*pack);
        }
        self
    }
}
