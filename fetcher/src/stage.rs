//! Writing new files beside their targets, putting them in place, and restoring the old ones. Each function can be
//! repeated after a crash at any point within it.

use crate::changes::Source;
use crate::error::{Error, Result};
use crate::event::{Events, Level};
use crate::host::Host;
use crate::journal::{Change, Journal};
use crate::originals;
use crate::root::{FileSeen, Folder, Parent, Seen};
use crate::xattr;
use cmc_types::UnixPath;
use rustix::fs::{Gid, Mode, Uid};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};

/// Writes all new files beside their targets and keeps the old ones under a second name.
pub fn write_all(
    host: &Host<'_>,
    journal: &Journal,
    sources: &[Source],
    save: &BTreeSet<UnixPath>,
) -> Result<()> {
    for (n, change) in journal.changes.iter().enumerate() {
        (host.mark)("stage");
        let stage = host.root.folder(&change.stage)?;
        let name = change.path.file_name();
        if let Seen::File(old) = &change.old
            && save.contains(&change.path)
        {
            originals::save(host, &stage, name, &change.path, old)?;
        }
        let new = journal.new_name(n);
        stage.unlink(&new)?;
        match &change.new {
            Seen::File(want) => {
                let source = sources.get(n).unwrap_or(&Source::None);
                write(host, &stage, change, want, source, &new)?;
            }
            Seen::Link(target) => stage.symlink(target, &new)?,
            Seen::Missing | Seen::Directory | Seen::Other => {}
        }
        if change.old != Seen::Missing {
            keep(&stage, name, &journal.old_name(n), &change.old)?;
        }
    }
    sync(host, journal)
}

fn write(
    host: &Host<'_>,
    stage: &Folder,
    change: &Change,
    want: &FileSeen,
    source: &Source,
    new: &str,
) -> Result<()> {
    let context = || format!("cannot write {}", change.path);
    let mut from: Box<dyn Read + '_> = match source {
        Source::Bundle(digest, entry) => host.cache.content(digest, entry)?,
        Source::Saved(saved) => originals::open(host, saved)?,
        Source::Bytes(bytes) => Box::new(bytes.as_slice()),
        Source::None => return Err(Error::Failed(format!("{} has no content", change.path))),
    };
    let file = stage.create(new)?;
    let mut to = Hashing { file: &file, hasher: blake3::Hasher::new() };
    std::io::copy(&mut from, &mut to).map_err(Error::io(context()))?;
    if to.hasher.finalize().as_bytes() != want.b3.as_bytes() {
        return Err(Error::Failed(format!("{}: the copy kept on this host is damaged", change.path)));
    }
    if host.owners.apply() {
        chown(&file, want).map_err(Error::io(context()))?;
    }
    if matches!(change.old, Seen::File(_))
        && let Some(old) = stage.open(change.path.file_name())?
    {
        xattr::copy(&old, &file)?;
    }
    rustix::fs::fchmod(&file, mode(want.mode)).map_err(Error::io(context()))?;
    file.sync_all().map_err(Error::io(context()))
}

struct Hashing<'a> {
    file: &'a File,
    hasher: blake3::Hasher,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn mode(bits: u32) -> Mode {
    #[allow(clippy::cast_possible_truncation)]
    Mode::from_raw_mode(bits as rustix::fs::RawMode)
}

fn chown(file: &File, want: &FileSeen) -> rustix::io::Result<()> {
    rustix::fs::fchown(file, Some(Uid::from_raw(want.uid)), Some(Gid::from_raw(want.gid)))
}

/// Gives the old file a second name: a hard link where possible, so that its inode stays, else a copy.
fn keep(stage: &Folder, name: &str, old: &str, seen: &Seen) -> Result<()> {
    stage.unlink(old)?;
    if stage.hard_link(name, old)? {
        return Ok(());
    }
    match seen {
        Seen::Link(target) => stage.symlink(target, old),
        Seen::File(seen) => {
            let context = || format!("cannot keep the old {name}");
            let Some(mut from) = stage.open(name)? else {
                return Err(Error::Failed(format!("{name} vanished while it was being kept")));
            };
            let mut to = stage.create(old)?;
            std::io::copy(&mut from, &mut to).map_err(Error::io(context()))?;
            if rustix::process::geteuid().is_root() {
                chown(&to, seen).map_err(Error::io(context()))?;
            }
            xattr::copy(&from, &to)?;
            rustix::fs::fchmod(&to, mode(seen.mode)).map_err(Error::io(context()))?;
            to.sync_all().map_err(Error::io(context()))
        }
        Seen::Missing | Seen::Directory | Seen::Other => Ok(()),
    }
}

