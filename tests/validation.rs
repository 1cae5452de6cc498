//! What `cmc build` says when validators speak: the four codes that only running them can show.

use crate::support::{Ran, Scratch, has, skip};
use std::io::Write as _;
use std::process::Stdio;

const FLEET: &str = "[fleet]\nname = \"v\"\nstore = \"dir:store\"\n\n[host.h]\nos = \"debian-12\"\narch = \"x86_64\"\n\n\
                     [service.s]\non = [\"h\"]\n";

fn build(definitions: &str, code: i32) -> serde_json::Value {
    let scratch = Scratch::new();
    scratch.write("fleet/fleet.toml", &format!("{FLEET}\n{definitions}"));
    scratch
        .write("fleet/templates/bad.json.j2", "{\n  \"name\": \"{{ host.name }}\",\n  \"port\": 80 80\n}\n");
    scratch.fleet("fleet", &["build", "--format", "json"]).expect(code).json()
}

fn codes(document: &serde_json::Value) -> Vec<&str> {
    document["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

#[test]
fn a_refusal_is_shown_at_the_rendered_line_and_at_the_line_of_the_template() {
    let document = build("[service.s.file.\"/etc/s/bad.json\"]\ntemplate = \"bad.json.j2\"\n", 3);
    assert_eq!(codes(&document), ["validator-refused"]);
    let finding = &document["diagnostics"][0];
    assert_eq!((&finding["file"], &finding["line"]), (&"templates/bad.json.j2".into(), &3.into()));
    assert_eq!(finding["hosts"][0], "h");
    assert_eq!(finding["related"][0]["file"], "h:/etc/s/bad.json", "{finding}");
    assert_eq!(finding["related"][0]["line"], 3, "{finding}");
}

#[test]
fn a_second_build_runs_no_program_and_a_change_runs_those_that_see_it() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let checker =
        "#!/bin/sh\necho ran\nread line < \"$1\"\ntest \"$line\" != bad || { echo \"$1:1: bad\"; exit 1; }\n";
    scratch.write("fleet/files/checker", checker);
    let own = "\n[validator.own]\napplies-to = \"/etc/own/*\"\nargv = [\"/usr/local/bin/checker\", \"{}\"]\n\n\
               [service.hello.file.\"/usr/local/bin/checker\"]\nsource = \"files/checker\"\nmode = \"0755\"\n\n\
               [service.hello.file.\"/etc/own/x\"]\ncontent = \"CONTENT\\n\"\n";
    let service = scratch.read("fleet/services/hello.toml");
    let write = |content: &str| {
        let text = format!("{service}{}", own.replace("CONTENT", content));
        scratch.write("fleet/services/hello.toml", &text);
    };
    let counts = |args: &[&str], code: i32| {
        let built =
            scratch.fleet("fleet", &[&["build", "--format", "json"], args].concat()).expect(code).json();
        (built["run"].as_u64().unwrap(), built["remembered"].as_u64().unwrap())
    };
    write("good");
    let (all, none) = counts(&[], 0);
    assert!(all > 0 && none == 0, "{all} {none}");
    let receipts = || {
        serde_json::from_str::<serde_json::Value>(&scratch.read("fleet/.cmc/build/receipts.json")).unwrap()
    };
    let first = receipts();
    assert_eq!(counts(&[], 0), (0, all));
    assert_eq!(receipts(), first, "what is remembered vouches as it did, with the time at which it was made");
    let made = first.as_array().unwrap().iter().find(|receipt| receipt["validator"] == "own").unwrap();
    let Some(program) = made["program"].as_str() else { panic!("{made}") };
    assert!(made["made"].as_u64().unwrap() > 1_700_000_000 && program.len() == 64, "{made}");
    assert_eq!(counts(&["--no-cache"], 0), (all, 0));
    // A refusal is remembered as well, and said again.
    write("bad");
    assert!(counts(&[], 3).0 > 0);
    assert_eq!(counts(&[], 3).0, 0);
    // Another program of the same name is another program.
    write("good");
    assert_eq!(counts(&[], 0).0, 0);
    scratch.write("fleet/files/checker", &checker.replace("ran", "ran anew"));
    assert!(counts(&[], 0).0 > 0);
    // Junk in the folder is no answer.
    let folder = scratch.path("fleet/.cmc/cache/validators");
    for entry in std::fs::read_dir(&folder).unwrap() {
        std::fs::write(entry.unwrap().path(), b"junk").unwrap();
    }
    assert_eq!(counts(&[], 0), (all, 0));
}

#[test]
fn the_accounts_and_the_id_of_the_host_trouble_no_program() {
    let scratch = Scratch::new();
    let mut definitions = String::new();
    if has("nginx") {
        definitions.push_str(
            "[service.s.file.\"/etc/passwd\"]\ncontent = \"root:x:0:0::/root:/bin/sh\\nweb:x:33:33::/:/bin/sh\\n\"\n\
             [service.s.file.\"/etc/group\"]\ncontent = \"root:x:0:\\nweb:x:33:\\n\"\n\
             [service.s.file.\"/etc/nginx/nginx.conf\"]\ncontent = \"user web;\\nevents {}\\nhttp {}\\n\"\n",
        );
    } else {
        skip("the_accounts_and_the_id_of_the_host_trouble_no_program", "`nginx` is not installed here");
    }
    if has("systemd-analyze") {
        definitions.push_str(
            "[service.s.systemd.\"x.service\".Service]\nExecStart = \"/bin/true /var/log/journal/%m\"\n",
        );
    }
    scratch.write("fleet/fleet.toml", &format!("{FLEET}{definitions}"));
    let built = scratch.fleet("fleet", &["build", "--format", "json"]);
    assert_eq!(
        codes(&built.json()).iter().filter(|code| code.starts_with("validator")).count(),
        0,
        "{built:?}"
    );
}

#[test]
fn nothing_is_remembered_of_a_run_with_the_value_of_a_secret() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let definition = "\n[secret.word]\n\n[service.hello.file.\"/etc/word.sh\"]\n\
                      content = \"#!/bin/sh\\necho {{ secret('word')|sh }}\\n\"\nmode = \"0700\"\n";
    let service = scratch.read("fleet/services/hello.toml");
    scratch.write("fleet/services/hello.toml", &format!("{service}{definition}"));
    let mut set = scratch.command();
    set.args(["-C", "fleet", "secret", "set", "word"]).stdin(Stdio::piped());
    let mut child = set.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"open-sesame-of-the-cave").unwrap();
    assert!(child.wait().unwrap().success());
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
    let folder = scratch.path("fleet/.cmc/cache/validators");
    assert!(std::fs::read_dir(&folder).unwrap().count() > 0);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("sesame"), "{text}");
    }
}

