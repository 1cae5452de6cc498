use super::*;
use proptest::prelude::*;

fn told(init: InitSystem, text: &str) -> Vec<(u32, u32, &'static str)> {
    check(init, text).iter().map(|problem| (problem.line, problem.columns.start, problem.what)).collect()
}

fn good(init: InitSystem, text: &str) {
    let found = check(init, text);
    assert!(found.is_empty(), "{found:#?}\n{text}");
}

#[test]
fn whatever_stands_in_a_script_it_is_read_without_a_panic() {
    for text in [
        "",
        "\n",
        "\"",
        "'",
        "`",
        "${",
        "$(",
        "$((",
        "<<",
        "<<E\n",
        "case x in",
        "a()",
        "a() (",
        "#",
        "é\"é",
        "{",
        "x=$(",
    ] {
        for init in [InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc] {
            check(init, text);
            check(init, &text.repeat(300));
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>(), shell in "([a-z_]{1,3}|[\"'`${}()#<;|&\n =\\\\]){0,40}") {
        for init in [InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc] {
            check(init, &text);
            check(init, &shell);
        }
    }
}

const OPENBSD: &str = "#!/bin/ksh\n\ndaemon=\"/usr/local/bin/api\"\n\n. /etc/rc.d/rc.subr\n\nrc_cmd $1\n";

#[test]
fn openbsd_scripts_are_told_what_rc_subr_does_not_read() {
    use InitSystem::OpenbsdRc as Rc;
    good(Rc, OPENBSD);
    good(
        Rc,
        &OPENBSD
            .replace(". /etc", "daemon_flags=\"-v\"\nown=1\n. /etc")
            .replace("rc_cmd", "rc_pre() {\n\techo $own\n}\nrc_cmd"),
    );
    let with = |line: &str| OPENBSD.replace("\n. /etc", &format!("{line}\n. /etc"));
    assert_eq!(told(Rc, &with("daemon_flag=-v")), [(4, 1, "rc.subr reads no variable of this name")]);
    assert_eq!(told(Rc, &with("daemon_colour=red")), [(4, 1, "rc.subr reads no variable of this name")]);
    assert_eq!(told(Rc, &with("daemon_timeout=5m")), [(4, 16, "that is no number")]);
    assert_eq!(told(Rc, &with("rc_bg=yes")), [(4, 7, "only YES in capitals counts")]);
    assert_eq!(
        told(Rc, &with("rc_strat() {\n\ttrue\n}")),
        [(4, 1, "rc.subr calls no function of this name")]
    );
    assert_eq!(told(Rc, &with("daemon_user=\"_api")), [(4, 13, "the quote that begins here is not closed")]);
    assert_eq!(
        told(Rc, &with("daemon_user=\"_api\ndaemon_class=\"api\"")),
        [(4, 13, "the quote that begins here is not closed")]
    );
    assert_eq!(
        told(Rc, &OPENBSD.replace(". /etc/rc.d/rc.subr\n", "")),
        [(1, 1, "rc.subr is not read: nothing in the script has an effect")]
    );
    assert_eq!(
        told(Rc, &OPENBSD.replace("rc_cmd $1\n", "")),
        [(5, 1, "rc_cmd is missing: the script does nothing")]
    );
    assert_eq!(told(Rc, &OPENBSD.replace(" $1", "")), [(7, 1, "rc_cmd is not told what to do")]);
    assert_eq!(
        told(Rc, &OPENBSD.replace("/bin/ksh", "/bin/bash")),
        [(1, 1, "the interpreter is not OpenBSD's ksh")]
    );
    assert_eq!(
        told(Rc, "#!/bin/ksh\n. /etc/rc.d/rc.subr\ndaemon=/bin/x\nrc_cmd $1\n"),
        [(3, 1, "daemon is set behind rc.subr")]
    );
}

const FREEBSD: &str = "#!/bin/sh\n\n# PROVIDE: api\n# REQUIRE: NETWORKING\n\n. /etc/rc.subr\n\nname=\"api\"\nrcvar=\"api_enable\"\ncommand=\"/usr/local/bin/api\"\n\nload_rc_config $name\n: ${api_enable:=\"NO\"}\n\nrun_rc_command \"$1\"\n";

#[test]
fn freebsd_scripts_are_told_what_rc_subr_and_rcorder_do_not_read() {
    use InitSystem::FreebsdRc as Rc;
    good(Rc, FREEBSD);
    good(Rc, "#!/bin/sh\n#\n\n# PROVIDE: LOGIN\n# REQUIRE: DAEMON\n\n#\tThis is a dummy dependency.\n");
    good(Rc, &FREEBSD.replace("command=", "dir=/x\npidfile=$dir/x\nextra_commands=\"reload check\"\ncheck_cmd=api_check\napi_check() {\n\ttrue\n}\ncommand="));
    let with = |from: &str, to: &str| told(Rc, &FREEBSD.replace(from, to));
    assert_eq!(with("command=", "comand="), [(10, 1, "rc.subr reads no variable of this name")]);
    assert_eq!(with("api_enable:=", "api_enble:="), [(13, 5, "rc.subr reads no variable of this name")]);
    assert_eq!(with("# REQUIRE", "# REQURE"), [(4, 3, "rcorder does not know the word")]);
    assert_eq!(with("# PROVIDE: api\n", ""), [(1, 1, "the script provides nothing")]);
    assert_eq!(with("# REQUIRE: N", "\n# REQUIRE: N"), [(5, 3, "rcorder does not read so far")]);
    assert_eq!(with("# REQUIRE", "#REQUIRE"), [(4, 2, "rcorder does not read the line")]);
    assert_eq!(with(". /etc/rc.subr\n", ""), [(1, 1, "rc.subr is not read: the script does nothing")]);
    assert_eq!(with("name=\"api\"\n", ""), [(14, 1, "name is not set")]);
    assert_eq!(
        with("rcvar=\"api_enable\"\n", ""),
        [(12, 5, "rcvar is not set, so nothing asks for the variable")]
    );
    assert_eq!(
        with("rcvar=\"api_enable\"", "rcvar=api_enabl"),
        [(9, 7, "rcvar is another variable than that of the script's name")]
    );
    assert_eq!(with("load_rc_config $name\n", ""), [(14, 1, "load_rc_config is missing")]);
    assert_eq!(
        with("run_rc_command \"$1\"\n", ""),
        [(13, 1, "run_rc_command is missing: the script does nothing")]
    );
    assert_eq!(with("command=", "reload_cmd=x\ncommand="), [(10, 1, "no command of this name is offered")]);
    assert_eq!(
        with("command=", "start_precmd=api_pre\ncommand="),
        [(10, 14, "there is no function of this name")]
    );
    assert_eq!(with("bin/api\"", "bin/api"), [(10, 9, "the quote that begins here is not closed")]);
}

const OPENRC: &str = "#!/sbin/openrc-run\n\ncommand=\"/usr/bin/api\"\n\ndepend() {\n\tneed net\n\tcase x in\n\t\ta|b) after firewall ;;\n\tesac\n}\n";

#[test]
fn openrc_scripts_are_told_what_openrc_run_does_not_read() {
    use InitSystem::Openrc as Rc;
    good(Rc, OPENRC);
    let with = |from: &str, to: &str| told(Rc, &OPENRC.replace(from, to));
    let unread = "openrc-run reads no variable of this name";
    assert_eq!(with("command=", "comand_args=-v\ncommand="), [(3, 1, unread)]);
    assert_eq!(with("\tneed", "\tneeds"), [(6, 2, "depend has no function of this name")]);
    assert_eq!(with("after", "afer"), [(8, 8, "depend has no function of this name")]);
    assert_eq!(with("depend", "depends"), [(5, 1, "openrc-run calls no function of this name")]);
    assert_eq!(
        with("/sbin/openrc-run", "/bin/sh"),
        [(1, 1, "openrc-run does not run the script: OpenRC passes it by")]
    );
    assert_eq!(
        with("command=", "supervisor=supervise_daemon\ncommand="),
        [(3, 12, "openrc-run knows no supervisor of this name")]
    );
    assert_eq!(
        with("command=", "command_background=yes\ncommand="),
        [(3, 1, "command_background has no pidfile")]
    );
    assert_eq!(with("}\n", ""), [(5, 10, "the `{` that stands here is not closed")]);
}
