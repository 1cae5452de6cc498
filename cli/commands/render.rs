//! `cmc render`.

use crate::exit::{FINDINGS, Failure, USAGE, io};
use crate::fleet;
use crate::interrupt::{self, Leftover};
use crate::terminal::{Terminal, count};
use cmc_types::check::{Block, FileKind};
use cmc_types::plan::{Content, PlannedFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Write a host's files to a directory, to look at them
///
/// Secrets are rendered as dummies of their types. Owners are not applied; modes are. Managed blocks stand between their
/// markers, without what others have in the file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc render web1 --out /tmp/web1\n  diff -r /tmp/web1/etc /etc")]
pub(crate) struct Args {
    /// The host
    host: String,
    /// Directory that gets each file at OUT/its/absolute/path; new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    with: fleet::With,
}

/// Compiles and writes the files.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let compiled = fleet::compile(directory, &args.with, Arc::new(cmc_compiler::Dummies), terminal)?;
    let Some(plan) = compiled.plan.filter(|_| !compiled.findings.has_errors()) else {
        compiled.findings.show(terminal, serde_json::json!({}))?;
        return Err(Failure::shown(FINDINGS));
    };
    let host = plan.host(&args.host).ok_or_else(|| {
        let names: Vec<_> = plan.hosts.iter().map(|host| host.host.as_str()).collect();
        Failure::new(USAGE, format!("the fleet has no host {:?}", args.host))
            .help(format!("it has: {}", names.join(", ")))
    })?;
    refuse_used(&args.out)?;
    let dummies = host.files().filter(|(_, file)| file.tainted).count();
    let written = whole(&args.out, || {
        let files = host.files().map(|(_, file)| write(file, directory, &args.out));
        let mut written = files.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        // Blocks of several services are one file.
        written.sort();
        written.dedup();
        Ok(written)
    })?;
    if dummies > 0 {
        terminal.warn(&format!(
            "{} made with dummies in place of secrets: publish renders the real values",
            count(dummies, "file")
        ));
    }
    if terminal.is_json() {
        let document = serde_json::json!({ "host": args.host, "files": written, "dummies": dummies });
        return terminal.document(&document);
    }
    terminal.say(&format!("{} of {} in {}", count(written.len(), "file"), args.host, args.out.display()));
    Ok(())
}

/// Refuses a directory in which something is: a link in it could lead the host's files anywhere.
fn refuse_used(out: &Path) -> Result<(), Failure> {
    let mut entries = match std::fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("read", out, &error)),
    };
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(Failure::failed(format!("{} is not empty", out.display()))
            .help("render into a directory that is new, or empty it first")),
    }
}

/// Fills an empty directory, which is as it was if that fails or is interrupted.
fn whole<T>(out: &Path, fill: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let is_new = !out.exists();
    let make = || std::fs::create_dir_all(out);
    let left = match is_new {
        true => Leftover::directory(out.to_owned(), make),
        false => Leftover::contents(out.to_owned()),
    };
    let _left = left.map_err(|error| io("create", out, &error))?;
    let filled = fill();
    if filled.is_err() {
        if is_new {
            let _ = std::fs::remove_dir_all(out);
        } else {
            interrupt::empty(out);
        }
    }
    filled
}

/// Adds a managed block to what other services have in the same file, as a host would.
fn write_block(block: &Block, content: &[u8], path: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    let mut target = interrupt::within(|| options.append(true).create(true).open(path))?;
    let feed = if content.is_empty() || content.ends_with(b"\n") { "" } else { "\n" };
    let lines = [format!("{}\n", block.begin()), format!("{feed}{}\n", block.end())];
    target.write_all(&[lines[0].as_bytes(), content, lines[1].as_bytes()].concat())
}

/// Writes one file; `None` for what has no content of its own.
fn write(file: &PlannedFile, fleet: &Path, out: &Path) -> Result<Option<PathBuf>, Failure> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let path = out.join(file.entry.path.relative());
    if file.entry.kind == FileKind::Absent {
        return Ok(None);
    }
    if let Some(parent) = path.parent() {
        interrupt::within(|| std::fs::create_dir_all(parent))
            .map_err(|error| io("create", parent, &error))?;
    }
    let failed = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::failed(format!("{} exists already", path.display()))
            .help("render into a directory that is new, or empty it first"),
        _ => io("write", &path, error),
    };
    if file.entry.kind == FileKind::Link {
        let target = file.entry.target.as_deref().unwrap_or_default();
        interrupt::within(|| std::os::unix::fs::symlink(target, &path)).map_err(|error| failed(&error))?;
        return Ok(Some(path));
    }
    if let Some(block) = &file.entry.block {
        let source;
        let content = match &file.content {
            Content::Source { path, .. } => {
                source =
                    std::fs::read(fleet.join(path)).map_err(|error| io("read", &fleet.join(path), &error))?;
                &source[..]
            }
            Content::Bytes(bytes) => bytes,
            Content::None => &[],
        };
        write_block(block, content, &path).map_err(|error| io("write", &path, &error))?;
        return Ok(Some(path));
    }
    let mode = file.entry.mode.map_or(0o644, |mode| u32::from(mode.bits()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut target = interrupt::within(|| options.open(&path)).map_err(|error| failed(&error))?;
    match &file.content {
        Content::None => {}
        Content::Bytes(bytes) => {
            std::io::Write::write_all(&mut target, bytes).map_err(|error| failed(&error))?;
        }
        Content::Source { path: source, .. } => {
            let source = fleet.join(source);
            let mut source = std::fs::File::open(&source).map_err(|error| io("read", &source, &error))?;
            std::io::copy(&mut source, &mut target).map_err(|error| failed(&error))?;
        }
    }
    target.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(|error| failed(&error))?;
    Ok(Some(path))
}
