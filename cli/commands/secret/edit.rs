//! `cmc secret edit`.

use crate::exit::{Failure, io};
use crate::interrupt::{Editing, Leftover};
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{fleet, lock, secrets, trust};
use cmc_types::SecretName;
use std::io::IsTerminal as _;
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
    #[command(flatten)]
    with: fleet::With,
}

/// Decrypts to a memory-backed file, edits, checks, encrypts.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let kind = super::kind_of(&args.name, directory, &args.with, terminal)?;
    let roots = trust::load(directory)?;
    // Held while the editor runs, so that nobody's change is overwritten.
    let _lock = lock::take(directory, "secret edit", terminal)?;
    let before = secrets::open(directory, &args.name, &args.keys, &roots)?.unwrap_or_default();
    let copy = InMemory::new(&before)?;
    loop {
        edit(&copy.file())?;
        let after = std::fs::read(copy.file()).map_err(|error| io("read", &copy.file(), &error))?;
        let after = without_added_break(Zeroizing::new(after), &before);
        if *after == *before {
            let document = serde_json::json!({ "secret": args.name, "changed": false });
            return terminal.done(&format!("{} is unchanged", args.name), &document);
        }
        // What was typed is not thrown away before it is stored.
        let stored = super::checked(&args.name, &after, kind)
            .and_then(|()| secrets::store(directory, &args.name, &after, &roots));
        match stored {
            Ok(()) => break,
            Err(failure) if std::io::stdin().is_terminal() => {
                failure.tell(terminal);
                terminal.err("Enter to edit again, Ctrl-C to give up:");
                let mut line = String::new();
                let read = std::io::stdin().read_line(&mut line);
                if read.map_err(|error| io("read", Path::new("standard input"), &error))? == 0 {
                    return Err(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    drop(copy);
    let line = format!("{} is set; commit secrets/{}.age", args.name, args.name);
    terminal.done(&line, &serde_json::json!({ "secret": args.name, "changed": true }))
}

/// Editors add a line break to a file of one line.
fn without_added_break(after: Zeroizing<Vec<u8>>, before: &[u8]) -> Zeroizing<Vec<u8>> {
    let ends_in_break = after.last() == Some(&b'\n') && before.last() != Some(&b'\n');
    let single_line = after.iter().filter(|byte| **byte == b'\n').count() == 1;
    match after.split_last() {
        Some((_, line)) if ends_in_break && single_line => Zeroizing::new(line.to_vec()),
        _ => after,
    }
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
    let failed = |error: std::io::Error| Failure::failed(format!("could not start {editor}: {error}"));
    let _editing = Editing::new();
    let (mut child, _leftover) = Leftover::child(&mut command).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::failed(format!("{editor} ended with {status}; nothing was changed")))
    }
}

/// A private directory on a file system in memory, with one file; both go when it is dropped.
struct InMemory {
    dir: PathBuf,
    _leftover: Leftover,
}

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
        let dir = base.join(format!("cmc-secret-{}-{}", std::process::id(), fleet::now()));
        let make = || std::fs::DirBuilder::new().mode(0o700).create(&dir);
        let leftover = Leftover::directory(dir.clone(), make).map_err(|error| io("create", &dir, &error))?;
        let copy = Self { dir, _leftover: leftover };
        crate::durable::create(&copy.file(), content, 0o600)?;
        Ok(copy)
    }

    fn file(&self) -> PathBuf {
        self.dir.join("value")
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
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
