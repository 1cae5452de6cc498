//! The final environment of a service on a host: each variable's value rendered when it is first read, parsed as its
//! type, and printed as the environment will hold it.

use crate::encode::Format;
use crate::expr::{self, For, Mode, Opaque};
use crate::resolved::Text;
use crate::tree::{Node, Table, Value as Tree};
use crate::world::{Step, World};
use cmc_types::definition::EnvType;
use cmc_types::{ByteSize, Diagnostic, EnvName, Place, ServiceName, Timespan, UnixPath, codes};
use minijinja::value::{Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// What expressions of a service can see of it.
#[derive(Debug)]
pub(crate) struct ServiceScope {
    /// Its name.
    pub(crate) name: ServiceName,
    /// Its environment, by name.
    pub(crate) env: BTreeMap<String, Slot>,
}

/// A variable of the environment.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) place: Place,
    table: Node,
    value: OnceLock<Option<EnvValue>>,
}

/// A value of the environment.
#[derive(Debug, Clone)]
pub(crate) struct EnvValue {
    /// What expressions read: of the variable's type.
    pub(crate) typed: Value,
    /// What the environment holds.
    pub(crate) text: Text,
}

impl Slot {
    /// Where the value stands.
    pub(crate) fn value_place(&self) -> Place {
        let entry = self.table.as_table().and_then(|table| table.get("value").or_else(|| table.get("secret")));
        entry.map_or(self.place, |entry| entry.node.place)
    }
}

impl ServiceScope {
    /// Reads the `env` table of a merged service.
    pub(crate) fn new(name: &ServiceName, service: &Node) -> Arc<Self> {
        let entries = service.get(&["env"]).and_then(Node::as_table).into_iter().flat_map(Table::iter);
        let env = entries.map(|entry| {
            let slot = Slot {
                name: entry.key.clone(),
                place: entry.key_place,
                table: entry.node.clone(),
                value: OnceLock::new(),
            };
            (entry.key.clone(), slot)
        });
        Arc::new(Self { name: name.clone(), env: env.collect() })
    }
}

