//! Which files a change of bundles calls for, given what lies on the disk. Nothing is changed here.
//!
//! A path that belongs to nobody yet and differs is foreign: its content is saved as the *original*, and comes back
//! when the path is released. A path of ours that was edited has *drifted*: the edited copy is saved and named. A
//! path that is released and was edited stays as it is.

use crate::block;
use crate::error::{Error, Result};
use crate::event::{Events, Level};
use crate::host::Host;
pub use crate::journal::Change;
use crate::journal::Edits;
use crate::originals;
use crate::root::{FileSeen, Parent, Seen};
use crate::state::{Original, State};
use cmc_bundles::bundle::BundleJson;
use cmc_types::check::{FileEntry, FileKind};
use cmc_types::{Blake3, ServiceName, UnixPath};
use std::collections::{BTreeMap, BTreeSet};

/// The largest file that a block is put in, in bytes.
pub const BLOCK_FILE: u64 = 16 << 20;

/// A service that goes from one bundle to another.
#[derive(Debug, Clone)]
pub struct Move {
    /// The service.
    pub service: ServiceName,
    /// The bundle that is installed.
    pub from: Option<(Blake3, BundleJson)>,
    /// The bundle that is wanted.
    pub to: Option<(Blake3, BundleJson)>,
    /// Bundles of the services that it needs.
    pub needs: BTreeMap<ServiceName, Blake3>,
    /// Whether all its commands run.
    pub force: bool,
    /// Whether it is frozen: nothing of it may change.
    pub held: bool,
}

/// Where the content of a new file comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// There is none: a link, or nothing is to be there.
    None,
    /// A bundle of the cache.
    Bundle(Blake3, Box<FileEntry>),
    /// `originals/NAME`.
    Saved(String),
    /// These bytes: a file with managed blocks.
    Bytes(Vec<u8>),
}

/// What has to change.
#[derive(Debug, Default)]
pub struct Changes {
    /// The changes: creations, then replacements, then deletions.
    pub list: Vec<(Change, Source)>,
    /// Paths whose present content is to be saved first.
    pub save: BTreeSet<UnixPath>,
    /// What success changes in the state.
    pub edits: Edits,
    /// Directories to make, top-down.
    pub make: Vec<String>,
    /// Directories that may be empty afterwards, bottom-up.
    pub prune: Vec<String>,
    /// What is worth saying.
    pub events: Events,
}

/// Who claims a path, before and after.
#[derive(Default)]
struct Claim<'a> {
    old: Option<(&'a Move, &'a FileEntry)>,
    new: Option<(&'a Move, &'a FileEntry)>,
    old_blocks: Vec<(&'a Move, &'a FileEntry)>,
    new_blocks: Vec<(&'a Move, &'a FileEntry)>,
}

/// Compares what lies on the disk with what the moves want.
pub fn find(host: &Host<'_>, state: &State, moves: &[Move]) -> Result<Changes> {
    let mut claims: BTreeMap<UnixPath, Claim<'_>> = BTreeMap::new();
    for one in moves {
        for entry in one.from.iter().flat_map(|(_, json)| &json.files) {
            let claim = claims.entry(entry.path.clone()).or_default();
            match entry.kind {
                FileKind::Block => claim.old_blocks.push((one, entry)),
                _ => claim.old = Some((one, entry)),
            }
        }
        for entry in one.to.iter().flat_map(|(_, json)| &json.files) {
            let claim = claims.entry(entry.path.clone()).or_default();
            if claim.new.is_some() || (entry.kind != FileKind::Block && !claim.new_blocks.is_empty()) {
                return Err(Error::refused(
                    "path-claimed-twice",
                    format!("{} is claimed by two services of this host", entry.path),
                ));
            }
            match entry.kind {
                FileKind::Block => claim.new_blocks.push((one, entry)),
                _ => claim.new = Some((one, entry)),
            }
        }
    }
    let mut finder = Finder { host, state, out: Changes::default() };
    for (path, claim) in &claims {
        finder.path(path, claim)?;
    }
    finder.finish()
}

