//! Selection, merging, files, order.

use super::support::{file, findings, fleet, good, shown, text, with_services};
use cmc_compiler::{CompileOptions, Dummies, compile};
use cmc_types::check::FileKind;
use std::sync::Arc;

#[test]
fn a_fleet_compiles() {
    let compiled = good(
        r#"
        [service.base]
        on = ["@all"]
        file."/etc/motd".content = "hello\n"
        [service.api]
        on = ["@web", "!web2"]
        after = ["base"]
        "#,
        &[],
    );
    let plan = compiled.plan.as_ref().unwrap();
    let names: Vec<_> = plan.hosts.iter().map(|host| (host.host.as_str(), host.services.len())).collect();
    assert_eq!(names, [("gate", 1), ("web1", 2), ("web2", 1)]);
    assert_eq!(text(&compiled, "gate", "/etc/motd"), "hello\n");
    assert_eq!(file(&compiled, "gate", "/etc/motd").entry.group.as_deref(), Some("wheel"));
    assert_eq!(shown(&compiled), "");
}

#[test]
fn ranks_of_a_service_merge_as_written() {
    let compiled = good(
        r#"
        [preset.a]
        env = { X = { type = "one-of", of = ["p", "q", "r"], value = "p" }, Y = "a" }
        file."/etc/f".content = "preset"
        for."@web".env.Y = "a-web"
        [preset.b]
        env = { Y = "b" }
        [service.api]
        use = ["a", "b"]
        on = ["@all"]
        env.X = "q"
        file."/etc/f".template = "f.j2"
        for."os:openbsd".env.X = "r"
        for.web2.env.Y = "web2"
        for.web2.file."/etc/f".content = "own"
        "#,
        &[("templates/f.j2", "{{ env.X }} {{ env.Y }}")],
    );
    assert_eq!(text(&compiled, "web1", "/etc/f"), "q b");
    assert_eq!(text(&compiled, "gate", "/etc/f"), "r b");
    assert_eq!(text(&compiled, "web2", "/etc/f"), "own");
}

