//! Findings as JSON: `{"diagnostics": [{"code", "severity", "message", "file", "line", "column", …}]}`.

use super::Findings;
use crate::terminal::Terminal;
use cmc_types::{Diagnostic, Label, Sources};
use serde_json::{Map, Value, json};

/// The command's one document: the findings, and what else the command reports.
pub(super) fn document(findings: &Findings, extra: Value, terminal: &Terminal) -> Value {
    let shown = findings.shown(terminal).into_iter();
    let diagnostics: Vec<Value> = shown.map(|(one, key)| entry(one, key, &findings.sources)).collect();
    let mut document = match extra {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    document.insert("diagnostics".to_owned(), diagnostics.into());
    document.into()
}

/// One finding; `path` is where it lies in a JSON document.
fn entry(diagnostic: &Diagnostic, key: Option<String>, sources: &Sources) -> Value {
    let mut entry = match &diagnostic.primary {
        Some(label) => place(label, sources),
        None => json!({ "file": null, "line": null, "column": null }),
    };
    let others: Vec<Value> = diagnostic.others.iter().map(|label| place(label, sources)).collect();
    entry["code"] = diagnostic.code.name().into();
    entry["severity"] = json!(diagnostic.severity);
    entry["message"] = diagnostic.message.clone().into();
    entry["help"] = diagnostic.help.clone().into();
    entry["related"] = others.into();
    if let Some(key) = key {
        entry["path"] = key.into();
    }
    entry["hosts"] = diagnostic.hosts.clone().into();
    entry
}

fn place(label: &Label, sources: &Sources) -> Value {
    let start = sources.line_column(label.place.file, label.place.span.start);
    let end = sources.line_column(label.place.file, label.place.span.end);
    json!({
        "file": sources.name(label.place.file),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "label": label.text,
    })
}
