//! The table of directives: what each takes, what repeating it does, what an empty value does.
//!
//! Follows `src/core/load-fragment-gperf.gperf.in` and the manual pages systemd.unit(5), .service(5), .exec(5),
//! .resource-control(5), .kill(5), .socket(5), .timer(5), .path(5), .mount(5) of systemd 252. What is not in the table
//! is known by name and, where systemd's own dump says so unmistakably, by shape.

use super::check::BadValue;
use super::choices::*;
use super::kind::{Kind, LimitUnit};
use super::names::{self, Section};
use super::unit_name::UnitType;

/// What several values do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// They add up.
    Appends,
    /// The last one counts.
    Last,
}

/// What an empty value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// It removes what stands before it, or restores the default.
    Resets,
    /// systemd refuses it.
    Refused,
    /// It does nothing: dependencies cannot be removed.
    Useless,
}

/// A directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directive {
    /// Sections that it stands in.
    pub sections: &'static [Section],
    /// Name.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What several values do.
    pub repeat: Repeat,
    /// What an empty value does.
    pub empty: Empty,
}

impl Directive {
    /// Checks one value.
    pub fn check(&self, value: &str) -> Result<(), BadValue> {
        if !value.is_empty() {
            return self.kind.check(value);
        }
        match self.empty {
            Empty::Resets => Ok(()),
            Empty::Refused => Err(BadValue::new("the value is empty")
                .help(format!("write a value, or [] to leave {} out", self.key))),
            Empty::Useless => Err(BadValue::new("an empty value does not remove dependencies")
                .help("systemd cannot remove a dependency in a drop-in; write [] to leave out what cmc itself would print")),
        }
    }
}

/// The directive of this name in a section: from the table, or by name alone. None: systemd does not know it.
pub fn directive(section: Section, key: &str) -> Option<Directive> {
    let row = DIRECTIVES.iter().find(|row| row.key == key && row.sections.contains(&section));
    if let Some(row) = row {
        return Some(*row);
    }
    let shape = names::shape(section, key)?;
    let key = names::names_of(section).find(|name| *name == key)?;
    let (kind, repeat, empty) = by_shape(shape);
    Some(Directive { sections: &[], key, kind, repeat, empty })
}

/// What a directive outside the table takes, from the shape in systemd's own dump where that is unmistakable.
fn by_shape(shape: &str) -> (Kind, Repeat, Empty) {
    match shape {
        "BOOLEAN" => (Kind::Bool, Repeat::Last, Empty::Refused),
        "SECONDS" => (Kind::Timespan(SECOND), Repeat::Last, Empty::Refused),
        "SIGNAL" => (Kind::Signal, Repeat::Last, Empty::Refused),
        "UNSIGNED" => (Kind::Integer(0, 4_294_967_295), Repeat::Last, Empty::Refused),
        "UNIT [...]" => (Kind::Units, Repeat::Appends, Empty::Useless),
        "PATH [...]" => (Kind::Paths, Repeat::Appends, Empty::Resets),
        "PATH [ARGUMENT [...]]" => (Kind::Commands, Repeat::Appends, Empty::Resets),
        // Nothing is known: several values may be meant to add up.
        _ => (Kind::Text, Repeat::Appends, Empty::Resets),
    }
}

/// Names that are kept for compatibility, and their successors.
const OBSOLETE: &[(&str, &str)] = &[
    ("BindTo", "BindsTo"),
    ("RequiresOverridable", "Requires"),
    ("RequisiteOverridable", "Requisite"),
    ("PropagateReloadTo", "PropagatesReloadTo"),
    ("PropagateReloadFrom", "ReloadPropagatedFrom"),
    ("OnFailureIsolate", "OnFailureJobMode=isolate"),
    ("ReadWriteDirectories", "ReadWritePaths"),
    ("ReadOnlyDirectories", "ReadOnlyPaths"),
    ("InaccessibleDirectories", "InaccessiblePaths"),
    ("CPUShares", "CPUWeight"),
    ("StartupCPUShares", "StartupCPUWeight"),
    ("MemoryLimit", "MemoryMax"),
    ("BlockIOAccounting", "IOAccounting"),
    ("BlockIOWeight", "IOWeight"),
    ("StartupBlockIOWeight", "StartupIOWeight"),
    ("BlockIODeviceWeight", "IODeviceWeight"),
    ("BlockIOReadBandwidth", "IOReadBandwidthMax"),
    ("BlockIOWriteBandwidth", "IOWriteBandwidthMax"),
    ("PermissionsStartOnly", "a '+' before the commands"),
    ("StartLimitInterval", "StartLimitIntervalSec in [Unit]"),
];

