//! What kind of system a root holds, in the words of a host's definition: for the command that enrolment suggests.

use cmc_types::{HostName, Os};
use std::path::Path;

/// `NAME --os OS --arch ARCH` for `cmc host add`; what cannot be told stays a placeholder.
pub(crate) fn described(root: &Path) -> String {
    let name = std::fs::read_to_string(root.join("etc/hostname")).ok();
    let name = name.as_deref().map(str::trim).and_then(|name| name.split('.').next());
    let name = name.filter(|name| HostName::parse(name).is_ok()).unwrap_or("NAME");
    let release = std::fs::read_to_string(root.join("etc/os-release")).unwrap_or_default();
    let os = os(&release).unwrap_or_else(|| "OS".into());
    format!("{name} --os {os} --arch {}", arch())
}

/// The operating system that os-release(5) names, such as `debian-12` or `alpine-3.20`.
fn os(release: &str) -> Option<String> {
    let value = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches(['"', '\'']))
    };
    let (id, version) = (value("ID")?, value("VERSION_ID").unwrap_or_default());
    let short: Vec<&str> = version.splitn(3, '.').take(2).collect();
    let all = [format!("{id}-{}", short.join(".")), id.to_owned()];
    all.into_iter().find(|name| Os::parse(name).is_ok())
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86" => "i686",
        "arm" => "armv7l",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_becomes_the_name_that_definitions_use() {
        let os = |text: &str| os(text);
        assert_eq!(os("ID=debian\nVERSION_ID=\"12\"\n").as_deref(), Some("debian-12"));
        assert_eq!(os("NAME=x\nID=alpine\nVERSION_ID=3.20.1\n").as_deref(), Some("alpine-3.20"));
        assert_eq!(os("ID=arch\n").as_deref(), Some("arch"));
        assert_eq!(os("ID=plan9\nVERSION_ID=4\n"), None);
    }
}
