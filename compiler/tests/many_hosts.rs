//! Loading stays linear in the number of definitions: 10,000 hosts in one file of a megabyte. And hosts are compiled by
//! several threads, of which nothing is to be seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cmc_compiler::{CompileOptions, Dummies, LoadOptions, compile, load};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn generated(hosts: usize, os: &str) -> tempfile::TempDir {
    let fleet = tempfile::tempdir().unwrap();
    std::fs::create_dir(fleet.path().join("hosts")).unwrap();
    std::fs::write(fleet.path().join("fleet.toml"), "[fleet]\nname = \"shop\"\n").unwrap();
    let lines: Vec<_> = (0..hosts)
        .map(|i| {
            format!(
                "\"node{i:05}\": {{\"os\": \"{os}\", \"arch\": \"x86_64\", \"tags\": [\"web\", \"prod\"], \
                 \"address\": \"10.0.{}.{}\", \"vars\": {{\"rack\": {}}}}}",
                i / 256 % 256,
                i % 256,
                i / 40
            )
        })
        .collect();
    let text = format!("{{\"host\": {{\n{}\n}}}}\n", lines.join(",\n"));
    assert!(hosts < 10_000 || text.len() > 1_000_000);
    std::fs::write(fleet.path().join("hosts/generated.json"), text).unwrap();
    fleet
}

