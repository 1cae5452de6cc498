//! One run at a time on a host.

use crate::clock::Clock;
use crate::error::{Error, Result};
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The host's lock; it is free again when this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock `lock` of the state directory, waiting at most `patience`. `None`: another run holds it.
    pub fn take(state: &Path, clock: &dyn Clock, patience: Duration) -> Result<Option<Self>> {
        let path = state.join("lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = match open {
            // Reading is possible on a read-only file system, too.
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => File::open(&path),
            open => open,
        };
        let file = file.map_err(Error::io(format!("cannot open {}", path.display())))?;
        let start = clock.ticks();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(Error::io(format!("cannot lock {}", path.display()))(error)),
            }
            if clock.ticks().saturating_sub(start) >= patience {
                return Ok(None);
            }
            clock.sleep(Duration::from_millis(50));
        }
    }
}
