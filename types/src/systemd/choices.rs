//! Words that directives take, with the releases of systemd that added some of them.
//!
//! Releases follow the release notes (NEWS) of systemd 262, and where those are silent what the libraries of systemd 252,
//! 254, 257 and 262 hold. A test asks systemd 252 for each word. What came between 246 and 252 without being in the release
//! notes stands with the old ones.

/// Words that a directive takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Those that are as old as their directive, or older than 246.
    old: &'static [&'static str],
    /// Those that a later release added, and that release.
    newer: &'static [(u16, &'static str)],
}

/// Words that are as old as their directive.
pub(super) const fn words(old: &'static [&'static str]) -> Words {
    Words { old, newer: &[] }
}

impl Words {
    /// The same, and words that came with later releases.
    pub(super) const fn newer(self, newer: &'static [(u16, &'static str)]) -> Self {
        Self { newer, ..self }
    }

    /// Every word, or those that a release has.
    pub fn known(self, release: Option<u16>) -> impl Iterator<Item = &'static str> + Clone {
        let newer = self.newer.iter().filter(move |(since, _)| release.is_none_or(|have| *since <= have));
        self.old.iter().copied().chain(newer.map(|(_, word)| *word))
    }

    /// The release that brought a word, if it came later than the directive.
    pub(super) fn since(self, word: &str) -> Option<u16> {
        self.newer.iter().find(|(_, newer)| *newer == word).map(|(since, _)| *since)
    }
}

pub(super) const SERVICE_TYPE: Words =
    words(&["simple", "exec", "forking", "oneshot", "dbus", "notify", "idle"])
        .newer(&[(253, "notify-reload")]);
pub(super) const EXIT_TYPE: Words = words(&["main", "cgroup"]);
pub(super) const RESTART: Words =
    words(&["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"]);
pub(super) const RESTART_MODE: Words = words(&["normal", "direct"]).newer(&[(257, "debug")]);
pub(super) const MEMORY_THP: Words = words(&["inherit", "disable", "madvise", "system"]);
pub(super) const CPUSET_PARTITION: Words = words(&["member", "root", "isolated"]);
pub(super) const PRESSURE_WATCH: Words = words(&["auto", "skip"]);
pub(super) const IP_TOS: &[&str] = &["low-delay", "throughput", "reliability", "low-cost"];
pub(super) const NOTIFY_ACCESS: Words = words(&["none", "main", "exec", "all"]);
pub(super) const OOM_POLICY: Words = words(&["continue", "stop", "kill"]);
pub(super) const TIMEOUT_MODE: Words = words(&["terminate", "abort", "kill"]);
pub(super) const KILL_MODE: Words = words(&["control-group", "mixed", "process", "none"]);
pub(super) const PROTECT_SYSTEM: Words = words(&["full", "strict"]);
pub(super) const PROTECT_HOME: Words = words(&["read-only", "tmpfs"]);
pub(super) const PROTECT_PROC: Words = words(&["default", "noaccess", "invisible", "ptraceable"]);
pub(super) const PROC_SUBSET: Words = words(&["all", "pid"]);
pub(super) const DEVICE_POLICY: Words = words(&["auto", "closed", "strict"]);
pub(super) const KEYRING_MODE: Words = words(&["inherit", "private", "shared"]);
pub(super) const PRIVATE_TMP: Words = words(&[]).newer(&[(257, "disconnected")]);
pub(super) const PRIVATE_USERS: Words =
    words(&[]).newer(&[(257, "self"), (257, "identity"), (258, "full"), (260, "managed")]);
