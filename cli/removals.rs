//! The guard of `cmc publish`: a plan that takes a service from several hosts, or loses several hosts, is refused unless
//! that was asked for.

use crate::exit::Failure;
use crate::fleet;
use crate::terminal::count;
use cmc_bundles::Error;
use cmc_bundles::publish::Changes;
use cmc_compiler::tree::Node;
use cmc_types::HostName;
use std::collections::BTreeSet;
use std::path::Path;

/// Removals that the definitions ask for.
pub(crate) struct Meant {
    /// Services whose definition says `state = "absent"` somewhere.
    absent: BTreeSet<String>,
    /// Hosts whose definition says `retired = true`.
    retired: BTreeSet<String>,
}

/// Reads what the definitions ask for.
pub(crate) fn meant(directory: &Path, with: &fleet::With) -> Result<Meant, Failure> {
    let loaded = fleet::load(directory, with)?;
    let entries = |kind: &str, keep: &dyn Fn(&Node) -> bool| -> BTreeSet<String> {
        let table = loaded.document.as_ref().and_then(|document| document.get(&[kind]));
        let entries = table.and_then(Node::as_table).into_iter().flat_map(|table| table.iter());
        entries.filter(|entry| keep(&entry.node)).map(|entry| entry.key.clone()).collect()
    };
    let is_absent = |node: &Node| node.get(&["state"]).and_then(Node::as_text) == Some("absent");
    let overlaid = |node: &Node| {
        let overlays = node.get(&["for"]).and_then(Node::as_table);
        overlays.is_some_and(|table| table.iter().any(|overlay| is_absent(&overlay.node)))
    };
    let is_retired = |node: &Node| node.get(&["retired"]).is_some_and(|node| node.to_json() == true);
    Ok(Meant {
        absent: entries("service", &|node| is_absent(node) || overlaid(node)),
        retired: entries("host", &is_retired),
    })
}

/// Refuses changes that take a service, or everything, from more than one host and from more than a tenth of them.
pub(crate) fn guard(changes: &Changes, meant: &Meant, allowed: usize) -> Result<(), Error> {
    let (dropped, mut emptied) = (changes.dropped(), changes.emptied());
    emptied.retain(|host| !meant.retired.contains(host.as_str()));
    let most = ((changes.planned + dropped.len()) / 10).max(1);
    let refused = |hosts: &[&HostName]| hosts.len() > most.max(allowed);
    if refused(&dropped) {
        return Err(Error::Failed(format!(
            "{} that are published are not in the fleet any more ({}): they would keep what they have and get nothing new; to take services from a host, say `retired = true`; if this is meant, publish with --allow-removals {}",
            count(dropped.len(), "host"),
            names(&dropped),
            dropped.len(),
        )));
    }
    if refused(&emptied) {
        return Err(Error::Failed(format!(
            "{} would come without any service ({}): if they have services of an earlier release, all are removed; if that is meant, publish with --allow-removals {}",
            count(emptied.len(), "host"),
            names(&emptied),
            emptied.len(),
        )));
    }
    for (service, hosts) in changes.removals() {
        if meant.absent.contains(service.as_str()) || !refused(&hosts) {
            continue;
        }
        return Err(Error::Failed(format!(
            "this takes service {service} from {} hosts ({}); if that is meant, publish with --allow-removals {}",
            hosts.len(),
            names(&hosts),
            hosts.len(),
        )));
    }
    Ok(())
}

fn names(hosts: &[&HostName]) -> String {
    let mut names: Vec<_> = hosts.iter().take(5).map(|host| host.as_str()).collect();
    if hosts.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}
