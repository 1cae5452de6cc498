//! Directories that units are read from (systemd.unit(5), "Unit File Search Path"), without those that systemd itself
//! writes: generators' and `system.control`.

/// Those of the system's manager, the most important first.
pub const SYSTEM_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Those of the users' managers.
pub const USER_FOLDERS: &[&str] = &[
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/lib/systemd/user",
    "/usr/share/systemd/user",
    "/lib/systemd/user",
];

/// Every directory of units.
pub fn unit_folders() -> impl Iterator<Item = &'static str> {
    SYSTEM_FOLDERS.iter().chain(USER_FOLDERS).copied()
}

/// Those of packages and administrators: what lies below `/run` is gone with the next start.
pub fn kept_unit_folders() -> impl Iterator<Item = &'static str> {
    unit_folders().filter(|folder| !folder.starts_with("/run/"))
}

/// What follows a directory of the system's units in a path, or `None` if it lies in none of them.
pub fn below_system_folder(path: &str) -> Option<&str> {
    below(path, SYSTEM_FOLDERS.iter().copied())
}

/// What follows a directory of units in a path: `api.service`, `api.service.d/limits.conf`.
pub fn below_unit_folder(path: &str) -> Option<&str> {
    below(path, unit_folders())
}

fn below(path: &str, mut folders: impl Iterator<Item = &'static str>) -> Option<&str> {
    folders.find_map(|folder| path.strip_prefix(folder)?.strip_prefix('/'))
}
