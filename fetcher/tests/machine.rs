//! A host in a temporary directory, with a clock and commands of its own. Bundles go straight to its cache, and its
//! manifest is made by hand, so that these tests need no store.

use cmc_bundles::bundle::{self, BundleJson};
use cmc_bundles::client::Position;
use cmc_bundles::keys::MemberKey;
use cmc_bundles::locator::Locator;
use cmc_bundles::manifest::{BundleRef, Manifest};
use cmc_bundles::overrides::HostHold;
use cmc_bundles::{Channel, FleetId, HostId};
use cmc_fetch::Exit;
use cmc_fetch::actions::{Ended, Runner};
use cmc_fetch::clock::Clock;
use cmc_fetch::config::Drift;
use cmc_fetch::converge::{self, Converged};
use cmc_fetch::event::Events;
use cmc_fetch::host::Host;
use cmc_fetch::owner::Ownership;
use cmc_fetch::state::{Condition, KnownManifest, State};
use cmc_fetch::{drift, fetch, supervise, transaction, wish};
use cmc_types::check::{Action, FileEntry, FileKind, HealthCheck, Probe, Trigger};
use cmc_types::{Blake3, HostName, Mode, ServiceName, UnixPath};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub struct FakeClock {
    pub now: Cell<u64>,
    ticks: Cell<Duration>,
}

impl Clock for FakeClock {
    fn now(&self) -> u64 {
        self.now.get() + self.ticks.get().as_secs()
    }
    fn ticks(&self) -> Duration {
        self.ticks.get()
    }
    fn sleep(&self, span: Duration) {
        self.ticks.set(self.ticks.get() + span);
        // A process that another test forks holds our lock until it executes its program.
        std::thread::sleep(Duration::from_millis(1));
    }
}

type Answer = Box<dyn Fn(&str) -> bool>;
type OnStep = Box<dyn Fn(&str)>;

/// Commands and probes: logged, and answered by functions over the line.
pub struct FakeRunner {
    pub log: RefCell<Vec<String>>,
    pub command: RefCell<Answer>,
    pub healthy: RefCell<Answer>,
}

impl Default for FakeRunner {
    fn default() -> Self {
        Self {
            log: RefCell::default(),
            command: RefCell::new(Box::new(|_| true)),
            healthy: RefCell::new(Box::new(|_| true)),
        }
    }
}

/// A clock that stands at a time.
pub fn clock_at(now: u64) -> FakeClock {
    FakeClock { now: Cell::new(now), ticks: Cell::default() }
}

impl Runner for FakeRunner {
    fn run(&self, argv: &[String], _: Duration) -> Ended {
        let line = argv.join(" ");
        let ok = (self.command.borrow())(&line);
        self.log.borrow_mut().push(line);
        Ended { ok, how: format!("exited {}", u8::from(!ok)), output: String::new() }
    }
    fn probe(&self, probe: &Probe, _: Duration) -> Result<(), String> {
        let name = match probe {
            Probe::Http(name) | Probe::Tcp(name) => name.clone(),
            Probe::Exec(argv) => argv.join(" "),
        };
        if (self.healthy.borrow())(&name) { Ok(()) } else { Err("refused".into()) }
    }
}

pub struct Machine {
    _dir: tempfile::TempDir,
    pub root: PathBuf,
    pub clock: FakeClock,
    pub runner: FakeRunner,
    pub holds: RefCell<Vec<HostHold>>,
    /// Whether owners are applied.
    pub ownership: Cell<Ownership>,
    /// After how many durable steps the run is killed.
    pub kill: Cell<Option<usize>>,
    pub steps: Cell<usize>,
    /// Called with the name of each durable step before it is taken.
    pub at_step: RefCell<OnStep>,
    /// Whether the store answers after a change that could cut the host off.
    pub reachable: RefCell<Box<dyn Fn() -> bool>>,
}

