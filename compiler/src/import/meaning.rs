//! What units say, in one spelling: two that systemd would do the same with are equal.

use super::definition::{Table, Value};
use crate::lower::Lowered;
use crate::lower::systemd::hardening;
use cmc_types::Schedule;
use cmc_types::systemd::{Command, Prefixes, SIGNALS, Unit, encode_argv, parse_timespan};
use std::collections::{BTreeMap, BTreeSet};

/// A directive: unit, section, key.
pub(super) type Key = (String, String, String);

/// What units say: the values of each directive, in one spelling.
pub(super) type Meaning = BTreeMap<Key, Vec<String>>;

/// What the units of tables say, as written.
pub(super) fn said(tables: &[Table]) -> BTreeMap<Key, Vec<String>> {
    let mut said = BTreeMap::new();
    for table in tables {
        let [_, file, section] = &table.path[..] else { continue };
        for line in &table.lines {
            said.insert((file.clone(), section.clone(), line.key.clone()), values(&line.value));
        }
    }
    said
}

/// The same of units that were rendered.
pub(super) fn units(lowered: &Lowered) -> Result<BTreeMap<Key, Vec<String>>, String> {
    let mut said: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    for file in &lowered.files {
        let unit = Unit::parse(&file.text).map_err(|error| error.problem.to_owned())?;
        for entry in unit.entries() {
            let key = (file.path.file_name().to_owned(), entry.section.to_owned(), entry.key.to_owned());
            said.entry(key).or_default().push(entry.value.to_owned());
        }
    }
    Ok(said)
}

/// Directives that are words for people.
pub(super) fn is_words(section: &str, key: &str) -> bool {
    section == "Unit" && matches!(key, "Description" | "Documentation")
}

/// What is said, in one spelling, without words for people and with what systemd takes where nothing is said.
pub(super) fn meaning(said: &BTreeMap<Key, Vec<String>>) -> Result<Meaning, String> {
    let mut meaning = Meaning::new();
    for ((file, section, key), values) in said {
        if is_words(section, key) {
            continue;
        }
        let mut values: Vec<String> = values.iter().map(|value| spelled(section, key, value)).collect();
        if matches!(section.as_str(), "Unit" | "Install") && UNITS.contains(&key.as_str()) {
            let words: BTreeSet<String> =
                values.iter().flat_map(|value| value.split_whitespace()).map(str::to_owned).collect();
            values = words.into_iter().collect();
        }
        meaning.insert((file.clone(), section.clone(), key.clone()), values);
    }
    let services: BTreeSet<String> =
        said.keys().filter(|(_, section, _)| section == "Service").map(|(file, ..)| file.clone()).collect();
    for file in services {
        let key = |key: &str| (file.clone(), "Service".to_owned(), key.to_owned());
        if meaning.contains_key(&key("BusName")) && !meaning.contains_key(&key("Type")) {
            return Err("a name on the bus makes its type dbus".to_owned());
        }
        for (name, default) in [("Type", "simple"), ("Restart", "no")] {
            meaning.entry(key(name)).or_insert_with(|| vec![default.to_owned()]);
        }
        let output = meaning.get(&key("StandardOutput")).cloned();
        let error = meaning.get(&key("StandardError")).is_none_or(|error| error == &["inherit"]);
        if let Some(output) = output.filter(|_| error) {
            meaning.insert(key("StandardError"), output);
        }
    }
    Ok(meaning)
}

/// Directives that take names of units, whose order is of no matter.
const UNITS: &[&str] = &[
    "After",
    "Alias",
    "Also",
    "Before",
    "BindsTo",
    "Conflicts",
    "PartOf",
    "RequiredBy",
    "Requires",
    "Requisite",
    "WantedBy",
    "Wants",
];

/// A value in the spelling of those that are rendered.
fn spelled(section: &str, key: &str, value: &str) -> String {
    let spelled = match (section, key) {
        ("Service", "ExecReload") if killed(value).is_some() => killed(value).map(str::to_owned),
        ("Service", "ExecStart" | "ExecReload") => argv(value).and_then(|argv| encode_argv(&argv).ok()),
        ("Timer", "OnCalendar") => Schedule::parse(value).ok().map(|at| at.on_calendar()),
        ("Timer", "Persistent") => flag(value).map(|flag| flag.to_string()),
        (_, key) if key.ends_with("Sec") => finite(value).map(|micros| micros.to_string()),
        ("Service", "KillSignal") => Some(value.strip_prefix("SIG").unwrap_or(value).to_owned()),
        ("Service", "UMask") => u32::from_str_radix(value, 8).ok().map(|mask| format!("{mask:o}")),
        ("Service", _) => flag(value).filter(|_| is_hardening(key)).map(|flag| flag.to_string()),
        _ => None,
    };
    spelled.unwrap_or_else(|| value.to_owned())
}

fn is_hardening(key: &str) -> bool {
    hardening::HARDENING.iter().any(|row| row.key == key && row.value == "yes")
}

/// The program and arguments of a command that is no more than these.
pub(super) fn argv(text: &str) -> Option<Vec<String>> {
    let commands = Command::parse_line(text).ok()?;
    let [command] = &commands[..] else { return None };
    let plain = command.prefixes == Prefixes::default();
    command
        .literal_argv()
        .filter(|argv| plain && argv.first().is_some_and(|program| program.starts_with('/')))
}

/// The signal that kill(1) sends to the main process.
pub(super) fn killed(text: &str) -> Option<&str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let signal = match words[..] {
        ["/bin/kill" | "/usr/bin/kill", "-s", signal, "$MAINPID"] => signal,
        ["/bin/kill" | "/usr/bin/kill", signal, "$MAINPID"] => signal.strip_prefix('-')?,
        _ => return None,
    };
    let signal = signal.strip_prefix("SIG").unwrap_or(signal);
    SIGNALS.contains(&signal).then_some(signal)
}

/// A span of time in microseconds, if it ends.
pub(super) fn finite(text: &str) -> Option<u64> {
    parse_timespan(text, 1_000_000).ok().filter(|micros| *micros != u64::MAX)
}

/// A boolean, as systemd takes it.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "on" | "1" => Some(true),
        "no" | "n" | "false" | "f" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// The values of a directive in a definition.
pub(super) fn values(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::List(items) => items.clone(),
        Value::Flag(_) | Value::Number(_) | Value::Content(_) => Vec::new(),
    }
}
