use super::*;
use crate::hostile;
use proptest::prelude::*;

fn name(index: usize) -> EnvName {
    EnvName::parse(&format!("V{index}")).unwrap()
}

/// The hostile strings that a dialect carries, as one file.
fn carried(dialect: Dialect) -> EnvFile {
    let values = hostile::strings().into_iter().filter(|value| encode(dialect, value).is_ok());
    let values: Vec<_> = values.collect();
    assert!(values.len() > 1500, "{dialect:?} carries only {}", values.len());
    let variables = values.into_iter().enumerate().map(|(index, value)| (name(index), value)).collect();
    EnvFile { comments: vec!["Made by a test".into()], variables }
}

/// Compares with the NUL-separated output of a program that read the file.
fn compare(file: &EnvFile, output: &[u8]) {
    let output = String::from_utf8(output.to_vec()).unwrap();
    let read: std::collections::HashMap<_, _> =
        output.split('\0').filter_map(|line| line.split_once('=')).collect();
    for (name, value) in &file.variables {
        assert_eq!(read.get(name.as_str()), Some(&value.as_str()), "{name} of {value:?}");
    }
}

/// Compares with the NUL-separated output of a program that gives what the file says and nothing else.
fn compare_all(dialect: Dialect, file: &EnvFile, output: &[u8]) {
    compare(file, output);
    assert_eq!(output.iter().filter(|byte| **byte == 0).count(), file.variables.len(), "{dialect:?}");
    let (all, carried) = (hostile::strings().len(), file.variables.len());
    assert!(all > 10_000);
    println!(
        "{dialect:?}: {all} hostile strings, {carried} carried, {} refused, 0 injections",
        all - carried
    );
}

#[test]
fn every_dialect_reads_back_what_it_prints() {
    for dialect in Dialect::ALL {
        let file = carried(dialect);
        let text = file.print(dialect).unwrap();
        let read = EnvFile::parse(dialect, &text).unwrap();
        for (expected, found) in file.variables.iter().zip(&read.variables) {
            assert_eq!(expected, found, "{dialect:?}");
        }
        assert!(read == file, "{dialect:?}");
    }
}

#[test]
fn dash_reads_what_the_shell_dialect_prints() {
    let Some(mut dash) = hostile::program("dash", "env file, sh dialect") else { return };
    let file = carried(Dialect::Sh);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.env");
    std::fs::write(&path, file.print(Dialect::Sh).unwrap()).unwrap();
    let script = "set -a && . \"$0\" && set +a && exec env -0";
    let output = dash.args(["-c", script]).arg(&path).current_dir(folder.path()).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    compare(&file, &output.stdout);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the file ran something");
    assert!(file.variables.len() > 10_000, "the shell takes every string: {}", file.variables.len());
}

