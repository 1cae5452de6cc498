//! What people ask of a compiled fleet: which hosts, tags and services there are, what goes where, and where the
//! value of a variable comes from.

use crate::compile::Compiled;
use crate::expr::Opaque;
use crate::vars::{Definition, Rank};
use cmc_types::Place;
use cmc_types::definition;
use minijinja::value::Value;
use std::collections::BTreeSet;

/// A host as it was defined.
#[derive(Debug, Clone, Copy)]
pub struct HostInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// The definition, without variables.
    pub definition: &'a definition::Host,
    /// Where its name stands.
    pub place: Place,
}

/// The variables of a host.
#[derive(Debug, Clone)]
pub struct Variables {
    /// By name.
    pub variables: Vec<VariableInfo>,
}

/// A variable of a host.
#[derive(Debug, Clone)]
pub struct VariableInfo {
    /// Its name.
    pub name: String,
    /// Its value as JSON; nothing if it could not be evaluated. Values that come from secrets are `"<secret>"`.
    pub value: Option<serde_json::Value>,
    /// Every definition, the one that wins first.
    pub definitions: Vec<(Rank, Place)>,
}

impl Compiled {
    /// Hosts by name, retired ones included.
    pub fn hosts(&self) -> impl Iterator<Item = HostInfo<'_>> {
        self.world.fleet.hosts.iter().map(|host| HostInfo {
            name: host.name.as_str(),
            definition: &host.definition,
            place: host.place,
        })
    }

    /// Tags that are defined or that a host has.
    pub fn tags(&self) -> BTreeSet<&str> {
        self.world.fleet.tag_names().collect()
    }

    /// Services by name, each with the hosts it goes to.
    pub fn services(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.placement.iter().map(|(name, hosts)| (name.as_str(), hosts.as_slice()))
    }

    /// Presets by name.
    pub fn presets(&self) -> impl Iterator<Item = &str> {
        self.world.fleet.names("preset")
    }

    /// Declared secrets by name.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &definition::Secret)> {
        self.world.fleet.secrets.iter().map(|(name, secret)| (name.as_str(), &secret.definition))
    }

    /// The fleet's own definition, without variables; nothing if it is absent or wrong.
    pub fn fleet(&self) -> Option<&definition::Fleet> {
        self.world.fleet.definition.as_ref()
    }
}

impl Variables {
    pub(crate) fn of(compiled: &Compiled, host: &str) -> Option<Self> {
        let world = &compiled.world;
        let index = world.fleet.hosts.iter().position(|known| known.name.as_str() == host)?;
        let variables = world.variables[index].iter().map(|(name, variable)| {
            let place = |definition: &Definition| (definition.rank.clone(), definition.node.place);
            let mut definitions = vec![place(&variable.definition)];
            definitions.extend(variable.below.iter().map(|definition| place(definition)));
            let value = world.value_of(index, name, variable);
            VariableInfo { name: name.clone(), value: value.map(|value| shown(&value)), definitions }
        });
        Some(Self { variables: variables.collect() })
    }
}

/// A value as JSON, without secrets.
fn shown(value: &Value) -> serde_json::Value {
    if value.downcast_object_ref::<Opaque>().is_some() {
        return "<secret>".into();
    }
    match (value.as_str(), value.try_iter()) {
        (Some(text), _) => text.into(),
        (None, Ok(items)) if value.kind() == minijinja::value::ValueKind::Map => items
            .map(|key| (key.to_string(), shown(&value.get_item(&key).unwrap_or_default())))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (None, Ok(items)) => items.map(|item| shown(&item)).collect(),
        (None, Err(_)) => serde_json::to_value(value).unwrap_or_default(),
    }
}
