//! What can go wrong with stored things, sorted by what the caller has to do about it.

use crate::store::{StoreError, StoreErrorKind};
use cmc_types::exit;
use std::fmt;

/// Which rule of trust a stored thing broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrustKind {
    /// A signature is not that of a key of the role over exactly these bytes.
    Signature,
    /// Fewer valid signatures than the root asks for.
    Threshold,
    /// A version or serial fell, or the same number came with other bytes.
    Rollback,
    /// The statement's time is over.
    Expired,
    /// The statement was issued in the future, or outlives what the root allows.
    Clock,
    /// Bytes do not have the hash that a signed statement names.
    Hash,
    /// Verified or unverified bytes do not have the form of `docs/format.md`.
    Format,
    /// It belongs to another fleet, channel or host.
    Binding,
    /// It is not encrypted to the key at hand, or the encryption is damaged.
    Decrypt,
    /// It is larger than its kind may be.
    Limit,
}

/// A stored thing is not what the fleet's keys vouch for. Nothing of it may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustError {
    /// Which rule.
    pub kind: TrustKind,
    /// What it is about: `pointer of channel main`, `root 2`, `manifest of web1`.
    pub object: String,
    /// What is wrong; never content.
    pub problem: String,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.problem)
    }
}

impl std::error::Error for TrustError {}

/// Why something stored could not be read, written or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It must not be trusted (exit 5).
    #[error("{0}")]
    Trust(TrustError),
    /// The store does not answer or does not do as it should (exit 6), or cannot be one (exit 1).
    #[error("{0}")]
    Store(StoreError),
    /// The store lacks an object that a verified statement names (exit 6).
    #[error("{object} is missing from store {store} (key {key})")]
    Missing {
        /// What it is, such as `bundle of nginx`.
        object: String,
        /// The store's name.
        store: String,
        /// The key it should be at.
        key: String,
    },
    /// Anything else (exit 1).
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// A [`TrustError`].
    pub fn trust(kind: TrustKind, object: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Trust(TrustError { kind, object: object.into(), problem: problem.into() })
    }

    /// The process's exit code for this error (DESIGN §6).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Trust(_) => exit::TRUST,
            // What is written cannot be the place of a store or of an object.
            Self::Store(error) if error.kind == StoreErrorKind::Invalid => exit::FAILED,
            Self::Store(_) | Self::Missing { .. } => exit::STORE,
            Self::Failed(_) => exit::FAILED,
        }
    }

    /// Which rule of trust was broken, if that is what happened.
    pub fn trust_kind(&self) -> Option<TrustKind> {
        match self {
            Self::Trust(error) => Some(error.kind),
            _ => None,
        }
    }
}

impl From<StoreError> for Error {
    /// An object over its limit is hostile; everything else is the store's trouble.
    fn from(error: StoreError) -> Self {
        match (error.kind, &error.key) {
            (StoreErrorKind::TooLarge, Some(key)) => {
                Self::trust(TrustKind::Limit, key.clone(), error.problem)
            }
            _ => Self::Store(error),
        }
    }
}
