//! Promises of `--as daemon` and `--as job`: what is rendered means what was imported.

use super::tests::{compiled, input, meaning, rendered, shown};
use super::{Imported, Kind, Options, import};
use cmc_types::Schedule;
use cmc_types::small::cron::{self, Dialect, Says, Table};
use std::collections::BTreeMap;

fn portable(kind: &str, files: &[(&str, &str)]) -> Imported {
    let inputs = files.iter().map(|(path, text)| input(path, text.as_bytes())).collect();
    import(inputs, &Options { kind: Kind::parse(kind), service: None })
}

/// What a unit says, without words for people, and with directives that take units in one order.
fn says(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut said = BTreeMap::new();
    for (section, keys) in meaning(text) {
        for (key, mut values) in keys {
            if matches!(key.as_str(), "After" | "Wants") {
                values = values.iter().flat_map(|value| value.split(' ')).map(str::to_owned).collect();
                values.sort();
            }
            if !matches!(key.as_str(), "Description" | "Documentation") {
                said.insert(format!("{section}.{key}"), values);
            }
        }
    }
    said
}

const DAEMON: &str = "# ours\n[Unit]\nDescription=The API\nDocumentation=man:api(8)\nAfter=network-online.target postgresql.service\n\
    Wants=network-online.target\n\n[Service]\nType=notify\nExecStart=/usr/local/bin/api --name 'a b' 50%%\n\
    ExecReload=/bin/kill -s HUP $MAINPID\nUser=api\nGroup=www\nWorkingDirectory=/srv/api\nRestart=on-failure\n\
    RestartSec=5s\nTimeoutStopSec=20s\nKillSignal=SIGINT\nUMask=0027\nRuntimeDirectory=api\nLimitNOFILE=65536\n\
    MemoryMax=1G\n# what no other system has\nEnvironment=A=1\nOOMScoreAdjust=-100\n\n[Install]\nWantedBy=multi-user.target\n";

#[test]
fn a_service_becomes_a_daemon_that_renders_the_same_unit_and_what_it_cannot_say_stays() {
    let imported = portable("daemon", &[("/etc/systemd/system/api.service", DAEMON)]);
    insta::assert_snapshot!(shown(&imported));
    let unit = rendered("debian-12", &imported.definition, "/etc/systemd/system/api.service");
    assert_eq!(says(&unit), says(&DAEMON.replace('\'', "\"")));
    // It goes to other systems, too, but for what they lack.
    let lossy = imported.definition.replace("exec = ", "loss-ok = [\"type\", \"restart\", \"restart-delay\", \"group\", \"stop-timeout\", \"stop-signal\", \"limits\"]\nexec = ");
    for (os, path) in [("openbsd-7.6", "/etc/rc.d/api"), ("freebsd-14.1", "/usr/local/etc/rc.d/api")] {
        assert!(rendered(os, &lossy, path).contains("/usr/local/bin/api"), "{os}");
    }
}

#[test]
fn every_way_to_say_where_output_goes_is_that_of_a_daemon_or_stays_a_directive() {
    for (output, log, rest) in [
        (
            "StandardOutput=append:/var/log/api.log",
            "[service.api.daemon.log]\nfile = \"/var/log/api.log\"",
            "",
        ),
        (
            "StandardOutput=append:/var/log/api.log\nStandardError=append:/var/log/api.log",
            "[service.api.daemon.log]\nfile = \"/var/log/api.log\"",
            "",
        ),
        ("StandardOutput=append:/var/log/api.log\nStandardError=inherit", "file = \"/var/log/api.log\"", ""),
        ("StandardOutput=null", "log = \"none\"", ""),
        ("StandardOutput=null\nStandardError=null", "log = \"none\"", ""),
        ("StandardOutput=journal", "log = \"journal\"", ""),
        ("StandardOutput=journal\nSyslogIdentifier=api", "log = \"syslog\"", ""),
        (
            "StandardOutput=journal\nSyslogIdentifier=other",
            "log = \"journal\"",
            "SyslogIdentifier = \"other\"",
        ),
        ("StandardOutput=file:/var/log/api.log", "", "StandardOutput = \"file:/var/log/api.log\""),
        ("StandardOutput=truncate:/var/log/api.log", "", "StandardOutput = \"truncate:/var/log/api.log\""),
        ("StandardOutput=append:/var/log/%n.log", "", "StandardOutput = \"append:/var/log/%n.log\""),
        ("StandardOutput=journal\nStandardError=null", "", "StandardError = \"null\""),
        ("StandardError=append:/var/log/api.log", "", "StandardError = \"append:/var/log/api.log\""),
    ] {
        let unit = format!(
            "[Service]\nExecStart=/usr/local/bin/api\nRestart=always\n{output}\n\n[Install]\nWantedBy=multi-user.target\n"
        );
        let imported = portable("daemon", &[("/etc/systemd/system/api.service", &unit)]);
        let definition = &imported.definition;
        assert!(definition.contains("[service.api.daemon]"), "{output}: {}", shown(&imported));
        assert!(definition.contains(log) && definition.contains(rest), "{output}: {definition}");
        assert_eq!(
            log.is_empty(),
            !definition.contains("log ") && !definition.contains("daemon.log"),
            "{output}"
        );
        assert_eq!(rest.is_empty(), !definition.contains("systemd"), "{output}: {definition}");
        let again = says(&rendered("debian-12", definition, "/etc/systemd/system/api.service"));
        for (key, values) in says(&unit) {
            let is_inherit = values == ["inherit"];
            assert!(is_inherit || again.get(&key) == Some(&values), "{output}: {key}: {again:?}");
        }
    }
}

