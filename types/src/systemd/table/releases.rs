//! Promises of values: which release of systemd takes them, and that an unknown specifier is none.

use super::super::choices::{NAMESPACES, SYSCALL_GROUPS};
use super::tests::verdicts;
use super::*;
use crate::systemd::directive;
use cmc_testing::skip;
use std::fmt::Write as _;

/// The words of a kind that systemd judges when it reads a unit: it passes over conditions that it does not know.
fn words_of(kind: Kind) -> Vec<&'static str> {
    let words = match kind {
        Kind::Choice(words)
        | Kind::BoolOr(words)
        | Kind::ChoiceOf(words)
        | Kind::BoolOrSome(words)
        | Kind::Stream(words) => words,
        Kind::Namespaces => NAMESPACES,
        Kind::Syscalls => SYSCALL_GROUPS,
        _ => return Vec::new(),
    };
    words.known(None).collect()
}

/// Forms and specifiers that came with some release up to 262.
const FORMS: &[(Section, &str, &[&str])] = &[
    (Section::Unit, "Description", &["%a %o %w %B %W %l", "%A %M", "%d %q %y %Y", "%D"]),
    (Section::Service, "StateDirectory", &["api:link", "/api:link"]),
    (Section::Service, "RestrictAddressFamilies", &["none"]),
    (Section::Service, "CPUWeight", &["idle"]),
    (Section::Service, "NUMAMask", &["all"]),
    (Section::Service, "SystemCallErrorNumber", &["kill", "log"]),
    (Section::Service, "SystemCallFilter", &["~read:kill"]),
    (Section::Service, "StandardOutput", &["truncate:/x", "append:/x"]),
    (Section::Service, "ProtectHostname", &["private", "private:web"]),
    (Section::Service, "ReadOnlyPaths", &["-+/x", "+/x", "+-/x", "--/x", "++/x"]),
    (Section::Service, "BindPaths", &["/a:/b:norbind", "/a:/b:idmap"]),
];

#[test]
fn systemd_252_takes_every_choice_marked_for_it_and_refuses_the_newer() {
    const NAME: &str = "systemd_252_takes_every_choice_marked_for_it_and_refuses_the_newer";
    if !is_252() {
        return skip(NAME, "systemd-analyze 252 is not installed");
    }
    let mut rows = Vec::new();
    for row in DIRECTIVES.iter().filter(|row| row.since.is_none_or(|since| since <= 252)) {
        let section = row.sections[0];
        let words = words_of(row.kind);
        if !words.is_empty() && !matches!(section, Section::Install | Section::Scope) {
            rows.push((row, section, words));
        }
    }
    for (section, key, values) in FORMS {
        rows.push((directive(*section, key).unwrap(), *section, values.to_vec()));
    }
    let verdicts = verdicts(&rows);
    let mut wrong = String::new();
    for (row, section, words) in rows {
        for word in words {
            let name = format!("{}.{}={word}", section.name(), row.key);
            let cmc = row.check_for(word, Some(252)).is_ok() && row.newer(word, 252).is_none();
            if cmc != verdicts[&name] && !is_discouraged(row.key, word) {
                writeln!(wrong, "{name}: cmc {cmc}, systemd {}", verdicts[&name]).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn an_unknown_specifier_is_told_wherever_systemd_252_refuses_one() {
    const NAME: &str = "an_unknown_specifier_is_told_wherever_systemd_252_refuses_one";
    if !is_252() {
        return skip(NAME, "systemd-analyze 252 is not installed");
    }
    let values = ["%Q", "/x/%Q", "x%Qy", "A=%Q"];
    let rows = DIRECTIVES.iter().filter(|row| row.since.is_none_or(|since| since <= 252));
    let rows = rows.filter(|row| row.replaced_by.is_none() && row.kind != Kind::Commands);
    let read = rows.filter(|row| !matches!(row.sections[0], Section::Install | Section::Scope));
    let rows: Vec<_> = read.map(|row| (row, row.sections[0], values.to_vec())).collect();
    let verdicts = verdicts(&rows);
    let mut holes = String::new();
    for (row, section, values) in rows {
        for value in values {
            let name = format!("{}.{}={value}", section.name(), row.key);
            if row.check(value).is_ok() && !verdicts[&name] {
                writeln!(holes, "{name}").unwrap();
            }
        }
    }
    assert!(holes.is_empty(), "taken by cmc only:\n{holes}");
}

fn is_252() -> bool {
    let version = std::process::Command::new("systemd-analyze").arg("--version").output();
    version.is_ok_and(|output| output.stdout.starts_with(b"systemd 252"))
}

/// What systemd takes with a remark, what it passes over in silence if it does not know it, and what depends on the
/// machine.
fn is_discouraged(key: &str, word: &str) -> bool {
    matches!(key, "SecureBits" | "Personality")
        || (key == "KillMode" && word == "none")
        || (key.starts_with("Standard") && word.starts_with("syslog"))
}

#[test]
fn a_value_says_which_release_of_systemd_it_needs() {
    let newer = |section, key, value: &str, have| {
        let row = directive(section, key).unwrap();
        assert_eq!(row.check(value), Ok(()), "{key}={value}");
        row.newer(value, have).map(|newer| (newer.what, newer.since))
    };
    let service = |key, value: &str| newer(Section::Service, key, value, 252);
    let needs = |what: &str, since| Some((what.to_owned(), since));
    assert_eq!(service("Type", "notify-reload"), needs("\"notify-reload\"", 253));
    assert_eq!(service("PrivateTmp", "disconnected"), needs("\"disconnected\"", 257));
    assert_eq!(service("PrivateTmp", "yes"), None);
    assert_eq!(service("PrivateUsers", "full"), needs("\"full\"", 258));
    assert_eq!(service("SystemCallFilter", "~@mount @sandbox:EPERM"), needs("\"@sandbox\"", 254));
    assert_eq!(service("ExecStart", "|/bin/x"), needs("the prefix '|'", 258));
    assert_eq!(service("ExecStart", "/bin/x %%D %d"), None);
    assert_eq!(service("ExecStart", "/bin/x %D"), needs("the specifier %D", 256));
    assert_eq!(service("StateDirectory", "a b::ro"), needs("\"b::ro\"", 257));
    assert_eq!(newer(Section::Unit, "ConditionSecurity", "|!cvm", 252), needs("\"cvm\"", 254));
    assert_eq!(newer(Section::Service, "ProtectHostname", "private:x", 257), needs("\"private\"", 258));
    assert_eq!(newer(Section::Service, "CPUWeight", "idle", 249), needs("\"idle\"", 252));
    let row = directive(Section::Service, "Type").unwrap();
    let help = |release| row.check_for("notify-reloaded", release).unwrap_err().help.unwrap();
    assert!(help(None).contains("notify-reload") && !help(Some(252)).contains("notify-reload"));
}