#[test]
fn names_that_are_unknown_are_found_once_with_the_nearest() {
    let found = findings(
        r#"
        [service.api]
        use = ["goo"]
        on = ["@wbe", "web9", "os:debain", "web", "@web"]
        after = ["bse"]
        needs = ["far"]
        [service.base]
        on = ["@web"]
        for."@wob".env.X = "1"
        [service.far]
        on = ["gate"]
        [service.none]
        on = ["!web1"]
        [preset.go]
        "#,
        &[],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn equal_ranks_that_disagree_are_found() {
    let found = findings(
        r#"
        [tag.db]
        vars = { region = "us" }
        [host.both]
        os = "debian-12"
        arch = "x86_64"
        tags = ["web", "db"]
        [host.own]
        os = "debian-12"
        arch = "x86_64"
        tags = ["web", "db"]
        vars = { region = "own" }
        [service.api]
        on = ["@db"]
        for."@web" = { env.X = "1", file."/etc/a".content = "1" }
        for."@db" = { env.X = "2", file."/etc/a".link = "/x" }
        for.own = { env.X = "3", file."/etc/a".content = "3" }
        "#,
        &[],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn files_and_owners_are_checked() {
    let elf = |machine: u8| {
        let mut bytes = [0u8; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18] = machine;
        String::from_utf8(bytes.iter().map(|b| if *b < 128 { *b } else { 0 }).collect()).unwrap()
    };
    let found = findings(
        r#"
        [service.api]
        on = ["@web"]
        file."/usr/bin/one".source = "dist/amd64"
        file."/usr/bin/two".source = { aarch64 = "dist/amd64" }
        file."/etc/missing".source = "dist/none"
        file."/etc/dir".source = "dist"
        file."/etc/out".source = "../x"
        file."/etc/own" = { content = "x", user = "www-dta", group = "apache" }
        file."/etc/x" = { content = "x" }
        file."/etc/x/y" = { content = "x" }
        file."/etc/motd" = { content = "x" }
        file."/etc/Motd" = { content = "x" }
        [service.other]
        on = ["@web"]
        file."/etc/x" = { content = "x" }
        "#,
        &[("dist/amd64", &elf(62))],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn order_follows_after_and_circles_are_named() {
    let compiled = good(
        r#"
        [service.a]
        on = ["web1"]
        after = ["z"]
        [service.m]
        on = ["web1"]
        [service.z]
        on = ["web1"]
        needs = ["m"]
        "#,
        &[],
    );
    let services = &compiled.plan.as_ref().unwrap().host("web1").unwrap().services;
    let order: Vec<_> = services.iter().map(|service| service.service.as_str()).collect();
    assert_eq!(order, ["m", "z", "a"]);
    let found = findings(
        r#"
        [service.a]
        on = ["@web"]
        after = ["b"]
        [service.b]
        on = ["@web"]
        needs = ["c"]
        [service.c]
        on = ["@web"]
        after = ["a"]
        [service.d]
        on = ["@web"]
        after = ["c", "d"]
        "#,
        &[],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn services_without_a_unit_have_no_state_and_scripts_have_one_owner() {
    let compiled = with_services(
        r#"
        [service.a]
        on = ["web1"]
        state = "stopped"
        [service.b]
        on = ["web1"]
        state = "absent"
        health = { http = "https://x/", then = "restart" }
        [service.c]
        on = ["web1"]
        health = { http = "https://x/", then = "restart" }
        [service.d]
        on = ["web1"]
        health = { tcp = "x", then = "restart" }
        [service.a-b]
        on = ["@all"]
        daemon.exec = ["/bin/x"]
        [service."a.b"]
        on = ["@all"]
        daemon.exec = ["/bin/x"]
        daemon.user = "nope"
        "#,
        &[],
    );
    insta::assert_snapshot!(shown(&compiled));
}

#[test]
fn the_same_files_give_the_same_plan_and_another_byte_gives_another_digest() {
    let services = r#"
        [service.api]
        on = ["@all"]
        daemon.exec = ["/usr/local/bin/api", "{{ host.name }}"]
        env = { A = "{{ vars.region|default('none') }}", B = "2" }
        file."/etc/a".template = "a.j2"
        file."/etc/b".source = "files/b"
        "#;
    let plan = |template: &str, payload: &str| {
        let compiled = good(services, &[("templates/a.j2", template), ("files/b", payload)]);
        compiled.plan.unwrap()
    };
    let first = plan("x {{ host.name }}\n", "b");
    assert_eq!(first, plan("x {{ host.name }}\n", "b"), "whatever the directory");
    assert_ne!(first.inputs, plan("y {{ host.name }}\n", "b").inputs);
    assert_ne!(first.inputs, plan("x {{ host.name }}\n", "c").inputs);
}

#[test]
fn what_a_daemon_requires_is_started_first_and_holds_it_back_when_it_fails() {
    let compiled = good(
        r#"
        [service.api]
        on = ["@web"]
        daemon = { exec = ["/usr/bin/api"], requires = ["network", "zdb"] }
        [service.zdb]
        on = ["@web"]
        daemon.exec = ["/usr/bin/zdb"]
        "#,
        &[],
    );
    let services =
        &compiled.plan.as_ref().unwrap().hosts.iter().find(|h| h.host.as_str() == "web1").unwrap().services;
    let order: Vec<_> = services.iter().map(|service| service.service.as_str()).collect();
    assert_eq!(order, ["zdb", "api"]);
    let needs: Vec<_> = services[1].needs.iter().map(|name| name.as_str()).collect();
    assert_eq!(needs, ["zdb"], "a milestone is no service");
}

#[test]
fn what_a_service_sets_itself_settles_overlays_of_its_presets_that_disagree() {
    let disagreeing = r#"
        [preset.p]
        for."@web".file."/etc/f".mode = "0600"
        for."@db".file."/etc/f".mode = "0640"
        [tag.db]
        [host.both]
        os = "debian-12"
        arch = "x86_64"
        tags = ["web", "db"]
        [service.api]
        use = ["p"]
        on = ["both"]
        file."/etc/f".content = "x"
        "#;
    assert!(findings(disagreeing, &[]).contains("overlays-disagree"));
    let compiled = good(&format!("{disagreeing}\nfile.\"/etc/f\".mode = \"0644\"\n"), &[]);
    assert_eq!(file(&compiled, "both", "/etc/f").entry.mode.unwrap().to_string(), "0644");
}

#[test]
fn where_files_come_from_survives_being_stored_and_is_stored_once() {
    use cmc_types::plan::{Plan, Provenances};
    let compiled = good(
        r#"
        [service.api]
        on = ["@all"]
        env.X = { type = "int", value = 3 }
        file."/etc/f".template = "f.j2"
        file."/etc/g".template = "f.j2"
        file."/etc/h".content = "{{ host.name }}\n"
        "#,
        &[
            ("templates/f.j2", "one\n{% include \"part.j2\" %}\n{{ env.X }} {{ host.name }}\nlast\n"),
            ("templates/part.j2", "{% for i in range(3) %}\n{{ i }} {{ env.X }}\n{% endfor %}"),
        ],
    );
    let plan = compiled.plan.unwrap();
    let json = serde_json::to_string(&Provenances::of(&plan)).unwrap();
    assert_eq!(json.matches("service.api.env.X").count(), 1, "{json}");
    assert_eq!(json.matches("templates/part.j2").count(), 1, "{json}");
    let stored: Provenances = serde_json::from_str(&json).unwrap();
    let mut read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    stored.restore(&mut read);
    for (host, stored) in plan.hosts.iter().zip(&read.hosts) {
        for ((_, file), (_, stored)) in host.files().zip(stored.files()) {
            assert!(!file.provenance.lines.is_empty(), "{}", file.entry.path);
            assert_eq!(file.provenance, stored.provenance, "{}", file.entry.path);
        }
    }
}

/// What was written for each line of a file, as provenance has it.
fn written(compiled: &cmc_compiler::Compiled, path: &str) -> Vec<String> {
    let provenance = &file(compiled, "web1", path).provenance;
    let count = text(compiled, "web1", path).lines().count() as u32;
    let line = |line| match provenance.line(line).0 {
        Some(at) => {
            let source = compiled.sources.find(&at.file).unwrap();
            let span = compiled.sources.line_span(source, at.line).unwrap();
            let all = &compiled.sources.text(source)[span.start..span.end];
            all.chars().skip(at.column as usize - 1).collect()
        }
        None => "?".to_owned(),
    };
    (1..=count).map(line).collect()
}

#[test]
fn lines_of_content_in_a_definition_are_found_in_the_definition() {
    let json = r#"{ "service": { "js": { "on": ["web1"], "file": {
        "/etc/j": { "content": "a \"q\"\nb\n\u00e9 {{ host.name }}\nd" },
        "/etc/k": { "content": "a\nb\\\nc" } } } } }"#;
    let compiled = good(
        r#"
[service.api]
on = ["web1"]
env.X = { type = "int", value = 3 }
[service.api.file."/etc/plain"]
content = """
one \
   goes on
two\nthree
four"""
[service.api.file."/etc/literal"]
content = '''one \
two
'''
[service.api.file."/etc/basic"]
content = "one\n\ttwo"
[service.api.file."/etc/captured"]
content = """
{% set both %}{{ secret('two') }}{{ secret('two') }}{% endset -%}
one {{ both }} {{ env.X }}
{{ both }}
three
"""
[secret.two]
[service.api.file."/etc/expressions"]
content = """one
{% for i in [1, 2] %}
{{ i }} \u00e9
{% endfor %}
{{ env.X }}
{% include "part.j2" %}
end
"""
"#,
        &[("templates/part.j2", "part\n{{ env.X }}\n"), ("services/js.json", json)],
    );
    assert_eq!(written(&compiled, "/etc/plain"), ["one \\", "two\\nthree", "three", "four\"\"\""]);
    assert_eq!(written(&compiled, "/etc/literal"), ["one \\", "two"]);
    assert_eq!(written(&compiled, "/etc/basic"), ["one\\n\\ttwo\"", "\\ttwo\""]);
    assert_eq!(
        text(&compiled, "web1", "/etc/captured"),
        "one dummy-twodummy-two 3\ndummy-twodummy-two\nthree\n"
    );
    let captured = ["one {{ both }} {{ env.X }}", "{{ both }}", "three"];
    assert_eq!(written(&compiled, "/etc/captured"), captured);
    assert_eq!(text(&compiled, "web1", "/etc/expressions"), "one\n\n1 é\n\n2 é\n\n3\npart\n3\n\nend\n");
    let first = "{% for i in [1, 2] %}";
    let expected =
        ["one", first, "{{ i }} \\u00e9", first, "{{ i }} \\u00e9", "{% endfor %}", "{{ env.X }}", "part"];
    let expected = [&expected[..], &["{{ env.X }}", "{% include \"part.j2\" %}", "end"]].concat();
    assert_eq!(written(&compiled, "/etc/expressions"), expected);
    assert_eq!(
        written(&compiled, "/etc/j"),
        [
            "a \\\"q\\\"\\nb\\n\\u00e9 {{ host.name }}\\nd\" },",
            "b\\n\\u00e9 {{ host.name }}\\nd\" },",
            "\\u00e9 {{ host.name }}\\nd\" },",
            "d\" },"
        ]
    );
    assert_eq!(
        written(&compiled, "/etc/k"),
        ["a\\nb\\\\\\nc\" } } } } }", "b\\\\\\nc\" } } } } }", "c\" } } } } }"]
    );
}

#[test]
fn what_a_link_or_an_absent_file_has_no_use_for_goes_with_the_lower_rank() {
    let services = |overlay: &str| {
        format!(
            r#"
            [preset.base]
            file."/etc/b" = {{ content = "x", mode = "0600", user = "root", group = "root", on-change = "none" }}
            [service.api]
            use = ["base"]
            on = ["@web"]
            file."/etc/b" = {{ check = {{ off = "not yet" }}, validation = "optional" }}
            {overlay}
            "#
        )
    };
    for (overlay, kind) in [
        (r#"for."os:debian".file."/etc/b".absent = true"#, FileKind::Absent),
        (r#"for."os:debian".file."/etc/b".link = "/etc/c""#, FileKind::Link),
    ] {
        let compiled = good(&services(overlay), &[]);
        assert_eq!(file(&compiled, "web1", "/etc/b").entry.kind, kind);
    }
    let same_rank =
        findings(&services(r#"for."os:debian".file."/etc/b" = { absent = true, mode = "0600" }"#), &[]);
    assert!(same_rank.contains("`mode` has no meaning for a file with `absent`"), "{same_rank}");
    assert_eq!(same_rank.matches("has no meaning").count(), 1, "{same_rank}");
}

#[test]
fn overlays_that_a_third_settles_do_not_disagree() {
    let services = |third: &str| {
        format!(
            r#"
            [service.api]
            on = ["web1"]
            for."os:debian".file."/etc/a" = {{ content = "debian", mode = "0600" }}
            for."@all".file."/etc/a" = {{ content = "all", mode = "0640" }}
            {third}
            "#
        )
    };
    for third in [
        r#"for."web1".file."/etc/a" = { template = "a.j2", mode = "0644" }"#,
        r#"for."web1".file."/etc/a".absent = true"#,
    ] {
        good(&services(third), &[("templates/a.j2", "")]);
    }
    let found =
        findings(&services(r#"for."web1".file."/etc/a".template = "a.j2""#), &[("templates/a.j2", "")]);
    assert!(found.contains(".mode") && !found.contains(".content"), "{found}");
}

#[test]
fn what_a_daemon_requires_is_named_as_each_init_system_names_it() {
    let hosts = "[fleet]\nname = \"shop\"\n\
        [host.deb]\nos = \"debian-12\"\narch = \"x86_64\"\n\
        [host.alp]\nos = \"alpine-3.20\"\narch = \"x86_64\"\n\
        [host.fre]\nos = \"freebsd-14\"\narch = \"x86_64\"\n";
    let services = r#"
        [service."db.socket"]
        on = ["@all"]
        daemon.exec = ["/bin/db"]
        [service.api]
        on = ["@all"]
        daemon = { exec = ["/bin/api"], requires = ["db.socket"] }
        "#;
    let dir = fleet(&[("fleet.toml", hosts), ("services/test.toml", services)]);
    let compiled = compile(dir.path(), &CompileOptions::default(), Arc::new(Dummies));
    for (host, own, api, line) in [
        (
            "deb",
            "/etc/systemd/system/db.socket.service",
            "/etc/systemd/system/api.service",
            "Requires=db.socket.service",
        ),
        ("alp", "/etc/init.d/db_socket", "/etc/init.d/api", "need localmount db_socket"),
        ("fre", "/usr/local/etc/rc.d/db_socket", "/usr/local/etc/rc.d/api", "# REQUIRE: LOGIN db_socket"),
    ] {
        file(&compiled, host, own);
        let text = text(&compiled, host, api);
        assert!(text.lines().any(|found| found.trim() == line), "{text}");
    }
}

#[test]
fn a_long_chain_of_services_is_put_in_order_at_once() {
    let services: String = (0..3000)
        .map(|i| format!("[service.s{i:04}]\non = [\"web1\"]\nafter = [\"s{:04}\"]\n", i + 1))
        .chain(["[service.s3000]\non = [\"web1\"]\n".to_owned()])
        .collect();
    let began = std::time::Instant::now();
    let compiled = good(&services, &[]);
    let plan = compiled.plan.as_ref().unwrap();
    let first = plan.host("web1").unwrap().services.first().unwrap();
    assert_eq!(first.service.as_str(), "s3000");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
