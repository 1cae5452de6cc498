//! Lowering for OpenRC: a service script, conf.d, the environment file. Documented in `docs/formats/openrc.md`.

use super::commands::{self, Activation};
use super::rc::{self, Reloads};
use super::{Lowered, LoweredFile, LoweredKind, cron, env, login, loss, unit};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{Daemon, DaemonType, Log, LogTarget, Restart};
use cmc_types::openrc::{Conf, ConfLine, Depend, Output, Reload, Run, Script};
use cmc_types::shell::Identifier;
use cmc_types::{Diagnostic, InitSystem, UnixPath};

/// What a milestone is in `depend`: a kind of dependency and a service.
const MILESTONES: &[(&str, &str, &str)] = &[
    ("local-fs", "need", "localmount"),
    ("network", "need", "net"),
    ("network-online", "need", "net"),
    ("remote-fs", "need", "netmount"),
    ("time-sync", "use", "ntp-client"),
];

/// Seconds before a daemon that got its stop signal is killed, unless the definition says otherwise.
const STOP_SECONDS: u32 = 60;

/// Lowers a service.
pub(super) fn lower(service: &ResolvedService, host: &HostFacts) -> Lowered {
    let mut lowered = Lowered::default();
    let mut activation = Activation::default();
    loss::check(service, host, &mut lowered.diagnostics);
    login::refuse(service, host, &mut lowered.diagnostics);
    let env_file = env::env_file(service, host, &mut lowered.diagnostics);
    let own = service.definition.daemon.is_some();
    if let Some(daemon) = &service.definition.daemon {
        let name = unit::of_daemon(&service.name, host.init);
        let script = script(service, host, daemon, &name, &mut lowered.diagnostics);
        if let (Some(path), Some(script)) = (rc::path("/etc/init.d", &name), script) {
            install(service, path, &script, &mut lowered, &mut activation);
        }
        activation.name = Some(name);
        activation.can_reload = daemon.reload.is_some();
    } else if let Some(unit) = unit::foreign(service, host.init, &mut lowered.diagnostics) {
        activation.name = Some(unit);
        activation.can_reload = true;
    }
    if let Some(unit) = &activation.name {
        let conf = conf(service, host, unit, env_file.as_ref(), own, &mut lowered.diagnostics);
        activation.restart.extend(conf.iter().map(|conf| conf.path.clone()));
        lowered.files.extend(conf);
        activation.restart.extend(env_file.iter().map(|file| file.path.clone()));
    }
    lowered.files.extend(env_file);
    lowered.files.extend(cron::files(service, host, &mut lowered.diagnostics));
    lowered.activated(commands::activate(service, host.init, &activation));
    lowered
}

fn script(
    service: &ResolvedService,
    host: &HostFacts,
    daemon: &Daemon,
    name: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Script> {
    let (command, arguments) = rc::program(service, daemon, cmc_types::openrc::DIALECT, diagnostics)?;
    let kind = daemon.kind.unwrap_or(DaemonType::Simple);
    let delay = daemon.restart_delay.map(|span| u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1));
    let run = match (kind, daemon.restart) {
        (DaemonType::Forking, _) => Run::Forking,
        (DaemonType::Oneshot, _) => Run::Oneshot,
        (_, Some(Restart::No)) => Run::Background,
        _ => Run::Supervised { delay },
    };
    let foreground = matches!(run, Run::Supervised { .. } | Run::Background);
    let stop = (daemon.stop_signal.as_deref().map(rc::signal), daemon.stop_timeout);
    let retry = match stop {
        _ if run == Run::Oneshot => None,
        (None, None) => None,
        (signal, timeout) => {
            let seconds =
                timeout.map_or(STOP_SECONDS, |span| u32::try_from(span.as_secs()).unwrap_or(u32::MAX));
            Some((signal.unwrap_or_else(|| "TERM".to_owned()), seconds))
        }
    };
    let reload = match rc::reload(daemon) {
        _ if run == Run::Oneshot => None,
        None => None,
        Some(Reloads::Signal(signal)) => Some(Reload::Signal(signal)),
        Some(Reloads::Command(argv)) => Some(Reload::Command(argv.to_vec())),
    };
    let group = daemon.group.clone();
    let user = match (rc::user(daemon), group) {
        (Some(user), group) => Some((user.clone(), group)),
        (None, Some(group)) => {
            cmc_types::name::AccountName::parse("root").ok().map(|root| (root, Some(group)))
        }
        (None, None) => None,
    };
    Some(Script {
        comments: vec![rc::header(service)],
        description: Some(service.name.to_string()),
        command,
        arguments,
        user,
        directory: daemon.directory.clone(),
        umask: daemon.umask,
        pidfile: if foreground { rc::path("/run", &format!("{name}.pid")) } else { None },
        output: if foreground { output(daemon, name) } else { None },
        retry,
        depend: depend(daemon, host),
        directories: rc::directories(service, daemon, InitSystem::Openrc, diagnostics),
        reload,
        functions: Vec::new(),
        run,
    })
}

