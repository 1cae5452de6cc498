//! The fleet as names and facts: hosts, tags, presets, services, secrets. What other modules look names up in.

use crate::load::Loaded;
use crate::resolved::HostFacts;
use crate::suggest;
use crate::tree::{Entry, Node, Table};
use cmc_types::definition;
use cmc_types::{Arch, Diagnostic, HostName, InitSystem, Os, Place, SecretName, codes};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// A host.
#[derive(Debug)]
pub(crate) struct Host {
    /// Its name.
    pub(crate) name: HostName,
    /// Operating system.
    pub(crate) os: Os,
    /// Architecture.
    pub(crate) arch: Arch,
    /// Init system.
    pub(crate) init: InitSystem,
    /// Name or address that others reach it by.
    pub(crate) address: String,
    /// Tags, as written.
    pub(crate) tags: Vec<String>,
    /// The definition, without variables.
    pub(crate) definition: definition::Host,
    /// Where its name stands.
    pub(crate) place: Place,
}

impl Host {
    /// What lowering may know.
    pub(crate) fn facts(&self) -> HostFacts {
        HostFacts {
            name: self.name.clone(),
            os: self.os.clone(),
            arch: self.arch,
            init: self.init,
            units: BTreeMap::new(),
            at_hand: None,
        }
    }
}

/// A declared secret.
#[derive(Debug)]
pub(crate) struct Secret {
    /// Its name.
    pub(crate) name: SecretName,
    /// The definition.
    pub(crate) definition: definition::Secret,
    /// Where its name stands.
    pub(crate) place: Place,
}

/// The fleet's names.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// The fleet's own definition, without variables; `None` if it is absent or wrong.
    pub(crate) definition: Option<definition::Fleet>,
    /// Hosts by name, without those whose definition is wrong.
    pub(crate) hosts: Vec<Host>,
    /// Secrets by name.
    pub(crate) secrets: BTreeMap<String, Secret>,
    /// Everything as it was written.
    pub(crate) document: Node,
    names: BTreeMap<&'static str, BTreeMap<String, Place>>,
    tags_in_use: BTreeSet<String>,
    /// Whether a name that is unknown may stand in a file that could not be read.
    pub(crate) incomplete: bool,
    left_out: BTreeSet<(String, String)>,
    keys: OnceLock<HashMap<Place, Arc<str>>>,
}

const KINDS: [&str; 6] = ["tag", "host", "preset", "service", "secret", "validator"];

impl Fleet {
    /// Reads names and facts from a loaded document.
    pub(crate) fn read(loaded: &mut Loaded, report: &mut dyn FnMut(Diagnostic)) -> Self {
        let document = loaded.document.take().unwrap_or_else(empty);
        let mut names: BTreeMap<&'static str, BTreeMap<String, Place>> = BTreeMap::new();
        for kind in KINDS {
            let written = definitions(&document, kind).map(|entry| (entry.key.clone(), entry.key_place));
            names.insert(kind, written.collect());
        }
        let mut fleet = Self {
            definition: None,
            hosts: Vec::new(),
            secrets: BTreeMap::new(),
            names,
            tags_in_use: BTreeSet::new(),
            incomplete: loaded.incomplete,
            left_out: loaded.left_out.clone(),
            keys: OnceLock::new(),
            document,
        };
        let written = fleet.document.get(&["fleet"]).filter(|_| !fleet.is_left_out("fleet", ""));
        fleet.definition = written.and_then(|node| typed(node, "the fleet's definition", report));
        for entry in definitions(&fleet.document, "host") {
            let Some(definition) = typed::<definition::Host>(&entry.node, "a host", report) else { continue };
            let Ok(name) = HostName::parse(&entry.key) else { continue };
            fleet.hosts.push(Host {
                name,
                os: definition.os.clone(),
                arch: definition.arch,
                init: definition.init.unwrap_or_else(|| definition.os.init()),
                address: definition.address.clone().unwrap_or_else(|| entry.key.clone()),
                tags: definition.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
                definition,
                place: entry.key_place,
            });
        }
        fleet.hosts.sort_by(|a, b| a.name.cmp(&b.name));
        fleet.tags_in_use = fleet.hosts.iter().flat_map(|host| host.tags.iter().cloned()).collect();
        for entry in definitions(&fleet.document, "secret") {
            let Some(definition) = typed(&entry.node, "a secret", report) else { continue };
            let Ok(name) = SecretName::parse(&entry.key) else { continue };
            let secret = Secret { name, definition, place: entry.key_place };
            fleet.secrets.insert(entry.key.clone(), secret);
        }
        fleet
    }

    /// The definitions of a kind, in the order written.
    pub(crate) fn definitions(&self, kind: &str) -> impl Iterator<Item = &Entry> {
        definitions(&self.document, kind)
    }

    /// Whether a definition of this kind and name was written, even if it has errors.
    pub(crate) fn is_defined(&self, kind: &'static str, name: &str) -> bool {
        self.names.get(kind).is_some_and(|names| names.contains_key(name))
            || self.left_out.contains(&(kind.to_owned(), name.to_owned()))
    }

