//! Where rendered files come from, and the stored form of that for a whole plan.

use super::Plan;
use crate::{HostName, UnixPath};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

/// Where a rendered file comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The definition that asks for the file.
    pub definition: Origin,
    /// Template, relative to the fleet's directory.
    pub template: Option<String>,
    /// For rendered lines: the template's line and the definitions whose values it shows. Files that are the same text
    /// on many hosts share them.
    pub lines: Arc<[LineOrigin]>,
}

/// Where a rendered line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineOrigin {
    /// Line of the rendered file, from 1.
    pub line: u32,
    /// The line of the template, or of the text in a definition, that it was rendered from. Lines without an entry go
    /// on from the entry before.
    pub template: Option<TemplateLine>,
    /// Definitions that supplied the values on the line; shared by all lines that show them.
    pub values: Vec<Arc<Origin>>,
}

/// A line of a template, or of a text in a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateLine {
    /// Template or definition, relative to the fleet's directory; shared by all lines of it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Where the text begins on that line: column in characters, from 1.
    pub column: u32,
}

/// A key in a definition file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// File, relative to the fleet's directory.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The key, dotted, such as `service.api.env.PORT`.
    pub key: String,
}

/// The provenance of every file of a plan, as stored in `.cmc/build/provenance.json`: what is the same is there once,
/// and named by its index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenances {
    /// Definitions.
    origins: Vec<Origin>,
    /// Templates.
    templates: Vec<String>,
    /// Files.
    provenances: Vec<Indexed>,
    /// For every path of a host, its provenance; several if the path holds several blocks.
    hosts: BTreeMap<HostName, BTreeMap<UnixPath, Vec<usize>>>,
}

/// A [`Provenance`] by indices.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Indexed {
    definition: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<usize>,
    /// Per line: its number, its template's index plus one with line and column there (0, 0 and 0: none), and its
    /// origins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Vec<usize>>,
}

impl Provenance {
    /// Where a line (from 1) of the file comes from: the line of a template or of a text in a definition, and the
    /// definitions of the values on it.
    pub fn line(&self, line: u32) -> (Option<TemplateLine>, &[Arc<Origin>]) {
        let last = self.lines.iter().filter(|origin| origin.line <= line).max_by_key(|origin| origin.line);
        match last {
            None => (None, &[]),
            Some(origin) if origin.line == line => (origin.template.clone(), &origin.values),
            Some(origin) => {
                let on = |at: &TemplateLine| TemplateLine {
                    line: at.line + (line - origin.line),
                    column: 1,
                    ..at.clone()
                };
                (origin.template.as_ref().map(on), &[])
            }
        }
    }
}

impl Provenances {
    /// What the files of a plan say.
    pub fn of(plan: &Plan) -> Self {
        let (mut origins, mut templates, mut provenances) = (Pool::<Origin>::new(), Pool::new(), Pool::new());
        let mut hosts: BTreeMap<HostName, BTreeMap<UnixPath, Vec<usize>>> = BTreeMap::new();
        // Lines that files share are looked through once.
        let mut shared: HashMap<(*const LineOrigin, usize, Option<usize>), usize> = HashMap::new();
        for host in &plan.hosts {
            let paths = hosts.entry(host.host.clone()).or_default();
            for (_, file) in host.files() {
                let Provenance { definition, template, lines } = &file.provenance;
                let definition = origins.index(definition);
                let template = template.as_ref().map(|name| templates.index(name.as_str()));
                let of_path = paths.entry(file.entry.path.clone()).or_default();
                let key = (lines.as_ptr(), definition, template);
                if let Some(index) = shared.get(&key) {
                    of_path.push(*index);
                    continue;
                }
                let line = |line: &LineOrigin| {
                    let template = line.template.as_ref();
                    let [name, at, column] = template.map_or([0, 0, 0], |at| {
                        [templates.index(&*at.file) + 1, at.line as usize, at.column as usize]
                    });
                    let mut indexed = vec![line.line as usize, name, at, column];
                    indexed.extend(line.values.iter().map(|origin| origins.index(origin)));
                    indexed
                };
                let lines = lines.iter().map(line).collect();
                let index = provenances.index(&Indexed { definition, template, lines });
                shared.insert(key, index);
                of_path.push(index);
            }
        }
        let (origins, templates, provenances) = (origins.items, templates.items, provenances.items);
        Self { origins, templates, provenances, hosts }
    }

    /// Gives the files of the plan, as read from disk, their provenance back. A file that is not known here keeps what
    /// it has.
    pub fn restore(&self, plan: &mut Plan) {
        for host in &mut plan.hosts {
            let Some(paths) = self.hosts.get(&host.host) else { continue };
            let mut seen: HashMap<UnixPath, usize> = HashMap::new();
            for file in host.services.iter_mut().flat_map(|service| &mut service.files) {
                let nth = seen.entry(file.entry.path.clone()).or_default();
                let index = paths.get(&file.entry.path).and_then(|indices| indices.get(*nth));
                *nth += 1;
                if let Some(provenance) = index.and_then(|index| self.provenance(*index)) {
                    file.provenance = provenance;
                }
            }
        }
    }

    fn provenance(&self, index: usize) -> Option<Provenance> {
        let Indexed { definition, template, lines } = self.provenances.get(index)?;
        let line = |line: &Vec<usize>| {
            let [number, name, at, column, origins @ ..] = line.as_slice() else { return None };
            let template = match name.checked_sub(1) {
                Some(name) => Some(TemplateLine {
                    file: self.templates.get(name)?.as_str().into(),
                    line: u32::try_from(*at).ok()?,
                    column: u32::try_from(*column).ok()?,
                }),
                None => None,
            };
            let values = origins.iter().map(|origin| self.origins.get(*origin).cloned().map(Arc::new));
            let values = values.collect::<Option<_>>()?;
            Some(LineOrigin { line: u32::try_from(*number).ok()?, template, values })
        };
        Some(Provenance {
            definition: self.origins.get(*definition)?.clone(),
            template: template.and_then(|name| self.templates.get(name).cloned()),
            lines: lines.iter().map(line).collect::<Option<_>>()?,
        })
    }
}

/// Distinct values in the order in which they came.
struct Pool<T> {
    items: Vec<T>,
    indices: HashMap<T, usize>,
}

impl<T: Clone + Eq + Hash> Pool<T> {
    fn new() -> Self {
        Self { items: Vec::new(), indices: HashMap::new() }
    }

    fn index<Q: Eq + Hash + ToOwned<Owned = T> + ?Sized>(&mut self, value: &Q) -> usize
    where
        T: Borrow<Q>,
    {
        if let Some(index) = self.indices.get(value) {
            return *index;
        }
        self.items.push(value.to_owned());
        self.indices.insert(value.to_owned(), self.items.len() - 1);
        self.items.len() - 1
    }
}
