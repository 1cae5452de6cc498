//! Metrics in the Prometheus text format, for node_exporter's textfile collector.

use crate::config::Config;
use crate::run::Outcome;
use crate::state::{HoldKind, State};
use cmc_bundles::client::TrustState;
use std::fmt::Write;

/// The text of a host's metrics.
pub fn text(config: &Config, state: &State, trust: &TrustState, outcome: &Outcome, now: u64) -> String {
    let mut out = String::new();
    let mut family = |name: &str, help: &str, rows: Vec<(String, String)>| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in rows {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    let host = format!(
        "{{host=\"{}\",id=\"{}\",channel=\"{}\",fleet=\"{}\",version=\"{}\"}}",
        config.host,
        config.id,
        config.channel,
        &config.fleet_id.to_string()[..8],
        env!("CARGO_PKG_VERSION")
    );
    let one = |value: u64| vec![(String::new(), value.to_string())];
    family("cmc_machine_info", "The host, its fleet and its version of cmc-fetch.", vec![(host, "1".into())]);
    family("cmc_run_timestamp_seconds", "When the last run ended.", one(now));
    family("cmc_run_exit_code", "Exit code of the last run.", one(outcome.exit.code().into()));
    family("cmc_converged", "Whether everything is as the release wants it.", one(state.is_whole().into()));
    if let Some((version, hash)) = &state.release {
        let labels = format!("{{hash=\"{}\"}}", &hash.to_string()[..16]);
        family(
            "cmc_release_version",
            "The release that the host was last brought to.",
            vec![(labels, version.to_string())],
        );
    }
    if let Some(timestamp) = &trust.timestamp {
        family(
            "cmc_timestamp_expires_seconds",
            "When the fleet's timestamp expires.",
            one(timestamp.expires),
        );
    }
    let services = || state.services.iter();
    let label = |name: &cmc_types::ServiceName| format!("{{service=\"{name}\"}}");
    let hashes = services().filter_map(|(name, service)| {
        let digest = service.installed?.to_string();
        Some((format!("{{service=\"{name}\",hash=\"{}\"}}", &digest[..16]), "1".into()))
    });
    family("cmc_service_hash", "The bundle that is installed.", hashes.collect());
    let mut flags = |name: &str, help: &str, value: &dyn Fn(&crate::state::Service) -> u64| {
        let rows = services().map(|(name, service)| (label(name), value(service).to_string()));
        family(name, help, rows.collect());
    };
    flags("cmc_service_ok", "Whether the service is installed as wanted and healthy.", &|service| {
        u64::from(service.ok())
    });
    flags("cmc_service_frozen", "Whether the service is frozen on this host.", &|service| {
        u64::from(service.held.as_ref().is_some_and(|hold| hold.kind == HoldKind::Freeze))
    });
    flags("cmc_service_failure_count", "Changes of the service that failed.", &|service| service.failures);
    flags("cmc_service_quarantined", "Bundles of the service that are not tried again.", &|service| {
        service.quarantined.len() as u64
    });
    flags("cmc_service_drifted_files", "Edited files that are left as they are.", &|service| {
        service.drifted.len() as u64
    });
    out
}