/// The successor of a directive that is kept for compatibility only.
pub fn successor(key: &str) -> Option<&'static str> {
    OBSOLETE.iter().find(|(name, _)| *name == key).map(|(_, successor)| *successor)
}

const SECOND: u64 = 1_000_000;
const UNIT: &[Section] = &[Section::Unit];
const INSTALL: &[Section] = &[Section::Install];
const SERVICE: &[Section] = &[Section::Service];
const SOCKET: &[Section] = &[Section::Socket];
const TIMER: &[Section] = &[Section::Timer];
const PATH: &[Section] = &[Section::Path];
const MOUNT: &[Section] = &[Section::Mount];
const AUTOMOUNT: &[Section] = &[Section::Automount];
/// Units that run programs: systemd.exec(5), systemd.kill(5).
const EXEC: &[Section] = &[Section::Service, Section::Socket, Section::Mount, Section::Swap];
/// Units with a control group: systemd.resource-control(5).
const CGROUP: &[Section] =
    &[Section::Service, Section::Socket, Section::Mount, Section::Swap, Section::Slice, Section::Scope];
const KILL: &[Section] = &[Section::Service, Section::Socket, Section::Mount, Section::Swap, Section::Scope];

const fn one(sections: &'static [Section], key: &'static str, kind: Kind) -> Directive {
    Directive { sections, key, kind, repeat: Repeat::Last, empty: Empty::Refused }
}

const fn optional(sections: &'static [Section], key: &'static str, kind: Kind) -> Directive {
    Directive { sections, key, kind, repeat: Repeat::Last, empty: Empty::Resets }
}

const fn list(sections: &'static [Section], key: &'static str, kind: Kind) -> Directive {
    Directive { sections, key, kind, repeat: Repeat::Appends, empty: Empty::Resets }
}

const fn dependency(key: &'static str) -> Directive {
    Directive { sections: UNIT, key, kind: Kind::Units, repeat: Repeat::Appends, empty: Empty::Useless }
}

const fn condition(key: &'static str, kind: Kind) -> Directive {
    Directive { sections: UNIT, key, kind, repeat: Repeat::Appends, empty: Empty::Resets }
}

const fn installs(key: &'static str) -> Directive {
    Directive {
        sections: INSTALL,
        key,
        kind: Kind::InstallUnits,
        repeat: Repeat::Appends,
        empty: Empty::Resets,
    }
}

const fn flag(sections: &'static [Section], key: &'static str) -> Directive {
    one(sections, key, Kind::Bool)
}

const fn limit(key: &'static str, unit: LimitUnit) -> Directive {
    optional(EXEC, key, Kind::Limit(unit))
}

const CONDITION_PATH: Kind = Kind::Condition(&Kind::Path);
const CONDITION_BOOL: Kind = Kind::Condition(&Kind::Bool);
const CONDITION_TEXT: Kind = Kind::Condition(&Kind::Expanded);
const SPAN: Kind = Kind::Timespan(SECOND);

