//! Walks a root: what lies there, without opening a file or following a symbolic link.

use super::scope::{self, Scope};
use super::{AdoptError, Trouble};
use cmc_types::{Severity, UnixPath, codes};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// A file or link that adopt takes.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Where it lies on the host.
    pub(super) path: UnixPath,
    pub(super) kind: Kind,
    /// Permission bits with set-id and sticky bits.
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// What it was when it was seen.
    pub(super) identity: Identity,
}

/// What lies at a path.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    File,
    Link(String),
}

/// What tells that a file is still the one that was seen, and holds what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// What a root holds.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// What is taken, by path.
    pub(super) seen: Vec<Seen>,
    /// Directories that a fleet does not make as they are, and in what.
    pub(super) directories: Vec<(String, String)>,
    /// Files outside, counted by directory.
    pub(super) outside: BTreeMap<String, usize>,
    pub(super) troubles: Vec<Trouble>,
}

/// Walks a root.
pub(super) fn walk(root: &Path) -> Result<Listed, AdoptError> {
    let metadata = std::fs::metadata(root)
        .map_err(|error| AdoptError::Root(format!("{} cannot be read: {error}", root.display())))?;
    if !metadata.is_dir() {
        return Err(AdoptError::Root(format!("{} is no directory", root.display())));
    }
    std::fs::read_dir(root)
        .map_err(|error| AdoptError::Root(format!("{} cannot be read: {error}", root.display())))?;
    let mut walk = Walk {
        root,
        device: metadata.dev(),
        owner: (metadata.uid(), metadata.gid()),
        listed: Listed::default(),
    };
    // Directories still to be read: a list, since a tree may be deeper than the stack.
    let mut pending = vec![String::new()];
    while let Some(directory) = pending.pop() {
        walk.directory(&directory, &mut pending);
    }
    walk.listed.seen.sort_by(|a, b| a.path.cmp(&b.path));
    walk.listed.directories.sort();
    walk.listed.troubles.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.listed)
}

struct Walk<'r> {
    root: &'r Path,
    device: u64,
    /// Owner and group of the root itself: root, or whoever unpacked it.
    owner: (u32, u32),
    listed: Listed,
}

impl Walk<'_> {
    fn real(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn trouble(&mut self, severity: Severity, path: &str, problem: &str, help: Option<&str>) {
        self.listed.troubles.push(Trouble {
            code: codes::NOT_ADOPTED,
            severity,
            path: format!("/{path}"),
            message: format!("/{path} {problem}"),
            help: help.map(str::to_owned),
        });
    }

    /// What cannot be read. Outside, where things come and go on a live machine, it is listed among what is skipped.
    fn unreadable(&mut self, path: &str, taken: bool, error: &std::io::Error) {
        match (taken || leads_to_taken(path), error.kind()) {
            (true, _) => self.trouble(Severity::Error, path, &format!("cannot be read: {error}"), None),
            (false, std::io::ErrorKind::NotFound) => {}
            (false, _) => {
                *self.listed.outside.entry(format!("/{path} (cannot be read)")).or_default() += 0;
            }
        }
    }

    fn outside(&mut self, path: &str) {
        *self.listed.outside.entry(scope::counted_as(path)).or_default() += 1;
    }

    fn directory(&mut self, path: &str, pending: &mut Vec<String>) {
        let taken = scope::of(path) == Scope::Taken;
        let entries = match std::fs::read_dir(self.real(path)) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(path, taken, &error),
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => {
                    self.unreadable(path, taken, &error);
                    break;
                }
            }
        }
        names.sort();
        if taken {
            self.directory_itself(path, names.is_empty());
        }
        for name in names {
            let joined =
                |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            let Some(name) = name.to_str().filter(|name| !name.chars().any(char::is_control)) else {
                let shown = joined(&name.to_string_lossy().escape_debug().to_string());
                match taken {
                    true => self.trouble(
                        Severity::Error,
                        &shown,
                        "has a name that no definition can say: it is not UTF-8, or holds a control character",
                        Some("rename it"),
                    ),
                    false => self.outside(&joined("x")),
                }
                continue;
            };
            self.entry(&joined(name), pending);
        }
    }

    /// A directory is made with the files in it, for root and open to all.
    fn directory_itself(&mut self, path: &str, empty: bool) {
        let Ok(metadata) = std::fs::symlink_metadata(self.real(path)) else { return };
        let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
        let mut differs = Vec::new();
        if empty {
            differs.push("empty".to_owned());
        }
        if mode != 0o755 {
            differs.push(format!("mode {mode:04o}"));
        }
        if (uid, gid) != self.owner {
            differs.push(format!("owner {uid}:{gid}"));
        }
        if !differs.is_empty() {
            self.listed.directories.push((format!("/{path}"), differs.join(", ")));
        }
    }

    fn entry(&mut self, path: &str, pending: &mut Vec<String>) {
        let taken = scope::of(path) == Scope::Taken;
        let metadata = match std::fs::symlink_metadata(self.real(path)) {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable(path, taken, &error),
        };
        let kind = metadata.file_type();
        if kind.is_dir() {
            // The kernel's file systems and other disks are no part of what lies outside.
            if !taken && metadata.dev() != self.device && !leads_to_taken(path) {
                *self.listed.outside.entry(format!("/{path} (another file system)")).or_default() += 0;
            } else if path.len() > LONGEST && taken {
                self.trouble(Severity::Error, path, "is nested too deeply: what is in it is not read", None);
            } else if path.len() > LONGEST {
                *self
                    .listed
                    .outside
                    .entry(format!("{} (nested too deeply)", scope::counted_as(path)))
                    .or_default() += 0;
            } else {
                pending.push(path.to_owned());
            }
            return;
        }
        if !taken {
            return self.outside(path);
        }
        if crate::expr::is_expression(path) || path.contains("{#") {
            let help = "rename it: in a definition its name would be an expression";
            return self.trouble(Severity::Error, path, "has a name that begins an expression", Some(help));
        }
        let host_path = match UnixPath::parse(&format!("/{path}")) {
            Ok(path) => path,
            Err(error) => {
                return self.trouble(
                    Severity::Error,
                    path,
                    &format!("cannot be a path: {}", error.problem),
                    Some("rename it"),
                );
            }
        };
        let kind = if kind.is_symlink() {
            let target =
                std::fs::read_link(self.real(path)).map(|target| target.into_os_string().into_string());
            match target {
                Ok(Ok(target)) if !target.is_empty() && !target.chars().any(char::is_control) => {
                    Kind::Link(target)
                }
                Ok(_) => {
                    return self.trouble(
                        Severity::Error,
                        path,
                        "is a link to what no definition can say",
                        None,
                    );
                }
                Err(error) => {
                    return self.trouble(Severity::Error, path, &format!("cannot be read: {error}"), None);
                }
            }
        } else if kind.is_file() {
            Kind::File
        } else {
            let what = if kind.is_fifo() {
                "a named pipe"
            } else if kind.is_socket() {
                "a socket"
            } else {
                "a device"
            };
            return self.trouble(Severity::Warning, path, &format!("is {what}, and is not taken"), None);
        };
        self.listed.seen.push(Seen {
            path: host_path,
            kind,
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
            gid: metadata.gid(),
            identity: Identity::of(&metadata),
        });
    }
}

/// Bytes of a directory's path beyond which no file in it could have one.
const LONGEST: usize = 1000;

/// Whether something below a directory is taken.
fn leads_to_taken(path: &str) -> bool {
    ["usr", "usr/lib", "usr/local", "usr/lib/systemd", "lib", "lib/systemd", "var", "var/spool", "var/cron"]
        .contains(&path)
}
