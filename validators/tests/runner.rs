//! What validating a whole plan promises.

use crate::fleet::{
    bytes, check, check_as, check_real, checked_by, file, host, mode, own, patient, plan, receipt, said,
    tainted, unavailable,
};
use crate::{Ended, Test};
use cmc_types::plan::{Checks, Content, Format, Plan};
use cmc_types::receipt::Verdict;
use cmc_validators::sandbox::Bounds;
use cmc_validators::{Report, Selection, Settings, validate};
use std::path::PathBuf;

pub(crate) const TESTS: &[Test] = &[
    ("runner::equal_trees_are_validated_once", once),
    ("runner::every_file_has_a_receipt_of_exactly_its_content", receipts),
    ("runner::check_replaces_the_choice_by_path", named),
    ("runner::structured_text_is_checked_in_process", structured),
    ("runner::words_that_may_quote_a_secret_are_withheld", withheld),
    ("runner::a_dummy_of_unknown_structure_waits_for_the_real_content", dummies),
    ("runner::tables_of_another_cron_are_not_judged_by_debians", other_crons),
    ("runner::publish_repeats_only_what_secrets_touch", selection),
    ("runner::validators_of_the_users_own", own_validators),
    ("runner::a_program_of_the_hosts_own_tree_can_check", own_program),
    ("runner::what_could_not_run_has_not_passed", could_not_run),
    ("runner::noise_is_told_without_its_control_characters", noise),
    ("runner::a_program_that_wants_a_terminal_finds_none_and_says_so", terminal),
    ("runner::another_program_of_that_name_refuses_no_file", namesake),
    ("runner::a_missing_program_names_its_package", missing),
    ("runner::without_a_sandbox_no_program_passes", no_sandbox),
    ("runner::files_that_a_daemon_skips_are_named", skipped_files),
    ("runner::a_retired_host_is_not_validated", retired),
    ("runner::a_changed_or_missing_source_is_an_error", sources),
];

fn verdict<'a>(report: &'a Report, validator: &str) -> &'a Verdict {
    &receipt(report, validator).verdict
}

fn reason(report: &Report, validator: &str) -> String {
    match verdict(report, validator) {
        Verdict::CouldNotRun { reason } => reason.clone(),
        other => panic!("{validator}: {other:?}: {report:#?}"),
    }
}

fn once() -> Ended {
    let script = |name: &str| file("/usr/local/bin/x", &format!("#!/bin/sh\necho {name}\n"));
    let hosts = (0..40).map(|i| host(&format!("h{i:02}"), "debian-12", vec![script("same")])).collect();
    let report = check(&plan(hosts));
    assert_eq!(report.runs, 1);
    assert_eq!(report.receipts.len(), 2, "sh and text: {report:#?}");
    assert!(report.receipts.iter().all(|receipt| receipt.hosts.len() == 40 && receipt.hosts.is_sorted()));
    let hosts = vec![host("a", "debian-12", vec![script("a")]), host("b", "debian-12", vec![script("b")])];
    assert_eq!(check(&plan(hosts)).runs, 2);
    Ended::Passed
}

fn receipts() -> Ended {
    let mut typed = file("/etc/cmc/env/api.env", "A=1\n");
    typed.format = Format::Typed;
    let mut opaque = bytes("/usr/local/bin/api", b"\x7fELF\xff");
    opaque.format = Format::Opaque;
    let files = vec![typed, opaque, file("/etc/motd", "hello\n"), file("/etc/app.json", "{}\n")];
    let expected: Vec<_> = files
        .iter()
        .zip(["typed", "opaque", "text", "json"])
        .map(|(file, name)| {
            let Content::Bytes(content) = &file.content else { panic!() };
            (name, file.entry.path.clone(), *blake3::hash(content).as_bytes())
        })
        .collect();
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    for (name, path, digest) in expected {
        let receipt = receipt(&report, name);
        assert_eq!(receipt.verdict, Verdict::Passed);
        assert_eq!(
            receipt.subjects.iter().map(|(p, b)| (p.clone(), b.0)).collect::<Vec<_>>(),
            [(path, digest)]
        );
    }
    assert!(report.findings.is_empty() && report.runs == 0 && !report.failed());
    Ended::Passed
}

