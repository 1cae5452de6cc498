//! The environment file of a service, `/etc/cmc/env/SERVICE.env`, in the dialect of whoever reads it.

use super::LoweredFile;
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::Diagnostic;

/// The environment file for a host's init system (systemd: root 0600; BSD and OpenRC: root:group 0640), or none if the
/// service has no environment. Values that the dialect cannot carry are diagnostics.
pub(super) fn env_file(
    _service: &ResolvedService,
    _host: &HostFacts,
    _diagnostics: &mut Vec<Diagnostic>,
) -> Option<LoweredFile> {
    None
}
