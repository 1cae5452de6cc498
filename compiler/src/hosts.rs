//! One host: its services resolved, lowered, put in order, and planned.

use crate::claims::Claims;
use crate::files::source::Payloads;
use crate::files::{Accounts, Making, origin};
use crate::health;
use crate::lower::systemd::{UnitsAtHand, aliases_twice};
use crate::lower::{self, Lowered, LoweredFile, LoweredKind};
use crate::order::{self, Waits};
use crate::prepared::Preparing;
use crate::resolved::ResolvedService;
use crate::select::Selection;
use crate::services::{self, OnHost, Outcome};
use crate::world::World;
use cmc_types::check::{Block, FileEntry, FileKind};
use cmc_types::definition::Validation;
use cmc_types::name::ValidatorName;
use cmc_types::plan::{Checks, Content, Format, HostPlan, LineOrigin, PlannedFile, Provenance, ServicePlan};
use cmc_types::{Blake3, Bytes, Diagnostic, InitSystem, Place, ServiceName, UnixPath, codes};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A service of the fleet and where it goes.
pub(crate) struct Placed {
    /// Its name.
    pub(crate) name: ServiceName,
    /// Where the name stands.
    pub(crate) place: Place,
    /// Hosts.
    pub(crate) on: Selection,
    /// What it is made of.
    pub(crate) service: Preparing,
}

/// Compiles a host. Everything that is wrong is reported; the plan then lacks what failed.
pub(crate) fn compile(world: &Arc<World>, host: usize, services: &[Placed], payloads: &Payloads) -> HostPlan {
    let facts = &world.fleet.hosts[host];
    let mut plan = HostPlan {
        host: facts.name.clone(),
        id: facts.definition.id.clone(),
        recipient: facts.definition.recipient.clone(),
        os: facts.os.clone(),
        arch: facts.arch,
        init: facts.init,
        retired: facts.definition.retired,
        services: Vec::new(),
        absent: Vec::new(),
        users: Vec::new(),
        groups: Vec::new(),
    };
    if plan.retired {
        return plan;
    }
    // Services of which nobody knows where they go are missed by nobody.
    let unplaced = services.iter().filter(|placed| !placed.on.is_good());
    let mut present: BTreeSet<ServiceName> = unplaced.map(|placed| placed.name.clone()).collect();
    let mut resolved: Vec<OnHost> = Vec::new();
    for placed in services.iter().filter(|placed| placed.on.selects(facts)) {
        match services::resolve(world, host, &placed.name, &placed.service) {
            Outcome::Present(service) => {
                present.insert(placed.name.clone());
                resolved.push(*service);
            }
            Outcome::Failed => {
                present.insert(placed.name.clone());
            }
            Outcome::Absent => plan.absent.push(placed.name.clone()),
        }
    }
    let places: BTreeMap<&ServiceName, Place> =
        services.iter().map(|placed| (&placed.name, placed.place)).collect();
    script_names(world, host, &resolved, &places);

    let mut facts = facts.facts();
    for OnHost { service, .. } in &resolved {
        let Some(unit) = lower::name_of(service, facts.init) else { continue };
        let twin = facts.units.iter().find(|(_, other)| **other == unit).map(|(name, _)| name);
        let twin = twin.and_then(|twin| resolved.iter().find(|other| other.service.name == *twin));
        // Two daemons of one name are found above.
        if let Some(OnHost { service: twin, .. }) = twin
            && (service.definition.unit.is_some() || twin.definition.unit.is_some())
        {
            world.report_on(host, unit_twice(service, twin, lower::known_as(&unit)));
        }
        facts.units.insert(service.name.clone(), unit);
    }
    let (scopes, resolved): (Vec<_>, Vec<ResolvedService>) =
        resolved.into_iter().map(|on_host| (on_host.scope, on_host.service)).unzip();
    // What a service with errors brings is not known.
    if present.len() == resolved.len() && !world.fleet.lacks("service") {
        let mut hand = UnitsAtHand::default();
        resolved.iter().for_each(|service| hand.add(service));
        if facts.init == InitSystem::Systemd {
            let twice = aliases_twice(resolved.iter());
            twice.into_iter().for_each(|finding| world.report_on(host, finding));
        }
        facts.at_hand = Some(hand);
    }
    let mut accounts = Accounts::of(facts.os.family(), resolved.iter());
    let mut claims = Claims::default();
    for (index, waits) in order::order(world, host, &resolved, &present) {
        let service = &resolved[index];
        daemon_accounts(world, host, service, &accounts);
        let mut lowered = lower::lower(service, &facts);
        world.lose(host, &service.name, std::mem::take(&mut lowered.losses));
        let scope = &scopes[index];
        let hand = facts.at_hand.as_ref();
        let own = Making { world, host, scope, service, payloads, hand, accounts: &mut accounts }.files();
        plan.services.push(assemble(world, host, service, waits, lowered, own, &mut claims));
    }
    claims.check_prefixes(world, host);
    // What a service with errors writes is not known.
    if present.len() == resolved.len() && !world.fleet.lacks("service") {
        watched(world, host, &resolved, &claims);
    }
    plan.users = accounts.users();
    plan.groups = accounts.groups();
    plan
}

