//! An example of each directive of systemd: by its name where a text says little, else by its kind.

use cmc_types::systemd::{Directive, Kind, LimitUnit, Section, UnitType, Words};
use serde_json::{Value, json};

/// A value that a directive takes.
pub(super) fn example(row: &Directive) -> Value {
    match row.kind {
        Kind::Integer(least, most) => json!(5.clamp(least, most)),
        // A mount's.
        Kind::Expanded if row.key == "Type" => json!("ext4"),
        kind => named(row.key).map_or_else(|| of_kind(kind), str::to_owned).into(),
    }
}

/// Directives that say what a section is for.
pub(super) fn telling(section: Section) -> &'static [&'static str] {
    match section {
        Section::Unit => &["Description", "After"],
        Section::Install => &["WantedBy"],
        Section::Service => &["ExecStart", "Environment"],
        Section::Socket => &["ListenStream", "SocketMode"],
        Section::Timer => &["OnCalendar", "Persistent"],
        Section::Path => &["PathChanged"],
        Section::Mount => &["What", "Where"],
        Section::Automount => &["Where", "TimeoutIdleSec"],
        Section::Swap => &["What", "Priority"],
        Section::Slice | Section::Scope => &["MemoryMax", "TasksMax"],
    }
}

/// Texts that mean something to one directive alone.
fn named(key: &str) -> Option<&'static str> {
    let test = key.strip_prefix("Condition").or_else(|| key.strip_prefix("Assert"));
    Some(match test.unwrap_or(key) {
        "Description" => "The API",
        "DefaultInstance" => "main",
        "Alias" | "Also" => "api.socket",
        "RebootArgument" | "JobTimeoutRebootArgument" => "recovery",
        "What" => "/dev/disk/by-label/data",
        "Where" => "/srv/data",
        "LUOSession" => "main",
        "Options" | "ExtraOptions" => "noatime,nodev",
        "DelegateSubgroup" => "main",
        "PAMName" => "login",
        "SELinuxContext" => "system_u:system_r:api_t:s0",
        "AppArmorProfile" => "-api",
        "SmackProcessLabel" | "SmackLabel" | "SmackLabelIPIn" | "SmackLabelIPOut" => "_",
        "LogFilterPatterns" => "~^GET /health",
        "SyslogIdentifier" => "api",
        "UtmpIdentifier" => "tty1",
        "TCPCongestion" => "bbr",
        "TTYPath" => "/dev/tty1",
        "Host" => "web1",
        "KernelCommandLine" => "quiet",
        "KernelVersion" => ">=6.1",
        "KernelModuleLoaded" => "loop",
        "Version" => "systemd >=258",
        "CPUFeature" => "avx2",
        "Environment" if test.is_some() => "LANG=C.UTF-8",
        "ControlGroupController" => "memory",
        "OSRelease" => "ID=debian",
        "MachineTag" => "web",
        "ExecStart" => "/usr/local/bin/api --port 8080",
        "ExecReload" => "/bin/kill -HUP $MAINPID",
        "BPFDelegateCommands" => "BPFMapCreate,BPFProgLoad",
        "BPFDelegateMaps" => "BPFMapTypeHash",
        "BPFDelegatePrograms" => "BPFProgTypeCGroupSKB",
        "BPFDelegateAttachments" => "BPFCGroupInetIngress",
        _ => return None,
    })
}

/// The first of the words that says something.
fn first(words: Words) -> String {
    words.known(None).find(|word| !word.is_empty()).unwrap_or("yes").to_owned()
}

fn unit(types: &[UnitType]) -> String {
    types.first().map_or_else(|| "api.service".to_owned(), |kind| format!("api.{}", kind.name()))
}

