//! Reading payload below the fleet's directory: never outside it, never more than allowed, never a directory.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// The name, or a symbolic link, leads outside.
    #[error("it lies outside")]
    Outside,
    /// It is a directory.
    #[error("it is a directory")]
    Directory,
    /// It is neither a file nor a directory: a device, a pipe, a socket.
    #[error("it is not a regular file")]
    Special,
    /// It is too large.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It is no text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// It holds zero bytes.
    #[error("it is a binary file: it holds zero bytes")]
    Binary,
    /// The system refuses.
    #[error("{0}")]
    Refused(String),
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::Missing,
            std::io::ErrorKind::PermissionDenied => Self::Refused("permission denied".to_owned()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// The file called `name` in `dir/folder`, which it must not leave by its name or by symbolic links.
pub(crate) fn below(dir: &Path, folder: &str, name: &str) -> Result<PathBuf, ReadError> {
    let relative = Path::new(name);
    let plain =
        relative.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !plain || name.contains('\0') {
        return Err(ReadError::Outside);
    }
    let base = dir.join(folder);
    let path = base.join(relative);
    // Says "missing" before "outside" for a dangling link that stays inside.
    let base = base.canonicalize()?;
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_symlink() => {
            return Err(ReadError::Refused("it is a dangling symbolic link".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    if real.starts_with(&base) { Ok(real) } else { Err(ReadError::Outside) }
}

/// Opens a regular file of at most `limit` bytes.
pub(crate) fn open(path: &Path, limit: u64) -> Result<(std::fs::File, u64), ReadError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory);
    }
    // Opening a pipe would wait for its other end.
    if !metadata.is_file() {
        return Err(ReadError::Special);
    }
    if metadata.len() > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok((std::fs::File::open(path)?, metadata.len()))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let (file, size) = open(path, limit)?;
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok(bytes)
}

/// Reads a text file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    match String::from_utf8(read_bytes(path, limit)?) {
        Ok(text) if text.contains('\0') => Err(ReadError::Binary),
        Ok(text) => Ok(text),
        Err(_) => Err(ReadError::NotText),
    }
}
