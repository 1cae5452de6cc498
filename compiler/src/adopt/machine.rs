//! What a root says of the machine that it is of: operating system, architecture, name. Nothing of it is run.

use super::{AdoptError, Options};
use crate::files::elf;
use cmc_types::{Arch, HostName, Os, ParseError};
use std::io::Read as _;
use std::path::Path;

/// The machine of a root, and how each fact is known.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Operating system.
    pub os: Os,
    /// Architecture.
    pub arch: Arch,
    /// Name.
    pub host: HostName,
    /// What was assumed, since nothing told; sentences.
    pub assumed: Vec<String>,
}

impl Machine {
    pub(super) fn of(root: &Path, options: &Options) -> Result<Self, AdoptError> {
        let mut assumed = Vec::new();
        let os = match options.os.clone().or_else(|| os(root)) {
            Some(os) => os,
            None => {
                assumed.push(
                    "nothing in the root tells its operating system: taken for debian; --os says it"
                        .to_owned(),
                );
                Os::parse("debian").map_err(|error| AdoptError::Root(error.to_string()))?
            }
        };
        let arch = options.arch.or_else(|| arch(root)).unwrap_or_else(|| {
            assumed.push(
                "no program in the root tells its architecture: taken for x86_64; --arch says it".to_owned(),
            );
            Arch::X86_64
        });
        let host = match options.host.clone().or_else(|| host(root)) {
            Some(host) => host,
            None => {
                let name = fallback(root).map_err(|error| AdoptError::Root(error.to_string()))?;
                assumed.push(format!("nothing in the root names the host: called {name}; --host says it"));
                name
            }
        };
        Ok(Self { os, arch, host, assumed })
    }
}

/// The largest file that is read for what it says of the machine, in bytes.
const LARGEST: u64 = 1 << 20;

/// The text of a regular file of the root, no part of whose path is a link.
pub(super) fn text(root: &Path, path: &str) -> Option<String> {
    let bytes = head(root, path, LARGEST)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn head(root: &Path, path: &str, limit: u64) -> Option<Vec<u8>> {
    let mut full = root.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        full.push(part);
        let metadata = std::fs::symlink_metadata(&full).ok()?;
        if (parts.peek().is_some() && !metadata.is_dir()) || (parts.peek().is_none() && !metadata.is_file()) {
            return None;
        }
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&full).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn os(root: &Path) -> Option<Os> {
    let release = ["etc/os-release", "usr/lib/os-release", "lib/os-release"].iter();
    if let Some(os) = release.filter_map(|path| text(root, path)).find_map(|text| of_release(&text)) {
        return Some(os);
    }
    let is = |path: &str| std::fs::symlink_metadata(root.join(path)).is_ok();
    let versioned = |family: &str, version: &str| {
        Os::parse(&format!("{family}-{}", version.trim())).or_else(|_| Os::parse(family)).ok()
    };
    if let Some(version) = text(root, "etc/debian_version") {
        return versioned("debian", version.split('.').next().unwrap_or_default());
    }
    if let Some(version) = text(root, "etc/alpine-release") {
        let release: Vec<&str> = version.trim().split('.').take(2).collect();
        return versioned("alpine", &release.join("."));
    }
    if is("etc/gentoo-release") {
        return Os::parse("gentoo").ok();
    }
    if is("etc/arch-release") {
        return Os::parse("arch").ok();
    }
    if is("bin/freebsd-version") || is("etc/defaults/rc.conf") || is("usr/local/etc/rc.d") {
        return Os::parse("freebsd").ok();
    }
    if ["etc/rc.conf.local", "etc/myname", "etc/installurl", "etc/login.conf.d", "bsd"].into_iter().any(is) {
        return Os::parse("openbsd").ok();
    }
    None
}

/// os-release(5).
fn of_release(text: &str) -> Option<Os> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    };
    let version = value("VERSION_ID").unwrap_or_default();
    let ids = value("ID").into_iter().chain(
        value("ID_LIKE").unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
    );
    for (index, id) in ids.enumerate() {
        let family = if id.starts_with("opensuse") { "opensuse" } else { id.as_str() };
        let release = match family {
            "alpine" => version.split('.').take(2).collect::<Vec<_>>().join("."),
            _ => version.clone(),
        };
        // What is only like a system has releases of its own.
        let exact = (index == 0).then(|| Os::parse(&format!("{family}-{release}")).ok()).flatten();
        if let Some(os) = exact.or_else(|| Os::parse(family).ok()) {
            return Some(os);
        }
    }
    None
}

/// Programs that most systems have as files of their own.
const PROGRAMS: &[&str] = &[
    "usr/bin/env",
    "usr/bin/ls",
    "bin/ls",
    "bin/sh",
    "usr/bin/dash",
    "usr/bin/bash",
    "bin/busybox",
    "sbin/init",
    "usr/lib/systemd/systemd",
    "lib/systemd/systemd",
];

fn arch(root: &Path) -> Option<Arch> {
    let of = |path: &str| match elf::kind(&head(root, path, 64)?) {
        elf::Kind::Elf(arch) => Some(arch),
        _ => None,
    };
    // An unpacked package has its own programs only.
    PROGRAMS.iter().find_map(|path| of(path)).or_else(|| {
        FOLDERS.iter().find_map(|folder| {
            let mut names: Vec<_> = std::fs::read_dir(root.join(folder)).ok()?.flatten().collect();
            names.sort_by_key(std::fs::DirEntry::file_name);
            let paths =
                names.iter().filter_map(|entry| Some(format!("{folder}/{}", entry.file_name().to_str()?)));
            paths.take(MOST).find_map(|path| of(&path))
        })
    })
}

/// Where programs lie.
const FOLDERS: &[&str] = &["usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin"];
/// How many files of a folder are looked at for a program.
const MOST: usize = 200;

fn host(root: &Path) -> Option<HostName> {
    let line = |path: &str| text(root, path)?.lines().find_map(|line| named(line.trim()));
    let of_rc = || {
        let text = text(root, "etc/rc.conf")?;
        text.lines().find_map(|line| named(line.strip_prefix("hostname=")?.trim_matches(['"', '\''])))
    };
    let of_openrc = || {
        let text = text(root, "etc/conf.d/hostname")?;
        text.lines().find_map(|line| named(line.strip_prefix("hostname=")?.trim_matches(['"', '\''])))
    };
    line("etc/hostname").or_else(|| line("etc/myname")).or_else(of_rc).or_else(of_openrc)
}

fn named(text: &str) -> Option<HostName> {
    HostName::parse(&text.to_ascii_lowercase()).ok()
}

/// A name from that of the root's directory.
fn fallback(root: &Path) -> Result<HostName, ParseError> {
    let full = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let name = full.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).take(63).collect();
    HostName::parse(name.trim_matches('-')).or_else(|_| HostName::parse("adopted"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn os_release_names_the_system_or_what_it_is_like() {
        for (text, os) in [
            ("ID=debian\nVERSION_ID=\"12\"\n", Some("debian-12")),
            ("ID=\"opensuse-leap\"\nVERSION_ID=\"15.6\"\n", Some("opensuse-15.6")),
            ("ID=alpine\nVERSION_ID=3.20.3\n", Some("alpine-3.20")),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"21\"\n", Some("ubuntu")),
            ("ID=arch\n", Some("arch")),
            ("ID=freebsd\nVERSION_ID=14.1\n", Some("freebsd-14.1")),
            ("ID=plan9\n", None),
        ] {
            assert_eq!(of_release(text).map(|os| os.to_string()).as_deref(), os, "{text}");
        }
    }
}