/// Where the output of what stays in the foreground goes.
fn output(daemon: &Daemon, name: &str) -> Option<Output> {
    match &daemon.log {
        None | Some(Log::To(LogTarget::Syslog | LogTarget::Journal)) => Some(Output::Syslog(name.to_owned())),
        Some(Log::To(LogTarget::None)) => rc::path("/dev", "null").map(Output::File),
        Some(Log::File { file }) => Some(Output::File(file.clone())),
    }
}

/// What the definition requires; always after local file systems, the network, logger and firewall, if they are there.
fn depend(daemon: &Daemon, host: &HostFacts) -> Depend {
    let mut depend = Depend {
        need: vec!["localmount".to_owned()],
        using: vec!["net".to_owned(), "logger".to_owned()],
        after: vec!["firewall".to_owned()],
        ..Depend::default()
    };
    for (required, unit) in rc::required(daemon, host) {
        let milestone = MILESTONES.iter().find(|(milestone, ..)| *milestone == required);
        let (kind, word) = match milestone {
            Some((_, kind, word)) => (*kind, (*word).to_owned()),
            None => ("need", unit),
        };
        let list = if kind == "need" { &mut depend.need } else { &mut depend.using };
        if !list.contains(&word) {
            list.push(word);
        }
    }
    depend.using.retain(|word| !depend.need.contains(word));
    depend
}

/// `conf.d/NAME`: limits and the environment file, if there is either; for a foreign script a block in a file that
/// others own.
fn conf(
    service: &ResolvedService,
    host: &HostFacts,
    unit: &str,
    env_file: Option<&LoweredFile>,
    own: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<LoweredFile> {
    let mut conf = Conf::default();
    let mut places = Vec::new();
    if own {
        conf.lines.push(ConfLine::Comment(rc::header(service)));
    }
    if let Some(value) = ulimit(service, host, diagnostics) {
        places.push((conf.lines.len() as u32 + 1, service.tree.place_of(&["daemon", "limits"])));
        conf.lines.push(ConfLine::Assign { name: Identifier::parse("rc_ulimit").ok()?, value });
    }
    if let Some(file) = env_file {
        places.push((conf.lines.len() as u32 + 2, service.tree.key_place_of(&["env"])));
        conf.lines.push(ConfLine::Export(file.path.clone()));
    }
    let place = places.first()?.1;
    match conf.print() {
        Ok(text) => {
            let file =
                rc::file(rc::path("/etc/conf.d", unit)?, 0o644, InitSystem::Openrc, text, place, places);
            let block = LoweredKind::Block { name: service.name.to_string(), comment: "#".to_owned() };
            Some(if own { file } else { LoweredFile { kind: block, ..file } })
        }
        Err(error) => {
            diagnostics.push(rc::refused(service, &error, place));
            None
        }
    }
}

/// Options of `ulimit`, as `rc_ulimit` has them.
fn ulimit(service: &ResolvedService, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let limits = service.definition.daemon.as_ref()?.limits.as_ref()?;
    let limits = rc::limits(service, &["daemon"], limits, diagnostics);
    let options = rc::ulimits(limits, host).into_iter().map(|(option, value)| format!("-{option} {value}"));
    let options: Vec<_> = options.collect();
    (!options.is_empty()).then(|| options.join(" "))
}

fn install(
    service: &ResolvedService,
    path: UnixPath,
    script: &Script,
    lowered: &mut Lowered,
    activation: &mut Activation,
) {
    let fields: &[(&str, &[&str])] = &[
        ("command=", &["exec", "0"]),
        ("command_args=", &["exec", "1"]),
        ("command_user=", &["user"]),
        ("directory=", &["directory"]),
        ("umask=", &["umask"]),
        ("output_log", &["log"]),
        ("error_log", &["log"]),
        (
            "retry=",
            if service.tree.get(&["daemon", "stop-timeout"]).is_some() {
                &["stop-timeout"]
            } else {
                &["stop-signal"]
            },
        ),
        ("respawn_delay=", &["restart-delay"]),
        ("extra_started_commands=", &["reload"]),
        ("need ", &["requires"]),
        ("checkpath ", &["runtime-dir"]),
    ];
    rc::install(service, path, InitSystem::Openrc, script.print(), fields, (lowered, activation));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
