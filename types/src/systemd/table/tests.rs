//! Promises of the table: it is whole, and its values are judged as systemd judges them.

use super::*;
use crate::Os;
use crate::systemd::{Unit, directive, names_of, release_of, section};
use cmc_testing::skip;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// `SECTION.KEY` of every assignment in a dump of systemd.
fn names_in(dump: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut names = BTreeSet::new();
    for line in dump.lines() {
        match (line.strip_prefix('['), line.split_once('=')) {
            (Some(header), _) => section = header.trim_end_matches(']'),
            (None, Some((key, _))) => drop(names.insert(format!("{section}.{key}"))),
            (None, None) => {}
        }
    }
    names
}

/// `SECTION.KEY` of every row that a release of systemd has.
fn names_of_release(release: u16) -> BTreeSet<String> {
    let rows = DIRECTIVES.iter().filter(|row| row.since.is_none_or(|since| since <= release));
    rows.flat_map(|row| row.sections.iter().map(|section| format!("{}.{}", section.name(), row.key)))
        .collect()
}

#[test]
fn the_table_has_every_directive_of_systemd_252_and_no_other() {
    let dump = names_in(include_str!("../names.txt"));
    let keys: BTreeSet<_> = dump.iter().filter_map(|name| name.split_once('.')).map(|(_, key)| key).collect();
    assert_eq!((dump.len(), keys.len()), (1191, 442));
    let table = names_of_release(252);
    let missing: Vec<_> = dump.difference(&table).collect();
    let extra: Vec<_> = table.difference(&dump).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}\nextra: {extra:?}");
}

#[test]
fn the_table_has_every_directive_of_the_installed_systemd() {
    const NAMES: &str = "the_table_has_every_directive_of_the_installed_systemd";
    let systemd = |argument: &str| std::process::Command::new("/lib/systemd/systemd").arg(argument).output();
    let (Ok(version), Ok(dump)) = (systemd("--version"), systemd("--dump-configuration-items")) else {
        return skip(NAMES, "/lib/systemd/systemd is not installed");
    };
    let version = String::from_utf8(version.stdout).unwrap();
    let release: u16 =
        version.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default();
    if !(252..=NEWEST).contains(&release) {
        return skip(NAMES, "the installed systemd is older or newer than the table");
    }
    let dump = names_in(&String::from_utf8(dump.stdout).unwrap());
    let table = names_of_release(release);
    let missing: Vec<_> = dump.difference(&table).collect();
    // What a later release dropped stays in the table.
    let dropped = |name: &str| {
        let key = name.split_once('.').unwrap().1;
        release > 252 && DIRECTIVES.iter().any(|row| row.key == key && row.replaced_by.is_some())
    };
    let extra: Vec<_> = table.difference(&dump).filter(|name| !dropped(name)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}\nextra: {extra:?}");
}

#[test]
fn a_directive_stands_once_in_a_section_and_is_found_there_only() {
    let mut seen = BTreeSet::new();
    assert!(DIRECTIVES.is_sorted_by_key(|row| row.key));
    for row in &DIRECTIVES {
        for section in row.sections {
            assert!(seen.insert((*section, row.key)), "{} twice in {}", row.key, section.name());
            assert_eq!(directive(*section, row.key), Some(row));
        }
        assert!(row.since.is_none_or(|since| (246..=NEWEST).contains(&since)), "{}", row.key);
    }
    for section in Section::ALL {
        assert!(names_of(*section).all(|name| directive(*section, name).is_some()));
    }
    assert_eq!(directive(Section::Service, "ExecStrat"), None);
    assert_eq!(directive(Section::Timer, "ExecStart"), None);
    assert_eq!(directive(Section::Service, ""), None);
}

