//! Hostile texts through every encoder, read back by a parser of the format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use cmc_types::UnixPath;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Texts made of what formats give a meaning to.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        prop::sample::select(
            r#"' " \ $ ` # ; & | < > ( ) { } [ ] * ? ~ ! ^ : = % @ , - + . / a b Z 0 1 7"#
                .split(' ')
                .collect::<Vec<_>>()
        )
        .prop_map(str::to_owned),
        prop::sample::select(vec![
            " ", "\t", "\n", "\r", "\u{85}", "\u{2028}", "\u{feff}", "é", "日", "🦀", ": ", " #", "- ",
            "---", "yes", "null", "0x1", "1.10", "]]>", "<!--", "${x}", "$(id)", "\\n", "\"\"\"", "'''",
            "true", "<<", "\u{0}", "\u{7f}", "&amp;", "%%",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn config() -> ProptestConfig {
    // Always the same texts: a finding must not depend on luck.
    let rng_seed = proptest::test_runner::RngSeed::Fixed(20_261_121);
    ProptestConfig { cases: 2000, failure_persistence: None, rng_seed, ..ProptestConfig::default() }
}

/// Whether a value may be written after this text.
fn accepts(format: Format, before: &str, value: &str) -> bool {
    let line = Some(before.rsplit('\n').next().unwrap_or_default());
    let within = format.tracker().map(|mut tracker| tracker.within(before.as_bytes()));
    format.check(value, Kind::Text, Context { line, within }).is_ok()
}

/// Words and structure of nginx's configuration, as `ngx_conf_read_token` reads it.
fn nginx_tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => {}
            ';' | '{' | '}' => tokens.push(format!("<{c}>")),
            '#' => while chars.next().is_some_and(|c| c != '\n') {},
            '"' | '\'' => {
                let mut word = String::new();
                while let Some(next) = chars.next() {
                    match next {
                        n if n == c => break,
                        '\\' => match chars.next() {
                            Some('t') => word.push('\t'),
                            Some('r') => word.push('\r'),
                            Some('n') => word.push('\n'),
                            Some(e @ ('"' | '\'' | '\\')) => word.push(e),
                            Some(other) => word.extend(['\\', other]),
                            None => word.push('\\'),
                        },
                        next => word.push(next),
                    }
                }
                tokens.push(word);
            }
            c => {
                let mut word = String::from(c);
                while let Some(next) = chars.next_if(|n| !n.is_ascii_whitespace() && !matches!(n, ';' | '{'))
                {
                    word.push(next);
                }
                tokens.push(word);
            }
        }
    }
    tokens
}

