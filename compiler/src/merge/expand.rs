//! Short forms: `X = "v"` in `env` is `X = { value = "v" }`.

use crate::tree::{Entry, Node, Table, Value};

/// Expands the short forms of a service, preset or overlay.
pub(super) fn short_forms(service: &mut Node) {
    let Value::Table(table) = &mut service.value else { return };
    let Some(env) = table.get_mut("env") else { return };
    let Value::Table(variables) = &mut env.node.value else { return };
    for (_, node) in variables.iter_mut() {
        if !matches!(node.value, Value::Table(_)) {
            let place = node.place;
            let value = std::mem::replace(&mut node.value, Value::Table(Table::default()));
            if let Value::Table(short) = &mut node.value {
                let node = Node { value, place };
                short.insert(Entry { key: "value".to_owned(), key_place: place, node });
            }
        }
    }
}
