use super::*;
use crate::hostile::{self, account, path};
use proptest::prelude::*;

fn api() -> Script {
    Script {
        comments: vec!["Made by a test".into()],
        name: Identifier::parse("api").unwrap(),
        require: vec!["LOGIN".into(), "NETWORKING".into()],
        before: vec![],
        keywords: vec!["shutdown".into()],
        directory: Some(path("/var/db/api")),
        program: path("/usr/local/bin/api"),
        arguments: vec!["--port".into(), "8080".into(), "--name".into(), "it's; $(id) \"x\"".into()],
        user: Some(account("api")),
        run: Run::Supervised(Supervised {
            restart: Some(5),
            login_class: Some("api".into()),
            limits: vec![('n', "65536".into()), ('c', "0".into())],
            umask: Some(Mode::from_bits(0o027)),
            output: Output::Syslog,
        }),
        reload: Some(Reload::Signal("HUP".into())),
        stop_signal: None,
        directories: vec![Directory {
            path: path("/var/run/api"),
            user: account("api"),
            group: account("api"),
            mode: Mode::from_bits(0o755),
        }],
        functions: vec![],
    }
}

#[test]
fn a_supervised_program() {
    let text = api().print().unwrap();
    assert_eq!(parse(&text).unwrap(), api());
    insta::assert_snapshot!(text);
}

#[test]
fn output_goes_to_a_file_or_nowhere() {
    for (output, options) in
        [(Output::File(path("/var/log/api.log")), "-f -o /var/log/api.log -P"), (Output::Nowhere, "-f -P")]
    {
        let script = Script { run: Run::Supervised(Supervised { output, ..Supervised::default() }), ..api() };
        let text = script.print().unwrap();
        assert!(text.contains(options), "{text}");
        assert_eq!(parse(&text).unwrap(), script);
    }
}

#[test]
fn a_program_that_forks() {
    let script = Script {
        run: Run::Forking,
        arguments: vec!["-d".into()],
        stop_signal: Some("QUIT".into()),
        reload: Some(Reload::Command(vec!["/usr/local/bin/api".into(), "reload".into()])),
        ..api()
    };
    let text = script.print().unwrap();
    assert_eq!(parse(&text).unwrap(), script);
    insta::assert_snapshot!(text);
    let quoted = Script { arguments: vec!["a b".into()], ..script };
    let message = quoted.print().unwrap_err().to_string();
    assert!(
        message.contains("cannot carry a blank in argument 0 (run as another user by su(1))"),
        "{message}"
    );
    assert!(Script { user: None, reload: None, ..quoted }.print().is_ok());
}

#[test]
fn a_job_that_ends() {
    let script = Script { run: Run::Oneshot, arguments: vec!["-1".into()], reload: None, ..api() };
    let text = script.print().unwrap();
    assert_eq!(parse(&text).unwrap(), script);
    insta::assert_snapshot!(text);
}

/// rc.subr as far as it runs `command_args`: one `eval`; and programs that only take their options.
const STUB: &str = "load_rc_config() { :; }
run_rc_command() { eval \"$command $rc_flags $command_args\"; }
";
const DAEMON: &str =
    "#!/bin/sh\nwhile getopts fST:P:p:rR:u: option; do :; done\nshift $((OPTIND - 1))\nexec \"$@\"\n";
const LIMITS: &str =
    "#!/bin/sh\nwhile getopts aBC:n:c: option; do :; done\nshift $((OPTIND - 1))\nexec \"$@\"\n";
/// Knows an account with two groups, and stops where chroot(8) would not become exactly that.
const ID: &str = "#!/bin/sh\ncase $* in '-g api') echo 70;; '-G api') echo 70 71;; esac\n";
const CHROOT: &str = "#!/bin/sh\n[ \"$1 $2 $3 $4 $5 $6 $7\" = '-u api -g 70 -G 70,71 /' ] && \\
[ \"$USER $HOME\" = \"api ~api\" ] || exit 9\nshift 7\nexec \"$@\"\n";

#[test]
fn hostile_arguments_reach_the_program_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        let program = folder.path().join(name);
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program.to_str().unwrap().to_owned()
    };
    let printer = program("printer", "#!/bin/sh\numask\nprintf '%s\\0' \"$@\"\n");
    let carried =
        hostile::strings().into_iter().filter(|text| crate::shell::single_line(text, DIALECT, "").is_ok());
    let arguments: Vec<_> = carried.collect();
    let script = Script { program: path(&printer), arguments: arguments.clone(), ..api() };
    let text = script.print().unwrap();
    assert_eq!(parse(&text).unwrap(), script);
    let Some(mut dash) = hostile::program("dash", "FreeBSD rc.d script") else { return };
    let text = text
        .replace(". /etc/rc.subr\n", STUB)
        .replace("/usr/sbin/daemon", &program("daemon", DAEMON))
        .replace("/usr/bin/limits", &program("limits", LIMITS))
        .replace("$(id ", &format!("$({} ", program("id", ID)))
        .replace("/usr/sbin/chroot", &program("chroot", CHROOT))
        .replace("cd /var/db/api", "cd /");
    let file = program("script", &text);
    let output = dash.args([&file, "start"]).current_dir(folder.path()).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read = output.stdout.strip_prefix(b"0027\n").unwrap();
    hostile::arrived(&arguments, read);
}

#[test]
fn scripts_pass_the_shell_s_syntax_check() {
    hostile::passes_the_syntax_check(&api().print().unwrap(), "FreeBSD rc.d syntax");
}

#[test]
fn what_daemon_8_cannot_do_is_refused() {
    assert!(Script { stop_signal: Some("INT".into()), ..api() }.print().is_err());
    assert!(Script { run: Run::Oneshot, ..api() }.print().is_err());
    assert!(Script { comments: vec!["PROVIDE: x".into()], ..api() }.print().is_err());
    assert!(Script { program: path("/opt/a b"), ..api() }.print().is_err());
}

proptest! {
    #[test]
    fn round_trip(words in prop::collection::vec("[ -~\\t]*", 0..5), delay in prop::option::of(0u32..100), signal in "[A-Z]{2,5}") {
        let run = Run::Supervised(Supervised { restart: delay, ..Supervised::default() });
        let script = Script { arguments: words, run, reload: Some(Reload::Signal(signal)), ..api() };
        prop_assert_eq!(parse(&script.print().unwrap()).unwrap(), script);
    }

    #[test]
    fn parser_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }
}
