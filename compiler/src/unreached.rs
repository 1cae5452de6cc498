//! What no host gets: presets that no service uses, services without hosts or that are absent, overlays for no host.
//! What is wrong in them and needs no host to be seen is found, once per fleet, but for login classes, which each system
//! has its own of, and what expressions give. They are parts: what they lack may come from elsewhere, what another rank
//! may replace is not judged, and values of a preset, which every service may replace, are warned about at most. Of a
//! service that is absent only syntax and selectors are looked at, so that its templates and secrets can be deleted with
//! it.

use crate::expr;
use crate::fleet::Fleet;
use crate::hosts::Placed;
use crate::merge::Layer;
use crate::resolved::ResolvedService;
use crate::select::Selection;
use crate::tree::{Node, Table, Value};
use crate::world::World;
use crate::{envs, files, health, lower, order, render, services};
use cmc_types::definition::{EnvType, EnvVarTable, Service};
use cmc_types::{Diagnostic, Place, ServiceName, Severity, codes, env_value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Kind and name of a definition, and the overlay if it is one.
pub(crate) type Part = (&'static str, String, Option<String>);

/// Checks what no host gets. Findings that were made for a host are not made again.
pub(crate) fn check(world: &World, services: &[Placed]) {
    let report = &mut |diagnostic: Diagnostic| world.report_new(diagnostic);
    syntax(world, report);
    unread(world, report);
    let mut reached: BTreeSet<Part> = BTreeSet::new();
    for placed in services {
        let hosts = || world.fleet.active().map(|(_, host)| host).filter(|host| placed.on.selects(host));
        placed.service.written.reach(&placed.name, hosts, &mut reached);
    }
    let selected: BTreeSet<&str> = services
        .iter()
        .filter(|placed| world.fleet.active().any(|(_, host)| placed.on.selects(host)))
        .map(|placed| placed.name.as_str())
        .collect();
    for kind in ["preset", "service"] {
        for entry in world.fleet.definitions(kind) {
            let layer = Layer::read(&entry.node, &world.fleet, report);
            let Ok(name) = ServiceName::parse(&entry.key) else { continue };
            let is_reached = |overlay: Option<&str>| {
                reached.contains(&(kind, entry.key.clone(), overlay.map(str::to_owned)))
            };
            let has_hosts = selected.contains(entry.key.as_str());
            let absent = is_absent(&entry.node) || (has_hosts && !is_reached(None));
            for (overlay, node) in layer.parts().filter(|(overlay, _)| !is_reached(*overlay)) {
                render::plain_keys(node, report);
                if kind == "preset" {
                    let report = &mut |finding| report(of_preset(finding, &name));
                    part(world, &name, node, report);
                    names_in_expressions(world, node, report);
                } else if absent || is_absent(node) {
                    named(world, node, &mut |finding| {
                        if finding.code == codes::EXPRESSION_SYNTAX {
                            report(finding);
                        }
                    });
                } else {
                    let mut own = node.clone();
                    let others = layer.parts().filter(|(other, _)| other.is_some() && *other != overlay);
                    others.for_each(|(_, other)| without_replaced(&mut own, other));
                    let report = &mut |finding| report(if has_hosts { finding } else { of_nobody(finding) });
                    part(world, &name, &own, report);
                    names_in_expressions(world, &own, report);
                    environment(&own, report);
                }
            }
        }
    }
}

fn is_absent(part: &Node) -> bool {
    part.get(&["state"]).and_then(Node::as_text) == Some("absent")
}

/// What a preset says may be replaced by those who use it, except for its keys.
fn of_preset(mut finding: Diagnostic, name: &ServiceName) -> Diagnostic {
    finding.message = finding.message.replace(&format!("of service {name}"), &format!("of preset {name}"));
    if ![codes::UNKNOWN_DIRECTIVE, codes::UNKNOWN_SECTION, codes::UNIT_FILE_NAME].contains(&finding.code) {
        finding.severity = Severity::Warning;
    }
    finding
}

/// A service that goes to no host may be on its way out: what it installed may be gone before.
fn of_nobody(mut finding: Diagnostic) -> Diagnostic {
    if [codes::UNKNOWN_TEMPLATE, codes::UNKNOWN_SECRET, codes::UNREADABLE_FILE].contains(&finding.code) {
        finding.severity = Severity::Warning;
    }
    finding
}

/// Leaves out what another part of the same service says too: one replaces the other where both are.
fn without_replaced(part: &mut Node, other: &Node) {
    fn prune(part: &mut Node, other: &Node, whole: bool) {
        let Value::Table(table) = &mut part.value else { return };
        table.retain(|entry| match other.get(&[entry.key.as_str()]) {
            Some(node) => !whole && entry.node.as_table().is_some() && node.as_table().is_some(),
            None => true,
        });
        for (key, node) in table.iter_mut() {
            // What a file or variable has is chosen from several keys.
            let choices = ["file", "env"].contains(&key);
            if let Some(other) = other.get(&[key]) {
                prune(node, other, choices);
            }
        }
    }
    prune(part, other, false);
}

/// The syntax of every expression, also where a value of higher rank takes the place of it.
fn syntax(world: &World, report: &mut dyn FnMut(Diagnostic)) {
    let fleet = &world.fleet;
    let variables = ["tag", "host"].into_iter().flat_map(|kind| fleet.definitions(kind));
    let variables = variables.map(|entry| entry.node.get(&["vars"]));
    let parts = ["preset", "service"].into_iter().flat_map(|kind| fleet.definitions(kind));
    let nodes = variables.chain([fleet.document.get(&["fleet", "vars"])]).flatten();
    for node in nodes.chain(parts.map(|entry| &entry.node)) {
        expr::each_expression(node, &mut |node, text| {
            world.misspelt(node, text).into_iter().for_each(&mut *report);
        });
    }
}

/// Variables of which no host has the value.
fn unread(world: &World, report: &mut dyn FnMut(Diagnostic)) {
    let fleet = &world.fleet;
    let definitions = ["tag", "host"].into_iter().flat_map(|kind| fleet.definitions(kind));
    let variables =
        definitions.map(|entry| entry.node.get(&["vars"])).chain([fleet.document.get(&["fleet", "vars"])]);
    let entries = variables.flatten().filter_map(Node::as_table).flat_map(Table::iter);
    let dynamic: Vec<&Node> = entries.map(|entry| &entry.node).filter(|node| has_expression(node)).collect();
    if dynamic.is_empty() {
        return;
    }
    let winning = world.variables.iter().flat_map(|variables| variables.values());
    let read: BTreeSet<Place> = winning.map(|variable| variable.definition.node.place).collect();
    for node in dynamic.into_iter().filter(|node| !read.contains(&node.place)) {
        names_in_expressions(world, node, report);
    }
}

/// Secrets, hosts and tags that expressions name as literals.
fn names_in_expressions(world: &World, node: &Node, report: &mut dyn FnMut(Diagnostic)) {
    expr::each_expression(node, &mut |node, text| {
        for named in expr::named(text) {
            let place = world.place_in_text(node, text, named.range);
            if named.is_secret {
                unknown_secret(&world.fleet, named.name, place).into_iter().for_each(&mut *report);
            } else if let Err(error) = Selection::default().add(named.name, &world.fleet)
                && !world.fleet.incomplete
            {
                report(error.at(place));
            }
        }
    });
}

/// One part of a service: what is wrong in it whatever the rest is, but for expressions.
pub(crate) fn part(world: &World, name: &ServiceName, node: &Node, report: &mut dyn FnMut(Diagnostic)) {
    order::unknown_services(world, node, report);
    named(world, node, report);
    let mut tree = node.clone();
    without_expressions(&mut tree);
    let Ok(definition) = serde_json::from_value::<Service>(tree.to_json()) else { return };
    let (definition, tree) = (Arc::new(definition), Arc::new(tree));
    let service = ResolvedService { name: name.clone(), definition, tree, env: Vec::new() };
    let commands = services::commands(&service.definition, &service.tree);
    let health = service.definition.health.as_ref().map(|health| health::problems(health, &service.tree));
    let files = files::wrong_in_part(world, &service);
    let findings = commands.into_iter().chain(health.into_iter().flatten()).chain(files);
    findings.chain(lower::check_part(&service)).for_each(report);
}

/// Templates and secrets by their names.
fn named(world: &World, node: &Node, report: &mut dyn FnMut(Diagnostic)) {
    let plain = |node: &Node| node.as_text().filter(|text| !expr::is_expression(text)).map(str::to_owned);
    for (table, key) in [("file", "template"), ("file", "secret"), ("env", "secret")] {
        for entry in node.get(&[table]).and_then(Node::as_table).into_iter().flat_map(Table::iter) {
            let Some(value) = entry.node.get(&[key]) else { continue };
            let Some(name) = plain(value) else { continue };
            let finding = match key {
                "template" => world.unusable_template(&name, value.place),
                _ => unknown_secret(&world.fleet, &name, value.place),
            };
            finding.into_iter().for_each(&mut *report);
        }
    }
}

fn unknown_secret(fleet: &Fleet, name: &str, place: Place) -> Option<Diagnostic> {
    fleet.unknown(codes::UNKNOWN_SECRET, "secret", name, place)
}

/// Values of the environment whose type stands beside them.
fn environment(part: &Node, report: &mut dyn FnMut(Diagnostic)) {
    let mut tree = part.clone();
    without_expressions(&mut tree);
    for entry in tree.get(&["env"]).and_then(Node::as_table).into_iter().flat_map(Table::iter) {
        let Ok(spec) = serde_json::from_value::<EnvVarTable>(entry.node.to_json()) else { continue };
        let (Some(kind), Some(written)) = (&spec.kind, entry.node.as_table()) else { continue };
        let wrong = match (env_value::check_spec(&spec), &spec.value, written.get("value")) {
            // What the type needs may come from another rank.
            (Err(("type", _)), ..) => None,
            (Err((key, error)), ..) => {
                Some(envs::incomplete_type(&entry.key, &error).at(entry.node.place_of(&[key]), ""))
            }
            (Ok(()), Some(value), Some(at)) if *kind != EnvType::Pattern => {
                let checked =
                    env_value::text_of(&spec, value).and_then(|text| env_value::check(&spec, &text));
                checked.err().map(|error| envs::wrong_value(&entry.key, &error).at(at.node.place, ""))
            }
            _ => None,
        };
        wrong.into_iter().for_each(&mut *report);
    }
}

fn has_expression(node: &Node) -> bool {
    let mut found = false;
    expr::each_expression(node, &mut |_, _| found = true);
    found
}

/// Leaves out every key whose value is, or lists, an expression.
fn without_expressions(node: &mut Node) {
    let Value::Table(table) = &mut node.value else { return };
    table.retain(|entry| {
        let is_table = matches!(entry.node.value, Value::Table(_));
        !expr::is_expression(&entry.key) && (is_table || !has_expression(&entry.node))
    });
    table.iter_mut().for_each(|(_, node)| without_expressions(node));
}
