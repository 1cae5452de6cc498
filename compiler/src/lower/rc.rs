//! What the three families of init scripts share when a daemon is lowered.

use super::commands::Activation;
use super::{Lowered, LoweredFile, LoweredKind, unit};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::definition::{Daemon, DaemonType, LimitValue, Limits, Reload};
use cmc_types::name::AccountName;
use cmc_types::rc_dir::Directory;
use cmc_types::shell;
use cmc_types::{ByteSize, Diagnostic, InitSystem, Mode, Place, Refused, UnixPath, codes};

/// A finding about a value that a format cannot carry.
pub(super) fn refused(service: &ResolvedService, error: &Refused, place: Place) -> Diagnostic {
    Diagnostic::new(codes::UNENCODABLE_VALUE, format!("service {}: {error}", service.name)).at(place, "")
}

/// A finding about a daemon's script that cannot be printed, at the field that it is about.
fn refused_script(service: &ResolvedService, error: &Refused) -> Diagnostic {
    let subject = error.subject.as_str();
    let place = |path: &[&str]| service.tree.place_of(&[&["daemon"], path].concat());
    let place = if subject.contains("directory") {
        place(&["directory"])
    } else if subject.contains("log file") {
        place(&["log", "file"])
    } else if subject.contains("stop") {
        place(&["stop-signal"])
    } else if subject.contains("reload") {
        place(&["reload"])
    } else {
        word(service, error).unwrap_or_else(|| place(&["exec"]))
    };
    refused(service, error, place)
}

/// The first word of a daemon's commands that holds the character that cannot be carried.
fn word(service: &ResolvedService, error: &Refused) -> Option<Place> {
    let daemon = service.definition.daemon.as_ref()?;
    let reload = match &daemon.reload {
        Some(Reload::Argv(argv)) => &argv[..],
        _ => &[],
    };
    let mut fields = [("exec", &daemon.exec[..]), ("reload", reload)];
    // What stays in the foreground needs no su(1), what reloads it does.
    if error.subject.contains("su(1)")
        && !matches!(daemon.kind, Some(DaemonType::Forking | DaemonType::Oneshot))
    {
        fields.reverse();
    }
    fields.into_iter().find_map(|(field, argv)| {
        let index =
            argv.iter().position(|word| error.character.map_or(word.is_empty(), |c| word.contains(c)))?;
        Some(service.tree.place_of(&["daemon", field, &index.to_string()]))
    })
}

/// The program and its arguments; none if it is no absolute path, which `daemon::check` reports, or if a word of
/// `exec` or `reload` holds a control character, which no init script carries.
pub(super) fn program(
    service: &ResolvedService,
    daemon: &Daemon,
    dialect: &'static str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(UnixPath, Vec<String>)> {
    let before = diagnostics.len();
    let reload = match &daemon.reload {
        Some(Reload::Argv(argv)) => &argv[..],
        _ => &[],
    };
    for (field, argv) in [("exec", &daemon.exec[..]), ("reload", reload)] {
        for (index, word) in argv.iter().enumerate() {
            let subject = format!("word {index} of daemon.{field}");
            if let Err(error) = shell::single_line(word, dialect, &subject) {
                let place = service.tree.place_of(&["daemon", field, &index.to_string()]);
                diagnostics.push(refused(service, &error, place));
            }
        }
    }
    if diagnostics.len() > before {
        return None;
    }
    let (program, arguments) = daemon.exec.split_first()?;
    Some((UnixPath::parse(program).ok()?, arguments.to_vec()))
}

/// A signal as kill(1) takes it everywhere.
pub(super) fn signal(name: &str) -> String {
    name.strip_prefix("SIG").unwrap_or(name).to_owned()
}

/// The account that the daemon runs as, if it is not root.
pub(super) fn user(daemon: &Daemon) -> Option<&AccountName> {
    daemon.user.as_ref().filter(|user| user.as_str() != "root")
}

/// Root's group.
pub(super) fn root_group(init: InitSystem) -> &'static str {
    match init {
        InitSystem::OpenbsdRc | InitSystem::FreebsdRc => "wheel",
        InitSystem::Systemd | InitSystem::Openrc => "root",
    }
}

