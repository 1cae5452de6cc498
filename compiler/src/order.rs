//! Start order: `after` and `needs` come first; otherwise by name.

use crate::resolved::ResolvedService;
use crate::world::World;
use cmc_types::{Diagnostic, Place, ServiceName, codes};
use std::collections::{BTreeMap, BTreeSet};

/// What a service waits for, of the services of its host.
#[derive(Debug, Default, Clone)]
pub(crate) struct Waits {
    /// `after`.
    pub(crate) after: Vec<ServiceName>,
    /// `needs`.
    pub(crate) needs: Vec<ServiceName>,
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
        for (key, names) in [("after", &service.definition.after), ("needs", &service.definition.needs)] {
            for (index, name) in names.iter().enumerate() {
                let place = service.tree.place_of(&[key, &index.to_string()]);
                if present.contains(name) {
                    let list = if key == "after" { &mut own.after } else { &mut own.needs };
                    if !list.contains(name) {
                        list.push(name.clone());
                    }
                } else if let Some(problem) = absent(world, key, name, place) {
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

    let mut placed: Vec<usize> = Vec::new();
    let mut left: BTreeMap<&ServiceName, usize> = index.clone();
    while !left.is_empty() {
        let ready = left.iter().find(|(_, i)| waited[**i].iter().all(|other| placed.contains(other)));
        let next = match ready {
            Some((name, _)) => *name,
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
        }
    }
    placed.into_iter().map(|i| (i, waits[i].clone())).collect()
}

/// A name that is not on the host.
fn absent(world: &World, key: &str, name: &ServiceName, place: Place) -> Option<Diagnostic> {
    if !world.fleet.is_defined("service", name.as_str()) {
        return world.fleet.unknown(codes::UNKNOWN_SERVICE, "service", name.as_str(), place);
    }
    (key == "needs").then(|| {
        let message = format!("the service {:?}, which is needed, is not on the host", name.as_str());
        let diagnostic = Diagnostic::new(codes::NEEDS_ABSENT_SERVICE, message).at(place, "");
        let diagnostic = match world.fleet.place_of("service", name.as_str()) {
            Some(other) => diagnostic.with(other, "goes to other hosts"),
            None => diagnostic,
        };
        diagnostic.help("widen its `on`, or write `after`, which is about order only")
    })
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
        let waits = |key: &str, list: &[ServiceName]| {
            let index = list.iter().position(|other| other.as_str() == names[i + 1])?;
            Some(service.tree.place_of(&[key, &index.to_string()]))
        };
        let place = waits("after", &service.definition.after)
            .or_else(|| waits("needs", &service.definition.needs))
            .unwrap_or(service.tree.place);
        let text = format!("{} waits for {}", names[i], names[i + 1]);
        diagnostic = if i == 0 { diagnostic.at(place, text) } else { diagnostic.with(place, text) };
    }
    diagnostic
}
