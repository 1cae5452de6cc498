//! Finds the definition files of a fleet.

use super::read::{plain, unreadable};
use super::{FLEET_FILE, Limits, Loaded, ignored, join};
use crate::tree::{Node, Value};
use cmc_types::{Diagnostic, Glob, Place, codes};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where definitions lie unless the fleet says otherwise.
pub(super) const DEFAULT: &[&str] = &["hosts", "tags", "presets", "services"];
/// What is never read as a definition, whatever the globs say: payload, and what cmc itself writes.
const NEVER: &[&str] = &["templates", "files", "secrets", "modules", "trust", "store"];

/// A glob of `[fleet] include` and where it stands.
pub(super) type Include = (Glob, Place);

/// The globs of `[fleet] include`; `None` if there are none to follow. Bad ones are left to the schema's check.
pub(super) fn include_globs(fleet: &join::Checked) -> Option<Vec<Include>> {
    let Value::List(items) = &fleet.root().get(&["fleet", "include"])?.value else { return None };
    let glob = |item: &Node| Some((Glob::parse(item.as_text()?).ok()?, item.place));
    let globs: Vec<_> = items.iter().filter_map(glob).collect();
    (items.is_empty() || !globs.is_empty()).then_some(globs)
}

/// The definition files apart from `fleet.toml`: paths relative to `dir`, sorted, each once.
pub(super) fn definition_files(
    dir: &Path,
    include: Option<Vec<Include>>,
    limits: &Limits,
    loaded: &mut Loaded,
) -> BTreeSet<String> {
    let Ok(root) = dir.canonicalize() else { return BTreeSet::new() };
    let mut walk = Walk {
        dir,
        root,
        limits,
        found: BTreeSet::new(),
        reported: BTreeSet::new(),
        loaded,
        full: false,
        names_ignored: include.is_none(),
    };
    match include {
        None => {
            DEFAULT.iter().for_each(|base| walk.base(base, &is_definition));
            ignored::by_content(dir, walk.loaded);
        }
        Some(globs) => {
            for (glob, place) in globs {
                let before = walk.found.len();
                walk.base(glob.base(), &|path| is_definition(path) && glob.matches(path));
                if walk.found.len() == before && !walk.found.iter().any(|path| glob.matches(path)) {
                    walk.loaded.diagnostics.push(nothing_matches(&glob, place));
                }
            }
        }
    }
    let mut found = walk.found;
    found.remove(FLEET_FILE);
    found
}

fn is_definition(path: &str) -> bool {
    path.ends_with(".toml") || path.ends_with(".json")
}

fn nothing_matches(glob: &Glob, place: Place) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(codes::INCLUDE_MATCHES_NOTHING, format!("no definition file matches `{glob}`"));
    let help = match glob.as_str().split('/').next() {
        Some(first) if NEVER.contains(&first) => {
            format!("files under `{first}/` are never read as definitions")
        }
        _ => "globs are relative to `fleet.toml`; definition files end in `.toml` or `.json`".into(),
    };
    diagnostic.at(place, "").help(help)
}

struct Walk<'a> {
    dir: &'a Path,
    root: PathBuf,
    limits: &'a Limits,
    found: BTreeSet<String>,
    reported: BTreeSet<String>,
    loaded: &'a mut Loaded,
    full: bool,
    /// Whether files that look like definitions and are none are reported: where the fleet says what to read, it has
    /// said so.
    names_ignored: bool,
}

impl Walk<'_> {
    /// Walks a directory of the fleet, `""` for all of it; one that is not there holds nothing.
    fn base(&mut self, base: &str, wanted: &dyn Fn(&str) -> bool) {
        if base.split('/').next().is_some_and(|first| NEVER.contains(&first)) {
            return;
        }
        let path = self.dir.join(base);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            _ => match path.canonicalize() {
                Ok(real) if !real.starts_with(&self.root) => {
                    self.report(base, "is a link that leads out of the fleet")
                }
                Ok(real) if real.is_dir() => self.directory(base, &mut vec![real], wanted),
                Ok(_) => self.report(base, "is not a directory, and definitions are expected in it"),
                Err(error) => self.report(base, &format!("cannot be read: {}", plain(&error))),
            },
        }
    }

    /// `above` are the real paths of the directories walked into, this one last: links may lead in a circle.
    fn directory(&mut self, path: &str, above: &mut Vec<PathBuf>, wanted: &dyn Fn(&str) -> bool) {
        if above.len() > self.limits.directory_depth {
            return self
                .report(path, &format!("lies more than {} directories deep", self.limits.directory_depth));
        }
        let entries = match std::fs::read_dir(self.dir.join(path)) {
            Ok(entries) => entries,
            Err(error) => return self.report(path, &format!("cannot be read: {}", plain(&error))),
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => self.report(path, &format!("cannot be read: {}", plain(&error))),
            }
        }
        names.sort();
        for name in names {
            let Some(name) = name.to_str() else {
                let shown = name.to_string_lossy();
                if is_definition(&shown) {
                    self.report(&join_path(path, &shown), "has a name that is not UTF-8");
                }
                continue;
            };
            let never = name.starts_with('.') || (path.is_empty() && NEVER.contains(&name));
            if !never {
                self.entry(&join_path(path, name), above, wanted);
            }
        }
    }

    fn entry(&mut self, path: &str, above: &mut Vec<PathBuf>, wanted: &dyn Fn(&str) -> bool) {
        let full = self.dir.join(path);
        let is_link = std::fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_symlink());
        let real = match full.canonicalize() {
            Ok(real) => real,
            Err(error) if is_link || wanted(path) => {
                return self.report(path, &format!("cannot be read: {}", plain(&error)));
            }
            Err(_) => return,
        };
        let is_directory = real.is_dir();
        if is_link && !real.starts_with(&self.root) && (is_directory || wanted(path)) {
            return self.report(path, "is a link that leads out of the fleet");
        }
        match is_directory {
            true if wanted(path) => self.report(path, "is a directory, not a file"),
            true if above.contains(&real) => self.report(path, "is a link that leads in a circle"),
            true => {
                above.push(real);
                self.directory(path, above, wanted);
                above.pop();
            }
            false if !wanted(path) => {
                if self.names_ignored {
                    ignored::by_ending(path, self.loaded);
                }
            }
            false if self.found.len() >= self.limits.files => {
                if !std::mem::replace(&mut self.full, true) {
                    self.report(
                        path,
                        &format!("and all after it are left out: more than {} files", self.limits.files),
                    );
                }
            }
            false => {
                self.found.insert(path.to_owned());
            }
        }
    }

    fn report(&mut self, path: &str, problem: &str) {
        if self.reported.insert(path.to_owned()) {
            unreadable(self.loaded, path, &format!("`{path}` {problem}"));
        }
    }
}

fn join_path(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
