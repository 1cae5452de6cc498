use super::*;
use crate::hostile::{self, account, path};
use proptest::prelude::*;

fn api() -> Script {
    Script {
        comments: vec!["Made by a test".into()],
        flags: vec!["--port".into(), "8080".into()],
        user: Some(account("_api")),
        pattern: Some(process_pattern(&["/usr/local/bin/api".into(), "--port".into(), "8080".into()])),
        background: true,
        reload: Reload::No,
        ..Script::new(path("/usr/local/bin/api"))
    }
}

/// rc.subr as far as the variables and functions of a script need it; `rc_exec` runs as su's shell would.
const STUB: &str = "rc_exec() { sh -c \"${daemon_execdir:+cd ${daemon_execdir} && } $@\"; }\nrc_start() { rc_exec \"${daemon} ${daemon_flags}\"; }\n";

/// Runs a script's `rc_start` with a program in place of the daemon that prints its arguments, NUL-separated.
fn start(script: &Script, folder: &std::path::Path) -> Option<Vec<u8>> {
    let mut dash = hostile::program("dash", "rc.d script")?;
    let text = script.print().unwrap();
    let text = text.replace(". /etc/rc.d/rc.subr", STUB).replace("rc_cmd $1", "rc_start");
    let file = folder.join("script");
    std::fs::write(&file, text).unwrap();
    let output = dash.arg(&file).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

fn printer(folder: &std::path::Path) -> UnixPath {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("printer");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    path(program.to_str().unwrap())
}

#[test]
fn a_pure_script_looks_like_those_of_ports() {
    insta::assert_snapshot!(api().print().unwrap());
}

#[test]
fn every_part_is_printed_and_parsed() {
    let script = Script {
        directory: Some(path("/var/empty")),
        logger: Some("daemon.info".into()),
        rtable: Some(2),
        timeout: Some(60),
        flags: vec![],
        stop_signal: Some("INT".into()),
        root_check: true,
        reload: Reload::Command(vec!["/usr/local/bin/api".into(), "reload it".into()]),
        directories: vec![Directory {
            path: path("/var/run/api"),
            user: account("_api"),
            group: account("_api"),
            mode: Mode::from_bits(0o750),
        }],
        start: Some(Start {
            umask: Some(Mode::from_bits(0o027)),
            env_file: Some(path("/etc/cmc/env/api.env")),
            arguments: Some(vec!["--name".into(), "it's; $(id)".into()]),
        }),
        functions: vec![("rc_configtest".into(), "\trc_exec \"${daemon} -t\"\n".into())],
        ..api()
    };
    let text = script.print().unwrap();
    assert_eq!(parse(&text).unwrap(), script);
    insta::assert_snapshot!(text);
}

#[test]
fn hostile_arguments_reach_the_program_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let program = printer(folder.path());
    let carried =
        hostile::strings().into_iter().filter(|text| crate::shell::single_line(text, DIALECT, "").is_ok());
    let all: Vec<_> = carried.collect();
    // Linux takes 128 KiB in one argument, and su's shell gets the whole command as one.
    for arguments in all.chunks(2000) {
        let begin = Start { arguments: Some(arguments.to_vec()), ..Start::default() };
        let script = Script { start: Some(begin), ..Script::new(program.clone()) };
        assert_eq!(parse(&script.print().unwrap()).unwrap(), script);
        let Some(output) = start(&script, folder.path()) else { return };
        hostile::arrived(arguments, &output);
    }
}

#[test]
fn the_environment_file_and_mask_reach_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let env_file = folder.path().join("api.env");
    std::fs::write(&env_file, "TOKEN='a b'\n").unwrap();
    let start_with = Start {
        umask: Some(Mode::from_bits(0o027)),
        env_file: Some(path(env_file.to_str().unwrap())),
        arguments: Some(vec!["-c".into(), "umask; echo \"$TOKEN\"".into()]),
    };
    let script = Script { start: Some(start_with), ..Script::new(path("/bin/sh")) };
    let Some(output) = start(&script, folder.path()) else { return };
    assert_eq!(String::from_utf8(output).unwrap(), "0027\na b\n");
}

#[test]
fn daemon_flags_take_plain_words_only() {
    for flag in ["*", "a b", "$x", "'", "", "#", "~", "{a,b}"] {
        let script = Script { flags: vec![flag.into()], ..api() };
        assert!(script.print().is_err(), "{flag:?}");
    }
    let message = Script { flags: vec!["a*".into()], ..api() }.print().unwrap_err().to_string();
    assert!(
        message.starts_with("an OpenBSD rc.d script cannot carry '*' in argument 1 of daemon_flags"),
        "{message}"
    );
}

#[test]
fn the_pattern_matches_the_command_line_and_survives_the_run_file() {
    let pattern =
        |words: &[&str]| process_pattern(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(pattern(&["/bin/x", "-a", "b+c.d"]), "/bin/x -a b\\+c\\.d");
    assert_eq!(pattern(&["/bin/x", "a#b", "c "]), "/bin/x a.b c.");
    assert!(pattern(&["/bin/x", &"y".repeat(3000)]).ends_with(".*"));
    assert!(!pattern(&["/x", "#"]).contains('#'));
}

#[test]
fn scripts_pass_the_shell_s_syntax_check() {
    hostile::passes_the_syntax_check(&api().print().unwrap(), "rc.d syntax");
}

proptest! {
    #[test]
    fn round_trip(words in prop::collection::vec("[ -~\\t]*", 0..5), flags in prop::collection::vec("[a-z./-]{1,8}", 0..3), bits in 0u16..512) {
        let start = Start { umask: Some(Mode::from_bits(bits)), env_file: None, arguments: Some(words.clone()) };
        let mut argv = vec!["/bin/x".to_owned()];
        argv.extend(words.clone());
        let command = if words.is_empty() { Reload::Hangup } else { Reload::Command(argv.clone()) };
        let script = Script { flags, start: Some(start), reload: command, pattern: Some(process_pattern(&argv)), ..api() };
        prop_assert_eq!(parse(&script.print().unwrap()).unwrap(), script);
    }

    #[test]
    fn parser_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }
}
