//! Other names of units, `Alias=` in `[Install]`: what systemd refuses to link, and names that two units of a host want.

use super::as_written;
use super::check::Target;
use super::draft::Draft;
use super::placed;
use crate::resolved::ResolvedService;
use cmc_types::systemd::{UnitName, UnitType};
use cmc_types::{Diagnostic, Place, codes};
use std::collections::BTreeMap;

/// Checks the aliases of a draft (systemd.unit(5), `unit_validate_alias_symlink_or_warn`).
pub(super) fn check(draft: &Draft, target: &Target, diagnostics: &mut Vec<Diagnostic>) {
    let Target::Unit(name) = target else { return };
    for item in draft.values("Install", "Alias") {
        let words = item.value.split_whitespace().filter(|word| !word.contains('%'));
        for alias in words.filter_map(|word| UnitName::parse(word).ok()) {
            let Some((problem, help)) = problem(name, &alias) else { continue };
            let message =
                format!("Alias= in {}: {alias} cannot be another name of {name}: {problem}", draft.file);
            diagnostics.push(Diagnostic::new(codes::DIRECTIVE_VALUE, message).at(item.place, "").help(help));
        }
    }
}

/// Why a unit cannot have a name, and what to do.
fn problem(unit: &UnitName, alias: &UnitName) -> Option<(&'static str, String)> {
    use UnitType::{Automount, Mount, Slice, Swap};
    let kind = unit.kind().name();
    if matches!(unit.kind(), Mount | Automount | Swap | Slice) {
        return Some(("units of this type have one name", "leave the alias out".to_owned()));
    }
    if alias.kind() != unit.kind() {
        return Some(("it is of another type", format!("write \"{}.{kind}\"", alias.stem())));
    }
    let instance = |name: &UnitName| name.stem().split_once('@').map(|(_, instance)| instance.to_owned());
    match (instance(unit), instance(alias)) {
        (None, None) => None,
        (None, Some(_)) => {
            Some(("it is of a template", format!("name one without '@', such as \"NAME.{kind}\"")))
        }
        (Some(_), None) => {
            Some(("the unit is of a template", format!("name a template, such as \"NAME@.{kind}\"")))
        }
        (Some(own), Some(other)) if own == other || own.is_empty() => None,
        _ => Some(("it is another instance", "give both the same instance".to_owned())),
    }
}

/// Names that two units of a host's services have, by `Alias=` of one of them at least.
pub(crate) fn aliases_twice<'a>(
    services: impl Iterator<Item = &'a ResolvedService> + Clone,
) -> Vec<Diagnostic> {
    let mut owners: BTreeMap<String, (String, Place)> = BTreeMap::new();
    for service in services.clone() {
        if service.definition.daemon.is_some() {
            let unit = format!("{}.service", service.name);
            owners.insert(unit.clone(), (unit, service.tree.key_place_of(&["daemon"])));
        }
        for (file, table) in &service.definition.systemd {
            if !table.sections.is_empty() && !file.contains('/') {
                owners.insert(file.clone(), (file.clone(), service.tree.key_place_of(&["systemd", file])));
            }
        }
    }
    let mut findings = Vec::new();
    for service in services {
        for (file, table) in &service.definition.systemd {
            let Some(keys) = table.sections.get("Install") else { continue };
            let path = ["systemd", file, "Install"];
            for (key, directive) in as_written(service, &path, keys) {
                if key.trim_start_matches('+') != "Alias" || file.contains('/') {
                    continue;
                }
                let values = placed(service, &["systemd", file, "Install", key], directive);
                for (value, place) in &values {
                    for alias in value.split_whitespace().filter(|alias| *alias != file) {
                        let Some((owner, other)) = owners
                            .insert(alias.to_owned(), (file.clone(), *place))
                            .filter(|(owner, _)| owner != file)
                        else {
                            continue;
                        };
                        let message = format!("{file} and {owner} both want the name {alias} on this host");
                        findings.push(
                            Diagnostic::new(codes::UNIT_CLAIMED_TWICE, message)
                                .at(*place, format!("of {file}"))
                                .with(other, format!("of {owner}"))
                                .help("`systemctl enable` would refuse the second; let one of them have the name"),
                        );
                    }
                }
            }
        }
    }
    findings
}
