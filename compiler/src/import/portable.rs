//! systemd units as a portable daemon or job. A directive that a field becomes, by the tables that the renderers use, is
//! that field; the others stay directives, over what is rendered. Nothing is guessed: the result is lowered, and its units
//! are compared with those that were imported, directive by directive.

use super::definition::{Line, Table, Value};
use super::meaning::{Key, argv, finite, flag, is_words, killed, meaning, said, units, values};
use crate::lower::mapping::Row;
use crate::lower::systemd::{MILESTONES, hardening};
use crate::lower::{DAEMON, JOB, Lowered, lower};
use crate::resolved::{HostFacts, ResolvedService};
use crate::tree::{self, Node};
use cmc_types::definition::{self, Harden};
use cmc_types::name::JobName;
use cmc_types::systemd::SIGNALS;
use cmc_types::{Arch, HostName, InitSystem, Os, Schedule, ServiceName, Severity, Timespan};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What units are to become.
pub(super) enum Form {
    /// The daemon of a service.
    Daemon,
    /// A job of this name.
    Job(JobName),
}

/// What units became.
pub(super) struct Portable {
    /// Tables of the daemon or job, then the directives that stay.
    pub(super) tables: Vec<Table>,
    /// The account that it runs as, and its group, if that is called otherwise.
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    /// Directives that stay.
    pub(super) rest: BTreeSet<String>,
}

/// A field, and what it takes the place of.
struct Chosen {
    field: &'static str,
    value: Json,
    keys: Vec<Key>,
    /// What is left of a directive of which the field says a part.
    left: Vec<(Key, String)>,
}

/// Turns the tables of imported units, called as they will be rendered, into a daemon or job. The error is a clause.
pub(super) fn portable(form: &Form, service: &ServiceName, raw: &[Table]) -> Result<Portable, String> {
    let said = said(raw);
    let meant = meaning(&said)?;
    let mut chosen = choose(form, service, &said);
    loop {
        if !chosen.iter().any(|one| one.field == "exec") {
            return Err("its command is more than a program and arguments that are written out".to_owned());
        }
        let rest = rest(raw, &chosen);
        let made = meaning(&units(&lowered(definition(form, &chosen, &rest)?, "debian", service)?)?)?;
        let keys: BTreeSet<&Key> = meant.keys().chain(made.keys()).collect();
        let Some(differs) = keys.into_iter().find(|key| meant.get(*key) != made.get(*key)) else {
            return Ok(print(form, &chosen, raw, rest));
        };
        // What the field does not say is left to the directive.
        let Some(index) = chosen.iter().position(|one| one.keys.contains(differs)) else {
            let (_, section, key) = differs;
            return Err(match meant.contains_key(differs) {
                false if key == "WantedBy" => {
                    "nothing enables it, and what is rendered is enabled".to_owned()
                }
                true => format!("what is rendered has another {key}= in [{section}]"),
                false => format!("what is rendered has {key}= in [{section}], too"),
            });
        };
        chosen.remove(index);
    }
}

fn rows(form: &Form) -> Vec<(&'static str, &'static [&'static str])> {
    fn of<T>(rows: &'static [Row<T>]) -> Vec<(&'static str, &'static [&'static str])> {
        rows.iter().map(|row| (row.field, row.on(InitSystem::Systemd).becomes)).collect()
    }
    match form {
        Form::Daemon => of(DAEMON),
        Form::Job(_) => of(JOB),
    }
}

