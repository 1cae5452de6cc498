//! For tests of lowering: services from TOML, and lowered services as text for snapshots.

use super::{Lowered, LoweredKind, lower};
use crate::load::{Extra, LoadOptions, load};
use crate::resolved::{HostFacts, ResolvedEnv, ResolvedService, Text};
use crate::tree::Value;
use cmc_types::{Arch, EnvName, HostName, InitSystem, Os, Place, ServiceName, Sources};
use std::fmt::Write as _;

/// A service as `resolve` would hand it on, from a definition without presets, `for` and expressions. Its environment
/// is taken from `env`: texts as they are, `{ secret = "X" }` as the tainted text `secret-X`.
pub(crate) fn service(toml: &str) -> (ResolvedService, Sources) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("fleet.toml"), "[fleet]\nname = \"test\"\n").unwrap();
    let extra = Extra { name: "api.toml".to_owned(), bytes: toml.as_bytes().to_vec() };
    let loaded = load(dir.path(), &LoadOptions { with: vec![extra], ..LoadOptions::default() });
    assert!(loaded.diagnostics.iter().all(|d| !d.is_error()), "{:#?}", loaded.diagnostics);
    let document = loaded.document.unwrap();
    let services = document.get(&["service"]).unwrap().as_table().unwrap();
    let entry = services.iter().next().unwrap();
    let tree = std::sync::Arc::new(entry.node.clone());
    let definition = std::sync::Arc::new(serde_json::from_value(tree.to_json()).unwrap());
    let table = tree.get(&["env"]).and_then(|env| env.as_table().cloned()).unwrap_or_default();
    let env = table.iter().map(|entry| {
        let value = match &entry.node.value {
            Value::Text(text) => Text::plain(text.clone()),
            Value::Integer(number) => Text::plain(number.to_string()),
            _ => Text::tainted(format!("secret-{}", entry.node.get(&["secret"]).unwrap().as_text().unwrap())),
        };
        ResolvedEnv { name: EnvName::parse(&entry.key).unwrap(), value, place: entry.node.place }
    });
    let env = env.collect();
    (ResolvedService { name: ServiceName::parse(&entry.key).unwrap(), definition, tree, env }, loaded.sources)
}

/// A host of this operating system; it also has the service `db`, a foreign unit `postgresql`.
pub(crate) fn host(os: &str) -> HostFacts {
    let os = Os::parse(os).unwrap();
    let init = os.init();
    let postgresql = if init == InitSystem::Systemd { "postgresql.service" } else { "postgresql" };
    let units = [(ServiceName::parse("db").unwrap(), postgresql.to_owned())].into();
    HostFacts { name: HostName::parse("web1").unwrap(), os, arch: Arch::X86_64, init, units, at_hand: None }
}

/// Lowers the service of a definition for a host of this operating system, and shows everything.
pub(crate) fn lowered(os: &str, toml: &str) -> String {
    let (service, sources) = service(toml);
    show(&lower(&service, &host(os)), &sources)
}

fn place(place: Place, sources: &Sources) -> String {
    let at = sources.line_column(place.file, place.span.start);
    format!("{}:{}:{}", sources.name(place.file), at.line, at.column)
}

/// Files with the line of the definition behind each of theirs, actions, commands and findings.
pub(crate) fn show(lowered: &Lowered, sources: &Sources) -> String {
    let mut out = String::new();
    for file in &lowered.files {
        let kind = match &file.kind {
            LoweredKind::File => String::new(),
            LoweredKind::Block { name, .. } => format!(" block {name}"),
            LoweredKind::Link(target) => format!(" link {target}"),
        };
        let taint = if file.tainted { " secret" } else { "" };
        writeln!(out, "== {} {} {}:{}{kind}{taint}", file.path, file.mode, file.user, file.group).unwrap();
        for (index, line) in file.text.lines().enumerate() {
            let number = u32::try_from(index + 1).unwrap();
            let origin = file.lines.iter().find(|(line, _)| *line == number);
            let origin = origin
                .map(|(_, place)| sources.line_column(place.file, place.span.start).line.to_string())
                .unwrap_or_default();
            writeln!(out, "{origin:>3} | {line}").unwrap();
        }
    }
    if !lowered.actions.is_empty() {
        writeln!(out, "== actions").unwrap();
    }
    for action in &lowered.actions {
        let on = serde_json::to_string(&action.on).unwrap();
        let paths: Vec<_> = action.paths.iter().map(|path| path.as_str()).collect();
        let unless: Vec<_> = action.unless.iter().map(|path| path.as_str()).collect();
        let unless =
            if unless.is_empty() { String::new() } else { format!(" unless [{}]", unless.join(" ")) };
        let once = if action.once { " once" } else { "" };
        writeln!(
            out,
            "{} [{}] {:?} {}s{once}{unless}",
            on.trim_matches('"'),
            paths.join(" "),
            action.argv,
            action.timeout
        )
        .unwrap();
    }
    if let Some(argv) = &lowered.restart {
        writeln!(out, "== restart {argv:?}").unwrap();
    }
    for argv in &lowered.capture {
        writeln!(out, "== capture {argv:?}").unwrap();
    }
    for finding in &lowered.diagnostics {
        let at = finding.primary.as_ref().map(|label| place(label.place, sources)).unwrap_or_default();
        writeln!(out, "== {} {at}: {}", finding.code, finding.message).unwrap();
        for label in finding.primary.iter().chain(&finding.others).filter(|label| !label.text.is_empty()) {
            writeln!(out, "   {}: {}", place(label.place, sources), label.text).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(out, "   help: {help}").unwrap();
        }
    }
    out
}
