//! Secrets: where their values come from, and typed dummies for builds without keys.

use cmc_types::definition::{Secret, SecretType};
use cmc_types::{Diagnostic, SecretName, Sources, codes};
use zeroize::Zeroizing;

/// Puts stars where findings tell of secrets in clear, so that nothing that shows the places shows them.
pub(crate) fn hide(diagnostics: &[Diagnostic], sources: &mut Sources) {
    let told = diagnostics.iter().filter(|finding| finding.code == codes::SECRET_IN_CLEAR);
    for label in told.flat_map(|finding| finding.primary.iter().chain(&finding.others)) {
        sources.redact(label.place);
    }
}

/// The value of a secret. Wiped when dropped, printed never.
pub struct SecretValue(Zeroizing<Vec<u8>>);

impl SecretValue {
    /// Takes over the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// Why a secret has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// `secrets/NAME.age` does not exist.
    #[error("secrets/NAME.age does not exist")]
    Missing,
    /// It could not be opened; the text says why and holds no secret.
    #[error("{0}")]
    Unreadable(String),
}

/// Where the values of secrets come from. Asked once for each secret that is used.
pub trait Secrets: Send + Sync {
    /// The value of a declared secret.
    fn get(&self, name: &SecretName, definition: &Secret) -> Result<SecretValue, SecretError>;

    /// Why a secret whose stand-in is given will have no value when it is published, if that is known already.
    fn lacks(&self, _: &SecretName) -> Option<String> {
        None
    }

    /// Whether the values are stand-ins, whose content says nothing about the real ones.
    fn are_dummies(&self) -> bool {
        false
    }
}

/// Typed stand-ins: each has the shape of its type, is the same in every build, and opens nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dummies;

impl Secrets for Dummies {
    fn get(&self, name: &SecretName, definition: &Secret) -> Result<SecretValue, SecretError> {
        let plain = name.as_str().replace(['.', '_'], "-");
        let text = match definition.kind.unwrap_or(SecretType::Text) {
            SecretType::Text | SecretType::Password | SecretType::Binary => format!("dummy-{plain}"),
            SecretType::Url => format!("https://dummy:dummy@{plain}.invalid/dummy"),
            SecretType::TlsKey => TLS_KEY.to_owned(),
            SecretType::TlsCertificate => TLS_CERTIFICATE.to_owned(),
            SecretType::SshKey => SSH_KEY.to_owned(),
        };
        Ok(SecretValue::new(text))
    }

    fn are_dummies(&self) -> bool {
        true
    }
}

/// The private key of [`TLS_CERTIFICATE`]: public, good for nothing but configuration tests.
const TLS_KEY: &str = include_str!("dummies/tls-key.pem");
/// A certificate for `dummy.invalid`, valid until 2126.
const TLS_CERTIFICATE: &str = include_str!("dummies/tls-certificate.pem");
/// An SSH key: public, good for nothing but configuration tests.
const SSH_KEY: &str = include_str!("dummies/ssh-key");
