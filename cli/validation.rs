//! Runs the validators over a plan and turns what they say into findings at the lines that people wrote.

use crate::exit::Failure;
use crate::findings::Findings;
use crate::terminal::Terminal;
use cmc_types::plan::{Content, Origin, Plan, PlannedFile, TemplateLine};
use cmc_types::receipt::{Finding, Receipt, Verdict};
use cmc_types::{Diagnostic, HostName, Place, Severity, Span, codes};
use cmc_validators::{ForHosts, Report, Selection, Settings};
use std::path::Path;

/// Validates a plan; what is wrong is added to the findings.
pub(crate) fn run(
    plan: &Plan,
    directory: &Path,
    selection: Selection,
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
        progress: &|done, of| teller.tell(|| format!("{done} of {of} programs run")),
    };
    let report =
        cmc_validators::validate(plan, &settings).map_err(|error| Failure::failed(error.to_string()))?;
    drop(progress);
    terminal.detail(&format!("{} programs run, {} receipts", report.runs, report.receipts.len()));
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
    for (place, text) in origins(file, finding.line, finding.column, findings) {
        match diagnostic.primary {
            None => diagnostic = diagnostic.at(place, text),
            Some(_) => diagnostic = diagnostic.with(place, text),
        }
    }
    if let (false, Some(line), Content::Bytes(bytes)) = (file.tainted, finding.line, &file.content) {
        let name = format!("{}:{}", first.host, finding.path);
        diagnostic.others.extend(rendered(&name, bytes, line, finding.column, findings));
    }
    diagnostic
}

/// What is said of a place in a rendered file, which is no file of the repository.
pub(crate) const RENDERED: &str = "as rendered";

/// The rendered line, as a source text of its own.
fn rendered(
    name: &str,
    bytes: &[u8],
    line: u32,
    column: Option<u32>,
    findings: &mut Findings,
) -> Option<cmc_types::Label> {
    let text = std::str::from_utf8(bytes).ok()?;
    let file = findings.sources.find(name).unwrap_or_else(|| findings.sources.add(name, text));
    let span = findings.sources.line_span(file, line)?;
    let in_line = text.get(span.start..span.end).unwrap_or_default();
    let skipped = column.and_then(|column| in_line.char_indices().nth(column.saturating_sub(1) as usize));
    let indent = in_line.len() - in_line.trim_start().len();
    let start = span.start + skipped.map_or(indent, |(offset, _)| offset);
    let place = Place { file, span: Span::new(start, span.end) };
    Some(cmc_types::Label { place, text: RENDERED.to_owned() })
}

/// Where a rendered line comes from: the line of the template or of the text in a definition, the definitions of its
/// values, or the file's definition.
fn origins(
    file: &PlannedFile,
    line: Option<u32>,
    column: Option<u32>,
    findings: &Findings,
) -> Vec<(Place, String)> {
    let mut places = Vec::new();
    if let Some(number) = line {
        let (template, values) = file.provenance.line(number);
        if let Some(template) = template
            && let Some(place) = written(file, number, column, &template, findings)
        {
            places.push((place, "written here".to_owned()));
        }
        for value in values {
            places.extend(
                place_of(value, findings).map(|place| (place, format!("{} comes from here", value.key))),
            );
        }
    }
    if places.is_empty()
        && let Some(place) = line.and_then(|line| literal(file, line, findings))
    {
        places.push((place, "written here".to_owned()));
    }
    if places.is_empty() {
        let text = "the file is defined here".to_owned();
        places.extend(place_of(&file.provenance.definition, findings).map(|place| (place, text)));
    }
    places
}

/// What was written for a rendered line: from the column on if the line is a copy, else all that the line may be.
fn written(
    file: &PlannedFile,
    line: u32,
    column: Option<u32>,
    at: &TemplateLine,
    findings: &Findings,
) -> Option<Place> {
    let source = findings.sources.find(&at.file)?;
    let span = findings.sources.line_span(source, at.line)?;
    let text = findings.sources.text(source).get(span.start..span.end)?;
    let offset = |text: &str, column: u32| {
        text.char_indices().nth(column.saturating_sub(1) as usize).map_or(text.len(), |(offset, _)| offset)
    };
    let begin = offset(text, at.column);
    let rendered = match &file.content {
        Content::Bytes(bytes) => {
            std::str::from_utf8(bytes).ok()?.lines().nth(line.checked_sub(1)? as usize)?
        }
        _ => return None,
    };
    let (skipped, length) = match text[begin..].starts_with(rendered) && !rendered.trim().is_empty() {
        true => (column.map_or(0, |column| offset(rendered, column)), rendered.len()),
        false => (0, text.len() - begin),
    };
    let start = span.start + begin;
    Some(Place { file: source, span: Span::new(start + skipped, start + length) })
}

/// The line of the template that a rendered line without values is a copy of, if there is exactly one such line.
fn literal(file: &PlannedFile, line: u32, findings: &Findings) -> Option<Place> {
    let Content::Bytes(bytes) = &file.content else { return None };
    let rendered = std::str::from_utf8(bytes).ok()?.lines().nth(line.checked_sub(1)? as usize)?;
    let template = findings.sources.find(file.provenance.template.as_ref()?)?;
    let mut same = findings.sources.text(template).lines().enumerate().filter(|(_, text)| *text == rendered);
    let (number, _) = same.next()?;
    if same.next().is_some() || rendered.trim().is_empty() {
        return None;
    }
    let span = findings.sources.line_span(template, u32::try_from(number + 1).ok()?)?;
    Some(Place { file: template, span })
}

fn place_of(origin: &Origin, findings: &Findings) -> Option<Place> {
    let file = findings.sources.find(&origin.file)?;
    let line = findings.sources.line_span(file, origin.line)?;
    let text = findings.sources.text(file).get(line.start..line.end)?;
    let offset =
        text.char_indices().nth(origin.column.saturating_sub(1) as usize).map_or(0, |(offset, _)| offset);
    Some(Place { file, span: Span::new(line.start + offset, line.end) })
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
    match file.and_then(|file| place_of(&file.provenance.definition, findings)) {
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
