//! Which format a path has, and whether anything reads it there.

use super::Problem;
use super::{
    cron, hosts, limits, logrotate, modules, rc_conf_local, sudoers, sysctl, sysusers, tmpfiles, variables,
};
use crate::systemd::release_of;
use crate::{InitSystem, Mode, Os, Severity, UnixPath};

/// A format, and whose reading of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// tmpfiles.d, and the release of the host's systemd, if it is known.
    Tmpfiles(Option<u16>),
    /// sysusers.d, likewise.
    Sysusers(Option<u16>),
    /// sysctl.d and `/etc/sysctl.conf`.
    Sysctl(sysctl::Dialect),
    /// modules-load.d and `/etc/modules`.
    Modules(modules::Dialect),
    /// limits.d and `/etc/security/limits.conf`.
    Limits,
    /// A crontab.
    Cron(cron::Table),
    /// `/etc/hosts`.
    Hosts(hosts::Zones),
    /// logrotate.conf and logrotate.d.
    Logrotate,
    /// sudoers and sudoers.d.
    Sudoers,
    /// `/etc/default`.
    Variables,
    /// `/etc/rc.conf.local` of OpenBSD.
    RcConfLocal,
}

impl Format {
    /// The format, as messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tmpfiles(_) => "tmpfiles.d",
            Self::Sysusers(_) => "sysusers.d",
            Self::Sysctl(_) => "sysctl",
            Self::Modules(_) => "modules-load.d",
            Self::Limits => "limits.conf",
            Self::Cron(_) => "crontab",
            Self::Hosts(_) => "hosts",
            Self::Logrotate => "logrotate",
            Self::Sudoers => "sudoers",
            Self::Variables => "variables",
            Self::RcConfLocal => "rc.conf.local",
        }
    }

    /// Why a file of this mode is not read, if so: others than root could have written it.
    pub fn unread_with(self, mode: Mode) -> Option<Unread> {
        const HELP: &str = "take the bits for writing from group and others";
        let unread = |why| Some(Unread { why, help: HELP, severity: Severity::Error });
        let open = mode.bits() & 0o022 != 0;
        match self {
            Self::Sudoers if open => unread("others than root may write to it, and sudo refuses that"),
            Self::Sudoers if mode.bits() & 0o337 != 0 => Some(Unread {
                why: "`visudo -c` refuses it: it asks for the mode 0440, though sudo itself reads it",
                help: "write `mode = \"0440\"`",
                severity: Severity::Note,
            }),
            Self::Logrotate if open => {
                unread("others than root may write to it, and logrotate passes such a file by")
            }
            Self::Cron(table) if open && table.user_column && table.dialect == cron::Dialect::Debian => {
                unread("others than root may write to it, and cron passes such a file by")
            }
            _ => None,
        }
    }
}

/// Why nothing reads a file where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// Why, as a clause.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// An error if it is certain.
    pub severity: Severity,
}

/// What a path says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its format.
    pub format: Format,
    /// Why nothing reads it, if so.
    pub unread: Option<Unread>,
}

