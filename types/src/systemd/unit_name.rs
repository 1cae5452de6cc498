//! Names of units: `PREFIX.TYPE`, `PREFIX@.TYPE`, `PREFIX@INSTANCE.TYPE` (systemd.unit(5)).

use super::check::BadValue;
use super::names::Section;

/// The type of a unit: its name's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum UnitType {
    Service,
    Socket,
    Timer,
    Path,
    Target,
    Mount,
    Automount,
    Swap,
    Slice,
    Scope,
    Device,
}

impl UnitType {
    /// Every type.
    pub const ALL: &'static [Self] = &[
        Self::Service,
        Self::Socket,
        Self::Timer,
        Self::Path,
        Self::Target,
        Self::Mount,
        Self::Automount,
        Self::Swap,
        Self::Slice,
        Self::Scope,
        Self::Device,
    ];

    /// The ending, without the dot.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Socket => "socket",
            Self::Timer => "timer",
            Self::Path => "path",
            Self::Target => "target",
            Self::Mount => "mount",
            Self::Automount => "automount",
            Self::Swap => "swap",
            Self::Slice => "slice",
            Self::Scope => "scope",
            Self::Device => "device",
        }
    }

    /// The section of its own that such a unit has, besides `[Unit]` and `[Install]`.
    pub fn section(self) -> Option<Section> {
        match self {
            Self::Service => Some(Section::Service),
            Self::Socket => Some(Section::Socket),
            Self::Timer => Some(Section::Timer),
            Self::Path => Some(Section::Path),
            Self::Mount => Some(Section::Mount),
            Self::Automount => Some(Section::Automount),
            Self::Swap => Some(Section::Swap),
            Self::Slice => Some(Section::Slice),
            Self::Scope => Some(Section::Scope),
            Self::Target | Self::Device => None,
        }
    }
}

/// Targets that people name without their type (systemd.special(7)).
const TARGETS: &[&str] = &[
    "basic",
    "default",
    "graphical",
    "local-fs",
    "multi-user",
    "network",
    "network-online",
    "network-pre",
    "nss-lookup",
    "nss-user-lookup",
    "paths",
    "remote-fs",
    "rescue",
    "shutdown",
    "sockets",
    "sysinit",
    "timers",
    "time-set",
    "time-sync",
];

/// A valid unit name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitName {
    text: String,
    kind: UnitType,
}

impl UnitName {
    /// Parses a name of at most 255 bytes with a known type.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let endings = || {
            let names: Vec<_> = UnitType::ALL.iter().map(|kind| format!(".{}", kind.name())).collect();
            format!("a unit's name ends in one of {}", names.join(" "))
        };
        let Some((prefix, ending)) = text.rsplit_once('.') else {
            let kind = if TARGETS.contains(&text) { UnitType::Target } else { UnitType::Service };
            return Err(BadValue::new("the unit's name has no type")
                .help(format!("did you mean \"{text}.{}\"?", kind.name())));
        };
        let Some(kind) = UnitType::ALL.iter().copied().find(|kind| kind.name() == ending) else {
            return Err(BadValue::new(format!("unknown type of unit {ending:?}"))
                .help(endings())
                .candidates(ending, UnitType::ALL.iter().map(|kind| kind.name())));
        };
        if text.len() > 255 {
            return Err(BadValue::new("the unit's name is longer than 255 bytes"));
        }
        if prefix.is_empty() || prefix.starts_with('@') {
            return Err(BadValue::new("the unit's name has nothing before its type or '@'"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '\\' | '@');
        if let Some(c) = prefix.chars().find(|c| !allowed(*c)) {
            return Err(BadValue::new(format!("the unit's name holds {c:?}"))
                .help("a unit's name consists of letters, digits and : - _ . \\ @"));
        }
        Ok(Self { text: text.to_owned(), kind })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its type.
    pub fn kind(&self) -> UnitType {
        self.kind
    }

    /// The name without its type.
    pub fn stem(&self) -> &str {
        &self.text[..self.text.len() - self.kind.name().len() - 1]
    }

    /// Whether it is a template: `PREFIX@.TYPE`.
    pub fn is_template(&self) -> bool {
        self.stem().ends_with('@')
    }

    /// The template that it is an instance of: `getty@.service` of `getty@tty1.service`.
    pub fn template(&self) -> Option<Self> {
        let (prefix, instance) = self.stem().split_once('@')?;
        let text = format!("{prefix}@.{}", self.kind.name());
        (!instance.is_empty()).then_some(Self { text, kind: self.kind })
    }
}

/// The name, without its type, that a mount, automount or swap unit of a path must have (systemd-escape(1), `--path`).
pub fn escape_path(path: &str) -> String {
    let trimmed =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
    if trimmed.is_empty() {
        return "-".to_owned();
    }
    escape_instance(&trimmed)
}

/// A text as the instance of a template (systemd-escape(1)): `/` becomes `-`, other characters `\\xHH`.
pub fn escape_instance(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'/' => out.push('-'),
            b'.' if index == 0 => out.push_str("\\x2e"),
            b if b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'.') => out.push(char::from(b)),
            b => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out
}

impl std::fmt::Display for UnitName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
