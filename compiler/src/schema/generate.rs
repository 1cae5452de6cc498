//! Makes the JSON Schema of definitions from the Rust types.
//!
//! What the derive gives is right for typed values. Files may hold more and people read the errors, so it is changed:
//! optional keys do not take null, names of tables are checked as names, and in services every typed leaf also takes
//! a text with an expression, whose value is checked after rendering.

use cmc_types::definition::{Document, Service};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Name of the schema of a text with an expression.
pub(super) const EXPRESSION: &str = "Expression";

/// The parts of a service, where typed leaves may hold expressions.
const SERVICE_PARTS: [&str; 3] = ["Service", "Preset", "Overlay"];
/// Keys of a service that take no expressions: what they say is needed before anything is rendered.
const STATIC_KEYS: [&str; 4] = ["use", "on", "after", "needs"];
/// Tables that one expression may give, besides those in `systemd` and `login-class`. What a service consists of, such
/// as its files and the names of its variables, is the same on all hosts.
const TABLES: [&str; 4] = ["Daemon", "Health", "Limits", "UnitTable"];

/// The schema of a definition file.
pub(super) fn document() -> Value {
    let mut schema = typed::<Document>();
    allow_expressions(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), "cmc definitions".into());
    }
    schema
}

/// The schema of a service as it is after merging and rendering, and of nothing else.
pub(super) fn service() -> Value {
    typed::<Service>()
}

fn typed<T: schemars::JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    each(&mut schema, &mut |schema| {
        strip_null(schema);
        strip_empty_default(schema);
        name_keys(schema);
        bound_integers(schema);
    });
    name_definitions(&mut schema);
    name_architectures(&mut schema);
    schema
}

/// Calls `change` on a schema and all schemas in it, inner ones first.
fn each(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "patternProperties" | "$defs", Value::Object(schemas)) => {
                schemas.values_mut().for_each(|schema| each(schema, change));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| each(schema, change));
            }
            ("items" | "additionalProperties" | "propertyNames", schema) => each(schema, change),
            _ => {}
        }
    }
    change(object);
}

/// `Option<T>` takes null in serde; in files a key is there or not, and a null branch would hide the real error.
fn strip_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    if let [Value::Object(only)] = branches.as_mut_slice() {
        let only = std::mem::take(only);
        schema.remove("anyOf");
        for (key, value) in only {
            schema.entry(key).or_insert(value);
        }
    }
}

/// "No value" is no default worth showing.
fn strip_empty_default(schema: &mut Map<String, Value>) {
    let empty = schema.get("default").is_some_and(|default| {
        default.is_null()
            || default.as_array().is_some_and(Vec::is_empty)
            || default.as_object().is_some_and(Map::is_empty)
    });
    if empty {
        schema.remove("default");
    }
}

/// A map with typed keys: the keys' schema becomes `propertyNames`, so that a bad name is reported as a bad name and
/// its value is checked all the same.
fn name_keys(schema: &mut Map<String, Value>) {
    let Some(Value::Object(patterns)) = schema.remove("patternProperties") else { return };
    let Some((pattern, value)) = patterns.into_iter().next() else { return };
    schema.insert("propertyNames".into(), json!({ "type": "string", "pattern": pattern }));
    schema.insert("additionalProperties".into(), value);
}

/// The types of names differ in what they are names of, which the pattern alone does not say.
fn name_definitions(schema: &mut Value) {
    const NAMES: [(&str, &str); 6] = [
        ("tag", "TagName"),
        ("host", "HostName"),
        ("preset", "PresetName"),
        ("service", "ServiceName"),
        ("secret", "SecretName"),
        ("validator", "ValidatorName"),
    ];
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (kind, format) in NAMES {
            if let Some(names) = properties.get_mut(kind).and_then(|kind| kind.get_mut("propertyNames")) {
                names["format"] = format.into();
            }
        }
    }
    each(schema, &mut |schema| {
        if let Some(Value::Object(names)) = schema.get_mut("propertyNames") {
            let pattern = names.get("pattern").and_then(Value::as_str).unwrap_or_default();
            let format = super::text::format_of_pattern(pattern);
            if let Some(format) = format {
                names.entry("format").or_insert(format.into());
            }
        }
    });
}

/// `source` by architecture: the derive takes any key where keys are an enum with documented values.
fn name_architectures(schema: &mut Value) {
    let architectures = typed_choices::<cmc_types::Arch>();
    let branches = schema.pointer_mut("/$defs/Source/anyOf").and_then(Value::as_array_mut);
    for branch in branches.into_iter().flatten().filter(|branch| branch["type"] == "object") {
        branch["propertyNames"] = json!({ "enum": architectures });
    }
}

