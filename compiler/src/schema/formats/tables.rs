//! Schemas of what definitions say: parts of the schema of definitions, and the tables of directives and capabilities.

use super::root;
use cmc_types::login_conf::{self, Systems};
use cmc_types::systemd::{DIRECTIVES, Directive, Empty, Kind, NEWEST, Repeat, Section, Words};
use serde_json::{Map, Value, json};

/// Parts of definitions: name, schema in that of definitions, title.
pub(super) const PARTS: &[(&str, &str, &str)] = &[
    ("service", "Service", "a service"),
    ("daemon", "Daemon", "a daemon, whatever starts it"),
    ("job", "Job", "a job: a program that runs at certain times"),
    ("env", "EnvVarTable", "a variable of a service's environment"),
    ("file", "File", "a file of a service"),
    ("host", "Host", "a host"),
    ("secret", "Secret", "a secret"),
];

/// A part of the schema of definitions, with what it refers to.
pub(super) fn part(name: &str) -> Option<Value> {
    let (_, definition, title) = PARTS.iter().find(|(part, ..)| *part == name)?;
    let whole = crate::schema::definition_schema();
    let all = whole.get("$defs")?.as_object()?;
    let mut part = all.get(*definition)?.as_object()?.clone();
    let mut found = Map::new();
    let mut pending = vec![Value::Object(part.clone())];
    while let Some(schema) = pending.pop() {
        for name in references(&schema) {
            if let (false, Some(schema)) = (found.contains_key(&name), all.get(&name)) {
                found.insert(name, schema.clone());
                pending.push(schema.clone());
            }
        }
    }
    part.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    part.insert("title".into(), format!("cmc: {title}").into());
    part.insert("$defs".into(), found.into());
    Some(part.into())
}

/// The names of the schemas that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value.as_str()) {
                ("$ref", Some(target)) => {
                    target.strip_prefix("#/$defs/").map(str::to_owned).into_iter().collect()
                }
                _ => references(value),
            })
            .collect(),
        Value::Array(all) => all.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn expression() -> Value {
    json!({ "type": "string", "pattern": "\\{\\{" })
}

/// A unit as definitions have it: sections of directives. A directive of several sections is described once.
pub(super) fn unit() -> Value {
    let mut directives = Map::new();
    let mut sections = Map::new();
    let mut rows: Vec<(&Directive, String)> = Vec::new();
    for row in &DIRECTIVES {
        // A few have the same name and another value elsewhere.
        let same = rows.iter().filter(|(other, _)| other.key == row.key).count();
        let name = if same == 0 { row.key.to_owned() } else { format!("{}-{}", row.key, same + 1) };
        directives.insert(name.clone(), directive(row));
        rows.push((row, name));
    }
    for section in Section::ALL {
        let mut keys = Map::new();
        let mut said = Map::new();
        for (row, name) in rows.iter().filter(|(row, _)| row.sections.contains(section)) {
            if super::examples::telling(*section).contains(&row.key) {
                said.insert(row.key.to_owned(), super::examples::example(row));
            }
            keys.insert(row.key.to_owned(), json!({ "$ref": format!("#/$defs/{name}") }));
        }
        let name = section.name();
        sections.insert(
            name.to_owned(),
            json!({
                "title": name,
                "description": format!("The section [{name}]. `+KEY` appends to what others set, [] removes it."),
                "type": "object",
                "properties": keys,
                "patternProperties": { "^[+]": true, "^X-": true },
                "additionalProperties": false,
                "examples": [said],
            }),
        );
    }
    let about = format!(
        "A unit or drop-in of systemd as `service.NAME.systemd.\"UNIT\"` has it: every directive up to systemd {NEWEST}."
    );
    let mut schema = root("systemd unit", &about, sections.into());
    let existing = json!({
        "title": "Existing",
        "description": "Somebody else makes the unit; others may name it.",
        "const": true,
        "examples": [true],
    });
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("existing".to_owned(), existing);
    }
    schema.insert("patternProperties".into(), json!({ "^X-": true }));
    let example = json!({ "Service": { "ExecStart": "/usr/local/bin/api", "Restart": "on-failure", "RestartSec": "5s" } });
    schema.insert("examples".into(), json!([example]));
    schema.insert("$defs".into(), directives.into());
    schema.into()
}

