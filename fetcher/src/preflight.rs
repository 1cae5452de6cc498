//! What is checked before a transaction touches anything: room and inodes (some stay free), read-only file systems,
//! mount points, files marked immutable, and two paths that are one file.

use crate::changes::Changes;
use crate::error::{Error, Result};
use crate::fixed::Fixed;
use crate::host::Host;
use crate::root::{Parent, Seen, Space};
use cmc_types::UnixPath;
use std::collections::{BTreeMap, BTreeSet};

/// The most bytes of a file system that are kept free: on a large disk 3 % is room for a great deal of configuration.
const MOST_BYTES_KEPT: u64 = 256 << 20;

/// The most inodes of a file system that are kept free.
const MOST_INODES_KEPT: u64 = 10_000;

/// What stays free of `total` bytes or inodes: 3 %, as ostree keeps, and `most` at the most. A transaction that takes
/// the last of a disk takes it from the logs and databases of the host.
fn kept(total: u64, most: u64) -> u64 {
    (total / 100).saturating_mul(3).min(most)
}

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
        let (folder, at) = match &parent {
            Parent::Found(folder) => (folder, path.parent()),
            Parent::Missing { nearest, at, .. } => (nearest, at.as_str()),
        };
        let (dev, ino) = folder.id()?;
        let below = path.as_str().strip_prefix(at).unwrap_or_default().trim_start_matches('/');
        if !seen.insert((dev, ino, below.to_owned())) {
            return Err(Error::refused(
                "one-file-two-paths",
                format!("{path} is the same file as another path of the bundle"),
            ));
        }
        if let Parent::Found(folder) = &parent {
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
        let stay = kept(space.total, MOST_BYTES_KEPT);
        if bytes > 0 && space.free < bytes.saturating_add(stay) {
            return Err(Error::refused(
                "no-space",
                format!(
                    "{place}: {bytes} bytes are needed, {} are free and {stay} of them stay free",
                    space.free
                ),
            ));
        }
        let stay = kept(space.inodes, MOST_INODES_KEPT);
        if space.inodes > 0 && files > 0 && space.free_inodes < files.saturating_add(stay) {
            return Err(Error::refused(
                "no-inodes",
                format!(
                    "{place}: {files} inodes are needed, {} are free and {stay} of them stay free",
                    space.free_inodes
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MOST_BYTES_KEPT, kept};

    #[test]
    fn a_small_disk_keeps_its_share_and_a_large_one_does_not_refuse_while_gigabytes_are_free() {
        assert_eq!(kept(1 << 20, MOST_BYTES_KEPT), 31_455);
        assert_eq!(kept(4 << 30, MOST_BYTES_KEPT), 128_849_016);
        assert_eq!(kept(252 << 30, MOST_BYTES_KEPT), 256 << 20);
        assert_eq!(kept(u64::MAX, MOST_BYTES_KEPT), 256 << 20);
    }
}
