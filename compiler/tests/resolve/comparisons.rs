//! Secrets are never compared, measured or tested, and the guards that see to it change nothing else.

use super::support::{good, shown, text, with_services};

/// Each content is a file of its own; all of it must be refused, and without them nothing is.
#[test]
fn a_secret_is_never_silently_unequal_or_measured_however_it_comes_to_be_used() {
    let files = |contents: &[&str]| -> String {
        let file = |(index, content): (usize, &&str)| {
            format!("[service.api.file.\"/etc/{index}\"]\ncontent = \"\"\"{content}\"\"\"\n")
        };
        let definitions = r#"
[secret.db]
[service.api]
on = ["web1"]
daemon.exec = ["/bin/api"]
env = { DB = { secret = "db" }, MADE = "{{ secret('db') }}x", NAME = "DB" }
"#;
        format!("{definitions}{}", contents.iter().enumerate().map(file).collect::<String>())
    };
    let refused = [
        "{% macro m(x) %}{{ 'y' == x }}{% endmacro %}{{ m(secret('db')) }}",
        "{% macro m(x) %}{% if x in ['y'] %}{% endif %}{% endmacro %}{{ m(x=env.DB) }}",
        "{% for s in [secret('db')] %}{{ none != s }}{% endfor %}",
        "{% for s in [env.DB, 'a'] if 'a' == s %}{{ s }}{% endfor %}",
        "{% set a = secret('db') %}{% set b = a %}{{ 'y' == b }}",
        "{% with q = [env.DB] %}{{ 'y' == q[0] }}{% endwith %}",
        "{{ 'y' == env[env.NAME] }}",
        "{{ 'y' == env['MADE'] }}",
        "{% set x %}{{ secret('db') }}{% endset %}{{ 'y' == x }}",
        "{% set x %}{{ secret('db') }}{% endset %}{{ 'dummy' in x }}",
        "{{ ['y'] == [secret('db')] }}",
        "{{ {'a': 'y'} != {'a': env.DB} }}",
        "{{ 'y' is eq(env.DB) }}",
        "{{ 'y' is in([env.DB]) }}",
        "{{ ['y']|select('ne', env.DB)|list }}",
        "{{ 1 == secret('db') }}",
        "{{ true == (secret('db') if env.NAME else '') }}",
        "{% set n = namespace(s=env.DB) %}{{ 'y' == n.s }}",
        "{{ 'y' == [secret('db')]|first }}",
        "{{ [env.DB, 'y']|unique|list|length }}",
        "{% import 'equal.j2' as equal %}{{ equal.to(secret('db')) }}",
        "{% set given = secret('db') %}{% include 'given.j2' %}",
        "{% if secret('db') == secret('db') %}{% endif %}",
        // Attributes that are called like operators.
        "{% set x = {'in': 1} %}{{ x.in }} {{ 'y' == secret('db') }}",
        "{% set x = {'recursive': 1} %}{{ x.recursive }} {{ 'y' == secret('db') }}",
        "{% set x = {'not': {'or': 1}} %}{{ x.not.or }} {{ 'y' == secret('db') }}",
        // Names of the compiler's and the engine's own that stand for something else.
        "{% for host in [{'p': secret('db')}] if 'y' == host.p %}{% endfor %}",
        "{% set host = {'name': secret('db')} %}{{ 'y' == host.name }}",
        "{% macro m(host) %}{{ 'y' == host.os }}{% endmacro %}{{ m({'os': env.DB}) }}",
        // Order, keys, truth.
        "{{ 'y' < secret('db') }}",
        "{{ 'y' <= env.DB and 1 }}",
        "{{ {'a': 1}[secret('db')] }}",
        "{{ 1 if secret('db') else 2 }}",
        "{% for i in [1] if secret('db') %}{% endfor %}",
        "{% for s in ['a', secret('db')] %}{{ loop.changed(s) }}{% endfor %}",
        "{{ secret('db') is odd }}",
        "{{ [secret('db')] ~ '' }}",
        "{{ [secret('db')]|upper }}",
        "{{ ['y', secret('db')]|sort|first }}",
        "{{ [{'p': 'y'}, {'p': secret('db')}]|min(attribute='p') }}",
        "{{ [{'p': 'y'}, {'p': secret('db')}]|groupby('p') }}",
        "{{ {'a': 'y', 'b': secret('db')}|dictsort(by='value') }}",
        "{{ ['y']|map('replace', 'y', secret('db'))|list }}",
        // What is read lazily.
        "{{ ['a', 'y'] in ({'a': secret('db')}|items) }}",
        "{{ ['DB', 'y'] in env|items }}",
        "{{ [1] + [env.DB] == [1, 'y'] }}",
        "{{ ('a', env.DB) == ('a', 'y') }}",
        // Depth.
        "{{ [[[[[['y']]]]]] == [[[[[[secret('db')]]]]]] }}",
        "{% set q = namespace(v=secret('db')) %}{% for i in range(60) %}{% set q.v = [q.v] %}{% endfor %}{{ 'y' == q.v }}",
    ];
    let captured = [
        "{{ 'y' == x }}",
        "{{ x in ['y'] }}",
        "{{ 'yes' if x < 'm' else 'no' }}",
        "{{ ['m', x]|sort|first == 'm' }}",
        "{{ ['m', x]|min }}",
        "{{ ['m', x]|max }}",
        "{{ ['dummy-db', x]|unique|list }}",
        "{{ {'a': 1}[x] is defined }}",
        "{{ {'a': 1}[x] }}",
        "{{ {x: 1}|length }}",
        "{{ x|length }}",
        "{% if x %}{% endif %}",
        "{% if not x %}{% endif %}",
        "{{ 1 if x else 2 }}",
        "{{ 'a' if x or 'b' }}",
        "{{ x and 'a' }}",
        "{% for i in [1] if x %}{% endfor %}",
        "{% for c in x %}.{% endfor %}",
        "{{ [x]|select|list|length }}",
        "{{ x[1:] }}",
        "{{ x[0] }}",
        "{{ x|upper }}",
        "{{ [x]|upper }}",
        "{{ x|trim }}",
        "{{ x|json }}",
        "{{ x|urlencode }}",
        "{{ [x]|join(',') }}",
        "{{ x ~ 'y' }}",
        "{{ x + 'y' }}",
        "{{ [x] ~ 'y' }}",
        "{{ '%s'|format(x) }}",
        "{{ 'y'|replace('y', x) }}",
        "{{ x is upper }}",
        "{{ x is startingwith 'd' }}",
        "{{ ['y']|select('lt', x)|list }}",
        "{% filter upper %}{{ x }}{% endfilter %}",
        "{% set y %}a{{ x }}{% endset %}{{ 'a' in y }}",
        "{% macro m() %}{{ x }}{% endmacro %}{{ m() == 'y' }}",
        "{{ [1, [{'a': [x]}]] == 'y' }}",
        "{{ x|reverse }}",
        "{{ x|split }}",
        "{{ x|bool }}",
        "{{ x|string }}",
        "{{ x|int(default=5) }}",
        "{{ x|sh }}",
        "{% filter urlencode %}{{ x }}{% endfilter %}",
        "{% include x ignore missing %}",
        "{% include ['none.j2', x] ignore missing %}",
        "{% macro m(a, b) %}{% endmacro %}{{ m(*x) }}",
        "{% autoescape x %}{% endautoescape %}",
    ]
    .map(|content| format!("{{% set x %}}{{{{ secret('db') }}}}{{% endset %}}{content}"));
    let templates = [
        ("templates/equal.j2", "{% macro to(x) %}{{ 'y' == x }}{% endmacro %}"),
        ("templates/given.j2", "{% if 'y' != given %}{% endif %}"),
    ];
    let passing = [
        "{{ 'y' == env.NAME }}{{ secret('db') if env.NAME == 'DB' else env.DB }}",
        "{% for h in hosts('@all') %}{{ h.name == host.name }}{{ h.vars.region is defined and 'eu' == h.vars.region }}{% endfor %}",
        "{% macro m(x, y) %}{% if y == 1 %}{{ x }}{% endif %}{% endmacro %}{{ m(secret('db'), 1) }}",
        "{% for k, v in env|items %}{{ k }}={{ v }}{% endfor %}{% for k, v in env|dictsort %}{{ v }}{% endfor %}",
        "{{ 'DB' in env }}{{ 'DB' is in env }}{{ 'region' in vars }}{{ 'a' in {'a': secret('db')} }}",
        "{{ host in hosts('@all') }}{% for h in hosts('@all') if h != host %}{{ h.name }}{% endfor %}",
        "{% set all = [{'n': 2, 's': secret('db')}, {'n': 1, 's': env.DB}] %}{{ all|sort(attribute='n')|map(attribute='s')|first }}{{ all|length }}{% if all %}{{ all|selectattr('n', 'eq', 1)|map(attribute='n')|join }}{% endif %}",
        "{% set x %}{{ secret('db') }}{% endset %}{{ x }}{{ [x]|first }}{% for s in [x] if s is defined %}{{ s }}{% endfor %}{% set y %}a{{ x }}{% endset %}{{ y }}",
        "{{ [secret('db'), env.NAME][0] }}{{ {'in': secret('db')}.in }}{{ ([1] + [env.DB])|last }}",
    ];
    for content in refused.into_iter().chain(captured.iter().map(String::as_str)) {
        let found = with_services(&files(&[content]), &templates);
        let codes: Vec<_> = found.diagnostics.iter().map(|finding| finding.code.name()).collect();
        assert_eq!(codes, ["secret-misused"], "{content}: {}", shown(&found));
        assert!(!shown(&found).contains("dummy-db"), "{content}");
    }
    good(&files(&passing), &templates);
    let found = with_services(&files(&[refused[0], refused[20]]), &templates);
    insta::assert_snapshot!(shown(&found));
}

