//! A fleet of one host with a published store in a directory, and stores that answer otherwise.

use crate::machine::{FakeRunner, clock_at, name, scratch};
use cmc_bundles::Channel;
use cmc_bundles::init::{NewFleet, init_fleet};
use cmc_bundles::keys::MemberKey;
use cmc_bundles::publish::{LIFETIME, Publisher, Request, Roots};
use cmc_bundles::root::Counters;
use cmc_bundles::seal::{Contents, Preparer};
use cmc_bundles::sshsig::{FileSigner, Signer};
use cmc_bundles::store::{DirStore, Fetch, Reader, StoreError};
use cmc_fetch::clock::Clock;
use cmc_fetch::config::Config;
use cmc_fetch::run::{self, Outcome};
use cmc_fetch::setup::Setup;
use cmc_fetch::state::State;
use cmc_types::check::{Action, FileEntry, FileKind, HealthCheck, Probe, Trigger};
use cmc_types::plan::{Checks, Content, Format, HostPlan, PlannedFile, Provenance, ServicePlan};
use cmc_types::receipt::{Receipt, Verdict};
use cmc_types::{Arch, Blake3, HostName, InitSystem, Mode, Os, UnixPath};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub const START: u64 = 4_000_000_000;
pub const DAY: u64 = 86_400;

/// A fleet of one host, its store and its root.
pub struct World {
    pub dir: tempfile::TempDir,
    pub store: DirStore,
    pub fleet: NewFleet,
    key: MemberKey,
    pub now: AtomicU64,
    pub runner: FakeRunner,
}

/// Large files: `zeros-N` is N bytes of a pattern.
struct Patterns;

