//! Reports of hosts through the real binaries: from enrolment to `cmc status`.

use crate::support::Scratch;
use serde_json::Value;
use std::time::UNIX_EPOCH;

fn status(scratch: &Scratch, exit: i32) -> (Value, String) {
    let json = scratch.fleet("fleet", &["--format", "json", "status"]).expect(exit).json();
    let host = json["hosts"].as_array().unwrap().iter().find(|host| host["host"] == "db1").unwrap().clone();
    (host, scratch.fleet("fleet", &["status"]).expect(exit).out)
}

fn publish(scratch: &Scratch, greeting: &str) {
    let text = format!(
        "[service.motd]\non = [\"db1\"]\nvalidation = \"optional\"\nfile.\"/etc/motd\".content = \"{greeting}\\n\"\n"
    );
    scratch.write("fleet/services/motd.toml", &text);
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
}

#[test]
fn a_host_that_was_enrolled_reports_and_status_shows_what_its_key_signed_and_nothing_else() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    std::fs::create_dir(scratch.path("root")).unwrap();
    let enroll = ["--root", "root", "--schedule", "none", "--format", "json", "enroll"];
    let keys = scratch.fetch(&enroll).expect(0).json();
    let (recipient, reporter) = (keys["recipient"].as_str().unwrap(), keys["reporter"].as_str().unwrap());
    let host = ["host", "add", "db1", "--os", "debian-12", "--arch", "x86_64"];
    let wrong = [&host[..], &["--reporter", "ssh-ed25519 AAAA"]].concat();
    scratch.fleet("fleet", &wrong).expect(2);
    let add = [&host[..], &["--recipient", recipient, "--reporter", reporter]].concat();
    let line = scratch.fleet("fleet", &add).expect(0).out;
    scratch.fetch(&[&enroll[..], &[line.trim()]].concat()).expect(0);

    publish(&scratch, "one");
    assert_eq!(status(&scratch, 0).0["report"], Value::Null);
    let run = ["--config", "root/etc/cmc/fetch.toml", "--root", "root", "run"];
    scratch.fetch(&run).expect(0);
    let (host, text) = status(&scratch, 0);
    assert_eq!((&host["report"]["exit"], &host["report"]["converged"]), (&0.into(), &true.into()), "{host}");
    assert_eq!(host["report"]["services"]["motd"]["condition"], "good");
    assert!(
        text.contains("reported")
            && text.contains("release 1, files as wanted, commands and checks are not run there"),
        "{text}"
    );

    // Readable by operators only.
    let id = id_of(&scratch);
    let report = scratch.path(format!("fleet/store/reports/{id}.age"));
    let first = std::fs::read(&report).unwrap();
    assert!(first.starts_with(b"age-encryption.org/v1\n") && !contains(&first, b"\"services\""));

    publish(&scratch, "two");
    let (_, text) = status(&scratch, 0);
    assert!(
        text.contains("motd: ") && text.contains("was published since, and is not reported yet"),
        "{text}"
    );
    // Reports are dated to the second; the next is of a later one.
    let dated = host["report"]["at"].as_u64().unwrap();
    while UNIX_EPOCH.elapsed().unwrap().as_secs() <= dated {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    scratch.fetch(&run).expect(0);
    assert_eq!(status(&scratch, 0).0["report"]["release"][0], 2);

    // An older one put back is not believed, nor one of another key.
    std::fs::write(&report, &first).unwrap();
    let (host, text) = status(&scratch, 1);
    assert!(
        host["report"].is_null() && host["report-refused"].as_str().unwrap().contains("put back"),
        "{host}"
    );
    assert!(
        text.contains("its report is not believed: it is of 20")
            && text.contains("an older one was put back"),
        "{text}"
    );
    let definition = scratch.read("fleet/hosts/db1.toml");
    std::fs::create_dir(scratch.path("other")).unwrap();
    let other = scratch.fetch(&["--root", "other", "--format", "json", "enroll"]).expect(0).json();
    let theirs = definition.replace(reporter, other["reporter"].as_str().unwrap());
    scratch.write("fleet/hosts/db1.toml", &theirs);
    let refused = status(&scratch, 1).0["report-refused"].as_str().unwrap().to_owned();
    assert!(refused.contains("signed by"), "{refused}");
    scratch.write("fleet/hosts/db1.toml", &definition.replace("reporter", "# reporter"));
    let refused = status(&scratch, 1).0["report-refused"].as_str().unwrap().to_owned();
    assert!(refused.contains("has no `reporter`"), "{refused}");

    // A host that is defined elsewhere is known to who says where.
    std::fs::remove_file(scratch.path("fleet/hosts/db1.toml")).unwrap();
    scratch.write("generated.toml", &definition);
    std::fs::remove_file(scratch.path("fleet/.cmc/reports.json")).unwrap();
    scratch.fleet("fleet", &["status"]).expect(1);
    scratch.fleet("fleet", &["status", "--with", "generated.toml"]).expect(0);
    scratch.fleet("fleet", &["host", "show", "db1"]).expect(2);
    scratch.fleet("fleet", &["host", "show", "db1", "--with", "generated.toml"]).expect(0);
}

