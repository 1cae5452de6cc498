//! `cmc store probe`: finds out by trying whether a store keeps what publishing relies on.
//!
//! Some servers answer 200 to a conditional write and overwrite regardless; two publishers would then lose each
//! other's releases without a word. Such a store is *unfit*. The probe writes a few small objects below
//! `probe/NONCE/` and removes them again, if it may. A directory that was not there is made, and stays.

use super::{Created, Fetch, Store, StoreError, StoreErrorKind, Swap};
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What the probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The store's name.
    pub store: String,
    /// Every check, in order.
    pub checks: Vec<ProbeCheck>,
    /// Objects that could not be removed, because the credentials may not delete; harmless.
    pub left: Vec<String>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeCheck {
    /// A stable name: `create-once`.
    pub name: &'static str,
    /// What a store must do.
    pub promise: &'static str,
    /// What goes wrong where it does not.
    pub why: &'static str,
    /// What it did.
    pub outcome: Outcome,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The store keeps the promise.
    Passed,
    /// It does not; what was seen.
    Failed(String),
    /// It could not be tried; why. Neither passed nor failed.
    NotTried(String),
}

impl Probe {
    /// Whether every check passed.
    pub fn is_fit(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == Outcome::Passed)
    }

    /// The error for a store that did not pass, naming the first reason.
    pub fn refusal(&self) -> Option<StoreError> {
        let failed = self.checks.iter().find(|check| matches!(check.outcome, Outcome::Failed(_)));
        let untried = self.checks.iter().find(|check| matches!(check.outcome, Outcome::NotTried(_)));
        let check = failed.or(untried)?;
        let (kind, problem) = match &check.outcome {
            Outcome::Failed(seen) => {
                (StoreErrorKind::Unfit, format!("{} fails: {seen}; {}", check.name, check.why))
            }
            Outcome::NotTried(why) => {
                (StoreErrorKind::Unreachable, format!("{} could not be tried: {why}", check.name))
            }
            Outcome::Passed => return None,
        };
        Some(StoreError::new(kind, &self.store, problem))
    }
}

/// Parallel creators of one object.
const CREATORS: usize = 8;
/// Increments, over all writers.
const INCREMENTS: usize = 100;
/// Parallel writers that increment.
const WRITERS: usize = 4;
/// How long the increments may take.
const PATIENCE: Duration = Duration::from_secs(120);

type Tried = Result<Result<(), String>, StoreError>;

/// An object's bytes and ETag.
type Version = (Vec<u8>, Option<String>);

struct Trial<'s> {
    store: &'s dyn Store,
    base: String,
}

/// A check's name, promise, reason and trial.
type Entry = (&'static str, &'static str, &'static str, fn(&Trial<'_>) -> Tried);

const CHECKS: [Entry; 7] = [
    (
        "read-back",
        "what was written is read back, whole and in part, and what was not is missing",
        "hosts could not fetch",
        |trial| trial.read_back(),
    ),
    (
        "create-once",
        "creating an object that exists fails and changes nothing (If-None-Match: *)",
        "one publisher could replace another's release",
        |trial| trial.create_once(),
    ),
    (
        "stale-swap",
        "replacing a version that is no longer the current one fails and changes nothing (If-Match)",
        "a publisher that lost the race would undo the winner's release",
        |trial| trial.stale_swap(),
    ),
    (
        "one-winner",
        "of 8 parallel creates exactly one succeeds",
        "two publishers that start together would both believe that they published",
        |trial| trial.one_winner(),
    ),
    (
        "increments",
        "100 increments by 4 parallel writers add up to 100",
        "a release could vanish without an error",
        |trial| trial.increments(),
    ),
    (
        "not-modified",
        "a read of the version one has says so and sends nothing (If-None-Match)",
        "every host would download the pointer in every round",
        |trial| trial.not_modified(),
    ),
    ("list", "a listing shows every object with its size", "old packs could not be collected", |trial| {
        trial.list()
    }),
];