/// What systemd.unit(5), .service(5), .exec(5) … of systemd 257 say ("Added in version N") from 246 on. `KEY:Section` is
/// older elsewhere. An assertion is as old as its condition.
const ADDED: &[(u16, &str)] = &[
    (
        246,
        "ConditionEnvironment ConditionPathIsEncrypted CoredumpFilter PassPacketInfo ReadWriteOnly RootHash RootHashSignature RootVerity TimeoutStartFailureMode TimeoutStopFailureMode",
    ),
    (
        247,
        "FixedRandomDelay FlushPending LoadCredential ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit ManagedOOMSwap MountImages ProcSubset ProtectProc RootImageOptions SetCredential SystemCallLog Timestamping",
    ),
    (
        248,
        "ConditionCPUFeature ExecPaths ExtensionImages IPCNamespacePath ManagedOOMPreference NoExecPaths PrivateIPC",
    ),
    (
        249,
        "BPFProgram ConditionFirmware ConditionOSRelease OnSuccess OnSuccessJobMode PropagatesStopTo SocketBindAllow SocketBindDeny StopPropagatedFrom Upholds",
    ),
    (
        250,
        "ConditionCPUPressure ConditionIOPressure ConditionMemoryPressure ExecSearchPath ExitType ExtraOptions LoadCredentialEncrypted RestrictFileSystems RestrictNetworkInterfaces RuntimeRandomizedExtraSec SetCredentialEncrypted TTYColumns TTYRows TriggerLimitBurst:Path TriggerLimitIntervalSec:Path",
    ),
    (251, "ExtensionDirectories"),
    (252, "ConditionCredential StartupAllowedCPUs StartupAllowedMemoryNodes"),
    (253, "LogFilterPatterns MemoryZSwapMax OpenFile ReloadSignal StartupMemoryZSwapMax"),
    (
        254,
        "DelegateSubgroup ExtensionImagePolicy FileDescriptorStorePreserve ImportCredential MemoryKSM MemoryPressureThresholdSec MemoryPressureWatch MountImagePolicy RestartMaxDelaySec RestartMode RestartSteps RootEphemeral RootImagePolicy",
    ),
    (
        255,
        "CoredumpReceive NFTSet PollLimitBurst PollLimitIntervalSec SetLoginEnvironment SurviveFinalKillSignal",
    ),
    (256, "MemoryZSwapWriteback PassFileDescriptorsToExec WantsMountsFor"),
    (257, "BindLogSockets DeferReactivation ManagedOOMMemoryPressureDurationSec PrivatePIDs"),
];

/// Entries of the manual that are about several directives name the version of the first, and `UpheldBy=` has no entry of
/// its own. Encrypted credentials are in the release notes of 250; the versions of the others were not confirmed.
const NOT_IN_THE_MANUAL: &[&str] = &[
    "DefaultStartupMemoryLow",
    "ExecPaths",
    "LoadCredentialEncrypted",
    "NoExecPaths",
    "OnSuccessJobMode",
    "SetCredentialEncrypted",
    "StartupAllowedCPUs",
    "StartupAllowedMemoryNodes",
    "StartupMemoryHigh",
    "StartupMemoryLow",
    "StartupMemoryMax",
    "StartupMemorySwapMax",
    "UpheldBy",
];

#[test]
fn a_directive_came_with_the_release_that_the_manual_names() {
    let listed = |key: &str, section: Section, since: u16| {
        let condition = key.strip_prefix("Assert").map(|rest| format!("Condition{rest}"));
        let (key, section) = (condition.as_deref().unwrap_or(key), section.name());
        let keys =
            ADDED.iter().filter(|(release, _)| *release == since).flat_map(|(_, keys)| keys.split(' '));
        keys.into_iter().any(|listed| listed == key || listed == format!("{key}:{section}"))
    };
    for row in DIRECTIVES.iter().filter(|row| !NOT_IN_THE_MANUAL.contains(&row.key)) {
        if let Some(since) = row.since.filter(|since| *since <= 257) {
            assert!(listed(row.key, row.sections[0], since), "{} is not of {since}", row.key);
        }
    }
    for (release, keys) in ADDED {
        for key in keys.split(' ') {
            let (key, of) = key.split_once(':').unwrap_or((key, ""));
            let rows = DIRECTIVES.iter().filter(|row| row.key == key);
            let mut rows = rows.filter(|row| of.is_empty() || row.sections[0].name() == of);
            assert!(rows.all(|row| row.since == Some(*release)), "{key} is of {release}");
        }
    }
}

#[test]
fn a_row_says_all_that_is_known_of_a_directive() {
    let row = |section, key| *directive(section, key).unwrap();
    let exec = row(Section::Service, "ExecStart");
    assert_eq!((exec.kind, exec.repeat, exec.empty), (Kind::Commands, Repeat::Appends, Empty::Resets));
    assert!(exec.kind.expands_specifiers() && exec.since.is_none() && exec.replaced_by.is_none());
    let span = row(Section::Service, "RestartSec");
    assert_eq!((span.repeat, span.empty), (Repeat::Last, Empty::Refused));
    assert!(!span.kind.expands_specifiers());
    assert_eq!(row(Section::Unit, "After").empty, Empty::Useless);
    assert_eq!(row(Section::Unit, "BindTo").replaced_by, Some("BindsTo"));
    assert_eq!(row(Section::Path, "TriggerLimitBurst").since, Some(250));
    assert_eq!(row(Section::Socket, "TriggerLimitBurst").since, None);
}

