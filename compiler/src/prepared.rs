//! What of a service is the same on every host that the same overlays are for: the merged tree, the types of its
//! environment, and, unless expressions say otherwise, its whole typed definition. It is made once, not per host.

use crate::envs::Declared;
use crate::fleet::Host;
use crate::merge::{Merged, TakingPart, Written};
use crate::tree::Node;
use crate::{render, schema};
use cmc_types::definition::{Service, State};
use cmc_types::{Diagnostic, InitSystem};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A service for the hosts that the same overlays are for.
pub(crate) struct Prepared {
    /// The merged tree and what is wrong with it.
    pub(crate) merged: Merged,
    /// The environment as declared, by name.
    pub(crate) env: BTreeMap<String, Arc<Declared>>,
    /// The service itself; nothing if an expression makes it differ from host to host.
    pub(crate) constant: Option<Typed>,
}

/// A service as a tree without expressions, and as its type, or why it has none.
pub(crate) struct Typed {
    /// The tree: knows where everything was written.
    pub(crate) tree: Arc<Node>,
    /// The definition, or its structural errors.
    pub(crate) definition: Result<Arc<Service>, Vec<Diagnostic>>,
}

/// The definition that a tree without expressions is, with the state that it has if none is written; or its structural
/// errors.
pub(crate) fn definition(tree: &Node) -> Result<Arc<Service>, Vec<Diagnostic>> {
    let mut service = schema::check_service(tree)?;
    if service.daemon.is_some() || service.unit.is_some() {
        service.state.get_or_insert(State::Running);
    }
    Ok(Arc::new(service))
}

/// A service as written, and as prepared so far.
pub(crate) struct Preparing {
    /// As written.
    pub(crate) written: Written,
    prepared: Mutex<BTreeMap<(TakingPart, bool), Arc<Prepared>>>,
}

impl Preparing {
    pub(crate) fn new(written: Written) -> Self {
        Self { written, prepared: Mutex::default() }
    }

    /// The service for a host.
    pub(crate) fn for_host(&self, host: &Host) -> Arc<Prepared> {
        let key = (self.written.overlays_for(host), host.init == InitSystem::Systemd);
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let made = prepared.entry(key).or_insert_with(|| {
            let merged = self.written.merge_for(host);
            let env = Declared::of_service(&merged.service);
            let constant = if merged.waits { None } else { render::constant(host.init, &merged.service) };
            let constant = constant.map(|tree| {
                let definition = definition(&tree);
                Typed { tree: Arc::new(tree), definition }
            });
            Arc::new(Prepared { merged, env, constant })
        });
        made.clone()
    }
}