/// What a bundle is made of.
#[derive(Clone, Default)]
pub struct Made {
    pub files: Vec<(FileEntry, Vec<u8>)>,
    pub actions: Vec<Action>,
    pub checks: Vec<HealthCheck>,
    pub needs: Vec<ServiceName>,
}

/// One run's result.
pub struct Ran {
    pub exit: Exit,
    pub converged: bool,
    pub events: Vec<String>,
}

impl Ran {
    pub fn said(&self, text: &str) -> bool {
        self.events.iter().any(|event| event.contains(text))
    }
}

pub fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

pub fn path(text: &str) -> UnixPath {
    UnixPath::parse(text).unwrap()
}

pub fn digest(bytes: &[u8]) -> Blake3 {
    Blake3(*blake3::hash(bytes).as_bytes())
}

impl Made {
    pub fn file(mut self, at: &str, content: &str) -> Self {
        let content = content.as_bytes().to_vec();
        let entry = FileEntry {
            mode: Some(Mode::from_bits(0o640)),
            user: Some("root".into()),
            group: Some("root".into()),
            size: Some(content.len() as u64),
            b3: Some(digest(&content)),
            ..Self::bare(at, FileKind::File)
        };
        self.files.push((entry, content));
        self
    }

    fn bare(at: &str, kind: FileKind) -> FileEntry {
        FileEntry::new(path(at), kind)
    }

    /// Who the last file belongs to.
    pub fn owned(mut self, user: &str, group: &str) -> Self {
        let entry = &mut self.files.last_mut().unwrap().0;
        (entry.user, entry.group) = (Some(user.into()), Some(group.into()));
        self
    }

    pub fn link(mut self, at: &str, target: &str) -> Self {
        let entry = FileEntry { target: Some(target.into()), ..Self::bare(at, FileKind::Link) };
        self.files.push((entry, Vec::new()));
        self
    }

    pub fn absent(mut self, at: &str) -> Self {
        self.files.push((Self::bare(at, FileKind::Absent), Vec::new()));
        self
    }

    pub fn block(mut self, at: &str, name: &str, content: &str) -> Self {
        let content = content.as_bytes().to_vec();
        let block = cmc_types::check::Block { name: name.into(), comment: "#".into() };
        let entry = FileEntry {
            size: Some(content.len() as u64),
            b3: Some(digest(&content)),
            block: Some(block),
            ..Self::bare(at, FileKind::Block)
        };
        self.files.push((entry, content));
        self
    }

    /// The mode of what was added last.
    pub fn mode(mut self, mode: u16) -> Self {
        self.files.last_mut().unwrap().0.mode = Some(cmc_types::Mode::from_bits(mode));
        self
    }

    pub fn action(mut self, on: Trigger, paths: &[&str], line: &str) -> Self {
        let paths = paths.iter().map(|text| path(text)).collect();
        let argv = line.split(' ').map(str::to_owned).collect();
        self.actions.push(Action { on, paths, argv, unless: Vec::new(), timeout: 60, once: false });
        self
    }

    pub fn once(mut self) -> Self {
        self.actions.last_mut().unwrap().once = true;
        self
    }

    /// What the compiler asks of systemd for a daemon with this unit file.
    pub fn daemon(self, unit: &str) -> Self {
        let service = unit.rsplit('/').next().unwrap().to_owned();
        self.action(Trigger::Changed, &[unit], "systemctl daemon-reload")
            .action(Trigger::Changed, &[], &format!("systemctl restart {service}"))
            .action(Trigger::Enable, &[], &format!("systemctl enable --now {service}"))
            .action(Trigger::Leaving, &[unit], &format!("systemctl disable --now {service}"))
            .action(Trigger::Removed, &[unit], "systemctl daemon-reload")
    }

