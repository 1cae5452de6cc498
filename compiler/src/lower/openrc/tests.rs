use crate::lower::testing::lowered;

const API: &str = r#"
[service.my-api]
on = ["@all"]

[service.my-api.daemon]
exec = ["/usr/bin/api", "--port", "8080", "--name", "it's a *"]
user = "api"
group = "www"
directory = "/var/lib/api"
restart-delay = "5s"
stop-timeout = "20s"
stop-signal = "INT"
reload = ["/usr/bin/api", "reload", "a b"]
umask = "0027"
runtime-dir = "api"
state-dir = "api"
requires = ["network-online", "time-sync", "db"]
limits = { open-files = 65536, processes = 100, core = "1M" }

[service.my-api.env]
PORT = 8080
TOKEN = { secret = "token" }
"#;

#[test]
fn a_daemon_with_everything() {
    insta::assert_snapshot!(lowered("alpine-3.20", API));
}

#[test]
fn other_ways_to_run() {
    for (kind, restart) in [("simple", "no"), ("forking", "no"), ("oneshot", "no")] {
        let toml = format!(
            "[service.job]\non = [\"@all\"]\ndaemon = {{ exec = [\"/usr/bin/job\", \"-1\"], type = \"{kind}\", restart = \"{restart}\" }}\n"
        );
        insta::assert_snapshot!(format!("other_ways_{kind}"), lowered("gentoo", &toml));
    }
}

#[test]
fn what_openrc_cannot_express() {
    insta::assert_snapshot!(lowered(
        "alpine",
        r#"
[service.api]
on = ["@all"]
[service.api.daemon]
exec = ["/usr/bin/api"]
type = "oneshot"
restart = "on-failure"
start-timeout = "10s"
stop-timeout = "20s"
stop-signal = "INT"
reload = "HUP"
harden = "strict"
limits = { memory = "1G" }
"#
    ));
}

#[test]
fn a_foreign_unit_gets_a_block_and_login_classes_are_refused() {
    insta::assert_snapshot!(lowered(
        "alpine",
        r#"
[service.web]
on = ["@all"]
unit = "nginx"
env = { A = "b c", PATH = "/bin" }
login-class.web.maxproc = 1
"#
    ));
}