/// Whether what lies there is what an entry wants; owners are compared where they are applied.
pub fn matches(host: &Host<'_>, entry: &FileEntry, seen: &Seen) -> Result<bool> {
    Ok(match (entry.kind, seen) {
        (FileKind::Absent, Seen::Missing) => true,
        (FileKind::Link, Seen::Link(target)) => entry.target.as_deref() == Some(target),
        (FileKind::File, Seen::File(file)) => {
            same_content(entry, seen)
                && entry.mode.is_none_or(|mode| u32::from(mode.bits()) == file.mode)
                && (!host.owners.apply() || (owner(host, entry)? == (file.uid, file.gid)))
        }
        _ => false,
    })
}

/// Whether the content is that of an entry, whatever mode and owner are.
pub fn same_content(entry: &FileEntry, seen: &Seen) -> bool {
    match (entry.kind, seen) {
        (FileKind::Absent, Seen::Missing) => true,
        (FileKind::Link, Seen::Link(target)) => entry.target.as_deref() == Some(target),
        (FileKind::File, Seen::File(file)) => entry.b3 == Some(file.b3) && entry.size == Some(file.size),
        _ => false,
    }
}

fn owner(host: &Host<'_>, entry: &FileEntry) -> Result<(u32, u32)> {
    let about = |error: Error| Error::refused("unknown-owner", format!("{}: {error}", entry.path));
    let user = host.owners.user(entry.user.as_deref().unwrap_or("root")).map_err(about)?;
    let group = host.owners.group(entry.group.as_deref().unwrap_or("root")).map_err(about)?;
    Ok((user, group))
}

struct Finder<'a> {
    host: &'a Host<'a>,
    state: &'a State,
    out: Changes,
}

