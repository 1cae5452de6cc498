//! systemd.unit(5): `[Unit]` and `[Install]`.

use super::super::choices::*;
use super::super::directive::{Directive, Empty, Repeat};
use super::super::kind::Kind;
use super::super::names::Section;
use super::{SPAN, UNSIGNED, flag, list, one, optional, row};

const UNIT: &[Section] = &[Section::Unit];
const INSTALL: &[Section] = &[Section::Install];

/// Dependencies add up and cannot be removed.
const fn dependency(key: &'static str) -> Directive {
    row(UNIT, key, Kind::Units, Repeat::Appends, Empty::Useless)
}

const fn installs(key: &'static str) -> Directive {
    list(INSTALL, key, Kind::InstallUnits)
}

const fn condition(key: &'static str, kind: &'static Kind) -> Directive {
    list(UNIT, key, Kind::Condition(kind))
}

const PATH: &Kind = &Kind::Path;
const TEXT: &Kind = &Kind::Expanded;
const BOOL: &Kind = &Kind::Bool;
const ARCHITECTURE: &Kind = &Kind::Choice(ARCHITECTURES);
const VIRTUALIZATION: &Kind = &Kind::BoolOr(VIRTUALIZATIONS);
const SECURITY: &Kind = &Kind::Choice(SECURITIES);
const USER: &Kind = &Kind::AccountOr(&["@system"]);
const MEMORY: &Kind = &Kind::Compared(&Kind::Size);
const COUNT: &Kind = &Kind::Compared(&UNSIGNED);