/// The fields that directives are, in the order of the table of fields.
fn choose(form: &Form, service: &ServiceName, said: &BTreeMap<Key, Vec<String>>) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    for (field, becomes) in rows(form) {
        let keys = said.keys().filter(|(_, section, key)| {
            matches!(section.as_str(), "Service" | "Timer")
                && becomes.iter().any(|name| name.trim_end_matches('=') == key)
        });
        let one = match field {
            "requires" => required(said),
            "log" => log(service, said),
            "harden" => hardened(said),
            _ => keys.into_iter().find_map(|key| {
                let value = value(field, said.get(key)?)?;
                Some(Chosen { field, value, keys: vec![key.clone()], left: Vec::new() })
            }),
        };
        let default = || {
            let is_daemon = matches!(form, Form::Daemon) && field == "restart";
            let is_job = said.iter().any(|((_, section, key), values)| {
                section == "Service" && key == "Type" && values.last().is_some_and(|kind| kind == "oneshot")
            });
            let has = said.keys().any(|(_, section, key)| section == "Service" && key == "Restart");
            (is_daemon && !is_job && !has).then(|| Chosen {
                field,
                value: json!("no"),
                keys: Vec::new(),
                left: Vec::new(),
            })
        };
        let typed = |one: &Chosen| typed(form, std::slice::from_ref(one)).is_ok();
        chosen.extend(one.filter(typed).or_else(default));
    }
    chosen
}

/// The value of a field that says what a directive does.
fn value(field: &'static str, values: &[String]) -> Option<Json> {
    if field == "at" {
        let times: Option<Vec<String>> =
            values.iter().map(|text| Schedule::parse(text).ok().map(|at| at.to_string())).collect();
        let times = times?;
        return Some(if let [one] = &times[..] { json!(one) } else { json!(times) });
    }
    let [text] = values else { return None };
    Some(match field {
        "exec" => json!(argv(text)?),
        "reload" => match killed(text) {
            Some(signal) => json!(signal),
            None => json!(argv(text)?),
        },
        "restart-delay" | "start-timeout" | "stop-timeout" | "timeout" | "random-delay" => {
            json!(Timespan::parse(&format!("{}us", finite(text)?)).ok()?.to_string())
        }
        "stop-signal" => {
            json!(SIGNALS.iter().find(|name| **name == text.strip_prefix("SIG").unwrap_or(text))?)
        }
        "catch-up" => json!(flag(text)?),
        "nice" => json!(text.parse::<i64>().ok()?),
        _ if field.starts_with("limits.") => match text.parse::<u64>() {
            Ok(number) if field != "limits.memory" => json!(number),
            _ if text.chars().all(|c| c.is_ascii_alphanumeric()) => json!(text),
            _ => return None,
        },
        _ if text.contains('%') => return None,
        _ => json!(text),
    })
}

/// The only value of a directive of a service.
fn of_service<'a>(said: &'a BTreeMap<Key, Vec<String>>, key: &str) -> Option<(&'a Key, &'a str)> {
    let mut found = said.iter().filter(|((_, section, name), _)| section == "Service" && name == key);
    match found.next()? {
        (key, values) if values.len() == 1 => Some((key, values[0].as_str())),
        _ => None,
    }
}

/// Milestones among the units that are waited for.
fn required(said: &BTreeMap<Key, Vec<String>>) -> Option<Chosen> {
    let words = |name: &str| {
        let found = said.iter().find(|((_, section, key), _)| section == "Unit" && key == name);
        found.map(|(key, values)| {
            let words = values.iter().flat_map(|value| value.split_whitespace());
            (key.clone(), words.map(str::to_owned).collect::<Vec<_>>())
        })
    };
    let (after_key, mut after) = words("After")?;
    let wants = words("Wants");
    let mut wanted = wants.clone().map(|(_, words)| words).unwrap_or_default();
    let mut names = Vec::new();
    let mut takes_wants = false;
    for milestone in MILESTONES {
        let has = after.iter().any(|unit| unit == milestone.after);
        let wants = milestone.wants.is_empty() || wanted.iter().any(|unit| unit == milestone.wants);
        if has && wants {
            names.push(milestone.name);
            after.retain(|unit| unit != milestone.after);
            if !milestone.wants.is_empty() {
                wanted.retain(|unit| unit != milestone.wants);
                takes_wants = true;
            }
        }
    }
    let (mut keys, mut left) = (vec![after_key.clone()], vec![(after_key, after.join(" "))]);
    if let Some((key, _)) = wants.filter(|_| takes_wants) {
        keys.push(key.clone());
        left.push((key, wanted.join(" ")));
    }
    left.retain(|(_, words)| !words.is_empty());
    (!names.is_empty()).then(|| Chosen { field: "requires", value: json!(names), keys, left })
}