#[test]
fn hardening_that_is_a_levels_is_that_level() {
    let rows = crate::lower::systemd::hardening::HARDENING;
    let lines: String =
        rows.iter().map(|row| format!("{}={}\n", row.key, row.value.replace("yes", "true"))).collect();
    let unit =
        format!("[Service]\nExecStart=/usr/local/bin/api\n{lines}\n[Install]\nWantedBy=multi-user.target\n");
    let imported = portable("daemon", &[("/etc/systemd/system/api.service", &unit)]);
    assert!(imported.definition.contains("harden = \"strict\""), "{}", imported.definition);
    assert!(!imported.definition.contains("systemd"), "{}", imported.definition);
    let less = unit.replace("ProtectClock=true\n", "");
    let imported = portable("daemon", &[("/etc/systemd/system/api.service", &less)]);
    assert!(imported.definition.contains("harden = \"basic\""), "{}", imported.definition);
    assert!(imported.definition.contains("ProtectProc = \"invisible\""), "{}", imported.definition);
}

#[test]
fn units_that_are_no_daemon_stay_units_and_the_reason_is_told() {
    let enabled = "\n[Install]\nWantedBy=multi-user.target\n";
    for (name, unit, why) in [
        (
            "api.service",
            format!("[Service]\nExecStart=/bin/api $OPTIONS\n{enabled}"),
            "more than a program and arguments",
        ),
        (
            "api.service",
            format!("[Service]\nExecStart=-/bin/api\n{enabled}"),
            "more than a program and arguments",
        ),
        ("api.service", "[Service]\nExecStart=/bin/api\n".to_owned(), "nothing enables it"),
        ("api.service", format!("[Service]\nBusName=a.b\nExecStart=/bin/api\n{enabled}"), "type dbus"),
        ("api@.service", format!("[Service]\nExecStart=/bin/api\n{enabled}"), "a template"),
    ] {
        let imported = portable("daemon", &[(&format!("/etc/systemd/system/{name}"), &unit)]);
        assert!(!imported.definition.contains(".daemon"), "{}", imported.definition);
        assert!(shown(&imported).contains(why), "{why}: {}", shown(&imported));
    }
    let socket = "[Socket]\nListenStream=80\n\n[Install]\nWantedBy=sockets.target\n";
    let service = format!("[Service]\nExecStart=/bin/api\n{enabled}");
    let imported = portable("daemon", &[("/a/api.service", &service), ("/a/api.socket", socket)]);
    assert!(shown(&imported).contains("api.socket starts it"), "{}", shown(&imported));
}

const JOB: &str = "[Unit]\nDescription=Nightly backup\nAfter=network.target\n\n[Service]\nType=oneshot\n\
    ExecStart=/usr/local/bin/backup --keep 7\nUser=backup\nNice=10\nTimeoutStartSec=1h\n";
const TIMER: &str = "[Unit]\nDescription=Nightly backup\n\n[Timer]\nOnCalendar=*-*-* 02:30:00\nRandomizedDelaySec=10m\n\
    Persistent=yes\n\n[Install]\nWantedBy=timers.target\n";

