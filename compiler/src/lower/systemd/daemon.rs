//! A portable daemon as a service unit. Documented in `docs/formats/systemd.md`.

use super::super::daemon_rows::ROWS;
use super::super::mapping::{Row, name_on};
use super::draft::Draft;
use super::hardening;
use super::unit;
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{
    Daemon, DaemonType, Harden, LimitValue, Limits, Log, LogTarget, Reload, Restart,
};
use cmc_types::name::AccountName;
use cmc_types::systemd::{SIGNALS, encode_argv, encode_text};
use cmc_types::{Diagnostic, InitSystem, Mode, Os, UnixPath, codes};

/// What a milestone of `daemon.requires` means: units wanted, and units waited for.
pub(crate) struct Milestone {
    pub(crate) name: &'static str,
    /// Empty: none.
    pub(crate) wants: &'static str,
    pub(crate) after: &'static str,
}

/// systemd.special(7). `network.target` is passive: it is only waited for.
pub(crate) const MILESTONES: &[Milestone] = &[
    Milestone { name: "local-fs", wants: "", after: "local-fs.target" },
    Milestone { name: "network", wants: "", after: "network.target" },
    Milestone { name: "network-online", wants: "network-online.target", after: "network-online.target" },
    Milestone { name: "remote-fs", wants: "remote-fs.target", after: "remote-fs.target" },
    Milestone { name: "time-sync", wants: "time-sync.target", after: "time-sync.target" },
];

/// The directive that a field of a daemon becomes.
pub(super) fn key_of(field: &str) -> &'static str {
    name_on(ROWS.iter().find(|row: &&Row<_>| row.field == field), InitSystem::Systemd)
}