fn log(service: &ServiceName, said: &BTreeMap<Key, Vec<String>>) -> Option<Chosen> {
    let (key, output) = of_service(said, "StandardOutput")?;
    let mut keys = vec![key.clone()];
    if let Some((key, error)) = of_service(said, "StandardError") {
        if error != output && error != "inherit" {
            return None;
        }
        keys.push(key.clone());
    }
    let value = match (output, output.strip_prefix("append:")) {
        ("null", _) => json!("none"),
        ("journal", _) => match of_service(said, "SyslogIdentifier") {
            Some((key, name)) if name == service.as_str() => {
                keys.push(key.clone());
                json!("syslog")
            }
            _ => json!("journal"),
        },
        (_, Some(file)) if !file.contains('%') => json!({ "file": file }),
        _ => return None,
    };
    Some(Chosen { field: "log", value, keys, left: Vec::new() })
}

/// The highest level all of whose directives are there.
fn hardened(said: &BTreeMap<Key, Vec<String>>) -> Option<Chosen> {
    [("strict", Harden::Strict), ("basic", Harden::Basic)].into_iter().find_map(|(name, level)| {
        let keys: Option<Vec<Key>> = hardening::of(level)
            .map(|row| {
                let (key, value) = of_service(said, row.key)?;
                let same = value == row.value || (row.value == "yes" && flag(value) == Some(true));
                same.then(|| key.clone())
            })
            .collect();
        Some(Chosen { field: "harden", value: json!(name), keys: keys?, left: Vec::new() })
    })
}

/// The fields as a definition writes them: those with a dot are tables.
fn fields(chosen: &[Chosen]) -> Map<String, Json> {
    let mut fields = Map::new();
    for one in chosen {
        match one.field.split_once('.') {
            Some((table, key)) => {
                let table = fields.entry(table).or_insert_with(|| json!({}));
                if let Some(table) = table.as_object_mut() {
                    table.insert(key.to_owned(), one.value.clone());
                }
            }
            None => drop(fields.insert(one.field.to_owned(), one.value.clone())),
        }
    }
    fields
}

/// A service with these fields. The error is a clause.
fn typed(form: &Form, chosen: &[Chosen]) -> Result<definition::Service, String> {
    let fields = Json::from(fields(chosen));
    let service = match form {
        Form::Daemon => json!({ "daemon": fields }),
        Form::Job(name) => json!({ "job": { (name.as_str()): fields } }),
    };
    serde_json::from_value(service).map_err(|error| error.to_string())
}

fn definition(form: &Form, chosen: &[Chosen], rest: &[Table]) -> Result<definition::Service, String> {
    let mut service = typed(form, chosen)?;
    for table in rest {
        let [_, file, section] = &table.path[..] else { continue };
        let unit = service.systemd.entry(file.clone()).or_default();
        let section = unit.sections.entry(section.clone()).or_default();
        for line in &table.lines {
            let items = values(&line.value).into_iter().map(definition::DirectiveItem::Text);
            section.insert(line.key.clone(), definition::Directive::Many(items.collect()));
        }
    }
    Ok(service)
}

/// What a service of a definition becomes on a system. The error is a clause.
pub(super) fn lowered(
    definition: definition::Service,
    os: &str,
    name: &ServiceName,
) -> Result<Lowered, String> {
    let os = Os::parse(os).map_err(|error| error.problem)?;
    let host = HostFacts {
        name: HostName::parse("host").map_err(|error| error.problem)?,
        init: os.init(),
        os,
        arch: Arch::X86_64,
        units: BTreeMap::new(),
        at_hand: None,
    };
    let nowhere = Node {
        value: tree::Value::Table(tree::Table::default()),
        place: cmc_types::Place { file: cmc_types::FileId(0), span: cmc_types::Span::default() },
    };
    let service = ResolvedService {
        name: name.clone(),
        definition: Arc::new(definition),
        tree: Arc::new(nowhere),
        env: Vec::new(),
    };
    let lowered = lower(&service, &host);
    match lowered.diagnostics.iter().find(|finding| finding.severity == Severity::Error) {
        Some(error) => Err(format!("a daemon cannot say this: {}", error.message)),
        None => Ok(lowered),
    }
}

