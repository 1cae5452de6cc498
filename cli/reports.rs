//! Hosts' reports as an operator sees them: read, verified against the reporter key of the host's definition, and
//! compared with what was seen before and with the releases that the store holds. What one host says is never held
//! against another's report.

use crate::exit::{Failure, io};
use crate::keys::KeyArgs;
use crate::published::Published;
use cmc_bundles::client::StatementRef;
use cmc_bundles::keys::Identities;
use cmc_bundles::publish::released;
use cmc_bundles::report::{self, Expected, Report, ServiceReport};
use cmc_bundles::span::date;
use cmc_bundles::sshsig::PublicKey;
use cmc_bundles::store::{StoreError, StoreErrorKind};
use cmc_bundles::{Channel, Error, HostId};
use cmc_types::{Blake3, HostName};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What a host's report is worth.
pub(crate) enum Told {
    /// There is none.
    Nothing,
    /// It is not believed: why.
    Refused(String),
    /// The host follows another channel, whose releases are none of this one's.
    Elsewhere(Channel),
    /// It is the host's.
    Report(Box<Report>),
}

/// Reads reports.
pub(crate) struct Reports<'a> {
    published: &'a Published,
    /// The release that is published.
    current: StatementRef,
    operator: Identities,
    /// Keys of reports that are in the store; `None` if it may not be listed.
    there: Option<BTreeSet<String>>,
    /// When the newest report of each host was made, as this machine saw it.
    seen: BTreeMap<String, u64>,
    memory: PathBuf,
    /// What the store says of the releases that hosts report, by hash: the version of the channel's release.
    releases: BTreeMap<Blake3, Result<Option<u64>, String>>,
}

impl<'a> Reports<'a> {
    /// The reports in a store; `current` is the release that is published.
    pub(crate) fn open(
        published: &'a Published,
        keys: &KeyArgs,
        current: StatementRef,
    ) -> Result<Self, Failure> {
        let memory = published.directory.join(".cmc/reports.json");
        let seen = std::fs::read(&memory).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let there = match published.store.list("reports/") {
            Ok(listed) => Some(listed.into_iter().map(|listed| listed.key).collect()),
            Err(error) if is_denied(&error) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            published,
            current,
            operator: keys.identities(published.roots.newest().fleet_id())?,
            there,
            seen: seen.unwrap_or_default(),
            memory,
            releases: BTreeMap::new(),
        })
    }

    /// The report of a host whose definition names this reporter key.
    pub(crate) fn of(&mut self, host: &HostName, id: &HostId, reporter: Option<&str>) -> Told {
        if self.there.as_ref().is_some_and(|there| !there.contains(&report::report_key(id))) {
            return Told::Nothing;
        }
        let refused = |why: String| Told::Refused(format!("its report is not believed: {why}"));
        let reporter = match reporter.map(PublicKey::parse) {
            Some(Ok(reporter)) => reporter,
            Some(Err(error)) => return refused(format!("`reporter` of its definition: {error}")),
            // Whether there is a report is not known where the store may not be listed.
            None if self.there.is_none() => return Told::Nothing,
            None => return refused("its definition has no `reporter`".into()),
        };
        let fleet_id = self.published.roots.newest().fleet_id();
        let expected = Expected { fleet_id, host, id, reporter: &reporter };
        let report = match report::read(self.published.store.as_ref(), &self.operator, expected) {
            Ok(Some(report)) => report,
            Ok(None) => return Told::Nothing,
            // So a store answers for what is not there, if it may not be listed.
            Err(Error::Store(error)) if self.there.is_none() && is_denied(&error) => return Told::Nothing,
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
        if report.channel != self.published.channel {
            return Told::Elsewhere(report.channel);
        }
        match report.release.and_then(|(version, hash)| self.doubt(version, hash)) {
            Some(doubt) => refused(doubt),
            None => Told::Report(Box::new(report)),
        }
    }

    /// Why a host cannot be at this release, by what the store shows to everybody.
    fn doubt(&mut self, version: u64, hash: Blake3) -> Option<String> {
        let current = self.current;
        if (version, hash) == (current.version, current.hash) {
            return None;
        }
        if version == current.version {
            return Some(format!(
                "release {version} with another hash than is published: two views of the fleet"
            ));
        }
        let Published { store, roots, channel, .. } = self.published;
        let look = || released(store.as_ref(), roots, channel, &hash).map_err(|error| error.to_string());
        match self.releases.entry(hash).or_insert_with(look) {
            Ok(Some(known)) if *known == version => None,
            Ok(_) => Some(format!(
                "release {version} with a hash that no release in the store has: two views of the fleet, or the store lost it"
            )),
            Err(error) => Some(format!("release {version}: {error}")),
        }
    }

    /// Remembers what was seen.
    pub(crate) fn remember(&self) -> Result<(), Failure> {
        if self.seen.is_empty() {
            return Ok(());
        }
        let text =
            serde_json::to_vec_pretty(&self.seen).map_err(|error| Failure::failed(error.to_string()))?;
        if let Some(dir) = self.memory.parent() {
            std::fs::create_dir_all(dir).map_err(|error| io("create", dir, &error))?;
        }
        crate::durable::write(&self.memory, &text, 0o644)
    }
}

/// Whether a store answered that its credentials may not do that.
fn is_denied(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::Denied | StoreErrorKind::Refused)
}

impl Told {
    /// Whether it says, or hides, that something is not as the release wants it.
    pub(crate) fn is_bad(&self) -> bool {
        match self {
            Self::Nothing | Self::Elsewhere(_) => false,
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
        Told::Elsewhere(channel) => return format!("\tfollows channel {channel}\n"),
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