fn named() -> Ended {
    let mut off = file("/etc/a.json", "not json");
    off.checks = Checks::Off { reason: "a template of theirs".to_owned() };
    let files = vec![
        off,
        checked_by(file("/etc/b.json", "a: 1\n"), &["yaml"]),
        checked_by(file("/etc/c.conf", "{"), &["json"]),
        checked_by(file("/etc/d.tool", "if\n"), &["sh"]),
        file("/etc/nginx/nginx.conf", "events {}\nhttp { include tls.inc; }\n"),
        checked_by(file("/etc/nginx/tls.inc", "ssl_protocols TLSv1.3;\n"), &["nginx"]),
        checked_by(file("/srv/nginx.conf", "events {}\n"), &["nginx"]),
    ];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    assert_eq!(verdict(&report, "yaml"), &Verdict::Passed);
    assert_eq!(verdict(&report, "json"), &Verdict::Failed);
    let texts = report.receipts.iter().filter(|receipt| receipt.item.validator == "text");
    assert_eq!(texts.count(), 5, "files without a format of their own: {report:#?}");
    if let Some(reason) = unavailable(&report, "sh") {
        return Ended::Skipped(reason);
    }
    assert_eq!(verdict(&report, "sh"), &Verdict::Failed);
    if unavailable(&report, "nginx").is_none() {
        let receipts = report.receipts.iter().filter(|receipt| receipt.item.validator == "nginx");
        let subjects: Vec<Vec<&str>> = receipts
            .map(|receipt| {
                assert_eq!(receipt.item.verdict, Verdict::Passed, "{report:#?}");
                receipt.item.subjects.keys().map(|path| path.as_str()).collect()
            })
            .collect();
        assert_eq!(subjects, [vec!["/etc/nginx/nginx.conf", "/etc/nginx/tls.inc"], vec!["/srv/nginx.conf"]]);
    }
    let said = said(&report);
    assert!(said.iter().any(|line| line.starts_with("error /etc/d.tool:2 ")), "{said:#?}");
    Ended::Passed
}

fn structured() -> Ended {
    let files = vec![
        file("/etc/a.json", "{\n  \"a\": }\n"),
        file("/etc/b.yaml", "a: [1\nb: 2\n"),
        file("/etc/c.toml", "a = \n"),
        file("/etc/d.xml", "<a>\n</b>\n"),
        bytes("/etc/e.conf", b"a\n\xff\n"),
    ];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    let places: Vec<String> =
        report.findings.iter().map(|f| format!("{}:{}", f.item.path, f.item.line.unwrap())).collect();
    assert_eq!(places, ["/etc/a.json:2", "/etc/b.yaml:2", "/etc/c.toml:1", "/etc/d.xml:2", "/etc/e.conf:2"]);
    assert!(report.failed());
    Ended::Passed
}

