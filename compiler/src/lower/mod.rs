//! Lowering: a resolved service on one host becomes files of the host's formats and commands of its init system.
//! From here on nothing knows what a daemon is.

mod clear;
pub mod commands;
mod cron;
mod daemon;
mod daemon_rows;
mod env;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod fakes;
mod freebsd;
mod job;
mod log;
pub(crate) mod login;
pub mod loss;
pub mod mapping;
mod openbsd;
mod openrc;
mod rc;
pub mod systemd;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod testing;
mod unit;

pub use daemon_rows::ROWS as DAEMON;
pub use job::ROWS as JOB;
pub(crate) use loss::MILESTONES;
pub(crate) use unit::{known_as, name_of};

use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::check::Action;
use cmc_types::{Diagnostic, InitSystem, Mode, Place, UnixPath, codes};

/// What a service's typed parts become on a host. The service's own `file` entries are not in `files`, but the actions
/// that their changes trigger are in `actions`.
#[derive(Debug, Default)]
pub struct Lowered {
    /// Files made from `daemon`, `job`, `env`, `systemd` and `login-class`.
    pub files: Vec<LoweredFile>,
    /// Actions, in the order they run, for these files, the service's own files and watched paths.
    pub actions: Vec<Action>,
    /// Command that restarts the service, if it has a daemon or unit; for health checks.
    pub restart: Option<Vec<String>>,
    /// Commands whose output explains a failure.
    pub capture: Vec<Vec<String>>,
    /// What the host's init system or cron cannot express, accepted or not.
    pub losses: Vec<loss::Loss>,
    /// What is wrong: losses, values that a format cannot carry, unknown directives.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file made from a typed model.
#[derive(Clone)]
pub struct LoweredFile {
    /// Where it goes.
    pub path: UnixPath,
    /// Mode.
    pub mode: Mode,
    /// Owner.
    pub user: String,
    /// Group.
    pub group: String,
    /// What is printed: a whole file, or a managed block.
    pub kind: LoweredKind,
    /// The text. Wiped when dropped.
    pub text: zeroize::Zeroizing<String>,
    /// Whether any of it comes from a secret.
    pub tainted: bool,
    /// The definition that asks for it.
    pub place: Place,
    /// For lines (from 1) that show a value: where the value was written.
    pub lines: Vec<(u32, Place)>,
}

impl Lowered {
    /// Takes over the actions, commands and findings of [`commands::activate`].
    fn activated(&mut self, activated: commands::Activated) {
        self.actions.extend(activated.actions);
        self.restart = activated.restart;
        self.capture = activated.capture;
        self.diagnostics.extend(activated.diagnostics);
    }
}

impl std::fmt::Debug for LoweredFile {
    /// Prints no content: it may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoweredFile")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .field("kind", &self.kind)
            .field("bytes", &self.text.len())
            .field("tainted", &self.tainted)
            .finish_non_exhaustive()
    }
}

/// What a lowered text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoweredKind {
    /// The whole file.
    File,
    /// A managed block of this name in a file that others own.
    Block {
        /// Name of the block.
        name: String,
        /// What begins a comment in that file.
        comment: String,
    },
    /// A symbolic link to this path; the text is empty.
    Link(&'static str),
}

/// What is wrong with a part of a service whatever the rest of it and the host: `service` holds that part alone.
pub(crate) fn check_part(service: &ResolvedService) -> Vec<Diagnostic> {
    let mut diagnostics = daemon::check(service);
    // A part need not say what is run.
    diagnostics.retain(|finding| {
        finding.code != codes::DAEMON_PROGRAM || service.tree.get(&["daemon", "exec", "0"]).is_some()
    });
    if let Some(limits) = service.definition.daemon.as_ref().and_then(|daemon| daemon.limits.as_ref()) {
        rc::limits(service, &["daemon"], limits, &mut diagnostics);
    }
    // A part need not say what is run.
    let runs = |name: &str| service.tree.get(&["job", name, "exec", "0"]).is_some();
    let mut jobs = Vec::new();
    job::check(service, &mut jobs);
    let without = service.definition.job.keys().filter(|name| !runs(name.as_str()));
    let without: Vec<_> = without.map(|name| service.tree.place_of(&["job", name.as_str()])).collect();
    jobs.retain(|finding| {
        finding.code != codes::DAEMON_PROGRAM
            || finding.primary.as_ref().is_none_or(|label| !without.contains(&label.place))
    });
    diagnostics.extend(jobs);
    loss::check_names(service, &mut diagnostics);
    systemd::check_part(service, &mut diagnostics);
    diagnostics
}

/// Lowers a service. Deterministic; does no input or output.
pub fn lower(service: &ResolvedService, host: &HostFacts) -> Lowered {
    let mut lowered = match host.init {
        InitSystem::Systemd => systemd::lower(service, host),
        InitSystem::OpenbsdRc => openbsd::lower(service, host),
        InitSystem::FreebsdRc => freebsd::lower(service, host),
        InitSystem::Openrc => openrc::lower(service, host),
    };
    // What a script cannot carry is refused at the same place, by its own words.
    let place = |finding: &Diagnostic| finding.primary.as_ref().map(|label| label.place);
    let refused: Vec<_> = lowered.diagnostics.iter().map(place).collect();
    let found = daemon::check(service).into_iter();
    lowered.diagnostics.extend(found.filter(|found| found.is_error() || !refused.contains(&place(found))));
    job::check(service, &mut lowered.diagnostics);
    clear::service(service, &mut lowered.diagnostics);
    log::check(service, &mut lowered.diagnostics);
    loss::check_names(service, &mut lowered.diagnostics);
    lowered.losses = loss::all(service, host.init);
    if host.init == InitSystem::Systemd {
        loss::check(service, host, &mut lowered.diagnostics);
        login::refuse(service, host, &mut lowered.diagnostics);
    }
    lowered
}
