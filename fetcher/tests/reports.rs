//! Reports to the operators: what a run says of itself, when, and that sending never fails a run.

use crate::machine::name;
use crate::world::{World, file, service};
use cmc_bundles::keys::Identities;
use cmc_bundles::report::{self, Expected, Report};
use cmc_bundles::sshsig::{self, PublicKey};
use cmc_bundles::store::{DirStore, Fetch, Reader, StoreError, StoreErrorKind};
use cmc_fetch::Exit;
use cmc_fetch::config::Config;
use cmc_fetch::run::{self, Outcome};
use cmc_types::HostName;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

/// A host with a reporter key, and the public half that its definition would have.
fn reporting() -> (World, Config, PublicKey) {
    let world = World::new();
    let (key, public) = sshsig::generate("reporter").unwrap();
    let path = world.dir.path().join("reporter");
    std::fs::write(&path, key.as_bytes()).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let text = format!("{}reporter = \"reporter\"\n", world.config_text());
    let config = Config::parse(&text, world.dir.path()).unwrap();
    (world, config, public)
}

fn run_from(world: &World, config: &Config, store: &dyn Reader) -> Outcome {
    world.with(Some(store), config, |setup| run::run(setup).unwrap())
}

/// What the operator reads.
fn read(world: &World, config: &Config, reporter: &PublicKey) -> Option<Report> {
    let operator = Identities::parse(world.fleet.operator_key.as_bytes(), "operator").unwrap();
    let host = HostName::parse("web1").unwrap();
    let expected = Expected { fleet_id: world.fleet.fleet_id, host: &host, id: &config.id, reporter };
    report::read(&world.store, &operator, expected).unwrap()
}

/// A store whose answers to reports are set by the test; it counts them.
struct Inbox<'a> {
    store: &'a DirStore,
    answer: Mutex<Option<StoreErrorKind>>,
    reads: Mutex<usize>,
    writes: Mutex<usize>,
}

impl<'a> Inbox<'a> {
    fn new(store: &'a DirStore) -> Self {
        Self { store, answer: Mutex::default(), reads: Mutex::default(), writes: Mutex::default() }
    }

    fn counts(&self) -> (usize, usize) {
        let mut counts = (0, 0);
        std::mem::swap(&mut counts.0, &mut self.reads.lock().unwrap());
        std::mem::swap(&mut counts.1, &mut self.writes.lock().unwrap());
        counts
    }
}

impl Reader for Inbox<'_> {
    fn name(&self) -> &str {
        "inbox"
    }
    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        *self.reads.lock().unwrap() += 1;
        self.store.get(key, limit)
    }
    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        *self.reads.lock().unwrap() += 1;
        self.store.get_range(key, offset, len)
    }
    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        *self.reads.lock().unwrap() += 1;
        self.store.get_if_changed(key, etag, limit)
    }
    fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        *self.writes.lock().unwrap() += 1;
        match *self.answer.lock().unwrap() {
            Some(kind) => Err(StoreError::new(kind, "inbox", "no")),
            None => self.store.replace(key, bytes),
        }
    }
}

#[test]
fn a_run_that_changed_something_reports_it_and_a_quiet_one_is_still_one_request() {
    let (world, config, reporter) = reporting();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let inbox = Inbox::new(&world.store);
    assert_eq!(run_from(&world, &config, &inbox).exit, Exit::Done);
    assert_eq!(inbox.counts().1, 1);
    let report = read(&world, &config, &reporter).unwrap();
    assert_eq!((report.exit, report.converged, report.release.unwrap().0), (0, true, 1));
    assert_eq!(report.services[&name("base")].condition, "good");
    assert!(report.changes.iter().any(|line| line.starts_with("base: installed")), "{:?}", report.changes);
    assert!(report.troubles.is_empty() && report.capsule.is_none());
    assert_eq!(run_from(&world, &config, &inbox).exit, Exit::Done);
    assert_eq!(inbox.counts(), (1, 0));
}

#[test]
fn a_change_that_failed_reports_why_with_what_was_seen_before_it_was_undone() {
    let (world, config, reporter) = reporting();
    let mut app = service("app", vec![file("/etc/app", "1\n")]);
    app.capture = vec![vec!["journalctl".into(), "-u".into(), "app".into()]];
    world.publish(vec![app.clone()]);
    run_from(&world, &config, &world.store);
    app.files = vec![file("/etc/app", "2\n")];
    world.publish(vec![app]);
    *world.runner.healthy.borrow_mut() = Box::new(|_| false);
    assert_eq!(run_from(&world, &config, &world.store).exit, Exit::RolledBack);
    let report = read(&world, &config, &reporter).unwrap();
    assert_eq!((report.exit, report.converged), (7, false));
    assert!(report.troubles.iter().any(|line| line.contains("app: rolled back")), "{:?}", report.troubles);
    let capsule = report.capsule.unwrap();
    assert!(capsule.reason.contains("did not succeed"), "{}", capsule.reason);
    assert_eq!(capsule.outputs[0].argv.join(" "), "journalctl -u app");
    *world.runner.healthy.borrow_mut() = Box::new(|_| true);
    world.wait(600);
    run_from(&world, &config, &world.store);
    let report = read(&world, &config, &reporter).unwrap();
    assert_eq!((report.exit, report.converged, report.capsule), (0, true, None), "it is good again");
}

