//! Core files: this program leaves none, since one could hold a secret. What it starts may: a daemon that a command
//! starts inherits the limit.

use rustix::process::{Resource, getrlimit, setrlimit};
use std::sync::OnceLock;

/// The soft limit that this process was started with.
static BEFORE: OnceLock<Option<u64>> = OnceLock::new();

fn set(current: Option<u64>) {
    let mut limit = getrlimit(Resource::Core);
    limit.current = current;
    let _ = setrlimit(Resource::Core, limit);
}

/// From now on this process leaves no core file.
pub fn forbid() {
    let _ = BEFORE.set(getrlimit(Resource::Core).current);
    set(Some(0));
}

/// Calls `body`, which starts a program, with the limit as it was before.
pub fn allowed<T>(body: impl FnOnce() -> T) -> T {
    let Some(before) = BEFORE.get() else { return body() };
    set(*before);
    let done = body();
    set(Some(0));
    done
}
