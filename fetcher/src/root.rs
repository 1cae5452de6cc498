//! Paths beneath a root directory, walked one component at a time with directory handles, so that nothing a hostile
//! user does to a path between two calls leads outside the root or follows a link of theirs.
//!
//! A symbolic link in a parent is followed only if its owner is trusted (root, and for a private root also the user
//! who runs) and lies in a directory that nobody else can write: a merged-usr `/bin` works, a link in `/tmp` does
//! not. A link at the end of a path is replaced, never followed.

use crate::error::{Error, Result};
use crate::fixed::{self, Fixed};
use cmc_types::{Blake3, UnixPath};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Most links that one path may pass through.
const MAX_LINKS: u32 = 40;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Nothing.
    Missing,
    /// A regular file.
    File(FileSeen),
    /// A symbolic link to this target.
    Link(String),
    /// A directory.
    Directory,
    /// A device, pipe or socket.
    Other,
}

/// A regular file as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeen {
    /// blake3 of the content.
    pub b3: Blake3,
    /// Size in bytes.
    pub size: u64,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
}

/// What `stat` says of a path; equal stats mean that the content need not be read again to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatKey {
    dev: u64,
    ino: u64,
    size: u64,
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

/// The directory beneath which everything is installed.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    fd: OwnedFd,
    trusted: u32,
}

/// An open directory beneath the root.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    /// The path that was asked for.
    shown: String,
    /// The same directory's path beneath the root, with no link in it.
    real: String,
}

/// The directory that would hold a path.
#[derive(Debug)]
pub enum Parent {
    /// It is there.
    Found(Folder),
    /// It is not; `nearest` is the closest one above that is there, and `missing` are those to make, top-down, as
    /// absolute paths.
    Missing {
        /// The closest directory above.
        nearest: Folder,
        /// Its absolute path.
        at: String,
        /// The directories to make.
        missing: Vec<String>,
    },
}

impl Root {
    /// Opens a root directory.
    pub fn open(path: &Path) -> Result<Self> {
        let context = || format!("cannot open the root {}", path.display());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(Error::io(context()))?;
        let trusted = rustix::process::geteuid().as_raw();
        Ok(Self { path: path.to_owned(), fd, trusted })
    }

    /// The root's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the system's own root.
    pub fn is_system(&self) -> bool {
        self.path == Path::new("/")
    }

    /// Opens the directory that holds `path`.
    pub fn parent(&self, path: &UnixPath) -> Result<Parent> {
        self.walk(path.parent())
    }

    /// Opens a directory by its absolute path.
    pub fn folder(&self, path: &str) -> Result<Folder> {
        match self.walk(path)? {
            Parent::Found(folder) => Ok(folder),
            Parent::Missing { .. } => {
                Err(Error::io(format!("cannot open {path}"))(std::io::Error::from(Errno::NOENT)))
            }
        }
    }

    /// Opens a directory by its absolute path; it and those above it are made (0755) where they are not there.
    pub fn make_folder(&self, path: &str) -> Result<Folder> {
        loop {
            match self.walk(path)? {
                Parent::Found(folder) => return Ok(folder),
                Parent::Missing { nearest, missing, .. } => {
                    let name = missing.first().and_then(|dir| dir.rsplit('/').next()).unwrap_or_default();
                    if nearest.make_dir(name)? {
                        let made = self.folder(missing.first().map_or("/", String::as_str))?;
                        // Whatever the umask is: others have things of their own there.
                        let mode = Mode::from_raw_mode(0o755);
                        rustix::fs::fchmod(&made.fd, mode).map_err(Error::io(made.context("make", "")))?;
                    }
                }
            }
        }
    }

    /// Where a folder lies on this system, with no link in it beneath the root.
    pub fn real(&self, folder: &Folder) -> PathBuf {
        self.path.join(folder.real.trim_start_matches('/'))
    }

    /// What lies at a path; a regular file is read and hashed.
    pub fn inspect(&self, path: &UnixPath) -> Result<Seen> {
        match self.parent(path)? {
            Parent::Found(folder) => folder.inspect(path.file_name()),
            Parent::Missing { .. } => Ok(Seen::Missing),
        }
    }

    /// What `stat` says of a path, without following a link at its end.
    pub fn stat(&self, path: &UnixPath) -> Result<Option<StatKey>> {
        match self.parent(path)? {
            Parent::Found(folder) => Ok(folder.stat(path.file_name())?.map(|stat| StatKey::of(&stat))),
            Parent::Missing { .. } => Ok(None),
        }
    }

    /// Reads a regular file of at most `limit` bytes; `None` if there is none.
    pub fn read(&self, path: &UnixPath, limit: u64) -> Result<Option<Vec<u8>>> {
        match self.parent(path)? {
            Parent::Found(folder) => folder.read(path.file_name(), limit),
            Parent::Missing { .. } => Ok(None),
        }
    }

