//! The kinds of values that directives take.

use super::unit_name::UnitType;

/// What a value is. [`Kind::check`] says what is wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text, taken as it is.
    Text,
    /// A text in which specifiers are expanded.
    Expanded,
    /// A boolean.
    Bool,
    /// A boolean or one of these words.
    BoolOr(&'static [&'static str]),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of these words; a `~` before one takes it away.
    ChoiceOf(&'static [&'static str]),
    /// A span of time; a number without a unit counts so many microseconds. `M` is refused, since it is a month.
    Timespan(u64),
    /// A span of time of a timer, where a month makes sense.
    TimerSpan,
    /// A calendar event, such as `Mon..Fri 02:30`.
    Calendar,
    /// A size in bytes, base 1024, such as `512M`.
    Size,
    /// A size in bytes, a percentage, or `infinity`.
    Memory,
    /// A count, a percentage, or `infinity`.
    Tasks,
    /// A percentage, perhaps over 100.
    Percent,
    /// A resource limit: `VALUE` or `SOFT:HARD`.
    Limit(LimitUnit),
    /// An integer in a range, ends included.
    Integer(i64, i64),
    /// The same, or one of these words.
    IntegerOr(i64, i64, &'static [&'static str]),
    /// File permissions in octal.
    Mode,
    /// A signal.
    Signal,
    /// Command lines with prefixes.
    Commands,
    /// The name of a unit of one of these types; none: any.
    Unit(&'static [UnitType]),
    /// Names of units.
    Units,
    /// Names of units for `[Install]`, where templates may stand.
    InstallUnits,
    /// An absolute path.
    Path,
    /// An absolute path, perhaps with `-` before it, or one of these words.
    PathOr(&'static [&'static str]),
    /// An absolute path; `-` before it lets it be missing.
    OptionalPath,
    /// Absolute paths, each perhaps with `-` or `+` before it.
    Paths,
    /// `SOURCE[:DESTINATION[:OPTIONS]]` …
    BindPaths,
    /// Relative names of directories, such as `api` for `RuntimeDirectory=`.
    Directories,
    /// `NAME=VALUE` …, quoted if blanks are in it.
    Environment,
    /// Names of environment variables.
    EnvNames,
    /// A user or group: name or number.
    Account,
    /// Users or groups.
    Accounts,
    /// Names of capabilities, perhaps after `~`.
    Capabilities,
    /// System calls and groups of them, perhaps after `~`.
    Syscalls,
    /// Address families, perhaps after `~`, or `none`.
    AddressFamilies,
    /// A boolean, or namespaces, perhaps after `~`.
    Namespaces,
    /// Exit codes and signals.
    ExitStatus,
    /// What a standard stream is connected to: one of these words, or `file:PATH` and its like.
    Stream(&'static [&'static str]),
    /// What a socket listens on: a path, `@name`, port, or address and port.
    Listen,
    /// IP addresses and networks, and words such as `localhost`.
    Addresses,
    /// Indices and ranges of processors, or `numa`.
    Cpus,
    /// URIs of documentation.
    Uris,
    /// A value after `|` (one of several) and `!` (not).
    Condition(&'static Kind),
}

/// What a resource limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    /// Bytes, such as `64M`.
    Bytes,
    /// Seconds, or a span of time.
    Seconds,
    /// Microseconds, or a span of time.
    Microseconds,
    /// A count.
    Count,
    /// A nice level: `+N`, `-N`, or the raw limit.
    Nice,
}
