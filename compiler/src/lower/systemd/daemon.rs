//! A portable daemon as a service unit. Documented in `docs/formats/systemd.md`.

use super::draft::Draft;
use super::hardening;
use super::unit;
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{Daemon, DaemonType, LimitValue, Limits, Reload, Restart};
use cmc_types::systemd::{SIGNALS, encode_argv, encode_text};
use cmc_types::{Diagnostic, codes};

/// What a milestone of `daemon.requires` means: units wanted, and units waited for.
struct Milestone {
    name: &'static str,
    wants: &'static str,
    after: &'static str,
}

/// systemd.special(7). `network.target` is passive: it is only waited for.
const MILESTONES: &[Milestone] = &[
    Milestone { name: "local-fs", wants: "", after: "local-fs.target" },
    Milestone { name: "network", wants: "", after: "network.target" },
    Milestone { name: "network-online", wants: "network-online.target", after: "network-online.target" },
    Milestone { name: "remote-fs", wants: "remote-fs.target", after: "remote-fs.target" },
    Milestone { name: "time-sync", wants: "time-sync.target", after: "time-sync.target" },
];

/// Writes a daemon's fields into its unit; `service.tree` knows where each was written.
pub(super) struct Writer<'a> {
    pub(super) service: &'a ResolvedService,
    pub(super) draft: Draft,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Writer<'_> {
    /// Adds `key=value` for a field of the daemon.
    fn put(&mut self, section: &str, key: &str, value: impl Into<String>, field: &[&str]) {
        let place = self.service.tree.place_of(&[&["daemon"], field].concat());
        self.draft.add(section, key, value, place);
    }

    fn unencodable(&mut self, error: impl std::fmt::Display, field: &[&str]) {
        let place = self.service.tree.place_of(&[&["daemon"], field].concat());
        let message = format!("daemon.{} of service {}: {error}", field[0], self.service.name);
        self.diagnostics.push(Diagnostic::new(codes::UNENCODABLE_VALUE, message).at(place, ""));
    }

    fn text(&mut self, key: &str, value: &str, field: &str) {
        match encode_text(value) {
            Ok(value) => self.put("Service", key, value, &[field]),
            Err(error) => self.unencodable(error, &[field]),
        }
    }

    fn argv(&mut self, key: &str, argv: &[String], field: &str) {
        match encode_argv(argv) {
            Ok(line) => self.put("Service", key, line, &[field]),
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
        if let Some(limits) = &daemon.limits {
            self.limits(limits);
        }
        if let Some(level) = daemon.harden {
            for row in hardening::of(level).filter(|row| row.is_known_to(&host.os)) {
                self.put("Service", row.key, row.value, &["harden"]);
            }
        }
        if installed {
            self.put("Install", "WantedBy", "multi-user.target", &[]);
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
        self.put("Service", "Type", type_name(kind), &["type"]);
        if daemon.exec.first().is_some_and(|program| program.starts_with('/')) {
            self.argv("ExecStart", &daemon.exec, "exec");
        }
        match &daemon.reload {
            Some(Reload::Signal(signal)) if !SIGNALS.contains(&bare(signal)) => {}
            Some(Reload::Signal(signal)) => {
                self.put(
                    "Service",
                    "ExecReload",
                    format!("/bin/kill -s {} $MAINPID", bare(signal)),
                    &["reload"],
                );
            }
            Some(Reload::Argv(argv)) => self.argv("ExecReload", argv, "reload"),
            None => {}
        }
        if let Some(user) = &daemon.user {
            self.put("Service", "User", user.as_str(), &["user"]);
        }
        if let Some(group) = &daemon.group {
            self.put("Service", "Group", group.as_str(), &["group"]);
        }
        if let Some(directory) = &daemon.directory {
            self.text("WorkingDirectory", directory.as_str(), "directory");
        }
        if let Some(umask) = daemon.umask {
            self.put("Service", "UMask", umask.to_string(), &["umask"]);
        }
        self.put("Service", "Restart", restart_name(restart_of(daemon)), &["restart"]);
        if let Some(delay) = daemon.restart_delay {
            self.put("Service", "RestartSec", delay.to_string(), &["restart-delay"]);
        }
        if let Some(timeout) = daemon.start_timeout {
            self.put("Service", "TimeoutStartSec", timeout.to_string(), &["start-timeout"]);
        }
        if let Some(timeout) = daemon.stop_timeout {
            self.put("Service", "TimeoutStopSec", timeout.to_string(), &["stop-timeout"]);
        }
        if let Some(signal) = daemon.stop_signal.as_deref().filter(|signal| SIGNALS.contains(&bare(signal))) {
            self.put("Service", "KillSignal", format!("SIG{}", bare(signal)), &["stop-signal"]);
        }
    }

    fn directories(&mut self, daemon: &Daemon) {
        let directories = [
            ("RuntimeDirectory", "runtime-dir", &daemon.runtime_dir),
            ("StateDirectory", "state-dir", &daemon.state_dir),
            ("LogsDirectory", "log-dir", &daemon.log_dir),
        ];
        for (key, field, name) in directories {
            if let Some(name) = name {
                self.text(key, name.as_str(), field);
            }
        }
    }

    fn limits(&mut self, limits: &Limits) {
        if let Some(memory) = limits.memory {
            self.put("Service", "MemoryMax", memory.to_string(), &["limits", "memory"]);
        }
        let rows = [
            ("LimitNOFILE", "open-files", &limits.open_files),
            ("TasksMax", "processes", &limits.processes),
            ("LimitCORE", "core", &limits.core),
            ("LimitSTACK", "stack", &limits.stack),
            ("LimitFSIZE", "file-size", &limits.file_size),
            ("LimitMEMLOCK", "locked-memory", &limits.locked_memory),
        ];
        for (key, field, value) in rows {
            let value = match value {
                Some(LimitValue::Count(count)) => count.to_string(),
                Some(LimitValue::Text(text)) => text.clone(),
                None => continue,
            };
            self.put("Service", key, value, &["limits", field]);
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
