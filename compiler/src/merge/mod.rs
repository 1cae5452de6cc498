//! Merging: presets, a service and their overlays become one tree for a host. Works on trees, so that everything in
//! the result still knows where a person wrote it.
//!
//! Ranks, lowest first: presets in `use` order, each followed by its `for`; the service; its `for`. Within a `for`:
//! operating system, tags, host. Short forms are expanded before anything is merged.

mod expand;
mod rules;

pub(crate) use rules::settle;

use crate::fleet::{Fleet, Host};
use crate::select::Selector;
use crate::tree::{Entry, Node, Table, Value};
use crate::unreached::Part;
use cmc_types::{Diagnostic, ServiceName, codes};
use std::collections::BTreeSet;

/// One definition that takes part in a service, with its overlays.
pub(crate) struct Layer {
    base: Node,
    overlays: Vec<(Selector, Entry)>,
}

/// What a layer is of: the preset of this name, or the service.
type Preset = Option<String>;

/// A service as written, ready to be merged for any host.
pub(crate) struct Written {
    layers: Vec<Layer>,
    of: Vec<Preset>,
}

/// The overlays that take part in a service on a host, each by the number of its layer and its own: hosts with the same
/// get the same merged service.
pub(crate) type TakingPart = Vec<(usize, usize)>;

/// A service merged for the hosts that the same overlays are for.
pub(crate) struct Merged {
    /// The service.
    pub(crate) service: Node,
    /// Overlays of equal rank that disagree.
    pub(crate) disagreements: Vec<Diagnostic>,
    /// Whether [`settle`] has something to do after rendering.
    pub(crate) waits: bool,
}

impl Written {
    /// Gathers presets and overlays; reports unknown presets and selectors.
    pub(crate) fn read(entry: &Entry, fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) -> Self {
        let (mut layers, mut of) = (Vec::new(), Vec::new());
        if let Some(Value::List(names)) = entry.node.get(&["use"]).map(|node| &node.value) {
            for name in names {
                let Some(text) = name.as_text() else { continue };
                match fleet.document.get(&["preset", text]) {
                    Some(preset) => {
                        layers.push(Layer::read(preset, fleet, report));
                        of.push(Some(text.to_owned()));
                    }
                    None => {
                        let unknown = fleet.unknown(codes::UNKNOWN_PRESET, "preset", text, name.place);
                        unknown.into_iter().for_each(&mut *report);
                    }
                }
            }
        }
        layers.push(Layer::read(&entry.node, fleet, report));
        of.push(None);
        Self { layers, of }
    }

    /// Notes which parts of the service called `name` any of its hosts gets; none where it is absent.
    pub(crate) fn reach<'h, I: Iterator<Item = &'h Host>>(
        &self,
        name: &ServiceName,
        hosts: impl Fn() -> I,
        reached: &mut BTreeSet<Part>,
    ) {
        let present = |host: &Host| {
            let parts = self.layers.iter().flat_map(|layer| layer.parts_for(host));
            let state = parts.filter_map(|part| part.get(&["state"])).last();
            state.and_then(Node::as_text) != Some("absent")
        };
        for (layer, preset) in self.layers.iter().zip(&self.of) {
            let part = |overlay: Option<&str>| match preset {
                Some(preset) => ("preset", preset.clone(), overlay.map(str::to_owned)),
                None => ("service", name.as_str().to_owned(), overlay.map(str::to_owned)),
            };
            if !hosts().any(present) {
                continue;
            }
            reached.insert(part(None));
            for (selector, entry) in &layer.overlays {
                if hosts().any(|host| selector.selects(host) && present(host)) {
                    reached.insert(part(Some(&entry.key)));
                }
            }
        }
    }

    /// The overlays that take part on a host.
    pub(crate) fn overlays_for(&self, host: &Host) -> TakingPart {
        let overlays = self.layers.iter().enumerate().flat_map(|(layer, content)| {
            content.overlays.iter().enumerate().map(move |(index, (selector, _))| (layer, index, selector))
        });
        overlays
            .filter(|(.., selector)| selector.selects(host))
            .map(|(layer, index, _)| (layer, index))
            .collect()
    }