#[test]
fn why_follows_a_line_to_the_template_the_value_and_the_receipt_and_shows_no_secret() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.fleet("fleet", &["build"]).expect(0);
    let line = |place: &str| scratch.fleet("fleet", &["why", place, "--format", "json"]).expect(0).json();
    let port = line("web1:/etc/hello/hello.conf:3");
    let chain = &port["files"][0];
    assert_eq!((&port["built"], &chain["service"]), (&true.into(), &"hello".into()), "{port}");
    assert_eq!(chain["receipts"][0]["validator"], "text", "{port}");
    assert_eq!(chain["lines"][0]["written"]["file"], "templates/hello/hello.conf.j2");
    assert_eq!(chain["lines"][0]["values"][0]["key"], "service.hello.env.PORT.value");
    assert_eq!(chain["runs"][0][0], "systemctl", "{port}");
    // What has changed since the build is not vouched for.
    let service = scratch.read("fleet/services/hello.toml").replace("8080", "9090");
    let secret =
        "\n[secret.key]\n\n[service.hello.file.\"/etc/key\"]\ncontent = \"a\\n{{ secret('key') }}\\n\"\n";
    scratch.write("fleet/services/hello.toml", &format!("{service}{secret}"));
    let changed = line("web1:/etc/hello/hello.conf:3");
    assert_eq!(
        (&changed["built"], &changed["files"][0]["receipts"]),
        (&false.into(), &serde_json::json!([]))
    );
    let key = line("web1:/etc/key:2");
    let chain = &key["files"][0];
    assert_eq!(
        (&chain["secret"], &chain["lines"][0]["text"]),
        (&true.into(), &serde_json::Value::Null),
        "{key}"
    );
    assert!(scratch.fleet("fleet", &["why", "web1:/etc/key"]).expect(0).out.contains("holds a secret"));
    for wrong in [
        "web1",
        "web1:etc",
        "web1:/etc/hello/hello.conf:0",
        "web2:/etc/key",
        "web1:/etc/kez",
        "web1:/etc/key:9",
    ] {
        let ran = scratch.fleet("fleet", &["why", wrong]).expect(2);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{wrong}: {ran:?}");
    }
}

