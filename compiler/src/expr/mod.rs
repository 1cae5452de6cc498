//! Expressions and templates: minijinja with strict undefined names, a fixed set of filters, our own objects, and
//! our own formatter.

mod depth;
mod diagnose;
mod failure;
mod filters;
mod frame;
mod guard;
mod holds;
mod opaque;
mod operands;
mod scope;
mod shape;
mod tokens;

pub(crate) use diagnose::Subject;
pub(crate) use failure::{Failure, secret_misplaced};
pub(crate) use frame::{Made, Mode};
pub(crate) use guard::guarded;
pub(crate) use opaque::{Opaque, is_reserved};
pub(crate) use tokens::named;

use crate::envs::ServiceScope;
use crate::limits::Limits;
use crate::templates::Templates;
use crate::tree::{Node, Value as Tree};
use crate::world::World;
use cmc_types::Place;
use diagnose::Shown;
use frame::{Frame, Sink, Spot};
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use scope::{Thing, View};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// What begins the engine's name of a text from a definition; the text itself follows.
const DEFINITION: char = '\u{1}';

/// Whether a text of a definition holds an expression.
pub(crate) fn is_expression(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether a text is exactly one expression, so that its value may be of any type.
fn is_single(text: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
    inner.is_some_and(|inner| !inner.contains("{{") && !inner.contains("}}") && !text.contains("{%"))
}

/// A value in which no expression stands, as expressions see it.
pub(crate) fn constant(node: &Node) -> Value {
    match &node.value {
        Tree::Null => Value::from(()),
        Tree::Bool(value) => (*value).into(),
        Tree::Integer(value) => (*value).into(),
        Tree::Float(value) => (*value).into(),
        Tree::Text(text) => text.as_str().into(),
        Tree::List(items) => items.iter().map(constant).collect(),
        Tree::Table(table) => {
            Value::from_pairs(table.iter().map(|entry| (entry.key.as_str(), constant(&entry.node))))
        }
    }
}

/// A value that nothing can use up: an iterable becomes a list. What the value of a variable is must not depend on which
/// host's template was rendered before.
pub(crate) fn settled(value: &Value) -> Value {
    // A secret is not even asked for its kind.
    if value.downcast_object_ref::<Opaque>().is_some() || value.downcast_object_ref::<Thing>().is_some() {
        return value.clone();
    }
    let items = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => value.try_iter(),
        _ => return value.clone(),
    };
    let Ok(items) = items else { return value.clone() };
    match value.kind() {
        ValueKind::Map => {
            let entry = |key: Value| {
                let item = settled(&value.get_item(&key).unwrap_or_default());
                (key, item)
            };
            Value::from_iter(items.map(entry).collect::<BTreeMap<Value, Value>>())
        }
        _ => items.map(|item| settled(&item)).collect(),
    }
}

/// Calls `visit` with every text that holds an expression.
pub(crate) fn each_expression(node: &Node, visit: &mut dyn FnMut(&Node, &str)) {
    match &node.value {
        Tree::Text(text) if is_expression(text) => visit(node, text),
        Tree::List(items) => items.iter().for_each(|item| each_expression(item, visit)),
        Tree::Table(table) => table.iter().for_each(|entry| each_expression(&entry.node, visit)),
        _ => {}
    }
}

/// The engine with its cache of compiled texts.
pub(crate) fn environment(templates: Arc<Templates>, limits: &Limits) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.set_auto_reload(false);
    environment.set_fuel(Some(limits.fuel));
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("cmc".into()));
    environment.set_formatter(frame::formatter);
    environment.set_syntax(tokens::syntax());
    environment.set_loader(move |name| match name.strip_prefix(DEFINITION) {
        Some(text) => templates.guard(name, text.to_owned(), None).map(Some),
        None => templates.load(name),
    });
    filters::install(&mut environment);
    environment
}

/// The engine's name of a text of a definition.
pub(crate) fn name_of(text: &str) -> String {
    format!("{DEFINITION}{text}")
}

/// Where the engine keeps a text of a definition that it has rendered: first address and length. It keeps it as long
/// as it lives.
pub(crate) fn memory(engine: &Environment<'_>, text: &str) -> Option<(usize, usize)> {
    if !is_expression(text) {
        return None;
    }
    let template = engine.get_template(&name_of(text)).ok()?;
    Some((template.source().as_ptr() as usize, template.source().len()))
}

