//! A host's rendered tree, with content in memory.

use super::{Settings, ValidateError};
use crate::sandbox::{Entry, What};
use cmc_types::check::FileKind;
use cmc_types::plan::{Checks, Content, Format, HostPlan, PlannedFile};
use cmc_types::{Blake3, Bytes, UnixPath};
use std::collections::HashMap;

/// Files larger than this, in bytes, are shown hollow unless they are the program that runs.
const LARGE: u64 = 4 << 20;

/// One path of a host.
#[derive(Clone)]
pub(super) struct TreeFile {
    pub(super) path: UnixPath,
    pub(super) shape: Shape,
    pub(super) tainted: bool,
    pub(super) format: Format,
    pub(super) checks: Checks,
    /// Whether it is a dummy that stands for content of whatever structure: its own checks wait for the real one.
    pub(super) waits: bool,
}

/// What is at the path.
#[derive(Clone)]
pub(super) enum Shape {
    File { mode: u32, b3: Blake3, body: Body },
    Link(String),
    Absent,
}

/// Content of a file.
#[derive(Clone)]
pub(super) enum Body {
    Here(Bytes),
    /// In the fleet's directory, too large to be kept.
    Large {
        source: String,
        size: u64,
    },
}

/// A host's tree, sorted by path.
pub(super) struct Tree {
    pub(super) files: Vec<TreeFile>,
    /// Managed blocks: parts of files that others own, which no program is shown.
    pub(super) blocks: Vec<TreeFile>,
}

/// Reads sources, each once.
pub(super) struct Loader<'a> {
    settings: &'a Settings<'a>,
    sources: HashMap<String, (Bytes, Blake3)>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(settings: &'a Settings<'a>) -> Self {
        Self { settings, sources: HashMap::new() }
    }

    /// The tree of a host.
    pub(super) fn tree(&mut self, host: &HostPlan) -> Result<Tree, ValidateError> {
        let (mut files, mut blocks) = (Vec::new(), Vec::new());
        for (_, file) in host.files() {
            let shape = match file.entry.kind {
                FileKind::Absent => Shape::Absent,
                FileKind::Link => Shape::Link(file.entry.target.clone().unwrap_or_default()),
                FileKind::File | FileKind::Block => self.file(file)?,
            };
            let among = if file.entry.kind == FileKind::Block { &mut blocks } else { &mut files };
            among.push(TreeFile {
                path: file.entry.path.clone(),
                shape,
                tainted: file.tainted,
                format: file.format,
                checks: file.checks.clone(),
                waits: self.settings.dummies && file.tainted && file.format == Format::Secret,
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files, blocks })
    }

    fn file(&mut self, file: &PlannedFile) -> Result<Shape, ValidateError> {
        let mode = file.entry.mode.map_or(0o644, |mode| u32::from(mode.bits()));
        let (b3, body) = match &file.content {
            Content::Bytes(bytes) => (digest(bytes), Body::Here(bytes.clone())),
            Content::Source { path, size, b3 } if *size > LARGE => {
                (*b3, Body::Large { source: path.clone(), size: *size })
            }
            Content::Source { path, b3, .. } => {
                let (bytes, found) = self.source(path)?;
                if found != *b3 {
                    return Err(ValidateError::Changed(path.clone()));
                }
                (found, Body::Here(bytes))
            }
            Content::None => return Err(ValidateError::NoContent(file.entry.path.clone())),
        };
        Ok(Shape::File { mode, b3, body })
    }

    /// Reads a source whole.
    pub(super) fn source(&mut self, path: &str) -> Result<(Bytes, Blake3), ValidateError> {
        if let Some(known) = self.sources.get(path) {
            return Ok(known.clone());
        }
        let bytes = (self.settings.source)(path)
            .map_err(|error| ValidateError::Source { path: path.to_owned(), error })?;
        let digest = digest(&bytes);
        let read: (Bytes, Blake3) = (bytes.into(), digest);
        self.sources.insert(path.to_owned(), read.clone());
        Ok(read)
    }
}

/// blake3 of these bytes.
pub(super) fn digest(bytes: &[u8]) -> Blake3 {
    Blake3(*blake3::hash(bytes).as_bytes())
}

impl TreeFile {
    /// The same file without content, as programs that check others see one that waits.
    pub(super) fn emptied(&self) -> Self {
        let mut file = self.clone();
        if let Shape::File { b3, body, .. } = &mut file.shape {
            let empty = Bytes::from(&b""[..]);
            (*b3, *body) = (digest(&empty), Body::Here(empty));
        }
        file
    }

    /// The content, if it is a file that is kept in memory.
    pub(super) fn content(&self) -> Option<&Bytes> {
        match &self.shape {
            Shape::File { body: Body::Here(content), .. } => Some(content),
            _ => None,
        }
    }

    /// The content as text; empty if it is none.
    pub(super) fn text(&self) -> &str {
        self.content().and_then(|content| std::str::from_utf8(content).ok()).unwrap_or_default()
    }

    /// blake3 of the content of a file.
    pub(super) fn b3(&self) -> Option<Blake3> {
        match &self.shape {
            Shape::File { b3, .. } => Some(*b3),
            _ => None,
        }
    }

    /// As it lies in the sandbox.
    pub(super) fn entry(&self) -> Entry {
        let what = match &self.shape {
            Shape::File { mode, body: Body::Here(content), .. } => What::file(*mode, content.clone()),
            Shape::File { mode, body: Body::Large { size, .. }, .. } => {
                What::Hollow { mode: *mode, size: *size }
            }
            Shape::Link(target) => What::Link { target: target.clone() },
            Shape::Absent => What::Nothing,
        };
        Entry { path: self.path.as_str().to_owned(), what }
    }

    /// The interpreter of a script: the last component of what follows `#!`, past `env`.
    pub(super) fn interpreter(&self) -> Option<&str> {
        let line = self.content()?.strip_prefix(b"#!")?;
        let line = line.split(|byte| *byte == b'\n').next()?;
        let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
        let name = |word: &'_ str| word.rfind('/').map_or(0, |slash| slash + 1);
        let first = words.next()?;
        let first = &first[name(first)..];
        if first != "env" {
            return Some(first);
        }
        let word = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        Some(&word[name(word)..])
    }
}

/// The digest of what a program was shown: blake3 over one line a file, sorted by path, as `b3sum` prints it:
/// `DIGEST  PATH`, with `-> TARGET` in place of the digest of a link.
pub(super) fn inputs<'a>(files: impl Iterator<Item = &'a TreeFile>) -> Blake3 {
    let mut hasher = blake3::Hasher::new();
    for file in files {
        match &file.shape {
            Shape::File { b3, .. } => hasher.update(format!("{b3}  {}\n", file.path).as_bytes()),
            Shape::Link(target) => hasher.update(format!("-> {target}  {}\n", file.path).as_bytes()),
            Shape::Absent => continue,
        };
    }
    Blake3(*hasher.finalize().as_bytes())
}
