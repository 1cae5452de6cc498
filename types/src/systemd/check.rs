//! What is wrong with a value, as data, and the checkers of values by kind.

use super::choices::Words;
use super::kind::Kind;
use super::{
    calendar, choices, conditions, credentials, devices, exec, images, kernel, numbers, specifier, timespan,
    words,
};
use crate::nearest;

/// What is wrong with a value, and what to do. The problem may name single words of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    /// What is wrong, as a clause.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl BadValue {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Puts the nearest candidate before the help, if one is near.
    pub(super) fn candidates<'a>(
        mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        if let Some(name) = nearest(word, candidates) {
            let meant = format!("did you mean {name:?}?");
            self.help = Some(match self.help {
                Some(help) => format!("{meant} {help}"),
                None => meant,
            });
        }
        self
    }
}

impl std::fmt::Display for BadValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for BadValue {}

const YES: &[&str] = &["1", "yes", "y", "true", "t", "on"];
const NO: &[&str] = &["0", "no", "n", "false", "f", "off"];

/// The boolean that systemd reads from a word.
pub(super) fn boolean(word: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(YES) {
        Some(true)
    } else if is(NO) {
        Some(false)
    } else {
        None
    }
}

/// Refuses a word that is not one of the choices.
pub(super) fn choice(word: &str, choices: &[&str]) -> Result<(), BadValue> {
    among(word, choices.contains(&word), choices.iter().copied())
}

/// The same for choices of which a release has some; what is newer passes.
pub(super) fn known(word: &str, words: Words, release: Option<u16>) -> Result<(), BadValue> {
    among(word, words.known(None).any(|known| known == word), words.known(release))
}

fn among<'a>(
    word: &str,
    is_choice: bool,
    choices: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), BadValue> {
    if is_choice {
        return Ok(());
    }
    let known = choices.filter(|choice| choice.parse::<u32>().is_err());
    let list: Vec<_> = known.clone().collect();
    Err(BadValue::new(format!("{word:?} is not one of the choices"))
        .help(format!("choices are {}", list.join(", ")))
        .candidates(word, known))
}

