//! The example is run as it is, and does what its first line says.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn run(list: &str, out: &std::path::Path) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_own-tool"))
        .arg(out)
        .current_dir(out)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_program_of_forty_lines_generates_a_fleet_and_builds_it() {
    let out = tempfile::tempdir().unwrap();
    let output = run("till1 8080\ntill2 8081\n", out.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    for (host, port) in [("till1", 8080), ("till2", 8081)] {
        let read = |path: &str| std::fs::read_to_string(out.path().join(host).join(path)).unwrap();
        let expected = format!("{{\"name\": \"{host}\", \"port\": {port}}}\n");
        assert_eq!(read("etc/till.json"), expected);
        let unit = read("etc/systemd/system/till.service");
        assert!(unit.contains(&format!("ExecStart=/usr/local/bin/till {port}\n")), "{unit}");
        assert!(unit.contains("User=www-data\n") && unit.contains("ProtectSystem=strict\n"), "{unit}");
    }
    let program = include_str!("../src/main.rs");
    let lines = program.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"));
    let lines = lines.filter(|line| !line.starts_with("use ")).count();
    assert!(lines <= 40, "the example has {lines} lines of code");
}

#[test]
fn a_mistake_in_the_list_is_told_and_nothing_is_written() {
    let out = tempfile::tempdir().unwrap();
    let output = run("till 1 8080\n", out.path());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let output = run("Till1 8080\n", out.path());
    assert!(text(&output.stderr).contains("not a valid host name"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn what_the_compiler_refuses_is_shown_at_its_place_in_the_generated_document() {
    let out = tempfile::tempdir().unwrap();
    let output = run("", out.path());
    let said = text(&output.stderr);
    assert!(said.contains("document.json:8:9: error: there is no tag \"till\" [unknown-tag]"), "{said}");
}
