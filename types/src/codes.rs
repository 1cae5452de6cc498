//! The registry of diagnostic codes: the one list of everything cmc can say about definitions and rendered files.
//!
//! A code is never renamed and never reused. Each has a fixture in `tests/fixtures/invalid/CODE/` and a snapshot.

use crate::diagnostic::Severity;

/// A stable diagnostic code, such as `unknown-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    name: &'static str,
    severity: Severity,
    explanation: &'static str,
}

impl Code {
    /// The code as people and scripts see it.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The severity of its findings.
    pub fn severity(self) -> Severity {
        self.severity
    }

    /// What it means and what to do, in plain sentences.
    pub fn explanation(self) -> &'static str {
        self.explanation
    }

    /// The code of this name.
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|code| code.name == name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! codes {
    ($($ident:ident $name:literal $severity:ident $explanation:literal;)*) => {
        $(#[doc = $explanation] pub const $ident: Code =
            Code { name: $name, severity: Severity::$severity, explanation: $explanation };)*
        /// Every code.
        pub const ALL: &[Code] = &[$($ident),*];
    };
}

codes! {
    // Files and syntax
    UNREADABLE_FILE "unreadable-file" Error "A definition, template or payload file could not be read: it is missing, a directory, a dangling link, not permitted, too large, or not UTF-8 text.";
    SYNTAX "syntax" Error "The file is not valid TOML or JSON.";
    DUPLICATE_KEY "duplicate-key" Error "The same key stands twice in one table.";
    DUPLICATE_DEFINITION "duplicate-definition" Error "The same kind and name is defined twice; both places are shown.";
    TOO_DEEP "too-deep" Error "The file nests tables or arrays deeper than cmc reads.";
    // Structure
    UNKNOWN_KEY "unknown-key" Error "No such key exists here.";
    MISSING_KEY "missing-key" Error "A required key is absent.";
    WRONG_TYPE "wrong-type" Error "The value has another type than the key takes.";
    INVALID_VALUE "invalid-value" Error "The value is of the right type but not allowed: a bad name, a number out of range, or not one of the choices.";
    EXCLUSIVE_KEYS "exclusive-keys" Error "Keys that exclude each other stand together, or none of a set of which exactly one is needed.";
    // Units and scripts
    RELOAD_WITHOUT_COMMAND "reload-without-command" Error "A file or service asks for a reload, but its daemon has no reload command.";
}
