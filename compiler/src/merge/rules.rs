//! How one rank is merged over a lower one: tables merge, scalars and arrays replace, keys that exclude each other
//! drop each other, and `+Key` of systemd appends. A table over or under an expression waits until that is rendered.

use crate::expr;
use crate::tree::{Entry, Node, Table, Value};

/// Keys of which a table holds one at most; setting one drops the lower rank's others.
struct Exclusive {
    /// The path of the table; `*` stands for any key.
    at: &'static [&'static str],
    keys: &'static [&'static str],
}

const EXCLUSIVE: &[Exclusive] = &[
    Exclusive { at: &[], keys: &["daemon", "unit"] },
    Exclusive { at: &["env", "*"], keys: &["value", "secret"] },
    Exclusive { at: &["file", "*"], keys: &["template", "source", "content", "secret", "link", "absent"] },
    Exclusive { at: &["file", "*"], keys: &["block", "link"] },
    Exclusive { at: &["health"], keys: &["http", "tcp", "exec"] },
];

fn exclusive_at(path: &[String]) -> Vec<&'static [&'static str]> {
    let matches = |at: &[&str]| {
        at.len() == path.len() && at.iter().zip(path).all(|(pattern, key)| *pattern == "*" || pattern == key)
    };
    EXCLUSIVE.iter().filter(|exclusive| matches(exclusive.at)).map(|exclusive| exclusive.keys).collect()
}

/// Keys that mean nothing for a file with another key; setting that drops the lower rank's.
const MEANINGLESS: &[(&str, &[&str])] = &[
    ("link", &["mode", "user", "group", "check", "validation", "comment"]),
    ("absent", &["mode", "user", "group", "check", "validation"]),
    ("block", &["mode", "user", "group"]),
];

/// Whether a table at this path takes a key of a lower rank away, by a key that excludes it.
fn drops(above: &Table, path: &[String], key: &str) -> bool {
    let has = |key: &str| above.get(key).is_some();
    let exclusive =
        exclusive_at(path).iter().any(|keys| keys.contains(&key) && keys.iter().any(|key| has(key)));
    let is_file = matches!(path, [kind, _] if kind == "file");
    let bare = is_file && MEANINGLESS.iter().any(|(upper, keys)| has(upper) && keys.contains(&key));
    !has(key) && (exclusive || bare)
}

/// Whether an upper rank says what a key is, or takes it away.
pub(super) fn settles(part: &Node, key: &[String]) -> bool {
    let mut node = part;
    for (index, name) in key.iter().enumerate() {
        let Value::Table(table) = &node.value else {
            // What an expression gives may be a table, which merges.
            return !node.as_text().is_some_and(expr::is_expression);
        };
        if drops(table, &key[..index], name) {
            return true;
        }
        let Some(entry) = table.get(name) else { return false };
        node = &entry.node;
    }
    true
}

/// Whether a path is that of a section in `systemd`, where `+Key` appends.
fn is_section(path: &[String]) -> bool {
    path.len() == 3 && path[0] == "systemd"
}

/// Merges `upper` over `lower`.
pub(super) fn merge(lower: &mut Node, upper: &Node) {
    merge_at(lower, upper, &mut Vec::new());
}

/// The key of a table that waits for rendering: what its ranks say, lowest first. No definition can write it.
const WAITING: &str = "\u{1}";

fn merge_at(lower: &mut Node, upper: &Node, path: &mut Vec<String>) {
    let is_expression = |node: &Node| node.as_text().is_some_and(expr::is_expression);
    let expression = is_expression(lower);
    match (&mut lower.value, &upper.value) {
        (Value::Table(below), above) if matches!(above, Value::Table(_)) || is_expression(upper) => {
            match (below.get_mut(WAITING).map(|waiting| &mut waiting.node.value), above) {
                (Some(Value::List(ranks)), _) => ranks.push(upper.clone()),
                (_, Value::Table(above)) => merge_tables(below, above, path),
                _ => *lower = waiting([lower.clone(), upper.clone()]),
            }
        }
        (_, Value::Table(_)) if expression => *lower = waiting([lower.clone(), upper.clone()]),
        _ => *lower = upper.clone(),
    }
}

