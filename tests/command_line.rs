//! The command line itself: help, manual pages, completions, exit codes, formats.

use crate::support::{Ran, Scratch, has, skip};

#[test]
fn every_command_has_help_with_an_example() {
    let scratch = Scratch::new();
    let mut pages = scratch.cmc(["--help"]).expect(0).out;
    for command in [
        "init",
        "check",
        "build",
        "render",
        "diff",
        "publish",
        "refresh",
        "status",
        "list",
        "host",
        "host add",
        "host list",
        "host show",
        "secret",
        "secret set",
        "secret edit",
        "secret show",
        "secret list",
        "secret rotate",
        "trust",
        "trust init",
        "trust show",
        "store",
        "store probe",
        "store verify",
        "import",
        "explain",
        "schema",
        "try",
        "completions",
        "man",
    ] {
        let args: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = scratch.cmc(&args).expect(0).out;
        assert!(help.contains("Example"), "`cmc {command} --help` shows no example:\n{help}");
        pages.push_str(&format!("\n=== cmc {command}\n{help}"));
    }
    insta::assert_snapshot!("help", pages);
}

#[test]
fn manual_pages_exist_for_every_command() {
    let scratch = Scratch::new();
    scratch.cmc(["man", "--out", "man"]).expect(0);
    for page in ["cmc", "cmc-build", "cmc-secret-set", "cmc-store-probe"] {
        let text = scratch.read(format!("man/{page}.1"));
        assert!(text.contains(".TH") && text.contains(".SH DESCRIPTION"), "{page}:\n{text}");
    }
    assert!(!scratch.path("man/cmc-__sandbox.1").exists(), "hidden commands have no page");
    insta::assert_snapshot!("man", scratch.cmc(["man"]).expect(0).out);
}

#[test]
fn completions_are_printed_for_the_usual_shells() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(scratch.cmc(["completions", shell]).expect(0).out.contains("publish"), "{shell}");
    }
}

#[test]
fn a_wrong_command_line_exits_2_and_a_directory_without_a_fleet_1() {
    let scratch = Scratch::new();
    scratch.cmc(["bulid"]).expect(2);
    scratch.cmc(["check", "--no-such-option"]).expect(2);
    let ran = scratch.cmc(["-C", "nowhere", "check"]).expect(1);
    assert!(ran.err.contains("cmc init"), "{}", ran.err);
}

#[test]
fn what_the_command_line_names_and_the_fleet_does_not_have_is_a_mistake_of_the_command_line() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    for args in [
        &["render", "nohost", "--out", "out"][..],
        &["host", "show", "nohost"],
        &["secret", "set", "nosecret"],
        &["explain", "no-such-code"],
    ] {
        scratch.fleet("fleet", args).expect(2);
    }
}

#[test]
fn formats_of_findings_are_refused_where_there_are_none() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.fleet("fleet", &["build"]).expect(0);
    for format in ["sarif", "github", "gitlab", "markdown"] {
        for command in [&["status"][..], &["list", "hosts"], &["diff"], &["publish"], &["host", "list"]] {
            // A diff has a comment of its own.
            if (format, command) == ("markdown", &["diff"]) {
                continue;
            }
            let ran = scratch.fleet("fleet", &[command, &["--format", format]].concat()).expect(2);
            assert!(ran.out.is_empty() && ran.err.contains("cmc check"), "{command:?}: {ran:?}");
        }
    }
    // Nothing could be checked: that is said in the same form.
    let sarif = scratch.fleet("nowhere", &["check", "--format", "sarif"]).expect(1).json();
    let run = &sarif["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false, "{sarif}");
    assert_eq!(run["results"].as_array().unwrap().len(), 0);
    let github = scratch.fleet("nowhere", &["build", "--format", "github"]).expect(1).out;
    assert!(github.starts_with("::error title=cmc::nowhere is no directory"), "{github}");
    let gitlab = scratch.fleet("nowhere", &["build", "--format", "gitlab"]).expect(1).json();
    assert_eq!(gitlab[0]["severity"], "blocker", "{gitlab}");
    let comment = scratch.fleet("nowhere", &["check", "--format", "markdown"]).expect(1).out;
    assert!(comment.starts_with("### cmc could not check anything\n"), "{comment}");
}

