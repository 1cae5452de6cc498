//! Init systems' commands as data, and the one function that turns a service's triggers into actions.
//!
//! The order is the same everywhere: the manager reads its files again, the commands that files ask for run, the
//! service is enabled, restarted if one of its paths changed, started if it does not run, and told to reload if it was
//! not restarted. So a first install starts it once, and a running service is restarted only because of a change.

#[cfg(test)]
#[path = "commands_tests.rs"]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use crate::resolved::ResolvedService;
use cmc_types::check::{Action, Trigger};
use cmc_types::definition::{OnChange, State};
use cmc_types::{Diagnostic, InitSystem, Timespan, UnixPath, codes};
use std::collections::BTreeSet;

/// Program and arguments; `{}` stands for the name that the init system knows the service by, `{var}` for that name
/// as a prefix of shell variables.
type Argv = &'static [&'static str];

/// The commands of an init system. Each exits 0 when there is nothing to do.
#[derive(Debug)]
pub struct Commands {
    /// The manager reads changed unit files again.
    pub reload_manager: Option<Argv>,
    /// It starts at boot from now on. Runs before the first start, since some refuse to start what is not enabled.
    pub enable: &'static [Argv],
    /// It is started if it does not run.
    pub start: &'static [Argv],
    /// It is stopped and does not start at boot.
    pub disable: &'static [Argv],
    /// It is stopped, if it runs, and started.
    pub restart: Argv,
    /// It is restarted if it runs; for what something else starts.
    pub try_restart: Argv,
    /// It reads its configuration again; started if it does not run.
    pub reload: &'static [Argv],
    /// What tells why it failed.
    pub capture: &'static [Argv],
}

/// systemctl(1).
pub const SYSTEMD: Commands = Commands {
    reload_manager: Some(&["systemctl", "daemon-reload"]),
    enable: &[],
    start: &[&["systemctl", "enable", "--now", "{}"]],
    disable: &[&["systemctl", "disable", "--now", "{}"]],
    restart: &["systemctl", "restart", "{}"],
    try_restart: &["systemctl", "try-restart", "{}"],
    reload: &[&["systemctl", "reload-or-restart", "{}"]],
    capture: &[
        &["systemctl", "status", "--no-pager", "--full", "--lines=0", "{}"],
        &["journalctl", "--no-pager", "--quiet", "--lines=50", "--unit", "{}"],
    ],
};

/// rcctl(8). `start` and `stop` exit 0 when there is nothing to do; `restart` refuses what is not enabled.
pub const OPENBSD: Commands = Commands {
    reload_manager: None,
    enable: &[&["rcctl", "enable", "{}"]],
    start: &[&["rcctl", "start", "{}"]],
    disable: &[&["rcctl", "stop", "{}"], &["rcctl", "disable", "{}"]],
    restart: &["rcctl", "restart", "{}"],
    try_restart: &["rcctl", "restart", "{}"],
    reload: &[&["rcctl", "start", "{}"], &["rcctl", "reload", "{}"]],
    capture: &[&["rcctl", "check", "{}"], &["tail", "-n", "50", "/var/log/daemon"]],
};

/// service(8) and sysrc(8). `start` of what runs and `stop` of what does not exit 1, hence the shell.
pub const FREEBSD: Commands = Commands {
    reload_manager: None,
    enable: &[&["sysrc", "{var}_enable=YES"]],
    start: &[&["/bin/sh", "-c", "service \"$0\" status >/dev/null 2>&1 || exec service \"$0\" start", "{}"]],
    disable: &[
        &[
            "/bin/sh",
            "-c",
            "if service \"$0\" onestatus >/dev/null 2>&1; then exec service \"$0\" onestop; fi",
            "{}",
        ],
        &["sysrc", "{var}_enable=NO"],
    ],
    restart: &["service", "{}", "restart"],
    try_restart: &["service", "{}", "restart"],
    reload: &[&[
        "/bin/sh",
        "-c",
        "if service \"$0\" status >/dev/null 2>&1; then exec service \"$0\" reload; else exec service \"$0\" start; fi",
        "{}",
    ]],
    capture: &[&["service", "{}", "status"], &["tail", "-n", "50", "/var/log/messages"]],
};

/// rc-service(8) and rc-update(8). `start` of what runs and `stop` of what does not warn and exit 0; so does removing
/// from all runlevels what is in none.
pub const OPENRC: Commands = Commands {
    reload_manager: None,
    enable: &[&["rc-update", "add", "{}", "default"]],
    start: &[&["rc-service", "{}", "start"]],
    disable: &[&["rc-service", "{}", "stop"], &["rc-update", "-a", "del", "{}"]],
    restart: &["rc-service", "{}", "restart"],
    try_restart: &["rc-service", "--ifstarted", "{}", "restart"],
    reload: &[&["rc-service", "--ifstarted", "{}", "reload"], &["rc-service", "{}", "start"]],
    capture: &[&["rc-service", "{}", "status"], &["tail", "-n", "50", "/var/log/messages"]],
};