#[test]
fn an_operating_system_has_a_release_of_systemd_if_it_is_known() {
    let release = |os: &str| release_of(&Os::parse(os).unwrap());
    assert_eq!(release("debian-12"), Some(252));
    assert_eq!(release("debian-12.4"), Some(252));
    assert_eq!(release("ubuntu-24.04"), Some(255));
    for unknown in ["debian", "debian-1", "debian-99", "arch", "rhel-9.4", "openbsd-7.6"] {
        assert_eq!(release(unknown), None, "{unknown}");
    }
}

/// Values of all sorts. Each is tried with every directive.
const POOL: &[&str] = &[
    "yes",
    "maybe",
    "0",
    "1",
    "-1",
    "7",
    "16",
    "100",
    "300",
    "70000",
    "5000000000",
    "0x10",
    "1.5",
    "10%",
    "0%",
    "150%",
    "10.555%",
    "2G",
    "10k",
    "5min",
    "1h 30min",
    "-5s",
    "infinity",
    "inf",
    "none",
    "auto",
    "/",
    "/dev/null",
    "/dev/null rw",
    "/dev/null rwx",
    "/dev/sda 10",
    "/dev/sda 10M",
    "/dev/sda 5s",
    "/a/../b",
    "/a:/b",
    "-/a",
    "+/a",
    "a/b",
    "etc",
    "a b",
    "~a",
    "0755",
    "9999",
    "SIGTERM",
    "TERM",
    "sigterm",
    "CAP_CHOWN",
    "AF_INET",
    "~AF_UNIX",
    "@system-service",
    "@nothing",
    "read:EPERM",
    "read:EPREM",
    "net user",
    "ext4 @network",
    "A=b",
    "A=b c",
    "1A=b",
    "x.service",
    "x.slice",
    "x",
    "x@.service",
    "%n",
    "%t/x",
    "%z",
    "eth0",
    "tcp:80",
    "10.0.0.0/8",
    "10.0.0.0/40",
    "localhost",
    "80",
    "[::1]:80",
    "@abs",
    "restart",
    "full",
    "id:value",
    "id:/x",
    "id:x/y",
    "route 1",
    "Mon 10:00",
    "daily",
    "x.y",
    "abcdef0123456789abcdef0123456789",
    "aGVsbG8=",
    "2-1",
    "0-3,5",
    "numa",
    "all",
    "emerg",
    "daemon",
    "root",
    "1:2",
    "2:1",
    "a\\q",
    "a\\x20b",
    "'a",
    "root:ro",
    "/x.raw:/mnt",
    "FIELD=x",
    "http://x man:a(1)",
    "egress:/sys/fs/bpf/x",
    "low-delay",
    ":",
    "EPERM",
    "uefi",
];

