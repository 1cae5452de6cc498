//! Lowering for OpenBSD: an rc.d script, login classes, the environment file. Documented in
//! `docs/formats/openbsd-rc.md`.

use super::commands::{self, Activation};
use super::rc::{self, Reloads};
use super::{Lowered, cron, env, login, loss, unit};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{Daemon, DaemonType, Log, LogTarget, Source};
use cmc_types::openbsd_rc::{Reload, Script, Start, process_pattern};
use cmc_types::shell::{self, Identifier};
use cmc_types::{Diagnostic, InitSystem, UnixPath, codes};

/// Lowers a service.
pub(super) fn lower(service: &ResolvedService, host: &HostFacts) -> Lowered {
    let mut lowered = Lowered::default();
    let mut activation = Activation::default();
    loss::check(service, host, &mut lowered.diagnostics);
    let name = service.definition.daemon.as_ref().map(|_| Identifier::from_service(&service.name));
    let classes = login::openbsd(service, name.as_ref().map(Identifier::as_str), &mut lowered);
    activation.before = classes.actions;
    activation.restart.extend(classes.own);
    if let (Some(name), Some(daemon)) = (name, &service.definition.daemon) {
        let env_file = env::env_file(service, host, &mut lowered.diagnostics);
        let script =
            script(service, daemon, env_file.as_ref().map(|file| &file.path), &mut lowered.diagnostics);
        if let (Some(path), Some(script)) = (rc::path("/etc/rc.d", name.as_str()), script) {
            install(service, path, &script, &mut lowered, &mut activation);
        }
        activation.restart.extend(env_file.as_ref().map(|file| file.path.clone()));
        lowered.files.extend(env_file);
        activation.name = Some(name.to_string());
        activation.can_reload = daemon.reload.is_some();
    } else if let Some(unit) = unit::foreign(service, host.init, &mut lowered.diagnostics) {
        activation.can_reload = true;
        if !service.env.is_empty() {
            foreign_env(service, &unit, &mut lowered.diagnostics);
        }
        activation.name = Some(unit);
    } else if service.definition.unit.is_none() {
        lowered.files.extend(env::env_file(service, host, &mut lowered.diagnostics));
    }
    lowered.files.extend(cron::files(service, host, &mut lowered.diagnostics));
    lowered.activated(commands::activate(service, host.init, &activation));
    lowered
}

/// su(1) clears the environment, and only a script of ours can source it again.
fn foreign_env(service: &ResolvedService, unit: &str, diagnostics: &mut Vec<Diagnostic>) {
    let message =
        format!("service {} sets the environment of {unit}, which OpenBSD's rc.d clears", service.name);
    diagnostics.push(
        Diagnostic::new(codes::ENV_OF_FOREIGN_UNIT, message)
            .at(service.tree.key_place_of(&["env"]), "cannot reach the daemon")
            .with(service.tree.place_of(&["unit"]), "the script is not cmc's")
            .help("describe the program in `daemon` instead of `unit`, or set `env` in for.\"os:…\" of other systems"),
    );
}

