//! A small fleet in a directory store, with a clock that tests set.

use crate::client::{self, Found, Me, Pin, Refresh, TrustState};
use crate::error::Error;
use crate::ids::{Channel, HostId, hash};
use crate::init::{NewFleet, init_fleet};
use crate::keys::{Identities, MemberKey};
use crate::manifest::Manifest;
use crate::publish::{Current, Published, Publisher, Request, Roots, read_current};
use crate::root::{Counters, Root};
use crate::seal::{Contents, Prepared, Preparer};
use crate::signed::Signed;
use crate::sshsig::{FileSigner, Role, Signer};
use crate::store::{Created, DirStore, Fetch, Listed, Reader, Store, StoreError, Swap};
use cmc_types::check::{Action, FileEntry, FileKind, Trigger};
use cmc_types::plan::{Checks, Content, Format, HostPlan, PlannedFile, Provenance, ServicePlan};
use cmc_types::receipt::{Receipt, Verdict};
use cmc_types::{Arch, Blake3, HostName, InitSystem, Mode, Os, ServiceName, UnixPath};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// When every test begins.
pub(super) const START: u64 = 1_800_000_000;
pub(super) const DAY: u64 = 24 * 3600;

/// A fleet and its store.
pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    pub(super) store: DirStore,
    pub(super) fleet: NewFleet,
    pub(super) roots: Roots,
    pub(super) signer: FileSigner,
    pub(super) channel: Channel,
    pub(super) now: AtomicU64,
    keys: BTreeMap<String, MemberKey>,
}

/// No files.
pub(super) struct NoContents;

impl Contents for NoContents {
    fn read(&self, path: &str, _: u64, _: u64) -> std::io::Result<Vec<u8>> {
        Err(std::io::Error::other(path.to_owned()))
    }
}

pub(super) fn host(name: &str) -> HostName {
    HostName::parse(name).unwrap()
}

pub(super) fn service(name: &str) -> ServiceName {
    ServiceName::parse(name).unwrap()
}

/// One file of a plan.
pub(super) fn file(path: &str, content: &[u8], tainted: bool) -> PlannedFile {
    PlannedFile {
        entry: FileEntry {
            mode: Some(Mode::from_bits(0o644)),
            user: Some("root".to_owned()),
            group: Some("root".to_owned()),
            size: (!tainted).then_some(content.len() as u64),
            b3: (!tainted).then_some(hash(content)),
            ..FileEntry::new(UnixPath::parse(path).unwrap(), FileKind::File)
        },
        tainted,
        content: Content::Bytes(content.into()),
        format: Format::Text,
        checks: Checks::Auto { required: false },
        provenance: Provenance::default(),
    }
}

/// A service of these files, restarted when they change.
pub(super) fn planned(name: &str, files: Vec<PlannedFile>) -> ServicePlan {
    let argv = vec!["systemctl".to_owned(), "restart".to_owned(), name.to_owned()];
    ServicePlan {
        service: service(name),
        after: Vec::new(),
        needs: Vec::new(),
        files,
        actions: vec![Action {
            on: Trigger::Changed,
            paths: Vec::new(),
            unless: Vec::new(),
            argv,
            timeout: 60,
            once: false,
        }],
        checks: Vec::new(),
        capture: Vec::new(),
    }
}

/// A receipt for every file of a plan, as the built-in checks give.
pub(super) fn receipts(plans: &[HostPlan]) -> Vec<Receipt> {
    let files = plans.iter().flat_map(|plan| plan.files());
    files
        .filter_map(|(_, file)| match &file.content {
            Content::Bytes(bytes) => Some((file.entry.path.clone(), hash(bytes))),
            Content::Source { b3, .. } => Some((file.entry.path.clone(), *b3)),
            Content::None => None,
        })
        .map(|(path, b3)| receipt("text", path, b3, Verdict::Passed))
        .collect()
}

pub(super) fn receipt(validator: &str, path: UnixPath, b3: Blake3, verdict: Verdict) -> Receipt {
    Receipt {
        validator: validator.to_owned(),
        version: "1".to_owned(),
        argv: Vec::new(),
        subjects: BTreeMap::from([(path, b3)]),
        inputs: b3,
        verdict,
        warnings: Vec::new(),
        isolation: Vec::new(),
        required: true,
        dummies: false,
        program: None,
        made: 0,
    }
}

