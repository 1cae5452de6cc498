//! Which commands the change of a service from one bundle to another calls for: one rule for the host that runs them
//! and for the publisher who is shown them.

use crate::UnixPath;
use crate::check::{Action, FileEntry, FileKind, Trigger};
use std::collections::BTreeSet;

/// A bundle as far as its commands depend on it.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    /// Its files.
    pub files: Vec<&'a FileEntry>,
    /// Its actions, in the order they run.
    pub actions: &'a [Action],
}

/// Why a service goes from one bundle to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is installed, updated, repaired or removed.
    Forward,
    /// It is installed again, and all its commands run, whatever changed.
    Redo,
    /// A change is undone. What came with it is stopped; what only used its files goes on without them.
    Back,
}

/// The change of a service from one bundle to another; none: it is not on the host.
#[derive(Debug, Clone)]
pub struct Passage<'a> {
    /// The bundle before.
    pub from: Option<Side<'a>>,
    /// The bundle after.
    pub to: Option<Side<'a>>,
    /// Paths that change, those of other services that this one watches included.
    pub touched: &'a BTreeSet<UnixPath>,
    /// Why.
    pub way: Way,
}

impl<'a> Side<'a> {
    fn of(&self, on: Trigger) -> impl Iterator<Item = &'a Action> {
        self.actions.iter().filter(move |action| action.on == on)
    }

    fn paths(&self) -> impl Iterator<Item = &'a UnixPath> {
        self.files.iter().filter(|file| file.kind != FileKind::Absent).map(|file| &file.path)
    }
}

