//! Rendered units, actions and findings.

use super::super::testing::{host, lowered, service};
use super::super::{Lowered, lower};
use cmc_testing::skip;
use cmc_types::systemd::Unit;
use std::path::Path;
use std::process::Command;

/// Every field of a daemon.
const WHOLE: &str = r#"
[service.api]
on = ["@all"]
on-change = "reload"
watch = ["/etc/tls/shared.pem"]

[service.api.daemon]
exec = ["/usr/local/bin/api", "--name", "100% \"sure\" $HOME", ""]
user = "api"
group = "www"
directory = "/var/lib/api"
type = "notify"
restart = "always"
restart-delay = "500ms"
start-timeout = "1m 30s"
stop-timeout = "20s"
stop-signal = "INT"
reload = "HUP"
limits = { open-files = 65536, processes = "512", memory = "1G", core = "infinity", stack = "8M", file-size = "1G", locked-memory = 0 }
umask = "0027"
runtime-dir = "api"
state-dir = "api"
log-dir = "api"
requires = ["network-online", "db", "cache", "time-sync"]
harden = "strict"

[service.api.env]
PORT = "80"
DATABASE_URL = { secret = "db_url" }

[service.api.file."/usr/local/bin/api"]
source = "dist/api"

[service.api.file."/etc/api/config.yaml"]
content = "a: b"

[service.api.file."/etc/api/static.txt"]
content = "x"
on-change = "none"

[service.api.file."/etc/api/aliases"]
content = "x"
run = [["/usr/bin/newaliases"], ["/bin/true", "now"]]
on-change = "restart"
"#;

#[test]
fn a_daemon_with_every_field() {
    insta::assert_snapshot!(lowered("debian-12", WHOLE));
}

#[test]
fn the_smallest_daemon() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        "[service.api]\non = [\"web1\"]\ndaemon.exec = [\"/usr/bin/api\"]\n"
    ));
}

#[test]
fn raw_directives_replace_append_and_remove() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.api]
on = ["@all"]
daemon = { exec = ["/usr/bin/api"], harden = "basic", requires = ["network"] }

[service.api.systemd."api.service".Unit]
"+After" = ["redis.service"]
Description = "The API"
StartLimitIntervalSec = 0

[service.api.systemd."api.service".Service]
LimitCORE = "infinity"
PrivateDevices = []
ProtectHome = "read-only"
ExecStartPre = ["/usr/bin/a", "-/usr/bin/b"]
Nice = 5
SendSIGHUP = true

[service.api.systemd."api.service".X-Mine]
Anything = "goes"

[service.api.systemd."api.service.d/late.conf".Service]
OOMScoreAdjust = -100
"#
    ));
}

#[test]
fn a_foreign_unit_gets_its_environment_and_drop_ins() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.web]
on = ["@all"]
unit = "nginx"
on-change = "reload"
env.PORT = "80"
file."/etc/nginx/nginx.conf".content = "x"

[service.web.systemd."nginx.service.d/limits.conf".Service]
LimitNOFILE = 65536
ExecStart = ["", "/usr/sbin/nginx"]

[service.web.systemd."redis.service.d/nice.conf".Service]
Nice = 5
"#
    ));
}

#[test]
fn a_timer_is_enabled_and_what_it_triggers_is_not() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.backup]
on = ["@all"]
daemon = { exec = ["/usr/local/bin/backup"], type = "oneshot" }
file."/usr/local/bin/backup".content = "x"

[service.backup.systemd."backup.timer"]
Timer = { OnCalendar = ["02:30", "Sun 12:00"], Persistent = true }
Install.WantedBy = "timers.target"
"#
    ));
}

#[test]
fn a_socket_starts_its_service_and_raw_units_stand_alone() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.api]
on = ["@all"]
state = "running"
daemon = { exec = ["/usr/bin/api"] }
file."/etc/api.conf".content = "x"

[service.api.systemd."api.socket"]
Socket.ListenStream = 8080
Install.WantedBy = "sockets.target"

[service.api.systemd."watcher.service"]
Service.ExecStart = "/usr/bin/watch %H"
Install.WantedBy = "multi-user.target"

[service.api.systemd."helper@.service"]
Service.ExecStart = "/usr/bin/help %i"
Install.WantedBy = "multi-user.target"
"#
    ));
}

