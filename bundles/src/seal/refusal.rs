//! What is not sealed, and why: above all a file whose receipts do not let it pass.

use cmc_types::plan::{HostPlan, ServicePlan};
use cmc_types::receipt::{Receipt, Verdict};
use cmc_types::{HostName, ServiceName, UnixPath, exit};

/// Why a plan cannot be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No check was made of exactly these bytes.
    #[error("host {host}: {path} (service {service}) has no receipt for its content; run `cmc build` again")]
    Unchecked {
        /// The host.
        host: HostName,
        /// The service.
        service: ServiceName,
        /// The file.
        path: UnixPath,
    },
    /// A check refused the file.
    #[error("host {host}: {validator} refused {path} (service {service})")]
    Refused {
        /// The host.
        host: HostName,
        /// The service.
        service: ServiceName,
        /// The file.
        path: UnixPath,
        /// Which check.
        validator: String,
    },
    /// A check that the definitions require could not be made.
    #[error(
        "host {host}: {validator} is required for {path} (service {service}) and could not run: {reason}"
    )]
    NotRun {
        /// The host.
        host: HostName,
        /// The service.
        service: ServiceName,
        /// The file.
        path: UnixPath,
        /// Which check.
        validator: String,
        /// Why it could not run.
        reason: String,
    },
    /// The host has no key yet.
    #[error("host {host} has no `recipient`: enrol it, or leave it out")]
    NoRecipient {
        /// The host.
        host: HostName,
    },
    /// The host's `recipient` or `id` is none.
    #[error("host {host}: {problem}")]
    BadHost {
        /// The host.
        host: HostName,
        /// What is wrong.
        problem: String,
    },
    /// A file of the fleet is no longer what was built.
    #[error("{path} has changed since the build; run `cmc build` again")]
    Changed {
        /// The file, relative to the fleet's directory.
        path: String,
    },
    /// A file of the fleet cannot be read.
    #[error("{path}: {problem}")]
    Unreadable {
        /// The file, relative to the fleet's directory.
        path: String,
        /// Why.
        problem: String,
    },
    /// The service does not fit in a bundle.
    #[error("host {host}, service {service}: {problem}")]
    Unfit {
        /// The host.
        host: HostName,
        /// The service.
        service: ServiceName,
        /// What is wrong.
        problem: String,
    },
}

impl SealError {
    /// The process's exit code for this error (DESIGN §6).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unchecked { .. } | Self::NotRun { .. } => exit::UNCHECKED,
            Self::Refused { .. } | Self::Unfit { .. } => exit::FINDINGS,
            _ => exit::FAILED,
        }
    }
}

/// Whether these receipts, all of exactly the file's bytes, let it pass.
pub(super) fn judge(
    plan: &HostPlan,
    service: &ServicePlan,
    path: &UnixPath,
    receipts: &[(usize, &Receipt)],
) -> Result<(), SealError> {
    let (host, service, path) = (plan.host.clone(), service.service.clone(), path.clone());
    let mut passed = false;
    for (_, receipt) in receipts {
        let validator = receipt.validator.clone();
        match &receipt.verdict {
            Verdict::Passed => passed = true,
            Verdict::Failed => return Err(SealError::Refused { host, service, path, validator }),
            Verdict::CouldNotRun { reason } if receipt.required => {
                let reason = reason.clone();
                return Err(SealError::NotRun { host, service, path, validator, reason });
            }
            Verdict::CouldNotRun { .. } | Verdict::Deferred => {}
        }
    }
    if passed { Ok(()) } else { Err(SealError::Unchecked { host, service, path }) }
}
