//! Lowering for systemd: a daemon becomes a service unit, raw directives merge over it or make units and drop-ins of
//! their own, a foreign unit gets its environment by drop-in. Everything lies in `/etc/systemd/system`.

mod aliases;
mod check;
mod daemon;
mod draft;
pub mod hardening;
mod job;
mod names;
mod special;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;

use super::commands::{self, Activation, Companion, Starter};
use super::{Lowered, env, job as jobs, unit};
use crate::resolved::{HostFacts, ResolvedService};
use crate::tree::{Node, Table};
pub(crate) use aliases::aliases_twice;
pub(crate) use check::REFUSED;
use check::Target;
use cmc_types::definition::{Directive, DirectiveItem};
use cmc_types::systemd::{Entry, Section, UnitName, UnitType, below_system_folder};
use cmc_types::{Diagnostic, InitSystem, Os, Place, UnixPath, codes};
pub(crate) use daemon::MILESTONES;
use draft::Draft;
pub(super) use draft::Item;
pub use names::UnitsAtHand;
use special::{Asked, Mask};
use std::collections::{BTreeMap, HashMap};

/// Lowers a service.
pub(super) fn lower(service: &ResolvedService, host: &HostFacts) -> Lowered {
    let mut lowered = Lowered::default();
    let mut units = Units { service, drafts: Vec::new(), masks: Vec::new(), instances: Vec::new() };
    let main = units.daemon(host, &mut lowered.diagnostics);
    units.jobs(&host.os, &mut lowered.diagnostics);
    units.raw(&mut lowered.diagnostics);

    let env = env::env_file(service, host, &mut lowered.diagnostics);
    if let Some(env) = &env {
        units.environment(main.as_deref(), &env.path, env.place);
    }
    if let (Some(name), Some(_), Some(hand)) = (&main, &service.definition.unit, &host.at_hand) {
        lowered.diagnostics.extend(names::foreign(service, name, hand));
    }
    let main = main.or_else(|| units.raw_main());
    units.check(host, &mut lowered.diagnostics);

    let activation = units.activation(main.as_deref(), env.as_ref().map(|file| &file.path));
    lowered.activated(commands::activate(service, InitSystem::Systemd, &activation));
    lowered.files.extend(units.masks.iter().filter_map(Mask::file));
    let name = service.name.as_str();
    for (draft, _) in units.drafts {
        lowered.files.extend(draft.print(name, &mut lowered.diagnostics));
    }
    lowered.files.extend(env);
    lowered.files.sort_by(|a, b| a.path.cmp(&b.path));
    lowered
}

/// Checks raw units and directives without what a daemon or other ranks add to them.
pub(super) fn check_part(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    let mut units = Units { service, drafts: Vec::new(), masks: Vec::new(), instances: Vec::new() };
    let mut found = Vec::new();
    units.raw(&mut found);
    // A template's sections may stand in another rank than its instances.
    diagnostics.extend(found.into_iter().filter(|finding| finding.code != codes::INCOMPLETE_UNIT));
    for (draft, target) in &units.drafts {
        check::directives(draft, target, None, |item| units.key_place(draft, item), diagnostics);
    }
}

/// The name of a unit: what has no type is a service.
pub(crate) fn unit_of(name: &str) -> String {
    match UnitName::parse(name) {
        Ok(unit) => unit.as_str().to_owned(),
        Err(_) => format!("{name}.service"),
    }
}

/// The units and drop-ins of a service.
struct Units<'a> {
    service: &'a ResolvedService,
    drafts: Vec<(Draft, Target)>,
    masks: Vec<Mask>,
    /// Instances of templates that are enabled.
    instances: Vec<UnitName>,
}

