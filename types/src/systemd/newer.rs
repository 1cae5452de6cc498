//! What a value needs a later release of systemd for than its directive: words, specifiers, prefixes and forms. Older
//! releases ignore the line with a warning, or read something else.

use super::choices::{self, Words};
use super::exec::{Command, all_words};
use super::kind::Kind;
use super::specifier;

/// A part of a value that an older systemd does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// The part, as messages name it.
    pub what: String,
    /// The release that brought it.
    pub since: u16,
    /// What to write instead.
    pub help: String,
}

/// The release of systemd that reads `|` before a command.
const SHELL_PREFIX: u16 = 258;
/// The one that reads `NAME:LINK` in `StateDirectory=` and its like, and the one that reads `NAME:LINK:ro`.
const DIRECTORY_LINK: u16 = 250;
const DIRECTORY_FLAGS: u16 = 257;

impl Kind {
    /// The first part of a good value that a release of systemd does not know.
    pub(super) fn newer(self, value: &str, have: u16) -> Option<Newer> {
        let found = |what: String, since: u16, help: &str| {
            let help = match help {
                "" => "leave it out for this host; systemd would ignore the line with a warning".to_owned(),
                help => help.to_owned(),
            };
            (since > have).then_some(Newer { what, since, help })
        };
        let quoted = |word: &str, since: u16| found(format!("{word:?}"), since, "");
        let word = |word: &str, words: Words, boolean: bool| {
            let since = words.since(word).filter(|since| *since > have)?;
            let mut known: Vec<&str> = if boolean { vec!["yes", "no"] } else { Vec::new() };
            known.extend(words.known(Some(have)).filter(|word| word.parse::<u32>().is_err()));
            let help = match known.len() {
                0..=12 => format!("systemd {have} takes {}, and would ignore the line", known.join(", ")),
                _ => String::new(),
            };
            found(format!("{word:?}"), since, &help)
        };
        let words = |text: &str, words: Words, boolean: bool| {
            text.split_whitespace().find_map(|one| word(one.trim_start_matches('~'), words, boolean))
        };
        let expanded = || {
            let (name, since) = specifier::newer(value, have)?;
            found(
                format!("the specifier %{name}"),
                since,
                "write what it stands for; systemd would ignore the line",
            )
        };
        let own = match self {
            Self::Choice(known) => word(value, known, false),
            Self::BoolOr(known) => word(value, known, true),
            Self::ChoiceOf(known) => words(value, known, false),
            Self::BoolOrSome(known) => words(value, known, true),
            Self::PrivateHostname => {
                let (mode, name) = value.split_once(':').unwrap_or((value, ""));
                let named = || found(format!("the name {name:?}"), 258, "").filter(|_| !name.is_empty());
                word(mode, choices::PRIVATE_HOSTNAME, true).or_else(named)
            }
            Self::Syscalls => value.trim_start_matches('~').split_whitespace().find_map(|one| {
                let (name, error) = one.split_once(':').unwrap_or((one, ""));
                let killed = || quoted(":kill", 247).filter(|_| error == "kill");
                word(name, choices::SYSCALL_GROUPS, false).or_else(killed)
            }),
            Self::Errno if matches!(value, "kill" | "log") => quoted(value, 247),
            Self::AddressFamilies if value == "none" => quoted(value, 249),
            Self::IntegerOr(_, _, ["idle"]) if value == "idle" => quoted(value, 252),
            Self::Cpus(["all"]) if value == "all" => quoted(value, 247),
            Self::Firmware if value.starts_with("smbios-field") => quoted("smbios-field", 252),
            Self::Stream(_) if value.starts_with("truncate:") => {
                found("\"truncate:\"".to_owned(), 248, "write append:PATH or file:PATH for this host")
            }
            Self::ImportCredential if value.contains(':') => {
                found("the new name behind ':'".to_owned(), 257, "leave it out for this host")
            }
            Self::Directories => all_words(value).ok()?.iter().find_map(|word| {
                let link = || quoted(word, DIRECTORY_LINK).filter(|_| word.contains(':'));
                quoted(word, DIRECTORY_FLAGS).filter(|_| word.matches(':').count() > 1).or_else(link)
            }),
            Self::Commands => {
                let shell = Command::parse_line(value).ok()?.iter().any(|one| one.prefixes.shell);
                let help = "name the shell for this host: /bin/sh -c '…'";
                found("the prefix '|'".to_owned(), SHELL_PREFIX, help).filter(|_| shell)
            }
            Self::Condition(kind) => {
                let bare = value.strip_prefix('|').unwrap_or(value).trim_start();
                return kind.newer(bare.strip_prefix('!').unwrap_or(bare).trim_start(), have);
            }
            _ => None,
        };
        own.or_else(|| self.expands_specifiers().then(expanded).flatten())
    }
}