#[test]
fn what_is_raw_is_written_as_it_is_whatever_it_holds() {
    let compiled = good(
        r#"
        [service.api]
        on = ["web1"]
        [service.api.file."/etc/a"]
        content = "{% raw %}endraw {{ a == b }} {% endraw x %}{% endraw %} {{ host.name == 'web1' }}"
        "#,
        &[],
    );
    assert_eq!(text(&compiled, "web1", "/etc/a"), "endraw {{ a == b }} {% endraw x %} true");
}

#[test]
fn what_cannot_be_guarded_is_refused_at_its_place() {
    let nested = (0..74).fold("a".to_owned(), |inner, _| format!("({inner} + 1 == b)"));
    let templates =
        [("templates/a.j2", &*format!("line\n{{{{ {nested} }}}}\n{{{{ 'y' == secret('db') }}}}"))];
    let definition = format!(
        r#"
        [secret.db]
        [service.api]
        on = ["web1"]
        [service.api.file."/etc/a"]
        template = "a.j2"
        [service.api.file."/etc/b"]
        content = "{{{{ {nested} }}}}{{{{ 'y' == secret('db') }}}}"
        "#
    );
    let compiled = with_services(&definition, &templates);
    let shown = shown(&compiled);
    assert_eq!(compiled.diagnostics.len(), 2, "{shown}");
    assert!(compiled.diagnostics.iter().all(|finding| finding.code.name() == "expression"), "{shown}");
    assert!(shown.contains("templates/a.j2:2:"), "{shown}");
}
