//! Publishing: what changed is sealed and uploaded, then a release is signed, then the pointer is moved by
//! compare-and-swap. Nothing that hosts read changes before that last step, so an upload that is interrupted anywhere
//! leaves the old release whole, and the next publish completes.
//!
//! It is incremental from any machine with nothing cached: what is sealed already is found in the release's ledger and
//! in the previous manifests. A publish that changes nothing writes nothing in the first third of the timestamp's
//! life, and later only the pointer; one that changes one host writes a pack, the release and the pointer.

mod base;
mod build;
mod change;
mod diff;
mod record;
mod recover;
mod verify;
mod write;

pub use base::{Current, Roots, never_published, read_current, released};
pub use change::{Changes, HostChange, HostStatus};
pub use diff::{FileChange, FileDiff, HostDiff, ServiceDiff, diff_host};
pub use verify::{Verified, verify_store};

use crate::client::StatementRef;
use crate::error::Error;
use crate::ids::Channel;
use crate::locator::pack_key;
use crate::overrides::{Hold, HostHold};
use crate::pack::PackWriter;
use crate::records::Entry;
use crate::release::release_key;
use crate::root::Counters;
use crate::seal::{Contents, Prepared};
use crate::sshsig::Signer;
use crate::store::{Store, StoreError, StoreErrorKind, check_conditions};
use crate::vault::Vault;
use base::{CurrentPointer, read_blank, read_pointer};
use build::Build;
use cmc_types::{Blake3, HostName};
use recover::Recovered;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The life of a timestamp unless asked otherwise, in seconds: 30 days.
pub const LIFETIME: u64 = 30 * 24 * 3600;
/// How often a publish is tried again after another publisher was faster.
pub const RETRIES: u32 = 10;

/// The longest a publish may take, in seconds: what it uploaded first must not look abandoned to a garbage collector.
const PATIENCE: u64 = 24 * 3600;

/// A fleet's publisher on one channel.
pub struct Publisher<'a> {
    /// Where to.
    pub store: &'a dyn Store,
    /// The fleet's roots.
    pub roots: &'a Roots,
    /// The fleet's vault, opened; [`Publisher::refresh`] does without.
    pub vault: Option<&'a Vault>,
    /// The vault as stored, uploaded with a root that the store lacks.
    pub vault_bytes: &'a [u8],
    /// The channel.
    pub channel: &'a Channel,
    /// Keys for releases and timestamps.
    pub signers: &'a [&'a dyn Signer],
    /// The wall clock in Unix seconds.
    pub clock: &'a dyn Fn() -> u64,
    /// Whether the clock is right although the last timestamp is from its future, or from long ago: another
    /// publisher's was wrong. Otherwise both are refused.
    pub clock_is_right: bool,
    /// The highest numbers that this machine saw on the channel (zero: none): a store that shows older ones is refused.
    pub seen: Counters,
}

/// Whether the first commit is an ancestor of the second; `None` if that is not known.
pub type Ancestry<'a> = dyn Fn(&str, &str) -> Option<bool> + 'a;

/// What is asked of a publish.
pub struct Request<'a> {
    /// The commit that the plan was built from.
    pub commit: Option<String>,
    /// The life of the timestamp in seconds; the root's `max-fresh` bounds it.
    pub lifetime: u64,
    /// The oldest cmc that can read the release.
    pub min_cmc: Option<String>,
    /// Changes the holds; they are carried forward otherwise.
    pub edit_holds: Option<&'a dyn Fn(Vec<Hold>) -> Vec<Hold>>,
    /// Whether a hold's selector names a host.
    pub selects: &'a dyn Fn(&[String], &HostName) -> bool,
    /// Whether the first commit is an ancestor of the second, if that is known. A plan that would change something and
    /// does not contain the commit that is published, as far as is known, is refused; without it, none is.
    pub is_ancestor: Option<&'a Ancestry<'a>>,
    /// Seals everything anew and reads nothing of the store but the pointer and the holds: for a store that lost
    /// objects. Holds that cannot be read are an error unless `edit_holds` is given.
    pub rebuild: bool,
    /// Goes on although the pointer is gone, damaged or older than what was seen: from the newest release that is left,
    /// above all numbers that are known. The number is that of a release that hosts are known to be at; 0: none. One far
    /// above what store and publisher know is refused.
    pub recover: Option<u64>,
    /// Sees what would change before anything is sealed; an error stops the publish.
    pub guard: &'a dyn Fn(&Changes) -> Result<(), Error>,
}

