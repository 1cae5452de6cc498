//! Templates: text files below `templates/`, named relative to it. Each is read once, bound to the plan by its
//! digest, and shown in findings. Nothing outside `templates/` can be included, by `..` or by a symbolic link.

use crate::expr::{Failure, guarded, is_reserved};
use crate::files::read::{ReadError, below, open, read_text};
use crate::offsets::Offsets;
use cmc_types::{Blake3, FileId, Place, Sources, Span, codes};
use minijinja::{Environment, Error};
use std::collections::{BTreeMap, HashMap};
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
    memory: Mutex<Arc<Memory>>,
    /// What the bytes of texts with guards are in the texts as they were written, by the engine's name.
    guards: Mutex<HashMap<String, Arc<Offsets>>>,
}

/// Where the engine keeps the texts of templates.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// By address; those that the engine refused are not among them.
    texts: Vec<InMemory>,
    /// How many templates were read by then.
    read: usize,
}

/// A template's text in the engine's memory.
#[derive(Debug)]
struct InMemory {
    start: usize,
    length: usize,
    file: FileId,
    /// What its bytes are in the file.
    guards: Arc<Offsets>,
    /// Offsets in the file at which lines end.
    breaks: Vec<usize>,
}

impl Memory {
    /// The template and the line in it, from 1, that a byte of the engine's memory belongs to.
    pub(crate) fn line_at(&self, address: usize) -> Option<(FileId, u32)> {
        let index = self.texts.partition_point(|text| text.start <= address).checked_sub(1)?;
        let InMemory { start, length, file, guards, breaks } = self.texts.get(index)?;
        let in_file = guards.at(address - start);
        let line = breaks.partition_point(|end| *end < in_file) + 1;
        (address <= start + length).then_some((*file, line as u32))
    }
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

    /// Whether a file lies at a path relative to the fleet's directory, and may be copied.
    pub(crate) fn beside(&self, path: &str) -> Result<(), ReadError> {
        below(&self.dir, "", path).and_then(|file| open(&file, u64::MAX)).map(|_| ())
    }

    /// Whether a template of this name was read.
    pub(crate) fn is_loaded(&self, name: &str) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Puts guards after what is compared, and notes where. `file` is where the text stands, if it is a template.
    pub(crate) fn guard(&self, name: &str, text: String, file: Option<FileId>) -> Result<String, Error> {
        let guarded = guarded(&text).map_err(|(near, failure)| match file {
            Some(file) => {
                (*failure).with(Place { file, span: Span::new(near.start, near.end) }, "this expression")
            }
            None => *failure,
        })?;
        let Some((guarded, offsets)) = guarded else { return Ok(text) };
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.insert(name.to_owned(), Arc::new(offsets));
        Ok(guarded)
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

    /// Where the engine keeps the texts that were read so far.
    pub(crate) fn memory(&self, engine: &Environment<'_>) -> Arc<Memory> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        // The engine's lock is taken before that of the loaded templates, never after it: the engine calls the loader.
        let loaded: Vec<(String, FileId)> = {
            let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            if memory.read == loaded.len() {
                return memory.clone();
            }
            loaded.iter().map(|(name, (file, _))| (name.clone(), *file)).collect()
        };
        let read = loaded.len();
        let texts = loaded.into_iter().filter_map(|(name, file)| {
            let template = engine.get_template(&name).ok()?;
            let text = template.source();
            let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
            let breaks = sources.text(file).match_indices('\n').map(|(offset, _)| offset);
            Some(InMemory {
                start: text.as_ptr() as usize,
                length: text.len(),
                file,
                guards: self.guards(&name),
                breaks: breaks.collect(),
            })
        });
        let mut texts: Vec<_> = texts.collect();
        texts.sort_unstable_by_key(|text| text.start);
        *memory = Arc::new(Memory { texts, read });
        memory.clone()
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

    /// The text among those that findings point into. A template that the engine refuses is read again by every host.
    fn add(&self, path: String, text: &str) -> FileId {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sources.find(&path).filter(|file| sources.text(*file) == text);
        known.unwrap_or_else(|| sources.add(path, text))
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
        let file = self.add(path, &text);
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), (file, digest));
        self.guard(name, text, Some(file)).map(Some)
    }
}