#[test]
fn what_was_rolled_back_is_reported_for_as_long_as_the_release_wants_it() {
    let (world, config, reporter) = reporting();
    let mut app = service("app", vec![file("/etc/app", "1\n")]);
    world.publish(vec![app.clone()]);
    run_from(&world, &config, &world.store);
    app.files = vec![file("/etc/app", "bad\n")];
    world.publish(vec![app]);
    let installed = world.root().join("etc/app");
    *world.runner.healthy.borrow_mut() = Box::new(move |_| std::fs::read(&installed).unwrap() != b"bad\n");
    assert_eq!(run_from(&world, &config, &world.store).exit, Exit::RolledBack);
    world.wait(600);
    assert_eq!(run_from(&world, &config, &world.store).exit, Exit::Done);
    let report = read(&world, &config, &reporter).unwrap();
    let app = &report.services[&cmc_types::ServiceName::parse("app").unwrap()];
    assert!(app.wanted.is_some() && app.quarantined == app.wanted.into_iter().collect::<Vec<_>>(), "{app:?}");
    assert_eq!((report.exit, report.converged), (0, false));
    assert!(report.capsule.is_some(), "what was seen of it is kept until it is resolved");
}

#[test]
fn a_report_that_finds_no_store_is_sent_by_the_next_run_and_fails_none() {
    let (world, config, reporter) = reporting();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let inbox = Inbox::new(&world.store);
    *inbox.answer.lock().unwrap() = Some(StoreErrorKind::Unreachable);
    for _ in 0..2 {
        let outcome = run_from(&world, &config, &inbox);
        assert_eq!((outcome.exit, outcome.errors.len()), (Exit::Done, 0), "{outcome:?}");
        assert_eq!(inbox.counts().1, 1);
    }
    assert_eq!(read(&world, &config, &reporter), None);
    *inbox.answer.lock().unwrap() = None;
    assert!(!run_from(&world, &config, &inbox).news);
    assert!(read(&world, &config, &reporter).unwrap().converged);
    inbox.counts();
    run_from(&world, &config, &inbox);
    assert_eq!(inbox.counts(), (1, 0));
}

#[test]
fn a_store_that_takes_no_reports_is_asked_once_for_each_piece_of_news() {
    let (world, config, _) = reporting();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let inbox = Inbox::new(&world.store);
    for kind in [StoreErrorKind::Refused, StoreErrorKind::Denied] {
        *inbox.answer.lock().unwrap() = Some(kind);
        std::fs::write(world.root().join("etc/motd"), "edited").ok();
        let outcome = run_from(&world, &config, &inbox);
        assert_eq!((outcome.exit, inbox.counts().1), (Exit::Done, 1), "{outcome:?}");
        assert_eq!(run_from(&world, &config, &inbox).exit, Exit::Done);
        assert_eq!(inbox.counts().1, 0);
    }
}

#[test]
fn a_reporter_key_that_is_missing_readable_by_others_or_no_key_fails_no_run() {
    let (world, config, reporter) = reporting();
    let path = world.dir.path().join("reporter");
    let key = std::fs::read(&path).unwrap();
    for (n, spoil) in [0o600, 0o644, 0].into_iter().enumerate() {
        match spoil {
            0 => std::fs::remove_file(&path).unwrap(),
            0o600 => std::fs::write(&path, "not a key").unwrap(),
            mode => {
                std::fs::write(&path, &key).unwrap();
                std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            }
        }
        world.publish(vec![service("base", vec![file("/etc/motd", &format!("{n}\n"))])]);
        let outcome = run_from(&world, &config, &world.store);
        assert_eq!((outcome.exit, outcome.errors.len()), (Exit::Done, 0), "{outcome:?}");
        assert_eq!(read(&world, &config, &reporter), None);
    }
}

#[test]
fn without_a_reporter_nothing_is_sent() {
    let world = World::new();
    world.publish_file("1\n");
    let inbox = Inbox::new(&world.store);
    assert_eq!(run_from(&world, &world.config(), &inbox).exit, Exit::Done);
    assert_eq!(inbox.counts().1, 0);
    assert!(cmc_bundles::store::Store::list(&world.store, "reports/").unwrap().is_empty());
}
