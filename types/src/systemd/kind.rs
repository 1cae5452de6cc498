//! The kinds of values that directives take.

use super::choices::Words;
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
    BoolOr(Words),
    /// One of these words.
    Choice(Words),
    /// A boolean, or some of these words, perhaps after `~`.
    BoolOrSome(Words),
    /// Some of these words; a `~` before one takes it away.
    ChoiceOf(Words),
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
    /// The same, but not 0.
    MemoryLimit,
    /// A count, a percentage, or `infinity`.
    Tasks,
    /// A percentage up to 100.
    Percent,
    /// A percentage over 0, perhaps over 100.
    Quota,
    /// An amount with suffixes of base 1000, or `infinity`.
    Amount,
    /// A size in bytes, a percentage, or `off`.
    DiskQuota,
    /// A span of time; a number without a unit counts nanoseconds.
    Nanoseconds,
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
    /// Names of units of these types.
    UnitsOf(&'static [UnitType]),
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
    /// Absolute paths without a sign before them.
    PlainPaths,
    /// `SOURCE[:DESTINATION[:OPTIONS]]` …
    BindPaths,
    /// Relative names of directories, such as `api` for `RuntimeDirectory=`.
    Directories,
    /// The same without links (`NAME:LINK`).
    PlainDirectories,
    /// `NAME=VALUE` …, quoted if blanks are in it.
    Environment,
    /// Names of environment variables.
    EnvNames,
    /// Names of environment variables, or assignments to them.
    EnvUnset,
    /// A user or group: name or number.
    Account,
    /// The same, or one of these words.
    AccountOr(&'static [&'static str]),
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
    Stream(Words),
    /// What a socket listens on: a path, `@name`, port, or address and port.
    Listen,
    /// A path, `@name` or a VSOCK address.
    ListenLocal,
    /// The name of a namespace of the journal.
    LogNamespace,
    /// IP addresses and networks, and words such as `localhost`.
    Addresses,
    /// Indices and ranges of processors or memory nodes, or one of these words.
    Cpus(&'static [&'static str]),
    /// URIs of documentation.
    Uris,
    /// A path, absolute or below `/run`.
    RunPath,
    /// Absolute paths with colons between them.
    SearchPath,
    /// `PATH[:OPTIONS]` …, mount points of a tmpfs.
    TmpfsPaths,
    /// Mount options, where a `%` may stand before a comma.
    MountOptions,
    /// `[PARTITION:]OPTIONS` …, mount options of an image.
    ImageOptions,
    /// `[-]IMAGE:DESTINATION[:[PARTITION:]OPTIONS…]` …
    MountImages,
    /// `[-]IMAGE[:[PARTITION:]OPTIONS…]` …
    ExtensionImages,
    /// What partitions of an image must be: `PARTITION=FLAG+FLAG:…`, `*`, `-` or `~`.
    ImagePolicy,
    /// A root hash in hexadecimal, or a path.
    RootHash,
    /// A path, or `base64:` and a signature.
    RootHashSignature,
    /// `PATH[:NAME[:OPTIONS]]`, a file to open.
    OpenFile,
    /// The name of a file descriptor.
    DescriptorName,
    /// A name on D-Bus.
    BusName,
    /// `DEVICE VALUE`, the value of this kind.
    OfDevice(&'static Kind),
    /// `/dev/NODE`, `char-GLOB` or `block-GLOB`, and some of `rwm`.
    DeviceAllow,
    /// `TYPE:PATH`, a pinned BPF program.
    BpfProgram,
    /// `[FAMILY:][PROTOCOL:]PORTS`, or `any`.
    BindRule,
    /// The name of a network interface.
    Interface,
    /// The same, perhaps an alternative name.
    AnyInterface,
    /// Names of network interfaces, perhaps after `~`.
    Interfaces,
    /// `SOURCE:FAMILY:TABLE:SET` …
    NftSets,
    /// A family of netlink, perhaps with a multicast group.
    Netlink,
    /// Names and groups of file systems, perhaps after `~`.
    FileSystems,
    /// A boolean or `private`, perhaps with `:HOSTNAME`.
    PrivateHostname,
    /// Words with commas between them.
    CommaWords,
    /// An error's name or number, or `kill`.
    Errno,
    /// Kinds of mappings, or a mask in hexadecimal.
    CoredumpFilter,
    /// A text with escapes as in C.
    Escaped,
    /// Base64.
    Base64,
    /// `FIELD=VALUE` …, fields of the journal.
    JournalFields,
    /// The name of a credential.
    CredentialName,
    /// `NAME[:PATH]`, a credential and where it is.
    LoadCredential,
    /// `GLOB[:NAME]`, credentials of the manager.
    ImportCredential,
    /// `NAME:VALUE`, a credential.
    SetCredential,
    /// `NAME:BASE64`, an encrypted credential.
    SetCredentialEncrypted,
    /// A firmware: `uefi`, `device-tree` …
    Firmware,
    /// `[SLICE:]PERCENT[/SPAN]`, a limit of pressure.
    Pressure,
    /// `[TAG] PERCENT`, a share of machines.
    Fraction,
    /// A value after an operator such as `>=`.
    Compared(&'static Kind),
    /// A value after `|` (one of several) and `!` (not).
    Condition(&'static Kind),
}

impl Kind {
    /// Whether systemd expands specifiers such as `%i` in such a value, so that `%` is written `%%`.
    pub const fn expands_specifiers(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Expanded
                | MountOptions
                | Calendar
                | Commands
                | Unit(_)
                | Units
                | UnitsOf(_)
                | PlainPaths
                | PlainDirectories
                | EnvUnset
                | ListenLocal
                | LogNamespace
                | InstallUnits
                | Path
                | PathOr(_)
                | OptionalPath
                | Paths
                | BindPaths
                | Directories
                | Environment
                | EnvNames
                | Account
                | AccountOr(_)
                | Accounts
                | Stream(_)
                | Listen
                | Cpus(_)
                | RunPath
                | SearchPath
                | TmpfsPaths
                | ImageOptions
                | MountImages
                | ExtensionImages
                | OpenFile
                | DescriptorName
                | BusName
                | OfDevice(_)
                | DeviceAllow
                | BpfProgram
                | AnyInterface
                | PrivateHostname
                | Escaped
                | JournalFields
                | CredentialName
                | LoadCredential
                | SetCredential
                | SetCredentialEncrypted
                | Condition(_)
        )
    }
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
