//! Reports: what a host says of its last run. A report is a statement signed by the host's own reporter key, sealed to
//! the operators, at one key per host that the host alone replaces. Nobody acts on one without a person: it is shown.

use crate::canon;
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, FleetId, HostId};
use crate::keys::{Identities, Recipient};
use crate::limits;
use crate::member::{self, Packing};
use crate::root::RoleKeys;
use crate::signed::Signed;
use crate::sshsig::{PublicKey, Role, Signer};
use crate::store::Reader;
use cmc_types::{Blake3, HostName, ServiceName};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a host says of its last run, as signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Report {
    /// 1.
    pub format: u32,
    /// The fleet.
    pub fleet_id: FleetId,
    /// The channel that the host follows.
    pub channel: Channel,
    /// The host's name.
    pub host: HostName,
    /// Its identifier in the index.
    pub id: HostId,
    /// When the run ended by the host's clock, in Unix seconds.
    pub at: u64,
    /// Version of `cmc-fetch`.
    pub program: String,
    /// The release that the host is at: version and hash.
    pub release: Option<(u64, Blake3)>,
    /// Whether everything is as that release wants it: no service failed, is held back, waits or was edited.
    pub converged: bool,
    /// Whether commands and health checks do not run there, so that `good` speaks of files alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub files_only: bool,
    /// The run's exit code.
    pub exit: u8,
    /// Services that are installed or wanted.
    pub services: BTreeMap<ServiceName, ServiceReport>,
    /// What changed, a line each.
    pub changes: Vec<String>,
    /// What is not as it should be, a line each.
    pub troubles: Vec<String>,
    /// What was seen of the run's last failed change before it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capsule: Option<Capsule>,
}

/// How a service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceReport {
    /// `absent`, `good`, `degraded` or `broken`.
    pub condition: String,
    /// The bundle that is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Blake3>,
    /// The bundle that the release wants, where that is another one: it failed, waits, or is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Blake3>,
    /// The host's own freeze or rollback: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Bundles that failed and are not tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<Blake3>,
}

/// What was seen of a failed change before it was undone: the last output of the service's own commands for such a
/// case (unit state, log tail). May hold what services print, so it is for operators only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capsule {
    /// 1.
    pub format: u32,
    /// When, in Unix seconds.
    pub at: u64,
    /// Number of the host's transaction.
    pub transaction: u64,
    /// The services of the change.
    pub services: Vec<ServiceName>,
    /// What failed.
    pub reason: String,
    /// Output of commands.
    pub outputs: Vec<CapsuleOutput>,
}

/// A command's output in a [`Capsule`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CapsuleOutput {
    /// The service.
    pub service: ServiceName,
    /// The command.
    pub argv: Vec<String>,
    /// How it ended.
    pub how: String,
    /// The last of what it printed.
    pub output: String,
}

/// Whose report is expected.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The fleet.
    pub fleet_id: FleetId,
    /// The host's name.
    pub host: &'a HostName,
    /// Its identifier in the index.
    pub id: &'a HostId,
    /// The public half of its reporter key, from its definition.
    pub reporter: &'a PublicKey,
}

/// The store's key of a host's report.
pub fn report_key(id: &HostId) -> String {
    format!("reports/{id}.age")
}

/// Most lines of changes, and of troubles, in a report.
const LINES: usize = 200;
/// Most bytes of such a line, and of any other text but an output.
const LINE: usize = 1000;
/// Most bytes of a command's output in a report.
const OUTPUT: usize = 4096;
/// Most outputs, and most quarantined bundles of a service.
const OUTPUTS: usize = 16;
/// Most words of a command, and most bytes of a word.
const WORDS: usize = 32;
const WORD: usize = 128;