fn directive(row: &Directive) -> Value {
    let one = value(row.kind);
    let sections: Vec<&str> = row.sections.iter().map(|section| section.name()).collect();
    let mut about = format!("`{}=` of [{}]: {}", row.key, sections.join("], ["), words(row.kind));
    about.push_str(match row.repeat {
        Repeat::Appends => "; several values add up",
        Repeat::Last => "; of several values the last counts",
    });
    about.push_str(match row.empty {
        Empty::Resets => "; an empty one takes them back.",
        Empty::Refused => "; an empty one is refused.",
        Empty::Useless => "; an empty one does nothing.",
    });
    if let Some(release) = row.since {
        about.push_str(&format!(" Since systemd {release}."));
    }
    if let Some(other) = row.replaced_by {
        about.push_str(&format!(" Kept for compatibility: use `{other}`."));
    }
    json!({
        "title": row.key,
        "description": about,
        "anyOf": [one, { "type": "array", "items": one }],
        "examples": [super::examples::example(row)],
    })
}

/// What a kind of value is called: its name in words.
fn words(kind: Kind) -> String {
    let name = format!("{kind:?}");
    let name = name.split(['(', ' ']).next().unwrap_or_default();
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// What JSON can say of one value; all of it is checked by the kind itself.
fn value(kind: Kind) -> Value {
    const BOOLEANS: [&str; 12] = ["yes", "no", "true", "false", "on", "off", "1", "0", "y", "n", "t", "f"];
    let choices = |words: &[&str]| json!({ "enum": words });
    let every = |words: Words| json!({ "enum": words.known(None).collect::<Vec<_>>() });
    let text = json!({ "type": ["string", "integer", "boolean"] });
    match kind {
        Kind::Bool => {
            json!({ "anyOf": [{ "type": "boolean" }, { "enum": [0, 1] }, choices(&BOOLEANS), choices(&[""]), expression()] })
        }
        Kind::BoolOr(words) => {
            json!({ "anyOf": [{ "type": "boolean" }, { "enum": [0, 1] }, choices(&BOOLEANS), every(words), choices(&[""]), expression()] })
        }
        Kind::Choice(words) => json!({ "anyOf": [every(words), choices(&[""]), expression()] }),
        Kind::Integer(least, most) => json!({ "anyOf": [
            { "type": "integer", "minimum": least, "maximum": most },
            { "type": "string", "pattern": "^([+-]?[0-9a-fA-FxXob]*|.*\\{\\{.*)$" },
        ] }),
        Kind::Mode => json!({ "type": "string", "pattern": "^([0-7]{0,5}|.*\\{\\{.*)$" }),
        _ => text,
    }
}

/// A login class as definitions have it.
pub(super) fn login_class() -> Value {
    let mut properties = Map::new();
    for row in login_conf::CAPABILITIES {
        let whose = match row.systems {
            Systems::Both => "OpenBSD and FreeBSD",
            Systems::Only(login_conf::System::OpenBsd) => "OpenBSD",
            Systems::Only(login_conf::System::FreeBsd) => "FreeBSD",
        };
        let (types, example): (&[&str], Value) = match row.kind {
            login_conf::Kind::Bool => (&["boolean"], json!(true)),
            login_conf::Kind::Number => (&["integer", "string", "boolean"], json!(4)),
            login_conf::Kind::Size => (&["integer", "string", "boolean"], json!("512M")),
            login_conf::Kind::Time => (&["integer", "string", "boolean"], json!("1h30m")),
            login_conf::Kind::Umask => (&["integer", "string", "boolean"], json!("027")),
            login_conf::Kind::List => (&["array", "string", "boolean"], json!(["one", "two"])),
            login_conf::Kind::Path => (&["array", "string", "boolean"], json!(["/usr/bin", "/bin"])),
            login_conf::Kind::EnvList => (&["array", "string", "boolean"], json!(["LANG=C.UTF-8"])),
            login_conf::Kind::Program | login_conf::Kind::File => {
                (&["string", "boolean"], json!("/usr/bin/true"))
            }
            login_conf::Kind::Text => (&["string", "integer", "boolean"], json!("text")),
        };
        let ends: &[&str] = if row.limit { &["", "-cur", "-max"] } else { &[""] };
        for end in ends {
            let name = format!("{}{end}", row.name);
            let which = match *end {
                "-cur" => "the soft limit, ",
                "-max" => "the hard limit, ",
                _ => "",
            };
            let schema = json!({
                "title": name,
                "description": format!("Capability of {whose}: {which}{}; `false` takes it away.", row.kind.expected()),
                "type": types,
                "items": { "type": "string" },
                "examples": [example],
            });
            properties.insert(name, schema);
        }
    }
    let about = "A login class as `service.NAME.login-class.CLASS` has it.";
    let mut schema = root("login class", about, properties.into());
    schema.insert("patternProperties".into(), json!({ "^(auth|approve|x)-": true, "^tc$": true }));
    schema.insert("examples".into(), json!([{ "openfiles-cur": 4096, "umask": "027" }]));
    schema.into()
}
