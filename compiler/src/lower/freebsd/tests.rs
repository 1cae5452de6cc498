use crate::lower::testing::lowered;

#[test]
fn a_daemon_with_everything() {
    insta::assert_snapshot!(lowered(
        "freebsd-14.1",
        r#"
[service.my-api]
on = ["@all"]

[service.my-api.daemon]
exec = ["/usr/local/bin/api", "--port", "8080", "--name", "it's a *"]
user = "api"
directory = "/var/db/api"
restart-delay = "5s"
reload = "HUP"
umask = "0027"
runtime-dir = "api"
requires = ["network-online", "time-sync", "db"]
limits = { open-files = 65536, core = 0, stack = "8M", file-size = "infinity" }

[service.my-api.env]
PORT = 8080
TOKEN = { secret = "token" }

[service.my-api.login-class.my_api]
maxproc = 10
"#
    ));
}

#[test]
fn a_program_that_forks_and_one_that_ends() {
    insta::assert_snapshot!(lowered(
        "freebsd",
        r#"
[service.fork]
on = ["@all"]
daemon = { exec = ["/usr/local/sbin/forkd", "-d"], type = "forking", user = "www", reload = "USR1", stop-signal = "QUIT" }
"#
    ));
    insta::assert_snapshot!(lowered(
        "freebsd",
        r#"
[service.job]
on = ["@all"]
daemon = { exec = ["/usr/local/sbin/job", "a b"], type = "oneshot", restart = "no" }
"#
    ));
}

#[test]
fn what_rc_d_cannot_express() {
    insta::assert_snapshot!(lowered(
        "freebsd",
        r#"
[service.api]
on = ["@all"]
[service.api.daemon]
exec = ["/usr/local/bin/api", "a b"]
type = "forking"
user = "api"
group = "www"
restart = "on-failure"
restart-delay = "5s"
start-timeout = "10s"
stop-timeout = "20s"
umask = "0027"
harden = "strict"
limits = { memory = "1G", open-files = 10 }
"#
    ));
}

#[test]
fn the_environment_of_a_foreign_unit_is_a_block_and_some_names_are_refused() {
    insta::assert_snapshot!(lowered(
        "freebsd",
        r#"
[service.web]
on = ["@all"]
unit = "php-fpm"
[service.web.env]
A = "b"
PATH = "/bin"
command = "x"
php_fpm_user = "y"
"#
    ));
}

#[test]
fn classes_of_the_system_s_own_are_refused() {
    insta::assert_snapshot!(lowered(
        "freebsd",
        "[service.base]\non = [\"@all\"]\n[service.base.login-class.daemon]\nmaxproc = 1\n[service.base.login-class.mine]\ntc = [\"daemon\", \"staff\"]\nsetenv = [\"A=b,c\"]\ncputime = \"1h\"\n"
    ));
}
