//! Whole runs against a published store in a directory: what a host does with it, and with one that was tampered with.

use crate::bench::{FakeRunner, clock_at, name};
use cmc_bundles::Channel;
use cmc_bundles::init::{NewFleet, init_fleet};
use cmc_bundles::keys::MemberKey;
use cmc_bundles::publish::{LIFETIME, Publisher, Request, Roots};
use cmc_bundles::root::Counters;
use cmc_bundles::seal::{Contents, Preparer};
use cmc_bundles::sshsig::{FileSigner, Signer};
use cmc_bundles::store::{DirStore, Fetch, Reader, StoreError};
use cmc_fetch::Exit;
use cmc_fetch::clock::Clock;
use cmc_fetch::config::{Config, Drift};
use cmc_fetch::run::{self, Outcome, Setup};
use cmc_fetch::{decide, state::State};
use cmc_types::check::{Action, FileEntry, FileKind, HealthCheck, Probe, Trigger};
use cmc_types::plan::{Checks, Content, Format, HostPlan, PlannedFile, Provenance, ServicePlan};
use cmc_types::receipt::{Receipt, Verdict};
use cmc_types::{Arch, Blake3, HostName, InitSystem, Mode, Os, UnixPath};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

const START: u64 = 4_000_000_000;
pub const DAY: u64 = 86_400;

/// A fleet of one host, its store and its root.
pub struct World {
    pub dir: tempfile::TempDir,
    pub store: DirStore,
    fleet: NewFleet,
    key: MemberKey,
    now: AtomicU64,
    pub runner: FakeRunner,
}

/// Large files: `zeros-N` is N bytes of a pattern.
struct Patterns;

fn pattern(len: u64) -> Vec<u8> {
    (0..len).map(|i| (i / 7 % 251) as u8).collect()
}

impl Contents for Patterns {
    fn read(&self, path: &str, offset: u64, len: u64) -> std::io::Result<Vec<u8>> {
        let total: u64 = path.rsplit('-').next().unwrap().parse().unwrap();
        let all = pattern(total);
        let end = (offset + len).min(total);
        Ok(all[offset as usize..end as usize].to_vec())
    }
}

fn hash(bytes: &[u8]) -> Blake3 {
    Blake3(*blake3::hash(bytes).as_bytes())
}

fn entry(path: &str, size: u64, b3: Blake3) -> FileEntry {
    FileEntry {
        path: UnixPath::parse(path).unwrap(),
        kind: FileKind::File,
        mode: Some(Mode::from_bits(0o644)),
        user: Some("root".into()),
        group: Some("root".into()),
        size: Some(size),
        b3: Some(b3),
        chunks: Vec::new(),
        target: None,
        block: None,
    }
}

fn planned(entry: FileEntry, content: Content) -> PlannedFile {
    PlannedFile {
        entry,
        tainted: false,
        content,
        format: Format::Opaque,
        checks: Checks::Auto { required: false },
        provenance: Provenance::default(),
    }
}

pub fn file(path: &str, content: &str) -> PlannedFile {
    let bytes = content.as_bytes();
    planned(entry(path, bytes.len() as u64, hash(bytes)), Content::Bytes(bytes.into()))
}

pub fn large(path: &str, size: u64) -> PlannedFile {
    let b3 = hash(&pattern(size));
    planned(entry(path, size, b3), Content::Source { path: format!("zeros-{size}"), size, b3 })
}

pub fn service(title: &str, files: Vec<PlannedFile>) -> ServicePlan {
    let argv = vec!["restart".to_owned(), title.to_owned()];
    let probe = Probe::Tcp(title.to_owned());
    ServicePlan {
        service: name(title),
        after: Vec::new(),
        needs: Vec::new(),
        files,
        actions: vec![Action {
            on: Trigger::Changed,
            paths: Vec::new(),
            argv,
            unless: Vec::new(),
            timeout: 60,
            once: false,
        }],
        checks: vec![HealthCheck { probe, within: 2, failures: 3, restart: None }],
        capture: Vec::new(),
    }
}

