use super::{Imported, Input, Kind, Options, import};
use crate::{CompileOptions, Compiled, Dummies, compile};
use cmc_types::env_file::{Dialect, EnvFile};
use cmc_types::login_conf::{self, System};
use cmc_types::plan::Content;
use cmc_types::systemd::Unit;
use cmc_types::{ServiceName, Severity, UnixPath, codes};
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) fn input(path: &str, content: &[u8]) -> Input {
    let name = path.rsplit('/').next().unwrap().to_owned();
    Input { name, path: path.to_owned(), content: Ok(content.to_vec()), private: false }
}

fn one(path: &str, text: &str) -> Imported {
    import(vec![input(path, text.as_bytes())], &Options::default())
}

/// The definition and, below it, what was found.
pub(super) fn shown(imported: &Imported) -> String {
    let mut out = imported.definition.clone();
    for finding in &imported.diagnostics {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let place = finding.primary.as_ref().unwrap().place;
        let at = imported.sources.line_column(place.file, place.span.start);
        let text = imported.sources.text(place.file).get(place.span.start..place.span.end).unwrap();
        let name = imported.sources.name(place.file);
        write!(out, "== {severity}[{}] {name}:{}:{} `{text}`", finding.code, at.line, at.column).unwrap();
        writeln!(out, "\n   {}", finding.message).unwrap();
        if let Some(help) = &finding.help {
            writeln!(out, "   help: {help}").unwrap();
        }
    }
    out
}

pub(super) fn compiled(os: &str, definition: &str) -> Compiled {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("services")).unwrap();
    let fleet = format!("[fleet]\nname = \"shop\"\n\n[host.h]\nos = \"{os}\"\narch = \"x86_64\"\n");
    std::fs::write(dir.path().join("fleet.toml"), fleet).unwrap();
    std::fs::write(dir.path().join("services/imported.toml"), definition).unwrap();
    compile(dir.path(), &CompileOptions::default(), Arc::new(Dummies))
}

