//! Plans in memory, and what validating them says.

use cmc_types::check::{FileEntry, FileKind};
use cmc_types::definition::Validator;
use cmc_types::name::{AccountName, ValidatorName};
use cmc_types::plan::{
    Checks, Content, Format, HostAddress, HostPlan, Plan, PlannedFile, Provenance, ServicePlan,
};
use cmc_types::receipt::{Receipt, Verdict};
use cmc_types::{Arch, Blake3, HostName, Mode, Os, ServiceName, Severity, UnixPath};
use cmc_validators::sandbox::Bounds;
use cmc_validators::{Report, Selection, Settings, validate};
use std::collections::BTreeMap;

/// A file with defaults that tests change.
pub(crate) fn file(path: &str, text: &str) -> PlannedFile {
    bytes(path, text.as_bytes())
}

pub(crate) fn bytes(path: &str, content: &[u8]) -> PlannedFile {
    PlannedFile {
        entry: FileEntry {
            mode: Some(Mode::parse("0644").unwrap()),
            user: Some("root".to_owned()),
            group: Some("root".to_owned()),
            ..FileEntry::new(UnixPath::parse(path).unwrap(), FileKind::File)
        },
        tainted: false,
        content: Content::Bytes(content.into()),
        format: Format::Text,
        checks: Checks::Auto { required: true },
        provenance: Provenance::default(),
    }
}

pub(crate) fn link(path: &str, target: &str) -> PlannedFile {
    let mut link = file(path, "");
    link.entry.kind = FileKind::Link;
    link.entry.target = Some(target.to_owned());
    link.content = Content::None;
    link
}

pub(crate) fn mode(mut file: PlannedFile, mode: &str) -> PlannedFile {
    file.entry.mode = Some(Mode::parse(mode).unwrap());
    file
}

pub(crate) fn tainted(mut file: PlannedFile) -> PlannedFile {
    file.tainted = true;
    file
}

pub(crate) fn checked_by(mut file: PlannedFile, names: &[&str]) -> PlannedFile {
    let validators = names.iter().map(|name| ValidatorName::parse(name).unwrap()).collect();
    file.checks = Checks::Named { validators, required: true };
    file
}

pub(crate) fn host(name: &str, os: &str, files: Vec<PlannedFile>) -> HostPlan {
    let os = Os::parse(os).unwrap();
    HostPlan {
        host: HostName::parse(name).unwrap(),
        id: None,
        recipient: None,
        arch: Arch::X86_64,
        init: os.init(),
        os,
        retired: false,
        services: vec![ServicePlan {
            service: ServiceName::parse("app").unwrap(),
            after: Vec::new(),
            needs: Vec::new(),
            files,
            actions: Vec::new(),
            checks: Vec::new(),
            capture: Vec::new(),
        }],
        absent: Vec::new(),
        users: vec![AccountName::parse("api").unwrap()],
        groups: Vec::new(),
    }
}

pub(crate) fn plan(hosts: Vec<HostPlan>) -> Plan {
    let address = |name: &str, ip: Option<&str>| HostAddress {
        names: vec![name.to_owned(), format!("{name}.example.net")],
        ip: ip.map(|ip| ip.parse().unwrap()),
    };
    Plan {
        format: 1,
        fleet: "shop".to_owned(),
        inputs: Blake3([0; 32]),
        hosts,
        validators: BTreeMap::new(),
        addresses: vec![address("web1", None), address("db1", Some("10.1.2.3"))],
    }
}

pub(crate) fn own(plan: &mut Plan, name: &str, applies_to: Option<&str>, argv: &[&str]) {
    let validator = Validator {
        applies_to: applies_to.map(str::to_owned),
        argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
        good: None,
        timeout: None,
    };
    plan.validators.insert(ValidatorName::parse(name).unwrap(), validator);
}

/// Validates a plan with two threads.
pub(crate) fn check(plan: &Plan) -> Report {
    check_as(plan, Selection::All, patient())
}

/// The usual bounds, but that a busy machine ends no program.
pub(crate) fn patient() -> Bounds {
    Bounds { millis: 600_000, ..Bounds::default() }
}

pub(crate) fn check_as(plan: &Plan, selection: Selection, bounds: Bounds) -> Report {
    check_with(plan, selection, bounds, true)
}

/// Validates a plan that holds real secrets.
pub(crate) fn check_real(plan: &Plan) -> Report {
    check_with(plan, Selection::All, patient(), false)
}

fn check_with(plan: &Plan, selection: Selection, bounds: Bounds, dummies: bool) -> Report {
    let settings = Settings {
        worker: (std::env::current_exe().unwrap(), vec!["__sandbox".to_owned()]),
        bounds,
        threads: 2,
        source: &|path| Err(std::io::Error::other(format!("{path}: no sources here"))),
        dummies,
        selection,
        memory: None,
        now: 1,
        progress: &|_, _| (),
    };
    validate(plan, &settings).unwrap()
}

/// The one receipt of a validator.
pub(crate) fn receipt<'a>(report: &'a Report, validator: &str) -> &'a Receipt {
    let mut receipts = report.receipts.iter().filter(|receipt| receipt.item.validator == validator);
    let first = receipts.next().unwrap_or_else(|| panic!("no receipt of {validator}: {report:#?}"));
    assert!(receipts.next().is_none(), "more than one receipt of {validator}: {report:#?}");
    &first.item
}

/// Findings as one line each: `severity path:line:column message`.
pub(crate) fn said(report: &Report) -> Vec<String> {
    let lines = report.findings.iter().map(|finding| {
        let finding = &finding.item;
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
        let column = finding.column.map_or(String::new(), |column| format!(":{column}"));
        format!("{severity} {}{line}{column} {}", finding.path, finding.message)
    });
    lines.collect()
}

/// Why a check could not be made on this machine: then the test is skipped.
pub(crate) fn unavailable(report: &Report, validator: &str) -> Option<String> {
    let reasons = report.receipts.iter().filter(|receipt| receipt.item.validator == validator);
    let mut reasons = reasons.filter_map(|receipt| match &receipt.item.verdict {
        Verdict::CouldNotRun { reason }
            if reason.contains("is not installed here") || reason.contains("isolation it needs") =>
        {
            Some(reason.clone())
        }
        _ => None,
    });
    reasons.next()
}
