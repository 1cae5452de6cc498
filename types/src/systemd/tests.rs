//! Promises of the unit model, the encoders and the table of directives.

use super::*;
use cmc_testing::skip;
use proptest::prelude::*;
use std::collections::BTreeSet;
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

#[test]
fn the_names_are_those_of_the_installed_systemd() {
    const NAMES: &str = "the_names_are_those_of_the_installed_systemd";
    let Ok(output) =
        std::process::Command::new("/lib/systemd/systemd").arg("--dump-configuration-items").output()
    else {
        return skip(NAMES, "/lib/systemd/systemd is not installed");
    };
    let version = std::process::Command::new("/lib/systemd/systemd").arg("--version").output().unwrap();
    if !String::from_utf8_lossy(&version.stdout).starts_with("systemd 252") {
        return skip(NAMES, "the names are those of systemd 252");
    }
    let dump = String::from_utf8(output.stdout).unwrap();
    let dump: Vec<_> = dump.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(dump, include_str!("names.txt").lines().collect::<Vec<_>>());
}

#[test]
fn every_row_of_the_table_is_known_by_name_and_stands_once() {
    let mut seen = BTreeSet::new();
    for row in DIRECTIVES {
        for section in row.sections {
            assert!(seen.insert((*section, row.key)), "{} twice in {}", row.key, section.name());
            let known = names::shape(*section, row.key).is_some();
            assert!(known, "{} in [{}]", row.key, section.name());
        }
    }
    let keys: BTreeSet<_> = DIRECTIVES.iter().map(|row| row.key).collect();
    assert!(keys.len() >= 200, "{}", keys.len());
}

#[test]
fn every_known_name_takes_a_value() {
    let mut count = 0;
    for section in Section::ALL {
        for name in names_of(*section) {
            assert!(directive(*section, name).is_some(), "{name}");
            count += 1;
        }
    }
    assert!(count > 1191);
    assert!(directive(Section::Service, "ExecStrat").is_none());
    assert!(directive(Section::Timer, "ExecStart").is_none());
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
        (Section::Timer, "OnCalendar=*:0/15"),
        (Section::Timer, "OnUnitActiveSec=1M"),
        (Section::Timer, "Unit=x.service"),
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
}

#[test]
fn units_of_the_system_print_unchanged_and_pass_the_table() {
    let Ok(folder) = std::fs::read_dir("/lib/systemd/system") else {
        return skip(
            "units_of_the_system_print_unchanged_and_pass_the_table",
            "there is no /lib/systemd/system",
        );
    };
    let mut wrong = Vec::new();
    for path in folder.map(|entry| entry.unwrap().path()) {
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
