//! The guard of `cmc publish`: a plan that takes a service from several hosts is refused unless that was asked for.

use crate::exit::Failure;
use crate::fleet;
use cmc_bundles::Error;
use cmc_bundles::publish::Changes;
use cmc_compiler::tree::Node;
use std::collections::BTreeSet;
use std::path::Path;

/// Services whose definition says `state = "absent"` somewhere: their removal was asked for.
pub(crate) fn declared_absent(directory: &Path, with: &fleet::With) -> Result<BTreeSet<String>, Failure> {
    let loaded = fleet::load(directory, with)?;
    let services = loaded.document.as_ref().and_then(|document| document.get(&["service"]));
    let services = services.and_then(Node::as_table);
    let is_absent = |node: &Node| node.get(&["state"]).and_then(Node::as_text) == Some("absent");
    let absent = services.into_iter().flat_map(|table| table.iter()).filter(|entry| {
        let overlays = entry.node.get(&["for"]).and_then(Node::as_table);
        is_absent(&entry.node)
            || overlays.is_some_and(|table| table.iter().any(|overlay| is_absent(&overlay.node)))
    });
    Ok(absent.map(|entry| entry.key.clone()).collect())
}

/// Refuses changes that take a service from more than one host and from more than a tenth of them.
pub(crate) fn guard(changes: &Changes, absent: &BTreeSet<String>, allowed: usize) -> Result<(), Error> {
    let most = (changes.planned / 10).max(1);
    for (service, hosts) in changes.removals() {
        if absent.contains(service.as_str()) || hosts.len() <= most || hosts.len() <= allowed {
            continue;
        }
        let mut names: Vec<_> = hosts.iter().take(5).map(|host| host.as_str()).collect();
        if hosts.len() > names.len() {
            names.push("…");
        }
        return Err(Error::Failed(format!(
            "this takes service {service} from {} hosts ({}); if that is meant, publish with --allow-removals {}",
            hosts.len(),
            names.join(", "),
            hosts.len(),
        )));
    }
    Ok(())
}