#[test]
fn gitlab_and_a_pull_request_show_a_finding_at_the_line_of_the_definition() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let good = scratch.read("fleet/services/hello.toml");
    let bad = format!("{good}\n[service.hello.file.\"/etc/x\"]\ncontnt = \"`\"\n");
    let line = bad.lines().position(|line| line.starts_with("contnt")).unwrap() + 1;
    scratch.write("fleet/services/hello.toml", &bad);
    let report = scratch.fleet("fleet", &["check", "--format", "gitlab"]).expect(3).json();
    assert_eq!(report[0]["location"]["path"], "fleet/services/hello.toml", "{report}");
    assert_eq!(
        (&report[0]["location"]["lines"]["begin"], &report[0]["severity"]),
        (&line.into(), &"critical".into())
    );
    // A line above moves the place and not what the finding is known by.
    scratch.write("fleet/services/hello.toml", &format!("# A line.\n{bad}"));
    let moved = scratch.fleet("fleet", &["check", "--format", "gitlab"]).expect(3).json();
    assert_eq!(moved[0]["fingerprint"], report[0]["fingerprint"]);
    assert_ne!(moved[0]["location"], report[0]["location"]);
    scratch.write("fleet/services/hello.toml", &bad);
    let comment = scratch.fleet("fleet", &["check", "--format", "markdown"]).expect(3).out;
    let place = format!("**error** in `fleet/services/hello.toml:{line}`, `unknown-key`");
    assert!(comment.starts_with("### cmc: 1 error") && comment.contains(&place), "{comment}");
    assert!(comment.contains("did you mean `content`?"), "{comment}");
}

#[test]
fn definitions_are_laid_out_and_a_check_tells_which_are_not() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    // What cmc writes is laid out already.
    scratch.fleet("fleet", &["fmt", "--check"]).expect(0);
    let before = "# Why.\n[service.x]   # it\non=['web1']\nfile.\"/etc/x\".content='''\n  x '''\n\n\n\n";
    scratch.write("fleet/services/x.toml", before);
    let check = scratch.fleet("fleet", &["fmt", "--check"]).expect(1);
    assert_eq!(check.out, "fleet/services/x.toml\n", "{check:?}");
    assert_eq!(scratch.read("fleet/services/x.toml"), before);
    assert_eq!(scratch.fleet("fleet", &["fmt"]).expect(0).out, "fleet/services/x.toml\n");
    let after = "# Why.\n[service.x] # it\non = ['web1']\nfile.\"/etc/x\".content = '''\n  x '''\n";
    assert_eq!(scratch.read("fleet/services/x.toml"), after);
    assert_eq!(scratch.fleet("fleet", &["fmt"]).expect(0).out, "");
    // A mistake is told at its place, the others are laid out all the same.
    scratch.write("fleet/services/x.toml", before);
    scratch.write("fleet/services/a.toml", "[service.a\n");
    let ran = scratch.fleet("fleet", &["fmt"]).expect(3);
    assert!(ran.err.contains("services/a.toml:1:") && ran.out == "fleet/services/x.toml\n", "{ran:?}");
    assert_eq!(scratch.read("fleet/services/x.toml"), after);
}