pub(super) fn prepare(plans: &[HostPlan]) -> Prepared {
    let receipts = receipts(plans);
    let mut preparer = Preparer::new(&NoContents, &receipts);
    for plan in plans {
        preparer.add(plan).unwrap();
    }
    preparer.finish()
}

/// What is done before a call to a store, given its name and the key; an error is the call's.
pub(super) type Hook<'a> = dyn Fn(&str, &str) -> Result<(), StoreError> + Sync + 'a;

/// A store in which something happens before a call.
pub(super) struct Hooked<'a> {
    pub(super) inner: &'a dyn Store,
    pub(super) hook: &'a Hook<'a>,
}

impl Reader for Hooked<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        (self.hook)("get", key)?;
        self.inner.get(key, limit)
    }
    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        (self.hook)("get_range", key)?;
        self.inner.get_range(key, offset, len)
    }
    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        (self.hook)("get_if_changed", key)?;
        self.inner.get_if_changed(key, etag, limit)
    }
}

impl Store for Hooked<'_> {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        (self.hook)("create", key)?;
        self.inner.create(key, bytes)
    }
    fn swap(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Swap, StoreError> {
        (self.hook)("swap", key)?;
        self.inner.swap(key, expected, bytes)
    }
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        (self.hook)("list", prefix)?;
        self.inner.list(prefix)
    }
    fn delete(&self, key: &str) -> Result<(), StoreError> {
        (self.hook)("delete", key)?;
        self.inner.delete(key)
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self::on("main")
    }

    pub(super) fn on(channel: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = DirStore::new(dir.path().join("store"));
        let fleet = init_fleet("test", START).unwrap();
        let roots = Roots::parse([fleet.root.as_slice()]).unwrap();
        let signer = FileSigner::parse(fleet.operator_key.as_bytes(), "operator").unwrap();
        let channel = Channel::parse(channel).unwrap();
        Self { dir, store, fleet, roots, signer, channel, now: START.into(), keys: BTreeMap::new() }
    }

    pub(super) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// A host with these services; its key is made the first time.
    pub(super) fn plan(&mut self, name: &str, services: Vec<ServicePlan>) -> HostPlan {
        let key = self.keys.entry(name.to_owned()).or_insert_with(MemberKey::generate);
        HostPlan {
            host: host(name),
            id: None,
            recipient: Some(key.recipient().unwrap().to_string()),
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

    /// Two hosts that share `base`, each with a service of its own that holds a secret.
    pub(super) fn two_hosts(&mut self) -> Vec<HostPlan> {
        let base = || planned("base", vec![file("/etc/motd", b"welcome\n", false)]);
        let own = |name: &str| {
            let mut service = planned(
                "api",
                vec![
                    file("/etc/api/secret", format!("hunter2 {name}").as_bytes(), true),
                    file("/etc/api/name", name.as_bytes(), false),
                ],
            );
            service.after.push(super::support::service("base"));
            service
        };
        vec![self.plan("web1", vec![base(), own("web1")]), self.plan("web2", vec![base(), own("web2")])]
    }

    pub(super) fn publish_to(
        &self,
        store: &dyn Store,
        plans: &[HostPlan],
        request: &Request<'_>,
    ) -> Result<Published, Error> {
        let signers: [&dyn Signer; 1] = [&self.signer];
        let publisher = Publisher {
            store,
            roots: &self.roots,
            vault: Some(&self.fleet.opened),
            vault_bytes: &self.fleet.vault,
            channel: &self.channel,
            signers: &signers,
            clock: &|| self.now(),
            clock_is_right: false,
            seen: Counters::default(),
        };
        publisher.publish(&prepare(plans), &NoContents, request)
    }

    pub(super) fn publish(&self, plans: &[HostPlan]) -> Result<Published, Error> {
        self.publish_to(&self.store, plans, &Request::default())
    }

    pub(super) fn refresh_timestamp(&self) -> Result<Published, Error> {
        let signers: [&dyn Signer; 1] = [&self.signer];
        let publisher = Publisher {
            store: &self.store,
            roots: &self.roots,
            vault: None,
            vault_bytes: &self.fleet.vault,
            channel: &self.channel,
            signers: &signers,
            clock: &|| self.now(),
            clock_is_right: false,
            seen: Counters::default(),
        };
        publisher.refresh(crate::publish::LIFETIME)
    }

    pub(super) fn pin(&self) -> Pin {
        Pin { fleet_id: self.fleet.fleet_id, channel: self.channel.clone(), root: self.fleet.trusted.at() }
    }

    pub(super) fn id(&self, name: &str) -> HostId {
        self.fleet.opened.host_id(&host(name))
    }

    pub(super) fn identities(&self, name: &str) -> Identities {
        Identities::of(&self.keys[name]).unwrap()
    }

    /// The host's manifest as of `state`.
    pub(super) fn manifest(
        &self,
        store: &dyn Reader,
        state: &TrustState,
        name: &str,
    ) -> Result<Manifest, Error> {
        let (host, id, identities) = (host(name), self.id(name), self.identities(name));
        let me = Me { host: &host, id: &id, identities: &identities };
        match client::manifest(store, &self.pin(), state, me, None)? {
            Found::Manifest(manifest, _) => Ok(*manifest),
            other => Err(Error::Failed(format!("{other:?}"))),
        }
    }

    /// All that a host without state reads: every file's content by path.
    pub(super) fn read(&self, store: &dyn Reader, name: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let mut state = TrustState::new(&self.pin());
        let refresh = client::refresh(store, &self.pin(), &mut state, self.now())?;
        assert_eq!(refresh, Refresh::Released);
        let manifest = self.manifest(store, &state, name)?;
        let mut files = BTreeMap::new();
        for bundle in &manifest.bundles {
            let mut tar = Vec::new();
            client::bundle(store, bundle, &mut tar)?;
            let mut archive = crate::bundle::Archive::open(std::io::Cursor::new(tar))?;
            for entry in archive.json().files.clone() {
                let Some(b3) = entry.b3 else { continue };
                let content = match archive.content(&b3)? {
                    Some(content) => content,
                    None => {
                        let mut content = Vec::new();
                        for digest in &entry.chunks {
                            client::chunk(store, manifest.chunk(digest).unwrap(), &mut content)?;
                        }
                        assert_eq!(hash(&content), b3);
                        content
                    }
                };
                files.insert(entry.path.to_string(), content);
            }
        }
        Ok(files)
    }

    /// The root that follows, changed by `edit` and signed by `signers`.
    pub(super) fn next_root(&self, edit: impl Fn(&mut Root), signers: &[&dyn Signer]) -> Signed {
        let mut root = self.roots.newest().root().clone();
        root.fleet_id = Some(self.fleet.fleet_id);
        root.version += 1;
        edit(&mut root);
        let mut signed = Signed::unsigned(&root, "root").unwrap();
        for signer in signers {
            signed.sign(Role::Root, *signer).unwrap();
        }
        signed
    }

    /// Puts another root in the `trust/` folder.
    pub(super) fn rotate(&mut self, edit: impl Fn(&mut Root)) {
        let signed = self.next_root(edit, &[&self.signer]);
        let bodies: Vec<Vec<u8>> =
            self.roots.signed().iter().chain([&signed]).map(|signed| signed.to_bytes().unwrap()).collect();
        self.roots = Roots::parse(bodies.iter().map(Vec::as_slice)).unwrap();
    }

    /// What is published now, as an operator reads it.
    pub(super) fn current(&self) -> Current {
        let keys = self.fleet.opened.identities().unwrap();
        read_current(&self.store, &self.roots, keys, &self.channel, Counters::default()).unwrap().unwrap()
    }

    /// All bundles that the evidence speaks of, with the number of their receipts.
    pub(super) fn proofs(&self) -> Vec<(Blake3, usize)> {
        let current = self.current();
        let mut evidence = vec![current.evidence(&self.store).unwrap()];
        for at in &evidence[0].older.clone() {
            evidence.push(current.older_evidence(&self.store, at).unwrap());
        }
        let proofs = evidence.iter().flat_map(|evidence| &evidence.bundles);
        proofs.map(|proof| (proof.digest, proof.receipts.len())).collect()
    }

    /// Overwrites an object of the store, whatever it is.
    pub(super) fn overwrite(&self, key: &str, bytes: &[u8]) {
        let path = self.dir.path().join("store").join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Every object of the store.
    pub(super) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let keys = self.store.list("").unwrap();
        keys.into_iter().map(|o| (o.key.clone(), self.store.get(&o.key, 1 << 30).unwrap().unwrap())).collect()
    }
}