pub(super) const ROWS: &[Directive] = &[
    optional(UNIT, "Description", Kind::Expanded),
    list(UNIT, "Documentation", Kind::Uris),
    optional(UNIT, "SourcePath", Kind::Path),
    dependency("Wants"),
    dependency("Requires"),
    dependency("Requisite"),
    dependency("BindsTo"),
    dependency("PartOf"),
    dependency("Upholds").since(249),
    dependency("Conflicts"),
    dependency("Before"),
    dependency("After"),
    dependency("OnFailure"),
    dependency("OnSuccess").since(249),
    dependency("PropagatesReloadTo"),
    dependency("ReloadPropagatedFrom"),
    dependency("PropagatesStopTo").since(249),
    dependency("StopPropagatedFrom").since(249),
    dependency("JoinsNamespaceOf"),
    dependency("BindTo").replaced_by("BindsTo"),
    dependency("PropagateReloadTo").replaced_by("PropagatesReloadTo"),
    dependency("PropagateReloadFrom").replaced_by("ReloadPropagatedFrom"),
    dependency("RequiresOverridable").replaced_by("Requires"),
    dependency("RequisiteOverridable").replaced_by("Requisite"),
    row(UNIT, "RequiresMountsFor", Kind::PlainPaths, Repeat::Appends, Empty::Useless),
    row(UNIT, "WantsMountsFor", Kind::PlainPaths, Repeat::Appends, Empty::Useless).since(256),
    one(UNIT, "OnSuccessJobMode", Kind::Choice(JOB_MODE)).since(249),
    one(UNIT, "OnFailureJobMode", Kind::Choice(JOB_MODE)),
    flag(UNIT, "OnFailureIsolate").replaced_by("OnFailureJobMode=isolate"),
    flag(UNIT, "IgnoreOnIsolate"),
    flag(UNIT, "StopWhenUnneeded"),
    flag(UNIT, "RefuseManualStart"),
    flag(UNIT, "RefuseManualStop"),
    flag(UNIT, "AllowIsolate"),
    flag(UNIT, "DefaultDependencies"),
    flag(UNIT, "SurviveFinalKillSignal").since(255),
    one(UNIT, "CollectMode", Kind::Choice(COLLECT_MODE)),
    one(UNIT, "FailureAction", Kind::Choice(EMERGENCY_ACTION)),
    one(UNIT, "SuccessAction", Kind::Choice(EMERGENCY_ACTION)),
    optional(UNIT, "FailureActionExitStatus", Kind::Integer(0, 255)),
    optional(UNIT, "SuccessActionExitStatus", Kind::Integer(0, 255)),
    one(UNIT, "JobTimeoutSec", SPAN),
    one(UNIT, "JobRunningTimeoutSec", SPAN),
    one(UNIT, "JobTimeoutAction", Kind::Choice(EMERGENCY_ACTION)),
    optional(UNIT, "JobTimeoutRebootArgument", Kind::Expanded),
    one(UNIT, "StartLimitIntervalSec", SPAN),
    one(UNIT, "StartLimitInterval", SPAN).replaced_by("StartLimitIntervalSec in [Unit]"),
    one(UNIT, "StartLimitBurst", UNSIGNED),
    one(UNIT, "StartLimitAction", Kind::Choice(EMERGENCY_ACTION)),
    optional(UNIT, "RebootArgument", Kind::Expanded),
    // Conditions and assertions
    condition("ConditionPathExists", PATH),
    condition("ConditionPathExistsGlob", PATH),
    condition("ConditionPathIsDirectory", PATH),
    condition("ConditionPathIsSymbolicLink", PATH),
    condition("ConditionPathIsMountPoint", PATH),
    condition("ConditionPathIsReadWrite", PATH),
    condition("ConditionPathIsEncrypted", PATH).since(246),
    condition("ConditionPathIsSocket", PATH).since(260),
    condition("ConditionDirectoryNotEmpty", PATH),
    condition("ConditionFileNotEmpty", PATH),
    condition("ConditionFileIsExecutable", PATH),
    condition("ConditionNeedsUpdate", PATH),
    condition("ConditionFirstBoot", BOOL),
    condition("ConditionACPower", BOOL),
    condition("ConditionArchitecture", ARCHITECTURE),
    condition("ConditionFirmware", &Kind::Firmware).since(249),
    condition("ConditionVirtualization", VIRTUALIZATION),
    condition("ConditionHost", TEXT),
    condition("ConditionKernelCommandLine", TEXT),
    condition("ConditionKernelVersion", TEXT),
    condition("ConditionKernelModuleLoaded", TEXT).since(258),
    condition("ConditionVersion", TEXT).since(258),
    condition("ConditionCredential", &Kind::CredentialName).since(252),
    condition("ConditionSecurity", SECURITY),
    condition("ConditionCapability", &Kind::Capabilities),
    condition("ConditionMemory", MEMORY),
    condition("ConditionCPUFeature", TEXT).since(248),
    condition("ConditionCPUs", COUNT),
    condition("ConditionEnvironment", TEXT).since(246),
    condition("ConditionUser", USER),
    condition("ConditionGroup", &Kind::Account),
    condition("ConditionControlGroupController", TEXT),
    condition("ConditionOSRelease", TEXT).since(249),
    condition("ConditionMemoryPressure", &Kind::Pressure).since(250),
    condition("ConditionCPUPressure", &Kind::Pressure).since(250),
    condition("ConditionIOPressure", &Kind::Pressure).since(250),
    condition("ConditionFraction", &Kind::Fraction).since(261),
    condition("ConditionMachineTag", TEXT).since(261),
    condition("AssertPathExists", PATH),
    condition("AssertPathExistsGlob", PATH),
    condition("AssertPathIsDirectory", PATH),
    condition("AssertPathIsSymbolicLink", PATH),
    condition("AssertPathIsMountPoint", PATH),
    condition("AssertPathIsReadWrite", PATH),
    condition("AssertPathIsEncrypted", PATH).since(246),
    condition("AssertPathIsSocket", PATH).since(260),
    condition("AssertDirectoryNotEmpty", PATH),
    condition("AssertFileNotEmpty", PATH),
    condition("AssertFileIsExecutable", PATH),
    condition("AssertNeedsUpdate", PATH),
    condition("AssertFirstBoot", BOOL),
    condition("AssertACPower", BOOL),
    condition("AssertArchitecture", ARCHITECTURE),
    condition("AssertVirtualization", VIRTUALIZATION),
    condition("AssertHost", TEXT),
    condition("AssertKernelCommandLine", TEXT),
    condition("AssertKernelVersion", TEXT),
    condition("AssertKernelModuleLoaded", TEXT).since(258),
    condition("AssertVersion", TEXT).since(258),
    condition("AssertCredential", &Kind::CredentialName).since(252),
    condition("AssertSecurity", SECURITY),
    condition("AssertCapability", &Kind::Capabilities),
    condition("AssertMemory", MEMORY),
    condition("AssertCPUFeature", TEXT).since(248),
    condition("AssertCPUs", COUNT),
    condition("AssertEnvironment", TEXT).since(246),
    condition("AssertUser", USER),
    condition("AssertGroup", &Kind::Account),
    condition("AssertControlGroupController", TEXT),
    condition("AssertOSRelease", TEXT).since(249),
    condition("AssertMemoryPressure", &Kind::Pressure).since(250),
    condition("AssertCPUPressure", &Kind::Pressure).since(250),
    condition("AssertIOPressure", &Kind::Pressure).since(250),
    condition("AssertFraction", &Kind::Fraction).since(261),
    condition("AssertMachineTag", TEXT).since(261),
    // [Install]
    installs("Alias"),
    installs("WantedBy"),
    installs("RequiredBy"),
    installs("UpheldBy").since(254),
    installs("Also"),
    optional(INSTALL, "DefaultInstance", Kind::Expanded),
];