#[test]
fn a_watch_checks_again_when_a_template_changes_and_ends_when_interrupted() {
    use std::io::BufRead as _;
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.fleet("fleet", &["check", "--watch", "--format", "json"]).expect(2);
    let mut watch = scratch.command();
    watch.args(["-C", "fleet", "check", "--watch"]).stderr(std::process::Stdio::piped());
    let mut watch = watch.spawn().unwrap();
    let id = watch.id().to_string();
    // Whatever it does not say, the test ends.
    let (ended, end) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let patience = std::time::Duration::from_secs(120);
        if end.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = std::process::Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let mut said = std::io::BufReader::new(watch.stderr.take().unwrap()).lines();
    let mut until = |what: &str| said.by_ref().map(Result::unwrap).find(|line| line.contains(what)).unwrap();
    until("fleet: no findings");
    let template = scratch.read("fleet/templates/hello/hello.conf.j2");
    scratch.write("fleet/templates/hello/hello.conf.j2", &format!("{template}{{{{ vars.greting }}}}\n"));
    until("did you mean \"greeting\"?");
    until("fleet: 1 error");
    scratch.write("fleet/templates/hello/hello.conf.j2", &template);
    until("fleet: no findings");
    let interrupt = std::process::Command::new("kill").args(["-TERM", &watch.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&watch.wait().unwrap()), Some(15));
    drop(ended);
}

#[test]
fn findings_are_limited_and_what_is_left_out_is_counted() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let keys: String = (0..120).map(|number| format!("wrong{number} = 1\n")).collect();
    scratch.write("fleet/services/more.toml", &format!("[service.more]\non = [\"web1\"]\n{keys}"));
    let shown = |args: &[&str]| {
        let ran = scratch.fleet("fleet", &[&["check"], args].concat()).expect(3);
        (ran.err.matches("unknown key").count(), ran.err)
    };
    let (number, err) = shown(&[]);
    assert_eq!(number, 100, "{err}");
    assert!(err.contains("20 more findings not shown; --max-errors 0 shows all"), "{err}");
    assert!(err.contains("fleet: 120 errors"), "{err}");
    assert_eq!(shown(&["--max-errors", "2"]).0, 2);
    assert_eq!(shown(&["--max-errors", "0"]).0, 120);
    let all = scratch.fleet("fleet", &["check", "--format", "json"]).expect(3).json();
    assert_eq!(all["diagnostics"].as_array().unwrap().len(), 120);
}

#[test]
fn a_required_check_that_could_not_be_made_fails_a_strict_build() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let definition = "[validator.absent]\napplies-to = \"/etc/x\"\nargv = [\"/nonexistent/absent\", \"{}\"]\n\n\
                      [service.hello.file.\"/etc/x\"]\ncontent = \"x\\n\"\nvalidation = \"required\"\n";
    let good = scratch.read("fleet/services/hello.toml");
    scratch.write("fleet/services/hello.toml", &format!("{good}\n{definition}"));
    assert!(scratch.fleet("fleet", &["build"]).expect(0).err.contains("absent could not check /etc/x"));
    scratch.fleet("fleet", &["build", "--strict"]).expect(4);
    scratch.fleet("fleet", &["publish"]).expect(4);
    scratch.write(
        "fleet/services/hello.toml",
        &format!("{good}\n{}", definition.replace("required", "optional")),
    );
    scratch.fleet("fleet", &["build", "--strict"]).expect(0);
}

#[test]
fn a_host_is_enrolled_with_the_store_as_it_reaches_it() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let show = ["host", "show", "web1", "--store"];
    let line =
        scratch.fleet("fleet", &[&show[..], &["https://store.example.net/x"]].concat()).expect(0).json();
    assert_eq!(line["store"], "https://store.example.net/x");
    scratch.fleet("fleet", &[&show[..], &["store.example.net"]].concat()).expect(2);
}

#[test]
fn what_enrolment_or_a_check_would_refuse_is_refused_on_the_command_line() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    for args in [
        &["host", "show", "web1", "--channel", "A B"][..],
        &["status", "--channel", "A B"],
        &["host", "add", "web2", "--os", "debian-12", "--arch", "x86_64", "--address", "web1:22"],
    ] {
        scratch.fleet("fleet", args).expect(2);
    }
    assert!(!scratch.path("fleet/hosts/web2.toml").exists());
}

#[test]
fn an_empty_cmc_identity_is_none() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let mut command = scratch.command();
    command.args(["-C", "fleet", "secret", "rotate"]).env("CMC_IDENTITY", "");
    Ran::from(command.output().unwrap()).expect(0);
}