    /// Walks to a directory by its absolute path.
    pub fn walk(&self, path: &str) -> Result<Parent> {
        let context = || format!("cannot open {path}");
        let refuse =
            |problem: &str| Error::refused("parent-link", format!("{path}: {problem}; the path is not used"));
        let components: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        // Components still to walk; `true` for those that a link put there.
        let mut todo: VecDeque<(String, bool)> =
            components.iter().map(|part| ((*part).to_owned(), false)).collect();
        let top = rustix::io::fcntl_dupfd_cloexec(&self.fd, 0).map_err(Error::io(context()))?;
        let mut stack = vec![(top, String::new())];
        let real = |stack: &[(OwnedFd, String)]| {
            let names = stack.iter().skip(1).map(|(_, name)| format!("/{name}"));
            names.collect::<String>()
        };
        let mut walked = 0;
        let mut links = 0;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        while let Some((name, linked)) = todo.pop_front() {
            match name.as_str() {
                "." => continue,
                ".." => {
                    if stack.len() > 1 {
                        stack.pop();
                    }
                    continue;
                }
                _ => {}
            }
            let Some((here, _)) = stack.last() else { return Err(refuse("it leads nowhere")) };
            match rustix::fs::openat(here, name.as_str(), flags, Mode::empty()) {
                Ok(fd) => {
                    stack.push((fd, name));
                    walked += usize::from(!linked);
                }
                Err(Errno::NOENT) if linked => return Err(refuse("a link on it leads nowhere")),
                Err(Errno::NOENT) => {
                    let real = real(&stack);
                    let Some((fd, _)) = stack.pop() else { return Err(refuse("it leads nowhere")) };
                    let at = format!("/{}", components[..walked].join("/"));
                    let missing = (walked + 1..=components.len())
                        .map(|count| format!("/{}", components[..count].join("/")))
                        .collect();
                    return Ok(Parent::Missing {
                        nearest: Folder { fd, shown: at.clone(), real },
                        at,
                        missing,
                    });
                }
                Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => {
                    let stat = rustix::fs::statat(here, name.as_str(), AtFlags::SYMLINK_NOFOLLOW)
                        .map_err(Error::io(context()))?;
                    if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
                        return Err(Error::refused(
                            "parent-not-directory",
                            format!("{path}: {name} is not a directory"),
                        ));
                    }
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(refuse("it passes through too many links"));
                    }
                    let holder = rustix::fs::fstat(here).map_err(Error::io(context()))?;
                    if !self.trusts(stat.st_uid) || !self.trusts(holder.st_uid) || holder.st_mode & 0o022 != 0
                    {
                        return Err(refuse(&format!("the link {name} on it could be another user's")));
                    }
                    let target = rustix::fs::readlinkat(here, name.as_str(), Vec::new())
                        .map_err(Error::io(context()))?;
                    let target =
                        target.into_string().map_err(|_| refuse("a link on it is not valid UTF-8"))?;
                    if target.starts_with('/') {
                        stack.truncate(1);
                    }
                    for part in target.split('/').filter(|part| !part.is_empty()).rev() {
                        todo.push_front((part.to_owned(), true));
                    }
                    walked += usize::from(!linked);
                }
                Err(error) => return Err(Error::io(context())(error)),
            }
        }
        let real = real(&stack);
        let Some((fd, _)) = stack.pop() else { return Err(refuse("it leads nowhere")) };
        Ok(Parent::Found(Folder { fd, shown: path.to_owned(), real }))
    }

    fn trusts(&self, uid: u32) -> bool {
        uid == 0 || (!self.is_system() && uid == self.trusted)
    }
}

impl StatKey {
    /// When content or attributes last changed, in Unix seconds.
    pub fn changed(&self) -> i64 {
        self.ctime.0
    }

    fn of(stat: &Stat) -> Self {
        // The types of these fields differ between systems.
        #[allow(clippy::unnecessary_cast, clippy::cast_lossless)]
        Self {
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            size: stat.st_size as u64,
            mode: stat.st_mode as u32,
            uid: stat.st_uid,
            gid: stat.st_gid,
            mtime: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}

impl Folder {
    /// The directory's handle.
    pub fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    fn context(&self, doing: &str, name: &str) -> String {
        format!("cannot {doing} {}/{name}", self.shown.trim_end_matches('/'))
    }

    /// `stat` of an entry, not following a link.
    pub fn stat(&self, name: &str) -> Result<Option<Stat>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(Error::io(self.context("examine", name))(error)),
        }
    }

    /// What keeps an entry, or whatever would be put there, from being replaced. Where the system does not tell,
    /// nothing seems to.
    pub fn fixed(&self, name: &str) -> Result<Option<Fixed>> {
        fixed::of(&self.fd, name).map_err(Error::io(self.context("examine", name)))
    }

