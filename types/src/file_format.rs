//! Which format the file at a path of a host has: the one registry that checks of rendered files, import and adopt ask.
//!
//! What a line of a file may be wrong about is told by each format's own module; this one says which, and whether a typed
//! model reads a file as a whole.

use crate::env_file::{Dialect, EnvFile};
use crate::login_conf::System;
use crate::small::{self, Unread};
use crate::systemd::{Unit, UnitName, UnitType, below_unit_folder, release_of};
use crate::{InitSystem, Mode, Os, Severity, UnixPath, nearest};
use crate::{freebsd_rc, login_conf, openbsd_rc, openrc, shell};

/// A format, and whose reading of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// One of the small files beside units.
    Small(small::Format),
    /// A unit or drop-in, and the release of the host's systemd, if it is known.
    Unit(Option<u16>),
    /// Login classes.
    LoginConf(System),
    /// An environment file.
    Env(Dialect),
    /// An OpenBSD rc.d script.
    OpenbsdRc,
    /// A FreeBSD rc.d script.
    FreebsdRc,
    /// An OpenRC script.
    Openrc,
    /// Shell that an init script sources: FreeBSD's `rc.conf` and `rc.conf.d`, OpenRC's `conf.d`.
    ShellConf,
}

impl FileFormat {
    /// The format, as messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small(format) => format.name(),
            Self::Unit(_) => "systemd unit",
            Self::LoginConf(_) => "login.conf",
            Self::Env(_) => "environment file",
            Self::OpenbsdRc | Self::FreebsdRc => "rc.d script",
            Self::Openrc => "OpenRC script",
            Self::ShellConf => "shell configuration",
        }
    }

    /// Whether the format's typed model reads all of a text: no line is left that it takes for nothing.
    pub fn reads(self, text: &str) -> bool {
        match self {
            Self::Small(small::Format::Variables) => small::variables::is_plain(text),
            Self::Small(format) => {
                small::check(format, text).iter().all(|problem| problem.severity != Severity::Error)
            }
            Self::Unit(_) => Unit::parse(text).is_ok_and(|unit| unit.print() == text),
            Self::LoginConf(_) => login_conf::parse(text).is_ok(),
            Self::Env(dialect) => EnvFile::parse(dialect, text).is_ok(),
            Self::OpenbsdRc => openbsd_rc::parse(text).is_ok(),
            Self::FreebsdRc => freebsd_rc::parse(text).is_ok(),
            Self::Openrc => openrc::parse(text).is_ok(),
            Self::ShellConf => shell::Conf::parse(text).is_ok(),
        }
    }
}

impl FileFormat {
    /// The mode of a script that the init system runs, as cmc writes its own; none for files that are only read.
    pub fn script_mode(self) -> Option<Mode> {
        match self {
            Self::OpenbsdRc | Self::FreebsdRc => Some(Mode::from_bits(0o555)),
            Self::Openrc => Some(Mode::from_bits(0o755)),
            Self::Small(_) | Self::Unit(_) | Self::LoginConf(_) | Self::Env(_) | Self::ShellConf => None,
        }
    }

    /// Why a file of this mode is not read, or not run, if so. A script may have been switched off by its mode.
    pub fn unread_with(self, mode: Mode) -> Option<Unread> {
        match self {
            Self::Small(format) => format.unread_with(mode),
            _ if self.script_mode().is_none() || mode.bits() & 0o100 != 0 => None,
            Self::Openrc => Some(Unread {
                why: "it is not executable, and OpenRC knows no such service",
                help: "write `mode = \"0755\"`, or leave the mode out",
                severity: Severity::Warning,
            }),
            _ => Some(Unread {
                why: "it is not executable, and rc knows no such service",
                help: "write `mode = \"0555\"`, or leave the mode out",
                severity: Severity::Warning,
            }),
        }
    }
}

/// What a path says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundFormat {
    /// Its format.
    pub format: FileFormat,
    /// Why nothing reads it, if so.
    pub unread: Option<Unread>,
}

