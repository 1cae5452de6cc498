//! The programs of this machine find in files of hostile text what was meant, line by line, and nothing else.

use super::*;
use crate::hostile;
use cron::{Job, Says, Schedule};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

/// What a program says that gets a file on its standard input.
fn fed(mut program: std::process::Command, arguments: &[&str], text: &str) -> Output {
    let program = program.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    output
}

fn counted(format: &str, carried: usize) {
    let all = hostile::strings().len();
    assert!(all > 10_000 && carried > 3000, "{format}: {carried} of {all}");
    println!("{format}: {all} hostile strings, {carried} carried, 0 injections");
}

/// All that is under a folder: the path in it, and what a file holds.
fn tree(root: &Path, under: &str, found: &mut BTreeMap<String, Option<String>>) {
    for entry in std::fs::read_dir(root.join(under)).unwrap() {
        let entry = entry.unwrap();
        let path =
            format!("{under}/{}", entry.file_name().to_str().unwrap()).trim_start_matches('/').to_owned();
        if entry.file_type().unwrap().is_dir() {
            found.insert(path.clone(), None);
            tree(root, &path, found);
        } else {
            found.insert(path, Some(std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

#[test]
fn systemd_tmpfiles_makes_what_was_meant() {
    let mut file: File<tmpfiles::Entry> = File::new();
    let mut expected = BTreeMap::new();
    expected.extend(["text", "named"].map(|folder| (folder.to_owned(), None)));
    let entry = |kind, path: String, argument| tmpfiles::Entry {
        kind: tmpfiles::Kind::of(kind).unwrap(),
        modifiers: Vec::new(),
        path,
        mode: None,
        user: None,
        group: None,
        age: None,
        argument,
    };
    let mut carried = 0;
    for (number, text) in hostile::strings().into_iter().enumerate() {
        let path = format!("text/{number}");
        // Specifiers and escapes are the entry's own.
        let argument = text.replace('\\', "\\\\").replace('%', "%%");
        if !text.is_empty() && file.push(entry('f', format!("/{path}"), Some(argument))).is_ok() {
            expected.insert(path, Some(text.clone()));
            carried += 1;
        }
        let path = format!("named/{number}{text}");
        if !text.contains('/') && file.push(entry('f', format!("/{}", path.replace('%', "%%")), None)).is_ok()
        {
            expected.insert(path, Some(String::new()));
        }
    }
    let Some(program) = hostile::program("systemd-tmpfiles", "tmpfiles.d made by systemd-tmpfiles") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let argument = format!("--root={}", root.path().display());
    let output = fed(program, &["--create", &argument, "-"], &file.print());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", &said[..said.len().min(2000)]);
    let mut found = BTreeMap::new();
    tree(root.path(), "", &mut found);
    for (path, text) in &expected {
        assert_eq!(found.get(path), Some(text), "{path:?}");
    }
    assert_eq!(found.len(), expected.len());
    counted("tmpfiles.d", carried);
}

#[test]
fn systemd_sysusers_makes_the_accounts_that_were_meant() {
    let mut file: File<sysusers::Entry> = File::new();
    let mut expected = BTreeSet::new();
    for (number, text) in (100_000..).zip(hostile::strings()) {
        let name = format!("u{number}");
        let user = |gecos: &str, home: &str| sysusers::Entry::User {
            name: name.clone(),
            locked: false,
            id: Some(sysusers::Id::Number(number)),
            group: None,
            gecos: Some(gecos.replace('%', "%%")),
            home: Some(home.replace('%', "%%")),
            shell: Some("/bin/sh".to_owned()),
        };
        // `//` and `/` at the end are made one and none.
        let home = format!("/h{text}");
        if !text.is_empty() && !text.contains('/') && file.push(user(&text, &home)).is_ok() {
            expected.insert(format!("{name}:x:{number}:{number}:{text}:{home}:/bin/sh"));
        }
    }
    let Some(program) = hostile::program("systemd-sysusers", "sysusers.d made by systemd-sysusers") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("etc")).unwrap();
    let argument = format!("--root={}", root.path().display());
    let output = fed(program, &[&argument, "-"], &file.print());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", &said[..said.len().min(2000)]);
    let passwd = std::fs::read_to_string(root.path().join("etc/passwd")).unwrap();
    let found: BTreeSet<String> = passwd.split_terminator('\n').map(str::to_owned).collect();
    let odd: Vec<_> = found.symmetric_difference(&expected).take(6).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    counted("sysusers.d", expected.len());
}

#[test]
fn sysctl_reads_the_settings_that_were_meant() {
    let mut file: File<sysctl::Entry> = File::new();
    let (mut expected, mut unknown) = (Vec::new(), Vec::new());
    for (number, text) in hostile::strings().into_iter().enumerate() {
        let mut push = |key: &str, value: &str| {
            let entry = sysctl::Entry {
                dialect: sysctl::Dialect::Linux,
                ignore_failure: false,
                key: key.to_owned(),
                value: Some(value.to_owned()),
            };
            file.push(entry).is_ok()
        };
        if push("kernel.hostname", &text) {
            expected.push(format!("kernel.hostname = {text}"));
        }
        // `.` and `/` change places; a pattern that fits nothing says nothing.
        let key = format!("nowhere.{number}{text}");
        if !text.contains(['.', '/', '*', '?', '[']) && push(&key, "1") {
            unknown.push(format!("/proc/sys/nowhere/{number}{text}:"));
        }
    }
    const TEST: &str = "sysctl.d read by sysctl";
    let Some(mut program) = hostile::program("sysctl", TEST) else { return };
    let help = program.arg("--help").output().unwrap();
    if !String::from_utf8_lossy(&help.stdout).contains("--dry-run") {
        return cmc_testing::skip(TEST, "this sysctl has no --dry-run");
    }
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), file.print()).unwrap();
    let mut program = std::process::Command::new("sysctl");
    let output = program.args(["--dry-run", "-p"]).arg(path.path()).output().unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    for (read, expected) in read.split_terminator('\n').zip(&expected) {
        assert_eq!(read, expected);
    }
    assert_eq!(read.split_terminator('\n').count(), expected.len());
    let said = String::from_utf8(output.stderr).unwrap();
    for (said, unknown) in said.split_terminator('\n').zip(&unknown) {
        assert!(said.contains(unknown.as_str()), "{said:?} {unknown:?}");
    }
    assert_eq!(said.split_terminator('\n').count(), unknown.len());
    counted("sysctl.d", expected.len());
}

/// A line of a crontab as Vixie's cron reads it (`load_env` of env.c, then `load_entry` of entry.c): a variable with its
/// value, or `@daily` and the command.
fn cron_reads(line: &str) -> (String, String) {
    enum At {
        Name,
        Equals,
        Before,
        Value,
        End,
    }
    let blank = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
    let line = line.trim_start_matches([' ', '\t']);
    let (mut name, mut value) = (String::new(), String::new());
    let (mut at, mut quote) = (At::Name, None);
    let mut variable = true;
    for c in line.chars() {
        match at {
            At::Name if name.is_empty() && quote.is_none() && matches!(c, '"' | '\'') => quote = Some(c),
            At::Name if quote == Some(c) => (at, quote) = (At::Equals, None),
            At::Name if quote.is_none() && c == '=' => at = At::Before,
            At::Name if quote.is_none() && blank(c) => at = At::Equals,
            At::Name => name.push(c),
            At::Equals if c == '=' => at = At::Before,
            At::Equals if blank(c) => {}
            At::Equals => variable = false,
            At::Before if blank(c) => {}
            At::Before => {
                at = At::Value;
                if matches!(c, '"' | '\'') { quote = Some(c) } else { value.push(c) }
            }
            At::Value if quote == Some(c) => (at, quote) = (At::End, None),
            At::Value => value.push(c),
            At::End => variable &= blank(c),
        }
        if !variable {
            break;
        }
    }
    if variable && matches!(at, At::Value | At::End) && quote.is_none() {
        let value = if matches!(at, At::Value) { value.trim_end_matches(blank) } else { &value };
        return (name, value.to_owned());
    }
    let (time, command) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    (time.to_owned(), command.trim_start_matches([' ', '\t']).to_owned())
}

#[test]
fn cron_reads_the_commands_and_variables_that_were_meant() {
    let table = Table { dialect: Dialect::Debian, user_column: false };
    let daily = Schedule::Nickname(cron::Nickname::of("daily", Dialect::Debian).unwrap());
    let mut file: File<cron::Entry> = File::new();
    let mut expected = Vec::new();
    let mut commands = 0;
    for (number, text) in hostile::strings().into_iter().enumerate() {
        let job = Job { schedule: daily.clone(), user: None, flags: Vec::new(), command: text.clone() };
        if file.push(cron::Entry { table, line: Says::Job(job) }).is_ok() {
            expected.push(("@daily".to_owned(), text.clone()));
            commands += 1;
        }
        let name = format!("V{number}");
        let line = Says::Variable { name: name.clone(), value: text.clone() };
        if file.push(cron::Entry { table, line }).is_ok() {
            expected.push((name, text.clone()));
        }
        let line = Says::Variable { name: text.clone(), value: "x".to_owned() };
        if file.push(cron::Entry { table, line }).is_ok() {
            expected.push((text, "x".to_owned()));
        }
    }
    let printed = file.print();
    let lines: Vec<&str> = printed.split_terminator('\n').collect();
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(cron_reads(line), *expected, "{line:?}");
    }
    assert_eq!(lines.len(), expected.len());
    const TEST: &str = "crontabs of hostile text taken by crontab -n";
    // Debian's takes no more lines at once.
    for lines in lines.chunks(10_000) {
        let Some(mut program) = hostile::program("crontab", TEST) else { return };
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), lines.join("\n") + "\n").unwrap();
        let output = program.arg("-n").arg(path.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("usage") || said.contains("not allowed") {
            return cmc_testing::skip(TEST, "this crontab has no -n");
        }
        assert!(output.status.success(), "{}", &said[..said.len().min(2000)]);
    }
    counted("crontab", commands);
}
