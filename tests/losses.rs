//! What is lost by accident, in the definitions or in the store: it is named, guarded, and there is a way on.

use crate::support::{Ran, Scratch};

/// A new fleet, published, whose hosts are `web1` to `web3`.
fn published() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    let web1 = scratch.read("fleet/hosts/web1.toml");
    for host in ["web2", "web3"] {
        let lines = web1.lines().filter(|line| !line.starts_with("id = "));
        let text = lines.collect::<Vec<_>>().join("\n").replace("web1", host);
        scratch.write(format!("fleet/hosts/{host}.toml"), &text);
    }
    publish(&scratch, &[]).expect(0);
    scratch
}

fn publish(scratch: &Scratch, options: &[&str]) -> Ran {
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &[&["publish"], options].concat())
}

fn fetch(scratch: &Scratch, args: &[&str]) -> Ran {
    std::fs::create_dir_all(scratch.path("root")).unwrap();
    scratch.fetch(&[&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root"], args].concat())
}

#[test]
fn hosts_that_vanish_from_the_definitions_are_shown_and_leave_only_when_allowed() {
    let scratch = published();
    fetch(&scratch, &["run"]).expect(0);
    std::fs::rename(scratch.path("fleet/hosts"), scratch.path("hosts")).unwrap();
    let diff = scratch.fleet("fleet", &["diff"]).expect(0);
    assert_eq!(
        diff.out.matches("is no longer in the fleet: it keeps what it has").count(),
        3,
        "{}",
        diff.out
    );
    let refused = publish(&scratch, &[]).expect(1);
    for says in ["3 hosts", "web1, web2, web3", "retired = true", "--allow-removals 3"] {
        assert!(refused.err.contains(says), "{says}: {}", refused.err);
    }
    publish(&scratch, &["--allow-removals", "2"]).expect(1);
    publish(&scratch, &["--rebuild"]).expect(1);
    let done = publish(&scratch, &["--allow-removals", "3"]).expect(0);
    assert!(done.err.contains("0 of 0 hosts changed, 3 hosts no longer in the fleet"), "{}", done.err);
    fetch(&scratch, &["run"]).expect(1);

    // They come back, and the services do not.
    std::fs::rename(scratch.path("hosts"), scratch.path("fleet/hosts")).unwrap();
    std::fs::rename(scratch.path("fleet/services"), scratch.path("services")).unwrap();
    let diff = scratch.fleet("fleet", &["diff"]).expect(0);
    let says = "gets no service: what it has of an earlier release is removed";
    assert_eq!(diff.out.matches(says).count(), 3, "{}", diff.out);
    let refused = publish(&scratch, &[]).expect(1);
    for says in ["3 hosts would come without any service", "web1, web2, web3", "--allow-removals 3"] {
        assert!(refused.err.contains(says), "{says}: {}", refused.err);
    }
    assert!(scratch.path("root/etc/systemd/system/hello.service").exists());
    std::fs::rename(scratch.path("services"), scratch.path("fleet/services")).unwrap();
    let done = publish(&scratch, &[]).expect(0);
    assert!(done.err.contains("3 of 3 hosts changed"), "{}", done.err);
    fetch(&scratch, &["run"]).expect(0);
}

#[test]
fn one_host_may_leave_and_one_may_come_without_services() {
    let scratch = published();
    std::fs::rename(scratch.path("fleet/hosts/web3.toml"), scratch.path("web3.toml")).unwrap();
    let done = publish(&scratch, &[]).expect(0);
    assert!(done.err.contains("0 of 2 hosts changed, 1 host no longer in the fleet"), "{}", done.err);
    let bare = scratch.read("web3.toml").replace("[\"web\"]", "[]");
    scratch.write("fleet/hosts/web3.toml", &bare);
    publish(&scratch, &[]).expect(0);
}

#[test]
fn a_published_host_that_lost_its_recipient_is_shown_as_leaving() {
    let scratch = published();
    let text = scratch.read("fleet/hosts/web1.toml");
    let bare: Vec<_> = text.lines().filter(|line| !line.starts_with("recipient")).collect();
    scratch.write("fleet/hosts/web1.toml", &bare.join("\n"));
    let diff = scratch.fleet("fleet", &["diff"]).expect(0);
    assert!(diff.out.contains("web1 has no `recipient` any more: it keeps what it has"), "{}", diff.out);
}

/// The store's pointer, and that of an earlier state.
const POINTER: &str = "fleet/store/channels/main.json";

/// Changes the greeting, so that there is something to publish.
fn greet(scratch: &Scratch, text: &str) {
    let fleet = scratch.read("fleet/fleet.toml");
    let line = fleet.lines().find(|line| line.contains("greeting =")).unwrap().to_owned();
    let (key, _) = line.split_once("greeting =").unwrap();
    let new = format!("{key}greeting = \"{text}\"{}", if line.ends_with('}') { " }" } else { "" });
    scratch.write("fleet/fleet.toml", &fleet.replace(&line, &new));
}

fn verify(scratch: &Scratch) -> Ran {
    scratch.fleet("fleet", &["store", "verify"])
}

#[test]
fn a_lost_pointer_is_named_and_recovered_on_any_checkout_above_what_hosts_have_seen() {
    for forgets in [false, true] {
        let scratch = published();
        greet(&scratch, "two");
        publish(&scratch, &[]).expect(0);
        scratch.fleet("fleet", &["refresh"]).expect(0);
        fetch(&scratch, &["run"]).expect(0);
        std::fs::remove_file(scratch.path(POINTER)).unwrap();
        if forgets {
            // Another checkout remembers nothing.
            std::fs::remove_file(scratch.path("fleet/.cmc/seen.json")).unwrap();
        }
        fetch(&scratch, &["run"]).expect(6);
        let commands: [&[&str]; 4] =
            [&["publish"], &["publish", "--rebuild"], &["refresh"], &["store", "verify"]];
        for command in commands {
            let ran = scratch.fleet("fleet", command).expect(6);
            for says in ["pointer of channel main is missing", "cmc publish --recover"] {
                assert!(ran.err.contains(says), "{command:?}: {}", ran.err);
            }
        }
        let ran = publish(&scratch, &["--recover"]).expect(0);
        assert!(ran.err.contains("published release 3") && ran.err.contains("0 of 3"), "{}", ran.err);
        verify(&scratch).expect(0);
        fetch(&scratch, &["run"]).expect(0);
        greet(&scratch, "three");
        let ran = publish(&scratch, &[]).expect(0);
        assert!(ran.err.contains("published release 4"), "{}", ran.err);
        fetch(&scratch, &["run"]).expect(0);
        assert!(fetch(&scratch, &["status"]).out.contains("release 4 "));
    }
}

#[test]
fn a_store_that_lost_pointer_and_newest_release_is_recovered_above_both() {
    let scratch = published();
    greet(&scratch, "two");
    publish(&scratch, &[]).expect(0);
    fetch(&scratch, &["run"]).expect(0);
    // Back to nothing: only this machine knows that there was a release 2.
    std::fs::remove_dir_all(scratch.path("fleet/store")).unwrap();
    let ran = verify(&scratch).expect(6);
    assert!(ran.err.contains("there is no such directory"), "{}", ran.err);
    publish(&scratch, &[]).expect(6);
    let ran = publish(&scratch, &["--recover"]).expect(0);
    assert!(ran.err.contains("published release 3"), "{}", ran.err);
    verify(&scratch).expect(0);
    fetch(&scratch, &["run"]).expect(0);

    // The same on a machine that knows nothing: hosts tell the number.
    std::thread::sleep(std::time::Duration::from_secs(2));
    std::fs::remove_dir_all(scratch.path("fleet/store")).unwrap();
    std::fs::remove_file(scratch.path("fleet/.cmc/seen.json")).unwrap();
    let ran = publish(&scratch, &["--recover=3"]).expect(0);
    assert!(ran.err.contains("published release 4"), "{}", ran.err);
    fetch(&scratch, &["run"]).expect(0);
}

#[test]
fn a_store_that_was_put_back_is_said_to_be_and_is_recovered() {
    let scratch = published();
    let old = scratch.read(POINTER);
    greet(&scratch, "two");
    publish(&scratch, &[]).expect(0);
    fetch(&scratch, &["run"]).expect(0);
    scratch.write(POINTER, &old);
    for command in [&["store", "verify"][..], &["publish"], &["status"]] {
        let ran = scratch.fleet("fleet", command).expect(5);
        for says in ["release 1 serial 1 is older than release 2 serial 2, seen before", "--recover"] {
            assert!(ran.err.contains(says), "{command:?}: {}", ran.err);
        }
    }
    fetch(&scratch, &["run"]).expect(5);
    publish(&scratch, &["--recover"]).expect(0);
    verify(&scratch).expect(0);
    fetch(&scratch, &["run"]).expect(0);
    // Where nothing was lost, it is an ordinary publish.
    let ran = publish(&scratch, &["--recover"]).expect(0);
    assert!(ran.err.contains("has this already"), "{}", ran.err);
}

#[test]
fn a_lost_or_damaged_root_is_named_and_restored() {
    let scratch = published();
    let vault = std::fs::read_dir(scratch.path("fleet/store/trust")).unwrap().flatten();
    let vault = vault.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "age"));
    let root = scratch.path("fleet/store/trust/1.json");
    for (object, path) in [("root 1", root), ("vault", vault.unwrap())] {
        let right = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let ran = verify(&scratch).expect(6);
        for says in [&format!("{object} is missing from store"), "cmc publish --rebuild"] {
            assert!(ran.err.contains(says), "{}", ran.err);
        }
        publish(&scratch, &["--rebuild"]).expect(0);
        assert_eq!(std::fs::read(&path).unwrap(), right);
        std::fs::write(&path, "{}").unwrap();
        let ran = verify(&scratch).expect(5);
        assert!(
            ran.err.contains(&format!("{object}: not the one of the fleet's trust/ folder")),
            "{}",
            ran.err
        );
        publish(&scratch, &["--rebuild"]).expect(0);
        std::fs::write(&path, vec![b' '; 12 << 20]).unwrap();
        let ran = verify(&scratch).expect(5);
        assert!(ran.err.contains("larger than") && ran.err.contains("cmc publish --rebuild"), "{}", ran.err);
        publish(&scratch, &["--rebuild"]).expect(0);
        verify(&scratch).expect(0);
        fetch(&scratch, &["run"]).expect(0);
    }
}