fn yaml(text: &str) -> Option<String> {
    use saphyr::{LoadableYamlNode, Yaml};
    let documents = Yaml::load_from_str(text).ok()?;
    let [document] = &documents[..] else { return None };
    let mapping = document.as_mapping()?;
    (mapping.len() == 2).then_some(())?;
    document.as_mapping_get("z")?.as_integer().filter(|z| *z == 1)?;
    Some(document.as_mapping_get("k")?.as_str()?.to_owned())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json_keeps_its_structure(value in hostile()) {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text);
        if accepts(Format::Json, "{\"k\": \"", &value) {
            let parsed = parse(&format!("{{\"k\": \"{value}\", \"z\": 1}}")).unwrap();
            prop_assert_eq!(&parsed, &serde_json::json!({ "k": value, "z": 1 }));
        }
        let bare = accepts(Format::Json, "{\"k\": \"\\\"\", \"l\": ", &value);
        prop_assert!(!bare, "a text outside quotes");
        if let Ok(quoted) = Format::Json.quote(&value) {
            let parsed = parse(&format!("{{\"k\": {quoted}, \"z\": 1}}")).unwrap();
            prop_assert_eq!(&parsed, &serde_json::json!({ "k": value, "z": 1 }));
        }
    }

    #[test]
    fn toml_keeps_its_structure(value in hostile()) {
        for (before, after) in [("k = \"", "\"\nz = 1\n"), ("k = '", "'\nz = 1\n"), ("k = \"\"\"a", "\"\"\"\nz = 1\n"), ("k = '''a", "'''\nz = 1\n")] {
            if accepts(Format::Toml, before, &value) {
                let parsed: ::toml::Table = format!("{before}{value}{after}").parse().unwrap();
                let prefix = if before.ends_with('a') { "a" } else { "" };
                prop_assert_eq!(parsed["k"].as_str().unwrap(), format!("{prefix}{value}"));
                prop_assert_eq!(parsed.len(), 2);
            }
        }
        if accepts(Format::Toml, "", &value) {
            let parsed: ::toml::Table = format!("{value} = 1\n").parse().unwrap();
            prop_assert_eq!(parsed[&value].as_integer(), Some(1));
        }
        if accepts(Format::Toml, "k = 1 # ", &value) {
            let parsed: ::toml::Table = format!("k = 1 # {value}\n").parse().unwrap();
            prop_assert_eq!(parsed.len(), 1);
        }
        if let Ok(quoted) = Format::Toml.quote(&value) {
            let parsed: ::toml::Table = format!("k = {quoted}\nz = 1\n").parse().unwrap();
            prop_assert_eq!(parsed["k"].as_str().unwrap(), value);
        }
    }

    #[test]
    fn yaml_keeps_its_structure(value in hostile()) {
        for (before, after) in [("k: ", "\nz: 1\n"), ("k: \"", "\"\nz: 1\n"), ("k: '", "'\nz: 1\n"), ("{k: ", ", z: 1}\n")] {
            if accepts(Format::Yaml, before, &value) {
                let text = format!("{before}{value}{after}");
                prop_assert_eq!(yaml(&text), Some(value.clone()), "{}", text);
            }
        }
        if let Ok(quoted) = Format::Yaml.quote(&value) {
            prop_assert_eq!(yaml(&format!("k: {quoted}\nz: 1\n")), Some(value));
        }
    }

    #[test]
    fn nginx_keeps_its_structure(value in hostile()) {
        let expected = |value: &str| vec!["a".to_owned(), value.to_owned(), "<;>".to_owned(), "b".to_owned(), "<;>".to_owned()];
        if accepts(Format::Nginx, "a ", &value) {
            prop_assert_eq!(nginx_tokens(&format!("a {value};\nb;")), expected(&value));
            prop_assert_eq!(nginx_tokens(&format!("a \"{value}\";\nb;")), expected(&value));
        }
        if let Ok(quoted) = Format::Nginx.quote(&value) {
            prop_assert_eq!(nginx_tokens(&format!("a {quoted};\nb;")), expected(&value));
        }
    }

    #[test]
    fn xml_keeps_its_structure(value in hostile()) {
        let read = |written: &str| {
            let text = format!("<r a=\"{written}\" b='{written}'>{written}<z/></r>");
            let document = roxmltree::Document::parse(&text).unwrap();
            let root = document.root_element();
            assert_eq!(root.children().filter(roxmltree::Node::is_element).count(), 1, "{text}");
            let attribute = |name| root.attribute(name).unwrap_or_default().to_owned();
            (attribute("a"), attribute("b"), root.text().unwrap_or_default().to_owned())
        };
        if accepts(Format::Xml, "<r a=\"", &value) {
            prop_assert_eq!(read(&value), (value.clone(), value.clone(), value.clone()));
        }
        if let Ok(quoted) = Format::Xml.quote(&value) {
            prop_assert_eq!(read(&quoted), (value.clone(), value.clone(), value));
        }
    }

    #[test]
    fn ini_keeps_its_structure(value in hostile()) {
        if accepts(Format::Ini, "key = ", &value) {
            prop_assert!(!value.contains(['\n', '\r', ';', '#']) && value.trim() == value && !value.is_empty());
        }
        if accepts(Format::Ini, "[", &value) {
            prop_assert!(!value.contains([']', '[', '\n']));
        }
        if let Ok(quoted) = Format::Ini.quote(&value) {
            let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
            let mut read = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                prop_assert!(c != '"' && c != '\n');
                read.push(if c == '\\' { chars.next().unwrap() } else { c });
            }
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn haproxy_keeps_its_structure(value in hostile()) {
        if accepts(Format::Haproxy, "server a ", &value) {
            prop_assert!(!value.contains([' ', '\t', '\n', '#', '"', '\'', '\\', '$', '%']) && !value.is_empty());
        }
        if let Ok(quoted) = Format::Haproxy.quote(&value) {
            prop_assert_eq!(haproxy_word(&quoted), Some(value));
        }
    }

    #[test]
    fn systemd_keeps_its_structure(value in hostile()) {
        if accepts(Format::Systemd, "ExecStart=/bin/x ", &value) {
            prop_assert!(!value.contains([' ', '%', '$', '"', '\'', '\\', ';', '\n']) && !value.is_empty());
        }
        if let Ok(quoted) = Format::Systemd.quote(&value) {
            let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
            prop_assert!(!inner.contains(['\n', '$']) && !inner.replace("%%", "").contains('%'));
            let mut read = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => read.push(match chars.next().unwrap() { 'n' => '\n', 't' => '\t', other => other }),
                    '%' => { chars.next(); read.push('%'); }
                    '"' => prop_assert!(false, "an open quote in {}", quoted),
                    c => read.push(c),
                }
            }
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn plain_text_stays_on_its_line(value in hostile()) {
        if accepts(Format::Plain, "", &value) {
            prop_assert!(!value.contains(['\n', '\r', '\0']));
        }
    }
}