/// Tries everything. An error means that the store could not be reached at all or refuses us.
pub fn probe(store: &dyn Store) -> Result<Probe, StoreError> {
    let trial = Trial { store, base: format!("probe/{:016x}", nonce()) };
    store.get(&trial.key("missing"), 1).or_else(|error| match error.kind {
        // Without the right to list, a missing object is a 403.
        StoreErrorKind::Denied => Ok(None),
        // The first write creates a directory.
        StoreErrorKind::NoStore if store.name().starts_with("dir:") => Ok(None),
        _ => Err(error),
    })?;
    let mut checks = Vec::new();
    for (name, promise, why, run) in CHECKS {
        let outcome = match run(&trial) {
            Ok(Ok(())) => Outcome::Passed,
            Ok(Err(seen)) => Outcome::Failed(seen),
            Err(error) if error.kind == StoreErrorKind::Unfit => Outcome::Failed(error.problem),
            Err(error) if error.kind == StoreErrorKind::Unreachable => Outcome::NotTried(error.problem),
            Err(error) => {
                trial.clean();
                return Err(error);
            }
        };
        checks.push(ProbeCheck { name, promise, why, outcome });
    }
    let left = trial.clean();
    Ok(Probe { store: store.name().to_owned(), checks, left })
}

/// The object that [`check_conditions`] leaves in a store.
const CONDITIONS: &str = "probe/conditions";
/// A version that no object ever had.
const NEVER: &str = "\"00000000000000000000000000000000\"";

/// Tries in two small requests whether a server refuses conditional writes whose condition does not hold. Each
/// publish does so before it moves a pointer, because a server that ignores conditions lets two publishers lose each
/// other's release without an error. That conditions also hold among parallel writers only [`probe`] finds out.
pub fn check_conditions(store: &dyn Store) -> Result<(), StoreError> {
    if store.keeps_conditions() {
        return Ok(());
    }
    // Bytes of our own, so that an answer that got lost is told from somebody else's object.
    let bytes = |number: u8| format!("{number} {:016x}", nonce()).into_bytes();
    if store.create(CONDITIONS, &bytes(1))? == Created::New
        && store.create(CONDITIONS, &bytes(2))? == Created::New
    {
        return Err(unfit(store, "it overwrites an object that must be new (If-None-Match: *)"));
    }
    match store.swap(CONDITIONS, Some(NEVER), &bytes(3))? {
        Swap::Lost => Ok(()),
        Swap::Done { .. } => {
            Err(unfit(store, "it overwrites a version that is not the expected one (If-Match)"))
        }
    }
}

fn unfit(store: &dyn Store, problem: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unfit, store.name(), problem)
        .at(CONDITIONS)
        .with_help("publishers would lose each other's releases; `cmc store probe` says all that it lacks")
}

fn nonce() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

const OBJECTS: [&str; 6] = ["read", "once", "swap", "winner", "counter", "etag"];
/// More than any object of the probe holds.
const LIMIT: u64 = 4096;

