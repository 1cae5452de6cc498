//! Requests and responses, and how they travel over the worker's pipes: a length of four bytes (big endian), JSON of
//! that length, then for a request the contents of its files, one after another.

use cmc_types::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Result, Write};
use zeroize::Zeroizing;

/// The largest JSON part that is read, in bytes.
const HEADER_LIMIT: usize = 64 << 20;
/// The largest sum of contents that is read, in bytes.
const CONTENT_LIMIT: u64 = 1 << 30;

/// One program to run, and the root to run it in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Program and arguments; a bare name is looked up on `PATH` of `env`, inside the root.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// Which uid the program has inside; outside it is never root.
    pub identity: Identity,
    /// Whether it may change the (private) network: `nft -c` has to.
    pub net_admin: bool,
    /// Network interfaces that are there besides loopback, as far as the kernel can make them.
    pub interfaces: Vec<String>,
    /// What it may use.
    pub bounds: Bounds,
    /// Files and directories of this machine that it sees, read-only, besides the system's directories.
    pub machine: Vec<String>,
    /// Empty directories that are there.
    pub dirs: Vec<String>,
    /// The fleet's own domains: a name below them that `/etc/hosts` lacks does not resolve, any other with a dot does.
    pub domains: Vec<String>,
    /// What lies in the root over the machine's files.
    pub entries: Vec<Entry>,
}

/// Who the program is inside its user namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// An ordinary uid.
    Plain,
    /// uid 0 without any capability, for programs that check who owns their files.
    Root,
}

/// What a program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Wall-clock time in milliseconds.
    pub millis: u64,
    /// Bytes of private memory of each process.
    pub memory: u64,
    /// Bytes of output, standard output and standard error together.
    pub output: u64,
    /// Bytes of the whole root, in memory.
    pub root: u64,
    /// Bytes of the largest file it may write.
    pub file_size: u64,
    /// Open files.
    pub files: u64,
    /// Processes and threads.
    pub processes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            millis: 10_000,
            memory: 512 << 20,
            output: 1 << 20,
            root: 512 << 20,
            file_size: 64 << 20,
            files: 4096,
            processes: 128,
        }
    }
}

/// One path of the root.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is; absolute and normal.
    pub path: String,
    /// What is there.
    pub what: What,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.path, self.what)
    }
}

/// What is at a path of the root.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A file.
    File {
        /// Permission bits.
        mode: u32,
        /// Size in bytes.
        size: u64,
        /// The content; travels after the JSON.
        #[serde(skip)]
        content: Bytes,
    },
    /// A file of this size that reads as zeros: stands in for a large one that the program does not need.
    Hollow {
        /// Permission bits.
        mode: u32,
        /// Size in bytes.
        size: u64,
    },
    /// A symbolic link.
    Link {
        /// What it points to.
        target: String,
    },
    /// Nothing, even if this machine has a file there.
    Nothing,
}

impl What {
    /// A file with this content.
    pub fn file(mode: u32, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self::File { mode, size: content.len() as u64, content }
    }

    /// Bytes that it takes in memory.
    pub fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            _ => 0,
        }
    }
}

impl std::fmt::Debug for What {
    /// Prints no content: it may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { mode, size, .. } => write!(f, "File({mode:04o}, {size} bytes)"),
            Self::Hollow { mode, size } => write!(f, "Hollow({mode:04o}, {size} bytes)"),
            Self::Link { target } => write!(f, "Link({target})"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote to standard output, as far as it was read.
    pub stdout: String,
    /// What it wrote to standard error, as far as it was read.
    pub stderr: String,
    /// The entries, by index, that were opened for reading and read.
    pub read: Vec<usize>,
    /// The entries, by index, that the program changed or removed.
    pub changed: Vec<usize>,
    /// Names outside the fleet that it looked up, and that were taken to exist.
    pub names: Vec<String>,
    /// The isolation reached.
    pub isolation: Vec<String>,
}

impl std::fmt::Debug for Response {
    /// Prints no output: it may quote secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("outcome", &self.outcome)
            .field("stdout", &self.stdout.len())
            .field("stderr", &self.stderr.len())
            .field("read", &self.read)
            .field("changed", &self.changed)
            .field("isolation", &self.isolation)
            .finish()
    }
}

impl Response {
    pub(crate) fn ended(outcome: Outcome) -> Self {
        Self {
            outcome,
            stdout: String::new(),
            stderr: String::new(),
            read: Vec::new(),
            changed: Vec::new(),
            names: Vec::new(),
            isolation: Vec::new(),
        }
    }

    pub(crate) fn refused(step: &str, why: impl std::fmt::Display) -> Self {
        Self::ended(Outcome::Refused { step: step.to_owned(), why: why.to_string() })
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It exited with this code.
    Exited(i32),
    /// A signal of this name ended it.
    Signalled(String),
    /// It took too long and was killed.
    TimedOut,
    /// It wrote more than it may and was killed.
    TooMuchOutput,
    /// There is no such program.
    NotFound,
    /// The program is there but cannot be executed, and why.
    NotExecutable(String),
    /// The isolation could not be reached; the program was not started.
    Refused {
        /// What was being done.
        step: String,
        /// What the system said.
        why: String,
    },
}

/// Reads a request and the contents of its files; `None` at the end of input. The contents are the second value, in
/// the order of the entries.
pub(crate) fn read_request(input: &mut impl Read) -> Result<Option<(Request, Zeroizing<Vec<u8>>)>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let request: Request = read_json(input, u32::from_be_bytes(length) as usize)?;
    let total: u64 = request.entries.iter().map(|entry| entry.what.size()).sum();
    if total > CONTENT_LIMIT {
        return Err(Error::new(ErrorKind::InvalidData, "the files are too large"));
    }
    let mut contents = Zeroizing::new(vec![0; total as usize]);
    input.read_exact(&mut contents)?;
    Ok(Some((request, contents)))
}

pub(crate) fn write_request(output: &mut impl Write, request: &Request) -> Result<()> {
    write_json(output, request)?;
    for entry in &request.entries {
        if let What::File { content, .. } = &entry.what {
            output.write_all(content)?;
        }
    }
    output.flush()
}

pub(crate) fn read_response(input: &mut impl Read) -> Result<Response> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    read_json(input, u32::from_be_bytes(length) as usize)
}

pub(crate) fn write_response(output: &mut impl Write, response: &Response) -> Result<()> {
    write_json(output, response)?;
    output.flush()
}

fn read_json<T: serde::de::DeserializeOwned>(input: &mut impl Read, length: usize) -> Result<T> {
    if length > HEADER_LIMIT {
        return Err(Error::new(ErrorKind::InvalidData, "the message is too long"));
    }
    let mut json = vec![0; length];
    input.read_exact(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

fn write_json(output: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_vec(value)?;
    let length = u32::try_from(json.len()).ok().filter(|length| *length as usize <= HEADER_LIMIT);
    let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the message is too long"))?;
    output.write_all(&length.to_be_bytes())?;
    output.write_all(&json)
}
