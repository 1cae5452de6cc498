//! The commands that a change of a service's bundle calls for, as steps of a journal.

use crate::journal::{Progress, Step, Test};
use cmc_bundles::bundle::BundleJson;
use cmc_types::check::{Action, Trigger};
use cmc_types::passage::{Passage, Side, Way};
use cmc_types::{ServiceName, UnixPath};
use std::collections::BTreeSet;

/// Commands of a transition.
#[derive(Debug, Default)]
pub struct Steps {
    /// Before files change.
    pub leaving: Vec<Step>,
    /// After files changed, in order.
    pub after: Vec<Step>,
}

/// The commands for one service that goes from one bundle to another.
pub fn transition(
    service: &ServiceName,
    from: Option<&BundleJson>,
    to: Option<&BundleJson>,
    touched: &BTreeSet<UnixPath>,
    way: Way,
) -> Steps {
    fn side(bundle: &BundleJson) -> Side<'_> {
        Side { files: bundle.files.iter().collect(), actions: &bundle.actions }
    }
    let step = |action: &Action| Step {
        service: service.clone(),
        argv: action.argv.clone(),
        timeout: action.timeout,
        once: action.once,
        progress: Progress::Waiting,
    };
    let passage = Passage { from: from.map(side), to: to.map(side), touched, way };
    let mut steps = Steps::default();
    push(&mut steps.leaving, passage.before().into_iter().map(step));
    push(&mut steps.after, passage.after().into_iter().map(step));
    steps
}

/// The health checks of a bundle.
pub fn tests(service: &ServiceName, bundle: &BundleJson) -> Vec<Test> {
    bundle.checks.iter().map(|check| Test { service: service.clone(), check: check.clone() }).collect()
}

/// Adds steps, each command at most once.
pub fn push(steps: &mut Vec<Step>, more: impl IntoIterator<Item = Step>) {
    for step in more {
        if !steps.iter().any(|known| known.argv == step.argv) {
            steps.push(step);
        }
    }
}

/// Paths of others that a bundle's commands watch.
pub fn watches(bundle: &BundleJson) -> BTreeSet<UnixPath> {
    let own: BTreeSet<_> = bundle.files.iter().map(|file| &file.path).collect();
    let changed = bundle.actions.iter().filter(|action| action.on == Trigger::Changed);
    changed.flat_map(|action| &action.paths).filter(|path| !own.contains(path)).cloned().collect()
}
