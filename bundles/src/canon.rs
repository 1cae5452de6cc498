//! JSON as it is stored: compact, fields in the order of `docs/format.md`, unknown fields refused.

use crate::error::{Error, TrustKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A parse error's kind and place, without the content that serde would quote.
pub(crate) fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "cannot be read",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "not of the expected form",
        serde_json::error::Category::Eof => "cut short",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// Writes a value's stored form.
pub(crate) fn to_vec<T: Serialize>(value: &T, object: &str) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| Error::Failed(format!("{object}: {}", place(&e))))
}

/// Reads a value that has been verified, or whose hash has.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8], object: &str) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::trust(TrustKind::Format, object, place(&e)))
}

/// Refuses a format number this version does not know.
pub(crate) fn format_one(format: u32, object: &str) -> Result<(), Error> {
    if format == 1 {
        return Ok(());
    }
    Err(Error::trust(TrustKind::Format, object, format!("format {format} is not known; a newer cmc made it")))
}
