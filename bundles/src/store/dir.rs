//! A store in a directory: S3's keys as paths, mode 0644.
//!
//! Objects are created by a temporary file and a hard link, so that a reader sees whole objects only and exactly one
//! of two writers wins. Versions are replaced under an exclusive `flock` of `.lock` by temporary file, fsync, rename
//! and fsync of the directory. Where the system has files without a name, temporaries are such files: a writer that is
//! killed leaves nothing. Readers take no lock. The ETag is the blake3 of the bytes.
//!
//! Below the store's directory no symbolic link is followed and only regular files are read. What is *not* promised:
//! locking on network file systems whose `flock` is local to a machine.

use super::{Created, Fetch, Listed, Reader, Store, StoreError, StoreErrorKind, Swap, check_key, too_large};
use rustix::fs::{self, AtFlags, Dir, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{File, Permissions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How long a writer waits for another one.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// A store in a directory. The directory must exist before the first read; the first write creates it.
#[derive(Debug, Clone)]
pub struct DirStore {
    root: PathBuf,
    name: String,
}

impl DirStore {
    /// The store in `root`. Nothing is read or created yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { name: format!("dir:{}", root.display()), root }
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The error for a failed system call.
    fn error(&self, key: &str, doing: &str, errno: Errno) -> StoreError {
        let (kind, problem, help) = match errno {
            Errno::ACCESS | Errno::PERM => {
                (StoreErrorKind::Refused, "permission denied", Some("check who owns the store's directory"))
            }
            Errno::ROFS => (StoreErrorKind::Refused, "the file system is read-only", None),
            Errno::NOSPC => (
                StoreErrorKind::Refused,
                "the disk is full",
                Some("nothing was changed; make room and run it again"),
            ),
            Errno::DQUOT => (
                StoreErrorKind::Refused,
                "the disk quota is used up",
                Some("nothing was changed; make room and run it again"),
            ),
            Errno::LOOP | Errno::MLINK => (
                StoreErrorKind::Unfit,
                "there is a symbolic link in the store",
                Some("a store holds directories and regular files only"),
            ),
            Errno::NOTDIR => (
                StoreErrorKind::Unfit,
                "a file stands where a directory belongs, or a symbolic link does",
                Some("a store holds directories and regular files only"),
            ),
            Errno::ISDIR => (StoreErrorKind::Unfit, "a directory stands where an object belongs", None),
            Errno::NAMETOOLONG => (StoreErrorKind::Invalid, "the path is too long", None),
            other => {
                let error = StoreError::new(
                    StoreErrorKind::Unreachable,
                    &self.name,
                    format!("cannot {doing}: {}", std::io::Error::from(other)),
                );
                return error.at(key);
            }
        };
        let error = StoreError::new(kind, &self.name, format!("cannot {doing}: {problem}")).at(key);
        match help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    fn io_error(&self, key: &str, doing: &str, error: &std::io::Error) -> StoreError {
        match error.raw_os_error() {
            Some(code) => self.error(key, doing, Errno::from_raw_os_error(code)),
            None => {
                StoreError::new(StoreErrorKind::Unreachable, &self.name, format!("cannot {doing}: {error}"))
                    .at(key)
            }
        }
    }

    fn open_root(&self, key: &str) -> Result<OwnedFd, StoreError> {
        fs::open(&self.root, DIRECTORY, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => {
                StoreError::new(StoreErrorKind::NoStore, &self.name, "there is no such directory")
                    .with_help("publishing creates it; check the path and whether it is mounted")
            }
            Errno::NOTDIR => StoreError::new(StoreErrorKind::NoStore, &self.name, "this is not a directory"),
            errno => self.error(key, "open the store's directory", errno),
        })
    }

    /// Opens the directory that holds `key`, following no link; `None` if there is none.
    fn parent<'k>(&self, key: &'k str) -> Result<Option<(OwnedFd, &'k str)>, StoreError> {
        let mut dir = self.open_root(key)?;
        let (parents, leaf) = split(key);
        for segment in parents {
            dir = match fs::openat(&dir, segment, DIRECTORY | OFlags::NOFOLLOW, Mode::empty()) {
                Ok(fd) => fd,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(self.error(key, "read", errno)),
            };
        }
        Ok(Some((dir, leaf)))
    }

    /// The same, making what is missing.
    fn make_parent<'k>(&self, key: &'k str) -> Result<(OwnedFd, &'k str), StoreError> {
        if fs::stat(&self.root).is_err_and(|errno| errno == Errno::NOENT) {
            // Readable for hosts whatever the umask, as everything below.
            let made = std::fs::create_dir_all(&self.root)
                .and_then(|()| std::fs::set_permissions(&self.root, Permissions::from_mode(0o755)));
            made.map_err(|e| self.io_error(key, "create the store's directory", &e))?;
        }
        let mut dir = self.open_root(key)?;
        let (parents, leaf) = split(key);
        for segment in parents {
            let made = match fs::mkdirat(&dir, segment, Mode::from_raw_mode(0o755)) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(errno) => return Err(self.error(key, "create a directory", errno)),
            };
            let next = fs::openat(&dir, segment, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())
                .map_err(|errno| self.error(key, "open a directory", errno))?;
            if made {
                fs::fchmod(&next, Mode::from_raw_mode(0o755))
                    .map_err(|errno| self.error(key, "create a directory", errno))?;
                fs::fsync(&dir).map_err(|errno| self.error(key, "sync a directory", errno))?;
            }
            dir = next;
        }
        Ok((dir, leaf))
    }

    /// Opens an object for reading; `None` if there is none.
    fn open(&self, key: &str) -> Result<Option<(File, u64)>, StoreError> {
        check_key(&self.name, key)?;
        let Some((dir, leaf)) = self.parent(key)? else { return Ok(None) };
        // Without NONBLOCK, opening a planted FIFO would wait for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match fs::openat(&dir, leaf, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.error(key, "read", errno)),
        };
        let meta = file.metadata().map_err(|e| self.io_error(key, "read", &e))?;
        if meta.is_dir() {
            return Err(self.error(key, "read", Errno::ISDIR));
        }
        if !meta.is_file() {
            return Err(
                StoreError::new(StoreErrorKind::Unfit, &self.name, "this is not a regular file").at(key)
            );
        }
        Ok(Some((file, meta.len())))
    }

    /// A new temporary file beside the object, written and synced; removed when dropped.
    fn temporary<'d>(&self, dir: &'d OwnedFd, key: &str, bytes: &[u8]) -> Result<Temporary<'d>, StoreError> {
        let temporary = match nameless(dir) {
            Some(file) => Temporary { dir, file, name: String::new() },
            None => {
                let name = new_name();
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let fd = fs::openat(dir, &name, flags, Mode::from_raw_mode(0o644))
                    .map_err(|errno| self.error(key, "write", errno))?;
                Temporary { dir, file: File::from(fd), name }
            }
        };
        let mut file = &temporary.file;
        let written = file
            .write_all(bytes)
            .and_then(|()| fs::fchmod(file, Mode::from_raw_mode(0o644)).map_err(Into::into))
            .and_then(|()| file.sync_all());
        written.map_err(|e| self.io_error(key, "write", &e))?;
        Ok(temporary)
    }

    /// Links a new object in place; `false` if the name is taken.
    fn link_new(&self, key: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let (dir, leaf) = self.make_parent(key)?;
        match fs::statat(&dir, leaf, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => return self.taken(key, FileType::from_raw_mode(stat.st_mode)),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(self.error(key, "write", errno)),
        }
        let temporary = self.temporary(&dir, key, bytes)?;
        match temporary.link(leaf) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(false),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM) => {
                let problem = "cannot write: this file system has no hard links";
                return Err(StoreError::new(StoreErrorKind::Unfit, &self.name, problem).at(key));
            }
            Err(errno) => return Err(self.error(key, "write", errno)),
        }
        drop(temporary);
        fs::fsync(&dir).map_err(|errno| self.error(key, "sync a directory", errno))?;
        Ok(true)
    }

    /// What it means that a name is taken: an object, or something that does not belong in a store.
    fn taken(&self, key: &str, kind: FileType) -> Result<bool, StoreError> {
        match kind {
            FileType::RegularFile => Ok(false),
            FileType::Directory => Err(self.error(key, "write", Errno::ISDIR)),
            FileType::Symlink => Err(self.error(key, "write", Errno::LOOP)),
            _ => {
                Err(StoreError::new(StoreErrorKind::Unfit, &self.name, "this is not a regular file").at(key))
            }
        }
    }

    /// Takes the writers' lock, held until the file is dropped.
    fn lock(&self, key: &str) -> Result<OwnedFd, StoreError> {
        let root = self.open_root(key)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat(&root, ".lock", flags, Mode::from_raw_mode(0o644))
            .map_err(|e| self.error(key, "lock the store", e))?;
        let start = Instant::now();
        loop {
            match fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(fd),
                Err(Errno::WOULDBLOCK | Errno::INTR) if start.elapsed() < LOCK_WAIT => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {
                    let problem = format!("another process has held its lock for {} s", LOCK_WAIT.as_secs());
                    return Err(StoreError::new(StoreErrorKind::Unreachable, &self.name, problem).at(key));
                }
                Err(errno) => return Err(self.error(key, "lock the store", errno)),
            }
        }
    }

    /// Puts an object in place, whatever was there.
    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (dir, leaf) = self.make_parent(key)?;
        let mut temporary = self.temporary(&dir, key, bytes)?;
        if temporary.name.is_empty() {
            let name = new_name();
            temporary.link(&name).map_err(|errno| self.error(key, "write", errno))?;
            temporary.name = name;
        }
        fs::renameat(&dir, &temporary.name, &dir, leaf).map_err(|errno| self.error(key, "write", errno))?;
        temporary.name.clear();
        fs::fsync(&dir).map_err(|errno| self.error(key, "sync a directory", errno))
    }

    fn read_all(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((file, size)) = self.open(key)? else { return Ok(None) };
        if size > limit {
            return Err(too_large(&self.name, key, limit));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| self.io_error(key, "read", &e))?;
        if bytes.len() as u64 > limit {
            return Err(too_large(&self.name, key, limit));
        }
        Ok(Some(bytes))
    }

    fn walk(&self, dir: OwnedFd, at: &str, prefix: &str, found: &mut Vec<Listed>) -> Result<(), StoreError> {
        let entries = Dir::read_from(&dir).map_err(|errno| self.error(at, "list", errno))?;
        for entry in entries {
            let entry = entry.map_err(|errno| self.error(at, "list", errno))?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let key = if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
            if !super::is_key(&key) {
                continue;
            }
            let stat = match fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(self.error(&key, "list", errno)),
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory if key.starts_with(prefix) || prefix.starts_with(&format!("{key}/")) => {
                    let next = fs::openat(&dir, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty());
                    self.walk(next.map_err(|errno| self.error(&key, "list", errno))?, &key, prefix, found)?;
                }
                FileType::RegularFile if key.starts_with(prefix) => {
                    let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
                    found.push(Listed {
                        key,
                        size: u64::try_from(stat.st_size).unwrap_or(0),
                        modified: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Reader for DirStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_all(key, limit)
    }

    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((mut file, size)) = self.open(key)? else { return Ok(None) };
        let len = len.min(size.saturating_sub(offset));
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.take(len).read_to_end(&mut bytes))
            .map_err(|e| self.io_error(key, "read", &e))?;
        Ok(Some(bytes))
    }

    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        let Some(bytes) = self.read_all(key, limit)? else { return Ok(Fetch::Missing) };
        let now = etag_of(&bytes);
        if etag == Some(now.as_str()) {
            return Ok(Fetch::NotModified);
        }
        Ok(Fetch::Found { bytes, etag: Some(now) })
    }

    fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        check_key(&self.name, key)?;
        // A store that is not there is the publisher's to make.
        self.open_root(key)?;
        self.put(key, bytes)
    }
}

