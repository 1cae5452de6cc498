//! Promises of the unit model, the encoders and the table of directives.

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

#[test]
fn a_foreign_unit_prints_byte_for_byte() {
    let texts = [
        "",
        "[Unit]\nDescription=x\n",
        "# first\n\n[Unit]\n Description = a b  \nAfter=a.service \\\n# in between\n  b.service\n\n; other\n[X-Mine]\nFoo=\n[Service]\nExecStart=/bin/a \\\\\nType=simple",
        "\n\n[Unit]\r\nDescription=dos\r\n",
        "[A]\nx=1\\",
        "[A]\nx=1\\\n",
        "[A]\n\n\n",
    ];
    for text in texts {
        let unit = Unit::parse(text).unwrap();
        assert_eq!(unit.print(), text);
        assert_eq!(Unit::parse(&unit.print()).unwrap(), unit);
    }
}

#[test]
fn continuations_comments_and_the_first_equals_sign_are_systemds() {
    let text = "# head\n[Unit]\nAfter=a.service\\\n  # skipped, the value goes on\nb.service = c\nX=1\n";
    let unit = Unit::parse(text).unwrap();
    let entries: Vec<_> = unit.entries().map(|e| (e.section, e.key, e.value, e.line)).collect();
    assert_eq!(entries, [("Unit", "After", "a.service b.service = c", 3), ("Unit", "X", "1", 6)]);
}

#[test]
fn what_systemd_would_skip_is_refused() {
    let cases = [
        ("[Unit]\nDescription\n", 2, "the line has no '='"),
        ("A=b\n[Unit]\n", 1, "the assignment stands before any section"),
        ("[Unit\n", 1, "the section header has no closing bracket"),
        ("[]\n", 1, "the section has no proper name"),
        ("[Unit]\n=x\n", 2, "there is no key before the '='"),
        ("[Unit]\na=\0\n", 2, "the line holds a NUL character"),
    ];
    for (text, line, problem) in cases {
        assert_eq!(Unit::parse(text).unwrap_err(), UnitError { line, problem }, "{text:?}");
    }
}

#[test]
fn assignments_are_added_at_the_end_of_their_section() {
    let mut unit = Unit::parse("[Unit]\nA=1\n\n[Install]\nWantedBy=x.target\n").unwrap();
    unit.push("Unit", "B", "2").unwrap();
    unit.push("Service", "C", " 3 ").unwrap();
    assert_eq!(unit.print(), "[Unit]\nA=1\nB=2\n\n[Install]\nWantedBy=x.target\n\n[Service]\nC=3\n");
    for bad in ["a\nb", "a\0", "a\rb", "a\\"] {
        assert!(unit.push("Unit", "B", bad).is_err(), "{bad:?}");
    }
    assert!(unit.push("Unit", "B", "a\\\\").is_ok());
}

fn check(section: Section, assignment: &str) -> Result<(), BadValue> {
    let (key, value) = assignment.split_once('=').unwrap();
    directive(section, key).unwrap().check(value)
}