#[test]
fn what_is_mounted_below_tmp_keeps_no_validator_from_its_work() {
    let scratch = Scratch::new();
    let bad = "[service.s.file.\"/usr/local/bin/x\"]\ncontent = \"#!/bin/sh\\nif\\n\"\nmode = \"0755\"\n";
    scratch.write("fleet/fleet.toml", &format!("{FLEET}\n{bad}"));
    std::fs::create_dir(scratch.path("mounted")).unwrap();
    let cmc = scratch.command();
    let script = "mount -t tmpfs tmpfs \"$1\" || exit 99; exec \"$2\" -C fleet build --format json";
    let mut inside = std::process::Command::new("unshare");
    inside.args(["-rm", "sh", "-c", script, "sh"]).arg(scratch.path("mounted")).arg(cmc.get_program());
    inside.current_dir(scratch.path("")).env("HOME", scratch.path("home"));
    let ran = match inside.output() {
        Ok(output) if output.status.code() != Some(99) && !output.stdout.is_empty() => Ran::from(output),
        _ => {
            return skip(
                "what_is_mounted_below_tmp_keeps_no_validator_from_its_work",
                "`unshare -rm` is refused",
            );
        }
    };
    let before = scratch.fleet("fleet", &["build", "--format", "json"]);
    assert_eq!(codes(&ran.json()), codes(&before.json()), "{}", ran.out);
    assert_eq!(ran.code, before.code);
}

#[test]
fn a_refusal_of_content_is_shown_at_its_line_in_the_definition() {
    let bad = "{\n  \"a\": 1,\n  \"name\": \"NAME\",\n  \"port\": 80 80\n}\n";
    for name in ["h", "{{ host.name }}"] {
        let content = format!("content = \"\"\"\n{}\"\"\"\n", bad.replace("NAME", name).replace('"', "\\\""));
        let document = build(&format!("[service.s.file.\"/etc/s/bad.json\"]\n{content}"), 3);
        assert_eq!(codes(&document), ["validator-refused"]);
        let finding = &document["diagnostics"][0];
        let lines = FLEET.lines().count() as u64 + 1;
        assert_eq!(
            (&finding["file"], &finding["line"]),
            (&"fleet.toml".into(), &(lines + 6).into()),
            "{finding}"
        );
        assert_eq!(finding["related"][0]["line"], 4, "{finding}");
    }
}

#[test]
fn a_refusal_of_content_in_json_is_shown_at_its_column() {
    let scratch = Scratch::new();
    scratch.write("fleet/fleet.toml", FLEET);
    let content = r#"{"service":{"s2":{"on":["h"],"file":{"/etc/x.json":{"content":"[\n 80,\n 80 80]"}}}}}"#;
    scratch.write("fleet/services/s2.json", content);
    let document = scratch.fleet("fleet", &["build", "--format", "json"]).expect(3).json();
    let finding = &document["diagnostics"][0];
    let column = finding["column"].as_u64().unwrap() as usize;
    assert_eq!((&finding["file"], &finding["line"]), (&"services/s2.json".into(), &1.into()), "{finding}");
    let from = content.find(" 80 80").unwrap();
    assert!((from..from + 7).contains(&(column - 1)), "{finding}: {}", &content[column - 1..]);
}

#[test]
fn formats_for_repositories_point_at_files_of_the_repository() {
    let scratch = Scratch::new();
    let file = "[service.s.file.\"/etc/s/bad.json\"]\ntemplate = \"bad.json.j2\"\n";
    scratch.write("fleet/fleet.toml", &format!("{FLEET}\n{file}"));
    scratch.write("fleet/templates/bad.json.j2", "{\n \"port\": 80 80\n}\n");
    let github = scratch.fleet("fleet", &["build", "--format", "github"]).expect(3).out;
    assert!(github.starts_with("::error file=fleet/templates/bad.json.j2,line=2,"), "{github}");
    assert!(github.contains("as rendered: h:/etc/s/bad.json:2:"), "{github}");
    let sarif = scratch.fleet("fleet", &["build", "--format", "sarif"]).expect(3);
    assert!(
        sarif.out.contains("\"uri\": \"fleet/templates/bad.json.j2\"") && !sarif.out.contains("%3A"),
        "{}",
        sarif.out
    );
}

