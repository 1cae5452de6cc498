//! Waits for changes in the fleet's directory, by looking: it works on every system and file system, and for a fleet of
//! thousands of files a look takes some milliseconds.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// What no definition reads: what cmc itself writes, and what version control does.
const PASSED_BY: &[&str] = &[".cmc", ".git", "store"];

/// What a directory and some files looked like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look(u64);

/// Looks at the fleet's directory and at files elsewhere.
pub(crate) fn look(fleet: &Path, files: &[PathBuf]) -> Look {
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![fleet.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let first = path.strip_prefix(fleet).unwrap_or(&path);
            if PASSED_BY.iter().any(|name| first == Path::new(name)) {
                continue;
            }
            see(&path, &mut hasher);
            // Links to directories are not followed: they may lead in circles.
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                folders.push(path);
            }
        }
    }
    files.iter().for_each(|file| see(file, &mut hasher));
    Look(hasher.finish())
}

fn see(path: &Path, hasher: &mut DefaultHasher) {
    path.hash(hasher);
    if let Ok(metadata) = path.metadata() {
        metadata.len().hash(hasher);
        metadata.modified().ok().hash(hasher);
    }
}

/// Returns when things no longer look as they did, and have come to rest: editors and version control write many files.
pub(crate) fn wait(fleet: &Path, files: &[PathBuf], before: &Look) {
    let mut last = before.clone();
    loop {
        std::thread::sleep(PAUSE);
        let now = look(fleet, files);
        if now != *before && now == last {
            return;
        }
        last = now;
    }
}