#[test]
fn a_stopped_service_is_disabled_and_never_restarted() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.api]
on = ["@all"]
state = "stopped"
daemon.exec = ["/usr/bin/api"]
file."/etc/api.conf".content = "x"
"#
    ));
}

#[test]
fn a_service_without_a_unit_runs_only_the_commands_of_its_files() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.base]
on = ["@all"]
file."/etc/motd".content = "x"
file."/etc/systemd/system/mine.service".content = "x"
file."/etc/aliases" = { content = "x", run = [["/usr/bin/newaliases"]] }
"#
    ));
}

#[test]
fn mistakes_are_found_where_they_were_written() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
[service.api]
on = ["@all"]
on-change = "reload"

[service.api.daemon]
exec = ["bin/api", "a"]
type = "oneshot"
restart = "always"
stop-signal = "TREM"
limits = { open-files = "64K", memory = "1G" }

[service.api.systemd."api.service".Service]
Resart = "always"
StartLimitIntervalSec = 5
RestartSec = "5M"
BindTo = "x.service"
ExecStart = ["/bin/a", "/bin/b"]
Nice = [1, 2]
ProtectSystem = "stritc"
Environment = "A=b\nEvil=1"

[service.api.systemd."api.service".Service2]
A = 1

[service.api.systemd."api.service".Unit]
BindTo = "x.service"

[service.api.systemd."api"]
Unit.Description = "x"

[service.api.systemd."nginx.service/x.conf"]
Unit.Description = "x"

[service.api.systemd."nginx.service.d/x.conf"]
Service.ExecStart = "/bin/nginx"

[service.api.systemd."a.timer"]
Install.WantedBy = "timers"

[service.api.systemd."a.socket"]
Socket.Accept = true

[service.api.systemd."c.service"]
Service.ExecStart = ["/bin/a", "/bin/b"]
"#
    ));
}

#[test]
fn what_a_unit_cannot_carry_names_the_dialect_and_the_character() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        "[service.api]\non = [\"@all\"]\ndaemon = { exec = [\"/bin/api\", \"a\\nb\"] }\n"
    ));
}

#[test]
fn the_book_lists_what_each_level_of_hardening_sets() {
    let book = include_str!("../../../../docs/formats/systemd.md");
    for row in super::hardening::HARDENING {
        let value = if row.value.is_empty() { "empty".to_owned() } else { format!("`{}`", row.value) };
        assert!(book.contains(&format!("| `{}=` | {value}", row.key)), "{}", row.key);
    }
}

#[test]
fn a_mount_unit_is_named_after_its_path() {
    let text = lowered(
        "debian-12",
        r#"
[service.data]
on = ["@all"]
systemd."data.mount" = { Mount = { What = "/dev/vdb", Where = "/srv/my-data" } }
systemd."srv-ok.mount" = { Mount = { What = "/dev/vdc", Where = "/srv/ok" } }
"#,
    );
    assert!(text.contains(r#"help: name it "srv-my\\x2ddata.mount""#), "{text}");
    assert_eq!(text.matches("unit-file-name").count(), 1);
}

#[test]
fn printed_units_parse_to_what_was_meant() {
    let (service, _) = service(WHOLE);
    for file in lower(&service, &host("debian-12")).files {
        if file.path.as_str().starts_with("/etc/systemd/") {
            let unit = Unit::parse(&file.text).unwrap();
            assert_eq!(unit.print(), *file.text);
            assert_eq!(unit.entries().count(), file.lines.len());
        }
    }
}

/// Writes units into a root with stubs for what they run and pull in (facts: formats §1d).
fn stage(root: &Path, lowered: &Lowered) -> Vec<String> {
    let write = |path: &str, text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = root.join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let targets =
        "sysinit basic shutdown multi-user timers sockets network network-online time-sync local-fs";
    for target in targets.split(' ') {
        write(&format!("/usr/lib/systemd/system/{target}.target"), "[Unit]\nDescription=stub\n", 0o644);
    }
    for unit in ["postgresql.service", "cache.service", "redis.service"] {
        write(&format!("/usr/lib/systemd/system/{unit}"), "[Service]\nExecStart=/bin/true\n", 0o644);
    }
    for program in ["/bin/true", "/bin/kill", "/usr/local/bin/api", "/usr/local/bin/backup", "/usr/bin/api"] {
        write(program, "", 0o755);
    }
    let mut names = Vec::new();
    for file in &lowered.files {
        write(file.path.as_str(), &file.text, 0o644);
        if let Some(name) =
            file.path.as_str().strip_prefix("/etc/systemd/system/").filter(|n| !n.contains('/'))
        {
            names.push(name.to_owned());
        }
    }
    names
}

#[test]
fn the_real_systemd_accepts_what_is_printed() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return skip("the_real_systemd_accepts_what_is_printed", "not installed: systemd-analyze");
    }
    let timer = r#"
[service.backup]
on = ["@all"]
daemon = { exec = ["/usr/local/bin/backup"], type = "oneshot", harden = "basic", reload = ["/bin/true", "a'b"] }
systemd."backup.timer" = { Timer.OnCalendar = "02:30", Install.WantedBy = "timers.target" }
"#;
    for toml in [WHOLE, timer] {
        let (service, _) = service(toml);
        let lowered = lower(&service, &host("debian-12"));
        assert!(lowered.diagnostics.is_empty(), "{:?}", lowered.diagnostics);
        assert!(!verified(&lowered).is_empty());
    }
}

