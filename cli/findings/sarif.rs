//! Findings as SARIF 2.1.0 (OASIS standard).

use super::Findings;
use crate::terminal::Terminal;
use cmc_types::plan::RENDERED;
use cmc_types::{Label, Severity, codes};
use serde_json::{Value, json};

/// A log with one run; its rules are the codes that occur.
pub(super) fn document(findings: &Findings, terminal: &Terminal) -> Value {
    let rules: Vec<_> =
        codes::ALL.iter().filter(|code| findings.diagnostics.iter().any(|one| one.code == **code)).collect();
    let results: Vec<Value> = findings
        .shown(terminal)
        .into_iter()
        .map(|(one, key)| {
            let help = one.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
            let mut result = json!({
                "ruleId": one.code.name(),
                "ruleIndex": rules.iter().position(|code| **code == one.code),
                "level": level(one.severity),
                "message": { "text": format!("{}{help}", findings.message(one)) },
                "locations": one.primary.iter().map(|label| location(label, findings, terminal)).collect::<Vec<_>>(),
                "relatedLocations": one.others.iter().filter(|label| label.text != RENDERED).map(|label| location(label, findings, terminal)).collect::<Vec<_>>(),
            });
            if let Some(key) = key {
                result["locations"][0]["logicalLocations"] = json!([{ "fullyQualifiedName": key }]);
            }
            if !one.hosts.is_empty() {
                result["properties"] = json!({ "hosts": one.hosts });
            }
            result
        })
        .collect();
    let rules: Vec<Value> = rules
        .iter()
        .map(|code| {
            json!({
                "id": code.name(),
                "shortDescription": { "text": code.explanation() },
                "defaultConfiguration": { "level": level(code.severity()) },
            })
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cmc",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A log of a run that could not check anything, and why.
pub(super) fn failed(message: &str, terminal: &Terminal) -> Value {
    let mut log = document(&Findings::default(), terminal);
    log["runs"][0]["invocations"] = json!([{
        "executionSuccessful": false,
        "toolExecutionNotifications": [{ "level": "error", "message": { "text": message } }],
    }]);
    log
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn location(label: &Label, findings: &Findings, terminal: &Terminal) -> Value {
    let sources = &findings.sources;
    let start = sources.line_column(label.place.file, label.place.span.start);
    let end = sources.line_column(label.place.file, label.place.span.end);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&findings.path(label.place.file, terminal)) },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    location
}

/// A relative URI: everything but unreserved characters and slashes is percent-encoded (RFC 3986 §2.3).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
