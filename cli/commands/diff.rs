//! `cmc diff`.

mod markdown;

use crate::args::Format;
use crate::exit::{FINDINGS, Failure};
use crate::findings::markdown::code;
use crate::published::{Published, PublishedArgs};
use crate::secrets::FileSecrets;
use crate::terminal::Terminal;
use crate::{fleet, trust};
use cmc_bundles::bundle::BundleJson;
use cmc_bundles::publish::{FileChange, HostDiff, ServiceDiff, diff_host};
use cmc_bundles::{FleetId, HostId};
use cmc_types::Blake3;
use cmc_types::plan::{HostPlan, Plan};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Show what a publish would change: hosts, services, files, commands that hosts would run
///
/// The content of secrets is never shown: a file that holds one is only said to be changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc diff\n  cmc diff --format json\n  cmc diff --format markdown")]
pub(crate) struct Args {
    #[command(flatten)]
    published: PublishedArgs,
}

/// Compiles, reads what is published, compares.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    fleet::is_fleet(directory)?;
    let roots = trust::load(directory)?;
    let fleet_id: FleetId = roots.newest().fleet_id();
    let secrets = Arc::new(FileSecrets::new(directory, Some(args.published.keys.identities(fleet_id)?)));
    let compiled = fleet::compile(directory, &args.published.with, secrets, terminal)?;
    let Some(plan) = compiled.plan.filter(|_| !compiled.findings.has_errors()) else {
        compiled.findings.show(terminal, serde_json::json!({}))?;
        return Err(Failure::shown(FINDINGS));
    };
    let published = Published::open(directory, &args.published, terminal)?;
    let Published { vault, store, .. } = &published;
    let current = published.current()?;
    let manifests = match &current {
        Some(current) => {
            let ids: Vec<HostId> = current.hosts().map(|(id, _)| *id).collect();
            current.manifests(store.as_ref(), &ids)?
        }
        None => BTreeMap::new(),
    };
    // What several hosts have is read once.
    let mut opened: BTreeMap<Blake3, BundleJson> = BTreeMap::new();
    let mut diffs = Vec::new();
    let mut planned = std::collections::BTreeSet::new();
    let mut empty = Vec::new();
    for host in &plan.hosts {
        let id = match &host.id {
            Some(id) => HostId::parse(id)
                .map_err(|error| Failure::failed(format!("host {}: id: {error}", host.host)))?,
            None => vault.host_id(&host.host),
        };
        if host.recipient.is_some() {
            planned.insert(id);
        }
        if !manifests.contains_key(&id) && host.services.is_empty() && host.recipient.is_some() {
            empty.push(host.host.to_string());
        }
        let mut bundles = Vec::new();
        if let (Some(current), Some(manifest)) = (&current, manifests.get(&id)) {
            for bundle in &manifest.bundles {
                let json = match opened.get(&bundle.digest) {
                    Some(json) => BundleJson::clone(json),
                    None => current.bundle(store.as_ref(), bundle)?.json().clone(),
                };
                opened.entry(bundle.digest).or_insert_with(|| json.clone());
                bundles.push(json);
            }
        }
        diffs.extend(diff_host(&bundles, host, true));
    }
    let gone: Vec<String> = manifests
        .iter()
        .filter(|(id, _)| !planned.contains(*id))
        .map(|(_, manifest)| manifest.host.to_string())
        .collect();
    if terminal.is_json() {
        return terminal.document(&serde_json::json!({
            "hosts": diffs, "empty": empty, "gone": gone, "published": current.is_some(),
        }));
    }
    if terminal.format == Format::Markdown {
        let others =
            others(&plan, &empty, &gone).into_iter().map(|(host, what)| format!("{} {what}", code(host)));
        return terminal.out(&markdown::comment(plan.fleet.as_str(), &diffs, &others.collect::<Vec<_>>()));
    }
    terminal.out(&text(&plan, &diffs, &empty, &gone, terminal))
}

/// Hosts whose services do not differ but of which something is to be said.
fn others<'a>(plan: &Plan, empty: &'a [String], gone: &'a [String]) -> Vec<(&'a str, String)> {
    let what = "is not published yet and gets no service: what it has of an earlier release is removed";
    let empty = empty.iter().map(|host| (host.as_str(), what.to_owned()));
    let gone = gone.iter().map(|host| {
        let why = match plan.host(host) {
            Some(_) => "has no `recipient` any more",
            None => "is no longer in the fleet",
        };
        (host.as_str(), format!("{why}: it keeps what it has"))
    });
    empty.chain(gone).collect()
}

fn text(plan: &Plan, diffs: &[HostDiff], empty: &[String], gone: &[String], terminal: &Terminal) -> String {
    let paint = |sgr: &str, text: &str| {
        if terminal.color_out { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let mut text = String::new();
    for diff in diffs {
        let recipient = plan.host(diff.host.as_str()).and_then(|host: &HostPlan| host.recipient.as_ref());
        let note = if recipient.is_none() { " (no recipient: not published to)" } else { "" };
        text.push_str(&format!("{}{note}\n", paint("1", diff.host.as_str())));
        diff.services.iter().for_each(|service| text.push_str(&service_text(service, &paint)));
    }
    for (host, what) in others(plan, empty, gone) {
        text.push_str(&format!("{} {what}\n", paint("1", host)));
    }
    if text.is_empty() { "nothing differs from what is published\n".to_owned() } else { text }
}

fn service_text(service: &ServiceDiff, paint: &dyn Fn(&str, &str) -> String) -> String {
    let mark = match (service.published, service.planned) {
        (false, _) => paint("32", "+"),
        (_, false) => paint("31", "-"),
        _ => paint("33", "~"),
    };
    let mut text = format!("  {mark} {}\n", service.service);
    for file in &service.files {
        let mark = match file.change {
            FileChange::Added => paint("32", "+"),
            FileChange::Removed => paint("31", "-"),
            FileChange::Content | FileChange::Attributes => paint("33", "~"),
        };
        let block = file.block.as_ref().map(|block| format!(" (block {block})")).unwrap_or_default();
        let note = match (file.change, file.secret) {
            (FileChange::Content, true) => " (secret changed)",
            (FileChange::Attributes, _) => " (mode or owner)",
            _ => "",
        };
        text.push_str(&format!("    {mark} {}{block}{note}\n", file.path));
    }
    for (differs, what) in [(service.actions, "commands differ"), (service.checks, "health checks differ")] {
        if differs && service.published && service.planned {
            text.push_str(&format!("    {what}\n"));
        }
    }
    for argv in &service.runs {
        text.push_str(&format!("    runs {}\n", cmc_types::shell::words(argv)));
    }
    text
}