/// The commands of an init system.
pub const fn commands(init: InitSystem) -> &'static Commands {
    match init {
        InitSystem::Systemd => &SYSTEMD,
        InitSystem::OpenbsdRc => &OPENBSD,
        InitSystem::FreebsdRc => &FREEBSD,
        InitSystem::Openrc => &OPENRC,
    }
}

/// A unit that is enabled beside the service's own: a timer, socket or path of systemd with `[Install]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// Its name, such as `api.timer`.
    pub name: String,
    /// The unit that it triggers, if that must stop before the companion is restarted (sockets).
    pub stop_first: Option<String>,
    /// Its file and drop-ins.
    pub paths: Vec<UnixPath>,
    /// The file before whose leaving it is disabled; none: before the bundle leaves, or one comes that does not have it.
    pub definition: Option<UnixPath>,
}

/// Who starts a service's main unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Starter {
    /// It is enabled and started itself.
    #[default]
    Manager,
    /// A socket: it is not started, and restarted only if it runs.
    Socket,
    /// A timer or path: it is neither started nor restarted.
    Schedule,
}

/// What lowering has made of a service, as far as actions depend on it.
#[derive(Debug, Default)]
pub struct Activation {
    /// The name that the init system knows the daemon or unit by (`api.service`, or the script's name); none for a
    /// service without either.
    pub name: Option<String>,
    /// Generated files whose change always restarts it: unit or script, configuration of the script, environment.
    pub restart: Vec<UnixPath>,
    /// Generated files that the manager must read again (systemd units and drop-ins); those of `restart` are not in
    /// it by themselves.
    pub manager: Vec<UnixPath>,
    /// Generated file without which it does not exist; none for a foreign unit.
    pub definition: Option<UnixPath>,
    /// Whether it can reload: it has a reload command, or is foreign.
    pub can_reload: bool,
    /// Who starts it.
    pub starter: Starter,
    /// Units enabled beside it.
    pub companions: Vec<Companion>,
    /// Units that are masked, and the link that masks each.
    pub masked: Vec<(String, UnixPath)>,
    /// Actions that come before the service's own, such as `cap_mkdb`.
    pub before: Vec<Action>,
}

