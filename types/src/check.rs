//! What a bundle asks of a host: files, actions and checks. This is the vocabulary that compiler, bundles and fetcher
//! share; it knows no init system. Stored form: `bundle.json`, see `docs/format.md`.

use crate::{Blake3, Mode, UnixPath};
use serde::{Deserialize, Serialize};

/// What an entry puts at its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file with this content.
    File,
    /// A symbolic link to `target`.
    Link,
    /// No file.
    Absent,
    /// A managed block named `block` in a file that others own.
    Block,
}

/// One path of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where it goes.
    pub path: UnixPath,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits; files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Owner's name; files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Group's name; files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Size of the content in bytes; files and blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// blake3 of the content; files and blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b3: Option<Blake3>,
    /// Digests of the 8 MiB chunks of a file over 1 MiB, in order; the content is then not in the bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunks: Vec<Blake3>,
    /// What a link points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Name and comment syntax of a managed block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Block>,
}

impl FileEntry {
    /// A path of which nothing else is said yet.
    pub fn new(path: UnixPath, kind: FileKind) -> Self {
        Self {
            path,
            kind,
            mode: None,
            user: None,
            group: None,
            size: None,
            b3: None,
            chunks: Vec::new(),
            target: None,
            block: None,
        }
    }
}

/// A managed block in a file that others own: the lines between two marker lines, which are
/// `COMMENT BEGIN cmc NAME` and `COMMENT END cmc NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Name, unique within the file.
    pub name: String,
    /// What begins a comment in that file, such as `#`.
    pub comment: String,
}

impl Block {
    /// The line before its content, without line feed.
    pub fn begin(&self) -> String {
        format!("{} BEGIN cmc {}", self.comment, self.name)
    }

    /// The line behind its content, without line feed.
    pub fn end(&self) -> String {
        format!("{} END cmc {}", self.comment, self.name)
    }

    /// Whether a line could be taken for a marker, of this block or of another.
    pub fn is_marker(line: &str, comment: &str) -> bool {
        let said = line.trim_start().strip_prefix(comment).map(str::trim_start);
        said.is_some_and(|said| said.starts_with("BEGIN cmc ") || said.starts_with("END cmc "))
    }
}

/// When an action runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// After one of `paths` (or any path of the bundle, if there are none) changed or left; drift repair included.
    Changed,
    /// After one of `paths` was made as the bundle wants it, and not when it leaves: the command is for the file.
    Written,
    /// On first install, or when it differs from the previous bundle's.
    Enable,
    /// Before one of `paths` leaves the host; without paths, before the bundle leaves or makes way for one that has no
    /// such action.
    Leaving,
    /// After that.
    Removed,
}

/// A command that a host runs. Actions run in list order, each at most once per transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// When it runs.
    pub on: Trigger,
    /// Paths that trigger it, the bundle's own or watched ones of others; empty: any of the bundle's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<UnixPath>,
    /// Paths whose change makes it needless, since another action runs for them: a reload is skipped when its daemon
    /// is restarted anyway, which might not even listen yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<UnixPath>,
    /// Program and arguments. Never holds a secret.
    pub argv: Vec<String>,
    /// Seconds it may take.
    pub timeout: u32,
    /// Runs at most once even if the run is interrupted; the default is at least once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// One attempt's probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// `http://` URL that answers 2xx without a redirect.
    Http(String),
    /// `HOST:PORT` that accepts a connection.
    Tcp(String),
    /// Program and arguments that exits 0.
    Exec(Vec<String>),
}

/// A health check: one attempt takes at most 5 s, attempts begin one second apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is probed.
    pub probe: Probe,
    /// Seconds after a change in which it must succeed once, else the change is rolled back.
    pub within: u32,
    /// Failed runs in a row, with nothing changed, before `restart`.
    pub failures: u32,
    /// Command run then, at most three times an hour; none: it is only reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Vec<String>>,
}