#[test]
fn systemd_reads_what_the_systemd_dialect_prints() {
    const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so";
    const ORACLE: &str = r#"
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
result = ctypes.POINTER(ctypes.c_char_p)()
code = library.load_env_file(None, sys.argv[2].encode(), ctypes.byref(result))
assert code >= 0, code
index = 0
while result[index] is not None:
    sys.stdout.buffer.write(result[index] + b"\0")
    index += 1
"#;
    if !std::path::Path::new(LIBRARY).exists() {
        eprintln!("SKIPPED env file, systemd dialect: {LIBRARY} is not there");
        return;
    }
    let Some(mut python) = hostile::program("python3", "env file, systemd dialect") else { return };
    let file = carried(Dialect::Systemd);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.env");
    std::fs::write(&path, file.print(Dialect::Systemd).unwrap()).unwrap();
    let output = python.args(["-c", ORACLE, LIBRARY]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    compare_all(Dialect::Systemd, &file, &output.stdout);
}

#[test]
fn pam_env_reads_what_its_dialect_prints() {
    const TEST: &str = "env file, pam_env dialect";
    // A session of a service of our own, whose only module is pam_env; no configuration of the machine takes part.
    const ORACLE: &str = r#"
import ctypes, sys
try:
    pam = ctypes.CDLL("libpam.so.0")
    start = pam.pam_start_confdir
except (OSError, AttributeError):
    sys.exit(77)
class Conversation(ctypes.Structure):
    _fields_ = [("function", ctypes.c_void_p), ("data", ctypes.c_void_p)]
handle = ctypes.c_void_p()
talk = Conversation(None, None)
code = start(b"cmc", b"root", ctypes.byref(talk), sys.argv[1].encode(), ctypes.byref(handle))
assert code == 0, code
code = pam.pam_open_session(handle, 0)
if code == 28:
    sys.exit(77)
assert code == 0, code
pam.pam_getenvlist.restype = ctypes.POINTER(ctypes.c_char_p)
result = pam.pam_getenvlist(handle)
index = 0
while result[index] is not None:
    sys.stdout.buffer.write(result[index] + b"\0")
    index += 1
"#;
    let Some(mut python) = hostile::program("python3", TEST) else { return };
    let file = carried(Dialect::PamEnv);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.env");
    std::fs::write(&path, file.print(Dialect::PamEnv).unwrap()).unwrap();
    let options = format!("readenv=1 user_readenv=0 conffile=/dev/null envfile={}", path.display());
    std::fs::write(folder.path().join("cmc"), format!("session required pam_env.so {options}\n")).unwrap();
    let output = python.args(["-c", ORACLE]).arg(folder.path()).output().unwrap();
    if output.status.code() == Some(77) {
        return cmc_testing::skip(TEST, "Linux-PAM 1.4 with pam_env is not installed");
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    compare_all(Dialect::PamEnv, &file, &output.stdout);
}

/// What `docker run --env-file` makes of a file, after docker's opts/file.go: lines, blanks before them away, no comments,
/// and of the rest what stands before and behind the first `=`.
fn docker_reads(text: &str) -> Vec<(String, String)> {
    let mut read = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        assert!(line.len() < 64 * 1024, "docker's scanner gives up");
        let line = if index == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').expect("docker takes it out of its own environment");
        assert!(!name.is_empty() && !name.contains([' ', '\t']), "docker refuses {line:?}");
        read.push((name.to_owned(), value.to_owned()));
    }
    read
}

#[test]
fn docker_s_rules_read_what_its_dialect_prints() {
    let file = carried(Dialect::Docker);
    let read = docker_reads(&file.print(Dialect::Docker).unwrap());
    let output: String = read.iter().map(|(name, value)| format!("{name}={value}\0")).collect();
    compare_all(Dialect::Docker, &file, output.as_bytes());
}

#[test]
fn refusals_name_the_dialect_and_the_character_and_no_value() {
    let cases = [
        (Dialect::Systemd, "s3cret\r"),
        (Dialect::Sh, "s3cret\0"),
        (Dialect::Docker, "s3cret\nline"),
        (Dialect::PamEnv, "s3cret#x"),
        (Dialect::PamEnv, "s3cret\nline"),
    ];
    let messages: Vec<_> = cases
        .iter()
        .map(|(dialect, value)| {
            let variables = vec![(EnvName::parse("TOKEN").unwrap(), (*value).to_owned())];
            EnvFile { comments: vec![], variables }.print(*dialect).unwrap_err().to_string()
        })
        .collect();
    assert!(messages.iter().all(|message| !message.contains("s3cret")));
    insta::assert_snapshot!(messages.join("\n"), @r"
    a systemd environment file cannot carry U+000D (carriage return) in variable TOKEN: systemd takes no control characters but tab and line feed
    a shell environment file cannot carry U+0000 (NUL) in variable TOKEN: no environment variable holds NUL
    a docker environment file cannot carry U+000A (line feed) in variable TOKEN: a variable is one line
    a pam_env environment file cannot carry '#' in variable TOKEN: it begins a comment, even inside quotes
    a pam_env environment file cannot carry U+000A (line feed) in variable TOKEN: a variable is one line of text
    ");
}

#[test]
fn plain_values_look_the_same_in_every_dialect() {
    let variables = vec![(EnvName::parse("URL").unwrap(), "postgres://db:5432/app?x=1".to_owned())];
    let file = EnvFile { comments: vec![], variables };
    let unquoted = [Dialect::Docker, Dialect::PamEnv].map(|dialect| file.print(dialect).unwrap());
    assert_eq!(unquoted, ["URL=postgres://db:5432/app?x=1\n"; 2]);
    assert_eq!(file.print(Dialect::Sh).unwrap(), "URL='postgres://db:5432/app?x=1'\n");
}

#[test]
fn debug_prints_no_value() {
    let file = EnvFile { comments: vec![], variables: vec![(name(1), "hush".into())] };
    assert!(!format!("{file:?}").contains("hush"));
}

#[test]
fn too_long_lines_are_refused() {
    let long = |length| EnvFile { comments: vec![], variables: vec![(name(1), "x".repeat(length))] };
    assert!(long(1019).print(Dialect::PamEnv).is_ok());
    assert!(long(1020).print(Dialect::PamEnv).is_err());
    assert!(long(65_533).print(Dialect::Docker).is_err());
}

proptest! {
    #[test]
    fn round_trip(values in prop::collection::vec(any::<String>(), 0..6)) {
        for dialect in Dialect::ALL {
            let variables = values.iter().filter(|value| encode(dialect, value).is_ok());
            let variables = variables.enumerate().map(|(index, value)| (name(index), value.clone())).collect();
            let file = EnvFile { comments: vec!["x".into()], variables };
            let text = file.print(dialect).unwrap();
            prop_assert!(EnvFile::parse(dialect, &text).unwrap() == file);
        }
    }

    #[test]
    fn parsers_never_panic(text in any::<String>()) {
        for dialect in Dialect::ALL {
            let _ = EnvFile::parse(dialect, &text);
        }
    }
}
