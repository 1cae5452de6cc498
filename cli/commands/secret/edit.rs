//! `cmc secret edit`.

use crate::exit::{Failure, io};
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{lock, secrets, trust};
use cmc_bundles::secretfile;
use cmc_types::SecretName;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Edit a secret in $VISUAL or $EDITOR, on a copy that lies in memory only
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  EDITOR=vi cmc secret edit tls_key")]
pub(crate) struct Args {
    /// The secret
    name: SecretName,
    #[command(flatten)]
    keys: KeyArgs,
}

/// Decrypts to a memory-backed file, edits, checks, encrypts.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let kind = super::kind_of(&args.name, directory, terminal)?;
    let roots = trust::load(directory)?;
    let path = secrets::file(directory, &args.name);
    let before = match std::fs::read(&path) {
        Ok(sealed) => {
            let identities = args.keys.identities(roots.newest().fleet_id())?;
            secretfile::decrypt(&sealed, &identities, &path.display().to_string())?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Zeroizing::new(Vec::new()),
        Err(error) => return Err(io("read", &path, &error)),
    };
    let copy = InMemory::new(&before)?;
    edit(&copy.file())?;
    let after = Zeroizing::new(std::fs::read(copy.file()).map_err(|error| io("read", &copy.file(), &error))?);
    drop(copy);
    if *after == *before {
        let document = serde_json::json!({ "secret": args.name, "changed": false });
        return terminal.done(&format!("{} is unchanged", args.name), &document);
    }
    let ends_in_break = after.last() == Some(&b'\n') && before.last() != Some(&b'\n');
    let single_line = after.iter().filter(|byte| **byte == b'\n').count() == 1;
    // Editors add a line break to a file of one line.
    let after = match after.split_last() {
        Some((_, line)) if ends_in_break && single_line => Zeroizing::new(line.to_vec()),
        _ => after,
    };
    super::checked(&args.name, &after, kind)?;
    let _lock = lock::take(directory, "secret edit")?;
    secrets::store(directory, &args.name, &after, &roots)?;
    let line = format!("{} is set; commit secrets/{}.age", args.name, args.name);
    terminal.done(&line, &serde_json::json!({ "secret": args.name, "changed": true }))
}

fn edit(file: &Path) -> Result<(), Failure> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    let editor = editor.ok_or_else(|| {
        Failure::failed("neither VISUAL nor EDITOR is set").help("EDITOR=vi cmc secret edit …")
    })?;
    // As git does: the variable may hold arguments.
    let mut command = std::process::Command::new("/bin/sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(&editor).arg(file);
    let status =
        command.status().map_err(|error| Failure::failed(format!("could not start {editor}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::failed(format!("{editor} ended with {status}; nothing was changed")))
    }
}

/// A private directory on a file system in memory, with one file; both go when it is dropped.
struct InMemory(PathBuf);

impl InMemory {
    fn new(content: &[u8]) -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let candidates =
            [std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from), Some(PathBuf::from("/dev/shm"))];
        let base = candidates.into_iter().flatten().find(|dir| in_memory(dir)).ok_or_else(|| {
            Failure::failed(
                "no directory in memory for the copy: neither XDG_RUNTIME_DIR nor /dev/shm is a tmpfs",
            )
            .help("use `cmc secret set`, which reads standard input")
        })?;
        let dir = base.join(format!("cmc-secret-{}-{}", std::process::id(), crate::fleet::now()));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&dir);
        made.map_err(|error| io("create", &dir, &error))?;
        let copy = Self(dir);
        crate::durable::create(&copy.file(), content, 0o600)?;
        Ok(copy)
    }

    fn file(&self) -> PathBuf {
        self.0.join("value")
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the directory lies on a tmpfs or ramfs, by the table of mounts.
fn in_memory(dir: &Path) -> bool {
    let Ok(dir) = dir.canonicalize() else { return false };
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (point, kind) = (fields.nth(1)?, fields.next()?);
        dir.starts_with(point).then_some((point.len(), kind == "tmpfs" || kind == "ramfs"))
    });
    mounts.max_by_key(|(length, _)| *length).is_some_and(|(_, memory)| memory)
}
