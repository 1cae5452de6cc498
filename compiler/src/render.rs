//! Rendering of a merged service: every expression in it becomes a value, and the tree becomes the typed definition.
//! Secrets may be in `env` and in the content of files only; those are rendered apart, and stay as written here.

use crate::encode::Format;
use crate::envs::ServiceScope;
use crate::expr::{self, For, Mode, Opaque, Subject, secret_misplaced};
use crate::tree::{Entry, Node, Table, Value as Tree};
use crate::world::World;
use cmc_types::name::ValidatorName;
use cmc_types::{Diagnostic, InitSystem, Place, UnixPath, codes};
use minijinja::value::{Value, ValueKind};
use std::sync::Arc;

/// A merged service in which there is nothing to render; nothing if there is.
pub(crate) fn constant(init: InitSystem, merged: &Node) -> Option<Node> {
    let mut constant = true;
    let mut look = |node: &Node| expr::each_expression(node, &mut |_, _| constant = false);
    for entry in merged.as_table()?.iter() {
        match entry.key.as_str() {
            "env" => {}
            "file" => {
                let files = entry.node.as_table().into_iter().flat_map(Table::iter);
                let keys = files.flat_map(|file| file.node.as_table().into_iter().flat_map(Table::iter));
                keys.filter(|key| key.key != "content").for_each(|key| look(&key.node));
            }
            "systemd" if init != InitSystem::Systemd => {}
            _ => look(&entry.node),
        }
    }
    let mut node = constant.then(|| merged.clone())?;
    if let Tree::Table(table) = &mut node.value
        && init != InitSystem::Systemd
    {
        table.remove("systemd");
    }
    Some(node)
}

/// Renders a merged service for a host; nothing if any part of it failed, which is reported.
pub(crate) fn service(
    world: &Arc<World>,
    host: usize,
    scope: &Arc<ServiceScope>,
    merged: &Node,
) -> Option<Node> {
    let whom = For { host, service: Some(scope.clone()) };
    let Tree::Table(written) = &merged.value else { return None };
    let mut rendered = Table::default();
    let mut whole = true;
    for entry in written.iter() {
        let node = match entry.key.as_str() {
            // Another init system's: ignored here.
            "systemd" if world.fleet.hosts[host].init != InitSystem::Systemd => continue,
            "env" => Some(entry.node.clone()),
            "file" => files(world, &whom, &entry.node),
            _ => value(world, &whom, &entry.node),
        };
        match node {
            Some(node) => rendered.insert(Entry { node, ..entry.clone() }),
            None => whole = false,
        }
    }
    whole.then_some(Node { value: Tree::Table(rendered), place: merged.place })
}

/// Reports expressions in keys, such as in the path of a file: what a service consists of is the same on all hosts.
pub(crate) fn plain_keys(node: &Node, report: &mut dyn FnMut(Diagnostic)) {
    match &node.value {
        Tree::Table(table) => {
            for entry in table.iter() {
                if expr::is_expression(&entry.key) {
                    let message = "a key may not be an expression; only values may";
                    let finding = Diagnostic::new(codes::EXPRESSION_NOT_ALLOWED, message)
                        .at(entry.key_place, "needs a plain key")
                        .help("what differs between hosts goes into `for`");
                    report(finding);
                }
                plain_keys(&entry.node, report);
            }
        }
        Tree::List(items) => items.iter().for_each(|item| plain_keys(item, report)),
        _ => {}
    }
}

/// Files without their content.
fn files(world: &Arc<World>, whom: &For, node: &Node) -> Option<Node> {
    let mut rendered = Table::default();
    let mut whole = true;
    for entry in node.as_table().into_iter().flat_map(Table::iter) {
        let mut file = Table::default();
        for key in entry.node.as_table().into_iter().flat_map(Table::iter) {
            let node = match key.key.as_str() {
                "content" => Some(key.node.clone()),
                _ => value(world, whom, &key.node),
            };
            match node {
                Some(node) => file.insert(Entry { node, ..key.clone() }),
                None => whole = false,
            }
        }
        let node = Node { value: Tree::Table(file), place: entry.node.place };
        rendered.insert(Entry { node, ..entry.clone() });
    }
    whole.then_some(Node { value: Tree::Table(rendered), place: node.place })
}

