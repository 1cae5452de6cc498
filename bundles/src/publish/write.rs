//! The writing half of a publisher: immutable objects, signatures, and the pointer's compare-and-swap.

use super::base::Current;
use super::build::Built;
use super::{Publisher, Request};
use crate::client::StatementRef;
use crate::error::{Error, TrustKind};
use crate::ids::hash;
use crate::limits;
use crate::release::{Pointer, Release, Timestamp};
use crate::root::{root_key, vault_key};
use crate::signed::Signed;
use crate::span::span;
use crate::sshsig::Role;
use crate::store::{Created, StoreError, StoreErrorKind, Swap};

/// How long after the last timestamp a publisher's clock is doubted, in seconds: nobody would take a timestamp from the
/// far future back.
const LATE: u64 = 180 * 86_400;

impl Publisher<'_> {
    pub(super) fn token(&self, etag: Option<&str>) -> Result<String, Error> {
        let problem = "it gives no ETag, so the pointer cannot be moved safely";
        let unfit = || Error::Store(StoreError::new(StoreErrorKind::Unfit, self.store.name(), problem));
        etag.map(str::to_owned).ok_or_else(unfit)
    }

    /// Moves the pointer; `false` if another publisher was faster. After an error the pointer is read once more: the
    /// answer may have been lost on the way, and the pointer may be ours.
    pub(super) fn swap(&self, etag: Option<&str>, bytes: &[u8]) -> Result<bool, Error> {
        match self.store.swap(&self.channel.key(), etag, bytes) {
            Ok(Swap::Done { .. }) => Ok(true),
            Ok(Swap::Lost) => Ok(false),
            Err(error) => match self.store.get(&self.channel.key(), limits::POINTER) {
                Ok(Some(found)) if found == bytes => Ok(true),
                _ => Err(error.into()),
            },
        }
    }

    /// Uploads an immutable object and looks whether it is there.
    pub(super) fn put(&self, key: &str, bytes: &[u8], written: &mut Vec<String>) -> Result<(), Error> {
        match self.store.create(key, bytes)? {
            Created::New => written.push(key.to_owned()),
            Created::Exists => {
                let found = self.store.get(key, limits::MEMBER.max(bytes.len() as u64))?;
                if found.as_deref() != Some(bytes) {
                    let problem = "another object has its name";
                    return Err(Error::trust(TrustKind::Hash, key, problem));
                }
                return Ok(());
            }
        }
        let last = (bytes.len() as u64).saturating_sub(64);
        let tail = self.store.get_range(key, last, 64)?;
        if tail.as_deref() != bytes.get(last as usize..) {
            let problem = "it says that an object is stored, and has none";
            return Err(StoreError::new(StoreErrorKind::Unfit, self.store.name(), problem).at(key).into());
        }
        Ok(())
    }

    /// Uploads roots and vault, if the pointer's root is not this one.
    pub(super) fn put_trust(&self, published: Option<u64>, written: &mut Vec<String>) -> Result<(), Error> {
        let newest = self.roots.newest();
        if published == Some(newest.version()) {
            return Ok(());
        }
        if hash(self.vault_bytes) != newest.root().vault {
            return Err(Error::trust(TrustKind::Hash, "vault", "not the vault that the newest root names"));
        }
        self.put(&vault_key(&newest.root().vault), self.vault_bytes, written)?;
        for (i, signed) in self.roots.signed().iter().enumerate() {
            self.put(&root_key(i as u64 + 1), &signed.to_bytes()?, written)?;
        }
        Ok(())
    }

    /// Uploads what of roots and vault the store has lost, and replaces what is damaged: hosts that begin anew, and those
    /// that are behind, walk along the roots.
    pub(super) fn restore_trust(&self, written: &mut Vec<String>) -> Result<(), Error> {
        let newest = self.roots.newest();
        let mut objects = vec![(vault_key(&newest.root().vault), self.vault_bytes.to_vec())];
        for (i, signed) in self.roots.signed().iter().enumerate() {
            objects.push((root_key(i as u64 + 1), signed.to_bytes()?));
        }
        for (key, bytes) in objects {
            match self.store.get(&key, bytes.len() as u64) {
                Ok(Some(found)) if found == bytes => {}
                // Without the right to list, what is missing is denied; a directory is made by the first write.
                Ok(None) | Err(StoreError { kind: StoreErrorKind::Denied | StoreErrorKind::NoStore, .. }) => {
                    self.put(&key, &bytes, written)?;
                }
                // Another content. All publishers have the same for this name: it does not matter whose write is last.
                Ok(Some(_)) | Err(StoreError { kind: StoreErrorKind::TooLarge, .. }) => {
                    self.store.replace(&key, &bytes)?;
                    written.push(key);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) fn sign_release(
        &self,
        current: Option<&Current>,
        request: &Request<'_>,
        built: Built,
        version: u64,
    ) -> Result<Signed, Error> {
        let root = self.roots.newest();
        let release = Release {
            format: 1,
            fleet_id: root.fleet_id(),
            channel: self.channel.clone(),
            version,
            previous: current.map(|current| current.at().hash),
            index: built.index,
            k: built.k,
            ledger: built.ledger,
            evidence: built.evidence,
            overrides: built.overrides,
            commit: request.commit.clone(),
            min_cmc: request.min_cmc.clone(),
        };
        let mut signed = Signed::unsigned(&release, "release")?;
        signed.sign_to_threshold(
            Role::Release,
            &root.root().role(Role::Release),
            self.signers,
            "the release",
        )?;
        Ok(signed)
    }

    /// Refuses a clock by which the last timestamp was issued in the future, or so long ago that the clock is more
    /// likely to be wrong. `floor` is when it was issued; 0: there is none.
    pub(super) fn check_clock(&self, floor: u64) -> Result<(), Error> {
        let now = (self.clock)();
        let refuse = |problem: String| {
            Err(Error::trust(TrustKind::Clock, crate::release::name(self.channel), problem))
        };
        if floor > now.saturating_add(crate::client::AHEAD) && !self.clock_is_right {
            let ahead = span(floor - now);
            return refuse(format!("its timestamp was issued {ahead} ahead of this machine's clock"));
        }
        if floor > 0 && now > floor.saturating_add(LATE) && !self.clock_is_right {
            let late = span(now - floor);
            return refuse(format!("by this machine's clock, its timestamp was issued {late} ago"));
        }
        Ok(())
    }

    pub(super) fn sign_timestamp(
        &self,
        release: Signed,
        at: StatementRef,
        serial: u64,
        floor: u64,
        lifetime: u64,
    ) -> Result<(Timestamp, Vec<u8>), Error> {
        let root = self.roots.newest();
        let now = (self.clock)();
        self.check_clock(floor)?;
        let issued = if self.clock_is_right { now } else { now.max(floor) };
        let life = lifetime.clamp(1, root.root().max_fresh);
        let timestamp = Timestamp {
            format: 1,
            fleet_id: root.fleet_id(),
            channel: self.channel.clone(),
            serial,
            release: at,
            root: root.at(),
            issued,
            expires: issued.saturating_add(life),
        };
        let mut signed = Signed::unsigned(&timestamp, "timestamp")?;
        let keys = root.root().role(Role::Timestamp);
        signed.sign_to_threshold(Role::Timestamp, &keys, self.signers, "the timestamp")?;
        let bytes = Pointer { release, timestamp: signed }.to_bytes()?;
        if bytes.len() as u64 > limits::POINTER {
            return Err(Error::Failed("the pointer is too large: too many signatures".to_owned()));
        }
        Ok((timestamp, bytes))
    }
}
