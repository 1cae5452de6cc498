//! `cmc build`.

use crate::exit::{FINDINGS, Failure, UNCHECKED};
use crate::remembered::Remembered;
use crate::secrets::StandIns;
use crate::terminal::{Terminal, count};
use crate::{built, fleet, lock, validation};
use cmc_types::receipt::Verdict;
use cmc_validators::Selection;
use std::path::Path;
use std::sync::Arc;

/// Render every file, run the real validators, and leave a plan to publish
///
/// Needs no secret: files that hold secrets are rendered with dummies of their types and validated once more when they
/// are published.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc build\n  cmc build --strict\n  cmc build --format sarif > findings.sarif"
)]
pub(crate) struct Args {
    /// Fail with exit code 4 if a required check could not be made, as publish would
    #[arg(long)]
    strict: bool,
    /// Run every validator, also those that were shown the same before
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    with: fleet::With,
}

/// Compiles, validates, writes the plan.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    fleet::is_fleet(directory)?;
    let _lock = lock::take(directory, "build", terminal)?;
    built::forget(directory)?;
    let compiled = fleet::compile(directory, &args.with, Arc::new(StandIns::new(directory)), terminal)?;
    let mut findings = compiled.findings;
    let mut summary = serde_json::json!({});
    let mut line = String::new();
    let mut missing = 0;
    if let Some(plan) = compiled.plan.filter(|_| !findings.has_errors()) {
        let memory = if args.no_cache { None } else { Remembered::open(directory) };
        let report =
            validation::run(&plan, directory, Selection::All, memory.as_ref(), &mut findings, terminal)?;
        let files: usize = plan.hosts.iter().map(|host| host.files().count()).sum();
        let passed = report.receipts.iter().filter(|receipt| receipt.item.verdict == Verdict::Passed).count();
        let deferred =
            report.receipts.iter().filter(|receipt| receipt.item.verdict == Verdict::Deferred).count();
        missing = report.missing().count();
        line = format!(
            "{}, {}, {} run, ",
            count(plan.hosts.len(), "host"),
            count(files, "file"),
            count(report.runs, "program")
        );
        if report.remembered > 0 {
            line.push_str(&format!("{} remembered, ", report.remembered));
        }
        if deferred > 0 {
            line.push_str(&format!("{} for publish, ", count(deferred, "check")));
        }
        summary = serde_json::json!({
            "hosts": plan.hosts.len(), "files": files, "checks": report.receipts.len(), "passed": passed,
            "deferred": deferred, "not_made": missing, "run": report.runs, "remembered": report.remembered,
        });
        if !findings.has_errors() {
            let receipts: Vec<_> = report.receipts.into_iter().map(|receipt| receipt.item).collect();
            built::save(directory, &plan, &receipts)?;
        }
    }
    findings.show(terminal, summary)?;
    terminal.say(&format!("{}: {line}{}", fleet::shown(directory), findings.summary()));
    match missing {
        _ if findings.has_errors() => Err(Failure::shown(FINDINGS)),
        1.. if args.strict => Err(Failure::shown(UNCHECKED)),
        _ => Ok(()),
    }
}