/// Copies a directory, into one of that name if it is there.
fn copy(scratch: &Scratch, from: &str, to: &str) {
    let mut command = std::process::Command::new("cp");
    let copied = command.args(["-aT", from, to]).current_dir(scratch.path("")).status().unwrap();
    assert!(copied.success());
}

/// Adds a host that reports; its root is a directory of its name.
fn enrolled(scratch: &Scratch, host: &str, channel: &str) {
    std::fs::create_dir(scratch.path(host)).unwrap();
    let enroll = ["--root", host, "--schedule", "none", "--format", "json", "enroll"];
    let keys = scratch.fetch(&enroll).expect(0).json();
    let (recipient, reporter) = (keys["recipient"].as_str().unwrap(), keys["reporter"].as_str().unwrap());
    let add = ["host", "add", host, "--os", "debian-12", "--arch", "x86_64", "--channel", channel];
    let line =
        scratch.fleet("fleet", &[&add[..], &["--recipient", recipient, "--reporter", reporter]].concat());
    scratch.fetch(&[&enroll[..], &[line.expect(0).out.trim()]].concat()).expect(0);
}

fn run(scratch: &Scratch, host: &str, store: &str) {
    let config = scratch.path(format!("{host}/etc/cmc/fetch.toml"));
    let text = std::fs::read_to_string(&config).unwrap();
    let line = text.lines().find(|line| line.starts_with("store = ")).unwrap().to_owned();
    let there = format!("store = \"dir:{}\"", scratch.path(store).display());
    std::fs::write(&config, text.replace(&line, &there)).unwrap();
    scratch.fetch(&["--config", config.to_str().unwrap(), "--root", host, "run"]).expect(0);
}

#[test]
fn a_host_that_follows_another_channel_is_not_judged_by_this_one() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    enrolled(&scratch, "db1", "staging");
    publish(&scratch, "one");
    publish(&scratch, "two");
    for text in ["three", "four"] {
        let file = scratch.read("fleet/services/motd.toml").replace("two", text).replace("three", text);
        scratch.write("fleet/services/motd.toml", &file);
        scratch.fleet("fleet", &["build"]).expect(0);
        scratch.fleet("fleet", &["publish", "--channel", "staging"]).expect(0);
    }
    run(&scratch, "db1", "fleet/store");
    let (host, text) = status(&scratch, 0);
    assert_eq!((&host["follows"], &host["report"]), (&"staging".into(), &Value::Null), "{host}");
    assert!(text.contains("follows channel staging") && !text.contains("not believed"), "{text}");
    let staging = scratch.fleet("fleet", &["status", "--channel", "staging"]).expect(0).out;
    assert!(staging.contains("release 2, files as wanted"), "{staging}");
}

#[test]
fn a_host_that_was_shown_another_release_discredits_only_itself() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    enrolled(&scratch, "db1", "main");
    enrolled(&scratch, "db2", "main");
    scratch.write(
        "fleet/services/issue.toml",
        "[service.issue]\non = [\"db2\"]\nfile.\"/etc/issue\".content = \"x\\n\"\n",
    );
    publish(&scratch, "one");
    copy(&scratch, "fleet", "fork");
    publish(&scratch, "two");
    // A fork of release 2, which only db1 sees, and db2's honest report of it.
    let text = scratch.read("fleet/services/motd.toml").replace("two", "fork");
    scratch.write("fork/services/motd.toml", &text);
    scratch.fleet("fork", &["build"]).expect(0);
    scratch.fleet("fork", &["publish"]).expect(0);
    run(&scratch, "db1", "fork/store");
    run(&scratch, "db2", "fleet/store");
    copy(&scratch, "fork/store/reports", "fleet/store/reports");
    for greeting in [None, Some("three")] {
        greeting.into_iter().for_each(|greeting| publish(&scratch, greeting));
        // A clone has no `.cmc` yet.
        std::fs::rename(scratch.path("fleet/.cmc"), scratch.path("cmc")).unwrap();
        let ran = scratch.fleet("fleet", &["--format", "json", "status"]).expect(1);
        assert!(!ran.err.contains("cannot write") && scratch.path("fleet/.cmc/reports.json").exists());
        std::fs::remove_dir_all(scratch.path("fleet/.cmc")).unwrap();
        std::fs::rename(scratch.path("cmc"), scratch.path("fleet/.cmc")).unwrap();
        let json = ran.json();
        let host = |name: &str| {
            json["hosts"].as_array().unwrap().iter().find(|host| host["host"] == name).unwrap().clone()
        };
        let refused = host("db1")["report-refused"].as_str().unwrap_or_default().to_owned();
        assert!(refused.contains("two views of the fleet"), "{json}");
        assert_eq!(host("db2")["report"]["release"][0], 2, "{json}");
    }
}

fn id_of(scratch: &Scratch) -> String {
    let config = scratch.read("root/etc/cmc/fetch.toml");
    let line = config.lines().find_map(|line| line.strip_prefix("id = ")).unwrap();
    line.trim_matches('"').to_owned()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
