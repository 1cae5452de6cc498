//! The compiler as a whole: definitions in, plan and findings out.

use crate::activity::Activity;
use crate::files::source::Payloads;
use crate::findings::Findings;
use crate::fleet::Fleet;
use crate::hosts::{self, Placed};
use crate::limits::Limits;
use crate::load::{LoadOptions, load};
use crate::merge::Written;
use crate::prepared::Preparing;
use crate::query::Variables;
use crate::secret::Secrets;
use crate::select::Selection;
use crate::world::{Losses, World};
use crate::{checks, tree, unreached, workers};
use cmc_types::definition::Validator;
use cmc_types::plan::{HostAddress, HostPlan, Plan};
use cmc_types::{Blake3, Diagnostic, ServiceName, Sources, codes};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// How to compile.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// How to load.
    pub load: LoadOptions,
    /// Bounds on resolving and rendering.
    pub limits: Limits,
    /// Names of the validators that `check` may name besides the fleet's own; empty: any name will do.
    pub validators: Vec<String>,
    /// Told what is being rendered.
    pub activity: Arc<Activity>,
}

/// A compiled fleet.
#[derive(Debug)]
pub struct Compiled {
    /// Every text that findings point into.
    pub sources: Sources,
    /// What is wrong, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// The plan, if nothing is wrong.
    pub plan: Option<Plan>,
    /// What hosts were found to get, if something is wrong and there is no plan.
    pub(crate) rendered: Vec<HostPlan>,
    /// What hosts' init systems cannot express of their services, accepted or not.
    pub losses: Losses,
    pub(crate) world: Arc<World>,
    pub(crate) placement: BTreeMap<String, Vec<String>>,
}

/// Compiles the fleet in `dir`. Never fails: what is wrong is in the diagnostics, and a plan is there only if no
/// finding is an error. Deterministic: the same files and secrets give the same plan.
pub fn compile(dir: &Path, options: &CompileOptions, secrets: Arc<dyn Secrets>) -> Compiled {
    let mut loaded = load(dir, &options.load);
    let mut findings = Findings::default();
    loaded.diagnostics.drain(..).for_each(|diagnostic| findings.add(diagnostic));
    let fleet = Fleet::read(&mut loaded, &mut |diagnostic| findings.add(diagnostic));
    checks::fleet(&fleet, &mut |diagnostic| findings.add(diagnostic));
    let sources = std::mem::take(&mut loaded.sources);
    let payloads = Payloads::new(dir.to_owned(), options.limits.source);
    let world = World::new(fleet, dir.to_owned(), sources, findings, secrets, options);

    every_variable(&world);
    let services = placed(&world);
    let hosts = workers::each(&world, |world, host| hosts::compile(world, host, &services, &payloads));

    unreached::check(&world, &services);
    let placement = services.iter().map(|placed| {
        let on = world.fleet.active().filter(|(_, host)| placed.on.selects(host));
        (placed.name.as_str().to_owned(), on.map(|(_, host)| host.name.as_str().to_owned()).collect())
    });
    let placement = placement.collect();
    let mut inputs: BTreeMap<String, Blake3> =
        loaded.inputs.into_iter().map(|input| (input.path, input.b3)).collect();
    inputs.extend(world.templates.inputs());
    inputs.extend(payloads.inputs());
    inputs.extend(checks::ciphertexts(dir, &world.fleet));
    let definition = world.fleet.definition.as_ref().filter(|_| world.errors() == 0);
    let (plan, rendered) = match definition {
        Some(definition) => {
            let plan = Plan {
                format: 1,
                fleet: definition.name.to_string(),
                inputs: digest(&inputs),
                hosts,
                validators: validators(&world.fleet),
                addresses: addresses(&world.fleet),
            };
            (Some(plan), Vec::new())
        }
        None => (None, hosts),
    };
    let diagnostics = world.take_findings().into_sorted(world.definitions);
    let mut sources = std::mem::take(&mut *world.sources());
    crate::secret::hide(&diagnostics, &mut sources);
    let losses = world.take_losses();
    Compiled { sources, diagnostics, plan, rendered, losses, world, placement }
}

/// Evaluates every variable of every host, so that what is wrong in one that nobody reads is found too.
fn every_variable(world: &Arc<World>) {
    for (host, variables) in world.variables.iter().enumerate() {
        for (name, variable) in variables {
            world.value_of(host, name, variable);
        }
    }
}

/// The services of the fleet in the order of their names, and where they go.
fn placed(world: &World) -> Vec<Placed> {
    let mut services = Vec::new();
    for entry in world.fleet.definitions("service") {
        let Ok(name) = ServiceName::parse(&entry.key) else { continue };
        let report = &mut |diagnostic| world.report(diagnostic);
        let on = match entry.node.get(&["on"]) {
            Some(node) => Selection::of_node(node, &world.fleet, &mut *report),
            None => Selection::default(),
        };
        if !world.fleet.incomplete && on.is_good() && !world.fleet.active().any(|(_, host)| on.selects(host))
        {
            let message = format!("service {:?} goes to no host", name.as_str());
            let place = entry.node.get(&["on"]).map_or(entry.key_place, |node| node.place);
            let diagnostic = Diagnostic::new(codes::NO_HOSTS, message).at(place, "");
            report(match entry.node.get(&["on"]) {
                Some(_) => diagnostic,
                None => diagnostic.help("say where it goes: on = [\"@all\"]"),
            });
        }
        let service = Preparing::new(Written::read(entry, &world.fleet, report));
        services.push(Placed { name, place: entry.key_place, on, service });
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    services
}

fn validators(fleet: &Fleet) -> BTreeMap<cmc_types::name::ValidatorName, Validator> {
    let entries = fleet.definitions("validator").filter_map(|entry| {
        let name = cmc_types::name::ValidatorName::parse(&entry.key).ok()?;
        Some((name, serde_json::from_value(tree::Node::to_json(&entry.node)).ok()?))
    });
    entries.collect()
}

fn addresses(fleet: &Fleet) -> Vec<HostAddress> {
    let address = |host: &crate::fleet::Host| {
        let mut names = vec![host.name.as_str().to_owned()];
        names.extend(host.definition.aliases.iter().map(|alias| alias.as_str().to_owned()));
        let ip = host.address.parse().ok();
        if ip.is_none() && !names.contains(&host.address) {
            names.push(host.address.clone());
        }
        HostAddress { names, ip }
    };
    fleet.active().map(|(_, host)| address(host)).collect()
}

/// One digest over paths and digests.
fn digest(inputs: &BTreeMap<String, Blake3>) -> Blake3 {
    let mut hasher = blake3::Hasher::new();
    for (path, b3) in inputs {
        hasher.update(&(path.len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(b3.as_bytes());
    }
    Blake3(*hasher.finalize().as_bytes())
}

impl Compiled {
    /// What hosts get; where something is wrong, without what could not be made.
    pub(crate) fn planned(&self) -> &[HostPlan] {
        self.plan.as_ref().map_or(&self.rendered, |plan| &plan.hosts)
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        self.plan.is_none()
    }

    /// The variables of a host with where each value comes from, by name; nothing if there is no such host.
    pub fn variables(&self, host: &str) -> Option<Variables> {
        Variables::of(self, host)
    }
}
