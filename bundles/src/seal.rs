//! From plan to bundles: every file is tied to its receipts, packed, and given its digest.
//!
//! A rendered file that lacks a passing receipt for exactly its blake3 is refused. That is all the parts left of here
//! and right of here share: receipts speak of bytes, and these are the bytes. Nothing is encrypted here.

mod refusal;

pub use refusal::SealError;

use crate::bundle::{self, BundleJson};
use crate::error::Error;
use crate::ids::{HostId, hash};
use crate::keys::Recipient;
use crate::limits;
use cmc_types::check::{FileEntry, FileKind};
use cmc_types::plan::{Content, HostPlan, PlannedFile, ServicePlan};
use cmc_types::receipt::Receipt;
use cmc_types::{Blake3, Bytes, HostName, ServiceName, UnixPath};
use refusal::judge;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// Reads files of the fleet's directory.
pub trait Contents: Sync {
    /// `len` bytes (fewer only at the end) from `offset` of a file, by its path relative to the fleet's directory.
    fn read(&self, path: &str, offset: u64, len: u64) -> std::io::Result<Vec<u8>>;
}

/// The fleet's directory on disk.
#[derive(Debug, Clone)]
pub struct DirContents {
    /// The directory.
    pub root: PathBuf,
}

impl Contents for DirContents {
    fn read(&self, path: &str, offset: u64, len: u64) -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(self.root.join(path))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A plan, packed: what [`crate::publish`] compares with the store and seals.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Hosts, in the order they were added.
    pub hosts: Vec<PreparedHost>,
    /// Bundles by digest.
    pub bundles: BTreeMap<Blake3, PreparedBundle>,
    /// Chunks by digest.
    pub chunks: BTreeMap<Blake3, PreparedChunk>,
    /// Receipts; bundles name them by place.
    pub receipts: Vec<Receipt>,
}

/// A host's part of it.
#[derive(Debug, Clone)]
pub struct PreparedHost {
    /// The host.
    pub host: HostName,
    /// Its identifier, if the definition has one; else the vault derives it.
    pub id: Option<HostId>,
    /// What its manifest is sealed to.
    pub recipient: Recipient,
    /// Its services in start order.
    pub services: Vec<PreparedService>,
}

/// A service on a host.
#[derive(Debug, Clone)]
pub struct PreparedService {
    /// The service.
    pub service: ServiceName,
    /// Its bundle.
    pub digest: Blake3,
    /// Services that go before it.
    pub after: Vec<ServiceName>,
    /// Services without which it is held back.
    pub needs: Vec<ServiceName>,
}

/// A bundle in plain.
#[derive(Clone)]
pub struct PreparedBundle {
    /// The service it is of.
    pub service: ServiceName,
    /// The tar; secret if `secret` is not empty.
    pub tar: Bytes,
    /// Files whose content comes from a secret.
    pub secret: BTreeSet<UnixPath>,
    /// Chunks that its files are made of.
    pub chunks: BTreeSet<Blake3>,
    /// Receipts that speak of its files.
    pub receipts: Vec<usize>,
}

impl std::fmt::Debug for PreparedBundle {
    /// Prints sizes only: the tar may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedBundle({}, {} bytes)", self.service, self.tar.len())
    }
}

/// Where the bytes of a chunk are.
#[derive(Clone)]
pub struct PreparedChunk {
    /// Whether they come from a secret.
    pub secret: bool,
    /// The bytes in memory, if they are not in a file of the fleet.
    pub(crate) memory: Option<Bytes>,
    /// File of the fleet.
    pub(crate) path: String,
    /// Offset in it.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) len: u64,
}

impl std::fmt::Debug for PreparedChunk {
    /// Prints sizes only: content may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedChunk({} bytes)", self.len)
    }
}

impl PreparedChunk {
    /// The bytes, checked against the digest under which they were prepared.
    pub(crate) fn bytes(&self, digest: &Blake3, contents: &dyn Contents) -> Result<Vec<u8>, Error> {
        let bytes = match &self.memory {
            Some(memory) => {
                let (start, end) = (self.offset as usize, (self.offset + self.len) as usize);
                memory.get(start..end).unwrap_or_default().to_vec()
            }
            None => contents
                .read(&self.path, self.offset, self.len)
                .map_err(|e| Error::Failed(format!("{}: {e}", self.path)))?,
        };
        if hash(&bytes) != *digest {
            return Err(Error::Failed(SealError::Changed { path: self.path.clone() }.to_string()));
        }
        Ok(bytes)
    }
}

