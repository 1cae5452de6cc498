//! Decisions made on the host: freeze, unfreeze, rollback, redo. Each is written to the state; all but `freeze` are
//! then carried out by a run. Services between which a path moved go back and forth together: alone, the one would
//! leave the path to nobody, and the other could not take it.

use crate::changes::Move;
use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::fetch;
use crate::groups;
use crate::host::Host;
use crate::record;
use crate::report;
use crate::run::{self, Outcome};
use crate::setup::Setup;
use crate::state::{Hold, HoldKind, KnownManifest, Service, State};
use crate::wish;
use cmc_types::{Blake3, ServiceName};
use std::collections::BTreeMap;

/// Nothing of the service changes any more, drift included, until `unfreeze`.
pub fn freeze(setup: &Setup<'_>, name: &ServiceName, reason: &str) -> Result<()> {
    decide(setup, name, |facts| {
        let (since, service) = (facts.now, facts.state.service(name));
        let digest = service.installed;
        service.held = Some(Hold { kind: HoldKind::Freeze, digest, reason: reason.into(), since });
        Ok(Vec::new())
    })
    .map(drop)
}

/// Lifts a `freeze` or `rollback` of this host; the services that went back with it are returned, and are lifted too.
pub fn unfreeze(setup: &Setup<'_>, name: &ServiceName) -> Result<Vec<ServiceName>> {
    decide(setup, name, |facts| {
        let rolled_back =
            |service: &Service| service.held.as_ref().is_some_and(|hold| hold.kind == HoldKind::Rollback);
        let group = match &facts.state.service(name).held {
            None => {
                return Err(Error::Failed(format!(
                    "{name} is not held on this host; a hold of the whole fleet is lifted by its publisher"
                )));
            }
            Some(hold) if hold.kind == HoldKind::Freeze => vec![name.clone()],
            Some(_) => facts.together(name, Facts::released),
        };
        let (lifted, _): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|one| one == name || rolled_back(facts.state.service(one)));
        for one in &lifted {
            let service = facts.state.service(one);
            service.redo &= !rolled_back(service);
            service.held = None;
        }
        Ok(lifted)
    })
}

/// Goes back to the bundle before, and stays there until `unfreeze` or `redo`. Never to what the release wants, which
/// is forward, nor to what failed on this host. Refused while the service is frozen. The services that have to go back
/// with it are returned.
pub fn rollback(setup: &Setup<'_>, name: &ServiceName, reason: &str) -> Result<Vec<ServiceName>> {
    decide(setup, name, |facts| {
        facts.refuse_if_frozen(name)?;
        if facts.earlier(name).is_none() {
            let forward = match facts.state.installed(name) == facts.released(name) {
                true => "correct the definitions and publish".to_owned(),
                false => format!("`cmc-fetch redo {name}` installs what the release wants"),
            };
            return Err(Error::Failed(format!(
                "there is no earlier bundle of {name} on this host that is known to be good: nothing is changed; {forward}"
            )));
        }
        let group = facts.together(name, Facts::earlier);
        for one in &group {
            facts.refuse_if_frozen(one)?;
            let (since, digest) = (facts.now, facts.earlier(one));
            let service = facts.state.service(one);
            service.held = Some(Hold { kind: HoldKind::Rollback, digest, reason: reason.into(), since });
            service.redo = true;
        }
        Ok(group)
    })
}

/// Installs the wanted bundle again, whatever is known of it, and runs all its commands. Refused while the service is
/// frozen. The services that have to go with it are returned.
pub fn redo(setup: &Setup<'_>, name: &ServiceName) -> Result<Vec<ServiceName>> {
    decide(setup, name, |facts| {
        let group = facts.together(name, Facts::released);
        for one in &group {
            facts.refuse_if_frozen(one)?;
            let service = facts.state.service(one);
            (service.redo, service.retry, service.held) = (true, None, None);
            service.quarantined.clear();
        }
        Ok(group)
    })
}