impl Units<'_> {
    /// Drafts the daemon's unit. Gives the name of the service's main unit, its own or a foreign one.
    fn daemon(&mut self, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
        let definition = &self.service.definition;
        let Some(daemon) = &definition.daemon else {
            return unit::foreign(self.service, host.init, diagnostics);
        };
        let name = unit::of_daemon(&self.service.name, host.init);
        let target = UnitName::parse(&name).ok().map(Target::Unit)?;
        let place = self.service.tree.key_place_of(&["daemon"]);
        let installed = self.starter(&name) == Starter::Manager;
        let mut writer = daemon::Writer {
            service: self.service,
            base: &["daemon"],
            key_of: daemon::key_of,
            draft: Draft::new(&name, place),
            diagnostics: Vec::new(),
        };
        writer.write(daemon, host, installed);
        diagnostics.append(&mut writer.diagnostics);
        self.drafts.push((writer.draft, target));
        Some(name)
    }

    /// Drafts the units of the jobs.
    fn jobs(&mut self, os: &Os, diagnostics: &mut Vec<Diagnostic>) {
        let env = env::path(self.service).filter(|_| !self.service.env.is_empty());
        for named in jobs::all(self.service) {
            for draft in job::units(&named, env.as_ref(), os, diagnostics) {
                if let Ok(name) = UnitName::parse(&draft.file) {
                    self.drafts.push((draft, Target::Unit(name)));
                }
            }
        }
    }

    /// Who starts a unit, judged by the service's own raw timers, paths and sockets with `[Install]`.
    fn starter(&self, unit: &str) -> Starter {
        let mut starter = Starter::Manager;
        for (file, table) in &self.service.definition.systemd {
            let sections = &table.sections;
            let Ok(name) = UnitName::parse(file) else { continue };
            let triggers = |section: &str, key: &str| {
                let explicit = sections
                    .get(section)
                    .and_then(|keys| keys.get(key))
                    .map(values)
                    .and_then(|v| v.last().cloned());
                explicit.unwrap_or_else(|| format!("{}.service", name.stem())) == unit
            };
            if !sections.contains_key("Install") {
                continue;
            }
            match name.kind() {
                UnitType::Timer if triggers("Timer", "Unit") => starter = Starter::Schedule,
                UnitType::Path if triggers("Path", "Unit") => starter = Starter::Schedule,
                UnitType::Socket if triggers("Socket", "Service") && starter == Starter::Manager => {
                    starter = Starter::Socket;
                }
                _ => {}
            }
        }
        starter
    }

    /// Merges raw directives over the daemon's unit, and drafts the other files they ask for.
    fn raw(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let service = self.service;
        for (file, table) in &service.definition.systemd {
            let place = service.tree.key_place_of(&["systemd", file]);
            let target = match Target::parse(file) {
                Ok(target) => target,
                Err((problem, help)) => {
                    let finding = Diagnostic::new(
                        codes::UNIT_FILE_NAME,
                        format!("{file:?} is no unit file: {problem}"),
                    )
                    .at(place, "");
                    diagnostics.push(match help {
                        Some(help) => finding.help(help),
                        None => finding,
                    });
                    continue;
                }
            };
            let made = self.drafts.iter().any(|(draft, _)| draft.file == *file);
            match special::read(service, file, table, &target, made, diagnostics) {
                Asked::File(instances) => self.instances.extend(instances),
                Asked::Instances(instances) => {
                    self.instances.extend(instances);
                    continue;
                }
                Asked::Mask(mask) => {
                    self.masks.push(mask);
                    continue;
                }
                Asked::Nothing => continue,
            }
            let index = self.drafts.iter().position(|(draft, _)| draft.file == *file).unwrap_or_else(|| {
                self.drafts.push((Draft::new(file, place), target.clone()));
                self.drafts.len() - 1
            });
            let draft = &mut self.drafts[index].0;
            for (section, keys) in as_written(service, &["systemd", file], &table.sections) {
                let known = check::allowed(target.kind()).iter().any(|known| known.name() == section);
                if !known && !section.starts_with("X-") {
                    let place = service.tree.key_place_of(&["systemd", file, section]);
                    diagnostics.push(
                        check::unknown_section(section, file, target.kind()).at(place, "no such section"),
                    );
                    continue;
                }
                // What replaces comes before what appends to it.
                let keys = as_written(service, &["systemd", file, section], keys);
                let (append, replace): (Vec<_>, Vec<_>) =
                    keys.into_iter().partition(|(key, _)| key.starts_with('+'));
                for (key, directive) in replace {
                    draft.replace(section, key, placed(service, &["systemd", file, section, key], directive));
                }
                for (key, directive) in append {
                    for (value, place) in placed(service, &["systemd", file, section, key], directive) {
                        draft.add(section, &key[1..], value, place);
                    }
                }
            }
        }
    }

    /// Makes the main unit read the environment file.
    fn environment(&mut self, main: Option<&str>, env: &UnixPath, place: Place) {
        let own = main.map_or_else(|| format!("{}.service", self.service.name), str::to_owned);
        if let Some((draft, _)) = self.drafts.iter_mut().find(|(draft, _)| draft.file == own) {
            draft.add("Service", "EnvironmentFile", env.as_str(), place);
        } else if let Some(foreign) = main {
            let file = format!("{foreign}.d/50-cmc-env.conf");
            let Ok(target) = Target::parse(&file) else { return };
            let mut draft = Draft::new(file, place);
            let section = target.kind().section().map_or("Service", Section::name);
            draft.add(section, "EnvironmentFile", env.as_str(), place);
            self.drafts.push((draft, target));
        }
    }

    /// A unit of raw directives that has the service's own name is its main unit, if it is installed or triggered.
    fn raw_main(&self) -> Option<String> {
        let name = format!("{}.service", self.service.name);
        let (draft, _) = self.drafts.iter().find(|(draft, _)| draft.file == name)?;
        let started = draft.has_section(Section::Install) || self.starter(&name) != Starter::Manager;
        started.then_some(name)
    }

    fn check(&self, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(hand) = &host.at_hand {
            diagnostics.extend(self.masks.iter().filter_map(|mask| names::mask(mask, hand)));
        }
        let own = format!("{}.service", self.service.name);
        for (draft, target) in &self.drafts {
            let raw = ["systemd", &draft.file, "Service", "ExecStart"];
            let of_job =
                jobs::all(self.service).any(|named| draft.file == format!("{}.service", named.unit()));
            let of_daemon = self.service.definition.daemon.is_some() && draft.file == own;
            // What is wrong with its command is told at the definition.
            let of_daemon = (of_daemon || of_job) && self.service.tree.get(&raw).is_none();
            check::directives(draft, target, Some(&host.os), |item| self.key_place(draft, item), diagnostics);
            check::whole(draft, target, of_daemon, diagnostics);
            aliases::check(draft, target, diagnostics);
            if let Some(hand) = &host.at_hand {
                let by_hand = |item: &Item| self.key_place(draft, item).is_some();
                names::check(draft, target, hand, true, by_hand, diagnostics);
            }
        }
    }

    /// Where the key of an assignment was written, if it is a raw one.
    fn key_place(&self, draft: &Draft, item: &Item) -> Option<Place> {
        ["", "+"].iter().find_map(|sign| {
            let key = format!("{sign}{}", item.key);
            let path = ["systemd", &draft.file, &item.section, &key];
            self.service.tree.get(&path).map(|_| self.service.tree.key_place_of(&path))
        })
    }

    fn activation(&self, main: Option<&str>, env: Option<&UnixPath>) -> Activation {
        let definition = &self.service.definition;
        let mut activation = Activation {
            name: main.map(str::to_owned),
            starter: main.map_or(Starter::Manager, |main| self.starter(main)),
            can_reload: definition.unit.is_some(),
            ..Activation::default()
        };
        let of_main = |target: &Target| match target {
            Target::Unit(name) => Some(name.as_str()) == main,
            Target::DropIn { unit, .. } => Some(unit.as_str()) == main,
        };
        for (draft, target) in &self.drafts {
            let Some(path) = draft.path() else { continue };
            activation.manager.push(path.clone());
            if of_main(target) {
                activation.restart.push(path.clone());
                activation.can_reload |= draft.last("Service", "ExecReload").is_some()
                    || draft.last("Service", "Type") == Some("notify-reload");
                if matches!(target, Target::Unit(_)) && definition.unit.is_none() {
                    activation.definition = Some(path);
                }
            }
        }
        for mask in &self.masks {
            let Some(path) = mask.path() else { continue };
            activation.manager.push(path.clone());
            activation.masked.push((mask.stopped(), path));
        }
        activation.restart.extend(env.cloned());
        let own_files = definition.file.keys();
        let read = own_files.filter(|path| below_system_folder(path.as_str()).is_some());
        activation.manager.extend(read.cloned());
        activation.companions = self.companions(main);
        activation
    }

    /// An instance that is enabled: what is read for it are the template's files and its own.
    fn instance(&self, name: &UnitName) -> Companion {
        let template = name.template();
        let units = [Some(name), template.as_ref()];
        let belongs = |target: &Target| match target {
            Target::Unit(other) => units.contains(&Some(other)),
            Target::DropIn { unit, .. } => units.iter().flatten().any(|name| unit == name.as_str()),
        };
        let files = self.drafts.iter().filter(|(_, target)| belongs(target));
        let paths = files.filter_map(|(draft, _)| draft.path()).collect();
        Companion { name: name.to_string(), stop_first: None, paths, definition: None }
    }

    /// Units beside the main one that are enabled: those with `[Install]`, but no templates and nothing that another
    /// of the service's units triggers.
    fn companions(&self, main: Option<&str>) -> Vec<Companion> {
        let mut companions = Vec::new();
        for (draft, target) in &self.drafts {
            let Target::Unit(name) = target else { continue };
            let triggered =
                name.kind() == UnitType::Service && self.starter(name.as_str()) != Starter::Manager;
            if Some(name.as_str()) == main
                || name.is_template()
                || triggered
                || !draft.has_section(Section::Install)
            {
                continue;
            }
            let belongs = |target: &Target| match target {
                Target::Unit(other) => other == name,
                Target::DropIn { unit, .. } => unit == name.as_str(),
            };
            let files = self.drafts.iter().filter(|(_, target)| belongs(target));
            let mut paths: Vec<_> = files.filter_map(|(draft, _)| draft.path()).collect();
            paths.sort_by_key(|path| Some(path) != draft.path().as_ref());
            // A socket cannot be bound again while the service it passed its listener to runs.
            let accepts = draft
                .last("Socket", "Accept")
                .is_some_and(|value| !matches!(value, "no" | "false" | "0" | "off"));
            let stop_first = (name.kind() == UnitType::Socket && !accepts).then(|| {
                draft
                    .last("Socket", "Service")
                    .map_or_else(|| format!("{}.service", name.stem()), str::to_owned)
            });
            let definition = draft.path();
            companions.push(Companion { name: name.to_string(), stop_first, paths, definition });
        }
        companions.extend(self.instances.iter().map(|name| self.instance(name)));
        companions
    }
}

