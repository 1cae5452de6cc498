//! The built-in validators: one file per program, and one list that registers them. A program is described as data;
//! what has to be made for a run (stub units, throw-away host keys) is made by its `prepare`.

mod apache2;
mod bird;
mod caddy;
mod chrony;
mod crontab;
mod dhcpd;
mod dnsmasq;
mod doas;
mod dovecot;
mod exim;
mod fail2ban;
mod frr;
mod haproxy;
mod iptables;
mod kea;
mod keepalived;
mod knot;
mod lighttpd;
mod logrotate;
mod mariadb;
mod named;
mod nft;
mod nginx;
mod nsd;
pub(crate) mod pattern;
mod php_fpm;
mod postfix;
mod prometheus;
mod rsyslog;
mod samba;
mod sh;
mod shellcheck;
mod squid;
mod sshd;
mod systemd;
mod throw_away;
mod unbound;
mod varnish;
mod visudo;
mod zone;

pub use pattern::{Level, Pattern};

use crate::sandbox::{Entry, Identity};
use cmc_types::InitSystem;

/// Every built-in program, in the order of the documentation.
pub const PROGRAMS: &[&Program] = &[
    &systemd::SYSTEMD,
    &nginx::NGINX,
    &apache2::APACHE2,
    &haproxy::HAPROXY,
    &sshd::SSHD,
    &visudo::VISUDO,
    &sh::SH,
    &sh::BASH,
    &sh::DASH,
    &sh::KSH,
    &shellcheck::SHELLCHECK,
    &logrotate::LOGROTATE,
    &nft::NFT,
    &named::NAMED,
    &unbound::UNBOUND,
    &named::NAMED_ZONE,
    &crontab::CRONTAB,
    &postfix::POSTFIX,
    &exim::EXIM,
    &dovecot::DOVECOT,
    &php_fpm::PHP_FPM,
    &lighttpd::LIGHTTPD,
    &caddy::CADDY,
    &squid::SQUID,
    &varnish::VARNISH,
    &nsd::NSD,
    &nsd::NSD_ZONE,
    &knot::KNOT,
    &dnsmasq::DNSMASQ,
    &kea::KEA4,
    &kea::KEA6,
    &dhcpd::DHCPD,
    &chrony::CHRONY,
    &rsyslog::RSYSLOG,
    &prometheus::PROMETHEUS,
    &prometheus::RULES,
    &prometheus::ALERTMANAGER,
    &keepalived::KEEPALIVED,
    &iptables::IPTABLES,
    &iptables::IP6TABLES,
    &bird::BIRD,
    &frr::FRR,
    &samba::SAMBA,
    &mariadb::MARIADB,
    &fail2ban::FAIL2BAN,
    &doas::DOAS,
];

/// The built-in program of this name.
pub fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().copied().find(|program| program.name == name)
}

/// A private key for [`Stub::HostKey`].
pub(crate) fn host_key_text() -> String {
    throw_away::text(throw_away::Kind::HostKey)
}

/// A program that checks configuration, and all that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name in `check = "…"` and in receipts.
    pub name: &'static str,
    /// What it checks, for people.
    pub about: &'static str,
    /// Globs over the files that it is run for.
    pub applies_to: &'static [&'static str],
    /// Interpreters (last component of the path after `#!`) of scripts that it is run for.
    pub interpreters: &'static [&'static str],
    /// Hosts that it is for: those with this init system, or all.
    pub init: Option<InitSystem>,
    /// Families of hosts that it is for, where others have another program of that name; empty: all.
    pub families: &'static [&'static str],
    /// Whether it comes on top of what others check: chosen for scripts of its interpreters at its globs, unless cmc
    /// printed them, and never required.
    pub extra: bool,
    /// What one run checks.
    pub scope: Scope,
    /// Program and arguments; `{}` is the file, or what `prepare` says, and `{dir}` the directory that it lies in.
    pub argv: &'static [&'static str],
    /// Other names of the program, by which some systems install it: the first that is here takes the place of the first
    /// of `argv`.
    pub also: &'static [&'static str],
    /// Program and arguments that print its version; empty if nothing does.
    pub version_argv: &'static [&'static str],
    /// The line with the version in it, as a pattern whose `{message}` is the version.
    pub version_line: &'static str,
    /// Exit codes that mean good.
    pub good: &'static [i32],
    /// Exit codes that mean bad. Any other means that it could not check.
    pub bad: &'static [i32],
    /// Its uid inside the sandbox.
    pub identity: Identity,
    /// Why it is uid 0 inside the sandbox, for the documentation; empty for an ordinary uid.
    pub root_because: &'static str,
    /// Whether every account has the program's own ids inside, so that it can become each of them.
    pub flat_accounts: bool,
    /// Whether it may change its private network.
    pub net_admin: bool,
    /// Environment besides the common one.
    pub env: &'static [(&'static str, &'static str)],
    /// Directories that it needs.
    pub dirs: &'static [&'static str],
    /// Files of this machine that come with its package and that configurations name.
    pub machine: &'static [&'static str],
    /// Files that a host has and the tree lacks.
    pub stubs: &'static [(&'static str, Stub)],
    /// What it says.
    pub patterns: &'static [Pattern],
    /// Parts of lines that come from the sandbox, not from the configuration.
    pub ignored: &'static [&'static str],
    /// Parts of messages that only advise: warnings, even if the exit code is bad because of them.
    pub advice: &'static [&'static str],
    /// Parts of messages about lines that it passes by: advice as well, but for files from a typed model, which hold no such
    /// lines.
    pub passed_by: &'static [&'static str],
    /// The number of the first line, as the program counts: 1, or 0.
    pub first_line: u32,
    /// Parts of errors about what only the host has: alone they say nothing of the file.
    pub of_host: &'static [&'static str],
    /// The same for parts of errors that are so only at a line with a word: part, word, and what is lacking here.
    pub of_host_at: &'static [(&'static str, &'static str, &'static str)],
    /// Globs of files that the daemon silently leaves out, and why.
    pub skips: &'static [(&'static str, &'static str)],
    /// The package that has it, by family of the operating system; `""` stands for all others.
    pub packages: &'static [(&'static str, &'static str)],
    /// Makes what a run needs.
    pub prepare: Option<fn(&View<'_>) -> Prepared>,
}

