mod columns;
mod crontabs;
mod injections;
mod meaning;
mod printing;
mod programs;
mod statements;

use super::cron::{Dialect, Table};
use super::*;
use crate::{Os, Severity, UnixPath};

const TMPFILES: Format = Format::Tmpfiles(None);
const SYSUSERS: Format = Format::Sysusers(None);
const LINUX: Format = Format::Hosts(hosts::Zones::LeftOut);

/// Every format.
fn formats() -> Vec<Format> {
    let tables = Dialect::ALL
        .into_iter()
        .flat_map(|dialect| [true, false].map(|user_column| Format::Cron(Table { dialect, user_column })));
    let others = [
        TMPFILES,
        SYSUSERS,
        Format::Sysctl(sysctl::Dialect::Linux),
        Format::Sysctl(sysctl::Dialect::Bsd),
        Format::Modules(modules::Dialect::Systemd),
        Format::Modules(modules::Dialect::Openrc),
        Format::Limits,
        LINUX,
        Format::Hosts(hosts::Zones::Read),
        Format::Logrotate,
        Format::Sudoers,
        Format::Variables,
        Format::RcConfLocal,
    ];
    others.into_iter().chain(tables).collect()
}

/// What is wrong in a text, as `LINE:COLUMN-COLUMN: message` with `?` before what is only doubtful.
fn said(format: Format, text: &str) -> Vec<String> {
    let problems = check(format, text).into_iter();
    let line = |p: Problem| {
        assert!(!p.help.is_empty() && p.columns.start >= 1 && p.columns.end >= p.columns.start, "{p:?}");
        let mark = if p.severity == Severity::Error { "" } else { "?" };
        format!("{mark}{}:{}-{}: {}", p.line, p.columns.start, p.columns.end, p.message())
    };
    problems.map(line).collect()
}

/// The only problem of one line without its place.
fn one(format: Format, line: &str) -> String {
    let problems = check(format, &format!("{line}\n"));
    assert!(problems.len() <= 1, "{line:?}: {problems:?}");
    problems.first().map_or(String::new(), |p| p.what.to_owned())
}

fn found(path: &str, os: &str) -> Option<Found> {
    format_of(&UnixPath::parse(path).unwrap(), &Os::parse(os).unwrap())
}

#[test]
fn a_path_says_the_format_and_whose_reading_counts() {
    let cron = |dialect, user_column| Format::Cron(Table { dialect, user_column });
    for (path, os, expected) in [
        ("/etc/tmpfiles.d/api.conf", "debian-12", Format::Tmpfiles(Some(252))),
        ("/usr/lib/tmpfiles.d/api.conf", "arch", Format::Tmpfiles(None)),
        ("/run/sysusers.d/api.conf", "debian-12", Format::Sysusers(Some(252))),
        ("/etc/sysctl.d/api.conf", "alpine-3.20", Format::Sysctl(sysctl::Dialect::Linux)),
        ("/etc/sysctl.conf", "openbsd-7.6", Format::Sysctl(sysctl::Dialect::Bsd)),
        ("/etc/sysctl.conf", "debian-12", Format::Sysctl(sysctl::Dialect::Linux)),
        ("/etc/modules-load.d/api.conf", "debian-12", Format::Modules(modules::Dialect::Systemd)),
        ("/etc/modules", "alpine-3.20", Format::Modules(modules::Dialect::Openrc)),
        ("/etc/security/limits.d/api.conf", "rocky-9", Format::Limits),
        ("/etc/security/limits.conf", "rocky-9", Format::Limits),
        ("/etc/rc.conf.local", "openbsd-7.6", Format::RcConfLocal),
        ("/etc/crontab", "debian-12", cron(Dialect::Debian, true)),
        ("/etc/crontab", "openbsd-7.6", cron(Dialect::OpenBsd, true)),
        ("/etc/cron.d/api", "ubuntu-24.04", cron(Dialect::Debian, true)),
        ("/etc/cron.d/api.x", "fedora", cron(Dialect::Cronie, true)),
        ("/usr/local/etc/cron.d/api", "freebsd-14.1", cron(Dialect::FreeBsd, true)),
        ("/var/cron/tabs/root", "freebsd-14.1", cron(Dialect::FreeBsd, false)),
        ("/var/spool/cron/crontabs/root", "debian-12", cron(Dialect::Debian, false)),
        ("/var/spool/cron/root", "rhel-9", cron(Dialect::Cronie, false)),
        ("/etc/crontabs/root", "alpine-3.20", cron(Dialect::Busybox, false)),
        ("/etc/hosts", "debian-12", LINUX),
        ("/etc/hosts", "freebsd-14.1", Format::Hosts(hosts::Zones::Read)),
    ] {
        assert_eq!(found(path, os), Some(Found { format: expected, unread: None }), "{path} on {os}");
    }
    for path in ["/etc/tmpfiles.d/deeper/x.conf", "/etc/hosts.allow", "/etc/cron.daily/x", "/opt/etc/hosts"] {
        assert_eq!(found(path, "debian-12"), None, "{path}");
    }
    assert_eq!(found("/etc/tmpfiles.d/x.conf", "openbsd-7.6"), None);
}

