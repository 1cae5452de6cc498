//! Encoders: what a value may be so that it cannot change the structure of the file it is written to, and how the
//! quoting filters write one that could. An encoder refuses and names the filter; it never adds quotes by itself.
//!
//! A value is checked for the place where it stands as far as that is known (inside a JSON or TOML string, at the
//! start of a line); elsewhere for every place where it may stand.

mod json;
mod lines;
mod nginx;
mod sh;
mod standing;
mod systemd;
mod target;
mod toml;
mod words;
mod xml;
mod yaml;

pub(crate) use standing::Quotes;

/// The format of a file that values are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Text of which nothing is known: one line per value.
    Plain,
    /// nginx's configuration.
    Nginx,
    /// YAML 1.1 and 1.2.
    Yaml,
    /// JSON.
    Json,
    /// TOML 1.0.
    Toml,
    /// Sections, keys and values: `.ini`, `.cnf`, `.desktop`.
    Ini,
    /// Shell scripts and files that a shell sources.
    Sh,
    /// Crontabs: shell text in which `%` ends the command.
    Crontab,
    /// XML 1.0.
    Xml,
    /// HAProxy's configuration.
    Haproxy,
    /// Units and drop-ins of systemd.
    Systemd,
    /// sudoers and its drop-ins.
    Sudoers,
    /// OpenSSH's configuration, of server and client.
    Ssh,
    /// Apache httpd's configuration.
    Apache,
    /// logrotate's configuration, which holds shell text.
    Logrotate,
    /// Rule sets of nftables.
    Nft,
    /// BIND's configuration.
    Named,
    /// Unbound's configuration.
    Unbound,
    /// Login classes of OpenBSD and FreeBSD.
    LoginConf,
    /// OpenBSD's rc.conf.local.
    RcConfLocal,
    /// Scripts in languages other than the shell's.
    Script,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A text that comes from a secret: refusals do not say what it holds.
    Secret,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The text before it on its line; nothing if it is not known.
    pub line: Option<&'a str>,
    /// Inside which string of the format it stands; nothing if it is not known.
    pub within: Option<Within>,
}

impl Context<'_> {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { line: None, within: None };

    /// Whether it may be the first thing on its line.
    fn may_begin_line(&self) -> bool {
        self.line.is_none_or(|line| line.trim().is_empty())
    }
}

/// Inside what a value stands, in formats whose strings can be told without guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// No string.
    Bare,
    /// A string in which a backslash escapes.
    Escaped,
    /// A string that takes everything as it is.
    Literal,
    /// A comment.
    Comment,
}

/// Why a value may not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it holds or is, such as "it holds a space".
    pub problem: String,
    /// What helps.
    pub advice: Advice,
}

/// What helps against a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The format's quoting filter.
    Filter,
    /// Leaving out the quotes around the expression.
    NoQuotes,
    /// Nothing but another value.
    Value,
}

impl Refusal {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), advice: Advice::Filter }
    }

    fn in_quotes(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), advice: Advice::NoQuotes }
    }

    fn hopeless(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), advice: Advice::Value }
    }

    fn character(c: char) -> Self {
        Self::new(format!("it holds {}", describe(c)))
    }

    /// One sentence. Says nothing of a secret's content.
    pub fn message(&self, kind: Kind, format: Format) -> String {
        let problem = if kind == Kind::Secret {
            "it is a secret that holds a special character"
        } else {
            &self.problem
        };
        match format {
            Format::Plain => format!("the value cannot be written: {problem}"),
            _ => format!("the value would change the structure of this {format} file: {problem}"),
        }
    }

    /// What to do.
    pub fn help(&self, format: Format) -> Option<String> {
        match format {
            _ if self.advice == Advice::Value => Some("change the value".to_owned()),
            _ if self.advice == Advice::NoQuotes => {
                Some("leave out the quotes around the expression".to_owned())
            }
            Format::Plain => Some("write a text of several lines with `|text`".to_owned()),
            _ => Some(match format.filter() {
                Some(filter) => format!("quote it with the filter `|{filter}`"),
                None => "change the value".to_owned(),
            }),
        }
    }
}

type Checked = Result<(), Refusal>;
type Quoting = Result<String, Refusal>;

