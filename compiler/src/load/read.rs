//! Reads definition files within limits. Whatever cannot be read is reported and left out.

use super::{Extra, FLEET_FILE, Input, Limits, Loaded, whole_file};
use cmc_types::{Blake3, Diagnostic, FileId, Place, Span, codes};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Reads files below one directory.
pub(super) struct Reader<'a> {
    dir: PathBuf,
    limits: &'a Limits,
}

impl<'a> Reader<'a> {
    pub(super) fn new(dir: &Path, limits: &'a Limits) -> Self {
        Self { dir: dir.to_owned(), limits }
    }

    /// Reads `fleet.toml`, which must be there.
    pub(super) fn fleet_file(&mut self, loaded: &mut Loaded) -> Option<FileId> {
        match std::fs::symlink_metadata(self.dir.join(FLEET_FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                unreadable(loaded, FLEET_FILE, "there is no `fleet.toml` in this directory")
                    .help("`cmc init DIR` writes a first fleet; `-C DIR` says where a fleet is");
                None
            }
            _ => self.file(FLEET_FILE, loaded),
        }
    }

    /// Reads a file by its path relative to the directory.
    pub(super) fn file(&mut self, path: &str, loaded: &mut Loaded) -> Option<FileId> {
        match self.bytes(&self.dir.join(path)) {
            Ok(bytes) => text(path, bytes, loaded),
            Err(problem) => {
                unreadable(loaded, path, &format!("`{path}` {problem}"));
                None
            }
        }
    }

    /// Takes a definition from elsewhere.
    pub(super) fn extra(&mut self, extra: &Extra, loaded: &mut Loaded) -> Option<FileId> {
        if extra.bytes.len() as u64 > self.limits.file_bytes {
            unreadable(loaded, &extra.name, &format!("`{}` {}", extra.name, self.too_large()));
            return None;
        }
        text(&extra.name, extra.bytes.clone(), loaded)
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        let io = |error: std::io::Error| format!("cannot be read: {}", plain(&error));
        // Opening a pipe or device could block or act, so the kind is looked at first.
        let metadata = std::fs::metadata(path).map_err(io)?;
        if metadata.is_dir() {
            return Err("is a directory, not a file".into());
        }
        if !metadata.is_file() {
            return Err("is not a regular file".into());
        }
        let file = std::fs::File::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        file.take(self.limits.file_bytes + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > self.limits.file_bytes {
            return Err(self.too_large());
        }
        Ok(bytes)
    }

    fn too_large(&self) -> String {
        format!("is larger than {} bytes, more than cmc reads of one definition file", self.limits.file_bytes)
    }
}

/// An operating system's error without its number, which differs between systems.
pub(super) fn plain(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "no such file; if it is a link, what it points to is not there".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

/// Records that a file could not be read.
pub(super) fn unreadable<'l>(loaded: &'l mut Loaded, path: &str, message: &str) -> Help<'l> {
    let file = loaded.sources.add(path, "");
    loaded.incomplete = true;
    loaded.diagnostics.push(Diagnostic::new(codes::UNREADABLE_FILE, message).at(whole_file(file), ""));
    Help(&mut loaded.diagnostics)
}

/// Lets a help text be added to the diagnostic just recorded.
pub(super) struct Help<'l>(&'l mut Vec<Diagnostic>);

impl Help<'_> {
    pub(super) fn help(self, help: &str) {
        if let Some(last) = self.0.last_mut() {
            last.help = Some(help.to_owned());
        }
    }
}

fn text(path: &str, bytes: Vec<u8>, loaded: &mut Loaded) -> Option<FileId> {
    loaded.inputs.push(Input { path: path.to_owned(), b3: Blake3(*blake3::hash(&bytes).as_bytes()) });
    if bytes.contains(&0) {
        unreadable(loaded, path, &format!("`{path}` is a binary file: it holds zero bytes"));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let empty = text.trim().is_empty() && path.ends_with(".toml");
            let file = loaded.sources.add(path, text);
            if empty {
                loaded.diagnostics.push(
                    Diagnostic::new(codes::EMPTY_FILE, format!("`{path}` is empty"))
                        .at(whole_file(file), "")
                        .help("remove it, or write its definitions"),
                );
            }
            Some(file)
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[valid];
            // What comes before the bad byte is valid and shows where it is.
            let head = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            let file = loaded.sources.add(path, head);
            let place = Place { file, span: Span::new(valid, valid) };
            loaded.incomplete = true;
            loaded.diagnostics.push(
                Diagnostic::new(codes::UNREADABLE_FILE, format!("`{path}` is not UTF-8 text"))
                    .at(place, format!("byte 0x{byte:02x} begins no UTF-8 character"))
                    .help("definitions are UTF-8; `iconv -f latin1 -t utf-8` converts an old file"),
            );
            None
        }
    }
}