/// The entries of a table in the order in which they were written, which some directives have a meaning by: a service
/// gets its sockets in the order of `Listen…=`.
fn as_written<'a, T>(
    service: &ResolvedService,
    path: &[&str],
    entries: &'a BTreeMap<String, T>,
) -> Vec<(&'a String, &'a T)> {
    let table = service.tree.get(path).and_then(Node::as_table);
    let order: HashMap<_, _> =
        table.into_iter().flat_map(Table::iter).map(|entry| entry.key.as_str()).zip(0_usize..).collect();
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| order.get(key.as_str()).copied().unwrap_or(usize::MAX));
    entries
}

/// An assignment of a unit file that somebody wrote by hand.
pub(crate) struct Assignment<'a> {
    /// What it says.
    pub(crate) entry: Entry<'a>,
    /// Where the key stands.
    pub(crate) key: Place,
    /// Where the value stands.
    pub(crate) value: Place,
}

/// What is wrong with a unit file or drop-in of this name (`api.service`, `nginx.service.d/x.conf`) as a definition of it
/// would be judged, for an operating system and beside the units at hand where they are known. `headers` are its sections
/// with their places. `Err`: the name is none of a unit file.
pub(crate) fn review(
    file: &str,
    whole: Place,
    headers: &[(String, Place)],
    assignments: &[Assignment<'_>],
    os: Option<&Os>,
    hand: Option<&UnitsAtHand>,
) -> Result<Vec<Diagnostic>, (String, Option<String>)> {
    let target = Target::parse(file)?;
    let mut draft = Draft::new(file, whole);
    let mut keys = HashMap::new();
    for Assignment { entry, key, value } in assignments {
        draft.add(entry.section, entry.key, entry.value, *value);
        keys.insert(*value, *key);
    }
    let mut diagnostics = Vec::new();
    let allowed = check::allowed(target.kind());
    for (section, place) in headers {
        if !section.starts_with("X-") && !allowed.iter().any(|known| known.name() == section) {
            let finding = check::unknown_section(section, file, target.kind());
            diagnostics.push(finding.at(*place, "no such section"));
        }
    }
    check::directives(&draft, &target, os, |item| keys.get(&item.place).copied(), &mut diagnostics);
    check::whole(&draft, &target, false, &mut diagnostics);
    aliases::check(&draft, &target, &mut diagnostics);
    if let Some(hand) = hand {
        names::check(&draft, &target, hand, os.is_some(), |_| true, &mut diagnostics);
    }
    Ok(diagnostics)
}

/// The texts of a directive's values.
fn values(directive: &Directive) -> Vec<String> {
    match directive {
        Directive::One(item) => vec![text(item)],
        Directive::Many(items) => items.iter().map(text).collect(),
    }
}

fn text(item: &DirectiveItem) -> String {
    match item {
        DirectiveItem::Bool(true) => "yes".to_owned(),
        DirectiveItem::Bool(false) => "no".to_owned(),
        DirectiveItem::Integer(number) => number.to_string(),
        DirectiveItem::Text(text) => text.clone(),
    }
}

/// The values of a directive with the place of each.
fn placed(service: &ResolvedService, path: &[&str], directive: &Directive) -> Vec<(String, Place)> {
    let many = matches!(directive, Directive::Many(_));
    let place = |index: usize| {
        let index = index.to_string();
        if many {
            service.tree.place_of(&[path, &[index.as_str()]].concat())
        } else {
            service.tree.place_of(path)
        }
    };
    values(directive).into_iter().enumerate().map(|(index, value)| (value, place(index))).collect()
}
