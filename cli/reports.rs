//! Hosts' reports as an operator sees them: read, verified against the reporter key of the host's definition, and
//! compared with what was seen before.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use cmc_bundles::client::StatementRef;
use cmc_bundles::keys::Identities;
use cmc_bundles::report::{self, Expected, Report, ServiceReport};
use cmc_bundles::span::date;
use cmc_bundles::sshsig::PublicKey;
use cmc_bundles::store::Store;
use cmc_bundles::{FleetId, HostId};
use cmc_types::{Blake3, HostName};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a host's report is worth.
pub(crate) enum Told {
    /// There is none.
    Nothing,
    /// It is not believed: why.
    Refused(String),
    /// It is the host's.
    Report(Box<Report>),
}

/// Reads reports.
pub(crate) struct Reports<'a> {
    store: &'a dyn Store,
    fleet: FleetId,
    operator: Option<Identities>,
    /// Keys of reports that are in the store.
    there: BTreeSet<String>,
    /// When the newest report of each host was made, as this machine saw it.
    seen: BTreeMap<String, u64>,
    memory: PathBuf,
    /// Releases by version: the current one, and those that hosts report.
    releases: BTreeMap<u64, Blake3>,
}

impl<'a> Reports<'a> {
    /// The reports in a store; `current` is the release that is published.
    pub(crate) fn open(
        store: &'a dyn Store,
        fleet: FleetId,
        keys: &KeyArgs,
        directory: &Path,
        current: StatementRef,
    ) -> Result<Self, Failure> {
        let memory = directory.join(".cmc/reports.json");
        let seen = std::fs::read(&memory).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Self {
            store,
            fleet,
            operator: keys.optional_identities(fleet)?,
            there: store.list("reports/")?.into_iter().map(|listed| listed.key).collect(),
            seen: seen.unwrap_or_default(),
            memory,
            releases: BTreeMap::from([(current.version, current.hash)]),
        })
    }

    /// Whether a key that opens reports is at hand.
    pub(crate) fn can_read(&self) -> bool {
        self.operator.is_some()
    }

    /// The report of a host whose definition names this reporter key.
    pub(crate) fn of(&mut self, host: &HostName, id: &HostId, reporter: Option<&str>) -> Told {
        if !self.there.contains(&report::report_key(id)) {
            return Told::Nothing;
        }
        let refused = |why: String| Told::Refused(format!("its report is not believed: {why}"));
        let Some(operator) = &self.operator else {
            return refused("no key of an operator is at hand".into());
        };
        let reporter = match reporter.map(PublicKey::parse) {
            Some(Ok(reporter)) => reporter,
            Some(Err(error)) => return refused(format!("`reporter` of its definition: {error}")),
            None => return refused("its definition has no `reporter`".into()),
        };
        let expected = Expected { fleet_id: self.fleet, host, id, reporter: &reporter };
        let report = match report::read(self.store, operator, expected) {
            Ok(Some(report)) => report,
            Ok(None) => return Told::Nothing,
            Err(error) => return refused(error.to_string()),
        };
        let seen = self.seen.entry(id.to_string()).or_default();
        if report.at < *seen {
            return refused(format!(
                "it is of {}, and one of {} was seen before: an older one was put back, or the host's clock was ahead then (if so, delete .cmc/reports.json)",
                date(report.at),
                date(*seen)
            ));
        }
        *seen = report.at;
        if let Some((version, hash)) = report.release
            && *self.releases.entry(version).or_insert(hash) != hash
        {
            return refused(format!(
                "release {version} with another hash than others have: two views of the fleet"
            ));
        }
        Told::Report(Box::new(report))
    }

    /// Remembers what was seen.
    pub(crate) fn remember(&self) -> Result<(), Failure> {
        if self.seen.is_empty() {
            return Ok(());
        }
        let text =
            serde_json::to_vec_pretty(&self.seen).map_err(|error| Failure::failed(error.to_string()))?;
        crate::durable::write(&self.memory, &text, 0o644)
    }
}

impl Told {
    /// Whether it says, or hides, that something is not as the release wants it.
    pub(crate) fn is_bad(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Refused(_) => true,
            Self::Report(report) => report.exit != 0 || !report.converged,
        }
    }
}

/// A report as lines for people, indented. `published`: services and the bundles that the host is to have.
pub(crate) fn text(
    told: &Told,
    published: &[(String, String)],
    now: u64,
    span: impl Fn(u64) -> String,
) -> String {
    let report = match told {
        Told::Nothing => return String::new(),
        Told::Refused(why) => return format!("\t{why}\n"),
        Told::Report(report) => report,
    };
    let release =
        report.release.map_or("no release yet".to_owned(), |(version, _)| format!("release {version}"));
    let how = match (report.exit, report.converged) {
        (0, true) if report.files_only => "files as wanted, commands and checks are not run there".to_owned(),
        (0, true) => "good".to_owned(),
        (0, false) => "not converged".to_owned(),
        (exit, _) => format!("exit {exit}"),
    };
    let when = match report.at.checked_sub(now) {
        Some(ahead) if ahead > cmc_bundles::client::AHEAD => {
            format!("{} AHEAD of this machine's clock", span(ahead))
        }
        _ => format!("{} ago", span(now.saturating_sub(report.at))),
    };
    let mut text = format!("\treported {when}: {release}, {how}\n");
    for (name, service) in &report.services {
        if let Some(how) = amiss(service) {
            text.push_str(&format!("\t  {name}: {}\n", plain(&how)));
        }
    }
    for (name, digest) in published {
        let service =
            report.services.iter().find(|(known, _)| known.as_str() == name).map(|(_, service)| service);
        let heard_of = |service: &ServiceReport| {
            [service.installed, service.wanted].iter().flatten().any(|known| known.to_string() == *digest)
        };
        if !service.is_some_and(heard_of) {
            let digest = digest.get(..8).unwrap_or(digest);
            text.push_str(&format!("\t  {name}: {digest} was published since, and is not reported yet\n"));
        }
    }
    for trouble in &report.troubles {
        text.push_str(&format!("\t  {}\n", plain(trouble)));
    }
    for output in report.capsule.iter().flat_map(|capsule| &capsule.outputs) {
        text.push_str(&format!("\t  {} ({})\n", plain(&output.argv.join(" ")), plain(&output.how)));
        let lines: Vec<&str> = output.output.trim_end().lines().collect();
        for line in &lines[lines.len().saturating_sub(5)..] {
            text.push_str(&format!("\t    {}\n", plain(line)));
        }
    }
    text
}

/// What is not as it should be with a service, if anything.
fn amiss(service: &ServiceReport) -> Option<String> {
    let short = |digest: &Blake3| digest.to_string()[..8].to_owned();
    let mut parts = Vec::new();
    if service.condition != "good" {
        parts.push(service.condition.clone());
    }
    if let Some(wanted) = &service.wanted {
        let installed = service.installed.as_ref().map_or("nothing".to_owned(), short);
        parts.push(format!("{installed} is installed, {} is wanted", short(wanted)));
        if service.quarantined.contains(wanted) {
            parts.push("which failed and is not tried again".to_owned());
        }
    }
    if let Some(reason) = &service.held {
        parts.push(format!("held: {reason}"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Text of a host without what could steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
