//! A bundle: one service as compiled for one host, as a deterministic tar.
//!
//! The tar is POSIX ustar: `bundle.json` first, then `files/B3` for each distinct content of at most 1 MiB, sorted;
//! every header has mode 0644, ids 0 and time 0; two zero blocks end it. The digest of a bundle is the blake3 of this
//! tar. Readers accept exactly these bytes: a header that [`write`](pack) would not have written is refused.

use crate::error::{Error, TrustKind};
use crate::ids::hash;
use crate::limits;
use cmc_types::Blake3;
use cmc_types::check::{Action, FileEntry, FileKind, HealthCheck};
use cmc_types::name::ServiceName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

/// `bundle.json`: all that a host acts on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleJson {
    /// 1.
    pub format: u32,
    /// The service.
    pub service: ServiceName,
    /// Files, by path; blocks of one path by name.
    pub files: Vec<FileEntry>,
    /// Actions, in the order they run.
    pub actions: Vec<Action>,
    /// Health checks.
    pub checks: Vec<HealthCheck>,
    /// Commands whose output goes into the report of a failure.
    pub capture: Vec<Vec<String>>,
}

const BLOCK: usize = 512;
const MANIFEST: &str = "bundle.json";

fn bad(problem: impl Into<String>) -> Error {
    Error::trust(TrustKind::Format, "bundle", problem)
}

/// Makes the tar. `contents` holds the content of every file and block of `json` that has no chunks, by its blake3.
pub fn pack(json: &BundleJson, contents: &BTreeMap<Blake3, impl AsRef<[u8]>>) -> Result<Vec<u8>, Error> {
    check(json)?;
    let body = serde_json::to_vec(json).map_err(|e| Error::Failed(format!("bundle.json: {e}")))?;
    // Room for all of it at once: what a growing vector leaves behind is not wiped.
    let sizes = contents.values().map(|content| content.as_ref().len() + 2 * BLOCK);
    let mut tar = Vec::with_capacity(body.len() + 4 * BLOCK + sizes.sum::<usize>());
    member(&mut tar, MANIFEST, &body)?;
    for digest in wanted(json) {
        let content = contents
            .get(&digest)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::Failed(format!("the content {digest} of {} is missing", json.service)))?;
        if hash(content) != digest {
            return Err(Error::Failed(format!("content of {} is not {digest}", json.service)));
        }
        member(&mut tar, &format!("files/{digest}"), content)?;
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    if tar.len() as u64 > limits::BUNDLE {
        return Err(Error::Failed(format!(
            "service {}: its small files take {} bytes; a bundle holds at most {} (split the service)",
            json.service,
            tar.len(),
            limits::BUNDLE
        )));
    }
    Ok(tar)
}

/// Digests of the contents that lie in the tar, sorted and distinct.
fn wanted(json: &BundleJson) -> std::collections::BTreeSet<Blake3> {
    json.files.iter().filter(|file| file.chunks.is_empty()).filter_map(|file| file.b3).collect()
}

fn header(name: &str, size: u64) -> Result<[u8; BLOCK], Error> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).map_err(|e| Error::Failed(format!("tar: {e}")))?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Ok(*header.as_bytes())
}

fn member(tar: &mut Vec<u8>, name: &str, content: &[u8]) -> Result<(), Error> {
    tar.extend_from_slice(&header(name, content.len() as u64)?);
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    Ok(())
}

/// Checks what the types alone do not: which fields go with which kind, order, sizes, chunk counts.
fn check(json: &BundleJson) -> Result<(), Error> {
    if json.format != 1 {
        return Err(bad(format!("format {} is not known; a newer cmc made it", json.format)));
    }
    let key = |file: &FileEntry| (file.path.clone(), file.block.as_ref().map(|block| block.name.clone()));
    if json.files.windows(2).any(|pair| key(&pair[0]) >= key(&pair[1])) {
        return Err(bad("files are not sorted, or one is there twice"));
    }
    for file in &json.files {
        let wrong = |problem: &str| Err(bad(format!("{}: {problem}", file.path)));
        let content = file.size.is_some() && file.b3.is_some();
        let none = file.size.is_none() && file.b3.is_none() && file.chunks.is_empty();
        let owned = file.mode.is_some() && file.user.is_some() && file.group.is_some();
        let unowned = file.mode.is_none() && file.user.is_none() && file.group.is_none();
        let (target, block) = (file.target.is_some(), file.block.is_some());
        let fits = match file.kind {
            FileKind::File => content && owned && !target && !block,
            FileKind::Link => none && unowned && target && !block,
            FileKind::Absent => none && unowned && !target && !block,
            FileKind::Block => content && file.chunks.is_empty() && !target && block,
        };
        if !fits {
            return wrong("its fields do not go with its kind");
        }
        let size = file.size.unwrap_or(0);
        if size > limits::FILE {
            return wrong("larger than a file may be");
        }
        let chunks = if size > limits::INLINE_FILE { size.div_ceil(limits::CHUNK) } else { 0 };
        if file.chunks.len() as u64 != chunks {
            return wrong("its chunks do not make up its size");
        }
        if file.target.as_ref().is_some_and(|t| t.is_empty() || t.len() > 4095 || t.contains('\0')) {
            return wrong("not the target of a link");
        }
        if let Some(block) = &file.block {
            let line = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
            if !line(&block.name) || !line(&block.comment) {
                return wrong("not the name of a block");
            }
        }
    }
    let argvs = json.actions.iter().map(|action| &action.argv).chain(&json.capture);
    for argv in argvs.chain(json.checks.iter().filter_map(|check| check.restart.as_ref())) {
        if argv.first().is_none_or(String::is_empty) || argv.iter().any(|word| word.contains('\0')) {
            return Err(bad("a command without a program, or with a NUL"));
        }
    }
    Ok(())
}

