//! What publish and refresh share: store, channel, keys; and the numbers of this machine's publishes.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::watched::Watched;
use crate::{fleet, trust};
use cmc_bundles::publish::{LIFETIME, Published, Publisher, Roots};
use cmc_bundles::root::Counters;
use cmc_bundles::span::span;
use cmc_bundles::sshsig::Signer;
use cmc_bundles::store::Store;
use cmc_bundles::vault::Vault;
use cmc_bundles::{Channel, Error};
use cmc_types::{ParseError, Timespan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Options of what publishes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Channeled {
    /// The channel
    #[arg(long, default_value = "main")]
    pub(crate) channel: Channel,
    /// How long hosts take this for current without another publish or refresh [default: 30d]
    #[arg(long, value_name = "SPAN", value_parser = lifetime)]
    lifetime: Option<Timespan>,
    /// This machine's clock is right, although the last timestamp says otherwise: another publisher's was wrong
    #[arg(long)]
    clock_is_right: bool,
    #[command(flatten)]
    pub(crate) with: fleet::With,
}

/// A life that hosts can use.
fn lifetime(text: &str) -> Result<Timespan, String> {
    let life: Timespan = text.parse().map_err(|error: ParseError| error.to_string())?;
    if life.as_secs() == 0 {
        return Err("hosts would refuse it at once; expected a second or more".to_owned());
    }
    Ok(life)
}

impl Channeled {
    /// The life of timestamps in seconds.
    pub(crate) fn lifetime(&self) -> u64 {
        self.lifetime.map_or(LIFETIME, Timespan::as_secs)
    }
}

/// Everything a [`Publisher`] borrows.
pub(crate) struct Publishing {
    directory: PathBuf,
    store: Box<dyn Store>,
    roots: Roots,
    vault: Option<Vault>,
    vault_bytes: Vec<u8>,
    channel: Channel,
    signers: Vec<Box<dyn Signer>>,
    clock_is_right: bool,
    terminal: Terminal,
    _progress: Progress,
}

impl Publishing {
    /// Opens store, vault and keys.
    pub(crate) fn open(
        directory: &Path,
        args: &Channeled,
        keys: &KeyArgs,
        roots: Roots,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let vault = Some(trust::vault(directory, &roots, keys)?);
        Ok(Self { vault, ..Self::without_vault(directory, args, keys, roots, terminal)? })
    }

    /// The same without the vault, which renewing a timestamp does not need.
    pub(crate) fn without_vault(
        directory: &Path,
        args: &Channeled,
        keys: &KeyArgs,
        roots: Roots,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let most = roots.newest().root().max_fresh;
        if let Some(asked) = args.lifetime.filter(|asked| asked.as_secs() > most) {
            let asked = span(asked.as_secs());
            terminal
                .warn(&format!("--lifetime {asked}: the root of trust allows no more than {}", span(most)));
        }
        let (store, progress) = store(directory, &args.with, terminal)?;
        Ok(Self {
            directory: directory.to_owned(),
            store,
            _progress: progress,
            vault: None,
            vault_bytes: trust::sealed_vault(directory, &roots)?,
            channel: args.channel.clone(),
            clock_is_right: args.clock_is_right,
            terminal: terminal.clone(),
            signers: trust::signers(&roots, keys)?,
            roots,
        })
    }

    /// The store's name, for messages.
    pub(crate) fn store_name(&self) -> &str {
        self.store.name()
    }

    /// Publishes or renews, and remembers the numbers as far as it can: what is published stays so.
    pub(crate) fn run(
        &self,
        work: impl FnOnce(&Publisher<'_>) -> Result<Published, Error>,
    ) -> Result<Published, Failure> {
        let signers: Vec<&dyn Signer> = self.signers.iter().map(AsRef::as_ref).collect();
        let publisher = Publisher {
            store: self.store.as_ref(),
            roots: &self.roots,
            vault: self.vault.as_ref(),
            vault_bytes: &self.vault_bytes,
            channel: &self.channel,
            signers: &signers,
            clock: &fleet::now,
            clock_is_right: self.clock_is_right,
            seen: seen(&self.directory, &self.channel),
        };
        let published = work(&publisher)?;
        if remember(&self.directory, &self.channel, published.seen()).is_err() {
            self.terminal.warn(
                "cannot write .cmc/seen.json: a store that is put back to before this would not be noticed",
            );
        }
        Ok(published)
    }
}

/// The fleet's store, which shows how far publishing is.
fn store(
    directory: &Path,
    with: &fleet::With,
    terminal: &Terminal,
) -> Result<(Box<dyn Store>, Progress), Failure> {
    let store = fleet::store(directory, with, terminal)?;
    let progress = terminal.progress(&format!("publishing to {}", store.name()));
    let teller = progress.teller(&format!("publishing to {}", store.name()));
    Ok((Box::new(Watched::new(store, teller)), progress))
}

fn seen_file(directory: &Path) -> PathBuf {
    directory.join(".cmc/seen.json")
}

fn all_seen(directory: &Path) -> BTreeMap<String, Counters> {
    // What is lost or damaged only weakens the check for old stores; the roots still hold.
    std::fs::read(seen_file(directory))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// The highest numbers that this machine published on a channel; what it only read is not among them.
pub(crate) fn seen(directory: &Path, channel: &Channel) -> Counters {
    all_seen(directory).get(channel.as_str()).copied().unwrap_or_default()
}

fn remember(directory: &Path, channel: &Channel, counters: Counters) -> Result<(), Failure> {
    let mut all = all_seen(directory);
    if all.insert(channel.as_str().to_owned(), counters) == Some(counters) {
        return Ok(());
    }
    let text = serde_json::to_vec_pretty(&all).map_err(|error| Failure::failed(error.to_string()))?;
    crate::durable::write(&seen_file(directory), &text, 0o644)
}

/// What git sets for its hooks, by which it would look at another repository than the fleet's.
const HOOK: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];

fn git(directory: &Path, args: &[&str]) -> Option<std::process::Output> {
    let mut command = std::process::Command::new("git");
    for name in HOOK {
        command.env_remove(name);
    }
    command.env("GIT_OPTIONAL_LOCKS", "0").arg("-C").arg(directory).args(args).output().ok()
}

/// What stands behind a commit whose work tree had changes.
const DIRTY: &str = "-dirty";

/// The commit that the fleet's directory is at, if it is in a git repository, with `-dirty` behind it when something in
/// the directory is not committed as it is.
pub(crate) fn commit(directory: &Path) -> Option<String> {
    let output = git(directory, &["rev-parse", "--verify", "HEAD"])?;
    let mut commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    if !output.status.success() || commit.is_empty() {
        return None;
    }
    let changes = git(directory, &["status", "--porcelain", "--", ".", ":(exclude).cmc"])?;
    if !changes.status.success() || !changes.stdout.is_empty() {
        commit.push_str(DIRTY);
    }
    Some(commit)
}

/// Whether the first commit is an ancestor of the second; `None` if git does not know them.
pub(crate) fn is_ancestor(directory: &Path, theirs: &str, ours: &str) -> Option<bool> {
    let (theirs, ours) = (clean(theirs)?, clean(ours)?);
    match git(directory, &["merge-base", "--is-ancestor", theirs, ours])?.status.code() {
        Some(0) => Some(true),
        Some(1) => Some(false),
        _ => None,
    }
}

/// The commit itself, which git cannot take for an option.
fn clean(commit: &str) -> Option<&str> {
    let commit = commit.strip_suffix(DIRTY).unwrap_or(commit);
    (!commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(commit)
}