impl Store for DirStore {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        check_key(&self.name, key)?;
        Ok(if self.link_new(key, bytes)? { Created::New } else { Created::Exists })
    }

    fn swap(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Swap, StoreError> {
        check_key(&self.name, key)?;
        let done = || Swap::Done { etag: Some(etag_of(bytes)) };
        let Some(expected) = expected else {
            return Ok(if self.link_new(key, bytes)? { done() } else { Swap::Lost });
        };
        let _lock = self.lock(key)?;
        let current = self.read_all(key, u64::MAX - 1)?;
        if current.map(|bytes| etag_of(&bytes)).as_deref() != Some(expected) {
            return Ok(Swap::Lost);
        }
        self.put(key, bytes)?;
        Ok(done())
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        let root = self.open_root(prefix)?;
        self.walk(root, "", prefix, &mut found)?;
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(&self.name, key)?;
        let Some((dir, leaf)) = self.parent(key)? else { return Ok(()) };
        match fs::unlinkat(&dir, leaf, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error(key, "delete", errno)),
        }
    }

    fn keeps_conditions(&self) -> bool {
        true
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The directories of a key, and its last segment.
fn split(key: &str) -> (impl Iterator<Item = &str>, &str) {
    let (parents, leaf) = key.rsplit_once('/').unwrap_or(("", key));
    (parents.split('/').filter(|segment| !segment.is_empty()), leaf)
}

fn etag_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// A name that no other temporary has.
fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
    format!(".tmp-{}-{nanos:x}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A new file without a name, where system and file system have such files and a way to name them later.
#[cfg(target_os = "linux")]
fn nameless(dir: &OwnedFd) -> Option<File> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let file = File::from(fs::openat(dir, ".", flags, Mode::from_raw_mode(0o644)).ok()?);
    fs::stat(descriptor(&file)).is_ok().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &OwnedFd) -> Option<File> {
    None
}

/// The path of an open file.
fn descriptor(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// A temporary file; what has a name is removed when dropped.
struct Temporary<'d> {
    dir: &'d OwnedFd,
    file: File,
    /// Empty while it has none.
    name: String,
}

impl Temporary<'_> {
    /// Gives it a further name beside it, which must not be taken.
    fn link(&self, to: &str) -> Result<(), Errno> {
        if self.name.is_empty() {
            return fs::linkat(fs::CWD, descriptor(&self.file), self.dir, to, AtFlags::SYMLINK_FOLLOW);
        }
        fs::linkat(self.dir, &self.name, self.dir, to, AtFlags::empty())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            let _ = fs::unlinkat(self.dir.as_fd(), &self.name, AtFlags::empty());
        }
    }
}
