//! Which service a file goes to. Files of one name belong together: nginx.service, /etc/nginx, /etc/default/nginx.
//!
//! A name is a service's if something starts by that name: a unit or an init script. A directory of its own below `/etc` makes
//! one too. What has neither goes to a service named after its directory, or to `base`; targets, slices and mounts to one of
//! each kind. A name that begins with another and a hyphen, such as `gpg-agent-ssh`, belongs to that.

use cmc_types::systemd::{UnitType, kept_unit_folders};
use std::collections::BTreeSet;

/// The service of what belongs to nothing else.
const BASE: &str = "base";

/// Directories with a file for each of many services, relative to the root.
const SHARED: &[&str] = &[
    "etc/apparmor.d",
    "etc/conf.d",
    "etc/cron.d",
    "etc/cron.daily",
    "etc/cron.hourly",
    "etc/cron.monthly",
    "etc/cron.weekly",
    "etc/dbus-1/system.d",
    "etc/default",
    "etc/init.d",
    "etc/insserv.conf.d",
    "etc/login.conf.d",
    "etc/logrotate.d",
    "etc/modprobe.d",
    "etc/modules-load.d",
    "etc/newsyslog.conf.d",
    "etc/pam.d",
    "etc/rc.conf.d",
    "etc/rc.d",
    "etc/rsyslog.d",
    "etc/security/limits.d",
    "etc/sudoers.d",
    "etc/sysconfig",
    "etc/sysctl.d",
    "etc/sysusers.d",
    "etc/tmpfiles.d",
    "etc/ufw/applications.d",
    "lib/modules-load.d",
    "lib/sysctl.d",
    "lib/sysusers.d",
    "lib/tmpfiles.d",
    "usr/lib/modules-load.d",
    "usr/lib/sysctl.d",
    "usr/lib/sysusers.d",
    "usr/lib/tmpfiles.d",
    "usr/local/etc/cron.d",
    "usr/local/etc/rc.conf.d",
    "usr/local/etc/rc.d",
    "usr/local/etc/newsyslog.conf.d",
];

/// Where init scripts lie.
const SCRIPTS: &[&str] = &["etc/init.d", "etc/rc.d", "usr/local/etc/rc.d"];

/// The machine's accounts, which programs write, too.
const ACCOUNTS: &[&str] = &["passwd", "group", "shadow", "gshadow", "subuid", "subgid", "master.passwd"];

/// Units that run something, or have something run.
const STARTED: &[UnitType] = &[UnitType::Service, UnitType::Socket, UnitType::Timer, UnitType::Path];

/// The names of services.
pub(super) struct Grouping {
    /// Those that things start by.
    names: BTreeSet<String>,
    /// Those of directories below `/etc`.
    folders: BTreeSet<String>,
}

impl Grouping {
    /// Reads the names off all paths.
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let (mut names, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for path in paths {
            let path = path.trim_start_matches('/');
            if let Some((stem, kind)) = unit(path) {
                if kind.is_none_or(|kind| STARTED.contains(&kind)) {
                    names.insert(label(&stem));
                }
            } else if let Some((directory, name)) = path.rsplit_once('/') {
                if SCRIPTS.contains(&directory) {
                    names.insert(label(name));
                } else if let Some(owner) = owner(path).filter(|_| !SHARED.contains(&directory)) {
                    folders.insert(owner);
                }
            }
        }
        Self { names, folders }
    }

    /// The name that a name belongs to: the shortest that it begins with, before a hyphen; else itself.
    fn home(&self, name: String) -> String {
        let known = |name: &&str| self.names.contains(*name) || self.folders.contains(*name);
        let shorter = name.match_indices('-').map(|(end, _)| &name[..end]).find(known).map(str::to_owned);
        shorter.unwrap_or(name)
    }

    /// The service of a file.
    pub(super) fn service(&self, path: &str) -> String {
        let path = path.trim_start_matches('/');
        let name = self.name(path);
        if name.is_empty() { BASE.to_owned() } else { name }
    }

    fn name(&self, path: &str) -> String {
        if let Some((stem, kind)) = unit(path) {
            let home = self.home(label(&stem));
            return match kind.filter(|_| !self.names.contains(&home) && !self.folders.contains(&home)) {
                Some(kind) => format!("{}s", kind.name()),
                None => home,
            };
        }
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(started) = runlevel(directory).then(|| file.trim_start_matches(['S', 'K'])) {
            let name = started.trim_start_matches(|c: char| c.is_ascii_digit());
            return self.home(label(if name.is_empty() { file } else { name }));
        }
        if SHARED.contains(&directory) {
            let last = directory.rsplit('/').next().unwrap_or_default();
            return self.started(file).unwrap_or_else(|| label(last.trim_end_matches(".d")));
        }
        let below = path.strip_prefix("etc/").or_else(|| path.strip_prefix("usr/local/etc/"));
        match owner(path) {
            Some(owner) => self.home(owner),
            None if below.is_some() => {
                let is_account = ACCOUNTS.iter().any(|name| file.trim_end_matches('-') == *name);
                if is_account { "accounts".to_owned() } else { self.started(file).unwrap_or_default() }
            }
            None if path.starts_with("var/") => "crontabs".to_owned(),
            None => String::new(),
        }
    }

