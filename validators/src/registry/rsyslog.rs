//! rsyslog: `rsyslogd -N1 -f F`, the whole tree: a file of rsyslog.d alone may have no action.

use super::pattern::{either, error};
use super::{Program, Scope};

pub(super) const RSYSLOG: Program = Program {
    name: "rsyslogd",
    about: "rsyslog's configuration, from rsyslog.conf, with all that it includes",
    applies_to: &[
        "/etc/rsyslog.conf",
        "/etc/rsyslog.d/*.conf",
        "/usr/local/etc/rsyslog.conf",
        "/usr/local/etc/rsyslog.d/*.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/rsyslog.conf", "/usr/local/etc/rsyslog.conf"],
        wrapper: "module(load=\"imuxsock\")\ninclude(file=\"{each}\")\n*.* action(type=\"omfile\" file=\"/var/log/syslog\")\n",
    },
    argv: &["rsyslogd", "-N1", "-f", "{}"],
    version_argv: &["rsyslogd", "-v"],
    version_line: "rsyslogd {message} (aka {_}",
    dirs: &["/var/spool/rsyslog", "/var/lib/rsyslog"],
    patterns: &[
        either("rsyslogd: error during parsing file {file}, on or before line {line}: {message} [v{_}"),
        either("rsyslogd: warning during parsing file {file}, on or before line {line}: {message} [v{_}"),
        error("rsyslogd: error during config processing: {message} [v{_}"),
        either("rsyslogd: {message} [v{_}"),
    ],
    ignored: &[
        "warnings occurred in file",
        "errors occurred in file",
        "could not interpret master config file",
    ],
    packages: &[("", "rsyslog")],
    ..Program::COMMON
};
