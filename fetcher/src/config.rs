//! `fetch.toml`: where a host gets its configuration from and who it trusts. Unknown keys are errors.

use crate::error::{Error, Result};
use crate::owner::Ownership;
use crate::table::{Table, Value};
use cmc_bundles::{Channel, HostId};
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
#[derive(Debug, Clone)]
pub struct Config {
    /// The store.
    pub store: StoreSetting,
    /// The channel; default `main`.
    pub channel: Channel,
    /// This host's name.
    pub host: HostName,
    /// Its identifier in the index: 32 hexadecimal digits.
    pub id: HostId,
    /// File with the age identity or SSH key that opens its manifest.
    pub identity: PathBuf,
    /// File with the SSH key that signs this host's reports; without it none are sent.
    pub reporter: Option<PathBuf>,
    /// The fleet: the digest of its first root.
    pub fleet_id: Blake3,
    /// The root of trust that this host starts from.
    pub root: RootPin,
    /// Whether actions and tests run; by default only under the root `/`.
    pub actions: Option<Actions>,
    /// Whether owners of files are applied; by default when run as root on a root with accounts.
    pub ownership: Option<Ownership>,
    /// What is done about files that were edited.
    pub drift: Drift,
    /// Where bare programs are looked for.
    pub path: Option<Vec<PathBuf>>,
    /// Textfile for node_exporter.
    pub metrics: Option<PathBuf>,
    /// How long fetching may take in all; default 10 minutes.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actions {
    /// They run.
    Run,
    /// They are listed and skipped.
    List,
}

/// What is done about files that were edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drift {
    /// The edited copy is saved and the file repaired.
    #[default]
    Repair,
    /// It is only reported.
    Report,
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
    /// Whether commands and health checks run beneath this root.
    pub fn run_actions(&self, root: &Path) -> bool {
        self.actions.map_or(root == Path::new("/"), |actions| actions == Actions::Run)
    }

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
        let mut file = Table::parse(text)?;
        let store = match file.value("store")? {
            Some(Value::Text(url)) => Some(StoreSetting::Url(url.into_owned())),
            Some(Value::Table(table)) => Some(StoreSetting::Table(store_table(table)?)),
            Some(Value::Texts(_)) => return Err(Error::Config("store is a URL or a table".into())),
            None => None,
        };
        let channel = file.parsed("channel", Channel::parse)?;
        let host = file.parsed("host", HostName::parse)?;
        let id = file.parsed("id", HostId::parse)?;
        let identity = file.text("identity")?;
        let reporter = file.text("reporter")?;
        let fleet_id = file.parsed("fleet-id", Blake3::parse)?;
        let root = match file.value("root")? {
            Some(Value::Table(table)) => Some(pin(table)?),
            Some(_) => return Err(Error::Config("root is a table with version and hash".into())),
            None => None,
        };
        let config = Self {
            store: anchored(file.required("store", store)?, base),
            channel: channel.unwrap_or_else(Channel::main),
            host: file.required("host", host)?,
            id: file.required("id", id)?,
            identity: base.join(identity.as_deref().unwrap_or(DEFAULT_IDENTITY)),
            reporter: reporter.map(|path| base.join(path)),
            fleet_id: file.required("fleet-id", fleet_id)?,
            root: file.required("root", root)?,
            actions: file.choice("actions", &[("run", Actions::Run), ("list", Actions::List)])?,
            ownership: file
                .choice("ownership", &[("apply", Ownership::Apply), ("record", Ownership::Record)])?,
            drift: file
                .choice("drift", &[("repair", Drift::Repair), ("report", Drift::Report)])?
                .unwrap_or_default(),
            path: search_path(file.value("path")?, base)?,
            metrics: file.text("metrics")?.map(|path| base.join(path)),
            deadline: file.parsed("deadline", Timespan::parse)?,
        };
        file.end()?;
        Ok(config)
    }

    /// Directories where bare programs are looked for.
    pub fn search_path(&self) -> Vec<PathBuf> {
        self.path.clone().unwrap_or_else(|| {
            ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                .map(Into::into)
                .into()
        })
    }
}

