//! What programs said before: the same program that is shown the same files says the same again, and is not run.

use super::Settings;
use super::jobs::Job;
use crate::sandbox::{Outcome, Request, Response, What};
use cmc_types::Blake3;
use serde::{Deserialize, Serialize};

/// Keeps what programs said, by a digest of all that they were shown. What it keeps is believed: it must be no easier to
/// change than the receipts of a build.
pub trait Memory: Sync {
    /// What was kept under this key.
    fn recall(&self, key: &Blake3) -> Option<Vec<u8>>;
    /// Keeps this.
    fn keep(&self, key: &Blake3, said: &[u8]);
}

/// What came of a run, and when it was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) response: Response,
    /// Unix seconds.
    pub(super) at: u64,
}

/// Whether a job may be remembered: no secret's real value is in what it is shown.
pub(super) fn may_know(job: &Job<'_>, settings: &Settings<'_>) -> bool {
    settings.dummies || !job.seen.iter().any(|file| file.tainted)
}

/// The digest of all that a run depends on: the program (`program`), this machine, and what it is asked and shown. `None`
/// if the program is not known.
pub(super) fn key(request: &Request, program: Option<Blake3>, machine: &Blake3) -> Option<Blake3> {
    let name = request.argv.first()?;
    if program.is_none() && !request.entries.iter().any(|entry| entry.path == *name) {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(machine.as_bytes());
    hasher.update(program.as_ref().map_or(&[], |digest| digest.as_bytes().as_slice()));
    // Sizes stand in it, so contents can follow each other.
    hasher.update(&serde_json::to_vec(request).ok()?);
    for entry in &request.entries {
        if let What::File { content, .. } = &entry.what {
            hasher.update(content);
        }
    }
    Some(Blake3(*hasher.finalize().as_bytes()))
}

/// What is kept under a key, if it can be read.
pub(super) fn recall(settings: &Settings<'_>, key: &Blake3) -> Option<Made> {
    serde_json::from_slice(&settings.memory?.recall(key)?).ok()
}

/// Keeps what a program said when it ended by itself; what kept it from that may be gone the next time.
pub(super) fn keep(settings: &Settings<'_>, key: &Blake3, made: &Made) {
    if let (Some(memory), Outcome::Exited(_)) = (settings.memory, &made.response.outcome)
        && let Ok(said) = serde_json::to_vec(made)
    {
        memory.keep(key, &said);
    }
}

/// Files and folders that change when programs, their libraries or modules on this machine do.
const SOFTWARE: &[&str] = &[
    "/etc/os-release",
    "/var/lib/dpkg/status",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/pacman/local",
    "/lib/apk/db/installed",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/local/lib",
];

/// A digest of what programs find on this machine besides what they are shown: its software, its kernel, the files of it
/// that they are let see, and whether root asks.
pub(super) fn machine<'a>(requests: impl Iterator<Item = &'a Request>) -> Blake3 {
    let mut paths: Vec<&str> = SOFTWARE.to_vec();
    paths.extend(requests.flat_map(|request| &request.machine).map(String::as_str));
    paths.sort_unstable();
    paths.dedup();
    let mut hasher = blake3::Hasher::new();
    for path in paths {
        hasher.update(path.as_bytes());
        if let Ok(metadata) = std::fs::metadata(path) {
            let time =
                metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            hasher.update(format!("\0{}\0{:?}\0", metadata.len(), time).as_bytes());
        }
    }
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let maps = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = maps.lines().find(|line| line.starts_with("Uid:")).unwrap_or_default();
    hasher.update(format!("{kernel}\0{uid}").as_bytes());
    Blake3(*hasher.finalize().as_bytes())
}
