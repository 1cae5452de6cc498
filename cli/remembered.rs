//! `.cmc/cache/validators/`: what programs said of what they were shown, so that a second build runs none of them again.

use crate::durable;
use cmc_types::Blake3;
use cmc_validators::Memory;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What no build asked for in this time is forgotten.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// The folder; a file for each run, named by its key.
#[derive(Debug)]
pub(crate) struct Remembered {
    folder: PathBuf,
}

impl Remembered {
    /// The folder of a fleet; `None` if it cannot be made, in which case nothing is remembered.
    pub(crate) fn open(fleet: &Path) -> Option<Self> {
        let folder = fleet.join(".cmc/cache/validators");
        std::fs::create_dir_all(&folder).ok()?;
        Some(Self { folder })
    }

    /// Forgets what was not asked for in a long time.
    pub(crate) fn prune(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).ok();
            if age.and_then(|time| SystemTime::now().duration_since(time).ok()).is_some_and(|age| age > KEPT)
            {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Memory for Remembered {
    fn recall(&self, key: &Blake3) -> Option<Vec<u8>> {
        let path = self.folder.join(key.to_string());
        let said = std::fs::read(&path).ok()?;
        // It was asked for. Where that cannot be noted it is forgotten the sooner.
        let _ = File::options().write(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(said)
    }

    fn keep(&self, key: &Blake3, said: &[u8]) {
        // Where it cannot be kept, the program is run again.
        let _ = durable::write(&self.folder.join(key.to_string()), said, 0o600);
    }
}