/// A table of which one rank is an expression, which may give a table.
fn waiting(ranks: [Node; 2]) -> Node {
    let place = ranks[1].place;
    let node = Node { value: Value::List(ranks.into()), place };
    let mut table = Table::default();
    table.insert(Entry { key: WAITING.to_owned(), key_place: place, node });
    Node { value: Value::Table(table), place }
}

/// Whether any part of a service waits for rendering.
pub(super) fn waits(node: &Node) -> bool {
    let Value::Table(table) = &node.value else { return false };
    table.iter().any(|entry| entry.key == WAITING || waits(&entry.node))
}

/// Merges what waited for rendering.
pub(crate) fn settle(node: &mut Node) {
    settle_at(node, &mut Vec::new());
}

fn settle_at(node: &mut Node, path: &mut Vec<String>) {
    let Value::Table(table) = &mut node.value else { return };
    if let Some(Entry { node: Node { value: Value::List(ranks), .. }, .. }) = table.remove(WAITING) {
        let mut ranks = ranks.into_iter();
        let Some(mut settled) = ranks.next() else { return };
        ranks.for_each(|rank| merge_at(&mut settled, &rank, path));
        *node = settled;
        return settle_at(node, path);
    }
    for (key, node) in table.iter_mut() {
        path.push(key.to_owned());
        settle_at(node, path);
        path.pop();
    }
}

fn merge_tables(below: &mut Table, above: &Table, path: &mut Vec<String>) {
    let dropped = below.iter().map(|entry| &entry.key).filter(|key| drops(above, path, key));
    for key in dropped.cloned().collect::<Vec<String>>() {
        below.remove(&key);
    }
    for entry in above.iter() {
        if is_section(path) && merge_directive(below, entry) {
            continue;
        }
        match below.get_mut(&entry.key) {
            Some(existing) => {
                path.push(entry.key.clone());
                merge_at(&mut existing.node, &entry.node, path);
                path.pop();
                existing.key_place = entry.key_place;
            }
            None => below.insert(entry.clone()),
        }
    }
}

/// A directive over a lower rank's. `+Key` appends to `Key`, or to a `+Key` that still waits for the daemon's unit;
/// `Key` replaces both. Says whether it is done.
fn merge_directive(below: &mut Table, entry: &Entry) -> bool {
    let Some(name) = entry.key.strip_prefix('+') else {
        below.remove(&format!("+{}", entry.key));
        return false;
    };
    let target = if below.get(name).is_some() { name } else { entry.key.as_str() };
    match below.get_mut(target) {
        Some(existing) => {
            let place = existing.node.place;
            let lower = std::mem::replace(&mut existing.node.value, Value::Null);
            let mut items = items_of(Node { value: lower, place });
            items.extend(items_of(entry.node.clone()));
            existing.node = Node { value: Value::List(items), place: entry.node.place };
        }
        None => below.insert(entry.clone()),
    }
    true
}

fn items_of(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(items) => items,
        _ => vec![node],
    }
}

/// Calls `found` with what two overlays of equal rank set differently.
pub(super) fn disagreements(first: &Node, second: &Node, found: &mut dyn FnMut(&Node, &Node, &[String])) {
    disagreements_at(first, second, &mut Vec::new(), found);
}

fn disagreements_at(
    first: &Node,
    second: &Node,
    path: &mut Vec<String>,
    found: &mut dyn FnMut(&Node, &Node, &[String]),
) {
    let (Value::Table(one), Value::Table(other)) = (&first.value, &second.value) else {
        if first.to_json() != second.to_json() {
            found(first, second, path);
        }
        return;
    };
    for keys in exclusive_at(path) {
        let set = |table: &Table| keys.iter().find(|key| table.get(key).is_some()).copied();
        if let (Some(a), Some(b)) = (set(one), set(other))
            && a != b
            && let (Some(a), Some(b)) = (one.get(a), other.get(b))
        {
            path.push(b.key.clone());
            found(&a.node, &b.node, path);
            path.pop();
        }
    }
    for entry in other.iter() {
        // Both append: nothing is lost.
        if is_section(path) && entry.key.starts_with('+') {
            continue;
        }
        if let Some(existing) = one.get(&entry.key) {
            path.push(entry.key.clone());
            disagreements_at(&existing.node, &entry.node, path, found);
            path.pop();
        }
    }
}