/// The format of the file at a path of a host, if it is one of these.
pub fn format_of(path: &UnixPath, os: &Os) -> Option<Found> {
    let name = path.file_name();
    let bsd = matches!(os.init(), InitSystem::OpenbsdRc | InitSystem::FreebsdRc);
    let found = |format| Some(Found { format, unread: None });
    match path.as_str() {
        "/etc/hosts" => {
            return found(Format::Hosts(if bsd { hosts::Zones::Read } else { hosts::Zones::LeftOut }));
        }
        "/etc/sysctl.conf" => {
            let dialect = if bsd { sysctl::Dialect::Bsd } else { sysctl::Dialect::Linux };
            return Some(Found { format: Format::Sysctl(dialect), unread: sysctl_conf(os) });
        }
        "/etc/security/limits.conf" if !bsd => return found(Format::Limits),
        "/etc/modules" if !bsd => return found(Format::Modules(modules(os))),
        "/etc/logrotate.conf" if !bsd => return found(Format::Logrotate),
        "/usr/local/etc/logrotate.conf" if bsd => return found(Format::Logrotate),
        "/etc/sudoers" | "/usr/local/etc/sudoers" => return found(Format::Sudoers),
        "/etc/rc.conf.local" if os.init() == InitSystem::OpenbsdRc => return found(Format::RcConfLocal),
        "/etc/crontab" => return Some(Found { format: table(os, true), unread: crontab(os) }),
        _ => {}
    }
    let directory = path.parent();
    let systemd = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"]
        .iter()
        .find_map(|root| directory.strip_prefix(root)?.strip_prefix('/'));
    let format = match systemd {
        _ if bsd => None,
        Some("tmpfiles.d") => Some(Format::Tmpfiles(release_of(os))),
        Some("sysusers.d") => Some(Format::Sysusers(release_of(os))),
        Some("sysctl.d") => Some(Format::Sysctl(sysctl::Dialect::Linux)),
        Some("modules-load.d") => Some(Format::Modules(modules(os))),
        Some("security/limits.d") => Some(Format::Limits),
        _ => None,
    };
    if let Some(format) = format {
        return Some(Found { format, unread: (!name.ends_with(".conf")).then_some(NO_CONF) });
    }
    let spool = match os.family() {
        "debian" | "ubuntu" => &["/var/spool/cron/crontabs"][..],
        "alpine" => &["/etc/crontabs", "/var/spool/cron/crontabs"],
        "openbsd" | "freebsd" => &["/var/cron/tabs"],
        "opensuse" => &["/var/spool/cron/tabs"],
        _ => &["/var/spool/cron"],
    };
    match directory {
        "/etc/logrotate.d" | "/usr/local/etc/logrotate.d" if bsd == directory.starts_with("/usr") => {
            Some(Found { format: Format::Logrotate, unread: logrotate_d(name) })
        }
        "/etc/sudoers.d" | "/usr/local/etc/sudoers.d" => {
            let unread = (name.contains('.') || name.ends_with('~')).then_some(SUDOERS_D);
            Some(Found { format: Format::Sudoers, unread })
        }
        "/etc/default" if !bsd => found(Format::Variables),
        "/etc/cron.d" => Some(Found { format: table(os, true), unread: cron_d(os, name) }),
        "/usr/local/etc/cron.d" if os.family() == "freebsd" => found(table(os, true)),
        directory if spool.contains(&directory) => found(table(os, false)),
        _ => None,
    }
}

/// What is wrong in a file, line by line.
pub fn check(format: Format, text: &str) -> Vec<Problem> {
    match format {
        Format::Tmpfiles(systemd) => tmpfiles::parse_for(text, systemd).1,
        Format::Sysusers(systemd) => sysusers::parse_for(text, systemd).1,
        Format::Sysctl(dialect) => sysctl::parse(text, dialect).1,
        Format::Modules(dialect) => modules::parse(text, dialect).1,
        Format::Limits => limits::parse(text).1,
        Format::Cron(table) => cron::parse(text, table).1,
        Format::Hosts(zones) => hosts::parse(text, zones).1,
        Format::Logrotate => logrotate::parse(text).1,
        Format::Sudoers => sudoers::parse(text).1,
        Format::Variables => variables::parse(text).1,
        Format::RcConfLocal => rc_conf_local::parse(text).1,
    }
}

/// The text of a file that was parsed and printed again: the same, whatever it was.
pub fn reprint(format: Format, text: &str) -> String {
    match format {
        Format::Tmpfiles(systemd) => tmpfiles::parse_for(text, systemd).0.print(),
        Format::Sysusers(systemd) => sysusers::parse_for(text, systemd).0.print(),
        Format::Sysctl(dialect) => sysctl::parse(text, dialect).0.print(),
        Format::Modules(dialect) => modules::parse(text, dialect).0.print(),
        Format::Limits => limits::parse(text).0.print(),
        Format::Cron(table) => cron::parse(text, table).0.print(),
        Format::Hosts(zones) => hosts::parse(text, zones).0.print(),
        Format::Logrotate => logrotate::parse(text).0.print(),
        Format::Sudoers => sudoers::parse(text).0.print(),
        Format::Variables => variables::parse(text).0.print(),
        Format::RcConfLocal => rc_conf_local::parse(text).0.print(),
    }
}

