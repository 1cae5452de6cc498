//! Findings as GitHub workflow commands, which annotate the lines of a pull request.

use super::{Findings, human};
use crate::terminal::Terminal;
use cmc_types::Severity;

/// One line a finding.
pub(super) fn lines(findings: &Findings, terminal: &Terminal) -> String {
    let mut text = String::new();
    for (one, key) in findings.shown(terminal) {
        let command = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = Vec::new();
        if let Some(label) = &one.primary {
            let start = findings.sources.line_column(label.place.file, label.place.span.start);
            properties.push(format!("file={}", property(&findings.path(label.place.file, terminal))));
            properties.push(format!("line={},col={}", start.line, start.column));
        }
        properties.push(format!("title={}", property(one.code.name())));
        let key = key.map(|key| format!("at {key}"));
        let parts = [Some(findings.message(one)), key, one.help.clone(), human::hosts(&one.hosts)];
        let message = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
        text.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(&message)));
    }
    text
}

/// What kept all of it from being checked.
pub(super) fn failed(message: &str) -> String {
    format!("::error title=cmc::{}\n", data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
