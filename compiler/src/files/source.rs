//! Files that are copied as they are. Each is read once, in pieces, however many hosts get it.

use super::elf::{self, Kind};
use super::read::{ReadError, below, open, read_bytes};
use cmc_types::Blake3;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file that is copied.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    /// Size in bytes.
    pub(crate) size: u64,
    /// blake3 of the content.
    pub(crate) b3: Blake3,
    /// What it is.
    pub(crate) kind: Kind,
}

/// A copied file that is small enough to be looked at.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// It is text.
    Whole(Arc<str>),
    /// It is text up to a byte that is not UTF-8, or NUL: what stands before it.
    Upto(Arc<str>, &'static str),
}

/// The files that were read so far, by path relative to the fleet's directory.
#[derive(Debug)]
pub(crate) struct Payloads {
    dir: PathBuf,
    limit: u64,
    read: Mutex<BTreeMap<String, Result<Payload, ReadError>>>,
    texts: Mutex<BTreeMap<String, Option<Text>>>,
}

impl Text {
    /// Bytes as text.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let nul = bytes.iter().position(|byte| *byte == 0);
        match (String::from_utf8(bytes), nul) {
            (Ok(text), None) => Self::Whole(text.into()),
            (Ok(mut text), Some(nul)) => {
                text.truncate(nul);
                Self::Upto(text.into(), "a NUL")
            }
            (Err(error), nul) => {
                let valid = error.utf8_error().valid_up_to();
                let (end, what) = match nul.filter(|nul| *nul < valid) {
                    Some(nul) => (nul, "a NUL"),
                    None => (valid, "a byte that is not UTF-8"),
                };
                Self::Upto(String::from_utf8_lossy(&error.as_bytes()[..end]).into(), what)
            }
        }
    }
}

impl Payloads {
    pub(crate) fn new(dir: PathBuf, limit: u64) -> Self {
        Self { dir, limit, read: Mutex::default(), texts: Mutex::default() }
    }

    /// The file at a path.
    pub(crate) fn get(&self, path: &str) -> Result<Payload, ReadError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(path) {
            return known.clone();
        }
        let payload = below(&self.dir, "", path).and_then(|file| self.hash(&file));
        read.insert(path.to_owned(), payload.clone());
        payload
    }

    /// The file at a path as text, if it has at most so many bytes and can be read.
    pub(crate) fn text(&self, path: &str, limit: u64) -> Option<Text> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(path) {
            return known.clone();
        }
        let text = below(&self.dir, "", path).and_then(|file| read_bytes(&file, limit)).ok().map(Text::of);
        texts.insert(path.to_owned(), text.clone());
        text
    }

    /// What was read.
    pub(crate) fn inputs(&self) -> Vec<(String, Blake3)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.iter().filter_map(|(path, payload)| Some((path.clone(), payload.as_ref().ok()?.b3))).collect()
    }

    fn hash(&self, path: &Path) -> Result<Payload, ReadError> {
        let (mut file, _) = open(path, self.limit)?;
        let mut hasher = blake3::Hasher::new();
        let mut head = Vec::new();
        let mut size = 0u64;
        let mut buffer = vec![0; 128 << 10];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            size += count as u64;
            if size > self.limit {
                return Err(ReadError::TooLarge(self.limit));
            }
            if head.len() < 20 {
                head.extend_from_slice(&buffer[..count.min(20)]);
            }
            hasher.update(&buffer[..count]);
        }
        Ok(Payload { size, b3: Blake3(*hasher.finalize().as_bytes()), kind: elf::kind(&head) })
    }
}