#[test]
fn good_values_pass() {
    let service = "Type=notify|Restart=on-failure|RestartSec=100ms|TimeoutStopSec=1min 30s|TimeoutStartSec=infinity|\
        RestartSec=5|RestartSec=1.5h|RestartSec=5min5|ExecStart=/bin/true|ExecStart=-/bin/sh -c 'a b' \"c\"|\
        ExecStart=@/usr/bin/x y z ; /bin/b|ExecStart=!!/bin/x $FOO ${BAR} %i %% $$|ExecStart=|ExecStart=/bin/x \\;|\
        ExecReload=/bin/kill -HUP $MAINPID|User=www-data|User=33|User=%i|LimitNOFILE=65536|LimitNOFILE=1024:infinity|\
        LimitCORE=infinity|LimitMEMLOCK=64M|LimitCPU=10min|LimitNICE=-5|LimitRTTIME=200ms|MemoryMax=1.5G|MemoryMax=80%|\
        MemoryMax=2G500M|TasksMax=10%|TasksMax=infinity|CPUQuota=250%|CPUWeight=idle|CPUWeight=100|Nice=-20|\
        OOMScoreAdjust=-900|UMask=0027|KillSignal=SIGRTMIN+3|KillSignal=TERM|KillSignal=9|KillMode=mixed|\
        ProtectSystem=strict|ProtectSystem=yes|ProtectHome=read-only|PrivateTmp=TRUE|NoNewPrivileges=on|\
        Environment=A=b \"B=c d\" 'C=%t'|EnvironmentFile=-/etc/default/x|CapabilityBoundingSet=~CAP_SYS_ADMIN cap_net_raw|\
        CapabilityBoundingSet=|AmbientCapabilities=CAP_NET_BIND_SERVICE|RestrictAddressFamilies=AF_INET AF_INET6|\
        RestrictAddressFamilies=none|RestrictNamespaces=~user|RestrictNamespaces=yes|SystemCallFilter=@system-service ptrace|\
        SystemCallFilter=~@mount:EPERM|SystemCallArchitectures=native|ReadWritePaths=-/var/lib/x \"/a b\" +/y|BindPaths=/a:/b:rbind|\
        RuntimeDirectory=api api/sub|StateDirectory=%p|WorkingDirectory=~|WorkingDirectory=-/srv|StandardOutput=append:/var/log/x|\
        StandardOutput=journal|SuccessExitStatus=0 143 SIGKILL TEMPFAIL|IPAddressDeny=any|IPAddressAllow=10.0.0.0/8 localhost ::1|\
        CPUAffinity=0-3,7|Slice=system-%p.slice|WatchdogSec=0|Delegate=yes|RestartSteps=4|IOReadBandwidthMax=/dev/sda 1M";
    for case in service.split('|') {
        assert_eq!(check(Section::Service, case), Ok(()), "{case}");
    }
    let others = [
        (Section::Unit, "After=network.target a@b.service"),
        (Section::Unit, "Requires=dev-sda1.device system-foo\\x2dbar.slice"),
        (Section::Unit, "Documentation=man:nginx(8) https://nginx.org/"),
        (Section::Unit, "ConditionPathExists=|!/etc/x"),
        (Section::Unit, "Description="),
        (Section::Install, "WantedBy=multi-user.target"),
        (Section::Install, "Also=x@.service"),
        (Section::Socket, "ListenStream=80"),
        (Section::Socket, "ListenStream=[::1]:80"),
        (Section::Socket, "ListenStream=127.0.0.1:80"),
        (Section::Socket, "ListenStream=/run/x.sock"),
        (Section::Socket, "ListenStream=@abstract"),
        (Section::Socket, "ListenStream=%t/x"),
        (Section::Socket, "ReceiveBuffer=4M"),
        (Section::Timer, "OnCalendar=daily"),
        (Section::Timer, "OnCalendar=Mon..Fri 02:30"),
        (Section::Timer, "OnCalendar=*-*-* 00/2:00:00"),
        (Section::Timer, "OnCalendar=Sat,Sun 2026-12-24..26 10:00:30.5 Europe/Berlin"),
        (Section::Timer, "OnCalendar=*-*~1 03:00 UTC"),
        (Section::Timer, "OnCalendar=02:00 CET"),
        (Section::Timer, "OnCalendar=Mon..Fri utc"),
        (Section::Service, "ReadOnlyPaths=-+/x"),
        (Section::Service, "StateDirectory=api:link:ro b::ro"),
        (Section::Service, "RestartSec=1s.5s"),
        (Section::Timer, "OnCalendar=*:0/15"),
        (Section::Timer, "OnUnitActiveSec=1M"),
        (Section::Timer, "Unit=x.service"),
        (Section::Service, "MemoryMin=0"),
        (Section::Service, "MemoryMax=50%"),
        (Section::Service, "MemoryMax=infinity"),
        (Section::Service, "CPUQuota=250.5%"),
        (Section::Service, "CPUAffinity=numa"),
        (Section::Service, "CPUAffinity=0-3,5 7"),
        (Section::Service, "NUMAMask=all"),
        (Section::Service, "AllowedCPUs=0-1"),
        (Section::Service, "IOReadBandwidthMax=/dev/disk/by-label/x 1.5M"),
        (Section::Service, "IOWriteIOPSMax=/dev/sda infinity"),
        (Section::Service, "IODeviceWeight=/dev/sda 200"),
        (Section::Service, "IODeviceLatencyTargetSec=/dev/sda 25ms"),
        (Section::Service, "DeviceAllow=/dev/null rw"),
        (Section::Service, "DeviceAllow=char-pts"),
        (Section::Service, "DeviceAllow=char-cpu/* r"),
        (Section::Service, "DeviceAllow="),
        (Section::Service, "BPFProgram=sendmsg6:/sys/fs/bpf/x"),
        (Section::Service, "SocketBindAllow=ipv6:tcp:10000-65535"),
        (Section::Service, "SocketBindAllow=udp"),
        (Section::Service, "SocketBindDeny=any"),
        (Section::Service, "RestrictNetworkInterfaces=~eth0 wg0.1"),
        (Section::Service, "RestrictFileSystems=~@network ext4"),
        (Section::Service, "Delegate=cpu cpuset io"),
        (Section::Service, "Delegate=yes"),
        (Section::Service, "Delegate="),
        (Section::Service, "SecureBits=keep-caps noroot-locked"),
        (Section::Service, "SyslogFacility=local7"),
        (Section::Service, "Personality=x86"),
        (Section::Service, "SystemCallErrorNumber=EPERM"),
        (Section::Service, "SystemCallErrorNumber=kill"),
        (Section::Service, "SystemCallFilter=~uname:EILSEQ @clock:EPERM ptrace:38"),
        (Section::Service, "CoredumpFilter=default private-huge 0x33 7f"),
        (Section::Service, "TimerSlackNSec=500"),
        (Section::Service, "TimerSlackNSec=50ms 3ns"),
        (Section::Service, "LoadCredential=key"),
        (Section::Service, "LoadCredential=key:/etc/key"),
        (Section::Service, "LoadCredential=key:other"),
        (Section::Service, "LoadCredentialEncrypted=%n.key:%S/x.cred"),
        (Section::Service, "ImportCredential=tls.*:web."),
        (Section::Service, "SetCredential=a:b\\x00\\n:c"),
        (Section::Service, "SetCredentialEncrypted=a:aGVsbG8gd29ybGQ="),
        (Section::Service, "StandardInputText=a\\tb %i"),
        (Section::Service, "StandardInputData=SGVsbG8 gV29ybGQ="),
        (Section::Service, "LogExtraFields=UNIT_KIND=x \"A1=b c\""),
        (Section::Service, "BusName=org.example.Api-1"),
        (Section::Service, "PIDFile=api/pid"),
        (Section::Service, "RootHash=0123456789abcdef0123456789abcdef"),
        (Section::Service, "RootHashSignature=base64:aGVsbG8h"),
        (Section::Service, "RootImageOptions=ro,dev"),
        (Section::Service, "RootImageOptions=root:ro usr:nosuid"),
        (Section::Service, "MountImages=-/a.raw:/mnt:root:ro:home:nodev"),
        (Section::Service, "ExtensionImages=/a.raw:ro /b\\:c.raw"),
        (Section::Service, "TemporaryFileSystem=/var:ro,size=10% /tmp"),
        (Section::Service, "BindPaths=-/a:/b:rbind /c"),
        (Section::Service, "BindReadOnlyPaths=/a\\:b:/c"),
        (Section::Service, "ExecSearchPath=/usr/bin:/opt/%i"),
        (Section::Service, "OpenFile=/etc/x:key:read-only,graceful"),
        (Section::Service, "RootImagePolicy=root=verity+signed:usr=absent:=ignore"),
        (Section::Service, "NFTSet=cgroup:inet:filter:a user:ip6:t:b"),
        (Section::Service, "ProtectHostname=private:web.example.org"),
        (Section::Service, "StateDirectoryQuota=50%"),
        (Section::Service, "RefreshOnReload=~credentials"),
        (Section::Service, "MemoryPressureWatch=skip"),
        (Section::Service, "BPFDelegateCommands=BPFMapCreate,BPFProgLoad"),
        (Section::Scope, "OOMPolicy=kill"),
        (Section::Socket, "FileDescriptorName=http"),
        (Section::Socket, "ListenNetlink=kobject-uevent 1"),
        (Section::Socket, "ListenMessageQueue=/queue"),
        (Section::Socket, "IPTOS=low-delay"),
        (Section::Socket, "IPTOS=0x10"),
        (Section::Socket, "Mark=-1"),
        (Section::Socket, "BindToDevice=vrf-mgmt"),
        (Section::Mount, "Options=size=50%,mode=1777,uid=%U"),
        (Section::Swap, "Priority=100"),
        (Section::Swap, "Options=discard=once,pri=5"),
        (Section::Slice, "ConcurrencySoftMax=infinity"),
        (Section::Unit, "ConditionFirmware=smbios-field(board_name = \"Custom Board\")"),
        (Section::Unit, "ConditionFirmware=!uefi"),
        (Section::Unit, "ConditionVirtualization=!container"),
        (Section::Unit, "ConditionMemory=>=2G"),
        (Section::Unit, "ConditionCPUs=4"),
        (Section::Unit, "ConditionCPUPressure=user-%i.slice:50%/1min"),
        (Section::Unit, "ConditionMemoryPressure=10%"),
        (Section::Unit, "ConditionFraction=canary 0.5%"),
        (Section::Unit, "ConditionUser=@system"),
        (Section::Unit, "ConditionNeedsUpdate=|!/etc"),
        (Section::Unit, "FailureAction=soft-reboot"),
        (Section::Path, "PathChanged=/etc/x"),
    ];
    for (section, case) in others {
        assert_eq!(check(section, case), Ok(()), "{case}");
    }
}

