//! The story's hosts: directories with simulated init systems.

use super::write;
use crate::commands::host::fetch_config;
use crate::exit::Failure;
use std::path::Path;

/// A host of the story.
pub(super) struct Host {
    /// Name.
    pub(super) name: &'static str,
    /// Operating system.
    pub(super) os: &'static str,
    /// Architecture.
    pub(super) arch: &'static str,
}

/// The three.
pub(super) const HOSTS: &[Host] = &[
    Host { name: "debian", os: "debian-12", arch: "x86_64" },
    Host { name: "openbsd", os: "openbsd-7.6", arch: "x86_64" },
    Host { name: "alpine", os: "alpine-3.20", arch: "aarch64" },
];

/// The simulators: each records how it was called and answers as its manual says.
const SIMULATORS: &[(&str, &str)] = &[
    ("systemctl", include_str!("../../../tests/fakes/systemctl")),
    ("journalctl", include_str!("../../../tests/fakes/journalctl")),
    ("rcctl", include_str!("../../../tests/fakes/rcctl")),
    ("rc-service", include_str!("../../../tests/fakes/rc-service")),
    ("rc-update", include_str!("../../../tests/fakes/rc-update")),
];

/// Writes the simulators into `bin`.
pub(super) fn simulators(bin: &Path) -> Result<(), Failure> {
    SIMULATORS.iter().try_for_each(|(name, text)| write(&bin.join(name), text, 0o755))
}

/// Writes a host's configuration of `cmc-fetch`, from the line that `cmc host add` printed for it.
pub(super) fn configure(dir: &Path, enrolment: &serde_json::Value, run: bool) -> Result<(), Failure> {
    let actions =
        if run { "actions = \"run\"" } else { "# actions = \"run\"     # with cmc try's simulators" };
    let mut line = enrolment.clone();
    line["store"] = "dir:../../store".into();
    let config = format!("{}path = \"../../bin\"\n{actions}\n", fetch_config(&line)?);
    write(&dir.join("fetch.toml"), &config, 0o644)
}
