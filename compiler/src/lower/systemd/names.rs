//! Units that a unit names: those that nothing has, as far as cmc can know, and that look like a slip for another.
//!
//! What a host has besides its services is not known, so a name that is near no other is a warning at most, and only where
//! nothing could start without it.

use super::check::Target;
use super::draft::{Draft, Item};
use super::special::Mask;
use super::{unit_of, values};
use crate::resolved::ResolvedService;
use cmc_types::systemd::{
    Kind, Section, UnitName, UnitType, below_system_folder, directive, is_known_unit, nearest_unit, section,
};
use cmc_types::{Diagnostic, Severity, codes};
use std::collections::BTreeSet;

/// The units that a host's services bring or name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitsAtHand {
    /// Made by services, or said to exist.
    made: BTreeSet<String>,
    /// Foreign units of services: there, if their names are right.
    foreign: BTreeSet<String>,
}

impl UnitsAtHand {
    /// Adds what a service brings.
    pub(crate) fn add(&mut self, service: &ResolvedService) {
        let definition = &service.definition;
        if definition.daemon.is_some() {
            self.made.insert(format!("{}.service", service.name));
        }
        for name in definition.job.keys() {
            let unit = format!("{}-{name}", service.name);
            self.made.extend([format!("{unit}.service"), format!("{unit}.timer")]);
        }
        self.foreign.extend(definition.unit.as_deref().map(unit_of));
        for (file, table) in &definition.systemd {
            if file.contains('/') {
                continue;
            }
            // A mask makes no unit.
            if table.mask.is_none() {
                self.made.insert(file.clone());
            }
            let aliases = table.sections.get("Install").and_then(|keys| keys.get("Alias"));
            let aliases = aliases.map(values).unwrap_or_default();
            self.made.extend(aliases.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned));
        }
        let present = definition.file.iter().filter(|(_, file)| file.absent.is_none());
        self.made.extend(present.filter_map(|(path, _)| of_file(path.as_str())));
    }

    /// Adds a unit by its name.
    pub(crate) fn insert(&mut self, name: &str) {
        self.made.insert(name.to_owned());
    }

    fn has(&self, name: &UnitName) -> bool {
        let has = |name: &UnitName| {
            self.made.contains(name.as_str()) || self.foreign.contains(name.as_str()) || is_known_unit(name)
        };
        has(name) || name.template().is_some_and(|template| has(&template))
    }

    /// The unit that was probably meant by a name that nothing has.
    fn meant(&self, name: &UnitName) -> Option<String> {
        if self.has(name) {
            return None;
        }
        nearest_unit(name, self.made.iter().chain(&self.foreign).map(String::as_str))
    }

    /// The same for the foreign unit of a service.
    fn meant_by_foreign(&self, name: &UnitName) -> Option<String> {
        let template = name.template();
        let names = [Some(name.as_str()), template.as_ref().map(UnitName::as_str)];
        if is_known_unit(name) || names.into_iter().flatten().any(|name| self.made.contains(name)) {
            return None;
        }
        nearest_unit(name, self.made.iter().map(String::as_str))
    }
}

/// The unit that a file is or becomes: those in the manager's folders, scripts of System V, and Quadlet's.
fn of_file(path: &str) -> Option<String> {
    if let Some(name) = below_system_folder(path) {
        return UnitName::parse(name).is_ok().then(|| name.to_owned());
    }
    let (folder, name) = path.rsplit_once('/')?;
    if folder == "/etc/init.d" {
        return Some(format!("{}.service", name.strip_suffix(".sh").unwrap_or(name)));
    }
    let (stem, kind) = name.rsplit_once('.').filter(|_| folder == "/etc/containers/systemd")?;
    match kind {
        "container" | "kube" => Some(format!("{stem}.service")),
        "volume" | "network" | "pod" | "image" | "build" => Some(format!("{stem}-{kind}.service")),
        _ => None,
    }
}

/// What becomes of a unit that names another which is not there.
fn consequence(key: &str) -> (Severity, &'static str) {
    match key {
        "Requires" | "Requisite" | "BindsTo" => (Severity::Error, "systemd would refuse to start the unit"),
        "Unit" | "Service" => (Severity::Error, "nothing could be started"),
        "WantedBy" | "RequiredBy" | "UpheldBy" => (Severity::Error, "nothing would ever start the unit"),
        "Also" => (Severity::Error, "`systemctl enable` would fail"),
        "After" | "Before" => (Severity::Warning, "systemd would wait for nothing, and say nothing"),
        _ => (Severity::Warning, "systemd would go on without it, and say nothing"),
    }
}

/// Directives whose unit must be there for anything to start at all.
fn starts(key: &str) -> bool {
    matches!(key, "Unit" | "Service" | "WantedBy" | "RequiredBy" | "UpheldBy" | "Also")
}

fn finding(name: &UnitName, meant: &str, message: String, severity: Severity) -> Diagnostic {
    let mut finding = Diagnostic::new(codes::UNKNOWN_UNIT, message).help(format!(
        "did you mean {meant:?}? If the host has a unit {name} all the same, say so: systemd.{:?}.existing = true",
        name.as_str()
    ));
    finding.severity = severity;
    finding
}

