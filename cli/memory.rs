//! Bounds the memory that one template may take while it is rendered, from a thread that watches; see
//! [`cmc_compiler::Activity`]. Needs `/proc`: elsewhere nothing is bounded.

use crate::exit::FINDINGS;
use crate::findings::Findings;
use crate::terminal::Terminal;
use cmc_compiler::Activity;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Bytes by which the process may grow during one rendering, whose output is bounded to a fraction of that.
const LIMIT: u64 = 512 << 20;
/// How often is looked. Memory is filled at some GB a second.
const PAUSE: Duration = Duration::from_millis(10);

/// Does `work`, which tells `activity` what it renders. If that takes too much memory, the finding is shown and the
/// process ends: what renders cannot be stopped. Nothing is being written meanwhile.
pub(crate) fn bounded<T>(activity: &Activity, terminal: &Terminal, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(activity, terminal, &done));
        let _ends = Ends { done: &done, watcher: watcher.thread() };
        work()
    })
}

/// Ends the watcher, even when the work panics.
struct Ends<'a> {
    done: &'a AtomicBool,
    watcher: &'a std::thread::Thread,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.watcher.unpark();
    }
}

fn watch(activity: &Activity, terminal: &Terminal, done: &AtomicBool) {
    let mut rendering = None;
    let mut before = 0;
    while !done.load(Ordering::Acquire) {
        std::thread::park_timeout(PAUSE);
        let Some(now) = resident() else { return };
        let going_on = activity.rendering();
        if going_on.is_none() || going_on != rendering {
            (rendering, before) = (going_on, now);
        } else if now.saturating_sub(before) > LIMIT {
            let (sources, diagnostic) = activity.too_large(LIMIT);
            let findings = Findings { sources, diagnostics: vec![diagnostic], ..Findings::default() };
            crate::progress::clear();
            let _ = findings.show(terminal, serde_json::json!({}));
            #[allow(clippy::exit)]
            std::process::exit(i32::from(FINDINGS));
        }
    }
}

/// Bytes of this process that are in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
