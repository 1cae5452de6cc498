//! `fetch.toml`: where a host gets its configuration from and who it trusts. Unknown keys are errors.

use crate::error::{Error, Result};
use crate::owner::Ownership;
use cmc_types::definition::StoreTable;
use cmc_types::{Blake3, HostName, Timespan};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where `fetch.toml` is unless `--config` says otherwise.
pub const DEFAULT_PATH: &str = "/etc/cmc/fetch.toml";
/// Where the host's identity is unless the file says otherwise.
pub const DEFAULT_IDENTITY: &str = "/etc/cmc/identity";

/// The largest `fetch.toml`, in bytes.
const LIMIT: u64 = 1 << 20;

/// A host's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The store.
    pub store: StoreSetting,
    /// The channel.
    #[serde(default = "main_channel")]
    pub channel: String,
    /// This host's name.
    pub host: HostName,
    /// Its identifier in the index: 32 hexadecimal digits.
    pub id: String,
    /// File with the age identity or SSH key that opens its manifest.
    #[serde(default = "default_identity")]
    pub identity: PathBuf,
    /// The fleet: the digest of its first root.
    pub fleet_id: Blake3,
    /// The root of trust that this host starts from.
    pub root: RootPin,
    /// Whether actions and tests run; by default only under the root `/`.
    #[serde(default)]
    pub actions: Option<Actions>,
    /// Whether owners of files are applied; by default when run as root on a root with accounts.
    #[serde(default)]
    pub ownership: Option<Ownership>,
    /// What is done about files that were edited.
    #[serde(default)]
    pub drift: Drift,
    /// Where bare programs are looked for.
    #[serde(default)]
    pub path: Option<SearchPath>,
    /// Textfile for node_exporter.
    #[serde(default)]
    pub metrics: Option<PathBuf>,
    /// How long fetching may take in all; default 10 minutes.
    #[serde(default)]
    pub deadline: Option<Timespan>,
}

/// The store: a URL, or a table with an S3 endpoint's settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a store's URL, or a table with url, endpoint, region, path-style, profile")]
pub enum StoreSetting {
    /// `dir:PATH`, `https://…` or `s3://BUCKET/PREFIX`.
    Url(String),
    /// With settings.
    Table(StoreTable),
}

/// A pinned root of trust.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootPin {
    /// Its version.
    pub version: u64,
    /// Its digest.
    pub hash: Blake3,
}

/// Whether actions and tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// They run.
    Run,
    /// They are listed and skipped.
    List,
}

/// What is done about files that were edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// The edited copy is saved and the file repaired.
    #[default]
    Repair,
    /// It is only reported.
    Report,
}

/// Directories, as an array or joined by colons.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "directories: an array, or a text joined by ':'")]
pub enum SearchPath {
    /// An array.
    List(Vec<PathBuf>),
    /// Joined by colons.
    Text(String),
}

fn main_channel() -> String {
    "main".into()
}

fn default_identity() -> PathBuf {
    DEFAULT_IDENTITY.into()
}

impl StoreSetting {
    /// The store's URL.
    pub fn url(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::Table(table) => &table.url,
        }
    }

    /// The store with its settings.
    pub fn table(&self) -> StoreTable {
        match self {
            Self::Url(url) => {
                StoreTable { url: url.clone(), endpoint: None, region: None, path_style: None, profile: None }
            }
            Self::Table(table) => table.clone(),
        }
    }
}

impl Config {
    /// Reads a file; relative paths in it are relative to its directory.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = crate::atomic::read_trusted(path, 0o002, 0o644, LIMIT)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::Config(format!("{} is not UTF-8", path.display())))?;
        let base = path.parent().filter(|base| !base.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let base = std::path::absolute(base).map_err(Error::io(format!("cannot find {}", base.display())))?;
        Self::parse(&text, &base).map_err(|error| Error::Config(format!("{}: {error}", path.display())))
    }

    /// Parses the text of a file in the directory `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self> {
        let mut config: Self =
            toml::from_str(text).map_err(|error| Error::Config(error.to_string().trim_end().to_owned()))?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if config.id.len() != 32 || !config.id.bytes().all(hex) {
            return Err(Error::Config("id is not 32 lower-case hexadecimal digits".into()));
        }
        let label = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let channel = config.channel.as_bytes();
        if !(1..=63).contains(&channel.len()) || channel[0] == b'.' || !channel.iter().all(|b| label(*b)) {
            return Err(Error::Config("channel is not a channel's name".into()));
        }
        config.identity = base.join(&config.identity);
        config.metrics = config.metrics.map(|path| base.join(path));
        config.path = config.path.map(|path| SearchPath::List(path.dirs(base)));
        let store = match &mut config.store {
            StoreSetting::Url(url) => url,
            StoreSetting::Table(table) => &mut table.url,
        };
        if let Some(dir) = store.strip_prefix("dir:") {
            *store = format!("dir:{}", base.join(dir).display());
        }
        Ok(config)
    }

    /// Directories where bare programs are looked for.
    pub fn search_path(&self) -> Vec<PathBuf> {
        match &self.path {
            Some(path) => path.dirs(Path::new("/")),
            None => ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                .map(Into::into)
                .into(),
        }
    }
}

impl SearchPath {
    fn dirs(&self, base: &Path) -> Vec<PathBuf> {
        match self {
            Self::List(dirs) => dirs.iter().map(|dir| base.join(dir)).collect(),
            Self::Text(text) => {
                text.split(':').filter(|dir| !dir.is_empty()).map(|dir| base.join(dir)).collect()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        store = "dir:../store"
        host = "web1"
        id = "00112233445566778899aabbccddeeff"
        fleet-id = "0000000000000000000000000000000000000000000000000000000000000000"
        root = { version = 1, hash = "0000000000000000000000000000000000000000000000000000000000000000" }
    "#;

    #[test]
    fn paths_are_relative_to_the_file() {
        let text = format!("{MINIMAL}\nidentity = \"id\"\npath = \"bin:/sbin\"\n");
        let config = Config::parse(&text, Path::new("/x/y")).unwrap();
        assert_eq!(config.store.url(), "dir:/x/y/../store");
        assert_eq!(config.identity, Path::new("/x/y/id"));
        assert_eq!(config.search_path(), [PathBuf::from("/x/y/bin"), "/sbin".into()]);
        assert_eq!((config.channel.as_str(), config.drift), ("main", Drift::Repair));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        let error = Config::parse(&format!("{MINIMAL}\nstroe = 1\n"), Path::new("/")).unwrap_err();
        assert!(error.to_string().contains("stroe"), "{error}");
        let table = MINIMAL.replace("\"dir:../store\"", "{ url = \"s3://b/p\", regoin = \"x\" }");
        assert!(Config::parse(&table, Path::new("/")).is_err());
    }
}
