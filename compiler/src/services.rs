//! A service on a host: merged, rendered, typed, and checked for what the schema cannot say.

use crate::envs::ServiceScope;
use crate::merge::settle;
use crate::prepared::Preparing;
use crate::resolved::{ResolvedEnv, ResolvedService, Text};
use crate::tree::{Node, Table, Value};
use crate::world::World;
use crate::{expr, prepared, render, unreached};
use cmc_types::definition::{OnChange, Service, State};
use cmc_types::{Diagnostic, EnvName, Place, ServiceName, codes};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A service on a host.
pub(crate) struct OnHost {
    /// The service as expressions see it.
    pub(crate) scope: Arc<ServiceScope>,
    /// The service.
    pub(crate) service: ResolvedService,
}

/// What became of a service that selects a host.
pub(crate) enum Outcome {
    /// It is on the host.
    Present(Box<OnHost>),
    /// `state = "absent"`.
    Absent,
    /// Something is wrong, and reported.
    Failed,
}

/// Checks a rendered service. An expression that is a whole value keeps its type, so `"{{ env.PORT }}"` gives a number
/// where a number is wanted; where the schema wants a text, it is that number's text. Numbers and booleans that were
/// written without an expression have been checked before, and are not touched.
fn typed(mut tree: Node) -> (Node, Result<Arc<Service>, Vec<Diagnostic>>) {
    let checked = prepared::definition(&tree);
    let Err(errors) = &checked else { return (tree, checked) };
    let wrong = |errors: &[Diagnostic]| -> BTreeSet<Place> {
        let places = errors.iter().filter(|error| error.code == codes::WRONG_TYPE);
        places.filter_map(|error| error.primary.as_ref()).map(|label| label.place).collect()
    };
    let mut places = wrong(errors);
    if places.is_empty() {
        return (tree, checked);
    }
    // What is wrong as a text too is said about the value as it was.
    let mut texts = tree.clone();
    scalars_to_texts(&mut texts, &places);
    let left = prepared::definition(&texts).err().unwrap_or_default();
    let left: BTreeSet<Place> =
        left.iter().filter_map(|error| error.primary.as_ref()).map(|label| label.place).collect();
    places.retain(|place| !left.contains(place));
    scalars_to_texts(&mut tree, &places);
    let checked = prepared::definition(&tree);
    (tree, checked)
}

/// Turns numbers and booleans at these places into texts.
fn scalars_to_texts(node: &mut Node, places: &BTreeSet<Place>) {
    let text = match &mut node.value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::List(items) => return items.iter_mut().for_each(|item| scalars_to_texts(item, places)),
        Value::Table(table) => return table.iter_mut().for_each(|(_, node)| scalars_to_texts(node, places)),
        Value::Null | Value::Text(_) => return,
    };
    if places.contains(&node.place) {
        node.value = Value::Text(text);
    }
}

/// Resolves a service for a host.
pub(crate) fn resolve(world: &Arc<World>, host: usize, name: &ServiceName, service: &Preparing) -> Outcome {
    let prepared = service.for_host(&world.fleet.hosts[host]);
    let merged = &prepared.merged.service;
    for disagreement in &prepared.merged.disagreements {
        world.report_on(host, disagreement.clone());
    }
    let state = merged.get(&["state"]).and_then(Node::as_text);
    if state == Some("absent") {
        return Outcome::Absent;
    }
    let scope = ServiceScope::new(name, &prepared.env);
    render::plain_keys(merged, &mut |finding| world.report_on(host, finding));
    let env = environment(world, host, &scope);
    let rendered = match &prepared.constant {
        Some(constant) => Some((constant.tree.clone(), constant.definition.clone())),
        None => render::service(world, host, &scope, merged).map(|mut tree| {
            if prepared.merged.waits {
                settle(&mut tree);
            }
            let (tree, checked) = typed(tree);
            (Arc::new(tree), checked)
        }),
    };
    let failed = || {
        render::content_of_files(world, host, &scope, merged);
        unreached::part(world, name, merged, &mut |finding| world.report_on(host, finding));
        Outcome::Failed
    };
    let Some((tree, checked)) = rendered else { return failed() };
    let definition = match checked {
        Ok(definition) => definition,
        Err(errors) => {
            let known = expressions_for_secrets(merged);
            let errors = errors
                .into_iter()
                .filter(|error| error.primary.as_ref().is_none_or(|label| !known.contains(&label.place)));
            errors.for_each(|diagnostic| world.report_on(host, diagnostic));
            return failed();
        }
    };
    if definition.state == Some(State::Absent) {
        return Outcome::Absent;
    }
    commands(&definition, &tree).into_iter().for_each(|finding| world.report_on(host, finding));
    let own = format!("{name}.service");
    let raw = merged.get(&["systemd", &own]).is_some();
    check(world, host, name, &definition, &tree);
    if definition.daemon.is_none() && definition.unit.is_none() && !raw {
        without_unit(&definition, &tree).into_iter().for_each(|finding| world.report_on(host, finding));
    }
    Outcome::Present(Box::new(OnHost {
        scope,
        service: ResolvedService { name: name.clone(), definition, tree, env },
    }))
}

