//! Runs the validators over a plan and turns what they say into findings at the lines that people wrote.

use crate::exit::Failure;
use crate::findings::Findings;
use crate::remembered::Remembered;
use crate::terminal::Terminal;
use cmc_types::plan::{Content, Plan, place_of, rendered, written};
use cmc_types::receipt::{Finding, Receipt, Verdict};
use cmc_types::{Diagnostic, HostName, Severity, codes};
use cmc_validators::{ForHosts, Memory, Report, Selection, Settings};
use std::path::Path;

/// Validates a plan; what is wrong is added to the findings.
pub(crate) fn run(
    plan: &Plan,
    directory: &Path,
    selection: Selection,
    memory: Option<&Remembered>,
    findings: &mut Findings,
    terminal: &Terminal,
) -> Result<Report, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("could not find cmc's own program: {error}")))?;
    let progress = terminal.progress("validating");
    let teller = progress.teller("validating");
    let settings = Settings {
        worker: (program, vec!["__sandbox".to_owned()]),
        bounds: cmc_validators::sandbox::Bounds::default(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        source: &|path| std::fs::read(directory.join(path)),
        dummies: selection == Selection::All,
        selection,
        memory: memory.map(|memory| memory as &dyn Memory),
        now: crate::fleet::now(),
        progress: &|done, of| teller.tell(|| format!("{done} of {of} programs run")),
    };
    let report =
        cmc_validators::validate(plan, &settings).map_err(|error| Failure::failed(error.to_string()))?;
    if let Some(memory) = memory {
        memory.prune();
    }
    drop(progress);
    terminal.detail(&format!(
        "{} programs run, {} remembered, {} receipts",
        report.runs,
        report.remembered,
        report.receipts.len()
    ));
    for finding in &report.findings {
        let diagnostic = diagnostic(plan, &finding.hosts, &finding.item, findings);
        findings.diagnostics.push(diagnostic);
    }
    for receipt in &report.receipts {
        let diagnostic = match &receipt.item.verdict {
            Verdict::CouldNotRun { reason } => not_made(receipt, reason),
            Verdict::Deferred => deferred(receipt),
            Verdict::Passed | Verdict::Failed => continue,
        };
        let diagnostic = defined(plan, receipt, diagnostic, findings);
        findings.diagnostics.push(diagnostic);
    }
    Ok(report)
}

/// A finding, at the template's line and the definition behind it where they are known, and at the rendered line.
fn diagnostic(plan: &Plan, hosts: &[HostName], finding: &Finding, findings: &mut Findings) -> Diagnostic {
    let code = match finding.severity {
        Severity::Error => codes::VALIDATOR_REFUSED,
        _ => codes::VALIDATOR_WARNING,
    };
    let mut diagnostic = Diagnostic::new(code, format!("{}: {}", finding.validator, finding.message));
    diagnostic.severity = finding.severity;
    diagnostic.hosts = hosts.iter().map(|host| host.as_str().to_owned()).collect();
    let Some(first) = hosts.first().and_then(|host| plan.host(host.as_str())) else { return diagnostic };
    let Some(file) = first.file(&finding.path) else { return diagnostic };
    // What people wrote comes first: that is what they open, and what a repository's tools can show.
    for (place, text) in written(file, finding.line, finding.column, &findings.sources) {
        match diagnostic.primary {
            None => diagnostic = diagnostic.at(place, text),
            Some(_) => diagnostic = diagnostic.with(place, text),
        }
    }
    if let (false, Some(line), Content::Bytes(bytes)) = (file.tainted, finding.line, &file.content) {
        let name = format!("{}:{}", first.host, finding.path);
        diagnostic.others.extend(rendered(&name, bytes, line, finding.column, &mut findings.sources));
    }
    diagnostic
}

/// Says which hosts a receipt is for, and where its first file is defined.
fn defined(
    plan: &Plan,
    receipt: &ForHosts<Receipt>,
    mut diagnostic: Diagnostic,
    findings: &Findings,
) -> Diagnostic {
    diagnostic.hosts = receipt.hosts.iter().map(|host| host.as_str().to_owned()).collect();
    let host = receipt.hosts.first().and_then(|host| plan.host(host.as_str()));
    let file = host.zip(receipt.item.subjects.keys().next()).and_then(|(host, path)| host.file(path));
    match file.and_then(|file| place_of(&file.provenance.definition, &findings.sources)) {
        Some(place) => diagnostic.at(place, "the file is defined here"),
        None => diagnostic,
    }
}

fn deferred(receipt: &ForHosts<Receipt>) -> Diagnostic {
    let paths: Vec<_> = receipt.item.subjects.keys().map(ToString::to_string).collect();
    let message = format!(
        "{} checks {} at publish: a dummy of no structure stands in for a secret here",
        receipt.item.validator,
        paths.join(", ")
    );
    Diagnostic::new(codes::CHECK_DEFERRED, message)
}

fn not_made(receipt: &ForHosts<Receipt>, reason: &str) -> Diagnostic {
    let paths: Vec<_> = receipt.item.subjects.keys().map(ToString::to_string).collect();
    let message = format!("{} could not check {}: {reason}", receipt.item.validator, paths.join(", "));
    let mut diagnostic = Diagnostic::new(codes::CHECK_NOT_MADE, message);
    if receipt.item.required {
        diagnostic.help = Some(
            "publish needs this check; install the program, or say validation = \"optional\"".to_owned(),
        );
    } else {
        diagnostic.severity = Severity::Note;
    }
    diagnostic
}
