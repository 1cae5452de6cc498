//! Shows findings: for people, as JSON, as SARIF, for GitHub and GitLab, as a comment of a pull request.

mod github;
mod gitlab;
mod human;
mod json;
pub(crate) mod markdown;
mod sarif;

use crate::args::Format;
use crate::exit::{FINDINGS, Failure};
use crate::terminal::{Terminal, count};
use cmc_compiler::load::JsonPaths;
use cmc_types::plan::RENDERED;
use cmc_types::{Diagnostic, FileId, Severity, Sources};
use std::collections::{BTreeMap, BTreeSet};

/// Says in a format of findings that none could be looked for, so that whoever reads it does not take that for none.
pub(crate) fn nothing_found(terminal: &Terminal, message: &str) {
    let _ = match terminal.format {
        Format::Sarif => terminal.document(&sarif::failed(message, terminal)),
        Format::Github => terminal.out(&github::failed(message)),
        Format::Gitlab => terminal.document(&gitlab::failed(message, terminal)),
        Format::Markdown => terminal.out(&markdown::failed(message)),
        Format::Human | Format::Json => Ok(()),
    };
}

/// Findings and the texts they point into.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The texts.
    pub(crate) sources: Sources,
    /// The findings, in the order to show them.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Names of texts that do not lie in the fleet's directory.
    pub(crate) elsewhere: BTreeSet<String>,
}

impl Findings {
    /// Whether anything is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// The message of a finding with the rendered lines that it is about, which lie in no file of the repository, for
    /// formats that show places of the repository only.
    fn message(&self, diagnostic: &Diagnostic) -> String {
        let mut message = diagnostic.message.clone();
        for label in diagnostic.others.iter().filter(|label| label.text == RENDERED) {
            let (file, span) = (label.place.file, label.place.span);
            let line = self.sources.line_column(file, span.start).line;
            let text = self.sources.text(file).get(span.start..span.end).unwrap_or_default();
            message.push_str(&format!("\n{RENDERED}: {}:{line}: {text}", self.sources.name(file)));
        }
        message
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

    /// Shows them and fails, if anything is an error; else shows nothing.
    pub(crate) fn refuse(&self, terminal: &Terminal) -> Result<(), Failure> {
        if !self.has_errors() {
            return Ok(());
        }
        self.show(terminal, serde_json::json!({}))?;
        Err(Failure::shown(FINDINGS))
    }

    /// A file as seen from the current directory, which is the repository's for those who read annotations.
    fn path(&self, file: FileId, terminal: &Terminal) -> String {
        let name = self.sources.name(file);
        match &terminal.fleet {
            Some(fleet) if !self.elsewhere.contains(name) => fleet.join(name).display().to_string(),
            _ => name.to_owned(),
        }
    }

    /// For each finding whose place lies in a generated document, its path there, by which a generator can find it.
    fn keys(&self) -> Vec<Option<String>> {
        let mut documents: BTreeMap<FileId, Option<JsonPaths<'_>>> = BTreeMap::new();
        let mut key = |one: &Diagnostic| {
            let place = one.primary.as_ref()?.place;
            let name = self.sources.name(place.file);
            if name.ends_with(".toml") || !(name.ends_with(".json") || self.elsewhere.contains(name)) {
                return None;
            }
            let document =
                documents.entry(place.file).or_insert_with(|| JsonPaths::read(self.sources.text(place.file)));
            document.as_ref()?.at(place.span.start)
        };
        self.diagnostics.iter().map(&mut key).collect()
    }

    /// Those that are shown, with their paths in generated documents: as many of each severity as the terminal shows.
    fn shown(&self, terminal: &Terminal) -> Vec<(&Diagnostic, Option<String>)> {
        let most = if terminal.max_errors == 0 { usize::MAX } else { terminal.max_errors };
        let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
        let mut fits = |one: &Diagnostic| {
            let count = counts.entry(one.severity).or_default();
            *count += 1;
            *count <= most
        };
        self.diagnostics.iter().zip(self.keys()).filter(|(one, _)| fits(one)).collect()
    }

    /// What is said of those that are not shown.
    fn hidden(&self, shown: usize) -> Option<String> {
        let hidden = self.diagnostics.len() - shown;
        (hidden > 0).then(|| format!("{} not shown; --max-errors 0 shows all", count(hidden, "more finding")))
    }

    /// Shows them in the format of the terminal. For JSON, `extra` is what the command's document holds besides.
    pub(crate) fn show(&self, terminal: &Terminal, extra: serde_json::Value) -> Result<(), Failure> {
        match terminal.format {
            Format::Human => {
                let shown = self.shown(terminal);
                let hidden = self.hidden(shown.len());
                for (one, key) in shown {
                    terminal.err(&human::render(one, key, &self.sources, terminal.color));
                }
                hidden.iter().for_each(|line| terminal.err(line));
                Ok(())
            }
            Format::Json => terminal.document(&json::document(self, extra, terminal)),
            Format::Sarif => terminal.document(&sarif::document(self, terminal)),
            Format::Github => terminal.out(&github::lines(self, terminal)),
            Format::Gitlab => terminal.document(&gitlab::document(self, terminal)),
            Format::Markdown => terminal.out(&markdown::comment(self, terminal)),
        }
    }
}
