//! Crontabs that are asked to become jobs: line by line. What a job cannot say stays a crontab, which is told.

use super::definition::{ANYWHERE, Line, Service, Table, Value};
use super::{Import, Kind, Original, kind, small};
use crate::formats;
use cmc_types::cron_job::{Command, Output, unescape};
use cmc_types::file_format::FileFormat;
use cmc_types::name::{AccountName, JobName};
use cmc_types::small::cron::{self, Dialect, Says};
use cmc_types::small::{Format, format_of};
use cmc_types::{Diagnostic, EnvName, Os, Schedule, ServiceName, Timespan, UnixPath, codes};

/// Where a crontab lies, and how it is read.
struct At {
    path: UnixPath,
    os: Os,
    table: cron::Table,
    /// Whether its own path said so.
    known: bool,
}

/// Imports a crontab as jobs.
pub(super) fn import(import: &mut Import<'_>, original: &Original) -> Option<Service> {
    let Some(at) = at(import, original) else {
        import.malformed(original, Kind::Job, None, "it is neither a crontab nor a timer and its service");
        return None;
    };
    let format = FileFormat::Small(Format::Cron(at.table));
    let findings = formats::of_text(format, &at.path, &at.os, &original.text, original.file);
    import.warn(findings);
    let (_, file) = kind::split(&original.path);
    let mut service = Service::new(import.service(original, file)?, ANYWHERE);
    let read = read(&original.text, &at);
    let kept = |import: &mut Import<'_>, line: usize, why: &str| {
        let message = format!("{} stays a crontab: {why}", what(original, line));
        let place = import.line(original, u32::try_from(line).ok());
        let finding = Diagnostic::new(codes::KEPT_VERBATIM, message).at(place, "");
        import.diagnostics.push(finding.help("the definition holds what no job can say as a file"));
    };
    if let Some((line, why)) = &read.whole {
        kept(import, *line, why);
        service.tables.push(small::table(&at.path, Format::Cron(at.table), original.text.clone()));
        return Some(service);
    }
    let mut rest = Vec::new();
    let mut names = Vec::new();
    for line in read.lines {
        match line.job {
            Ok(job) => {
                let name = job.name(&names, service.name.as_str());
                let owner = job.user.clone().or_else(|| at.owner()).filter(|owner| owner != "root");
                let table = Table { comments: line.comments, ..job.table(&name, owner.as_deref()) };
                service.users.extend(owner);
                service.groups.extend(job.group.clone());
                service.tables.push(table);
                service.tables.extend(job.log_file(&name));
                names.push(name);
            }
            Err(why) => {
                kept(import, line.number, &why);
                rest.extend(line.comments.iter().map(|comment| format!("#{comment}\n")));
                rest.push(format!("{}\n", line.text));
            }
        }
    }
    service.users.sort();
    service.users.dedup();
    service.groups.sort();
    service.groups.dedup();
    let mut env = Table::new(&["env"]);
    env.lines = read.env;
    env.after = if rest.is_empty() { read.after } else { Vec::new() };
    let is_empty = env.lines.is_empty() && env.after.is_empty();
    if !names.is_empty() && !is_empty {
        service.tables.push(env);
    }
    if !rest.is_empty() {
        let text = read.variables.concat() + &rest.concat();
        service.tables.push(small::table(&at.path, Format::Cron(at.table), text));
    } else if at.known && !at.is_shared() {
        // It would run them, too.
        let mut table = Table::new(&["file", at.path.as_str()]);
        table.set("absent", Value::Flag(true));
        service.tables.push(table);
    }
    let say = |import: &mut Import<'_>, message: String, help: &str| {
        let finding = Diagnostic::new(codes::NOT_CARRIED, message).at(original.whole(), "");
        import.diagnostics.push(finding.help(help));
    };
    if !names.is_empty() && rest.is_empty() && (!at.known || at.is_shared()) {
        let message = format!("the lines of {} that are jobs now stay on the host", original.name);
        say(import, message, "take them out of the crontab there, or they run twice");
    }
    if !names.is_empty() && read.mail {
        let message = format!("MAILTO of {} is not in the definition", original.name);
        say(
            import,
            message,
            "where systemd runs a job, its output goes to the journal, and nobody gets mail",
        );
    }
    if !names.is_empty() && !at.table.user_column && at.owner().is_none() {
        let message = format!("whose crontab {} is is not known: its jobs run as root", original.name);
        say(import, message, "write `user` in each of them");
    }
    Some(service)
}

