//! Extended attributes that a new file takes over from the one it replaces: ACLs, SELinux labels, user attributes.
//! File capabilities and integrity hashes belong to the old content and are not taken over.

use crate::error::{Error, Result};
use std::fs::File;

/// Copies the attributes that survive a change of content.
#[cfg(target_os = "linux")]
pub fn copy(from: &File, to: &File) -> Result<()> {
    use rustix::io::Errno;
    const DROPPED: [&str; 3] = ["security.capability", "security.ima", "security.evm"];
    let context = || "cannot preserve extended attributes";
    let mut names = vec![0; 64 << 10];
    let len = match rustix::fs::flistxattr(from, names.as_mut_slice()) {
        Ok(len) => len,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
        Err(error) => return Err(Error::io(context())(error)),
    };
    for name in names[..len].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if DROPPED.contains(&name) {
            continue;
        }
        let mut value = vec![0; 64 << 10];
        let len = match rustix::fs::fgetxattr(from, name, value.as_mut_slice()) {
            Ok(len) => len,
            Err(Errno::NODATA) => continue,
            Err(error) => return Err(Error::io(context())(error)),
        };
        match rustix::fs::fsetxattr(to, name, &value[..len], rustix::fs::XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            // Without privilege these cannot be set; the system's policy gives the new file its own.
            Err(Errno::PERM | Errno::ACCESS)
                if name.starts_with("security.") || name.starts_with("trusted.") => {}
            Err(error) => return Err(Error::io(context())(error)),
        }
    }
    Ok(())
}

/// Other systems: labels follow from the directory, ACLs from the mode.
#[cfg(not(target_os = "linux"))]
pub fn copy(_from: &File, _to: &File) -> Result<()> {
    Ok(())
}
