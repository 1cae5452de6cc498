//! What is installed: a copy of each installed bundle's `bundle.json`, `installed/SERVICE.json` in the state directory.
//! With it a service can be checked, and removed or replaced without leaving anything behind, even when the fetched
//! bundle is gone from the cache.

use crate::atomic;
use crate::error::{Error, Result};
use crate::host::Host;
use cmc_bundles::bundle::BundleJson;
use cmc_types::{Blake3, ServiceName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The bundle.
    digest: Blake3,
    /// blake3 of `bundle` as JSON: the copy is its own witness.
    check: Blake3,
    bundle: BundleJson,
}

fn path(host: &Host<'_>, service: &ServiceName) -> PathBuf {
    host.dir.join("installed").join(format!("{service}.json"))
}

fn check(bundle: &BundleJson) -> Result<Blake3> {
    let bytes = serde_json::to_vec(bundle).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Blake3(*blake3::hash(&bytes).as_bytes()))
}

/// Remembers what a service has installed, durably.
pub fn write(host: &Host<'_>, service: &ServiceName, digest: Blake3, bundle: &BundleJson) -> Result<()> {
    let record = Record { digest, check: check(bundle)?, bundle: bundle.clone() };
    atomic::write_json(&path(host, service), &record)
}

/// Forgets a service that was removed.
pub fn forget(host: &Host<'_>, service: &ServiceName) -> Result<()> {
    atomic::remove(&path(host, service))
}

/// What a service has installed, given its bundle's digest: from its record, or, if that is lost or damaged, from the
/// cache. `None`: nobody on this host knows any more.
pub fn read(host: &Host<'_>, service: &ServiceName, digest: &Blake3) -> Option<BundleJson> {
    let record = atomic::read_json::<Record>(&path(host, service)).ok().flatten();
    let record = record.filter(|record| record.digest == *digest);
    if let Some(record) = record.filter(|record| check(&record.bundle).is_ok_and(|is| is == record.check)) {
        return Some(record.bundle);
    }
    let bundle = host.cache.bundle(digest)?;
    let _ = write(host, service, *digest, &bundle);
    Some(bundle)
}
