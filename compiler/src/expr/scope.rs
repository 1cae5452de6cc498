//! What expressions can name: `host`, `vars`, `env`, `service`, `fleet`, `hosts(selector)` and `secret(name)`. The
//! objects look values up when they are read, and note in the frame what was read and what was not found.

use super::failure::Failure;
use super::frame::{FRAME, Frame, Miss};
use crate::envs::ServiceScope;
use crate::world::World;
use cmc_types::codes;
use minijinja::value::{DynObject, Enumerator, Kwargs, Object, Value};
use minijinja::{Error, State};
use std::cmp::Ordering;
use std::sync::{Arc, Weak};

/// The names at the top.
pub(super) const NAMES: [&str; 7] = ["env", "fleet", "host", "hosts", "secret", "service", "vars"];

/// What every object needs: where values are, for which host and service, and the rendering that reads.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) world: Weak<World>,
    pub(super) host: usize,
    pub(super) service: Option<Arc<ServiceScope>>,
    pub(super) frame: Arc<Frame>,
}

impl View {
    fn object(&self, make: impl FnOnce(Self) -> Thing) -> Option<Value> {
        Some(Value::from_object(make(self.clone())))
    }

    fn attribute_missing(
        &self,
        object: &'static str,
        known: &'static [&'static str],
        name: &str,
    ) -> Option<Value> {
        self.frame.miss(Miss::Attribute(object, known, name.to_owned()));
        None
    }
}

/// An object.
#[derive(Debug)]
pub(super) enum Thing {
    /// The context: holds the others.
    Root(View),
    /// A host.
    Host(View),
    /// The variables of a host.
    Vars(View),
    /// The environment of the service.
    Env(View),
    /// The service.
    Service(View),
    /// The fleet.
    Fleet(View),
    /// `hosts(…)`.
    Hosts(View),
    /// `secret(…)`.
    Secret(View),
}

const HOST: &[&str] = &["address", "arch", "family", "init", "name", "os", "release", "tags", "vars"];
const SERVICE: &[&str] = &["name"];
const FLEET: &[&str] = &["name"];