/// Renders the content of the files of a service that is wrong elsewhere, so that what is wrong in them is found in
/// the same run.
pub(crate) fn content_of_files(world: &Arc<World>, host: usize, scope: &Arc<ServiceScope>, merged: &Node) {
    let whom = For { host, service: Some(scope.clone()) };
    for entry in merged.get(&["file"]).and_then(Node::as_table).into_iter().flat_map(Table::iter) {
        let Ok(path) = UnixPath::parse(&entry.key) else { continue };
        let check = entry.node.get(&["check"]);
        let names: Vec<&Node> = match check.map(|node| &node.value) {
            Some(Tree::List(items)) => items.iter().collect(),
            _ => check.into_iter().collect(),
        };
        let declared = names.iter().filter_map(|name| ValidatorName::parse(name.as_text()?).ok());
        let declared: Vec<ValidatorName> = declared.collect();
        let format = world.format_of(&path, &declared);
        let mode = Mode { format, file: true, secrets: true, typed: false, limit: world.limits.output };
        let text = |key: &str| {
            let node = entry.node.get(&[key])?;
            Some((node, node.as_text()?))
        };
        if let Some((node, name)) = text("template").filter(|(_, name)| !expr::is_expression(name)) {
            world.render(name, &whom, mode, &Subject::Template { asked: node.place });
        }
        if let Some((node, content)) = text("content").filter(|(_, content)| expr::is_expression(content)) {
            world.render_text(node, content, &whom, mode);
        }
    }
}

/// A value in which no secret may stand.
fn value(world: &Arc<World>, whom: &For, node: &Node) -> Option<Node> {
    match &node.value {
        Tree::Text(text) if expr::is_expression(text) => {
            let mode = Mode {
                format: Format::Plain,
                file: false,
                secrets: false,
                typed: true,
                limit: world.limits.output,
            };
            let made = world.render_text(node, text, whom, mode)?;
            match made.value {
                Some(value) => match from_engine(&value, node.place) {
                    Ok(made) => Some(
                        written(world, whom.host, text)
                            .map_or(made, |written| Node { value: written.value.clone(), place: node.place }),
                    ),
                    Err(diagnostic) => {
                        world.report_on(whom.host, *diagnostic);
                        None
                    }
                },
                None => {
                    let text = String::from_utf8_lossy(&made.output).into_owned();
                    Some(Node { value: Tree::Text(text), place: node.place })
                }
            }
        }
        Tree::List(items) => {
            let items: Vec<_> = items.iter().map(|item| value(world, whom, item)).collect();
            let items = items.into_iter().collect::<Option<Vec<Node>>>()?;
            Some(Node { value: Tree::List(items), place: node.place })
        }
        Tree::Table(table) => {
            let entries: Vec<_> =
                table.iter().map(|entry| (entry, value(world, whom, &entry.node))).collect();
            let mut rendered = Table::default();
            for (entry, node) in entries {
                rendered.insert(Entry { key: entry.key.clone(), key_place: entry.key_place, node: node? });
            }
            Some(Node { value: Tree::Table(rendered), place: node.place })
        }
        _ => Some(node.clone()),
    }
}

/// The list or table that an expression which only reads a variable gives, as it was written there: what is wrong in it
/// is shown in it.
fn written<'w>(world: &'w World, host: usize, text: &str) -> Option<&'w Node> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim().strip_prefix("vars.")?;
    let node = &world.variables[host].get(name)?.definition.node;
    let mut constant = true;
    expr::each_expression(node, &mut |_, _| constant = false);
    (constant && matches!(node.value, Tree::List(_) | Tree::Table(_))).then_some(node)
}

/// A value of the engine as a tree; all of it stands where the expression stands.
fn from_engine(value: &Value, place: Place) -> Result<Node, Box<Diagnostic>> {
    let wrong = |text: &str| Box::new(Diagnostic::new(codes::EXPRESSION, text).at(place, ""));
    if value.downcast_object_ref::<Opaque>().is_some() {
        let expr::Failure::Finding { code, message, help, .. } = secret_misplaced() else {
            return Err(wrong("a secret may not stand here"));
        };
        let mut diagnostic = Diagnostic::new(code, message).at(place, "");
        diagnostic.help = help;
        return Err(Box::new(diagnostic));
    }
    let items = |value: &Value| {
        value.try_iter().map_err(|_| wrong("the expression gives a value that cannot be listed"))
    };
    let tree = match value.kind() {
        ValueKind::Bool => Tree::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(integer) if value.is_integer() => Tree::Integer(integer),
            _ => match f64::try_from(value.clone()) {
                Ok(number) if number.is_finite() => Tree::Float(number),
                _ => return Err(wrong("the expression gives a number that is too large")),
            },
        },
        ValueKind::String => Tree::Text(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            let nodes: Result<Vec<_>, _> = items(value)?.map(|item| from_engine(&item, place)).collect();
            Tree::List(nodes?)
        }
        ValueKind::Map => {
            let mut table = Table::default();
            for key in items(value)? {
                let item = value.get_item(&key).unwrap_or_default();
                let key = key
                    .as_str()
                    .ok_or_else(|| wrong("the expression gives a table whose keys are no texts"))?;
                table.insert(Entry {
                    key: key.to_owned(),
                    key_place: place,
                    node: from_engine(&item, place)?,
                });
            }
            Tree::Table(table)
        }
        ValueKind::Undefined | ValueKind::None => return Err(wrong("the expression gives no value")),
        _ => return Err(wrong("the expression gives a value that definitions do not have")),
    };
    Ok(Node { value: tree, place })
}
