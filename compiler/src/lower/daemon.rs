//! Checks of a daemon that hold on every init system.

use crate::resolved::ResolvedService;
use cmc_types::definition::{DaemonType, Reload, Restart};
use cmc_types::systemd::SIGNALS;
use cmc_types::{Diagnostic, Severity, codes, nearest};

/// What is wrong with a service's daemon whatever the host.
pub(super) fn check(service: &ResolvedService) -> Vec<Diagnostic> {
    let Some(daemon) = &service.definition.daemon else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(program(service, &["daemon", "exec"], &daemon.exec));
    match &daemon.reload {
        Some(Reload::Argv(argv)) => findings.extend(program(service, &["daemon", "reload"], argv)),
        Some(Reload::Signal(name)) => findings.extend(signal(service, "reload", name)),
        None => {}
    }
    if let Some(name) = &daemon.stop_signal {
        findings.extend(signal(service, "stop-signal", name));
    }
    if (daemon.kind, daemon.restart) == (Some(DaemonType::Oneshot), Some(Restart::Always)) {
        findings.push(
            Diagnostic::new(
                codes::DAEMON_CONFLICT,
                format!(
                    "the daemon of service {} does one job and ends, yet is always restarted",
                    service.name
                ),
            )
            .at(service.tree.place_of(&["daemon", "restart"]), "restart = \"always\"")
            .with(service.tree.place_of(&["daemon", "type"]), "type = \"oneshot\"")
            .help("use \"on-failure\" or \"no\", or another type"),
        );
    }
    findings
}

/// What is wrong with the program of a command, whose words stand at these keys.
pub(super) fn program(service: &ResolvedService, keys: &[&str], argv: &[String]) -> Option<Diagnostic> {
    let problem = match argv.first() {
        None => "names no program",
        Some(program) if !program.starts_with('/') => "does not begin with an absolute path",
        Some(program) if program.ends_with('/') => "names a directory",
        Some(program) if program.contains(char::is_whitespace) => {
            return Some(one_text(service, keys, program));
        }
        Some(_) => return None,
    };
    let place = service.tree.place_of(&[keys, &["0"]].concat());
    let message = format!("{} of service {} {problem}", keys.join("."), service.name);
    Some(Diagnostic::new(codes::DAEMON_PROGRAM, message).at(place, "the program").help(
        "write the program's absolute path first, such as [\"/usr/local/bin/api\", \"--port\", \"80\"]",
    ))
}

/// A command line in place of a list of arguments, in all likelihood.
fn one_text(service: &ResolvedService, keys: &[&str], program: &str) -> Diagnostic {
    let message =
        format!("the program of {} of service {} has blanks in its name", keys.join("."), service.name);
    let items: Vec<String> = program.split_whitespace().map(|word| format!("{word:?}")).collect();
    let finding = Diagnostic::new(codes::DAEMON_PROGRAM, message)
        .at(service.tree.place_of(&[keys, &["0"]].concat()), "is one argument")
        .help(format!("write one item per argument: [{}]", items.join(", ")));
    Diagnostic { severity: Severity::Warning, ..finding }
}

fn signal(service: &ResolvedService, field: &str, name: &str) -> Option<Diagnostic> {
    let bare = name.strip_prefix("SIG").unwrap_or(name);
    if SIGNALS.contains(&bare) {
        return None;
    }
    let finding = Diagnostic::new(
        codes::INVALID_VALUE,
        format!("daemon.{field} of service {}: {name:?} is no signal", service.name),
    )
    .at(service.tree.place_of(&["daemon", field]), "");
    Some(match nearest(bare, SIGNALS.iter().copied()) {
        Some(meant) => finding.help(format!("did you mean {meant:?}?")),
        None => finding.help("signals are named such as \"HUP\", \"TERM\" or \"USR1\""),
    })
}

#[cfg(test)]
#[path = "log_tests.rs"]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod log_tests;