/// Has the real systemd read the units; gives their names.
fn verified(lowered: &Lowered) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let names = stage(root.path(), lowered);
    let output = Command::new("systemd-analyze")
        .args(["--man=no", "--recursive-errors=no"])
        .arg(format!("--root={}", root.path().display()))
        .arg("verify")
        .args(&names)
        .env("SYSTEMD_LOG_LEVEL", "warning")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    names
}

#[test]
fn the_real_systemd_accepts_the_timer_and_the_service_of_a_job() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return skip(
            "the_real_systemd_accepts_the_timer_and_the_service_of_a_job",
            "not installed: systemd-analyze",
        );
    }
    let toml = r#"
[service.shop]
on = ["@all"]
env.TARGET = "s3://backup"
job."clean.up" = { exec = ["/bin/true"], at = "*:0/15" }

[service.shop.job.nightly]
exec = ["/usr/local/bin/backup", "--name", "100% \"sure\" $HOME it's \\%", ""]
at = ["02:30", "Fri *-13 12:00", "daily", "weekly", "Mon..Fri 9..17:00/15", "*-*-1,15 4:00", "*-1/3-1 0:00"]
user = "backup"
directory = "/var/lib/shop"
umask = "0027"
nice = 10
timeout = "1h 30m"
random-delay = "10m"
catch-up = true
harden = "strict"
limits = { open-files = 1024, processes = 64, memory = "1G", core = 0, stack = "8M" }
"#;
    let (service, _) = service(toml);
    let lowered = lower(&service, &host("debian-12"));
    assert!(lowered.diagnostics.is_empty(), "{:?}", lowered.diagnostics);
    let mut names = verified(&lowered);
    names.sort();
    assert_eq!(
        names,
        ["shop-clean.up.service", "shop-clean.up.timer", "shop-nightly.service", "shop-nightly.timer"]
    );
    let timers = lowered.files.iter().filter(|file| file.path.as_str().ends_with(".timer"));
    let times: Vec<&str> = timers
        .flat_map(|file| file.text.lines().filter_map(|line| line.strip_prefix("OnCalendar=")))
        .collect();
    assert_eq!(times.len(), 8);
    let output = Command::new("systemd-analyze").arg("calendar").args(&times).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.matches("Normalized form:").count(), times.len(), "{said}");
    assert!(!said.contains("Next elapse: never"), "{said}");
}

#[test]
fn a_mask_is_a_link_and_stops_the_unit_and_instances_are_enabled_by_name() {
    insta::assert_snapshot!(lowered(
        "debian-12",
        r#"
        [service.worker.systemd]
        "apt-daily.timer".mask = true
        "getty@.service" = { instances = ["tty2"] }

        [service.worker.systemd."worker@.service"]
        instances = ["a", "b"]
        Service.ExecStart = "/usr/local/bin/worker %i"
        Install.WantedBy = "multi-user.target"

        [service.worker.systemd."worker@b.service.d/more.conf".Service]
        LimitNOFILE = 65536
        "#
    ));
}
