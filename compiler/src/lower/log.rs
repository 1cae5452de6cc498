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

/// Directories of [`THERE`] in which everybody makes files.
const OPEN: &[&str] = &["/dev", "/tmp", "/var/tmp"];

/// Warns of log files of cron's jobs that their accounts cannot make: the shell opens them as the account, not as root.
pub(super) fn of_accounts(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    let files = &service.definition.file;
    for named in job::all(service) {
        let (Some(user), Some(Log::File { file })) = (named.user(), &named.job.log) else { continue };
        let directory = file.parent();
        // What speaks of the file may make it, as newsyslog.conf does.
        let spoken = files.iter().any(|(path, entry)| {
            path == file || entry.content.as_ref().is_some_and(|content| content.contains(file.as_str()))
        });
        if spoken || OPEN.contains(&directory) || !THERE.contains(&directory) {
            continue;
        }
        let message = format!(
            "{user} cannot make the log file of job.{} of service {}: {directory:?} is root's",
            named.name, service.name
        );
        let help = "cron runs the job by a shell that opens the file as its account, and without the file nothing is run: \
                    choose a directory of the account, such as log-dir of the daemon, or log = \"syslog\"; it is fine \
                    if something else makes the file for the account";
        let place = named.place(&["log", "file"]);
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
