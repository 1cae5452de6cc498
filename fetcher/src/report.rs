//! The report of a run, for the operators: sent by a run that has something new to say, never by a quiet one. What
//! could not be sent is sent by a later run, where the store refused it an hour later. Sending never fails a run.

use crate::atomic;
use crate::event::Level;
use crate::host::Host;
use crate::run::Outcome;
use crate::setup::Setup;
use crate::state::{Condition, Service, State};
use cmc_bundles::client::TrustState;
use cmc_bundles::report::{Report, ServiceReport, report_key, seal};
use cmc_bundles::root::TrustedRoot;
use cmc_bundles::sshsig::FileSigner;
use cmc_bundles::store::{StoreError, StoreErrorKind};
use std::path::{Path, PathBuf};

/// The largest file with a reporter key, in bytes.
const KEY_FILE: u64 = 64 << 10;

/// How long a store that refused a report is left alone, in seconds.
const HOUR: u64 = 3600;

/// Marks a report that is still to be sent.
fn unsent(host: &Host<'_>) -> PathBuf {
    host.dir.join("reports/unsent")
}

/// Notes that the next run has something to report, if this host reports.
pub fn mark(setup: &Setup<'_>, host: &Host<'_>) {
    if setup.config.reporter.is_some() {
        let _ = atomic::write_mode(&unsent(host), b"", 0o600, false);
    }
}

/// Sends the report of a run, if this host reports and there is something to say.
pub fn send(setup: &Setup<'_>, host: &Host<'_>, trust: &TrustState, state: &State, outcome: &mut Outcome) {
    let Some(key) = &setup.config.reporter else { return };
    let late = is_due(&unsent(host), setup.clock.now());
    if !outcome.news && !late {
        return;
    }
    // What was seen of a change that failed is told for as long as something is not as it should be.
    let failed = outcome.exit == crate::Exit::RolledBack || !state.is_whole();
    let capsule = (late || failed).then(|| capsule(host, state)).flatten();
    let report = Report { capsule, ..report(setup, state, outcome) };
    match try_send(setup, trust, key, report) {
        Ok(()) => {
            let _ = atomic::remove(&unsent(host));
        }
        Err(Problem { text, lasting }) => {
            // A store that takes no reports of this host now, since its keys are old, may take them later.
            let next = if lasting { setup.clock.now() + HOUR } else { 0 };
            let _ = atomic::write_mode(&unsent(host), next.to_string().as_bytes(), 0o600, false);
            outcome.events.host(Level::Note, format!("no report was sent: {text}"));
        }
    }
}

/// Whether a report waits and may be sent; the file says from when, in Unix seconds.
fn is_due(unsent: &Path, now: u64) -> bool {
    let Ok(Some(text)) = atomic::read(unsent) else { return false };
    let from = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
    from.unwrap_or(0) <= now
}

struct Problem {
    text: String,
    lasting: bool,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let lasting = !matches!(error.kind, StoreErrorKind::Unreachable | StoreErrorKind::NoStore);
        Self { text: error.to_string(), lasting }
    }
}

fn try_send(
    setup: &Setup<'_>,
    trust: &TrustState,
    key: &Path,
    report: Report,
) -> std::result::Result<(), Problem> {
    let later = |text: String| Problem { text, lasting: false };
    let store = setup.store.ok_or_else(|| later("this run works without the store".into()))?;
    let root = TrustedRoot::pinned(&trust.root_body, trust.fleet_id, trust.root.version, trust.root.hash)
        .map_err(|error| later(error.to_string()))?;
    let content =
        atomic::read_trusted(key, 0o077, 0o600, KEY_FILE).map_err(|error| later(error.to_string()))?;
    let signer =
        FileSigner::parse(&content, &key.display().to_string()).map_err(|error| later(error.to_string()))?;
    let operators: Vec<_> = root.root().operators.iter().map(|one| one.recipient.clone()).collect();
    let sealed = seal(report, &signer, &operators).map_err(|error| later(error.to_string()))?;
    Ok(store.replace(&report_key(&setup.config.id), &sealed)?)
}

fn report(setup: &Setup<'_>, state: &State, outcome: &Outcome) -> Report {
    let config = setup.config;
    let changes = outcome.events.0.iter().filter(|event| event.level == Level::Change);
    let troubles = state.trouble.iter().flat_map(|trouble| trouble.lines());
    Report {
        format: 1,
        fleet_id: setup.pin().fleet_id,
        channel: config.channel.clone(),
        host: config.host.clone(),
        id: config.id,
        at: setup.clock.now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        release: state.release,
        converged: state.is_whole(),
        files_only: !setup.run_actions(),
        exit: outcome.exit.code(),
        services: state.services.iter().map(|(name, one)| (name.clone(), service(one))).collect(),
        changes: changes.map(ToString::to_string).collect(),
        troubles: troubles.map(str::to_owned).collect(),
        capsule: None,
    }
}

fn service(service: &Service) -> ServiceReport {
    let condition = match service.condition {
        Condition::Absent => "absent",
        Condition::Good => "good",
        Condition::Degraded => "degraded",
        Condition::Broken => "broken",
    };
    ServiceReport {
        condition: condition.to_owned(),
        installed: service.installed,
        wanted: service.wanted.filter(|wanted| service.installed != Some(*wanted)),
        held: service.held.as_ref().map(|hold| hold.reason.clone()),
        quarantined: service.quarantined.iter().map(|known| known.digest).collect(),
    }
}

/// What was seen of the last transaction, if that one failed.
fn capsule(host: &Host<'_>, state: &State) -> Option<cmc_bundles::report::Capsule> {
    atomic::read_json(&crate::capsule::path(host, state.transaction)).ok().flatten()
}
