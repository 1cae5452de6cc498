//! How one rank is merged over a lower one: tables merge, scalars and arrays replace, keys that exclude each other
//! drop each other, and `+Key` of systemd appends.

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
    Exclusive { at: &["health"], keys: &["http", "tcp", "exec"] },
];

fn exclusive_at(path: &[String]) -> Option<&'static [&'static str]> {
    let matches = |at: &[&str]| {
        at.len() == path.len() && at.iter().zip(path).all(|(pattern, key)| *pattern == "*" || pattern == key)
    };
    EXCLUSIVE.iter().find(|exclusive| matches(exclusive.at)).map(|exclusive| exclusive.keys)
}

/// Whether a path is that of a section in `systemd`, where `+Key` appends.
fn is_section(path: &[String]) -> bool {
    path.len() == 3 && path[0] == "systemd"
}

/// Merges `upper` over `lower`.
pub(super) fn merge(lower: &mut Node, upper: &Node) {
    merge_at(lower, upper, &mut Vec::new());
}

fn merge_at(lower: &mut Node, upper: &Node, path: &mut Vec<String>) {
    match (&mut lower.value, &upper.value) {
        (Value::Table(below), Value::Table(above)) => merge_tables(below, above, path),
        _ => *lower = upper.clone(),
    }
}

fn merge_tables(below: &mut Table, above: &Table, path: &mut Vec<String>) {
    if let Some(keys) = exclusive_at(path)
        && keys.iter().any(|key| above.get(key).is_some())
    {
        for key in keys.iter().filter(|key| above.get(key).is_none()) {
            below.remove(key);
        }
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
    if let Some(keys) = exclusive_at(path) {
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