impl Finder<'_> {
    fn path(&mut self, path: &UnixPath, claim: &Claim<'_>) -> Result<()> {
        let seen = self.host.root.inspect(path)?;
        if !claim.old_blocks.is_empty() || !claim.new_blocks.is_empty() {
            return self.blocks(path, claim, &seen);
        }
        match (claim.old, claim.new) {
            (old, Some((one, entry))) => self.claimed(path, old.map(|(_, entry)| entry), one, entry, &seen),
            (Some((one, entry)), None) => self.released(path, one, entry, &seen),
            (None, None) => Ok(()),
        }
    }

    fn claimed(
        &mut self,
        path: &UnixPath,
        old: Option<&FileEntry>,
        one: &Move,
        entry: &FileEntry,
        seen: &Seen,
    ) -> Result<()> {
        if entry.kind == FileKind::File && !self.host.owners.apply() {
            let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "root".into());
            self.out.edits.owners.insert(path.clone(), (name(&entry.user), name(&entry.group)));
        }
        if matches(self.host, entry, seen)? {
            if old.is_none() && *seen != Seen::Missing {
                self.out.events.file(Level::Note, &one.service, path, "is there already, adopted as it is");
            }
            return Ok(());
        }
        self.refuse_in_the_way(path, seen)?;
        match old {
            Some(old) if *seen == Seen::Missing || same_content(old, seen) => {}
            Some(_) if same_content(entry, seen) => {}
            Some(_) => self.drifted(path, one, seen),
            None => self.foreign(path, one, seen),
        }
        let new = match entry.kind {
            FileKind::Link => Seen::Link(entry.target.clone().unwrap_or_default()),
            FileKind::Absent => Seen::Missing,
            FileKind::File | FileKind::Block => {
                let (uid, gid) = match self.host.owners.apply() {
                    true => owner(self.host, entry)?,
                    false => me(),
                };
                let (Some(b3), Some(size)) = (entry.b3, entry.size) else {
                    return Err(Error::Failed(format!("{path} has no digest")));
                };
                let mode = entry.mode.map_or(0o644, |mode| u32::from(mode.bits()));
                Seen::File(FileSeen { b3, size, mode, uid, gid })
            }
        };
        let source = match (&entry.kind, &one.to) {
            (FileKind::File, Some((digest, _))) => Source::Bundle(*digest, Box::new(entry.clone())),
            _ => Source::None,
        };
        self.change(path, one, seen, new, source)
    }

    /// A path that no bundle claims any more.
    fn released(&mut self, path: &UnixPath, one: &Move, entry: &FileEntry, seen: &Seen) -> Result<()> {
        self.out.edits.forget.insert(path.clone());
        let original = self.state.originals.get(path);
        if !same_content(entry, seen) {
            let text = match (seen, original) {
                (Seen::Missing, _) => "is gone already",
                (_, None) => "was edited and stays as it is",
                (_, Some(_)) => {
                    "was edited and stays as it is; what was there before cmc stays in originals/"
                }
            };
            self.out.events.file(Level::Change, &one.service, path, text);
            return Ok(());
        }
        let (new, source) = match original {
            None if *seen == Seen::Missing => return Ok(()),
            None => (Seen::Missing, Source::None),
            Some(Original::Link { target }) => (Seen::Link(target.clone()), Source::None),
            Some(Original::File { saved, b3, size, mode, uid, gid }) => {
                let (uid, gid) = if self.host.owners.apply() { (*uid, *gid) } else { me() };
                let file = FileSeen { b3: *b3, size: *size, mode: *mode, uid, gid };
                (Seen::File(file), Source::Saved(saved.clone()))
            }
        };
        self.change(path, one, seen, new, source)
    }

    fn blocks(&mut self, path: &UnixPath, claim: &Claim<'_>, seen: &Seen) -> Result<()> {
        let Some((one, _)) = claim.new_blocks.first().or(claim.old_blocks.first()) else { return Ok(()) };
        let base = match seen {
            Seen::Missing => Vec::new(),
            Seen::File(_) => self.host.root.read(path, BLOCK_FILE)?.unwrap_or_default(),
            Seen::Link(_) | Seen::Directory | Seen::Other => {
                return Err(Error::refused(
                    "block-target",
                    format!("{path} is not a regular file, so no managed block is put in it"),
                ));
            }
        };
        refuse_to_show(path, claim, seen)?;
        let mut text = base.clone();
        let mut edited = false;
        for (_, old) in &claim.old_blocks {
            let (Some(name), Some(b3)) = (&old.block, old.b3) else { continue };
            edited |= block::content(&base, name)?.is_some_and(|content| !is_block(content, b3));
            if !claim.new_blocks.iter().any(|(_, new)| new.block.as_ref() == Some(name)) {
                text = block::remove(&text, name)?;
            }
        }
        for (by, new) in &claim.new_blocks {
            let (Some(name), Some(b3), Some((digest, _))) = (&new.block, new.b3, &by.to) else { continue };
            if block::content(&text, name)?.is_some_and(|content| is_block(content, b3)) {
                continue;
            }
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut self.host.cache.content(digest, new)?, &mut content)
                .map_err(Error::io(format!("cannot read the block {}", name.name)))?;
            if blake3::hash(&content).as_bytes() != b3.as_bytes() {
                return Err(Error::Failed(format!("the cached block {} is damaged", name.name)));
            }
            text = block::put(&text, name, &content)?;
        }
        if text == base {
            return Ok(());
        }
        if edited {
            self.drifted(path, one, seen);
        }
        if text.is_empty() && self.state.created.contains(path) {
            self.out.edits.forget.insert(path.clone());
            return self.change(path, one, seen, Seen::Missing, Source::None);
        }
        if *seen == Seen::Missing {
            self.out.edits.created.insert(path.clone());
        }
        let modes = claim.new_blocks.iter().filter_map(|(_, new)| new.mode);
        let mode = modes.fold(0o644, |mode, wanted| mode & u32::from(wanted.bits()));
        let (mode, uid, gid) = match seen {
            Seen::File(file) => (file.mode, file.uid, file.gid),
            _ if self.host.owners.apply() => (mode, 0, 0),
            _ => (mode, me().0, me().1),
        };
        let b3 = Blake3(*blake3::hash(&text).as_bytes());
        let file = FileSeen { b3, size: text.len() as u64, mode, uid, gid };
        self.change(path, one, seen, Seen::File(file), Source::Bytes(text))
    }

    fn drifted(&mut self, path: &UnixPath, one: &Move, seen: &Seen) {
        self.keep(path, one, seen, "was edited");
    }

    fn foreign(&mut self, path: &UnixPath, one: &Move, seen: &Seen) {
        if let Some(original) = originals::describe(path, seen) {
            if !self.state.originals.contains_key(path) {
                self.out.edits.originals.insert(path.clone(), original);
            }
            self.keep(path, one, seen, "was there before");
        }
    }

    fn keep(&mut self, path: &UnixPath, one: &Move, seen: &Seen, why: &str) {
        let text = match seen {
            Seen::File(file) => {
                self.out.save.insert(path.clone());
                let saved = self.host.originals().join(originals::saved_name(path, &file.b3));
                format!("{why}; a copy is kept in {}", saved.display())
            }
            Seen::Link(target) => format!("{why}: a link to {target}"),
            Seen::Missing | Seen::Directory | Seen::Other => return,
        };
        self.out.events.file(Level::Change, &one.service, path, text);
    }

    fn refuse_in_the_way(&self, path: &UnixPath, seen: &Seen) -> Result<()> {
        match seen {
            Seen::Directory => {
                Err(Error::refused("directory-in-the-way", format!("{path} is a directory, not a file")))
            }
            Seen::Other => {
                Err(Error::refused("special-file-in-the-way", format!("{path} is a device, pipe or socket")))
            }
            Seen::Missing | Seen::File(_) | Seen::Link(_) => Ok(()),
        }
    }

    fn change(&mut self, path: &UnixPath, one: &Move, seen: &Seen, new: Seen, source: Source) -> Result<()> {
        let stage = match self.host.root.parent(path)? {
            Parent::Found(_) => path.parent().to_owned(),
            Parent::Missing { .. } if new == Seen::Missing => return Ok(()),
            Parent::Missing { at, missing, .. } => {
                for dir in missing {
                    if !self.out.make.contains(&dir) {
                        self.out.make.push(dir);
                    }
                }
                at
            }
        };
        if new == Seen::Missing {
            let mut above = path.parent();
            while self.state.directories.contains(above) {
                if !self.out.prune.iter().any(|dir| dir == above) {
                    self.out.prune.push(above.to_owned());
                }
                above = match above.rfind('/') {
                    Some(0) | None => "/",
                    Some(i) => &above[..i],
                };
            }
        }
        let change =
            Change { path: path.clone(), service: one.service.clone(), old: seen.clone(), new, stage };
        self.out.list.push((change, source));
        Ok(())
    }

    fn finish(mut self) -> Result<Changes> {
        self.out.list.sort_by_key(|(change, _)| match (&change.old, &change.new) {
            (Seen::Missing, _) => 0,
            (_, Seen::Missing) => 2,
            _ => 1,
        });
        self.out.make.sort();
        self.out.prune.sort_by(|a, b| b.cmp(a));
        Ok(self.out)
    }
}

/// Refuses a block that not everybody may read in a file that everybody may.
fn refuse_to_show(path: &UnixPath, claim: &Claim<'_>, seen: &Seen) -> Result<()> {
    let Seen::File(file) = seen else { return Ok(()) };
    let secret = |entry: &FileEntry| entry.mode.is_some_and(|mode| !mode.world_readable());
    match claim.new_blocks.iter().find(|(_, new)| secret(new)) {
        Some((one, _)) if file.mode & 0o004 != 0 => Err(Error::refused(
            "block-readable",
            format!(
                "{path} is readable by everybody, and the managed block of {} holds a secret; take that mode \
                 away first",
                one.service
            ),
        )),
        _ => Ok(()),
    }
}

/// A block's content on disk ends with a newline even if the bundle's does not.
pub fn is_block(content: &[u8], b3: Blake3) -> bool {
    let equal = |bytes: &[u8]| blake3::hash(bytes).as_bytes() == b3.as_bytes();
    equal(content) || content.strip_suffix(b"\n").is_some_and(equal)
}

fn me() -> (u32, u32) {
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}