    /// The service on a host.
    pub(crate) fn merge_for(&self, host: &Host) -> Merged {
        let mut service: Option<Node> = None;
        let mut disagreements = Vec::new();
        for (at, layer) in self.layers.iter().enumerate() {
            let lower = match &mut service {
                None => service.insert(layer.base.clone()),
                Some(lower) => {
                    rules::merge(lower, &layer.base);
                    lower
                }
            };
            let overlays: Vec<(u8, &Entry)> = layer
                .overlays
                .iter()
                .filter(|(selector, _)| selector.selects(host))
                .map(|(selector, overlay)| (rank_of(selector), overlay))
                .collect();
            for (index, (rank, overlay)) in overlays.iter().enumerate() {
                for (_, other) in overlays[..index].iter().filter(|(other, _)| other == rank) {
                    rules::disagreements(&other.node, &overlay.node, &mut |first, second, key| {
                        let here =
                            overlays.iter().filter(|(above, _)| above > rank).map(|(_, entry)| &entry.node);
                        let above = self.layers[at + 1..].iter().flat_map(|layer| layer.parts_for(host));
                        let settled = here.chain(above).any(|part| rules::settles(part, key));
                        if !settled {
                            disagreements.push(disagree(&other.key, &overlay.key, key, first, second));
                        }
                    });
                }
                rules::merge(lower, &overlay.node);
            }
        }
        let service = service.unwrap_or_else(|| self.layers[0].base.clone());
        let waits = rules::waits(&service);
        Merged { service, disagreements, waits }
    }
}

/// The rank of an overlay within its `for`.
fn rank_of(selector: &Selector) -> u8 {
    match selector {
        Selector::Os(_) | Selector::All => 0,
        Selector::Tag(_) => 1,
        Selector::Host(_) => 2,
    }
}

impl Layer {
    /// The definition and its overlays, each with its selector.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Option<&str>, &Node)> {
        let overlays = self.overlays.iter().map(|(_, entry)| (Some(entry.key.as_str()), &entry.node));
        std::iter::once((None, &self.base)).chain(overlays)
    }

    /// The definition and its overlays for a host.
    fn parts_for<'a>(&'a self, host: &'a Host) -> impl Iterator<Item = &'a Node> {
        let overlays = self.overlays.iter().filter(|(selector, _)| selector.selects(host));
        std::iter::once(&self.base).chain(overlays.map(|(_, overlay)| &overlay.node))
    }

    /// Takes a definition apart; reports unknown selectors.
    pub(crate) fn read(node: &Node, fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) -> Self {
        let mut base = node.clone();
        let mut overlays = Vec::new();
        if let Value::Table(table) = &mut base.value {
            table.remove("on");
            table.remove("use");
            let written = table.remove("for");
            let entries = written.as_ref().and_then(|entry| entry.node.as_table());
            for entry in entries.into_iter().flat_map(Table::iter) {
                match Selector::parse(&entry.key, fleet) {
                    Ok(selector) => {
                        let mut entry = entry.clone();
                        expand::short_forms(&mut entry.node);
                        overlays.push((selector, entry));
                    }
                    Err(_) if fleet.incomplete => {}
                    Err(error) => report(error.at(entry.key_place)),
                }
            }
        }
        overlays.sort_by(|a, b| (rank_of(&a.0), &a.1.key).cmp(&(rank_of(&b.0), &b.1.key)));
        expand::short_forms(&mut base);
        Self { base, overlays }
    }
}

fn disagree(first: &str, second: &str, key: &[String], a: &Node, b: &Node) -> Diagnostic {
    let message = format!(
        "the overlays for {first:?} and {second:?} are of equal rank and set `{}` differently",
        dotted(key)
    );
    Diagnostic::new(codes::OVERLAYS_DISAGREE, message)
        .at(b.place, format!("for {second:?}"))
        .with(a.place, format!("for {first:?}"))
        .help("set it in one of them only, or in an overlay for the host")
}

/// A path of keys as people write it.
fn dotted(path: &[String]) -> String {
    let key = |key: &String| if key.contains(['/', '.', ' ']) { format!("{key:?}") } else { key.clone() };
    path.iter().map(key).collect::<Vec<_>>().join(".")
}
