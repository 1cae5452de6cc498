//! fail2ban: `fail2ban-client -c DIR -t`, all jails with the filters and actions that come with the package. The logs that
//! jails watch exist, empty, or it would complain of their absence.

use super::pattern::{error, warning};
use super::{Prepared, Program, Scope, Stub, View};
use crate::sandbox::{Entry, What};

pub(super) const FAIL2BAN: Program = Program {
    name: "fail2ban-client",
    about: "fail2ban's configuration, with the package's own jails, filters and actions",
    applies_to: &[
        "/etc/fail2ban/{jail,fail2ban}.{conf,local}",
        "/etc/fail2ban/{jail.d,fail2ban.d,filter.d,action.d}/*.{conf,local}",
    ],
    scope: Scope::Tree {
        mains: &["/etc/fail2ban/jail.local", "/etc/fail2ban/jail.conf"],
        wrapper: "[DEFAULT]\n",
    },
    argv: &["fail2ban-client", "-c", "{dir}", "-t"],
    version_argv: &["fail2ban-client", "--version"],
    version_line: "Fail2Ban v{message}",
    bad: &[255],
    dirs: &["/run/fail2ban", "/var/lib/fail2ban"],
    machine: &[
        "/etc/fail2ban/action.d",
        "/etc/fail2ban/fail2ban.conf",
        "/etc/fail2ban/filter.d",
        "/etc/fail2ban/jail.conf",
        "/etc/fail2ban/paths-arch.conf",
        "/etc/fail2ban/paths-common.conf",
        "/etc/fail2ban/paths-debian.conf",
        "/etc/fail2ban/paths-opensuse.conf",
    ],
    stubs: &[
        ("/var/log/auth.log", Stub::Text("")),
        ("/var/log/daemon.log", Stub::Text("")),
        ("/var/log/mail.log", Stub::Text("")),
        ("/var/log/mail.warn", Stub::Text("")),
        ("/var/log/syslog", Stub::Text("")),
        ("/var/log/nginx/error.log", Stub::Text("")),
        ("/var/log/nginx/access.log", Stub::Text("")),
        ("/var/log/apache2/error.log", Stub::Text("")),
        ("/var/log/apache2/access.log", Stub::Text("")),
        ("/var/log/fail2ban.log", Stub::Text("")),
    ],
    patterns: &[
        error("{_} ERROR {_}parsing errors: '{file}'\n{_}[line{_} {line}]: {message}"),
        error("{_} ERROR {_}no section headers.\nfile: '{file}', line: {line}\n{message}"),
        error("{_} ERROR {message}"),
        warning("{_} WARNING {message}"),
    ],
    ignored: &["test configuration failed", "'allowipv6' not defined"],
    of_host: &["Have not found any log file"],
    packages: &[("", "fail2ban")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// The logs that jails name, as empty files.
fn prepare(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    for line in view.subjects.iter().flat_map(|(_, text)| text.lines()) {
        let Some((key, value)) = line.split_once('=') else { continue };
        if key.trim() != "logpath" {
            continue;
        }
        let paths = value
            .split_whitespace()
            .filter(|path| path.starts_with('/') && !path.contains(['%', '*', '?', '[']));
        prepared
            .entries
            .extend(paths.map(|path| Entry { path: path.to_owned(), what: What::file(0o644, *b"") }));
    }
    prepared
}
