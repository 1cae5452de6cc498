//! Small fleets in temporary directories.

use cmc_compiler::{CompileOptions, Compiled, Dummies, compile};
use cmc_types::plan::{Content, PlannedFile};
use cmc_types::{Sources, UnixPath};
use std::sync::Arc;

/// Two hosts that most tests need.
pub(crate) const HOSTS: &str = r#"
[fleet]
name = "shop"

[tag.web]
vars = { region = "eu", api_port = 8080 }

[host.web1]
os = "debian-12"
arch = "x86_64"
address = "web1.example.net"
tags = ["web"]
vars = { api_port = 9090 }

[host.web2]
os = "debian-12"
arch = "aarch64"
address = "10.0.0.2"
tags = ["web"]

[host.gate]
os = "openbsd-7.6"
arch = "x86_64"
"#;

/// A fleet's files by path.
pub(crate) fn fleet(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// Compiles a fleet of [`HOSTS`], a text of services, and other files.
pub(crate) fn with_services(services: &str, files: &[(&str, &str)]) -> Compiled {
    let mut all = vec![("fleet.toml", HOSTS), ("services/test.toml", services)];
    all.extend_from_slice(files);
    let dir = fleet(&all);
    compile(dir.path(), &CompileOptions::default(), Arc::new(Dummies))
}

/// Compiles what must be right.
pub(crate) fn good(services: &str, files: &[(&str, &str)]) -> Compiled {
    let compiled = with_services(services, files);
    assert!(compiled.plan.is_some(), "{}", shown(&compiled));
    compiled
}

/// Findings as lines of `code place: message [hosts] help`.
pub(crate) fn shown(compiled: &Compiled) -> String {
    let mut out = String::new();
    for diagnostic in &compiled.diagnostics {
        let place = |label: &cmc_types::Label| {
            let position = compiled.sources.line_column(label.place.file, label.place.span.start);
            let text = part(&compiled.sources, label.place);
            format!(
                "{}:{}:{} `{text}`",
                compiled.sources.name(label.place.file),
                position.line,
                position.column
            )
        };
        let primary = diagnostic.primary.as_ref().map(place).unwrap_or_default();
        out += &format!("{} at {primary}\n  {}\n", diagnostic.code, diagnostic.message);
        for other in &diagnostic.others {
            out += &format!("  also {}: {}\n", place(other), other.text);
        }
        if let Some(help) = &diagnostic.help {
            out += &format!("  help: {help}\n");
        }
        if !diagnostic.hosts.is_empty() {
            out += &format!("  on {}\n", diagnostic.hosts.join(", "));
        }
    }
    out
}

fn part(sources: &Sources, place: cmc_types::Place) -> String {
    let text = sources.text(place.file).get(place.span.start..place.span.end).unwrap_or("?");
    text.chars().take(40).collect::<String>().replace('\n', "⏎")
}

/// The findings of a fleet that is wrong.
pub(crate) fn findings(services: &str, files: &[(&str, &str)]) -> String {
    let compiled = with_services(services, files);
    assert!(!compiled.diagnostics.is_empty(), "nothing was found");
    shown(&compiled)
}

/// A file of a compiled fleet.
pub(crate) fn file<'c>(compiled: &'c Compiled, host: &str, path: &str) -> &'c PlannedFile {
    let plan = compiled.plan.as_ref().unwrap();
    let host = plan.host(host).unwrap();
    host.file(&UnixPath::parse(path).unwrap()).unwrap_or_else(|| panic!("no {path}"))
}

/// The text of a rendered file.
pub(crate) fn text(compiled: &Compiled, host: &str, path: &str) -> String {
    match &file(compiled, host, path).content {
        Content::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}
