//! The capabilities of login.conf(5): OpenBSD 7.x (login_cap.c 1.46) and FreeBSD 14.

use super::System;

/// The syntax of a capability's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `N[bkmgt]`, products with `x`, or `infinity`.
    Size,
    /// Sum of `N[smhdwy]`, or `infinity`.
    Time,
    /// A number, or `infinity`.
    Number,
    /// An octal creation mask.
    Umask,
    /// Present or not.
    Bool,
    /// Items separated by commas.
    List,
    /// Paths separated by blanks; `~` is the home directory.
    Path,
    /// `NAME=VALUE` separated by commas.
    EnvList,
    /// Absolute path of a program, and its arguments.
    Program,
    /// Absolute path of a file.
    File,
    /// Any text.
    Text,
}

impl Kind {
    /// What it takes, as a phrase that completes "expected …".
    pub fn expected(self) -> &'static str {
        match self {
            Self::Size => "a size such as \"512M\", or \"infinity\"",
            Self::Time => "a time such as \"1h30m\", or \"infinity\"",
            Self::Number => "a number, or \"infinity\"",
            Self::Umask => "an octal mask such as \"027\"",
            Self::Bool => "true or false",
            Self::List => "a list of words",
            Self::Path => "a list of paths",
            Self::EnvList => "a list of NAME=VALUE",
            Self::Program => "an absolute path of a program",
            Self::File => "an absolute path",
            Self::Text => "a text",
        }
    }
}

/// Which systems have a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Systems {
    /// Both.
    Both,
    /// One.
    Only(System),
}

/// A capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Its name; resource limits also have `NAME-cur` and `NAME-max`.
    pub name: &'static str,
    /// Syntax of its value.
    pub kind: Kind,
    /// Where it exists.
    pub systems: Systems,
    /// Whether it is a resource limit.
    pub limit: bool,
}

impl Capability {
    /// Whether a system has it.
    pub fn on(&self, system: System) -> bool {
        self.systems == Systems::Both || self.systems == Systems::Only(system)
    }
}

const fn limit(name: &'static str, kind: Kind, systems: Systems) -> Capability {
    Capability { name, kind, systems, limit: true }
}

const fn plain(name: &'static str, kind: Kind, systems: Systems) -> Capability {
    Capability { name, kind, systems, limit: false }
}

const BOTH: Systems = Systems::Both;
const OPEN: Systems = Systems::Only(System::OpenBsd);
const FREE: Systems = Systems::Only(System::FreeBsd);