fn modules(os: &Os) -> modules::Dialect {
    match os.init() {
        InitSystem::Systemd => modules::Dialect::Systemd,
        _ => modules::Dialect::Openrc,
    }
}

fn table(os: &Os, user_column: bool) -> Format {
    let dialect = match os.family() {
        "debian" | "ubuntu" => cron::Dialect::Debian,
        "openbsd" => cron::Dialect::OpenBsd,
        "freebsd" => cron::Dialect::FreeBsd,
        "alpine" => cron::Dialect::Busybox,
        _ => cron::Dialect::Cronie,
    };
    Format::Cron(cron::Table { dialect, user_column })
}

const NO_CONF: Unread = Unread {
    why: "only files whose names end in `.conf` are read in this directory",
    help: "give it a name that ends in `.conf`",
    severity: Severity::Error,
};

const SUDOERS_D: Unread = Unread {
    why: "sudo passes by names with a `.` in them, or a `~` at the end",
    help: "give it a name such as `90-deploy`",
    severity: Severity::Error,
};

/// What names end in that logrotate's `include` passes by, unless `tabooext` changes it.
const TABOO: &[&str] = &[
    ",v",
    ".cfsaved",
    ".disabled",
    ".dpkg-bak",
    ".dpkg-del",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".rpmnew",
    ".rpmorig",
    ".rpmsave",
    ".swp",
    ".ucf-dist",
    ".ucf-new",
    ".ucf-old",
    "~",
];

fn logrotate_d(name: &str) -> Option<Unread> {
    TABOO.iter().any(|end| name.ends_with(end)).then_some(Unread {
        why: "logrotate passes by names that end so",
        help: "give it a plain name",
        severity: Severity::Error,
    })
}

const BUSYBOX: Unread = Unread {
    why: "crond of BusyBox reads users' tables below /etc/crontabs alone",
    help: "write the jobs, without the column of the user, to /etc/crontabs/root; nothing is wrong if the host has \
           another cron",
    severity: Severity::Warning,
};

fn crontab(os: &Os) -> Option<Unread> {
    (os.family() == "alpine").then_some(BUSYBOX)
}

/// Debian 13 and what follows it read no `/etc/sysctl.conf`.
fn sysctl_conf(os: &Os) -> Option<Unread> {
    let release = os.release().and_then(|release| release.split('.').next()?.parse::<u32>().ok());
    (os.family() == "debian" && release.is_some_and(|release| release >= 13)).then_some(Unread {
        why: "systemd-sysctl of Debian 13 does not read it",
        help: "write the settings to a file such as /etc/sysctl.d/90-local.conf",
        severity: Severity::Warning,
    })
}

fn cron_d(os: &Os, name: &str) -> Option<Unread> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let backup = [".rpmsave", ".rpmorig", ".rpmnew"].iter().any(|end| name.ends_with(end));
    match os.family() {
        "openbsd" => Some(Unread {
            why: "OpenBSD's cron reads no /etc/cron.d",
            help: "put the jobs into /etc/crontab",
            severity: Severity::Error,
        }),
        "alpine" => Some(BUSYBOX),
        "debian" | "ubuntu" if !name.chars().all(plain) => Some(Unread {
            why: "cron skips files of /etc/cron.d whose names hold anything but letters, digits, `-` and `_`",
            help: "rename it; it needs no extension",
            severity: Severity::Error,
        }),
        "debian" | "ubuntu" => None,
        _ if name.starts_with(['.', '#']) || name.ends_with('~') || backup => Some(Unread {
            why: "cron skips hidden files, backups and what a package manager left over",
            help: "give it another name",
            severity: Severity::Error,
        }),
        _ => None,
    }
}
