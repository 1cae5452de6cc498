//! logrotate, sudoers and /etc/default: what is read and what is wrong.

use super::*;

const LOGS: Format = Format::Logrotate;
const SUDO: Format = Format::Sudoers;

/// The only problem of one directive in an entry.
fn inside(directive: &str) -> String {
    one(LOGS, &format!("/var/log/x.log {{\n missingok\n{directive}\n}}"))
}

#[test]
fn logrotate_takes_what_its_manual_shows() {
    let manual = "\
# sample logrotate configuration file
compress

/var/log/messages {
    rotate 5
    weekly
    postrotate
        /usr/bin/killall -HUP syslogd
    endscript
}

\"/var/log/httpd/access.log\" /var/log/httpd/error.log {
    rotate 5
    mail recipient@example.org
    size 100k
    sharedscripts
    postrotate
        /usr/bin/killall -HUP httpd
    endscript
}

/var/log/news/* {
    monthly
    rotate=2
    olddir /var/log/news/old
    create 0640 news news
    su news news
    nocompress
}
";
    assert_eq!(said(LOGS, manual), Vec::<String>::new());
    assert_eq!(reprint(LOGS, manual), manual);
    let (file, _) = logrotate::parse(manual);
    let entries: Vec<_> = file.entries().collect();
    assert_eq!(entries.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 12, 22]);
    let logrotate::Entry::Logs(second) = entries[2].1 else { panic!() };
    assert_eq!(second.files, ["/var/log/httpd/access.log", "/var/log/httpd/error.log"]);
    let values: Vec<_> = second.directives.iter().map(|d| (d.keyword.name, d.value.clone())).collect();
    assert_eq!(values[2], ("size", logrotate::Value::Bytes(102_400)));
    let script = "        /usr/bin/killall -HUP httpd\n    ".to_owned();
    assert!(
        matches!(&values[4], ("postrotate", logrotate::Value::Script(s)) if script.starts_with(s.as_str()))
    );
}

#[test]
fn logrotate_mistakes_are_named() {
    for (directive, expected) in [
        ("rotate 5 # c", "the value is no number"),
        ("rotate -2", "the number is too small"),
        ("rotate", "the directive has no value"),
        ("rotat 5", "there is no such directive"),
        ("Rotate 5", "there is no such directive"),
        ("missingok foo", "there is no such directive"),
        ("compress# c", "something stands right behind the word"),
        ("size 100", "the size has no unit"),
        ("size 100m", "there is no such unit"),
        ("size 10MB", "there is no such unit"),
        ("size 1.5M", "that is no size"),
        ("weekly mon", "the day is not from 0 to 7"),
        ("daily 3", "the line begins with no directive and no path"),
        ("create 0640 root adm x", "something stands behind the group"),
        ("create 9999 root adm", "the mode is not octal"),
        ("create root:adm", "that is no user or group"),
        ("su root", "there is no group"),
        ("olddir \"a b\"", "there is a blank in the path"),
        ("tabooext + .x", "the directive is not for one entry"),
        ("endscript", "there is no such directive"),
        ("/var/log/y {", "a path stands among directives"),
        ("postrotate\nx", "the script does not end"),
        ("postrotate x\nendscript", "something stands behind the word that begins a script"),
        ("hourly", "logrotate itself may not run as often"),
        ("daily\nsize 5M", "this undoes what stands before it"),
        ("create\ncopytruncate", "nothing is created"),
    ] {
        let text = format!("/var/log/x.log {{\n missingok\n{directive}\n}}\n");
        let problems = check(LOGS, &text);
        assert_eq!(problems.first().map(|p| p.what), Some(expected), "{directive}: {problems:?}");
        assert!(problems[0].line >= 3 || expected.starts_with("the script"), "{problems:?}");
    }
    assert_eq!(inside("rotate 5\ncompress delaycompress # c"), "");
    for (text, expected) in [
        ("/a", "1:1-3: the `{` is missing: \"/a\""),
        ("/a {", "1:1-5: the entry is not closed: \"/a {\""),
        ("/a {\n}\n/b {\n}\n\n/a {\n}", "6:1-3: the log has two entries: \"/a\""),
        ("/a {\n} # c", "2:3-6: something stands behind the `}`: \"# c\""),
        ("}", "1:1-2: there is no entry that the `}` would close: \"}\""),
        ("a.log {\n}", "1:1-8: something stands right behind the word: \"a.log {\""),
        ("/a # c\n{\n}", "1:4-5: behind a path there is no comment: \"#\""),
        ("\"/a {\n}", "1:1-5: the quote is not closed: \"\\\"/a \""),
        ("/tmp/a {\n}", "?1:1-7: the entry needs `su`: \"/tmp/a\""),
        ("/a {\r\n}\r", "1:5-5: the line ends in a carriage return, as on Windows"),
    ] {
        assert_eq!(said(LOGS, &format!("{text}\n")).first().map(String::as_str), Some(expected), "{text:?}");
    }
}

#[test]
fn sudoers_takes_what_its_manual_shows() {
    let manual = "\
# User alias specification
User_Alias      FULLTIMERS = millert, mikef, dowdy
User_Alias      PARTTIMERS = bostley, jwfox, crawl : WEBADMIN = will, wendy
Runas_Alias     OP = root, operator
Host_Alias      SPARC = bigtime, eclipse, moet, anchor :\\
                SGI = grolsch, dandelion, black
Host_Alias      CUNETS = 128.138.0.0/255.255.0.0, fe80::1, 10.0.0.0/8
Cmnd_Alias      KILL = sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ==, /usr/bin/kill
Cmnd_Alias      SHELLS = /usr/bin/sh, /usr/bin/csh, ^/usr/bin/(k|z)sh$

Defaults                syslog=auth,runas_default=operator
Defaults>root           !set_logname
Defaults:FULLTIMERS     !lecture
Defaults@SPARC          log_year, logfile=/var/log/sudo.log
Defaults!SHELLS         noexec
Defaults                env_keep += \"A B\", passprompt=\"[sudo] %p: \"

root            ALL = (ALL) ALL
%wheel, #5, %#6, +net, !bob, \"a b\"  ALL = (ALL : ALL) ALL
FULLTIMERS      ALL = NOPASSWD: ALL
PARTTIMERS      SPARC = (OP) TIMEOUT=5m NOTAFTER=20301231000000Z NOPASSWD: SETENV: /usr/bin/su [!-]*, !/usr/bin/su *root*
WEBADMIN        CUNETS = sudoedit /etc/motd, KILL : SGI = /usr/bin/, list, /bin/ls \"\", /bin/x ^a+$
bob             ALL = () /bin/ls a\\=b\\:c \\* # comment
#includedir /etc/sudoers.d
@include \"/etc/sudo ers\"
";
    assert_eq!(said(SUDO, manual), Vec::<String>::new());
    assert_eq!(reprint(SUDO, manual), manual);
    let (file, _) = sudoers::parse(manual);
    assert_eq!(file.entries().count(), 21);
    for (_, entry) in file.entries() {
        let line = entry.print().unwrap();
        let again = sudoers::parse(&format!("{line}\n")).0;
        assert_eq!(again.entries().next().unwrap().1, entry, "{line}");
    }
    let line = |number: u32| file.entries().find(|(line, _)| *line == number).unwrap().1.print().unwrap();
    assert_eq!(
        line(5),
        "Host_Alias SPARC = bigtime, eclipse, moet, anchor : SGI = grolsch, dandelion, black"
    );
    assert_eq!(line(23), "bob ALL = () /bin/ls a\\=b\\:c \\\\*");
}

#[test]
fn sudoers_mistakes_are_named() {
    for (line, expected) in [
        ("User_Alias A = a\nUser_Alias A = b", "2:12-13: the alias is defined twice: \"A\""),
        ("User_Alias ALL = a", "1:12-15: the word is reserved: \"ALL\""),
        ("User_Alias a = a", "1:12-13: that is no name of an alias: \"a\""),
        ("user_alias A = a", "1:1-11: a statement does not begin so: \"user_alias\""),
        ("Cmnd_Alias X = X", "1:12-13: the alias names itself: \"X\""),
        ("Defaults env_rest", "1:10-18: there is no such option: \"env_rest\""),
        ("Defaults env_reset=1", "1:20-21: the option does not take this value: \"1\""),
        ("Defaults timestamp_timeout", "1:10-27: the option has no value: \"timestamp_timeout\""),
        ("Defaults !passwd_tries", "1:11-23: the option cannot be switched off: \"passwd_tries\""),
        (
            "Defaults env_reset += x",
            "1:10-19: nothing can be added to the option or removed from it: \"env_reset\"",
        ),
        ("Defaults umask=0999", "1:16-20: the option does not take this value: \"0999\""),
        ("Defaults : bob env_reset", "1:10-11: here an option was to stand: \":\""),
        ("Defaults env_reset !insults", "1:20-28: here the statement was to end: \"!insults\""),
        ("Defaults env_keep=\"A", "1:19-20: the quote is not closed: \"\\\"\""),
        ("bob ALL = NOPASSWD /bin/ls", "1:11-19: a tag has no `:`: \"NOPASSWD\""),
        ("bob ALL = nopasswd: /bin/ls", "1:11-19: that is no absolute path: \"nopasswd\""),
        ("bob ALL = NOPASWD: /bin/ls", "1:11-18: there is no such tag: \"NOPASWD\""),
        ("bob ALL = ls", "1:11-13: that is no absolute path: \"ls\""),
        ("bob ALL = NOPASSWD: (root) /bin/ls", "1:21-27: here a command was to stand: \"(root)\""),
        ("bob ALL = (root:) /bin/ls", "1:17-18: here a name was to stand: \")\""),
        ("bob ALL = (root /bin/ls", "1:17-24: the `(` is not closed: \"/bin/ls\""),
        ("bob ALL = /bin/ls a:b", "1:22-22: there is no `=` behind the hosts"),
        ("bob ALL = /bin/ls a\\n", "1:20-22: there is no such escape: \"\\\\n\""),
        ("bob ALL = /usr/bin/sudoedit x", "1:20-28: sudoedit has no path: \"sudoedit\""),
        ("bob ALL = sha256:abc /bin/ls", "1:18-21: the digest has another length: \"abc\""),
        ("bob ALL = TIMEOUT=5x /bin/ls", "1:19-21: a limit does not take this value: \"5x\""),
        ("bob ALL = CWD=x /bin/ls", "1:15-16: a limit does not take this value: \"x\""),
        ("bob 10.0.0.0/33 = ALL", "1:5-16: that is no network: \"10.0.0.0/33\""),
        ("bob %x = ALL", "1:5-7: a group of users stands where a host is meant: \"%x\""),
        ("bob = ALL", "1:5-6: here a name was to stand: \"=\""),
        ("bob ALL", "1:8-8: there is no `=` behind the hosts"),
        ("% ALL = ALL", "1:1-2: a group has no name: \"%\""),
        ("bob ALL = \"/bin/ls\"", "1:11-20: a command stands in quotes: \"\\\"/bin/ls\\\"\""),
        ("bob ALL = /bin/ls,", "1:19-19: here a command was to stand"),
        ("bob ALL = ALL, !/bin/sh", "?1:16-17: to forbid single commands out of ALL forbids nothing: \"!\""),
        ("ADMINS ALL = ALL", "?1:1-7: the alias is not defined here: \"ADMINS\""),
        ("@include /a b", "1:13-14: something stands behind the path: \"b\""),
        ("bob ALL = /bin/ls ^a", "1:19-21: the regular expression does not end: \"^a\""),
    ] {
        assert_eq!(said(SUDO, &format!("{line}\n")).first().map(String::as_str), Some(expected), "{line:?}");
    }
    let aliases = "bob ALL = A\nCmnd_Alias A = /bin/ls\nann B = ALL\n";
    assert_eq!(said(SUDO, aliases), ["?3:5-6: the alias is not defined here: \"B\""]);
}

#[test]
fn variables_are_assignments_and_the_rest_is_the_shells() {
    let text = "# c\n\nA=b\nB=\"c d\" # e\nexport C='x\ny'\nif [ -f /x ]; then D=1; fi\nE=$A\nF=a; G=b\nH=\n";
    assert_eq!(said(Format::Variables, text), Vec::<String>::new());
    assert_eq!(reprint(Format::Variables, text), text);
    let (file, _) = variables::parse(text);
    let read: Vec<_> = file.entries().map(|(line, e)| (line, e.name.as_str(), e.value.as_str())).collect();
    assert_eq!(read, [(3, "A", "b"), (4, "B", "c d"), (5, "C", "x\ny"), (10, "H", "")]);
    assert!(!variables::is_plain(text) && variables::is_plain("# c\nA=b\n\nexport B='c\nd'\n"));
    for (line, expected) in [
        ("A = b", "1:2-4: a blank stands before the `=`: \" =\""),
        ("A=b c", "?1:5-6: something stands behind the value: \"c\""),
        ("A= b", "?1:4-5: something stands behind the value: \"b\""),
        ("A=\"b", "1:3-5: the quote is not closed: \"\\\"b\""),
        ("A=b\r", "1:1-5: the line ends in a carriage return, as on Windows"),
    ] {
        assert_eq!(said(Format::Variables, &format!("{line}\n")), [expected], "{line:?}");
    }
}

#[test]
fn a_file_that_others_may_write_to_is_not_read() {
    let severity = |format: Format, mode: u16| {
        format.unread_with(crate::Mode::from_bits(mode)).map(|unread| unread.severity)
    };
    let cron = Format::Cron(Table { dialect: Dialect::Debian, user_column: true });
    assert_eq!(severity(SUDO, 0o664), Some(Severity::Error));
    assert_eq!(severity(SUDO, 0o644), Some(Severity::Note));
    assert_eq!(severity(SUDO, 0o440), None);
    assert_eq!(severity(LOGS, 0o666), Some(Severity::Error));
    assert_eq!(severity(LOGS, 0o644), None);
    assert_eq!(severity(cron, 0o664), Some(Severity::Error));
    assert_eq!(severity(Format::Variables, 0o666), None);
    assert!(found("/etc/sudoers.d/a.b", "debian-12").unwrap().unread.is_some());
    assert!(found("/etc/sudoers.d/a~", "openbsd-7.6").unwrap().unread.is_some());
    assert!(found("/etc/logrotate.d/a.dpkg-old", "debian-12").unwrap().unread.is_some());
    assert_eq!(found("/etc/logrotate.d/a.conf", "debian-12").unwrap().unread, None);
    assert_eq!(found("/etc/default/a", "debian-12").unwrap().format, Format::Variables);
}
