//! Values that systemd still takes, with a warning in the journal at every start.

/// A directive, its value, and what to do instead.
const VALUES: &[(&str, &str, &str)] = &[
    ("KillMode", "none", "processes are left behind when the unit stops: write mixed or control-group"),
    ("StandardOutput", "syslog", "write journal: syslog daemons read the journal"),
    ("StandardOutput", "syslog+console", "write journal+console"),
    ("StandardError", "syslog", "write journal: syslog daemons read the journal"),
    ("StandardError", "syslog+console", "write journal+console"),
];

/// What to write instead of a value that is kept for compatibility only.
pub(super) fn instead(key: &str, value: &str) -> Option<&'static str> {
    VALUES.iter().find(|row| row.0 == key && row.1 == value).map(|row| row.2)
}
