//! Where the output of daemons goes on each kind of host.

use super::super::testing::lowered;
use std::fmt::Write as _;

const HOSTS: [&str; 4] = ["debian-12", "openbsd-7.6", "freebsd-14.1", "alpine"];

fn definition(kind: &str, log: &str) -> String {
    format!(
        "[service.api]\non = [\"@all\"]\ndaemon.exec = [\"/usr/bin/api\"]\ndaemon.user = \"api\"\ndaemon.type = \"{kind}\"\ndaemon.log = {log}\n"
    )
}

/// The lines of a host's files that are about output, and what is found.
fn output(os: &str, kind: &str, log: &str) -> String {
    const ABOUT: [&str; 8] = [
        "Standard",
        "SyslogIdentifier",
        "daemon_logger",
        "command_args=",
        "output_log",
        "error_log",
        "checkpath",
        "daemon.log",
    ];
    let text = lowered(os, &definition(kind, log));
    let lines = text.lines().filter(|line| ABOUT.iter().any(|about| line.contains(about)));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn output_goes_where_the_definition_says_or_that_is_told() {
    let mut all = String::new();
    for log in ["\"syslog\"", "\"journal\"", "\"none\"", "{ file = \"/var/log/api.log\" }"] {
        for kind in ["simple", "forking"] {
            for os in HOSTS {
                write!(all, "-- {log}, {kind}, {os}\n{}", output(os, kind, log)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_log_file_that_a_script_cannot_name_is_told_at_its_place() {
    let text = lowered("alpine", &definition("simple", "{ file = \"/var/log/a b.log\" }"));
    assert!(text.contains("the log file") && text.contains("api.toml:6:23"), "{text}");
    assert!(
        lowered("debian-12", &definition("simple", "{ file = \"/var/log/100%.log\" }"))
            .contains("StandardOutput=append:/var/log/100%%.log")
    );
}
