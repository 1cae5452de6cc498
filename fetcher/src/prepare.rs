//! The journal of a change before anything is done: what will be written, run and tested, and how all of it would be
//! undone. Touches nothing.

use crate::changes::{Changes, Move, Source};
use crate::host::own_unit;
use crate::journal::{Journal, Member, Phase, Progress, Purpose, Undo};
use crate::state::State;
use crate::steps;
use cmc_types::passage::Way;
use cmc_types::{ServiceName, UnixPath};
use std::collections::BTreeSet;

/// Makes the journal of a change, and what it is written from.
pub fn journal(
    state: &State,
    moves: &[Move],
    mut changes: Changes,
    purpose: Purpose,
    pending: &BTreeSet<UnixPath>,
) -> (Journal, Vec<Source>, BTreeSet<UnixPath>) {
    let own: BTreeSet<UnixPath> = changes.list.iter().map(|(change, _)| change.path.clone()).collect();
    let touched: BTreeSet<UnixPath> = own.iter().chain(pending).cloned().collect();
    let (mut leaving, mut after, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    let (mut undo, mut capture) = (Undo::default(), Vec::new());
    for one in moves {
        let (from, to) = (one.from.as_ref().map(|b| &b.1), one.to.as_ref().map(|b| &b.1));
        let again = one.from.as_ref().map(|bundle| bundle.0) == one.to.as_ref().map(|bundle| bundle.0);
        let way = if one.force { Way::Redo } else { Way::Forward };
        let forward = steps::transition(&one.service, from, to, &touched, way);
        // What is installed again and fails is there in both directions.
        let way = if one.force && again { Way::Redo } else { Way::Back };
        let back = steps::transition(&one.service, to, from, &own, way);
        steps::push(&mut leaving, forward.leaving);
        steps::push(&mut after, forward.after);
        steps::push(&mut undo.leaving, back.leaving);
        steps::push(&mut undo.steps, back.after);
        tests.extend(to.into_iter().flat_map(|bundle| steps::tests(&one.service, bundle)));
        undo.tests.extend(from.into_iter().flat_map(|bundle| steps::tests(&one.service, bundle)));
        let commands = to.or(from).map(|bundle| bundle.capture.clone()).unwrap_or_default();
        capture.extend(commands.into_iter().map(|argv| (one.service.clone(), argv)));
    }
    for (watcher, paths) in watchers(state, moves, &own) {
        changes.edits.pending.insert(watcher, paths);
    }
    if let Some(unit) = own_unit() {
        for step in leaving.iter_mut().chain(&mut after).chain(&mut undo.leaving).chain(&mut undo.steps) {
            if step.argv.iter().any(|word| *word == unit || format!("{word}.service") == unit) {
                step.progress = Progress::Skipped;
            }
        }
    }
    let member = |one: &Move| Member {
        service: one.service.clone(),
        from: one.from.as_ref().map(|bundle| bundle.0),
        to: one.to.as_ref().map(|bundle| bundle.0),
        needs: one.needs.clone(),
    };
    let (list, sources) = changes.list.into_iter().unzip();
    let journal = Journal {
        format: 1,
        tx: state.transaction + 1,
        phase: Phase::Staging,
        purpose,
        members: moves.iter().map(member).collect(),
        changes: list,
        make: changes.make,
        prune: changes.prune,
        leaving,
        steps: after,
        tests,
        tried: 0,
        reach: own.iter().any(cuts_off),
        undo,
        capture,
        failure: None,
        unrestored: BTreeSet::new(),
        edits: changes.edits,
    };
    (journal, sources, changes.save)
}

/// Services outside the group whose commands watch a path that changes.
fn watchers(
    state: &State,
    moves: &[Move],
    own: &BTreeSet<UnixPath>,
) -> Vec<(ServiceName, BTreeSet<UnixPath>)> {
    let inside = |name: &ServiceName| moves.iter().any(|one| one.service == *name);
    let watches = state.services.iter().filter(|(name, _)| !inside(name));
    watches
        .map(|(name, service)| (name.clone(), service.watches.intersection(own).cloned().collect()))
        .filter(|(_, paths): &(ServiceName, BTreeSet<UnixPath>)| !paths.is_empty())
        .collect()
}

/// Files of the resolver, network interfaces, firewall and SSH server: a mistake in them can cut the host off.
fn cuts_off(path: &UnixPath) -> bool {
    const BEGINNINGS: [&str; 17] = [
        "/etc/resolv.conf",
        "/etc/nsswitch.conf",
        "/etc/hosts",
        "/etc/network/",
        "/etc/netplan/",
        "/etc/systemd/network/",
        "/etc/systemd/resolved",
        "/etc/NetworkManager/",
        "/etc/hostname.",
        "/etc/mygate",
        "/etc/nftables",
        "/etc/iptables",
        "/etc/pf.conf",
        "/etc/ipfw",
        "/etc/ssh/sshd_config",
        "/etc/rc.conf.d/netif",
        "/etc/conf.d/net",
    ];
    BEGINNINGS.iter().any(|beginning| path.as_str().starts_with(beginning))
}
