//! Jobs on hosts without systemd's timers: a file of `/etc/cron.d` for each where cron reads that; a managed block in
//! `/etc/crontab` on OpenBSD, whose cron reads nothing else of the system's; blocks in the tables of their users on
//! Alpine, whose crond reads no other. cron looks for changes itself, so that nothing is to be done afterwards.

use super::job::{self, Named};
use super::{LoweredFile, LoweredKind, env, rc};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::cron_job::{self, Command, Output};
use cmc_types::definition::{Log, LogTarget, State};
use cmc_types::small::cron::{Entry, Says, Table};
use cmc_types::small::{Entry as _, Format, format_of};
use cmc_types::{Diagnostic, InitSystem, Place, Timespan, UnixPath, shell};
use std::collections::BTreeMap;

/// Where a line lies: the whole of a file, or part of a block.
struct Target {
    path: UnixPath,
    block: bool,
}

/// The tables of a service's jobs, or blocks of them; none of a service that is stopped.
pub(super) fn files(
    service: &ResolvedService,
    host: &HostFacts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<LoweredFile> {
    super::log::of_accounts(service, diagnostics);
    let mut files: BTreeMap<UnixPath, LoweredFile> = BTreeMap::new();
    // What MAILTO says holds for all lines below it.
    let mut jobs: Vec<Named<'_>> = job::all(service).collect();
    jobs.sort_by_key(|named| named.job.mail_to.is_some());
    for named in jobs {
        let Some(target) = target(&named, host) else { continue };
        let Some(Format::Cron(table)) = format_of(&target.path, &host.os).map(|found| found.format) else {
            continue;
        };
        let Some(lines) = lines(&named, host, table, diagnostics) else { continue };
        let file = files.entry(target.path.clone()).or_insert_with(|| {
            let whole = !target.block;
            let text = if whole { format!("# {}\n", rc::header(service)) } else { String::new() };
            let mut file = rc::file(target.path, 0o644, host.init, text, named.key_place(), Vec::new());
            if target.block {
                let (name, comment) = (service.name.to_string(), "#".to_owned());
                file.kind = LoweredKind::Block { name, comment };
            }
            file
        });
        let mail = mail_to(&named, host, table).map(|line| (line, named.place(&["mail-to"])));
        for (line, place) in mail.into_iter().chain(lines) {
            let number = u32::try_from(file.text.lines().count() + 1).unwrap_or(u32::MAX);
            file.text.push_str(&line);
            file.text.push('\n');
            file.lines.push((number, place));
        }
    }
    if service.definition.state == Some(State::Stopped) {
        return Vec::new();
    }
    files.into_values().collect()
}

fn target(named: &Named<'_>, host: &HostFacts) -> Option<Target> {
    let block = |path: Option<UnixPath>| Some(Target { path: path?, block: true });
    match host.init {
        InitSystem::OpenbsdRc => block(rc::path("/etc", "crontab")),
        InitSystem::Openrc if host.os.family() == "alpine" => {
            let user = named.user().map_or("root", |user| user.as_str());
            block(rc::path("/etc/crontabs", user))
        }
        // Debian's cron passes by names with a dot.
        _ => Some(Target { path: rc::path("/etc/cron.d", &named.unit().replace('.', "_"))?, block: false }),
    }
}

/// A line for each of the job's schedules, and where that is written.
fn lines(
    named: &Named<'_>,
    host: &HostFacts,
    table: Table,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<(String, Place)>> {
    let job = named.job;
    let before = diagnostics.len();
    for (index, word) in job.exec.iter().enumerate() {
        if let Err(error) = shell::single_line(word, cron_job::DIALECT, &format!("word {index} of exec")) {
            let place = named.place(&["exec", &index.to_string()]);
            diagnostics.push(rc::refused(named.service, &error, place));
        }
    }
    if diagnostics.len() > before || !job.exec.first().is_some_and(|program| program.starts_with('/')) {
        return None;
    }
    let of = ["job", named.name.as_str()];
    // What is no limit is reported for every host.
    let limits = job.limits.as_ref().map(|limits| rc::limits(named.service, &of, limits, &mut Vec::new()));
    let command = Command {
        weekdays: Vec::new(),
        delay: job.random_delay.map_or(0, |delay| delay_of(named, host, delay)),
        limits: rc::ulimits(limits.unwrap_or_default(), host),
        umask: job.umask,
        env_file: env::path(named.service).filter(|_| !named.service.env.is_empty()),
        directory: job.directory.clone(),
        nice: job.nice,
        timeout: job.timeout.map(Timespan::as_secs),
        argv: job.exec.clone(),
        output: output(named, host),
    };
    let root = cmc_types::name::AccountName::parse("root").ok();
    let user = job.user.as_ref().or(root.as_ref().filter(|_| job.group.is_some()));
    let user = user.map(|user| (user, job.group.as_ref()));
    let mut lines = Vec::new();
    for (index, schedule) in job.at.iter().flat_map(|times| times.distinct()) {
        let place = match named.service.tree.get(&["job", named.name.as_str(), "at", &index.to_string()]) {
            Some(node) => node.place,
            None => named.place(&["at"]),
        };
        let (fields, weekdays) = schedule.cron();
        match cron_job::line(table, fields, user, &Command { weekdays, ..command.clone() }) {
            Ok(line) => lines.push((line, place)),
            Err(error) => {
                diagnostics.push(rc::refused(named.service, &error, named.place(&["exec"])));
                return None;
            }
        }
    }
    Some(lines)
}

/// Where the output of a job goes; on OpenBSD, whose jobs stand in a table that others own, it is mailed by the line.
fn output(named: &Named<'_>, host: &HostFacts) -> Output {
    match (&named.job.log, &named.job.mail_to) {
        (Some(Log::To(LogTarget::Syslog | LogTarget::Journal)), _) => Output::Syslog(named.unit()),
        (Some(Log::To(LogTarget::None)), _) => Output::Nowhere,
        (Some(Log::File { file }), _) => Output::File(file.clone()),
        (None, Some(to)) if host.init == InitSystem::OpenbsdRc => {
            Output::MailTo { subject: format!("{} on {}", named.unit(), host.name), to: to.clone() }
        }
        (None, _) => Output::Mail,
    }
}

/// The line that tells cron whom to mail what the lines below it print.
fn mail_to(named: &Named<'_>, host: &HostFacts, table: Table) -> Option<String> {
    let to = named.job.mail_to.as_ref().filter(|_| host.init != InitSystem::OpenbsdRc)?;
    let line = Says::Variable { name: "MAILTO".to_owned(), value: to.clone() };
    // Whom no mail can go to is told for every host.
    Entry { table, line }.print().ok()
}

/// How many seconds after its time a job starts on a host: by chance, and always the same.
fn delay_of(named: &Named<'_>, host: &HostFacts, most: Timespan) -> u64 {
    let seed = format!("{} {}", host.name, named.unit());
    let hash = blake3::hash(seed.as_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(number) % (most.as_secs() + 1)
}