#[test]
fn a_number_that_no_release_can_have_is_refused_by_recover() {
    let scratch = published();
    std::fs::remove_file(scratch.path(POINTER)).unwrap();
    let ran = publish(&scratch, &["--recover=18446744073709551614"]).expect(1);
    assert!(ran.err.contains("no host can be at release 18446744073709551614"), "{}", ran.err);
    let ran = publish(&scratch, &["--recover"]).expect(0);
    assert!(ran.err.contains("published release 2"), "{}", ran.err);
}

#[test]
fn a_lifetime_that_the_root_does_not_allow_is_bounded_aloud_and_none_at_all_is_refused() {
    let scratch = published();
    for command in ["publish", "refresh"] {
        let ran = scratch.fleet("fleet", &[command, "--lifetime", "0s"]).expect(2);
        assert!(ran.err.contains("expected a second or more"), "{}", ran.err);
    }
    let ran = scratch.fleet("fleet", &["refresh", "--lifetime", "400d"]).expect(0);
    assert!(ran.err.contains("--lifetime 400 d: the root of trust allows no more than 35 d"), "{}", ran.err);
    assert!(ran.err.contains("; good until 2"), "{}", ran.err);
    let ran = scratch.fleet("fleet", &["refresh", "--lifetime", "3d"]).expect(0);
    assert!(!ran.err.contains("allows"), "{}", ran.err);
}