impl World {
    pub fn new() -> Self {
        Self::at(START)
    }

    /// A fleet that is published now, for runs with the system's clock.
    pub fn today() -> Self {
        Self::at(cmc_fetch::clock::SystemClock::default().now())
    }

    /// Publishes `/etc/motd` with this content.
    pub fn publish_file(&self, content: &str) {
        self.publish(vec![service("base", vec![file("/etc/motd", content)])]);
    }

    /// Publishes a file of so many bytes beside it.
    pub fn publish_large(&self, size: u64) {
        let files = vec![file("/etc/motd", "new\n"), large("/opt/large", size)];
        self.publish(vec![service("base", files)]);
    }

    fn at(now: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let world = Self {
            store: DirStore::new(dir.path().join("store")),
            fleet: init_fleet("test", now).unwrap(),
            key: MemberKey::generate(),
            now: now.into(),
            runner: FakeRunner::default(),
            dir,
        };
        let identity = world.dir.path().join("identity");
        std::fs::write(&identity, world.key.expose()).unwrap();
        std::fs::set_permissions(&identity, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        world
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn plan(&self, host: &str, services: Vec<ServicePlan>) -> HostPlan {
        HostPlan {
            host: HostName::parse(host).unwrap(),
            id: None,
            recipient: Some(self.key.recipient().unwrap().to_string()),
            reporter: None,
            os: Os::parse("debian-12").unwrap(),
            arch: Arch::X86_64,
            init: InitSystem::Systemd,
            retired: false,
            services,
            users: Vec::new(),
            groups: Vec::new(),
        }
    }

    pub fn publish(&self, services: Vec<ServicePlan>) {
        self.publish_hosts(&[self.plan("web1", services)]);
    }

    pub fn publisher<'a>(
        &'a self,
        roots: &'a Roots,
        channel: &'a Channel,
        signers: &'a [&'a dyn Signer],
        clock: &'a dyn Fn() -> u64,
    ) -> Publisher<'a> {
        Publisher {
            store: &self.store,
            roots,
            vault: Some(&self.fleet.opened),
            vault_bytes: &self.fleet.vault,
            channel,
            signers,
            clock,
            seen: Counters::default(),
        }
    }

    pub fn publish_hosts(&self, plans: &[HostPlan]) {
        let receipts: Vec<Receipt> = plans
            .iter()
            .flat_map(|plan| plan.files())
            .map(|(_, file)| Receipt {
                validator: "text".into(),
                version: "1".into(),
                argv: Vec::new(),
                subjects: BTreeMap::from([(file.entry.path.clone(), file.entry.b3.unwrap())]),
                inputs: file.entry.b3.unwrap(),
                verdict: Verdict::Passed,
                warnings: Vec::new(),
                isolation: Vec::new(),
                required: true,
                dummies: false,
            })
            .collect();
        let mut preparer = Preparer::new(&Patterns, &receipts);
        for plan in plans {
            preparer.add(plan).unwrap();
        }
        let prepared = preparer.finish();
        let (roots, channel, signer) = self.keys();
        let signers: [&dyn Signer; 1] = [&signer];
        let clock = || self.now.load(Ordering::Relaxed);
        let publisher = self.publisher(&roots, &channel, &signers, &clock);
        publisher.publish(&prepared, &Patterns, &Request::default()).unwrap();
    }

    pub fn refresh(&self) {
        let (roots, channel, signer) = self.keys();
        let signers: [&dyn Signer; 1] = [&signer];
        let clock = || self.now.load(Ordering::Relaxed);
        self.publisher(&roots, &channel, &signers, &clock).refresh(LIFETIME).unwrap();
    }

    fn keys(&self) -> (Roots, Channel, FileSigner) {
        let roots = Roots::parse([self.fleet.root.as_slice()]).unwrap();
        let signer = FileSigner::parse(self.fleet.operator_key.as_bytes(), "operator").unwrap();
        (roots, Channel::main(), signer)
    }

    pub fn config_text(&self) -> String {
        let host = HostName::parse("web1").unwrap();
        format!(
            "store = \"dir:store\"\nhost = \"web1\"\nid = \"{}\"\nidentity = \"identity\"\nfleet-id = \"{}\"\n\
             root = {{ version = 1, hash = \"{}\" }}\nactions = \"run\"\nownership = \"record\"\nmetrics = \"cmc.prom\"\n",
            self.fleet.opened.host_id(&host),
            self.fleet.fleet_id,
            self.fleet.trusted.at().hash,
        )
    }

    pub fn config(&self) -> Config {
        Config::parse(&self.config_text(), self.dir.path()).unwrap()
    }

    pub fn with<T>(
        &self,
        store: Option<&dyn Reader>,
        config: &Config,
        body: impl FnOnce(&Setup<'_>) -> T,
    ) -> T {
        let clock = clock_at(self.now.load(Ordering::Relaxed));
        let clock: &dyn Clock = &clock;
        let root = self.root();
        let mut setup = Setup::new(config, &root, store, clock);
        setup.runner = Some(&self.runner);
        body(&setup)
    }

    fn run_from(&self, store: &dyn Reader) -> Outcome {
        self.with(Some(store), &self.config(), |setup| run::run(setup).unwrap())
    }

    pub fn run(&self) -> Outcome {
        self.run_from(&self.store)
    }

    pub fn wait(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn installed(&self) -> Vec<String> {
        let state: State = serde_json::from_slice(
            &std::fs::read(State::dir(&self.root()).join("state.json")).unwrap_or_else(|_| b"{}".to_vec()),
        )
        .unwrap_or_default();
        state.services.iter().filter(|(_, s)| s.installed.is_some()).map(|(n, _)| n.to_string()).collect()
    }
}

type Change<'a> = Box<dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send + Sync + 'a>;

/// Counts requests, and answers some keys otherwise.
struct Lying<'a> {
    inner: &'a DirStore,
    requests: AtomicUsize,
    change: Change<'a>,
}

