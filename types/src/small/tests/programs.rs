//! The programs of this machine say the same of good and bad lines.

use super::*;
use crate::hostile;
use std::io::Write as _;
use std::process::Stdio;

/// Whether the program takes the text, given on its standard input: it ends well and complains of nothing.
fn takes(mut command: std::process::Command, arguments: &[&str], text: &str) -> (bool, String) {
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env("SYSTEMD_LOG_LEVEL", "notice")
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success() && !words.contains("<stdin>:") && !words.contains("-:"), words)
}

fn errors(format: Format, text: &str) -> usize {
    check(format, text).iter().filter(|problem| problem.severity == Severity::Error).count()
}

#[test]
fn systemd_tmpfiles_says_the_same() {
    let root = tempfile::tempdir().unwrap();
    let root = format!("--root={}", root.path().display());
    let mut lines: Vec<String> = [
        "d /x 0755",
        "k /x",
        "d x",
        "d /x 999",
        "d /x 10000",
        "d /x ~:755 0 0 am:1d",
        "d /x 755 - - az:1d",
        "d /x 755 - - 1x",
        "d /x 755 - - ~10d",
        "d!! /x",
        "d",
        "d \"/x",
        "d /x 0755 0 0 - arg",
        "w /x",
        "w /x - - - - a\\qb",
        "c /x - - - - 1",
        "h /x - - - - +Z",
        "a /x",
        "t /x - - - - user.x=y",
        "L~ /x - - - - Zm9v",
        "f^ /x",
        "d /%%d/%%z 0755",
        "d /x\r",
        "d /x 0o755",
        "d /x +755",
        "d /x\\q 755",
        "d /x 755 \"a b\"",
        "d /x$ 755",
        "F /x",
        "d /x - - - infinity",
        "d /x \"\"",
        "d /x - :0 :0",
        "C /x - - - - rel",
        "d /x 755 :",
        "d /%j",
        "d /x%1",
        "d /x%-",
        "d /x%",
        "d /x 755 - - :1d",
        "d /x 755 - - 1d:1",
        "H /x - - - - =+C",
        "d ~/x",
        "d /x 755 - - b:~1d",
        "d /x 755 - - ~b:1d",
        "c+ /x - - - - 1:3",
        "d /x 755 - - 1.5h",
        "f /x - - - - a\\",
        "m /x 755",
        "x /x - - - - a",
        "d /x 755 65535",
        "d /x : - -",
        "d /x :~755",
        "d /x 755 - - 5",
        "d /x 755 - - -5",
        "d /x 755 - - \"10 d\"",
        "d //x/",
        "; x",
        " # x",
        "c /x - - - - 4096:1",
        "L /x - - - - %q",
        "f^ /x - - - - a/b",
        "d=+!-~ /x",
        "L+ \"/a\"b - - - - x",
        "w /x - - - - -",
        "d /a 0755\nd /a 0700",
    ]
    .map(str::to_owned)
    .to_vec();
    lines.extend(('!'..='~').map(|c| format!("{c} /x")));
    lines.extend(('!'..='~').map(|c| format!("L{c} /x - - - - x")));
    // All in one file, each with a path of its own.
    let lines = lines.into_iter().flat_map(|line| line.split('\n').map(str::to_owned).collect::<Vec<_>>());
    let lines: Vec<String> =
        (1..).zip(lines).map(|(n, line)| line.replace("/x", &format!("/x{n}"))).collect();
    let text = lines.join("\n") + "\n";
    let Some(program) = hostile::program("systemd-tmpfiles", "tmpfiles.d against systemd-tmpfiles") else {
        return;
    };
    let (_, words) = takes(program, &["--remove", &root, "-"], &text);
    let ours = check(TMPFILES, &text);
    for (number, line) in (1..).zip(&lines) {
        let about = [format!("<stdin>:{number}:"), format!(" on '/x{number}'")];
        let said: Vec<&str> =
            words.lines().filter(|said| about.iter().any(|about| said.contains(about.as_str()))).collect();
        let newer = said.iter().any(|said| said.contains("Unknown modifiers")) && line.contains(['?', '$']);
        let wrong = ours.iter().any(|p| p.line == number && p.severity == Severity::Error);
        assert_eq!(!wrong, said.is_empty() || newer, "{line:?}: {said:?}");
    }
}