/// What one run of a program checks, and what it sees.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// One file, on its own: equal files of many hosts are checked once.
    Alone,
    /// One file, with the host's whole tree around it.
    Each,
    /// All files it applies to, and nothing else of the tree: `prepare` places them.
    Set,
    /// The whole tree, from its main file. Files that it applies to and does not read are reported.
    Tree {
        /// Where the main file may be; the first that the tree has is checked.
        mains: &'static [&'static str],
        /// If the tree has none: the main file that reads the others. A line with `{each}` is repeated for each of them.
        wrapper: &'static str,
    },
}

/// A file that a host has and the tree lacks.
#[derive(Debug, Clone, Copy)]
pub enum Stub {
    /// This text.
    Text(&'static str),
    /// A link.
    Link(&'static str),
    /// A throw-away SSH host key.
    HostKey,
}

/// What `prepare` sees.
#[derive(Debug)]
pub struct View<'a> {
    /// The files that the run is for: path and content (empty if it is no text).
    pub subjects: Vec<(&'a str, &'a str)>,
    /// All files that the program sees, the subjects among them, in the same form.
    pub tree: Vec<(&'a str, &'a str)>,
}

/// What a run needs besides the tree.
#[derive(Debug, Default)]
pub struct Prepared {
    /// More files; where the tree has one, the tree's stays.
    pub entries: Vec<Entry>,
    /// Stand-ins for files that only the host has; each that the tree lacks is named in the receipt.
    pub stand_ins: Vec<Entry>,
    /// What `{}` stands for; empty: the file's path.
    pub arguments: Vec<String>,
    /// Copies that the program reads in place of a subject: (copy, subject).
    pub copies: Vec<(String, String)>,
    /// Network interfaces that a host may have.
    pub interfaces: Vec<String>,
    /// Errors that the program would not see: subject, line, and what is wrong.
    pub errors: Vec<(String, u32, String)>,
}

impl Program {
    /// What most programs have in common.
    const COMMON: Self = Self {
        name: "",
        about: "",
        applies_to: &[],
        interpreters: &[],
        init: None,
        families: &[],
        extra: false,
        of_host: &[],
        of_host_at: &[],
        scope: Scope::Each,
        argv: &[],
        also: &[],
        version_argv: &[],
        version_line: "{message}",
        good: &[0],
        bad: &[1],
        identity: Identity::Plain,
        root_because: "",
        flat_accounts: false,
        net_admin: false,
        env: &[],
        dirs: &[],
        machine: &[],
        stubs: &[],
        patterns: &[],
        ignored: &[],
        advice: &[],
        passed_by: &[],
        first_line: 1,
        skips: &[],
        packages: &[],
        prepare: None,
    };

    /// The package that has it on a machine of this family.
    pub fn package(&self, family: &str) -> Option<&'static str> {
        let named =
            |name: &str| self.packages.iter().find(|(known, _)| *known == name).map(|(_, package)| *package);
        named(family).or_else(|| named(""))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::PROGRAMS;
    use cmc_types::name::ValidatorName;

    #[test]
    fn names_are_unique_and_every_description_is_whole() {
        for (i, program) in PROGRAMS.iter().enumerate() {
            assert!(ValidatorName::parse(program.name).is_ok(), "{}", program.name);
            assert!(PROGRAMS[..i].iter().all(|other| other.name != program.name), "{} twice", program.name);
            assert!(!crate::inprocess::NAMES.contains(&program.name), "{}", program.name);
            assert!(!program.about.is_empty() && !program.argv.is_empty(), "{}", program.name);
            assert!(!program.packages.is_empty() && !program.patterns.is_empty(), "{}", program.name);
            let names = |arg: &&str| arg.contains("{}") || arg.contains("{dir}");
            assert!(program.argv.iter().any(names), "{}: nothing names the file", program.name);
            let root = program.identity == crate::sandbox::Identity::Root;
            assert_eq!(root, !program.root_because.is_empty(), "{}: why root?", program.name);
        }
    }
}
