//! What cannot be replaced although the permissions say so: mount points, and what is marked immutable or append-only.

use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// What keeps an entry of a directory from being replaced, even by root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    /// Something is mounted on it.
    Mount,
    /// It, or its directory, is marked immutable or append-only (`chattr`, `chflags`).
    Marked,
}

/// What keeps an entry of a directory, or whatever would be put there, from being replaced. Where the system does not
/// tell, nothing seems to.
pub fn of(dir: &OwnedFd, name: &str) -> rustix::io::Result<Option<Fixed>> {
    let (_, here) = marks(dir, "")?;
    let (mount, marked) = marks(dir, name)?;
    Ok(match (mount, here || marked) {
        (true, _) => Some(Fixed::Mount),
        (false, true) => Some(Fixed::Marked),
        (false, false) => None,
    })
}

/// Whether an entry is a mount point, and whether it is marked immutable or append-only; an empty name is the
/// directory itself. A bind mount from the same file system has no device number of its own.
#[cfg(target_os = "linux")]
fn marks(fd: &OwnedFd, name: &str) -> rustix::io::Result<(bool, bool)> {
    use rustix::fs::{StatxAttributes, StatxFlags};
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::EMPTY_PATH;
    match rustix::fs::statx(fd, name, flags, StatxFlags::empty()) {
        Ok(stat) => {
            let has = |mark| stat.stx_attributes.intersects(mark);
            let marked = has(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND);
            Ok((has(StatxAttributes::MOUNT_ROOT), marked))
        }
        // Kernels before 4.11, and sandboxes that know no statx.
        Err(Errno::NOENT | Errno::NOSYS | Errno::PERM) => Ok((false, false)),
        Err(error) => Err(error),
    }
}

/// The flags of `chflags(2)` are in `stat`, and have the same numbers on all of these.
#[cfg(any(target_os = "freebsd", target_os = "openbsd", target_os = "netbsd", target_os = "macos"))]
fn marks(fd: &OwnedFd, name: &str) -> rustix::io::Result<(bool, bool)> {
    const MARKED: u32 = 0x2 | 0x4 | 0x2_0000 | 0x4_0000;
    let stat = match name {
        "" => rustix::fs::fstat(fd),
        name => rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW),
    };
    match stat {
        Ok(stat) => Ok((false, stat.st_flags & MARKED != 0)),
        Err(Errno::NOENT) => Ok((false, false)),
        Err(error) => Err(error),
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "macos"
)))]
fn marks(_: &OwnedFd, _: &str) -> rustix::io::Result<(bool, bool)> {
    Ok((false, false))
}