/// Directives with typed values.
pub const DIRECTIVES: &[Directive] = &[
    // systemd.unit(5)
    optional(UNIT, "Description", Kind::Expanded),
    list(UNIT, "Documentation", Kind::Uris),
    dependency("Wants"),
    dependency("Requires"),
    dependency("Requisite"),
    dependency("BindsTo"),
    dependency("BindTo"),
    dependency("PartOf"),
    dependency("Upholds"),
    dependency("Conflicts"),
    dependency("Before"),
    dependency("After"),
    dependency("OnFailure"),
    dependency("OnSuccess"),
    dependency("PropagatesReloadTo"),
    dependency("ReloadPropagatedFrom"),
    dependency("PropagatesStopTo"),
    dependency("StopPropagatedFrom"),
    dependency("JoinsNamespaceOf"),
    list(UNIT, "RequiresMountsFor", Kind::Paths),
    one(UNIT, "OnSuccessJobMode", Kind::Choice(JOB_MODE)),
    one(UNIT, "OnFailureJobMode", Kind::Choice(JOB_MODE)),
    flag(UNIT, "IgnoreOnIsolate"),
    flag(UNIT, "StopWhenUnneeded"),
    flag(UNIT, "RefuseManualStart"),
    flag(UNIT, "RefuseManualStop"),
    flag(UNIT, "AllowIsolate"),
    flag(UNIT, "DefaultDependencies"),
    one(UNIT, "CollectMode", Kind::Choice(COLLECT_MODE)),
    one(UNIT, "FailureAction", Kind::Choice(EMERGENCY_ACTION)),
    one(UNIT, "SuccessAction", Kind::Choice(EMERGENCY_ACTION)),
    one(UNIT, "FailureActionExitStatus", Kind::Integer(0, 255)),
    one(UNIT, "SuccessActionExitStatus", Kind::Integer(0, 255)),
    one(UNIT, "JobTimeoutSec", SPAN),
    one(UNIT, "JobRunningTimeoutSec", SPAN),
    one(UNIT, "JobTimeoutAction", Kind::Choice(EMERGENCY_ACTION)),
    one(UNIT, "StartLimitIntervalSec", SPAN),
    one(UNIT, "StartLimitInterval", SPAN),
    one(UNIT, "StartLimitBurst", Kind::Integer(0, 4_294_967_295)),
    one(UNIT, "StartLimitAction", Kind::Choice(EMERGENCY_ACTION)),
    optional(UNIT, "SourcePath", Kind::Path),
    condition("ConditionPathExists", CONDITION_PATH),
    condition("ConditionPathExistsGlob", CONDITION_PATH),
    condition("ConditionPathIsDirectory", CONDITION_PATH),
    condition("ConditionPathIsSymbolicLink", CONDITION_PATH),
    condition("ConditionPathIsMountPoint", CONDITION_PATH),
    condition("ConditionPathIsReadWrite", CONDITION_PATH),
    condition("ConditionPathIsEncrypted", CONDITION_PATH),
    condition("ConditionDirectoryNotEmpty", CONDITION_PATH),
    condition("ConditionFileNotEmpty", CONDITION_PATH),
    condition("ConditionFileIsExecutable", CONDITION_PATH),
    condition("ConditionFirstBoot", CONDITION_BOOL),
    condition("ConditionACPower", CONDITION_BOOL),
    condition("ConditionHost", CONDITION_TEXT),
    condition("ConditionVirtualization", CONDITION_TEXT),
    condition("ConditionArchitecture", Kind::Condition(&Kind::Choice(ARCHITECTURES))),
    condition("ConditionKernelCommandLine", CONDITION_TEXT),
    condition("ConditionKernelVersion", CONDITION_TEXT),
    condition("ConditionSecurity", Kind::Condition(&Kind::Choice(SECURITY))),
    condition("ConditionCapability", Kind::Condition(&Kind::Capabilities)),
    condition("ConditionUser", CONDITION_TEXT),
    condition("ConditionGroup", CONDITION_TEXT),
    condition("ConditionEnvironment", CONDITION_TEXT),
    condition("ConditionMemory", CONDITION_TEXT),
    condition("ConditionCPUs", CONDITION_TEXT),
    condition("ConditionOSRelease", CONDITION_TEXT),
    condition("AssertPathExists", CONDITION_PATH),
    condition("AssertPathExistsGlob", CONDITION_PATH),
    condition("AssertPathIsDirectory", CONDITION_PATH),
    condition("AssertPathIsSymbolicLink", CONDITION_PATH),
    condition("AssertPathIsMountPoint", CONDITION_PATH),
    condition("AssertPathIsReadWrite", CONDITION_PATH),
    condition("AssertDirectoryNotEmpty", CONDITION_PATH),
    condition("AssertFileNotEmpty", CONDITION_PATH),
    condition("AssertFileIsExecutable", CONDITION_PATH),
    condition("AssertFirstBoot", CONDITION_BOOL),
    condition("AssertACPower", CONDITION_BOOL),
    // [Install]
    installs("Alias"),
    installs("WantedBy"),
    installs("RequiredBy"),
    installs("UpheldBy"),
    installs("Also"),
    optional(INSTALL, "DefaultInstance", Kind::Expanded),
    // systemd.service(5)
    one(SERVICE, "Type", Kind::Choice(SERVICE_TYPE)),
    one(SERVICE, "ExitType", Kind::Choice(EXIT_TYPE)),
    flag(SERVICE, "RemainAfterExit"),
    flag(SERVICE, "GuessMainPID"),
    optional(SERVICE, "PIDFile", Kind::Expanded),
    optional(SERVICE, "BusName", Kind::Expanded),
    list(SERVICE, "ExecStart", Kind::Commands),
    list(SERVICE, "ExecStartPre", Kind::Commands),
    list(SERVICE, "ExecStartPost", Kind::Commands),
    list(SERVICE, "ExecCondition", Kind::Commands),
    list(SERVICE, "ExecReload", Kind::Commands),
    list(SERVICE, "ExecStop", Kind::Commands),
    list(SERVICE, "ExecStopPost", Kind::Commands),
    one(SERVICE, "Restart", Kind::Choice(RESTART)),
    one(SERVICE, "RestartSec", SPAN),
    one(SERVICE, "RestartSteps", Kind::Integer(0, 4_294_967_295)),
    one(SERVICE, "RestartMaxDelaySec", SPAN),
    one(SERVICE, "RestartMode", Kind::Choice(&["normal", "direct", "debug"])),
    one(SERVICE, "TimeoutStartSec", SPAN),
    one(SERVICE, "TimeoutStopSec", SPAN),
    one(SERVICE, "TimeoutAbortSec", SPAN),
    one(SERVICE, "TimeoutSec", SPAN),
    one(SERVICE, "TimeoutStartFailureMode", Kind::Choice(TIMEOUT_MODE)),
    one(SERVICE, "TimeoutStopFailureMode", Kind::Choice(TIMEOUT_MODE)),
    one(SERVICE, "RuntimeMaxSec", SPAN),
    one(SERVICE, "RuntimeRandomizedExtraSec", SPAN),
    one(SERVICE, "WatchdogSec", SPAN),
    one(SERVICE, "StartLimitInterval", SPAN),
    one(SERVICE, "StartLimitBurst", Kind::Integer(0, 4_294_967_295)),
    list(SERVICE, "SuccessExitStatus", Kind::ExitStatus),
    list(SERVICE, "RestartPreventExitStatus", Kind::ExitStatus),
    list(SERVICE, "RestartForceExitStatus", Kind::ExitStatus),
    flag(SERVICE, "RootDirectoryStartOnly"),
    flag(SERVICE, "NonBlocking"),
    one(SERVICE, "NotifyAccess", Kind::Choice(NOTIFY_ACCESS)),
    list(SERVICE, "Sockets", Kind::Units),
    one(SERVICE, "FileDescriptorStoreMax", Kind::Integer(0, 4_294_967_295)),
    one(SERVICE, "OOMPolicy", Kind::Choice(OOM_POLICY)),
    one(SERVICE, "ReloadSignal", Kind::Signal),
    // systemd.exec(5)
    optional(EXEC, "WorkingDirectory", Kind::PathOr(&["~", "-~"])),
    optional(EXEC, "RootDirectory", Kind::Path),
    optional(EXEC, "RootImage", Kind::Path),
    optional(EXEC, "User", Kind::Account),
    optional(EXEC, "Group", Kind::Account),
    flag(EXEC, "DynamicUser"),
    list(EXEC, "SupplementaryGroups", Kind::Accounts),
    optional(EXEC, "PAMName", Kind::Expanded),
    list(EXEC, "CapabilityBoundingSet", Kind::Capabilities),
    list(EXEC, "AmbientCapabilities", Kind::Capabilities),
    flag(EXEC, "NoNewPrivileges"),
    list(EXEC, "SecureBits", Kind::ChoiceOf(SECURE_BITS)),
    optional(EXEC, "UMask", Kind::Mode),
    one(EXEC, "Nice", Kind::Integer(-20, 19)),
    optional(EXEC, "OOMScoreAdjust", Kind::Integer(-1000, 1000)),
    one(EXEC, "IOSchedulingClass", Kind::Choice(IO_CLASS)),
    one(EXEC, "IOSchedulingPriority", Kind::Integer(0, 7)),
    one(EXEC, "CPUSchedulingPolicy", Kind::Choice(CPU_POLICY)),
    one(EXEC, "CPUSchedulingPriority", Kind::Integer(0, 99)),
    flag(EXEC, "CPUSchedulingResetOnFork"),
    list(EXEC, "CPUAffinity", Kind::Cpus),
    one(EXEC, "NUMAPolicy", Kind::Choice(NUMA_POLICY)),
    list(EXEC, "Environment", Kind::Environment),
    list(EXEC, "EnvironmentFile", Kind::OptionalPath),
    list(EXEC, "PassEnvironment", Kind::EnvNames),
    list(EXEC, "UnsetEnvironment", Kind::EnvNames),
    one(EXEC, "StandardInput", Kind::Stream(STDIN)),
    one(EXEC, "StandardOutput", Kind::Stream(STDOUT)),
    one(EXEC, "StandardError", Kind::Stream(STDOUT)),
    optional(EXEC, "TTYPath", Kind::Path),
    optional(EXEC, "SyslogIdentifier", Kind::Expanded),
    one(EXEC, "SyslogFacility", Kind::Choice(LOG_FACILITY)),
    one(EXEC, "SyslogLevel", Kind::Choice(LOG_LEVEL)),
    one(EXEC, "LogLevelMax", Kind::Choice(LOG_LEVEL)),
    one(EXEC, "LogRateLimitIntervalSec", SPAN),
    one(EXEC, "LogRateLimitBurst", Kind::Integer(0, 4_294_967_295)),
    optional(EXEC, "LogNamespace", Kind::Expanded),
    one(EXEC, "UtmpMode", Kind::Choice(UTMP_MODE)),
    one(EXEC, "KeyringMode", Kind::Choice(KEYRING_MODE)),
    one(EXEC, "TimerSlackNSec", Kind::Text),
    one(EXEC, "ProtectSystem", Kind::BoolOr(PROTECT_SYSTEM)),
    one(EXEC, "ProtectHome", Kind::BoolOr(PROTECT_HOME)),
    one(EXEC, "ProtectProc", Kind::Choice(PROTECT_PROC)),
    one(EXEC, "ProcSubset", Kind::Choice(PROC_SUBSET)),
    flag(EXEC, "ProtectHostname"),
    flag(EXEC, "ProtectClock"),
    flag(EXEC, "ProtectKernelTunables"),
    flag(EXEC, "ProtectKernelModules"),
    flag(EXEC, "ProtectKernelLogs"),
    flag(EXEC, "ProtectControlGroups"),
    one(EXEC, "PrivateTmp", Kind::BoolOr(&["disconnected"])),
    flag(EXEC, "PrivateDevices"),
    flag(EXEC, "PrivateNetwork"),
    one(EXEC, "PrivateUsers", Kind::BoolOr(&["self", "identity", "full"])),
    flag(EXEC, "PrivateIPC"),
    flag(EXEC, "PrivateMounts"),
    flag(EXEC, "MountAPIVFS"),
    flag(EXEC, "RemoveIPC"),
    flag(EXEC, "LockPersonality"),
    flag(EXEC, "MemoryDenyWriteExecute"),
    flag(EXEC, "RestrictRealtime"),
    flag(EXEC, "RestrictSUIDSGID"),
    flag(EXEC, "IgnoreSIGPIPE"),
    list(EXEC, "RestrictAddressFamilies", Kind::AddressFamilies),
    list(EXEC, "RestrictNamespaces", Kind::Namespaces),
    list(EXEC, "SystemCallFilter", Kind::Syscalls),
    list(EXEC, "SystemCallLog", Kind::Syscalls),
    list(EXEC, "SystemCallArchitectures", Kind::ChoiceOf(ARCHITECTURES)),
    optional(EXEC, "Personality", Kind::Choice(PERSONALITY)),
    optional(EXEC, "MountFlags", Kind::Choice(MOUNT_PROPAGATION)),
    list(EXEC, "ReadWritePaths", Kind::Paths),
    list(EXEC, "ReadOnlyPaths", Kind::Paths),
    list(EXEC, "InaccessiblePaths", Kind::Paths),
    list(EXEC, "ReadWriteDirectories", Kind::Paths),
    list(EXEC, "ReadOnlyDirectories", Kind::Paths),
    list(EXEC, "InaccessibleDirectories", Kind::Paths),
    list(EXEC, "ExecPaths", Kind::Paths),
    list(EXEC, "NoExecPaths", Kind::Paths),
    list(EXEC, "BindPaths", Kind::BindPaths),
    list(EXEC, "BindReadOnlyPaths", Kind::BindPaths),
    list(EXEC, "RuntimeDirectory", Kind::Directories),
    list(EXEC, "StateDirectory", Kind::Directories),
    list(EXEC, "CacheDirectory", Kind::Directories),
    list(EXEC, "LogsDirectory", Kind::Directories),
    list(EXEC, "ConfigurationDirectory", Kind::Directories),
    one(EXEC, "RuntimeDirectoryMode", Kind::Mode),
    one(EXEC, "StateDirectoryMode", Kind::Mode),
    one(EXEC, "CacheDirectoryMode", Kind::Mode),
    one(EXEC, "LogsDirectoryMode", Kind::Mode),
    one(EXEC, "ConfigurationDirectoryMode", Kind::Mode),
    one(EXEC, "RuntimeDirectoryPreserve", Kind::BoolOr(PRESERVE)),
    one(EXEC, "TimeoutCleanSec", SPAN),
    limit("LimitCPU", LimitUnit::Seconds),
    limit("LimitFSIZE", LimitUnit::Bytes),
    limit("LimitDATA", LimitUnit::Bytes),
    limit("LimitSTACK", LimitUnit::Bytes),
    limit("LimitCORE", LimitUnit::Bytes),
    limit("LimitRSS", LimitUnit::Bytes),
    limit("LimitNOFILE", LimitUnit::Count),
    limit("LimitAS", LimitUnit::Bytes),
    limit("LimitNPROC", LimitUnit::Count),
    limit("LimitMEMLOCK", LimitUnit::Bytes),
    limit("LimitLOCKS", LimitUnit::Count),
    limit("LimitSIGPENDING", LimitUnit::Count),
    limit("LimitMSGQUEUE", LimitUnit::Bytes),
    limit("LimitNICE", LimitUnit::Nice),
    limit("LimitRTPRIO", LimitUnit::Count),
    limit("LimitRTTIME", LimitUnit::Microseconds),
    // systemd.kill(5)
    one(KILL, "KillMode", Kind::Choice(KILL_MODE)),
    one(KILL, "KillSignal", Kind::Signal),
    one(KILL, "RestartKillSignal", Kind::Signal),
    one(KILL, "FinalKillSignal", Kind::Signal),
    one(KILL, "WatchdogSignal", Kind::Signal),
    flag(KILL, "SendSIGKILL"),
    flag(KILL, "SendSIGHUP"),
    // systemd.resource-control(5)
    optional(CGROUP, "Slice", Kind::Unit(&[UnitType::Slice])),
    flag(CGROUP, "CPUAccounting"),
    flag(CGROUP, "MemoryAccounting"),
    flag(CGROUP, "TasksAccounting"),
    flag(CGROUP, "IOAccounting"),
    flag(CGROUP, "IPAccounting"),
    optional(CGROUP, "CPUWeight", Kind::IntegerOr(1, 10_000, &["idle"])),
    optional(CGROUP, "StartupCPUWeight", Kind::IntegerOr(1, 10_000, &["idle"])),
    optional(CGROUP, "CPUQuota", Kind::Percent),
    optional(CGROUP, "CPUQuotaPeriodSec", SPAN),
    optional(CGROUP, "AllowedCPUs", Kind::Cpus),
    optional(CGROUP, "AllowedMemoryNodes", Kind::Cpus),
    optional(CGROUP, "MemoryMin", Kind::Memory),
    optional(CGROUP, "MemoryLow", Kind::Memory),
    optional(CGROUP, "MemoryHigh", Kind::Memory),
    optional(CGROUP, "MemoryMax", Kind::Memory),
    optional(CGROUP, "MemorySwapMax", Kind::Memory),
    optional(CGROUP, "MemoryZSwapMax", Kind::Memory),
    optional(CGROUP, "MemoryLimit", Kind::Memory),
    optional(CGROUP, "TasksMax", Kind::Tasks),
    optional(CGROUP, "IOWeight", Kind::Integer(1, 10_000)),
    optional(CGROUP, "StartupIOWeight", Kind::Integer(1, 10_000)),
    list(CGROUP, "IPAddressAllow", Kind::Addresses),
    list(CGROUP, "IPAddressDeny", Kind::Addresses),
    one(CGROUP, "DevicePolicy", Kind::Choice(DEVICE_POLICY)),
    one(CGROUP, "ManagedOOMSwap", Kind::Choice(OOM_MODE)),
    one(CGROUP, "ManagedOOMMemoryPressure", Kind::Choice(OOM_MODE)),
    one(CGROUP, "ManagedOOMPreference", Kind::Choice(OOM_PREFERENCE)),
    list(CGROUP, "DisableControllers", Kind::ChoiceOf(CONTROLLERS)),
    // systemd.socket(5)
    list(SOCKET, "ListenStream", Kind::Listen),
    list(SOCKET, "ListenDatagram", Kind::Listen),
    list(SOCKET, "ListenSequentialPacket", Kind::Listen),
    list(SOCKET, "ListenFIFO", Kind::Path),
    list(SOCKET, "ListenSpecial", Kind::Path),
    list(SOCKET, "ListenUSBFunction", Kind::Path),
    optional(SOCKET, "SocketProtocol", Kind::Choice(SOCKET_PROTOCOL)),
    one(SOCKET, "BindIPv6Only", Kind::Choice(BIND_IPV6_ONLY)),
    one(SOCKET, "Backlog", Kind::Integer(0, 4_294_967_295)),
    optional(SOCKET, "BindToDevice", Kind::Text),
    optional(SOCKET, "SocketUser", Kind::Account),
    optional(SOCKET, "SocketGroup", Kind::Account),
    one(SOCKET, "SocketMode", Kind::Mode),
    one(SOCKET, "DirectoryMode", Kind::Mode),
    flag(SOCKET, "Accept"),
    one(SOCKET, "MaxConnections", Kind::Integer(0, 4_294_967_295)),
    one(SOCKET, "MaxConnectionsPerSource", Kind::Integer(0, 4_294_967_295)),
    one(SOCKET, "TimeoutSec", SPAN),
    one(SOCKET, "ReceiveBuffer", Kind::Size),
    one(SOCKET, "SendBuffer", Kind::Size),
    one(SOCKET, "PipeSize", Kind::Size),
    one(SOCKET, "IPTTL", Kind::Integer(0, 255)),
    one(SOCKET, "Timestamping", Kind::Choice(TIMESTAMPING)),
    one(SOCKET, "Service", Kind::Unit(&[UnitType::Service])),
    optional(SOCKET, "FileDescriptorName", Kind::Expanded),
    list(SOCKET, "Symlinks", Kind::Paths),
    list(SOCKET, "ExecStartPre", Kind::Commands),
    list(SOCKET, "ExecStartPost", Kind::Commands),
    list(SOCKET, "ExecStopPre", Kind::Commands),
    list(SOCKET, "ExecStopPost", Kind::Commands),
    // systemd.timer(5)
    list(TIMER, "OnCalendar", Kind::Calendar),
    list(TIMER, "OnActiveSec", Kind::TimerSpan),
    list(TIMER, "OnBootSec", Kind::TimerSpan),
    list(TIMER, "OnStartupSec", Kind::TimerSpan),
    list(TIMER, "OnUnitActiveSec", Kind::TimerSpan),
    list(TIMER, "OnUnitInactiveSec", Kind::TimerSpan),
    one(TIMER, "AccuracySec", SPAN),
    one(TIMER, "RandomizedDelaySec", SPAN),
    flag(TIMER, "FixedRandomDelay"),
    flag(TIMER, "OnClockChange"),
    flag(TIMER, "OnTimezoneChange"),
    one(TIMER, "Unit", Kind::Unit(&[])),
    flag(TIMER, "Persistent"),
    flag(TIMER, "WakeSystem"),
    flag(TIMER, "RemainAfterElapse"),
    // systemd.path(5)
    list(PATH, "PathExists", Kind::Path),
    list(PATH, "PathExistsGlob", Kind::Path),
    list(PATH, "PathChanged", Kind::Path),
    list(PATH, "PathModified", Kind::Path),
    list(PATH, "DirectoryNotEmpty", Kind::Path),
    one(PATH, "Unit", Kind::Unit(&[])),
    flag(PATH, "MakeDirectory"),
    one(PATH, "DirectoryMode", Kind::Mode),
    // systemd.mount(5), systemd.automount(5)
    one(MOUNT, "What", Kind::Expanded),
    one(MOUNT, "Where", Kind::Path),
    optional(MOUNT, "Type", Kind::Expanded),
    optional(MOUNT, "Options", Kind::Expanded),
    one(MOUNT, "TimeoutSec", SPAN),
    one(MOUNT, "DirectoryMode", Kind::Mode),
    one(AUTOMOUNT, "Where", Kind::Path),
    one(AUTOMOUNT, "TimeoutIdleSec", SPAN),
    one(AUTOMOUNT, "DirectoryMode", Kind::Mode),
];
