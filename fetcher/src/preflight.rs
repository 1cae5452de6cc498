//! What is checked before a transaction touches anything: room and inodes (3 % stay free), read-only file systems,
//! mount points, files marked immutable, and two paths that are one file.

use crate::changes::Changes;
use crate::error::{Error, Result};
use crate::fixed::Fixed;
use crate::host::Host;
use crate::root::{Parent, Seen, Space};
use cmc_types::UnixPath;
use std::collections::{BTreeMap, BTreeSet};

fn mount_point(path: &UnixPath) -> Error {
    Error::refused("mount-point", format!("{path} is a mount point"))
}

fn immutable(path: &UnixPath) -> Error {
    let why = "it or its directory is marked immutable or append-only (`lsattr`, `ls -lo`)";
    Error::refused("immutable", format!("{path} cannot be replaced: {why}"))
}

/// Refuses what could not succeed.
pub fn check(host: &Host<'_>, changes: &Changes) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut needs: BTreeMap<u64, (Space, u64, u64, String)> = BTreeMap::new();
    for (change, _) in &changes.list {
        let path = &change.path;
        let parent = host.root.parent(path)?;
        let folder = match &parent {
            Parent::Found(folder) => folder,
            Parent::Missing { nearest, .. } => nearest,
        };
        let (dev, ino) = folder.id()?;
        if let Parent::Found(folder) = &parent {
            if !seen.insert((dev, ino, path.file_name().to_owned())) {
                return Err(Error::refused(
                    "one-file-two-paths",
                    format!("{path} is the same file as another path of the bundle"),
                ));
            }
            #[allow(clippy::unnecessary_cast)]
            let elsewhere = folder.stat(path.file_name())?.is_some_and(|stat| stat.st_dev as u64 != dev);
            match folder.fixed(path.file_name())? {
                Some(Fixed::Mount) => return Err(mount_point(path)),
                _ if elsewhere => return Err(mount_point(path)),
                Some(Fixed::Marked) => return Err(immutable(path)),
                None => {}
            }
        } else if folder.fixed("")? == Some(Fixed::Marked) {
            return Err(immutable(path));
        }
        let space = folder.space()?;
        if space.read_only {
            return Err(Error::refused("read-only", format!("{path} is on a read-only file system")));
        }
        let (bytes, files) = match &change.new {
            Seen::File(file) => (file.size.next_multiple_of(4096), 1),
            Seen::Link(_) => (0, 1),
            _ => (0, 0),
        };
        let need = needs.entry(dev).or_insert_with(|| (space, 0, 0, path.parent().to_owned()));
        need.1 += bytes;
        need.2 += files;
    }
    for (space, bytes, files, place) in needs.into_values() {
        if bytes > 0 && space.free < bytes + space.total * 3 / 100 {
            return Err(Error::refused(
                "no-space",
                format!("{place}: {bytes} bytes are needed and {} are free (3 % stay free)", space.free),
            ));
        }
        if space.inodes > 0 && files > 0 && space.free_inodes < files + space.inodes * 3 / 100 {
            return Err(Error::refused(
                "no-inodes",
                format!("{place}: {files} inodes are needed and {} are free", space.free_inodes),
            ));
        }
    }
    Ok(())
}
