//! What looks like definitions and is read as none: other endings in the directories of definitions, and definitions
//! in a directory whose name is almost one of theirs, or beside `fleet.toml`.

use super::discover::DEFAULT;
use super::{FLEET_FILE, Loaded};
use cmc_types::{Diagnostic, Place, Span, codes, nearest};
use std::io::Read as _;
use std::path::Path;

/// Endings that were meant to be `.toml` or `.json`, in lower case, and what to do about each.
const ENDINGS: &[(&str, &str)] = &[
    ("toml", "name it `.toml`, in lower case"),
    ("tml", "name it `.toml`"),
    ("json", "name it `.json`, in lower case"),
    ("jsn", "name it `.json`"),
    ("json5", "write JSON without comments and trailing commas, and name it `.json`"),
    ("jsonc", "write JSON without comments and trailing commas, and name it `.json`"),
    ("yaml", "definitions are TOML or JSON: convert it"),
    ("yml", "definitions are TOML or JSON: convert it"),
];
/// Kinds of definitions that have names.
const KINDS: &[&str] = &["host", "tag", "preset", "service", "secret", "validator"];
/// How much of a file is looked at, in bytes.
const HEAD: u64 = 64 << 10;

/// A file in a directory of definitions that does not end like one.
pub(super) fn by_ending(path: &str, loaded: &mut Loaded) {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    let Some(lower) = ending.map(str::to_lowercase) else { return };
    if let Some((_, help)) = ENDINGS.iter().find(|(known, _)| *known == lower) {
        report(path, help.to_string(), loaded);
    }
}

/// Definitions in the fleet's directory itself, and in directories below it that are called almost like those of
/// definitions.
pub(super) fn by_content(dir: &Path, loaded: &mut Loaded) {
    let is_plain = |name: &str| !name.starts_with('.') && name != FLEET_FILE;
    for (name, kind) in entries(dir).into_iter().filter(|(name, _)| is_plain(name)) {
        if kind.is_file() {
            if defines(&dir.join(&name)) {
                report(
                    &name,
                    format!("definitions are read below {}: move it there", all_directories()),
                    loaded,
                );
            }
        } else if kind.is_dir() && !DEFAULT.contains(&name.as_str()) {
            let Some(near) = nearest(&name, DEFAULT.iter().copied()) else { continue };
            let below = dir.join(&name);
            let found =
                entries(&below).into_iter().find(|(file, kind)| kind.is_file() && defines(&below.join(file)));
            if let Some((file, _)) = found {
                report(&format!("{name}/{file}"), format!("did you mean `{near}/`?"), loaded);
            }
        }
    }
}

fn all_directories() -> String {
    DEFAULT.iter().map(|name| format!("`{name}/`")).collect::<Vec<_>>().join(", ")
}

/// Names and kinds of what lies in a directory, by name; links are none of either kind.
fn entries(dir: &Path) -> Vec<(String, std::fs::FileType)> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let named =
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?)));
    let mut all: Vec<_> = named.collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Whether a file defines something, as far as its head shows.
fn defines(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !matches!(ending, "toml" | "json") {
        return false;
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    let head = String::from_utf8_lossy(&head);
    if ending == "toml" {
        let is_header = |line: &str| {
            line.strip_prefix('[').is_some_and(|rest| {
                KINDS.iter().any(|kind| rest.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.')))
            })
        };
        return head.lines().any(is_header);
    }
    let first = head.trim_start().strip_prefix('{').and_then(|rest| rest.trim_start().strip_prefix('"'));
    first.is_some_and(|rest| {
        KINDS.iter().any(|kind| rest.strip_prefix(kind).is_some_and(|rest| rest.starts_with('"')))
    })
}

fn report(path: &str, help: String, loaded: &mut Loaded) {
    let place = Place { file: loaded.sources.add(path, ""), span: Span::new(0, 0) };
    let message = format!("`{path}` looks like definitions and is not read");
    loaded.diagnostics.push(Diagnostic::new(codes::IGNORED_FILE, message).at(place, "").help(help));
}