/// In release this takes a tenth of a second; the bound is for unoptimised builds on a busy machine.
#[test]
fn ten_thousand_hosts_are_loaded_and_checked_in_seconds() {
    let fleet = generated(10_000, "debian-12");
    let start = Instant::now();
    let loaded = load(fleet.path(), &LoadOptions::default());
    let elapsed = start.elapsed();
    assert!(loaded.diagnostics.is_empty());
    assert_eq!(loaded.document.unwrap().get(&["host"]).unwrap().as_table().unwrap().len(), 10_000);
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[test]
fn ten_thousand_mistakes_are_each_reported_in_seconds() {
    let fleet = generated(10_000, "debain-12");
    let start = Instant::now();
    let loaded = load(fleet.path(), &LoadOptions::default());
    let elapsed = start.elapsed();
    assert_eq!(loaded.diagnostics.len(), 10_000);
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
}

/// The plan and the findings, with places as people see them.
fn compiled(dir: &Path) -> (String, Vec<String>) {
    let compiled = compile(dir, &CompileOptions::default(), Arc::new(Dummies));
    let place = |label: &cmc_types::Label| {
        let (file, span) = (label.place.file, label.place.span);
        format!("{}:{}: {}", compiled.sources.name(file), span.start, label.text)
    };
    let findings = compiled.diagnostics.iter().map(|finding| {
        let labels: Vec<String> = finding.primary.iter().chain(&finding.others).map(place).collect();
        format!("{} {:?} {:?} {labels:#?}", finding.message, finding.help, finding.hosts)
    });
    (serde_json::to_string(&compiled.plan).unwrap(), findings.collect())
}

/// A fleet of 120 hosts with this service and these templates.
fn fleet(service: &str, templates: &[(&str, &str)]) -> tempfile::TempDir {
    let fleet = generated(120, "debian-12");
    for (name, text) in templates {
        std::fs::create_dir_all(fleet.path().join("templates")).unwrap();
        std::fs::write(fleet.path().join("templates").join(name), text).unwrap();
    }
    std::fs::create_dir(fleet.path().join("services")).unwrap();
    std::fs::write(fleet.path().join("services/web.toml"), service).unwrap();
    fleet
}

const WEB: &str = r#"
[service.web]
on = ["@all"]
unit = "web"
env.RACK = { type = "int", value = "{{ vars.rack }}" }
file."/etc/web/a.yaml".template = "a.yaml"
file."/etc/web/b.yaml".template = "b.yaml"
"#;

#[test]
fn the_order_in_which_threads_take_hosts_is_not_seen() {
    let good = fleet(
        WEB,
        &[
            ("a.yaml", "rack: {{ env.RACK }}\n{% include \"c.yaml\" %}"),
            ("b.yaml", "name: {{ host.name }}\n"),
            ("c.yaml", "peers: {{ hosts(\"@all\")|length }}\n"),
        ],
    );
    // Half of the hosts read each template first, and every host has another value that is refused.
    let order =
        "{% if vars.rack % 2 == 0 %}{% include \"b.yaml\" %}{% else %}{% include \"c.yaml\" %}{% endif %}\n";
    let bad = fleet(
        WEB,
        &[
            ("a.yaml", order),
            ("b.yaml", "name: {{ host.name ~ \": [\" }}\n"),
            ("c.yaml", "name: {{ vars.rock }}\n"),
        ],
    );
    // One finding, which two templates lead to.
    let twice = fleet(
        "[preset.p]\nfile.\"/etc/x\".template = \"top\"\n\
         [service.a]\nuse = [\"p\"]\non = [\"node00000\"]\n[service.b]\nuse = [\"p\"]\non = [\"@all\"]\n",
        &[
            ("top", "{% include service.name %}"),
            ("a", "{% include \"bad\" %}"),
            ("b", "{% include \"bad\" %}"),
            ("bad", "{{ vars.nope }}"),
        ],
    );

    let (plan, findings) = compiled(good.path());
    assert!(plan.len() > 10_000 && findings.is_empty(), "{findings:#?}");
    let first = [compiled(bad.path()), compiled(twice.path())];
    assert!(first[0].1.len() == 2, "{:#?}", first[0].1);
    assert!(first[1].1.iter().any(|finding| finding.contains("nope")), "{:#?}", first[1].1);
    for _ in 0..12 {
        assert_eq!(compiled(good.path()), (plan.clone(), Vec::new()));
        assert_eq!([compiled(bad.path()), compiled(twice.path())], first);
    }
}

#[test]
fn no_host_can_change_a_variable_for_another() {
    let counting = fleet(
        "[tag.web.vars]\ncounter = \"{{ namespace(value=0) }}\"\n\
         [service.web]\non = [\"@all\"]\nfile.\"/etc/count\".template = \"count\"\n",
        &[("count", "{% set n = vars.counter %}{% set n.value = n.value + 1 %}{{ n.value }}\n")],
    );
    let (_, findings) = compiled(counting.path());
    assert!(findings.iter().any(|finding| finding.contains("namespace")), "{findings:#?}");
}

/// Where a value stands is found out on one host; the others are told apart from it, and named all the same.
#[test]
fn every_host_is_named_for_every_value_that_is_refused_on_it() {
    let fleet = generated(40, "debian-12");
    let dir = fleet.path();
    std::fs::create_dir(dir.join("templates")).unwrap();
    let service = "[service.s]\non = [\"@all\"]\nfile.\"/etc/s.yaml\".template = \"t.j2\"\n\
                   [fleet]\nname = \"shop\"\nvars = { bad = \"a\\nb\" }\n";
    std::fs::write(dir.join("fleet.toml"), service).unwrap();
    let mut template = String::from("last: {{ vars.bad if host.name == 'node00007' else 'good' }}\n");
    for i in 0..10 {
        template += &format!(
            "{{% for _ in range(3) %}}k{i}_{{{{ loop.index }}}}: {{{{ vars.bad }}}}\n{{% endfor %}}"
        );
    }
    std::fs::write(dir.join("templates/t.j2"), template).unwrap();
    let compiled = compile(dir, &CompileOptions::default(), Arc::new(Dummies));
    let refused: Vec<_> =
        compiled.diagnostics.iter().map(|finding| (finding.code.name(), &finding.hosts)).collect();
    assert_eq!(refused.len(), 11, "{refused:?}");
    assert!(refused.iter().all(|(code, _)| *code == "value-needs-quoting"), "{refused:?}");
    assert_eq!(refused[0].1, &["node00007"]);
    assert!(refused[1..].iter().all(|(_, hosts)| hosts.len() == 40), "{refused:?}");
}
