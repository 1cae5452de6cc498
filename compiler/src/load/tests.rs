#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

const FLEET: &str = "[fleet]\nname = \"shop\"\n";

struct Fleet(tempfile::TempDir);

impl Fleet {
    fn new() -> Self {
        let fleet = Self(tempfile::tempdir().unwrap());
        fleet.write("fleet.toml", FLEET);
        fleet
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    fn load(&self) -> Loaded {
        load(self.0.path(), &LoadOptions::default())
    }

    /// The diagnostics as `CODE FILE:LINE: message`.
    fn said(&self) -> Vec<String> {
        said(&self.load())
    }
}

fn said(loaded: &Loaded) -> Vec<String> {
    let line = |diagnostic: &Diagnostic| {
        let place = diagnostic.primary.as_ref().expect("every finding of the loader has a file").place;
        let line = loaded.sources.line_column(place.file, place.span.start).line;
        format!("{} {}:{line}: {}", diagnostic.code, loaded.sources.name(place.file), diagnostic.message)
    };
    loaded.diagnostics.iter().map(line).collect()
}

const HOST: &str = "[host.web1]\nos = \"debian-12\"\narch = \"x86_64\"\n";

#[test]
fn toml_and_json_are_one_fleet() {
    let fleet = Fleet::new();
    fleet.write("hosts/web1.toml", HOST);
    fleet.write("hosts/more/db.json", r#"{"host": {"db1": {"os": "openbsd-7.6", "arch": "aarch64"}}}"#);
    fleet.write("hosts/README.md", "not a definition");
    fleet.write("hosts/.hidden.toml", "not a definition");
    fleet.write("templates/x.toml", "not = a [definition");
    let loaded = fleet.load();
    assert_eq!(said(&loaded), Vec::<String>::new());
    let document = loaded.document.as_ref().unwrap();
    assert_eq!(document.get(&["host", "web1", "os"]).unwrap().as_text(), Some("debian-12"));
    assert_eq!(document.get(&["host", "db1", "arch"]).unwrap().as_text(), Some("aarch64"));
    assert_eq!(document.get(&["fleet", "name"]).unwrap().as_text(), Some("shop"));
    let inputs: Vec<_> = loaded.inputs.iter().map(|input| input.path.as_str()).collect();
    assert_eq!(inputs, ["fleet.toml", "hosts/more/db.json", "hosts/web1.toml"]);
}

#[test]
fn every_bad_file_is_reported_and_the_others_are_read() {
    let fleet = Fleet::new();
    fleet.write("hosts/web1.toml", HOST);
    fleet.write("hosts/binary.toml", b"a\0b");
    fleet.write("hosts/latin1.toml", b"[host.a]\nos = \"f\xfcr\"\n");
    fleet.write("hosts/huge.toml", vec![b' '; (16 << 20) + 1]);
    fleet.write("hosts/empty.toml", "");
    fleet.write("hosts/empty.json", "");
    fleet.write("hosts/list.json", "[]");
    fleet.write("hosts/directory.toml/x", "");
    fleet.link("hosts/dangling.toml", "nowhere.toml");
    fleet.link("hosts/self.toml", "self.toml");
    fleet.link("hosts/circle", "../hosts");
    fleet.link("hosts/out.toml", "/etc/passwd");
    fleet.write("tags", "a file");
    let loaded = fleet.load();
    insta::assert_snapshot!(said(&loaded).join("\n"));
    assert!(loaded.incomplete);
    assert!(loaded.is_defined("host", "web1"));
}

#[test]
fn a_missing_fleet_is_one_diagnostic() {
    let directory = tempfile::tempdir().unwrap();
    let loaded = load(directory.path(), &LoadOptions::default());
    assert_eq!(said(&loaded), ["unreadable-file fleet.toml:1: there is no `fleet.toml` in this directory"]);
    assert!(loaded.document.is_none());
}

#[test]
fn the_fleet_stands_in_its_file_and_only_there() {
    let fleet = Fleet::new();
    fleet.write("fleet.toml", "[tag.web]\n").write("hosts/a.toml", FLEET);
    assert_eq!(
        fleet.said(),
        [
            "missing-key fleet.toml:1: `fleet.toml` lacks the table `[fleet]`",
            "unknown-key hosts/a.toml:1: `fleet` stands in `fleet.toml` only",
        ]
    );
}

#[test]
fn include_replaces_the_list_of_places() {
    let fleet = Fleet::new();
    fleet.write("fleet.toml", "[fleet]\nname = \"shop\"\ninclude = [\"defs/**/*.toml\", \"files/*.toml\"]\n");
    fleet
        .write("hosts/web1.toml", HOST)
        .write("defs/a/b.toml", "[tag.web]\n")
        .write("files/x.toml", "payload");
    let loaded = fleet.load();
    assert_eq!(
        said(&loaded),
        ["include-matches-nothing fleet.toml:3: no definition file matches `files/*.toml`"]
    );
    assert!(loaded.is_defined("tag", "web") && !loaded.is_defined("host", "web1"));
}

#[test]
fn a_definition_with_errors_is_left_out_and_its_name_is_known() {
    let fleet = Fleet::new();
    fleet.write("hosts/a.toml", format!("{HOST}[host.web2]\nos = \"debian-12\"\n"));
    let loaded = fleet.load();
    assert_eq!(said(&loaded), ["missing-key hosts/a.toml:4: `host.web2` lacks the key `arch`"]);
    assert!(loaded.is_left_out("host", "web2") && loaded.is_defined("host", "web2"));
    let hosts = loaded.document.as_ref().unwrap().get(&["host"]).unwrap().as_table().unwrap();
    assert_eq!(hosts.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["web1"]);
    assert!(!loaded.incomplete);
}

#[test]
fn nesting_of_100_000_levels_ends_in_a_diagnostic() {
    let deep = 100_000;
    for (name, text) in [
        ("a.toml", format!("x = {}", "[".repeat(deep))),
        ("a.toml", format!("x = {}1{}", "[".repeat(deep), "]".repeat(deep))),
        ("a.toml", format!("x = {}", "{a=".repeat(deep))),
        ("a.toml", format!("{}x = 1", "a.".repeat(deep))),
        ("a.toml", format!("[{}x]", "a.".repeat(deep))),
        ("a.toml", format!("[{}x]", "'a' . ".repeat(deep))),
        ("a.json", "[".repeat(deep)),
        ("a.json", r#"{"a":"#.repeat(deep)),
        ("a.json", format!("{}{}", r#"{"a":"#.repeat(deep), "}".repeat(deep))),
    ] {
        let fleet = Fleet::new();
        fleet.write(&format!("hosts/{name}"), &text);
        let said = fleet.said();
        assert!(said.len() == 1 && said[0].starts_with("too-deep"), "{:?}: {said:?}", &text[..20]);
    }
}

#[test]
fn numbers_and_dates_that_no_definition_holds_are_reported_once() {
    let fleet = Fleet::new();
    fleet.write(
        "tags/a.toml",
        "[tag.a.vars]\na = 9223372036854775808\nb = nan\nc = inf\nd = 2024-01-01\ne = 1e999\nf = [1979-05-27T07:32:00Z]\n",
    );
    fleet.write("tags/b.json", r#"{"tag": {"b": {"vars": {"a": 9223372036854775808, "b": 1e999}}}}"#);
    insta::assert_snapshot!(fleet.said().join("\n"));
}

#[test]
fn duplicates_show_both_places() {
    let fleet = Fleet::new();
    fleet.write("services/a.toml", "[service.a.daemon]\nexec = [\"/x\"]\nuser = \"a\"\nuser = \"b\"\n");
    fleet.write("services/b.toml", "[service.b.daemon]\nexec = [\"/x\"]\nlimits = { core = 1, core = 2 }\n");
    fleet.write("services/c.toml", "[service.c]\n[service.d]\n[service.c]\nstate.x = 1\nstate.x = 2\n");
    fleet.write("services/d.json", r#"{"service": {"e": {"unit": "a", "unit": "b"}, "d": {}}}"#);
    let loaded = fleet.load();
    let mut shown = String::new();
    for diagnostic in &loaded.diagnostics {
        let place = |label: &cmc_types::Label| {
            let at = loaded.sources.line_column(label.place.file, label.place.span.start);
            format!("{}:{}:{}", loaded.sources.name(label.place.file), at.line, at.column)
        };
        let others: Vec<_> = diagnostic.others.iter().map(place).collect();
        let primary = diagnostic.primary.as_ref().map(place).unwrap();
        writeln!(shown, "{primary} {} {} {others:?}", diagnostic.code, diagnostic.message).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn syntax_errors_do_not_cascade() {
    let fleet = Fleet::new();
    fleet.write("services/a.toml", "[service.a\nunit = \n".repeat(2000));
    let said = fleet.said();
    assert!(said.len() <= Limits::default().syntax_errors + 5, "{}", said.len());
    let fleet = Fleet::new();
    fleet.write(
        "hosts/a.toml",
        "[host.web1]\nos = \"debian-12\"\narch = \n[host.web2]\nos = 1\narch = \"x86_64\"\n",
    );
    insta::assert_snapshot!(fleet.said().join("\n"));
}

#[test]
fn byte_order_marks_and_carriage_returns_change_nothing() {
    let fleet = Fleet::new();
    fleet.write("tags/a.toml", "\u{feff}[tag.a]\r\nvars = { x = 1 }\r\n");
    fleet.write("tags/b.json", "\u{feff}{\"tag\":\r\n{\"b\": {\"vrs\": {}}}}\r\n");
    let loaded = fleet.load();
    assert_eq!(said(&loaded), ["unknown-key tags/b.json:2: unknown key `vrs` in `tag.b`"]);
    assert!(loaded.is_defined("tag", "a"));
}

#[test]
fn pipes_and_unreadable_files_neither_block_nor_stop_the_rest() {
    let fleet = Fleet::new();
    fleet.write("hosts/secret.toml", HOST).write("tags/web.toml", "[tag.web]\n");
    let pipe = fleet.0.path().join("hosts/pipe.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let secret = fleet.0.path().join("hosts/secret.toml");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(&secret, mode).unwrap();
    let mut expected = vec!["unreadable-file hosts/pipe.toml:1: `hosts/pipe.toml` is not a regular file"];
    // Root reads what nobody may.
    if std::fs::read(&secret).is_err() {
        expected.push(
            "unreadable-file hosts/secret.toml:1: `hosts/secret.toml` cannot be read: permission denied",
        );
    }
    let loaded = fleet.load();
    assert_eq!(said(&loaded), expected);
    assert!(loaded.is_defined("tag", "web"));
}

#[test]
fn extra_definitions_are_read_like_files() {
    let fleet = Fleet::new();
    let bytes = br#"{"host": {"gen1": {"os": "alpine-3.20", "arch": "x86_64"}}}"#.to_vec();
    let options = LoadOptions { with: vec![Extra { name: "-".into(), bytes }], ..Default::default() };
    let loaded = load(fleet.0.path(), &options);
    assert_eq!(said(&loaded), Vec::<String>::new());
    assert!(loaded.is_defined("host", "gen1"));
}

const SERVICE: &str = r#"
[service.api]
on = ["@web", "!web9"]
use = ["go"]
[service.api.daemon]
exec = ["/usr/local/bin/api", "--port", "{{ env.PORT }}"]
restart-delay = "5s"
limits = { open-files = 65536, memory = "1G" }
[service.api.env]
PORT = { type = "port", value = "{{ vars.api_port }}" }
[service.api.file."/etc/api/config.yaml"]
content = '''
a = "b"
'''
mode = "0640"
"#;

fn load_text(name: &str, text: &[u8]) -> Loaded {
    let fleet = Fleet::new();
    fleet.write(name, text);
    fleet.load()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..Default::default() })]

    /// Whatever happens to a byte, there is a finding or a document, and never a panic.
    #[test]
    fn mutated_definitions_give_a_finding_or_a_document(
        edits in prop::collection::vec((0..SERVICE.len(), any::<u8>(), 0..3u8), 1..4),
    ) {
        let mut bytes = SERVICE.as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at.min(bytes.len() - 1);
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let loaded = load_text("services/api.toml", &bytes);
        let document = loaded.document.as_ref().expect("fleet.toml can be read");
        let defined = document.get(&["service"]).and_then(Node::as_table).is_some_and(|table| !table.is_empty());
        prop_assert!(defined || !loaded.diagnostics.is_empty());
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[\\[\\]{}\"'a.=,\\n\\\\# 0-9-]{0,80}") {
        load_text("services/api.toml", text.as_bytes());
        load_text("services/api.json", text.as_bytes());
    }
}
