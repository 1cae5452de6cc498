//! Content that is not ours: copied to `originals/` before it is replaced or removed, under a name that begins with
//! its blake3 and ends with the file's own.

use crate::error::{Error, Result};
use crate::host::Host;
use crate::root::{FileSeen, Folder, Seen};
use crate::state::Original;
use cmc_types::{Blake3, UnixPath};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

/// The name in `originals/` of a file's content.
pub fn saved_name(path: &UnixPath, b3: &Blake3) -> String {
    let name: String = path.file_name().chars().take(40).collect();
    format!("{}-{name}", &b3.to_string()[..16])
}

/// What is remembered of what lies at a path; `None` for nothing.
pub fn describe(path: &UnixPath, seen: &Seen) -> Option<Original> {
    match seen {
        Seen::File(file) => Some(Original::File {
            saved: saved_name(path, &file.b3),
            b3: file.b3,
            size: file.size,
            mode: file.mode & 0o777,
            uid: file.uid,
            gid: file.gid,
        }),
        Seen::Link(target) => Some(Original::Link { target: target.clone() }),
        Seen::Missing | Seen::Directory | Seen::Other => None,
    }
}

/// Copies a file's content to `originals/`, durably, and returns its name there. Links need no copy.
pub fn save(
    host: &Host<'_>,
    folder: &Folder,
    name: &str,
    path: &UnixPath,
    seen: &FileSeen,
) -> Result<String> {
    let saved = saved_name(path, &seen.b3);
    let to = host.originals().join(&saved);
    if to.exists() {
        return Ok(saved);
    }
    let context = || format!("cannot keep a copy of {path}");
    let Some(mut from) = folder.open(name)? else {
        return Err(Error::Failed(format!("{path} vanished while it was being saved")));
    };
    let temporary = host.originals().join(format!(".{saved}.new"));
    crate::atomic::remove(&temporary)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(Error::io(context()))?;
    let copied =
        std::io::copy(&mut from, &mut file).and_then(|_| file.flush()).and_then(|()| file.sync_all());
    if let Err(error) = copied.and_then(|()| std::fs::rename(&temporary, &to)) {
        let _ = std::fs::remove_file(&temporary);
        return Err(Error::io(context())(error));
    }
    crate::atomic::sync_dir(&host.originals())?;
    Ok(saved)
}

/// Whether a file's content is in `originals/`.
pub fn has(host: &Host<'_>, path: &UnixPath, seen: &FileSeen) -> bool {
    host.originals().join(saved_name(path, &seen.b3)).exists()
}

/// Opens saved content.
pub fn open(host: &Host<'_>, saved: &str) -> Result<Box<dyn Read>> {
    let path = host.originals().join(saved);
    let file = std::fs::File::open(&path).map_err(Error::io(format!("cannot open {}", path.display())))?;
    Ok(Box::new(file))
}
