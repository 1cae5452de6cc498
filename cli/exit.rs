//! Exit codes (DESIGN §6), and the one place that maps what went wrong to a code, a message and a hint.

use crate::terminal::Terminal;
use cmc_bundles::error::TrustKind;
pub(crate) use cmc_types::exit::{DONE, FAILED, FINDINGS, STORE, TRUST, UNCHECKED, USAGE};

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) code: u8,
    /// What went wrong, one line or more; empty if everything was said already.
    message: String,
    /// What to do.
    help: Option<String>,
}

impl Failure {
    /// A failure with a code of this module.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None }
    }

    /// The operation failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(FAILED, message)
    }

    /// A failure about which the findings that were shown say everything.
    pub(crate) fn shown(code: u8) -> Self {
        Self::new(code, "")
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Shows it on stderr, for a command that goes on.
    pub(crate) fn tell(&self, terminal: &Terminal) {
        terminal.error(&self.message, self.help.as_deref());
    }

    /// Shows it on stderr and, where a document is expected on stdout, as one.
    pub(crate) fn report(&self, terminal: &Terminal) {
        if self.message.is_empty() {
            return;
        }
        if self.code != USAGE {
            crate::findings::nothing_found(terminal, &self.message);
        }
        if terminal.is_json() {
            let document = serde_json::json!({
                "error": { "message": self.message, "help": self.help, "exit": self.code },
            });
            let _ = terminal.document(&document);
        }
        self.tell(terminal);
    }
}

/// An error of the file system, with what was done to which path.
pub(crate) fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("could not {what} {}: {error}", path.display()))
}

impl From<cmc_bundles::Error> for Failure {
    fn from(error: cmc_bundles::Error) -> Self {
        let failure = Self::new(error.exit_code(), error.to_string());
        match error.trust_kind() {
            Some(TrustKind::Clock) if about_pointer(&error, "was issued") => failure.help(
                "set this machine's clock; if it is right and that of another publisher was wrong, add --clock-is-right",
            ),
            Some(TrustKind::Rollback) if about_pointer(&error, "seen before") => failure.help(
                "somebody put the store back to an older state, or this is a copy of it; if that cannot be undone: build, then `cmc publish --recover` goes on above what hosts have seen",
            ),
            _ if matches!(&error, cmc_bundles::Error::Missing { key, .. } if key.starts_with("channels/")) => {
                failure.help(
                    "the store held releases of this channel; if the pointer cannot be brought back: build, then `cmc publish --recover` goes on from the newest release that is left",
                )
            }
            _ if matches!(error, cmc_bundles::Error::Missing { .. }) => {
                failure.help("if the store has lost it: build, then `cmc publish --rebuild` uploads everything again")
            }
            _ => failure,
        }
    }
}

/// Whether an error says this of a channel's pointer. Roots are put back too, and a timestamp may be wrong by itself:
/// what helps with the pointer does not help there.
fn about_pointer(error: &cmc_bundles::Error, says: &str) -> bool {
    let cmc_bundles::Error::Trust(error) = error else { return false };
    error.object.starts_with("pointer of channel") && error.problem.contains(says)
}

impl From<cmc_bundles::store::StoreError> for Failure {
    fn from(error: cmc_bundles::store::StoreError) -> Self {
        cmc_bundles::Error::from(error).into()
    }
}
