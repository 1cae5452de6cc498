//! Init scripts: the portable daemon where it becomes a script that declares the same, else the script as it is.
//!
//! What a daemon would become is not guessed: it is lowered for the script's system, and the two scripts are compared,
//! variable by variable.

use super::definition::{Service, Table, Value};
use super::portable::lowered;
use super::{Import, Kind, Original, kind};
use crate::formats;
use cmc_types::definition::{self, Daemon, DaemonType, Log, LogTarget, Reload, Restart};
use cmc_types::file_format::FileFormat;
use cmc_types::name::DirectoryName;
use cmc_types::rc_dir::Directory;
use cmc_types::shell::{self, Item};
use cmc_types::{Diagnostic, Os, ParseError, ServiceName, UnixPath, codes, freebsd_rc, openbsd_rc, openrc};
use std::collections::{BTreeMap, BTreeSet};

/// What differs between the systems whose scripts these are.
struct System {
    /// Selectors of the systems that have it.
    on: &'static [&'static str],
    /// A release that the daemon is lowered for.
    os: &'static str,
    /// Where scripts lie.
    folder: &'static str,
    /// What a script may gain without a change of meaning: what lowering always writes, and where output goes.
    gains: &'static [&'static str],
    /// What a script may lose: words for people.
    loses: &'static [&'static str],
}

const OPENBSD: System = System {
    on: &["os:openbsd"],
    os: "openbsd-7.6",
    folder: "/etc/rc.d",
    gains: &["daemon_logger", "pexp"],
    loses: &[],
};

const FREEBSD: System = System {
    on: &["os:freebsd"],
    os: "freebsd-14.1",
    folder: "/usr/local/etc/rc.d",
    gains: &["rcvar"],
    loses: &["desc"],
};

const OPENRC: System = System {
    on: &["os:alpine", "os:gentoo"],
    os: "alpine-3.20",
    folder: "/etc/init.d",
    gains: &["description", "error_logger", "output_logger", "pidfile"],
    loses: &["description", "name"],
};

pub(super) fn import(import: &mut Import<'_>, original: &Original, kind: Kind) -> Option<Service> {
    let system = match kind {
        Kind::OpenbsdRc => &OPENBSD,
        Kind::FreebsdRc => &FREEBSD,
        _ => &OPENRC,
    };
    let (_, file) = kind::split(&original.path);
    let endings = [".in", ".rc", ".initd", ".init"];
    let script = endings.iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    let name = import.service(original, script)?;
    let mut service = Service::new(name, system.on);
    match daemon(&original.text, kind, system, &service.name, script) {
        Ok((daemon, comments)) => {
            service.users = daemon.user.iter().chain(&daemon.group).map(ToString::to_string).collect();
            service.users.retain(|user| user != "root");
            service.users.dedup();
            service.tables.push(Table { comments, ..table(&daemon) });
            service.tables.extend(log_file(&daemon));
        }
        Err(why) => {
            let folder = match original.path.contains("/etc/rc.d/") && !original.path.contains("/local/") {
                true => "/etc/rc.d",
                false => system.folder,
            };
            let path = format!("{folder}/{script}");
            let mistakes = mistakes(original, kind, system, &path);
            import.warn(mistakes);
            let mut table = Table::new(&["file", &path]);
            table.set("mode", Value::Text("0755".to_owned()));
            table.set("content", Value::Content(original.text.clone()));
            service.unit = Some(script.to_owned());
            service.tables.push(table);
            let place = import.line(original, why.line);
            let message = format!("{} is kept as it is: {}", original.name, why.problem);
            import.diagnostics.push(
                Diagnostic::new(codes::KEPT_VERBATIM, message)
                    .at(place, "")
                    .help("the definition holds the script as a file, for this system only"),
            );
        }
    }
    Some(service)
}

/// What a script that is kept declares and nothing reads.
fn mistakes(original: &Original, kind: Kind, system: &System, path: &str) -> Vec<Diagnostic> {
    let format = match kind {
        Kind::OpenbsdRc => FileFormat::OpenbsdRc,
        Kind::FreebsdRc => FileFormat::FreebsdRc,
        _ => FileFormat::Openrc,
    };
    match (UnixPath::parse(path), Os::parse(system.os)) {
        (Ok(path), Ok(os)) => formats::of_text(format, &path, &os, &original.text, original.file),
        _ => Vec::new(),
    }
}

/// Why a script is no daemon.
struct Why {
    /// The line that is to blame, from 1, if it is one.
    line: Option<u32>,
    /// A clause.
    problem: String,
}

impl From<String> for Why {
    fn from(problem: String) -> Self {
        Self { line: None, problem }
    }
}

