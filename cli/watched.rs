//! A store that tells what is written to it.

use crate::progress::Teller;
use cmc_bundles::store::{Created, Fetch, Listed, Reader, Store, StoreError, Swap};
use std::sync::atomic::{AtomicU64, Ordering};

/// A store, and whom to tell.
pub(crate) struct Watched {
    inner: Box<dyn Store>,
    teller: Teller,
    objects: AtomicU64,
    bytes: AtomicU64,
}

impl Watched {
    /// Watches a store.
    pub(crate) fn new(inner: Box<dyn Store>, teller: Teller) -> Self {
        Self { inner, teller, objects: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    fn wrote(&self, bytes: &[u8]) {
        let objects = self.objects.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
        self.teller.tell(|| format!("{objects} objects, {} KiB", bytes / 1024));
    }
}

impl Reader for Watched {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key, limit)
    }

    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get_range(key, offset, len)
    }

    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        self.inner.get_if_changed(key, etag, limit)
    }

    fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.inner.replace(key, bytes)?;
        self.wrote(bytes);
        Ok(())
    }
}

impl Store for Watched {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        let created = self.inner.create(key, bytes)?;
        self.wrote(bytes);
        Ok(created)
    }

    fn swap(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Swap, StoreError> {
        let swapped = self.inner.swap(key, expected, bytes)?;
        self.wrote(bytes);
        Ok(swapped)
    }

    fn keeps_conditions(&self) -> bool {
        self.inner.keeps_conditions()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.inner.list(prefix)
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key)
    }
}
