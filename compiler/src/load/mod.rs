//! Loading: the fleet's definition files become one tree in which every key and value knows its place.
//!
//! Finds the files, reads them within [`Limits`], parses TOML and JSON, checks each against the schema of
//! definitions, and joins them. Whatever is wrong becomes a diagnostic, and everything else goes on, so that one run
//! shows all there is to say. It reads below the fleet's directory only and writes nothing.

mod depth;
mod discover;
mod ignored;
mod join;
mod json;
mod limits;
mod path;
mod read;
mod toml;

pub use limits::Limits;
pub use path::JsonPaths;

use crate::tree::{Node, Table};
use cmc_types::definition::Document;
use cmc_types::{Blake3, Diagnostic, FileId, Place, Sources, Span};
use std::collections::BTreeSet;
use std::path::Path;

/// The file that makes a directory a fleet.
const FLEET_FILE: &str = "fleet.toml";

/// How to load a fleet.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Bounds on what is read.
    pub limits: Limits,
    /// Definitions that do not lie in the fleet's directory, such as the output of a generator; read after the files.
    pub with: Vec<Extra>,
    /// Whether those are all: no definition is read from the directory, which only holds templates, files and secrets.
    pub only_with: bool,
}

impl LoadOptions {
    /// For the definitions that a program made, and no others. Findings show them as JSON, in `document.json`.
    ///
    /// # Errors
    /// If a value has no form in JSON, such as a variable that is not a number.
    pub fn of(document: &Document) -> Result<Self, serde_json::Error> {
        let bytes = serde_json::to_vec_pretty(document)?;
        let with = vec![Extra { name: "document.json".to_owned(), bytes }];
        Ok(Self { with, only_with: true, ..Self::default() })
    }
}

/// A definition from elsewhere.
#[derive(Debug, Clone)]
pub struct Extra {
    /// What people know it by; TOML if it ends in `.toml`, else JSON.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Something that was read: what a plan is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// Path relative to the fleet's directory, or the name of an [`Extra`].
    pub path: String,
    /// blake3 of the bytes.
    pub b3: Blake3,
}

/// A fleet as it was written.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every text that was read.
    pub sources: Sources,
    /// What is wrong, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// A table of kinds, each a table of definitions by name; `None` if no file could be read. It holds only
    /// definitions without structural errors; the names of the others are in `left_out`.
    pub document: Option<Node>,
    /// Kind and name of definitions that exist but have errors: references to them are right, what they say is not
    /// known. The fleet's own is `("fleet", "")`; its variables are in the
    /// document all the same.
    pub left_out: BTreeSet<(String, String)>,
    /// Whether a file could not be read far enough to tell which definitions it holds: that a name is unknown may be
    /// a consequence of this.
    pub incomplete: bool,
    /// What was read, by path.
    pub inputs: Vec<Input>,
}

impl Loaded {
    /// Whether a definition of this kind and name was written, with or without errors.
    pub fn is_defined(&self, kind: &str, name: &str) -> bool {
        let in_document = self.document.as_ref().and_then(|document| document.get(&[kind, name]));
        in_document.is_some() || self.left_out.contains(&(kind.to_owned(), name.to_owned()))
    }

    /// Whether a definition of this kind and name was written but has errors.
    pub fn is_left_out(&self, kind: &str, name: &str) -> bool {
        self.left_out.contains(&(kind.to_owned(), name.to_owned()))
    }
}

/// One parsed file.
struct Parsed {
    /// What could be read of it, a table.
    root: Node,
    /// What is wrong with its text.
    diagnostics: Vec<Diagnostic>,
    /// Whether all of it could be read; if not, keys may be missing that are there.
    whole: bool,
    /// Ranges of the text of which nobody can say what they mean, since something before them is not closed.
    spoilt: Vec<std::ops::Range<usize>>,
}

/// Loads the fleet in `dir`. Never fails: what is wrong is in the diagnostics.
pub fn load(dir: &Path, options: &LoadOptions) -> Loaded {
    let mut loaded = Loaded::default();
    let mut joined = join::Joined::default();
    let mut reader = read::Reader::new(dir, &options.limits);

    if !options.only_with {
        let fleet = reader.fleet_file(&mut loaded).and_then(|text| one_file(text, options, &mut loaded));
        let globs = fleet.as_ref().map(discover::include_globs).unwrap_or_default();
        joined.extend(fleet);
        for path in discover::definition_files(dir, globs, &options.limits, &mut loaded) {
            let text = reader.file(&path, &mut loaded);
            joined.extend(text.and_then(|text| one_file(text, options, &mut loaded)));
        }
    }
    for extra in &options.with {
        let text = reader.extra(extra, &mut loaded);
        joined.extend(text.and_then(|text| one_file(text, options, &mut loaded)));
    }

    joined.finish(&mut loaded);
    loaded.inputs.sort();
    // By place; findings without one come first.
    loaded.diagnostics.sort_by_key(|diagnostic| {
        diagnostic.primary.as_ref().map(|label| (label.place.file, label.place.span.start))
    });
    loaded
}

/// Parses a file and checks it against the schema; `None` if nothing of it could be read.
fn one_file(file: FileId, options: &LoadOptions, loaded: &mut Loaded) -> Option<join::Checked> {
    let text = loaded.sources.text(file);
    let is_toml = loaded.sources.name(file).ends_with(".toml");
    let parsed = match depth::check(text, is_toml, file, options.limits.depth) {
        Some(diagnostic) => Err(vec![diagnostic]),
        None if is_toml => toml::parse(text, file, &options.limits),
        None => json::parse(text, file, &options.limits),
    };
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(diagnostics) => {
            // Where a secret stands in it, if one does, is not known. JSON may write the word with escapes.
            if text.contains("secret") || text.contains("\\u") {
                let whole = Span::new(0, text.len());
                loaded.sources.redact(Place { file, span: whole });
            }
            loaded.diagnostics.extend(diagnostics);
            loaded.incomplete = true;
            return None;
        }
    };
    written_secrets(&parsed.root, &mut |place| loaded.sources.redact(place));
    let is_fleet_file = options.only_with || loaded.sources.name(file) == FLEET_FILE;
    Some(join::Checked::new(parsed, is_fleet_file))
}

/// Calls `visit` with the place of every text that somebody wrote where only a secret's description belongs: it may be
/// the value, which nothing may show.
fn written_secrets(root: &Node, visit: &mut dyn FnMut(Place)) {
    let texts = |node: &Node, visit: &mut dyn FnMut(Place)| {
        if node.as_text().is_some() {
            visit(node.place);
        }
    };
    for secret in root.get(&["secret"]).and_then(Node::as_table).into_iter().flat_map(Table::iter) {
        texts(&secret.node, visit);
        for entry in secret.node.as_table().into_iter().flat_map(Table::iter) {
            if !["type", "pair", "description"].contains(&entry.key.as_str()) {
                texts(&entry.node, visit);
            }
        }
    }
}

/// The place of a file as a whole.
fn whole_file(file: FileId) -> Place {
    Place { file, span: Span::new(0, 0) }
}

#[cfg(test)]
mod tests;
