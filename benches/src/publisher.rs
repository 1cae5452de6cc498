//! A fleet's keys and a publish with them, through the library as `cmc publish` does it.

use crate::failure::{Context as _, Failure, ensure};
use crate::fleet::NAME;
use crate::render;
use cmc_bundles::Channel;
use cmc_bundles::init::{NewFleet, init_fleet};
use cmc_bundles::publish::{Published, Publisher, Request, Roots, verify_store};
use cmc_bundles::root::Counters;
use cmc_bundles::seal::{DirContents, Preparer};
use cmc_bundles::sshsig::{FileSigner, Signer};
use cmc_bundles::store::Store;
use cmc_types::plan::Plan;
use cmc_types::receipt::{Receipt, Verdict};
use std::collections::BTreeMap;
use std::path::Path;

/// A fleet's keys.
pub(crate) struct Keys {
    /// Fresh keys, root and vault.
    pub(crate) fleet: NewFleet,
    /// The root as hosts pin it.
    pub(crate) roots: Roots,
    /// The channel.
    pub(crate) channel: Channel,
    signer: FileSigner,
}

impl Keys {
    pub(crate) fn new() -> Result<Self, Failure> {
        let fleet = init_fleet(NAME, now()).context("keys")?;
        let roots = Roots::parse([fleet.root.as_slice()]).context("root")?;
        let signer = FileSigner::parse(fleet.operator_key.as_bytes(), "operator").context("key")?;
        Ok(Self { fleet, roots, signer, channel: Channel::parse("main").context("channel")? })
    }

    /// Publishes what the definitions in `dir` give.
    pub(crate) fn publish(&self, dir: &Path, store: &dyn Store) -> Result<Published, Failure> {
        let plan = render::plan(dir)?;
        let receipts = receipts(&plan);
        let contents = DirContents { root: dir.to_owned() };
        let mut preparer = Preparer::new(&contents, &receipts);
        for host in &plan.hosts {
            preparer.add(host).map_err(|errors| Failure(format!("{}: {errors:?}", host.host)))?;
        }
        let prepared = preparer.finish();
        let signers: [&dyn Signer; 1] = [&self.signer];
        let publisher = Publisher {
            store,
            roots: &self.roots,
            vault: Some(&self.fleet.opened),
            vault_bytes: &self.fleet.vault,
            channel: &self.channel,
            signers: &signers,
            clock: &now,
            clock_is_right: true,
            seen: Counters::default(),
        };
        publisher.publish(&prepared, &contents, &Request::default()).context("publish")
    }

    /// Opens and hashes all that the store holds.
    pub(crate) fn verify(&self, store: &dyn Store) -> Result<(), Failure> {
        let keys = self.fleet.opened.identities().context("fleet key")?;
        let verified =
            verify_store(store, &self.roots, keys, &self.channel, Default::default()).context("verify")?;
        ensure(verified.problems.is_empty(), || format!("the store is damaged: {:?}", verified.problems))
    }
}

/// The wall clock in Unix seconds.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// That every file passed a check, as validators would have said.
fn receipts(plan: &Plan) -> Vec<Receipt> {
    let files = plan.hosts.iter().flat_map(|host| host.files());
    let receipts = files.filter_map(|(_, file)| {
        let b3 = file.entry.b3?;
        Some(Receipt {
            validator: "text".to_owned(),
            version: "1".to_owned(),
            argv: Vec::new(),
            subjects: BTreeMap::from([(file.entry.path.clone(), b3)]),
            inputs: b3,
            verdict: Verdict::Passed,
            warnings: Vec::new(),
            isolation: Vec::new(),
            required: true,
            dummies: false,
            program: None,
            made: 0,
        })
    });
    receipts.collect()
}
