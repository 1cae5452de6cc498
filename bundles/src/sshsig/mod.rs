//! Signatures: SSHSIG (OpenSSH's PROTOCOL.sshsig) over exact bytes, one namespace per role.
//!
//! Verification is stricter than `ssh-keygen -Y verify`: the whole key is pinned, the hash is SHA-512, Ed25519 is
//! checked by the strict equation with weak keys refused, the armour must be canonical, and a FIDO signature counts
//! only if the token was touched. Private keys come from files without a passphrase ([`FileSigner`]) or stay in a
//! running ssh-agent ([`AgentSigner`]), which also drives FIDO tokens.

mod agent;

pub use agent::{AgentKey, AgentSigner, agent_keys};

use cmc_types::ParseError;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig};
use std::fmt;
use zeroize::Zeroizing;

/// What a key signs as. Each has a namespace of its own, so that no signature serves for another role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Roots of trust.
    Root,
    /// Releases.
    Release,
    /// Timestamps.
    Timestamp,
    /// A host's reports.
    Report,
}

impl Role {
    /// The SSHSIG namespace, as `ssh-keygen -Y verify -n` takes it.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Root => "cmc-root@v1",
            Self::Release => "cmc-release@v1",
            Self::Timestamp => "cmc-timestamp@v1",
            Self::Report => "cmc-report@v1",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Release => "release",
            Self::Timestamp => "timestamp",
            Self::Report => "report",
        })
    }
}

/// A public key that may sign: `ssh-ed25519 AAAA…` or `sk-ssh-ed25519@openssh.com AAAA…`, without comment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    text: String,
}

impl PublicKey {
    /// Parses a line of a `.pub` file; the comment is dropped. Weak points (of small order) are refused.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |problem: &str| {
            ParseError::new("a signing key: `ssh-ed25519 …` or `sk-ssh-ed25519@openssh.com …`", problem)
        };
        let mut words = text.split_ascii_whitespace();
        let (Some(kind), Some(body)) = (words.next(), words.next()) else {
            return Err(bad("not a public key"));
        };
        let text = format!("{kind} {body}");
        let key = ssh_key::PublicKey::from_openssh(&text).map_err(|_| bad("not an OpenSSH public key"))?;
        let point = match key.key_data() {
            KeyData::Ed25519(key) => key.0,
            KeyData::SkEd25519(key) => key.public_key().0,
            _ => return Err(bad("this type of key cannot sign here")),
        };
        match VerifyingKey::from_bytes(&point) {
            Ok(point) if !point.is_weak() => {}
            _ => return Err(bad("the key is weak or damaged")),
        }
        Self::of(key.key_data())
            .filter(|canonical| canonical.text == text)
            .ok_or_else(|| bad("not in canonical form"))
    }

    fn of(data: &KeyData) -> Option<Self> {
        let text = ssh_key::PublicKey::new(data.clone(), "").to_openssh().ok()?;
        Some(Self { text: text.trim().to_owned() })
    }

    fn data(&self) -> Option<KeyData> {
        ssh_key::PublicKey::from_openssh(&self.text).ok().map(|key| key.key_data().clone())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.data().map(|data| data.fingerprint(HashAlg::Sha256).to_string()).unwrap_or_default()
    }

    /// Whether the private half lives in a FIDO token.
    pub fn is_fido(&self) -> bool {
        self.text.starts_with("sk-")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.text)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.text
    }
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not a canonical armoured SSHSIG.
    #[error("not an SSH signature")]
    Form,
    /// Made by another key.
    #[error("made by another key")]
    Key,
    /// Made for another role.
    #[error("made for another purpose")]
    Namespace,
    /// Another hash than SHA-512, or reserved data.
    #[error("made with other parameters than SHA-512")]
    Parameters,
    /// The FIDO token was not touched.
    #[error("the token was not touched")]
    Untouched,
    /// Not a signature of these bytes.
    #[error("not a signature of these bytes")]
    Mismatch,
}

/// The length of a FIDO Ed25519 signature: 64 bytes, flags, and a 32-bit counter.
const SK_SIGNATURE: usize = 69;
/// FIDO's "user present" flag.
const TOUCHED: u8 = 1;

/// The key that an armoured signature says it was made with; nothing is verified.
pub(crate) fn claimed_key(pem: &str) -> Option<PublicKey> {
    PublicKey::of(SshSig::from_pem(pem).ok()?.public_key())
}

