use crate::lower::testing::{lowered, service};

const API: &str = r#"
[service.api]
on = ["@all"]
on-change = "reload"
file."/etc/api/config.yaml".content = "a: 1"

[service.api.daemon]
exec = ["/usr/local/bin/api", "--port", "8080", "--name", "it's a *"]
user = "_api"
directory = "/var/api"
stop-timeout = "20s"
stop-signal = "SIGINT"
reload = "USR1"
umask = "0027"
runtime-dir = "api"
log-dir = "api"
limits = { open-files = 65536, core = 0, stack = "8M" }

[service.api.env]
PORT = 8080
GREETING = "it's"
TOKEN = { secret = "token" }

[service.api.login-class.api]
maxproc-cur = 256
datasize = "infinity"
setenv = ["A=b:c", "D=e,f"]
"#;

#[test]
fn a_daemon_with_everything() {
    insta::assert_snapshot!(lowered("openbsd-7.7", API));
}

#[test]
fn a_plain_daemon() {
    insta::assert_snapshot!(lowered(
        "openbsd",
        r#"
[service.api-gw]
on = ["@all"]
daemon.exec = ["/usr/local/bin/api", "-v"]
daemon.requires = ["network", "local-fs"]
"#
    ));
}

#[test]
fn what_rc_d_cannot_express() {
    insta::assert_snapshot!(lowered(
        "openbsd",
        r#"
[service.api]
on = ["@all"]
[service.api.daemon]
exec = ["/usr/local/bin/api"]
type = "notify"
user = "_api"
group = "www"
restart = "on-failure"
restart-delay = "5s"
start-timeout = "10s"
stop-timeout = "20s"
requires = ["db"]
harden = "strict"
limits = { memory = "1G" }
"#
    ));
}

#[test]
fn accepted_losses_are_silent_and_unknown_ones_are_named() {
    insta::assert_snapshot!(lowered(
        "openbsd",
        r#"
[service.api]
on = ["@all"]
[service.api.daemon]
exec = ["/usr/local/bin/api"]
restart = "always"
harden = "basic"
limits = { memory = "1G" }
loss-ok = ["restart", "limits", "hardn"]
"#
    ));
}

#[test]
fn the_environment_of_a_foreign_unit_is_an_error() {
    insta::assert_snapshot!(lowered(
        "openbsd",
        "[service.web]\non = [\"@all\"]\nunit = \"nginx\"\nenv.A = \"b\"\n"
    ));
}

#[test]
fn login_classes_are_checked() {
    insta::assert_snapshot!(lowered(
        "openbsd",
        r#"
[service.base]
on = ["@all"]
[service.base.login-class.staff]
openfile-cur = 1
datasize = "many"
maxproc = 10
maxproc-cur = 5
umask = 27
sbsize = "1M"
tc = false
hushlogin = true
ignorenologin = false
"#
    ));
}

#[test]
fn values_that_a_script_cannot_carry_are_errors_at_their_place() {
    insta::assert_snapshot!(lowered(
        "openbsd",
        "[service.api]\non = [\"@all\"]\n[service.api.daemon]\nexec = [\"/opt/a b/api\", \"x\"]\n[service.api.env]\nRANDOM = \"1\"\nGOOD = \"2\"\n"
    ));
    insta::assert_snapshot!(lowered(
        "openbsd",
        "[service.api]\non = [\"@all\"]\ndaemon.exec = [\"/opt/api\", \"a\\nb\"]\n"
    ));
}

#[test]
fn debug_output_of_lowered_files_holds_no_secret() {
    let (service, _) = service(API);
    let lowered = crate::lower::lower(&service, &crate::lower::testing::host("openbsd"));
    assert!(!format!("{lowered:?}").contains("secret-token"));
    assert!(lowered.files.iter().any(|file| file.tainted && file.text.contains("secret-token")));
}

#[test]
fn rendered_scripts_pass_the_shell_s_syntax_check_on_every_init_system() {
    let folder = tempfile::tempdir().unwrap();
    for os in ["openbsd", "freebsd", "alpine"] {
        let (service, _) = service(API);
        for file in crate::lower::lower(&service, &crate::lower::testing::host(os)).files {
            if file.path.as_str().contains("login") {
                continue;
            }
            let path = folder.path().join("script");
            std::fs::write(&path, file.text.as_bytes()).unwrap();
            let status = std::process::Command::new("sh").arg("-n").arg(&path).status().unwrap();
            assert!(status.success(), "{os} {}", file.path);
        }
    }
}

#[test]
fn scripts_are_found_behind_their_interpreter() {
    let pattern = |file: &str| {
        let toml = format!(
            "[service.api]\non = [\"@all\"]\ndaemon.exec = [\"/opt/api\", \"-v\"]\nfile.\"/opt/api\".{file}\n"
        );
        let shown = lowered("openbsd", &toml);
        shown.lines().find_map(|line| line.split_once("pexp=")).unwrap().1.to_owned()
    };
    assert_eq!(pattern("source = \"files/api.sh\""), "\"(/[^ ]*/)?(ba|da|k|z)?sh (-[^ ]+ )*/opt/api -v\"");
    assert_eq!(pattern("template = \"api.py.j2\""), "\"(/[^ ]*/)?python[0-9.]* (-[^ ]+ )*/opt/api -v\"");
    assert_eq!(
        pattern("content = \"#!/usr/bin/env perl5.36 -w\\n\""),
        "'(/[^ ]*/)?perl5\\.36 (-[^ ]+ )*/opt/api -v'"
    );
    assert_eq!(pattern("source = \"dist/api\""), "\"/opt/api -v\"");
}
