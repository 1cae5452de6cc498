#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

#[test]
fn the_schemas_compile_and_every_type_of_text_is_known() {
    for schema in [&*DOCUMENT, &*SERVICE] {
        assert!(schema.validator.is_some());
        let text = schema.schema.to_string();
        for part in text.split("\"format\":\"").skip(1) {
            let format = part.split('"').next().unwrap();
            let numeric = ["int8", "int64", "uint64", "uint32", "uint8", "double"].contains(&format);
            assert!(
                numeric || text::TYPES.iter().any(|(name, _)| *name == format),
                "format {format} has no parser"
            );
        }
    }
}

#[test]
fn every_key_has_a_title_and_examples_and_these_and_its_default_are_valid() {
    fn visit(name: &str, place: &str, schema: &Value, bad: &mut Vec<String>, document: &Value) {
        for (key, value) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let examples = value["examples"].as_array().cloned().unwrap_or_default();
            if examples.is_empty() || value["title"].as_str().is_none_or(str::is_empty) {
                bad.push(format!("{name}.{key} has no example or no title"));
            }
            let mut part = document.clone();
            let part = part.as_object_mut().unwrap();
            for gone in ["properties", "required", "additionalProperties", "type", "title"] {
                part.remove(gone);
            }
            part.insert("$ref".into(), format!("#/$defs/{place}/properties/{key}").into());
            part["$defs"]["(document)"] = document.clone();
            let validator = jsonschema::validator_for(&Value::Object(part.clone())).unwrap();
            for sample in examples.iter().chain(value.get("default")) {
                if let Err(error) = validator.validate(sample) {
                    bad.push(format!("{name}.{key} = {sample}: {error}"));
                }
            }
        }
        for kind in ["anyOf", "oneOf"] {
            for (index, branch) in
                schema.get(kind).and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                visit(name, &format!("{place}/{kind}/{index}"), branch, bad, document);
            }
        }
    }
    use serde_json::Value;
    let schema = definition_schema();
    let mut bad = Vec::new();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        visit(name, name, definition, &mut bad, &schema);
    }
    visit("Document", "(document)", &schema, &mut bad, &schema);
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn every_sample_is_of_a_key_that_there_is() {
    let samples = super::samples::Samples::read().unwrap();
    let schema = definition_schema();
    let text = |name: &str| match name {
        super::samples::DOCUMENT => schema["properties"].to_string(),
        name => schema["$defs"][name].to_string(),
    };
    for (name, keys) in &samples.examples {
        for key in keys.keys() {
            assert!(text(name).contains(&format!("\"{key}\":{{")), "{name}.{key}");
        }
    }
    for (name, keys) in &samples.defaults {
        for key in keys.keys() {
            assert!(samples.examples[name].contains_key(key), "{name}.{key}");
        }
    }
}

#[test]
fn every_key_and_kind_has_a_description() {
    fn visit(path: &str, schema: &serde_json::Value, missing: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(|properties| properties.as_object()) {
            for (key, value) in properties {
                let path = format!("{path}.{key}");
                if value.get("description").is_none() {
                    missing.push(path.clone());
                }
                visit(&path, value, missing);
            }
        }
        for key in ["anyOf", "oneOf"] {
            for branch in schema.get(key).and_then(|branches| branches.as_array()).into_iter().flatten() {
                visit(path, branch, missing);
            }
        }
    }
    let schema = definition_schema();
    let mut missing = Vec::new();
    visit("", &schema, &mut missing);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        if definition.get("description").is_none() {
            missing.push(name.clone());
        }
        visit(name, definition, &mut missing);
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// A service as a tree; every place is the beginning of an empty file.
fn tree(value: &serde_json::Value) -> Node {
    use crate::tree::{Entry, Table};
    let place = Place { file: cmc_types::FileId(0), span: cmc_types::Span::new(0, 0) };
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Integer)
        }
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(tree).collect()),
        serde_json::Value::Object(object) => {
            let mut table = Table::default();
            for (key, value) in object {
                table.insert(Entry { key: key.clone(), key_place: place, node: tree(value) });
            }
            Value::Table(table)
        }
    };
    Node { value, place }
}

fn merged(value: serde_json::Value) -> Vec<String> {
    let said = |diagnostic: &Diagnostic| format!("{}: {}", diagnostic.code, diagnostic.message);
    check_service(&tree(&value)).err().unwrap_or_default().iter().map(said).collect()
}

#[test]
fn a_merged_service_has_no_expressions_and_lacks_nothing() {
    use serde_json::json;
    assert_eq!(merged(json!({"file": {"/etc/x": {"content": "{{", "mode": "0644"}}})), Vec::<String>::new());
    assert_eq!(
        merged(json!({
            "daemon": {"restart-delay": "{{ vars.delay }}"},
            "file": {"/etc/x": {"mode": "0644"}},
            "env": {"PORT": {"type": "port"}},
            "health": {"failures": 3.0, "then": "restart"},
        })),
        [
            "invalid-value: `{{ vars.delay }}`: not a time span",
            "wrong-type: `failures` takes an integer, not a number with a fraction",
            "exclusive-keys: file `/etc/x` has none of `template`, `source`, `content`, `secret`, `link`, `absent`",
            "exclusive-keys: `health` has none of `http`, `tcp`, `exec`",
            "missing-key: `daemon` lacks the key `exec`",
        ]
    );
}

#[test]
fn what_the_schema_takes_the_types_take() {
    use serde_json::json;
    for value in [
        json!({"daemon": {"exec": ["/x"], "limits": {"core": 0, "stack": "8M"}, "reload": ["/x"]}}),
        json!({"login-class": {"a": {"x": true, "y": 1, "z": "t", "l": ["a"]}}}),
        json!({"systemd": {"a.service": {"Service": {"A": [1, true, "x"], "B": []}}}}),
        json!({"file": {"/a": {"source": {"x86_64": "a"}, "check": {"off": "why"}}, "/b": {"absent": true}}}),
        json!({"user": {"a": {"existing": true}}, "on": ["@all"], "use": ["a"]}),
    ] {
        assert_eq!(merged(value), Vec::<String>::new());
    }
    assert_eq!(merged(json!({"file": {"/a": {"content": "", "check": {"off": "why", "on": 1}}}})).len(), 1);
}
