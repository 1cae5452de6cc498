//! `cmc try`: the main job, told in commands that anybody could type, on three hosts that are directories.

mod hosts;
mod responder;
mod story;

use crate::exit::{Failure, io};
use crate::interrupt::Leftover;
use crate::terminal::Terminal;
use std::path::{Path, PathBuf};

/// Show the main job on three hosts that are directories: no root, no cloud, no editor
///
/// Debian with systemd, OpenBSD and Alpine with OpenRC get one service. A mistake is found before anything is built, a
/// bad change is rolled back by the hosts. Init systems are simulated; everything else is real.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc try\n  cmc try --keep /tmp/try     leaves fleet, store and hosts to look at"
)]
pub(crate) struct Args {
    /// Keep everything in this directory, which must be empty or absent
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Plays the story in a directory that is removed afterwards, unless it is to be kept.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    match &args.keep {
        Some(dir) => {
            let empty = std::fs::read_dir(dir).map(|mut entries| entries.next().is_none()).unwrap_or(true);
            if !empty {
                return Err(Failure::failed(format!("{} is not empty", dir.display()))
                    .help("name a directory that does not exist yet"));
            }
            let make = || std::fs::create_dir_all(dir);
            let _half = Leftover::directory(dir.clone(), make).map_err(|error| io("create", dir, &error))?;
            let dir = dir.canonicalize().map_err(|error| io("find", dir, &error))?;
            story::tell(&dir, true, terminal)
        }
        None => {
            let dir = Temporary::new()?;
            story::tell(&dir.dir, false, terminal)
        }
    }
}

/// A private directory that goes with the process.
struct Temporary {
    dir: PathBuf,
    _leftover: Leftover,
}

impl Temporary {
    fn new() -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let dir = std::env::temp_dir().join(format!("cmc-try-{}", std::process::id()));
        let make = || std::fs::DirBuilder::new().mode(0o700).create(&dir);
        let leftover = Leftover::directory(dir.clone(), make).map_err(|error| io("create", &dir, &error))?;
        Ok(Self { dir, _leftover: leftover })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Writes a text file of the story, making its directories.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| io("create", parent, &error))?;
    }
    crate::durable::write(path, text.as_bytes(), mode)
}
