//! Words that directives take, as systemd 252's tables have them.

pub(super) const SERVICE_TYPE: &[&str] =
    &["simple", "exec", "forking", "oneshot", "dbus", "notify", "idle", "notify-reload"];
pub(super) const EXIT_TYPE: &[&str] = &["main", "cgroup"];
pub(super) const RESTART: &[&str] =
    &["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"];
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
pub(super) const PERSONALITY: &[&str] =
    &["x86-64", "x86", "arm64", "arm", "ppc64-le", "ppc64", "ppc", "s390x", "s390"];
pub(super) const ARCHITECTURES: &[&str] = &[
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
pub(super) const CPU_POLICY: &[&str] = &["other", "batch", "idle", "fifo", "rr"];
pub(super) const LOG_LEVEL: &[&str] = &[
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "0", "1", "2", "3", "4", "5", "6",
    "7",
];
pub(super) const LOG_FACILITY: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
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
pub(super) const SOCKET_PROTOCOL: &[&str] = &["udplite", "sctp"];
pub(super) const OOM_PREFERENCE: &[&str] = &["none", "avoid", "omit"];
pub(super) const OOM_MODE: &[&str] = &["auto", "kill"];
pub(super) const NUMA_POLICY: &[&str] = &["default", "preferred", "bind", "interleave", "local"];
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
pub(super) const SECURITY: &[&str] =
    &["selinux", "apparmor", "tomoyo", "smack", "ima", "audit", "uefi-secureboot", "tpm2", "cvm"];

/// Names of capabilities (capabilities(7)), without the `CAP_`.
pub const CAPABILITIES: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// Names of signals (signal(7)), without the `SIG`; real-time signals are `RTMIN+N` and `RTMAX-N`.
pub const SIGNALS: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// Address families of `RestrictAddressFamilies=` (address_families(7)).
pub(super) const ADDRESS_FAMILIES: &[&str] = &[
    "AF_UNIX",
    "AF_LOCAL",
    "AF_INET",
    "AF_AX25",
    "AF_IPX",
    "AF_APPLETALK",
    "AF_NETROM",
    "AF_BRIDGE",
    "AF_ATMPVC",
    "AF_X25",
    "AF_INET6",
    "AF_ROSE",
    "AF_NETBEUI",
    "AF_SECURITY",
    "AF_KEY",
    "AF_NETLINK",
    "AF_PACKET",
    "AF_ECONET",
    "AF_ATMSVC",
    "AF_RDS",
    "AF_IRDA",
    "AF_PPPOX",
    "AF_WANPIPE",
    "AF_LLC",
    "AF_IB",
    "AF_MPLS",
    "AF_CAN",
    "AF_TIPC",
    "AF_BLUETOOTH",
    "AF_IUCV",
    "AF_RXRPC",
    "AF_ISDN",
    "AF_PHONET",
    "AF_IEEE802154",
    "AF_CAIF",
    "AF_ALG",
    "AF_NFC",
    "AF_VSOCK",
    "AF_KCM",
    "AF_QIPCRTR",
    "AF_SMC",
    "AF_XDP",
    "AF_MCTP",
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