/// Places in templates, and in texts of definitions, whose values were refused on some host, and where they are shown.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<HashMap<Place, Vec<Refusal>>>);

/// The engine's name of the text, the place in it, and where that is shown.
type Refusal = (String, Spot, Shown);

impl Refused {
    /// Those of a text that is asked for at a place.
    fn of(&self, name: &str, asked: Place) -> Vec<(Spot, Shown)> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = refused.get(&asked).into_iter().flatten().filter(|(of, ..)| of == name);
        all.map(|(_, spot, shown)| (*spot, shown.clone())).collect()
    }

    /// Adds one, unless another thread has.
    fn add(&self, name: &str, asked: Place, spot: Spot, shown: Shown) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = refused.entry(asked).or_default();
        if of.iter().all(|(other, known, _)| other != name || *known != spot) {
            of.push((name.to_owned(), spot, shown));
        }
    }
}

/// For whom a text is rendered.
#[derive(Debug, Clone)]
pub(crate) struct For {
    /// The host.
    pub(crate) host: usize,
    /// The service; variables have none.
    pub(crate) service: Option<Arc<ServiceScope>>,
}

impl World {
    /// Renders a text that stands in a definition. What is wrong is reported.
    pub(crate) fn render_text(
        self: &Arc<Self>,
        node: &Node,
        text: &str,
        whom: &For,
        mode: Mode,
    ) -> Option<Made> {
        let mode = Mode { typed: mode.typed && is_single(text), ..mode };
        let name = match mode.typed {
            true => format!("{DEFINITION}{}", text.trim()),
            false => format!("{DEFINITION}{text}"),
        };
        self.render(&name, whom, mode, &Subject::Text { node, text: &name[1..] })
    }

    /// Renders a template, or a text of a definition, by its name in the engine. What is wrong is reported: after a
    /// value that the encoder refuses it goes on with those that follow. Only the engine can tell where a value stands,
    /// by giving up; it does so once for each place, on whichever host comes first.
    pub(crate) fn render(
        self: &Arc<Self>,
        name: &str,
        whom: &For,
        mode: Mode,
        subject: &Subject<'_>,
    ) -> Option<Made> {
        let place = match subject {
            Subject::Text { node, .. } => node.place,
            Subject::Template { asked } => *asked,
        };
        let host = self.fleet.hosts[whom.host].name.as_str();
        loop {
            let known = self.refused.of(name, place);
            let spots = known.iter().map(|(spot, _)| *spot).collect();
            let frame = Frame::new(mode, spots, self.limits.refusals);
            let view = View {
                world: Arc::downgrade(self),
                host: whom.host,
                service: whom.service.clone(),
                frame: frame.clone(),
            };
            let _going = self.activity.begin(host, place);
            let (result, misused) = opaque::misused_in(|| self.run(name, view, &frame));
            let result = match result {
                Ok(()) if misused => Err(failure::secret_misused().into()),
                Ok(()) => frame.finish().map_err(Error::from),
                Err(error) => Err(error),
            };
            let found = frame.found();
            if let (Err(error), Some(spot)) = (&result, frame.refused())
                && found.len() + 1 < self.limits.refusals
            {
                self.refused.add(name, place, spot, self.shown_at(error, subject));
                continue;
            }
            let is_whole = found.is_empty();
            for (spot, failure) in found {
                let shown = known.iter().find(|(other, _)| *other == spot).map(|(_, shown)| shown);
                let finding = shown.and_then(|shown| diagnose::finding(failure, shown));
                finding.into_iter().for_each(|finding| self.report(finding.on_host(host)));
            }
            return match result {
                Ok(made) => is_whole.then_some(made),
                Err(error) => {
                    self.diagnose(&error, misused, &frame, whom, subject);
                    None
                }
            };
        }
    }

    fn run(&self, name: &str, view: View, frame: &Frame) -> Result<(), Error> {
        let template = self.engine.get_template(name)?;
        let context = Value::from_object(Thing::Root(view));
        template.render_captured_to(context, Sink(frame)).map(|_| ())
    }
}