#[test]
fn systemd_sysusers_says_the_same() {
    let root = tempfile::tempdir().unwrap();
    let root = format!("--root={}", root.path().display());
    for line in [
        "u a -",
        "u a",
        "u",
        "x a",
        "u 1a",
        "u a 99999999999",
        "u a 5:6 \"G : x\" /h /bin/sh",
        "u a 5:grp",
        "u a - - rel",
        "u a - - /h rel",
        "u a - - /h /s x",
        "g a 5 desc",
        "g a 5 -",
        "m a",
        "m a b",
        "m a 5",
        "r - 500-900",
        "r a 500-900",
        "r - 900-500",
        "r - 5",
        "u a 1\nu a 2",
        "u a /etc",
        "u a \"x",
        "g a x",
        "u a 65535",
        "u a 4294967295",
        "u a 0x10",
        "u a-toolongname-aaaaaaaaaaaaaaaaaaaaaaaaaaa -",
        "u ä -",
        "u a.b -",
        "u a -:-",
        "u a 5:",
        "u a - - /a/../b",
        "u a - \"x\\\"y\"",
        "r - x",
        "r -",
        "m a b x",
        "u a 00010",
        "u a$ -",
        "uu a",
        "u \"\" -",
        "u a - \"\" \"\"",
        "u a - /x/",
        "u a - - /x/ /bin/sh/",
        "u a -5",
        "u a +5",
        "g a 5:6",
        "u a 0",
        "u a 4294967294",
    ] {
        let Some(program) = hostile::program("systemd-sysusers", "sysusers.d against systemd-sysusers")
        else {
            return;
        };
        let text = format!("{line}\n");
        let (good, words) = takes(program, &["--dry-run", &root, "-"], &text);
        assert_eq!(errors(SYSUSERS, &text) == 0, good, "{line:?}: {words}");
    }
}

/// What `crontab -n` takes and cron then reads as something else, or never acts upon.
const PASSED_BY: &[&str] = &[
    "23-7 * * * * x",
    "**  * * * * x",
    "*5 * * * * x",
    "1-2-3 * * * * x",
    "*/1-2 * * * * x",
    "0 0 * * 5#2 x",
    "0 0 * * fri-mon x",
    "@daily",
    "* * * * *",
    "* * * * * x\r",
    "* * * * * -n x",
    "=b",
];

#[test]
fn crontab_says_the_same() {
    let format = Format::Cron(Table { dialect: Dialect::Debian, user_column: false });
    let lines = [
        "* * * * * x",
        "60 * * * * x",
        "5/10 * * * * x",
        "*/0 * * * * x",
        "*/70 * * * * x",
        "0 24 * * * x",
        "0 0 0 * * x",
        "0 0 * 13 * x",
        "0 0 * * 8 x",
        "0 0 * * 7 x",
        "0 0 * * mon-fri x",
        "0 0 * * mon,tue x",
        "0 0 * JAN * x",
        "0 0 * jan-mar/2 * x",
        "0 0 * january * x",
        "@daily x",
        "@dayly x",
        "* * * *",
        "A=b",
        "A = b",
        "\"A\"=\"b c\"",
        "A=\"b",
        "A",
        "A=",
        "A=\"\"",
        "A=b c",
        "1,2,, * * * * x",
        "1,2, * * * * x",
        ",1 * * * * x",
        "1-5/2,7 * * * * x",
        "*,5 * * * * x",
        "5x * * * * x",
        "~ * * * * x",
        "- * * * * x",
        "+1 * * * * x",
        "-1 * * * * x",
        "0 0 * * sun-sat x",
        "0 0 * * 5-7 x",
        "0 0 * * 0-7 x",
        "  # x",
        "\t* * * * * x",
        "A B=c",
        "",
        "@reboot\tx",
        "@DAILY x",
        "1-5/ * * * * x",
        "00005 * * * * x",
        "0 0 31 2 * x",
        "0 0 L * * x",
        "0 0 ? * * x",
        "A-B=c",
        "A=b \"c\"",
        "A='b' x",
        "A=b\"c",
        "5-5 * * * * x",
        "5-10/99 * * * * x",
        "@every_minute x",
        "0 0 * * sunday x",
        "0 0 * * Sun x",
        "0 mon * * * x",
        "A= \"b\" ",
        "'A=b",
        "* * * * * %",
    ];
    let long = |length: usize| format!("* * * * * {}", "x".repeat(length));
    let long = [long(998), long(999), long(1000)];
    let file = tempfile::NamedTempFile::new().unwrap();
    for line in lines.into_iter().chain(PASSED_BY.iter().copied()).chain(long.iter().map(String::as_str)) {
        let Some(mut program) = hostile::program("crontab", "crontabs against crontab -n") else { return };
        let text = format!("{line}\n");
        std::fs::write(file.path(), &text).unwrap();
        let output = program.arg("-n").arg(file.path()).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if words.contains("usage") || words.contains("not allowed") {
            cmc_testing::skip("crontabs against crontab -n", "this crontab has no -n");
            return;
        }
        let good = output.status.success() && !PASSED_BY.contains(&line);
        assert_eq!(errors(format, &text) == 0, good, "{line:?}: {words}");
    }
}
