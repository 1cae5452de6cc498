//! What is generated and checked in is up to date: the schema of definitions, the reference of keys in
//! `docs/definitions.md`, and `docs/codes.md`. `CMC_UPDATE=1 cargo test -p cmc-compiler --test generated` writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cmc_compiler::schema;
use cmc_types::codes;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const REFERENCE: &str = "## All keys\n";

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn up_to_date(path: &str, expected: &str) {
    let file = repository(path);
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return;
    }
    assert!(
        std::env::var_os("CMC_UPDATE").is_some(),
        "{path} is out of date; `CMC_UPDATE=1 cargo test -p cmc-compiler --test generated` writes it"
    );
    std::fs::write(file, expected).unwrap();
}

#[test]
fn the_checked_in_schemas_are_those_of_the_types() {
    for name in schema::formats::names() {
        let schema = schema::formats::schema(name).unwrap();
        up_to_date(&format!("schemas/{name}.schema.json"), &format!("{schema:#}\n"));
    }
}

#[test]
fn the_book_lists_every_code() {
    let mut page = String::from(
        "# Diagnostic codes\n\n<!-- Generated from types/src/codes.rs; edit there. -->\n\nEvery finding bears one of these codes. A code is never renamed and never reused. Errors stop build and publish;\nwarnings and notes do not.\n",
    );
    let mut all: Vec<_> = codes::ALL.to_vec();
    all.sort_by_key(|code| code.name());
    for code in all {
        let severity = format!("{:?}", code.severity()).to_lowercase();
        write!(page, "\n## {}\n\n*{severity}*: {}\n", code.name(), code.explanation()).unwrap();
    }
    up_to_date("docs/codes.md", &page);
}

#[test]
fn the_book_lists_every_key() {
    let text = std::fs::read_to_string(repository("docs/definitions.md")).unwrap();
    let (written, _) = text.split_once(REFERENCE).expect("the page has a reference");
    up_to_date(
        "docs/definitions.md",
        &format!("{written}{REFERENCE}{}", reference(&schema::definition_schema())),
    );
}

/// A table of keys per kind and part, in the order in which a reader meets them.
fn reference(schema: &Value) -> String {
    let mut out = String::from("\n<!-- Generated from types/src/definition/; edit there. -->\n");
    let mut queue: Vec<(String, &Value)> = Vec::new();
    let mut done = Vec::new();
    for kind in schema::KINDS {
        let property = &schema["properties"][kind];
        let definition = property.get("additionalProperties").unwrap_or(property);
        let heading = if kind == "fleet" { "`[fleet]`".to_owned() } else { format!("`[{kind}.NAME]`") };
        queue.push((heading, resolve(schema, definition)));
        while let Some((heading, definition)) = (!queue.is_empty()).then(|| queue.remove(0)) {
            if done.contains(&heading) {
                continue;
            }
            table(&mut out, schema, &heading, definition, &mut queue);
            done.push(heading);
        }
    }
    out
}

fn table<'s>(
    out: &mut String,
    schema: &'s Value,
    heading: &str,
    definition: &'s Value,
    queue: &mut Vec<(String, &'s Value)>,
) {
    let Some(properties) = definition.get("properties").and_then(Value::as_object) else { return };
    writeln!(out, "\n### {heading}\n").unwrap();
    writeln!(out, "{}\n\n| key | value | meaning |\n|---|---|---|", description(definition)).unwrap();
    let required: Vec<_> = definition
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (key, value) in properties {
        let needed = if required.contains(&key.as_str()) { " (required)" } else { "" };
        let row = format!("| `{key}`{needed} | {} | {} |", shape(schema, value, queue), description(value));
        writeln!(out, "{row}").unwrap();
    }
}

fn description(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.replace('\n', " ").replace('|', "\\|")
}

fn resolve<'s>(schema: &'s Value, part: &'s Value) -> &'s Value {
    let pointer = part.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| schema.pointer(pointer)).unwrap_or(part)
}

/// What a key takes, in a few words; tables of their own are queued.
fn shape<'s>(schema: &'s Value, part: &'s Value, queue: &mut Vec<(String, &'s Value)>) -> String {
    let name = part.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    let part = resolve(schema, part);
    if let (Some(name), true) = (name, part.get("properties").is_some()) {
        queue.push((name.to_owned(), part));
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if name == Some("VarValue") {
        return "any value".into();
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = part.get(key).and_then(Value::as_array) {
            let is_expression = |branch: &&Value| branch["$ref"] != "#/$defs/Expression";
            let mut shapes: Vec<_> =
                branches.iter().filter(is_expression).map(|branch| shape(schema, branch, queue)).collect();
            shapes.dedup();
            return shapes.join(", ");
        }
    }
    if let Some(only) = part.get("const") {
        return format!("`{only}`");
    }
    match part.get("type").and_then(Value::as_str) {
        Some("array") => format!("list of {}", shape(schema, &part["items"], queue)),
        Some("object") => match part.get("additionalProperties") {
            Some(value) => format!("table of {}", shape(schema, value, queue)),
            None => {
                let keys = part.get("properties").and_then(Value::as_object).into_iter().flatten();
                let keys: Vec<_> = keys.map(|(key, _)| format!("`{key}`")).collect();
                format!("table with {}", keys.join(", "))
            }
        },
        Some("string") => match part.get("format").and_then(Value::as_str) {
            Some("UnixPath") => "path".into(),
            Some("ByteSize") => "size".into(),
            Some("Timespan") => "duration".into(),
            Some("AccountName") => "account".into(),
            Some(format) => format
                .strip_suffix("Name")
                .map_or_else(|| format.to_lowercase(), |what| format!("{} name", what.to_lowercase())),
            None => "text".into(),
        },
        Some("boolean") => "true, false".into(),
        Some(other) => other.into(),
        None => "value".into(),
    }
}
