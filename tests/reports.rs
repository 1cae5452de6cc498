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
}

fn id_of(scratch: &Scratch) -> String {
    let config = scratch.read("root/etc/cmc/fetch.toml");
    let line = config.lines().find_map(|line| line.strip_prefix("id = ")).unwrap();
    line.trim_matches('"').to_owned()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
