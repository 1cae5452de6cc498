//! Entry points of the fuzz targets into parsers that are not public. Behind a feature that nothing else turns on.

use crate::error::Error;
use crate::manifest::Manifest;
use crate::{canon, index, limits, member};

/// Decompresses an unsealed member.
pub fn member(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
    member::decompress(bytes, limit, "member")
}

/// Parses a node of the index.
pub fn index_node(bytes: &[u8]) -> Result<(), Error> {
    index::parse(bytes).map(drop)
}

/// Parses a manifest that was opened.
pub fn manifest(bytes: &[u8]) -> Result<Manifest, Error> {
    if bytes.len() as u64 > limits::DOCUMENT {
        return Err(Error::Failed("larger than a manifest may be".into()));
    }
    let manifest: Manifest = canon::from_slice(bytes, "manifest")?;
    canon::format_one(manifest.format, "manifest")?;
    Ok(manifest)
}
