//! Files of the host's own state: written beside, synced, renamed, and the directory synced, so that a reader after
//! a crash or power cut finds the old content or the new, never a part. This is for the state directory only, which
//! nobody but the fetcher writes; files of bundles go through [`crate::root`].

use crate::error::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Largest file of state that is read, in bytes.
const LIMIT: u64 = 64 << 20;

/// Writes a private file (0600) whole and durably.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_mode(path, bytes, 0o600, true)
}

/// Writes a file whole; `durable` syncs it and its directory.
pub fn write_mode(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> Result<()> {
    let temporary = temporary(path);
    let context = || format!("cannot write {}", path.display());
    let result = (|| {
        remove(&temporary)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)
            .map_err(Error::io(context()))?;
        file.write_all(bytes).map_err(Error::io(context()))?;
        if durable {
            file.sync_all().map_err(Error::io(context()))?;
        }
        fs::rename(&temporary, path).map_err(Error::io(context()))
    })();
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
        return result;
    }
    if durable { sync_dir(parent(path)) } else { Ok(()) }
}

/// Writes a value as JSON.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::Failed(format!("cannot write {}: {error}", path.display())))?;
    bytes.push(b'\n');
    write(path, &bytes)
}

/// Reads a file of state; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let context = || format!("cannot read {}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(context())(error)),
    };
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(Error::io(context()))?;
    match bytes.len() as u64 > LIMIT {
        true => Err(too_large(path, LIMIT)),
        false => Ok(Some(bytes)),
    }
}

fn too_large(path: &Path, limit: u64) -> Error {
    Error::Failed(format!("{} has more than {limit} bytes", path.display()))
}

/// Reads a JSON file of state; `None` if there is none, an error if it does not parse.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| Error::Failed(format!("{} is damaged: {error}", path.display())))
}

/// Reads a JSON file of state whose `format` this program knows up to `newest`.
pub fn read_versioned<T: DeserializeOwned>(path: &Path, newest: u32) -> Result<Option<T>> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    if let Ok(Some(Format { format })) = read_json(path)
        && format > newest
    {
        let path = path.display();
        return Err(Error::refused(
            "newer-format",
            format!("{path} has format {format}: a newer cmc-fetch made it; run that one again"),
        ));
    }
    read_json(path)
}

/// Removes a file if it is there.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(format!("cannot remove {}", path.display()))(error)),
    }
}

/// Makes a private directory (0700). One that is there already must be ours, and nobody else may write in it: what
/// lies in it is believed, and installed as root.
pub fn make_dir(path: &Path) -> Result<()> {
    let context = || format!("cannot make {}", path.display());
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::ReadOnlyFilesystem) => {}
        Err(error) => return Err(Error::io(context())(error)),
    }
    let meta = fs::symlink_metadata(path).map_err(Error::io(context()))?;
    let refuse = |problem: &str| {
        let path = path.display();
        let text =
            format!("{path} {problem}: look at what is in it, then chown and chmod 700 it, or remove it");
        Err(Error::refused("state-directory", text))
    };
    if !meta.is_dir() {
        return refuse("is not a directory");
    }
    if meta.uid() != 0 && meta.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if meta.mode() & 0o022 != 0 {
        return refuse("can be written by others");
    }
    if meta.mode() & 0o077 != 0 {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    Ok(())
}

/// Reads a file of the administrator's that decides what this program does or opens, at most `limit` bytes: it must
/// belong to us or root and have no permission bit of `forbidden`, and nobody else may replace it; `right`
/// is the mode it should have.
pub fn read_trusted(path: &Path, forbidden: u32, right: u32, limit: u64) -> Result<Vec<u8>> {
    let context = || format!("cannot read {}", path.display());
    let file = File::open(path).map_err(Error::io(context()))?;
    let meta = file.metadata().map_err(Error::io(context()))?;
    if meta.uid() != 0 && meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::Config(format!("{} belongs to another user", path.display())));
    }
    let mode = meta.mode() & 0o777;
    if mode & forbidden != 0 {
        let path = path.display();
        let text =
            format!("{path} has mode {mode:04o}, so that others have access: chmod {right:04o} {path}");
        return Err(Error::Config(text));
    }
    // Who may rename in its directory decides what it is; in a sticky one that is its owner.
    let above = fs::metadata(parent(path)).map_err(Error::io(context()))?.mode();
    if above & 0o002 != 0 && above & 0o1000 == 0 {
        let above = parent(path).display();
        let text =
            format!("{above} can be written by everybody: chmod o-w {above}, then look at what is in it");
        return Err(Error::Config(text));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::io(context()))?;
    match bytes.len() as u64 > limit {
        true => Err(too_large(path, limit)),
        false => Ok(bytes),
    }
}

/// Makes renames and removals in a directory durable.
pub fn sync_dir(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(Error::io(format!("cannot sync {}", path.display())))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn temporary(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}
