//! Plan against what is published, as data: services, files, and the commands that hosts will run.

use crate::bundle::BundleJson;
use crate::ids::hash;
use cmc_types::check::FileEntry;
use cmc_types::passage::{Passage, Side, Way};
use cmc_types::plan::{Content, HostPlan, PlannedFile, ServicePlan};
use cmc_types::{Blake3, HostName, ServiceName, UnixPath};
use serde::Serialize;
use std::collections::BTreeMap;

/// What happens to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileChange {
    /// It is new.
    Added,
    /// It leaves.
    Removed,
    /// Its content, target or kind is another.
    Content,
    /// Only mode, owner or group are others.
    Attributes,
}

/// A path that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileDiff {
    /// The path.
    pub path: UnixPath,
    /// Name of the managed block, for blocks.
    pub block: Option<String>,
    /// How.
    pub change: FileChange,
    /// Whether its content comes from a secret, and so is not to be shown.
    pub secret: bool,
    /// blake3 of the published content; none for secrets.
    pub before: Option<Blake3>,
    /// blake3 of the planned content; none for secrets.
    pub after: Option<Blake3>,
}

/// A service that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceDiff {
    /// The service.
    pub service: ServiceName,
    /// Whether it is published for this host.
    pub published: bool,
    /// Whether it is planned for this host.
    pub planned: bool,
    /// Files, by path.
    pub files: Vec<FileDiff>,
    /// Whether its list of actions is another.
    pub actions: bool,
    /// Whether its health checks are others.
    pub checks: bool,
    /// Commands that the host will run for it, in order.
    pub runs: Vec<Vec<String>>,
}

/// A host that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostDiff {
    /// The host.
    pub host: HostName,
    /// Services that differ: those of the plan in its order, then those that leave.
    pub services: Vec<ServiceDiff>,
}

/// Compares a host's plan with its published bundles; `None` if nothing differs. `secrets` says whether the plan's
/// tainted files hold their real content: with typed dummies their content is not compared.
pub fn diff_host(published: &[BundleJson], plan: &HostPlan, secrets: bool) -> Option<HostDiff> {
    let mut services = Vec::new();
    for service in &plan.services {
        let old = published.iter().find(|bundle| bundle.service == service.service);
        services.extend(diff_service(old, service, secrets));
    }
    for bundle in published {
        if !plan.services.iter().any(|service| service.service == bundle.service) {
            services.push(leaving(bundle));
        }
    }
    if services.is_empty() { None } else { Some(HostDiff { host: plan.host.clone(), services }) }
}

type Key = (UnixPath, Option<String>);

fn key(entry: &FileEntry) -> Key {
    (entry.path.clone(), entry.block.as_ref().map(|block| block.name.clone()))
}

fn diff_service(old: Option<&BundleJson>, new: &ServicePlan, secrets: bool) -> Option<ServiceDiff> {
    let before: BTreeMap<Key, &FileEntry> = old.iter().flat_map(|b| &b.files).map(|f| (key(f), f)).collect();
    let after: BTreeMap<Key, &PlannedFile> = new.files.iter().map(|f| (key(&f.entry), f)).collect();
    let mut files = Vec::new();
    for (key, file) in &after {
        files.extend(diff_file(key, before.get(key).copied(), file, secrets));
    }
    for (key, entry) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
        files.push(removed(key, entry));
    }
    files.sort_by(|a, b| (&a.path, &a.block).cmp(&(&b.path, &b.block)));
    let actions = old.is_none_or(|old| old.actions != new.actions);
    let checks = old.is_none_or(|old| old.checks != new.checks);
    let capture = old.is_some_and(|old| old.capture != new.capture);
    if old.is_some() && files.is_empty() && !actions && !checks && !capture {
        return None;
    }
    let runs = runs(old, Some(new), &files);
    Some(ServiceDiff {
        service: new.service.clone(),
        published: old.is_some(),
        planned: true,
        runs,
        files,
        actions,
        checks,
    })
}

/// The planned content's blake3, if it is known.
fn digest(file: &PlannedFile) -> Option<Blake3> {
    match &file.content {
        Content::Bytes(bytes) => Some(hash(bytes)),
        Content::Source { b3, .. } => Some(*b3),
        Content::None => file.entry.b3,
    }
}

fn diff_file(key: &Key, old: Option<&FileEntry>, new: &PlannedFile, secrets: bool) -> Option<FileDiff> {
    let after = digest(new);
    let compared = !new.tainted || secrets;
    let change = match old {
        None => FileChange::Added,
        Some(old) if old.kind != new.entry.kind || old.target != new.entry.target => FileChange::Content,
        Some(old) if old.block != new.entry.block || (compared && old.b3 != after) => FileChange::Content,
        Some(old) => {
            let owner = |entry: &FileEntry| (entry.mode, entry.user.clone(), entry.group.clone());
            if owner(old) == owner(&new.entry) {
                return None;
            }
            FileChange::Attributes
        }
    };
    let shown = |b3: Option<Blake3>| b3.filter(|_| !new.tainted);
    let (before, after) = (shown(old.and_then(|old| old.b3)), shown(after));
    Some(FileDiff { path: key.0.clone(), block: key.1.clone(), change, secret: new.tainted, before, after })
}

/// A path that leaves. Whether it held a secret is not known, so its digest is shown only for what is surely public:
/// content that everybody may read.
fn removed(key: &Key, entry: &FileEntry) -> FileDiff {
    let public = entry.mode.is_some_and(|mode| mode.world_readable());
    FileDiff {
        path: key.0.clone(),
        block: key.1.clone(),
        change: FileChange::Removed,
        secret: !public && entry.b3.is_some(),
        before: entry.b3.filter(|_| public),
        after: None,
    }
}

/// The commands that a host runs for the change, each once.
fn runs(old: Option<&BundleJson>, new: Option<&ServicePlan>, files: &[FileDiff]) -> Vec<Vec<String>> {
    let touched = files.iter().map(|file| file.path.clone()).collect();
    let passage = Passage {
        from: old.map(|old| Side { files: old.files.iter().collect(), actions: &old.actions }),
        to: new.map(|new| Side {
            files: new.files.iter().map(|file| &file.entry).collect(),
            actions: &new.actions,
        }),
        touched: &touched,
        way: Way::Forward,
    };
    let mut runs: Vec<Vec<String>> = Vec::new();
    for action in passage.before().into_iter().chain(passage.after()) {
        if !runs.contains(&action.argv) {
            runs.push(action.argv.clone());
        }
    }
    runs
}

fn leaving(bundle: &BundleJson) -> ServiceDiff {
    let files: Vec<_> = bundle.files.iter().map(|entry| removed(&key(entry), entry)).collect();
    ServiceDiff {
        service: bundle.service.clone(),
        published: true,
        planned: false,
        runs: runs(Some(bundle), None, &files),
        files,
        actions: true,
        checks: !bundle.checks.is_empty(),
    }
}
