//! A host's status as text for people.

use crate::run::Status;
use crate::settle::short;
use crate::state::{Condition, HoldKind};
use std::fmt::Write;

/// The text of a status.
pub fn text(status: &Status) -> String {
    let mut out = String::new();
    match &status.release {
        Some((version, hash)) => {
            let how = if status.converged { "converged" } else { "not converged" };
            let _ = writeln!(out, "{}: release {version} ({}), {how}", status.host, short(hash));
        }
        None => {
            let _ = writeln!(out, "{}: no release yet", status.host);
        }
    }
    if status.interrupted {
        let _ = writeln!(out, "an interrupted transaction waits for the next run");
    }
    if status.expired {
        out.push_str("the fleet's timestamp expired: newer releases are refused until somebody publishes or refreshes\n");
    }
    for (name, service) in &status.services {
        let condition = match service.condition {
            Condition::Absent => "absent",
            Condition::Good => "good",
            Condition::Degraded => "degraded",
            Condition::Broken => "BROKEN",
        };
        let digest = service.installed.as_ref().map_or_else(|| "not installed".into(), short);
        let _ = write!(out, "  {name:<24} {condition:<9} {digest}");
        match &service.held {
            Some(hold) if hold.kind == HoldKind::Freeze => {
                let _ = write!(out, "  frozen: {}", hold.reason);
            }
            Some(hold) => {
                let _ = write!(out, "  rolled back: {}", hold.reason);
            }
            None => {}
        }
        if service.unhealthy > 0 {
            let _ = write!(out, "  unhealthy for {} runs", service.unhealthy);
        }
        out.push('\n');
        for known in &service.quarantined {
            let _ = writeln!(out, "    quarantined {}: {}", short(&known.digest), known.reason);
        }
        if let Some(retry) = &service.retry {
            let _ = writeln!(out, "    tried again after {}: {}", retry.not_before, retry.reason);
        }
        for path in &service.drifted {
            let _ = writeln!(out, "    edited: {path}");
        }
    }
    if let Some(trouble) = &status.trouble {
        let _ = writeln!(out, "last run: {}", trouble.replace('\n', "\n          "));
    }
    out
}
