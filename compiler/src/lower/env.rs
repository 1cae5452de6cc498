//! The environment file of a service, `/etc/cmc/env/SERVICE.env`, in the dialect of whoever reads it, and the names
//! that readers keep for themselves.

use super::{LoweredFile, LoweredKind, job, loss, rc};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::env_file::{Dialect, EnvFile, encode};
use cmc_types::{Diagnostic, InitSystem, Mode, UnixPath, codes};

/// Where a service's environment file lies.
pub(super) fn path(service: &ResolvedService) -> Option<UnixPath> {
    rc::path("/etc/cmc/env", &format!("{}.env", service.name))
}

/// The environment file for a host's init system, or none if the service has no environment. On systemd it is root's
/// alone, since systemd reads it before it drops privileges; elsewhere the daemon's group may read it, since the shell
/// that reads it may run as the daemon's user. Values that the dialect cannot carry are findings.
pub(super) fn env_file(
    service: &ResolvedService,
    host: &HostFacts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<LoweredFile> {
    if service.env.is_empty() {
        return None;
    }
    let dialect = if host.init == InitSystem::Systemd { Dialect::Systemd } else { Dialect::Sh };
    let mut file = EnvFile { comments: vec![rc::header(service)], variables: Vec::new() };
    let mut lines = Vec::new();
    let mut line = 2;
    for variable in &service.env {
        let value = variable.value.expose();
        if let Err(error) = encode(dialect, value) {
            diagnostics.push(rc::refused(
                service,
                &error.of(format!("variable {}", variable.name)),
                variable.place,
            ));
            continue;
        }
        if let Some(reason) = reserved(host.init, service, variable.name.as_str()) {
            let message = format!(
                "{} cannot set variable {} of service {}: {reason}",
                loss::name(host.init),
                variable.name,
                service.name
            );
            let help = match &service.definition.daemon {
                Some(_) => format!(
                    "set it behind the init system: daemon.exec = [\"/usr/bin/env\", \"{}=…\", PROGRAM, …]",
                    variable.name
                ),
                None => "set it in the program's own configuration".to_owned(),
            };
            diagnostics
                .push(Diagnostic::new(codes::RESERVED_ENV_NAME, message).at(variable.place, "").help(help));
            continue;
        }
        lines.push((line, variable.place));
        line += 1 + value.matches('\n').count() as u32;
        file.variables.push((variable.name.clone(), value.to_owned()));
    }
    let text = match file.print(dialect) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(error) => {
            diagnostics.push(rc::refused(service, &error, service.tree.place_of(&["env"])));
            return None;
        }
    };
    for (_, value) in &mut file.variables {
        zeroize::Zeroize::zeroize(value);
    }
    let (mode, group) = match readers(service, host.init, diagnostics) {
        Some(group) => (0o640, group),
        None => (0o600, rc::root_group(host.init).to_owned()),
    };
    Some(LoweredFile {
        path: path(service)?,
        mode: Mode::from_bits(mode),
        user: "root".to_owned(),
        group,
        kind: LoweredKind::File,
        text,
        tainted: service.env.iter().any(|variable| variable.value.is_tainted()),
        place: service.tree.key_place_of(&["env"]),
        lines,
    })
}

/// The group of the accounts other than root that read the file themselves: those of daemon and jobs, but on systemd.
/// The file has one group alone.
fn readers(service: &ResolvedService, init: InitSystem, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    if init == InitSystem::Systemd {
        return None;
    }
    let daemon = service.definition.daemon.as_ref().filter(|daemon| rc::user(daemon).is_some());
    let place = || service.tree.place_of(&["daemon", "user"]);
    let daemon = daemon.map(|daemon| (rc::group(daemon, init), place()));
    let jobs = job::all(service).filter(|named| named.user().is_some());
    let mut readers = daemon.into_iter().chain(jobs.map(|named| (named.group(init), named.place(&["user"]))));
    let (group, first) = readers.next()?;
    if let Some((other, place)) = readers.find(|(other, _)| *other != group) {
        let message = format!(
            "the environment of service {} is for two groups on {}, {group:?} and {other:?}, and its file has one",
            service.name,
            loss::name(init)
        );
        let finding =
            Diagnostic::new(codes::ENV_READERS, message).at(place, format!("reads it as {other:?}"));
        let finding = finding.with(first, format!("reads it as {group:?}"));
        diagnostics.push(finding.help("give both a common `group`, or make two services of it"));
    }
    Some(group)
}

