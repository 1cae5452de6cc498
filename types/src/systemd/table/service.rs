//! systemd.service(5): `[Service]`.

use super::super::choices::*;
use super::super::directive::Directive;
use super::super::kind::Kind;
use super::super::unit_name::UnitType;
use super::{SERVICE, SPAN, UNSIGNED, flag, list, one, optional};

pub(super) const ROWS: &[Directive] = &[
    one(SERVICE, "Type", Kind::Choice(SERVICE_TYPE)),
    one(SERVICE, "ExitType", Kind::Choice(EXIT_TYPE)).since(250),
    flag(SERVICE, "RemainAfterExit"),
    flag(SERVICE, "GuessMainPID"),
    optional(SERVICE, "PIDFile", Kind::RunPath),
    optional(SERVICE, "BusName", Kind::BusName),
    list(SERVICE, "ExecStart", Kind::Commands),
    list(SERVICE, "ExecStartPre", Kind::Commands),
    list(SERVICE, "ExecStartPost", Kind::Commands),
    list(SERVICE, "ExecCondition", Kind::Commands),
    list(SERVICE, "ExecReload", Kind::Commands),
    list(SERVICE, "ExecReloadPost", Kind::Commands).since(259),
    list(SERVICE, "ExecStop", Kind::Commands),
    list(SERVICE, "ExecStopPost", Kind::Commands),
    one(SERVICE, "Restart", Kind::Choice(RESTART)),
    one(SERVICE, "RestartMode", Kind::Choice(RESTART_MODE)).since(254),
    one(SERVICE, "RestartSec", SPAN),
    one(SERVICE, "RestartSteps", UNSIGNED).since(254),
    one(SERVICE, "RestartMaxDelaySec", SPAN).since(254),
    one(SERVICE, "RestartRandomizedDelaySec", SPAN).since(262),
    one(SERVICE, "TimeoutStartSec", SPAN),
    one(SERVICE, "TimeoutStopSec", SPAN),
    optional(SERVICE, "TimeoutAbortSec", SPAN),
    one(SERVICE, "TimeoutSec", SPAN),
    one(SERVICE, "TimeoutStartFailureMode", Kind::Choice(TIMEOUT_MODE)).since(246),
    one(SERVICE, "TimeoutStopFailureMode", Kind::Choice(TIMEOUT_MODE)).since(246),
    one(SERVICE, "RuntimeMaxSec", SPAN),
    one(SERVICE, "RuntimeRandomizedExtraSec", SPAN).since(250),
    one(SERVICE, "WatchdogSec", SPAN),
    list(SERVICE, "SuccessExitStatus", Kind::ExitStatus),
    list(SERVICE, "RestartPreventExitStatus", Kind::ExitStatus),
    list(SERVICE, "RestartForceExitStatus", Kind::ExitStatus),
    flag(SERVICE, "RootDirectoryStartOnly"),
    flag(SERVICE, "PermissionsStartOnly").replaced_by("a '+' before the commands"),
    flag(SERVICE, "NonBlocking"),
    one(SERVICE, "NotifyAccess", Kind::Choice(NOTIFY_ACCESS)),
    list(SERVICE, "Sockets", Kind::UnitsOf(&[UnitType::Socket])),
    one(SERVICE, "FileDescriptorStoreMax", UNSIGNED),
    one(SERVICE, "FileDescriptorStorePreserve", Kind::BoolOr(STORE_PRESERVE)).since(254),
    optional(SERVICE, "USBFunctionDescriptors", Kind::Path),
    optional(SERVICE, "USBFunctionStrings", Kind::Path),
    list(SERVICE, "OpenFile", Kind::OpenFile).since(253),
    one(SERVICE, "ReloadSignal", Kind::Signal).since(253),
    list(SERVICE, "RefreshOnReload", Kind::BoolOrSome(REFRESHED)).since(260),
    list(SERVICE, "LUOSession", Kind::Expanded).since(262),
    // These moved to [Unit].
    one(SERVICE, "StartLimitInterval", SPAN).replaced_by("StartLimitIntervalSec in [Unit]"),
    one(SERVICE, "StartLimitBurst", UNSIGNED).replaced_by("StartLimitBurst in [Unit]"),
    one(SERVICE, "StartLimitAction", Kind::Choice(EMERGENCY_ACTION))
        .replaced_by("StartLimitAction in [Unit]"),
    one(SERVICE, "FailureAction", Kind::Choice(EMERGENCY_ACTION)).replaced_by("FailureAction in [Unit]"),
    optional(SERVICE, "RebootArgument", Kind::Expanded).replaced_by("RebootArgument in [Unit]"),
];
