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
