//! What each service of a host should be, given the manifest, the holds of fleet and host, and what failed before.

use crate::event::{Events, Level};
use crate::state::{self, State};
use cmc_bundles::manifest::{BundleRef, Manifest};
use cmc_bundles::overrides::{HoldKind, HostHold};
use cmc_types::{Blake3, ServiceName};
use std::collections::{BTreeMap, BTreeSet};

/// Why a service is left as it is although the release wants something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Frozen, by the host or the fleet.
    Frozen(String),
    /// The wanted bundle failed before.
    Quarantined(String),
    /// The wanted bundle failed for the environment's sake and is not tried again yet.
    Waiting(u64),
    /// The wanted bundle is not on this host, and the release does not list it.
    Lost,
}

/// What one service should be.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The service.
    pub service: ServiceName,
    /// The wanted bundle; none: it is removed.
    pub digest: Option<Blake3>,
    /// The bundle that the fleet wants, whatever this host's own holds are. A freeze of the fleet's wants what is
    /// installed.
    pub wanted: Option<Blake3>,
    /// Why it is left as it is, if it is.
    pub kept: Option<Kept>,
    /// Whether it is installed again, whatever is known of it.
    pub redo: bool,
    /// Services that it needs.
    pub needs: Vec<ServiceName>,
    /// Wanted bundles of all that it needs, directly or not.
    pub closure: BTreeMap<ServiceName, Blake3>,
}

impl Wish {
    /// Whether drift is left as it is.
    pub fn frozen(&self) -> bool {
        matches!(self.kept, Some(Kept::Frozen(_)))
    }
}

/// The wishes: removals first, in reverse of the order in which their services were started, then the manifest's
/// services in order. Redos of the fleet that are carried out now are noted in the state.
pub fn all(manifest: &Manifest, state: &mut State, now: u64, events: &mut Events) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let listed: BTreeSet<&ServiceName> = manifest.bundles.iter().map(|bundle| &bundle.service).collect();
    let position = |name: &ServiceName| state.order.iter().position(|known| known == name);
    let mut leaving: Vec<ServiceName> = state
        .services
        .iter()
        .filter(|(name, service)| service.installed.is_some() && !listed.contains(name))
        .map(|(name, _)| name.clone())
        .collect();
    leaving.sort_by_key(|name| std::cmp::Reverse(position(name)));
    for service in leaving {
        let kept = frozen(&service, manifest, state, now).map(Kept::Frozen);
        let digest = if kept.is_some() { state.installed(&service) } else { None };
        let (needs, closure) = (Vec::new(), BTreeMap::new());
        wishes.push(Wish { service, digest, wanted: digest, kept, redo: false, needs, closure });
    }
    for bundle in &manifest.bundles {
        let wish = listed_wish(bundle, manifest, state, now, events);
        wishes.push(wish);
    }
    state.redone.retain(|nonce| manifest.overrides.iter().any(|hold| hold.nonce == *nonce));
    wishes
}

fn listed_wish(
    bundle: &BundleRef,
    manifest: &Manifest,
    state: &mut State,
    now: u64,
    events: &mut Events,
) -> Wish {
    let name = &bundle.service;
    let held = state.services.get(name).and_then(|service| service.held.clone());
    let local =
        held.as_ref().filter(|hold| hold.kind == state::HoldKind::Rollback).and_then(|hold| hold.digest);
    let fleet = holds(manifest, name, now)
        .filter(|hold| matches!(hold.kind, HoldKind::Pin | HoldKind::Rollback))
        .filter_map(|hold| hold.digest)
        .last();
    let released = fleet.unwrap_or(bundle.digest);
    let wanted = local.unwrap_or(released);
    let mut redo = state.services.get(name).is_some_and(|service| service.redo);
    let nonces: Vec<String> = holds(manifest, name, now)
        .filter(|hold| hold.kind == HoldKind::Redo && hold.digest.is_none_or(|digest| digest == wanted))
        .map(|hold| hold.nonce.clone())
        .collect();
    for nonce in nonces {
        if state.redone.insert(nonce) {
            redo = true;
            state.service(name).redo = true;
            events.service(Level::Change, name, "is installed again, as the fleet asks");
        }
    }
    let closure = closure(bundle, manifest);
    let service = state.services.get(name);
    let installed = service.and_then(|service| service.installed);
    let kept = frozen(name, manifest, state, now).map(Kept::Frozen).or_else(|| {
        let service = service.filter(|_| !redo)?;
        let waiting = service.retry.as_ref().filter(|retry| retry.digest == wanted && now < retry.not_before);
        let quarantined =
            service.quarantined.iter().find(|known| known.digest == wanted && known.needs == closure);
        match quarantined {
            Some(known) if installed != Some(wanted) => Some(Kept::Quarantined(known.reason.clone())),
            _ => waiting.map(|retry| Kept::Waiting(retry.not_before)),
        }
    });
    let digest = if kept.is_some() { installed } else { Some(wanted) };
    let wanted = if fleet_freeze(name, manifest, now).is_some() { installed } else { Some(released) };
    Wish { service: name.clone(), digest, wanted, kept, redo, needs: bundle.needs.clone(), closure }
}

fn holds<'a>(manifest: &'a Manifest, name: &ServiceName, now: u64) -> impl Iterator<Item = &'a HostHold> {
    let name = name.clone();
    manifest
        .overrides
        .iter()
        .filter(move |hold| hold.service == name && hold.expires.is_none_or(|expires| now < expires))
}

/// Why a service is frozen, if it is.
pub fn frozen(name: &ServiceName, manifest: &Manifest, state: &State, now: u64) -> Option<String> {
    let fleet = || fleet_freeze(name, manifest, now);
    frozen_here(name, state)
        .or_else(|| Some(fleet()?).map(|hold| format!("by {}: {}", hold.owner, hold.reason)))
}

/// Why this host has frozen a service, if it has.
pub fn frozen_here(name: &ServiceName, state: &State) -> Option<String> {
    let held = state.services.get(name)?.held.as_ref();
    held.filter(|hold| hold.kind == state::HoldKind::Freeze)
        .map(|hold| format!("on this host: {}", hold.reason))
}

fn fleet_freeze<'a>(name: &ServiceName, manifest: &'a Manifest, now: u64) -> Option<&'a HostHold> {
    holds(manifest, name, now).find(|hold| hold.kind == HoldKind::Freeze)
}

fn closure(bundle: &BundleRef, manifest: &Manifest) -> BTreeMap<ServiceName, Blake3> {
    let mut found = BTreeMap::new();
    let mut todo: Vec<&ServiceName> = bundle.needs.iter().collect();
    while let Some(name) = todo.pop() {
        if let Some(needed) = manifest.bundle(name)
            && found.insert(name.clone(), needed.digest).is_none()
        {
            todo.extend(&needed.needs);
        }
    }
    found
}
