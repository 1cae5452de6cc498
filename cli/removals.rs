//! The guard of `cmc publish`: a plan that takes a service from several hosts, or loses several hosts, is refused unless
//! that was asked for.

use crate::terminal::count;
use cmc_bundles::Error;
use cmc_bundles::publish::Changes;
use cmc_types::plan::Plan;
use cmc_types::{HostName, ServiceName};
use std::collections::BTreeSet;

/// Removals that the definitions ask for.
pub(crate) struct Meant {
    /// Services that are `state = "absent"` on a host.
    absent: BTreeSet<(HostName, ServiceName)>,
    /// Hosts whose definition says `retired = true`.
    retired: BTreeSet<HostName>,
}

impl Meant {
    /// What a plan's definitions ask for.
    pub(crate) fn by(plan: &Plan) -> Self {
        let absent = |host: &cmc_types::plan::HostPlan| {
            host.absent.iter().map(|service| (host.host.clone(), service.clone())).collect::<Vec<_>>()
        };
        let retired = plan.hosts.iter().filter(|host| host.retired);
        Self {
            absent: plan.hosts.iter().flat_map(absent).collect(),
            retired: retired.map(|host| host.host.clone()).collect(),
        }
    }

    fn asks(&self, host: &HostName, service: &ServiceName) -> bool {
        self.retired.contains(host) || self.absent.contains(&(host.clone(), service.clone()))
    }
}

/// Refuses changes that take a service, or everything, from more than one host and from more than a tenth of them.
pub(crate) fn guard(changes: &Changes, meant: &Meant, allowed: usize) -> Result<(), Error> {
    let (dropped, mut emptied) = (changes.dropped(), changes.emptied());
    emptied.retain(|host| !meant.retired.contains(*host));
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
    for (service, mut hosts) in changes.removals() {
        hosts.retain(|host| !meant.asks(host, service));
        if !refused(&hosts) {
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
