//! Directives whose wrong values systemd refuses the unit for: it passes other wrong lines by with a warning.

/// Measured with systemd 252; a test measures again.
const FATAL: &[&str] = &[
    "AppArmorProfile",
    "DynamicUser",
    "ExecCondition",
    "ExecReload",
    "ExecStart",
    "ExecStartPost",
    "ExecStartPre",
    "ExecStop",
    "ExecStopPost",
    "ExecStopPre",
    "Group",
    "RootDirectory",
    "RootImage",
    "RootVerity",
    "SELinuxContext",
    "SmackProcessLabel",
    "SocketGroup",
    "SocketUser",
    "SupplementaryGroups",
    "User",
    "WorkingDirectory",
];

/// Whether systemd refuses the unit where a directive has this value, which is wrong.
pub fn refuses_unit(key: &str, value: &str) -> bool {
    // "-" says that the directory may be missing, and with it what is wrong is passed by.
    FATAL.contains(&key) && !(key == "WorkingDirectory" && value.trim_start().starts_with('-'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests {
    use super::refuses_unit;
    use crate::systemd::{DIRECTIVES, Section};
    use cmc_testing::skip;
    use std::process::Command;

    #[test]
    fn systemd_refuses_a_unit_for_just_the_directives_that_are_listed() {
        const NAME: &str = "systemd_refuses_a_unit_for_just_the_directives_that_are_listed";
        let version = Command::new("systemd-analyze").arg("--version").output();
        if !version.is_ok_and(|said| said.stdout.starts_with(b"systemd 252")) {
            return skip(NAME, "systemd-analyze 252 is not installed");
        }
        // Given a unit for each directive, with a specifier that does not exist
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/systemd/system");
        std::fs::create_dir_all(&folder).unwrap();
        let service = "[Service]\nType=oneshot\nExecStart=/bin/true\n";
        let mut units = Vec::new();
        for (section, kind, good) in [
            (Section::Service, "service", service),
            (Section::Socket, "socket", "[Socket]\nListenStream=/run/x\n"),
        ] {
            let rows = DIRECTIVES.iter();
            for row in
                rows.filter(|row| row.sections.contains(&section) && row.since.is_none_or(|n| n <= 252))
            {
                let stem = format!("test{}", units.len());
                std::fs::write(folder.join(format!("{stem}.service")), service).unwrap();
                let name = format!("{stem}.{kind}");
                std::fs::write(folder.join(&name), format!("{good}{}=%Z\n", row.key)).unwrap();
                units.push((name, row.key));
            }
        }
        // When systemd reads them
        let said = Command::new("systemd-analyze")
            .args(["--man=no", "--recursive-errors=no", "verify"])
            .arg(format!("--root={}", root.path().display()))
            .args(units.iter().map(|(name, _)| name))
            .env("SYSTEMD_LOG_TARGET", "console")
            .output()
            .unwrap();
        // Then it refuses those, and no others
        let said = String::from_utf8_lossy(&said.stderr);
        let refused = |name: &str| said.contains(&format!("Unit {name} has a bad unit file setting"));
        let differing: Vec<_> =
            units.iter().filter(|(name, key)| refused(name) != refuses_unit(key, "%Z")).collect();
        assert!(units.len() > 300 && differing.is_empty(), "{differing:?}");
    }
}