/// Where an expression stands for the name of a variable's secret, which is reported with the variable.
fn expressions_for_secrets(merged: &Node) -> BTreeSet<Place> {
    let variables = merged.get(&["env"]).and_then(Node::as_table).into_iter().flat_map(Table::iter);
    let secrets = variables.filter_map(|entry| entry.node.get(&["secret"]));
    secrets.filter(|node| node.as_text().is_some_and(expr::is_expression)).map(|node| node.place).collect()
}

/// What stands for the value of a variable that has none, so that the rest of its service is looked at all the same.
const STAND_IN: &str = "x";

/// The final environment. A variable without a value has an error, which is reported: nothing is published.
fn environment(world: &Arc<World>, host: usize, scope: &Arc<ServiceScope>) -> Vec<ResolvedEnv> {
    let named = scope.env.values().filter_map(|slot| {
        let value = world.env_of(host, scope, slot).map(|value| value.text.clone());
        let value = value.unwrap_or_else(|| Text::plain(STAND_IN));
        Some(ResolvedEnv { name: EnvName::parse(&slot.name).ok()?, value, place: slot.value_place() })
    });
    named.collect()
}

/// What the schema cannot say.
fn check(world: &World, host: usize, name: &ServiceName, definition: &Service, tree: &Node) {
    let report = |diagnostic| world.report_on(host, diagnostic);
    let has_unit = definition.daemon.is_some() || definition.unit.is_some();
    if definition.daemon.is_some() && definition.unit.is_some() {
        let message = format!("service {:?} has both `daemon` and `unit`", name.as_str());
        report(
            Diagnostic::new(codes::EXCLUSIVE_KEYS, message)
                .at(tree.key_place_of(&["unit"]), "exists already on the host")
                .with(tree.key_place_of(&["daemon"]), "is made by cmc"),
        );
    }
    if definition.state.is_some() && !has_unit && definition.job.is_empty() {
        let message =
            format!("service {:?} has a state but neither `daemon`, `unit` nor `job`", name.as_str());
        report(
            Diagnostic::new(codes::STATE_WITHOUT_UNIT, message)
                .at(tree.key_place_of(&["state"]), "")
                .help("a service of files only has no state; name the unit that it is about with `unit`"),
        );
    }
}

/// What is wrong with a program and its arguments that no shell sees.
pub(crate) fn argv_problem(argv: &[String]) -> Option<&'static str> {
    let program = argv.first().map_or("", String::as_str);
    if program.is_empty() {
        Some("has no program")
    } else if program.contains('/') && !program.starts_with('/') {
        Some("has a program that is neither an absolute path nor a bare name")
    } else if argv.iter().any(|word| word.contains('\0')) {
        Some("has a word with NUL in it, which none can hold")
    } else {
        None
    }
}

/// Commands of files that no system could run.
pub(crate) fn commands(definition: &Service, tree: &Node) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (path, file) in &definition.file {
        for (index, argv) in file.run.iter().enumerate() {
            let Some(problem) = argv_problem(argv) else { continue };
            let place = tree.place_of(&["file", path.as_str(), "run", &index.to_string()]);
            let message = format!("a command of {:?} {problem}", path.as_str());
            findings.push(
                Diagnostic::new(codes::INVALID_VALUE, message)
                    .at(place, "")
                    .help("write a program and its arguments, such as [\"/usr/bin/newaliases\"]"),
            );
        }
    }
    findings
}

/// What has no effect in a service that runs nothing.
fn without_unit(definition: &Service, tree: &Node) -> Vec<Diagnostic> {
    let acts = |then: Option<OnChange>| then.is_some_and(|then| then != OnChange::None);
    let mut triggers = Vec::new();
    if acts(definition.on_change) {
        triggers.push(tree.place_of(&["on-change"]));
    }
    if !definition.watch.is_empty() {
        triggers.push(tree.key_place_of(&["watch"]));
    }
    for (path, _) in definition.file.iter().filter(|(_, file)| acts(file.on_change)) {
        triggers.push(tree.place_of(&["file", path.as_str(), "on-change"]));
    }
    let mut findings: Vec<_> = triggers
        .into_iter()
        .map(|place| {
            Diagnostic::new(
                codes::TRIGGER_WITHOUT_UNIT,
                "the service has neither `daemon` nor `unit` that a change could restart",
            )
            .at(place, "triggers nothing")
            .help("name the unit that it is about with `unit`, or run commands with the file's `run`")
        })
        .collect();
    if !definition.env.is_empty() && definition.job.is_empty() {
        findings.push(
            Diagnostic::new(
                codes::ENV_WITHOUT_UNIT,
                "the service has no `daemon`, `unit` or `job` that would get its `env`",
            )
            .at(tree.key_place_of(&["env"]), "only its own expressions and what sources the file read it")
            .help("name the unit with `unit`; values for templates alone are `vars`"),
        );
    }
    findings
}