/// A line of a file, for messages.
fn what(original: &Original, line: usize) -> String {
    match line {
        0 => original.name.clone(),
        line => format!("line {line} of {}", original.name),
    }
}

/// How a file is read: by its path, else by whether the word behind the times is an account in all of its lines.
fn at(import: &Import<'_>, original: &Original) -> Option<At> {
    match small::by_path(&original.path) {
        Some((path, os, Format::Cron(table))) => return Some(At { path, os, table, known: true }),
        Some(_) => return None,
        None => {}
    }
    let os = Os::parse("debian").ok()?;
    let jobs = |user_column| {
        let (file, _) = cron::parse(&original.text, cron::Table { dialect: Dialect::Debian, user_column });
        let jobs = file.entries().filter_map(|(_, entry)| match &entry.line {
            Says::Job(job) => Some(job.clone()),
            Says::Variable { .. } => None,
        });
        jobs.collect::<Vec<_>>()
    };
    let named = jobs(true);
    let is_account = |job: &cron::Job| job.user.as_ref().is_some_and(|user| AccountName::parse(user).is_ok());
    let user_column = !named.is_empty() && named.iter().all(is_account);
    if !user_column && jobs(false).is_empty() {
        return None;
    }
    // Standard input has no name.
    let name = match kind::split(&original.path).1 {
        "" => import.options.service.as_ref().map_or("crontab", ServiceName::as_str),
        name => name,
    };
    let folder = if user_column { "/etc/cron.d" } else { "/var/spool/cron/crontabs" };
    let path = UnixPath::parse(&format!("{folder}/{}", small::plain(name))).ok()?;
    let Format::Cron(table) = format_of(&path, &os)?.format else { return None };
    Some(At { path, os, table, known: false })
}

impl At {
    /// Whose table it is, if it is one account's.
    fn owner(&self) -> Option<String> {
        let name = self.path.file_name();
        let is_owned = self.known && !self.table.user_column;
        (is_owned && AccountName::parse(name).is_ok()).then(|| name.to_owned())
    }

    /// Whether jobs of some system are blocks of this very file.
    fn is_shared(&self) -> bool {
        self.path.as_str() == "/etc/crontab" || self.path.parent() == "/etc/crontabs"
    }
}

/// What a crontab says.
#[derive(Default)]
struct Read {
    /// Why all of it stays, and the line that is to blame.
    whole: Option<(usize, String)>,
    lines: Vec<JobLine>,
    /// Lines that set variables, as they stand.
    variables: Vec<String>,
    env: Vec<Line>,
    /// Whether somebody gets mail.
    mail: bool,
    /// Comments behind everything.
    after: Vec<String>,
}

struct JobLine {
    number: usize,
    text: String,
    comments: Vec<String>,
    job: Result<Job, String>,
}

/// A line as a job.
struct Job {
    at: Schedule,
    user: Option<String>,
    group: Option<String>,
    command: Command,
}

/// Variables that tell cron what to do, which no job does.
const OF_CRON: &[&str] =
    &["CRON_TZ", "HOME", "LOGNAME", "MAILFROM", "RANDOM_DELAY", "START_HOURS_RANGE", "USER"];

fn read(text: &str, at: &At) -> Read {
    let mut read = Read::default();
    let mut comments = Vec::new();
    let mut shell = "/bin/sh".to_owned();
    if at.path.parent() == "/etc/crontabs" {
        read.whole = Some((0, "jobs of this system are blocks of that file".to_owned()));
    }
    for (index, line) in cron::parse(text, at.table).0.lines().iter().enumerate() {
        let number = index + 1;
        let trimmed = line.text.trim_start();
        let Some(entry) = &line.entry else {
            if let Some(comment) = trimmed.strip_prefix('#') {
                comments.push(comment.to_owned());
            } else if !trimmed.is_empty() {
                let job = Err("cron cannot read it either".to_owned());
                let (text, comments) = (line.text.clone(), std::mem::take(&mut comments));
                read.lines.push(JobLine { number, text, comments, job });
            }
            continue;
        };
        match &entry.line {
            Says::Variable { name, value } => {
                let why = if !read.lines.is_empty() {
                    Some("holds for the lines below it only")
                } else if OF_CRON.contains(&name.as_str()) || (name == "SHELL" && !value.starts_with('/')) {
                    Some("means something to cron that no job does")
                } else if EnvName::parse(name).is_err() || read.env.iter().any(|known| known.key == *name) {
                    Some("is no variable of a job")
                } else {
                    None
                };
                if let Some(why) = why {
                    read.whole.get_or_insert((number, format!("{name} {why}")));
                }
                read.variables.push(format!("{}\n", line.text));
                match name.as_str() {
                    "MAILTO" => read.mail = !value.is_empty(),
                    "SHELL" => shell.clone_from(value),
                    _ => read.env.push(Line {
                        comments: std::mem::take(&mut comments),
                        key: name.clone(),
                        value: Value::Text(value.clone()),
                    }),
                }
            }
            Says::Job(job) => read.lines.push(JobLine {
                number,
                text: line.text.clone(),
                comments: std::mem::take(&mut comments),
                job: of_line(job, at.table.dialect, &shell),
            }),
        }
    }
    read.after = comments;
    read
}