fn of_kind(kind: Kind) -> String {
    let text = match kind {
        Kind::Choice(words) | Kind::ChoiceOf(words) => return first(words),
        Kind::Stream(words) => return first(words),
        Kind::BoolOrSome(words) => return first(words),
        Kind::BoolOr(_) | Kind::Bool => "yes",
        Kind::Unit(types) | Kind::UnitsOf(types) => return unit(types),
        Kind::Integer(least, most) | Kind::IntegerOr(least, most, _) => {
            return 5.clamp(least, most).to_string();
        }
        Kind::OfDevice(kind) => return format!("/dev/sda {}", of_kind(*kind)),
        Kind::Compared(kind) => return format!(">={}", of_kind(*kind)),
        Kind::Condition(kind) => return of_kind(*kind),
        Kind::Limit(unit) => match unit {
            LimitUnit::Bytes => "64M:1G",
            LimitUnit::Seconds => "1h",
            LimitUnit::Microseconds => "200ms",
            LimitUnit::Count => "65536",
            LimitUnit::Nice => "+10",
        },
        Kind::Text | Kind::Expanded => "api",
        Kind::Timespan(_) => "30s",
        Kind::TimerSpan => "1h 30min",
        Kind::Calendar => "Mon..Fri 02:30",
        Kind::Size => "16M",
        Kind::Memory | Kind::MemoryLimit => "512M",
        Kind::Tasks => "512",
        Kind::Percent => "80%",
        Kind::Quota => "150%",
        Kind::Amount => "10M",
        Kind::DiskQuota => "10%",
        Kind::Nanoseconds => "50us",
        Kind::Mode => "0750",
        Kind::Signal => "SIGTERM",
        Kind::Commands => "/usr/local/bin/api-step",
        Kind::Units => "network-online.target",
        Kind::InstallUnits => "multi-user.target",
        Kind::Path | Kind::PathOr(_) | Kind::OptionalPath | Kind::PlainPaths => "/srv/api",
        Kind::Paths => "/srv/api -/srv/cache",
        Kind::BindPaths => "/srv/data:/data",
        Kind::Directories | Kind::PlainDirectories => "api",
        Kind::Environment => "LANG=C.UTF-8 \"NAME=two words\"",
        Kind::EnvNames | Kind::EnvUnset => "LANG TZ",
        Kind::Account | Kind::AccountOr(_) => "api",
        Kind::Accounts => "adm ssl-cert",
        Kind::Capabilities => "CAP_NET_BIND_SERVICE",
        Kind::Syscalls => "@system-service",
        Kind::AddressFamilies => "AF_INET AF_INET6 AF_UNIX",
        Kind::Namespaces => "net ipc",
        Kind::ExitStatus => "75 SIGKILL",
        Kind::Listen => "127.0.0.1:8080",
        Kind::ListenLocal => "/run/api.sock",
        Kind::LogNamespace => "api",
        Kind::Addresses => "localhost 10.0.0.0/8",
        Kind::Cpus(_) => "0-3",
        Kind::Uris => "https://example.net/api man:api(8)",
        Kind::RunPath => "/run/api.pid",
        Kind::SearchPath => "/usr/local/bin:/usr/bin",
        Kind::TmpfsPaths => "/var/cache:size=64M",
        Kind::MountOptions => "noatime,nodev",
        Kind::ImageOptions => "root:ro,nodev",
        Kind::MountImages => "/srv/data.raw:/data",
        Kind::ExtensionImages => "/srv/extension.raw",
        Kind::ImagePolicy => "root=verity:usr=verity",
        Kind::RootHash => "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        Kind::RootHashSignature => "/srv/api.roothash.p7s",
        Kind::OpenFile => "/etc/api.conf:config:read-only",
        Kind::DescriptorName => "api",
        Kind::BusName => "net.example.Api",
        Kind::DeviceAllow => "/dev/sda rw",
        Kind::BpfProgram => "egress:/sys/fs/bpf/api",
        Kind::BindRule => "ipv4:tcp:8080-8090",
        Kind::Interface | Kind::AnyInterface => "eth0",
        Kind::Interfaces => "eth0 eth1",
        Kind::NftSets => "cgroup:inet:filter:api",
        Kind::Netlink => "route 1361",
        Kind::FileSystems => "ext4 tmpfs",
        Kind::PrivateHostname => "private:api",
        Kind::CommaWords => "one,two",
        Kind::Errno => "EPERM",
        Kind::CoredumpFilter => "default shared-anonymous",
        Kind::Escaped => "first line\\n",
        Kind::Base64 => "c2hvcAo=",
        Kind::JournalFields => "TEAM=web",
        Kind::CredentialName => "token",
        Kind::LoadCredential => "token:/etc/api.token",
        Kind::ImportCredential => "api.*",
        Kind::SetCredential => "region:north",
        Kind::SetCredentialEncrypted => "region:bm9ydGgK",
        Kind::Firmware => "uefi",
        Kind::Pressure => "api.slice:10%/1min",
        Kind::Fraction => "canary 10%",
    };
    text.to_owned()
}
