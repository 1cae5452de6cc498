//! Lowering for FreeBSD: an rc.d script, rc.conf.d, login classes, the environment file. Documented in
//! `docs/formats/freebsd-rc.md`.

use super::commands::{self, Activation, variable_prefix};
use super::rc::{self, Reloads};
use super::{Lowered, LoweredFile, LoweredKind, cron, env, login, loss, unit};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{Daemon, DaemonType, Log, LogTarget, Restart};
use cmc_types::freebsd_rc::{Conf, ConfLine, Output, Reload, Run, Script, Supervised};
use cmc_types::shell::Identifier;
use cmc_types::{Diagnostic, InitSystem, Mode, UnixPath};

/// What a milestone is called in `REQUIRE`.
const MILESTONES: &[(&str, &str)] = &[
    ("local-fs", "FILESYSTEMS"),
    ("network", "NETWORKING"),
    ("network-online", "NETWORKING"),
    ("remote-fs", "mountcritremote"),
    ("time-sync", "ntpd"),
];

/// The letters that limits(1) knows limits by, and whether they are sizes.
const LIMITS: &[(&str, char, bool)] = &[
    ("open-files", 'n', false),
    ("processes", 'u', false),
    ("core", 'c', true),
    ("stack", 's', true),
    ("file-size", 'f', true),
    ("locked-memory", 'l', true),
];