/// Every capability.
pub const CAPABILITIES: &[Capability] = &[
    limit("coredumpsize", Kind::Size, BOTH),
    limit("cputime", Kind::Time, BOTH),
    limit("datasize", Kind::Size, BOTH),
    limit("filesize", Kind::Size, BOTH),
    limit("kqueues", Kind::Number, FREE),
    limit("maxproc", Kind::Number, BOTH),
    limit("memorylocked", Kind::Size, BOTH),
    limit("memoryuse", Kind::Size, BOTH),
    limit("openfiles", Kind::Number, BOTH),
    limit("pseudoterminals", Kind::Number, FREE),
    limit("sbsize", Kind::Size, FREE),
    limit("stacksize", Kind::Size, BOTH),
    limit("swapuse", Kind::Size, FREE),
    limit("umtxp", Kind::Number, FREE),
    limit("vmemoryuse", Kind::Size, BOTH),
    plain("accounted", Kind::Bool, FREE),
    plain("approve", Kind::Program, OPEN),
    plain("auth", Kind::List, BOTH),
    plain("autodelete", Kind::Time, FREE),
    plain("bootfull", Kind::Bool, FREE),
    plain("charset", Kind::Text, FREE),
    plain("classify", Kind::Program, OPEN),
    plain("copyright", Kind::File, BOTH),
    plain("cpumask", Kind::Text, FREE),
    plain("daytime", Kind::Time, FREE),
    plain("expire-warn", Kind::Time, OPEN),
    plain("expireperiod", Kind::Time, FREE),
    plain("graceexpire", Kind::Time, FREE),
    plain("gracetime", Kind::Time, FREE),
    plain("host.accounted", Kind::List, FREE),
    plain("host.allow", Kind::List, FREE),
    plain("host.deny", Kind::List, FREE),
    plain("host.exempt", Kind::List, FREE),
    plain("hushlogin", Kind::Bool, BOTH),
    plain("idletime", Kind::Time, FREE),
    plain("ignorenologin", Kind::Bool, BOTH),
    plain("ignoretime", Kind::Bool, FREE),
    plain("label", Kind::Text, FREE),
    plain("lang", Kind::Text, FREE),
    plain("localcipher", Kind::Text, OPEN),
    plain("login-backoff", Kind::Number, BOTH),
    plain("login-timeout", Kind::Time, OPEN),
    plain("login-tries", Kind::Number, OPEN),
    plain("login-retries", Kind::Number, FREE),
    plain("login_prompt", Kind::Text, FREE),
    plain("mail", Kind::Text, FREE),
    plain("manpath", Kind::Path, FREE),
    plain("minpasswordlen", Kind::Number, BOTH),
    plain("mixpasswordcase", Kind::Bool, FREE),
    plain("monthtime", Kind::Time, FREE),
    plain("nocheckmail", Kind::Bool, FREE),
    plain("nologin", Kind::File, BOTH),
    plain("passwd_format", Kind::Text, FREE),
    plain("passwd_prompt", Kind::Text, FREE),
    plain("password-dead", Kind::Time, OPEN),
    plain("password-warn", Kind::Time, OPEN),
    plain("passwordcheck", Kind::Program, OPEN),
    plain("passwordtime", Kind::Time, BOTH),
    plain("passwordtries", Kind::Number, OPEN),
    plain("path", Kind::Path, BOTH),
    plain("priority", Kind::Number, BOTH),
    plain("refreshperiod", Kind::Time, FREE),
    plain("refreshtime", Kind::Time, FREE),
    plain("requirehome", Kind::Bool, BOTH),
    plain("rtable", Kind::Number, OPEN),
    plain("sessiontime", Kind::Time, FREE),
    plain("setenv", Kind::EnvList, BOTH),
    plain("shell", Kind::Program, BOTH),
    plain("term", Kind::Text, BOTH),
    plain("times.allow", Kind::List, FREE),
    plain("times.deny", Kind::List, FREE),
    plain("timezone", Kind::Text, FREE),
    plain("ttys.accounted", Kind::List, FREE),
    plain("ttys.allow", Kind::List, FREE),
    plain("ttys.deny", Kind::List, FREE),
    plain("ttys.exempt", Kind::List, FREE),
    plain("umask", Kind::Umask, BOTH),
    plain("warnexpire", Kind::Time, FREE),
    plain("warnpassword", Kind::Time, FREE),
    plain("warntime", Kind::Time, FREE),
    plain("weektime", Kind::Time, FREE),
    plain("welcome", Kind::File, BOTH),
    plain("widepasswords", Kind::Bool, FREE),
    plain("xuser", Kind::Bool, OPEN),
    plain("ypcipher", Kind::Text, OPEN),
];

/// The capability of a name as it stands in a record: `openfiles-cur` gives `openfiles`; OpenBSD's `auth-TYPE` and
/// `approve-SERVICE` give `auth` and `approve`, `x-…` is free for local use.
pub fn find(name: &str, system: System) -> Option<Capability> {
    const LOCAL: Capability = plain("x-", Kind::Text, BOTH);
    let known =
        |wanted: &str| CAPABILITIES.iter().copied().find(|known| known.name == wanted && known.on(system));
    if let Some(found) = known(name) {
        return Some(found);
    }
    if name.strip_prefix("x-").is_some_and(|rest| !rest.is_empty()) {
        return Some(LOCAL);
    }
    if let Some(limit) = name.strip_suffix("-cur").or_else(|| name.strip_suffix("-max")) {
        return known(limit).filter(|found| found.limit);
    }
    match name.split_once('-') {
        Some((prefix @ ("auth" | "approve"), rest)) if !rest.is_empty() && system == System::OpenBsd => {
            known(prefix)
        }
        _ => None,
    }
}