impl Default for Request<'_> {
    /// A publish without commit, holds or guard.
    fn default() -> Self {
        Self {
            commit: None,
            lifetime: LIFETIME,
            min_cmc: None,
            edit_holds: None,
            selects: &|_, _| false,
            is_ancestor: None,
            rebuild: false,
            recover: None,
            guard: &|_| Ok(()),
        }
    }
}

/// What a publish did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing was written.
    Unchanged,
    /// Only the pointer, with a new timestamp over the same release.
    Renewed,
    /// A release.
    Released,
}

/// The result of a publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    /// What was done.
    pub outcome: Outcome,
    /// The release that is current now.
    pub release: StatementRef,
    /// The timestamp's serial.
    pub serial: u64,
    /// When the timestamp expires, in Unix seconds.
    pub expires: u64,
    /// What changed.
    pub changes: Changes,
    /// Keys of the objects written, in order.
    pub written: Vec<String>,
    /// Bundles and chunks sealed.
    pub sealed: usize,
    /// Bundles and chunks found sealed already, before this publish, for the hosts that changed.
    pub reused: usize,
    /// How often it was tried.
    pub attempts: u32,
}

impl Published {
    /// The numbers to remember for [`Publisher::seen`].
    pub fn seen(&self) -> Counters {
        Counters { version: self.release.version, serial: self.serial }
    }
}

/// What a publish keeps over its attempts.
struct Session {
    /// Bundles and chunks that it has sealed and uploaded.
    cache: BTreeMap<Blake3, Entry>,
    /// Keys of objects written.
    written: Vec<String>,
    /// When it began, in Unix seconds.
    started: u64,
}

/// How one attempt ended.
enum Attempt {
    Done(Box<Published>),
    Lost,
}

/// Tells publishers that are faster from a store that refuses to move the pointer although nobody else has.
#[derive(Default)]
struct Rivals {
    serial: u64,
    same: u32,
}

impl Rivals {
    /// Before an attempt: the pointer has this serial.
    fn saw(&mut self, serial: u64, store: &str) -> Result<(), Error> {
        self.same = if serial == self.serial { self.same + 1 } else { 0 };
        self.serial = serial;
        if self.same < 3 {
            return Ok(());
        }
        let problem = "it refuses to move the pointer although nobody else has moved it: the ETags that it gives are not those that it compares";
        Err(StoreError::new(StoreErrorKind::Unfit, store, problem).with_help("try `cmc store probe`").into())
    }
}