/// Packs hosts one by one. Files and chunks that several hosts have are read once.
pub struct Preparer<'a> {
    contents: &'a dyn Contents,
    by_subject: HashMap<(&'a UnixPath, Blake3), Vec<usize>>,
    sources: HashMap<String, Source>,
    prepared: Prepared,
}

/// A file of the fleet that was read.
#[derive(Clone)]
struct Source {
    b3: Blake3,
    size: u64,
    small: Option<Bytes>,
    chunks: Vec<Blake3>,
}

impl<'a> Preparer<'a> {
    /// Starts with the receipts of the build and, for files that hold secrets, of this publish.
    pub fn new(contents: &'a dyn Contents, receipts: &'a [Receipt]) -> Self {
        let mut by_subject: HashMap<(&UnixPath, Blake3), Vec<usize>> = HashMap::new();
        for (i, receipt) in receipts.iter().enumerate() {
            for (path, b3) in &receipt.subjects {
                by_subject.entry((path, *b3)).or_default().push(i);
            }
        }
        let prepared = Prepared { receipts: receipts.to_vec(), ..Prepared::default() };
        Self { contents, by_subject, sources: HashMap::new(), prepared }
    }

    /// Packs a host. Its tainted files hold their real content by now. All of its errors are returned; then the
    /// host is not in it.
    pub fn add(&mut self, plan: &HostPlan) -> Result<(), Vec<SealError>> {
        let mut errors = Vec::new();
        let mut services = Vec::new();
        for service in &plan.services {
            match self.service(plan, service) {
                Ok(service) => services.push(service),
                Err(mut found) => errors.append(&mut found),
            }
        }
        let host = plan.host.clone();
        let bad = |problem: String| SealError::BadHost { host: plan.host.clone(), problem };
        let recipient = match &plan.recipient {
            None => Err(SealError::NoRecipient { host: host.clone() }),
            Some(text) => Recipient::parse(text).map_err(|e| bad(format!("recipient: {e}"))),
        };
        let id =
            plan.id.as_ref().map(|id| HostId::parse(id)).transpose().map_err(|e| bad(format!("id: {e}")));
        match (recipient, id) {
            (Ok(recipient), Ok(id)) if errors.is_empty() => {
                self.prepared.hosts.push(PreparedHost { host, id, recipient, services });
                Ok(())
            }
            (recipient, id) => {
                errors.extend(recipient.err().into_iter().chain(id.err()));
                Err(errors)
            }
        }
    }

    /// All that was packed.
    pub fn finish(self) -> Prepared {
        self.prepared
    }

