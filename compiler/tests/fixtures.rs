//! Every directory in `tests/fixtures/invalid/` is a fleet with a mistake and is named after the code that must be
//! reported, with an optional `-variant`; all that is said about it is a snapshot. Every directory in
//! `tests/fixtures/valid/` is a fleet without errors. `tests/fixtures/invalid/files/` has no fleets, but files of other
//! programs with a mistake each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fixtures/mistakes.rs"]
mod mistakes;

use cmc_compiler::{CompileOptions, Dummies, SecretError, SecretValue, Secrets, compile};
use cmc_types::codes::{self, Code};
use cmc_types::definition::Secret;
use cmc_types::{Diagnostic, Label, SecretName, Severity, Sources};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Dummies, but for secrets whose names say what is wrong with them.
struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, name: &SecretName, definition: &Secret) -> Result<SecretValue, SecretError> {
        match name.as_str() {
            "missing" => Err(SecretError::Missing),
            "locked" => Err(SecretError::Unreadable("none of the identities at hand opens it".to_owned())),
            "bytes" => Ok(SecretValue::new([0xff, 0xfe, 0x00])),
            _ => Dummies.get(name, definition),
        }
    }
}

fn fixtures(kind: &str) -> Vec<(String, PathBuf)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(kind);
    let mut found: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir() && entry.file_name() != "files")
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    found.sort();
    found
}

/// What the compiler says about a fleet with these secrets.
fn check(directory: &Path, secrets: Arc<dyn Secrets>) -> (Sources, Vec<Diagnostic>) {
    let validators = ["json", "nginx", "nft", "sh", "toml", "xml", "yaml"].map(str::to_owned).into();
    let options = CompileOptions { validators, ..CompileOptions::default() };
    let compiled = compile(directory, &options, secrets);
    (compiled.sources, compiled.diagnostics)
}

/// The code that a fixture is named after: the longest that its name begins with.
fn expected_code(name: &str) -> Option<Code> {
    let named = |code: &Code| {
        name.strip_prefix(code.name()).is_some_and(|variant| variant.is_empty() || variant.starts_with('-'))
    };
    codes::ALL.iter().copied().filter(named).max_by_key(|code| code.name().len())
}

#[test]
fn every_invalid_fixture_is_reported_with_its_code() {
    let mut failures = Vec::new();
    for (name, path) in fixtures("invalid") {
        let (sources, diagnostics) = check(&path, Arc::new(NoSecrets));
        let code = expected_code(&name).unwrap_or_else(|| panic!("no code is named like the fixture {name}"));
        if !diagnostics.iter().any(|diagnostic| diagnostic.code == code) {
            failures.push(format!("{name}: {code} is not reported\n{}", render(&sources, &diagnostics)));
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, render(&sources, &diagnostics)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_valid_fixture_has_no_errors() {
    let mut failures = Vec::new();
    for (name, path) in fixtures("valid") {
        let (sources, diagnostics) = check(&path, Arc::new(Dummies));
        if diagnostics.iter().any(Diagnostic::is_error) {
            failures.push(format!("{name}:\n{}", render(&sources, &diagnostics)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Findings about rendered files: made from what validators say, which the compiler does not run.
const OF_VALIDATORS: [&str; 4] =
    ["validator-refused", "validator-warning", "check-deferred", "check-not-made"];

/// Findings about files that are imported, which are no definitions.
const OF_IMPORT: [&str; 8] = [
    "unknown-format",
    "not-imported",
    "not-adopted",
    "private-file",
    "not-carried",
    "kept-verbatim",
    "dialects-differ",
    "looks-secret",
];

#[test]
fn every_code_has_a_fixture() {
    let fixtures = fixtures("invalid");
    let has_fixture = |code: &Code| fixtures.iter().any(|(name, _)| expected_code(name) == Some(*code));
    let without = codes::ALL.iter().filter(|code| !has_fixture(code)).map(|code| code.name());
    let without: Vec<_> =
        without.filter(|name| !OF_VALIDATORS.contains(name) && !OF_IMPORT.contains(name)).collect();
    assert!(without.is_empty(), "codes without a fixture in tests/fixtures/invalid: {without:?}");
}

/// Plain text: what the command line shows, without colour.
fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        writeln!(out, "{severity}[{}]: {}", diagnostic.code, diagnostic.message).unwrap();
        if let Some(label) = &diagnostic.primary {
            show(&mut out, sources, label, '^');
        }
        for label in &diagnostic.others {
            show(&mut out, sources, label, '-');
        }
        if let Some(help) = &diagnostic.help {
            writeln!(out, "  help: {help}").unwrap();
        }
        if !diagnostic.hosts.is_empty() {
            writeln!(out, "  hosts: {}", diagnostic.hosts.join(", ")).unwrap();
        }
        out.push('\n');
    }
    out
}

fn show(out: &mut String, sources: &Sources, label: &Label, mark: char) {
    let place = label.place;
    let at = sources.line_column(place.file, place.span.start);
    writeln!(out, "  --> {}:{}:{}", sources.name(place.file), at.line, at.column).unwrap();
    let Some(line) = sources.line_span(place.file, at.line) else { return };
    let text = &sources.text(place.file)[line.start..line.end];
    if text.is_empty() && label.text.is_empty() {
        return;
    }
    let end = place.span.end.min(line.end).max(place.span.start);
    let width = sources.text(place.file)[place.span.start..end].chars().count().max(1);
    let marks: String = std::iter::repeat_n(mark, width).collect();
    let before: String =
        text.chars().take(at.column as usize - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
    writeln!(out, "{:4} | {text}", at.line).unwrap();
    writeln!(out, "     | {}", format!("{before}{marks} {}", label.text).trim_end()).unwrap();
}