pub(super) const PRIVATE_HOSTNAME: Words = words(&[]).newer(&[(258, "private")]);
pub(super) const PROTECT_CGROUPS: Words = words(&[]).newer(&[(257, "private"), (257, "strict")]);
pub(super) const STORE_PRESERVE: Words = words(&["restart"]).newer(&[(261, "on-success")]);
pub(super) const REFRESHED: Words = words(&["extensions", "credentials"]);
pub(super) const DEFER_TRIGGER: Words = words(&["patient"]);
pub(super) const PRESERVE: Words = words(&["restart"]);
pub(super) const ARCHITECTURES: Words = words(&[
    "native",
    "x86",
    "x86-64",
    "alpha",
    "arc",
    "arc-be",
    "arm",
    "arm-be",
    "arm64",
    "arm64-be",
    "cris",
    "ia64",
    "m68k",
    "mips",
    "mips-le",
    "mips64",
    "mips64-le",
    "nios2",
    "parisc",
    "parisc64",
    "ppc",
    "ppc-le",
    "ppc64",
    "ppc64-le",
    "riscv32",
    "riscv64",
    "s390",
    "s390x",
    "sh",
    "sh64",
    "sparc",
    "sparc64",
    "tilegx",
])
.newer(&[(250, "loongarch64")]);
/// Those that a process can be told to live in: all but the machine's own by that name.
pub(super) const PERSONALITY: Words = match ARCHITECTURES.old {
    [_native, old @ ..] => Words { old, newer: ARCHITECTURES.newer },
    [] => ARCHITECTURES,
};
/// `m68k` and `riscv32` are none of 252, and the release notes do not say when they came.
pub(super) const SYSCALL_ARCHITECTURES: Words = words(&[
    "native",
    "x86",
    "x86-64",
    "x32",
    "arm",
    "arm64",
    "mips",
    "mips64",
    "mips64-n32",
    "mips-le",
    "mips64-le",
    "mips64-le-n32",
    "parisc",
    "parisc64",
    "ppc",
    "ppc64",
    "ppc64-le",
    "riscv64",
    "s390",
    "s390x",
])
.newer(&[(253, "m68k"), (253, "riscv32"), (255, "loongarch64")]);
pub(super) const IO_CLASS: Words = words(&["none", "realtime", "best-effort", "idle", "0", "1", "2", "3"]);
pub(super) const CPU_POLICY: Words =
    words(&["other", "batch", "idle", "fifo", "rr", "0", "1", "2", "3", "5", "6", "7"])
        .newer(&[(260, "ext")]);
pub(super) const LOG_LEVEL: Words = words(&[
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "0", "1", "2", "3", "4", "5", "6",
    "7",
]);
pub(super) const LOG_FACILITY: Words = words(&[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7", "0", "1", "2", "3", "4",
    "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22",
    "23",
]);
pub(super) const UTMP_MODE: Words = words(&["init", "login", "user"]);
pub(super) const JOB_MODE: Words = words(&[
    "fail",
    "replace",
    "replace-irreversibly",
    "isolate",
    "flush",
    "ignore-dependencies",
    "ignore-requirements",
    "triggering",
])
.newer(&[(254, "restart-dependencies"), (258, "lenient")]);
pub(super) const EMERGENCY_ACTION: Words = words(&[
    "none",
    "reboot",
    "reboot-force",
    "reboot-immediate",
    "poweroff",
    "poweroff-force",
    "poweroff-immediate",
    "exit",
    "exit-force",
])
.newer(&[
    (254, "soft-reboot"),
    (254, "soft-reboot-force"),
    (254, "kexec"),
    (254, "kexec-force"),
    (254, "halt"),
    (254, "halt-force"),
    (254, "halt-immediate"),
]);
pub(super) const COLLECT_MODE: Words = words(&["inactive", "inactive-or-failed"]);
pub(super) const STDIN: Words = words(&["null", "tty", "tty-force", "tty-fail", "data", "socket", "fd"]);
pub(super) const STDOUT: Words = words(&[
    "inherit",
    "null",
    "tty",
    "journal",
    "kmsg",
    "journal+console",
    "kmsg+console",
    "socket",
    "fd",
    "syslog",
    "syslog+console",
]);
pub(super) const MOUNT_PROPAGATION: Words = words(&["shared", "slave", "private"]);
pub(super) const BIND_IPV6_ONLY: Words = words(&["default", "both", "ipv6-only"]);
pub(super) const TIMESTAMPING: Words = words(&["off", "us", "usec", "µs", "μs", "ns", "nsec"]);
pub(super) const SOCKET_PROTOCOL: Words = words(&["udplite", "sctp"]).newer(&[(257, "mptcp")]);
pub(super) const OOM_PREFERENCE: Words = words(&["none", "avoid", "omit"]);
pub(super) const OOM_MODE: Words = words(&["auto", "kill"]);
pub(super) const NUMA_POLICY: Words = words(&["default", "preferred", "bind", "interleave", "local"])
    .newer(&[(262, "preferred-many"), (262, "weighted-interleave")]);
pub(super) const SECURE_BITS: Words = words(&[
    "keep-caps",
    "keep-caps-locked",
    "no-setuid-fixup",
    "no-setuid-fixup-locked",
    "noroot",
    "noroot-locked",
])
.newer(&[
    (262, "no-cap-ambient-raise"),
    (262, "no-cap-ambient-raise-locked"),
    (262, "exec-restrict-file"),
    (262, "exec-restrict-file-locked"),
    (262, "exec-deny-interactive"),
    (262, "exec-deny-interactive-locked"),
]);
pub(super) const NAMESPACES: Words = words(&["cgroup", "ipc", "net", "mnt", "pid", "user", "uts", "time"]);
pub(super) const CONTROLLERS: Words = words(&[
    "cpu",
    "cpuacct",
    "cpuset",
    "io",
    "blkio",
    "memory",
    "devices",
    "pids",
    "bpf-firewall",
    "bpf-devices",
])
.newer(&[
    (249, "bpf-foreign"),
    (249, "bpf-socket-bind"),
    (250, "bpf-restrict-network-interfaces"),
    (260, "bpf-bind-network-interface"),
]);
pub(super) const SECURITIES: Words =
    words(&["selinux", "apparmor", "tomoyo", "smack", "ima", "audit", "uefi-secureboot"]).newer(&[
        (248, "tpm2"),
        (254, "cvm"),
        (255, "measured-uki"),
        (261, "measured-os"),
    ]);

