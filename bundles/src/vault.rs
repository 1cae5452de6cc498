//! The vault: what publishers need and hosts must not have. Sealed to the operators, named by hash in the root.

use crate::canon;
use crate::error::{Error, TrustKind};
use crate::ids::{HostId, hash};
use crate::keys::{Identities, MemberKey, Recipient};
use crate::limits;
use crate::member::{self, Packing};
use crate::random;
use crate::root::Root;
use cmc_types::HostName;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Keys of a fleet that every operator holds.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vault {
    /// 1.
    format: u32,
    /// The fleet key: one identity per epoch, the last in force. Manifests, ledgers, evidence and overrides are sealed
    /// to it; removing an operator begins a new epoch.
    epochs: Vec<MemberKey>,
    /// Key of the hosts' identifiers, 64 hexadecimal digits.
    salt: HexKey,
    /// Key of the manifests' fingerprints, 64 hexadecimal digits.
    fingerprint: HexKey,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} epochs)", self.epochs.len())
    }
}

/// A 32-byte secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct HexKey(Zeroizing<[u8; 32]>);

impl TryFrom<String> for HexKey {
    type Error = cmc_types::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = Zeroizing::new(text);
        cmc_types::Blake3::parse(&text).map(|bytes| Self(Zeroizing::new(bytes.0)))
    }
}

impl From<HexKey> for String {
    fn from(key: HexKey) -> String {
        cmc_types::Blake3(*key.0).to_string()
    }
}

impl Vault {
    /// A fleet's first vault.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self {
            format: 1,
            epochs: vec![MemberKey::generate()],
            salt: HexKey(random::bytes()?),
            fingerprint: HexKey(random::bytes()?),
        })
    }

    /// A vault of known keys, for tests and the example store.
    #[cfg(test)]
    pub(crate) fn of(fleet_key: MemberKey, salt: [u8; 32], fingerprint: [u8; 32]) -> Self {
        Self {
            format: 1,
            epochs: vec![fleet_key],
            salt: HexKey(Zeroizing::new(salt)),
            fingerprint: HexKey(Zeroizing::new(fingerprint)),
        }
    }

    /// Begins a new epoch of the fleet key, after an operator was removed.
    pub fn begin_epoch(&mut self) {
        self.epochs.push(MemberKey::generate());
    }

    /// Seals it to the operators. The name of the result is its blake3.
    pub fn seal(&self, operators: &[Recipient]) -> Result<Vec<u8>, Error> {
        let body = Zeroizing::new(canon::to_vec(self, "vault")?);
        member::seal(&body, Packing::Raw, operators)
    }

    /// Opens the vault that a root names. A vault with another hash is refused before it is decrypted, since anybody
    /// can encrypt to an operator.
    pub fn open(sealed: &[u8], root: &Root, identities: &Identities) -> Result<Self, Error> {
        if sealed.len() as u64 > limits::VAULT {
            return Err(Error::trust(TrustKind::Limit, "vault", "too large"));
        }
        if hash(sealed) != root.vault {
            return Err(Error::trust(TrustKind::Hash, "vault", "not the vault that the root names"));
        }
        let body = Zeroizing::new(member::open(sealed, identities, limits::VAULT, "vault")?);
        let vault: Self = canon::from_slice(&body, "vault")?;
        canon::format_one(vault.format, "vault")?;
        if vault.epochs.is_empty() {
            return Err(Error::trust(TrustKind::Format, "vault", "it holds no fleet key"));
        }
        Ok(vault)
    }

    /// The identifier of a host that has none yet.
    pub fn host_id(&self, host: &HostName) -> HostId {
        HostId::derive(&self.salt.0, host)
    }

    /// What the current epoch's objects are sealed to.
    pub(crate) fn recipient(&self) -> Result<Recipient, Error> {
        match self.epochs.last() {
            Some(key) => key.recipient(),
            None => Err(Error::Failed("the vault holds no fleet key".to_owned())),
        }
    }

    /// The identities of all epochs, newest first.
    pub fn identities(&self) -> Result<Identities, Error> {
        let mut all = Identities::none();
        for key in self.epochs.iter().rev() {
            all = all.and(Identities::of(key)?);
        }
        Ok(all)
    }

    /// The keyed blake3 by which manifests are compared.
    pub(crate) fn fingerprint(&self, bytes: &[u8]) -> cmc_types::Blake3 {
        cmc_types::Blake3(*blake3::keyed_hash(&self.fingerprint.0, bytes).as_bytes())
    }
}