impl<'a> Lying<'a> {
    fn new(
        inner: &'a DirStore,
        change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send + Sync + 'a,
    ) -> Self {
        Self { inner, requests: AtomicUsize::new(0), change: Box::new(change) }
    }
}

impl Reader for Lying<'_> {
    fn name(&self) -> &str {
        "lying"
    }
    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(self.inner.get(key, limit)?.and_then(|bytes| (self.change)(key, bytes)))
    }
    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(self.inner.get_range(key, offset, len)?.and_then(|bytes| (self.change)(key, bytes)))
    }
    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(match self.inner.get_if_changed(key, etag, limit)? {
            Fetch::Found { bytes, etag } => match (self.change)(key, bytes) {
                Some(bytes) => Fetch::Found { bytes, etag },
                None => Fetch::Missing,
            },
            other => other,
        })
    }
}

#[test]
fn a_fresh_host_installs_a_release_and_a_quiet_run_is_one_request() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "hi\n"), large("/opt/tool", 9 << 20)])]);
    let outcome = world.run();
    assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
    assert!(outcome.converged && outcome.news);
    assert_eq!(world.read("etc/motd"), "hi\n");
    assert_eq!(hash(&std::fs::read(world.root().join("opt/tool")).unwrap()), hash(&pattern(9 << 20)));
    let lying = Lying::new(&world.store, |_, bytes| Some(bytes));
    let outcome = world.run_from(&lying);
    assert_eq!((outcome.exit, outcome.news, outcome.events.0.len()), (Exit::Done, false, 0), "{outcome:?}");
    assert_eq!(lying.requests.load(Ordering::Relaxed), 1);
    let metrics = std::fs::read_to_string(world.dir.path().join("cmc.prom")).unwrap();
    assert!(metrics.contains("cmc_service_ok{service=\"base\"} 1"), "{metrics}");
}

