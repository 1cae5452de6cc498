//! Where everything sealed is kept: a flat map from keys to bytes, in a directory, behind HTTPS, or in S3.
//!
//! Nothing that a store answers is trusted: callers verify signatures and hashes of all they read. What a store must
//! do is refuse a conditional write whose condition does not hold; `probe` checks that.
//!
//! A store is never told what the bytes mean, and this module never reads the user's environment or home directory:
//! settings arrive as values.

use std::fmt;
use std::time::SystemTime;

mod credentials;
mod dir;
mod http;
mod location;
mod probe;
#[cfg(feature = "s3")]
mod s3;
mod s3_reader;
mod wire;

pub use cmc_types::store_url::{MAX_KEY, is_key};
pub use dir::DirStore;
pub use http::HttpReader;
pub use location::{Location, open, open_reader, table};
pub use probe::{Outcome, Probe, ProbeCheck, check_conditions, probe};
#[cfg(feature = "s3")]
pub use s3::S3Store;
pub use s3_reader::{S3Reader, S3Settings};
pub use wire::HttpLimits;

/// Environment variables as the caller passes them on; libraries read none themselves.
pub type Env = std::collections::BTreeMap<String, String>;

/// Reads objects. Shared between threads; every call is independent and blocks until it is done or past its deadline.
pub trait Reader: Send + Sync {
    /// What people call this store in messages: its URL, without credentials.
    fn name(&self) -> &str;

    /// The object's bytes; `None` if there is none. An object of more than `limit` bytes is
    /// [`StoreErrorKind::TooLarge`], and no more than `limit` + 1 bytes of it are read.
    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The `len` bytes that start at `offset`; `None` if there is no object. The answer is shorter only when the
    /// object ends earlier (empty when it ends before `offset`); never longer.
    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The object, unless it is the version that `etag` names. With no `etag` it is fetched without a condition.
    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError>;

    /// Replaces an object, whatever is there: how a host leaves its own report, and a publisher restores an object whose
    /// name allows but one content. A store that can only be read refuses.
    fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let _ = bytes;
        Err(StoreError::new(StoreErrorKind::Refused, self.name(), "this store can only be read").at(key))
    }
}

/// Also writes. The conditions of [`Store::create`] and [`Store::swap`] hold among all publishers, on all machines.
pub trait Store: Reader {
    /// Stores a new object. An object that is there already is left as it is, whatever its bytes are: a caller that
    /// gets [`Created::Exists`] and relies on the content reads it.
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError>;

    /// Replaces the version that `expected` names, or creates the object when `expected` is `None`. The answer is
    /// certain: after an ambiguous reply of the store the object is read back, and it counts as done if it has these
    /// bytes. Hence writers that must be told apart write different bytes.
    fn swap(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Swap, StoreError>;

    /// All objects whose key starts with `prefix` (empty: all), by key.
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError>;

    /// Removes an object; that there is none is no error.
    fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Whether this code keeps the conditions itself, as under a directory's lock. Otherwise they are a server's
    /// promise, which [`check_conditions`] tries before a pointer is moved.
    fn keeps_conditions(&self) -> bool {
        false
    }
}

/// The answer to a conditional read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// The version is the one the caller has.
    NotModified,
    /// Another version.
    Found {
        /// The object.
        bytes: Vec<u8>,
        /// The token of this version: a hint for the next read and the condition of the next write, never a hash.
        /// `None` if the store gave none.
        etag: Option<String>,
    },
    /// There is no such object.
    Missing,
}

/// The answer to [`Store::create`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// These bytes are stored.
    New,
    /// An object was there before.
    Exists,
}

/// The answer to [`Store::swap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// These bytes are stored.
    Done {
        /// The token of the new version; `None` if the store gave none.
        etag: Option<String>,
    },
    /// The object is not the expected version; nothing was written.
    Lost,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When the store says it was written.
    pub modified: Option<SystemTime>,
}

/// What kind of thing went wrong; the exit code follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// No usable answer: no connection, a timeout, a truncated body, a server error, a disk error. Worth retrying.
    Unreachable,
    /// The store answered that we may not: wrong or missing credentials, permissions, a read-only or full store.
    Refused,
    /// S3 answers 403 for an object that does not exist unless the reader may list the bucket, so this may mean that
    /// there is none.
    Denied,
    /// The bucket or directory itself does not exist.
    NoStore,
    /// The store does not do what a store must, so publishing to it could lose data.
    Unfit,
    /// The object is larger than the caller allows.
    TooLarge,
    /// The URL, a setting or a key cannot be used.
    Invalid,
}

/// A store could not do what it was asked. Holds no credentials and no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// What kind.
    pub kind: StoreErrorKind,
    /// [`Reader::name`] of the store.
    pub store: String,
    /// The object it was about.
    pub key: Option<String>,
    /// What happened.
    pub problem: String,
    /// What the user can do.
    pub help: Option<String>,
}

impl StoreError {
    /// An error about the store itself.
    pub fn new(kind: StoreErrorKind, store: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { kind, store: store.into(), key: None, problem: problem.into(), help: None }
    }

    /// The same, about one object.
    #[must_use]
    pub fn at(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "store {}: {key}: {}", self.store, self.problem)?,
            None => write!(f, "store {}: {}", self.store, self.problem)?,
        }
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StoreError {}

/// Refuses what is no key.
fn check_key(store: &str, key: &str) -> Result<(), StoreError> {
    if is_key(key) {
        return Ok(());
    }
    Err(StoreError::new(StoreErrorKind::Invalid, store, format!("{key:?} cannot be the key of an object")))
}

fn too_large(store: &str, key: &str, limit: u64) -> StoreError {
    StoreError::new(StoreErrorKind::TooLarge, store, format!("larger than the {limit} bytes allowed here"))
        .at(key)
}