pub fn pattern(len: u64) -> Vec<u8> {
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

pub fn hash(bytes: &[u8]) -> Blake3 {
    Blake3(*blake3::hash(bytes).as_bytes())
}

fn entry(path: &str, size: u64, b3: Blake3) -> FileEntry {
    FileEntry {
        mode: Some(Mode::from_bits(0o644)),
        user: Some("root".into()),
        group: Some("root".into()),
        size: Some(size),
        b3: Some(b3),
        ..FileEntry::new(UnixPath::parse(path).unwrap(), FileKind::File)
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

    pub fn at(now: u64) -> Self {
        let dir = scratch();
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

    pub fn plan(&self, host: &str, services: Vec<ServicePlan>) -> HostPlan {
        HostPlan {
            host: HostName::parse(host).unwrap(),
            id: None,
            recipient: Some(self.key.recipient().unwrap().to_string()),
            os: Os::parse("debian-12").unwrap(),
            arch: Arch::X86_64,
            init: InitSystem::Systemd,
            retired: false,
            services,
            absent: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
        }
    }

    pub fn publish(&self, services: Vec<ServicePlan>) {
        self.publish_hosts(&[self.plan("web1", services)]);
    }

    fn publisher<'a>(
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
            clock_is_right: false,
            seen: Counters::default(),
        }
    }

    pub fn publish_hosts(&self, plans: &[HostPlan]) {
        self.publish_to(&Channel::main(), plans);
    }

    pub fn publish_to(&self, channel: &Channel, plans: &[HostPlan]) {
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
                program: None,
                made: 0,
            })
            .collect();
        let mut preparer = Preparer::new(&Patterns, &receipts);
        for plan in plans {
            preparer.add(plan).unwrap();
        }
        let prepared = preparer.finish();
        let (roots, signer) = self.keys();
        let signers: [&dyn Signer; 1] = [&signer];
        let clock = || self.now.load(Ordering::Relaxed);
        let publisher = self.publisher(&roots, channel, &signers, &clock);
        publisher.publish(&prepared, &Patterns, &Request::default()).unwrap();
    }

    pub fn refresh(&self) {
        let (roots, signer) = self.keys();
        let signers: [&dyn Signer; 1] = [&signer];
        let clock = || self.now.load(Ordering::Relaxed);
        self.publisher(&roots, &Channel::main(), &signers, &clock).refresh(LIFETIME).unwrap();
    }

    fn keys(&self) -> (Roots, FileSigner) {
        let roots = Roots::parse([self.fleet.root.as_slice()]).unwrap();
        let signer = FileSigner::parse(self.fleet.operator_key.as_bytes(), "operator").unwrap();
        (roots, signer)
    }

    pub fn config_text(&self) -> String {
        self.config_text_of("web1")
    }

    fn config_text_of(&self, host: &str) -> String {
        let host = HostName::parse(host).unwrap();
        format!(
            "store = \"dir:store\"\nhost = \"{host}\"\nid = \"{}\"\nidentity = \"identity\"\nfleet-id = \"{}\"\n\
             root = {{ version = 1, hash = \"{}\" }}\nactions = \"run\"\nownership = \"record\"\nmetrics = \"cmc.prom\"\n",
            self.fleet.opened.host_id(&host),
            self.fleet.fleet_id,
            self.fleet.trusted.at().hash,
        )
    }

    pub fn config(&self) -> Config {
        self.config_of("web1")
    }

    pub fn config_of(&self, host: &str) -> Config {
        Config::parse(&self.config_text_of(host), self.dir.path()).unwrap()
    }

    /// Makes the host as new as on its first day.
    pub fn forget(&self) {
        std::fs::remove_dir_all(self.root()).unwrap();
        std::fs::create_dir(self.root()).unwrap();
    }

    /// Everything that is installed.
    pub fn tree(&self) -> BTreeMap<String, String> {
        crate::machine::tree(&self.root())
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

    pub fn run_from(&self, store: &dyn Reader) -> Outcome {
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

type Change<'a> = Box<dyn Fn(&str, u64, Vec<u8>) -> Option<Vec<u8>> + Send + Sync + 'a>;

/// Remembers what is read, as key, offset and length, and answers some of it otherwise.
pub struct Lying<'a> {
    inner: &'a DirStore,
    reads: Mutex<Vec<(String, u64, u64)>>,
    change: Change<'a>,
}

impl<'a> Lying<'a> {
    /// `change` gets key, offset and the true bytes; `None` is an object that is missing.
    pub fn new(
        inner: &'a DirStore,
        change: impl Fn(&str, u64, Vec<u8>) -> Option<Vec<u8>> + Send + Sync + 'a,
    ) -> Self {
        Self { inner, reads: Mutex::default(), change: Box::new(change) }
    }

    /// One that tells the truth.
    pub fn honest(inner: &'a DirStore) -> Self {
        Self::new(inner, |_, _, bytes| Some(bytes))
    }

    pub fn reads(&self) -> Vec<(String, u64, u64)> {
        self.reads.lock().unwrap().clone()
    }

    fn answer(&self, key: &str, offset: u64, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.reads.lock().unwrap().push((key.to_owned(), offset, bytes.len() as u64));
        (self.change)(key, offset, bytes)
    }
}

impl Reader for Lying<'_> {
    fn name(&self) -> &str {
        "lying"
    }
    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.inner.get(key, limit)?;
        if bytes.is_none() {
            self.reads.lock().unwrap().push((key.to_owned(), 0, 0));
        }
        Ok(bytes.and_then(|bytes| self.answer(key, 0, bytes)))
    }
    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.inner.get_range(key, offset, len)?.and_then(|bytes| self.answer(key, offset, bytes)))
    }
    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        Ok(match self.inner.get_if_changed(key, etag, limit)? {
            Fetch::Found { bytes, etag } => match self.answer(key, 0, bytes) {
                Some(bytes) => Fetch::Found { bytes, etag },
                None => Fetch::Missing,
            },
            other => {
                self.reads.lock().unwrap().push((key.to_owned(), 0, 0));
                other
            }
        })
    }
}