/// Carries out what was decided: with what is on this host if that is enough, else by an ordinary run.
pub fn carry_out(setup: &Setup<'_>) -> Result<Outcome> {
    let alone = run::run(&Setup { store: None, ..*setup })?;
    let done = matches!((alone.exit, alone.converged), (Exit::Done, true) | (Exit::RolledBack, _));
    if done || setup.store.is_none() {
        return Ok(alone);
    }
    let mut outcome = run::run(setup)?;
    let changes = alone.events.0.into_iter().filter(|event| event.level == Level::Change);
    outcome.events.0.splice(0..0, changes);
    outcome.news |= alone.news;
    Ok(outcome)
}

/// What a decision is made from.
struct Facts<'h, 'a> {
    host: &'h Host<'a>,
    known: Option<KnownManifest>,
    state: State,
    now: u64,
}

impl Facts<'_, '_> {
    /// The bundle that the release wants.
    fn released(&self, name: &ServiceName) -> Option<Blake3> {
        Some(self.known.as_ref()?.manifest.bundle(name)?.digest)
    }

    /// The bundle that a rollback goes to.
    fn earlier(&self, name: &ServiceName) -> Option<Blake3> {
        let service = self.state.services.get(name)?;
        let released = self.released(name);
        let failed = |digest: &Blake3| service.quarantined.iter().any(|known| known.digest == *digest);
        let good =
            |digest: &Blake3| Some(*digest) != released && !failed(digest) && self.host.cache.whole(digest);
        service.earlier().find(good)
    }

    fn refuse_if_frozen(&self, name: &ServiceName) -> Result<()> {
        let why = match &self.known {
            Some(known) => wish::frozen(name, &known.manifest, &self.state, self.now),
            None => wish::frozen_here(name, &self.state),
        };
        match why {
            None => Ok(()),
            Some(why) => Err(Error::Failed(format!(
                "{name} is frozen {why}: nothing is changed; lift the freeze first"
            ))),
        }
    }

    /// A service and those that exchange a path with it if all go to their targets.
    fn together(
        &self,
        name: &ServiceName,
        target: impl Fn(&Self, &ServiceName) -> Option<Blake3>,
    ) -> Vec<ServiceName> {
        let moves = self.state.services.iter().filter_map(|(service, known)| {
            let from = known.installed?;
            let to = target(self, service).filter(|to| *to != from)?;
            Some(Move {
                service: service.clone(),
                from: Some((from, record::read(self.host, service, &from)?)),
                to: Some((to, self.host.cache.bundle(&to)?)),
                needs: BTreeMap::new(),
                force: false,
                held: false,
            })
        });
        let groups = groups::of(moves.collect());
        let group = groups.iter().map(|group| groups::names(group)).find(|names| names.contains(&name));
        group.map_or_else(|| vec![name.clone()], |names| names.into_iter().cloned().collect())
    }
}

/// Makes a decision durable; the services that it concerns besides this one are returned.
fn decide(
    setup: &Setup<'_>,
    name: &ServiceName,
    make: impl FnOnce(&mut Facts<'_, '_>) -> Result<Vec<ServiceName>>,
) -> Result<Vec<ServiceName>> {
    let done = setup.locked(|host| {
        let state = State::load(&host.dir, &mut Events::default())?;
        if !state.services.contains_key(name) {
            let known: Vec<_> = state.services.keys().map(ServiceName::as_str).collect();
            return Err(Error::Failed(format!(
                "no service {name} on this host; there are: {}",
                known.join(", ")
            )));
        }
        let mut facts = Facts { host, known: fetch::taken(&host.dir), state, now: setup.clock.now() };
        let mut group = make(&mut facts)?;
        facts.state.converged = false;
        facts.state.save(&host.dir)?;
        // A freeze changes nothing that a run would have to tell.
        report::mark(setup, host);
        group.retain(|one| one != name);
        Ok(group)
    })?;
    done.ok_or_else(|| Error::Failed("another run is at work on this host".into()))
}
