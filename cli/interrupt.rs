//! SIGINT, SIGTERM, SIGHUP and SIGQUIT: what must not be left is removed, then the process dies of the signal as if it
//! had never been caught, so that a shell sees 130, 143, 129 or 131.
//!
//! Whoever makes something that a dead process would leave (a temporary file, a directory, a child) keeps a [`Leftover`]
//! as long as it is there. One thread waits for signals; nothing runs in a signal handler. What lies in a store needs no
//! such care: whole objects appear there or none, and the pointer moves last.

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a child may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// What has to go when the process is interrupted.
static LEFTOVERS: Mutex<BTreeMap<u64, Kind>> = Mutex::new(BTreeMap::new());
/// Held while several files are written that are of use only together.
static WHOLE: Mutex<()> = Mutex::new(());
/// A signal was caught; the process is about to die.
static PENDING: AtomicBool = AtomicBool::new(false);
/// An editor has the terminal: Ctrl-C and Ctrl-\ are keys of its own.
static EDITING: AtomicBool = AtomicBool::new(false);

enum Kind {
    File(PathBuf),
    Directory(PathBuf),
    /// What is in a directory.
    Contents(PathBuf),
    /// A process and all that it started.
    Child(u32),
    /// A terminal that does not show what is typed.
    Silenced,
}

/// Something that must not outlive the process; forgotten when dropped, by which time its owner has removed it.
#[derive(Debug)]
pub(crate) struct Leftover(u64);

impl Leftover {
    fn new(leftovers: &mut BTreeMap<u64, Kind>, kind: Kind) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        leftovers.insert(id, kind);
        Self(id)
    }

    /// A file that `make` makes.
    pub(crate) fn file<T>(
        path: PathBuf,
        make: impl FnOnce() -> std::io::Result<T>,
    ) -> std::io::Result<(T, Self)> {
        Self::made(Kind::File(path), make)
    }

    /// A directory that `make` makes, with all that will be in it.
    pub(crate) fn directory(
        path: PathBuf,
        make: impl FnOnce() -> std::io::Result<()>,
    ) -> std::io::Result<Self> {
        Self::made(Kind::Directory(path), make).map(|((), left)| left)
    }

    /// All that will be in a directory that is there, and empty.
    pub(crate) fn contents(path: PathBuf) -> std::io::Result<Self> {
        Self::made(Kind::Contents(path), || Ok(())).map(|((), left)| left)
    }

    /// A child. When interrupted, it and its own children are asked to end, and waited for.
    pub(crate) fn child(command: &mut Command) -> std::io::Result<(Child, Self)> {
        let mut leftovers = lock(&LEFTOVERS);
        let child = command.spawn()?;
        let left = Self::new(&mut leftovers, Kind::Child(child.id()));
        Ok((child, left))
    }

    /// A terminal that `make` keeps from showing what is typed.
    pub(crate) fn silenced(make: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<Self> {
        Self::made(Kind::Silenced, make).map(|((), left)| left)
    }

    /// Under the lock: once a signal is being handled, nothing new is made.
    fn made<T>(kind: Kind, make: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<(T, Self)> {
        let mut leftovers = lock(&LEFTOVERS);
        let made = make()?;
        let left = Self::new(&mut leftovers, kind);
        Ok((made, left))
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        lock(&LEFTOVERS).remove(&self.0);
    }
}

/// Makes something in a directory that is a leftover: once that is being removed, nothing new appears in it.
pub(crate) fn within<T>(make: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    let _leftovers = lock(&LEFTOVERS);
    make()
}

/// Puts signals off until dropped. For short work on local files only.
pub(crate) fn whole() -> MutexGuard<'static, ()> {
    lock(&WHOLE)
}

/// Leaves Ctrl-C and Ctrl-\ to the editor that has the terminal, until dropped.
pub(crate) struct Editing;

impl Editing {
    pub(crate) fn new() -> Self {
        EDITING.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for Editing {
    fn drop(&mut self) {
        EDITING.store(false, Ordering::SeqCst);
    }
}

/// Begins to catch signals; and no core is written, which could hold secrets.
pub(crate) fn watch() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let ignored = ignored();
    let caught = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
    let caught = caught.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let Ok(mut signals) = Signals::new(caught) else { return };
    let watch = move || {
        for signal in signals.forever() {
            if matches!(signal, SIGINT | SIGQUIT) && EDITING.load(Ordering::SeqCst) {
                continue;
            }
            PENDING.store(true, Ordering::SeqCst);
            let _whole = lock(&WHOLE);
            let leftovers = lock(&LEFTOVERS);
            leftovers.values().rev().for_each(remove);
            crate::progress::clear();
            let _ = writeln!(std::io::stderr(), "interrupted");
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    };
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(watch);
}

/// Does not return once a signal was caught: what fails from then on fails because of it.
pub(crate) fn settle() {
    while PENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

fn remove(kind: &Kind) {
    match kind {
        Kind::File(path) => drop(std::fs::remove_file(path)),
        Kind::Directory(path) => drop(std::fs::remove_dir_all(path)),
        Kind::Contents(path) => empty(path),
        Kind::Child(id) => end(*id),
        Kind::Silenced => drop(Command::new("stty").arg("echo").status()),
    }
}

/// Removes what is in a directory, as far as that can be done.
pub(crate) fn empty(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(entry.path()),
            _ => std::fs::remove_file(entry.path()),
        };
    }
}

/// Asks a process and its descendants to end, and waits until it has; its parent's thread reaps it.
fn end(id: u32) {
    let Ok(id) = i32::try_from(id) else { return };
    let mut family = vec![Pid::from_raw(id)];
    let mut next = 0;
    while let Some(parent) = family.get(next) {
        family.extend(children(*parent));
        next += 1;
    }
    let signal_all = |signal| {
        family.iter().for_each(|process| {
            let _ = kill(*process, signal);
        })
    };
    signal_all(Signal::SIGTERM);
    let start = Instant::now();
    while kill(Pid::from_raw(id), None).is_ok() && start.elapsed() < GRACE {
        std::thread::sleep(Duration::from_millis(10));
    }
    if start.elapsed() >= GRACE {
        signal_all(Signal::SIGKILL);
    }
}

/// The processes that a process started, where /proc tells.
fn children(parent: Pid) -> Vec<Pid> {
    let text = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|id| id.parse().ok()).map(Pid::from_raw).collect()
}

/// The signals that whoever started this process wants ignored, as nohup(1) does: a bit each. Linux only.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok()).unwrap_or(0)
}

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
