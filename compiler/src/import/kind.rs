//! What a file may be, how `--as` calls it, and how path and content tell.

use super::small::{self, SmallKind};
use cmc_types::env_file::Dialect;
use cmc_types::file_format::{FileFormat, format_of_copy, is_unit_file};
use cmc_types::login_conf::System;
use cmc_types::shell::is_identifier;
use cmc_types::small::Format;
use cmc_types::systemd::section;

/// A format that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A systemd unit, or a drop-in of one.
    Systemd,
    /// An OpenBSD rc.d script.
    OpenbsdRc,
    /// A FreeBSD rc.d script.
    FreebsdRc,
    /// An OpenRC script.
    Openrc,
    /// Login classes.
    LoginConf(System),
    /// An environment file.
    Env(Dialect),
    /// A small file beside units: of this format, or of the one that its path says.
    Small(Option<&'static SmallKind>),
    /// A service of systemd, or an init script, that becomes a daemon.
    Daemon,
    /// A crontab, or a timer of systemd with its service, that becomes jobs.
    Job,
}

/// Every format by the name that `--as` takes.
const NAMES: &[(&str, Kind)] = &[
    ("systemd", Kind::Systemd),
    ("openbsd-rc", Kind::OpenbsdRc),
    ("freebsd-rc", Kind::FreebsdRc),
    ("openrc", Kind::Openrc),
    ("login-conf", Kind::LoginConf(System::OpenBsd)),
    ("login-conf:freebsd", Kind::LoginConf(System::FreeBsd)),
    ("env", Kind::Env(Dialect::Systemd)),
    ("env:systemd", Kind::Env(Dialect::Systemd)),
    ("env:sh", Kind::Env(Dialect::Sh)),
    ("env:docker", Kind::Env(Dialect::Docker)),
    ("env:pam_env", Kind::Env(Dialect::PamEnv)),
    ("daemon", Kind::Daemon),
    ("job", Kind::Job),
];

impl Kind {
    /// The names that `--as` takes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name).chain(small::KINDS.iter().map(|kind| kind.name))
    }

    /// The format of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let small = || small::KINDS.iter().find(|kind| kind.name == name).map(|kind| Self::Small(Some(kind)));
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).or_else(small)
    }

    /// What it is, in messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Systemd => "a systemd unit",
            Self::OpenbsdRc => cmc_types::openbsd_rc::DIALECT,
            Self::FreebsdRc => cmc_types::freebsd_rc::DIALECT,
            Self::Openrc => cmc_types::openrc::DIALECT,
            Self::LoginConf(system) => system.name(),
            Self::Env(dialect) => dialect.name(),
            Self::Small(kind) => kind.map_or("a small file", |kind| kind.what),
            Self::Daemon => "what becomes a daemon",
            Self::Job => "what becomes a job",
        }
    }

    /// What its lines are like, for who wrote one that is not.
    pub(super) fn lines(self) -> &'static str {
        match self {
            Self::Systemd => "a unit has lines [Section] and Key=value, and comments that begin with # or ;",
            Self::Env(Dialect::Systemd) => {
                "lines are NAME=VALUE, without `export`, and comments that begin with # or ;, and quotes are closed in pairs"
            }
            Self::Env(Dialect::Sh) => {
                "lines are NAME=VALUE without blanks around the =; a value with blanks stands in quotes"
            }
            Self::Env(Dialect::Docker) => {
                "lines are NAME=VALUE, without `export` and quotes, and comments that begin with #"
            }
            Self::Env(Dialect::PamEnv) => {
                "lines are NAME=VALUE, perhaps after `export`, and comments that begin with #"
            }
            Self::LoginConf(_) => {
                "a record is NAME:CAPABILITY=VALUE:…:, and goes on after a backslash at the end of a line"
            }
            Self::OpenbsdRc | Self::FreebsdRc | Self::Openrc => {
                "it is a shell script: `sh -n` finds what a shell does"
            }
            Self::Small(_) | Self::Daemon | Self::Job => "name its format with --as, if it is another",
        }
    }

    /// What a file is, by its path and content.
    pub(super) fn detect(path: &str, text: &str) -> Option<Self> {
        let (folder, name) = split(path);
        if text.starts_with("#!") {
            return of_script(text);
        }
        let by_path = format_of_copy(path).map(|(_, _, format)| format);
        // /etc/default is read as environment files unless `--as` says otherwise.
        if matches!(by_path, Some(FileFormat::Small(format)) if format != Format::Variables) {
            return Some(Self::Small(None));
        }
        if is_unit(folder, name) || text.lines().any(is_unit_header) {
            return Some(Self::Systemd);
        }
        if folder == "login.conf.d" || name.starts_with("login.conf") || is_record(text) {
            let freebsd = freebsd_sign(text).is_some();
            return Some(Self::LoginConf(if freebsd { System::FreeBsd } else { System::OpenBsd }));
        }
        of_environment(by_path, name, text)
    }
}