/// Writes the fields of a daemon or job into its unit; `service.tree` knows where each was written.
pub(super) struct Writer<'a> {
    pub(super) service: &'a ResolvedService,
    /// The keys below which the fields stand.
    pub(super) base: &'a [&'a str],
    /// The directive that a field becomes.
    pub(super) key_of: fn(&str) -> &'static str,
    pub(super) draft: Draft,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Writer<'_> {
    /// Adds `key=value` for a field.
    pub(super) fn put(&mut self, section: &str, key: &str, value: impl Into<String>, field: &[&str]) {
        let place = self.service.tree.place_of(&[self.base, field].concat());
        self.draft.add(section, key, value, place);
    }

    /// Adds what a field becomes to `[Service]`.
    pub(super) fn set(&mut self, field: &str, value: impl Into<String>) {
        let keys: Vec<&str> = field.split('.').collect();
        self.put("Service", (self.key_of)(field), value, &keys);
    }

    fn unencodable(&mut self, error: impl std::fmt::Display, field: &[&str]) {
        let place = self.service.tree.place_of(&[self.base, field].concat());
        let message =
            format!("{}.{} of service {}: {error}", self.base.join("."), field[0], self.service.name);
        self.diagnostics.push(Diagnostic::new(codes::UNENCODABLE_VALUE, message).at(place, ""));
    }

    fn text(&mut self, field: &str, value: &str) {
        match encode_text(value) {
            Ok(value) => self.set(field, value),
            Err(error) => self.unencodable(error, &[field]),
        }
    }

    pub(super) fn argv(&mut self, field: &str, argv: &[String]) {
        match encode_argv(argv) {
            Ok(line) => self.set(field, line),
            Err(error) => {
                let index = argv.iter().position(|word| encode_argv(&["/x", word]).is_err()).unwrap_or(0);
                self.unencodable(error, &[field, &index.to_string()]);
            }
        }
    }

    pub(super) fn write(&mut self, daemon: &Daemon, host: &HostFacts, installed: bool) {
        self.unit(daemon, host);
        self.process(daemon);
        self.directories(daemon);
        if let Some(log) = &daemon.log {
            self.log(log, self.service.name.as_str());
        }
        if let Some(limits) = &daemon.limits {
            self.limits(limits);
        }
        self.harden(daemon.harden, &host.os);
        if installed {
            self.put("Install", "WantedBy", "multi-user.target", &[]);
        }
    }

    pub(super) fn harden(&mut self, level: Option<Harden>, os: &Os) {
        let rows = level.into_iter().flat_map(hardening::of);
        for row in rows.filter(|row| row.is_known_to(os)) {
            self.put("Service", row.key, row.value, &["harden"]);
        }
    }

    pub(super) fn account(
        &mut self,
        user: Option<&AccountName>,
        group: Option<&AccountName>,
        directory: Option<&UnixPath>,
        umask: Option<Mode>,
    ) {
        if let Some(user) = user {
            self.set("user", user.as_str());
        }
        if let Some(group) = group {
            self.set("group", group.as_str());
        }
        if let Some(directory) = directory {
            self.text("directory", directory.as_str());
        }
        if let Some(umask) = umask {
            self.set("umask", umask.to_string());
        }
    }

    fn unit(&mut self, daemon: &Daemon, host: &HostFacts) {
        let name = self.service.name.to_string();
        self.put("Unit", "Description", name, &[]);
        for (index, required) in daemon.requires.iter().enumerate() {
            let index = index.to_string();
            let field = ["requires", index.as_str()];
            if let Some(milestone) = MILESTONES.iter().find(|row| row.name == required.as_str()) {
                if !milestone.wants.is_empty() {
                    self.put("Unit", "Wants", milestone.wants, &field);
                }
                self.put("Unit", "After", milestone.after, &field);
            } else {
                let unit = host.units.get(required).cloned();
                let unit = unit.unwrap_or_else(|| unit::of_daemon(required, host.init));
                self.put("Unit", "Requires", unit.clone(), &field);
                self.put("Unit", "After", unit, &field);
            }
        }
    }

    /// Unknown signals are left out: [`super::super::daemon::check`] reports them for every init system.
    fn process(&mut self, daemon: &Daemon) {
        let kind = daemon.kind.unwrap_or(DaemonType::Simple);
        self.set("type", type_name(kind));
        if daemon.exec.first().is_some_and(|program| program.starts_with('/')) {
            self.argv("exec", &daemon.exec);
        }
        match &daemon.reload {
            Some(Reload::Signal(signal)) if !SIGNALS.contains(&bare(signal)) => {}
            Some(Reload::Signal(signal)) => {
                self.set("reload", format!("/bin/kill -s {} $MAINPID", bare(signal)));
            }
            Some(Reload::Argv(argv)) => self.argv("reload", argv),
            None => {}
        }
        self.account(daemon.user.as_ref(), daemon.group.as_ref(), daemon.directory.as_ref(), daemon.umask);
        self.set("restart", restart_name(restart_of(daemon)));
        let spans = [
            ("restart-delay", daemon.restart_delay),
            ("start-timeout", daemon.start_timeout),
            ("stop-timeout", daemon.stop_timeout),
        ];
        for (field, span) in spans {
            if let Some(span) = span {
                self.set(field, span.to_string());
            }
        }
        if let Some(signal) = daemon.stop_signal.as_deref().filter(|signal| SIGNALS.contains(&bare(signal))) {
            self.set("stop-signal", format!("SIG{}", bare(signal)));
        }
    }

    fn directories(&mut self, daemon: &Daemon) {
        let directories = [
            ("runtime-dir", &daemon.runtime_dir),
            ("state-dir", &daemon.state_dir),
            ("log-dir", &daemon.log_dir),
        ];
        for (field, name) in directories {
            if let Some(name) = name {
                self.text(field, name.as_str());
            }
        }
    }

    /// Syslog reads the journal, where each line has a name.
    /// `name` is what syslog knows it by.
    pub(super) fn log(&mut self, log: &Log, name: &str) {
        let (output, field) = match log {
            Log::To(LogTarget::Syslog | LogTarget::Journal) => ("journal".to_owned(), &["log"][..]),
            Log::To(LogTarget::None) => ("null".to_owned(), &["log"][..]),
            Log::File { file } => match encode_text(&format!("append:{file}")) {
                Ok(output) => (output, &["log", "file"][..]),
                Err(error) => return self.unencodable(error, &["log", "file"]),
            },
        };
        self.put("Service", (self.key_of)("log"), output.clone(), field);
        self.put("Service", "StandardError", output, field);
        if *log == Log::To(LogTarget::Syslog) {
            self.put("Service", "SyslogIdentifier", name, &["log"]);
        }
    }

    pub(super) fn limits(&mut self, limits: &Limits) {
        if let Some(memory) = limits.memory {
            self.set("limits.memory", memory.to_string());
        }
        let fields = [
            ("limits.open-files", &limits.open_files),
            ("limits.processes", &limits.processes),
            ("limits.core", &limits.core),
            ("limits.stack", &limits.stack),
            ("limits.file-size", &limits.file_size),
            ("limits.locked-memory", &limits.locked_memory),
        ];
        for (field, value) in fields {
            let value = match value {
                Some(LimitValue::Count(count)) => count.to_string(),
                Some(LimitValue::Text(text)) => text.clone(),
                None => continue,
            };
            self.set(field, value);
        }
    }
}

/// The policy that holds for a daemon: as given, else `on-failure`, and never for one that does one job and ends.
pub(super) fn restart_of(daemon: &Daemon) -> Restart {
    match (daemon.restart, daemon.kind) {
        (Some(restart), _) => restart,
        (None, Some(DaemonType::Oneshot)) => Restart::No,
        (None, _) => Restart::OnFailure,
    }
}

fn bare(signal: &str) -> &str {
    signal.strip_prefix("SIG").unwrap_or(signal)
}

fn type_name(kind: DaemonType) -> &'static str {
    match kind {
        DaemonType::Simple => "simple",
        DaemonType::Exec => "exec",
        DaemonType::Notify => "notify",
        DaemonType::Forking => "forking",
        DaemonType::Oneshot => "oneshot",
    }
}

fn restart_name(restart: Restart) -> &'static str {
    match restart {
        Restart::No => "no",
        Restart::OnFailure => "on-failure",
        Restart::Always => "always",
    }
}