/// Groups of system calls of `SystemCallFilter=` (`systemd-analyze syscall-filter`).
pub(super) const SYSCALL_GROUPS: Words = words(&[
    "@default",
    "@aio",
    "@basic-io",
    "@chown",
    "@clock",
    "@cpu-emulation",
    "@debug",
    "@file-system",
    "@io-event",
    "@ipc",
    "@keyring",
    "@memlock",
    "@module",
    "@mount",
    "@network-io",
    "@obsolete",
    "@pkey",
    "@privileged",
    "@process",
    "@raw-io",
    "@reboot",
    "@resources",
    "@setuid",
    "@signal",
    "@swap",
    "@sync",
    "@system-service",
    "@timer",
])
.newer(&[(247, "@known"), (254, "@sandbox")]);

/// What `ConditionVirtualization=` tells apart (systemd-detect-virt(1)).
pub(super) const VIRTUALIZATIONS: Words = words(&[
    "vm",
    "container",
    "private-users",
    "none",
    "qemu",
    "kvm",
    "zvm",
    "vmware",
    "microsoft",
    "oracle",
    "xen",
    "bochs",
    "uml",
    "bhyve",
    "qnx",
    "sre",
    "google",
    "parallels",
    "vm-other",
    "openvz",
    "lxc",
    "lxc-libvirt",
    "systemd-nspawn",
    "docker",
    "podman",
    "rkt",
    "wsl",
    "proot",
    "acrn",
    "container-other",
])
.newer(&[(247, "powervm"), (247, "pouch"), (249, "amazon"), (252, "apple")]);

/// Groups of file systems of `RestrictFileSystems=` (`systemd-analyze filesystems`).
pub(super) const FILE_SYSTEM_GROUPS: &[&str] = &[
    "@basic-api",
    "@anonymous",
    "@application",
    "@auxiliary-api",
    "@common-block",
    "@historical-block",
    "@network",
    "@privileged-api",
    "@security",
    "@temporary",
    "@known",
];

/// Partitions of an image (Discoverable Partitions Specification).
pub(super) const PARTITIONS: &[&str] = &[
    "root",
    "usr",
    "home",
    "srv",
    "esp",
    "xbootldr",
    "swap",
    "root-verity",
    "usr-verity",
    "root-verity-sig",
    "usr-verity-sig",
    "tmp",
    "var",
];

/// Names of exit codes (`systemd-analyze exit-status`).
pub(super) const EXIT_STATUSES: &[&str] = &[
    "SUCCESS",
    "FAILURE",
    "INVALIDARGUMENT",
    "NOTIMPLEMENTED",
    "NOPERMISSION",
    "NOTINSTALLED",
    "NOTCONFIGURED",
    "NOTRUNNING",
    "USAGE",
    "DATAERR",
    "NOINPUT",
    "NOUSER",
    "NOHOST",
    "UNAVAILABLE",
    "SOFTWARE",
    "OSERR",
    "OSFILE",
    "CANTCREAT",
    "IOERR",
    "TEMPFAIL",
    "PROTOCOL",
    "NOPERM",
    "CONFIG",
    "CHDIR",
    "NICE",
    "FDS",
    "EXEC",
    "MEMORY",
    "LIMITS",
    "OOM_ADJUST",
    "SIGNAL_MASK",
    "STDIN",
    "STDOUT",
    "CHROOT",
    "IOPRIO",
    "TIMERSLACK",
    "SECUREBITS",
    "SETSCHEDULER",
    "CPUAFFINITY",
    "GROUP",
    "USER",
    "CAPABILITIES",
    "CGROUP",
    "SETSID",
    "CONFIRM",
    "STDERR",
    "PAM",
    "NETWORK",
    "NAMESPACE",
    "NO_NEW_PRIVILEGES",
    "SECCOMP",
    "SELINUX_CONTEXT",
    "PERSONALITY",
    "APPARMOR",
    "ADDRESS_FAMILIES",
    "RUNTIME_DIRECTORY",
    "CHOWN",
    "SMACK_PROCESS_LABEL",
    "KEYRING",
    "STATE_DIRECTORY",
    "CACHE_DIRECTORY",
    "LOGS_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "NUMA_POLICY",
    "CREDENTIALS",
    "BPF",
    "EXCEPTION",
];
