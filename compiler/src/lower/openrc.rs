//! Lowering for OpenRC: init.d script and conf.d file.

use super::Lowered;
use crate::resolved::{HostFacts, ResolvedService};

/// Lowers a service.
pub(super) fn lower(_service: &ResolvedService, _host: &HostFacts) -> Lowered {
    Lowered::default()
}
