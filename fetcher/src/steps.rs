//! Which commands a change of a service's bundle calls for. The same function serves the way forward and, with the
//! bundles exchanged, the way back.

use crate::journal::{Progress, Step, Test};
use cmc_bundles::bundle::BundleJson;
use cmc_types::check::{Action, FileKind, Trigger};
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

/// The commands for one service that goes from one bundle to another. `touched` are the paths that change, those of
/// other services that this one watches included; `force` runs all that could run.
pub fn transition(
    service: &ServiceName,
    from: Option<&BundleJson>,
    to: Option<&BundleJson>,
    touched: &BTreeSet<UnixPath>,
    force: bool,
) -> Steps {
    let step = |action: &Action| Step {
        service: service.clone(),
        argv: action.argv.clone(),
        timeout: action.timeout,
        once: action.once,
        progress: Progress::Waiting,
    };
    let gone: BTreeSet<&UnixPath> = match (from, to) {
        (Some(from), Some(to)) => {
            let kept: BTreeSet<_> = installed(to).collect();
            installed(from).filter(|path| !kept.contains(path)).collect()
        }
        _ => BTreeSet::new(),
    };
    let of = |bundle: Option<&BundleJson>, on: Trigger| -> Vec<Action> {
        let actions = bundle.map(|bundle| bundle.actions.as_slice()).unwrap_or_default();
        actions.iter().filter(|action| action.on == on).cloned().collect()
    };
    let leaves = |action: &&Action| to.is_none() || action.paths.iter().any(|path| gone.contains(path));
    let mut steps = Steps::default();
    push(&mut steps.leaving, of(from, Trigger::Leaving).iter().filter(leaves).map(step));
    push(&mut steps.after, of(from, Trigger::Removed).iter().filter(leaves).map(step));

    let Some(to) = to else { return steps };
    let own = to.files.iter().any(|file| touched.contains(&file.path));
    let enabled = of(from, Trigger::Enable);
    let needless = |action: &Action| match action.unless.as_slice() {
        [] => false,
        unless => force || unless.iter().any(|path| touched.contains(path)),
    };
    let due = to.actions.iter().filter(|action| !needless(action)).filter(|action| match action.on {
        Trigger::Changed if action.paths.is_empty() => own || force,
        Trigger::Changed => force || action.paths.iter().any(|path| touched.contains(path)),
        Trigger::Enable => force || from.is_none() || !enabled.contains(action),
        Trigger::Leaving | Trigger::Removed => false,
    });
    push(&mut steps.after, due.map(step));
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

fn installed(bundle: &BundleJson) -> impl Iterator<Item = &UnixPath> {
    bundle.files.iter().filter(|file| file.kind != FileKind::Absent).map(|file| &file.path)
}

/// Paths of others that a bundle's commands watch.
pub fn watches(bundle: &BundleJson) -> BTreeSet<UnixPath> {
    let own: BTreeSet<_> = bundle.files.iter().map(|file| &file.path).collect();
    let changed = bundle.actions.iter().filter(|action| action.on == Trigger::Changed);
    changed.flat_map(|action| &action.paths).filter(|path| !own.contains(path)).cloned().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn path(text: &str) -> UnixPath {
        UnixPath::parse(text).unwrap()
    }

    #[test]
    fn a_reload_is_skipped_when_a_restart_runs_anyway() {
        let changed = |paths: &[&str], unless: &[&str], verb: &str| Action {
            on: Trigger::Changed,
            paths: paths.iter().map(|text| path(text)).collect(),
            unless: unless.iter().map(|text| path(text)).collect(),
            argv: vec!["systemctl".to_owned(), verb.to_owned(), "api.service".to_owned()],
            timeout: 60,
            once: false,
        };
        let bundle = BundleJson {
            format: 1,
            service: ServiceName::parse("api").unwrap(),
            files: Vec::new(),
            actions: vec![changed(&["/unit"], &[], "restart"), changed(&["/conf"], &["/unit"], "reload")],
            checks: Vec::new(),
            capture: Vec::new(),
        };
        let verbs = |touched: &[&str], force: bool| -> Vec<String> {
            let touched = touched.iter().map(|text| path(text)).collect();
            let steps = transition(&bundle.service, Some(&bundle), Some(&bundle), &touched, force);
            steps.after.iter().map(|step| step.argv[1].clone()).collect()
        };
        assert_eq!(verbs(&["/conf"], false), ["reload"]);
        assert_eq!(verbs(&["/unit"], false), ["restart"]);
        assert_eq!(verbs(&["/conf", "/unit"], false), ["restart"]);
        assert_eq!(verbs(&[], true), ["restart"]);
    }
}
