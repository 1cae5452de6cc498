//! Templates: text files below `templates/`, named relative to it. Each is read once, bound to the plan by its
//! digest, and shown in findings. Nothing outside `templates/` can be included, by `..` or by a symbolic link.

use crate::expr::{Failure, guarded, is_reserved};
use crate::files::read::{ReadError, below, read_text};
use crate::offsets::Offsets;
use cmc_types::{Blake3, FileId, Sources, codes};
use minijinja::{Environment, Error};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The folder of templates.
const FOLDER: &str = "templates";

type Kept = (usize, usize, FileId, Arc<Offsets>);

/// The templates that were used so far.
#[derive(Debug)]
pub(crate) struct Templates {
    dir: PathBuf,
    limit: u64,
    sources: Arc<Mutex<Sources>>,
    loaded: Mutex<BTreeMap<String, (FileId, Blake3)>>,
    /// Where the engine keeps the texts: first address, length, text, what its bytes are in the file.
    memory: Mutex<Vec<Kept>>,
    /// What the bytes of texts with guards are in the texts as they were written, by the engine's name.
    guards: Mutex<HashMap<String, Arc<Offsets>>>,
}

impl Templates {
    pub(crate) fn new(dir: PathBuf, limit: u64, sources: Arc<Mutex<Sources>>) -> Self {
        Self {
            dir,
            limit,
            sources,
            loaded: Mutex::default(),
            memory: Mutex::default(),
            guards: Mutex::default(),
        }
    }

    /// A template's path relative to the fleet's directory.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{FOLDER}/{name}")
    }

    /// Whether a template of this name was read.
    pub(crate) fn is_loaded(&self, name: &str) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Puts guards around what is compared, and notes where.
    pub(crate) fn guard(&self, name: &str, text: String) -> String {
        let Some((guarded, offsets)) = guarded(&text) else { return text };
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.insert(name.to_owned(), Arc::new(offsets));
        guarded
    }

    /// What the bytes of the engine's text of this name are in the text as it was written.
    pub(crate) fn guards(&self, name: &str) -> Arc<Offsets> {
        let guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.get(name).cloned().unwrap_or_default()
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
                Some((source.source().as_ptr() as usize, source.source().len(), *file, self.guards(name)))
            });
            *memory = texts.collect();
            memory.sort_unstable_by_key(|(start, ..)| *start);
        }
        let index = memory.partition_point(|(start, ..)| *start <= address).checked_sub(1)?;
        let (start, length, file, guards) = &memory[index];
        (address <= start + length).then(|| (*file, guards.at(address - start)))
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
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), (file, digest));
        Ok(Some(self.guard(name, text)))
    }
}
