//! Lowering for FreeBSD: rc.d script and rc.conf.d file.

use super::Lowered;
use crate::resolved::{HostFacts, ResolvedService};

/// Lowers a service.
pub(super) fn lower(_service: &ResolvedService, _host: &HostFacts) -> Lowered {
    Lowered::default()
}