fn withheld() -> Ended {
    let secret = "hunter2canary";
    let whole = |plan: &Plan| {
        let report = check_real(plan);
        let everything = format!("{report:#?}");
        assert!(!everything.contains(secret), "{everything}");
        report
    };
    // In process; in a file that a program names; in the words of a validator of one's own; from another file.
    let files = vec![
        tainted(file("/etc/a.json", &format!("{{\"a\": {secret}}}\n"))),
        tainted(file("/etc/b.toml", &format!("{secret} = {secret}\n"))),
        tainted(file("/etc/nginx/nginx.conf", &format!("events {{}}\n{secret} on;\n"))),
        tainted(file("/usr/local/bin/x", &format!("#!/bin/sh\n) {secret}\n"))),
    ];
    let report = whole(&plan(vec![host("web1", "debian-12", files)]));
    let said = said(&report);
    for path in ["/etc/a.json:1", "/etc/b.toml:1"] {
        assert!(
            said.iter().any(|line| line.contains(path) && line.contains("withheld")),
            "{path}: {said:#?}"
        );
    }

    let config = format!(
        "events {{}}\nhttp {{ upstream a {{ server {secret}.example.org; }} server {{ listen 443 ssl; ssl_certificate \
         /etc/{secret}.pem; ssl_certificate_key /etc/{secret}.key; }} }}\n"
    );
    let report =
        whole(&plan(vec![host("web1", "debian-12", vec![tainted(file("/etc/nginx/nginx.conf", &config))])]));
    if unavailable(&report, "nginx").is_none() {
        let receipt = receipt(&report, "nginx");
        assert_eq!((&receipt.verdict, receipt.warnings.len()), (&Verdict::Passed, 3), "{receipt:#?}");
    }

    let other = vec![file("/etc/app.conf", "plain\n"), tainted(file("/etc/key", &format!("key {secret}\n")))];
    let mut leaky = plan(vec![host("web1", "debian-12", other)]);
    own(&mut leaky, "leaky", Some("/etc/app.conf"), &["sh", "-c", "cat $0 /etc/key >&2; exit 1", "{}"]);
    let report = whole(&leaky);
    if let Some(reason) = unavailable(&report, "leaky") {
        return Ended::Skipped(reason);
    }
    assert_eq!(verdict(&report, "leaky"), &Verdict::Failed);
    own(
        &mut leaky,
        "leaky",
        Some("/etc/app.conf"),
        &["sh", "-c", "read -r a b < /etc/key; echo $0:1: bad word $b; cat $0; exit 1", "{}"],
    );
    let report = whole(&leaky);
    assert!(report.findings[0].item.message.contains("withheld"), "{report:#?}");
    Ended::Passed
}

fn dummies() -> Ended {
    let secret = |path: &str, text: &str| {
        let mut file = tainted(file(path, text));
        file.format = Format::Secret;
        file
    };
    let files = |text: &str| {
        vec![
            secret("/etc/api/key.json", text),
            checked_by(secret("/etc/api/key", text), &["json"]),
            secret("/etc/nginx/conf.d/secret.conf", text),
            secret("/etc/sudoers.d/secret", text),
            file("/etc/nginx/nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n"),
            file("/etc/sudoers", "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n"),
        ]
    };
    let built = check(&plan(vec![host("web1", "debian-12", files("dummy-key"))]));
    assert!(!built.failed() && built.findings.is_empty(), "{built:#?}");
    let of_secrets = built.receipts.iter().filter(|receipt| receipt.item.validator == "opaque");
    assert!(of_secrets.clone().all(|receipt| receipt.item.dummies));
    assert_eq!(of_secrets.count(), 4);
    // A text with a dummy in it is judged, and its words are told: a dummy is no secret.
    let report = check(&plan(vec![host("web1", "debian-12", vec![tainted(file("/etc/a.json", "{dummy"))])]));
    assert!(report.failed() && !said(&report)[0].contains("withheld"), "{report:#?}");

    let waits = built.receipts.iter().filter(|receipt| receipt.item.verdict == Verdict::Deferred);
    assert!(waits.clone().all(|receipt| receipt.item.dummies), "publish repeats them: {built:#?}");
    assert!(waits.filter(|receipt| receipt.item.validator == "json").count() > 0, "{built:#?}");
    // A program whose main file is a secret has nothing to judge, and is not run.
    let main = |path: &str| {
        let mut file = tainted(file(path, "dummy-key"));
        file.format = Format::Secret;
        file
    };
    let site = |name: &str, text: &str| file(&format!("/etc/nginx/conf.d/{name}.conf"), text);
    let whole = |files| check(&plan(vec![host("web1", "debian-12", files)]));
    let report = whole(vec![main("/etc/nginx/nginx.conf"), site("a", "server {}\n")]);
    assert_eq!(report.runs, 0, "{report:#?}");
    let of_nginx = report.receipts.iter().filter(|receipt| receipt.item.validator == "nginx");
    assert!(
        of_nginx.clone().all(|receipt| receipt.item.verdict == Verdict::Deferred) && of_nginx.count() == 2
    );
    // What a program refuses that was shown a stand-in is told, and not counted.
    let report = whole(vec![main("/etc/nginx/conf.d/x.conf"), site("a", "sever {}\n")]);
    if unavailable(&report, "nginx").is_none() {
        assert!(!report.failed() && said(&report)[0].starts_with("warning "), "{report:#?}");
    }

    let published = check_real(&plan(vec![host("web1", "debian-12", files("dummy-key"))]));
    let failed = published.receipts.iter().filter(|receipt| receipt.item.verdict == Verdict::Failed);
    let failed: Vec<_> = failed.map(|receipt| receipt.item.validator.as_str()).collect();
    assert!(failed.iter().filter(|name| **name == "json").count() == 2, "{published:#?}");
    if let Some(reason) = unavailable(&published, "nginx") {
        return Ended::Skipped(reason);
    }
    assert!(failed.contains(&"nginx"), "{published:#?}");
    Ended::Passed
}

