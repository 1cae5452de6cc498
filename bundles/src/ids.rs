//! Names of fleets, hosts and channels in the store.

use cmc_types::{Blake3, HostName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The blake3 of bytes.
pub fn hash(bytes: &[u8]) -> Blake3 {
    Blake3(*blake3::hash(bytes).as_bytes())
}

/// A fleet: the blake3 of the body of its first root, `trust/1.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FleetId(pub Blake3);

impl FleetId {
    /// The first eight hexadecimal digits, as folders of keys are named.
    pub fn short(&self) -> String {
        self.0.to_string()[..8].to_owned()
    }
}

impl fmt::Display for FleetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for FleetId {
    type Err = cmc_types::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Blake3::parse(text).map(Self)
    }
}

/// A host in the index: 16 bytes, written as 32 lower-case hexadecimal digits. Made from the host's name once, with
/// the vault's salt, so that nobody reads the name from it; it then stays, also when the host is renamed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostId([u8; 16]);

impl HostId {
    /// The id of a host's name under the index salt: the first 16 bytes of the keyed blake3.
    pub fn derive(salt: &[u8; 32], host: &HostName) -> Self {
        let full = blake3::keyed_hash(salt, host.as_str().as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&full.as_bytes()[..16]);
        Self(id)
    }

    /// Parses 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, cmc_types::ParseError> {
        let bad =
            || cmc_types::ParseError::new("32 lower-case hexadecimal digits", "not the identifier of a host");
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(bad());
        }
        let mut id = [0; 16];
        for (i, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(id))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The `count` bits (at most 32) that start at bit `from`, the first bit being the highest.
    pub(crate) fn bits(&self, from: u32, count: u32) -> u32 {
        (from..from + count).fold(0, |value, bit| {
            let byte = self.0.get(bit as usize / 8).copied().unwrap_or(0);
            value << 1 | u32::from(byte >> (7 - bit % 8) & 1)
        })
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostId({self})")
    }
}

impl std::str::FromStr for HostId {
    type Err = cmc_types::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for HostId {
    type Error = cmc_types::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<HostId> for String {
    fn from(id: HostId) -> String {
        id.to_string()
    }
}

/// Name of a channel: `[a-z0-9][a-z0-9._-]{0,62}`, such as `main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channel(String);

impl Channel {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, cmc_types::ParseError> {
        let allowed = |(i, b): (usize, u8)| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || (i > 0 && matches!(b, b'.' | b'_' | b'-'))
        };
        if (1..=63).contains(&text.len()) && text.bytes().enumerate().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(cmc_types::ParseError::new(
            "1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit",
            "not the name of a channel",
        ))
    }

    /// The channel `main`.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The store's key of the channel's pointer.
    pub fn key(&self) -> String {
        format!("channels/{}.json", self.0)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Channel {
    type Err = cmc_types::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Channel {
    type Error = cmc_types::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Channel> for String {
    fn from(channel: Channel) -> String {
        channel.0
    }
}