/// The format of the file at a path of a host, if it is known.
pub fn format_of(path: &UnixPath, os: &Os) -> Option<FoundFormat> {
    if let Some(found) = small::format_of(path, os) {
        // Nothing reads it, and nothing should.
        if found.unread.is_some() && path.file_name().starts_with("README") {
            return None;
        }
        return Some(FoundFormat { format: FileFormat::Small(found.format), unread: found.unread });
    }
    let found = |format| Some(FoundFormat { format, unread: None });
    match os.init() {
        InitSystem::Systemd if unit_file(path).is_some() => found(FileFormat::Unit(release_of(os))),
        InitSystem::Systemd if let Some(unread) = unread_unit(path) => {
            Some(FoundFormat { format: FileFormat::Unit(release_of(os)), unread: Some(unread) })
        }
        InitSystem::Systemd if path.as_str() == "/etc/environment" => found(FileFormat::Env(Dialect::PamEnv)),
        InitSystem::OpenbsdRc => match (path.parent(), path.file_name()) {
            ("/etc", "login.conf") | ("/etc/login.conf.d", _) => {
                found(FileFormat::LoginConf(System::OpenBsd))
            }
            ("/etc/rc.d", name) if name != "rc.subr" => found(FileFormat::OpenbsdRc),
            _ => None,
        },
        InitSystem::FreebsdRc => match (path.parent(), path.file_name()) {
            ("/etc", "login.conf") => found(FileFormat::LoginConf(System::FreeBsd)),
            ("/etc/rc.d" | "/usr/local/etc/rc.d", _) => found(FileFormat::FreebsdRc),
            ("/etc", "rc.conf" | "rc.conf.local") => found(FileFormat::ShellConf),
            ("/etc/rc.conf.d" | "/usr/local/etc/rc.conf.d", _) => found(FileFormat::ShellConf),
            _ => None,
        },
        InitSystem::Openrc => match path.parent() {
            "/etc/init.d" if !path.file_name().ends_with(".sh") => found(FileFormat::Openrc),
            "/etc/conf.d" => found(FileFormat::ShellConf),
            _ => None,
        },
        InitSystem::Systemd => None,
    }
}

/// The name of a unit or drop-in below its directory, such as `api.service` or `api.service.d/limits.conf`.
pub fn unit_file(path: &UnixPath) -> Option<&str> {
    below_unit_folder(path.as_str()).filter(|file| is_unit_file(file))
}

/// Whether a directory of units may hold a unit or drop-in of this name.
pub fn is_unit_file(file: &str) -> bool {
    match file.split_once('/') {
        None => UnitName::parse(file).is_ok(),
        Some((folder, name)) => folder.strip_suffix(".d").is_some_and(|unit| {
            let of_type = UnitType::ALL.iter().any(|kind| kind.name() == unit);
            name.ends_with(".conf") && !name.contains('/') && (of_type || UnitName::parse(unit).is_ok())
        }),
    }
}

/// Why systemd reads no unit or drop-in from a file in a directory of units, if it looks like one.
fn unread_unit(path: &UnixPath) -> Option<Unread> {
    let file = below_unit_folder(path.as_str())?;
    let Some((folder, name)) = file.split_once('/') else {
        let (_, ending) = file.rsplit_once('.')?;
        let types = || UnitType::ALL.iter().map(|kind| kind.name());
        return (nearest(ending, types()).is_some()).then_some(Unread {
            why: "its name is not that of a unit",
            help: "a name holds letters, digits and : - _ . @ and ends in a type of unit, such as .service",
            severity: Severity::Error,
        });
    };
    let read = is_unit_file(&format!("{folder}/x.conf"));
    let drop_in = read && !name.contains('/') && !name.starts_with("README");
    drop_in.then_some(Unread {
        why: "of drop-ins systemd reads those alone whose names end in .conf",
        help: "end its name in .conf",
        // What was put aside on purpose.
        severity: if name.contains(".conf") { Severity::Warning } else { Severity::Error },
    })
}

/// A system of each kind whose paths differ, in the order in which they are tried for a file of an unknown one.
const SYSTEMS: &[&str] = &["debian", "openbsd", "freebsd", "alpine", "fedora", "opensuse"];

/// What begins the path of configuration on a host.
const ROOTS: &[&str] = &["/etc/", "/usr/", "/lib/", "/run/", "/var/"];

/// Directories of files that units take their environment from, by custom.
const ENV_FOLDERS: &[&str] = &["/etc/env", "/etc/environment.d", "/etc/sysconfig"];