#[test]
fn a_failure_is_one_document_whatever_is_wrong_with_the_definitions() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.write("fleet/fleet.toml", "[fleet]\nname = \n");
    for command in [
        &["status"][..],
        &["host", "list"],
        &["host", "show", "web1"],
        &["host", "add", "web2", "--os", "debian-12", "--arch", "x86_64"],
        &["store", "probe"],
        &["store", "verify"],
        &["refresh"],
        &["trust", "init"],
        &["secret", "list"],
        &["secret", "set", "x"],
    ] {
        let ran = scratch.fleet("fleet", &[&["--format", "json"], command].concat()).expect(3);
        assert_eq!(ran.json()["diagnostics"].as_array().map(Vec::len), Some(1), "{command:?}: {}", ran.out);
    }
}

#[test]
fn a_root_that_was_put_back_is_not_called_a_pointer_to_recover() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    std::fs::copy(scratch.path("fleet/trust/1.json"), scratch.path("fleet/trust/2.json")).unwrap();
    let ran = scratch.fleet("fleet", &["trust", "show"]).expect(5);
    assert!(!ran.err.contains("--recover"), "{}", ran.err);
}

#[test]
fn init_says_how_to_go_on_from_where_one_is() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("x")).unwrap();
    let ran = scratch.fleet("x", &["init", "sp ace"]).expect(0);
    assert!(ran.err.contains("cmc -C 'x/sp ace' build"), "{}", ran.err);
}

#[test]
fn commands_are_shown_as_they_would_be_typed() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let service = "[service.x]\non = [\"@web\"]\nfile.\"/etc/x\" = { content = \"x\", run = [[\"/bin/echo\", \"a b\"]] }\n";
    scratch.write("fleet/services/x.toml", service);
    scratch.fleet("fleet", &["build"]).expect(0);
    let diff = scratch.fleet("fleet", &["diff"]).expect(0).out;
    assert!(diff.contains("runs /bin/echo 'a b'\n"), "{diff}");
    let comment = scratch.fleet("fleet", &["diff", "--format", "markdown"]).expect(0).out;
    assert!(comment.contains("\n```diff\n+ /etc/x\n# runs /bin/echo 'a b'\n```\n"), "{comment}");
    scratch.fleet("fleet", &["publish"]).expect(0);
    std::fs::create_dir(scratch.path("root")).unwrap();
    let config = ["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "plan"];
    let plan = scratch.fetch(&config).expect(0).out;
    assert!(plan.contains("run /bin/echo 'a b'\n"), "{plan}");
}

#[test]
fn explain_knows_every_code_and_refuses_others() {
    let scratch = Scratch::new();
    assert!(scratch.cmc(["explain", "unknown-key"]).expect(0).out.contains("key"));
    scratch.cmc(["explain", "no-such-code"]).expect(2);
    scratch.cmc(["explain", "unknown-key", "--host", "web1"]).expect(2);
    let all = scratch.cmc(["explain", "--format", "json"]).expect(0).json();
    assert_eq!(all["codes"].as_array().unwrap().len(), cmc_types::codes::ALL.len());
}

#[test]
fn findings_come_in_every_format_at_the_same_place() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let hello = scratch.read("fleet/services/hello.toml").replace("restart-delay", "restart-dealy");
    scratch.write("fleet/services/hello.toml", &hello);

    let json = scratch.fleet("fleet", &["check", "--format", "json"]).expect(3).json();
    let first = &json["diagnostics"][0];
    assert_eq!(first["code"], "unknown-key");
    assert_eq!(first["file"], "services/hello.toml");
    let line = first["line"].as_u64().unwrap();
    assert!(first["help"].as_str().unwrap().contains("restart-delay"), "{first}");

    let human = scratch.fleet("fleet", &["check"]).expect(3).err;
    assert!(human.contains(&format!("services/hello.toml:{line}:")), "{human}");
    let github = scratch.fleet("fleet", &["check", "--format", "github"]).expect(3).out;
    let file = "fleet/services/hello.toml";
    assert!(github.starts_with(&format!("::error file={file},line={line},col=")), "{github}");
    let sarif = scratch.fleet("fleet", &["check", "--format", "sarif"]).expect(3).json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "unknown-key");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["region"]["startLine"], &place["artifactLocation"]["uri"]),
        (&line.into(), &file.into())
    );
    // What annotations name is a file for whoever stands in the repository.
    let mut command = scratch.command();
    command.current_dir(scratch.path("fleet")).args(["check", "--format", "github"]);
    let within = Ran::from(command.output().unwrap()).expect(3).out;
    assert!(within.starts_with("::error file=services/hello.toml,"), "{within}");
    scratch.write("more.json", "{\"service\": 1}");
    let more = scratch.fleet("fleet", &["check", "--format", "github", "--with", "more.json"]).expect(3).out;
    assert!(more.contains("file=more.json,"), "{more}");
}