fn other_crons() -> Ended {
    let table = || vec![file("/var/spool/cron/crontabs/root", "~ 3 * * * -n true\n")];
    for os in ["openbsd-7.6", "alpine-3.20", "rocky-9"] {
        let report = check(&plan(vec![host("web1", os, table())]));
        assert!(!report.failed() && report.runs == 0, "{os}: {report:#?}");
    }
    let report = check(&plan(vec![host("web1", "debian-12", table())]));
    match unavailable(&report, "crontab") {
        Some(reason) => Ended::Skipped(reason),
        None if report.failed() => Ended::Passed,
        None => panic!("{report:#?}"),
    }
}

fn selection() -> Ended {
    let files = vec![
        file("/etc/a.json", "{}"),
        tainted(file("/etc/b.json", "{}")),
        file("/usr/local/bin/plain", "#!/bin/sh\n"),
        tainted(file("/usr/local/bin/secret", "#!/bin/sh\n")),
    ];
    let report = check_as(&plan(vec![host("web1", "debian-12", files)]), Selection::Tainted, patient());
    let paths: Vec<String> =
        report.receipts.iter().flat_map(|r| r.item.subjects.keys().map(ToString::to_string)).collect();
    assert_eq!(paths, ["/etc/b.json", "/usr/local/bin/secret", "/usr/local/bin/secret"]);
    assert_eq!(report.runs, 1);
    Ended::Passed
}

fn own_validators() -> Ended {
    let mut plan = plan(vec![host(
        "web1",
        "debian-12",
        vec![file("/etc/app/a.conf", "one\nbad\n"), file("/etc/app/b.conf", "good\n")],
    )]);
    let script =
        "grep -n bad \"$0\" | sed \"s|^\\([0-9]*\\):.*|$0:\\1: a bad word|\" >&2; ! grep -q bad \"$0\"";
    own(&mut plan, "words", Some("/etc/app/*.conf"), &["sh", "-c", script, "{}"]);
    let report = check(&plan);
    if let Some(reason) = unavailable(&report, "words") {
        return Ended::Skipped(reason);
    }
    assert_eq!(said(&report), ["error /etc/app/a.conf:2 a bad word"]);
    let verdicts: Vec<_> = report
        .receipts
        .iter()
        .filter(|r| r.item.validator == "words")
        .map(|r| r.item.verdict.clone())
        .collect();
    assert_eq!(verdicts, [Verdict::Failed, Verdict::Passed]);
    Ended::Passed
}

