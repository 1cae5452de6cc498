//! Health checks: what a host asks of a service after a change and on every later run.

use crate::resolved::ResolvedService;
use crate::services::argv_problem;
use crate::tree::Node;
use crate::world::World;
use cmc_types::check::{HealthCheck, Probe};
use cmc_types::definition::{EnvType, EnvVarTable, Health, State, Then};
use cmc_types::{Diagnostic, codes, env_value};

/// The health checks of a service; what is wrong is reported.
pub(crate) fn checks(
    world: &World,
    host: usize,
    service: &ResolvedService,
    restart: Option<&Vec<String>>,
) -> Vec<HealthCheck> {
    let Some(health) = &service.definition.health else { return Vec::new() };
    let mut findings = problems(health, &service.tree);
    let wants_restart = health.then == Some(Then::Restart);
    if wants_restart && restart.is_none() {
        let message = format!(
            "service {:?} cannot be restarted: it has neither `daemon` nor `unit`",
            service.name.as_str()
        );
        let place = service.tree.place_of(&["health", "then"]);
        findings.push(Diagnostic::new(codes::RESTART_WITHOUT_UNIT, message).at(place, ""));
    }
    findings.into_iter().for_each(|finding| world.report_on(host, finding));
    let Some(probe) = probe(health) else {
        let message = "a health check has exactly one of `http`, `tcp` and `exec`";
        let place = service.tree.key_place_of(&["health"]);
        world.report_on(host, Diagnostic::new(codes::EXCLUSIVE_KEYS, message).at(place, ""));
        return Vec::new();
    };
    if service.definition.state == Some(State::Stopped) {
        return Vec::new();
    }
    let within = health.within.map_or(30, |span| u32::try_from(span.as_secs()).unwrap_or(u32::MAX));
    vec![HealthCheck {
        probe,
        within: within.max(1),
        failures: health.failures.unwrap_or(3).max(1),
        restart: restart.filter(|_| wants_restart).cloned(),
    }]
}

fn probe(health: &Health) -> Option<Probe> {
    match health {
        Health { http: Some(url), tcp: None, exec: None, .. } => Some(Probe::Http(url.clone())),
        Health { http: None, tcp: Some(address), exec: None, .. } => Some(Probe::Tcp(address.clone())),
        Health { http: None, tcp: None, exec: Some(argv), .. } => Some(Probe::Exec(argv.clone())),
        _ => None,
    }
}

/// What is wrong with the settings that are there, whatever the host.
pub(crate) fn problems(health: &Health, service: &Node) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut invalid = |key: &str, message: String, help: &str| {
        let place = service.place_of(&["health", key]);
        findings.push(Diagnostic::new(codes::INVALID_VALUE, message).at(place, "").help(help));
    };
    let is = |kind: EnvType, text: &str| {
        env_value::check(&EnvVarTable { kind: Some(kind), ..EnvVarTable::default() }, text).is_ok()
    };
    if let Some(url) = &health.http {
        let authority = url.strip_prefix("http://").and_then(|rest| rest.split(['/', '?', '#']).next());
        let known = authority.is_some_and(|host| !host.starts_with(':') && !host.contains(['@', ',']));
        if !known || !is(EnvType::Url, url) {
            invalid(
                "http",
                format!("{url:?} is no URL that can be checked"),
                "write a URL such as \"http://127.0.0.1:8080/isalive\"; https is not checked",
            );
        }
    }
    if let Some(address) = health.tcp.as_ref().filter(|address| !is(EnvType::HostPort, address)) {
        let message = format!("{address:?} is not HOST:PORT");
        invalid("tcp", message, "write an address such as \"127.0.0.1:5432\"");
    }
    if let Some(problem) = health.exec.as_deref().and_then(argv_problem) {
        invalid("exec", format!("the check {problem}"), "write a program and its arguments");
    }
    if health.within.is_some_and(|within| within.as_micros() < 1_000_000) {
        let message = "the service has no time to answer".to_owned();
        invalid("within", message, "write a second or more, such as \"30s\"");
    }
    if health.failures == Some(0) {
        invalid("failures", "no check fails less than once".to_owned(), "write 1 or more");
    }
    findings
}