/// What only FreeBSD's login.conf has.
const FREEBSD: &[&str] =
    &[":charset=", ":lang=", ":sbsize=", ":swapuse=", ":passwd_format=", ":umtxp=", "=unlimited:"];

/// What in login classes speaks for FreeBSD, if anything does.
pub(super) fn freebsd_sign(text: &str) -> Option<String> {
    let described = text.lines().any(|line| !line.starts_with(['#', '\t', ' ']) && line.contains('|'));
    match FREEBSD.iter().find(|word| text.contains(**word)) {
        Some(word) => Some(format!("it has {}", word.trim_matches([':', '=']))),
        None => described.then(|| "a class has several names".to_owned()),
    }
}

/// The last two components of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folders.rsplit('/').next().unwrap_or_default(), name)
}

fn is_unit(folder: &str, name: &str) -> bool {
    is_unit_file(name) || is_unit_file(&format!("{folder}/{name}"))
}

fn is_unit_header(line: &str) -> bool {
    line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')).and_then(section).is_some()
}

fn of_script(text: &str) -> Option<Kind> {
    let interpreter = text.lines().next().unwrap_or_default();
    let runs = |command: &str| text.lines().any(|line| line.trim_start().starts_with(command));
    if interpreter.contains("openrc-run") || interpreter.ends_with("/runscript") {
        Some(Kind::Openrc)
    } else if runs("run_rc_command") {
        Some(Kind::FreebsdRc)
    } else if runs("rc_cmd ") {
        Some(Kind::OpenbsdRc)
    } else {
        None
    }
}

/// Whether the first line that is no comment begins a record, as in `staff:\` or `staff|Staff:tc=default:`.
fn is_record(text: &str) -> bool {
    let line = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty());
    line.and_then(|line| line.split_once(':')).is_some_and(|(names, rest)| {
        let name = names.split('|').next().unwrap_or_default();
        let named = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        named && (rest == "\\" || rest.ends_with(':'))
    })
}

fn of_environment(by_path: Option<FileFormat>, name: &str, text: &str) -> Option<Kind> {
    if name == "environment" {
        return Some(Kind::Env(Dialect::PamEnv));
    }
    // Assignments, too, but not those of one service's environment.
    if matches!(name, "rc.conf" | "rc.conf.local" | "make.conf" | "os-release") {
        return None;
    }
    let named = name.ends_with(".env") || name.starts_with(".env");
    let by_path = match by_path {
        Some(FileFormat::Env(dialect)) => Some(dialect),
        Some(FileFormat::ShellConf) => Some(Dialect::Sh),
        Some(FileFormat::Small(Format::Variables)) => Some(Dialect::Systemd),
        _ => None,
    };
    let assigns = |line: &str| line.split_once('=').is_some_and(|(name, _)| is_identifier(name));
    let skipped = |line: &str| line.trim().is_empty() || line.starts_with(['#', ';']);
    let all = text.lines().all(|line| skipped(line) || assigns(line)) && text.lines().any(assigns);
    (named || all || by_path.is_some()).then(|| Kind::Env(by_path.unwrap_or(Dialect::Systemd)))
}
