//! Start order: `after`, `needs` and `daemon.requires` come first; otherwise by name.

use crate::lower::MILESTONES;
use crate::resolved::ResolvedService;
use crate::suggest;
use crate::tree::{Node, Value};
use crate::world::World;
use cmc_types::definition::State;
use cmc_types::{Diagnostic, InitSystem, Place, ServiceName, codes};
use std::collections::{BTreeMap, BTreeSet};

/// What a service waits for, of the services of its host.
#[derive(Debug, Default, Clone)]
pub(crate) struct Waits {
    /// `after`.
    pub(crate) after: Vec<ServiceName>,
    /// `needs` and `daemon.requires`.
    pub(crate) needs: Vec<ServiceName>,
}

/// The keys that name services to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    After,
    Needs,
    /// Milestones of the system are no services and left out.
    Requires,
}

impl Key {
    const ALL: [Self; 3] = [Self::After, Self::Needs, Self::Requires];

    fn path(self) -> &'static [&'static str] {
        match self {
            Self::After => &["after"],
            Self::Needs => &["needs"],
            Self::Requires => &["daemon", "requires"],
        }
    }

    /// The services that it names, each with its place.
    fn names(self, service: &ResolvedService) -> impl Iterator<Item = (&ServiceName, Place)> {
        let names = match self {
            Self::After => &service.definition.after[..],
            Self::Needs => &service.definition.needs,
            Self::Requires => service.definition.daemon.as_ref().map_or(&[][..], |daemon| &daemon.requires),
        };
        let place = move |index: usize| {
            let index = index.to_string();
            service.tree.place_of(&[self.path(), &[index.as_str()]].concat())
        };
        let milestone =
            move |name: &ServiceName| self == Self::Requires && MILESTONES.contains(&name.as_str());
        names
            .iter()
            .enumerate()
            .filter(move |(_, name)| !milestone(name))
            .map(move |(index, name)| (name, place(index)))
    }
}

/// Puts a host's services in start order. Unknown names and circles are reported; in a circle the order is by name.
///
/// `present` are the services of the host, those that failed to resolve included.
pub(crate) fn order(
    world: &World,
    host: usize,
    services: &[ResolvedService],
    present: &BTreeSet<ServiceName>,
) -> Vec<(usize, Waits)> {
    let mut waits: Vec<Waits> = Vec::new();
    for service in services {
        let mut own = Waits::default();
        milestones(world, service).for_each(|finding| world.report_on(host, finding));
        for key in Key::ALL {
            for (name, place) in key.names(service) {
                if present.contains(name) {
                    let list = if key == Key::After { &mut own.after } else { &mut own.needs };
                    if !list.contains(name) {
                        list.push(name.clone());
                    }
                } else if let Some(problem) = absent(world, key, name, place) {
                    world.report_on(host, problem);
                }
                if key == Key::Requires
                    && let Some(required) = services.iter().find(|other| other.name == *name)
                    && let Some(problem) =
                        runs_nothing(world.fleet.hosts[host].init, service, required, place)
                {
                    world.report_on(host, problem);
                }
            }
        }
        own.after.sort();
        own.needs.sort();
        waits.push(own);
    }
    let index: BTreeMap<&ServiceName, usize> =
        services.iter().enumerate().map(|(i, service)| (&service.name, i)).collect();
    let waited: Vec<BTreeSet<usize>> = waits
        .iter()
        .map(|waits| {
            waits.after.iter().chain(&waits.needs).filter_map(|name| index.get(name).copied()).collect()
        })
        .collect();

    let mut missing: Vec<usize> = waited.iter().map(BTreeSet::len).collect();
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); services.len()];
    for (i, waited) in waited.iter().enumerate() {
        waited.iter().for_each(|other| waiting[*other].push(i));
    }
    let mut ready: BTreeSet<&ServiceName> =
        index.iter().filter(|(_, i)| missing[**i] == 0).map(|(name, _)| *name).collect();
    let mut placed: Vec<usize> = Vec::new();
    let mut left: BTreeMap<&ServiceName, usize> = index.clone();
    while !left.is_empty() {
        let next = match ready.pop_first() {
            Some(name) => name,
            None => {
                let circle = circle(services, &waited, &left);
                world.report_on(host, circle_found(services, &circle));
                // Breaks the circle, so that others are found too.
                let first = circle.iter().map(|i| &services[*i].name).min();
                let Some(first) = first.or_else(|| left.keys().next().copied()) else { break };
                first
            }
        };
        if let Some(i) = left.remove(next) {
            placed.push(i);
            for other in &waiting[i] {
                missing[*other] -= 1;
                let name = &services[*other].name;
                if missing[*other] == 0 && left.contains_key(name) {
                    ready.insert(name);
                }
            }
        }
    }
    placed.into_iter().map(|i| (i, waits[i].clone())).collect()
}

/// Milestones that a service of the fleet is called like too.
fn milestones(world: &World, service: &ResolvedService) -> impl Iterator<Item = Diagnostic> {
    let required = service.definition.daemon.iter().flat_map(|daemon| &daemon.requires).enumerate();
    required.filter(|(_, name)| MILESTONES.contains(&name.as_str())).filter_map(|(index, name)| {
        let place = service.tree.place_of(&["daemon", "requires", &index.to_string()]);
        let other = world.fleet.place_of("service", name.as_str())?;
        let message = format!("{:?} means the system's milestone here, not the service", name.as_str());
        let finding = Diagnostic::new(codes::MEANS_MILESTONE, message).at(place, "");
        let finding = finding.with(other, "is not waited for");
        Some(finding.help("rename the service, or name it in `needs` or `after`"))
    })
}

