//! Undoing a change when something is in its way: as much as possible comes back, nothing is lost, and the host goes
//! on with everything else.

use crate::machine::{Machine, Made, name};
use cmc_fetch::Exit;
use cmc_fetch::event::Events;
use cmc_fetch::journal::{Journal, Phase};
use cmc_fetch::state::{Condition, State};
use cmc_fetch::{converge, transaction, wish};
use cmc_testing::skip;
use cmc_types::check::Trigger;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

fn web(version: &str) -> Made {
    Made::default()
        .file("/etc/web/a.conf", version)
        .file("/etc/web/b.conf", version)
        .file("/etc/web/c.conf", version)
        .action(Trigger::Changed, &[], "restart web")
}

fn other(version: &str) -> Made {
    Made::default().file("/etc/other.conf", version)
}

/// The restart of `web` fails, and does this to `/etc/web/b.conf` first.
fn restart_that(machine: &Machine, spoil: impl Fn(&PathBuf) + 'static) {
    let path = machine.at("/etc/web/b.conf");
    *machine.runner.command.borrow_mut() = Box::new(move |line| {
        if line == "restart web" && std::fs::read_to_string(&path).is_ok_and(|text| text == "bad") {
            spoil(&path);
            return false;
        }
        true
    });
}

fn temporaries(machine: &Machine) -> Vec<String> {
    machine.tree().into_keys().filter(|path| path.contains(".cmc-")).collect()
}

#[test]
fn a_file_that_cannot_be_restored_keeps_no_other_one_back_and_its_old_content_is_saved() {
    let machine = Machine::new();
    machine.run(&[("web", &web("good")), ("other", &other("1"))]);
    restart_that(&machine, |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
        std::fs::write(path.join("in-the-way"), "").unwrap();
    });
    std::fs::write(machine.at("/etc/other.conf"), "edited").unwrap();
    let ran = machine.run(&[("web", &web("bad")), ("other", &other("1"))]);
    assert_eq!(
        (ran.exit, machine.condition("web")),
        (Exit::RolledBack, Condition::Broken),
        "{:?}",
        ran.events
    );
    assert!(ran.said("ALARM web: /etc/web/b.conf: could not be restored"), "{:?}", ran.events);
    assert_eq!(
        (machine.read("/etc/web/a.conf"), machine.read("/etc/web/c.conf")),
        ("good".into(), "good".into())
    );
    assert_eq!(machine.read("/etc/other.conf"), "1", "drift elsewhere is repaired all the same");
    assert!(temporaries(&machine).is_empty() && !Journal::pending(&State::dir(&machine.root)));
    let saved = std::fs::read_dir(machine.at("/var/lib/cmc/originals")).unwrap().flatten();
    let saved: Vec<_> =
        saved.filter(|entry| std::fs::read_to_string(entry.path()).unwrap() == "good").collect();
    assert_eq!(saved.len(), 1);

    std::fs::remove_dir_all(machine.at("/etc/web/b.conf")).unwrap();
    let ran = machine.run(&[("web", &web("bad")), ("other", &other("1"))]);
    assert_eq!(machine.read("/etc/web/b.conf"), "good", "{:?}", ran.events);
    assert_eq!(machine.condition("web"), Condition::Good);
}

#[test]
fn an_empty_directory_or_a_socket_in_a_files_place_gives_way_when_a_change_is_undone() {
    let makes: [fn(&PathBuf); 2] = [
        |path| std::fs::create_dir(path).unwrap(),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
    ];
    for make in makes {
        let machine = Machine::new();
        machine.run(&[("web", &web("good"))]);
        let before = machine.tree();
        restart_that(&machine, move |path| {
            std::fs::remove_file(path).unwrap();
            make(path);
        });
        let ran = machine.run(&[("web", &web("bad"))]);
        assert_eq!((ran.exit, machine.tree()), (Exit::RolledBack, before), "{:?}", ran.events);
        assert_eq!(machine.condition("web"), Condition::Good);
        assert_eq!(machine.state().services[&name("web")].quarantined.len(), 1);
    }
}

/// A host whose run was killed in this phase.
fn killed_in(phase: Phase) -> Machine {
    for step in 1.. {
        let machine = Machine::new();
        machine.run(&[("web", &web("good"))]);
        restart_that(&machine, |_| {});
        assert!(machine.run_killed(&[("web", &web("bad"))], step), "{phase:?} was never reached");
        let journal = Journal::load(&State::dir(&machine.root)).unwrap();
        if journal.is_some_and(|journal| journal.phase == phase) {
            return machine;
        }
    }
    unreachable!()
}

