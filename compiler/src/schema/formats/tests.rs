//! Every schema describes all keys, takes what its format has, and refuses what it has not.

use super::*;
use cmc_types::file_format::format_of;
use cmc_types::{Os, UnixPath};

/// Keys of a schema, in all of its parts, with their own schemas.
fn keys<'s>(schema: &'s Value, at: &str, found: &mut Vec<(String, &'s Value)>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                if let ("properties", Value::Object(properties)) = (key.as_str(), value) {
                    found.extend(properties.iter().map(|(key, schema)| (format!("{at}/{key}"), schema)));
                }
                if !matches!(key.as_str(), "examples" | "default" | "const" | "enum") {
                    keys(value, &format!("{at}/{key}"), found);
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| keys(value, at, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_every_schema_has_a_title_a_description_and_an_example() {
    let mut all = 0;
    for name in names() {
        let schema = schema(name).unwrap();
        assert!(
            schema["title"].is_string() && schema["description"].is_string() || name == "definition",
            "{name}"
        );
        let mut found = Vec::new();
        keys(&schema, name, &mut found);
        assert!(!found.is_empty(), "{name}");
        for (at, key) in found {
            // What several tables have is described once.
            let target = key["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/"));
            let key = match target {
                Some(target) if key["description"].is_null() => &schema["$defs"][target],
                _ => key,
            };
            assert!(key["title"].is_string(), "{at} has no title: {key}");
            assert!(key["description"].is_string(), "{at} has no description: {key}");
            let examples = key["examples"].as_array().map_or(0, Vec::len);
            assert!(examples > 0, "{at} has no example: {key}");
            all += 1;
        }
    }
    assert!(all > 1500, "{all}");
}

#[test]
fn every_directive_takes_its_example_and_so_does_its_schema() {
    let validator = jsonschema::validator_for(&schema("systemd-unit").unwrap()).unwrap();
    let mut wrong = Vec::new();
    for row in &cmc_types::systemd::DIRECTIVES {
        let example = examples::example(row);
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        if let Err(bad) = row.check(&text) {
            wrong.push(format!("{}={text}: {}", row.key, bad.problem));
        }
        for section in row.sections {
            let mut keys = Map::new();
            keys.insert(row.key.to_owned(), example.clone());
            let mut unit = Map::new();
            unit.insert(section.name().to_owned(), keys.into());
            if !validator.is_valid(&unit.into()) {
                wrong.push(format!("[{}] {}={text}", section.name(), row.key));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_schema_takes_its_own_examples_and_nothing_with_a_key_that_it_has_not() {
    for name in names().filter(|name| *name != "definition") {
        let schema = schema(name).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut found = Vec::new();
        keys(&schema, name, &mut found);
        for example in schema["examples"].as_array().into_iter().flatten() {
            let errors: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}\n{example}");
            let mut wrong = example.clone();
            wrong["no-such-key"] = json!(1);
            assert!(!validator.is_valid(&wrong), "{name}");
        }
        if files::names().any(|file| file == name) {
            assert_eq!(
                schema["examples"].as_array().unwrap().len(),
                1,
                "the sample of {name} cannot be read"
            );
        }
    }
}

#[test]
fn what_the_files_of_this_machine_say_is_valid_and_no_longer_with_another_type() {
    let os = Os::parse("debian-12").unwrap();
    let mut files = 0;
    let folders = [
        "/etc",
        "/etc/cron.d",
        "/etc/logrotate.d",
        "/etc/sudoers.d",
        "/etc/default",
        "/usr/lib/tmpfiles.d",
        "/usr/lib/sysusers.d",
        "/usr/lib/sysctl.d",
        "/etc/security",
    ];
    for entry in folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten()) {
        let path = entry.path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Some(found) = UnixPath::parse(path.to_str().unwrap()).ok().and_then(|path| format_of(&path, &os))
        else {
            continue;
        };
        let Some(read) = reading(found.format, &text) else { continue };
        let name = read["format"].as_str().unwrap();
        let validator = jsonschema::validator_for(&schema(name).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&read).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        if let Some(first) = read["content"].as_array().filter(|content| !content.is_empty()) {
            let mut wrong = read.clone();
            wrong["content"][0]["line"] = json!("one");
            assert!(first[0]["line"].is_u64() && !validator.is_valid(&wrong), "{}", path.display());
        }
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn units_are_checked_by_the_types_of_their_directives() {
    let validator = jsonschema::validator_for(&schema("systemd-unit").unwrap()).unwrap();
    for (unit, good) in [
        (
            json!({ "Service": { "Type": "notify", "ExecStart": ["/bin/a", "/bin/b"], "+Environment": "A=b", "X-Ours": 1 } }),
            true,
        ),
        (json!({ "Service": { "RemainAfterExit": true, "UMask": "0027", "Nice": 5 } }), true),
        (json!({ "Service": { "RemainAfterExit": "{{ vars.x }}", "Nice": "{{ vars.x }}" } }), true),
        (json!({ "Service": { "Type": "notfy" } }), false),
        (json!({ "Service": { "ExecStrat": "/bin/a" } }), false),
        (json!({ "Service": { "RemainAfterExit": "maybe" } }), false),
        (json!({ "Service": { "Nice": 50 } }), false),
        (json!({ "Service": { "OnCalendar": "daily" } }), false),
        (json!({ "Servce": {} }), false),
    ] {
        assert_eq!(validator.is_valid(&unit), good, "{unit}");
    }
    let class = jsonschema::validator_for(&schema("login-class").unwrap()).unwrap();
    assert!(class.is_valid(&json!({ "openfiles-cur": 4096, "auth-ssh": ["passwd"], "hushlogin": true })));
    assert!(
        !class.is_valid(&json!({ "openfiels": 4096 })) && !class.is_valid(&json!({ "hushlogin": "yes" }))
    );
}