#[test]
fn colours_appear_only_when_asked_for() {
    let scratch = Scratch::new();
    scratch.write("fleet/fleet.toml", "[fleet]\nnam = \"x\"\n");
    assert!(!scratch.fleet("fleet", &["check"]).expect(3).err.contains('\x1b'));
    assert!(scratch.fleet("fleet", &["check", "--color", "always"]).expect(3).err.contains('\x1b'));
}

#[test]
fn what_writes_says_what_it_did_as_one_document_too() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("shop")).unwrap();
    let homeless =
        scratch.command().env_remove("HOME").env_remove("XDG_CONFIG_HOME").args(["init", "shop"]).output();
    Ran::from(homeless.unwrap()).expect(1);
    let json =
        |args: &[&str]| scratch.fleet("shop", &[&["--format", "json"], args].concat()).expect(0).json();
    assert_eq!(json(&["init", "."])["host"], "web1", "a refused `init` leaves nothing in the way");
    assert_eq!(json(&["secret", "rotate"])["secrets"], serde_json::json!([]));
    assert_eq!(json(&["try"])["hosts"], serde_json::json!(["debian", "openbsd", "alpine"]));
}

#[test]
fn a_long_command_says_on_a_terminal_what_it_does_and_nowhere_else() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let text = scratch.read("fleet/fleet.toml");
    let slow = "\n[validator.slow]\napplies-to = \"/etc/hello/*\"\nargv = [\"/bin/sh\", \"-c\", \"sleep 1; cat $0\", \"{}\"]\n";
    scratch.write("fleet/fleet.toml", &format!("{text}{slow}"));
    let piped = scratch.fleet("fleet", &["build"]).expect(0);
    assert!(!piped.err.contains("validating") && !piped.err.contains('\x1b'), "{}", piped.err);
    if !has("script") {
        return skip(
            "a_long_command_says_on_a_terminal_what_it_does_and_nowhere_else",
            "not installed: script",
        );
    }
    let on_terminal = |environment: &[(&str, &str)], args: &str| -> String {
        let mut command = std::process::Command::new("script");
        command.args([
            "-qec",
            &format!("{} -C fleet build --no-cache {args}", env!("CARGO_BIN_EXE_cmc")),
            "/dev/null",
        ]);
        command
            .current_dir(scratch.path(""))
            .env("HOME", scratch.path("home"))
            .env("TERM", "xterm")
            .env_remove("CI");
        command.envs(environment.iter().copied()).stdin(std::process::Stdio::null());
        let ran: Ran = command.output().unwrap().into();
        ran.expect(0).out
    };
    let shown = on_terminal(&[], "--color never");
    assert!(shown.contains("validating: ") && shown.contains(" programs run ("), "{shown:?}");
    // The line is gone before the result is printed.
    let result = shown.rfind("fleet: 1 host").unwrap();
    assert!(shown[..result].ends_with("\r\x1b[K"), "{shown:?}");
    for (environment, args) in
        [(&[("CI", "true")][..], ""), (&[("TERM", "dumb")], ""), (&[], "--quiet"), (&[], "--format json")]
    {
        let shown = on_terminal(environment, args);
        assert!(!shown.contains("validating: "), "{environment:?} {args}: {shown:?}");
    }
}
