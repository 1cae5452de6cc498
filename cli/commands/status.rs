//! `cmc status`.

use crate::exit::{FAILED, Failure, TRUST};
use crate::fleet;
use crate::published::{Published, PublishedArgs};
use crate::reports::{self, Reports, Told};
use crate::terminal::Terminal;
use cmc_bundles::HostId;
use cmc_bundles::publish::never_published;
use cmc_bundles::span::span;
use cmc_compiler::tree::Node;
use serde_json::json;
use std::path::Path;

/// Show what is published: release, age, expiry, each host's services, and what hosts report
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  cmc status --channel staging\n\nExits with 5 if the timestamp has expired or is from the future, else with 1 if a host reports\nthat something is not as the release wants it, or its report is not believed."
)]
pub(crate) struct Args {
    #[command(flatten)]
    published: PublishedArgs,
}

/// Reads and verifies what is published.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    fleet::is_fleet(directory)?;
    let published = Published::open(directory, &args.published, terminal)?;
    let Published { store, channel, .. } = &published;
    let current = published.current()?.ok_or_else(|| never_published(channel))?;
    let ids: Vec<HostId> = current.hosts().map(|(id, _)| *id).collect();
    let manifests = current.manifests(store.as_ref(), &ids)?;
    let mut hosts: Vec<_> = manifests
        .into_values()
        .map(|manifest| {
            let bundles = manifest.bundles.iter();
            let services = bundles.map(|bundle| (bundle.service.to_string(), bundle.digest.to_string()));
            (manifest.host, manifest.id, services.collect::<Vec<_>>())
        })
        .collect();
    hosts.sort();
    let loaded = fleet::load(directory, &args.published.with)?;
    let mut reports = Reports::open(&published, &args.published.keys, current.timestamp().release)?;
    let mut told = Vec::new();
    for (host, id, _) in &hosts {
        let path = ["host", host.as_str()];
        let definition = loaded.document.as_ref().and_then(|document| document.get(&path)).map(Node::to_json);
        let reporter = definition.as_ref().and_then(|host| host["reporter"].as_str());
        told.push(reports.of(host, id, reporter));
    }
    if reports.remember().is_err() {
        terminal.warn("cannot write .cmc/reports.json: an old report that is put back would not be noticed");
    }
    let (release, stamp, now) = (current.release(), current.timestamp(), fleet::now());
    let ahead = stamp.issued.saturating_sub(now);
    let is_ahead = ahead > cmc_bundles::client::AHEAD;
    let amiss = told.iter().any(Told::is_bad);
    let verdict = match () {
        () if is_ahead || stamp.expires < now => Err(Failure::shown(TRUST)),
        () if amiss => Err(Failure::shown(FAILED)),
        () => Ok(()),
    };
    if terminal.is_json() {
        let hosts: Vec<_> = hosts
            .iter()
            .zip(&told)
            .map(|((host, _, services), told)| {
                let services: serde_json::Map<_, _> =
                    services.iter().map(|(name, digest)| (name.clone(), digest.clone().into())).collect();
                let (mut report, mut refused, mut follows) = (None, None, None);
                match told {
                    Told::Nothing => {}
                    Told::Refused(why) => refused = Some(why),
                    Told::Elsewhere(channel) => follows = Some(channel),
                    Told::Report(told) => (report, follows) = (Some(told), Some(&told.channel)),
                }
                json!({
                    "host": host, "services": services, "follows": follows, "report": report,
                    "report-refused": refused,
                })
            })
            .collect();
        terminal.document(&json!({
            "store": store.name(), "channel": channel, "release": release.version, "commit": release.commit,
            "serial": stamp.serial, "issued": stamp.issued, "expires": stamp.expires, "hosts": hosts,
        }))?;
        return verdict;
    }
    let commit = release.commit.as_ref().map(|commit| format!(" of commit {commit}")).unwrap_or_default();
    let mut text = format!("{} channel {channel}: release {}{commit}\n", store.name(), release.version);
    let made = match is_ahead {
        true => format!("made {} AHEAD of this machine's clock: one of the clocks is wrong", span(ahead)),
        false => format!("made {} ago", span(now.saturating_sub(stamp.issued))),
    };
    text.push_str(&format!("timestamp {}, {made}, ", stamp.serial));
    match stamp.expires.checked_sub(now) {
        Some(left) if left <= stamp.expires.saturating_sub(stamp.issued) / 3 => {
            text.push_str(&format!("good for {} more only: `cmc refresh` or publish\n", span(left)));
        }
        Some(left) => text.push_str(&format!("good for {}\n", span(left))),
        None => text.push_str("EXPIRED: `cmc refresh` or publish\n"),
    }
    for ((host, _, published), told) in hosts.iter().zip(&told) {
        let services: Vec<_> = published
            .iter()
            .map(|(name, digest)| format!("{name} {}", digest.get(..8).unwrap_or(digest)))
            .collect();
        text.push_str(&format!("{host}\t{}\n", services.join(", ")));
        text.push_str(&reports::text(told, published, now, span));
    }
    terminal.out(&text)?;
    verdict
}