/// The texts of an enum whose values are documented.
fn typed_choices<T: schemars::JsonSchema>() -> Vec<Value> {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    let branches = schema["oneOf"].as_array().into_iter().flatten();
    branches.filter_map(|branch| branch.get("const").cloned()).collect()
}

/// Serde refuses what does not fit the integer type.
fn bound_integers(schema: &mut Map<String, Value>) {
    if schema.get("format").is_some_and(|format| format == "uint32") {
        schema.entry("maximum").or_insert(u32::MAX.into());
    }
}

fn allow_expressions(schema: &mut Value) {
    let Some(Value::Object(definitions)) = schema.get_mut("$defs") else { return };
    let mut done = BTreeSet::new();
    let mut next: Vec<String> = SERVICE_PARTS.map(str::to_owned).to_vec();
    while let Some(name) = next.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let Some(mut definition) = definitions.remove(&name) else { continue };
        widen_parts(&mut definition, SERVICE_PARTS.contains(&name.as_str()), definitions, &mut next);
        definitions.insert(name, definition);
    }
    definitions.insert(
        EXPRESSION.into(),
        json!({
            "description": "A text with an expression `{{ … }}`; the value that it gives is checked after rendering.",
            "type": "string",
            "pattern": "\\{\\{"
        }),
    );
}

/// Widens every leaf within a container's schema; definitions that are containers themselves are queued.
fn widen_parts(schema: &mut Value, is_part: bool, definitions: &Map<String, Value>, next: &mut Vec<String>) {
    let Value::Object(object) = schema else { return };
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let typed =
                    properties.iter_mut().filter(|(key, _)| !is_part || !STATIC_KEYS.contains(&key.as_str()));
                typed.for_each(|(_, schema)| widen(schema, false, definitions, next));
            }
            ("items", schema) => widen(schema, false, definitions, next),
            ("additionalProperties", schema) => widen(schema, true, definitions, next),
            ("anyOf", Value::Array(branches)) => {
                let mut text = false;
                let mut leaf = false;
                for branch in branches.iter_mut() {
                    text |= is_plain_text(branch);
                    let target = target(branch, definitions);
                    match target.is_some_and(is_leaf) || is_leaf(branch) {
                        true => leaf = true,
                        // The list's expression goes beside the other branches.
                        false if is_list(branch) => {
                            leaf = true;
                            widen_parts(branch, false, definitions, next);
                        }
                        false => widen(branch, false, definitions, next),
                    }
                }
                if leaf && !text {
                    branches.push(json!({ "$ref": format!("#/$defs/{EXPRESSION}") }));
                }
            }
            _ => {}
        }
    }
}

/// `in_table` says whether the schema is that of a table's values: a table among them may be an expression.
fn widen(schema: &mut Value, in_table: bool, definitions: &Map<String, Value>, next: &mut Vec<String>) {
    if let Some(target) = target(schema, definitions) {
        let name = reference(schema).unwrap_or_default();
        if !is_leaf(target) {
            next.push(name.to_owned());
            if !TABLES.contains(&name) {
                return;
            }
        }
    } else if !is_leaf(schema) {
        widen_parts(schema, false, definitions, next);
        let may_be_given =
            is_list(schema) || (in_table && schema.get("properties").is_none() && is_table(schema));
        if !may_be_given {
            return;
        }
    }
    let Value::Object(object) = schema else { return };
    let mut inner = std::mem::take(object);
    for annotation in ["description", "default"] {
        if let Some(value) = inner.remove(annotation) {
            object.insert(annotation.into(), value);
        }
    }
    object.insert("anyOf".into(), json!([inner, { "$ref": format!("#/$defs/{EXPRESSION}") }]));
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

fn target<'d>(schema: &Value, definitions: &'d Map<String, Value>) -> Option<&'d Value> {
    definitions.get(reference(schema)?)
}

fn is_plain_text(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "string")
        && schema.get("pattern").is_none()
        && !has_choices(schema)
}

fn has_choices(schema: &Value) -> bool {
    schema.get("enum").is_some() || schema.get("const").is_some()
}

/// A list, which an expression may give as a whole.
fn is_list(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "array")
}

fn is_table(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "object")
}

/// A leaf that takes some texts, or none. One that takes a single value has no use for expressions.
fn is_leaf(schema: &Value) -> bool {
    if schema.get("const").is_some() {
        return false;
    }
    if let Some(Value::Array(branches)) = schema.get("oneOf") {
        return branches.iter().all(has_choices);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean" | "integer" | "number") => true,
        Some("string") => !is_plain_text(schema),
        _ => false,
    }
}
