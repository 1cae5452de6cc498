//! systemd.timer(5), .path(5), .mount(5), .automount(5), .swap(5), .slice(5), .scope(5).

use super::super::choices::*;
use super::super::directive::Directive;
use super::super::kind::Kind;
use super::super::names::Section;
use super::{SPAN, UNSIGNED, flag, list, one, optional};

const TIMER: &[Section] = &[Section::Timer];
const PATH: &[Section] = &[Section::Path];
const MOUNT: &[Section] = &[Section::Mount];
const AUTOMOUNT: &[Section] = &[Section::Automount];
const SWAP: &[Section] = &[Section::Swap];
const SLICE: &[Section] = &[Section::Slice];
const SCOPE: &[Section] = &[Section::Scope];
const MOST: Kind = Kind::IntegerOr(0, 4_294_967_295, &["infinity"]);

pub(super) const ROWS: &[Directive] = &[
    // systemd.timer(5)
    list(TIMER, "OnCalendar", Kind::Calendar),
    list(TIMER, "OnActiveSec", Kind::TimerSpan),
    list(TIMER, "OnBootSec", Kind::TimerSpan),
    list(TIMER, "OnStartupSec", Kind::TimerSpan),
    list(TIMER, "OnUnitActiveSec", Kind::TimerSpan),
    list(TIMER, "OnUnitInactiveSec", Kind::TimerSpan),
    one(TIMER, "AccuracySec", SPAN),
    one(TIMER, "RandomizedDelaySec", SPAN),
    one(TIMER, "RandomizedOffsetSec", SPAN).since(258),
    flag(TIMER, "FixedRandomDelay").since(247),
    flag(TIMER, "DeferReactivation").since(257),
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
    one(PATH, "TriggerLimitIntervalSec", SPAN).since(250),
    one(PATH, "TriggerLimitBurst", UNSIGNED).since(250),
    // systemd.mount(5), systemd.automount(5)
    one(MOUNT, "What", Kind::Expanded),
    one(MOUNT, "Where", Kind::Path),
    optional(MOUNT, "Type", Kind::Expanded),
    optional(MOUNT, "Options", Kind::MountOptions),
    flag(MOUNT, "SloppyOptions"),
    flag(MOUNT, "LazyUnmount"),
    flag(MOUNT, "ReadWriteOnly").since(246),
    flag(MOUNT, "ForceUnmount"),
    one(MOUNT, "DirectoryMode", Kind::Mode),
    one(MOUNT, "TimeoutSec", SPAN),
    one(AUTOMOUNT, "Where", Kind::Path),
    optional(AUTOMOUNT, "ExtraOptions", Kind::MountOptions).since(250),
    one(AUTOMOUNT, "DirectoryMode", Kind::Mode),
    one(AUTOMOUNT, "TimeoutIdleSec", SPAN),
    // systemd.swap(5)
    one(SWAP, "What", Kind::Path),
    optional(SWAP, "Priority", Kind::Integer(-1, 32_767)),
    optional(SWAP, "Options", Kind::MountOptions),
    one(SWAP, "TimeoutSec", SPAN),
    // systemd.slice(5)
    optional(SLICE, "ConcurrencyHardMax", MOST).since(258),
    optional(SLICE, "ConcurrencySoftMax", MOST).since(258),
    optional(SLICE, "ActivatingConcurrencyMax", MOST).since(262),
    // systemd.scope(5), and what [Service] and [Scope] share
    one(&[Section::Service, Section::Scope], "OOMPolicy", Kind::Choice(OOM_POLICY)),
    one(SCOPE, "RuntimeMaxSec", SPAN),
    one(SCOPE, "RuntimeRandomizedExtraSec", SPAN).since(250),
    one(SCOPE, "TimeoutStopSec", SPAN),
];