/// The report signed and sealed. What is too long is cut to its end first, so that the object stays within
/// [`limits::REPORT`].
pub fn seal(mut report: Report, reporter: &dyn Signer, operators: &[Recipient]) -> Result<Vec<u8>, Error> {
    let object = format!("report of {}", report.host);
    // How long a text becomes in a statement hangs on its quotes and control characters: what is too large is halved.
    let mut part = 1;
    while part <= LINE {
        cut(&mut report, part);
        let mut signed = Signed::unsigned(&report, &object)?;
        let sign = signed.sign(Role::Report, reporter);
        sign.map_err(|error| Error::Failed(format!("cannot sign the {object}: {error}")))?;
        let sealed = member::seal(&signed.to_bytes()?, Packing::Raw, operators)?;
        if sealed.len() as u64 <= limits::REPORT {
            return Ok(sealed);
        }
        part *= 2;
    }
    Err(Error::Failed(format!("the {object} is larger than {} bytes", limits::REPORT)))
}

/// Cuts everything to its end: to the most that a report may hold, divided by `part`.
fn cut(report: &mut Report, part: usize) {
    let line = |text: &mut String| keep_end(text, LINE / part);
    for lines in [&mut report.changes, &mut report.troubles] {
        keep_last(lines, LINES / part);
        lines.iter_mut().for_each(line);
    }
    for service in report.services.values_mut() {
        service.held.iter_mut().for_each(line);
        keep_last(&mut service.quarantined, OUTPUTS);
    }
    if let Some(capsule) = &mut report.capsule {
        line(&mut capsule.reason);
        keep_last(&mut capsule.outputs, OUTPUTS);
        for one in &mut capsule.outputs {
            one.argv.truncate(WORDS);
            one.argv.iter_mut().for_each(|word| keep_end(word, WORD / part));
            line(&mut one.how);
            keep_end(&mut one.output, OUTPUT / part);
        }
    }
}

/// Keeps at most the last `count` of some things, but at least one.
fn keep_last<T>(things: &mut Vec<T>, count: usize) {
    let excess = things.len().saturating_sub(count.max(1));
    things.drain(..excess);
}

/// Keeps at most the last `limit` bytes of a text.
fn keep_end(text: &mut String, limit: usize) {
    if text.len() > limit {
        let start = (text.len() - limit..text.len()).find(|at| text.is_char_boundary(*at));
        text.drain(..start.unwrap_or(text.len()));
    }
}

/// The last report of a host, verified; `None` if there is none. One that its reporter key did not sign, or that is
/// another host's, is refused.
pub fn read(
    store: &dyn Reader,
    operator: &Identities,
    expected: Expected<'_>,
) -> Result<Option<Report>, Error> {
    let Some(sealed) = store.get(&report_key(expected.id), limits::REPORT)? else { return Ok(None) };
    open(&sealed, operator, expected).map(Some)
}