#[test]
fn bad_values_say_what_is_wrong_and_what_to_write() {
    let cases = [
        (Section::Service, "Type=notfy"),
        (Section::Service, "Type="),
        (Section::Service, "Restart=true"),
        (Section::Service, "RestartSec=5M"),
        (Section::Service, "TimeoutStopSec=inf"),
        (Section::Service, "TimeoutStopSec=5S"),
        (Section::Service, "TimeoutStopSec=-1"),
        (Section::Service, "TimeoutStopSec=soon"),
        (Section::Service, "RestartSec="),
        (Section::Service, "ExecStart=bin/api"),
        (Section::Service, "ExecStart=/bin/api \"a"),
        (Section::Service, "ExecStart=/bin/api \\q"),
        (Section::Service, "ExecStart=/bin/api 100%"),
        (Section::Service, "ExecStart=/bin/api %z"),
        (Section::Service, "ExecStart=$HOME/api"),
        (Section::Service, "ExecStart=@/bin/api"),
        (Section::Service, "ExecStart=; /bin/api"),
        (Section::Service, "MemoryMax=10k"),
        (Section::Service, "MemoryMax=10KB"),
        (Section::Service, "MemoryMax=10X"),
        (Section::Service, "MemoryMax=inf"),
        (Section::Service, "LimitNOFILE=64K"),
        (Section::Service, "LimitNOFILE=unlimited"),
        (Section::Service, "LimitNOFILE=2000:1000"),
        (Section::Service, "Nice=20"),
        (Section::Service, "OOMScoreAdjust=-2000"),
        (Section::Service, "CPUWeight=0"),
        (Section::Service, "CPUQuota=50"),
        (Section::Service, "TasksMax=many"),
        (Section::Service, "UMask=0o27"),
        (Section::Service, "KillSignal=sigterm"),
        (Section::Service, "KillSignal=SIGTREM"),
        (Section::Service, "PrivateTmp=ture"),
        (Section::Service, "NoNewPrivileges="),
        (Section::Service, "ProtectSystem=strickt"),
        (Section::Service, "Environment=A=b c"),
        (Section::Service, "Environment=1A=b"),
        (Section::Service, "EnvironmentFile=etc/x"),
        (Section::Service, "CapabilityBoundingSet=CAP_NET_BIND_SERVCE"),
        (Section::Service, "RestrictAddressFamilies=INET"),
        (Section::Service, "SystemCallFilter=@system-services"),
        (Section::Service, "ReadWritePaths=var/lib"),
        (Section::Service, "RuntimeDirectory=/run/api"),
        (Section::Service, "StandardOutput=file"),
        (Section::Service, "User=a b"),
        (Section::Service, "IPAddressAllow=10.0.0.0/40"),
        (Section::Unit, "After=network"),
        (Section::Unit, "After=a.service,b.service"),
        (Section::Unit, "After=x.servce"),
        (Section::Unit, "After="),
        (Section::Unit, "Wants=getty@.service"),
        (Section::Unit, "Documentation=nginx(8)"),
        (Section::Unit, "ConditionPathExists=!etc"),
        (Section::Install, "WantedBy=multi-user"),
        (Section::Socket, "ListenStream=70000"),
        (Section::Socket, "ListenStream=localhost:80"),
        (Section::Socket, "SocketMode=rw"),
        (Section::Timer, "OnCalendar=dayly"),
        (Section::Timer, "OnCalendar=25:00"),
        (Section::Timer, "OnCalendar=*-13-01"),
        (Section::Timer, "OnCalendar=Mon 02:30 03:30"),
        (Section::Timer, "AccuracySec=1M"),
        (Section::Service, "MemoryMax=0"),
        (Section::Service, "MemoryHigh=120%"),
        (Section::Service, "CPUQuota=0%"),
        (Section::Service, "ManagedOOMMemoryPressureLimit=95.888%"),
        (Section::Service, "CPUAffinity=3-1"),
        (Section::Service, "NUMAMask=numa"),
        (Section::Service, "IOReadBandwidthMax=100M"),
        (Section::Service, "IOReadBandwidthMax=/dev/sda 100m"),
        (Section::Service, "IODeviceWeight=/dev/sda 0"),
        (Section::Service, "IODeviceLatencyTargetSec=/dev/sda 5M"),
        (Section::Service, "DeviceAllow=kvm rw"),
        (Section::Service, "DeviceAllow=/dev/kvm rwx"),
        (Section::Service, "BPFProgram=egres:/sys/fs/bpf/x"),
        (Section::Service, "SocketBindAllow=tcp:0"),
        (Section::Service, "SocketBindDeny=http:80"),
        (Section::Service, "RestrictNetworkInterfaces=eth0 eth/1"),
        (Section::Service, "RestrictFileSystems=@comon-block"),
        (Section::Service, "Delegate=cpus"),
        (Section::Service, "SecureBits=keep-cap"),
        (Section::Service, "SyslogFacility=deamon"),
        (Section::Service, "Personality=x64"),
        (Section::Service, "SystemCallErrorNumber=EPREM"),
        (Section::Service, "SystemCallFilter=uname:EPREM"),
        (Section::Service, "CoredumpFilter=private"),
        (Section::Service, "TimerSlackNSec=5x"),
        (Section::Service, "LoadCredential=key:etc/key"),
        (Section::Service, "LoadCredential=a/b"),
        (Section::Service, "SystemCallFilter=opne"),
        (Section::Service, "SuccessExitStatus=TEMPFIAL"),
        (Section::Service, "PassEnvironment=A=b"),
        (Section::Service, "Sockets=api.service"),
        (Section::Service, "LogNamespace=a b"),
        (Section::Service, "LimitNICE=infinity"),
        (Section::Service, "ConfigurationDirectory=api:link"),
        (Section::Socket, "ListenSequentialPacket=80"),
        (Section::Socket, "BindToDevice=averylonginterface"),
        (Section::Socket, "Service=api@.service"),
        (Section::Socket, "Symlinks=-/run/x"),
        (Section::Swap, "What=swapfile"),
        (Section::Service, "SetCredential=mode"),
        (Section::Service, "SetCredentialEncrypted=mode:not base64"),
        (Section::Service, "StandardInputData=not-base64"),
        (Section::Service, "StandardInputText=a \\q"),
        (Section::Service, "LogExtraFields=unit=x"),
        (Section::Service, "BusName=example"),
        (Section::Service, "RootHash=abc"),
        (Section::Service, "RootImageOptions=boot:ro"),
        (Section::Service, "MountImages=/a.raw"),
        (Section::Service, "ExtensionImages=a.raw"),
        (Section::Service, "TemporaryFileSystem=var:ro"),
        (Section::Service, "BindPaths=/a:/b:ro"),
        (Section::Service, "ExecSearchPath=/usr/bin:bin"),
        (Section::Service, "OpenFile=/etc/x::append,truncate"),
        (Section::Service, "RootImagePolicy=root=verify"),
        (Section::Service, "NFTSet=cgroup:inet:filter"),
        (Section::Service, "ProtectHostname=private:a b"),
        (Section::Service, "OOMPolicy=restart"),
        (Section::Socket, "FileDescriptorName=a:b"),
        (Section::Socket, "ListenNetlink=adit"),
        (Section::Socket, "ListenMessageQueue=queue"),
        (Section::Socket, "IPTOS=fast"),
        (Section::Socket, "Backlog=many"),
        (Section::Mount, "Options=LABEL=x%z"),
        (Section::Swap, "Priority=-2"),
        (Section::Slice, "ConcurrencyHardMax=inf"),
        (Section::Unit, "ConditionFirmware=bios"),
        (Section::Unit, "ConditionFirmware=smbios-field(board)"),
        (Section::Unit, "ConditionVirtualization=quemu"),
        (Section::Unit, "ConditionMemory=>=2g"),
        (Section::Unit, "ConditionCPUs=>many"),
        (Section::Unit, "ConditionMemoryPressure=user:50%"),
        (Section::Unit, "ConditionFraction=all"),
        (Section::Unit, "ConditionUser=@users"),
        (Section::Unit, "FailureAction=halt-now"),
        (Section::Unit, "OnFailureJobMode=replaced"),
        (Section::Service, "TimeoutStopSec=1.5.2s"),
        (Section::Service, "TimeoutStopSec=5.s"),
        (Section::Service, "ReadOnlyPaths=+-/x"),
        (Section::Service, "ReadOnlyPaths=--/x"),
        (Section::Service, "StateDirectory=api:link:rw"),
        (Section::Service, "BindPaths=/a:/b:idmap"),
        (Section::Service, "Slice=batch"),
        (Section::Timer, "OnCalendar=daily Europe/Berlinn"),
        (Section::Timer, "OnCalendar=02:00 berlin"),
        (Section::Timer, "OnCalendar=02:00 PST"),
        (Section::Timer, "OnCalendar=02:00 Mars/Phobos"),
    ];
    let mut shown = String::new();
    for (section, case) in cases {
        let bad = check(section, case).expect_err(case);
        writeln!(shown, "{case}\n    {bad}").unwrap();
        if let Some(help) = bad.help {
            writeln!(shown, "    help: {help}").unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

/// Texts that break parsers: quotes, escapes, specifiers, variables, separators, controls, wide characters.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "%",
        "%%",
        "%i",
        "$",
        "$$",
        "$HOME",
        "${X}",
        "\\",
        "\\\\",
        "\\n",
        "\"",
        "'",
        " ",
        "\t",
        ";",
        "\\;",
        "#",
        "=",
        "[",
        "]",
        "-",
        "@",
        ":",
        "+",
        "!",
        "a",
        "Z",
        "0",
        "ä",
        "\u{1F600}",
        "\u{a0}",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{feff}",
        "/",
        "x y",
        "--port",
        "\u{2028}",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_arguments_come_back_as_they_were(arguments in prop::collection::vec(hostile(), 1..4)) {
        let mut argv = vec!["/usr/bin/a%b c".to_owned()];
        argv.extend(arguments);
        let line = encode_argv(&argv).unwrap();
        let mut unit = Unit::new();
        unit.push("Service", "ExecStart", &line).unwrap();
        let read = Unit::parse(&unit.print()).unwrap();
        let commands = Command::parse_line(read.last("Service", "ExecStart").unwrap()).unwrap();
        prop_assert_eq!(commands.len(), 1);
        prop_assert_eq!(commands[0].prefixes, Prefixes::default());
        prop_assert_eq!(commands[0].literal_argv(), Some(argv));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_texts_come_back_or_are_refused(text in hostile()) {
        if let Ok(encoded) = encode_text(&text) {
            let mut unit = Unit::new();
            unit.push("Unit", "Description", &encoded).unwrap();
            let read = Unit::parse(&unit.print()).unwrap();
            prop_assert_eq!(read.last("Unit", "Description").unwrap().replace("%%", "%"), text);
        }
    }

    #[test]
    fn what_was_pushed_is_what_is_parsed(
        entries in prop::collection::vec(("[A-Z][a-z]{1,3}", "[A-Z][A-Za-z]{0,5}", hostile()), 0..12),
    ) {
        let mut unit = Unit::new();
        for (section, key, value) in &entries {
            let _ = unit.push(section, key, value);
        }
        prop_assert_eq!(Unit::parse(&unit.print()).unwrap(), unit);
    }

    #[test]
    fn whatever_parses_prints_the_same(text in "([\\[\\]=# ;\\\\\n\ta-c]|\\[A\\]\n|\\\\\n){0,40}") {
        if let Ok(unit) = Unit::parse(&text) {
            prop_assert_eq!(unit.print(), text.clone());
            prop_assert_eq!(Unit::parse(&unit.print()).unwrap(), unit);
        }
    }

    #[test]
    fn no_value_makes_a_checker_panic(text in hostile(), index in 0..DIRECTIVES.len()) {
        let _ = DIRECTIVES[index].check(&text);
    }
}

#[test]
fn paths_are_escaped_as_systemd_escape_does() {
    let cases = [
        ("/", "-"),
        ("/srv/data", "srv-data"),
        ("//a/./b-c/", "a-b\\x2dc"),
        ("/.x", "\\x2ex"),
        ("/ä", "\\xc3\\xa4"),
    ];
    for (path, name) in cases {
        assert_eq!(escape_path(path), name);
    }
}

#[test]
fn what_a_unit_cannot_carry_is_refused_by_name() {
    let refused = |argv: &[&str]| encode_argv(argv).unwrap_err().to_string();
    assert_eq!(refused(&["/bin/a", "a\0"]), "a systemd unit cannot carry NUL in a value");
    assert_eq!(refused(&["/bin/a", "a\nb"]), "a systemd unit cannot carry a line break in a value");
    assert_eq!(refused(&["/bin/a", "a\rb"]), "a systemd unit cannot carry a carriage return in a value");
    assert_eq!(refused(&["/bin/$a"]), "a systemd unit cannot carry '$' in the path of a program");
    assert_eq!(encode_text(" a").unwrap_err().character, ' ');
    assert_eq!(encode_text("a\\").unwrap_err().character, '\\');
}

#[test]
fn command_lines_are_read_as_systemd_reads_them() {
    let line = r#"-@/bin/a own "b c" 'd"e' f\x20g \; ";" --x="y z" ; +/bin/b"#;
    let commands = Command::parse_line(line).unwrap();
    assert_eq!(commands.len(), 2);
    assert_eq!(commands[0].program, "/bin/a");
    assert_eq!(commands[0].arguments, ["own", "b c", "d\"e", "f g", ";", ";", "--x=y z"]);
    assert!(commands[0].prefixes.ignore_failure && commands[0].prefixes.own_name);
    assert_eq!(commands[1].prefixes.privileges, Some(Privileges::Full));
    assert_eq!(Command::parse_line("/bin/a %i").unwrap()[0].literal_argv(), None);
    assert_eq!(Command::parse_line("").unwrap(), []);
    let shell = &Command::parse_line("|/bin/a b").unwrap()[0];
    assert!(shell.prefixes.shell && shell.program == "/bin/a" && shell.literal_argv().is_none());
    assert!(Command::parse_line("@|").unwrap()[0].prefixes.shell);
}