impl Format {
    /// Every format.
    pub const ALL: [Self; 21] = [
        Self::Plain,
        Self::Nginx,
        Self::Yaml,
        Self::Json,
        Self::Toml,
        Self::Ini,
        Self::Sh,
        Self::Crontab,
        Self::Xml,
        Self::Haproxy,
        Self::Systemd,
        Self::Sudoers,
        Self::Ssh,
        Self::Apache,
        Self::Logrotate,
        Self::Nft,
        Self::Named,
        Self::Unbound,
        Self::LoginConf,
        Self::RcConfLocal,
        Self::Script,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Nginx => "nginx",
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Toml => "toml",
            Self::Ini => "ini",
            Self::Sh => "sh",
            Self::Crontab => "crontab",
            Self::Xml => "xml",
            Self::Haproxy => "haproxy",
            Self::Systemd => "systemd",
            Self::Sudoers => "sudoers",
            Self::Ssh => "ssh",
            Self::Apache => "apache",
            Self::Logrotate => "logrotate",
            Self::Nft => "nft",
            Self::Named => "named",
            Self::Unbound => "unbound",
            Self::LoginConf => "login_conf",
            Self::RcConfLocal => "rc_conf_local",
            Self::Script => "script",
        }
    }

    /// The filter that quotes for it, if any does.
    pub fn filter(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => "text",
            Self::Crontab | Self::Logrotate => "sh",
            Self::Script => "json",
            Self::Sudoers => return None,
            other => other.name(),
        })
    }

    /// Whether what was quoted for another format may stand here as it is.
    pub(crate) fn takes(self, other: Self, text: &str) -> bool {
        match (self, other) {
            (own, other) if own == other => true,
            // YAML reads what is quoted for JSON.
            (Self::Yaml, Self::Json) => true,
            (Self::Crontab, Self::Sh) => !text.contains(['%', '\n', '\r']),
            (Self::Logrotate, Self::Sh) => !text.contains(['\n', '\r']),
            (Self::Script, Self::Json) => words::script_takes_json(text),
            _ => false,
        }
    }

    /// Whether a text that was quoted for this format may stand where it is to be written.
    pub(crate) fn check_quoted(
        self,
        text: &str,
        quotes: Quotes,
        context: Context<'_>,
        before: &[u8],
    ) -> Result<(), Refusal> {
        standing::check(self, text, quotes, context, before)
    }

    /// Whether a value may be written as it is.
    pub fn check(self, text: &str, kind: Kind, context: Context<'_>) -> Result<(), Refusal> {
        if let Some(c) = text.chars().find(|c| matches!(c, '\0' | '\r' | '\n')) {
            return Err(Refusal::character(c));
        }
        match self {
            Self::Plain => lines::plain(text),
            Self::Nginx => nginx::check(text),
            Self::Yaml => yaml::check(text, kind, context),
            Self::Json => json::check(text, kind, context),
            Self::Toml => toml::check(text, kind, context),
            Self::Ini => lines::ini(text, context),
            Self::Sh => sh::check(text),
            Self::Crontab => sh::check_crontab(text),
            Self::Xml => xml::check(text),
            Self::Haproxy => lines::haproxy(text, context),
            Self::Systemd => systemd::check(text, context),
            Self::Sudoers => words::sudoers(text, context),
            Self::Ssh => words::ssh(text),
            Self::Apache => words::apache(text, context),
            Self::Logrotate => sh::check(text),
            Self::Nft => words::nft(text),
            Self::Named => words::named(text),
            Self::Unbound => words::unbound(text),
            Self::LoginConf => words::login_conf(text),
            Self::RcConfLocal => lines::rc_conf_local(text, context),
            Self::Script => words::script(text),
        }
    }

    /// Quotes a text.
    pub fn quote(self, text: &str) -> Result<String, Refusal> {
        if text.contains('\0') {
            return Err(Refusal::hopeless("it holds a NUL character"));
        }
        match self {
            Self::Plain => lines::quote_plain(text),
            Self::Nginx => nginx::quote(text),
            Self::Yaml => Ok(yaml::quote(text)),
            Self::Json | Self::Script => Ok(json::quote(text)),
            Self::Toml => Ok(toml::quote(text)),
            Self::Ini => lines::quote_ini(text),
            Self::Sh | Self::Crontab | Self::Logrotate => Ok(sh::quote(text)),
            Self::Xml => xml::quote(text),
            Self::Haproxy => lines::quote_haproxy(text),
            Self::Systemd => systemd::quote(text),
            Self::Apache => words::quote_apache(text),
            Self::Ssh | Self::Nft | Self::Named | Self::Unbound => words::quote_bare(text),
            Self::LoginConf => words::quote_login_conf(text),
            Self::RcConfLocal => lines::quote_rc_conf_local(text),
            Self::Sudoers => Err(Refusal::hopeless("sudoers has no quotes that hold everywhere")),
        }
    }

    /// What follows the strings and comments of a growing output, for formats where that can be told.
    pub(crate) fn tracker(self) -> Option<Tracker> {
        match self {
            Self::Json => Some(Tracker { scan: json::scan, state: 0, done: 0 }),
            Self::Toml => Some(Tracker { scan: toml::scan, state: 0, done: 0 }),
            _ => None,
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Follows an output as it grows and knows inside what its end stands.
pub(crate) struct Tracker {
    /// Takes the state, the output and the offset of the first new byte; gives the new state.
    scan: fn(u8, &[u8], usize) -> u8,
    state: u8,
    done: usize,
}

/// The states that trackers agree on.
const BARE: u8 = 0;
const ESCAPED: u8 = 1;
const LITERAL: u8 = 2;
const COMMENT: u8 = 3;

impl Tracker {
    /// Inside what the end of the output stands.
    pub(crate) fn within(&mut self, output: &[u8]) -> Within {
        self.state = (self.scan)(self.state, output, self.done);
        self.done = output.len();
        match self.state & 3 {
            BARE => Within::Bare,
            ESCAPED => Within::Escaped,
            LITERAL => Within::Literal,
            _ => Within::Comment,
        }
    }
}

/// A character by a name that people know.
fn describe(c: char) -> String {
    match c {
        '\0' => "a NUL character".to_owned(),
        '\n' => "a line break".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        c if c.is_control() || c == '\u{FEFF}' || c == '\u{2028}' || c == '\u{2029}' => {
            format!("the control character U+{:04X}", c as u32)
        }
        c => format!("`{c}`"),
    }
}

/// Refuses the first character that is in the set.
fn none_of(text: &str, refused: impl Fn(char) -> bool) -> Checked {
    match text.chars().find(|c| refused(*c)) {
        Some(c) => Err(Refusal::character(c)),
        None => Ok(()),
    }
}

/// Refuses an empty text where that would make the word disappear.
fn not_empty(text: &str) -> Checked {
    if text.is_empty() { Err(Refusal::new("it is empty")) } else { Ok(()) }
}

/// Refuses blanks at the ends, which formats trim.
fn no_outer_blanks(text: &str) -> Checked {
    if text.trim() == text { Ok(()) } else { Err(Refusal::new("it begins or ends with a blank")) }
}

/// Line breaks of any kind, and characters that no text should hold.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests;
