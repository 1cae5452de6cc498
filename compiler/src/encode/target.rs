//! The one table of what tells a file's format: the validator that its definition names, the interpreter on its first
//! line, or its path.

use super::Format;
use cmc_types::UnixPath;
use cmc_types::name::ValidatorName;

/// What tells that a file has a format.
struct Row {
    format: Format,
    /// Patterns of paths: `NAME`, `*.EXTENSION`, `/WHOLE/PATH`, or one of the first two, or `*`, at any depth below a
    /// directory: `/DIRECTORY/**/NAME`, `**/DIRECTORY/**/NAME`.
    paths: &'static [&'static str],
    /// Validators that judge it.
    validators: &'static [&'static str],
    /// Interpreters of scripts in it.
    interpreters: &'static [&'static str],
}

const fn row(
    format: Format,
    paths: &'static [&'static str],
    validators: &'static [&'static str],
    interpreters: &'static [&'static str],
) -> Row {
    Row { format, paths, validators, interpreters }
}

/// The first row whose pattern matches counts.
const ROWS: &[Row] = &[
    row(Format::Yaml, &["*.yaml", "*.yml"], &["yaml"], &[]),
    row(Format::Json, &["*.json"], &["json"], &[]),
    row(Format::Toml, &["*.toml"], &["toml"], &[]),
    row(Format::Ini, &["*.ini", "*.cnf", "*.desktop", "*.repo"], &[], &[]),
    row(
        Format::Sh,
        &["*.sh", "*.bash", "*.ksh", "*.env"],
        &["sh", "bash", "dash", "ksh"],
        &["sh", "ash", "bash", "dash", "ksh", "mksh", "oksh", "zsh", "openrc-run"],
    ),
    row(Format::Xml, &["*.xml", "*.svg", "*.plist"], &["xml"], &[]),
    row(
        Format::Systemd,
        &[
            "**/systemd/**/*.service",
            "**/systemd/**/*.socket",
            "**/systemd/**/*.timer",
            "**/systemd/**/*.path",
            "**/systemd/**/*.mount",
            "**/systemd/**/*.automount",
            "**/systemd/**/*.target",
            "**/systemd/**/*.slice",
            "**/systemd/**/*.swap",
            "**/systemd/**/*.network",
            "**/systemd/**/*.netdev",
            "**/systemd/**/*.link",
            "**/systemd/**/*.conf",
        ],
        &["systemd-analyze"],
        &[],
    ),
    row(Format::Nginx, &["**/nginx/**/*", "nginx.conf"], &["nginx"], &[]),
    row(
        Format::Haproxy,
        &["**/haproxy/**/*", "haproxy.cfg", "/usr/local/etc/haproxy.conf"],
        &["haproxy"],
        &[],
    ),
    row(
        Format::Crontab,
        &[
            "/etc/cron.d/**/*",
            "/etc/crontabs/**/*",
            "/var/spool/cron/**/*",
            "/var/cron/tabs/**/*",
            "/usr/local/etc/cron.d/**/*",
            "crontab",
        ],
        &["crontab"],
        &[],
    ),
    row(
        Format::Sh,
        &[
            "/etc/default/**/*",
            "/etc/sysconfig/**/*",
            "/etc/conf.d/**/*",
            "/etc/init.d/**/*",
            "/etc/local.d/**/*",
            "/etc/rc.d/**/*",
            "/etc/rc.conf.d/**/*",
            "/usr/local/etc/rc.d/**/*",
            "/usr/local/etc/rc.conf.d/**/*",
            "/etc/profile.d/**/*",
            "/etc/cron.daily/**/*",
            "/etc/cron.hourly/**/*",
            "/etc/cron.weekly/**/*",
            "/etc/cron.monthly/**/*",
            "/etc/periodic/**/*",
            "/etc/apache2/envvars",
            ".env",
            "rc.conf",
            "rc.local",
            "daily.local",
            "weekly.local",
            "monthly.local",
        ],
        &[],
        &[],
    ),
    row(
        Format::Sudoers,
        &["/etc/sudoers", "/etc/sudoers.d/**/*", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d/**/*"],
        &["visudo"],
        &[],
    ),
    row(
        Format::Ssh,
        &["sshd_config", "ssh_config", "/etc/ssh/sshd_config.d/**/*", "/etc/ssh/ssh_config.d/**/*"],
        &["sshd"],
        &[],
    ),
    row(Format::Apache, &["**/apache2/**/*", "**/apache24/**/*", "/etc/httpd/**/*"], &["apache2"], &[]),
    row(Format::Logrotate, &["/etc/logrotate.conf", "/etc/logrotate.d/**/*"], &["logrotate"], &[]),
    row(Format::Nft, &["*.nft", "/etc/nftables.conf"], &["nft"], &["nft"]),
    row(
        Format::Named,
        &[
            "named.conf",
            "named.conf.local",
            "named.conf.options",
            "/etc/bind/**/*.conf",
            "/etc/named/**/*.conf",
            "/usr/local/etc/namedb/**/*.conf",
        ],
        &["named-checkconf"],
        &[],
    ),
    row(Format::Unbound, &["unbound.conf", "**/unbound/**/*.conf"], &["unbound-checkconf"], &[]),
    row(Format::RcConfLocal, &["rc.conf.local"], &[], &[]),
    row(Format::LoginConf, &["/etc/login.conf", "/etc/login.conf.d/**/*"], &[], &[]),
];

impl Format {
    /// The format of a file by the validators that its definition names, else by its path on the host.
    pub fn of_file(path: &UnixPath, declared: &[ValidatorName]) -> Self {
        let judged = |row: &&Row| declared.iter().any(|name| row.validators.contains(&name.as_str()));
        let (full, name) = (path.as_str(), path.file_name());
        let lies = |row: &&Row| row.paths.iter().any(|pattern| matches(pattern, full, name));
        let row = ROWS.iter().find(judged).or_else(|| ROWS.iter().find(lies));
        row.map_or(Self::Plain, |row| row.format)
    }

    /// The format of a script by its first line; nothing if it is none, or if the line is not written yet.
    pub(crate) fn of_script(output: &[u8]) -> Option<Self> {
        let line = output.strip_prefix(b"#!")?;
        let line = &line[..line.iter().position(|byte| *byte == b'\n')?];
        let line = std::str::from_utf8(line).unwrap_or_default();
        let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or_default());
        let mut name = words.next().unwrap_or_default();
        if name == "env" {
            name = words.find(|word| !word.starts_with('-') && !word.contains('=')).unwrap_or_default();
        }
        let row = ROWS.iter().find(|row| row.interpreters.contains(&name));
        Some(row.map_or(Self::Script, |row| row.format))
    }
}

/// Whether a path, whose last part is `name`, is one of a pattern; see [`Row::paths`].
fn matches(pattern: &str, full: &str, name: &str) -> bool {
    let named = |pattern: &str| match pattern.strip_prefix('*') {
        Some(ending) => name.len() > ending.len() && name.ends_with(ending),
        None => name == pattern,
    };
    match pattern.split_once("/**/") {
        Some(("**", rest)) => named(rest),
        Some((directory, rest)) => {
            let below = || match directory.strip_prefix("**/") {
                Some(directory) => full.split('/').rev().skip(1).any(|part| part == directory),
                None => full.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')),
            };
            named(rest) && below()
        }
        None if pattern.starts_with('/') => full == pattern,
        None => named(pattern),
    }
}