/// Puts all new files in place: directories, creations, replacements, deletions.
pub fn commit_all(host: &Host<'_>, journal: &Journal, events: &mut Events) -> Result<()> {
    for dir in &journal.make {
        (host.mark)("make");
        let path = UnixPath::parse(dir).map_err(|error| Error::Failed(format!("{dir}: {error}")))?;
        let Parent::Found(parent) = host.root.parent(&path)? else {
            return Err(Error::Failed(format!("{dir}: the directory above it is gone")));
        };
        if parent.make_dir(path.file_name())? {
            let made = host.root.folder(dir)?;
            rustix::fs::fchmod(made.fd(), mode(0o755)).map_err(Error::io(format!("cannot make {dir}")))?;
        }
        parent.sync()?;
    }
    for (n, change) in journal.changes.iter().enumerate() {
        (host.mark)("commit");
        let stage = host.root.folder(&change.stage)?;
        let target = host.root.folder(change.path.parent())?;
        let name = change.path.file_name();
        let now = target.inspect(name)?;
        if !same(&now, &change.old) {
            foreign(host, &target, change, &now, events)?;
            if matches!(now, Seen::File(_) | Seen::Link(_)) {
                keep(&target, name, &journal.old_name(n), &now)?;
            }
        }
        match change.new {
            Seen::Missing => {
                target.unlink(name)?;
            }
            _ => stage.rename(&journal.new_name(n), &target, name)?,
        }
    }
    sync(host, journal)
}

/// Content that appeared since staging: copied away, and said.
fn foreign(host: &Host<'_>, folder: &Folder, change: &Change, now: &Seen, events: &mut Events) -> Result<()> {
    let path = &change.path;
    match now {
        Seen::Missing => Ok(()),
        Seen::File(file) => {
            let saved = originals::save(host, folder, path.file_name(), path, file)?;
            let text =
                format!("changed meanwhile; a copy is kept in {}", host.originals().join(saved).display());
            events.file(Level::Alarm, &change.service, path, text);
            Ok(())
        }
        Seen::Link(target) => {
            let text = format!("became a link to {target} meanwhile, which is replaced");
            events.file(Level::Alarm, &change.service, path, text);
            Ok(())
        }
        Seen::Directory | Seen::Other => {
            Err(Error::refused("changed-meanwhile", format!("{path} is no longer a regular file or link")))
        }
    }
}

/// Restores what was there before, in reverse, and returns the paths where that was not possible. One such path holds
/// up none of the others; what lay there before is then kept in `originals/`.
pub fn restore_all(host: &Host<'_>, journal: &Journal, events: &mut Events) -> Result<BTreeSet<UnixPath>> {
    let mut unrestored = BTreeSet::new();
    for (n, change) in journal.changes.iter().enumerate().rev() {
        (host.mark)("restore");
        if let Err(error) = restore(host, change, &journal.old_name(n), events) {
            let old = journal.old_name(n);
            let kept = match rescue(host, change, &old) {
                Rescue::Nothing => String::new(),
                Rescue::Saved(saved) => {
                    format!("; what was there is kept in {}", host.originals().join(saved).display())
                }
                Rescue::Failed(why) => {
                    let folder = change.path.parent();
                    format!(
                        "; what was there stays in {folder}/{old}, since it could not be kept elsewhere: {why}"
                    )
                }
            };
            let text = format!("could not be restored: {error}{kept}");
            events.file(Level::Alarm, &change.service, &change.path, text);
            unrestored.insert(change.path.clone());
        }
    }
    for dir in journal.make.iter().rev() {
        if let Err(error) = remove_dir(host, dir) {
            events.host(Level::Alarm, format!("{dir} was made and stays: {error}"));
        }
    }
    sync(host, journal)?;
    Ok(unrestored)
}

fn restore(host: &Host<'_>, change: &Change, old: &str, events: &mut Events) -> Result<()> {
    let gone = || Error::Failed("the copy of what was there is gone".into());
    let target = match host.root.parent(&change.path)? {
        Parent::Found(target) => target,
        Parent::Missing { .. } if change.old == Seen::Missing => return Ok(()),
        Parent::Missing { .. } => return Err(gone()),
    };
    let name = change.path.file_name();
    let now = target.inspect(name)?;
    // It was never replaced, or is restored already; `clean` removes the copy.
    if now == change.old {
        return Ok(());
    }
    match now {
        Seen::Directory if target.remove_dir(name)? => {
            let text = "became an empty directory meanwhile, which is replaced";
            events.file(Level::Alarm, &change.service, &change.path, text);
        }
        Seen::Directory => return Err(Error::Failed("it became a directory meanwhile".into())),
        Seen::Other => {
            let text = "became a device, pipe or socket meanwhile, which is replaced";
            events.file(Level::Alarm, &change.service, &change.path, text);
        }
        Seen::Missing => {}
        _ if same(&now, &change.old) || same(&now, &change.new) => {}
        _ => foreign(host, &target, change, &now, events)?,
    }
    let kept = target.stat(old)?;
    match (&change.old, kept) {
        (Seen::Missing, _) => target.unlink(name).map(drop),
        (_, Some(kept)) => {
            let here = target.stat(name)?;
            // Renaming one name of an inode onto another does nothing and leaves both.
            if here.is_some_and(|here| (here.st_dev, here.st_ino) == (kept.st_dev, kept.st_ino)) {
                return target.unlink(old).map(drop);
            }
            target.rename(old, &target, name)
        }
        (_, None) if same(&now, &change.old) => Ok(()),
        (_, None) => Err(gone()),
    }
}