#[test]
fn an_update_a_failure_and_a_retired_host() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    *world.runner.healthy.borrow_mut() = Box::new(|_| false);
    world.publish(vec![service("base", vec![file("/etc/motd", "2\n")])]);
    // The old bundle fails in the same way, so nothing is quarantined.
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::RolledBack, false), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    *world.runner.healthy.borrow_mut() = Box::new(|_| true);
    world.wait(600);
    let outcome = world.run();
    assert_eq!((outcome.exit, outcome.converged), (Exit::Done, true), "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
    world.publish(vec![]);
    assert_eq!(world.run().exit, Exit::Done);
    assert!(world.installed().is_empty());
    assert!(!world.root().join("etc/motd").exists());
}

#[test]
fn a_host_that_the_release_does_not_list_changes_nothing() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    world.publish_hosts(&[world.plan("web2", vec![])]);
    let outcome = world.run();
    assert_eq!(outcome.exit, Exit::Failed, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    assert_eq!(world.installed(), ["base"]);
}

#[test]
fn a_damaged_object_is_refused_and_a_missing_one_too_and_nothing_changes() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n"), large("/opt/tool", 2 << 20)])]);
    let keys = cmc_bundles::store::Store::list(&world.store, "").unwrap();
    let mut read = 0;
    for key in keys.iter().filter(|key| !key.key.starts_with("trust/vault")) {
        let flipped = Lying::new(&world.store, |asked, mut bytes| {
            if asked == key.key {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            Some(bytes)
        });
        let outcome = world.run_from(&flipped);
        if outcome.exit == Exit::Done {
            // Hosts read neither: the pointer carries the release, and their pin the first root's hash.
            assert!(
                key.key.starts_with("releases/") || key.key.starts_with("trust/"),
                "{}: {outcome:?}",
                key.key
            );
            std::fs::remove_dir_all(world.root()).unwrap();
            std::fs::create_dir(world.root()).unwrap();
            continue;
        }
        assert_eq!(outcome.exit, Exit::Trust, "{}: {outcome:?}", key.key);
        let missing = Lying::new(&world.store, |asked, bytes| (asked != key.key).then_some(bytes));
        assert_eq!(world.run_from(&missing).exit, Exit::Store, "{}", key.key);
        assert!(world.installed().is_empty() && !world.root().join("etc").exists(), "{}", key.key);
        read += 1;
    }
    assert!(read >= 3, "{read}");
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn an_older_release_is_refused_and_drift_is_repaired_all_the_same() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let pointer = world.store.get("channels/main.json", 1 << 20).unwrap().unwrap();
    world.publish(vec![service("base", vec![file("/etc/motd", "2\n")])]);
    world.run();
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    let store = DirStore::new(world.dir.path().join("store"));
    let old = Lying::new(&store, |key, bytes| {
        Some(if key.starts_with("channels/") { pointer.clone() } else { bytes })
    });
    // The store's token has to differ as well for the old pointer to be sent.
    let path = State::dir(&world.root()).join("trust.json");
    let mut trust: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    trust["etag"] = serde_json::Value::Null;
    std::fs::write(&path, serde_json::to_vec(&trust).unwrap()).unwrap();
    let outcome = world.run_from(&old);
    assert_eq!(outcome.exit, Exit::Trust, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "2\n");
}

#[test]
fn an_expired_timestamp_keeps_everything_running_and_exits_5_until_it_is_renewed() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    world.wait(40 * DAY);
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    let outcome = world.run();
    assert_eq!(outcome.exit, Exit::Trust, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    assert!(!world.run().news, "the second run says nothing new");
    world.refresh();
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn an_unreachable_store_changes_nothing_but_the_exit_code() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    let gone = DirStore::new(world.dir.path().join("nowhere"));
    let outcome = world.run_from(&gone);
    assert_eq!((outcome.exit, outcome.news), (Exit::Store, true), "{outcome:?}");
    assert!(!world.run_from(&gone).news);
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn a_store_that_goes_away_between_pointer_and_bundles_is_the_stores_failure() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let without = Lying::new(&world.store, |key, bytes| (!key.starts_with("packs/")).then_some(bytes));
    assert_eq!(world.run_from(&without).exit, Exit::Store);
    let gone = DirStore::new(world.dir.path().join("nowhere"));
    assert_eq!(world.run_from(&gone).exit, Exit::Store);
    assert!(!world.root().join("etc").exists());
    assert_eq!(world.run().exit, Exit::Done);
}