impl Trial<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }

    fn clean(&self) -> Vec<String> {
        OBJECTS.iter().map(|name| self.key(name)).filter(|key| self.store.delete(key).is_err()).collect()
    }

    fn read(&self, key: &str) -> Result<Option<Version>, StoreError> {
        Ok(match self.store.get_if_changed(key, None, LIMIT)? {
            Fetch::Found { bytes, etag } => Some((bytes, etag)),
            Fetch::NotModified | Fetch::Missing => None,
        })
    }

    fn read_back(&self) -> Tried {
        let key = self.key("read");
        let bytes: Vec<u8> = (0..=255).collect();
        if self.store.create(&key, &bytes)? != Created::New {
            return Ok(Err("a new key was said to exist".to_owned()));
        }
        if self.store.get(&key, LIMIT)?.as_deref() != Some(&bytes) {
            return Ok(Err("the object reads back differently".to_owned()));
        }
        if self.store.get_range(&key, 100, 50)?.as_deref() != bytes.get(100..150) {
            return Ok(Err("a range of the object reads back differently".to_owned()));
        }
        match self.store.get(&self.key("missing"), LIMIT) {
            Ok(None) | Err(StoreError { kind: StoreErrorKind::Denied, .. }) => Ok(Ok(())),
            Ok(Some(_)) => Ok(Err("an object that was never written was found".to_owned())),
            Err(error) => Err(error),
        }
    }

    fn create_once(&self) -> Tried {
        let key = self.key("once");
        self.store.create(&key, b"first")?;
        let second = self.store.create(&key, b"second")?;
        let now = self.store.get(&key, LIMIT)?;
        Ok(match (second, now.as_deref()) {
            (Created::Exists, Some(b"first")) => Ok(()),
            (Created::New, _) => Err("a second create of the same key succeeded".to_owned()),
            _ => Err("a second create failed, and yet changed the object".to_owned()),
        })
    }

    fn stale_swap(&self) -> Tried {
        let key = self.key("swap");
        self.store.create(&key, b"one")?;
        let Some((_, Some(old))) = self.read(&key)? else {
            return Ok(Err("the answer has no ETag".to_owned()));
        };
        if !matches!(self.store.swap(&key, Some(&old), b"two")?, Swap::Done { .. }) {
            return Ok(Err("replacing the current version was refused".to_owned()));
        }
        let stale = self.store.swap(&key, Some(&old), b"three")?;
        let now = self.store.get(&key, LIMIT)?;
        Ok(match (stale, now.as_deref()) {
            (Swap::Lost, Some(b"two")) => Ok(()),
            (Swap::Done { .. }, _) => Err("replacing a version that is gone succeeded".to_owned()),
            _ => Err("replacing a version that is gone failed, and yet changed the object".to_owned()),
        })
    }

    fn one_winner(&self) -> Tried {
        let key = self.key("winner");
        let answers: Vec<Result<Created, StoreError>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CREATORS)
                .map(|i| {
                    let key = &key;
                    scope.spawn(move || self.store.create(key, format!("writer {i}").as_bytes()))
                })
                .collect();
            threads.into_iter().map(joined).collect()
        });
        let mut winners = Vec::new();
        for (i, answer) in answers.into_iter().enumerate() {
            if answer? == Created::New {
                winners.push(i);
            }
        }
        let [winner] = winners[..] else { return Ok(Err(format!("{} creates succeeded", winners.len()))) };
        Ok(match self.store.get(&key, LIMIT)? {
            Some(bytes) if bytes == format!("writer {winner}").as_bytes() => Ok(()),
            _ => Err("the object is not the winner's".to_owned()),
        })
    }

    fn increments(&self) -> Tried {
        let key = self.key("counter");
        self.store.create(&key, b"0 start")?;
        let done = AtomicUsize::new(0);
        let start = Instant::now();
        let answers: Vec<Tried> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (key, done) = (&key, &done);
                    scope.spawn(move || {
                        for i in 0..INCREMENTS / WRITERS {
                            if let Err(seen) = self.increment(key, &format!("{writer}.{i}"), start)? {
                                return Ok(Err(seen));
                            }
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Ok(()))
                    })
                })
                .collect();
            threads.into_iter().map(joined).collect()
        });
        for answer in answers {
            if let Err(seen) = answer? {
                return Ok(Err(seen));
            }
        }
        let sum = self.read(&key)?.and_then(|(bytes, _)| number(&bytes));
        let done = done.load(Ordering::Relaxed);
        Ok(match sum {
            Some(sum) if sum == done && done == INCREMENTS => Ok(()),
            Some(sum) => Err(format!("{done} increments were confirmed, the counter says {sum}")),
            None => Err("the counter cannot be read".to_owned()),
        })
    }

    /// Adds one, however often the race is lost. The writer's mark makes every version's bytes unique.
    fn increment(&self, key: &str, mark: &str, start: Instant) -> Tried {
        while start.elapsed() < PATIENCE {
            let Some((bytes, Some(etag))) = self.read(key)? else {
                return Ok(Err("the counter is gone, or has no ETag".to_owned()));
            };
            let Some(now) = number(&bytes) else { return Ok(Err("the counter cannot be read".to_owned())) };
            let next = format!("{} {mark}", now + 1);
            if matches!(self.store.swap(key, Some(&etag), next.as_bytes())?, Swap::Done { .. }) {
                return Ok(Ok(()));
            }
        }
        let problem = format!("the increments were not done after {} s", PATIENCE.as_secs());
        Err(StoreError::new(StoreErrorKind::Unreachable, self.store.name(), problem))
    }

    fn not_modified(&self) -> Tried {
        let key = self.key("etag");
        self.store.create(&key, b"one")?;
        let Some((_, Some(etag))) = self.read(&key)? else {
            return Ok(Err("the answer has no ETag".to_owned()));
        };
        Ok(match self.store.get_if_changed(&key, Some(&etag), LIMIT)? {
            Fetch::NotModified => match self.store.get_if_changed(&key, Some("\"another\""), LIMIT)? {
                Fetch::Found { bytes, .. } if bytes == b"one" => Ok(()),
                _ => Err("a read with another version's ETag does not give the object".to_owned()),
            },
            Fetch::Found { .. } => Err("the object was sent again".to_owned()),
            Fetch::Missing => Err("the object is gone".to_owned()),
        })
    }

    fn list(&self) -> Tried {
        let listed = self.store.list(&format!("{}/", self.base))?;
        let read = self.key("read");
        Ok(if listed.iter().any(|object| object.key == read && object.size == 256) {
            Ok(())
        } else {
            Err("an object that was written is not listed".to_owned())
        })
    }
}

/// What a thread returned; if it panicked, so does this one.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn number(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes).ok()?.split(' ').next()?.parse().ok()
}
