//! Why an expression or a template failed, as typed data that travels inside the template engine's errors; and the
//! failures that several parts of expressions share.

use crate::encode::Format;
use cmc_types::Place;
use cmc_types::codes::{self, Code};
use minijinja::value::ValueKind;
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

/// A secret used as an ordinary text.
pub(super) fn secret_misused() -> Failure {
    Failure::new(codes::SECRET_MISUSED, "a secret is taken apart, compared or tested").help(Some(
        "a secret can only be written out, with a quoting filter or `urlencode` if need be: instead of \
         `secret(\"x\") ~ \"y\"` write `{{ secret(\"x\") }}y`"
            .to_owned(),
    ))
}

/// A secret that is compared.
pub(super) fn secret_compared() -> Failure {
    Failure::new(codes::SECRET_MISUSED, "a secret is compared").help(Some(
        "what depends on a secret would tell of it: decide by a plain variable, such as `vars.has_password`"
            .to_owned(),
    ))
}

/// A secret where none may be.
pub(crate) fn secret_misplaced() -> Failure {
    Failure::new(codes::SECRET_MISPLACED, "a secret may not stand here").help(Some(
        "secrets may only be in the environment (`env`) and in files; argv, units and labels can be read by everybody on the host"
            .to_owned(),
    ))
}

/// A list or table where a text is wanted.
pub(super) fn not_a_text(kind: ValueKind, format: Format) -> Failure {
    let what = match kind {
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a table",
        ValueKind::Bytes => "bytes",
        _ => "an object",
    };
    let help = match format {
        Format::Yaml | Format::Json | Format::Toml => format!("write it with `|{format}`"),
        _ if what == "a list" => "write its items in a loop, or with `|join(\", \")`".to_owned(),
        _ => "write one of its values".to_owned(),
    };
    Failure::new(codes::EXPRESSION, format!("the expression gives {what}, not a text")).help(Some(help))
}