/// A bundle's tar, checked, whose contents are read from where they lie.
#[derive(Debug)]
pub struct Archive<R> {
    inner: R,
    json: BundleJson,
    contents: BTreeMap<Blake3, (u64, u64)>,
}

impl<R: Read + Seek> Archive<R> {
    /// Checks the whole tar (form, `bundle.json`, every content against its blake3) and remembers where contents lie.
    /// The caller knows the tar's digest already.
    pub fn open(mut inner: R) -> Result<Self, Error> {
        let fail = |e: std::io::Error| Error::Failed(format!("cannot read a bundle: {e}"));
        let total = inner.seek(SeekFrom::End(0)).map_err(fail)?;
        inner.seek(SeekFrom::Start(0)).map_err(fail)?;
        if total > limits::BUNDLE {
            return Err(Error::trust(TrustKind::Limit, "bundle", "larger than a bundle may be"));
        }
        let body = read_member(&mut inner, MANIFEST, limits::BUNDLE_JSON)?;
        let json: BundleJson = serde_json::from_slice(&body)
            .map_err(|e| bad(format!("bundle.json: {}", crate::canon::place(&e))))?;
        if serde_json::to_vec(&json).ok().as_deref() != Some(body.as_slice()) {
            return Err(bad("bundle.json is not in canonical form"));
        }
        check(&json)?;
        let mut contents = BTreeMap::new();
        for digest in wanted(&json) {
            let start = inner.stream_position().map_err(fail)? + BLOCK as u64;
            let content = read_member(&mut inner, &format!("files/{digest}"), limits::INLINE_FILE)?;
            if hash(&content) != digest {
                return Err(Error::trust(TrustKind::Hash, "bundle", format!("content {digest} is damaged")));
            }
            contents.insert(digest, (start, content.len() as u64));
        }
        for file in json.files.iter().filter(|file| file.chunks.is_empty()) {
            if let (Some(b3), Some(size)) = (file.b3, file.size)
                && contents.get(&b3).is_none_or(|(_, len)| *len != size)
            {
                return Err(bad(format!("{}: its size is not that of its content", file.path)));
            }
        }
        let mut end = Vec::new();
        inner.by_ref().take(2 * BLOCK as u64 + 1).read_to_end(&mut end).map_err(fail)?;
        if end.len() != 2 * BLOCK || end.iter().any(|byte| *byte != 0) {
            return Err(bad("the tar does not end where it should"));
        }
        Ok(Self { inner, json, contents })
    }

    /// `bundle.json`.
    pub fn json(&self) -> &BundleJson {
        &self.json
    }

    /// The content with this blake3; `None` if the bundle does not hold it.
    pub fn content(&mut self, b3: &Blake3) -> Result<Option<Vec<u8>>, Error> {
        let Some((start, len)) = self.contents.get(b3).copied() else { return Ok(None) };
        let fail = |e: std::io::Error| Error::Failed(format!("cannot read a bundle: {e}"));
        self.inner.seek(SeekFrom::Start(start)).map_err(fail)?;
        let mut content = Vec::new();
        self.inner.by_ref().take(len).read_to_end(&mut content).map_err(fail)?;
        if hash(&content) != *b3 {
            return Err(Error::trust(TrustKind::Hash, "bundle", format!("content {b3} is damaged")));
        }
        Ok(Some(content))
    }
}

/// Reads the member that must come next.
fn read_member(inner: &mut impl Read, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
    let short = |_| bad(format!("the tar ends before {name}"));
    let mut found = [0; BLOCK];
    inner.read_exact(&mut found).map_err(short)?;
    let size = tar::Header::from_byte_slice(&found)
        .entry_size()
        .map_err(|_| bad(format!("damaged header where {name} is due")))?;
    if header(name, size)? != found {
        return Err(bad(format!("unexpected header where {name} is due")));
    }
    if size > limit {
        return Err(Error::trust(TrustKind::Limit, "bundle", format!("{name} is larger than it may be")));
    }
    let mut content = Vec::new();
    inner.by_ref().take(size).read_to_end(&mut content).map_err(short)?;
    let mut padding = Vec::new();
    let due = size.next_multiple_of(BLOCK as u64) - size;
    inner.by_ref().take(due).read_to_end(&mut padding).map_err(short)?;
    if content.len() as u64 != size || padding.len() as u64 != due || padding.iter().any(|byte| *byte != 0) {
        return Err(bad(format!("{name} is cut short or not padded with zeros")));
    }
    Ok(content)
}