fn own_program() -> Ended {
    let program = "#!/bin/sh\ngrep -q ok \"$1\" && getent hosts db1.example.net && getent passwd api\n";
    let files = vec![mode(file("/usr/local/bin/checker", program), "0755"), file("/etc/app.conf", "ok\n")];
    let mut plan = plan(vec![host("web1", "debian-12", files)]);
    own(&mut plan, "checker", Some("/etc/app.conf"), &["/usr/local/bin/checker", "{}"]);
    let report = check(&plan);
    if let Some(reason) = unavailable(&report, "checker") {
        return Ended::Skipped(reason);
    }
    assert_eq!(verdict(&report, "checker"), &Verdict::Passed, "{report:#?}");
    assert!(receipt(&report, "checker").version.starts_with("b3:"));
    Ended::Passed
}

fn namesake() -> Ended {
    let another = "#!/bin/sh\necho 'unknown option -c' >&2\nexit 1\n";
    let files = vec![
        mode(file("/usr/local/sbin/visudo", another), "0755"),
        mode(file("/etc/sudoers.d/ops", "%ops ALL=(ALL) ALL\n"), "0440"),
    ];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    let reason = reason(&report, "visudo");
    if !reason.contains("without reading the file") {
        return Ended::Skipped(reason);
    }
    assert!(reason.contains("unknown option -c"), "{reason}");
    assert!(report.findings.is_empty() && !report.failed(), "{report:#?}");
    Ended::Passed
}

fn could_not_run() -> Ended {
    let check_with = |argv: &[&str]| {
        let mut plan = plan(vec![host("web1", "debian-12", vec![file("/etc/app.conf", "x\n")])]);
        own(&mut plan, "own", Some("/etc/app.conf"), argv);
        let hangs = argv.iter().any(|word| word.contains("sleep"));
        let bounds = if hangs { Bounds { millis: 500, ..Bounds::default() } } else { patient() };
        check_as(&plan, Selection::All, bounds)
    };
    let report = check_with(&["true", "{}"]);
    if let Some(reason) = unavailable(&report, "own") {
        return Ended::Skipped(reason);
    }
    for (argv, expected) in [
        (&["true", "{}"][..], "without reading the file"),
        (&["sh", "-c", "cat $0; echo y >> $0", "{}"], "changed the file"),
        (&["sh", "-c", "cat $0; sleep 100", "{}"], "did not end within 500 ms"),
        (&["sh", "-c", "cat $0; kill -ABRT $$", "{}"], "ended by SIGABRT"),
        (&["sh", "-c", "cat $0; yes", "{}"], "printed more than"),
        (&["/etc/app.conf", "{}"], "is not installed here"),
    ] {
        let report = check_with(argv);
        assert!(reason(&report, "own").contains(expected), "{argv:?}: {report:#?}");
        assert!(report.findings.is_empty() && !report.failed(), "{report:#?}");
        assert_eq!(report.missing().count(), 1);
    }
    let files = vec![checked_by(file("/etc/app.conf", "x\n"), &["no-such-validator"])];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    assert_eq!(reason(&report, "no-such-validator"), "there is no validator of this name");
    Ended::Passed
}

/// What is said when a validator of one's own is this script.
fn scripted(script: &str) -> Result<Vec<String>, String> {
    let mut plan = plan(vec![host("web1", "debian-12", vec![file("/etc/app.conf", "x\n")])]);
    own(&mut plan, "own", Some("/etc/app.conf"), &["sh", "-c", script, "{}"]);
    let report = check(&plan);
    match unavailable(&report, "own") {
        Some(reason) => Err(reason),
        None => {
            assert_eq!(verdict(&report, "own"), &Verdict::Failed, "{report:#?}");
            Ok(said(&report))
        }
    }
}

fn noise() -> Ended {
    let script = "cat $0; head -c 100000 /dev/urandom >&2; printf '\\n%s:1: \\033[31mred\\001\\n' $0; exit 1";
    let said = match scripted(script) {
        Ok(said) => said,
        Err(reason) => return Ended::Skipped(reason),
    };
    assert!(said.iter().any(|line| line.starts_with("error /etc/app.conf:1 ")), "{said:#?}");
    assert!(!said.iter().any(|line| line.chars().any(char::is_control)), "{said:#?}");
    Ended::Passed
}