/// The plan of a service from what it was lowered to and its own files.
fn assemble(
    world: &Arc<World>,
    host: usize,
    service: &ResolvedService,
    waits: Waits,
    lowered: Lowered,
    own: Vec<PlannedFile>,
    claims: &mut Claims,
) -> ServicePlan {
    let checks = health::checks(world, host, service, lowered.restart.as_ref());
    lowered.diagnostics.into_iter().for_each(|diagnostic| world.report_on(host, diagnostic));
    let mut files = Vec::new();
    for file in lowered.files {
        let place = file.place;
        let planned = planned(world, service, file);
        if claims.claim(world, host, service.name.as_str(), &planned, place) {
            files.push(planned);
        }
    }
    for file in own {
        let place = service.tree.key_place_of(&["file", file.entry.path.as_str()]);
        if claims.claim(world, host, service.name.as_str(), &file, place) {
            files.push(file);
        }
    }
    files.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
    ServicePlan {
        service: service.name.clone(),
        after: waits.after,
        needs: waits.needs,
        files,
        actions: lowered.actions,
        checks,
        capture: lowered.capture,
    }
}

/// A file from a typed model.
fn planned(world: &Arc<World>, service: &ResolvedService, file: LoweredFile) -> PlannedFile {
    let validation = service.definition.validation;
    let validation = validation.or(world.fleet.definition.as_ref().and_then(|fleet| fleet.validation));
    let lines = file.lines.iter().map(|(line, place)| LineOrigin {
        line: *line,
        template: None,
        values: vec![origin(world, *place)],
    });
    let (kind, block) = match file.kind {
        LoweredKind::File => (FileKind::File, None),
        LoweredKind::Block { name, comment } => (FileKind::Block, Some(Block { name, comment })),
        LoweredKind::Link(target) => return link(world, file.path, target, file.place),
    };
    let whole = kind == FileKind::File;
    PlannedFile {
        entry: FileEntry {
            mode: whole.then_some(file.mode),
            user: whole.then_some(file.user),
            group: whole.then_some(file.group),
            size: (!file.tainted).then_some(file.text.len() as u64),
            b3: (!file.tainted).then(|| Blake3(*blake3::hash(file.text.as_bytes()).as_bytes())),
            block,
            ..FileEntry::new(file.path, kind)
        },
        tainted: file.tainted,
        checks: lowered_checks(&file.text, validation != Some(Validation::Optional)),
        content: Content::Bytes(Bytes::new(file.text.as_bytes(), file.tainted)),
        format: Format::Typed,
        provenance: Provenance {
            definition: origin(world, file.place).as_ref().clone(),
            template: None,
            lines: lines.collect(),
        },
    }
}

/// A symbolic link that no definition of a file asks for.
fn link(world: &Arc<World>, path: UnixPath, target: &str, place: Place) -> PlannedFile {
    PlannedFile {
        entry: FileEntry { target: Some(target.to_owned()), ..FileEntry::new(path, FileKind::Link) },
        tainted: false,
        checks: Checks::Auto { required: false },
        content: Content::None,
        format: Format::Typed,
        provenance: Provenance {
            definition: origin(world, place).as_ref().clone(),
            template: None,
            lines: Vec::new().into(),
        },
    }
}

