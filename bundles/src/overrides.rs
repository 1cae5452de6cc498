//! Holds: a person's decision that outlives publishes. Every publish carries them forward until they are lifted or
//! expire, so that none silently undoes a rollback.

use cmc_types::{Blake3, ServiceName};
use serde::{Deserialize, Serialize};

/// What a hold does to a service on the hosts that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// Nothing of the service changes, drift included.
    Freeze,
    /// The service stays at `digest`.
    Pin,
    /// The service is installed again, quarantine or not; `nonce` tells one redo from the next.
    Redo,
    /// The service goes back to `digest` and stays there.
    Rollback,
}

/// A hold as people set it, for the whole fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hold {
    /// What it does.
    pub kind: HoldKind,
    /// The service.
    pub service: ServiceName,
    /// The hosts, in the grammar of a service's `on`.
    pub selector: Vec<String>,
    /// The bundle, where the kind names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Blake3>,
    /// Who decided.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends by itself, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// 32 hexadecimal digits that tell it from every other hold.
    pub nonce: String,
}

/// A hold as one host reads it in its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HostHold {
    /// What it does.
    pub kind: HoldKind,
    /// The service.
    pub service: ServiceName,
    /// The bundle, where the kind names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Blake3>,
    /// Who decided.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends by itself, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// 32 hexadecimal digits that tell it from every other hold.
    pub nonce: String,
}

impl Hold {
    /// What a host that the selector names reads.
    pub fn for_host(&self) -> HostHold {
        HostHold {
            kind: self.kind,
            service: self.service.clone(),
            digest: self.digest,
            owner: self.owner.clone(),
            reason: self.reason.clone(),
            expires: self.expires,
            nonce: self.nonce.clone(),
        }
    }

    /// Whether it still holds at this time.
    pub fn holds_at(&self, now: u64) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// The object that a release's `overrides` names, sealed to the fleet key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Overrides {
    /// 1.
    pub format: u32,
    /// The holds, in the order they were set.
    pub holds: Vec<Hold>,
}
