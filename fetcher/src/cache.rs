//! Bundles that were fetched and verified: `bundles/DIGEST/` in the state directory holds `bundle.tar` and, for files
//! over 1 MiB, `files/B3`. A directory is complete when it has its final name. The current bundle of each service
//! and the two before it stay, for drift repair and rollback.
//!
//! What is read here is verified again, since disks decay: a bundle whose tar does not hash to its name is thrown away
//! as if it had never been fetched, so that it is fetched again.

use crate::atomic;
use crate::error::{Error, Result};
use crate::root;
use cmc_bundles::bundle::{Archive, BundleJson};
use cmc_types::check::{FileEntry, FileKind};
use cmc_types::{Blake3, ServiceName};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How many tars are held open, so that a bundle of many files is verified once and not for each of them.
const OPEN: usize = 64;

/// The bundles of a host.
#[derive(Debug)]
pub struct Cache {
    dir: PathBuf,
    open: RefCell<BTreeMap<Blake3, Archive<File>>>,
    /// Bundles that were found damaged, and those of them that were not fetched again since.
    damaged: RefCell<BTreeSet<Blake3>>,
    lost: RefCell<BTreeSet<Blake3>>,
}

/// A bundle that is being fetched. Dropped unfinished, its files are removed; after a crash the next run does that.
#[derive(Debug)]
pub struct Draft<'c> {
    cache: &'c Cache,
    dir: PathBuf,
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
        Ok(Self { dir, open: RefCell::default(), damaged: RefCell::default(), lost: RefCell::default() })
    }

    fn path(&self, digest: &Blake3) -> PathBuf {
        self.dir.join(digest.to_string())
    }

    /// Whether a bundle was fetched, and not found damaged since.
    pub fn has(&self, digest: &Blake3) -> bool {
        !self.lost.borrow().contains(digest) && self.path(digest).join("bundle.tar").is_file()
    }

    /// Bundles that this run found damaged.
    pub fn damaged(&self) -> BTreeSet<Blake3> {
        self.damaged.borrow().clone()
    }

    /// Calls `body` with a bundle's tar, verified; `None` if it is not there.
    fn archive<T>(&self, digest: &Blake3, body: impl FnOnce(&mut Archive<File>) -> T) -> Option<T> {
        if !self.open.borrow().contains_key(digest) {
            let archive = self.verified(digest)?;
            let mut open = self.open.borrow_mut();
            if open.len() >= OPEN {
                open.clear();
            }
            open.insert(*digest, archive);
        }
        self.open.borrow_mut().get_mut(digest).map(body)
    }

    fn verified(&self, digest: &Blake3) -> Option<Archive<File>> {
        if !self.has(digest) {
            return None;
        }
        let archive = File::open(self.path(digest).join("bundle.tar")).ok().and_then(|mut tar| {
            let (b3, _) = root::hash(&mut tar).ok()?;
            (b3 == *digest).then(|| Archive::open(tar).ok())?
        });
        if archive.is_none() {
            self.lose(digest);
        }
        archive
    }

    /// Throws a damaged bundle away.
    fn lose(&self, digest: &Blake3) {
        self.open.borrow_mut().remove(digest);
        self.damaged.borrow_mut().insert(*digest);
        self.lost.borrow_mut().insert(*digest);
        let _ = fs::remove_dir_all(self.path(digest));
    }

    /// `bundle.json` of a bundle; `None` if it is not there.
    pub fn bundle(&self, digest: &Blake3) -> Option<BundleJson> {
        self.archive(digest, |archive| archive.json().clone())
    }

    /// Whether a bundle is there with all its contents, large files included; each is read and hashed.
    pub fn whole(&self, digest: &Blake3) -> bool {
        let Some(json) = self.bundle(digest) else { return false };
        let mut large = json.files.iter().filter(|file| !file.chunks.is_empty()).filter_map(|file| file.b3);
        let whole = large.all(|b3| intact(&self.large(digest, &b3), &b3));
        if !whole {
            self.lose(digest);
        }
        whole
    }

    fn large(&self, digest: &Blake3, b3: &Blake3) -> PathBuf {
        self.path(digest).join("files").join(b3.to_string())
    }

    /// Opens the content of a file or block of a bundle. The caller hashes what it reads.
    pub fn content(&self, digest: &Blake3, entry: &FileEntry) -> Result<Box<dyn Read>> {
        let Some(b3) = entry.b3 else { return Ok(Box::new(std::io::empty())) };
        if !entry.chunks.is_empty() {
            let path = self.large(digest, &b3);
            let file = File::open(&path).map_err(Error::io(format!("cannot open {}", path.display())))?;
            return Ok(Box::new(file));
        }
        let lacks = || Error::Failed(format!("the bundle {digest} is not on this host, or damaged"));
        let content = self.archive(digest, |archive| archive.content(&b3)).ok_or_else(lacks)?;
        let content = content.map_err(|error| Error::Failed(error.to_string()))?;
        Ok(Box::new(Cursor::new(content.ok_or_else(lacks)?)))
    }

    /// Begins a bundle with its verified tar, which is checked to be a bundle of `service`.
    pub fn begin(&self, digest: &Blake3, service: &ServiceName, tar: &[u8]) -> Result<Draft<'_>> {
        let hostile = |problem: String| Error::Trust(format!("bundle of {service}: {problem}"));
        let archive = Archive::open(Cursor::new(tar)).map_err(|error| match error {
            cmc_bundles::Error::Trust(error) => hostile(error.problem),
            error => Error::Failed(error.to_string()),
        })?;
        let json = archive.json().clone();
        check(&json, service).map_err(hostile)?;
        let dir = self.dir.join(format!(".{digest}.new"));
        let _ = fs::remove_dir_all(&dir);
        let draft = Draft { cache: self, dir, digest: *digest, json };
        atomic::make_dir(&draft.dir)?;
        atomic::make_dir(&draft.dir.join("files"))?;
        atomic::write(&draft.dir.join("bundle.tar"), tar)?;
        Ok(draft)
    }

    /// A large file that another bundle has already, whole.
    fn find(&self, b3: &Blake3) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.dir).ok()?;
        entries
            .flatten()
            .map(|entry| entry.path().join("files").join(b3.to_string()))
            .find(|path| intact(path, b3))
    }

    /// Removes all bundles but these, and unfinished ones.
    pub fn prune(&self, keep: &BTreeSet<Blake3>) -> Result<()> {
        self.open.borrow_mut().clear();
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

fn intact(path: &Path, b3: &Blake3) -> bool {
    File::open(path).and_then(|mut file| root::hash(&mut file)).is_ok_and(|(found, _)| found == *b3)
}

impl Draft<'_> {
    /// The files whose content comes in chunks and is not here yet.
    pub fn wanted(&self) -> Vec<FileEntry> {
        let mut seen = BTreeSet::new();
        let files = self.json.files.iter().filter(|file| !file.chunks.is_empty());
        files.filter(|file| file.b3.is_some_and(|b3| seen.insert(b3) && !self.reuse(&b3))).cloned().collect()
    }

    fn reuse(&self, b3: &Blake3) -> bool {
        let Some(found) = self.cache.find(b3) else { return false };
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
        let to = self.cache.path(&self.digest);
        if to.exists() {
            let _ = fs::remove_dir_all(&to);
        }
        let context = format!("cannot keep the bundle {}", self.digest);
        fs::rename(&self.dir, &to).map_err(Error::io(context))?;
        self.cache.open.borrow_mut().remove(&self.digest);
        self.cache.lost.borrow_mut().remove(&self.digest);
        atomic::sync_dir(&self.cache.dir)
    }
}

impl Drop for Draft<'_> {
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
const OWN: [&str; 4] = ["/var/lib/cmc", "/etc/cmc/fetch.toml", "/etc/cmc/identity", "/etc/cmc/reporter"];

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
