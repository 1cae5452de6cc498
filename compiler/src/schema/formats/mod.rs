//! A JSON Schema per format: of what a definition may say of it, and of what a file of it says, as `cmc import --format
//! json` gives it. All come from the types and tables that read the formats.

mod examples;
mod files;
mod tables;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

pub use files::reading;

use serde_json::{Map, Value, json};

/// The names of all schemas: that of definition files, their parts, and files by format.
pub fn names() -> impl Iterator<Item = &'static str> {
    let parts = tables::PARTS.iter().map(|(name, ..)| *name);
    std::iter::once("definition").chain(parts).chain(["systemd-unit", "login-class"]).chain(files::names())
}

/// The schema of a name.
pub fn schema(name: &str) -> Option<Value> {
    match name {
        "definition" => Some(super::definition_schema()),
        "systemd-unit" => Some(tables::unit()),
        "login-class" => Some(tables::login_class()),
        _ => tables::part(name).or_else(|| files::schema(name)),
    }
}

/// A schema's outermost table.
fn root(title: &str, about: &str, properties: Value) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".into(), title.into());
    schema.insert("description".into(), about.into());
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties);
    schema.insert("additionalProperties".into(), json!(false));
    schema
}