impl World {
    /// The value of a variable; nothing if it has none for a reason that is reported.
    pub(crate) fn env_of<'s>(
        self: &Arc<Self>,
        host: usize,
        scope: &'s Arc<ServiceScope>,
        slot: &'s Slot,
    ) -> Option<&'s EnvValue> {
        if let Some(value) = slot.value.get() {
            return value.as_ref();
        }
        let step = Step {
            key: (host, Some(scope.name.as_str().to_owned()), slot.name.clone()),
            label: format!("env.{}", slot.name),
            place: slot.value_place(),
        };
        let value = self.evaluate(step, || self.env_value(host, scope, slot));
        slot.value.get_or_init(|| value).as_ref()
    }

    fn env_value(self: &Arc<Self>, host: usize, scope: &Arc<ServiceScope>, slot: &Slot) -> Option<EnvValue> {
        let table = slot.table.as_table()?;
        let whom = For { host, service: Some(scope.clone()) };
        let kind = self.env_type(table)?;
        let given = match (table.get("value"), table.get("secret")) {
            (Some(entry), None) => self.env_given(&entry.node, &whom)?,
            (None, Some(entry)) => {
                let name = entry.node.as_text()?;
                match self.secret_text(name) {
                    Ok(text) => Value::from_object(Opaque { text, quoted: None, misused: self.misused.clone() }),
                    Err(failure) => {
                        self.report_failure(host, failure, entry.node.place);
                        return None;
                    }
                }
            }
            (value, _) => {
                let (problem, place) = match value {
                    Some(entry) => ("has both `value` and `secret`", entry.key_place),
                    None => ("has neither `value` nor `secret`", slot.place),
                };
                let message = format!("the variable {:?} {problem}", slot.name);
                self.report_on(host, Diagnostic::new(codes::EXCLUSIVE_KEYS, message).at(place, "exactly one is needed"));
                return None;
            }
        };
        let secret = given.downcast_object_ref::<Opaque>().map(|secret| secret.text.clone());
        let parsed = match &secret {
            Some(text) => parse(kind, table, &Value::from(text.as_str())),
            None => parse(kind, table, &given),
        };
        match parsed {
            Ok((_, text)) if secret.is_some() => Some(EnvValue { typed: given, text: Text::tainted(text) }),
            Ok((typed, text)) => Some(EnvValue { typed, text: Text::plain(text) }),
            Err(expected) => {
                let shown = match &secret {
                    None if given.kind() == ValueKind::String => format!(" {:?}", given.as_str().unwrap_or_default()),
                    None if matches!(given.kind(), ValueKind::Number | ValueKind::Bool) => format!(" {given}"),
                    _ => String::new(),
                };
                let message = format!("the value{shown} of {:?} is not {expected}", slot.name);
                let mut diagnostic = Diagnostic::new(codes::ENV_TYPE, message).at(slot.value_place(), "");
                if let Some(entry) = table.get("type") {
                    diagnostic = diagnostic.with(entry.node.place, "its type");
                }
                self.report_on(host, diagnostic);
                None
            }
        }
    }

    fn env_given(self: &Arc<Self>, node: &Node, whom: &For) -> Option<Value> {
        match &node.value {
            Tree::Text(text) if expr::is_expression(text) => {
                let mode =
                    Mode { format: Format::Plain, secrets: true, typed: true, limit: self.limits.output };
                let made = self.render_text(node, text, whom, mode)?;
                if let Some(value) = made.value {
                    return Some(value);
                }
                let text = std::str::from_utf8(&made.output).unwrap_or_default();
                if !made.tainted {
                    return Some(text.into());
                }
                let text = zeroize::Zeroizing::new(text.to_owned());
                Some(Value::from_object(Opaque { text, quoted: None, misused: self.misused.clone() }))
            }
            Tree::List(items) => {
                let values: Vec<_> = items.iter().map(|item| self.env_given(item, whom)).collect();
                values.into_iter().collect::<Option<Vec<Value>>>().map(Value::from)
            }
            _ => Some(expr::constant(node)),
        }
    }

    fn env_type(&self, table: &Table) -> Option<EnvType> {
        match table.get("type") {
            None => Some(EnvType::String),
            Some(entry) => serde_json::from_value(entry.node.to_json()).ok(),
        }
    }
}