/// Verifies an armoured signature of `message` by exactly this key for this role.
pub fn verify(key: &PublicKey, role: Role, message: &[u8], pem: &str) -> Result<(), Rejected> {
    let sig = SshSig::from_pem(pem).map_err(|_| Rejected::Form)?;
    if sig.to_pem(LineEnding::LF).ok().is_none_or(|canonical| canonical.trim_end() != pem.trim_end()) {
        return Err(Rejected::Form);
    }
    let data = key.data().ok_or(Rejected::Key)?;
    if *sig.public_key() != data {
        return Err(Rejected::Key);
    }
    if sig.namespace() != role.namespace() {
        return Err(Rejected::Namespace);
    }
    if sig.hash_alg() != HashAlg::Sha512 || !sig.reserved().is_empty() || sig.version() != SshSig::VERSION {
        return Err(Rejected::Parameters);
    }
    let signed =
        SshSig::signed_data(role.namespace(), HashAlg::Sha512, message).map_err(|_| Rejected::Form)?;
    match (data, sig.signature().algorithm()) {
        (KeyData::Ed25519(point), Algorithm::Ed25519) => strict(&point.0, &signed, sig.signature_bytes()),
        (KeyData::SkEd25519(sk), Algorithm::SkEd25519) => {
            let raw = sig.signature_bytes();
            let (Some(signature), Some(tail), SK_SIGNATURE) = (raw.get(..64), raw.get(64..), raw.len())
            else {
                return Err(Rejected::Form);
            };
            if tail[0] & TOUCHED == 0 {
                return Err(Rejected::Untouched);
            }
            let mut message = HashAlg::Sha256.digest(sk.application().as_bytes());
            message.extend_from_slice(tail);
            message.extend_from_slice(&HashAlg::Sha256.digest(&signed));
            strict(&sk.public_key().0, &message, signature)
        }
        _ => Err(Rejected::Form),
    }
}

fn strict(point: &[u8; 32], message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
    let key = VerifyingKey::from_bytes(point).map_err(|_| Rejected::Key)?;
    if key.is_weak() {
        return Err(Rejected::Key);
    }
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| Rejected::Form)?;
    key.verify_strict(message, &signature).map_err(|_| Rejected::Mismatch)
}

/// A key that could not sign. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct SignError {
    /// Which key: a file's name or a fingerprint.
    pub key: String,
    /// What happened and what to do.
    pub problem: String,
}

impl SignError {
    fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

/// Something that signs.
pub trait Signer {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// An armoured signature over `message` for the role. May wait for a person to touch a token.
    fn sign(&self, role: Role, message: &[u8]) -> Result<String, SignError>;
}

/// Signs with an OpenSSH Ed25519 key held in memory; wiped when dropped.
pub struct FileSigner {
    key: PrivateKey,
    public: PublicKey,
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSigner({})", self.public)
    }
}

impl FileSigner {
    /// Reads the content of an OpenSSH private key file; `name` is what messages call it. A key behind a passphrase is
    /// refused: load it in an ssh-agent.
    pub fn parse(content: &[u8], name: &str) -> Result<Self, SignError> {
        let key = PrivateKey::from_openssh(content)
            .map_err(|_| SignError::new(name, "not an OpenSSH private key of a type that can sign here"))?;
        if key.is_encrypted() {
            return Err(SignError::new(
                name,
                "protected by a passphrase; load it with `ssh-add` and sign through the agent",
            ));
        }
        if key.key_data().ed25519().is_none() {
            return Err(SignError::new(
                name,
                "only Ed25519 keys sign from a file; FIDO keys sign through an ssh-agent",
            ));
        }
        let public = PublicKey::of(key.public_key().key_data())
            .and_then(|key| PublicKey::parse(key.as_str()).ok())
            .ok_or_else(|| SignError::new(name, "its public half is damaged"))?;
        Ok(Self { key, public })
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, role: Role, message: &[u8]) -> Result<String, SignError> {
        let fail = |_| SignError::new(self.public.fingerprint(), "cannot sign");
        let sig = self.key.sign(role.namespace(), HashAlg::Sha512, message).map_err(fail)?;
        sig.to_pem(LineEnding::LF).map_err(fail)
    }
}

/// A fresh Ed25519 key pair: the content of the private key file, OpenSSH format without passphrase, and the public
/// half. It signs, and age decrypts with it.
pub fn generate(comment: &str) -> Result<(Zeroizing<String>, PublicKey), SignError> {
    from_seed(&crate::random::bytes().map_err(|e| SignError::new(comment, e.to_string()))?, comment)
}

/// The key pair of a seed.
pub(crate) fn from_seed(
    seed: &Zeroizing<[u8; 32]>,
    comment: &str,
) -> Result<(Zeroizing<String>, PublicKey), SignError> {
    let fail = |_| SignError::new(comment, "cannot make a key");
    let pair = ssh_key::private::Ed25519Keypair::from_seed(seed);
    let key = PrivateKey::new(ssh_key::private::KeypairData::Ed25519(pair), comment).map_err(fail)?;
    let text = key.to_openssh(LineEnding::LF).map_err(fail)?;
    let public = PublicKey::of(key.public_key().key_data())
        .ok_or_else(|| SignError::new(comment, "cannot make a key"))?;
    Ok((text, public))
}

/// Makes an armoured signature of its parts, as an agent returns them.
fn assemble(key: &PublicKey, role: Role, signature: Signature) -> Result<String, SignError> {
    let fail = || SignError::new(key.fingerprint(), "the agent's signature cannot be used");
    let data = key.data().ok_or_else(fail)?;
    let sig = SshSig::new(data, role.namespace(), HashAlg::Sha512, signature).map_err(|_| fail())?;
    sig.to_pem(LineEnding::LF).map_err(|_| fail())
}

#[cfg(test)]
mod tests;