/// Names that an init system's own shell uses while it reads the environment, or that it sets itself afterwards.
struct Reserved {
    init: InitSystem,
    /// Whole names.
    names: &'static [&'static str],
    /// Beginnings.
    prefixes: &'static [&'static str],
    why: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        init: InitSystem::OpenbsdRc,
        names: &["HISTSIZE", "LINENO", "MAILCHECK", "OPTIND", "PPID", "RANDOM", "SECONDS", "TMOUT"],
        prefixes: &[],
        why: "the shell that reads it gives the name a meaning of its own",
    },
    Reserved {
        init: InitSystem::FreebsdRc,
        names: &["HOME", "LOGNAME", "PATH", "SHELL", "USER"],
        prefixes: &[],
        why: "daemon(8) sets it from the account and its login class",
    },
    Reserved {
        init: InitSystem::FreebsdRc,
        names: &[
            "BOOTTRACE",
            "CPUSET",
            "ENV",
            "ID",
            "IDCMD",
            "IFS",
            "JAIL_CMD",
            "JID",
            "KENV",
            "LINENO",
            "OPTIND",
            "PPID",
            "PROTECT",
            "PS",
            "SERVICE",
            "SYSCTL",
            "SYSCTL_N",
            "SYSCTL_W",
            "autoboot",
            "boottrace_cmd",
            "command",
            "command_args",
            "command_interpreter",
            "desc",
            "extra_commands",
            "flags",
            "name",
            "pidfile",
            "procname",
            "rcvar",
            "rcvars",
            "v",
        ],
        prefixes: &[
            "PS",
            "RC_",
            "_",
            "poll_",
            "rc_",
            "reload_",
            "required_",
            "restart_",
            "sig_",
            "start_",
            "status_",
            "stop_",
        ],
        why: "rc.subr uses the name itself",
    },
    Reserved {
        init: InitSystem::Openrc,
        names: &["HOME", "LOGNAME", "PATH", "SHELL", "USER"],
        prefixes: &[],
        why: "supervise-daemon sets it from the account",
    },
    Reserved {
        init: InitSystem::Openrc,
        names: &[
            "ENV",
            "IFS",
            "IN_BACKGROUND",
            "LINENO",
            "OPTIND",
            "PPID",
            "SVCNAME",
            "capabilities",
            "chroot",
            "command",
            "description",
            "directory",
            "in_background_fake",
            "input_file",
            "merge_stderr",
            "name",
            "no_new_privs",
            "notify",
            "opts",
            "pidfile",
            "procname",
            "ready",
            "retry",
            "secbits",
            "start_inactive",
            "stopsig",
            "supervisor",
            "umask",
        ],
        prefixes: &[
            "EERROR",
            "EINFO",
            "RC_",
            "SSD_",
            "_",
            "argument_",
            "cgroup_",
            "command_",
            "error_",
            "extra_",
            "healthcheck_",
            "output_",
            "rc_",
            "required_",
            "respawn_",
            "start_stop_daemon_",
            "supervise_daemon_",
        ],
        why: "openrc-run uses the name itself",
    },
];

/// Why an init system cannot set a variable of this name.
fn reserved(init: InitSystem, service: &ResolvedService, name: &str) -> Option<&'static str> {
    let unit = service.definition.unit.as_deref().map_or(service.name.as_str(), super::known_as);
    let own = super::commands::variable_prefix(unit);
    let clashes =
        init == InitSystem::FreebsdRc && name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('_'));
    if clashes {
        return Some("rc.conf(5) gives names that begin like the service a meaning");
    }
    let row = RESERVED
        .iter()
        .filter(|row| row.init == init)
        .find(|row| row.names.contains(&name) || row.prefixes.iter().any(|prefix| name.starts_with(prefix)));
    row.map(|row| row.why)
}