    pub fn check(mut self, target: &str, restart: Option<&str>) -> Self {
        let restart = restart.map(|line| line.split(' ').map(str::to_owned).collect());
        let probe = Probe::Tcp(target.into());
        self.checks.push(HealthCheck { probe, within: 5, failures: 3, restart });
        self
    }

    pub fn needs(mut self, service: &str) -> Self {
        self.needs.push(name(service));
        self
    }

    pub fn tar(&self, service: &str) -> Vec<u8> {
        let mut files = self.files.clone();
        files.sort_by_key(|(entry, _)| (entry.path.clone(), entry.block.as_ref().map(|b| b.name.clone())));
        let contents: BTreeMap<Blake3, Arc<[u8]>> = files
            .iter()
            .filter_map(|(entry, content)| Some((entry.b3?, Arc::from(content.as_slice()))))
            .collect();
        let json = BundleJson {
            format: 1,
            service: name(service),
            files: files.into_iter().map(|(entry, _)| entry).collect(),
            actions: self.actions.clone(),
            checks: self.checks.clone(),
            capture: Vec::new(),
        };
        bundle::pack(&json, &contents).unwrap()
    }
}

/// A temporary directory, in memory where there is such a place: these tests sync to disk by the thousand.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

impl Machine {
    pub fn new() -> Self {
        let dir = scratch();
        let root = dir.path().join("root");
        std::fs::create_dir(&root).unwrap();
        Self {
            _dir: dir,
            root,
            clock: clock_at(4_000_000_000),
            runner: FakeRunner::default(),
            holds: RefCell::default(),
            ownership: Cell::new(Ownership::Record),
            kill: Cell::new(None),
            steps: Cell::new(0),
            at_step: RefCell::new(Box::new(|_| {})),
            reachable: RefCell::new(Box::new(|| true)),
        }
    }

    pub fn host<'a>(&'a self, mark: &'a dyn Fn(&str)) -> Host<'a> {
        let ownership = Some(self.ownership.get());
        let mut host = Host::open(&self.root, ownership, true, &self.clock, &self.runner).unwrap();
        host.mark = mark;
        host
    }

    pub fn manifest(&self, services: &[(&str, &Made)]) -> Manifest {
        let at = Locator { pack: None, off: 0, len: 0, b3: digest(b"") };
        let bundles = services
            .iter()
            .map(|(service, made)| BundleRef {
                service: name(service),
                digest: digest(&made.tar(service)),
                at: at.clone(),
                identity: MemberKey::generate(),
                after: made.needs.clone(),
                needs: made.needs.clone(),
            })
            .collect();
        Manifest {
            format: 1,
            fleet_id: FleetId(digest(b"fleet")),
            channel: Channel::main(),
            host: HostName::parse("web1").unwrap(),
            id: HostId::parse("00112233445566778899aabbccddeeff").unwrap(),
            bundles,
            chunks: Vec::new(),
            overrides: self.holds.borrow().clone(),
        }
    }

    /// What one run does after it has fetched a release with these services.
    pub fn run(&self, services: &[(&str, &Made)]) -> Ran {
        self.try_run(services).unwrap()
    }