/// The tables without the directives that fields say.
fn rest(raw: &[Table], chosen: &[Chosen]) -> Vec<Table> {
    let mut tables = Vec::new();
    for table in raw {
        let [_, file, section] = &table.path[..] else { continue };
        let mut left = Table { path: table.path.clone(), ..Table::default() };
        for line in &table.lines {
            let key = (file.clone(), section.clone(), line.key.clone());
            if is_words(section, &line.key) {
                continue;
            }
            match chosen.iter().find(|one| one.keys.contains(&key)) {
                None => left.lines.push(line.clone()),
                Some(one) => {
                    left.lines.extend(one.left.iter().filter(|(of, _)| *of == key).map(|(_, words)| Line {
                        comments: Vec::new(),
                        // Beside what the field makes of it.
                        key: format!("+{}", line.key),
                        value: Value::Text(words.clone()),
                    }))
                }
            }
        }
        let rendered = |line: &Line| {
            let [value] = &values(&line.value)[..] else { return false };
            matches!(
                (section.as_str(), line.key.as_str(), value.as_str()),
                ("Install", "WantedBy", "multi-user.target" | "timers.target")
            ) || (file.ends_with(".service") && !chosen.iter().any(|one| one.field == "type"))
                && (section.as_str(), line.key.as_str(), value.as_str()) == ("Service", "Type", "oneshot")
        };
        left.lines.retain(|line| !rendered(line));
        if !left.lines.is_empty() {
            tables.push(left);
        }
    }
    tables
}

/// The tables as they are printed, with all comments, and words for people as comments.
fn print(form: &Form, chosen: &[Chosen], raw: &[Table], rest: Vec<Table>) -> Portable {
    let base = match form {
        Form::Daemon => vec!["daemon".to_owned()],
        Form::Job(name) => vec!["job".to_owned(), name.to_string()],
    };
    let mut comments: Vec<String> = Vec::new();
    for table in raw {
        comments.extend(table.comments.iter().cloned());
        for line in &table.lines {
            let [_, file, section] = &table.path[..] else { continue };
            let kept = rest
                .iter()
                .any(|left| left.path == table.path && left.lines.iter().any(|one| one.key == line.key));
            if !kept {
                comments.extend(line.comments.iter().cloned());
            }
            // A timer's words are those of its service.
            if is_words(section, &line.key) && file.ends_with(".service") {
                comments.extend(values(&line.value).iter().map(|words| format!(" {words}")));
            }
        }
        comments.extend(table.after.iter().cloned());
    }
    let mut tables = vec![Table { path: base.clone(), comments, ..Table::default() }];
    let account = |field: &str| {
        let name = chosen.iter().find(|one| one.field == field)?.value.as_str()?;
        (name != "root").then(|| name.to_owned())
    };
    let user = account("user");
    let group = account("group").filter(|group| Some(group) != user.as_ref());
    for (field, value) in fields(chosen) {
        match &value {
            Json::Object(keys) => {
                let mut table =
                    Table { path: base.iter().cloned().chain([field]).collect(), ..Table::default() };
                keys.iter().for_each(|(key, value)| table.set(key, toml(value)));
                tables.push(table);
            }
            value => tables[0].set(&field, toml(value)),
        }
    }
    let order = rows(form);
    let rank = |key: &str| order.iter().position(|(field, _)| *field == key);
    tables[0].lines.sort_by_key(|line| rank(&line.key));
    let left =
        rest.iter().flat_map(|table| &table.lines).map(|line| line.key.trim_start_matches('+').to_owned());
    let left = left.collect();
    tables.extend(rest);
    Portable { tables, user, group, rest: left }
}

fn toml(value: &Json) -> Value {
    match value {
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_i64().unwrap_or(i64::MAX)),
        Json::Array(items) => {
            Value::List(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
        }
        other => Value::Text(other.as_str().unwrap_or_default().to_owned()),
    }
}
