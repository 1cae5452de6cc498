//! Templates: text files below `templates/`, named relative to it. Each is read once, bound to the plan by its
//! digest, and shown in findings. Nothing outside `templates/` can be included, by `..` or by a symbolic link.

use crate::expr::{Failure, compared, is_reserved, secret_compared};
use crate::files::read::{ReadError, below, read_text};
use cmc_types::{Blake3, FileId, Place, Sources, Span, codes};
use minijinja::{Environment, Error};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The folder of templates.
const FOLDER: &str = "templates";

/// The templates that were used so far.
#[derive(Debug)]
pub(crate) struct Templates {
    dir: PathBuf,
    limit: u64,
    sources: Arc<Mutex<Sources>>,
    loaded: Mutex<BTreeMap<String, (FileId, Blake3)>>,
    /// Where the engine keeps the texts: first address, length, text.
    memory: Mutex<Vec<(usize, usize, FileId)>>,
}

impl Templates {
    pub(crate) fn new(dir: PathBuf, limit: u64, sources: Arc<Mutex<Sources>>) -> Self {
        Self { dir, limit, sources, loaded: Mutex::default(), memory: Mutex::default() }
    }

    /// A template's path relative to the fleet's directory.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{FOLDER}/{name}")
    }

    /// Whether a template of this name was read.
    pub(crate) fn is_loaded(&self, name: &str) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// The place of the word at an offset of a template that was read.
    pub(crate) fn place(&self, name: &str, offset: usize) -> Option<Place> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(name).map(|(file, _)| word(*file, offset))
    }

    /// What was read, by path relative to the fleet's directory.
    pub(crate) fn inputs(&self) -> Vec<(String, Blake3)> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.iter().map(|(name, (_, digest))| (self.path_of(name), *digest)).collect()
    }

    /// The template and the offset in it that a byte of the engine's memory is.
    pub(crate) fn at_address(&self, address: usize, engine: &Environment<'_>) -> Option<(FileId, usize)> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() != loaded.len() {
            let texts = loaded.iter().filter_map(|(name, (file, _))| {
                let source = engine.get_template(name).ok()?;
                Some((source.source().as_ptr() as usize, source.source().len(), *file))
            });
            *memory = texts.collect();
            memory.sort_unstable();
        }
        let index = memory.partition_point(|(start, ..)| *start <= address).checked_sub(1)?;
        let (start, length, file) = memory[index];
        (address <= start + length).then_some((file, address - start))
    }

    /// Every template there is, for suggestions.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(self.dir.join(FOLDER).join(&folder)) else { continue };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && names.len() < 10_000 => folders.push(name),
                    Ok(_) => names.push(name),
                    Err(_) => {}
                }
            }
        }
        names.sort();
        names
    }

    /// The loader of the engine: `None` if there is no such template.
    pub(crate) fn load(&self, name: &str) -> Result<Option<String>, Error> {
        let path = self.path_of(name);
        let read = below(&self.dir, FOLDER, name).and_then(|file| read_text(&file, self.limit));
        let text = match read {
            Ok(text) => text,
            Err(ReadError::Missing) => return Ok(None),
            Err(ReadError::Outside) => {
                return Err(Failure::new(
                    codes::PATH_OUTSIDE,
                    format!("the template {name:?} lies outside `templates/`"),
                )
                .help(Some("templates are named relative to `templates/`, without `..`".to_owned()))
                .into());
            }
            Err(other) => {
                return Err(
                    Failure::new(codes::UNREADABLE_FILE, format!("{path} cannot be used: {other}")).into()
                );
            }
        };
        if is_reserved(&text) {
            return Err(Failure::new(
                codes::UNREADABLE_FILE,
                format!("{path} cannot be used: it holds a character that is no text (U+FDD0 to U+FDEF)"),
            )
            .into());
        }
        let digest = Blake3(*blake3::hash(text.as_bytes()).as_bytes());
        let file = self.sources.lock().unwrap_or_else(PoisonError::into_inner).add(path, text.as_str());
        if let Some(offset) = compared(&text, &|_| false) {
            return Err(secret_compared(Some(word(file, offset))).into());
        }
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), (file, digest));
        Ok(Some(text))
    }
}

/// The place of a word: its first letters are enough to point at it.
fn word(file: FileId, offset: usize) -> Place {
    Place { file, span: Span::new(offset, offset + 3) }
}
