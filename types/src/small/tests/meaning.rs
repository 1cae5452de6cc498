//! logrotate, sudo and the shell say the same of good and bad statements, and read what is printed as it was meant.

use super::*;
use crate::{EnvName, hostile};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use sudoers::{Arguments, Command, CommandSpec, Grant, Host, Member, Program, User};

/// What a program that reads a file of this text prints.
fn given(text: &str, mode: u32, run: impl FnOnce(&Path) -> Output) -> (bool, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    let output = run(file.path());
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// logrotate's words about a text; nothing without the program.
fn logrotate_says(text: &str) -> Option<String> {
    let mut program = hostile::program("logrotate", "logrotate's files against logrotate -d")?;
    Some(given(text, 0o644, |path| program.args(["-d", "-s", "/dev/null"]).arg(path).output().unwrap()).1)
}

fn is_wrong(format: Format, text: &str) -> bool {
    check(format, text).iter().any(|problem| problem.severity == Severity::Error)
}

#[test]
fn logrotate_says_the_same() {
    let directives = [
        "rotate 5",
        "rotate five",
        "rotate -1",
        "rotate -2",
        "rotate",
        "rotate=5",
        "rotate = 5",
        "rotate 0x10",
        "rotate +5",
        "rotate \"5\"",
        "rotate 5 # c",
        "missingok foo",
        "missingok\tcompress",
        "compress delaycompress",
        "compress # c",
        "compress# c",
        "size 100k",
        "size 100K",
        "size 100m",
        "size 10x",
        "size 10MB",
        "size",
        "size 1.5M",
        "size=0x10k",
        "size 1MM",
        "size 99999999999999999999",
        "size 100 k",
        "weekly 3",
        "weekly 8",
        "weekly mon",
        "weekly=3",
        "weekly # c",
        "daily 3",
        "create",
        "create 0640",
        "create 0640 root",
        "create 0640 root adm",
        "create root adm",
        "create 640 root adm x",
        "create 9999 root adm",
        "create 1000 1000",
        "create root:adm",
        "create 0640 \"root\" adm",
        "createolddir 0755 root root",
        "su root adm",
        "su root",
        "su",
        "su root:adm",
        "su 0 0",
        "su \"root\" adm",
        "dateformat -%Y%m%d",
        "dateformat",
        "dateext",
        "extension .log",
        "extension",
        "mail a@b",
        "mail",
        "mail a b",
        "maxage 3d",
        "maxage 10",
        "minage x",
        "start 5",
        "start -1",
        "shredcycles x",
        "shredcycles 0",
        "olddir",
        "olddir \"a b\"",
        "postrotate",
        "postrotate\n x",
        "postrotate\n x\nendscript",
        "prerotate\n}\nendscript",
        "postrotate # c\n x\nendscript",
        "preremove\nx\nendscript # c",
        "preremove\nx\nendscript compress",
        "preremove\nx\nendscriptx\nendscript",
        "firstaction\nx\nendscript\nlastaction\ny\nendscript",
        "endscript",
        "Rotate 5",
        "rotat 5",
        "foo",
        "tabooext + .x",
        "compressoptions -9 -q",
        "compressext .xz",
        "compresscmd xz",
        "compresscmd /x y",
        "minsize 1M",
        "maxsize 1M",
        "hourly",
        "noolddir",
        "1rotate",
        ".x",
        "\"x\"",
        "/tmp/y {",
        "}",
        "nomail",
        "mailfirst",
        "noallowhardlink",
        "ignoreduplicates",
        "annually",
        "missingok }",
    ];
    let mut texts: Vec<String> =
        directives.iter().map(|d| format!("/srv/none.log {{\n missingok\n{d}\n}}\n")).collect();
    // Every directive is known, by its name.
    texts.extend(
        logrotate::KEYWORDS
            .iter()
            .filter(|row| row.kind == logrotate::Kind::Flag && row.name != "nomissingok")
            .map(|row| format!("/srv/none.log {{\n missingok\n {}\n}}\n", row.name)),
    );
    texts.extend(
        [
            "/a { missingok }",
            "/a { missingok\n}",
            "/a\n{\nmissingok\n}",
            "/a /a {\nmissingok\n}",
            "/a {\nmissingok\n}\n/a {\nmissingok\n}",
            "/a {\nmissingok",
            "/a",
            "/a {\nmissingok\n} foo",
            "/a {\nmissingok\n} # foo",
            "relative.log {\nmissingok\n}",
            "\"/a b\" '/c d' {\nmissingok\n}",
            "/a\\ b {\nmissingok\n}",
            "~/x {\nmissingok\n}",
            "{\nmissingok\n}",
            "weekly\nrotate 4",
            "*.log {\n}",
            "/a {missingok\n}",
            "/a {\nmissingok\n}/b {\n}",
            "'/a\"b' {\nmissingok\n}",
            "\"/a\\\"b\" {\nmissingok\n}",
            "/a\"b c\" {\nmissingok\n}",
            "  /a {\nmissingok\n}",
            "/a {\nmissingok\n}\n}",
            "/a{\nmissingok\n}",
            "ro\"tate 5",
            "/a {\nmissingok\\\ncompress\n}",
            "rotate 5\\",
            "/a {\r\nmissingok\r\n}\r",
            "postrotate\nx\nendscript",
            "/a { # c\nmissingok\n}",
        ]
        .map(|text| format!("{text}\n")),
    );
    texts.push("weekly".to_owned());
    for text in texts {
        let Some(said) = logrotate_says(&text) else { return };
        // logrotate closes it at the end of the file.
        let closed = text != "/a {\nmissingok\n";
        let good = closed && !said.lines().any(|line| line.starts_with("error:"));
        assert_eq!(!is_wrong(LOGS, &text), good, "{text:?}: {said}\n{:?}", check(LOGS, &text));
    }
}

const LOGS: Format = Format::Logrotate;

#[test]
fn logrotate_reads_hostile_paths_and_scripts_as_they_were_meant() {
    let mut file: File<logrotate::Entry> = File::new();
    let mut expected = Vec::new();
    let keyword = |name| logrotate::keyword(name).unwrap();
    let mut scripts = 0;
    for (number, text) in hostile::strings().into_iter().enumerate() {
        // What has a meaning for glob(7) is its own.
        let path = format!("/nowhere/{number}{text}");
        let logs =
            |directives| logrotate::Entry::Logs(logrotate::Logs { files: vec![path.clone()], directives });
        let missing =
            logrotate::Directive { keyword: keyword("missingok"), value: logrotate::Value::Nothing };
        let script = logrotate::Value::Script(format!("{text}\n"));
        let script = logrotate::Directive { keyword: keyword("postrotate"), value: script };
        let whole = file.push(logs(vec![missing.clone(), script]));
        scripts += usize::from(whole.is_ok());
        if whole.is_ok() || file.push(logs(vec![missing])).is_ok() {
            expected.push(path);
        }
    }
    assert!(expected.len() > 5000 && scripts > 5000, "{} {scripts}", expected.len());
    assert!(logrotate::parse(&file.print()).0 == file);
    let Some(said) = logrotate_says(&file.print()) else { return };
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error:")).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let read: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("considering log ")).collect();
    assert_eq!(read.len(), expected.len());
    for (read, expected) in read.iter().zip(&expected) {
        assert_eq!(read.trim_end_matches('/'), expected.trim_end_matches('/'));
    }
}

/// Whether `visudo` takes a text, and what it says.
fn visudo_says(text: &str) -> Option<(bool, String)> {
    let mut program = hostile::program("visudo", "sudoers against visudo -c")?;
    Some(given(text, 0o440, |path| program.args(["-c", "-f"]).arg(path).output().unwrap()))
}

const SUDO: Format = Format::Sudoers;

/// What visudo takes and we refuse.
const TAKEN_BY_VISUDO: &[&str] = &[
    "bob ALL = UNKNOWN_X",
    // A host of that name.
    "bob 10.0.0.0/33 = ALL",
    // sudo says `cycle`, and passes the alias by.
    "Cmnd_Alias X = X\nbob ALL = X",
    "bob %adm = ALL",
];

#[test]
fn visudo_says_the_same() {
    let digest = "118187da8364d490b4a7debbf483004e8f3e053ec954309de2c41a25";
    let lines = "root ALL=(ALL:ALL) ALL|User_Alias A = a:B = b, c|User_Alias A = a\nUser_Alias A = b|User_Alias ALL = a|\
        User_Alias TIMEOUT = a|user_alias A = a|Foo_Alias A = a|Defaults env_reset|Defaults !env_reset|Defaults !!env_reset|\
        Defaults env_rest|Defaults env_reset=1|Defaults timestamp_timeout=5|Defaults timestamp_timeout=x|\
        Defaults timestamp_timeout|Defaults timestamp_timeout = -1|Defaults passwd_tries|Defaults !passwd_tries|\
        Defaults secure_path=/bin:/sbin|Defaults secure_path=\"/bin:/sbin\"|Defaults secure_path=/bin,env_reset|\
        Defaults env_keep += \"A B\"|Defaults env_keep + = \"A\"|Defaults env_reset += x|Defaults umask=0999|\
        Defaults umask=022|Defaults lecture=sometimes|Defaults lecture|Defaults editor=vi|Defaults logfile=x|\
        Defaults:bob env_reset|Defaults : bob env_reset|Defaults:bob,%wheel env_reset|Defaults@host env_reset|\
        Defaults!/bin/ls env_reset|Defaults!/bin/ls,/bin/cat env_reset|Defaults>root env_reset|Defaultsx env_reset|\
        Defaults|Defaults env_reset,|Defaults env_reset !insults|Defaults maxseq=5,closefrom=4|Defaults a|\
        Defaults passwd_tries=-1|Defaults command_timeout=5m|Defaults umask=0777,!umask|Defaults verifypw=all|\
        Defaults env_keep-=\"A\"|Defaults rlimit_core=default|Defaults rlimit_core=5x|Defaults syslog=auth|\
        Defaults syslog=foo|Defaults !syslog|Defaults passprompt=\"[sudo] %p: \"|Defaults passprompt=a\\ b|\
        Defaults badpass_message='a b'|Defaults env_keep=\"A|bob ALL = NOPASSWD: /bin/ls|\
        bob ALL = NOPASSWD:/bin/ls, PASSWD : /bin/cat|bob ALL = NOPASSWD /bin/ls|bob ALL = nopasswd: /bin/ls|\
        bob ALL = ls|bob ALL = ./ls|bob ALL NOPASSWD: /bin/ls|bob ALL = (root) NOPASSWD: SETENV: /bin/ls|\
        bob ALL = NOPASSWD: (root) /bin/ls|bob ALL = (root:) /bin/ls|bob ALL = () /bin/ls|bob ALL = (:) /bin/ls|\
        bob ALL = (:adm) /bin/ls|bob ALL = /bin/ls \"\"|bob ALL = /bin/ls \"a b\"|bob ALL = /bin/ls -l, !/bin/cat|\
        bob ALL = /bin/ls a=b|bob ALL = /bin/ls a\\=b|bob ALL = /bin/ls a:b|bob ALL = /bin/ls *|bob ALL = /bin/|\
        bob ALL = /bin/ x|bob ALL = sudoedit /etc/x|bob ALL = /usr/bin/sudoedit /etc/x|bob ALL = list|\
        bob ALL = sha256:abc /bin/ls|bob ALL = sha224:DIGEST /bin/ls|bob ALL = sha224:DIGEST, sha224:DIGEST /bin/ls|\
        bob ALL = sha224:EYGH2oNk1JC0p9679IMATo8+BT7JVDCd4sQaJQ== /bin/ls|bob ALL = TIMEOUT=5m /bin/ls|\
        bob ALL = TIMEOUT=5x /bin/ls|bob ALL = CWD=/x /bin/ls|bob ALL = CWD=x /bin/ls|\
        bob ALL = CWD=* CHROOT=~/x NOPASSWD: /bin/ls|bob ALL = NOTBEFORE=20200101000000Z /bin/ls|\
        bob ALL = NOTBEFORE=2020 /bin/ls|bob ALL = ROLE=x TYPE=y /bin/ls|bob ALL = FOO: /bin/ls|\
        bob, %adm, #1000, %#5, +net, !root ALL = ALL|\
        bob host1, 10.0.0.1, 10.0.0.0/8, 10.0.0.0/255.0.0.0, fe80::1, +net, !h* = ALL|bob 10.0.0.0/33 = ALL|\
        bob ALL = ALL : host2 = /bin/ls|\"bob smith\" ALL = ALL|bob\\ smith ALL = ALL|bob\\x20smith ALL = ALL|\
        \"\" ALL = ALL|% ALL = ALL|%:foo ALL = ALL|\"%:foo bar\" ALL = ALL|bob@dom ALL = ALL|\
        bob ALL = ^/bin/(ls,cat)$|bob ALL = /bin/ls ^a+$|bob ALL = /bin/ls ^a+|bob ALL = \\\n /bin/ls|\
        bob ALL = /bin/ls # comment|bob ALL = /bin/ls #5|bob ALL = /bin/ls \\#5|# comment \\\nbob ALL=ALL|\
        @includedir /nosuch|#includedir /nosuch|#include|@include| @includedir /nosuch| #includedir /nosuch|\
        @includefoo x|@bob ALL = ALL|bob ALL = (root) ALL, (bin) /bin/x|bob ALL =|bob ALL = /bin/ls,|\
        bob ALL = ,/bin/ls|bob = ALL|bob ALL|bob|bob ALL = !!/bin/ls|bob ALL = ! ! /bin/ls|bob ALL = /bin/l\\ s|\
        bob ALL = /bin/l\"s|bob ALL = /bin/l(s)|bob ALL = /bin/ls (x)|Cmnd_Alias X = X\nbob ALL = X|\
        Cmd_Alias X = /bin/ls|Cmnd_Alias x = /bin/ls|bob ALL = ALL\r|bob\tALL=ALL|bob ALL = \"/bin/ls\"|\
        bob ALL = /bin/ls a\"b|(bob) ALL = ALL|bob ALL = (root ALL|bob %adm = ALL|10.0.0.1 ALL = ALL|sudoedit ALL = ALL|\
        list ALL = ALL|sha224 ALL = ALL|bob list = ALL|bob TIMEOUT = ALL|TIMEOUT ALL = ALL|bob ALL = TIMEOUT|\
        bob ALL = NOPASSWD: TIMEOUT=5 /bin/ls|bob ALL = /bin/ls\\,x|bob ALL = /bin/ls \\||bob ALL = /bin/ls a\\n|\
        bob ALL = (root : ) ALL|bob ALL = ( root , !bin : adm ) ALL|NOPASSWD ALL = ALL|ALL, !root ALL = ALL|bob ::1 = ALL|\
        bob fe80::/10 = ALL|bob fe80::/129 = ALL|bob a:b = ALL|Defaults env_keep = A, env_check += \"B C\"";
    for line in lines.replace("DIGEST", digest).split('|') {
        let text = format!("{line}\n");
        let Some((good, said)) = visudo_says(&text) else { return };
        let expected = good && !TAKEN_BY_VISUDO.contains(&line);
        assert_eq!(!is_wrong(SUDO, &text), expected, "{line:?}: {said}\n{:?}", check(SUDO, &text));
    }
}

#[test]
fn visudo_knows_every_option_by_the_same_type() {
    let values = [
        "", "=5", "=/x", "=abc", "+=abc", "=never", "=always", "=0600", "=0999", "=auth", "=-1", "=1.5",
        "=5m", "=any", "=default", "=debug", "=json", "=tty",
    ];
    let lines: Vec<String> = sudoers::OPTIONS
        .iter()
        .flat_map(|option| {
            values.iter().map(|value| format!("{}{value}", option.name)).chain([format!("!{}", option.name)])
        })
        .map(|setting| format!("Defaults {setting}"))
        .collect();
    let Some((_, said)) = visudo_says(&(lines.join("\n") + "\n")) else { return };
    if said.contains("unknown defaults entry") {
        cmc_testing::skip("the options of sudo against visudo", "this sudo has other options than 1.9.13");
        return;
    }
    for (number, line) in (1..).zip(&lines) {
        let wrong = said.lines().any(|said| said.split(':').nth(1) == Some(&number.to_string()));
        // A value of another locale, user or plug-in is the host's.
        assert_eq!(is_wrong(SUDO, &format!("{line}\n")), wrong, "{line}");
    }
}

fn all<T>(what: T) -> Vec<Member<T>> {
    vec![Member { negated: false, what }]
}

fn rule(user: User, host: Host, program: Program) -> sudoers::Entry {
    let command = Member { negated: false, what: Command { digests: Vec::new(), program } };
    let spec = CommandSpec { runas: None, options: Vec::new(), tags: vec!["NOPASSWD".to_owned()], command };
    sudoers::Entry::Rule { users: all(user), grants: vec![Grant { hosts: all(host), commands: vec![spec] }] }
}

#[test]
fn sudo_reads_hostile_names_paths_and_arguments_as_they_were_meant() {
    let mut file: File<sudoers::Entry> = File::new();
    let mut expected = Vec::new();
    let mut carried = [0; 4];
    for text in hostile::strings() {
        let path = |text: &str, arguments| Program::Path(format!("/x{text}"), arguments);
        let pattern = |text: &str| path("", Arguments::Pattern(text.to_owned()));
        let tries = [
            (
                rule(User::Name(text.clone()), Host::All, Program::All),
                ("username", text.clone(), "ALL".to_owned(), "ALL".to_owned()),
            ),
            (
                rule(User::Group(text.clone()), Host::All, Program::All),
                ("usergroup", text.clone(), "ALL".to_owned(), "ALL".to_owned()),
            ),
            (
                rule(User::Name("u".to_owned()), Host::Name(text.clone()), path(&text, Arguments::Any)),
                ("username", "u".to_owned(), text.clone(), format!("/x{text}")),
            ),
            (
                rule(User::Name("u".to_owned()), Host::All, pattern(&text)),
                ("username", "u".to_owned(), "ALL".to_owned(), format!("/x {text}")),
            ),
        ];
        for (index, (entry, meaning)) in tries.into_iter().enumerate() {
            if file.push(entry).is_ok() {
                carried[index] += 1;
                expected.push(meaning);
            }
        }
    }
    assert!(carried.iter().all(|count| *count > 1000), "{carried:?}");
    let text = file.print();
    assert!(sudoers::parse(&text).0 == file);
    let Some(mut program) = hostile::program("cvtsudoers", "sudoers against cvtsudoers") else { return };
    let (good, said) = given(&text, 0o440, |path| program.args(["-f", "json"]).arg(path).output().unwrap());
    assert!(good, "{}", &said[..said.len().min(2000)]);
    // What is said on standard error follows.
    let mut json = serde_json::Deserializer::from_str(&said).into_iter::<serde_json::Value>();
    let json = json.next().unwrap().unwrap();
    let specs = json["User_Specs"].as_array().unwrap();
    assert_eq!(specs.len(), expected.len());
    for (spec, (kind, user, host, command)) in specs.iter().zip(&expected) {
        let read = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(&read(&spec["User_List"][0][*kind]), user, "{spec}");
        assert_eq!(&read(&spec["Host_List"][0]["hostname"]), host, "{spec}");
        assert_eq!(&read(&spec["Cmnd_Specs"][0]["Commands"][0]["command"]), command, "{spec}");
        assert_eq!(spec["Cmnd_Specs"].as_array().unwrap().len(), 1, "{spec}");
    }
}

#[test]
fn the_shell_reads_hostile_variables_as_they_were_meant() {
    let mut file: File<variables::Entry> = File::new();
    let mut expected = Vec::new();
    let mut script = String::new();
    for text in hostile::strings() {
        let name = format!("V{}", expected.len());
        let entry =
            variables::Entry { exported: false, name: EnvName::parse(&name).unwrap(), value: text.clone() };
        if file.push(entry).is_ok() {
            script.push_str(&format!("printf '%s\\0' \"${name}\"\n"));
            expected.push(text);
        }
    }
    assert!(expected.len() > 10_000);
    let Some(mut dash) = hostile::program("dash", "/etc/default against dash") else { return };
    let code = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&code, file.print() + &script).unwrap();
    let output = dash.arg(code.path()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    hostile::arrived(&expected, &output.stdout);
}
