//! The tables say what the renderers do.

use super::super::mapping::{INITS, Row, loss_names};
use super::super::testing::{host, lowered, service};
use super::super::{DAEMON, JOB, lower};
use super::name;
use cmc_types::InitSystem;
use std::fmt::Write as _;

/// Writes a part of a page of the book, or says that it is out of date.
fn up_to_date(page: &str, expected: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    if std::fs::read_to_string(&file).unwrap_or_default() == expected {
        return;
    }
    assert!(
        std::env::var_os("CMC_UPDATE").is_some(),
        "{page} is out of date; `CMC_UPDATE=1 cargo test -p cmc-compiler --lib loss` writes it"
    );
    std::fs::write(file, expected).unwrap();
}

fn read(page: &str) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    std::fs::read_to_string(file).unwrap()
}

/// A page whose table under this heading is replaced.
fn with_table(page: &str, heading: &str, rows: &str) -> String {
    let text = read(page);
    let (before, rest) = text.split_once(heading).unwrap_or_else(|| panic!("{page} has no {heading:?}"));
    let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    format!("{before}{heading}{rows}{}", rest.get(end..).unwrap_or_default())
}

#[test]
fn the_book_has_what_each_init_system_loses() {
    for (init, page) in [
        (InitSystem::OpenbsdRc, "docs/formats/openbsd-rc.md"),
        (InitSystem::FreebsdRc, "docs/formats/freebsd-rc.md"),
        (InitSystem::Openrc, "docs/formats/openrc.md"),
    ] {
        let losses = DAEMON.iter().flat_map(|row| row.on(init).losses.iter().map(move |loss| (row, loss)));
        let rows: String =
            losses.map(|(row, loss)| format!("| `{}` | {} |\n", row.loss_name(), loss.why)).collect();
        up_to_date(page, &with_table(page, "| field | why |\n|---|---|\n", &rows));
    }
}