    /// Device and inode of the directory itself.
    pub fn id(&self) -> Result<(u64, u64)> {
        let stat = rustix::fs::fstat(&self.fd).map_err(Error::io(self.context("examine", "")))?;
        #[allow(clippy::unnecessary_cast)]
        Ok((stat.st_dev as u64, stat.st_ino as u64))
    }

    /// What an entry is; a regular file is read and hashed.
    pub fn inspect(&self, name: &str) -> Result<Seen> {
        let Some(stat) = self.stat(name)? else { return Ok(Seen::Missing) };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                let Some(mut file) = self.open(name)? else { return Ok(Seen::Missing) };
                let stat = rustix::fs::fstat(&file).map_err(Error::io(self.context("examine", name)))?;
                if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                    return Ok(Seen::Other);
                }
                let (b3, size) = hash(&mut file).map_err(Error::io(self.context("read", name)))?;
                #[allow(clippy::unnecessary_cast, clippy::cast_lossless)]
                let mode = stat.st_mode as u32 & 0o7777;
                Ok(Seen::File(FileSeen { b3, size, mode, uid: stat.st_uid, gid: stat.st_gid }))
            }
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(&self.fd, name, Vec::new())
                    .map_err(Error::io(self.context("read the link", name)))?;
                Ok(Seen::Link(target.to_string_lossy().into_owned()))
            }
            FileType::Directory => Ok(Seen::Directory),
            _ => Ok(Seen::Other),
        }
    }

    /// Opens a regular file for reading; `None` if there is none. Never blocks, never follows a link.
    pub fn open(&self, name: &str) -> Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(Error::io(self.context("open", name))(error)),
        }
    }

    /// Reads a regular file of at most `limit` bytes; `None` if there is none.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.open(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::io(self.context("read", name)))?;
        if bytes.len() as u64 > limit {
            return Err(Error::refused("too-large", self.context("read", name) + ": it is too large"));
        }
        Ok(Some(bytes))
    }

    /// Makes a new private file (0600) that did not exist.
    pub fn create(&self, name: &str) -> Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o600))
            .map(File::from)
            .map_err(Error::io(self.context("create", name)))
    }

    /// Makes a symbolic link.
    pub fn symlink(&self, target: &str, name: &str) -> Result<()> {
        rustix::fs::symlinkat(target, &self.fd, name).map_err(Error::io(self.context("link", name)))
    }

    /// Makes `new` another name of `old`; `false` if this file system has no hard links.
    pub fn hard_link(&self, old: &str, new: &str) -> Result<bool> {
        match rustix::fs::linkat(&self.fd, old, &self.fd, new, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::XDEV) => Ok(false),
            Err(error) => Err(Error::io(self.context("link", new))(error)),
        }
    }

    /// Renames an entry to a name in another directory, replacing what is there.
    pub fn rename(&self, old: &str, to: &Folder, new: &str) -> Result<()> {
        rustix::fs::renameat(&self.fd, old, &to.fd, new).map_err(Error::io(to.context("put in place", new)))
    }

    /// Removes a file or link; `false` if there was none.
    pub fn unlink(&self, name: &str) -> Result<bool> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(Error::io(self.context("remove", name))(error)),
        }
    }

    /// Makes a directory (0755); `false` if something of that name is there.
    pub fn make_dir(&self, name: &str) -> Result<bool> {
        match rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o755)) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(Error::io(self.context("make the directory", name))(error)),
        }
    }

    /// Removes a directory if it is empty; whether it did.
    pub fn remove_dir(&self, name: &str) -> Result<bool> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR | Errno::BUSY) => Ok(false),
            Err(error) => Err(Error::io(self.context("remove the directory", name))(error)),
        }
    }

    /// Makes renames and removals in this directory durable.
    pub fn sync(&self) -> Result<()> {
        match rustix::fs::fsync(&self.fd) {
            // Some file systems cannot sync a directory.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(error) => Err(Error::io(self.context("sync", ""))(error)),
        }
    }

    /// Free bytes and inodes for us, and whether it is mounted read-only: `(free, total, free inodes, inodes, ro)`.
    pub fn space(&self) -> Result<Space> {
        let stat = rustix::fs::fstatvfs(self.fd.as_fd()).map_err(Error::io(self.context("examine", "")))?;
        Ok(Space {
            free: stat.f_bavail.saturating_mul(stat.f_frsize),
            total: stat.f_blocks.saturating_mul(stat.f_frsize),
            free_inodes: stat.f_favail,
            inodes: stat.f_files,
            read_only: stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
        })
    }
}

/// Room on a file system.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// Bytes that we may still use.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
    /// Inodes that we may still use.
    pub free_inodes: u64,
    /// Inodes in all; 0 if the file system has no fixed number.
    pub inodes: u64,
    /// Whether it is mounted read-only.
    pub read_only: bool,
}

/// blake3 and size of what a reader gives.
pub fn hash(reader: &mut impl Read) -> std::io::Result<(Blake3, u64)> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok((Blake3(*hasher.finalize().as_bytes()), size)),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
        size += count as u64;
    }
}
