//! What systemd itself makes of hostile strings: its own word splitter and its own reader of units.

use super::{Unit, encode_argv, encode_text};
use crate::hostile;
use cmc_testing::skip;
use std::fmt::Write as _;
use std::process::Command;

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so";

/// Splits every line as `config_parse_exec` does, expands `%%` and `$$`, and prints the words after the program.
const SPLITTER: &str = r#"
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
libc = ctypes.CDLL(None)
libc.free.argtypes = [ctypes.c_void_p]
UNQUOTE_AND_CUNESCAPE = 1 << 5 | 1 << 1
def words(line):
    buffer = ctypes.create_string_buffer(line)
    at = ctypes.cast(buffer, ctypes.c_char_p)
    found = []
    while True:
        word = ctypes.c_void_p()
        code = library.extract_first_word(ctypes.byref(at), ctypes.byref(word), None, UNQUOTE_AND_CUNESCAPE)
        assert code >= 0, (line, code)
        if code == 0:
            return found
        found.append(ctypes.string_at(word))
        libc.free(word)
def single(word, sign):
    parts = word.split(sign + sign)
    assert not any(sign in part for part in parts), word
    return sign.join(parts)
for line in open(sys.argv[2], "rb").read().split(b"\n")[:-1]:
    program, argument = words(line)
    assert program == b"/bin/true", line
    sys.stdout.buffer.write(single(single(argument, b"%"), b"$") + b"\0")
"#;

#[test]
fn ten_thousand_hostile_arguments_are_split_by_systemd_as_they_were_meant() {
    const NAME: &str = "ten_thousand_hostile_arguments_are_split_by_systemd_as_they_were_meant";
    if !std::path::Path::new(LIBRARY).exists() {
        return skip(NAME, "libsystemd-shared-252 is not installed");
    }
    let Some(mut python) = hostile::program("python3", NAME) else { return };
    let (mut lines, mut meant) = (String::new(), Vec::new());
    let all = hostile::strings();
    assert!(all.len() > 10_000);
    for text in all {
        match encode_argv(&["/bin/true", &text]) {
            Ok(line) => {
                writeln!(lines, "{line}").unwrap();
                meant.push(text);
            }
            Err(refused) => assert!(matches!(refused.character, '\n' | '\r' | '\0'), "{text:?}: {refused}"),
        }
    }
    // The others hold a line break, which no unit carries.
    assert!(meant.len() > 9_000, "{}", meant.len());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines");
    std::fs::write(&path, lines).unwrap();
    let output = python.args(["-c", SPLITTER, LIBRARY]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    hostile::arrived(&meant, &output.stdout);
}

#[test]
fn ten_thousand_hostile_values_inject_nothing_into_a_unit_that_systemd_reads() {
    const NAME: &str = "ten_thousand_hostile_values_inject_nothing_into_a_unit_that_systemd_reads";
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return skip(NAME, "systemd-analyze is not installed");
    }
    let mut unit = Unit::new();
    unit.push("Unit", "DefaultDependencies", "no").unwrap();
    unit.push("Service", "Type", "oneshot").unwrap();
    let mut count = 2;
    for text in hostile::strings() {
        if let Ok(value) = encode_text(&text) {
            unit.push("Unit", "Description", &value).unwrap();
            count += 1;
        }
        if let Ok(value) = encode_argv(&["/bin/true", &text]) {
            unit.push("Service", "ExecStart", &value).unwrap();
            count += 1;
        }
    }
    assert!(count > 15_000, "{count}");
    assert_eq!(Unit::parse(&unit.print()).unwrap().entries().count(), count);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.service");
    std::fs::write(&path, unit.print()).unwrap();
    let output = Command::new("systemd-analyze")
        .args(["--man=no", "--recursive-errors=no", "verify"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let about = said.lines().filter(|line| line.contains("hostile.service")).collect::<Vec<_>>();
    assert!(about.is_empty(), "{} findings, the first: {:?}", about.len(), about.first());
}