fn table<T>(rows: &'static [Row<T>]) -> String {
    let mut text = String::new();
    for row in rows {
        write!(text, "| `{}` |", row.field).unwrap();
        for init in INITS {
            let words = row.on(init).words(|code| format!("`{code}`"));
            write!(text, " {} |", words.replace('|', "\\|")).unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_book_has_the_whole_tables() {
    const HEADING: &str = "| field | systemd | OpenBSD | FreeBSD | OpenRC |\n|---|---|---|---|---|\n";
    for (page, rows) in [("docs/formats/daemon.md", table(DAEMON)), ("docs/formats/job.md", table(JOB))] {
        up_to_date(page, &with_table(page, HEADING, &rows));
    }
}

/// For each field of a daemon, a definition that sets it, with what it needs beside it.
const DAEMONS: &[(&str, &str)] = &[
    ("exec", ""),
    ("user", "user = \"api\""),
    ("group", "user = \"api\"\ngroup = \"www\""),
    ("directory", "directory = \"/srv/api\""),
    ("type", "type = \"exec\""),
    ("restart", "restart = \"always\""),
    ("restart-delay", "restart-delay = \"5s\""),
    ("start-timeout", "start-timeout = \"5s\""),
    ("stop-timeout", "stop-timeout = \"5s\""),
    ("stop-signal", "stop-signal = \"INT\""),
    ("reload", "reload = \"USR1\""),
    ("umask", "umask = \"0027\""),
    ("runtime-dir", "runtime-dir = \"api\""),
    ("state-dir", "state-dir = \"api\""),
    ("log-dir", "log-dir = \"api\""),
    ("log", "log = \"syslog\""),
    ("requires", "requires = [\"db\"]"),
    ("harden", "harden = \"basic\""),
    ("limits.memory", "limits.memory = \"1G\""),
    ("limits.open-files", "limits.open-files = 64"),
    ("limits.processes", "limits.processes = 64"),
    ("limits.core", "limits.core = 0"),
    ("limits.stack", "limits.stack = \"8M\""),
    ("limits.file-size", "limits.file-size = \"8M\""),
    ("limits.locked-memory", "limits.locked-memory = \"8M\""),
];

const JOBS: &[(&str, &str)] = &[
    ("exec", ""),
    ("at", ""),
    ("user", "user = \"backup\""),
    ("group", "user = \"backup\"\ngroup = \"www\""),
    ("directory", "directory = \"/srv/api\""),
    ("umask", "umask = \"0027\""),
    ("nice", "nice = 10"),
    ("timeout", "timeout = \"1h\""),
    ("random-delay", "random-delay = \"10m\""),
    ("catch-up", "catch-up = true"),
    ("harden", "harden = \"basic\""),
    ("log", "log = \"syslog\""),
    ("mail-to", "mail-to = \"ops\""),
    ("limits.open-files", "limits.open-files = 64"),
    ("limits.processes", "limits.processes = 64"),
    ("limits.memory", "limits.memory = \"1G\""),
    ("limits.core", "limits.core = 0"),
    ("limits.stack", "limits.stack = \"8M\""),
    ("limits.file-size", "limits.file-size = \"8M\""),
    ("limits.locked-memory", "limits.locked-memory = \"8M\""),
];

/// Every host that a table has a column for.
const HOSTS: [&str; 4] = ["debian-12", "openbsd-7.6", "freebsd-14.1", "alpine"];

/// What a field becomes is in the files of a definition that sets it, and a loss is found if and only if the table has
/// one for it.
fn shows_what_it_becomes<T>(
    rows: &'static [Row<T>],
    fields: &[(&str, &str)],
    definition: impl Fn(&str, &str) -> String,
) {
    let known: Vec<_> = rows.iter().map(|row| row.field).collect();
    assert_eq!(known, fields.iter().map(|(field, _)| *field).collect::<Vec<_>>());
    for ((field, keys), row) in fields.iter().zip(rows) {
        for os in HOSTS {
            let toml = definition(keys, "");
            let text = lowered(os, &toml);
            let cell = row.on(host(os).init);
            let found = text.contains(&format!("{} of service", row.path().last().unwrap()));
            if !cell.becomes.is_empty() && !found {
                for name in cell.becomes {
                    assert!(text.contains(name), "{field} on {os}: no {name:?} in\n{text}");
                }
            }
            if cell.losses.is_empty() {
                assert!(!text.contains("== daemon-loss"), "{field} on {os}:\n{text}");
            } else if cell.becomes.is_empty() {
                assert!(text.contains("== daemon-loss"), "{field} on {os} is not said to be lost:\n{text}");
                let accepted = definition(keys, &format!("loss-ok = [\"{}\"]", row.loss_name()));
                assert!(!lowered(os, &accepted).contains("== daemon-loss"), "{field} on {os}");
                let (accepted, _) = service(&accepted);
                let losses = lower(&accepted, &host(os)).losses;
                assert!(losses.iter().all(|loss| loss.accepted) && !losses.is_empty(), "{field} on {os}");
            }
        }
    }
}

#[test]
fn every_field_of_a_daemon_becomes_what_the_table_says() {
    shows_what_it_becomes(DAEMON, DAEMONS, |keys, more| {
        format!(
            "[service.api]\non = [\"@all\"]\n[service.api.daemon]\nexec = [\"/usr/local/bin/api\", \"-d\"]\n{keys}\n{more}\n"
        )
    });
}

#[test]
fn every_field_of_a_job_becomes_what_the_table_says() {
    shows_what_it_becomes(JOB, JOBS, |keys, more| {
        format!(
            "[service.api]\non = [\"@all\"]\n[service.api.job.nightly]\nexec = [\"/usr/local/bin/api\", \"-d\"]\nat = \"02:30\"\n{keys}\n{more}\n"
        )
    });
}

#[test]
fn every_loss_has_a_name_that_loss_ok_takes_and_the_names_are_the_fields() {
    for names in [loss_names(DAEMON), loss_names(JOB)] {
        assert!(names.contains(&"limits") && names.contains(&"memory"), "{names:?}");
    }
    assert_eq!(INITS.map(name), ["systemd", "OpenBSD's rc.d", "FreeBSD's rc.d", "OpenRC"]);
}
