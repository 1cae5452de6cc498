//! Two people and one store: nobody undoes another's work without saying so.

use crate::support::{Ran, Scratch, has, skip};

fn git(scratch: &Scratch, dir: &str, args: &[&str]) {
    let mut command = std::process::Command::new("git");
    command.args(["-c", "user.name=Test", "-c", "user.email=test@example.net"]).args(args);
    command.current_dir(scratch.path(dir)).env("HOME", scratch.path("home"));
    let ran: Ran = command.output().unwrap().into();
    ran.expect(0);
}

/// Changes what the fleet's service says, and commits it.
fn change(scratch: &Scratch, fleet: &str, from: &str, to: &str) {
    let file = format!("{fleet}/services/hello.toml");
    let text = scratch.read(&file);
    assert!(text.contains(from), "{text}");
    scratch.write(&file, &text.replace(from, to));
}

fn commit(scratch: &Scratch, fleet: &str) {
    git(scratch, fleet, &["add", "."]);
    git(scratch, fleet, &["commit", "--quiet", "--message", "change"]);
}

/// Two clones of one commit that publish to one store.
fn clones() -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "a"]).expect(0);
    let fleet = scratch.read("a/fleet.toml");
    let store = format!("dir:{}", scratch.path("store").display());
    scratch.write("a/fleet.toml", &fleet.replace("dir:store", &store));
    git(&scratch, "a", &["init", "--quiet"]);
    commit(&scratch, "a");
    git(&scratch, "", &["clone", "--quiet", "a", "b"]);
    scratch
}

fn publish(scratch: &Scratch, fleet: &str, options: &[&str]) -> Ran {
    scratch.fleet(fleet, &["build"]).expect(0);
    scratch.fleet(fleet, &[&["publish"], options].concat())
}

#[test]
fn a_commit_that_lacks_what_is_published_is_refused_until_it_is_merged() {
    if !has("git") {
        return skip("publishing::diverged", "git is not installed");
    }
    let scratch = clones();
    publish(&scratch, "a", &[]).expect(0);
    // One commit that is published already is no reason to refuse.
    publish(&scratch, "b", &[]).expect(0);
    change(&scratch, "a", "8080", "8090");
    commit(&scratch, "a");
    publish(&scratch, "a", &[]).expect(0);

    change(&scratch, "b", "restart-delay", "stop-timeout = \"9s\"\nrestart-delay");
    commit(&scratch, "b");
    let unknown = publish(&scratch, "b", &[]).expect(1).err;
    assert!(unknown.contains("does not know") && unknown.contains("--allow-older"), "{unknown}");
    git(&scratch, "b", &["fetch", "--quiet"]);
    let diverged = publish(&scratch, "b", &[]).expect(1).err;
    assert!(diverged.contains("does not contain") && diverged.contains("pull"), "{diverged}");
    git(&scratch, "b", &["merge", "--quiet", "--no-edit", "FETCH_HEAD"]);
    publish(&scratch, "b", &[]).expect(0);
}

#[test]
fn an_older_commit_is_published_only_when_that_is_said() {
    if !has("git") {
        return skip("publishing::older", "git is not installed");
    }
    let scratch = clones();
    change(&scratch, "a", "8080", "8090");
    commit(&scratch, "a");
    publish(&scratch, "a", &[]).expect(0);
    git(&scratch, "a", &["checkout", "--quiet", "HEAD~1"]);
    publish(&scratch, "a", &[]).expect(1);
    // As in a hook, where git's own variables lead to another repository.
    for repository in [".", "../b/.git"] {
        let mut command = scratch.command();
        command.args(["-C", "a", "publish"]).env("GIT_DIR", repository).env("GIT_WORK_TREE", "/");
        Ran::from(command.output().unwrap()).expect(1);
    }
    publish(&scratch, "a", &["--allow-older"]).expect(0);
}

#[test]
fn a_release_from_a_work_tree_with_changes_says_so() {
    if !has("git") {
        return skip("publishing::dirty", "git is not installed");
    }
    let scratch = clones();
    publish(&scratch, "a", &[]).expect(0);
    let published = |scratch: &Scratch| {
        scratch.fleet("a", &["status", "--format", "json"]).expect(0).json()["commit"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let clean = published(&scratch);
    assert!(!clean.contains('-'), "{clean}");
    change(&scratch, "a", "8080", "8090");
    publish(&scratch, "a", &[]).expect(0);
    assert_eq!(published(&scratch), format!("{clean}-dirty"));
    // What was not committed is in nobody's history; the commit itself is.
    commit(&scratch, "a");
    change(&scratch, "a", "8090", "8091");
    commit(&scratch, "a");
    publish(&scratch, "a", &[]).expect(0);
}

#[test]
fn a_publish_that_succeeded_says_so_although_it_cannot_be_remembered() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "a"]).expect(0);
    std::fs::create_dir_all(scratch.path("a/.cmc/seen.json")).unwrap();
    let ran = publish(&scratch, "a", &[]).expect(0);
    assert!(ran.err.contains("published release 1"), "{}", ran.err);
    assert!(ran.err.contains("cannot write .cmc/seen.json"), "{}", ran.err);
}

/// Runs a command on the fleet with this on standard input.
fn given(scratch: &Scratch, args: &[&str], input: &str) -> Ran {
    scratch.write("input", input);
    let mut command = scratch.command();
    command.args(["-C", "a"]).args(args).stdin(std::fs::File::open(scratch.path("input")).unwrap());
    command.output().unwrap().into()
}

#[test]
fn a_definition_on_standard_input_is_read_by_all_that_a_command_asks_of_it() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "a"]).expect(0);
    let web1 = scratch.read("a/hosts/web1.toml");
    for host in ["web2", "web3"] {
        let lines = web1.lines().filter(|line| !line.starts_with("id = "));
        let text = lines.collect::<Vec<_>>().join("\n").replace("web1", host);
        scratch.write(format!("a/hosts/{host}.toml"), &text);
    }
    let service = |state: &str| {
        format!(
            r#"{{"service": {{"extra": {{"on": ["@all"], {state} "file": {{"/etc/extra": {{"content": "x"}}}}}}}}}}"#
        )
    };
    let (there, gone) = (service(""), service(r#""state": "absent","#));
    for input in [there.as_str(), &gone] {
        given(&scratch, &["build", "--with", "-"], input).expect(0);
        given(&scratch, &["publish", "--with", "-"], input).expect(0);
    }
    given(&scratch, &["status", "--with", "-"], &gone).expect(0);
}