impl From<ParseError> for Why {
    fn from(error: ParseError) -> Self {
        Self { line: error.line, problem: error.problem }
    }
}

/// The daemon that a script is, with the script's comments, or why it is none.
fn daemon(
    text: &str,
    kind: Kind,
    system: &System,
    name: &ServiceName,
    script: &str,
) -> Result<(Daemon, Vec<String>), Why> {
    let text = match kind {
        Kind::FreebsdRc => usual(text, script),
        Kind::Openrc => text
            .lines()
            .map(|line| if line.starts_with("name=") { "\n" } else { line })
            .fold(String::new(), |text, line| text + line.trim_end_matches('\n') + "\n"),
        _ => text.to_owned(),
    };
    let facts = Facts::read(&text)?;
    if let Some((function, _)) = facts.functions.iter().find(|(name, _)| !is_made(name, script)) {
        return Err(format!("it has a function of its own, {function}").into());
    }
    let daemon = match kind {
        Kind::OpenbsdRc => of_openbsd(openbsd_rc::parse(&text)?)?,
        Kind::FreebsdRc => of_freebsd(freebsd_rc::parse(&text)?)?,
        _ => of_openrc(openrc::parse(&text)?)?,
    };
    let lowered = script_of(&daemon, system, name)?;
    if let Some(difference) = facts.difference(&Facts::read(&lowered)?, system) {
        return Err(difference.into());
    }
    // Words for people are comments here.
    let words = system.loses.iter().filter_map(|name| facts.variables.get(*name));
    let words = words.map(|text| format!(" {text}"));
    Ok((daemon, words.chain(facts.comments.iter().cloned()).collect()))
}

/// Whether daemons make functions of this name.
fn is_made(name: &str, script: &str) -> bool {
    let own = name.strip_prefix(script).and_then(|rest| rest.strip_prefix('_'));
    matches!(name, "rc_pre" | "rc_start" | "rc_reload" | "start" | "start_pre" | "stop" | "reload")
        || matches!(own, Some("prestart" | "start" | "reload"))
}

/// A FreeBSD script with the spellings that people use brought to the one that is parsed; lines stay lines.
fn usual(text: &str, name: &str) -> String {
    let line = |line: &str| -> String {
        let line = line.replace("${name}", name);
        if line.starts_with("load_rc_config ") {
            return "load_rc_config $name".to_owned();
        }
        if line.starts_with("run_rc_command ") {
            return "run_rc_command \"$1\"".to_owned();
        }
        let inner = line.strip_prefix(": ${").and_then(|rest| rest.strip_suffix('}'));
        match inner.and_then(|inner| inner.split_once('=')) {
            Some((variable, value)) if !value.contains('$') => {
                let variable = variable.strip_suffix(':').unwrap_or(variable);
                format!(": ${{{variable}:=\"{}\"}}", value.trim_matches('"'))
            }
            _ if line.starts_with("desc=") => "#".to_owned(),
            _ => line,
        }
    };
    text.lines().map(line).map(|line| line + "\n").collect()
}

/// A program and arguments as `exec`.
fn exec(program: &impl ToString, arguments: &[String]) -> Vec<String> {
    std::iter::once(program.to_string()).chain(arguments.iter().cloned()).collect()
}

fn functions(functions: &[(String, String)]) -> Result<(), String> {
    match functions.first() {
        Some((name, _)) => Err(format!("it has a function of its own, {name}")),
        None => Ok(()),
    }
}

fn of_openbsd(script: openbsd_rc::Script) -> Result<Daemon, String> {
    functions(&script.functions)?;
    let start = script.start.unwrap_or_default();
    let mut daemon = Daemon {
        exec: exec(&script.daemon, start.arguments.as_ref().unwrap_or(&script.flags)),
        user: script.user,
        directory: script.directory,
        kind: (!script.background).then_some(DaemonType::Forking),
        restart: Some(Restart::No),
        stop_timeout: script.timeout.and_then(seconds),
        stop_signal: script.stop_signal,
        umask: start.umask,
        reload: match script.reload {
            openbsd_rc::Reload::No => None,
            openbsd_rc::Reload::Hangup => Some(Reload::Signal("HUP".to_owned())),
            openbsd_rc::Reload::Signal(signal) => Some(Reload::Signal(signal)),
            openbsd_rc::Reload::Command(argv) => Some(Reload::Argv(argv)),
        },
        ..Daemon::default()
    };
    directories(&mut daemon, &script.directories);
    Ok(daemon)
}

