//! Titles, examples and defaults for the published schema: editors show them, and no check needs them.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values by schema and key.
type ByKey<T> = BTreeMap<String, BTreeMap<String, T>>;

/// `samples.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Samples {
    pub(super) examples: ByKey<Vec<Value>>,
    pub(super) defaults: ByKey<Value>,
}

/// What stands for the document itself.
pub(super) const DOCUMENT: &str = "Document";

/// Schemas that have the keys of another.
const LIKE: [(&str, &str); 2] = [("Overlay", "Service"), ("Preset", "Service")];

impl Samples {
    /// The samples of this version; none if they cannot be read, which a test excludes.
    pub(super) fn read() -> Option<Self> {
        toml::from_str(include_str!("samples.toml")).ok()
    }

    /// Adds a title to every key of a schema, and what is known of it.
    pub(super) fn add_to(&self, document: &mut Value) {
        if let Some(definitions) = document.get_mut("$defs").and_then(Value::as_object_mut) {
            for (name, schema) in definitions {
                self.add(name, schema);
            }
        }
        self.add(DOCUMENT, document);
    }

    fn add(&self, name: &str, schema: &mut Value) {
        let like = LIKE.iter().find(|(other, _)| *other == name).map_or(name, |(_, like)| like);
        let Some(schema) = schema.as_object_mut() else { return };
        for (key, property) in properties(schema) {
            property.entry("title").or_insert_with(|| title(key).into());
            if let Some(examples) = self.examples.get(like).and_then(|keys| keys.get(key)) {
                property.insert("examples".into(), examples.clone().into());
            }
            if let Some(default) = self.defaults.get(like).and_then(|keys| keys.get(key)) {
                property.insert("default".into(), default.clone());
            }
        }
    }
}

/// The properties of a schema and of its alternatives.
fn properties(schema: &mut Map<String, Value>) -> Vec<(&String, &mut Map<String, Value>)> {
    let mut found = Vec::new();
    for (key, value) in schema {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                found.extend(
                    properties.iter_mut().filter_map(|(key, value)| Some((key, value.as_object_mut()?))),
                );
            }
            ("anyOf" | "oneOf", Value::Array(branches)) => {
                found.extend(branches.iter_mut().filter_map(Value::as_object_mut).flat_map(properties));
            }
            _ => {}
        }
    }
    found
}

/// A key as people say it: `restart-delay` is `Restart delay`.
fn title(key: &str) -> String {
    let words = key.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
