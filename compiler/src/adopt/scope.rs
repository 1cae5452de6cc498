//! What of a root is configuration that adopt takes.

use cmc_types::systemd::kept_unit_folders;

/// Directories whose files are taken besides those of units, relative to the root.
const TAKEN: &[&str] = &[
    "etc",
    "usr/local/etc",
    "lib/tmpfiles.d",
    "lib/sysusers.d",
    "lib/sysctl.d",
    "lib/modules-load.d",
    "usr/lib/tmpfiles.d",
    "usr/lib/sysusers.d",
    "usr/lib/sysctl.d",
    "usr/lib/modules-load.d",
    "var/spool/cron",
    "var/cron/tabs",
];

/// Where files may lie that no service of cmc may write.
const NEVER: &[&str] = &["etc/cmc"];

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Configuration.
    Taken,
    /// Something else.
    Outside,
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether what lies at a path (relative to the root) is taken.
pub(super) fn of(path: &str) -> Scope {
    let is = |directories: &[&str]| directories.iter().any(|directory| is_below(path, directory));
    let unit = || kept_unit_folders().any(|folder| is_below(path, folder.trim_start_matches('/')));
    if (is(TAKEN) || unit()) && !is(NEVER) { Scope::Taken } else { Scope::Outside }
}

/// Directories that are large: what lies outside is counted by those in them.
const LARGE: &[&str] = &["home", "lib", "opt", "srv", "usr", "var"];

/// The directory under which a file outside is counted: the first part of its path, or the first two.
pub(super) fn counted_as(path: &str) -> String {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = directory.split('/').take(2).collect();
    if !LARGE.contains(&parts[0]) {
        parts.truncate(1);
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_is_taken_and_the_rest_is_counted_by_directory() {
        for path in [
            "etc/hosts",
            "lib/systemd/system/a.service",
            "usr/local/lib/systemd/system/a.service",
            "usr/local/etc/rc.d/a",
            "var/spool/cron/a",
        ] {
            assert_eq!(of(path), Scope::Taken, "{path}");
        }
        for path in [
            "etcetera",
            "etc/cmc/identity",
            "usr/lib/systemd/systemd",
            "run/systemd/system/a.service",
            "usr/bin/ls",
        ] {
            assert_eq!(of(path), Scope::Outside, "{path}");
        }
        assert_eq!(counted_as("usr/share/doc/a/b"), "/usr/share");
        assert_eq!(counted_as("tmp/me/a"), "/tmp");
        assert_eq!(counted_as("vmlinuz"), "/");
    }
}
