//! The structure of definitions: one JSON Schema, generated from the types of [`cmc_types::definition`], checked on
//! files before merging and, without expressions, on each host's services after rendering.
//!
//! All structural errors are found in one run, each at the offending key or value.

mod exclusive;
mod explain;
pub mod formats;
mod generate;
mod later;
mod samples;
mod suggest;
mod text;

use crate::tree::{Node, Value};
use cmc_types::definition::Service;
use cmc_types::{Diagnostic, Place, codes};
use exclusive::Stage;
use explain::{Explainer, Problem};
use std::collections::HashSet;
use std::sync::LazyLock;

/// The kinds of definitions.
pub const KINDS: [&str; 7] = ["fleet", "tag", "host", "preset", "service", "secret", "validator"];

/// A structural error and the definitions that it makes unusable.
pub(crate) struct Finding {
    /// What is wrong.
    pub(crate) diagnostic: Diagnostic,
    /// Kind and name of each; the fleet's own name is empty.
    pub(crate) definitions: Vec<(String, String)>,
}

/// The JSON Schema of a definition file, with a title, a description and examples of every key.
pub fn definition_schema() -> serde_json::Value {
    let mut schema = generate::document();
    if let Some(samples) = samples::Samples::read() {
        samples.add_to(&mut schema);
    }
    schema
}

/// Structural errors of a definition file.
pub(crate) fn check_document(root: &Node) -> Vec<Finding> {
    let problems = DOCUMENT.check(root);
    let mut findings: Vec<_> = problems
        .into_iter()
        .map(|problem| Finding {
            definitions: definitions(root, &problem.path),
            diagnostic: problem.diagnostic,
        })
        .collect();
    for kind in ["preset", "service"] {
        let parts = root.get(&[kind]).and_then(Node::as_table);
        for part in parts.into_iter().flat_map(|table| table.iter()) {
            let mut diagnostics = Vec::new();
            exclusive::check(&part.node, Stage::Written, &mut diagnostics);
            let definitions = vec![(kind.to_owned(), part.key.clone())];
            findings.extend(
                diagnostics
                    .into_iter()
                    .map(|diagnostic| Finding { diagnostic, definitions: definitions.clone() }),
            );
        }
    }
    findings
}

/// A service after merging and rendering, or its structural errors: typed values must have their types, and what only
/// all ranks together can say must be said.
pub fn check_service(service: &Node) -> Result<Service, Vec<Diagnostic>> {
    let problems = SERVICE.check(service);
    let mut diagnostics: Vec<_> = problems.into_iter().map(|problem| problem.diagnostic).collect();
    exclusive::check(service, Stage::Merged, &mut diagnostics);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    // The schema says all that the types say; should it not, this must not pass.
    serde_json::from_value(service.to_json()).map_err(|error| {
        let message = format!("the service is not valid: {error}");
        vec![Diagnostic::new(codes::INVALID_VALUE, message).at(service.place, "")]
    })
}

/// The definitions that a path of a document lies in: one, or all of a misspelt kind.
fn definitions(root: &Node, path: &[String]) -> Vec<(String, String)> {
    match path {
        [kind, ..] if kind == "fleet" => vec![(kind.clone(), String::new())],
        [kind] => {
            let names = root.get(path).and_then(Node::as_table).into_iter().flat_map(|table| table.iter());
            let meant = suggest::nearest(kind, KINDS).unwrap_or(kind);
            names.map(|entry| (meant.to_owned(), entry.key.clone())).collect()
        }
        [kind, name, ..] => vec![(kind.clone(), name.clone())],
        [] => Vec::new(),
    }
}

/// A schema, ready to check trees.
struct Schema {
    schema: serde_json::Value,
    validator: Option<jsonschema::Validator>,
}

static DOCUMENT: LazyLock<Schema> = LazyLock::new(|| Schema::new(generate::document()));
static SERVICE: LazyLock<Schema> = LazyLock::new(|| Schema::new(generate::service()));

impl Schema {
    fn new(schema: serde_json::Value) -> Self {
        let mut options = jsonschema::options().should_validate_formats(true);
        for (name, check) in text::TYPES {
            options = options.with_format(*name, move |text: &str| check(text).is_ok());
        }
        // The schema is generated, never read; that it compiles is tested.
        let validator = options.build(&schema).ok();
        Self { schema, validator }
    }

    fn check(&self, root: &Node) -> Vec<Problem> {
        let explainer = Explainer { schema: &self.schema, root };
        let Some(validator) = &self.validator else {
            return vec![explainer.no_schema()];
        };
        let instance = instance(root);
        if validator.is_valid(&instance) {
            return Vec::new();
        }
        let problems = validator.iter_errors(&instance).flat_map(|error| explainer.explain(&error));
        let problems: Vec<Problem> = problems.collect();
        // Of a value of the wrong type nothing else need be said.
        let mistyped = problems.iter().filter(|problem| problem.diagnostic.code == codes::WRONG_TYPE);
        let mistyped: HashSet<Vec<String>> = mistyped.map(|problem| problem.path.clone()).collect();
        let mut said: HashSet<(&str, Option<Place>, String)> = HashSet::new();
        problems
            .into_iter()
            .filter(|problem| {
                let diagnostic = &problem.diagnostic;
                if diagnostic.code == codes::INVALID_VALUE && mistyped.contains(&problem.path) {
                    return false;
                }
                said.insert((diagnostic.code.name(), explain::place(problem), diagnostic.message.clone()))
            })
            .collect()
    }
}

/// The tree as JSON. JSON Schema counts `1.0` as an integer, but no integer of a definition is written so: such a
/// number becomes one that is a fraction for every schema.
fn instance(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Float(number) if number.fract() == 0.0 => 0.5.into(),
        Value::List(items) => items.iter().map(instance).collect(),
        Value::Table(table) => {
            let entries = table.iter().map(|entry| (entry.key.clone(), instance(&entry.node)));
            serde_json::Value::Object(entries.collect())
        }
        _ => node.to_json(),
    }
}

#[cfg(test)]
mod tests;