impl Object for Thing {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match &**self {
            Self::Root(view) => match key {
                FRAME => Some(Value::from_dyn_object(DynObject::new(view.frame.clone()))),
                "host" => view.object(Self::Host),
                "vars" => view.object(Self::Vars),
                "fleet" => view.object(Self::Fleet),
                "hosts" => view.object(Self::Hosts),
                "secret" => view.object(Self::Secret),
                "env" | "service" if view.service.is_none() => {
                    Some(Value::from(Error::from(no_service(key))))
                }
                "namespace" if view.frame.is_typed() => Some(Value::from_function(no_namespace)),
                "env" => view.object(Self::Env),
                "service" => view.object(Self::Service),
                _ => {
                    if !super::filters::FUNCTIONS.contains(&key) {
                        view.frame.miss(Miss::Root(key.to_owned()));
                    }
                    None
                }
            },
            Self::Host(view) => {
                let world = view.world.upgrade()?;
                let host = world.fleet.hosts.get(view.host)?;
                if key != "vars" {
                    view.frame.read(world.place_in_host(view.host, key));
                }
                Some(match key {
                    "name" => host.name.as_str().into(),
                    "os" => host.os.to_string().into(),
                    "family" => host.os.family().into(),
                    "release" => host.os.release().unwrap_or_default().into(),
                    "arch" => host.arch.name().into(),
                    "init" => host.init.name().into(),
                    "address" => host.address.as_str().into(),
                    "tags" => host.tags.iter().map(|tag| Value::from(tag.as_str())).collect(),
                    "vars" => return view.object(Self::Vars),
                    _ => return view.attribute_missing("host", HOST, key),
                })
            }
            Self::Vars(view) => {
                let world = view.world.upgrade()?;
                let Some(variable) = world.variables.get(view.host).and_then(|variables| variables.get(key))
                else {
                    view.frame.miss(Miss::Variable(view.host, key.to_owned()));
                    return None;
                };
                view.frame.read(variable.definition.node.place);
                Some(world.value_of(view.host, key, variable).unwrap_or_else(reported))
            }
            Self::Env(view) => {
                let (world, scope) = (view.world.upgrade()?, view.service.as_ref()?);
                let Some(slot) = scope.env.get(key) else {
                    view.frame.miss(Miss::Env(key.to_owned()));
                    return None;
                };
                view.frame.read(slot.value_place());
                Some(world.env_of(view.host, scope, slot).map_or_else(reported, |value| value.typed.clone()))
            }
            Self::Service(view) => match key {
                "name" => Some(view.service.as_ref()?.name.as_str().into()),
                _ => view.attribute_missing("service", SERVICE, key),
            },
            Self::Fleet(view) => match key {
                "name" => {
                    let world = view.world.upgrade()?;
                    Some(
                        world
                            .fleet
                            .definition
                            .as_ref()
                            .map_or_else(reported, |fleet| fleet.name.as_str().into()),
                    )
                }
                _ => view.attribute_missing("fleet", FLEET, key),
            },
            Self::Hosts(_) | Self::Secret(_) => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = |names: Vec<String>| Enumerator::Values(names.into_iter().map(Value::from).collect());
        match &**self {
            Self::Vars(view) => {
                let world = view.world.upgrade();
                let variables = world.as_ref().and_then(|world| world.variables.get(view.host));
                names(variables.map(|variables| variables.keys().cloned().collect()).unwrap_or_default())
            }
            Self::Env(view) => names(
                view.service.as_ref().map(|scope| scope.env.keys().cloned().collect()).unwrap_or_default(),
            ),
            Self::Host(_) => Enumerator::Str(HOST),
            Self::Service(_) => Enumerator::Str(SERVICE),
            Self::Fleet(_) => Enumerator::Str(FLEET),
            Self::Root(_) | Self::Hosts(_) | Self::Secret(_) => Enumerator::NonEnumerable,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    /// Hosts are what they are, whatever can be read of them.
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        match (&**self, other.downcast_ref::<Self>()?) {
            (Self::Host(view), Self::Host(other)) => Some(view.host.cmp(&other.host)),
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        match &**self {
            Self::Hosts(view) => hosts(view, arguments),
            Self::Secret(view) => secret(view, arguments),
            _ => Err(Failure::new(codes::EXPRESSION, "only `hosts` and `secret` can be called").into()),
        }
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<object>")
    }
}

/// What was read has no value, which is reported where it is defined.
fn reported() -> Value {
    Value::from(Error::from(Failure::Reported))
}

/// `namespace(…)` where the value itself is kept: templates would change it for each other.
fn no_namespace(given: Kwargs) -> Result<Value, Error> {
    // The engine refuses keyword arguments that nobody looked at, and would do so first.
    given.args().for_each(|name| drop(given.get::<Value>(name)));
    let message = "a value may not be a `namespace()`: every template would change the same one";
    let help = "make it in the template that changes it: {% set ns = namespace(…) %}";
    Err(Failure::new(codes::EXPRESSION, message).help(Some(help.to_owned())).into())
}

fn no_service(name: &str) -> Failure {
    Failure::new(codes::EXPRESSION, format!("`{name}` is not known here: a variable belongs to no service"))
        .help(Some(format!("move the value to where the service uses it, or do without `{name}`")))
}

/// `hosts("@web", "!web9")`: the hosts that are not retired, by name.
fn hosts(view: &View, arguments: &[Value]) -> Result<Value, Error> {
    let usage =
        || Failure::new(codes::EXPRESSION, "`hosts` takes selectors as texts, such as hosts(\"@web\")");
    let world = view.world.upgrade().ok_or(Failure::Reported)?;
    if arguments.is_empty() {
        return Err(usage().into());
    }
    let texts = arguments.iter().map(|argument| argument.as_str().ok_or_else(usage));
    let selected = world.selected(&texts.collect::<Result<Vec<&str>, _>>()?).map_err(|error| {
        if world.fleet.incomplete {
            Failure::Reported
        } else {
            Failure::new(error.code, error.message).help(error.help)
        }
    })?;
    let host =
        |host: &usize| Value::from_object(Thing::Host(View { host: *host, service: None, ..view.clone() }));
    Ok(selected.iter().map(host).collect())
}

/// `secret("name")`: an opaque value.
fn secret(view: &View, arguments: &[Value]) -> Result<Value, Error> {
    let [argument] = arguments else {
        return Err(Failure::new(codes::EXPRESSION, "`secret` takes the name of one secret").into());
    };
    let name =
        argument.as_str().ok_or_else(|| Failure::new(codes::EXPRESSION, "the name of a secret is a text"))?;
    let world = view.world.upgrade().ok_or(Failure::Reported)?;
    let text = world.secret_text(name)?;
    if let Some(secret) = world.fleet.secrets.get(name) {
        view.frame.read(secret.place);
    }
    Ok(Value::from_object(super::opaque::Opaque { text, quoted: None }))
}
