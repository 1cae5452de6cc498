//! Promises of cron's command lines: the program gets what was written, whoever reads the line.

use super::*;
use crate::hostile::strings;
use crate::schedule::Schedule as When;

/// What cron gives the shell, after `child_process` of Vixie's cron and its descendants: up to the first `%` that no
/// backslash is before; `\%` is `%`, other backslashes stay. Nothing if there is such a `%`.
fn given_to_the_shell(command: &str) -> Option<String> {
    let mut given = String::new();
    let mut escaped = false;
    for c in command.chars() {
        if escaped {
            if c == '%' {
                given.pop();
            }
            given.push(c);
            escaped = false;
            continue;
        }
        match c {
            '%' => return None,
            '\\' => escaped = true,
            _ => {}
        }
        given.push(c);
    }
    Some(given)
}

fn table(dialect: Dialect) -> Table {
    Table { dialect, user_column: true }
}

fn daily() -> Schedule {
    When::parse("daily").unwrap().cron().0
}

/// The command of a line that was printed.
fn command_of(text: &str, table: Table) -> String {
    let (file, problems) = small::cron::parse(&format!("{text}\n"), table);
    assert!(problems.is_empty(), "{text}: {problems:?}");
    match &file.lines()[0].entry.as_ref().unwrap().line {
        Says::Job(job) => job.command.clone(),
        Says::Variable { .. } => panic!("{text} is a variable"),
    }
}

#[test]
fn a_program_gets_its_arguments_byte_for_byte_through_cron_and_the_shell() {
    let printf = ["/usr/bin/printf".to_owned(), "%s\\0".to_owned()];
    let carried: Vec<String> =
        strings().into_iter().filter(|text| !text.contains(|c: char| c.is_control())).collect();
    assert!(carried.len() > 5_000);
    for chunk in carried.chunks(500) {
        let argv: Vec<String> = printf.iter().chain(chunk).cloned().collect();
        let command = Command { argv, weekdays: (1..=7).collect(), ..Command::default() };
        let escaped = escape(&command.shell().unwrap(), Dialect::Debian);
        let given = given_to_the_shell(&escaped).expect("no bare percent sign");
        let output = std::process::Command::new("dash").args(["-c", &given]).output().unwrap();
        let words: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
        assert_eq!(words.len(), chunk.len() + 1, "{}", String::from_utf8_lossy(&output.stderr));
        for (word, text) in words.iter().zip(chunk) {
            assert_eq!(*word, text.as_bytes());
        }
    }
}