/// One word as HAProxy's parser reads it.
fn haproxy_word(text: &str) -> Option<String> {
    let mut word = String::new();
    let mut chars = text.chars();
    let quote = chars.next()?;
    loop {
        match chars.next()? {
            c if c == quote => return chars.next().is_none().then_some(word),
            '\n' | '\r' => return None,
            '\\' if quote == '"' => word.push(chars.next()?),
            '$' if quote == '"' => return None,
            c => word.push(c),
        }
    }
}

/// Every text through one real shell: words in every position come back as they were.
#[test]
fn sh_keeps_its_structure() {
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let mut script = String::from("set -f\np() { printf '%s\\0' \"$#\" \"$@\"; }\n");
    let mut expected: Vec<String> = Vec::new();
    for _ in 0..2000 {
        let value = hostile().new_tree(&mut runner).unwrap().current();
        if accepts(Format::Sh, "p ", &value) {
            script += &format!("p a {value} \"{value}\" '{value}' b\n");
            expected.extend(["5", "a", &value, &value, &value, "b"].map(str::to_owned));
        }
        if accepts(Format::Crontab, "p ", &value) {
            assert!(!value.contains('%'));
        }
        if let Ok(quoted) = Format::Sh.quote(&value) {
            script += &format!("p a {quoted} b\n");
            expected.extend(["3", "a", &value, "b"].map(str::to_owned));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    std::fs::write(&path, script).unwrap();
    let output = std::process::Command::new("/bin/sh").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = words.split_terminator('\0').collect();
    assert_eq!(words.len(), expected.len());
    for (word, expected) in words.iter().zip(&expected) {
        assert_eq!(word, expected);
    }
}

#[test]
fn formats_are_told_by_path() {
    for (path, format) in [
        ("/etc/nginx/sites-enabled/default", Format::Nginx),
        ("/etc/nginx/conf.d/x.conf", Format::Nginx),
        ("/usr/local/etc/nginx/nginx.conf", Format::Nginx),
        ("/etc/api/config.yaml", Format::Yaml),
        ("/etc/systemd/system/x.service.d/y.conf", Format::Systemd),
        ("/etc/x.service", Format::Plain),
        ("/etc/cron.d/backup", Format::Crontab),
        ("/etc/default/api", Format::Sh),
        ("/etc/haproxy/haproxy.cfg", Format::Haproxy),
        ("/etc/mysql/my.cnf", Format::Ini),
        ("/etc/motd", Format::Plain),
        ("/var/cron/tabs/root", Format::Crontab),
        ("/etc/crontabs/root", Format::Crontab),
        ("/etc/sudoers.d/ops", Format::Sudoers),
        ("/etc/ssh/sshd_config.d/50-ops.conf", Format::Ssh),
        ("/etc/apache2/sites-enabled/x.conf", Format::Apache),
        ("/etc/apache2/envvars", Format::Sh),
        ("/etc/logrotate.d/api", Format::Logrotate),
        ("/etc/nftables.conf", Format::Nft),
        ("/etc/bind/named.conf.local", Format::Named),
        ("/etc/bind/db.example", Format::Plain),
        ("/var/unbound/etc/unbound.conf", Format::Unbound),
        ("/etc/login.conf.d/api", Format::LoginConf),
        ("/etc/rc.conf.local", Format::RcConfLocal),
        ("/etc/periodic/daily/x", Format::Sh),
    ] {
        assert_eq!(Format::of_file(&UnixPath::parse(path).unwrap(), &[]), format, "{path}");
    }
}

#[test]
fn a_named_validator_tells_the_format_before_the_path_and_the_first_line_before_both() {
    let path = UnixPath::parse("/etc/app/x.yaml").unwrap();
    let named = |name: &str| Format::of_file(&path, &[cmc_types::name::ValidatorName::parse(name).unwrap()]);
    assert_eq!(named("nginx"), Format::Nginx);
    assert_eq!(named("mine"), Format::Yaml);
    for (line, format) in [
        ("#!/bin/sh\n", Some(Format::Sh)),
        ("#! /usr/bin/env -S A=b bash -e\n", Some(Format::Sh)),
        ("#!/sbin/openrc-run\n", Some(Format::Sh)),
        ("#!/usr/sbin/nft -f\n", Some(Format::Nft)),
        ("#!/usr/bin/python3\n", Some(Format::Script)),
        ("#!\n", Some(Format::Script)),
        ("#!/bin/sh", None),
        ("# x\n", None),
    ] {
        assert_eq!(Format::of_script(line.as_bytes()), format, "{line:?}");
    }
}

/// Formats of words: accepted values are one word, and quoted ones are read back as they were.
#[test]
fn words_stay_words() {
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let formats = [
        Format::Sudoers,
        Format::Ssh,
        Format::Apache,
        Format::Logrotate,
        Format::Nft,
        Format::Named,
        Format::Unbound,
        Format::LoginConf,
        Format::Script,
    ];
    for _ in 0..4000 {
        let value = hostile().new_tree(&mut runner).unwrap().current();
        for format in formats {
            if accepts(format, "word ", &value) {
                // getcap(3) knows no quotes.
                let quotes = if format == Format::LoginConf { ":\\^" } else { "\"'\\" };
                let breaks = |c: char| c.is_whitespace() || c.is_control() || quotes.contains(c);
                assert!(!value.is_empty() && !value.contains(breaks), "{format}: {value:?}");
            }
            let Ok(quoted) = format.quote(&value) else { continue };
            if matches!(format, Format::Ssh | Format::Apache | Format::Nft | Format::Named | Format::Unbound)
            {
                let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
                let read = inner.replace("\\\"", "\u{1}").replace("\\\\", "\\");
                assert!(!read.contains('"'), "{format}: {quoted}");
                assert_eq!(read.replace('\u{1}', "\""), value, "{format}");
            }
            if format == Format::LoginConf {
                assert!(!quoted.contains([':', '\n']), "{quoted}");
                assert_eq!(quoted.replace("\\c", ":").replace("\\^", "^").replace("\\\\", "\\"), value);
            }
        }
    }
}

#[test]
fn a_value_of_rc_conf_local_is_read_as_it_was_or_refused() {
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let read = |value: &str| {
        let file = cmc_types::small::rc_conf_local::parse(&format!("api_flags={value}\npf=NO\n")).0;
        let entries: Vec<_> = file.entries().map(|(_, entry)| entry.value.clone()).collect();
        assert_eq!(entries.len(), 2, "{value:?}");
        entries[0].clone()
    };
    let mut carried = 0;
    for _ in 0..4000 {
        let value = hostile().new_tree(&mut runner).unwrap().current();
        if accepts(Format::RcConfLocal, "api_flags=", &value) {
            assert_eq!(read(&value), value);
        }
        if let Ok(quoted) = Format::RcConfLocal.quote(&value) {
            carried += 1;
            assert_eq!(read(&quoted), value, "{quoted}");
        }
    }
    assert!(carried > 100, "{carried}");
    assert_eq!(Format::RcConfLocal.quote("-v a 'b' $c").unwrap(), "-v a 'b' $c");
}

#[test]
fn a_refusal_names_the_problem_and_the_filter_but_no_secret() {
    let refusal = Format::Nginx.check("a b", Kind::Text, Context::UNKNOWN).unwrap_err();
    assert_eq!(
        refusal.message(Kind::Text, Format::Nginx),
        "the value would change the structure of this nginx file: it holds a space"
    );
    assert_eq!(refusal.help(Format::Nginx).unwrap(), "quote it with the filter `|nginx`");
    assert!(!refusal.message(Kind::Secret, Format::Nginx).contains("space"));
    let refusal = Format::Nginx.quote("a$b").unwrap_err();
    assert_eq!(refusal.help(Format::Nginx).unwrap(), "change the value");
}

#[test]
fn yaml_takes_addresses_and_names_as_they_are_and_refuses_what_it_reads_as_something_else() {
    for text in [
        "10.0.0.1",
        "2001:db8::1",
        "web1.example.net",
        "12ab34",
        "v1.10",
        "a-b_c",
        "/usr/bin/x",
        "http://h:80/p",
    ] {
        assert!(accepts(Format::Yaml, "k: ", text), "{text}");
    }
    for text in [
        "1",
        "-1.5",
        "1.10",
        "1e5",
        "0x1f",
        "0o17",
        "1_000",
        "12:30:45",
        "2026-11-21",
        "2026-11-21 10:00:00",
        "yes",
        "No",
        "NULL",
        "~",
        ".5",
        "<<",
        ".",
    ] {
        assert!(!accepts(Format::Yaml, "k: ", text), "{text}");
        assert!(accepts(Format::Yaml, "k: a", text), "{text} within a longer text");
    }
}