/// The path that a file has on its host, a system that reads it there, and its format, told by where a copy of it lies:
/// `backup/etc/cron.d/api` is `/etc/cron.d/api`.
pub fn format_of_copy(path: &str) -> Option<(UnixPath, Os, FileFormat)> {
    let systems: Vec<Os> = SYSTEMS.iter().filter_map(|name| Os::parse(name).ok()).collect();
    let mut starts: Vec<usize> =
        ROOTS.iter().flat_map(|root| path.match_indices(root)).map(|(start, _)| start).collect();
    // The whole path first, then what is left of it.
    starts.sort_unstable();
    starts.into_iter().filter_map(|start| UnixPath::parse(&path[start..]).ok()).find_map(|path| {
        let found = systems.iter().find_map(|os| {
            let found = format_of(&path, os).filter(|found| found.unread.is_none())?;
            Some((os.clone(), found.format))
        });
        let by_custom = || {
            let is_env = ENV_FOLDERS.contains(&path.parent());
            is_env.then(|| (systems.first().cloned(), FileFormat::Env(Dialect::Systemd)))
        };
        let (os, format) = found.or_else(|| by_custom().and_then(|(os, format)| Some((os?, format))))?;
        Some((path, os, format))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(path: &str, os: &str) -> Option<&'static str> {
        let path = UnixPath::parse(path).unwrap();
        format_of(&path, &Os::parse(os).unwrap()).map(|found| found.format.name())
    }

    #[test]
    fn a_path_has_the_format_that_the_hosts_programs_read_there() {
        for (path, os, format) in [
            ("/etc/systemd/system/api.service", "debian-12", Some("systemd unit")),
            ("/lib/systemd/system/api@.service", "debian-12", Some("systemd unit")),
            ("/usr/lib/systemd/user/api.socket", "debian-12", Some("systemd unit")),
            ("/etc/systemd/system/api.service.d/x.conf", "debian-12", Some("systemd unit")),
            ("/etc/systemd/system/service.d/x.conf", "debian-12", Some("systemd unit")),
            ("/etc/systemd/system/README", "debian-12", None),
            ("/etc/systemd/system/api.service", "openbsd-7.6", None),
            ("/etc/systemd/system.conf", "debian-12", None),
            ("/etc/environment", "debian-12", Some("environment file")),
            ("/etc/login.conf", "openbsd-7.6", Some("login.conf")),
            ("/etc/login.conf.d/api", "openbsd-7.6", Some("login.conf")),
            ("/etc/login.conf", "freebsd-14.1", Some("login.conf")),
            ("/etc/login.conf", "debian-12", None),
            ("/etc/rc.d/api", "openbsd-7.6", Some("rc.d script")),
            ("/usr/local/etc/rc.d/api", "freebsd-14.1", Some("rc.d script")),
            ("/usr/local/etc/rc.conf.d/api", "freebsd-14.1", Some("shell configuration")),
            ("/etc/init.d/api", "alpine-3.20", Some("OpenRC script")),
            ("/etc/init.d/api", "debian-12", None),
            ("/etc/conf.d/api", "gentoo", Some("shell configuration")),
            ("/etc/cron.d/api", "debian-12", Some("crontab")),
            ("/etc/sysctl.d/README.sysctl", "debian-12", None),
            ("/etc/sysctl.d/90-readme", "debian-12", Some("sysctl")),
        ] {
            assert_eq!(name(path, os), format, "{path} on {os}");
        }
    }

    #[test]
    fn where_a_copy_lies_tells_the_path_on_the_host_and_a_system_that_reads_it_there() {
        for (copy, path, format) in [
            ("/home/me/backup/etc/cron.d/api", "/etc/cron.d/api", "crontab"),
            ("/mnt/usr/local/etc/rc.conf.d/api", "/usr/local/etc/rc.conf.d/api", "shell configuration"),
            ("/mnt/var/cron/tabs/me", "/var/cron/tabs/me", "crontab"),
            ("/mnt/lib/systemd/system/api.service", "/lib/systemd/system/api.service", "systemd unit"),
            ("/mnt/etc/sysconfig/api", "/etc/sysconfig/api", "environment file"),
        ] {
            let (found, _, of) = format_of_copy(copy).unwrap();
            assert_eq!((found.as_str(), of.name()), (path, format), "{copy}");
        }
        for copy in ["api.service", "/home/me/cron.d/api", "/etc/nginx/nginx.conf"] {
            assert!(format_of_copy(copy).is_none(), "{copy}");
        }
    }
}