fn of_freebsd(script: freebsd_rc::Script) -> Result<Daemon, String> {
    functions(&script.functions)?;
    let milestone = |word: &String| match word.as_str() {
        "FILESYSTEMS" => Some("local-fs"),
        "NETWORKING" => Some("network"),
        "mountcritremote" => Some("remote-fs"),
        "ntpd" => Some("time-sync"),
        _ => None,
    };
    let mut daemon = Daemon {
        exec: exec(&script.program, &script.arguments),
        user: script.user,
        directory: script.directory,
        stop_signal: script.stop_signal,
        requires: milestones(script.require.iter().filter_map(milestone)),
        reload: script.reload.map(|reload| match reload {
            freebsd_rc::Reload::Signal(signal) => Reload::Signal(signal),
            freebsd_rc::Reload::Command(argv) => Reload::Argv(argv),
        }),
        ..Daemon::default()
    };
    match script.run {
        freebsd_rc::Run::Forking => {
            daemon.kind = Some(DaemonType::Forking);
            daemon.restart = Some(Restart::No);
        }
        freebsd_rc::Run::Oneshot => daemon.kind = Some(DaemonType::Oneshot),
        freebsd_rc::Run::Supervised(run) => {
            daemon.restart = Some(run.restart.map_or(Restart::No, |_| Restart::Always));
            daemon.restart_delay = run.restart.filter(|delay| *delay != 1).and_then(seconds);
            daemon.umask = run.umask;
            daemon.log = match run.output {
                freebsd_rc::Output::Syslog => None,
                freebsd_rc::Output::File(file) => Some(Log::File { file }),
                freebsd_rc::Output::Nowhere => Some(Log::To(LogTarget::None)),
            };
        }
    }
    directories(&mut daemon, &script.directories);
    Ok(daemon)
}

fn of_openrc(script: openrc::Script) -> Result<Daemon, String> {
    functions(&script.functions)?;
    let needs = &script.depend.need;
    let milestone = |word: &String| match word.as_str() {
        "net" => Some("network"),
        "netmount" => Some("remote-fs"),
        _ => None,
    };
    let (user, group) = script.user.map_or((None, None), |(user, group)| (Some(user), group));
    let mut daemon = Daemon {
        exec: exec(&script.command, &script.arguments),
        user,
        group,
        directory: script.directory,
        umask: script.umask,
        requires: milestones(needs.iter().filter_map(milestone)),
        reload: script.reload.map(|reload| match reload {
            openrc::Reload::Signal(signal) => Reload::Signal(signal),
            openrc::Reload::Command(argv) => Reload::Argv(argv),
        }),
        ..Daemon::default()
    };
    daemon.log = match script.output {
        Some(openrc::Output::File(file)) if file.as_str() == "/dev/null" => Some(Log::To(LogTarget::None)),
        Some(openrc::Output::File(file)) => Some(Log::File { file }),
        Some(openrc::Output::Syslog(_)) | None => None,
    };
    match script.run {
        openrc::Run::Supervised { delay } => {
            daemon.restart = Some(Restart::Always);
            daemon.restart_delay = delay.and_then(seconds);
        }
        openrc::Run::Background => daemon.restart = Some(Restart::No),
        openrc::Run::Forking => {
            daemon.kind = Some(DaemonType::Forking);
            daemon.restart = Some(Restart::No);
        }
        openrc::Run::Oneshot => daemon.kind = Some(DaemonType::Oneshot),
    }
    if let Some((signal, seconds_)) = script.retry {
        daemon.stop_signal = (signal != "TERM").then_some(signal);
        daemon.stop_timeout = seconds(seconds_);
    }
    directories(&mut daemon, &script.directories);
    Ok(daemon)
}

fn seconds(seconds: u32) -> Option<cmc_types::Timespan> {
    cmc_types::Timespan::parse(&format!("{seconds}s")).ok()
}

fn milestones<'a>(words: impl Iterator<Item = &'a str>) -> Vec<ServiceName> {
    words.filter_map(|word| ServiceName::parse(word).ok()).collect()
}

/// Directories below the usual ones; whether owner and mode are the usual ones too, the comparison tells.
fn directories(daemon: &mut Daemon, directories: &[Directory]) {
    for directory in directories {
        let below = |folders: &[&str]| {
            let path = directory.path.as_str();
            let name = folders.iter().find_map(|folder| path.strip_prefix(folder))?;
            DirectoryName::parse(name).ok()
        };
        let found = [
            (&mut daemon.runtime_dir, below(&["/var/run/", "/run/"])),
            (&mut daemon.state_dir, below(&["/var/db/", "/var/lib/"])),
            (&mut daemon.log_dir, below(&["/var/log/"])),
        ];
        for (field, name) in found {
            if name.is_some() {
                *field = name;
            }
        }
    }
}

