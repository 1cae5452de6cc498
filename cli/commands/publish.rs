//! `cmc publish`.

use crate::exit::{FAILED, FINDINGS, Failure, UNCHECKED};
use crate::keys::KeyArgs;
use crate::publisher::Publishing;
use crate::secrets::FileSecrets;
use crate::terminal::{Terminal, count};
use crate::{built, fleet, lock, removals, trust, validation};
use cmc_bundles::publish::{Changes, Outcome, Published, Request};
use cmc_bundles::seal::{DirContents, Preparer, SealError};
use cmc_bundles::span::date;
use cmc_types::plan::Plan;
use cmc_types::receipt::{Receipt, Verdict};
use cmc_validators::Selection;
use std::path::Path;
use std::sync::Arc;

/// Seal, sign and upload exactly what `cmc build` left
///
/// Files that hold secrets are rendered with the real values, in memory, and validated again. Nothing that hosts read
/// changes before the last step; a publish that changes nothing writes nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc publish\n  cmc publish --channel staging\n  cmc publish --allow-removals 3"
)]
pub(crate) struct Args {
    #[command(flatten)]
    publishing: crate::publisher::Channeled,
    /// Let services leave this many hosts, or this many hosts leave the fleet
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_removals: usize,
    /// Publish although what is published is of a commit that this one does not contain, and undo it
    #[arg(long)]
    allow_older: bool,
    /// Seal and upload everything again, for a store that lost objects
    #[arg(long)]
    rebuild: bool,
    /// Go on although the store lost the channel's pointer, or shows an older one: above all numbers that are known.
    /// RELEASE is one that hosts are at (`cmc-fetch status`), if the store and this machine know less
    #[arg(
        long,
        value_name = "RELEASE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0"
    )]
    recover: Option<u64>,
    #[command(flatten)]
    keys: KeyArgs,
}

/// Publishes the plan of the last build.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    fleet::is_fleet(directory)?;
    let _lock = lock::take(directory, "publish", terminal)?;
    let stale = || {
        Failure::failed("the fleet has changed since `cmc build`, or was never built")
            .help("run `cmc build`, then publish")
    };
    let (planned, mut receipts) = built::load(directory)?.ok_or_else(stale)?;
    let roots = trust::load(directory)?;
    let identities = args.keys.identities(roots.newest().fleet_id())?;

    // The same inputs give the same plan; with the keys, files that hold secrets get their real content.
    let secrets = Arc::new(FileSecrets::new(directory, Some(identities)));
    let compiled = fleet::compile(directory, &args.publishing.with, secrets, terminal)?;
    let mut findings = compiled.findings;
    let Some(mut plan) = compiled.plan.filter(|_| !findings.has_errors()) else {
        findings.show(terminal, serde_json::json!({}))?;
        return Err(Failure::shown(FINDINGS));
    };
    if plan.inputs != planned.inputs {
        return Err(stale());
    }
    required(&receipts)?;
    receipts.retain(|receipt| !receipt.dummies);
    findings.diagnostics.clear();
    let report = validation::run(&plan, directory, Selection::Tainted, None, &mut findings, terminal)?;
    if findings.has_errors() {
        findings.show(terminal, serde_json::json!({}))?;
        return Err(Failure::shown(FINDINGS));
    }
    receipts.extend(report.receipts.into_iter().map(|receipt| receipt.item));
    required(&receipts)?;

    if let Some(left_out) = left_out(&unpublishable(&mut plan)) {
        terminal.warn(&left_out);
    }
    let contents = DirContents { root: directory.to_owned() };
    let prepared = prepare(&plan, &contents, &receipts)?;
    let meant = removals::Meant::by(&plan);
    let guard = |changes: &Changes| removals::guard(changes, &meant, args.allow_removals);
    let publishing = Publishing::open(directory, &args.publishing, &args.keys, roots, terminal)?;
    let is_ancestor = |theirs: &str, ours: &str| crate::publisher::is_ancestor(directory, theirs, ours);
    let request = Request {
        commit: crate::publisher::commit(directory),
        lifetime: args.publishing.lifetime(),
        min_cmc: None,
        rebuild: args.rebuild,
        recover: args.recover,
        is_ancestor: if args.allow_older { None } else { Some(&is_ancestor) },
        guard: &guard,
        ..Request::default()
    };
    let published = publishing.run(|publisher| publisher.publish(&prepared, &contents, &request))?;
    show(&published, publishing.store_name(), terminal)
}

