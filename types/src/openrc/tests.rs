use super::*;
use crate::hostile::{self, account, path};
use proptest::prelude::*;

fn api() -> Script {
    Script {
        comments: vec!["Made by a test".into()],
        description: Some("the \"api\"".into()),
        run: Run::Supervised { delay: Some(5) },
        command: path("/usr/local/bin/api"),
        arguments: vec!["--port".into(), "8080".into(), "--name".into(), "it's  *; $(id) \"x\"".into()],
        user: Some((account("api"), Some(account("www")))),
        directory: Some(path("/srv/api")),
        umask: Some(Mode::from_bits(0o027)),
        pidfile: Some(path("/run/api.pid")),
        output: Some(Output::Syslog("api".into())),
        retry: Some(("INT".into(), 20)),
        depend: Depend {
            need: vec!["net".into(), "localmount".into()],
            after: vec!["firewall".into()],
            ..Depend::default()
        },
        directories: vec![Directory {
            path: path("/run/api"),
            user: account("api"),
            group: account("www"),
            mode: Mode::from_bits(0o755),
        }],
        reload: Some(Reload::Signal("HUP".into())),
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
fn other_ways_to_run() {
    for run in [Run::Background, Run::Forking, Run::Oneshot] {
        for reload in [
            None,
            Some(Reload::Signal("USR1".into())),
            Some(Reload::Command(vec!["/bin/x".into(), "it's".into()])),
        ] {
            for pidfile in [None, Some(path("/run/api.pid"))] {
                let script = Script {
                    run: run.clone(),
                    reload: reload.clone(),
                    pidfile,
                    user: Some((account("api"), None)),
                    ..api()
                };
                assert_eq!(parse(&script.print().unwrap()).unwrap(), script);
            }
        }
    }
}

#[test]
fn the_log_file_is_given_to_the_account_that_opens_it() {
    let script = Script { output: Some(Output::File(path("/var/log/api.log"))), ..api() };
    let text = script.print().unwrap();
    assert!(text.contains("output_log=\"/var/log/api.log\"\nerror_log=\"/var/log/api.log\"\n"), "{text}");
    assert!(text.contains(" &&\n\t    checkpath -f -m 0640 -o api:www /var/log/api.log\n"), "{text}");
    assert_eq!(parse(&text).unwrap(), script);
    let alone = Script { directories: vec![], user: Some((account("api"), None)), ..script.clone() };
    assert_eq!(parse(&alone.print().unwrap()).unwrap(), alone);
    for script in [
        Script { user: None, ..script.clone() },
        Script { output: Some(Output::File(path("/dev/null"))), ..script.clone() },
    ] {
        let text = script.print().unwrap();
        assert!(!text.contains("checkpath -f"), "{text}");
        assert_eq!(parse(&text).unwrap(), script);
    }
    assert!(Script { output: Some(Output::File(path("/var/log/a b"))), ..script }.print().is_err());
}

/// openrc-run as far as it expands the variables of a script: unquoted, as arguments of `eval`.
const STUB: &str = "
supervise() { while [ \"$1\" != -- ]; do shift; done; shift; \"$command\" \"$@\"; }
eval supervise \"${RC_SVCNAME}\" --start \\
	${directory:+--chdir} $directory \\
	${output_logger:+--stdout-logger \\\"$output_logger\\\"} \\
	${umask+--umask} $umask \\
	$command \\
	-- $command_args $command_args_foreground
";

#[test]
fn hostile_arguments_reach_the_program_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let printer = folder.path().join("printer");
    std::fs::write(&printer, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n").unwrap();
    std::fs::set_permissions(&printer, std::fs::Permissions::from_mode(0o755)).unwrap();
    let carried =
        hostile::strings().into_iter().filter(|text| crate::shell::single_line(text, DIALECT, "").is_ok());
    let arguments: Vec<_> = carried.collect();
    let script = Script { command: path(printer.to_str().unwrap()), arguments: arguments.clone(), ..api() };
    let text = script.print().unwrap();
    assert_eq!(parse(&text).unwrap(), script);
    let Some(mut dash) = hostile::program("dash", "OpenRC script") else { return };
    let file = folder.path().join("script");
    std::fs::write(&file, text + STUB).unwrap();
    let output = dash.arg(&file).current_dir(folder.path()).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    hostile::arrived(&arguments, &output.stdout);
}

#[test]
fn scripts_pass_the_shell_s_syntax_check() {
    hostile::passes_the_syntax_check(&api().print().unwrap(), "OpenRC syntax");
}

#[test]
fn what_the_shell_would_split_is_refused() {
    assert!(Script { command: path("/opt/a b"), ..api() }.print().is_err());
    assert!(Script { directory: Some(path("/srv/$x")), ..api() }.print().is_err());
    assert!(Script { arguments: vec!["a\nb".into()], ..api() }.print().is_err());
}

proptest! {
    #[test]
    fn round_trip(words in prop::collection::vec("[ -~\\t]*", 0..5), delay in prop::option::of(0u32..100)) {
        let reload = (!words.is_empty()).then(|| {
            let mut argv = vec!["/bin/x".to_owned()];
            argv.extend(words.iter().cloned());
            Reload::Command(argv)
        });
        let script = Script { arguments: words, run: Run::Supervised { delay }, reload, ..api() };
        prop_assert_eq!(parse(&script.print().unwrap()).unwrap(), script);
    }

    #[test]
    fn parser_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }
}