impl<'a> Passage<'a> {
    /// Commands that run before files change.
    pub fn before(&self) -> Vec<&'a Action> {
        self.leaving(Trigger::Leaving).collect()
    }

    /// Commands that run after files changed, in order; some may have the same argv.
    pub fn after(&self) -> Vec<&'a Action> {
        let mut due: Vec<_> = self.leaving(Trigger::Removed).collect();
        match &self.to {
            Some(to) => {
                due.extend(to.actions.iter().filter(|action| self.is_due(action)));
                due.extend(self.orphaned(to));
            }
            None if self.way == Way::Back => {
                let changed = self.from.iter().flat_map(|from| from.of(Trigger::Changed));
                // One for any path of the bundle, or for once, is the bundle's own.
                let shared = |action: &&Action| !action.paths.is_empty() && !action.once;
                let still =
                    |action: &&Action| shared(action) && !self.has_left(action) && !self.is_needless(action);
                let touched = self.touched.iter().collect();
                due.extend(changed.filter(still).filter(|action| self.names(action, &touched)));
            }
            None => {}
        }
        due
    }

    /// Paths that the bundle before has and the one after has not.
    fn gone(&self) -> BTreeSet<&'a UnixPath> {
        let (Some(from), Some(to)) = (&self.from, &self.to) else { return BTreeSet::new() };
        let kept: BTreeSet<_> = to.paths().collect();
        from.paths().filter(|path| !kept.contains(path)).collect()
    }

    /// Those of them that change.
    fn left(&self) -> BTreeSet<&'a UnixPath> {
        self.gone().into_iter().filter(|path| self.touched.contains(*path)).collect()
    }

    /// What stops something because its files leave, or because the bundle after does not have it.
    fn leaving(&self, on: Trigger) -> impl Iterator<Item = &'a Action> {
        let gone = self.gone();
        let leaves = move |action: &&Action| match &self.to {
            // What was there before the bundle goes on without it.
            None => self.way != Way::Back || !action.paths.is_empty(),
            Some(to) if action.paths.is_empty() => !to.actions.contains(action),
            Some(_) => action.paths.iter().any(|path| gone.contains(path)),
        };
        self.from.iter().flat_map(move |from| from.of(on)).filter(leaves)
    }

    /// The bundle before says what paths that leave called for.
    fn before_it(&self, action: &Action) -> Option<&'a Action> {
        let mut known = self.from.iter().flat_map(|from| from.of(Trigger::Changed));
        known.find(|known| action.on == Trigger::Changed && known.argv == action.argv)
    }

    fn is_due(&self, action: &Action) -> bool {
        let touched = || self.names(action, &self.touched.iter().collect());
        match action.on {
            _ if self.is_needless(action) => false,
            Trigger::Changed => {
                self.way == Way::Redo
                    || touched()
                    || self.before_it(action).is_some_and(|known| self.names(known, &self.left()))
            }
            Trigger::Written => self.way == Way::Redo || touched(),
            Trigger::Enable => {
                let enabled = |from: &Side<'_>| from.actions.contains(action);
                self.way == Way::Redo || !self.from.as_ref().is_some_and(enabled)
            }
            Trigger::Leaving | Trigger::Removed => false,
        }
    }

    /// Whether one of these paths triggers an action.
    fn names(&self, action: &Action, paths: &BTreeSet<&UnixPath>) -> bool {
        if !action.paths.is_empty() {
            return action.paths.iter().any(|path| paths.contains(path));
        }
        let own = self.from.iter().chain(&self.to).flat_map(|side| side.files.iter());
        own.into_iter().any(|file| paths.contains(&file.path))
    }

    /// Whether another action runs that makes this one needless.
    fn is_needless(&self, action: &Action) -> bool {
        let left = self.left();
        let before = self.before_it(action).map(|known| known.unless.as_slice()).unwrap_or_default();
        match self.way {
            Way::Redo => !action.unless.is_empty(),
            _ => {
                action.unless.iter().any(|path| self.touched.contains(path))
                    || before.iter().any(|path| left.contains(path))
            }
        }
    }

    /// What paths that leave called for, and nothing in the bundle after calls for: the last file that a daemon read
    /// is gone, and it still has to read that. Only if the daemon runs as before.
    fn orphaned(&self, to: &Side<'a>) -> Vec<&'a Action> {
        let Some(from) = &self.from else { return Vec::new() };
        if !from.of(Trigger::Enable).all(|action| to.actions.contains(action)) {
            return Vec::new();
        }
        let known = |action: &Action| to.of(Trigger::Changed).any(|other| other.argv == action.argv);
        let left = self.left();
        let orphans = from.of(Trigger::Changed).filter(|action| !action.once && !known(action));
        let orphans = orphans.filter(|action| !self.has_left(action));
        orphans.filter(|action| self.names(action, &left) && !self.is_needless(action)).collect()
    }

    /// Whether what an action is for leaves, and is stopped: all that defines it is among the action's paths.
    fn has_left(&self, action: &Action) -> bool {
        let mut leaving = self.leaving(Trigger::Leaving).filter(|leaving| !leaving.paths.is_empty());
        leaving.any(|leaving| leaving.paths.iter().all(|path| action.paths.contains(path)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn path(text: &str) -> UnixPath {
        UnixPath::parse(text).unwrap()
    }

    fn action(on: Trigger, paths: &[&str], unless: &[&str], argv: &str) -> Action {
        Action {
            on,
            paths: paths.iter().map(|text| path(text)).collect(),
            unless: unless.iter().map(|text| path(text)).collect(),
            argv: argv.split(' ').map(str::to_owned).collect(),
            timeout: 60,
            once: false,
        }
    }

    fn file(text: &str) -> FileEntry {
        FileEntry::new(path(text), FileKind::File)
    }

    /// A bundle: its files and actions.
    struct Made(Vec<FileEntry>, Vec<Action>);

    impl Made {
        fn side(&self) -> Side<'_> {
            Side { files: self.0.iter().collect(), actions: &self.1 }
        }
    }

    /// Commands before and after, as lines.
    fn runs(from: Option<&Made>, to: Option<&Made>, touched: &[&str], way: Way) -> (String, String) {
        let touched = touched.iter().map(|text| path(text)).collect();
        let passage = Passage { from: from.map(Made::side), to: to.map(Made::side), touched: &touched, way };
        let lines = |actions: Vec<&Action>| {
            actions.iter().map(|action| action.argv.join(" ")).collect::<Vec<_>>().join(", ")
        };
        (lines(passage.before()), lines(passage.after()))
    }

    /// A unit that was there before, with files that it reads.
    fn foreign(unit: &str, restart: &[&str], reload: &[&str]) -> Made {
        let mut actions = vec![action(Trigger::Enable, &[], &[], &format!("start {unit}"))];
        for path in restart.iter().chain(reload) {
            actions.push(action(Trigger::Written, &[path], &[], &format!("look-at {path}")));
        }
        if !restart.is_empty() {
            actions.push(action(Trigger::Changed, restart, &[], &format!("restart {unit}")));
        }
        if !reload.is_empty() {
            actions.push(action(Trigger::Changed, reload, restart, &format!("reload {unit}")));
        }
        actions.push(action(Trigger::Leaving, &[], &[], &format!("disable {unit}")));
        Made(restart.iter().chain(reload).map(|path| file(path)).collect(), actions)
    }

    /// A unit that comes with its bundle.
    fn own(files: &[&str]) -> Made {
        let all: Vec<&str> = std::iter::once("/unit").chain(files.iter().copied()).collect();
        let actions = vec![
            action(Trigger::Changed, &["/unit"], &[], "daemon-reload"),
            action(Trigger::Changed, &all, &[], "restart own"),
            action(Trigger::Enable, &[], &[], "start own"),
            action(Trigger::Leaving, &["/unit"], &[], "disable own"),
            action(Trigger::Removed, &["/unit"], &[], "daemon-reload"),
        ];
        Made(all.iter().map(|path| file(path)).collect(), actions)
    }

    #[test]
    fn a_reload_is_skipped_when_a_restart_runs_anyway() {
        let made = foreign("x", &["/unit"], &["/conf"]);
        let after = |touched: &[&str], way| runs(Some(&made), Some(&made), touched, way).1;
        assert_eq!(after(&["/conf"], Way::Forward), "look-at /conf, reload x");
        assert_eq!(after(&["/unit"], Way::Forward), "look-at /unit, restart x");
        assert_eq!(after(&["/conf", "/unit"], Way::Forward), "look-at /unit, look-at /conf, restart x");
        assert_eq!(after(&[], Way::Redo), "start x, look-at /unit, look-at /conf, restart x");
        assert_eq!(after(&[], Way::Forward), "");
    }

    #[test]
    fn a_file_that_leaves_calls_for_what_its_change_called_for() {
        let before = foreign("x", &["/a", "/env"], &["/conf"]);
        let forward = |to: &Made, touched: &[&str]| runs(Some(&before), Some(to), touched, Way::Forward).1;
        // Others of its kind stay.
        assert_eq!(forward(&foreign("x", &["/a"], &["/conf"]), &["/env"]), "restart x");
        // It was the last of its kind, and no command is left that is for a file that is gone.
        assert_eq!(forward(&foreign("x", &[], &["/conf"]), &["/a", "/env"]), "restart x");
        assert_eq!(forward(&foreign("x", &["/a", "/env"], &[]), &["/conf"]), "reload x");
        assert_eq!(forward(&foreign("x", &["/a"], &[]), &["/conf", "/env"]), "restart x");
        // It lies where it lay, for another service.
        assert_eq!(forward(&foreign("x", &["/a"], &["/conf"]), &[]), "");
    }

    #[test]
    fn what_is_stopped_is_not_restarted_for_its_files() {
        let before = foreign("x", &["/a"], &[]);
        let stopped = Made(Vec::new(), vec![action(Trigger::Enable, &[], &[], "disable x")]);
        assert_eq!(runs(Some(&before), Some(&stopped), &["/a"], Way::Forward).1, "disable x");
        let files = Made(vec![file("/conf")], Vec::new());
        let own = own(&["/conf", "/gone"]);
        let (leaving, after) = runs(Some(&own), Some(&files), &["/unit", "/gone"], Way::Forward);
        assert_eq!((leaving.as_str(), after.as_str()), ("disable own", "daemon-reload"));
    }

    #[test]
    fn another_unit_in_its_place_stops_the_one_before() {
        let (nginx, apache) = (foreign("nginx", &["/a"], &[]), foreign("apache2", &["/a"], &[]));
        let (leaving, after) = runs(Some(&nginx), Some(&apache), &[], Way::Forward);
        assert_eq!((leaving.as_str(), after.as_str()), ("disable nginx", "start apache2"));
        assert_eq!(runs(Some(&nginx), Some(&nginx), &["/a"], Way::Forward).0, "");
    }

    #[test]
    fn undoing_a_first_install_stops_what_came_with_it_and_restarts_what_was_there() {
        let (leaving, after) = runs(Some(&own(&["/a"])), None, &["/unit", "/a"], Way::Back);
        assert_eq!((leaving.as_str(), after.as_str()), ("disable own", "daemon-reload"));
        let nginx = foreign("nginx", &["/a"], &["/b"]);
        assert_eq!(runs(Some(&nginx), None, &["/a"], Way::Back), (String::new(), "restart nginx".into()));
        assert_eq!(runs(Some(&nginx), None, &["/b"], Way::Back), (String::new(), "reload nginx".into()));
        // A removal stops it all the same.
        assert_eq!(runs(Some(&nginx), None, &["/a"], Way::Forward), ("disable nginx".into(), String::new()));
    }

    #[test]
    fn undoing_an_update_makes_the_daemon_read_that_a_new_file_is_gone() {
        let (before, after) = (foreign("x", &["/a"], &[]), foreign("x", &["/a", "/new"], &[]));
        assert_eq!(runs(Some(&after), Some(&before), &["/new"], Way::Back).1, "restart x");
    }
}