#[test]
fn a_timer_and_its_service_become_a_job_that_renders_the_same_units_in_their_place() {
    let files = [
        ("/lib/systemd/system/shop-nightly.timer", TIMER),
        ("/lib/systemd/system/shop-nightly.service", JOB),
    ];
    let imported = portable("job", &files);
    insta::assert_snapshot!(shown(&imported));
    for (path, text) in files {
        let path = path.replace("/lib/", "/etc/");
        assert_eq!(says(&rendered("debian-12", &imported.definition, &path)), says(text), "{path}");
    }
    let lossy = imported.definition.replace("exec = ", "loss-ok = [\"catch-up\"]\nexec = ");
    let crontab = rendered("freebsd-14.1", &lossy, "/etc/cron.d/shop-nightly");
    assert!(crontab.contains("30 2 * * * backup"), "{crontab}");
    // Without a name of two parts the units have other names, and the timer that was there is masked.
    let short = [
        ("/a/fstrim.service", "[Service]\nType=oneshot\nExecStart=/sbin/fstrim -a\n"),
        ("/a/fstrim.timer", &TIMER.replace("02:30", "weekly").replace("*-*-* weekly:00", "weekly")),
    ];
    let imported = portable("job", &short);
    assert!(
        imported.definition.contains("[service.fstrim.systemd.\"fstrim.timer\"]\nmask = true"),
        "{}",
        shown(&imported)
    );
    rendered("debian-12", &imported.definition, "/etc/systemd/system/fstrim-fstrim.timer");
}

#[test]
fn units_that_are_no_job_stay_units_and_the_reason_is_told() {
    for (service, timer, why) in [
        (JOB.to_owned(), TIMER.replace("[Timer]", "[Timer]\nOnBootSec=5m"), ""),
        (
            JOB.to_owned(),
            TIMER.replace("OnCalendar=*-*-* 02:30:00", "OnCalendar=*-*-* 02:30:15"),
            "OnCalendar",
        ),
        (JOB.to_owned(), TIMER.replace("[Timer]", "[Timer]\nUnit=other.service"), "another unit"),
        (JOB.replace("Type=oneshot\n", ""), TIMER.to_owned(), "another Type="),
        (JOB.to_owned(), TIMER.replace("\n[Install]\nWantedBy=timers.target\n", ""), "nothing enables it"),
    ] {
        let imported =
            portable("job", &[("/a/shop-nightly.timer", &timer), ("/a/shop-nightly.service", &service)]);
        let job = imported.definition.contains(".job.");
        assert_eq!(job, why.is_empty() || why == "OnCalendar", "{}", shown(&imported));
        assert!(shown(&imported).contains(why), "{why}: {}", shown(&imported));
    }
    let alone = portable("job", &[("/a/shop-nightly.timer", TIMER)]);
    assert!(shown(&alone).contains("needs shop-nightly.service, too"), "{}", shown(&alone));
}

const CRONTAB: &str = "# m h dom mon dow user command\nSHELL=/bin/bash\nPATH=/usr/local/bin:/usr/bin:/bin\nMAILTO=ops\n\n\
    # every night\n30 4 * * * root /usr/local/bin/backup --keep '50\\%'\n\
    */15 9-17 * * mon-fri www cd /srv/www && nice -n 5 timeout 10m /usr/local/bin/poll\n\
    0 3 * * 7 root test -x /usr/sbin/x && /usr/sbin/x >/dev/null 2>&1\n\
    # either\n0 0 13 * fri root /usr/local/bin/backup\n@reboot root /usr/local/bin/warm\n5 5 * * * root /bin/mail%hello\n";

#[test]
fn lines_of_a_crontab_become_jobs_and_what_none_can_say_stays_a_crontab() {
    let imported = portable("job", &[("/etc/cron.d/shop", CRONTAB)]);
    insta::assert_snapshot!(shown(&imported));
    let kept = rendered("debian-12", &imported.definition, "/etc/cron.d/shop");
    let (before, after) = (jobs(CRONTAB), jobs(&kept));
    assert_eq!(after, before[3..]);
    // The others run the same at the same times.
    for (name, job) in ["backup", "poll", "shop"].iter().zip(&before) {
        let unit = |ending: &str| {
            let path = format!("/etc/systemd/system/shop-{name}.{ending}");
            says(&rendered("debian-12", &imported.definition, &path))
        };
        let at = Schedule::of_cron(&job.schedule).unwrap();
        assert_eq!(unit("timer")["Timer.OnCalendar"], [at.on_calendar()]);
        assert_eq!(
            unit("service").get("Service.User").map_or("root", |user| &user[0]),
            job.user.as_deref().unwrap()
        );
    }
}

