//! The statements that move: releases, timestamps, and the pointer that holds one of each.

use crate::canon;
use crate::client::StatementRef;
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, FleetId};
use crate::limits;
use crate::locator::Locator;
use crate::root::TrustedRoot;
use crate::signed::Signed;
use crate::sshsig::Role;
use cmc_types::Blake3;
use serde::{Deserialize, Serialize};

/// A release: what every host of a channel is to have. Immutable, at `releases/HASH.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// 1.
    pub format: u32,
    /// The fleet.
    pub fleet_id: FleetId,
    /// The channel.
    pub channel: Channel,
    /// One more than the previous release's.
    pub version: u64,
    /// Hash of the previous release; none for the first.
    pub previous: Option<Blake3>,
    /// The top node of the index.
    pub index: Locator,
    /// The index bits that choose a leaf.
    pub k: u32,
    /// The ledger.
    pub ledger: Locator,
    /// The evidence.
    pub evidence: Locator,
    /// Holds, if there are any.
    pub overrides: Option<Locator>,
    /// The commit it was published from, as the publisher says.
    pub commit: Option<String>,
    /// The oldest cmc that can read it.
    pub min_cmc: Option<String>,
}

/// A timestamp: this release is current, until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Timestamp {
    /// 1.
    pub format: u32,
    /// The fleet.
    pub fleet_id: FleetId,
    /// The channel.
    pub channel: Channel,
    /// One more than the previous timestamp's.
    pub serial: u64,
    /// The release.
    pub release: StatementRef,
    /// The root in force.
    pub root: StatementRef,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// When it expires, in Unix seconds.
    pub expires: u64,
}

/// The only mutable object that hosts trust, at `channels/NAME.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// The release, as in its own object.
    pub release: Signed,
    /// The timestamp.
    pub timestamp: Signed,
}

/// A pointer whose signatures, hashes, fleet and channel were verified against a root. Versions, serials and times are
/// for the reader to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPointer {
    /// The release.
    pub release: Release,
    /// The release as signed.
    pub signed_release: Signed,
    /// The timestamp.
    pub timestamp: Timestamp,
    /// blake3 of the timestamp's body.
    pub timestamp_hash: Blake3,
}

/// The store's key of a release.
pub fn release_key(hash: &Blake3) -> String {
    format!("releases/{hash}.json")
}

/// The part of an unverified timestamp that says which root to get.
#[derive(Deserialize)]
struct Claim {
    root: StatementRef,
}

impl Pointer {
    /// Reads the object; nothing is verified.
    pub fn parse(bytes: &[u8], channel: &Channel) -> Result<Self, Error> {
        let object = name(channel);
        if bytes.len() as u64 > limits::POINTER {
            return Err(Error::trust(TrustKind::Limit, object, "too large"));
        }
        let pointer: Self = canon::from_slice(bytes, &object)?;
        if pointer.release.signatures.len().max(pointer.timestamp.signatures.len()) > limits::SIGNATURES {
            return Err(Error::trust(TrustKind::Limit, object, "too many signatures"));
        }
        Ok(pointer)
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        canon::to_vec(self, "pointer")
    }

    /// The root that the timestamp names, without any verification: a hint where to look for newer roots.
    pub fn claimed_root(&self) -> Option<StatementRef> {
        serde_json::from_str::<Claim>(&self.timestamp.body).ok().map(|claim| claim.root)
    }

    /// Verifies signatures to the root's thresholds, then parses, then checks that release and timestamp belong
    /// together, to this fleet and channel, and to a root that is this one or an older one.
    pub fn verify(&self, root: &TrustedRoot, channel: &Channel) -> Result<VerifiedPointer, Error> {
        let object = name(channel);
        let refuse = |kind, problem: &str| Err(Error::trust(kind, object.clone(), problem));
        let (keys, stamp) = (root.root(), format!("timestamp of {object}"));
        self.timestamp.verify(Role::Timestamp, &keys.role(Role::Timestamp), &stamp)?;
        let timestamp: Timestamp = canon::from_slice(self.timestamp.body.as_bytes(), &stamp)?;
        canon::format_one(timestamp.format, &stamp)?;
        if timestamp.fleet_id != root.fleet_id() {
            return refuse(TrustKind::Binding, "its timestamp is of another fleet");
        }
        if timestamp.channel != *channel {
            return refuse(TrustKind::Binding, "its timestamp is of another channel");
        }
        if timestamp.root.version > root.version() {
            return refuse(TrustKind::Rollback, "it needs a newer root than the store holds");
        }
        if timestamp.root.version == root.version() && timestamp.root.hash != root.hash() {
            return refuse(TrustKind::Hash, "its timestamp names another root of the same number");
        }
        if timestamp.expires <= timestamp.issued || timestamp.expires - timestamp.issued > keys.max_fresh {
            return refuse(TrustKind::Clock, "its timestamp lives longer than the root allows");
        }
        let hash = self.release.hash();
        if timestamp.release.hash != hash {
            return refuse(TrustKind::Hash, "its timestamp is over another release");
        }
        let release = Release::verify(&self.release, root, channel)?;
        if release.version != timestamp.release.version || timestamp.serial == 0 {
            return refuse(TrustKind::Format, "release and timestamp disagree on the version");
        }
        Ok(VerifiedPointer {
            release,
            signed_release: self.release.clone(),
            timestamp,
            timestamp_hash: self.timestamp.hash(),
        })
    }
}

impl Release {
    /// Verifies signatures to the root's threshold, then parses, then checks fleet, channel and form.
    pub(crate) fn verify(signed: &Signed, root: &TrustedRoot, channel: &Channel) -> Result<Self, Error> {
        let kind = format!("release of {}", name(channel));
        signed.verify(Role::Release, &root.root().role(Role::Release), &kind)?;
        let release: Self = canon::from_slice(signed.body.as_bytes(), &kind)?;
        release.check(root.fleet_id(), channel, &kind)?;
        Ok(release)
    }

    fn check(&self, fleet: FleetId, channel: &Channel, object: &str) -> Result<(), Error> {
        canon::format_one(self.format, object)?;
        let refuse = |kind, problem: &str| Err(Error::trust(kind, object, problem));
        if self.fleet_id != fleet {
            return refuse(TrustKind::Binding, "it is of another fleet");
        }
        if self.channel != *channel {
            return refuse(TrustKind::Binding, "it is of another channel");
        }
        if self.version == 0 || self.k > limits::INDEX_BITS {
            return refuse(TrustKind::Format, "its numbers are out of bounds");
        }
        let locators = [Some(&self.index), Some(&self.ledger), Some(&self.evidence), self.overrides.as_ref()];
        if locators.into_iter().flatten().any(|locator| locator.pack.is_none()) {
            return refuse(TrustKind::Format, "a locator of it names no pack");
        }
        if let Some(min) = &self.min_cmc
            && older_than(env!("CARGO_PKG_VERSION"), min)
        {
            return Err(Error::Failed(format!(
                "{object} needs cmc {min} or newer; this is {}",
                env!("CARGO_PKG_VERSION")
            )));
        }
        Ok(())
    }
}

/// What messages call a channel's pointer.
pub(crate) fn name(channel: &Channel) -> String {
    format!("pointer of channel {channel}")
}

/// Whether a version `1.2.3` comes before another; what is not a number counts as 0.
fn older_than(ours: &str, needed: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let mut parts: Vec<u64> = text.split('.').map(|part| part.parse().unwrap_or(0)).collect();
        parts.resize(3, 0);
        parts
    };
    numbers(ours) < numbers(needed)
}