impl Publisher<'_> {
    /// Publishes a plan. `contents` reads the files of the fleet that are cut in chunks.
    pub fn publish(
        &self,
        prepared: &Prepared,
        contents: &dyn Contents,
        request: &Request<'_>,
    ) -> Result<Published, Error> {
        let mut session = Session { cache: BTreeMap::new(), written: Vec::new(), started: (self.clock)() };
        let mut rivals = Rivals::default();
        self.contend(|attempt| {
            let keys = self.vault()?.identities()?;
            let Recovered { current, base } = match request.recover {
                Some(at) => self.recover(keys, at, request.rebuild)?,
                None => {
                    let read = if request.rebuild { read_blank } else { read_current };
                    match read(self.store, self.roots, keys, self.channel, self.seen)? {
                        Some(current) => Recovered { base: current.base, current: Some(current) },
                        None => self.begin(request.rebuild)?,
                    }
                }
            };
            if let Some(current) = &current {
                rivals.saw(current.timestamp().serial, self.store.name())?;
            }
            self.attempt(prepared, contents, request, (current.as_ref(), base), &mut session, attempt)
        })
    }

    /// Renews the timestamp over the current release. Needs no vault and no release key.
    pub fn refresh(&self, lifetime: u64) -> Result<Published, Error> {
        let mut rivals = Rivals::default();
        self.contend(|attempt| {
            let Some(current) = read_pointer(self.store, self.roots, self.channel, self.seen)? else {
                self.check_never_published()?;
                return Err(never_published(self.channel));
            };
            rivals.saw(current.pointer.timestamp.serial, self.store.name())?;
            let mut written = Vec::new();
            let changes = Changes::default();
            self.renew(&current, lifetime, changes, &mut written, attempt)
        })
    }

    fn vault(&self) -> Result<&Vault, Error> {
        self.vault
            .ok_or_else(|| Error::Failed("publishing needs a key that opens the fleet's vault".to_owned()))
    }

    /// Tries until an attempt is not lost to another publisher.
    fn contend(&self, mut attempt: impl FnMut(u32) -> Result<Attempt, Error>) -> Result<Published, Error> {
        for number in 1..=RETRIES + 1 {
            match attempt(number)? {
                Attempt::Done(published) => return Ok(*published),
                Attempt::Lost if number <= RETRIES => std::thread::sleep(jitter(number)?),
                Attempt::Lost => {}
            }
        }
        Err(Error::Failed(format!(
            "other publishers were faster {} times in a row; try again when they are done",
            RETRIES + 1
        )))
    }

    fn attempt(
        &self,
        prepared: &Prepared,
        contents: &dyn Contents,
        request: &Request<'_>,
        (current, base): (Option<&Current>, Counters),
        session: &mut Session,
        attempt: u32,
    ) -> Result<Attempt, Error> {
        let Session { cache, written, started } = session;
        let now = (self.clock)();
        self.check_clock(current.map_or(0, |current| current.timestamp().issued))?;
        let root = self.roots.newest();
        root.check_expiry(now)?;
        // 1. Holds from now on.
        let before = match current {
            Some(current) => match current.holds(self.store) {
                Err(_) if request.rebuild && request.edit_holds.is_some() => Vec::new(),
                holds => holds?,
            },
            None => Vec::new(),
        };
        let mut holds = before.clone();
        if let Some(edit) = request.edit_holds {
            holds = edit(holds);
        }
        holds.retain(|hold| hold.holds_at(now));
        // 2. Which hosts differ.
        let of = |host: &HostName| -> Vec<HostHold> {
            holds.iter().filter(|hold| (request.selects)(&hold.selector, host)).map(Hold::for_host).collect()
        };
        let wanted = change::wanted(prepared, self.vault()?, root.fleet_id(), self.channel, of)?;
        let (mut changes, old) = change::compare(self.store, current, &wanted)?;
        changes.holds = holds != before;
        // 3. Nothing does: at most a new timestamp.
        if let Some(current) = current
            && !current.blank
            && changes.hosts.is_empty()
            && !changes.holds
            && !current.lost
            && current.release().version <= current.base.version
        {
            let pointer = CurrentPointer {
                pointer: current.pointer.clone(),
                etag: current.etag.clone(),
                base: current.base,
            };
            let stamp = current.timestamp();
            let third = stamp.expires.saturating_sub(stamp.issued) / 3;
            let is_fresh = now < stamp.issued.saturating_add(third)
                && stamp.issued <= now.saturating_add(crate::client::AHEAD);
            if is_fresh && stamp.root.version == root.version() {
                return Ok(Attempt::Done(Box::new(Published {
                    outcome: Outcome::Unchanged,
                    release: current.at(),
                    serial: stamp.serial,
                    expires: stamp.expires,
                    changes,
                    written: std::mem::take(written),
                    sealed: 0,
                    reused: 0,
                    attempts: attempt,
                })));
            }
            return self.renew(&pointer, request.lifetime, changes, written, attempt);
        }
        if let Some(current) = current {
            check_ancestry(current, request)?;
        }
        match current.and_then(|current| change::compare_shown(self.store, current, &wanted)) {
            Some(shown) => (request.guard)(&shown)?,
            None => (request.guard)(&changes)?,
        }
        check_conditions(self.store)?;
        // 4. Seal and upload.
        if request.rebuild {
            self.restore_trust(written)?;
        }
        self.put_trust(current.map(|current| current.timestamp().root.version), written)?;
        let version = after(base.version)?;
        let changed: BTreeSet<_> = changes.hosts.iter().map(|host| host.id).collect();
        let build = Build {
            publisher: self,
            request,
            prepared,
            contents,
            current,
            wanted: &wanted,
            changed: &changed,
            old: &old,
            holds: &holds,
            holds_changed: changes.holds,
            version,
            now,
        };
        let built = {
            let mut sink = |name: Blake3, pack: Vec<u8>| self.put(&pack_key(&name), &pack, written);
            build.run(&mut PackWriter::new(&mut sink), cache)?
        };
        // 5. Sign the release, then the timestamp; move the pointer.
        let (sealed, reused) = (built.sealed, built.reused);
        let release = self.sign_release(current, request, built, version)?;
        self.put(&release_key(&release.hash()), &release.to_bytes()?, written)?;
        let etag = match current {
            Some(current) if current.lost => current.etag.clone(),
            Some(current) => Some(self.token(current.etag.as_deref())?),
            None => None,
        };
        let serial = after(base.serial)?;
        let floor = current.map_or(0, |current| current.timestamp().issued);
        let at = StatementRef { version, hash: release.hash() };
        let (stamp, bytes) = self.sign_timestamp(release, at, serial, floor, request.lifetime)?;
        if (self.clock)().saturating_sub(*started) > PATIENCE {
            return Err(Error::Failed("the publish took more than a day; run it again".to_owned()));
        }
        if !self.swap(etag.as_deref(), &bytes)? {
            return Ok(Attempt::Lost);
        }
        written.push(self.channel.key());
        Ok(Attempt::Done(Box::new(Published {
            outcome: Outcome::Released,
            release: at,
            serial,
            expires: stamp.expires,
            changes,
            written: std::mem::take(written),
            sealed,
            reused,
            attempts: attempt,
        })))
    }

    fn renew(
        &self,
        current: &CurrentPointer,
        lifetime: u64,
        changes: Changes,
        written: &mut Vec<String>,
        attempt: u32,
    ) -> Result<Attempt, Error> {
        let stamp = &current.pointer.timestamp;
        if current.pointer.release.version > current.base.version {
            return Err(Error::Failed(format!(
                "the root resets channel {} below the current release; publish instead of refreshing",
                self.channel
            )));
        }
        self.roots.newest().check_expiry((self.clock)())?;
        check_conditions(self.store)?;
        self.put_trust(Some(stamp.root.version), written)?;
        let etag = self.token(current.etag.as_deref())?;
        let serial = after(current.base.serial)?;
        let release = current.pointer.signed_release.clone();
        let (new, bytes) = self.sign_timestamp(release, stamp.release, serial, stamp.issued, lifetime)?;
        if !self.swap(Some(&etag), &bytes)? {
            return Ok(Attempt::Lost);
        }
        written.push(self.channel.key());
        Ok(Attempt::Done(Box::new(Published {
            outcome: Outcome::Renewed,
            release: stamp.release,
            serial,
            expires: new.expires,
            changes,
            written: std::mem::take(written),
            sealed: 0,
            reused: 0,
            attempts: attempt,
        })))
    }
}

