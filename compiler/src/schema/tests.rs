#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

#[test]
fn the_schemas_compile_and_every_type_of_text_is_known() {
    for schema in [&*DOCUMENT, &*SERVICE] {
        assert!(schema.validator.is_some());
        let text = schema.schema.to_string();
        for part in text.split("\"format\":\"").skip(1) {
            let format = part.split('"').next().unwrap();
            let numeric = ["int64", "uint64", "uint32", "uint8", "double"].contains(&format);
            assert!(
                numeric || text::TYPES.iter().any(|(name, _)| *name == format),
                "format {format} has no parser"
            );
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