    fn service(&mut self, plan: &HostPlan, service: &ServicePlan) -> Result<PreparedService, Vec<SealError>> {
        let mut errors = Vec::new();
        let mut files = Vec::new();
        let mut contents = BTreeMap::new();
        let mut receipts = BTreeSet::new();
        let mut secret = BTreeSet::new();
        for file in &service.files {
            match self.file(file, &mut contents) {
                Ok(entry) => {
                    if let Some(b3) = entry.b3 {
                        let found = self.receipts_of(&entry.path, b3);
                        errors.extend(judge(plan, service, &entry.path, &found).err());
                        receipts.extend(found.into_iter().map(|(i, _)| i));
                    }
                    if file.tainted {
                        secret.insert(entry.path.clone());
                    }
                    files.push(entry);
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        files.sort_by(|a, b| {
            let name = |file: &FileEntry| file.block.as_ref().map(|block| block.name.clone());
            a.path.cmp(&b.path).then_with(|| name(a).cmp(&name(b)))
        });
        let chunks = files.iter().flat_map(|file| file.chunks.iter().copied()).collect();
        let json = BundleJson {
            format: 1,
            service: service.service.clone(),
            files,
            actions: service.actions.clone(),
            checks: service.checks.clone(),
            capture: service.capture.clone(),
        };
        let tar = bundle::pack(&json, &contents).map_err(|e| {
            vec![SealError::Unfit {
                host: plan.host.clone(),
                service: service.service.clone(),
                problem: e.to_string(),
            }]
        })?;
        let digest = hash(&tar);
        match self.prepared.bundles.entry(digest) {
            Entry::Vacant(place) => {
                place.insert(PreparedBundle {
                    service: service.service.clone(),
                    tar: Bytes::new(tar, !secret.is_empty()),
                    secret,
                    chunks,
                    receipts: receipts.into_iter().collect(),
                });
            }
            // What is a secret on one host may be written out for another: it is one everywhere.
            Entry::Occupied(known) if !secret.is_empty() => {
                let known = known.into_mut();
                known.tar = Bytes::new(tar, true);
                known.secret.extend(secret);
            }
            Entry::Occupied(_) => {}
        }
        Ok(PreparedService {
            service: service.service.clone(),
            digest,
            after: service.after.clone(),
            needs: service.needs.clone(),
        })
    }

    /// What the bundle says of a file; content of at most 1 MiB goes to `contents`, larger content to the chunks.
    fn file(
        &mut self,
        file: &PlannedFile,
        contents: &mut BTreeMap<Blake3, Bytes>,
    ) -> Result<FileEntry, SealError> {
        let mut entry = file.entry.clone();
        if !matches!(entry.kind, FileKind::File | FileKind::Block) {
            return Ok(entry);
        }
        let changed = |path: &str| SealError::Changed { path: path.to_owned() };
        let source = match &file.content {
            Content::None => return Err(changed(entry.path.as_str())),
            Content::Bytes(bytes) => self.memory(bytes, file.tainted, entry.path.as_str()),
            Content::Source { path, size, b3 } => {
                let source = self.source(path, file.tainted)?;
                if source.b3 != *b3 || source.size != *size {
                    return Err(changed(path));
                }
                source
            }
        };
        if entry.b3.is_some_and(|b3| b3 != source.b3) || entry.size.is_some_and(|size| size != source.size) {
            return Err(changed(entry.path.as_str()));
        }
        entry.b3 = Some(source.b3);
        entry.size = Some(source.size);
        entry.chunks = source.chunks;
        if let Some(small) = source.small {
            contents.insert(source.b3, small);
        }
        Ok(entry)
    }

    fn memory(&mut self, bytes: &Bytes, secret: bool, path: &str) -> Source {
        let (b3, size) = (hash(bytes), bytes.len() as u64);
        if size <= limits::INLINE_FILE {
            return Source { b3, size, small: Some(bytes.clone()), chunks: Vec::new() };
        }
        let mut chunks = Vec::new();
        for (i, part) in bytes.chunks(limits::CHUNK as usize).enumerate() {
            let digest = hash(part);
            chunks.push(digest);
            self.chunk(
                digest,
                PreparedChunk {
                    secret,
                    memory: Some(bytes.clone()),
                    path: path.to_owned(),
                    offset: i as u64 * limits::CHUNK,
                    len: part.len() as u64,
                },
            );
        }
        Source { b3, size, small: None, chunks }
    }

    fn source(&mut self, path: &str, secret: bool) -> Result<Source, SealError> {
        if let Some(source) = self.sources.get(path) {
            return Ok(source.clone());
        }
        let mut hasher = blake3::Hasher::new();
        let (mut size, mut small, mut parts) = (0, None, Vec::new());
        loop {
            let part = self
                .contents
                .read(path, size, limits::CHUNK)
                .map_err(|e| SealError::Unreadable { path: path.to_owned(), problem: e.to_string() })?;
            hasher.update(&part);
            let len = part.len() as u64;
            if len > 0 {
                parts.push((hash(&part), size, len));
            }
            size += len;
            if len < limits::CHUNK {
                if size <= limits::INLINE_FILE {
                    small = Some(Bytes::new(part, secret));
                }
                break;
            }
        }
        let mut chunks = Vec::new();
        if small.is_none() {
            for (digest, offset, len) in parts {
                chunks.push(digest);
                self.chunk(
                    digest,
                    PreparedChunk { secret, memory: None, path: path.to_owned(), offset, len },
                );
            }
        }
        let source = Source { b3: Blake3(*hasher.finalize().as_bytes()), size, small, chunks };
        self.sources.insert(path.to_owned(), source.clone());
        Ok(source)
    }

    fn chunk(&mut self, digest: Blake3, chunk: PreparedChunk) {
        let known = self.prepared.chunks.entry(digest).or_insert_with(|| chunk.clone());
        known.secret |= chunk.secret;
    }

    fn receipts_of(&self, path: &UnixPath, b3: Blake3) -> Vec<(usize, &Receipt)> {
        let places = self.by_subject.get(&(path, b3)).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|i| Some((*i, self.prepared.receipts.get(*i)?))).collect()
    }
}