/// The group that the daemon runs as: its own, else the one named like its account, else root's.
pub(super) fn group(daemon: &Daemon, init: InitSystem) -> String {
    match (&daemon.group, user(daemon)) {
        (Some(group), _) => group.to_string(),
        (None, Some(user)) => user.to_string(),
        (None, None) => root_group(init).to_owned(),
    }
}

/// The directories that are made for a daemon: under `/run`, `/var/lib` and `/var/log` on Linux, `/var/run`, `/var/db`
/// and `/var/log` on BSD.
pub(super) fn directories(
    service: &ResolvedService,
    daemon: &Daemon,
    init: InitSystem,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Directory> {
    let (run, lib) = match init {
        InitSystem::OpenbsdRc | InitSystem::FreebsdRc => ("/var/run", "/var/db"),
        InitSystem::Systemd | InitSystem::Openrc => ("/run", "/var/lib"),
    };
    let wanted = [
        ("runtime-dir", &daemon.runtime_dir, run),
        ("state-dir", &daemon.state_dir, lib),
        ("log-dir", &daemon.log_dir, "/var/log"),
    ];
    let mut made = Vec::new();
    for (field, name, base) in wanted {
        let Some(name) = name else { continue };
        let account = |name: &str| AccountName::parse(name);
        let directory = UnixPath::parse(&format!("{base}/{name}")).and_then(|path| {
            let user = user(daemon).map_or("root", AccountName::as_str);
            let group = group(daemon, init);
            Ok(Directory {
                path,
                user: account(user)?,
                group: account(&group)?,
                mode: Mode::from_bits(0o755),
            })
        });
        match directory {
            Ok(directory) => made.push(directory),
            Err(error) => diagnostics.push(
                Diagnostic::new(
                    codes::INVALID_VALUE,
                    format!("daemon.{field} of service {}: {error}", service.name),
                )
                .at(service.tree.place_of(&["daemon", field]), ""),
            ),
        }
    }
    made
}

/// A limit of a daemon: its field, and its value in files or bytes (`None`: infinity).
pub(super) struct Limit {
    pub(super) field: &'static str,
    pub(super) value: Option<u64>,
}

/// The limits that are set below these keys, but `memory`, in the order of the definition; values that are none are
/// findings.
pub(super) fn limits(
    service: &ResolvedService,
    of: &[&str],
    limits: &Limits,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Limit> {
    let all = [
        ("open-files", &limits.open_files),
        ("processes", &limits.processes),
        ("core", &limits.core),
        ("stack", &limits.stack),
        ("file-size", &limits.file_size),
        ("locked-memory", &limits.locked_memory),
    ];
    let mut set = Vec::new();
    for (field, value) in all {
        let counted = matches!(field, "open-files" | "processes");
        let value = match value {
            None => continue,
            Some(LimitValue::Count(count)) => Ok(Some(*count)),
            Some(LimitValue::Text(text)) if text == "infinity" => Ok(None),
            Some(LimitValue::Text(text)) if counted => {
                text.parse().map(Some).map_err(|_| "not a number".to_owned())
            }
            Some(LimitValue::Text(text)) => {
                ByteSize::parse(text).map(|size| Some(size.as_bytes())).map_err(|error| error.to_string())
            }
        };
        match value {
            Ok(value) => set.push(Limit { field, value }),
            Err(error) => diagnostics.push(
                Diagnostic::new(
                    codes::INVALID_VALUE,
                    format!("{}.limits.{field} of service {}: {error}", of.join("."), service.name),
                )
                .at(service.tree.place_of(&[of, &["limits", field]].concat()), ""),
            ),
        }
    }
    set
}

/// Options of `ulimit` and their values. Sizes are in blocks of 512 bytes (`-c`, `-f`) or in KiB. ksh, dash and the shell
/// of BusyBox call processes `-p`, bash and FreeBSD's shell `-u`.
pub(super) fn ulimits(limits: Vec<Limit>, host: &HostFacts) -> Vec<(char, String)> {
    let processes = match host.os.family() {
        "alpine" | "debian" | "openbsd" | "ubuntu" => 'p',
        _ => 'u',
    };
    let option = |limit: Limit| {
        let (option, unit) = match limit.field {
            "open-files" => ('n', 1),
            "processes" => (processes, 1),
            "core" => ('c', 512),
            "stack" => ('s', 1024),
            "file-size" => ('f', 512),
            "locked-memory" => ('l', 1024),
            _ => return None,
        };
        let value =
            limit.value.map_or_else(|| "unlimited".to_owned(), |value| value.div_ceil(unit).to_string());
        Some((option, value))
    };
    limits.into_iter().filter_map(option).collect()
}

/// Whether the daemon reloads by a signal, with the signal's name, or by a command.
pub(super) enum Reloads<'a> {
    Signal(String),
    Command(&'a [String]),
}

pub(super) fn reload(daemon: &Daemon) -> Option<Reloads<'_>> {
    match daemon.reload.as_ref()? {
        Reload::Signal(name) => Some(Reloads::Signal(signal(name))),
        Reload::Argv(argv) => Some(Reloads::Command(argv)),
    }
}

/// The place of each line of a text that begins with a prefix: of the first such line, that of the field under
/// `daemon` where its value was written.
pub(super) fn lines(service: &ResolvedService, text: &str, fields: &[(&str, &[&str])]) -> Vec<(u32, Place)> {
    let mut lines = Vec::new();
    for (prefix, field) in fields {
        let path = [&["daemon"], *field].concat();
        let line = text.lines().position(|line| line.trim_start().starts_with(prefix));
        if let (Some(line), Some(node)) = (line, service.tree.get(&path)) {
            lines.push((line as u32 + 1, node.place));
        }
    }
    lines.sort_by_key(|(line, _)| *line);
    lines
}

/// The comment at the head of every generated file.
pub(super) fn header(service: &ResolvedService) -> String {
    format!("Service {} of cmc. Changes made here are overwritten.", service.name)
}

/// A generated file of root's that everybody may read.
pub(super) fn file(
    path: UnixPath,
    mode: u16,
    init: InitSystem,
    text: String,
    place: Place,
    lines: Vec<(u32, Place)>,
) -> LoweredFile {
    LoweredFile {
        path,
        mode: Mode::from_bits(mode),
        user: "root".to_owned(),
        group: root_group(init).to_owned(),
        kind: LoweredKind::File,
        text: zeroize::Zeroizing::new(text),
        tainted: false,
        place,
        lines,
    }
}

/// Puts a daemon's script in place: what its lines say comes from `fields`, and a change of it restarts the daemon.
pub(super) fn install(
    service: &ResolvedService,
    path: UnixPath,
    init: InitSystem,
    printed: Result<String, Refused>,
    fields: &[(&str, &[&str])],
    (lowered, activation): (&mut Lowered, &mut Activation),
) {
    let text = match printed {
        Ok(text) => text,
        Err(error) => {
            lowered.diagnostics.push(refused_script(service, &error));
            return;
        }
    };
    let lines = lines(service, &text, fields);
    let place = service.tree.key_place_of(&["daemon"]);
    let mode = if init == InitSystem::Openrc { 0o755 } else { 0o555 };
    lowered.files.push(file(path.clone(), mode, init, text, place, lines));
    activation.restart.push(path.clone());
    activation.definition = Some(path);
}

/// A path made of a fixed directory and a name that is known to be a file name.
pub(super) fn path(directory: &str, name: &str) -> Option<UnixPath> {
    UnixPath::parse(&format!("{directory}/{name}")).ok()
}

/// The services and milestones of `requires`, and the name that the host's init system knows each service by.
pub(super) fn required<'a>(
    daemon: &'a Daemon,
    host: &'a HostFacts,
) -> impl Iterator<Item = (&'a str, String)> {
    daemon.requires.iter().map(|name| {
        let unit = host.units.get(name).cloned();
        (name.as_str(), unit.unwrap_or_else(|| unit::of_daemon(name, host.init)))
    })
}