    /// The name that something starts by and a file's name is, or begins with.
    fn started(&self, file: &str) -> Option<String> {
        let name = file.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('-');
        let name = label(name);
        let stem = [".conf", ".cf", ".timer", ".rules"].iter().find_map(|end| name.strip_suffix(end));
        let stem = stem.unwrap_or(&name);
        let mut ends: Vec<usize> = stem.match_indices(['-', '.', '_']).map(|(index, _)| index).collect();
        ends.push(stem.len());
        ends.iter()
            .rev()
            .map(|end| &stem[..*end])
            .find(|name| self.names.contains(*name))
            .map(|name| self.home(name.to_owned()))
    }
}

/// The directory below `/etc` that a file lies in, as a name.
fn owner(path: &str) -> Option<String> {
    let below = path.strip_prefix("etc/").or_else(|| path.strip_prefix("usr/local/etc/"))?;
    below.split_once('/').map(|(owner, _)| label(owner.trim_end_matches(".d")))
}

/// The name of a unit without type and instance, and its type, of its file, drop-in, or link in another's directory.
fn unit(path: &str) -> Option<(String, Option<UnitType>)> {
    let file = kept_unit_folders()
        .find_map(|folder| path.strip_prefix(folder.trim_start_matches('/'))?.strip_prefix('/'))?;
    let name = match file.split_once('/') {
        None => file,
        Some((folder, name)) => match folder.strip_suffix(".d") {
            Some(unit) => unit,
            None => name,
        },
    };
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let kind = UnitType::ALL.iter().copied().find(|kind| kind.name() == ending);
    Some((stem.split('@').next().filter(|stem| !stem.is_empty()).unwrap_or("root").to_owned(), kind))
}

fn runlevel(directory: &str) -> bool {
    let level = directory.strip_prefix("etc/rc").and_then(|rest| rest.strip_suffix(".d"));
    level.is_some_and(|level| matches!(level, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "S"))
        || directory.starts_with("etc/runlevels/")
}

/// A text as the name of a service.
fn label(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let clean: String = lower
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .take(63)
        .collect();
    clean.trim_start_matches(['-', '.', '_']).trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_that_start_nothing_are_together_and_parts_of_a_program_belong_to_it() {
        let paths = [
            ("/lib/systemd/system/basic.target", "targets"),
            ("/lib/systemd/system/network-online.target", "targets"),
            ("/lib/systemd/system/system-getty.slice", "slices"),
            ("/lib/systemd/system/srv-data.mount", "mounts"),
            ("/etc/systemd/journald.conf", "systemd"),
            ("/lib/systemd/system/systemd-journald.service", "systemd"),
            ("/usr/lib/systemd/user/gpg-agent.service", "gpg-agent"),
            ("/usr/lib/systemd/user/gpg-agent-ssh.socket", "gpg-agent"),
            ("/lib/systemd/system/api.service", "api"),
            ("/lib/systemd/system/api.target", "api"),
            ("/etc/api-plugins/a.conf", "api"),
        ];
        let grouping = Grouping::of(paths.iter().map(|(path, _)| *path));
        for (path, service) in paths {
            assert_eq!(grouping.service(path), service, "{path}");
        }
    }

    #[test]
    fn files_of_one_name_go_to_one_service() {
        let paths = [
            "/lib/systemd/system/nginx.service",
            "/etc/systemd/system/nginx.service.d/limits.conf",
            "/etc/systemd/system/multi-user.target.wants/nginx.service",
            "/etc/nginx/nginx.conf",
            "/etc/nginx/sites-enabled/default",
            "/etc/default/nginx",
            "/etc/logrotate.d/nginx",
            "/etc/rc2.d/S01nginx",
            "/etc/cron.d/nginx-stats",
            "/etc/sysctl.d/20-nginx.conf",
            "/lib/systemd/system/nginx-debug.service",
        ];
        let grouping = Grouping::of(paths.iter().copied());
        for path in paths {
            assert_eq!(grouping.service(path), "nginx", "{path}");
        }
        for (path, service) in [
            ("/etc/hosts", "base"),
            ("/etc/passwd-", "accounts"),
            ("/etc/pam.d/common-auth", "pam"),
            ("/etc/logrotate.d/apt", "logrotate"),
            ("/etc/X11/xorg.conf", "x11"),
            ("/etc/nginx.conf", "nginx"),
            ("/usr/local/etc/php/php.ini", "php"),
            ("/var/spool/cron/crontabs/root", "crontabs"),
        ] {
            assert_eq!(grouping.service(path), service, "{path}");
        }
    }
}
