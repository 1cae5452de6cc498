//! Writes files so that they are whole or absent: temporary beside the target, sync, rename, sync of the directory.

use crate::exit::{Failure, io};
use crate::interrupt::Leftover;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Puts a file of this mode (octal) in place of what has its name, a link included. The directory must exist.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> std::result::Result<(), Failure> {
    put(path, bytes, mode, |temporary| std::fs::rename(temporary, path))
        .map_err(|error| io("write", path, &error))
}

/// Makes a file that must not exist yet; of two that make it at once, one fails.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> std::result::Result<(), Failure> {
    match put(path, bytes, mode, |temporary| take_name(temporary, path)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Failure::failed(format!("{} exists already", path.display())).help("move it away first"))
        }
        done => done.map_err(|error| io("write", path, &error)),
    }
}

/// Gives the temporary its name unless that is taken, atomically where the file system has hard links.
fn take_name(temporary: &Path, path: &Path) -> Result<()> {
    match std::fs::hard_link(temporary, path) {
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            if path.symlink_metadata().is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            std::fs::rename(temporary, path)
        }
        done => done.and_then(|()| std::fs::remove_file(temporary)),
    }
}

fn put(path: &Path, bytes: &[u8], mode: u32, place: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = dir.join(format!(".{name}.{}.tmp", std::process::id()));
    // One of a process that was killed and had the same number.
    let _ = std::fs::remove_file(&temporary);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let (mut file, leftover) = Leftover::file(temporary.clone(), || options.open(&temporary))?;
    let result = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| place(&temporary))
        .and_then(|()| File::open(dir)?.sync_all());
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    drop(leftover);
    result
}
