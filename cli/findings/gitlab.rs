//! Findings as GitLab's code quality report: a subset of Code Climate's, after "Code Quality report format" of GitLab's
//! documentation.

use super::{Findings, human};
use crate::terminal::Terminal;
use cmc_types::{Diagnostic, Severity};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One entry a finding. Fingerprints name a finding by what is wrong and in which file, not by its line, so that a
/// merge request shows only what it brings; the second of two equal ones is told apart by its number.
pub(super) fn document(findings: &Findings, terminal: &Terminal) -> Value {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let entries = findings.shown(terminal).into_iter().map(|(one, key)| {
        let (path, line) = match &one.primary {
            Some(label) => {
                let start = findings.sources.line_column(label.place.file, label.place.span.start);
                (findings.path(label.place.file, terminal), start.line)
            }
            None => (fleet(terminal), 1),
        };
        let key = key.map(|key| format!("at {key}"));
        let parts = [Some(findings.message(one)), key, one.help.clone(), human::hosts(&one.hosts)];
        let description = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let same = format!("{}\n{path}\n{}", one.code.name(), one.message);
        let nth = seen.entry(same.clone()).or_default();
        *nth += 1;
        entry(&description, one.code.name(), severity(one), &format!("{same}\n{nth}"), &path, line)
    });
    entries.collect()
}

/// What kept all of it from being checked.
pub(super) fn failed(message: &str, terminal: &Terminal) -> Value {
    json!([entry(message, "cmc", "blocker", message, &fleet(terminal), 1)])
}

fn entry(description: &str, check: &str, severity: &str, same: &str, path: &str, line: u32) -> Value {
    json!({
        "description": description,
        "check_name": check,
        "fingerprint": cmc_bundles::ids::hash(same.as_bytes()).to_string(),
        "severity": severity,
        "location": { "path": path, "lines": { "begin": line } },
    })
}

fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Note => "info",
    }
}

/// The file that a finding without a place is shown at: the report has to name one.
fn fleet(terminal: &Terminal) -> String {
    let file = "fleet.toml";
    terminal.fleet.as_ref().map_or_else(|| file.to_owned(), |fleet| fleet.join(file).display().to_string())
}