/// What systemd 252 says of `SECTION.KEY=VALUE` for every directive and value, by name: whether it takes it.
pub(super) fn verdicts(rows: &[(&'static Directive, Section, Vec<&str>)]) -> BTreeMap<String, bool> {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = BTreeMap::new();
    let mut files = Vec::new();
    for (index, (row, section, values)) in rows.iter().enumerate() {
        let kind = section.name().to_lowercase();
        let kind = if matches!(section, Section::Unit) { "service" } else { kind.as_str() };
        let path = folder.path().join(format!("c{index}.{kind}"));
        let mut text = format!("[{}]\n", section.name());
        for (line, value) in values.iter().enumerate() {
            writeln!(text, "{}={value}", row.key).unwrap();
            lines.insert(
                (path.display().to_string(), line + 2),
                format!("{}.{}={value}", section.name(), row.key),
            );
        }
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    let mut verdicts: BTreeMap<String, bool> = lines.values().map(|name| (name.clone(), true)).collect();
    for files in files.chunks(100) {
        let output = std::process::Command::new("systemd-analyze")
            .args(["--man=no", "--recursive-errors=no", "verify"])
            .args(files)
            .output()
            .unwrap();
        for message in String::from_utf8_lossy(&output.stderr).lines() {
            let mut parts = message.splitn(3, ':');
            let (path, line) = (parts.next().unwrap_or_default(), parts.next().and_then(|n| n.parse().ok()));
            let Some(name) = lines.get(&(path.to_owned(), line.unwrap_or(0))) else { continue };
            verdicts.insert(name.clone(), false);
        }
    }
    verdicts
}

#[test]
fn what_systemd_refuses_is_refused_and_what_is_refused_besides_is_known() {
    const NAME: &str = "what_systemd_refuses_is_refused_and_what_is_refused_besides_is_known";
    let version = std::process::Command::new("systemd-analyze").arg("--version").output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"systemd 252")) {
        return skip(NAME, "systemd-analyze 252 is not installed");
    }
    let mut rows = Vec::new();
    for row in DIRECTIVES.iter().filter(|row| row.since.is_none() && row.replaced_by.is_none()) {
        // What systemd refuses with the whole unit hides the lines after it; [Install] and scopes are not read here.
        let fatal = ["RootDirectory", "RootImage", "RootVerity", "WorkingDirectory", "DynamicUser"]
            .contains(&row.key);
        let section = row.sections[0];
        if row.kind != Kind::Commands && !fatal && !matches!(section, Section::Install | Section::Scope) {
            rows.push((row, section, POOL.to_vec()));
        }
    }
    let verdicts = verdicts(&rows);
    let (mut holes, mut stricter) = (String::new(), String::new());
    for (row, section, values) in rows {
        for value in values {
            let name = format!("{}.{}={value}", section.name(), row.key);
            match (row.check(value).is_ok(), verdicts[&name]) {
                (true, false) if !is_no_hole(row, value) => writeln!(holes, "{name}").unwrap(),
                (false, true) if !is_passed_over(row, value) => writeln!(stricter, "{name}").unwrap(),
                _ => {}
            }
        }
    }
    assert!(
        holes.is_empty() && stricter.is_empty(),
        "accepted by cmc only:\n{holes}\nby systemd only:\n{stricter}"
    );
}

/// What cmc takes and systemd 252 remarks upon: values whose specifiers only the host knows, words that later releases
/// added, and what is merely discouraged.
fn is_no_hole(row: &Directive, value: &str) -> bool {
    value.contains('%')
        || matches!(
            (row.key, value),
            ("KillMode", "none")
                | ("PrivateUsers", "full")
                | ("ProtectHostname", "1:2")
                | ("SystemCallFilter" | "SystemCallLog", "read:EPERM")
                | ("LoadCredential" | "LoadCredentialEncrypted", "http://x man:a(1)")
        )
}

/// What cmc refuses and systemd 252 passes over in silence when it reads a unit: conditions and dependencies that can
/// never hold, names of accounts, capabilities and file systems that cannot exist, lone percent signs, paths with `..`,
/// and numbers that no kernel takes.
fn is_passed_over(row: &Directive, value: &str) -> bool {
    let kind = matches!(
        row.kind,
        Kind::Condition(_)
            | Kind::Units
            | Kind::Account
            | Kind::Accounts
            | Kind::Capabilities
            | Kind::FileSystems
            | Kind::OfDevice(_)
    );
    let number = matches!(
        row.key,
        "IPTTL"
            | "MessageQueueMaxMessages"
            | "MessageQueueMessageSize"
            | "SyslogFacility"
            | "TTYColumns"
            | "TTYRows"
    );
    let escape = matches!(row.key, "PassEnvironment" | "RestrictNetworkInterfaces") && value.contains('\\');
    let name = matches!(row.key, "BusName" | "SecureBits" | "ListenNetlink") || escape;
    let images = row.key.contains("Image") && value == ":";
    // Flags behind a second colon came with systemd 257; before, nobody reads them.
    let flags = row.kind == Kind::Directories && value.matches(':').count() > 1;
    let classes = row.key.ends_with("SchedulingPolicy") || row.key == "IOSchedulingClass";
    kind || number
        || name
        || images
        || classes
        || flags
        || value.contains('%')
        || value.contains("/../")
        || value == "0x10"
}

#[test]
fn units_of_the_system_print_unchanged_and_pass_the_table() {
    const FOLDERS: [&str; 2] = ["/usr/lib/systemd/system", "/usr/lib/systemd/user"];
    let folders: Vec<_> = FOLDERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).collect();
    if folders.is_empty() {
        return skip(
            "units_of_the_system_print_unchanged_and_pass_the_table",
            "there is no /usr/lib/systemd",
        );
    }
    let mut wrong = Vec::new();
    for path in folders.into_iter().flatten().map(|entry| entry.unwrap().path()) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let unit = match Unit::parse(&text) {
            Ok(unit) => unit,
            Err(error) => {
                wrong.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        assert_eq!(unit.print(), text, "{}", path.display());
        for entry in unit.entries().filter(|entry| !entry.section.starts_with("X-")) {
            let known = section(entry.section).and_then(|section| directive(section, entry.key));
            let problem = match known {
                None => "unknown".to_owned(),
                Some(row) => match row.check(entry.value) {
                    Ok(()) => continue,
                    Err(bad) => bad.problem,
                },
            };
            wrong.push(format!(
                "{}:{}: {}={}: {problem}",
                path.display(),
                entry.line,
                entry.key,
                entry.value
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