#[test]
fn every_cron_reads_back_what_was_printed_or_it_is_refused() {
    let mut refused = 0;
    for text in strings() {
        let command = Command { argv: vec!["/x".into(), text.clone()], ..Command::default() };
        for dialect in Dialect::ALL {
            match line(table(dialect), daily(), None, &command) {
                Err(_) if text.contains(|c: char| c.is_control()) || text.len() > 900 => refused += 1,
                Err(error) => panic!("{text:?} {dialect:?}: {error}"),
                Ok(line) => {
                    assert!(!line.contains('\n'));
                    let given = command_of(&line, table(dialect));
                    let given = match dialect {
                        Dialect::Busybox => given,
                        _ => given_to_the_shell(&given).expect("no bare percent sign"),
                    };
                    // Quotes that part a backslash from `%` are nothing to the shell.
                    let words = shell::split(given.strip_prefix("exec ").unwrap()).unwrap();
                    assert_eq!(words, command.argv, "{given}");
                }
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn all_that_surrounds_a_program_is_done_in_order() {
    let command = Command {
        weekdays: vec![5],
        delay: 90,
        limits: vec![('n', "64".into())],
        umask: Some(Mode::from_bits(0o027)),
        env_file: Some(UnixPath::parse("/etc/cmc/env/shop.env").unwrap()),
        directory: Some(UnixPath::parse("/var/lib/shop backup").unwrap()),
        nice: Some(10),
        timeout: Some(3600),
        argv: vec!["/usr/local/bin/backup".into(), "100%".into()],
        output: Output::Mail,
    };
    let (user, group) = (AccountName::parse("backup").unwrap(), AccountName::parse("www").unwrap());
    let who = Some((&user, Some(&group)));
    let printed: Vec<String> =
        Dialect::ALL.iter().map(|dialect| line(table(*dialect), daily(), who, &command).unwrap()).collect();
    let rest = |percent: &str| {
        format!(
            "case $(date +{percent}u) in 5) ;; *) exit 0 ;; esac && sleep 90 && ulimit -n 64 && umask 0027 && \
             set -a && . /etc/cmc/env/shop.env && set +a && cd '/var/lib/shop backup' && \
             exec nice -n 10 timeout 3600 /usr/local/bin/backup 100{percent}"
        )
    };
    assert_eq!(
        printed,
        [
            format!("0 0 * * * backup {}", rest("\\%")),
            format!("0 0 * * * backup {}", rest("\\%")),
            format!("0 0 * * * backup -s {}", rest("\\%")),
            format!("0 0 * * * backup:www {}", rest("\\%")),
            format!("0 0 * * * backup {}", rest("%")),
        ]
    );
}

#[test]
fn output_goes_to_the_file_that_is_meant_whatever_its_name_holds() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a b.log", "100%.log", "it's $HOME.log", "a;b|c.log"] {
        let file = dir.path().join(name);
        let command = Command {
            argv: vec!["/bin/sh".into(), "-c".into(), "echo out; echo wrong >&2".into()],
            output: Output::File(UnixPath::parse(file.to_str().unwrap()).unwrap()),
            ..Command::default()
        };
        let given = given_to_the_shell(&escape(&command.shell().unwrap(), Dialect::Debian)).unwrap();
        for _ in 0..2 {
            let run = std::process::Command::new("dash").args(["-c", &given]).output().unwrap();
            assert!(run.status.success() && run.stdout.is_empty() && run.stderr.is_empty(), "{run:?}");
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "out\nwrong\nout\nwrong\n");
    }
    let with = |output| Command { argv: vec!["/x".into()], output, ..Command::default() }.shell().unwrap();
    assert_eq!(with(Output::Nowhere), "exec /x >/dev/null 2>&1");
    assert_eq!(with(Output::Syslog("shop-nightly".into())), "exec /x 2>&1 | logger -t shop-nightly");
    let mail = Output::MailTo { subject: "a on b".into(), to: "ops,root".into() };
    assert_eq!(with(mail), "exec /x 2>&1 | mail -E -s 'a on b' ops,root");
}

#[test]
fn surroundings_reach_the_program_in_a_real_shell() {
    let dir = std::env::temp_dir().join(format!("cmc cron {}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let env = dir.join("shop.env");
    std::fs::write(&env, "A='it'\\''s 100%'\n").unwrap();
    let script = "umask; ulimit -n; pwd; nice; printf '%s\\n' \"$A\"";
    let command = Command {
        limits: vec![('n', "64".into())],
        umask: Some(Mode::from_bits(0o027)),
        env_file: Some(UnixPath::parse(env.to_str().unwrap()).unwrap()),
        directory: Some(UnixPath::parse(dir.to_str().unwrap()).unwrap()),
        nice: Some(3),
        timeout: Some(60),
        argv: vec!["/bin/sh".into(), "-c".into(), script.into()],
        ..Command::default()
    };
    let given = given_to_the_shell(&escape(&command.shell().unwrap(), Dialect::Debian)).unwrap();
    let run = |given: &str| {
        let mut dash = std::process::Command::new("nice");
        let output = dash.args(["-n", "0", "dash", "-c", given]).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let before: i32 = run("exec nice").trim().parse().unwrap();
    let expected = format!("0027\n64\n{}\n{}\nit's 100%\n", dir.display(), (before + 3).min(19));
    assert_eq!(run(&given), expected);
    // A day that is none runs nothing, and fails nothing.
    let never = Command { weekdays: vec![9], ..command };
    assert_eq!(run(&given_to_the_shell(&escape(&never.shell().unwrap(), Dialect::Debian)).unwrap()), "");
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_command_that_was_written_is_read_again() {
    let strings = strings();
    let plain = |text: &&String| !text.contains(|c: char| c.is_control());
    for chunk in strings.iter().filter(plain).collect::<Vec<_>>().chunks(7) {
        let path = |text: &str| UnixPath::parse(text).unwrap();
        let argv =
            std::iter::once("/bin/x".to_owned()).chain(chunk.iter().map(|text| (*text).clone())).collect();
        let command = Command {
            umask: Some(Mode::parse("0027").unwrap()),
            env_file: Some(path("/etc/cmc/env/a b.env")),
            directory: Some(path("/srv/it's && more")),
            nice: Some(-5),
            timeout: Some(90),
            argv,
            output: match chunk[0].len() % 3 {
                0 => Output::Mail,
                1 => Output::Nowhere,
                _ => Output::File(path("/var/log/it's x.log")),
            },
            ..Command::default()
        };
        let shell = command.shell().unwrap();
        for dialect in Dialect::ALL {
            let given = unescape(&escape(&shell, dialect), dialect).unwrap();
            assert_eq!(Command::parse(&given).as_ref(), Some(&command), "{shell}");
        }
    }
}

#[test]
fn a_command_that_a_shell_must_read_is_no_command_of_a_job() {
    for shell in [
        "test -x /usr/sbin/anacron || run-parts /etc/cron.daily",
        "/bin/x >/dev/null",
        "/bin/x 2>/dev/null 2>&1",
        "/bin/x >log 2>&1",
        "/bin/x 'a >/dev/null 2>&1",
        "/bin/x $HOME",
        "cd /srv; /bin/x",
        "cd /srv && /bin/x && /bin/y",
        "cd && /bin/x",
        "A=1 /bin/x",
        "backup --all",
        "/bin/x *.log",
        "timeout 0 /bin/x",
        "timeout -k 5 10 /bin/x",
        "nice /bin/x",
        "",
    ] {
        assert_eq!(Command::parse(shell), None, "{shell}");
    }
    let command = Command::parse("cd /srv && umask 027 && nice -n 5 timeout 2m /bin/x 'a b'").unwrap();
    assert_eq!((command.nice, command.timeout, command.argv.len()), (Some(5), Some(120), 2));
    assert_eq!(unescape("date +%F", Dialect::Debian), None);
    assert_eq!(unescape("date +\\%F", Dialect::Debian).as_deref(), Some("date +%F"));
}
