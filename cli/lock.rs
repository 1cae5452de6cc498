//! `.cmc/lock`: one writing cmc at a time in a fleet's directory.

use crate::exit::{Failure, io};
use crate::terminal::Terminal;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to wait for the holder.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before saying so.
const SILENCE: Duration = Duration::from_millis(300);

/// The lock; released when dropped, or when the process ends however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock of a fleet for a command, or says who holds it.
pub(crate) fn take(fleet: &Path, command: &str, terminal: &Terminal) -> Result<Lock, Failure> {
    let dir = fleet.join(".cmc");
    std::fs::create_dir_all(&dir).map_err(|error| io("create", &dir, &error))?;
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(|error| io("open", &path, &error))?;
    let start = Instant::now();
    let mut said = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(io("lock", &path, &error)),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                if !said && start.elapsed() > SILENCE {
                    said = true;
                    terminal.say(&format!("waiting for {}", holder(&mut file)));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let (holder, fleet) = (holder(&mut file), fleet.display());
                return Err(Failure::failed(format!("{holder} is at work in {fleet}"))
                    .help("wait for it to end, then try again; nothing was changed"));
            }
        }
    }
    let holder = format!("`cmc {command}` (process {})\n", std::process::id());
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
    written.map_err(|error| io("write", &path, &error))?;
    Ok(Lock { _file: file })
}

/// Who says to hold the lock.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut holder));
    if holder.trim().is_empty() { "another cmc".to_owned() } else { holder.trim().to_owned() }
}
