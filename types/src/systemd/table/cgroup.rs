//! systemd.resource-control(5) and systemd.kill(5).

use super::super::choices::*;
use super::super::directive::Directive;
use super::super::kind::Kind;
use super::super::unit_name::UnitType;
use super::{CGROUP, KILL, SPAN, flag, list, one, optional};

const CPU_WEIGHT: Kind = Kind::IntegerOr(1, 10_000, &["idle"]);
const WEIGHT: Kind = Kind::Integer(1, 10_000);
const OF_DEVICE: Kind = Kind::OfDevice(&Kind::Amount);

pub(super) const ROWS: &[Directive] = &[
    optional(CGROUP, "Slice", Kind::Unit(&[UnitType::Slice])),
    // CPU
    flag(CGROUP, "CPUAccounting"),
    optional(CGROUP, "CPUWeight", CPU_WEIGHT),
    optional(CGROUP, "StartupCPUWeight", CPU_WEIGHT),
    optional(CGROUP, "CPUQuota", Kind::Quota),
    optional(CGROUP, "CPUQuotaPeriodSec", SPAN),
    list(CGROUP, "AllowedCPUs", Kind::Cpus(&[])),
    list(CGROUP, "StartupAllowedCPUs", Kind::Cpus(&[])).since(252),
    optional(CGROUP, "CPUSetPartition", Kind::Choice(CPUSET_PARTITION)).since(261),
    optional(CGROUP, "CPUShares", Kind::Integer(2, 262_144)).replaced_by("CPUWeight"),
    optional(CGROUP, "StartupCPUShares", Kind::Integer(2, 262_144)).replaced_by("StartupCPUWeight"),
    // Memory
    flag(CGROUP, "MemoryAccounting"),
    optional(CGROUP, "MemoryMin", Kind::Memory),
    optional(CGROUP, "MemoryLow", Kind::Memory),
    optional(CGROUP, "StartupMemoryLow", Kind::Memory).since(253),
    optional(CGROUP, "DefaultMemoryMin", Kind::Memory),
    optional(CGROUP, "DefaultMemoryLow", Kind::Memory),
    optional(CGROUP, "DefaultStartupMemoryLow", Kind::Memory).since(253),
    optional(CGROUP, "MemoryHigh", Kind::MemoryLimit),
    optional(CGROUP, "StartupMemoryHigh", Kind::MemoryLimit).since(253),
    optional(CGROUP, "MemoryMax", Kind::MemoryLimit),
    optional(CGROUP, "StartupMemoryMax", Kind::MemoryLimit).since(253),
    optional(CGROUP, "MemorySwapMax", Kind::Memory),
    optional(CGROUP, "StartupMemorySwapMax", Kind::Memory).since(253),
    optional(CGROUP, "MemoryZSwapMax", Kind::Memory).since(253),
    optional(CGROUP, "StartupMemoryZSwapMax", Kind::Memory).since(253),
    flag(CGROUP, "MemoryZSwapWriteback").since(256),
    list(CGROUP, "AllowedMemoryNodes", Kind::Cpus(&[])),
    list(CGROUP, "StartupAllowedMemoryNodes", Kind::Cpus(&[])).since(252),
    optional(CGROUP, "MemoryLimit", Kind::MemoryLimit).replaced_by("MemoryMax"),
    // Tasks
    flag(CGROUP, "TasksAccounting"),
    optional(CGROUP, "TasksMax", Kind::Tasks),
    // Block devices
    flag(CGROUP, "IOAccounting"),
    optional(CGROUP, "IOWeight", WEIGHT),
    optional(CGROUP, "StartupIOWeight", WEIGHT),
    list(CGROUP, "IODeviceWeight", Kind::OfDevice(&WEIGHT)),
    list(CGROUP, "IOReadBandwidthMax", OF_DEVICE),
    list(CGROUP, "IOWriteBandwidthMax", OF_DEVICE),
    list(CGROUP, "IOReadIOPSMax", OF_DEVICE),
    list(CGROUP, "IOWriteIOPSMax", OF_DEVICE),
    list(CGROUP, "IODeviceLatencyTargetSec", Kind::OfDevice(&SPAN)),
    flag(CGROUP, "BlockIOAccounting").replaced_by("IOAccounting"),
    optional(CGROUP, "BlockIOWeight", Kind::Integer(10, 1000)).replaced_by("IOWeight"),
    optional(CGROUP, "StartupBlockIOWeight", Kind::Integer(10, 1000)).replaced_by("StartupIOWeight"),
    list(CGROUP, "BlockIODeviceWeight", Kind::OfDevice(&Kind::Integer(10, 1000)))
        .replaced_by("IODeviceWeight"),
    list(CGROUP, "BlockIOReadBandwidth", OF_DEVICE).replaced_by("IOReadBandwidthMax"),
    list(CGROUP, "BlockIOWriteBandwidth", OF_DEVICE).replaced_by("IOWriteBandwidthMax"),
    // Network
    flag(CGROUP, "IPAccounting"),
    list(CGROUP, "IPAddressAllow", Kind::Addresses),
    list(CGROUP, "IPAddressDeny", Kind::Addresses),
    list(CGROUP, "SocketBindAllow", Kind::BindRule).since(249),
    list(CGROUP, "SocketBindDeny", Kind::BindRule).since(249),
    list(CGROUP, "RestrictNetworkInterfaces", Kind::Interfaces).since(250),
    optional(CGROUP, "BindNetworkInterface", Kind::AnyInterface).since(260),
    list(CGROUP, "NFTSet", Kind::NftSets).since(255),
    list(CGROUP, "IPIngressFilterPath", Kind::Path),
    list(CGROUP, "IPEgressFilterPath", Kind::Path),
    list(CGROUP, "BPFProgram", Kind::BpfProgram).since(249),
    // Devices
    list(CGROUP, "DeviceAllow", Kind::DeviceAllow),
    one(CGROUP, "DevicePolicy", Kind::Choice(DEVICE_POLICY)),
    // The control group itself
    list(CGROUP, "Delegate", Kind::BoolOrSome(CONTROLLERS)),
    optional(CGROUP, "DelegateSubgroup", Kind::Expanded).since(254),
    list(CGROUP, "DisableControllers", Kind::ChoiceOf(CONTROLLERS)),
    optional(CGROUP, "ManagedOOMSwap", Kind::Choice(OOM_MODE)).since(247),
    optional(CGROUP, "ManagedOOMMemoryPressure", Kind::Choice(OOM_MODE)).since(247),
    optional(CGROUP, "ManagedOOMMemoryPressureLimit", Kind::Percent).since(247),
    optional(CGROUP, "ManagedOOMMemoryPressureDurationSec", SPAN).since(257),
    one(CGROUP, "ManagedOOMPreference", Kind::Choice(OOM_PREFERENCE)).since(248),
    optional(CGROUP, "MemoryPressureWatch", Kind::BoolOr(PRESSURE_WATCH)).since(254),
    optional(CGROUP, "MemoryPressureThresholdSec", SPAN).since(254),
    optional(CGROUP, "CPUPressureWatch", Kind::BoolOr(PRESSURE_WATCH)).since(261),
    optional(CGROUP, "CPUPressureThresholdSec", SPAN).since(261),
    optional(CGROUP, "IOPressureWatch", Kind::BoolOr(PRESSURE_WATCH)).since(261),
    optional(CGROUP, "IOPressureThresholdSec", SPAN).since(261),
    flag(CGROUP, "CoredumpReceive").since(255),
    // systemd.kill(5)
    one(KILL, "KillMode", Kind::Choice(KILL_MODE)),
    one(KILL, "KillSignal", Kind::Signal),
    one(KILL, "RestartKillSignal", Kind::Signal),
    one(KILL, "FinalKillSignal", Kind::Signal),
    one(KILL, "WatchdogSignal", Kind::Signal),
    flag(KILL, "SendSIGKILL"),
    flag(KILL, "SendSIGHUP"),
];
