//! Where log files lie: their directories must be there before anything is written.

use super::job;
use crate::resolved::ResolvedService;
use cmc_types::definition::{Log, Service};
use cmc_types::{Diagnostic, UnixPath, codes};

/// Directories that every system has, or that its programs make.
const THERE: &[&str] =
    &["/", "/dev", "/opt", "/root", "/run", "/srv", "/tmp", "/var", "/var/log", "/var/run", "/var/tmp"];

/// Warns of log files in directories that nothing of the service makes.
pub(super) fn check(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    let definition = &service.definition;
    let daemon = definition.daemon.as_ref().and_then(|daemon| daemon.log.as_ref());
    let daemon = daemon.map(|log| (vec!["daemon"], log));
    let jobs = job::all(service)
        .filter_map(|named| Some((vec!["job", named.name.as_str()], named.job.log.as_ref()?)));
    for (of, log) in daemon.into_iter().chain(jobs) {
        let Log::File { file } = log else { continue };
        let directory = file.parent();
        if THERE.contains(&directory) || is_made(definition, directory) {
            continue;
        }
        let message =
            format!("nothing in service {} makes the directory {directory:?} of a log file", service.name);
        let place = service.tree.place_of(&[of.as_slice(), &["log", "file"]].concat());
        let help = "nothing is written where it is missing: make it by log-dir of the daemon, by tmpfiles.d, or choose \
                    a file in /var/log; it is fine if a package makes it";
        diagnostics.push(Diagnostic::new(codes::LOG_DIRECTORY, message).at(place, "").help(help));
    }
}

/// Whether something in a service makes a directory, or speaks of it.
fn is_made(definition: &Service, directory: &str) -> bool {
    let within = |path: &str| {
        path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let of_daemon = definition.daemon.as_ref().is_some_and(|daemon| {
        let own = [
            (&daemon.log_dir, &["/var/log"][..]),
            (&daemon.state_dir, &["/var/lib", "/var/db"]),
            (&daemon.runtime_dir, &["/run", "/var/run"]),
        ];
        own.iter().any(|(name, bases)| {
            name.as_ref().is_some_and(|name| bases.iter().any(|base| within(&format!("{base}/{name}"))))
        })
    });
    let speaks = |path: &UnixPath, content: &Option<String>| {
        within(path.as_str()) || content.as_ref().is_some_and(|content| content.contains(directory))
    };
    let by_unit = |name: &String| {
        let sections = definition.systemd.get(name).map(|table| &table.sections);
        sections.is_some_and(|sections| {
            sections
                .values()
                .any(|keys| keys.keys().any(|key| key.ends_with("Directory") && key != "WorkingDirectory"))
        })
    };
    of_daemon
        || definition.file.iter().any(|(path, file)| speaks(path, &file.content))
        || definition.systemd.keys().any(by_unit)
}