#[test]
fn a_file_that_nothing_reads_is_told_with_the_reason() {
    let unread = |path, os| found(path, os).unwrap().unread.map(|unread| (unread.why, unread.severity));
    assert!(unread("/etc/sysctl.d/10-x", "debian-12").unwrap().0.contains(".conf"));
    assert!(unread("/etc/cron.d/x.sh", "debian-12").unwrap().0.contains("names"));
    assert!(unread("/etc/cron.d/x", "openbsd-7.6").unwrap().0.contains("OpenBSD"));
    assert!(unread("/etc/cron.d/x~", "fedora").is_some());
    assert_eq!(unread("/etc/cron.d/x", "alpine-3.20").unwrap().1, Severity::Warning);
    assert_eq!(unread("/etc/crontab", "alpine-3.20").unwrap().1, Severity::Warning);
    assert_eq!(unread("/etc/sysctl.conf", "debian-13").unwrap().1, Severity::Warning);
}

#[test]
fn the_files_of_this_machine_have_no_problem_and_print_as_they_are() {
    let mut files = 0;
    let mut paths: Vec<std::path::PathBuf> = [
        "/etc/hosts",
        "/etc/crontab",
        "/etc/sysctl.conf",
        "/etc/security/limits.conf",
        "/etc/modules",
        "/etc/sudoers",
        "/etc/logrotate.conf",
    ]
    .map(Into::into)
    .to_vec();
    for directory in [
        "/usr/lib/tmpfiles.d",
        "/etc/tmpfiles.d",
        "/usr/lib/sysusers.d",
        "/usr/lib/sysctl.d",
        "/etc/sysctl.d",
        "/usr/lib/modules-load.d",
        "/etc/modules-load.d",
        "/etc/security/limits.d",
        "/etc/cron.d",
        "/etc/logrotate.d",
        "/etc/default",
        "/etc/sudoers.d",
    ] {
        let entries = std::fs::read_dir(directory).into_iter().flatten();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.sort();
    for path in paths {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let name = path.to_str().unwrap();
        let Some(found) = found(name, "debian-12").filter(|found| found.unread.is_none()) else { continue };
        assert_eq!(said(found.format, &text), Vec::<String>::new(), "{name}");
        assert_eq!(reprint(found.format, &text), text, "{name}");
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn all_problems_of_a_file_are_told_at_once_with_their_columns() {
    assert_eq!(
        said(TMPFILES, "k /x\nd é 0999 - - 1x\nd /ok\n"),
        [
            "1:1-2: there is no such type of line: \"k\"",
            "2:3-4: the path is not absolute: \"é\"",
            "2:5-9: the mode is not octal: \"0999\"",
            "2:14-16: the age is no span of time: \"1x\"",
        ]
    );
    let cron = Format::Cron(Table { dialect: Dialect::Debian, user_column: true });
    assert_eq!(
        said(cron, "60 24 0 13 8 root x\n"),
        [
            "1:1-3: the minute cannot be read: \"60\"",
            "1:4-6: the hour cannot be read: \"24\"",
            "1:7-8: the day of the month cannot be read: \"0\"",
            "1:9-11: the month cannot be read: \"13\"",
            "1:12-13: the day of the week cannot be read: \"8\"",
        ]
    );
}

#[test]
fn a_nul_is_told_in_every_format_and_a_word_is_never_endless() {
    for format in formats() {
        let problems = check(format, "d /x\0 y\n");
        assert_eq!(problems[0].what, "the line holds a NUL character", "{format:?}");
        for problem in check(format, &format!("{} x\n", "é".repeat(5000))) {
            assert!(problem.message().len() < 300, "{format:?}: {problem:?}");
        }
    }
}