/// What a definition that must be right renders at a path.
pub(super) fn rendered(os: &str, definition: &str, path: &str) -> String {
    let compiled = compiled(os, definition);
    let errors: Vec<_> = compiled.diagnostics.iter().filter(|finding| finding.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{definition}");
    let plan = compiled.plan.unwrap();
    let host = plan.host("h").unwrap();
    let file = host.file(&UnixPath::parse(path).unwrap()).unwrap_or_else(|| {
        let paths: Vec<_> = host.files().map(|(_, file)| file.entry.path.to_string()).collect();
        panic!("no {path}, but {paths:?}\n{definition}")
    });
    match &file.content {
        Content::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A section, its keys in the order in which each comes first, and the values of each in their order.
pub(super) type Meaning = Vec<(String, Vec<(String, Vec<String>)>)>;

pub(super) fn meaning(text: &str) -> Meaning {
    let unit = Unit::parse(text).unwrap();
    let mut sections: Meaning = Vec::new();
    for entry in unit.entries() {
        let at = sections.iter().position(|(name, _)| name == entry.section).unwrap_or_else(|| {
            sections.push((entry.section.to_owned(), Vec::new()));
            sections.len() - 1
        });
        let keys = &mut sections[at].1;
        match keys.iter_mut().find(|(key, _)| key == entry.key) {
            Some((_, values)) => values.push(entry.value.to_owned()),
            None => keys.push((entry.key.to_owned(), vec![entry.value.to_owned()])),
        }
    }
    sections.sort_by(|one, two| one.0.cmp(&two.0));
    sections
}

const UNIT: &str = r#"# SPDX-License-Identifier: MIT

[Unit]
Description=A daemon: 100%% "ours"
After=network.target remote-fs.target
Wants=network.target
; the database
After=postgresql.service

[Service]
Type=notify
Environment=A=1
Environment="B=two words"
ExecStart=/usr/bin/daemon --flag \
    # not now: --other
    --template '{{.State}} {%h}'
ExecReload=/bin/kill -HUP $MAINPID
# a typo that systemd would ignore
RestrtSec=5
TimeoutStopSec=5M
User=daemon

[Install]
WantedBy=multi-user.target
# the end
"#;

#[test]
fn a_unit_becomes_raw_directives_with_its_comments_and_its_mistakes_are_warnings_at_their_place() {
    insta::assert_snapshot!(shown(&one("/etc/systemd/system/my-daemon.service", UNIT)));
}

#[test]
fn a_unit_without_mistakes_renders_with_the_same_meaning() {
    let unit = UNIT.replace("RestrtSec=5\n", "RestartSec=5\n").replace("5M", "5min");
    let imported = one("/etc/systemd/system/my-daemon.service", &unit);
    assert!(imported.diagnostics.is_empty(), "{}", shown(&imported));
    let text = rendered("debian-12", &imported.definition, "/etc/systemd/system/my-daemon.service");
    assert_eq!(meaning(&text), meaning(&unit));
}

#[test]
fn units_of_one_name_and_drop_ins_are_one_service() {
    let files = [
        ("/lib/systemd/system/api.service", "[Service]\nExecStart=/bin/true\n"),
        (
            "/lib/systemd/system/api.socket",
            "[Socket]\nListenStream=1\nListenDatagram=2\nListenStream=3\n\n[Install]\nWantedBy=sockets.target\n",
        ),
        ("/etc/systemd/system/api.service.d/env.conf", "[Service]\nEnvironment=A=1\n"),
        ("/etc/default/api", "# how loud\nLEVEL=info\nPASSWORD=hunter2\n"),
        ("/etc/systemd/system/api@.service", "[Service]\nExecStart=/bin/echo %i\n"),
    ];
    let inputs = files.iter().map(|(path, text)| input(path, text.as_bytes())).collect();
    let imported = import(inputs, &Options::default());
    insta::assert_snapshot!(shown(&imported));
    for (path, text) in &files[1..3] {
        let path = path.replace("/lib/", "/etc/");
        let text =
            text.replace("=2\nListenStream=3", "=2").replace("=1\nListenD", "=1\nListenStream=3\nListenD");
        assert_eq!(meaning(&rendered("debian-12", &imported.definition, &path)), meaning(&text));
    }
}

#[test]
fn every_unit_of_this_machine_is_imported_and_renders_with_the_same_meaning() {
    const NAME: &str = "every_unit_of_this_machine_is_imported_and_renders_with_the_same_meaning";
    // Units that `cmc check` refuses, so that nothing is rendered, and why.
    const REFUSED: &[(&str, &str)] = &[];
    let Ok(entries) = std::fs::read_dir("/lib/systemd/system") else {
        return cmc_testing::skip(NAME, "there is no /lib/systemd/system");
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let endings = ["service", "socket", "timer", "path", "mount", "automount", "target", "slice"];
    let (mut count, mut wrong) = (0, Vec::new());
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !endings.iter().any(|ending| name.ends_with(&format!(".{ending}"))) || !path.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if text.trim().is_empty() {
            continue;
        }
        count += 1;
        let imported = one(path.to_str().unwrap(), &text);
        if imported.diagnostics.iter().any(cmc_types::Diagnostic::is_error) {
            wrong.push(format!("{name}: {}", shown(&imported)));
            continue;
        }
        let unknown = imported.diagnostics.iter().find(|finding| finding.code == codes::UNKNOWN_UNIT);
        wrong.extend(unknown.map(|finding| format!("{name}: {}", finding.message)));
        let compiled = compiled("debian-12", &imported.definition);
        let file = UnixPath::parse(&format!("/etc/systemd/system/{name}")).unwrap();
        let Some(plan) = compiled.plan else {
            if !REFUSED.iter().any(|(refused, _)| *refused == name) {
                let findings: Vec<_> = compiled.diagnostics.iter().map(|one| &one.message).collect();
                wrong.push(format!("{name}: refused: {findings:?}"));
            }
            continue;
        };
        let Content::Bytes(bytes) = &plan.host("h").unwrap().file(&file).unwrap().content else { panic!() };
        let again = String::from_utf8(bytes.to_vec()).unwrap();
        if meaning(&again) != meaning(&text) {
            wrong.push(format!("{name}:\n{text}\n->\n{again}"));
        }
    }
    eprintln!("{count} units");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn environment_files_keep_each_variable_in_each_dialect() {
    let files = [
        (
            "env:systemd",
            Dialect::Systemd,
            "# one\nA=\"a b\"\n; two\nB='it'\"'\"'s'\nC=x#y\nD=\"$HOME {{ x }}\"\n",
        ),
        ("env:sh", Dialect::Sh, "A='a b'\nB='it'\\''s'\nC=\"{%\"\n"),
        ("env:docker", Dialect::Docker, "A=\"a b\"\nB=it's $5\n"),
        ("env:pam_env", Dialect::PamEnv, "A=\"a b\"\nPATH=/bin:/usr/bin\n"),
    ];
    let mut all = String::new();
    for (name, dialect, text) in files {
        let options = Options { kind: Kind::parse(name), service: None };
        let imported = import(vec![input("/etc/default/api", text.as_bytes())], &options);
        writeln!(all, "-- {name}\n{}", shown(&imported)).unwrap();
        let read = |dialect, text: &str| {
            let mut file = EnvFile::parse(dialect, text).unwrap();
            file.variables.sort();
            file.variables
        };
        let again = rendered("debian-12", &imported.definition, "/etc/cmc/env/api.env");
        assert_eq!(read(Dialect::Systemd, &again), read(dialect, text), "{again}");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn readers_that_disagree_about_an_environment_file_are_told() {
    let imported = one("/etc/default/api", "A=1\nB=\"$HOME/x\"\nexport C=1\n");
    assert!(imported.definition.is_empty());
    // Packages install many that hold comments only.
    let imported = one("/etc/default/api", "# LEVEL=info\n");
    assert!(imported.diagnostics.is_empty() && imported.definition.ends_with("env]\n# LEVEL=info\n"));
    assert!(compiled("debian-12", &imported.definition).plan.is_some());
    assert_eq!(Kind::detect("/etc/nginx/conf.d/a", "# x\n"), None);
    let imported = one("/etc/default/api", "A=1\nB=a;b\nC=\"x\"#y\n");
    insta::assert_snapshot!(shown(&imported));
}

#[test]
fn what_may_be_secret_is_not_imported_or_not_shown_again() {
    let private = |path: &str, text: &str, kind: Option<&str>| {
        let mut file = input(path, text.as_bytes());
        file.private = true;
        let options = Options { kind: kind.and_then(Kind::parse), service: None };
        import(vec![file], &options)
    };
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2hunter2hunter2\n";
    for imported in [
        private("/etc/default/api", "A=hunter2hunter2hunter2\n", None),
        private("/etc/systemd/system/a.service", "[Service]\nExecStart=/x hunter2hunter2hunter2\n", None),
        private("/etc/a.env", key, Some("env")),
        one("/etc/ssl/key.pem", key),
    ] {
        assert!(imported.definition.is_empty());
        assert_eq!(imported.diagnostics[0].code, cmc_types::codes::PRIVATE_FILE);
        let text = imported.sources.text(imported.diagnostics[0].primary.as_ref().unwrap().place.file);
        assert!(text.is_empty() && !shown(&imported).contains("hunter2"));
    }
    let imported = private("/etc/default/api", "TOKEN=hunter2\nA=hunter2\n", Some("env"));
    assert!(imported.definition.contains("TOKEN = \"hunter2\""));
    let place = imported.diagnostics[0].primary.as_ref().unwrap().place;
    assert_eq!(imported.sources.text(place.file), "TOKEN=*******\nA=*******\n");
}

#[test]
fn files_that_cannot_be_imported_are_named_with_the_reason_and_do_not_keep_others() {
    let long = format!("[Unit]\nDescription={}\n", "x".repeat(2 << 20));
    let files: &[(&str, &[u8])] = &[
        ("/a/nul.service", b"[Unit]\nDescription=\0\n"),
        ("/a/latin.service", b"[Unit]\nDescription=\xe9\n"),
        ("/a/empty.service", b"\n"),
        ("/a/empty.env", b""),
        ("/a/long.service", long.as_bytes()),
        ("/a/header.service", b"[Unit\nDescription=x\n"),
        ("/a/nothing.service", b"what is this\n"),
        ("/a/prose.txt", b"Dear all,\n"),
        ("/a/limits.conf", b"[Service]\nLimitNOFILE=1\n"),
        ("/a/script", b"#!/bin/sh\necho hello\n"),
        ("/a/quote.env", b"A='x\n"),
        ("/a/login.conf", b"staff:\\\n\t:openfiles=1:\\"),
        ("/a/good.service", b"[Service]\nExecStart=/bin/true\n"),
        ("/a/.service", b"[Service]\nExecStart=/bin/true\n"),
    ];
    let inputs = files.iter().map(|(path, bytes)| input(path, bytes)).collect();
    let mut imported = import(inputs, &Options::default());
    assert_eq!(imported.services, ["good"]);
    imported.diagnostics.retain(|finding| !finding.message.contains("long.service"));
    insta::assert_snapshot!(shown(&imported));
}

const LOGIN: &str = "# classes\nauth-defaults:auth=passwd,skey:\n\nstaff|boss|Staff members:\\\n\t:path=/usr/bin /bin:\\\n\t:umask=022:\\\n\t:datasize-cur=1536M:\\\n\t:openfiles-cur=512:\\\n\t:setenv=LANG=C.UTF-8,EDITOR=vi:\\\n\t:cputime=1h30:\\\n\t:ignorenologin:\\\n\t:requirehome@:\\\n\t:welcome=/etc/motd:\\\n\t:tc=auth-defaults:\n";

#[test]
fn of_a_login_class_that_stands_twice_the_first_record_is_taken_and_the_other_told() {
    let text = "api:\\\n\t:openfiles=1:\n# second\napi:\\\n\t:maxproc=2:\n";
    let imported = one("/etc/login.conf", text);
    assert_eq!(imported.definition.matches("[service.login-classes.login-class.api]").count(), 1);
    assert!(imported.definition.contains("openfiles") && imported.definition.contains("# :maxproc=2:"));
    let told = shown(&imported);
    assert!(told.contains("note[not-carried] login.conf:4:1"), "{told}");
    assert!(told.contains("class api has a second record, and the first one counts"), "{told}");
    rendered("openbsd-7.6", &imported.definition, "/etc/login.conf.d/api");
}

#[test]
fn login_classes_are_taken_for_freebsds_by_guess_only_with_a_note() {
    let text = "api:\\\n\t:umtxp=unlimited:\n";
    let told = shown(&one("/etc/login.conf", text));
    assert!(told.contains("note[dialects-differ] login.conf:1:1"), "{told}");
    assert!(told.contains("taken for FreeBSD's: it has umtxp"), "{told}");
    let options = Options { kind: Kind::parse("login-conf:freebsd"), service: None };
    let said = import(vec![input("/etc/login.conf", text.as_bytes())], &options);
    assert!(said.diagnostics.is_empty());
}

#[test]
fn rc_conf_local_and_shell_in_etc_default_are_kept_and_the_latter_is_told() {
    let options = |kind| Options { kind: Kind::parse(kind), service: None };
    let flags = "api_flags=-v\n";
    let imported = import(vec![input("/srv/flags", flags.as_bytes())], &options("rc-conf-local"));
    assert!(imported.definition.contains("on = [\"os:openbsd\"]"), "{}", imported.definition);
    assert_eq!(rendered("openbsd-7.6", &imported.definition, "/etc/rc.conf.local"), flags);
    let imported =
        import(vec![input("/etc/default/api", b"A=1\nif true; then\nB=2\nfi\n")], &options("default"));
    let told = shown(&imported);
    assert!(told.contains("note[kept-verbatim] api:2:1 `if true; then`"), "{told}");
    let plain = import(vec![input("/etc/default/api", b"# x\nA=1\n")], &options("default"));
    assert!(plain.diagnostics.is_empty());
}

#[test]
fn login_classes_keep_each_capability() {
    let options = |kind| Options { kind: Kind::parse(kind), service: None };
    let imported = import(vec![input("/etc/login.conf", LOGIN.as_bytes())], &options("login-conf"));
    insta::assert_snapshot!(shown(&imported));
    let text = rendered("openbsd-7.6", &imported.definition, "/etc/login.conf.d/staff");
    let sorted = |text: &str| {
        let mut records = login_conf::parse(text).unwrap();
        records.iter_mut().for_each(|record| record.settings.sort_by(|one, two| one.0.cmp(&two.0)));
        records
    };
    let original = LOGIN.replace("|boss|Staff members", "").replace("1h30:", "1h30s:");
    assert_eq!(sorted(&text)[0], sorted(&original)[1]);
    let alone = rendered("openbsd-7.6", &imported.definition, "/etc/login.conf.d/auth-defaults");
    assert_eq!(sorted(&alone)[0], sorted(&original)[0]);
    let freebsd = one("/etc/login.conf", LOGIN);
    assert!(freebsd.definition.contains("os:freebsd"), "{}", freebsd.definition);
    assert_eq!(
        Kind::detect("/etc/login.conf.d/x", "x:tc=default:\n"),
        Some(Kind::LoginConf(System::OpenBsd))
    );
}

#[test]
fn capabilities_that_do_not_exist_or_are_wrong_are_warnings() {
    let text =
        "x:\\\n\t:openfile=1:\\\n\t:maxproc=many:\\\n\t:umask=022:\\\n\t:umask=077:\\\n\t:tc=default:\n";
    insta::assert_snapshot!(shown(&one("/etc/login.conf.d/x", text)));
}

const OPENBSD: &str = "#!/bin/ksh\n#\n# The API\n\ndaemon=\"/usr/local/bin/api\"\ndaemon_flags=\"-c /etc/api.conf  -q\"\ndaemon_user=\"_api\"\ndaemon_timeout=\"60\"\n\n. /etc/rc.d/rc.subr\n\nrc_bg=YES\nrc_reload=NO\n\nrc_cmd $1\n";

/// The variables that a script sets, in rc.subr's part of the language.
fn variables(text: &str) -> Vec<(String, String)> {
    let lines = cmc_types::shell::parse(text).unwrap().into_iter();
    let mut all: Vec<_> = lines
        .filter_map(|line| match line.item {
            cmc_types::shell::Item::Assign { name, value } => {
                Some((name, value.split_whitespace().collect::<Vec<_>>().join(" ")))
            }
            _ => None,
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_declarative_openbsd_script_is_a_daemon_that_declares_the_same() {
    let imported = one("/etc/rc.d/api", OPENBSD);
    insta::assert_snapshot!(shown(&imported));
    let again = rendered("openbsd-7.6", &imported.definition, "/etc/rc.d/api");
    let mut again = variables(&again);
    again.retain(|(name, _)| !["daemon_logger", "pexp"].contains(&name.as_str()));
    assert_eq!(again, variables(OPENBSD));
}

#[test]
fn an_openbsd_script_with_functions_or_a_pattern_of_its_own_is_kept() {
    let functions = OPENBSD.replace("rc_reload=NO\n", "rc_configtest() {\n\t${daemon} -t '{{ x }}'\n}\n");
    let pattern = OPENBSD.replace("rc_reload=NO\n", "pexp=\"api: master.*\"\n");
    let variable = OPENBSD.replace("/usr/local", "${TRUEPREFIX}");
    let mut all = String::new();
    for text in [functions, pattern, variable] {
        let imported = one("/usr/ports/net/api/pkg/api.rc", &text);
        assert_eq!(rendered("openbsd-7.6", &imported.definition, "/etc/rc.d/api"), text);
        all.push_str(&shown(&imported));
    }
    insta::assert_snapshot!(all);
}

const FREEBSD: &str = "#!/bin/sh\n\n# PROVIDE: api\n# REQUIRE: LOGIN NETWORKING\n# KEYWORD: shutdown\n\n. /etc/rc.subr\n\nname=\"api\"\ndesc=\"The API\"\nrcvar=\"api_enable\"\n\nload_rc_config \"$name\"\n\n: ${api_enable:=\"NO\"}\n: ${api_user=api}\n\ncommand=\"/usr/local/sbin/${name}\"\ncommand_args=\"-c /usr/local/etc/api.conf\"\n\nrun_rc_command \"$1\"\n";

#[test]
fn a_declarative_freebsd_script_is_a_daemon_that_declares_the_same_and_others_are_kept() {
    let imported = one("/usr/local/etc/rc.d/api", FREEBSD);
    let again = rendered("freebsd-14.1", &imported.definition, "/usr/local/etc/rc.d/api");
    let mut all = format!("{}-- {again}", shown(&imported));
    for text in [
        FREEBSD.replace("command_args", "start_precmd=api_pre\napi_pre()\n{\n\techo\n}\ncommand_args"),
        FREEBSD.replace("command_args", "pidfile=/var/run/api.pid\ncommand_args"),
        FREEBSD.replace("LOGIN", "LOGIN postgresql"),
    ] {
        let imported = one("/usr/local/etc/rc.d/api", &text);
        assert_eq!(rendered("freebsd-14.1", &imported.definition, "/usr/local/etc/rc.d/api"), text);
        all.push_str(&shown(&imported));
    }
    insta::assert_snapshot!(all);
}

const OPENRC: &str = "#!/sbin/openrc-run\n\nname=\"API\"\ndescription=\"The API\"\nsupervisor=\"supervise-daemon\"\ncommand=\"/usr/local/bin/api\"\ncommand_args=\"--port 8080\"\ncommand_user=\"api:api\"\n\ndepend() {\n\tneed net\n\tafter firewall\n}\n";

#[test]
fn a_declarative_openrc_script_is_a_daemon_that_declares_the_same_and_others_are_kept() {
    let imported = one("/etc/init.d/api", OPENRC);
    let again = rendered("alpine-3.20", &imported.definition, "/etc/init.d/api");
    let mut all = format!("{}-- {again}", shown(&imported));
    for text in [
        OPENRC.replace("depend()", "start_pre() {\n\techo '{% x %}'\n}\n\ndepend()"),
        OPENRC.replace("need net", "need net postgresql"),
        OPENRC.replace("--port 8080", "--port ${PORT:-8080}"),
    ] {
        let imported = one("/etc/init.d/api", &text);
        assert_eq!(rendered("alpine-3.20", &imported.definition, "/etc/init.d/api"), text);
        all.push_str(&shown(&imported));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn files_that_contradict_each_other_are_told() {
    let options = Options { kind: None, service: ServiceName::parse("x").ok() };
    let files = [
        ("/a/one.env", "A=1\n"),
        ("/a/two.env", "A=2\n"),
        ("/etc/rc.d/a", OPENBSD),
        ("/etc/init.d/a", OPENRC),
    ];
    let imported = import(files.iter().map(|(path, text)| input(path, text.as_bytes())).collect(), &options);
    insta::assert_snapshot!(shown(&imported));
}

#[test]
fn what_files_say_is_given_as_the_schemas_of_their_formats_describe() {
    for (path, text, format) in [
        ("/srv/copy/etc/sudoers.d/ops", "%ops ALL = (ALL) NOPASSWD: ALL\n", "sudoers"),
        ("/etc/logrotate.d/api", "/var/log/api.log {\n weekly\n}\n", "logrotate"),
        ("/etc/api.env", "PORT=8080\n", "env-file"),
        ("/etc/login.conf", "api:\\\n\t:openfiles-cur=4096:\n", "login-conf"),
    ] {
        let imported = one(path, text);
        let says = &imported.readings[0]["says"];
        assert_eq!(says["format"], format, "{path}");
        let schema = crate::schema::formats::schema(format).unwrap();
        assert!(jsonschema::validator_for(&schema).unwrap().is_valid(says), "{says}");
    }
    let private = Input { private: true, ..input("/etc/api.env", b"TOKEN=s3cret\n") };
    let options = Options { kind: Kind::parse("env"), service: None };
    assert!(import(vec![private], &options).readings.is_empty());
}