#[test]
fn a_store_in_which_nothing_was_published_is_said_to_be_empty() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    std::fs::create_dir(scratch.path("fleet/store")).unwrap();
    let ran = verify(&scratch).expect(1);
    assert!(ran.err.contains("nothing was ever published on channel main"), "{}", ran.err);
}

#[test]
fn a_service_may_leave_without_a_question_only_hosts_whose_definitions_say_so() {
    let scratch = published();
    let hello = scratch.read("fleet/services/hello.toml");
    // What is asked for on one host is not asked for on the others.
    let slip = hello.replace("on = [\"@web\"]", "on = [\"web3\"]");
    let overlay = "\n[service.hello.for.web3]\nstate = \"absent\"\n";
    scratch.write("fleet/services/hello.toml", &format!("{slip}{overlay}"));
    let refused = publish(&scratch, &[]).expect(1);
    assert!(refused.err.contains("this takes service hello from 2 hosts (web1, web2)"), "{}", refused.err);
    let overlay = "\n[service.hello.for.\"@web\"]\nstate = \"absent\"\n";
    scratch.write("fleet/services/hello.toml", &format!("{hello}{overlay}"));
    publish(&scratch, &[]).expect(0);
}

#[test]
fn hosts_may_be_retired_without_a_question() {
    let scratch = published();
    for host in ["web1", "web2"] {
        let file = format!("fleet/hosts/{host}.toml");
        scratch.write(&file, &format!("{}\nretired = true\n", scratch.read(&file)));
    }
    publish(&scratch, &[]).expect(0);
    fetch(&scratch, &["run"]).expect(0);
    assert!(!scratch.path("root/etc/hello/hello.conf").exists());
}

#[test]
fn of_definitions_with_errors_nobody_says_that_nothing_is_lost() {
    let scratch = Scratch::new();
    scratch.write(
        "fleet.toml",
        "[fleet]\nname = \"shop\"\n\n[host.web1]\nos = \"debian-12\"\narch = \"x86_64\"\n",
    );
    let ran = scratch.cmc(["explain", "loss"]).expect(0);
    assert_eq!(ran.out, "nothing is lost\n");
    scratch.write("services/api.toml", "[service.api]\non = [\"web1\"]\nnonsense = 1\n");
    let ran = scratch.cmc(["explain", "loss"]);
    assert!(ran.out.is_empty() && ran.err.contains("errors"), "{}{}", ran.out, ran.err);
}