/// Reports services that a part of a service waits for and that nobody defines.
pub(crate) fn unknown_services(world: &World, part: &Node, report: &mut dyn FnMut(Diagnostic)) {
    for key in Key::ALL {
        let Some(Value::List(names)) = part.get(key.path()).map(|node| &node.value) else { continue };
        for node in names {
            let Some(name) = node.as_text().and_then(|text| ServiceName::parse(text).ok()) else { continue };
            let known = world.fleet.is_defined("service", name.as_str())
                || (key == Key::Requires && MILESTONES.contains(&name.as_str()));
            if !known {
                absent(world, key, &name, node.place).into_iter().for_each(&mut *report);
            }
        }
    }
}

/// A name that is not on the host.
fn absent(world: &World, key: Key, name: &ServiceName, place: Place) -> Option<Diagnostic> {
    if !world.fleet.is_defined("service", name.as_str()) {
        let unknown = world.fleet.unknown(codes::UNKNOWN_SERVICE, "service", name.as_str(), place);
        if key != Key::Requires {
            return unknown;
        }
        let known = world.fleet.names("service").chain(MILESTONES);
        return unknown
            .map(|diagnostic| Diagnostic { help: suggest::help(name.as_str(), known), ..diagnostic });
    }
    // Where it goes is not known.
    if world.fleet.is_left_out("service", name.as_str()) {
        return None;
    }
    let (verb, help) = match key {
        Key::After => return None,
        Key::Needs => ("needed", "widen its `on`, or write `after`, which is about order only"),
        Key::Requires => ("required", "widen its `on`, or change `requires` for such hosts in `for`"),
    };
    let message = format!("the service {:?}, which is {verb}, is not on the host", name.as_str());
    let diagnostic = Diagnostic::new(codes::NEEDS_ABSENT_SERVICE, message).at(place, "");
    let diagnostic = match world.fleet.place_of("service", name.as_str()) {
        Some(other) => diagnostic.with(other, "is not on this host"),
        None => diagnostic,
    };
    Some(diagnostic.help(help))
}

/// A required service of which nothing runs, so that an init system would find no unit, or one that is to be stopped.
fn runs_nothing(
    init: InitSystem,
    service: &ResolvedService,
    required: &ResolvedService,
    place: Place,
) -> Option<Diagnostic> {
    let definition = &required.definition;
    let raw =
        init == InitSystem::Systemd && definition.systemd.contains_key(&format!("{}.service", required.name));
    let stopped = |state| state == Some(State::Stopped);
    let (problem, other, label) = if definition.daemon.is_none() && definition.unit.is_none() && !raw {
        ("has neither `daemon` nor `unit`", required.tree.place, "nothing of it runs")
    } else if stopped(definition.state) && !stopped(service.definition.state) {
        ("is stopped", required.tree.place_of(&["state"]), "is to be stopped")
    } else {
        return None;
    };
    let message = format!("the service {:?}, which is required, {problem}", required.name.as_str());
    Some(
        Diagnostic::new(codes::REQUIRES_WHAT_NEVER_RUNS, message)
            .at(place, "must be up before the daemon")
            .with(other, label)
            .help("write `after` or `needs` of the service, which are about its files too"),
    )
}

/// A circle among the services that are left: follows what is waited for until one comes again.
fn circle(
    services: &[ResolvedService],
    waited: &[BTreeSet<usize>],
    left: &BTreeMap<&ServiceName, usize>,
) -> Vec<usize> {
    let in_left = |i: &usize| left.contains_key(&services[*i].name);
    let mut path: Vec<usize> = left.values().take(1).copied().collect();
    while let Some(next) =
        path.last().and_then(|last| waited[*last].iter().find(|other| in_left(other)).copied())
    {
        if let Some(first) = path.iter().position(|other| *other == next) {
            return path.split_off(first);
        }
        path.push(next);
    }
    path
}

fn circle_found(services: &[ResolvedService], circle: &[usize]) -> Diagnostic {
    let first = (0..circle.len()).min_by_key(|i| &services[circle[*i]].name).unwrap_or(0);
    let circle: Vec<usize> = circle[first..].iter().chain(&circle[..first]).copied().collect();
    let name = |i: usize| services[circle[i % circle.len()]].name.as_str();
    let names: Vec<&str> = (0..=circle.len()).map(name).collect();
    let message = format!("services wait for each other in a circle: {}", names.join(" → "));
    let mut diagnostic = Diagnostic::new(codes::SERVICE_CYCLE, message);
    for (i, service) in circle.iter().map(|i| &services[*i]).enumerate() {
        let waits = |key: Key| {
            key.names(service).find(|(name, _)| name.as_str() == names[i + 1]).map(|(_, place)| place)
        };
        let place = Key::ALL.into_iter().find_map(waits).unwrap_or(service.tree.place);
        let text = format!("{} waits for {}", names[i], names[i + 1]);
        diagnostic = if i == 0 { diagnostic.at(place, text) } else { diagnostic.with(place, text) };
    }
    diagnostic
}