/// Parses a value as a type: what expressions read, and the text. The error says what was expected.
fn parse(kind: EnvType, table: &Table, given: &Value) -> Result<(Value, String), String> {
    let text = match given.kind() {
        ValueKind::Bool => if given.is_true() { "true" } else { "false" }.to_owned(),
        ValueKind::Number => given.to_string(),
        ValueKind::String => given.as_str().unwrap_or_default().to_owned(),
        ValueKind::Seq | ValueKind::Iterable if kind == EnvType::List => return list(table, given),
        ValueKind::Seq | ValueKind::Iterable => return Err("one value but a list".to_owned()),
        _ => return Err("a text, number, boolean or list".to_owned()),
    };
    if text.contains(['\0', '\r']) || (text.contains('\n') && kind != EnvType::String) {
        return Err("without control characters".to_owned());
    }
    let number = |text: &str| text.parse::<i64>().map_err(|_| "an integer".to_owned());
    let typed = match kind {
        EnvType::String => Value::from(text.as_str()),
        EnvType::List => return list(table, given),
        EnvType::Bool => match text.as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => return Err("true or false".to_owned()),
        },
        EnvType::Int => {
            let value = number(&text)?;
            within(table, value)?;
            Value::from(value)
        }
        EnvType::Port => {
            let value = number(&text).ok().filter(|value| (1..=65_535).contains(value));
            let value = value.ok_or("a port, 1 to 65535")?;
            within(table, value)?;
            Value::from(value)
        }
        EnvType::Url => is_url(&text).then(|| Value::from(text.as_str())).ok_or("an absolute URL such as \"https://host/path\"")?,
        EnvType::HostPort => {
            is_host_port(&text).then(|| Value::from(text.as_str())).ok_or("HOST:PORT such as \"db1:5432\"")?
        }
        EnvType::Path => {
            UnixPath::parse(&text).map_err(|error| error.expected)?;
            Value::from(text.as_str())
        }
        EnvType::Duration => {
            let span = Timespan::parse(&text).map_err(|error| error.expected)?;
            within(table, i64::try_from(span.as_secs()).unwrap_or(i64::MAX))?;
            Value::from(text.as_str())
        }
        EnvType::Bytes => {
            let size = ByteSize::parse(&text).map_err(|error| error.expected)?;
            within(table, i64::try_from(size.as_bytes()).unwrap_or(i64::MAX))?;
            Value::from(text.as_str())
        }
        EnvType::OneOf => {
            let choices = texts(table, "of");
            if !choices.contains(&text.as_str()) {
                return Err(format!("one of {}", choices.join(", ")));
            }
            Value::from(text.as_str())
        }
        EnvType::Pattern => {
            let pattern = table.get("pattern").and_then(|entry| entry.node.as_text()).unwrap_or_default();
            let regex = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build();
            let regex = regex.map_err(|_| "checkable: `pattern` is not a regular expression".to_owned())?;
            if !regex.is_match(&text) {
                return Err(format!("a text that matches `{pattern}`"));
            }
            Value::from(text.as_str())
        }
    };
    Ok((typed, text))
}

fn list(table: &Table, given: &Value) -> Result<(Value, String), String> {
    let separator = table.get("separator").and_then(|entry| entry.node.as_text()).unwrap_or(",");
    if given.kind() == ValueKind::String {
        let text = given.as_str().unwrap_or_default();
        return Ok((text.split(separator).map(Value::from).collect(), text.to_owned()));
    }
    let mut items = Vec::new();
    for item in given.try_iter().map_err(|_| "a list".to_owned())? {
        let text = match item.kind() {
            ValueKind::Bool => if item.is_true() { "true" } else { "false" }.to_owned(),
            ValueKind::Number => item.to_string(),
            ValueKind::String => item.as_str().unwrap_or_default().to_owned(),
            _ => return Err("a list of texts; secrets and tables cannot be items".to_owned()),
        };
        if text.contains(separator) || text.contains(['\0', '\r', '\n']) {
            return Err(format!("a list whose items are free of {separator:?}, which joins them"));
        }
        items.push(text);
    }
    Ok((items.iter().map(|item| Value::from(item.as_str())).collect(), items.join(separator)))
}

fn texts<'t>(table: &'t Table, key: &str) -> Vec<&'t str> {
    match table.get(key).map(|entry| &entry.node.value) {
        Some(Tree::List(items)) => items.iter().filter_map(Node::as_text).collect(),
        _ => Vec::new(),
    }
}

fn within(table: &Table, value: i64) -> Result<(), String> {
    let bound = |key| match table.get(key).map(|entry| &entry.node.value) {
        Some(Tree::Integer(bound)) => Some(*bound),
        _ => None,
    };
    match (bound("min"), bound("max")) {
        (Some(min), _) if value < min => Err(format!("at least {min}")),
        (_, Some(max)) if value > max => Err(format!("at most {max}")),
        _ => Ok(()),
    }
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && (!authority.is_empty() || scheme == "file" || scheme == "unix" || rest.starts_with('/'))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

pub(crate) fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_ok = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        }
    };
    host_ok && port.parse::<u16>().is_ok_and(|port| port > 0)
}

impl ServiceScope {
    /// Names of the variables that parse as names; the schema refuses others.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (EnvName, &Slot)> {
        self.env.values().filter_map(|slot| Some((EnvName::parse(&slot.name).ok()?, slot)))
    }
}
