//! Joins the files' trees into one, kind by kind and name by name.

use super::{Loaded, Parsed};
use crate::schema;
use crate::tree::{Entry, Node, Table, Value};
use cmc_types::{Diagnostic, codes};
use std::collections::BTreeSet;

/// A file that was parsed and checked against the schema.
pub(super) struct Checked {
    root: Node,
    diagnostics: Vec<Diagnostic>,
    /// Kind and name of definitions with errors.
    broken: BTreeSet<(String, String)>,
    whole: bool,
}

impl Checked {
    /// Checks a file; `is_fleet_file` says whether it is `fleet.toml`, or stands for it.
    pub(super) fn new(parsed: Parsed, is_fleet_file: bool) -> Self {
        let Parsed { mut root, mut diagnostics, whole, spoilt } = parsed;
        if let Value::Table(table) = &mut root.value {
            match (is_fleet_file, table.get("fleet").map(|entry| entry.key_place)) {
                (true, None) if whole => diagnostics.push(
                    Diagnostic::new(codes::MISSING_KEY, "`fleet.toml` lacks the table `[fleet]`")
                        .at(root.place, "")
                        .help("`[fleet]` with `name = \"…\"` is all that it needs"),
                ),
                (false, Some(place)) => {
                    diagnostics.push(
                        Diagnostic::new(codes::UNKNOWN_KEY, "`fleet` stands in `fleet.toml` only")
                            .at(place, ""),
                    );
                    table.remove("fleet");
                }
                _ => {}
            }
        }
        let known: Vec<_> = diagnostics.iter().filter_map(|diagnostic| diagnostic.primary.as_ref()).collect();
        let known: Vec<_> = known.into_iter().map(|label| label.place).collect();
        let mut broken = BTreeSet::new();
        for finding in schema::check_document(&root) {
            // The loader has said already what is wrong there, or the key may be in the part that was not read.
            let place = finding.diagnostic.primary.as_ref().map(|label| label.place);
            let consequence = place.is_some_and(|place| known.contains(&place))
                || place.is_some_and(|place| spoilt.iter().any(|range| range.contains(&place.span.start)))
                || (!whole && finding.diagnostic.code == codes::MISSING_KEY);
            broken.extend(finding.definitions);
            if !consequence {
                diagnostics.push(finding.diagnostic);
            }
        }
        if !whole {
            broken.extend(definitions(&root));
        }
        for place in known {
            broken.extend(definition_at(&root, place));
        }
        Self { root, diagnostics, broken, whole }
    }

    /// What was read, errors and all.
    pub(super) fn root(&self) -> &Node {
        &self.root
    }
}

/// Kind and name of every definition of a file.
fn definitions(root: &Node) -> impl Iterator<Item = (String, String)> {
    let kinds = root.as_table().into_iter().flat_map(Table::iter);
    kinds.flat_map(|kind| match (&kind.node.value, kind.key.as_str()) {
        (_, "fleet") => vec![("fleet".to_owned(), String::new())],
        (Value::Table(names), _) => names.iter().map(|entry| (kind.key.clone(), entry.key.clone())).collect(),
        _ => Vec::new(),
    })
}

/// The definition that a place lies in: found by looking for the value there.
fn definition_at(root: &Node, place: cmc_types::Place) -> Option<(String, String)> {
    for kind in root.as_table()?.iter() {
        if kind.key == "fleet" {
            if holds(&kind.node, place) {
                return Some(("fleet".to_owned(), String::new()));
            }
            continue;
        }
        let Some(names) = kind.node.as_table() else { continue };
        if let Some(entry) = names.iter().find(|entry| entry.key_place == place || holds(&entry.node, place))
        {
            return Some((kind.key.clone(), entry.key.clone()));
        }
    }
    None
}

fn holds(node: &Node, place: cmc_types::Place) -> bool {
    node.place == place
        || match &node.value {
            Value::Table(table) => {
                table.iter().any(|entry| entry.key_place == place || holds(&entry.node, place))
            }
            Value::List(items) => items.iter().any(|item| holds(item, place)),
            _ => false,
        }
}

/// All files so far.
#[derive(Default)]
pub(super) struct Joined {
    table: Table,
    fleet: Option<Entry>,
    any: Option<cmc_types::Place>,
    broken: BTreeSet<(String, String)>,
    diagnostics: Vec<Diagnostic>,
    incomplete: bool,
}

impl Joined {
    /// Adds a file. A definition that stands there already is reported with both places, and the first is kept.
    pub(super) fn extend(&mut self, checked: Option<Checked>) {
        let Some(checked) = checked else { return };
        self.any.get_or_insert(checked.root.place);
        self.incomplete |= !checked.whole;
        self.broken.extend(checked.broken);
        self.diagnostics.extend(checked.diagnostics);
        let Value::Table(kinds) = checked.root.value else { return };
        for kind in kinds {
            if kind.key == "fleet" {
                self.fleet = Some(kind);
            } else {
                self.kind(kind);
            }
        }
    }

    fn kind(&mut self, kind: Entry) {
        let Value::Table(names) = kind.node.value else { return };
        if self.table.get(&kind.key).is_none() {
            let node = Node { value: Value::Table(Table::default()), place: kind.node.place };
            self.table.insert(Entry { key: kind.key.clone(), key_place: kind.key_place, node });
        }
        let Some(entry) = self.table.get_mut(&kind.key) else { return };
        let Value::Table(table) = &mut entry.node.value else { return };
        for definition in names {
            match table.get(&definition.key) {
                None => table.insert(definition),
                Some(first) => self.diagnostics.push(
                    Diagnostic::new(
                        codes::DUPLICATE_DEFINITION,
                        format!("{} `{}` is defined twice", kind.key, definition.key),
                    )
                    .at(definition.key_place, "again here")
                    .with(first.key_place, "first here"),
                ),
            }
        }
    }

    /// Hands over the joined tree without the definitions that have errors; of the fleet's own its variables stay.
    pub(super) fn finish(mut self, loaded: &mut Loaded) {
        loaded.diagnostics.append(&mut self.diagnostics);
        loaded.incomplete |= self.incomplete;
        let Some(place) = self.any else { return };
        if let Some(fleet) = self.fleet.take() {
            self.table.insert(fleet);
        }
        self.table.retain(|entry| schema::KINDS.contains(&entry.key.as_str()));
        if self.broken.contains(&("fleet".to_owned(), String::new())) {
            // The hosts' variables are right, whatever else is wrong with the fleet.
            if let Some(Value::Table(fleet)) = self.table.get_mut("fleet").map(|entry| &mut entry.node.value)
            {
                fleet.retain(|entry| entry.key == "vars");
            }
        }
        for (kind, node) in self.table.iter_mut() {
            if let Value::Table(names) = &mut node.value {
                names.retain(|entry| !self.broken.contains(&(kind.to_owned(), entry.key.clone())));
            }
        }
        loaded.left_out.append(&mut self.broken);
        loaded.document = Some(Node { value: Value::Table(self.table), place });
    }
}
