//! Checks in process: each file's own format, and what is known of every file.

use super::tree::{Tree, TreeFile};
use super::{Collector, Selection, Settings, withhold};
use crate::inprocess::{self, Problem};
use cmc_types::name::HostName;
use cmc_types::plan::Checks;
use cmc_types::receipt::{Finding, Receipt, Verdict};
use cmc_types::{Blake3, Severity};
use std::collections::BTreeMap;

/// Checks every file of a host in process. A file gets the receipt of its format (`json` …) where its path or its
/// definition names one, and otherwise that of what it is: `typed`, `text` or `opaque`. So does a managed block.
pub(super) fn check(host: &HostName, tree: &Tree, settings: &Settings<'_>, collected: &mut Collector) {
    for file in &tree.files {
        let Some(b3) = file.b3() else { continue };
        if settings.selection == Selection::Tainted && !file.tainted {
            continue;
        }
        let mut formats = formats(file);
        if file.waits {
            for format in formats.drain(..) {
                collected.file_receipt(host, receipt(file, b3, format, Verdict::Deferred, settings));
            }
        }
        for format in formats.iter().copied() {
            let problems = file.content().map(|content| {
                // Equal content of many hosts is parsed once.
                let known = collected.parsed.entry((format, b3));
                known.or_insert_with(|| inprocess::check(format, content)).clone()
            });
            add(host, file, b3, format, problems.as_deref(), settings, collected);
        }
        if formats.is_empty() {
            base(host, file, b3, settings, collected);
        }
    }
    for block in &tree.blocks {
        let wanted = settings.selection != Selection::Tainted || block.tainted;
        if let Some(b3) = block.b3().filter(|_| wanted) {
            base(host, block, b3, settings, collected);
        }
    }
}

/// What is known of every file, whatever its path.
fn base(host: &HostName, file: &TreeFile, b3: Blake3, settings: &Settings<'_>, collected: &mut Collector) {
    let content = file.content().map_or(&[][..], |content| content);
    let problems = inprocess::check_base(file.format, content);
    add(host, file, b3, inprocess::base_name(file.format), Some(&problems), settings, collected);
}

/// The formats that the file is checked as.
fn formats(file: &TreeFile) -> Vec<&'static str> {
    match &file.checks {
        Checks::Auto { .. } => inprocess::by_path(file.path.as_str()).into_iter().collect(),
        Checks::Named { validators, .. } => {
            let known = |name: &str| inprocess::NAMES.iter().copied().find(|known| *known == name);
            validators.iter().filter_map(|name| known(name.as_str())).collect()
        }
        Checks::Off { .. } => Vec::new(),
    }
}

fn add(
    host: &HostName,
    file: &TreeFile,
    b3: Blake3,
    validator: &str,
    problems: Option<&[Problem]>,
    settings: &Settings<'_>,
    collected: &mut Collector,
) {
    let verdict = match problems {
        Some([]) => Verdict::Passed,
        Some(_) => Verdict::Failed,
        None => Verdict::CouldNotRun { reason: "the file is too large to be parsed".to_owned() },
    };
    for problem in problems.unwrap_or_default() {
        let message = if file.tainted && !settings.dummies {
            withhold::WITHHELD.to_owned()
        } else {
            problem.message.clone()
        };
        let finding = Finding {
            validator: validator.to_owned(),
            path: file.path.clone(),
            line: problem.line,
            column: problem.column,
            severity: Severity::Error,
            message,
        };
        collected.finding(std::slice::from_ref(host), finding);
    }
    collected.file_receipt(host, receipt(file, b3, validator, verdict, settings));
}

/// The receipt of a check in process, or of one that was not made, of a single file.
pub(super) fn receipt(
    file: &TreeFile,
    b3: Blake3,
    validator: &str,
    verdict: Verdict,
    settings: &Settings<'_>,
) -> Receipt {
    let required = !matches!(
        file.checks,
        Checks::Auto { required: false } | Checks::Named { required: false, .. } | Checks::Off { .. }
    );
    Receipt {
        validator: validator.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        argv: Vec::new(),
        subjects: BTreeMap::from([(file.path.clone(), b3)]),
        inputs: super::tree::inputs(std::iter::once(file)),
        verdict,
        warnings: Vec::new(),
        isolation: Vec::new(),
        required,
        dummies: settings.dummies && file.tainted,
        program: None,
        made: 0,
    }
}