#[test]
fn a_secret_on_a_checked_path_builds_without_keys_and_is_checked_by_publish() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    scratch.write(
        "fleet/services/db.toml",
        "[secret.js]\n\n[service.db]\non = [\"@web\"]\nfile.\"/etc/db/c.json\" = { secret = \"js\" }\n",
    );
    let document = scratch.fleet("fleet", &["build", "--format", "json"]).expect(0).json();
    assert_eq!(codes(&document), ["secret-missing", "check-deferred"], "{document}");
    let finding = &document["diagnostics"][1];
    assert_eq!((&finding["file"], &finding["severity"]), (&"services/db.toml".into(), &"note".into()));
    assert_eq!(document["deferred"], 1, "{document}");
    for (value, code) in [("{ no json", 3), ("{}", 0)] {
        set_secret(&scratch, "js", value);
        scratch.fleet("fleet", &["build"]).expect(0);
        let published = scratch.fleet("fleet", &["publish"]).expect(code);
        assert_eq!(published.err.contains("validator-refused"), code != 0, "{}", published.err);
        assert!(!published.err.contains("no json"), "{}", published.err);
    }
}

fn set_secret(scratch: &Scratch, name: &str, value: &str) {
    let mut command = scratch.command();
    command.args(["-C", "fleet", "secret", "set", name]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_refused_build_leaves_nothing_to_publish() {
    let scratch = Scratch::new();
    let file = "[service.s.file.\"/etc/s/a.json\"]\ncontent = \"{}\"\n";
    scratch.write("fleet/fleet.toml", &format!("{FLEET}\n{file}"));
    scratch.fleet("fleet", &["build"]).expect(0);
    assert!(scratch.path("fleet/.cmc/build/plan.json").exists());
    scratch.write("fleet/fleet.toml", &format!("{FLEET}\n{}", file.replace("{}", "{")));
    scratch.fleet("fleet", &["build"]).expect(3);
    assert!(!scratch.path("fleet/.cmc/build/plan.json").exists());
}

#[test]
fn a_validator_that_does_not_exist_is_named_with_those_that_do() {
    let document = build("[service.s.file.\"/etc/s/a\"]\ncontent = \"x\"\ncheck = \"jsn\"\n", 3);
    assert!(codes(&document).contains(&"unknown-validator"), "{document}");
    let finding = &document["diagnostics"][0];
    assert_eq!(finding["file"], "fleet.toml");
    assert!(finding["help"].as_str().unwrap().contains("json"), "{finding}");
}

#[test]
fn a_program_that_is_not_installed_is_a_warning_at_build_and_stops_a_publish() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let text =
        scratch.read("fleet/fleet.toml").replace("validation = \"optional\"", "validation = \"required\"");
    let own = "\n[validator.ours]\nargv = [\"/opt/no/such/program\", \"{}\"]\n";
    scratch.write("fleet/fleet.toml", &format!("{text}{own}"));
    let hello = scratch.read("fleet/services/hello.toml");
    let hello = hello.replace(
        "template = \"hello/hello.conf.j2\"",
        "template = \"hello/hello.conf.j2\"\ncheck = \"ours\"",
    );
    scratch.write("fleet/services/hello.toml", &hello);
    let document = scratch.fleet("fleet", &["build", "--format", "json"]).expect(0).json();
    let finding = document["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "check-not-made")
        .unwrap();
    assert_eq!(finding["severity"], "warning", "{finding}");
    scratch.fleet("fleet", &["publish"]).expect(4);
    assert!(!scratch.path("fleet/store/channels").exists(), "nothing was published");
}

#[test]
fn a_warning_of_a_validator_refuses_nothing() {
    if !has("systemd-analyze") {
        return skip("a_warning_of_a_validator_refuses_nothing", "systemd-analyze is not installed");
    }
    // systemd warns of `User=nobody`.
    let document = build("daemon = { exec = [\"/usr/bin/true\"], user = \"nobody\" }\n", 0);
    let isolation = document["diagnostics"].as_array().unwrap().iter().find(|one| {
        one["code"] == "check-not-made" && one["message"].as_str().unwrap().contains("isolation it needs")
    });
    if let Some(refused) = isolation {
        let why = refused["message"].as_str().unwrap();
        return skip("a_warning_of_a_validator_refuses_nothing", why);
    }
    assert_eq!(codes(&document), ["validator-warning"], "{document}");
}