/// The finding for a unit that nothing known has and that is near no other: the host may still have it.
fn unheard_of(name: &UnitName, message: String) -> Diagnostic {
    let mut finding = Diagnostic::new(codes::UNKNOWN_UNIT, message).help(format!(
        "if the host has it all the same, say so: systemd.{:?}.existing = true",
        name.as_str()
    ));
    finding.severity = Severity::Warning;
    finding
}

/// Checks the units that a draft names where somebody wrote it by hand, and the one that it is for. `whole`: the units at
/// hand are those of a host, so that what starts nothing is told even if no name is near.
pub(super) fn check(
    draft: &Draft,
    target: &Target,
    hand: &UnitsAtHand,
    whole: bool,
    by_hand: impl Fn(&Item) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for item in draft.items.iter().filter(|item| by_hand(item)) {
        for name in named(item) {
            let (severity, consequence) = consequence(&item.key);
            let message = || format!("{}= in {} names {name}, and nothing has it", item.key, draft.file);
            let found = match hand.meant(&name) {
                Some(meant) => finding(&name, &meant, message(), severity),
                None if whole && starts(&item.key) && !hand.has(&name) => {
                    let message =
                        format!("{}= in {} names {name}, and nothing known has it", item.key, draft.file);
                    unheard_of(&name, message)
                }
                None => continue,
            };
            diagnostics.push(found.at(item.place, consequence));
        }
    }
    match target {
        Target::Unit(name) => triggers(draft, name, hand, whole, diagnostics),
        Target::DropIn { unit, .. } => {
            let Ok(name) = UnitName::parse(unit) else { return };
            // `foo-.service.d` is for all units whose names begin so.
            if name.stem().ends_with('-') {
                return;
            }
            let Some(meant) = hand.meant(&name) else { return };
            let message = format!("{} is for {name}, and nothing has it", draft.file);
            let found = finding(&name, &meant, message, Severity::Error);
            diagnostics.push(found.at(draft.place, "nothing would ever read it"));
        }
    }
}

/// A mask of a unit that nothing has.
pub(super) fn mask(mask: &Mask, hand: &UnitsAtHand) -> Option<Diagnostic> {
    let meant = hand.meant(&mask.name)?;
    let message = format!("{} is masked, and nothing has it", mask.name);
    let finding = Diagnostic::new(codes::UNKNOWN_UNIT, message).at(mask.place, "this masks nothing");
    Some(finding.help(format!("did you mean {meant:?}?")))
}

/// Units that the values of a directive name. What holds a specifier is known on the host only.
fn named(item: &Item) -> Vec<UnitName> {
    let row = section(&item.section).and_then(|section| directive(section, &item.key));
    let names = row.is_some_and(|row| {
        row.key != "Alias"
            && matches!(row.kind, Kind::Unit(_) | Kind::Units | Kind::UnitsOf(_) | Kind::InstallUnits)
    });
    if !names {
        return Vec::new();
    }
    let words = item.value.split_whitespace().filter(|word| !word.contains(['%', '"', '\'']));
    words.filter_map(|word| UnitName::parse(word).ok()).collect()
}

/// The service that a timer, path or socket starts without naming it.
fn triggers(
    draft: &Draft,
    name: &UnitName,
    hand: &UnitsAtHand,
    whole: bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (section, key) = match name.kind() {
        UnitType::Timer => (Section::Timer, "Unit"),
        UnitType::Path => (Section::Path, "Unit"),
        UnitType::Socket => (Section::Socket, "Service"),
        _ => return,
    };
    if draft.last(section.name(), key).is_some() {
        return;
    }
    let accepts =
        draft.last("Socket", "Accept").is_some_and(|value| !matches!(value, "no" | "false" | "0" | "off"));
    let started = match name.stem().split_once('@') {
        None if accepts => format!("{}@.service", name.stem()),
        _ => format!("{}.service", name.stem()),
    };
    let Ok(started) = UnitName::parse(&started) else { return };
    let found = match hand.meant(&started) {
        Some(meant) => {
            let message = format!("{name} starts {started}, and nothing has it");
            finding(&started, &meant, message, Severity::Error)
        }
        None if whole && !hand.has(&started) => {
            unheard_of(&started, format!("{name} starts {started}, and nothing known has it"))
        }
        None => return,
    };
    diagnostics.push(found.at(draft.place, "nothing could be started"));
}

/// Checks the name of a service's foreign unit.
pub(super) fn foreign(service: &ResolvedService, name: &str, hand: &UnitsAtHand) -> Option<Diagnostic> {
    let name = UnitName::parse(name).ok()?;
    let meant = hand.meant_by_foreign(&name)?;
    let message = format!("the unit of service {} is {name}, and nothing known has it", service.name);
    let found = finding(&name, &meant, message, Severity::Warning);
    Some(found.at(service.tree.place_of(&["unit"]), "the host must have it already"))
}