impl Kind {
    /// Checks a value that is not empty; help names only what a release of systemd has, if one is given.
    pub fn check(self, value: &str, release: Option<u16>) -> Result<(), BadValue> {
        match self {
            Self::Text => Ok(()),
            Self::Expanded => specifier::check(value),
            Self::MountOptions => specifier::check_options(value),
            Self::Bool => match boolean(value) {
                Some(_) => Ok(()),
                None => Err(BadValue::new(format!("{value:?} is no boolean")).help("write yes or no")),
            },
            Self::BoolOr(words) => match boolean(value) {
                Some(_) => Ok(()),
                None => {
                    let is_choice = words.known(None).any(|known| known == value);
                    among(value, is_choice, ["yes", "no"].into_iter().chain(words.known(release)))
                }
            },
            Self::Choice(words) => known(value, words, release),
            Self::BoolOrSome(words) => match boolean(value) {
                Some(_) => Ok(()),
                None => Self::ChoiceOf(words).check(value, release),
            },
            Self::ChoiceOf(words) => value
                .split_whitespace()
                .try_for_each(|word| known(word.trim_start_matches('~'), words, release)),
            Self::Timespan(default) => {
                if timespan::has_capital_m(value) {
                    return Err(BadValue::new("M is a month, not a minute")
                        .help("write \"min\" for minutes, \"month\" for months, \"ms\" for milliseconds"));
                }
                timespan::parse_timespan(value, default).map(drop)
            }
            Self::TimerSpan => timespan::parse_timespan(value, 1_000_000).map(drop),
            Self::Calendar if specifier::any(value) => specifier::check(value),
            Self::Calendar => calendar::check(value),
            Self::Size => numbers::size(value).map(drop),
            Self::Memory => numbers::memory(value),
            Self::Tasks => numbers::tasks(value),
            Self::MemoryLimit => numbers::memory_limit(value),
            Self::Percent => numbers::percent(value),
            Self::Quota => numbers::quota(value),
            Self::Amount => numbers::amount(value),
            Self::DiskQuota => images::disk_quota(value),
            Self::Nanoseconds => numbers::nanoseconds(value),
            Self::Limit(unit) => numbers::limit(value, unit),
            Self::Integer(min, max) => numbers::integer(value, min, max).map(drop),
            Self::IntegerOr(min, max, words) => {
                if words.contains(&value) {
                    return Ok(());
                }
                numbers::integer(value, min, max).map(drop).map_err(|bad| {
                    let help = format!("write a number from {min} to {max}, or {}", words.join(" or "));
                    BadValue::new(bad.problem).help(help)
                })
            }
            Self::Mode => numbers::mode(value),
            Self::Signal => words::signal(value),
            Self::Commands => exec::Command::parse_line(value).map(drop),
            Self::Unit(types) => words::unit(value, types),
            Self::Units => words::units(value, false),
            Self::UnitsOf(types) => value.split_whitespace().try_for_each(|word| words::unit(word, types)),
            Self::InstallUnits => words::units(value, true),
            Self::Path => words::path(value),
            Self::PathOr(words) if words.contains(&value) => Ok(()),
            Self::PathOr(_) => words::path(value.strip_prefix('-').unwrap_or(value)),
            Self::OptionalPath => words::path(value.strip_prefix('-').unwrap_or(value)),
            Self::Paths => words::paths(value),
            Self::PlainPaths => words::plain_paths(value),
            Self::RunPath => words::run_path(value),
            Self::SearchPath => images::search_path(value),
            Self::BindPaths => images::bind_paths(value),
            Self::TmpfsPaths => images::tmpfs_paths(value),
            Self::ImageOptions => images::image_options(value),
            Self::MountImages => images::images(value, true),
            Self::ExtensionImages => images::images(value, false),
            Self::ImagePolicy => images::image_policy(value),
            Self::RootHash => images::root_hash(value),
            Self::RootHashSignature => images::root_hash_signature(value),
            Self::OpenFile => images::open_file(value),
            Self::Directories => words::directories(value, true),
            Self::PlainDirectories => words::directories(value, false),
            Self::Environment => words::environment(value),
            Self::EnvNames => words::env_names(value, false),
            Self::EnvUnset => words::env_names(value, true),
            Self::Account => words::account(value),
            Self::AccountOr(words) if words.contains(&value) => Ok(()),
            Self::AccountOr(_) => words::account(value),
            Self::Accounts => value.split_whitespace().try_for_each(words::account),
            Self::Capabilities => words::capabilities(value),
            Self::Syscalls => words::syscalls(value, release),
            Self::AddressFamilies => words::toggled(value, kernel::ADDRESS_FAMILIES, &["none"]),
            Self::Namespaces => match boolean(value) {
                Some(_) => Ok(()),
                None => words::toggled(value, &choices::NAMESPACES.known(None).collect::<Vec<_>>(), &[]),
            },
            Self::ExitStatus => words::exit_status(value),
            Self::Stream(words) => words::stream(value, words, release),
            Self::Listen => words::listen(value),
            Self::ListenLocal => words::listen_local(value),
            Self::LogNamespace => words::log_namespace(value),
            Self::Addresses => words::addresses(value),
            Self::Cpus(words) => words::cpus(value, words),
            Self::Uris => words::uris(value),
            Self::DescriptorName => credentials::descriptor_name(value),
            Self::BusName => credentials::bus_name(value),
            Self::OfDevice(kind) => devices::of_device(value, kind, release),
            Self::DeviceAllow => devices::device_allow(value),
            Self::BpfProgram => devices::bpf_program(value),
            Self::BindRule => devices::bind_rule(value),
            Self::Interface => devices::interface(value),
            Self::AnyInterface => devices::any_interface(value),
            Self::Interfaces => devices::interfaces(value),
            Self::NftSets => devices::nft_sets(value),
            Self::Netlink => devices::netlink(value),
            Self::FileSystems => devices::file_systems(value),
            Self::PrivateHostname => devices::private_hostname(value, release),
            Self::CommaWords => words::comma_words(value),
            Self::Errno => credentials::errno(value),
            Self::CoredumpFilter => credentials::coredump_filter(value),
            Self::Escaped => credentials::escaped(value),
            Self::Base64 => credentials::base64(value),
            Self::JournalFields => credentials::journal_fields(value),
            Self::CredentialName => credentials::credential_name(value),
            Self::LoadCredential => credentials::load(value),
            Self::ImportCredential => credentials::import(value),
            Self::SetCredential => credentials::set(value, false),
            Self::SetCredentialEncrypted => credentials::set(value, true),
            Self::Firmware => conditions::firmware(value),
            Self::Pressure => conditions::pressure(value),
            Self::Fraction => conditions::fraction(value),
            Self::Compared(kind) => conditions::compared(value, kind, release),
            Self::Condition(kind) => conditions::condition(value, kind, release),
        }
    }
}