/// Actions and commands of a service.
#[derive(Debug, Default)]
pub struct Activated {
    /// Actions, in the order they run.
    pub actions: Vec<Action>,
    /// Command that restarts it, for health checks.
    pub restart: Option<Vec<String>>,
    /// Commands whose output explains a failure.
    pub capture: Vec<Vec<String>>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// Seconds for commands that do not wait for a daemon.
const QUICK: u32 = 60;
/// Seconds that a start or a stop takes at most unless the daemon says otherwise: systemd's default.
const PATIENCE: u64 = 90;

/// Makes the actions of a service: its generated files, its own `file` entries with `on-change` and `run`, its
/// watched paths and its state.
pub fn activate(service: &ResolvedService, init: InitSystem, activation: &Activation) -> Activated {
    let mut out = Activated::default();
    let table = commands(init);
    let seconds = start_and_stop_seconds(service);
    let own = OwnPaths::of(service, activation, &mut out.diagnostics);

    if let Some(argv) = table.reload_manager {
        out.changed(&activation.manager, argv, "", QUICK);
    }
    for (name, link) in &activation.masked {
        let stop: Argv = &["systemctl", "stop", "{}"];
        out.each(Trigger::Written, std::slice::from_ref(link), &[stop], name, seconds);
    }
    out.actions.extend(activation.before.iter().cloned());
    for (path, file) in &service.definition.file {
        for argv in file.run.iter().filter(|argv| !argv.is_empty()) {
            out.actions.push(Action {
                on: Trigger::Written,
                paths: vec![path.clone()],
                unless: Vec::new(),
                argv: argv.clone(),
                timeout: QUICK,
                once: false,
            });
        }
    }

    let running = service.definition.state != Some(State::Stopped);
    if running {
        out.companions_running(table, activation, seconds);
        out.main_running(table, activation, &own, seconds);
    } else {
        for name in activation.companions.iter().map(|unit| &unit.name).chain(&activation.name) {
            out.each(Trigger::Enable, &[], table.disable, name, seconds);
        }
    }

    for unit in &activation.companions {
        out.each(Trigger::Leaving, unit.definition.as_slice(), table.disable, &unit.name, seconds);
    }
    if let Some(name) = &activation.name {
        let definition = activation.definition.as_slice();
        out.each(Trigger::Leaving, definition, table.disable, name, seconds);
    }
    if let (Some(argv), false) = (table.reload_manager, activation.manager.is_empty()) {
        out.each(Trigger::Removed, &activation.manager, &[argv], "", QUICK);
    }
    if let (Some(name), true) = (&activation.name, running) {
        out.restart = Some(fill(table.restart, name));
        out.capture = table.capture.iter().map(|argv| fill(argv, name)).collect();
    }
    out
}

/// The command that an init system uses for a name: `{}` and `{var}` replaced.
pub fn fill(argv: &[&str], name: &str) -> Vec<String> {
    argv.iter().map(|word| word.replace("{var}", &variable_prefix(name)).replace("{}", name)).collect()
}

/// A script's name as a prefix of shell variables: what is no letter, digit or `_` becomes `_`.
pub fn variable_prefix(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Paths whose change restarts or reloads the main unit; each in one of the two.
struct OwnPaths {
    restart: Vec<UnixPath>,
    reload: Vec<UnixPath>,
}

impl OwnPaths {
    fn of(service: &ResolvedService, activation: &Activation, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let definition = &service.definition;
        let mut restart: BTreeSet<UnixPath> = activation.restart.iter().cloned().collect();
        let mut reload = BTreeSet::new();
        let default = definition.on_change.unwrap_or(OnChange::Restart);
        let program = definition.daemon.as_ref().and_then(|daemon| daemon.exec.first());

        let mut reloads = |keys: &[&str], wanted: bool| {
            let refused = wanted && !activation.can_reload && activation.name.is_some();
            if refused {
                diagnostics.push(
                    Diagnostic::new(
                        codes::RELOAD_WITHOUT_COMMAND,
                        format!(
                            "service {:?} cannot reload: its daemon has no reload command",
                            service.name.as_str()
                        ),
                    )
                    .at(service.tree.place_of(keys), "asks for a reload")
                    .help(
                        "set daemon.reload to a signal such as \"HUP\" or to a command, or use \"restart\"",
                    ),
                );
            }
        };
        reloads(&["on-change"], definition.on_change == Some(OnChange::Reload));
        for (path, file) in &definition.file {
            reloads(&["file", path.as_str(), "on-change"], file.on_change == Some(OnChange::Reload));
        }

        let files = definition.file.iter().map(|(path, file)| (path, file.on_change.unwrap_or(default)));
        for (path, then) in files.chain(definition.watch.iter().map(|path| (path, default))) {
            let is_program = program.is_some_and(|program| program == path.as_str());
            match then {
                _ if is_program => restart.insert(path.clone()),
                OnChange::Restart => restart.insert(path.clone()),
                OnChange::Reload => reload.insert(path.clone()),
                OnChange::None => false,
            };
        }
        let reload = reload.into_iter().filter(|path| !restart.contains(path)).collect();
        Self { restart: restart.into_iter().collect(), reload }
    }
}

impl Activated {
    fn each(&mut self, on: Trigger, paths: &[UnixPath], argvs: &[Argv], name: &str, timeout: u32) {
        self.actions.extend(argvs.iter().map(|argv| Action {
            on,
            paths: paths.to_vec(),
            unless: Vec::new(),
            argv: fill(argv, name),
            timeout,
            once: false,
        }));
    }

    /// Adds nothing without paths: an action without paths would run on any change.
    fn changed(&mut self, paths: &[UnixPath], argv: Argv, name: &str, timeout: u32) {
        if !paths.is_empty() {
            self.each(Trigger::Changed, paths, &[argv], name, timeout);
        }
    }

    fn companions_running(&mut self, table: &Commands, activation: &Activation, seconds: u32) {
        for unit in &activation.companions {
            if let Some(triggered) = &unit.stop_first {
                self.changed(&unit.paths, &["systemctl", "stop", "{}"], triggered, seconds);
            }
            self.changed(&unit.paths, table.restart, &unit.name, seconds);
            self.each(Trigger::Enable, &[], table.start, &unit.name, seconds);
        }
    }

    fn main_running(&mut self, table: &Commands, activation: &Activation, own: &OwnPaths, seconds: u32) {
        let Some(name) = &activation.name else { return };
        match activation.starter {
            Starter::Manager => {
                self.each(Trigger::Enable, &[], table.enable, name, QUICK);
                self.changed(&own.restart, table.restart, name, seconds);
                self.each(Trigger::Enable, &[], table.start, name, seconds);
                // Not after a restart: it has read everything, and a signal might find no handler yet.
                let first = self.actions.len();
                for argv in table.reload {
                    self.changed(&own.reload, argv, name, seconds);
                }
                self.actions[first..].iter_mut().for_each(|action| action.unless.clone_from(&own.restart));
            }
            Starter::Socket => {
                let paths: Vec<_> = own.restart.iter().chain(&own.reload).cloned().collect();
                self.changed(&paths, table.try_restart, name, seconds);
            }
            Starter::Schedule => {}
        }
    }
}

/// How long a restart may take: the daemon's own timeouts, or systemd's defaults, and some seconds for the command.
fn start_and_stop_seconds(service: &ResolvedService) -> u32 {
    let daemon = service.definition.daemon.as_ref();
    let seconds = |span: Option<Timespan>| span.map_or(PATIENCE, Timespan::as_secs);
    let start = seconds(daemon.and_then(|daemon| daemon.start_timeout));
    let stop = seconds(daemon.and_then(|daemon| daemon.stop_timeout));
    u32::try_from(start.saturating_add(stop).saturating_add(10)).unwrap_or(u32::MAX)
}