fn script(
    service: &ResolvedService,
    daemon: &Daemon,
    env_file: Option<&UnixPath>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Script> {
    let (program, arguments) = rc::program(service, daemon, cmc_types::openbsd_rc::DIALECT, diagnostics)?;
    let kind = daemon.kind.unwrap_or(DaemonType::Simple);
    let foreground = !matches!(kind, DaemonType::Forking | DaemonType::Oneshot);
    let mut script = Script::new(program);
    script.comments = vec![rc::header(service)];
    let plain = arguments.iter().all(|argument| shell::is_plain(argument));
    if daemon.umask.is_some() || env_file.is_some() || !plain {
        let arguments = (!plain).then(|| arguments.clone());
        script.start = Some(Start { umask: daemon.umask, env_file: env_file.cloned(), arguments });
    }
    if plain {
        script.flags = arguments;
    }
    script.directory = daemon.directory.clone();
    // rc.subr gives the output to nobody where there is no logger.
    let logs = foreground && daemon.log != Some(Log::To(LogTarget::None));
    script.logger = logs.then(|| "daemon.info".to_owned());
    let timeout = daemon.stop_timeout.or(daemon.start_timeout);
    script.timeout = timeout.map(|span| u32::try_from(span.as_secs()).unwrap_or(u32::MAX));
    script.user = rc::user(daemon).cloned();
    script.pattern = Some(interpreter(service, &daemon.exec) + &process_pattern(&daemon.exec));
    script.background = foreground;
    script.reload = match rc::reload(daemon) {
        None => Reload::No,
        Some(Reloads::Signal(signal)) if signal == "HUP" => Reload::Hangup,
        Some(Reloads::Signal(signal)) => Reload::Signal(signal),
        Some(Reloads::Command(argv)) => Reload::Command(argv.to_vec()),
    };
    script.stop_signal = daemon.stop_signal.as_deref().map(rc::signal);
    script.directories = rc::directories(service, daemon, InitSystem::OpenbsdRc, diagnostics);
    Some(script)
}

/// Interpreters by the ending of a script's source.
const INTERPRETERS: &[(&str, &str)] = &[
    (".js", "node"),
    (".ksh", "ksh"),
    (".lua", "lua[0-9.]*"),
    (".php", "php[-0-9.]*"),
    (".pl", "perl"),
    (".py", "python[0-9.]*"),
    (".rb", "ruby[0-9.]*"),
    (".sh", "(ba|da|k|z)?sh"),
];

/// What stands before the program in the command line that pgrep sees, if the program is a script that the service
/// installs: its interpreter and that one's options. As a regular expression; empty for other programs.
fn interpreter(service: &ResolvedService, exec: &[String]) -> String {
    let program = exec.first().and_then(|program| service.definition.file.get(program.as_str()));
    let Some(file) = program else { return String::new() };
    let sources = match &file.source {
        Some(Source::Path(path)) => vec![path.as_str()],
        Some(Source::PerArch(paths)) => paths.values().map(String::as_str).collect(),
        None => file.template.iter().map(|template| template.trim_end_matches(".j2")).collect(),
    };
    let by_ending =
        INTERPRETERS.iter().find(|(ending, _)| sources.iter().any(|source| source.ends_with(ending)));
    let hash_bang = file.content.as_deref().and_then(|text| text.strip_prefix("#!")).and_then(|text| {
        let mut words = text.lines().next()?.split_whitespace();
        let program = words.next()?.rsplit('/').next()?;
        if program == "env" { words.next() } else { Some(program) }
    });
    let name = match (hash_bang, by_ending) {
        (Some(name), _) => process_pattern(&[name.to_owned()]),
        (None, Some((_, pattern))) => (*pattern).to_owned(),
        (None, None) => return String::new(),
    };
    format!("(/[^ ]*/)?{name} (-[^ ]+ )*")
}

fn install(
    service: &ResolvedService,
    path: UnixPath,
    script: &Script,
    lowered: &mut Lowered,
    activation: &mut Activation,
) {
    let fields: &[(&str, &[&str])] = &[
        ("daemon=", &["exec", "0"]),
        ("daemon_flags=", &["exec", "1"]),
        ("daemon_execdir=", &["directory"]),
        ("daemon_logger=", &["log"]),
        (
            "daemon_timeout=",
            if service.tree.get(&["daemon", "stop-timeout"]).is_some() {
                &["stop-timeout"]
            } else {
                &["start-timeout"]
            },
        ),
        ("daemon_user=", &["user"]),
        ("rc_reload", &["reload"]),
        ("rc_stop_signal=", &["stop-signal"]),
        ("rc_exec ", &["exec"]),
        ("install -d ", &["runtime-dir"]),
    ];
    rc::install(service, path, InitSystem::OpenbsdRc, script.print(), fields, (lowered, activation));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
