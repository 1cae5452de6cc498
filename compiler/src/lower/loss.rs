//! What a host cannot express of a daemon or a job, by the tables of what becomes of their fields.

use super::mapping::{Row, loss_names};
use super::{daemon_rows, job};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::{Diagnostic, InitSystem, codes, nearest};

/// Milestones of `requires`; see `cmc_types::definition::Daemon::requires`.
pub(crate) const MILESTONES: [&str; 5] = ["local-fs", "network", "network-online", "remote-fs", "time-sync"];

/// Something that a service loses on a host.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Loss {
    /// The field, such as `daemon.limits.memory` or `job.nightly.catch-up`.
    pub field: String,
    /// Why.
    pub why: &'static str,
    /// Whether `loss-ok` accepts it.
    pub accepted: bool,
}

/// A definition with its table.
struct Looked<'a, T: 'static> {
    path: &'a [&'a str],
    definition: &'a T,
    loss_ok: &'a [String],
    rows: &'static [Row<T>],
}

impl<T> Looked<'_, T> {
    /// What is lost on an init system: the row, why, and whether that is accepted.
    fn losses(&self, init: InitSystem) -> impl Iterator<Item = (&'static Row<T>, &'static str, bool)> {
        self.rows.iter().flat_map(move |row| {
            let accepted = row.accepted(self.loss_ok);
            row.on(init).lost(self.definition).map(move |loss| (row, loss.why, accepted))
        })
    }

    fn keys(&self, row: &Row<T>) -> Vec<&str> {
        let mut keys = self.path.to_vec();
        for key in row.path() {
            keys.push(key);
        }
        keys
    }

    fn report(&self, service: &ResolvedService, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) {
        for (row, why, _) in self.losses(host.init).filter(|(.., accepted)| !accepted) {
            let keys = self.keys(row);
            let system = match self.path[0] {
                "job" if host.init != InitSystem::Systemd => "cron",
                _ => name(host.init),
            };
            let message =
                format!("{system} cannot express {} of service {}: {why}", keys.join("."), service.name,);
            diagnostics.push(
                Diagnostic::new(codes::DAEMON_LOSS, message)
                    .at(service.tree.place_of(&keys), format!("lost on {}", host.init))
                    .help(format!(
                        "change it for these hosts in for.\"os:{}\", or accept the loss: {}.loss-ok = [\"{}\"]",
                        host.os.family(),
                        self.path.join("."),
                        row.loss_name()
                    )),
            );
        }
    }

    fn list(&self, init: InitSystem, losses: &mut Vec<Loss>) {
        let losses_here = self.losses(init);
        losses.extend(losses_here.map(|(row, why, accepted)| Loss {
            field: self.keys(row).join("."),
            why,
            accepted,
        }));
    }

    /// Reports names in `loss-ok` that are no fields; the same on every host.
    fn names(&self, service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
        let known = loss_names(self.rows);
        for (index, field) in
            self.loss_ok.iter().enumerate().filter(|(_, field)| !known.contains(&field.as_str()))
        {
            let index = index.to_string();
            let keys: Vec<&str> = self.path.iter().copied().chain(["loss-ok", &index]).collect();
            let message = format!(
                "{}.loss-ok of service {} names {field:?}, which is no field",
                self.path.join("."),
                service.name
            );
            let label = format!("no field of {} or limits", self.path[0]);
            let finding =
                Diagnostic::new(codes::UNKNOWN_LOSS, message).at(service.tree.place_of(&keys), label);
            diagnostics.push(match nearest(field, known.iter().copied()) {
                Some(meant) => finding.help(format!("did you mean {meant:?}?")),
                None => finding.help(format!("fields are {}", known.join(", "))),
            });
        }
    }
}

/// What a service has that may be lost, each with its table.
macro_rules! each {
    ($service:expr, $looked:ident => $then:expr) => {
        if let Some(daemon) = &$service.definition.daemon {
            let $looked = Looked {
                path: &["daemon"],
                definition: daemon,
                loss_ok: &daemon.loss_ok,
                rows: daemon_rows::ROWS,
            };
            $then;
        }
        for named in job::all($service) {
            let $looked = Looked {
                path: &["job", named.name.as_str()],
                definition: named.job,
                loss_ok: &named.job.loss_ok,
                rows: job::ROWS,
            };
            $then;
        }
    };
}

/// Reports what the host cannot express and `loss-ok` does not accept.
pub(super) fn check(service: &ResolvedService, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) {
    each!(service, looked => looked.report(service, host, diagnostics));
}

/// Reports names in `loss-ok` that are no fields; the same on every host.
pub(super) fn check_names(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    each!(service, looked => looked.names(service, diagnostics));
}

/// All that a service loses on an init system, accepted or not.
pub(super) fn all(service: &ResolvedService, init: InitSystem) -> Vec<Loss> {
    let mut losses = Vec::new();
    each!(service, looked => looked.list(init, &mut losses));
    losses
}

/// What people call an init system.
pub fn name(init: InitSystem) -> &'static str {
    match init {
        InitSystem::Systemd => "systemd",
        InitSystem::OpenbsdRc => "OpenBSD's rc.d",
        InitSystem::FreebsdRc => "FreeBSD's rc.d",
        InitSystem::Openrc => "OpenRC",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
