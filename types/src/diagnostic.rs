//! Diagnostics as data: what is wrong, where, what else is involved, and what to do. Display is the command line's.

use crate::codes::Code;
use crate::source::{Place, Sources};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// For information only.
    Note,
    /// Probably wrong; nothing is refused.
    Warning,
    /// Wrong; nothing is built or published.
    Error,
}

/// A place and what it has to do with the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is to be seen there; may be empty for the primary place.
    pub text: String,
}

/// One finding. Equal findings of many hosts are one diagnostic with several `hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, from the registry in [`crate::codes`].
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence: what is wrong. Never holds a secret.
    pub message: String,
    /// The offending key or value.
    pub primary: Option<Label>,
    /// The other places involved, such as the first of two definitions.
    pub others: Vec<Label>,
    /// What to do, or a "did you mean".
    pub help: Option<String>,
    /// The hosts concerned, in order; empty if it does not depend on a host.
    pub hosts: Vec<String>,
}

impl Diagnostic {
    /// A finding of the severity its code has in the registry.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: None,
            others: Vec::new(),
            help: None,
            hosts: Vec::new(),
        }
    }

    /// Sets the offending place and what is to be seen there.
    #[must_use]
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        self.primary = Some(Label { place, text: text.into() });
        self
    }

    /// Adds another place involved.
    #[must_use]
    pub fn with(mut self, place: Place, text: impl Into<String>) -> Self {
        self.others.push(Label { place, text: text.into() });
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a host concerned.
    #[must_use]
    pub fn on_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// The finding in one line, as compilers print them: `FILE:LINE:COLUMN: error: MESSAGE [CODE]`.
    pub fn line(&self, sources: &Sources) -> String {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let place = self.primary.as_ref().map(|label| {
            let start = sources.line_column(label.place.file, label.place.span.start);
            format!("{}:{}:{}: ", sources.name(label.place.file), start.line, start.column)
        });
        format!("{}{severity}: {} [{}]", place.unwrap_or_default(), self.message, self.code)
    }

    /// Whether nothing may be built from this.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
