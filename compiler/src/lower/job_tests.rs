//! Jobs as each kind of host gets them.

use super::super::lower;
use super::super::testing::{host, lowered, service};
use cmc_types::small;

const WHOLE: &str = r#"
[service.shop]
on = ["@all"]
env.TARGET = "s3://backup"

[service.shop.job.nightly]
exec = ["/usr/local/bin/backup", "--name", "100% \"sure\" $HOME it's \\%", ""]
at = ["02:30", "Fri *-13 12:00"]
user = "backup"
directory = "/var/lib/shop backup"
umask = "0027"
nice = 10
timeout = "1h 30m"
random-delay = "10m"
catch-up = true
harden = "basic"
limits = { open-files = 1024, processes = 64, memory = "1G", core = 0, stack = "8M" }
loss-ok = ["catch-up", "harden", "memory"]

[service.shop.job."clean.up"]
exec = ["/usr/local/bin/clean"]
at = "*:0/15"
"#;

#[test]
fn a_job_with_every_field_on_every_kind_of_host() {
    for os in ["debian-12", "openbsd-7.6", "freebsd-14.1", "alpine", "gentoo"] {
        insta::assert_snapshot!(format!("jobs_{os}"), lowered(os, WHOLE));
    }
}

#[test]
fn jobs_live_beside_a_daemon_and_stop_with_it() {
    let toml = r#"
[service.shop]
on = ["@all"]
state = "stopped"
daemon = { exec = ["/usr/local/bin/shop"] }
job.nightly = { exec = ["/usr/local/bin/backup"], at = "daily" }
systemd."shop-nightly.timer".Timer.AccuracySec = "1s"
"#;
    insta::assert_snapshot!("stopped_debian", lowered("debian-12", toml));
    let (stopped, _) = service(toml);
    let files = lower(&stopped, &host("freebsd")).files;
    assert!(files.iter().all(|file| !file.path.as_str().starts_with("/etc/cron")));
}

#[test]
fn a_crontab_that_we_print_is_one_that_we_would_pass() {
    for os in ["openbsd-7.6", "freebsd-14.1", "alpine", "gentoo"] {
        let (jobs, _) = service(WHOLE);
        let host = host(os);
        for file in lower(&jobs, &host).files {
            let Some(found) = small::format_of(&file.path, &host.os) else { continue };
            assert!(found.unread.is_none(), "{os}: nothing reads {}", file.path);
            let problems = small::check(found.format, &file.text);
            assert!(problems.is_empty(), "{os}: {problems:?}\n{}", *file.text);
        }
    }
}

#[test]
fn a_delay_is_spread_over_hosts_and_stays_the_same_on_each() {
    let toml =
        "[service.a]\non = [\"@all\"]\njob.b = { exec = [\"/x\"], at = \"daily\", random-delay = \"1h\" }\n";
    let (jobs, _) = service(toml);
    let of = |name: &str| {
        let mut host = host("gentoo");
        host.name = cmc_types::HostName::parse(name).unwrap();
        let file = lower(&jobs, &host).files.remove(0);
        let (_, rest) = file.text.split_once("sleep ").unwrap();
        rest.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let delays: Vec<u64> = (0..20).map(|n| of(&format!("web{n}"))).collect();
    assert_eq!(delays, (0..20).map(|n| of(&format!("web{n}"))).collect::<Vec<_>>());
    assert!(delays.iter().all(|delay| *delay <= 3600));
    assert!(delays.iter().collect::<std::collections::BTreeSet<_>>().len() > 15, "{delays:?}");
}

/// What a job with these lines becomes.
fn job(os: &str, lines: &str) -> String {
    let toml = format!(
        "[service.shop]\non = [\"@all\"]\n[service.shop.job.nightly]\nexec = [\"/x\"]\nat = [\"02:30\", \"daily\", \"2:30\"]\n{lines}\n"
    );
    lowered(os, &toml)
}

/// What is in it of its output and times.
fn output(os: &str, lines: &str) -> String {
    let text = job(os, lines);
    let about = |line: &&str| {
        ["/x", "MAILTO", "Standard", "Syslog", "OnCalendar", "error", "warning"]
            .iter()
            .any(|word| line.contains(word))
    };
    text.lines().filter(about).fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn what_a_job_prints_goes_where_the_definition_says_and_equal_times_run_it_once() {
    let mut all = String::new();
    for lines in [
        "log = \"syslog\"",
        "log = \"none\"",
        "log = { file = \"/var/log/50% off.log\" }",
        "mail-to = \"ops\"",
        "log = \"journal\"",
    ] {
        for os in ["debian-12", "openbsd-7.6", "freebsd-14.1", "alpine", "gentoo"] {
            all.push_str(&format!("-- {lines}, {os}\n{}", output(os, lines)));
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn mail_goes_to_people_and_only_what_no_log_takes() {
    for (lines, what) in [
        ("mail-to = \"\"", "is no list of accounts and addresses"),
        ("mail-to = \"-oQ/x\"", "is no list of accounts and addresses"),
        ("mail-to = \"a b\"", "is no list of accounts and addresses"),
        ("mail-to = \"ops\"\nlog = \"none\"", "nothing of its output is left to be mailed"),
    ] {
        for os in ["debian-12", "openbsd-7.6", "alpine"] {
            assert!(job(os, lines).contains(what), "{lines} on {os}: {}", job(os, lines));
        }
    }
}

#[test]
fn a_directory_that_nothing_makes_for_a_log_is_told() {
    let told = |lines: &str| {
        lowered("debian-12", &format!("[service.shop]\non = [\"@all\"]\n{lines}\n")).contains("of a log file")
    };
    let job = "job.nightly = { exec = [\"/x\"], at = \"daily\", log = { file = \"/var/log/shop/x.log\" } }";
    assert!(told(job));
    assert!(told("daemon = { exec = [\"/x\"], log = { file = \"/data/x.log\" } }"));
    assert!(!told(
        "daemon = { exec = [\"/x\"], log-dir = \"shop\", log = { file = \"/var/log/shop/x.log\" } }"
    ));
    assert!(!told(&format!("{job}\nfile.\"/etc/tmpfiles.d/shop.conf\".content = \"d /var/log/shop\\n\"")));
    assert!(!told("daemon = { exec = [\"/x\"], log = { file = \"/var/log/x.log\" } }"));
}