    /// The same, where it may fail as a whole.
    pub fn try_run(&self, services: &[(&str, &Made)]) -> cmc_fetch::Result<Ran> {
        self.steps.set(0);
        let mark = |step: &str| {
            (self.at_step.borrow())(step);
            let count = self.steps.get() + 1;
            self.steps.set(count);
            if self.kill.get() == Some(count) {
                panic!("killed");
            }
        };
        let reach = || if (self.reachable.borrow())() { Ok(()) } else { Err("no answer".to_owned()) };
        let mut host = self.host(&mark);
        host.reach = Some(&reach);
        let mut events = Events::default();
        let mut state = State::load(&host.dir, &mut events)?;
        let mut exit = Exit::Done;
        if let Some(verdict) = transaction::recover(&host, &mut state, &mut events)? {
            use transaction::Verdict;
            if matches!(verdict, Verdict::Undone | Verdict::Broken) {
                exit = Exit::RolledBack;
            }
        }
        for (service, made) in services {
            let tar = made.tar(service);
            if !host.cache.has(&digest(&tar)) {
                host.cache.begin(&digest(&tar), &name(service), &tar).unwrap().finish().unwrap();
            }
        }
        let manifest = self.manifest(services);
        let wishes = wish::all(&manifest, &mut state, self.clock.now(), &mut events);
        let Converged { exit: converged, touched, again } =
            converge::run(&host, &mut state, &wishes, &mut events)?;
        exit = exit.and(converged);
        let frozen: BTreeSet<_> =
            wishes.iter().filter(|wish| wish.frozen()).map(|wish| wish.service.clone()).collect();
        let refetch = |_: &_, _: &_| Err(cmc_fetch::Error::Failed("there is no store".into()));
        let drift =
            drift::repair(&host, &mut state, Drift::Repair, &touched, &frozen, &refetch, &mut events)?;
        exit = exit.and(drift).and(supervise::run(&host, &mut state, &touched, &mut events));
        state.converged = !again && exit == Exit::Done;
        state.order = manifest.bundles.iter().map(|bundle| bundle.service.clone()).collect();
        state.save(&host.dir)?;
        let events = events.0.iter().map(ToString::to_string).collect();
        Ok(Ran { exit, converged: state.converged, events })
    }

    /// A run that is killed before its `step`th durable step; whether it was.
    pub fn run_killed(&self, services: &[(&str, &Made)], step: usize) -> bool {
        self.kill.set(Some(step));
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.run(services);
        }));
        self.kill.set(None);
        killed.is_err()
    }

    /// Remembers the manifest as the one that was taken, as a run from a store does before it changes anything.
    pub fn take(&self, services: &[(&str, &Made)]) {
        let manifest = self.manifest(services);
        let at = Locator { pack: None, off: 0, len: 0, b3: digest(b"") };
        let position = Position { nodes: Vec::new(), manifest: at };
        let known = KnownManifest { release: (1, digest(b"release")), position, manifest };
        fetch::take(&State::dir(&self.root), &known).unwrap();
    }

    pub fn state(&self) -> State {
        State::load(&State::dir(&self.root), &mut Events::default()).unwrap()
    }

    pub fn condition(&self, service: &str) -> Condition {
        self.state().services.get(&name(service)).map_or(Condition::Absent, |service| service.condition)
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.runner.log.borrow_mut())
    }

    pub fn fail_commands(&self, which: &'static str) {
        *self.runner.command.borrow_mut() = Box::new(move |line| !line.contains(which));
    }

    pub fn unhealthy(&self, answer: impl Fn(&str) -> bool + 'static) {
        *self.runner.healthy.borrow_mut() = Box::new(move |name| !answer(name));
    }

    pub fn tree(&self) -> BTreeMap<String, String> {
        tree(&self.root)
    }
}

/// Everything beneath a root but the state: paths with kind, mode, content.
pub fn tree(root: &Path) -> BTreeMap<String, String> {
    let mut tree = BTreeMap::new();
    walk(root, root, &mut tree);
    tree
}

fn walk(root: &Path, dir: &Path, tree: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if name == "var/lib/cmc" {
            continue;
        }
        let meta = path.symlink_metadata().unwrap();
        let mode = meta.permissions().mode() & 0o7777;
        if meta.is_symlink() {
            tree.insert(name, format!("link {}", std::fs::read_link(&path).unwrap().display()));
        } else if meta.is_dir() {
            if !matches!(name.as_str(), "var" | "var/lib") {
                tree.insert(name, format!("dir {mode:o}"));
            }
            walk(root, &path, tree);
        } else {
            let content = std::fs::read(&path).unwrap();
            tree.insert(name, format!("file {mode:o} {}", String::from_utf8_lossy(&content)));
        }
    }
}