/// Refuses a plan that would undo what another one published: its commit lacks the published one's. A release or plan
/// without commit says nothing.
fn check_ancestry(current: &Current, request: &Request<'_>) -> Result<(), Error> {
    let release = current.release();
    let (Some(theirs), Some(ours), Some(is_ancestor)) =
        (&release.commit, &request.commit, request.is_ancestor)
    else {
        return Ok(());
    };
    let lacks = match is_ancestor(theirs, ours) {
        Some(true) => return Ok(()),
        Some(false) => format!("{ours} does not contain"),
        None => "this repository does not know".to_owned(),
    };
    Err(Error::Failed(format!(
        "release {} was published from commit {theirs}, which {lacks}: publishing would undo it; pull it, build and publish again, or publish with --allow-older",
        release.version
    )))
}

/// The number after this one.
fn after(number: u64) -> Result<u64, Error> {
    let next = number.checked_add(1);
    next.ok_or_else(|| Error::Failed("the numbers of this channel's releases are used up".to_owned()))
}

/// A random wait before the next attempt: up to 50 ms, doubling to 3.2 s.
fn jitter(attempt: u32) -> Result<Duration, Error> {
    let random = crate::random::bytes::<8>()?;
    let most = 50u64 << attempt.min(6);
    Ok(Duration::from_millis(u64::from_le_bytes(*random) % most))
}
