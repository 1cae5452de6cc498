//! What can go wrong on a host, and the exit code that each kind of failure has (DESIGN §6).

use std::io;

/// Exit codes of `cmc-fetch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exit {
    /// Done, or nothing to do.
    #[default]
    Done,
    /// The operation failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Trust was refused: signature, threshold, version, expiry or hash.
    Trust,
    /// The store is unreachable or unfit, or lacks an object.
    Store,
    /// An activation failed and was rolled back.
    RolledBack,
}

impl Exit {
    /// The number that the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Trust => 5,
            Self::Store => 6,
            Self::RolledBack => 7,
        }
    }

    /// The exit code of two results together: a rollback outweighs refused trust, which outweighs an unreachable
    /// store, which outweighs any other failure.
    pub fn and(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Store => 2,
            Self::Trust => 3,
            Self::RolledBack => 4,
            Self::Usage => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// A failure that ends what was being done. Messages name paths, services and hashes, never content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing on this host failed.
    #[error("{context}: {source}")]
    Io {
        /// What was being done, with the path.
        context: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// A change is refused before anything is touched.
    #[error("{message} [{code}]")]
    Refused {
        /// Stable code of the rule.
        code: &'static str,
        /// The object and the rule.
        message: String,
    },
    /// Trust was refused.
    #[error("{0}")]
    Trust(String),
    /// The store failed.
    #[error("{0}")]
    Store(String),
    /// Anything else that failed.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// A function for `map_err` that says what was being done.
    pub fn io<E: Into<io::Error>>(context: impl Into<String>) -> impl FnOnce(E) -> Self {
        let context = context.into();
        move |error| Self::Io { context, source: error.into() }
    }

    /// A refusal with a stable code.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// The exit code of this failure.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Trust(_) => Exit::Trust,
            Self::Store(_) => Exit::Store,
            Self::Io { .. } | Self::Config(_) | Self::Refused { .. } | Self::Failed(_) => Exit::Failed,
        }
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
