//! What each init system makes of the fields of a portable definition, as data: the renderers take names from it, the
//! checks what is lost, `cmc explain` and the book the table.

use cmc_types::InitSystem;

/// The init systems, in the order of a row's cells.
pub const INITS: [InitSystem; 4] =
    [InitSystem::Systemd, InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc];

/// A field, and what becomes of it.
#[derive(Debug)]
pub struct Row<T: 'static> {
    /// The field, such as `restart-delay`, or `limits.memory`.
    pub field: &'static str,
    /// What it becomes, by init system in the order of [`INITS`].
    pub cells: [Cell<T>; 4],
}

/// What a field becomes on one init system.
#[derive(Debug)]
pub struct Cell<T: 'static> {
    /// What the rendered files show of it: directives, variables, words of a command. Empty: nothing.
    pub becomes: &'static [&'static str],
    /// What else there is to say, for people.
    pub how: &'static str,
    /// What of it is lost, and when.
    pub losses: &'static [Lost<T>],
}

/// Something that an init system cannot express.
#[derive(Debug)]
pub struct Lost<T: 'static> {
    /// Why, for people.
    pub why: &'static str,
    /// When.
    pub when: fn(&T) -> bool,
}

impl<T> Row<T> {
    /// What it becomes on an init system.
    pub fn on(&self, init: InitSystem) -> &Cell<T> {
        let index = match init {
            InitSystem::Systemd => 0,
            InitSystem::OpenbsdRc => 1,
            InitSystem::FreebsdRc => 2,
            InitSystem::Openrc => 3,
        };
        &self.cells[index]
    }

    /// The name in `loss-ok`: that of a limit is its key.
    pub fn loss_name(&self) -> &'static str {
        self.field.rsplit_once('.').map_or(self.field, |(_, limit)| limit)
    }

    /// The keys that lead to it.
    pub fn path(&self) -> impl Iterator<Item = &'static str> + use<T> {
        self.field.split('.')
    }

    /// Whether `loss-ok` accepts its loss; `limits` stands for all of them.
    pub fn accepted(&self, loss_ok: &[String]) -> bool {
        let parent = self.field.split_once('.').map(|(parent, _)| parent);
        loss_ok.iter().any(|ok| ok == self.loss_name() || Some(ok.as_str()) == parent)
    }
}

/// What a row's field is called on an init system: the first name, without the `=` behind it.
pub(super) fn name_on<T>(row: Option<&'static Row<T>>, init: InitSystem) -> &'static str {
    let name = row.and_then(|row| row.on(init).becomes.first());
    name.map_or("", |name| name.trim_end_matches('='))
}

/// The names that `loss-ok` takes for a table: its fields, and the parents of those with a dot.
pub fn loss_names<T>(rows: &'static [Row<T>]) -> Vec<&'static str> {
    let mut names: Vec<&str> = rows.iter().map(Row::loss_name).collect();
    let parents = rows.iter().filter_map(|row| row.field.split_once('.'));
    for (parent, _) in parents {
        if !names.contains(&parent) {
            names.push(parent);
        }
    }
    names
}

impl<T> Cell<T> {
    /// What is lost of a definition.
    pub fn lost<'a>(&'a self, definition: &'a T) -> impl Iterator<Item = &'a Lost<T>> {
        self.losses.iter().filter(|loss| (loss.when)(definition))
    }
}

impl<T> Cell<T> {
    /// What it becomes, for people; `code` marks what is written in files.
    pub fn words(&self, code: impl Fn(&str) -> String) -> String {
        let becomes: Vec<String> = self.becomes.iter().map(|name| code(name.trim_end())).collect();
        let mut parts = vec![becomes.join(", ")];
        parts.push(self.how.to_owned());
        parts.extend(self.losses.iter().map(|loss| format!("lost: {}", loss.why)));
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }
}

/// A cell of something that becomes these.
pub(super) const fn to<T>(becomes: &'static [&'static str], how: &'static str) -> Cell<T> {
    Cell { becomes, how, losses: &[] }
}

/// A cell of something that becomes these, and of which something may be lost.
pub(super) const fn partly<T>(
    becomes: &'static [&'static str],
    how: &'static str,
    losses: &'static [Lost<T>],
) -> Cell<T> {
    Cell { becomes, how, losses }
}

/// A cell of something that is lost.
pub(super) const fn lost<T>(losses: &'static [Lost<T>]) -> Cell<T> {
    Cell { becomes: &[], how: "", losses }
}