/// What became of the only copy of what lay at a path that cannot be restored.
enum Rescue {
    /// There is none.
    Nothing,
    /// It is in `originals/`.
    Saved(String),
    /// It stays where it is, beside the path.
    Failed(String),
}

/// Copies what lay at a path that cannot be restored to `originals/`, before [`clean`] removes it.
fn rescue(host: &Host<'_>, change: &Change, old: &str) -> Rescue {
    let Ok(Parent::Found(target)) = host.root.parent(&change.path) else { return Rescue::Nothing };
    match (target.stat(old), &change.old) {
        (Ok(None), _) => Rescue::Nothing,
        (_, Seen::File(seen)) => match originals::save(host, &target, old, &change.path, seen) {
            Ok(saved) => Rescue::Saved(saved),
            Err(error) => Rescue::Failed(error.to_string()),
        },
        _ => Rescue::Failed("it is no regular file".into()),
    }
}

/// Whether what lay at a path has no other copy than the temporary beside it.
fn is_last_copy(host: &Host<'_>, journal: &Journal, change: &Change) -> bool {
    let saved = match &change.old {
        Seen::File(seen) => originals::has(host, &change.path, seen),
        _ => false,
    };
    journal.unrestored.contains(&change.path) && !saved
}

/// Removes all temporaries but the last copy of what could not be restored; one that cannot be removed is said and
/// holds nothing up. An old file with set-id bits loses them first, in case somebody else linked to it.
pub fn clean(host: &Host<'_>, journal: &Journal, events: &mut Events) -> Result<()> {
    let mut folders = BTreeSet::new();
    for (n, change) in journal.changes.iter().enumerate() {
        for place in [change.stage.as_str(), change.path.parent()] {
            let Ok(folder) = host.root.folder(place) else { continue };
            let (new, old) = (journal.new_name(n), journal.old_name(n));
            let last = is_last_copy(host, journal, change);
            let old = if last { Ok(()) } else { remove_old(&folder, &old, change) };
            let removed = old.and_then(|()| folder.unlink(&new));
            if let Err(error) = removed {
                let text = format!("a temporary beside it stays: {error}");
                events.file(Level::Alarm, &change.service, &change.path, text);
            }
            folders.insert(place.to_owned());
        }
    }
    for place in folders {
        if let Ok(folder) = host.root.folder(&place) {
            folder.sync()?;
        }
    }
    Ok(())
}

fn remove_old(folder: &Folder, old: &str, change: &Change) -> Result<()> {
    let Some(stat) = folder.stat(old)? else { return Ok(()) };
    let replaced = folder
        .stat(change.path.file_name())?
        .is_none_or(|now| (now.st_dev, now.st_ino) != (stat.st_dev, stat.st_ino));
    // What bears the name now may be another's, put there since.
    let had_bits = matches!(&change.old, Seen::File(file) if file.mode & 0o7000 != 0);
    if replaced
        && had_bits
        && stat.st_mode & 0o7000 != 0
        && let Some(file) = folder.open(old)?
    {
        let _ = rustix::fs::fchmod(&file, mode(0o600));
    }
    folder.unlink(old).map(drop)
}

/// Removes a directory if it is empty; whether it is gone.
pub fn remove_dir(host: &Host<'_>, dir: &str) -> Result<bool> {
    let Ok(path) = UnixPath::parse(dir) else { return Ok(false) };
    match host.root.parent(&path)? {
        Parent::Found(parent) => parent.remove_dir(path.file_name()),
        Parent::Missing { .. } => Ok(true),
    }
}

fn sync(host: &Host<'_>, journal: &Journal) -> Result<()> {
    let mut places = BTreeSet::new();
    for change in &journal.changes {
        places.insert(change.stage.as_str());
        places.insert(change.path.parent());
    }
    for place in places {
        if let Ok(folder) = host.root.folder(place) {
            folder.sync()?;
        }
    }
    Ok(())
}

/// Whether two things have the same content; modes and owners are not compared.
fn same(a: &Seen, b: &Seen) -> bool {
    match (a, b) {
        (Seen::File(a), Seen::File(b)) => a.b3 == b.b3 && a.size == b.size,
        _ => a == b,
    }
}
