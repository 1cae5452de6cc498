//! The spanned tree: what TOML and JSON files are read into, and what merging and rendering work on. Every key and
//! value knows its place, so that a finding about a merged and rendered service still points at what a person wrote.

use cmc_types::Place;
use std::collections::HashMap;

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where the value stands.
    pub place: Place,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// JSON's null; no key takes it.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table that keeps the order in which its keys were written.
#[derive(Debug, Clone, Default)]
pub struct Table {
    entries: Vec<Entry>,
    /// Where each key is, once there are more than [`SMALL`]. Most tables are small, and copied for every host.
    by_key: HashMap<String, usize>,
}

/// Entries that are looked through one by one.
const SMALL: usize = 12;

/// A key, where it stands, and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_place: Place,
    /// The value.
    pub node: Node,
}

impl Table {
    /// The entry of this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.index_of(key).map(|index| &self.entries[index])
    }

    /// The entry of this key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.index_of(key).map(|index| &mut self.entries[index])
    }

    fn index_of(&self, key: &str) -> Option<usize> {
        match self.entries.len() {
            0..=SMALL => self.entries.iter().position(|entry| entry.key == key),
            _ => self.by_key.get(key).copied(),
        }
    }

    /// Makes the index anew, if there is one.
    fn index(&mut self) {
        self.by_key.clear();
        if self.entries.len() > SMALL {
            let keys = self.entries.iter().enumerate();
            self.by_key.extend(keys.map(|(index, entry)| (entry.key.clone(), index)));
        }
    }

    /// Adds an entry, or replaces the one of the same key in its place.
    pub fn insert(&mut self, entry: Entry) {
        match self.index_of(&entry.key) {
            Some(index) => self.entries[index] = entry,
            None if self.entries.len() > SMALL => {
                self.by_key.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
            None => {
                self.entries.push(entry);
                self.index();
            }
        }
    }

    /// Removes the entry of this key.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let index = self.index_of(key)?;
        let entry = self.entries.remove(index);
        self.index();
        Some(entry)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
        self.index();
    }

    /// The entries in the order written.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The entries in the order written.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.entries.iter_mut().map(|entry| (entry.key.as_str(), &mut entry.node))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl IntoIterator for Table {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl Node {
    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The node at a path of keys and list indices; `None` if there is none.
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.value {
            Value::Table(table) => table.get(step.as_ref()).map(|entry| &entry.node),
            Value::List(items) => items.get(step.as_ref().parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The place of the value at a path, or of the deepest part of the path that exists.
    pub fn place_of<S: AsRef<str>>(&self, path: &[S]) -> Place {
        (0..=path.len())
            .rev()
            .find_map(|depth| self.get(&path[..depth]))
            .map_or(self.place, |node| node.place)
    }

    /// The place of the key that a path ends in, or of the deepest part of the path that exists.
    pub fn key_place_of<S: AsRef<str>>(&self, path: &[S]) -> Place {
        let Some((last, parents)) = path.split_last() else { return self.place };
        let entry = self.get(parents).and_then(Node::as_table).and_then(|table| table.get(last.as_ref()));
        entry.map_or_else(|| self.place_of(parents), |entry| entry.key_place)
    }

    /// The value without places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(value) => value.as_str().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Table(table) => table
                .iter()
                .map(|entry| (entry.key.clone(), entry.node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
