//! Expressions, templates and secrets.

use super::support::{HOSTS, file, findings, fleet, good, shown, text, with_services};

#[test]
fn a_template_sees_host_variables_environment_and_other_hosts() {
    let compiled = good(
        r#"
        [service.api]
        on = ["@web"]
        [service.api.env]
        PORT = { type = "port", value = "{{ vars.api_port }}" }
        NAME = "{{ service.name }}-{{ env.PORT + 1 }}"
        [service.api.file."/etc/api.conf"]
        template = "api.j2"
        "#,
        &[(
            "templates/api.j2",
            "host {{ host.name }} {{ host.family }} {{ host.arch }}\nport {{ env.PORT }} {{ env.NAME }}\n{% for h in hosts(\"@web\") %}peer {{ h.address }}:{{ h.vars.api_port }}\n{% endfor %}end {{ vars.region }} {{ true }}\n",
        )],
    );
    insta::assert_snapshot!(text(&compiled, "web1", "/etc/api.conf"), @r"
    host web1 debian x86_64
    port 9090 api-9091
    peer web1.example.net:9090
    peer 10.0.0.2:8080
    end eu true
    ");
    insta::assert_debug_snapshot!(file(&compiled, "web1", "/etc/api.conf").provenance);
}

#[test]
fn unknown_names_are_found_at_the_expression() {
    let found = findings(
        r#"
        [service.api]
        on = ["@web"]
        daemon = { exec = ["/bin/api", "--port={{ vars.api_prot }}", "{{ vrs.x }}", "{{ host.nam }}", "{{ env.PORTT }}"] }
        env = { PORT = 1 }
        [service.api.file."/etc/a"]
        template = "a.j2"
        [service.api.file."/etc/b"]
        content = "{{ secret('dbb') }} {{ x"
        [service.api.file."/etc/c"]
        content = "{{ secret('dbb') }}"
        [service.api.file."/etc/d"]
        content = "{{ hosts('@wbe') }}"
        [secret.db]
        "#,
        &[("templates/aa.j2", "x")],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn unknown_names_are_found_with_their_suggestion_whatever_the_template_has_looked_up_before() {
    let names = [
        ("{{ vars.regoin }}", "unknown-variable", "region"),
        ("{{ env.PROT }}", "unknown-env", "PORT"),
        ("{{ hsot.name }}", "expression", "host"),
        ("{{ host.nmae }}", "expression", "name"),
        ("{% if vars.regoin == 'eu' %}{% endif %}", "unknown-variable", "region"),
    ];
    for (wrong, code, near) in names {
        for before in [
            "{% for h in hosts('@all') %}{{ h.name }}{% endfor %}",
            "{% for e, p in [(1, 2)] if e is defined %}{{ e }}{% endfor %}{{ vars.none is defined }}{{ nmae is defined }}",
            "{% set r = host %}{{ r.name }}",
            "",
        ] {
            let services = format!(
                r#"
                [service.api]
                on = ["web1"]
                daemon.exec = ["/bin/api"]
                env = {{ PORT = 1 }}
                file."/etc/a".content = "{before} {wrong}"
                "#
            );
            let compiled = with_services(&services, &[]);
            let shown = shown(&compiled);
            let codes: Vec<_> = compiled.diagnostics.iter().map(|finding| finding.code.name()).collect();
            assert_eq!(codes, [code], "{before}{wrong}: {shown}");
            assert!(shown.contains(&format!("did you mean \"{near}\"")), "{before}{wrong}: {shown}");
        }
    }
}

#[test]
fn errors_in_templates_are_at_their_line_with_the_definition() {
    let found = findings(
        r#"
        [service.api]
        on = ["web1"]
        [service.api.file."/etc/a.yaml"]
        template = "a.j2"
        [service.api.file."/etc/loop"]
        template = "loop.j2"
        [service.api.file."/etc/fuel"]
        content = "{% for i in range(9000) %}{% for j in range(9000) %}{% endfor %}{% endfor %}"
        [service.api.file."/etc/big"]
        content = "{% for i in range(9000) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' * 100 }}{% endfor %}"
        [service.api.file."/etc/outside"]
        template = "../fleet.toml"
        [service.api.file."/etc/filter.json"]
        content = "{{ 1|safe }}{{ 2|tojson }}{% autoescape false %}{{ 3 }}{% endautoescape %}"
        "#,
        &[
            ("templates/a.j2", "one: 1\n{% include \"b.j2\" %}\n"),
            ("templates/b.j2", "two: 2\nthree: {{ host.address ~ \": x\" }}\n"),
            ("templates/loop.j2", "{% include \"loop.j2\" %}"),
        ],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn cycles_are_named() {
    let found = findings(
        r#"
        [service.api]
        on = ["web1"]
        env = { A = "{{ env.B }}", B = "{{ env.C }}", C = "x{{ env.A }}" }
        [tag.t]
        vars = { peers = "{{ hosts('@t')|map(attribute='vars.other')|join(',') }}", other = "{{ hosts('web1')[0].vars.peers }}", me = "{{ vars.me }}" }
        [host.x1]
        os = "debian-12"
        arch = "x86_64"
        tags = ["t"]
        "#,
        &[],
    );
    insta::assert_snapshot!(found);
    let found = findings(
        r#"
        [tag.t]
        vars = { peers = "{{ hosts('@t')|map(attribute='vars.other')|join(',') }}", other = "{{ hosts('@t')[0].vars.peers }}", me = "{{ vars.me }}" }
        [host.x1]
        os = "debian-12"
        arch = "x86_64"
        tags = ["t"]
        [host.x2]
        os = "debian-12"
        arch = "x86_64"
        tags = ["t"]
        "#,
        &[],
    );
    insta::assert_snapshot!(found);
}

#[test]
fn secrets_go_to_files_and_environment_and_nowhere_else() {
    let compiled = good(
        r#"
        [secret.db]
        type = "password"
        [service.api]
        on = ["web1"]
        daemon = { exec = ["/bin/api"] }
        env = { DB = { secret = "db" }, URL = { type = "url", value = "postgres://u:{{ secret('db')|urlencode }}@h/x" }, PLAIN = "x" }
        [service.api.file."/etc/a.yaml"]
        content = "{% set x %}{{ secret('db')|yaml }}{% endset %}password: {{ x }}\nurl: {{ env.URL|yaml }}\n"
        [service.api.file."/etc/b"]
        content = "{{ secret('db') }}"
        mode = "0640"
        [service.api.file."/etc/c"]
        content = "{{ env.PLAIN }}"
        [service.api.file."/etc/d"]
        secret = "db"
        "#,
        &[],
    );
    assert_eq!(
        text(&compiled, "web1", "/etc/a.yaml"),
        "password: \"dummy-db\"\nurl: \"postgres://u:dummy-db@h/x\"\n"
    );
    for (path, mode, tainted) in [
        ("/etc/a.yaml", "0600", true),
        ("/etc/b", "0640", true),
        ("/etc/c", "0644", false),
        ("/etc/d", "0600", true),
    ] {
        let file = file(&compiled, "web1", path);
        assert_eq!((file.entry.mode.unwrap().to_string().as_str(), file.tainted), (mode, tainted), "{path}");
        assert_eq!(file.entry.b3.is_none(), tainted, "no hash of tainted content is kept");
    }
    let json = serde_json::to_string(&compiled.plan).unwrap();
    assert!(!json.contains("dummy-db"), "{json}");
}

#[test]
fn misuse_of_secrets_is_found() {
    let found = findings(
        r#"
        [secret.db]
        [service.api]
        on = ["web1"]
        daemon = { exec = ["/bin/api", "{{ secret('db') }}", "a{{ secret('db') }}b", "{{ env.DB }}"] }
        env = { DB = { secret = "db" } }
        [service.api.file."/etc/a"]
        content = "{{ secret('db') ~ 'x' }}"
        [service.api.file."/etc/b"]
        content = "{{ secret('db')|length }}"
        [service.api.file."/etc/c"]
        content = "{% if secret('db') %}y{% endif %}"
        [service.api.file."/etc/d"]
        content = "{% set x %}{{ secret('db') }}{% endset %}{{ x|replace(x[0], 'y') }}"
        [service.api.file."/etc/e"]
        content = "{{ secret('db') }}"
        mode = "0644"
        [service.api.file."/etc/f"]
        content = "{{ [secret('db')]|join(',') }}"
        [service.api.file."/etc/g"]
        content = "{{ secret('db')|list }}"
        [service.api.file."/etc/h"]
        content = "{{ [secret('db')]|string }}"
        [service.api.file."/etc/i"]
        content = "{% for c in secret('db') %}{{ c }}{% endfor %}"
        [service.api.file."/etc/k"]
        content = "{{ secret('db') == 'y' }}"
        [service.api.file."/etc/l"]
        content = "{{ 'y' != secret('db') }}"
        [service.api.file."/etc/m"]
        content = "{{ 'y' == env.DB }}"
        [service.api.file."/etc/n"]
        content = "{{ secret('db') in ['y'] }}"
        [service.api.file."/etc/o"]
        content = "{{ secret('db') < 'y' }}"
        [service.api.file."/etc/p"]
        content = "{% set p = secret('db') %}{{ p is eq('y') }}"
        [service.api.file."/etc/q"]
        content = "{{ 'a' in secret('db') }}"
        [service.api.file."/etc/r"]
        content = "{{ ['y', 'z']|select('==', secret('db'))|list }}"
        [service.api.file."/etc/s"]
        content = "{{ [secret('db')] == ['y'] }}{{ secret('db') is string }}"
        [service.api.systemd."api.service".Service]
        Environment = "X={{ secret('db') }}"
        [service.ok]
        on = ["web1"]
        [service.ok.file."/etc/readable"]
        content = "{{ secret('db') }}"
        mode = "0644"
        [service.ok.file."/etc/ok"]
        content = "{{ secret('db') }} {{ 'x\\ny' }}"
        "#,
        &[],
    );
    insta::assert_snapshot!(found);
    assert!(!found.contains("dummy"), "{found}");
}

#[test]
fn every_value_that_an_encoder_refuses_is_told_in_one_run() {
    let many: String = (0..30).map(|i| format!("k{i}: {{{{ 'x: y' }}}}\n")).collect();
    let compiled = with_services(
        r#"
        [service.api]
        on = ["web1"]
        [service.api.file."/etc/a.yaml"]
        template = "a.yaml"
        [service.api.file."/etc/many.yaml"]
        template = "many.yaml"
        [service.api.file."/etc/c.json"]
        content = """{ "a": "{{ 'x"' }}", "b": {{ 'y z' }}{{ 1 }},
        "d": {{ env.NOT }}, "e": {{ 'not reached' }} }"""
        "#,
        &[
            (
                "templates/a.yaml",
                "a: {{ 'b: c' }}\n{% for v in ['1 #', '2 #', 'good'] %}v: {{ v }} {{ '- x' }}\n{% endfor %}{% set s %}{{ 'q: r' }}{% endset %}{{ s }}\nz: {{ 'fine' }}{{ ': ' }}\n{{ include_me }}",
            ),
            ("templates/many.yaml", &many),
        ],
    );
    let of_many = compiled.diagnostics.iter().filter(|finding| {
        finding
            .primary
            .as_ref()
            .is_some_and(|label| compiled.sources.name(label.place.file) == "templates/many.yaml")
    });
    assert_eq!(of_many.count(), 20);
    let shown = shown(&compiled);
    let rest: Vec<&str> =
        shown.split("value-needs").filter(|finding| !finding.contains("many.yaml:")).collect();
    insta::assert_snapshot!(rest.join("value-needs"));
}

#[test]
fn a_secret_passes_through_variables_macros_and_branches() {
    let compiled = good(
        r#"
        [secret.db]
        [service.api]
        on = ["web1"]
        env = { DB = { secret = "db" }, MODE = "a" }
        [service.api.file."/etc/a"]
        content = "{% set p = secret('db') %}{% macro m(x, y=1) %}<{{ x }}>{% endmacro %}{{ m(p) }}{{ m(y=2, x=env.DB) }}{% for s in [p] %}{{ s|json }}{% endfor %}{{ p if env.MODE == 'a' else secret('db') }}{% with q = p %}{{ q|urlencode }}{% endwith %}{{ p is defined }}"
        "#,
        &[],
    );
    let dummy = "dummy-db";
    let expected = format!("<{dummy}><{dummy}>\"{dummy}\"{dummy}{dummy}true");
    assert_eq!(text(&compiled, "web1", "/etc/a"), expected);
}

#[test]
fn a_list_may_be_given_by_one_expression() {
    let compiled = good(
        r#"
        [service.api]
        on = ["web1"]
        watch = "{{ ['/etc/' ~ 'a'] }}"
        [service.api.daemon]
        exec = "{{ ['/bin/api'] + ['--name', host.name] }}"
        [service.api.file."/etc/a"]
        content = "x"
        run = "{{ [['/bin/true', 'x']] }}"
        "#,
        &[],
    );
    let unit = text(&compiled, "web1", "/etc/systemd/system/api.service");
    assert!(unit.contains("ExecStart=/bin/api --name web1\n"), "{unit}");
}

#[test]
fn a_table_may_be_given_by_one_expression_and_merges_like_any_other() {
    let compiled = good(
        r#"
        [preset.base]
        daemon = { exec = ["/bin/api"], limits = { open-files = 10, core = 0 }, user = "root" }
        [preset.given.daemon]
        limits = "{{ {'open-files': 20, 'stack': '8M', 'memory': '1G'} }}"
        [service.api]
        use = ["base", "given"]
        on = ["web1"]
        daemon.limits.memory = "2G"
        health = "{{ {'tcp': '127.0.0.1:80', 'within': '5s'} }}"
        systemd."api.service".Service = "{{ {'Nice': 5, '+Environment': ['A=b']} }}"
        systemd."api.service".Unit = "{{ {'Description': 'x'} }}"
        [service.api.for."@web"]
        daemon = "{{ {'user': 'daemon'} }}"
        health.exec = ["/bin/true"]
        systemd."api.service".Service.Nice = 6
        "#,
        &[],
    );
    let unit = text(&compiled, "web1", "/etc/systemd/system/api.service");
    for line in [
        "Description=x",
        "LimitNOFILE=20",
        "LimitCORE=0",
        "LimitSTACK=8M",
        "MemoryMax=2G",
        "User=daemon",
        "Nice=6",
        "Environment=A=b",
        "ExecStart=/bin/api",
    ] {
        assert!(unit.lines().any(|written| written == line), "{line}: {unit}");
    }
    let checks = format!("{:?}", compiled.plan.as_ref().unwrap().hosts[1].services[0].checks);
    assert!(checks.contains("Exec") && !checks.contains("Tcp"), "{checks}");
}

#[test]
fn what_is_wrong_in_a_table_given_by_an_expression_is_found_at_the_expression() {
    insta::assert_snapshot!(findings(
        r#"
        [service.api]
        on = ["web1"]
        daemon = { exec = ["/bin/api"], limits = "{{ {'open-filez': 20} }}" }
        health = "{{ [1] }}"
        [service.b]
        on = ["web1"]
        env = "{{ {'A': 1} }}"
        daemon = { exec = ["/bin/b"], limits = "none" }
        "#,
        &[],
    ));
}

#[test]
fn a_value_that_is_one_expression_keeps_its_type() {
    let compiled = good(
        r#"
        [service.api]
        on = ["web1"]
        [service.api.daemon]
        exec = ["/bin/api", "{{ 'a b' }}"]
        limits = { open-files = "{{ 2 * 512 }}" }
        [service.api.file."/etc/a"]
        content = "plain {{ [1, 2]|join('+') }} {{ {'b': 1, 'a': [true, none]}|json|replace('b', 'c') }}"
        "#,
        &[],
    );
    assert_eq!(text(&compiled, "web1", "/etc/a"), "plain 1+2 {\"a\": [true, null], \"c\": 1}");
}

const MARKER: &str = "cAnArY-77c1";

struct Marked;

impl cmc_compiler::Secrets for Marked {
    fn get(
        &self,
        _: &cmc_types::SecretName,
        _: &cmc_types::definition::Secret,
    ) -> Result<cmc_compiler::SecretValue, cmc_compiler::SecretError> {
        Ok(cmc_compiler::SecretValue::new(MARKER))
    }
}

#[test]
fn what_comes_from_a_secret_is_marked_for_wiping_and_never_printed_for_debugging() {
    let services = r#"
        [secret.db]
        [service.api]
        on = ["web1"]
        daemon.exec = ["/bin/api"]
        env = { DB = { secret = "db" }, PLAIN = "x" }
        [service.api.file."/etc/a"]
        content = "{{ secret('db') }} {{ env.DB|json }}"
        [service.api.file."/etc/b"]
        secret = "db"
        [service.api.file."/etc/c"]
        content = "{{ secret('db') == 'y' }}"
        "#;
    let wrong = fleet(&[("fleet.toml", HOSTS), ("services/test.toml", services)]);
    let right = services.split("        [service.api.file.\"/etc/c\"]").next().unwrap();
    let right = fleet(&[("fleet.toml", HOSTS), ("services/test.toml", right)]);
    let bytes = format!("{:?}", MARKER.as_bytes());
    let hidden = |text: &str| !text.contains(MARKER) && !text.contains(bytes.trim_matches(['[', ']']));
    for dir in [&wrong, &right] {
        let options = cmc_compiler::CompileOptions::default();
        let compiled = cmc_compiler::compile(dir.path(), &options, std::sync::Arc::new(Marked));
        assert!(hidden(&format!("{compiled:?}{compiled:#?}")));
        let Some(plan) = &compiled.plan else { continue };
        assert!(hidden(&serde_json::to_string(plan).unwrap()));
        for (_, file) in plan.hosts.iter().flat_map(cmc_types::plan::HostPlan::files) {
            let cmc_types::plan::Content::Bytes(content) = &file.content else { continue };
            assert_eq!(content.is_secret(), file.tainted, "{}", file.entry.path);
            assert_eq!(content.windows(MARKER.len()).any(|part| part == MARKER.as_bytes()), file.tainted);
        }
        assert_eq!(
            plan.hosts[0].files().count() + plan.hosts[1].files().count() + plan.hosts[2].files().count(),
            4
        );
    }
    assert!(hidden(&format!("{:?}", cmc_compiler::SecretValue::new(MARKER))));
    assert!(hidden(&format!("{:?}", cmc_types::Bytes::new(MARKER, true))));
}

#[test]
fn a_quoting_filter_protects_nothing_where_quotes_are_open_and_is_refused_there() {
    let rendered = |path: &str, template: &str| {
        let service = format!(
            "[tag.quoted.vars]\nv = \"$(id) b\"\nw = \"a; b\"\n[host.q]\nos = \"debian-12\"\narch = \"x86_64\"\n\
             tags = [\"quoted\"]\n[service.web]\non = [\"q\"]\nfile.\"{path}\".template = \"t\"\n"
        );
        with_services(&service, &[("templates/t", template)])
    };
    for (path, template) in [
        ("/etc/x.sh", "X=\"{{ vars.v|sh }}\"\n"),
        ("/etc/x.sh", "X='{{ vars.v|sh }}'\n"),
        ("/etc/x.sh", "cat <<EOF\n{{ vars.v|sh }}\nEOF\n"),
        ("/etc/x.sh", "{% set x %}{{ vars.v|sh }}{% endset %}X=\"{{ x }}\"\n"),
        ("/etc/cron.d/x", "* * * * * root echo \"{{ vars.v|sh }}\"\n"),
        ("/etc/nginx/nginx.conf", "add_header A \"{{ vars.w|nginx }}\";\n"),
        ("/etc/x.json", "{\"a\": \"{{ vars.w|json }}\"}\n"),
        ("/etc/x.toml", "a = \"{{ vars.w|toml }}\"\n"),
        ("/etc/x.yaml", "a: \"{{ vars.w|yaml }}\"\n"),
    ] {
        let compiled = rendered(path, template);
        assert!(shown(&compiled).contains("quotes"), "{template}: {}", shown(&compiled));
    }
    for (path, template) in [
        ("/etc/x.sh", "X={{ vars.v|sh }}\n"),
        ("/etc/x.sh", "# don't\nX=\"a\"{{ vars.v|sh }}\n"),
        ("/etc/x.sh", "sh <<'EOF'\n{{ vars.v|sh }}\nEOF\n"),
        ("/etc/x.sh", "{% set x %}it's{% endset %}echo \"{{ x }}\"\n"),
        ("/etc/nginx/nginx.conf", "add_header A {{ vars.w|nginx }};\n"),
        ("/etc/x.json", "{\"a\": {{ vars.w|json }}}\n"),
    ] {
        let compiled = rendered(path, template);
        assert!(!compiled.has_errors(), "{template}: {}", shown(&compiled));
    }
}
