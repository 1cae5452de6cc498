//! The actions of the four init systems.

use super::super::testing::service;
use super::*;
use std::fmt::Write as _;

const TOML: &str = r#"
[service.my-api]
on = ["@all"]
watch = ["/etc/tls/shared.pem"]

[service.my-api.daemon]
exec = ["/usr/local/bin/api"]
start-timeout = "5s"
stop-timeout = "10s"
reload = "HUP"

[service.my-api.file."/usr/local/bin/api"]
content = "x"
on-change = "reload"

[service.my-api.file."/etc/api.yaml"]
content = "x"
on-change = "reload"

[service.my-api.file."/etc/aliases"]
content = "x"
on-change = "none"
run = [["/usr/bin/newaliases"]]
"#;

fn path(text: &str) -> UnixPath {
    UnixPath::parse(text).unwrap()
}

fn activation(can_reload: bool) -> Activation {
    let before = Action {
        on: Trigger::Changed,
        paths: vec![path("/etc/login.conf")],
        unless: Vec::new(),
        argv: vec!["cap_mkdb".to_owned(), "/etc/login.conf".to_owned()],
        timeout: 60,
        once: false,
    };
    Activation {
        name: Some("my-api".to_owned()),
        restart: vec![path("/etc/script/my-api"), path("/etc/cmc/env/my-api.env")],
        manager: vec![path("/etc/script/my-api")],
        definition: Some(path("/etc/script/my-api")),
        can_reload,
        before: vec![before],
        ..Activation::default()
    }
}

fn show(activated: &Activated) -> String {
    let mut out = String::new();
    for action in &activated.actions {
        let paths: Vec<_> = action.paths.iter().map(UnixPath::as_str).collect();
        let unless: Vec<_> = action.unless.iter().map(UnixPath::as_str).collect();
        let unless =
            if unless.is_empty() { String::new() } else { format!(" unless [{}]", unless.join(" ")) };
        let (on, paths, argv, timeout) = (action.on, paths.join(" "), action.argv.join(" "), action.timeout);
        writeln!(out, "{on:?} [{paths}] {argv} ({timeout} s){unless}").unwrap();
    }
    writeln!(out, "restart: {:?}", activated.restart).unwrap();
    for argv in &activated.capture {
        writeln!(out, "capture: {argv:?}").unwrap();
    }
    out
}

#[test]
fn every_init_system_enables_restarts_starts_and_reloads_in_this_order() {
    let mut out = String::new();
    for init in [InitSystem::Systemd, InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc] {
        let (running, _) = service(TOML);
        let activated = activate(&running, init, &activation(true));
        assert!(activated.diagnostics.is_empty());
        writeln!(out, "== {init}\n{}", show(&activated)).unwrap();
        let (stopped, _) = service(&TOML.replace("watch =", "state = \"stopped\"\nwatch ="));
        writeln!(out, "== {init}, stopped\n{}", show(&activate(&stopped, init, &activation(true)))).unwrap();
    }
    insta::assert_snapshot!(out);
}

#[test]
fn no_action_for_changes_lacks_paths() {
    for init in [InitSystem::Systemd, InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc] {
        let (bare, _) = service("[service.x]\non = [\"@all\"]\nunit = \"x\"\n");
        let activation = Activation { name: Some("x".to_owned()), can_reload: true, ..Activation::default() };
        let activated = activate(&bare, init, &activation);
        assert!(
            activated.actions.iter().all(|action| action.on != Trigger::Changed || !action.paths.is_empty())
        );
        assert!(activated.actions.iter().any(|action| action.on == Trigger::Enable));
    }
}

#[test]
fn a_reload_without_a_command_is_an_error_on_every_init_system() {
    let (service, _) = service(TOML);
    for init in [InitSystem::Systemd, InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc] {
        let activated = activate(&service, init, &activation(false));
        assert_eq!(activated.diagnostics.len(), 2);
        assert!(activated.diagnostics.iter().all(|finding| finding.code == codes::RELOAD_WITHOUT_COMMAND));
    }
}

#[test]
fn a_name_becomes_a_prefix_of_shell_variables() {
    assert_eq!(
        fill(&["sysrc", "{var}_enable=YES", "{}"], "my-api.v2"),
        ["sysrc", "my_api_v2_enable=YES", "my-api.v2"]
    );
}
