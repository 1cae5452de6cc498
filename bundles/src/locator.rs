//! Where a member lies.

use cmc_types::Blake3;
use serde::{Deserialize, Serialize};

/// Where a member lies in the store. Only `b3` is trusted; the rest says where to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locator {
    /// blake3 of the pack, by which it is named. Absent: the pack in which the object that holds this locator lies.
    /// Readers resolve it at once: no function of this crate returns a locator without a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<Blake3>,
    /// Offset of the member in the pack, in bytes.
    pub off: u64,
    /// Length of the member in bytes.
    pub len: u64,
    /// blake3 of the member.
    pub b3: Blake3,
}

impl Locator {
    /// The store's key of the pack; `None` for a locator that was not resolved.
    pub fn key(&self) -> Option<String> {
        self.pack.as_ref().map(pack_key)
    }
}

/// The store's key of a pack: `packs/HH/HASH`.
pub fn pack_key(pack: &Blake3) -> String {
    let hash = pack.to_string();
    format!("packs/{}/{hash}", &hash[..2])
}