/// Opens and verifies a report.
pub fn open(sealed: &[u8], operator: &Identities, expected: Expected<'_>) -> Result<Report, Error> {
    let object = format!("report of {}", expected.host);
    let signed = Signed::parse(&member::open(sealed, operator, limits::REPORT, &object)?, &object)?;
    let keys = RoleKeys { threshold: 1, keys: BTreeSet::from([expected.reporter]) };
    signed.verify(Role::Report, &keys, &object)?;
    let report: Report = canon::from_slice(signed.body.as_bytes(), &object)?;
    canon::format_one(report.format, &object)?;
    let theirs = (report.fleet_id, &report.host, &report.id);
    if theirs != (expected.fleet_id, expected.host, expected.id) {
        return Err(Error::trust(TrustKind::Binding, object, "it is of another fleet or host"));
    }
    Ok(report)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::keys::MemberKey;
    use crate::sshsig::{FileSigner, generate};

    struct World {
        reporter: FileSigner,
        operator: MemberKey,
        host: HostName,
        id: HostId,
    }

    fn fresh() -> World {
        let reporter = generate("web1").unwrap().0;
        World {
            reporter: FileSigner::parse(reporter.as_bytes(), "reporter").unwrap(),
            operator: MemberKey::generate(),
            host: HostName::parse("web1").unwrap(),
            id: HostId::parse(&"0a".repeat(16)).unwrap(),
        }
    }

    impl World {
        fn report(&self) -> Report {
            Report {
                format: 1,
                fleet_id: FleetId(Blake3([1; 32])),
                channel: Channel::main(),
                host: self.host.clone(),
                id: self.id,
                at: 5,
                program: "1".into(),
                release: Some((3, Blake3([2; 32]))),
                converged: true,
                files_only: false,
                exit: 0,
                services: BTreeMap::new(),
                changes: vec!["base: installed".into()],
                troubles: Vec::new(),
                capsule: None,
            }
        }

        fn sealed(&self, report: Report) -> Vec<u8> {
            seal(report, &self.reporter, &[self.operator.recipient().unwrap()]).unwrap()
        }

        fn open(&self, sealed: &[u8]) -> Result<Report, Error> {
            let expected = Expected {
                fleet_id: FleetId(Blake3([1; 32])),
                host: &self.host,
                id: &self.id,
                reporter: self.reporter.public_key(),
            };
            open(sealed, &Identities::of(&self.operator).unwrap(), expected)
        }
    }

    #[test]
    fn a_report_comes_back_as_it_was_signed() {
        let world = fresh();
        assert_eq!(world.open(&world.sealed(world.report())).unwrap(), world.report());
    }

    #[test]
    fn a_report_of_another_key_host_id_or_fleet_is_refused() {
        let (world, other) = (fresh(), fresh());
        let forged = World { reporter: other.reporter, operator: world.operator.clone(), ..fresh() };
        let error = world.open(&forged.sealed(world.report())).unwrap_err();
        assert_eq!(error.trust_kind(), Some(TrustKind::Signature));
        let host = HostName::parse("web2").unwrap();
        let id = HostId::parse(&"0b".repeat(16)).unwrap();
        for report in [
            Report { host, ..world.report() },
            Report { id, ..world.report() },
            Report { fleet_id: FleetId(Blake3([9; 32])), ..world.report() },
        ] {
            let error = world.open(&world.sealed(report)).unwrap_err();
            assert_eq!(error.trust_kind(), Some(TrustKind::Binding));
        }
    }

    #[test]
    fn a_report_that_is_damaged_or_sealed_to_somebody_else_is_refused() {
        let world = fresh();
        let sealed = world.sealed(world.report());
        for at in (0..sealed.len()).step_by(16) {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1;
            assert!(world.open(&bytes).is_err(), "byte {at}");
        }
        let stranger = MemberKey::generate().recipient().unwrap();
        let elsewhere = seal(world.report(), &world.reporter, &[stranger]).unwrap();
        assert_eq!(world.open(&elsewhere).unwrap_err().trust_kind(), Some(TrustKind::Decrypt));
    }

    #[test]
    fn a_report_with_too_much_to_say_keeps_the_last_of_it() {
        let world = fresh();
        let name = ServiceName::parse("base").unwrap();
        let service = |text: &str| ServiceReport {
            condition: "good".into(),
            installed: None,
            wanted: None,
            held: Some(text.repeat(5000)),
            quarantined: vec![Blake3([1; 32]); 1000],
        };
        let output = |text: &str, n: u32| CapsuleOutput {
            service: name.clone(),
            argv: vec![text.repeat(100_000); 200],
            how: text.repeat(5000),
            output: format!("{}end {n}", text.repeat(100_000)),
        };
        // Control characters and quotes take several times their length in a statement.
        for (text, lines) in [("x", LINES), ("ä", LINES), ("\u{1b}[31m\"", 1)] {
            let lined = |n: u32| format!("{} {n}", text.repeat(5000));
            let report = Report {
                changes: (0..5000).map(lined).collect(),
                troubles: (0..5000).map(lined).collect(),
                services: BTreeMap::from([(name.clone(), service(text))]),
                capsule: Some(Capsule {
                    format: 1,
                    at: 5,
                    transaction: 2,
                    services: vec![name.clone()],
                    reason: text.repeat(100_000),
                    outputs: (0..100).map(|n| output(text, n)).collect(),
                }),
                ..world.report()
            };
            let sealed = world.sealed(report);
            assert!(sealed.len() as u64 <= limits::REPORT);
            let report = world.open(&sealed).unwrap();
            assert!(report.changes.len() >= lines && report.changes.len() <= LINES);
            assert!(report.changes.last().unwrap().ends_with(" 4999"));
            let outputs = report.capsule.unwrap().outputs;
            assert!(outputs.len() == OUTPUTS && outputs[OUTPUTS - 1].output.ends_with("end 99"), "{text:?}");
        }
    }
}
