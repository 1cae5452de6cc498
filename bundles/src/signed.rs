//! Signed statements: a body and signatures over exactly its bytes.
//!
//! Stored as `{"body": "…", "signatures": ["-----BEGIN SSH SIGNATURE-----…"]}`, the body as a JSON string, so that
//! `jq -j .body` gives the signed bytes. A statement's hash is the blake3 of its body.

use crate::canon;
use crate::error::{Error, TrustKind};
use crate::ids::hash;
use crate::limits;
use crate::root::RoleKeys;
use crate::sshsig::{PublicKey, Role, SignError, Signer, claimed_key, verify};
use cmc_types::Blake3;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A statement and its signatures. Nothing of it may be believed before [`Signed::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The signed bytes, which are JSON.
    pub body: String,
    /// Armoured SSHSIG signatures.
    pub signatures: Vec<String>,
}

impl Signed {
    /// A statement without signatures.
    pub(crate) fn unsigned<T: Serialize>(statement: &T, object: &str) -> Result<Self, Error> {
        let body = String::from_utf8(canon::to_vec(statement, object)?)
            .map_err(|_| Error::Failed(format!("{object}: not UTF-8")))?;
        Ok(Self { body, signatures: Vec::new() })
    }

    /// Reads a stored statement; nothing is verified.
    pub fn parse(bytes: &[u8], object: &str) -> Result<Self, Error> {
        let signed: Self = canon::from_slice(bytes, object)?;
        if signed.signatures.len() > limits::SIGNATURES {
            return Err(Error::trust(TrustKind::Limit, object, "too many signatures"));
        }
        Ok(signed)
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        canon::to_vec(self, "statement")
    }

    /// blake3 of the body.
    pub fn hash(&self) -> Blake3 {
        hash(self.body.as_bytes())
    }

    /// Adds a signature; a second one of the same key changes nothing.
    pub fn sign(&mut self, role: Role, signer: &dyn Signer) -> Result<(), SignError> {
        let signed = |pem: &String| verify(signer.public_key(), role, self.body.as_bytes(), pem).is_ok();
        if !self.signatures.iter().any(signed) {
            self.signatures.push(signer.sign(role, self.body.as_bytes())?);
        }
        Ok(())
    }

    /// Signs with those of the signers whose keys are in the role, until its threshold is reached.
    pub(crate) fn sign_to_threshold(
        &mut self,
        role: Role,
        keys: &RoleKeys<'_>,
        signers: &[&dyn Signer],
        object: &str,
    ) -> Result<(), Error> {
        for signer in signers.iter().filter(|signer| keys.keys.contains(signer.public_key())) {
            if self.signers(role, keys).len() >= keys.threshold {
                return Ok(());
            }
            self.sign(role, *signer).map_err(|e| Error::Failed(format!("cannot sign {object}: {e}")))?;
        }
        let have = self.signers(role, keys).len();
        if have >= keys.threshold {
            return Ok(());
        }
        Err(Error::Failed(format!(
            "{object} needs {} signature(s) of the fleet's {role} keys; the keys at hand make {have}",
            keys.threshold
        )))
    }

    /// The keys of the role that signed this body.
    fn signers(&self, role: Role, keys: &RoleKeys<'_>) -> BTreeSet<PublicKey> {
        let valid = |pem: &String| {
            let key = claimed_key(pem).filter(|key| keys.keys.contains(key))?;
            verify(&key, role, self.body.as_bytes(), pem).is_ok().then_some(key)
        };
        self.signatures.iter().take(limits::SIGNATURES).filter_map(valid).collect()
    }

    /// Verifies that enough distinct keys of the role signed this body. Signatures of other keys are ignored.
    pub fn verify(&self, role: Role, keys: &RoleKeys<'_>, object: &str) -> Result<(), Error> {
        let have = self.signers(role, keys).len();
        if keys.threshold >= 1 && have >= keys.threshold {
            return Ok(());
        }
        if have > 0 || keys.threshold > 1 {
            let problem = format!("signed by {have} of the {} {role} keys it needs", keys.threshold);
            return Err(Error::trust(TrustKind::Threshold, object, problem));
        }
        let problem = match self.signatures.first().map(|pem| (claimed_key(pem), pem)) {
            None => "not signed".to_owned(),
            Some((None, _)) => "its signature is damaged".to_owned(),
            Some((Some(key), _)) if !keys.keys.contains(&key) => {
                format!("signed by {}, which is no {role} key of this fleet", key.fingerprint())
            }
            Some((Some(key), pem)) => match verify(&key, role, self.body.as_bytes(), pem) {
                Err(why) => format!("its signature is {why}"),
                Ok(()) => "its signature does not count".to_owned(),
            },
        };
        Err(Error::trust(TrustKind::Signature, object, problem))
    }
}
