//! Compares what the fleet that was written renders with what was in the root, file by file.

use super::{Adopted, File, Taken, Trouble};
use crate::compile::Compiled;
use cmc_types::check::FileKind;
use cmc_types::codes::Code;
use cmc_types::plan::{Content, PlannedFile};
use cmc_types::{Diagnostic, Label, Place, Severity, Sources, Span};
use std::collections::{BTreeMap, HashMap};

/// What became of a file.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The file.
    pub file: File,
    /// In what the rendered file differs from it, as words; empty: in nothing.
    pub differs: Vec<&'static str>,
}

/// Everything there is to say.
#[derive(Debug)]
pub struct Report {
    /// What was taken, by path.
    pub outcomes: Vec<Outcome>,
    /// Texts that findings point into, named by where they lie in the root.
    pub sources: Sources,
    /// Findings about files of the root. What the reader of a file would refuse is a warning: it is adopted all the same.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that their readers would refuse, by path, with the codes of their findings.
    pub defects: BTreeMap<String, Vec<Code>>,
}

/// Compares an adopted root with the fleet that was made of it, compiled with its secrets, and gathers what was found.
pub fn report(adopted: &Adopted, compiled: Compiled) -> Report {
    let host = compiled.planned().iter().find(|host| host.host == adopted.machine.host);
    let planned: HashMap<&str, &PlannedFile> = host
        .into_iter()
        .flat_map(|host| host.files())
        .map(|(_, file)| (file.entry.path.as_str(), file))
        .collect();
    let outcome = |file: &File| {
        let differs = match planned.get(file.path.as_str()) {
            Some(planned) => differences(file, planned),
            None => vec!["not rendered"],
        };
        Outcome { file: file.clone(), differs }
    };
    let outcomes = adopted.files.iter().map(outcome).collect();
    let mut sources = compiled.sources;
    sources.rename(|name| {
        let path = name.strip_prefix("files/")?;
        Some(adopted.root.join(path).display().to_string())
    });
    let mut diagnostics: Vec<Diagnostic> =
        adopted.troubles.iter().map(|trouble| diagnostic(adopted, trouble, &mut sources)).collect();
    let mut defects: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    diagnostics.extend(compiled.diagnostics.into_iter().map(|mut finding| {
        // On a fleet of one host everything is on that host.
        finding.hosts.clear();
        if let Some(path) = file_of(adopted, &finding, &sources).filter(|_| finding.is_error()) {
            finding.severity = Severity::Warning;
            let codes = defects.entry(path).or_default();
            if !codes.contains(&finding.code) {
                codes.push(finding.code);
            }
        }
        finding
    }));
    Report { outcomes, sources, diagnostics, defects }
}

/// The adopted file that a finding is about: in which it stands, or whose key in a definition it is at.
fn file_of(adopted: &Adopted, finding: &Diagnostic, sources: &Sources) -> Option<String> {
    let place = finding.primary.as_ref()?.place;
    let root = adopted.root.display().to_string();
    let name = sources.name(place.file);
    let text = || sources.text(place.file).get(place.span.start..place.span.end);
    let path = match name.starts_with("services/") {
        true => text()?.trim_matches('"'),
        false => name.strip_prefix(root.trim_end_matches('/'))?,
    };
    adopted.files.iter().any(|file| file.path.as_str() == path).then(|| path.to_owned())
}

fn diagnostic(adopted: &Adopted, trouble: &Trouble, sources: &mut Sources) -> Diagnostic {
    let name = adopted.root.join(trouble.path.trim_start_matches('/')).display().to_string();
    let file = sources.find(&name).unwrap_or_else(|| sources.add(name, ""));
    let place = Place { file, span: Span::default() };
    let mut diagnostic = Diagnostic::new(trouble.code, trouble.message.as_str());
    diagnostic.severity = trouble.severity;
    diagnostic.help = trouble.help.clone();
    diagnostic.primary = Some(Label { place, text: String::new() });
    diagnostic
}

fn differences(file: &File, planned: &PlannedFile) -> Vec<&'static str> {
    let mut differs = Vec::new();
    if let Taken::Link(target) = &file.taken {
        if planned.entry.kind != FileKind::Link || planned.entry.target.as_ref() != Some(target) {
            differs.push("target");
        }
        return differs;
    }
    let content = match &planned.content {
        Content::Source { b3, .. } => Some(*b3),
        Content::Bytes(bytes) => Some(cmc_types::Blake3(*blake3::hash(bytes).as_bytes())),
        Content::None => None,
    };
    if content != file.b3 {
        differs.push("content");
    }
    if planned.entry.mode.map(|mode| u32::from(mode.bits())) != Some(file.mode) {
        differs.push("mode");
    }
    if planned.entry.user.as_ref() != Some(&file.owner.0) {
        differs.push("owner");
    }
    if planned.entry.group.as_ref() != Some(&file.owner.1) {
        differs.push("group");
    }
    differs
}
