//! Bundles that were fetched and verified: `bundles/DIGEST/` in the state directory holds `bundle.json`, `bundle.tar`
//! and, for files over 1 MiB, `files/B3`. A directory is complete when it has its final name. The current and the
//! previous bundle of each service stay, for drift repair and rollback.

use crate::atomic;
use crate::error::{Error, Result};
use cmc_bundles::bundle::{Archive, BundleJson};
use cmc_types::check::{FileEntry, FileKind};
use cmc_types::{Blake3, ServiceName};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The bundles of a host.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

/// A bundle that is being fetched. Dropped unfinished, its files are removed; after a crash the next run does that.
#[derive(Debug)]
pub struct Draft {
    dir: PathBuf,
    to: PathBuf,
    digest: Blake3,
    /// `bundle.json`, checked.
    pub json: BundleJson,
}

impl Cache {
    /// The cache in a state directory. The caller holds the host's lock: unfinished bundles are removed.
    pub fn open(state: &Path) -> Result<Self> {
        let dir = state.join("bundles");
        atomic::make_dir(&dir)?;
        let context = || format!("cannot read {}", dir.display());
        for entry in fs::read_dir(&dir).map_err(Error::io(context()))? {
            let entry = entry.map_err(Error::io(context()))?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(Self { dir })
    }

    fn path(&self, digest: &Blake3) -> PathBuf {
        self.dir.join(digest.to_string())
    }

    /// Whether a bundle is there, whole.
    pub fn has(&self, digest: &Blake3) -> bool {
        self.path(digest).join("bundle.json").is_file()
    }

    /// `bundle.json` of a bundle; `None` if it is not there.
    pub fn bundle(&self, digest: &Blake3) -> Result<Option<BundleJson>> {
        atomic::read_json(&self.path(digest).join("bundle.json"))
    }

    /// Opens the content of a file or block of a bundle. The caller hashes what it reads.
    pub fn content(&self, digest: &Blake3, entry: &FileEntry) -> Result<Box<dyn Read>> {
        let Some(b3) = entry.b3 else { return Ok(Box::new(std::io::empty())) };
        if !entry.chunks.is_empty() {
            let path = self.path(digest).join("files").join(b3.to_string());
            let file = File::open(&path).map_err(Error::io(format!("cannot open {}", path.display())))?;
            return Ok(Box::new(file));
        }
        let path = self.path(digest).join("bundle.tar");
        let tar = File::open(&path).map_err(Error::io(format!("cannot open {}", path.display())))?;
        let damaged = |error: cmc_bundles::Error| Error::Failed(format!("{}: {error}", path.display()));
        let mut archive = Archive::open(tar).map_err(damaged)?;
        let content = archive.content(&b3).map_err(damaged)?;
        let content = content.ok_or_else(|| Error::Failed(format!("{} lacks {b3}", path.display())))?;
        Ok(Box::new(Cursor::new(content)))
    }

    /// Begins a bundle with its verified tar, which is checked to be a bundle of `service`.
    pub fn begin(&self, digest: &Blake3, service: &ServiceName, tar: &[u8]) -> Result<Draft> {
        let hostile = |problem: String| Error::Trust(format!("bundle of {service}: {problem}"));
        let archive = Archive::open(Cursor::new(tar)).map_err(|error| match error {
            cmc_bundles::Error::Trust(error) => hostile(error.problem),
            error => Error::Failed(error.to_string()),
        })?;
        let json = archive.json().clone();
        check(&json, service).map_err(hostile)?;
        let dir = self.dir.join(format!(".{digest}.new"));
        let _ = fs::remove_dir_all(&dir);
        let draft = Draft { dir, to: self.path(digest), digest: *digest, json };
        atomic::make_dir(&draft.dir)?;
        atomic::make_dir(&draft.dir.join("files"))?;
        atomic::write(&draft.dir.join("bundle.tar"), tar)?;
        Ok(draft)
    }

    /// A large file that an earlier bundle has already.
    fn find(&self, b3: &Blake3) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.dir).ok()?;
        entries
            .flatten()
            .map(|entry| entry.path().join("files").join(b3.to_string()))
            .find(|path| path.is_file())
    }

    /// Removes all bundles but these, and unfinished ones.
    pub fn prune(&self, keep: &BTreeSet<Blake3>) -> Result<()> {
        let keep: BTreeSet<String> = keep.iter().map(Blake3::to_string).collect();
        let context = || format!("cannot read {}", self.dir.display());
        for entry in fs::read_dir(&self.dir).map_err(Error::io(context()))? {
            let entry = entry.map_err(Error::io(context()))?;
            if !keep.contains(entry.file_name().to_string_lossy().as_ref()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }
}

impl Draft {
    /// The files whose content comes in chunks and is not here yet.
    pub fn wanted(&self, cache: &Cache) -> Vec<FileEntry> {
        let mut seen = BTreeSet::new();
        let files = self.json.files.iter().filter(|file| !file.chunks.is_empty());
        files
            .filter(|file| file.b3.is_some_and(|b3| seen.insert(b3) && !self.reuse(cache, &b3)))
            .cloned()
            .collect()
    }

    fn reuse(&self, cache: &Cache, b3: &Blake3) -> bool {
        let Some(found) = cache.find(b3) else { return false };
        let here = self.dir.join("files").join(b3.to_string());
        fs::hard_link(found, here).is_ok()
    }

    /// Writes a large file: `fill` writes all its chunks in order. Size and blake3 are checked.
    pub fn large(&self, entry: &FileEntry, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let (Some(b3), Some(size)) = (entry.b3, entry.size) else { return Ok(()) };
        let path = self.dir.join("files").join(b3.to_string());
        let context = || format!("cannot write {}", path.display());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io(context()))?;
        let mut checked = Checked { file, hasher: blake3::Hasher::new(), size: 0 };
        fill(&mut checked)?;
        if checked.size != size || checked.hasher.finalize().as_bytes() != b3.as_bytes() {
            return Err(Error::Trust(format!("{}: its chunks do not make up the file {b3}", entry.path)));
        }
        checked.file.sync_all().map_err(Error::io(context()))
    }

    /// Makes the bundle one of the cache.
    pub fn finish(self) -> Result<()> {
        atomic::sync_dir(&self.dir.join("files"))?;
        atomic::write_json(&self.dir.join("bundle.json"), &self.json)?;
        if self.to.exists() {
            let _ = fs::remove_dir_all(&self.to);
        }
        let context = format!("cannot keep the bundle {}", self.digest);
        fs::rename(&self.dir, &self.to).map_err(Error::io(context))?;
        atomic::sync_dir(self.to.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `finish` it has another name.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

struct Checked {
    file: File,
    hasher: blake3::Hasher,
    size: u64,
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Paths that no bundle may claim: the fetcher's own.
const OWN: [&str; 3] = ["/var/lib/cmc", "/etc/cmc/fetch.toml", "/etc/cmc/identity"];

/// Checks what a host asks of a bundle beyond its form: the right service, no path within another that is not a
/// directory, none of the fetcher's own.
fn check(json: &BundleJson, service: &ServiceName) -> std::result::Result<(), String> {
    if json.service != *service {
        return Err(format!("it is one of {}", json.service));
    }
    let within = |path: &str, other: &str| {
        path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut holders: BTreeSet<&str> = BTreeSet::new();
    let mut whole: BTreeSet<&str> = BTreeSet::new();
    let mut blocks: BTreeSet<&str> = BTreeSet::new();
    for file in &json.files {
        let path = file.path.as_str();
        if OWN.iter().any(|own| within(path, own) || within(own, path)) {
            return Err(format!("{path} belongs to the fetcher"));
        }
        if file.path.as_str().split('/').any(|part| part.starts_with(".cmc-")) {
            return Err(format!("{path} has the form of a temporary"));
        }
        match file.kind {
            FileKind::Block => blocks.insert(path),
            _ => whole.insert(path),
        };
        let mut above = file.path.parent();
        while above.len() > 1 {
            holders.insert(above);
            above = above.rfind('/').map_or("", |i| &above[..i]);
        }
    }
    if let Some(path) = whole.iter().find(|path| holders.contains(*path) || blocks.contains(*path)) {
        return Err(format!("{path} is claimed twice, or as a file and as a directory"));
    }
    Ok(())
}