/// Stops if a required check could not be made.
fn required(receipts: &[Receipt]) -> Result<(), Failure> {
    let missing: Vec<String> = receipts
        .iter()
        .filter(|receipt| receipt.required)
        .filter_map(|receipt| match &receipt.verdict {
            Verdict::CouldNotRun { reason } => Some(format!("  {}: {reason}", receipt.validator)),
            _ => None,
        })
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(UNCHECKED, format!("required checks could not be made:\n{}", missing.join("\n"))).help(
        "install the programs and build again, or say validation = \"optional\" where it may be missed",
    ))
}

/// Takes hosts without a key out of the plan and names them.
fn unpublishable(plan: &mut Plan) -> Vec<String> {
    let (with, without): (Vec<_>, Vec<_>) =
        std::mem::take(&mut plan.hosts).into_iter().partition(|host| host.recipient.is_some());
    plan.hosts = with;
    without.into_iter().map(|host| host.host.to_string()).collect()
}

/// Says which hosts have no key, in one line however many they are.
fn left_out(hosts: &[String]) -> Option<String> {
    let enrol = "`cmc-fetch enroll` prints it there, it goes into the host's definition";
    match hosts {
        [] => None,
        [host] => Some(format!("{host} is left out: it has no `recipient` yet; {enrol}")),
        _ => Some(format!(
            "{} hosts are left out: they have no `recipient` yet; {enrol}: {}",
            hosts.len(),
            hosts.join(", ")
        )),
    }
}

fn prepare(
    plan: &Plan,
    contents: &DirContents,
    receipts: &[Receipt],
) -> Result<cmc_bundles::seal::Prepared, Failure> {
    let mut preparer = Preparer::new(contents, receipts);
    let errors: Vec<SealError> =
        plan.hosts.iter().filter_map(|host| preparer.add(host).err()).flatten().collect();
    if errors.is_empty() {
        return Ok(preparer.finish());
    }
    let code = errors.iter().map(SealError::exit_code).max().unwrap_or(FAILED);
    let lines: Vec<_> = errors.iter().take(20).map(ToString::to_string).collect();
    let more = errors.len().saturating_sub(lines.len());
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    Err(Failure::new(code, format!("{}{more}", lines.join("\n"))))
}

/// Says what a publish did.
pub(crate) fn show(published: &Published, store: &str, terminal: &Terminal) -> Result<(), Failure> {
    if terminal.is_json() {
        let document = serde_json::to_value(published)
            .map_err(|error| Failure::failed(format!("could not print the result: {error}")))?;
        return terminal.document(&document);
    }
    let what = match published.outcome {
        Outcome::Unchanged => format!("{store} has this already: release {}", published.release.version),
        Outcome::Renewed => format!(
            "{store} has this already; renewed the timestamp over release {}",
            published.release.version
        ),
        Outcome::Released => format!(
            "published release {} to {store}: {} of {} changed, {}{} sealed, {} reused, {} written",
            published.release.version,
            published.changes.differing(),
            count(published.changes.planned, "host"),
            match published.changes.dropped().len() {
                0 => String::new(),
                dropped => format!("{} no longer in the fleet, ", count(dropped, "host")),
            },
            published.sealed,
            published.reused,
            count(published.written.len(), "object"),
        ),
    };
    terminal.say(&format!("{what}; good until {}", date(published.expires)));
    Ok(())
}