/// Lowers a service.
pub(super) fn lower(service: &ResolvedService, host: &HostFacts) -> Lowered {
    let mut lowered = Lowered::default();
    let mut activation = Activation::default();
    loss::check(service, host, &mut lowered.diagnostics);
    let name = service.definition.daemon.as_ref().map(|_| Identifier::from_service(&service.name));
    let classes = login::freebsd(service, name.as_ref().map(Identifier::as_str), &mut lowered);
    activation.before = classes.actions;
    let own_class = classes.own.is_some();
    activation.restart.extend(classes.own);
    let env_file = env::env_file(service, host, &mut lowered.diagnostics);
    if let (Some(name), Some(daemon)) = (&name, &service.definition.daemon) {
        let script = script(service, host, daemon, name, own_class, &mut lowered.diagnostics);
        if let (Some(path), Some(script)) = (rc::path("/usr/local/etc/rc.d", name.as_str()), script) {
            install(service, path, &script, &mut lowered, &mut activation);
        }
        activation.name = Some(name.to_string());
        activation.can_reload = daemon.reload.is_some();
    } else if let Some(unit) = unit::foreign(service, host.init, &mut lowered.diagnostics) {
        activation.name = Some(unit);
        activation.can_reload = true;
    }
    if let (Some(unit), Some(file)) = (&activation.name, &env_file) {
        let conf = conf(service, unit, &file.path, name.is_some(), &mut lowered.diagnostics);
        activation.restart.extend(conf.iter().map(|conf| conf.path.clone()));
        activation.restart.push(file.path.clone());
        lowered.files.extend(conf);
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
    name: &Identifier,
    own_class: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Script> {
    let (program, arguments) = rc::program(service, daemon, cmc_types::freebsd_rc::DIALECT, diagnostics)?;
    let kind = daemon.kind.unwrap_or(DaemonType::Simple);
    let run = match kind {
        DaemonType::Forking => Run::Forking,
        DaemonType::Oneshot => Run::Oneshot,
        _ => Run::Supervised(supervised(service, daemon, own_class.then(|| name.to_string()), diagnostics)),
    };
    let mut require = vec!["LOGIN".to_owned()];
    for (required, unit) in rc::required(daemon, host) {
        let word = match MILESTONES.iter().find(|(milestone, _)| *milestone == required) {
            Some((_, word)) => (*word).to_owned(),
            None => variable_prefix(&unit),
        };
        if !require.contains(&word) {
            require.push(word);
        }
    }
    let reload = match rc::reload(daemon) {
        _ if kind == DaemonType::Oneshot => None,
        None => None,
        Some(Reloads::Signal(signal)) => Some(Reload::Signal(signal)),
        Some(Reloads::Command(argv)) => Some(Reload::Command(argv.to_vec())),
    };
    Some(Script {
        comments: vec![rc::header(service)],
        name: name.clone(),
        require,
        before: Vec::new(),
        keywords: vec!["shutdown".to_owned()],
        directory: daemon.directory.clone(),
        program,
        arguments,
        user: rc::user(daemon).cloned(),
        stop_signal: daemon.stop_signal.as_deref().map(rc::signal).filter(|_| run == Run::Forking),
        run,
        reload,
        directories: rc::directories(service, daemon, InitSystem::FreebsdRc, diagnostics),
        functions: Vec::new(),
    })
}

fn supervised(
    service: &ResolvedService,
    daemon: &Daemon,
    login_class: Option<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Supervised {
    let delay =
        daemon.restart_delay.map_or(1, |span| u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1));
    let limits = daemon
        .limits
        .as_ref()
        .map(|limits| rc::limits(service, &["daemon"], limits, diagnostics))
        .unwrap_or_default();
    let limits = limits.into_iter().filter_map(|limit| {
        let (_, letter, size) = LIMITS.iter().find(|(field, ..)| *field == limit.field)?;
        let value = match limit.value {
            None => "infinity".to_owned(),
            Some(bytes) if *size && bytes > 0 => format!("{}k", bytes.div_ceil(1024)),
            Some(count) => count.to_string(),
        };
        Some((*letter, value))
    });
    Supervised {
        restart: (daemon.restart != Some(Restart::No)).then_some(delay),
        login_class,
        limits: limits.collect(),
        umask: daemon.umask,
        output: match &daemon.log {
            None | Some(Log::To(LogTarget::Syslog | LogTarget::Journal)) => Output::Syslog,
            Some(Log::To(LogTarget::None)) => Output::Nowhere,
            Some(Log::File { file }) => Output::File(file.clone()),
        },
    }
}

/// `rc.conf.d/NAME` names the environment file; for a foreign script it is a block in a file that others own.
fn conf(
    service: &ResolvedService,
    unit: &str,
    env_file: &UnixPath,
    own: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<LoweredFile> {
    let prefix = variable_prefix(unit);
    let variable = Identifier::parse(&format!("{prefix}_env_file")).ok()?;
    let mut lines = vec![ConfLine::Assign { name: variable, value: env_file.to_string() }];
    if own {
        lines.insert(0, ConfLine::Comment(rc::header(service)));
    }
    let place = service.tree.key_place_of(&["env"]);
    match (Conf { lines }).print() {
        Ok(text) => {
            let path = rc::path("/etc/rc.conf.d", &prefix)?;
            let line = text.lines().count() as u32;
            let file = rc::file(path, 0o644, InitSystem::FreebsdRc, text, place, vec![(line, place)]);
            let block = LoweredKind::Block { name: service.name.to_string(), comment: "#".to_owned() };
            Some(if own { file } else { LoweredFile { kind: block, mode: Mode::from_bits(0o644), ..file } })
        }
        Err(error) => {
            diagnostics.push(rc::refused(service, &error, place));
            None
        }
    }
}

fn install(
    service: &ResolvedService,
    path: UnixPath,
    script: &Script,
    lowered: &mut Lowered,
    activation: &mut Activation,
) {
    let fields: &[(&str, &[&str])] = &[
        ("# REQUIRE:", &["requires"]),
        ("command_args=", &["exec"]),
        ("command=\"/usr/local", &["exec", "0"]),
        ("reload_cmd=", &["reload"]),
        ("sig_reload=", &["reload"]),
        ("sig_stop=", &["stop-signal"]),
        (&format!(": ${{{}_chdir", script.name), &["directory"]),
        (&format!(": ${{{}_user", script.name), &["user"]),
        ("install -d ", &["runtime-dir"]),
    ];
    rc::install(service, path, InitSystem::FreebsdRc, script.print(), fields, (lowered, activation));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
