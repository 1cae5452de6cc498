//! Why an expression or a template failed, as typed data that travels inside the template engine's errors.

use cmc_types::Place;
use cmc_types::codes::Code;
use minijinja::{Error, ErrorKind};

/// Why an expression failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    /// What it reads has no value, which is reported there.
    #[error("reported where it is defined")]
    Reported,
    /// A finding of its own.
    #[error("{message}")]
    Finding {
        /// The code.
        code: Code,
        /// One sentence, without a secret.
        message: String,
        /// What to do.
        help: Option<String>,
        /// Other places involved.
        others: Vec<(Place, String)>,
    },
}

impl Failure {
    /// A finding.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::Finding { code, message: message.into(), help: None, others: Vec::new() }
    }

    /// Sets what to do.
    #[must_use]
    pub(crate) fn help(mut self, text: impl Into<Option<String>>) -> Self {
        if let Self::Finding { help, .. } = &mut self {
            *help = text.into();
        }
        self
    }

    /// Adds another place.
    #[must_use]
    pub(crate) fn with(mut self, place: Place, text: impl Into<String>) -> Self {
        if let Self::Finding { others, .. } = &mut self {
            others.push((place, text.into()));
        }
        self
    }

    /// The failure inside an error of the engine.
    pub(crate) fn of(error: &Error) -> Option<&Self> {
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(failure) = cause.downcast_ref::<Self>() {
                return Some(failure);
            }
            source = cause.source();
        }
        None
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::new(ErrorKind::InvalidOperation, failure.to_string()).with_source(failure)
    }
}