fn jobs(text: &str) -> Vec<cron::Job> {
    let (file, _) = cron::parse(text, Table { dialect: Dialect::Debian, user_column: true });
    let jobs = file.entries().filter_map(|(_, entry)| match &entry.line {
        Says::Job(job) => Some(job.clone()),
        Says::Variable { .. } => None,
    });
    jobs.collect()
}

#[test]
fn a_crontab_of_jobs_alone_gives_the_same_crontab_lines_to_a_host_with_cron() {
    let text = "10 5 * * * backup /usr/local/bin/backup '50\\%' \"it's\"\n@weekly root umask 0027 && /usr/local/bin/weekly >/dev/null 2>&1\n";
    let imported = portable("job", &[("/etc/cron.d/shop", text)]);
    assert!(
        imported.definition.contains("file.\"/etc/cron.d/shop\"]\nabsent = true"),
        "{}",
        imported.definition
    );
    let crontab =
        |name: &str| rendered("freebsd-14.1", &imported.definition, &format!("/etc/cron.d/shop-{name}"));
    let again = jobs(&(crontab("backup") + &crontab("weekly")));
    for (one, other) in jobs(text).iter().zip(&again) {
        let command = |job: &cron::Job| {
            let shell = cmc_types::cron_job::unescape(&job.command, Dialect::FreeBsd).unwrap();
            cmc_types::cron_job::Command::parse(&shell).unwrap()
        };
        assert_eq!((&one.user, command(one)), (&other.user, command(other)));
        assert_eq!(Schedule::of_cron(&one.schedule), Schedule::of_cron(&other.schedule));
    }
    assert_eq!(again.len(), 2);
}

#[test]
fn whose_crontab_it_is_follows_from_its_path_and_is_told_where_nothing_says_it() {
    let line = "0 4 * * * /usr/local/bin/backup\n";
    let imported = portable("job", &[("/var/spool/cron/crontabs/alice", line)]);
    assert!(imported.definition.contains("user = \"alice\""), "{}", imported.definition);
    assert!(compiled("debian-12", &imported.definition).plan.is_some(), "{}", imported.definition);
    let imported = portable("job", &[("/home/alice/jobs", line)]);
    assert!(!imported.definition.contains("user"), "{}", imported.definition);
    assert!(shown(&imported).contains("its jobs run as root"), "{}", shown(&imported));
    let imported = portable("job", &[("/etc/crontabs/root", line)]);
    assert!(shown(&imported).contains("blocks of that file"), "{}", shown(&imported));
    let imported = portable("job", &[("/home/alice/x.txt", "Dear all,\n")]);
    assert!(shown(&imported).contains("error[not-imported]"), "{}", shown(&imported));
}

#[test]
fn a_crontab_whose_variables_no_job_can_have_stays_one() {
    for variable in ["CRON_TZ=UTC", "HOME=/srv", "SHELL=bash", "0 1 * * * root /bin/x\nA=1"] {
        let text = format!("{variable}\n0 4 * * * root /usr/local/bin/backup\n");
        let imported = portable("job", &[("/etc/cron.d/shop", &text)]);
        assert!(!imported.definition.contains(".job."), "{}", imported.definition);
        assert_eq!(rendered("debian-12", &imported.definition, "/etc/cron.d/shop"), text);
        assert!(shown(&imported).contains("stays a crontab"), "{}", shown(&imported));
    }
}

#[test]
fn one_unit_or_file_from_two_places_is_told() {
    let unit = "[Service]\nExecStart=/bin/true\n";
    let twice = [
        ("/etc/systemd/system/a.service", unit),
        ("/lib/systemd/system/a.service", "[Unit]\nDescription=A\n[Service]\nRestartSec=5\n"),
    ];
    let inputs = || twice.iter().map(|(path, text)| input(path, text.as_bytes())).collect();
    for kind in [None, Kind::parse("daemon")] {
        let imported = import(inputs(), &Options { kind, service: None });
        assert!(shown(&imported).contains("contradicts another file of service a"), "{}", shown(&imported));
        assert!(!imported.definition.contains("RestartSec"), "{}", imported.definition);
    }
    let crontab = "0 4 * * * root /usr/local/bin/backup\n";
    let imported = portable("job", &[("/etc/cron.d/shop", crontab), ("/x/etc/cron.d/shop", crontab)]);
    assert!(shown(&imported).contains("contradicts another file of service shop"), "{}", shown(&imported));
    assert_eq!(imported.definition.matches(".job.").count(), 1, "{}", imported.definition);
}