/// OpenBSD's rc.d scripts say `#!/bin/ksh`, which few publishers have; those that cmc makes are POSIX shell.
fn lowered_checks(text: &str, required: bool) -> Checks {
    match ValidatorName::parse("sh") {
        Ok(sh) if text.starts_with("#!/bin/ksh\n") => Checks::Named { validators: vec![sh], required },
        _ => Checks::Auto { required },
    }
}

/// A unit that another service of the host has already.
fn unit_twice(service: &ResolvedService, twin: &ResolvedService, unit: &str) -> Diagnostic {
    let place = |service: &ResolvedService| match service.definition.unit {
        Some(_) => service.tree.place_of(&["unit"]),
        None => service.tree.key_place_of(&["daemon"]),
    };
    let message = format!(
        "services {:?} and {:?} have the same unit {unit:?}",
        twin.name.as_str(),
        service.name.as_str()
    );
    Diagnostic::new(codes::UNIT_CLAIMED_TWICE, message)
        .at(place(service), format!("of {:?}", service.name.as_str()))
        .with(place(twin), format!("of {:?}", twin.name.as_str()))
        .help("let one of them have the unit, and `watch` the files of the other")
}

/// Accounts that a daemon and jobs run as.
fn daemon_accounts(world: &World, host: usize, service: &ResolvedService, accounts: &Accounts) {
    let definition = &service.definition;
    let daemon = definition.daemon.iter().map(|daemon| (vec!["daemon"], &daemon.user, &daemon.group));
    let jobs = definition.job.iter().map(|(name, job)| (vec!["job", name.as_str()], &job.user, &job.group));
    for (path, user, group) in daemon.chain(jobs) {
        let place = |key| service.tree.place_of(&[&path[..], &[key]].concat());
        let user = user.as_ref().and_then(|user| accounts.unknown_user(user.as_str(), place("user")));
        let group = group.as_ref().and_then(|group| accounts.unknown_group(group.as_str(), place("group")));
        user.into_iter().chain(group).for_each(|diagnostic| world.report_on(host, diagnostic));
    }
}

/// Paths that are watched are written by some service of the host.
fn watched(world: &World, host: usize, services: &[ResolvedService], claims: &Claims) {
    for service in services {
        for (index, path) in service.definition.watch.iter().enumerate() {
            if !claims.has(path) {
                let message = format!("no service of the host writes {:?}, which is watched", path.as_str());
                let place = service.tree.place_of(&["watch", &index.to_string()]);
                world.report_on(host, Diagnostic::new(codes::WATCH_UNKNOWN_PATH, message).at(place, ""));
            }
        }
    }
}

/// Names of scripts: some characters become `_`, so that two services may get the same.
fn script_names(world: &World, host: usize, services: &[OnHost], places: &BTreeMap<&ServiceName, Place>) {
    let init = world.fleet.hosts[host].init;
    let replaced = match init {
        InitSystem::Systemd => return,
        InitSystem::Openrc => "`.`",
        InitSystem::OpenbsdRc | InitSystem::FreebsdRc => "`-` and `.`",
    };
    let mut scripts: BTreeMap<String, &ServiceName> = BTreeMap::new();
    for service in
        services.iter().map(|on_host| &on_host.service).filter(|service| service.definition.daemon.is_some())
    {
        let script = lower::name_of(service, init).unwrap_or_default();
        let Some(other) = scripts.insert(script.clone(), &service.name) else { continue };
        let message = format!(
            "services {:?} and {:?} both need the script {script:?}",
            other.as_str(),
            service.name.as_str()
        );
        let mut diagnostic = Diagnostic::new(codes::SCRIPT_NAME_TAKEN, message)
            .help(format!("names of rc scripts have `_` for {replaced}; rename one of the services"));
        if let (Some(place), Some(first)) = (places.get(&service.name), places.get(other)) {
            diagnostic = diagnostic.at(*place, "").with(*first, "has the same");
        }
        world.report_on(host, diagnostic);
    }
}
