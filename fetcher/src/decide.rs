//! Decisions made on the host: freeze, unfreeze, rollback, redo. Each is written to the state; all but `freeze` are
//! then carried out by a run.

use crate::error::{Error, Exit, Result};
use crate::event::{Events, Level};
use crate::fetch;
use crate::host::Host;
use crate::report;
use crate::run::{self, Outcome};
use crate::setup::Setup;
use crate::state::{Hold, HoldKind, Service, State};
use crate::wish;
use cmc_types::{Blake3, ServiceName};

/// Nothing of the service changes any more, drift included, until `unfreeze`.
pub fn freeze(setup: &Setup<'_>, name: &ServiceName, reason: &str) -> Result<()> {
    decide(setup, name, false, |service, _, now| {
        let digest = service.installed;
        service.held = Some(Hold { kind: HoldKind::Freeze, digest, reason: reason.into(), since: now });
        Ok(())
    })
}

/// Lifts a `freeze` or `rollback` of this host.
pub fn unfreeze(setup: &Setup<'_>, name: &ServiceName) -> Result<()> {
    decide(setup, name, false, |service, _, _| match service.held.take() {
        Some(_) => Ok(()),
        None => Err(Error::Failed(format!(
            "{name} is not held on this host; a hold of the whole fleet is lifted by its publisher"
        ))),
    })
}

/// Goes back to the bundle before, and stays there until `unfreeze` or `redo`. Never to what the release wants, which
/// is forward, nor to what failed on this host. Refused while the service is frozen.
pub fn rollback(setup: &Setup<'_>, name: &ServiceName, reason: &str) -> Result<()> {
    decide(setup, name, true, |service, host, now| {
        let released =
            fetch::taken(&host.dir).and_then(|known| known.manifest.bundle(name).map(|bundle| bundle.digest));
        let failed = |digest: &Blake3| service.quarantined.iter().any(|known| known.digest == *digest);
        let good = |digest: &Blake3| Some(*digest) != released && !failed(digest) && host.cache.whole(digest);
        let previous = service.earlier().find(good);
        let Some(previous) = previous else {
            let forward = match service.installed == released {
                true => "correct the definitions and publish".to_owned(),
                false => format!("`cmc-fetch redo {name}` installs what the release wants"),
            };
            return Err(Error::Failed(format!(
                "there is no earlier bundle of {name} on this host that is known to be good: nothing is changed; {forward}"
            )));
        };
        service.held = Some(Hold {
            kind: HoldKind::Rollback,
            digest: Some(previous),
            reason: reason.into(),
            since: now,
        });
        service.redo = true;
        Ok(())
    })
}

/// Installs the wanted bundle again, whatever is known of it, and runs all its commands. Refused while the service is
/// frozen.
pub fn redo(setup: &Setup<'_>, name: &ServiceName) -> Result<()> {
    decide(setup, name, true, |service, _, _| {
        service.redo = true;
        service.quarantined.clear();
        service.retry = None;
        if service.held.as_ref().is_some_and(|hold| hold.kind == HoldKind::Rollback) {
            service.held = None;
        }
        Ok(())
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

/// Changes what is remembered of a service; `moves`: to have it changed, which a freeze forbids.
fn decide(
    setup: &Setup<'_>,
    name: &ServiceName,
    moves: bool,
    change: impl FnOnce(&mut Service, &Host<'_>, u64) -> Result<()>,
) -> Result<()> {
    let done = setup.locked(|host| {
        let mut state = State::load(&host.dir, &mut Events::default())?;
        let now = setup.clock.now();
        if let Some(why) = frozen(host, &state, name, now).filter(|_| moves) {
            return Err(Error::Failed(format!(
                "{name} is frozen {why}: nothing is changed; lift the freeze first"
            )));
        }
        let Some(service) = state.services.get_mut(name) else {
            let known: Vec<_> = state.services.keys().map(ServiceName::as_str).collect();
            return Err(Error::Failed(format!(
                "no service {name} on this host; there are: {}",
                known.join(", ")
            )));
        };
        change(service, host, now)?;
        state.converged = false;
        state.save(&host.dir)?;
        // A freeze changes nothing that a run would have to tell.
        report::mark(setup, host);
        Ok(())
    })?;
    done.ok_or_else(|| Error::Failed("another run is at work on this host".into()))
}

/// Why a service is frozen, by this host or its fleet, if it is.
fn frozen(host: &Host<'_>, state: &State, name: &ServiceName, now: u64) -> Option<String> {
    match fetch::taken(&host.dir) {
        Some(known) => wish::frozen(name, &known.manifest, state, now),
        None => wish::frozen_here(name, state),
    }
}