fn store_table(mut table: Table<'_>) -> Result<StoreTable> {
    let url = table.text("url")?;
    let store = StoreTable {
        url: table.required("url", url)?,
        endpoint: table.text("endpoint")?,
        region: table.text("region")?,
        path_style: table.flag("path-style")?,
        profile: table.text("profile")?,
    };
    table.end()?;
    Ok(store)
}

fn pin(mut table: Table<'_>) -> Result<RootPin> {
    let (version, hash) = (table.number("version")?, table.parsed("hash", Blake3::parse)?);
    let pin = RootPin { version: table.required("version", version)?, hash: table.required("hash", hash)? };
    table.end()?;
    Ok(pin)
}

/// The store, with a directory's path made absolute.
fn anchored(mut store: StoreSetting, base: &Path) -> StoreSetting {
    let (StoreSetting::Url(url) | StoreSetting::Table(StoreTable { url, .. })) = &mut store;
    if let Some(dir) = url.strip_prefix("dir:") {
        *url = format!("dir:{}", base.join(dir).display());
    }
    store
}

/// Directories, as an array or as a text joined by colons.
fn search_path(value: Option<Value<'_>>, base: &Path) -> Result<Option<Vec<PathBuf>>> {
    match value {
        None => Ok(None),
        Some(Value::Texts(dirs)) => Ok(Some(dirs.iter().map(|dir| base.join(&**dir)).collect())),
        Some(Value::Text(text)) => {
            Ok(Some(text.split(':').filter(|dir| !dir.is_empty()).map(|dir| base.join(dir)).collect()))
        }
        Some(Value::Table(_)) => {
            Err(Error::Config("path is an array of directories, or a text joined by ':'".into()))
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
    fn a_mistake_is_named_with_its_line() {
        let wrong = |text: &str| Config::parse(text, Path::new("/")).unwrap_err().to_string();
        let with = |line: &str| wrong(&format!("{MINIMAL}\n{line}\n"));
        assert!(with("stroe = 1").contains("line 8: unknown key stroe; there are: store, channel"));
        assert!(
            with("drift = \"ignore\"")
                .contains("line 8: drift: \"ignore\" is none of \"repair\", \"report\"")
        );
        assert!(with("metrics = 1").contains("line 8: metrics is not a text"));
        assert!(with("deadline = \"5\"").contains("line 8: deadline: the time span lacks a unit"));
        assert!(with("channel = \".x\"").contains("line 8: channel: "));
        assert!(with("path = [1]").contains("line 8: path is not"));
        assert!(with("metrics = \"a").contains("line 8: "));
        let table = MINIMAL.replace("\"dir:../store\"", "{ url = \"s3://b/p\", regoin = \"x\" }");
        assert!(
            wrong(&table).contains("line 2: unknown key regoin; there are: url, endpoint"),
            "{}",
            wrong(&table)
        );
        assert!(wrong(&MINIMAL.replace("host = \"web1\"", "")).contains("the key host is missing"));
        assert!(wrong(&MINIMAL.replace("0011", "00zz")).contains("line 4: id: "));
        assert!(
            wrong(&MINIMAL.replace("version = 1", "version = -1"))
                .contains("line 6: version is not a whole number")
        );
    }

    #[test]
    fn a_store_may_be_a_table_and_a_path_an_array() {
        let text =
            MINIMAL.replace("\"dir:../store\"", "{ url = \"s3://b/p\", path-style = true, region = \"x\" }");
        let config =
            Config::parse(&format!("{text}\npath = [\"bin\", \"/sbin\"]\n"), Path::new("/x")).unwrap();
        let StoreSetting::Table(table) = &config.store else { panic!("{:?}", config.store) };
        assert_eq!(
            (table.url.as_str(), table.path_style, table.region.as_deref()),
            ("s3://b/p", Some(true), Some("x"))
        );
        assert_eq!(config.search_path(), [PathBuf::from("/x/bin"), "/sbin".into()]);
    }
}
