//! What a reader remembers between runs, so that nothing it trusts ever falls back.

use crate::ids::{Channel, FleetId};
use crate::locator::Locator;
use crate::root::Counters;
use cmc_types::Blake3;
use serde::{Deserialize, Serialize};

/// A signed statement by number and hash of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRef {
    /// Version or serial.
    pub version: u64,
    /// blake3 of the signed body.
    pub hash: Blake3,
}

/// What a host was told at enrolment, in `fetch.toml`. There is no trust on first use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pin {
    /// The fleet.
    pub fleet_id: FleetId,
    /// The channel it follows.
    pub channel: Channel,
    /// The root it starts from.
    pub root: StatementRef,
}

/// What a reader of one channel trusts by now. The caller stores it as JSON (0600, written whole and fsynced) and
/// gives it back on the next run; a lost state starts again from the pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustState {
    /// 1.
    pub format: u32,
    /// The fleet; a state of another is refused.
    pub fleet_id: FleetId,
    /// The channel; a state of another is refused.
    pub channel: Channel,
    /// The newest verified root: its number and hash.
    pub root: StatementRef,
    /// That root's signed body; empty until it was read from the store.
    pub root_body: String,
    /// When the next root was last looked for without being named, in Unix seconds.
    pub root_probed: u64,
    /// Highest verified `issued`: the time that the clock is never taken to be before.
    pub floor: u64,
    /// The lowest version and serial that are still accepted; only a root's `counters` lower them.
    pub counters: Counters,
    /// The newest verified timestamp.
    pub timestamp: Option<TimestampState>,
    /// The newest verified release.
    pub release: Option<ReleaseState>,
    /// The store's token of the pointer these came from.
    pub etag: Option<String>,
    /// The pointer object, exactly as it was read.
    pub pointer: Option<String>,
}

/// The part of a verified timestamp that is needed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampState {
    /// Serial and hash.
    pub at: StatementRef,
    /// When it was issued, in Unix seconds.
    pub issued: u64,
    /// When it expires, in Unix seconds.
    pub expires: u64,
}

/// The part of a verified release that is needed later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseState {
    /// Version and hash.
    pub at: StatementRef,
    /// The top node of the index.
    pub index: Locator,
    /// The index bits that choose a leaf.
    pub k: u32,
    /// The commit it was published from.
    pub commit: Option<String>,
}

/// How fresh the newest timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing was ever verified.
    Unknown,
    /// In its first two thirds.
    Fresh {
        /// When it expires, in Unix seconds.
        expires: u64,
    },
    /// In its last third: somebody should publish or refresh.
    Ageing {
        /// When it expires, in Unix seconds.
        expires: u64,
    },
    /// Over: everything goes on, but newer releases are refused (exit 5).
    Expired {
        /// When it expired, in Unix seconds.
        expires: u64,
    },
}

impl TrustState {
    /// The state of a reader that knows only its pin.
    pub fn new(pin: &Pin) -> Self {
        Self {
            format: 1,
            fleet_id: pin.fleet_id,
            channel: pin.channel.clone(),
            root: pin.root,
            root_body: String::new(),
            root_probed: 0,
            floor: 0,
            counters: Counters::default(),
            timestamp: None,
            release: None,
            etag: None,
            pointer: None,
        }
    }

    /// The later of the wall clock and the floor, in Unix seconds.
    pub fn now(&self, wall: u64) -> u64 {
        wall.max(self.floor)
    }

    /// How fresh the newest timestamp is; `wall` is the clock in Unix seconds.
    pub fn freshness(&self, wall: u64) -> Freshness {
        let Some(timestamp) = self.timestamp else { return Freshness::Unknown };
        let (now, expires) = (self.now(wall), timestamp.expires);
        let life = expires.saturating_sub(timestamp.issued);
        if now >= expires {
            Freshness::Expired { expires }
        } else if now >= timestamp.issued.saturating_add(life / 3 * 2) {
            Freshness::Ageing { expires }
        } else {
            Freshness::Fresh { expires }
        }
    }
}
