//! Shows findings: for people, as JSON, as SARIF, as GitHub workflow commands.

mod github;
mod human;
mod json;
mod sarif;

use crate::args::Format;
use crate::exit::Failure;
use crate::terminal::{Terminal, count};
use cmc_types::{Diagnostic, Severity, Sources};

/// Findings and the texts they point into.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The texts.
    pub(crate) sources: Sources,
    /// The findings, in the order to show them.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// Whether anything is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// `2 errors and 1 warning`, or `no findings`.
    pub(crate) fn summary(&self) -> String {
        let part = |number: usize, what: &str| (number > 0).then(|| count(number, what));
        let parts = [
            part(self.count(Severity::Error), "error"),
            part(self.count(Severity::Warning), "warning"),
            part(self.count(Severity::Note), "note"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "no findings".to_owned() } else { parts.join(" and ") }
    }

    /// Shows them in the format of the terminal. For JSON, `extra` is what the command's document holds besides.
    pub(crate) fn show(&self, terminal: &Terminal, extra: serde_json::Value) -> Result<(), Failure> {
        match terminal.format {
            Format::Human => {
                self.diagnostics
                    .iter()
                    .for_each(|one| terminal.err(&human::render(one, &self.sources, terminal.color)));
                Ok(())
            }
            Format::Json => terminal.document(&json::document(self, extra)),
            Format::Sarif => terminal.document(&sarif::document(self)),
            Format::Github => terminal.out(&github::lines(self)),
        }
    }
}