/// The script that a daemon becomes.
fn script_of(daemon: &Daemon, system: &System, name: &ServiceName) -> Result<String, String> {
    let definition = definition::Service { daemon: Some(daemon.clone()), ..Default::default() };
    let lowered = lowered(definition, system.os, name)?;
    let script = lowered.files.iter().find(|file| file.path.as_str().starts_with(system.folder));
    script.map(|file| file.text.to_string()).ok_or_else(|| "a daemon makes no script of it".to_owned())
}

/// What a script declares.
#[derive(Debug, Default)]
struct Facts {
    variables: BTreeMap<String, String>,
    functions: BTreeMap<String, String>,
    commands: BTreeSet<String>,
    /// Comments that people wrote.
    comments: Vec<String>,
    /// Order and dependencies: `REQUIRE` and its like, or `need` and its like.
    order: BTreeMap<String, BTreeSet<String>>,
}

impl Facts {
    fn read(text: &str) -> Result<Self, Why> {
        let mut facts = Self::default();
        for line in shell::parse(text)? {
            match line.item {
                Item::Blank => {}
                Item::Comment(comment) => {
                    if let Some((kind @ ("PROVIDE" | "REQUIRE" | "BEFORE" | "KEYWORD"), words)) =
                        comment.trim_start().split_once(':')
                    {
                        facts.depends(kind, words);
                    } else if !comment.starts_with('!') && !comment.trim().is_empty() {
                        facts.comments.push(comment);
                    }
                }
                Item::Assign { name, value } => {
                    // Blanks at which a shell splits anyway.
                    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                    facts.variables.insert(name, value);
                }
                Item::Function { name, body } if name == "depend" => {
                    for line in body.lines() {
                        let line = line.trim();
                        let (kind, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                        facts.depends(kind, words);
                    }
                }
                Item::Function { name, body } => drop(facts.functions.insert(name, body)),
                Item::Command(command) => {
                    let variable = command.split_once('=').map(|(name, _)| name);
                    if variable.is_some_and(shell::is_identifier) {
                        let problem = "the shell would expand this value".to_owned();
                        return Err(Why { line: Some(line.number), problem });
                    }
                    facts.commands.insert(command);
                }
            }
        }
        Ok(facts)
    }

    fn depends(&mut self, kind: &str, words: &str) {
        let words = words.split_whitespace().map(str::to_owned);
        self.order.entry(kind.to_owned()).or_default().extend(words);
    }

    /// The first thing that this script declares and the other does not, or the other way round.
    fn difference(&self, other: &Self, system: &System) -> Option<String> {
        let names: BTreeSet<_> = self.variables.keys().chain(other.variables.keys()).collect();
        for name in names {
            let allowed = match (self.variables.get(name), other.variables.get(name)) {
                (Some(one), Some(two)) => one == two || system.loses.contains(&name.as_str()),
                (Some(_), None) => system.loses.contains(&name.as_str()),
                (None, _) => system.gains.contains(&name.as_str()),
            };
            if !allowed {
                return Some(format!("a daemon does not give it the same {name}"));
            }
        }
        if self.functions != other.functions {
            return Some("a daemon does not give it the same functions".to_owned());
        }
        if self.commands != other.commands {
            return Some("a daemon does not give it the same commands".to_owned());
        }
        // More order than there was does no harm.
        self.order.iter().find_map(|(kind, words)| {
            let kept = other.order.get(kind);
            let lost = words.iter().find(|word| !kept.is_some_and(|kept| kept.contains(*word)));
            lost.map(|word| format!("a daemon cannot say {kind} {word}"))
        })
    }
}

/// Keys of `daemon` in the order in which people write them.
const KEYS: &[&str] = &[
    "exec",
    "type",
    "user",
    "group",
    "directory",
    "umask",
    "restart",
    "restart-delay",
    "stop-signal",
    "stop-timeout",
    "reload",
    "runtime-dir",
    "state-dir",
    "log-dir",
    "log",
    "requires",
];

/// The table that names the log file.
fn log_file(daemon: &Daemon) -> Option<Table> {
    let Some(Log::File { file }) = &daemon.log else { return None };
    let mut table = Table::new(&["daemon", "log"]);
    table.set("file", Value::Text(file.to_string()));
    Some(table)
}

fn table(daemon: &Daemon) -> Table {
    let mut table = Table::new(&["daemon"]);
    let fields = serde_json::to_value(daemon).unwrap_or_default();
    for key in KEYS {
        match fields.get(key) {
            Some(serde_json::Value::String(text)) => table.set(key, Value::Text(text.clone())),
            Some(serde_json::Value::Array(items)) => {
                let items = items.iter().filter_map(|item| item.as_str().map(str::to_owned));
                table.set(key, Value::List(items.collect()));
            }
            _ => {}
        }
    }
    table
}
