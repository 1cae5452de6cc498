//! What the validators hand on: a receipt for every check that was made or could not be made, and findings.

use crate::diagnostic::Severity;
use crate::{Blake3, UnixPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a check ended. "Could not run" is neither passed nor failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The program ran and found nothing wrong.
    Passed,
    /// The program ran and refused its input.
    Failed,
    /// The check could not be made, and why: no such program, no namespaces, timeout.
    CouldNotRun {
        /// Why, and what to do (such as the package to install).
        reason: String,
    },
    /// Build cannot say: the content is a secret, and what stands in for it has no structure. Publish checks the real one.
    Deferred,
}

/// Proof that a check was made, on exactly these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Name of the validator: a program's (`nginx`), a format's parsed in process (`json`), `typed` for a file that was
    /// rendered from a typed model and parsed back, `text` or `opaque` where nothing is known of the content.
    pub validator: String,
    /// Version the program printed of itself; cmc's own for checks in process.
    pub version: String,
    /// The command line, with paths as the program saw them; empty for checks in process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// The files that the check stands for, with blake3 of their content. For content with secrets: of the typed
    /// dummies at build, and of the real content at publish, where it stays in memory.
    pub subjects: BTreeMap<UnixPath, Blake3>,
    /// Every rendered file that the program was shown (one digest over the sorted list of paths and digests).
    pub inputs: Blake3,
    /// How it ended.
    pub verdict: Verdict,
    /// The program's warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Isolation reached, as a list of what the kernel granted, such as `["user", "mount", "pid", "net"]`; empty in process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolation: Vec<String>,
    /// Whether a missing program holds up a publish.
    pub required: bool,
    /// Whether typed dummies stood in for secrets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dummies: bool,
    /// blake3 of the program, where it could be read; none in process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Blake3>,
    /// When the check was made, in Unix seconds; 0 in process, where it is made anew each time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub made: u64,
}

fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

/// Something a validator said of a rendered file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The validator.
    pub validator: String,
    /// The rendered file, by its path on the host.
    pub path: UnixPath,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Column in it, from 1.
    pub column: Option<u32>,
    /// How bad it is.
    pub severity: Severity,
    /// The program's own words, cleaned of temporary paths; never shown for content with secrets.
    pub message: String,
}
