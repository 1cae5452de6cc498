//! The published schema, read by a validator that is not ours: editors and generators use whichever they have.

use crate::support::skip;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints `good` or `bad` for each definition file; 77 without what it needs.
const VALIDATE: &str = r#"
import json, sys
try:
    import jsonschema, tomllib
except ImportError:
    sys.exit(77)
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        read = json.load if path.endswith(".json") else tomllib.load
        print("good" if validator.is_valid(read(file)) else "bad")
"#;

/// Whether python's jsonschema takes each file; none if no python here has it.
fn taken(schema: &str, files: &[PathBuf]) -> Option<Vec<bool>> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(format!("{schema}.schema.json"));
    ["python3", "/usr/bin/python3"].into_iter().find_map(|python| {
        let ran = Command::new(python).args(["-c", VALIDATE]).arg(&schema).args(files).output().ok()?;
        if ran.status.code() == Some(77) {
            return None;
        }
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Some(String::from_utf8(ran.stdout).unwrap().lines().map(|line| line == "good").collect())
    })
}

/// The definition files of fixtures.
fn files(fixtures: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut pending: Vec<PathBuf> = fixtures.iter().map(|fixture| root.join(fixture)).collect();
    let mut files = Vec::new();
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let payload = ["templates", "files", "secrets"].iter().any(|name| path.ends_with(name));
            let definition =
                path.extension().is_some_and(|extension| extension == "toml" || extension == "json");
            match path.is_dir() {
                true if !payload => pending.push(path),
                false if definition => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

#[test]
fn another_validator_takes_good_definitions_and_refuses_others() {
    let good = files(&["valid"]);
    let bad = files(&["invalid/unknown-key", "invalid/unknown-key-kind", "invalid/wrong-type"]);
    let Some(taken_good) = taken("definition", &good) else {
        return skip("schemas", "no python here has `jsonschema`; install the package python3-jsonschema");
    };
    assert!(good.len() > 20 && taken_good.len() == good.len());
    for (file, taken) in good.iter().zip(taken_good) {
        assert!(taken, "{}", file.display());
    }
    assert_eq!(taken("definition", &bad).unwrap().iter().filter(|taken| !**taken).count(), 3, "{bad:?}");
}

#[test]
fn another_validator_takes_every_schema_its_example_and_refuses_a_key_that_it_has_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let Some(name) = file.strip_suffix(".schema.json") else { continue };
        let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let Some(example) = schema["examples"].as_array().and_then(|examples| examples.first()) else {
            continue;
        };
        let mut wrong = example.clone();
        wrong["no-such-key"] = serde_json::json!(1);
        let scratch = tempfile::tempdir().unwrap();
        let files = [("good.json", example), ("bad.json", &wrong)].map(|(file, value)| {
            let file = scratch.path().join(file);
            std::fs::write(&file, value.to_string()).unwrap();
            file
        });
        let Some(taken) = taken(name, &files) else {
            return skip(
                "schemas",
                "no python here has `jsonschema`; install the package python3-jsonschema",
            );
        };
        assert_eq!(taken, [true, false], "{name}");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}
