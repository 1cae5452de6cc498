//! `cmc init`.

use crate::commands::{host, trust};
use crate::exit::{Failure, io};
use crate::terminal::{Terminal, called};
use crate::{durable, interrupt, trust as pin};
use cmc_bundles::Channel;
use cmc_bundles::keys::MemberKey;
use cmc_types::HostName;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Make a fleet to begin with: definitions, keys, root of trust, and an example host
///
/// It checks, builds and publishes as it is, into a store in its own directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc init my-fleet && cd my-fleet && cmc build && cmc publish")]
pub(crate) struct Args {
    /// Directory of the fleet, which must be empty or absent
    dir: PathBuf,
}

/// The example's files.
const FILES: &[(&str, &str, u32)] = &[
    ("fleet.toml", include_str!("../init/fleet.toml"), 0o644),
    ("hosts/web1.toml", include_str!("../init/hosts/web1.toml"), 0o644),
    ("services/hello.toml", include_str!("../init/services/hello.toml"), 0o644),
    ("templates/hello/hello.conf.j2", include_str!("../init/templates/hello/hello.conf.j2"), 0o644),
    ("files/hello.sh", include_str!("../init/files/hello.sh"), 0o755),
    (".gitignore", IGNORED, 0o644),
];

/// What git ignores in a fleet.
pub(crate) const IGNORED: &str = include_str!("../init/gitignore");

/// Name of the example's host.
const HOST: &str = "web1";

/// Writes everything; a directory that holds something is refused.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let dir = directory.join(&args.dir);
    if std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::failed(format!("{} is not empty", dir.display()))
            .help("name a directory that does not exist yet"));
    }
    // A fleet without its keys, or half of an example, would be of no use.
    let _whole = interrupt::whole();
    std::fs::create_dir_all(&dir).map_err(|error| io("create", &dir, &error))?;
    let full = dir.canonicalize().map_err(|error| io("find", &dir, &error))?;
    let name = fleet_name(&full);
    let new = trust::begin(&name, &dir)?;
    let key = MemberKey::generate();
    let recipient = key.recipient()?;
    let host_name = HostName::parse(HOST).map_err(|error| Failure::failed(error.to_string()))?;
    let id = new.opened.host_id(&host_name).to_string();
    // What can be refused comes first: a directory that holds nothing yet may be named again.
    let keys = trust::write(&new, &dir, terminal)?;
    for (path, text, mode) in FILES {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| io("create", parent, &error))?;
        }
        let text =
            text.replace("@FLEET@", &name).replace("@ID@", &id).replace("@RECIPIENT@", recipient.as_str());
        durable::create(&path, text.as_bytes(), *mode)?;
    }
    example_host(&dir, &id, &key)?;
    let shown = cmc_types::shell::words(&[called(&dir).to_string()]);
    terminal.done(
        &format!("made {shown}. Next:\n  cmc -C {shown} build\n  cmc -C {shown} publish"),
        &serde_json::json!({ "directory": dir, "fleet": name, "fleet-id": new.fleet_id, "keys": keys, "host": HOST }),
    )
}

/// The example host's key and configuration, outside the repository: `.cmc/` is ignored by git.
fn example_host(dir: &Path, id: &str, key: &MemberKey) -> Result<(), Failure> {
    let host = dir.join(".cmc/hosts").join(HOST);
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&host);
    made.map_err(|error| io("create", &host, &error))?;
    durable::create(&host.join("identity"), format!("{}\n", key.expose()).as_bytes(), 0o600)?;
    let roots = pin::load(dir)?;
    let store = cmc_types::definition::Store::Url("dir:store".to_owned());
    let mut line = host::enrolment(HOST, id, &Channel::main(), dir, Some(&store), &roots)?;
    // The example may be moved with its store.
    line["store"] = "dir:../../../store".into();
    let config = host::fetch_config(&line)?;
    durable::create(&host.join("fetch.toml"), config.as_bytes(), 0o644)
}

/// A fleet's name from its directory's: what is no letter or digit becomes `-`.
pub(crate) fn fleet_name(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .take(63)
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "fleet".to_owned() } else { name.to_owned() }
}