    /// Whether a definition was written but has errors.
    pub(crate) fn is_left_out(&self, kind: &str, name: &str) -> bool {
        self.left_out.contains(&(kind.to_owned(), name.to_owned()))
    }

    /// Whether definitions of a kind have errors or may stand in a file that could not be read.
    pub(crate) fn lacks(&self, kind: &str) -> bool {
        self.incomplete || self.left_out.iter().any(|(left_out, _)| left_out == kind)
    }

    /// Where a definition's name stands.
    pub(crate) fn place_of(&self, kind: &'static str, name: &str) -> Option<Place> {
        self.names.get(kind)?.get(name).copied()
    }

    /// The names of a kind.
    pub(crate) fn names(&self, kind: &'static str) -> impl Iterator<Item = &str> + Clone {
        self.names.get(kind).into_iter().flat_map(|names| names.keys()).map(String::as_str)
    }

    /// Whether there is such a tag: defined, or a host has it.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.is_defined("tag", tag) || self.tags_in_use.contains(tag)
    }

    /// Every tag.
    pub(crate) fn tag_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.names("tag").chain(self.tags_in_use.iter().map(String::as_str))
    }

    /// Whether there is such a host.
    pub(crate) fn has_host(&self, name: &str) -> bool {
        self.is_defined("host", name)
    }

    /// Every host's name.
    pub(crate) fn host_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.names("host")
    }

    /// Hosts that take part: not retired.
    pub(crate) fn active(&self) -> impl Iterator<Item = (usize, &Host)> {
        self.hosts.iter().enumerate().filter(|(_, host)| !host.definition.retired)
    }

    /// The dotted key of what stands at a place, such as `service.api.env.PORT`.
    pub(crate) fn key_of(&self, place: Place) -> Option<&str> {
        self.keys.get_or_init(|| dotted_keys(&self.document)).get(&place).map(|key| &**key)
    }

    /// A finding that a name is unknown, with the nearest known one and its place. `None` if the name stands in a
    /// definition that has errors of its own, or may stand in a file that could not be read.
    pub(crate) fn unknown(
        &self,
        code: codes::Code,
        kind: &'static str,
        name: &str,
        place: Place,
    ) -> Option<Diagnostic> {
        if self.incomplete || self.is_defined(kind, name) {
            return None;
        }
        let mut diagnostic = Diagnostic::new(code, format!("there is no {kind} {name:?}")).at(place, "");
        diagnostic.help = suggest::help(name, self.names(kind));
        if let Some(near) = suggest::nearest(name, self.names(kind))
            && let Some(other) = self.place_of(kind, near)
        {
            diagnostic = diagnostic.with(other, format!("{near:?} is defined here"));
        }
        Some(diagnostic)
    }
}

fn empty() -> Node {
    let place = Place { file: cmc_types::FileId(0), span: cmc_types::Span::default() };
    Node { value: crate::tree::Value::Table(Table::default()), place }
}

fn definitions<'a>(document: &'a Node, kind: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
    document.get(&[kind]).and_then(Node::as_table).into_iter().flat_map(Table::iter)
}

/// A definition in which no expression may stand, except in its variables, which are left out.
fn typed<T: serde::de::DeserializeOwned>(
    node: &Node,
    what: &str,
    report: &mut dyn FnMut(Diagnostic),
) -> Option<T> {
    let mut node = node.clone();
    if let crate::tree::Value::Table(table) = &mut node.value {
        table.remove("vars");
    }
    let mut found = false;
    crate::expr::each_expression(&node, &mut |node, _| {
        found = true;
        report(
            Diagnostic::new(
                codes::EXPRESSION_NOT_ALLOWED,
                format!("an expression may not stand in {what}, except in its variables"),
            )
            .at(node.place, "needs a plain value"),
        );
    });
    if found {
        return None;
    }
    match serde_json::from_value(node.to_json()) {
        Ok(value) => Some(value),
        Err(error) => {
            report(
                Diagnostic::new(codes::INVALID_VALUE, format!("{what} is not valid: {error}"))
                    .at(node.place, ""),
            );
            None
        }
    }
}

/// The dotted key of every value of the document, by place.
fn dotted_keys(document: &Node) -> HashMap<Place, Arc<str>> {
    fn walk(node: &Node, key: &str, keys: &mut HashMap<Place, Arc<str>>) {
        keys.entry(node.place).or_insert_with(|| key.into());
        match &node.value {
            crate::tree::Value::Table(table) => {
                for entry in table.iter() {
                    let below = match (key, entry.key.contains(['.', '/', ' '])) {
                        ("", _) => entry.key.clone(),
                        (_, false) => format!("{key}.{}", entry.key),
                        (_, true) => format!("{key}.\"{}\"", entry.key),
                    };
                    keys.entry(entry.key_place).or_insert_with(|| below.as_str().into());
                    walk(&entry.node, &below, keys);
                }
            }
            crate::tree::Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{key}[{index}]"), keys);
                }
            }
            _ => {}
        }
    }
    let mut keys = HashMap::new();
    walk(document, "", &mut keys);
    keys
}
