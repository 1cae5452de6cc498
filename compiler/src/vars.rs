//! Variables of hosts by rank: fleet < tag < host. Which definition wins is settled here, before anything is
//! evaluated; values are evaluated when they are first read.

use crate::fleet::{Fleet, Host};
use crate::tree::{Entry, Node, Table};
use cmc_types::{Diagnostic, Place, codes};
use minijinja::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Who defines a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// `[fleet] vars`.
    Fleet,
    /// `[tag.NAME] vars`.
    Tag(String),
    /// `[host.NAME] vars`.
    Host(String),
}

impl std::fmt::Display for Rank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fleet => f.write_str("fleet"),
            Self::Tag(name) => write!(f, "tag {name}"),
            Self::Host(name) => write!(f, "host {name}"),
        }
    }
}

/// One definition of a variable.
#[derive(Debug)]
pub(crate) struct Definition {
    /// Who defines it.
    pub(crate) rank: Rank,
    /// The value as written.
    pub(crate) node: Node,
    /// The value, if no expression stands in it: the same for every host.
    pub(crate) constant: OnceLock<Value>,
}

/// A variable of one host.
#[derive(Debug)]
pub(crate) struct Variable {
    /// The definition that wins.
    pub(crate) definition: Arc<Definition>,
    /// Those of lower rank, nearest first.
    pub(crate) below: Vec<Arc<Definition>>,
    /// Its value, once it was read; nothing if it has none for a reason that is reported.
    pub(crate) value: OnceLock<Option<Value>>,
}

/// The variables of a host by name.
pub(crate) type HostVariables = BTreeMap<String, Variable>;

/// Every definition of variables, before it is known which wins.
#[derive(Debug)]
pub(crate) struct Definitions {
    fleet: BTreeMap<String, Arc<Definition>>,
    tags: BTreeMap<String, BTreeMap<String, Arc<Definition>>>,
}

impl Definitions {
    /// Reads the variables of fleet and tags.
    pub(crate) fn read(fleet: &Fleet) -> Self {
        let fleet_vars = fleet.document.get(&["fleet", "vars"]);
        let tags = fleet.definitions("tag").map(|tag| {
            let rank = Rank::Tag(tag.key.clone());
            (tag.key.clone(), definitions(tag.node.get(&["vars"]), &rank))
        });
        Self { fleet: definitions(fleet_vars, &Rank::Fleet), tags: tags.collect() }
    }

    /// The variables of a host; two tags that disagree are reported.
    pub(crate) fn of_host(
        &self,
        host: &Host,
        written: Option<&Node>,
        report: &mut dyn FnMut(Diagnostic),
    ) -> HostVariables {
        let rank = Rank::Host(host.name.as_str().to_owned());
        let mut ranked: BTreeMap<String, Vec<Arc<Definition>>> = BTreeMap::new();
        for (name, definition) in definitions(written.and_then(|node| node.get(&["vars"])), &rank) {
            ranked.entry(name).or_default().push(definition);
        }
        let mut of_tags: BTreeMap<&str, Vec<&Arc<Definition>>> = BTreeMap::new();
        for (name, definition) in host.tags.iter().filter_map(|tag| self.tags.get(tag)).flatten() {
            of_tags.entry(name).or_default().push(definition);
        }
        for (name, definitions) in of_tags {
            if !ranked.contains_key(name)
                && let [first, rest @ ..] = &definitions[..]
                && let Some(other) = rest.iter().find(|other| other.node.to_json() != first.node.to_json())
            {
                report(disagree(name, first, other).on_host(host.name.as_str()));
            }
            ranked.entry(name.to_owned()).or_default().extend(definitions.into_iter().cloned());
        }
        for (name, definition) in &self.fleet {
            ranked.entry(name.clone()).or_default().push(definition.clone());
        }
        ranked
            .into_iter()
            .filter_map(|(name, definitions)| {
                let (first, below) = definitions.split_first()?;
                let value = OnceLock::new();
                Some((name, Variable { definition: first.clone(), below: below.to_vec(), value }))
            })
            .collect()
    }
}

fn definitions(node: Option<&Node>, rank: &Rank) -> BTreeMap<String, Arc<Definition>> {
    let entries = node.and_then(Node::as_table).into_iter().flat_map(Table::iter);
    let definition = |entry: &Entry| {
        let (rank, node) = (rank.clone(), entry.node.clone());
        (entry.key.clone(), Arc::new(Definition { rank, node, constant: OnceLock::new() }))
    };
    entries.map(definition).collect()
}

fn disagree(name: &str, first: &Definition, other: &Definition) -> Diagnostic {
    let place = |definition: &Definition| -> Place { definition.node.place };
    Diagnostic::new(
        codes::TAGS_DISAGREE,
        format!("{} and {} give the variable {name:?} different values", first.rank, other.rank),
    )
    .at(place(other), format!("{} says this", other.rank))
    .with(place(first), format!("{} says this", first.rank))
    .help(format!("give the host a value of its own: vars = {{ {name} = … }}"))
}