#[test]
fn plan_changes_nothing_and_says_what_run_then_does() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let plan = world.with(Some(&world.store), &world.config(), |setup| run::plan(setup).unwrap());
    assert_eq!(plan.groups.len(), 1);
    assert_eq!(plan.groups[0].files[0].path, "/etc/motd");
    assert_eq!(plan.groups[0].commands, [["restart", "base"]]);
    assert!(!world.root().join("etc").exists());
    assert_eq!(world.run().exit, Exit::Done);
    let plan = world.with(Some(&world.store), &world.config(), |setup| run::plan(setup).unwrap());
    assert!(plan.groups.is_empty());
}

#[test]
fn freeze_rollback_redo_and_verify_work_without_the_store() {
    let world = World::new();
    let config = world.config();
    let base = name("base");
    for text in ["1\n", "2\n"] {
        world.publish(vec![service("base", vec![file("/etc/motd", text)])]);
        assert_eq!(world.run().exit, Exit::Done);
    }
    let offline = |what: &dyn Fn(&Setup<'_>)| {
        world.with(None, &config, |setup| {
            what(setup);
            run::run(setup).unwrap()
        })
    };
    let outcome = offline(&|setup| decide::rollback(setup, &base, "test").unwrap());
    assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
    assert_eq!(world.read("etc/motd"), "1\n");
    world.run();
    assert_eq!(world.read("etc/motd"), "1\n");
    offline(&|setup| decide::redo(setup, &base).unwrap());
    world.run();
    assert_eq!(world.read("etc/motd"), "2\n");

    world.with(None, &config, |setup| decide::freeze(setup, &base, "test").unwrap());
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    world.publish(vec![service("base", vec![file("/etc/motd", "3\n")])]);
    world.run();
    assert_eq!(world.read("etc/motd"), "edited");
    let verified = world.with(None, &config, |setup| run::verify(setup).unwrap());
    assert_eq!(verified.drifted.len(), 1);
    world.with(None, &config, |setup| decide::unfreeze(setup, &base).unwrap());
    world.run();
    assert_eq!(world.read("etc/motd"), "3\n");
    assert!(world.with(None, &config, |setup| run::verify(setup).unwrap()).drifted.is_empty());
}

#[test]
fn drift_that_is_only_reported_is_left_and_said_once() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    world.run();
    std::fs::write(world.root().join("etc/motd"), "edited").unwrap();
    let mut config = world.config();
    config.drift = Drift::Report;
    let run = || world.with(Some(&world.store), &config, |setup| run::run(setup).unwrap());
    let outcome = run();
    assert!(
        outcome.news && outcome.events.0.iter().any(|event| event.text.contains("was edited")),
        "{outcome:?}"
    );
    assert_eq!(world.read("etc/motd"), "edited");
    run();
    assert!(!run().news);
}

#[test]
fn twenty_runs_at_once_install_once() {
    let world = World::new();
    world.publish(vec![service("base", vec![file("/etc/motd", "1\n")])]);
    let (config, root) = (world.config(), world.root());
    let store = DirStore::new(world.dir.path().join("store"));
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let clock = cmc_fetch::clock::SystemClock::default();
                let runner = FakeRunner::default();
                let mut setup = Setup::new(&config, &root, Some(&store), &clock);
                setup.runner = Some(&runner);
                setup.patience = Duration::from_secs(100);
                let outcome = run::run(&setup).unwrap();
                // The wall clock is before the test's, so only what happened counts here.
                done.fetch_add(runner.log.borrow().len(), Ordering::Relaxed);
                assert!(matches!(outcome.exit, Exit::Done | Exit::Trust), "{outcome:?}");
            });
        }
    });
    assert!(done.load(Ordering::Relaxed) <= 1);
}