fn terminal() -> Ended {
    match scripted("cat $0; read -r answer < /dev/tty || exit 1") {
        Ok(said) => assert!(said[0].contains("/dev/tty"), "{said:#?}"),
        Err(reason) => return Ended::Skipped(reason),
    }
    Ended::Passed
}

fn missing() -> Ended {
    let files = vec![file("/usr/local/bin/x", "#!/bin/ksh\n")];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    match unavailable(&report, "ksh") {
        Some(reason) => assert!(reason.starts_with("`ksh` is not installed here; install the package ")),
        None => return Ended::Skipped("`ksh` is installed here".to_owned()),
    }
    assert_eq!(report.missing().count(), 1);
    let mut optional = file("/usr/local/bin/x", "#!/bin/ksh\n");
    optional.checks = Checks::Auto { required: false };
    let mut typed = file("/etc/rc.d/api", "#!/bin/ksh\n");
    typed.format = Format::Typed;
    for file in [optional, typed] {
        let report = check(&plan(vec![host("web1", "debian-12", vec![file])]));
        assert_eq!(report.missing().count(), 0);
    }
    Ended::Passed
}

fn no_sandbox() -> Ended {
    let plan = plan(vec![host(
        "web1",
        "debian-12",
        vec![file("/usr/local/bin/x", "#!/bin/sh\n"), file("/a.json", "{}")],
    )]);
    let settings = Settings {
        worker: (PathBuf::from("/no/such/executable"), Vec::new()),
        bounds: Bounds::default(),
        threads: 2,
        source: &|_| Err(std::io::ErrorKind::NotFound.into()),
        dummies: true,
        selection: Selection::All,
        memory: None,
        now: 1,
        progress: &|_, _| (),
    };
    let report = validate(&plan, &settings).unwrap();
    assert!(reason(&report, "sh").contains("process"), "{report:#?}");
    assert!(receipt(&report, "sh").isolation.is_empty());
    assert_eq!(verdict(&report, "json"), &Verdict::Passed, "in process all the same");
    Ended::Passed
}

fn skipped_files() -> Ended {
    let sudoers = "ops ALL=(ALL) ALL\n";
    let files = vec![mode(file("/etc/sudoers.d/10-ops.conf", sudoers), "0440")];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    if let Some(reason) = unavailable(&report, "visudo") {
        return Ended::Skipped(reason);
    }
    let expected = "warning /etc/sudoers.d/10-ops.conf sudo skips files of sudoers.d whose name holds a dot";
    assert_eq!(said(&report), [expected]);
    Ended::Passed
}

fn retired() -> Ended {
    let mut host = host("web1", "debian-12", vec![file("/etc/a.json", "{")]);
    host.retired = true;
    let report = check(&plan(vec![host]));
    assert_eq!(report, Report::default());
    Ended::Passed
}

fn sources() -> Ended {
    let source = |content: &'static [u8], promised: &[u8]| {
        let mut file = file("/etc/app.json", "");
        file.content = Content::Source {
            path: "files/app.json".to_owned(),
            size: promised.len() as u64,
            b3: cmc_types::Blake3(*blake3::hash(promised).as_bytes()),
        };
        let plan = plan(vec![host("web1", "debian-12", vec![file])]);
        let read = move |_: &str| Ok(content.to_vec());
        let settings = Settings {
            worker: (std::env::current_exe().unwrap(), vec!["__sandbox".to_owned()]),
            bounds: Bounds::default(),
            threads: 1,
            source: &read,
            dummies: true,
            selection: Selection::All,
            memory: None,
            now: 1,
            progress: &|_, _| (),
        };
        validate(&plan, &settings)
    };
    assert!(!source(b"{}", b"{}").unwrap().failed());
    assert!(source(b"{", b"{").unwrap().failed());
    let error = source(b"[]", b"{}").unwrap_err().to_string();
    assert_eq!(error, "files/app.json changed while it was being built");
    Ended::Passed
}