#[test]
fn a_file_that_was_never_replaced_is_not_touched_when_a_change_is_undone() {
    let machine = killed_in(Phase::Committing);
    // On a file system without hard links the old file is kept as a copy.
    let path = machine.at("/etc/web/b.conf");
    let kept = machine.at("/etc/web/.cmc-2-1.old");
    assert_eq!(std::fs::metadata(&kept).unwrap().ino(), std::fs::metadata(&path).unwrap().ino());
    std::fs::remove_file(&kept).unwrap();
    assert!(Command::new("cp").args(["-p"]).arg(&path).arg(&kept).status().unwrap().success());
    let inode = std::fs::metadata(&path).unwrap().ino();
    let ran = machine.run(&[("web", &web("good"))]);
    assert_eq!(
        (ran.exit, std::fs::metadata(&path).unwrap().ino()),
        (Exit::RolledBack, inode),
        "{:?}",
        ran.events
    );
    assert!(temporaries(&machine).is_empty());
}

#[test]
fn no_transaction_begins_while_the_journal_of_another_is_there() {
    let machine = killed_in(Phase::Undoing);
    let dir = State::dir(&machine.root);
    let before = std::fs::read(dir.join("journal.json")).unwrap();
    let host = machine.host(&|_| {});
    let mut state = machine.state();
    let mut events = Events::default();
    let made = web("better");
    let tar = made.tar("web");
    let digest = crate::machine::digest(&tar);
    host.cache.begin(&digest, &name("web"), &tar).unwrap().finish().unwrap();
    let wishes = wish::all(&machine.manifest(&[("web", &made)]), &mut state, 0, &mut events);
    let error = converge::run(&host, &mut state, &wishes, &mut events).unwrap_err();
    assert!(error.to_string().contains("unfinished transaction"), "{error}");
    assert_eq!(std::fs::read(dir.join("journal.json")).unwrap(), before);
    let verdict = transaction::recover(&host, &mut state, &mut events).unwrap();
    assert_eq!(verdict, Some(transaction::Verdict::Undone));
    assert_eq!(machine.read("/etc/web/a.conf"), "good");
}

#[test]
fn an_immutable_file_is_refused_before_anything_changes() {
    let machine = Machine::new();
    machine.run(&[("web", &web("good"))]);
    let before = machine.tree();
    for path in [machine.at("/etc/web/b.conf"), machine.at("/etc/web")] {
        let mark = |how: &str| Command::new("chattr").arg(how).arg(&path).output();
        let marked = mark("+i");
        if !marked.as_ref().is_ok_and(|output| output.status.success()) {
            return skip("immutable-files", &format!("{marked:?}"));
        }
        let ran = machine.run(&[("web", &web("bad"))]);
        mark("-i").unwrap();
        assert_eq!((ran.exit, machine.tree()), (Exit::Failed, before.clone()), "{:?}", ran.events);
        assert!(ran.said("[immutable]"), "{:?}", ran.events);
    }
    assert_eq!(machine.run(&[("web", &web("bad"))]).exit, Exit::Done);
}

#[test]
#[cfg(target_os = "linux")]
fn extended_attributes_stay_with_a_file_that_is_updated_or_rolled_back() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let machine = Machine::new();
    machine.run(&[("web", &web("good"))]);
    let path = machine.at("/etc/web/b.conf");
    if let Err(error) = setxattr(&path, "user.note", b"mine", XattrFlags::empty()) {
        return skip("extended-attributes", &error.to_string());
    }
    let note = || {
        let mut value = [0; 16];
        let len = getxattr(&path, "user.note", &mut value).unwrap();
        value[..len].to_vec()
    };
    restart_that(&machine, |_| {});
    assert_eq!(machine.run(&[("web", &web("bad"))]).exit, Exit::RolledBack);
    assert_eq!((machine.read("/etc/web/b.conf").as_str(), note()), ("good", b"mine".to_vec()));
    assert_eq!(machine.run(&[("web", &web("better"))]).exit, Exit::Done);
    assert_eq!((machine.read("/etc/web/b.conf").as_str(), note()), ("better", b"mine".to_vec()));
}
