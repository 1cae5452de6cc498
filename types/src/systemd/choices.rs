//! Words that directives take: those of systemd 252, and what later releases added to them.

pub(super) const SERVICE_TYPE: &[&str] =
    &["simple", "exec", "forking", "oneshot", "dbus", "notify", "idle", "notify-reload"];
pub(super) const EXIT_TYPE: &[&str] = &["main", "cgroup"];
pub(super) const RESTART: &[&str] =
    &["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"];
pub(super) const RESTART_MODE: &[&str] = &["normal", "direct", "debug"];
pub(super) const MEMORY_THP: &[&str] = &["inherit", "disable", "madvise", "system"];
pub(super) const CPUSET_PARTITION: &[&str] = &["member", "root", "isolated"];
pub(super) const PRESSURE_WATCH: &[&str] = &["auto", "skip"];
pub(super) const IP_TOS: &[&str] = &["low-delay", "throughput", "reliability", "low-cost"];
pub(super) const NOTIFY_ACCESS: &[&str] = &["none", "main", "exec", "all"];
pub(super) const OOM_POLICY: &[&str] = &["continue", "stop", "kill"];
pub(super) const TIMEOUT_MODE: &[&str] = &["terminate", "abort", "kill"];
pub(super) const KILL_MODE: &[&str] = &["control-group", "mixed", "process", "none"];
pub(super) const PROTECT_SYSTEM: &[&str] = &["full", "strict"];
pub(super) const PROTECT_HOME: &[&str] = &["read-only", "tmpfs"];
pub(super) const PROTECT_PROC: &[&str] = &["default", "noaccess", "invisible", "ptraceable"];
pub(super) const PROC_SUBSET: &[&str] = &["all", "pid"];
pub(super) const DEVICE_POLICY: &[&str] = &["auto", "closed", "strict"];
pub(super) const KEYRING_MODE: &[&str] = &["inherit", "private", "shared"];
pub(super) const PRESERVE: &[&str] = &["restart"];
pub(super) const ARCHITECTURES: &[&str] = &[
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
    "loongarch64",
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
];
/// Those that a process can be told to live in: all but the machine's own by that name.
pub(super) const PERSONALITY: &[&str] = match ARCHITECTURES {
    [_native, others @ ..] => others,
    [] => &[],
};
pub(super) const SYSCALL_ARCHITECTURES: &[&str] = &[
    "native",
    "x86",
    "x86-64",
    "x32",
    "arm",
    "arm64",
    "loongarch64",
    "m68k",
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
    "riscv32",
    "riscv64",
    "s390",
    "s390x",
];
pub(super) const IO_CLASS: &[&str] = &["none", "realtime", "best-effort", "idle", "0", "1", "2", "3"];
pub(super) const CPU_POLICY: &[&str] =
    &["other", "batch", "idle", "fifo", "rr", "ext", "0", "1", "2", "3", "5", "6", "7"];
pub(super) const LOG_LEVEL: &[&str] = &[
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "0", "1", "2", "3", "4", "5", "6",
    "7",
];
pub(super) const LOG_FACILITY: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7", "0", "1", "2", "3", "4",
    "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22",
    "23",
];
pub(super) const UTMP_MODE: &[&str] = &["init", "login", "user"];
pub(super) const JOB_MODE: &[&str] = &[
    "fail",
    "replace",
    "replace-irreversibly",
    "isolate",
    "flush",
    "ignore-dependencies",
    "ignore-requirements",
    "triggering",
    "restart-dependencies",
    "lenient",
];
pub(super) const EMERGENCY_ACTION: &[&str] = &[
    "none",
    "reboot",
    "reboot-force",
    "reboot-immediate",
    "poweroff",
    "poweroff-force",
    "poweroff-immediate",
    "exit",
    "exit-force",
    "soft-reboot",
    "soft-reboot-force",
    "kexec",
    "kexec-force",
    "halt",
    "halt-force",
    "halt-immediate",
];
pub(super) const COLLECT_MODE: &[&str] = &["inactive", "inactive-or-failed"];
pub(super) const STDIN: &[&str] = &["null", "tty", "tty-force", "tty-fail", "data", "socket", "fd"];
pub(super) const STDOUT: &[&str] = &[
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
];
pub(super) const MOUNT_PROPAGATION: &[&str] = &["shared", "slave", "private"];
pub(super) const BIND_IPV6_ONLY: &[&str] = &["default", "both", "ipv6-only"];
pub(super) const TIMESTAMPING: &[&str] = &["off", "us", "usec", "µs", "μs", "ns", "nsec"];
pub(super) const SOCKET_PROTOCOL: &[&str] = &["udplite", "sctp", "mptcp"];
pub(super) const OOM_PREFERENCE: &[&str] = &["none", "avoid", "omit"];
pub(super) const OOM_MODE: &[&str] = &["auto", "kill"];
pub(super) const NUMA_POLICY: &[&str] =
    &["default", "preferred", "bind", "interleave", "local", "preferred-many", "weighted-interleave"];
pub(super) const SECURE_BITS: &[&str] = &[
    "keep-caps",
    "keep-caps-locked",
    "no-setuid-fixup",
    "no-setuid-fixup-locked",
    "noroot",
    "noroot-locked",
];
pub(super) const NAMESPACES: &[&str] = &["cgroup", "ipc", "net", "mnt", "pid", "user", "uts"];
pub(super) const CONTROLLERS: &[&str] = &[
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
    "bpf-foreign",
    "bpf-socket-bind",
    "bpf-restrict-network-interfaces",
];
pub(super) const SECURITIES: &[&str] = &[
    "selinux",
    "apparmor",
    "tomoyo",
    "smack",
    "ima",
    "audit",
    "uefi-secureboot",
    "tpm2",
    "cvm",
    "measured-uki",
    "measured-os",
];

/// Groups of system calls of `SystemCallFilter=` (`systemd-analyze syscall-filter`).
pub(super) const SYSCALL_GROUPS: &[&str] = &[
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
    "@sandbox",
    "@setuid",
    "@signal",
    "@swap",
    "@sync",
    "@system-service",
    "@timer",
    "@known",
];

/// What `ConditionVirtualization=` tells apart (systemd-detect-virt(1)).
pub(super) const VIRTUALIZATIONS: &[&str] = &[
    "vm",
    "container",
    "private-users",
    "none",
    "qemu",
    "kvm",
    "amazon",
    "zvm",
    "vmware",
    "microsoft",
    "oracle",
    "powervm",
    "xen",
    "bochs",
    "uml",
    "bhyve",
    "qnx",
    "apple",
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
    "pouch",
    "acrn",
    "container-other",
];

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