/// A line as a job; else why it is none.
fn of_line(job: &cron::Job, dialect: Dialect, shell: &str) -> Result<Job, String> {
    let at = Schedule::of_cron(&job.schedule).ok_or_else(|| match &job.schedule {
        cron::Schedule::Nickname(name) if name.name() == "reboot" => "a job runs by the clock".to_owned(),
        cron::Schedule::Fields(_) => "no schedule means the same times".to_owned(),
        _ => "a job runs at most once a minute".to_owned(),
    })?;
    if job.flags.iter().any(|flag| *flag != 's') {
        return Err("it has flags that no job has".to_owned());
    }
    let command = unescape(&job.command, dialect).ok_or("what follows a % is its standard input")?;
    let command =
        Command::parse(&command).filter(|command| command.env_file.is_none()).unwrap_or_else(|| Command {
            argv: vec![shell.to_owned(), "-c".to_owned(), command.trim().to_owned()],
            ..Command::default()
        });
    let (user, group) = match job.user.as_deref().map(|user| user.split_once(':').unwrap_or((user, ""))) {
        None => (None, None),
        Some((user, group)) => {
            (Some(user.to_owned()), Some(group.to_owned()).filter(|group| !group.is_empty()))
        }
    };
    if user.iter().chain(&group).any(|name| AccountName::parse(name).is_err()) {
        return Err("a job has no login class, and no such account".to_owned());
    }
    Ok(Job { at, user, group, command })
}

impl Job {
    /// A name like its program's, other than those there are; that of a shell's command is its crontab's.
    fn name(&self, taken: &[String], crontab: &str) -> String {
        let argv = &self.command.argv;
        let program = match argv.get(1).map(String::as_str) {
            Some("-c") => crontab,
            _ => argv.first().and_then(|program| program.rsplit('/').next()).unwrap_or(crontab),
        };
        let program = program.rsplit_once('.').map_or(program, |(stem, _)| stem).to_ascii_lowercase();
        let program = if JobName::parse(&program).is_ok() { program.as_str() } else { crontab };
        let number = |number: usize| match number {
            1 => program.to_owned(),
            number => format!("{program}-{number}"),
        };
        (1..).map(number).find(|name| !taken.contains(name)).unwrap_or_default()
    }

    /// The table that names the file of its output.
    fn log_file(&self, name: &str) -> Option<Table> {
        let Output::File(file) = &self.command.output else { return None };
        let mut table = Table::new(&["job", name, "log"]);
        table.set("file", Value::Text(file.to_string()));
        Some(table)
    }

    fn table(&self, name: &str, owner: Option<&str>) -> Table {
        let mut table = Table::new(&["job", name]);
        let command = &self.command;
        table.set("exec", Value::List(command.argv.clone()));
        table.set("at", Value::Text(self.at.to_string()));
        let texts = [
            ("user", owner.map(str::to_owned)),
            ("group", self.group.clone()),
            ("directory", command.directory.as_ref().map(ToString::to_string)),
            ("log", (command.output == Output::Nowhere).then(|| "none".to_owned())),
            ("umask", command.umask.map(|mask| mask.to_string())),
            (
                "timeout",
                command
                    .timeout
                    .and_then(|seconds| u32::try_from(seconds).ok())
                    .map(|seconds| Timespan::from_secs(seconds).to_string()),
            ),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                table.set(key, Value::Text(value));
            }
        }
        if let Some(nice) = command.nice {
            table.set("nice", Value::Number(nice.into()));
        }
        table
    }
}
