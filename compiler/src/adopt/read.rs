//! Reads a file of the root that was seen before: the same one, whole, and unchanged meanwhile.

use super::walk::{Identity, Seen};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Largest file that is adopted, in bytes: configuration is small, and what is not is no configuration.
pub(super) const LARGEST: u64 = 64 << 20;

/// How often a file that changes while it is read is tried.
const TRIES: usize = 3;

/// The bytes of a file, or what is wrong with it, as the rest of a sentence.
pub(super) fn read(root: &Path, seen: &Seen) -> Result<Vec<u8>, String> {
    let path = root.join(seen.path.relative());
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "is gone since it was listed".to_owned(),
        std::io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let mut before = seen.identity;
    for _ in 0..TRIES {
        if before.size > LARGEST {
            return Err(format!("is larger than {} MiB", LARGEST >> 20));
        }
        // Looked at again at the last moment: opening a pipe that took its place would wait.
        let metadata = std::fs::symlink_metadata(&path).map_err(failed)?;
        if !metadata.is_file() {
            return Err("changed while it was read: it is no file any more".to_owned());
        }
        let mut file = File::open(&path).map_err(failed)?;
        let opened = Identity::of(&file.metadata().map_err(failed)?);
        let mut bytes = Vec::with_capacity(usize::try_from(opened.size.min(LARGEST)).unwrap_or_default());
        (&mut file).take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        let after = Identity::of(&file.metadata().map_err(failed)?);
        // The name still leads to what was opened: a link that took its place would lead elsewhere.
        let named = Identity::of(&std::fs::symlink_metadata(&path).map_err(failed)?);
        if before == opened && opened == after && after == named && bytes.len() as u64 == after.size {
            return Ok(bytes);
        }
        before = named;
    }
    Err("changed while it was read, again and again".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::walk::{Kind, walk};
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_changed_since_it_was_listed_is_read_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        for name in ["grown", "gone", "linked", "piped"] {
            std::fs::write(etc.join(name), "old").unwrap();
        }
        std::fs::write(root.path().join("outside"), "secret").unwrap();
        let seen = walk(root.path()).unwrap().seen;
        assert!(seen.iter().all(|seen| matches!(seen.kind, Kind::File)));
        std::fs::write(etc.join("grown"), "new and longer").unwrap();
        for name in ["gone", "linked", "piped"] {
            std::fs::remove_file(etc.join(name)).unwrap();
        }
        symlink("../outside", etc.join("linked")).unwrap();
        std::fs::create_dir(etc.join("piped")).unwrap();
        let read: Vec<_> = seen.iter().map(|seen| read(root.path(), seen)).collect();
        let problem = |part: &str| Err(part.to_owned());
        assert_eq!(
            read,
            [
                problem("is gone since it was listed"),
                Ok(b"new and longer".to_vec()),
                problem("changed while it was read: it is no file any more"),
                problem("changed while it was read: it is no file any more"),
            ]
        );
    }
}
