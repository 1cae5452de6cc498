//! What publishers keep beside the manifests, sealed to the fleet key and named by hash in the release: the ledger
//! (where shared bundles and chunks lie) and the evidence (which checks each bundle passed).

use crate::canon;
use crate::error::Error;
use crate::keys::{Identities, MemberKey};
use crate::limits;
use crate::locator::Locator;
use crate::member;
use crate::overrides::Overrides;
use crate::store::Reader;
use cmc_types::receipt::Receipt;
use cmc_types::{Blake3, ServiceName, UnixPath};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where a sealed bundle or chunk lies, and the key that opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// Where.
    pub at: Locator,
    /// Its key.
    pub identity: MemberKey,
}

/// Bundles and chunks that more than one host reads, by digest. It makes publishing incremental from any machine with
/// nothing cached. Host-only ones stand in the host's manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ledger {
    /// 1.
    pub format: u32,
    /// Bundles.
    pub bundles: BTreeMap<Blake3, Entry>,
    /// Chunks.
    pub chunks: BTreeMap<Blake3, Entry>,
}

/// Which checks the bundles passed that a publish sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evidence {
    /// 1.
    pub format: u32,
    /// Version of the release that it was written for.
    pub version: u64,
    /// When, in Unix seconds.
    pub at: u64,
    /// The commit, as the publisher said.
    pub commit: Option<String>,
    /// Newly sealed bundles.
    pub bundles: Vec<Proof>,
    /// Receipts, each once.
    pub receipts: Vec<Receipt>,
    /// Evidence of older publishes that may speak of bundles still in use, newest first.
    pub older: Vec<Locator>,
}

/// The receipts of one bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Proof {
    /// The bundle.
    pub digest: Blake3,
    /// Its service.
    pub service: ServiceName,
    /// Places in `receipts`.
    pub receipts: Vec<u32>,
    /// Files that hold secrets: their digests stand in no receipt.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secret: BTreeSet<UnixPath>,
}

/// A record's stored JSON: which locators it holds.
pub(crate) trait Record: DeserializeOwned + Serialize {
    /// What messages call it.
    const OBJECT: &'static str;
    /// Its format number.
    fn format(&self) -> u32;
    /// Names every locator absolutely.
    fn within(&mut self, pack: &Blake3);
}

impl Record for Ledger {
    const OBJECT: &'static str = "ledger";
    fn format(&self) -> u32 {
        self.format
    }
    fn within(&mut self, pack: &Blake3) {
        for entry in self.bundles.values_mut().chain(self.chunks.values_mut()) {
            entry.at.pack.get_or_insert(*pack);
        }
    }
}

impl Record for Evidence {
    const OBJECT: &'static str = "evidence";
    fn format(&self) -> u32 {
        self.format
    }
    fn within(&mut self, pack: &Blake3) {
        for older in &mut self.older {
            older.pack.get_or_insert(*pack);
        }
    }
}

impl Record for Overrides {
    const OBJECT: &'static str = "overrides";
    fn format(&self) -> u32 {
        self.format
    }
    fn within(&mut self, _: &Blake3) {}
}

/// Reads a record that a verified release names.
pub(crate) fn read<T: Record>(store: &dyn Reader, at: &Locator, keys: &Identities) -> Result<T, Error> {
    let sealed = member::fetch(store, at, limits::RECORD, T::OBJECT)?;
    let content = zeroize::Zeroizing::new(member::open(&sealed, keys, limits::RECORD, T::OBJECT)?);
    let mut record: T = canon::from_slice(&content, T::OBJECT)?;
    canon::format_one(record.format(), T::OBJECT)?;
    if let Some(pack) = at.pack {
        record.within(&pack);
    }
    Ok(record)
}
