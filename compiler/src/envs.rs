//! The final environment of a service on a host: each variable's value rendered when it is first read, parsed as its
//! type, and printed as the environment will hold it.

use crate::encode::Format;
use crate::expr::{self, For, Mode, Opaque};
use crate::resolved::Text;
use crate::tree::{Node, Table, Value as Tree};
use crate::world::{Step, World};
use cmc_types::definition::{EnvType, EnvValue, EnvVarTable, SecretType};
use cmc_types::{Diagnostic, ParseError, Place, ServiceName, codes, env_value};
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

/// A variable of the environment as declared: the same for all hosts that the same overlays are for.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Its name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) place: Place,
    table: Node,
    /// Its type and settings, or what is wrong with them.
    spec: Result<Spec, Vec<Diagnostic>>,
}

/// A variable's type and settings.
#[derive(Debug)]
struct Spec {
    settings: EnvVarTable,
    /// What `pattern` says, ready to match.
    pattern: Option<regex::Regex>,
}

/// A variable of the environment on a host.
#[derive(Debug)]
pub(crate) struct Slot {
    declared: Arc<Declared>,
    value: OnceLock<Option<EnvResult>>,
}

impl std::ops::Deref for Slot {
    type Target = Declared;

    fn deref(&self) -> &Declared {
        &self.declared
    }
}

/// A value of the environment.
#[derive(Debug, Clone)]
pub(crate) struct EnvResult {
    /// What expressions read: of the variable's type.
    pub(crate) typed: Value,
    /// What the environment holds.
    pub(crate) text: Text,
}

impl Declared {
    /// The `env` table of a merged service, by name.
    pub(crate) fn of_service(service: &Node) -> BTreeMap<String, Arc<Self>> {
        let entries = service.get(&["env"]).and_then(Node::as_table).into_iter().flat_map(Table::iter);
        let declared = entries.map(|entry| {
            let spec = spec(&entry.key, &entry.node);
            let (name, place, table) = (entry.key.clone(), entry.key_place, entry.node.clone());
            (entry.key.clone(), Arc::new(Self { name, place, table, spec }))
        });
        declared.collect()
    }

    /// Where the value stands.
    pub(crate) fn value_place(&self) -> Place {
        let entry =
            self.table.as_table().and_then(|table| table.get("value").or_else(|| table.get("secret")));
        entry.map_or(self.place, |entry| entry.node.place)
    }
}

impl ServiceScope {
    /// The environment as declared, none of it evaluated yet.
    pub(crate) fn new(name: &ServiceName, declared: &BTreeMap<String, Arc<Declared>>) -> Arc<Self> {
        let slot = |declared: &Arc<Declared>| Slot { declared: declared.clone(), value: OnceLock::new() };
        let env = declared.iter().map(|(name, declared)| (name.clone(), slot(declared)));
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
    ) -> Option<&'s EnvResult> {
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

    fn env_value(self: &Arc<Self>, host: usize, scope: &Arc<ServiceScope>, slot: &Slot) -> Option<EnvResult> {
        let table = slot.table.as_table()?;
        let whom = For { host, service: Some(scope.clone()) };
        let spec = match &slot.spec {
            Ok(spec) => spec,
            Err(findings) => {
                findings.iter().for_each(|finding| self.report_on(host, finding.clone()));
                return None;
            }
        };
        let given = match (table.get("value"), table.get("secret")) {
            (Some(entry), None) => self.env_given(&entry.node, &whom)?,
            (None, Some(entry)) => {
                let name = entry.node.as_text()?;
                match self.secret_text(name) {
                    Ok(text) => Value::from_object(Opaque { text, quoted: None }),
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
                self.report_on(
                    host,
                    Diagnostic::new(codes::EXCLUSIVE_KEYS, message).at(place, "exactly one is needed"),
                );
                return None;
            }
        };
        if holds_secret(&given) {
            let message = "a secret may not stand in a list";
            let finding = Diagnostic::new(codes::SECRET_MISPLACED, message).at(slot.value_place(), "");
            self.report_on(host, finding.help("a variable is a secret as a whole, or a text that holds one"));
            return None;
        }
        let secret = given.downcast_object_ref::<Opaque>().map(|secret| secret.text.clone());
        let parsed = match &secret {
            Some(text) => parse(spec, &Value::from(text.as_str())).or_else(|error| {
                // What stands in for a value that nobody gave is of any type.
                if !self.is_dummy_of_any_type(table) {
                    return Err(error);
                }
                let text = env_value::stand_in(&spec.settings).unwrap_or_else(|| text.as_str().to_owned());
                Ok((Value::UNDEFINED, text))
            }),
            None => parse(spec, &given),
        };
        match parsed {
            Ok((_, text)) if secret.is_some() => Some(EnvResult { typed: given, text: Text::tainted(text) }),
            Ok((typed, text)) => Some(EnvResult { typed, text: Text::plain(text) }),
            Err(error) => {
                let mut diagnostic = wrong_value(&slot.name, &error).at(slot.value_place(), "");
                if let Some(entry) = table.get("type") {
                    diagnostic = diagnostic.with(entry.node.place, "its type");
                }
                self.report_on(host, diagnostic);
                None
            }
        }
    }

    /// Whether a variable that is a secret has a stand-in for its value, and the secret's own type says nothing of it.
    fn is_dummy_of_any_type(&self, table: &Table) -> bool {
        let name = table.get("secret").and_then(|entry| entry.node.as_text());
        let secret = name.and_then(|name| self.fleet.secrets.get(name));
        let kind = secret.and_then(|secret| secret.definition.kind).unwrap_or(SecretType::Text);
        self.has_dummies() && matches!(kind, SecretType::Text | SecretType::Password)
    }

    fn env_given(self: &Arc<Self>, node: &Node, whom: &For) -> Option<Value> {
        match &node.value {
            Tree::Text(text) if expr::is_expression(text) => {
                let mode = Mode {
                    format: Format::Plain,
                    file: false,
                    secrets: true,
                    typed: true,
                    limit: self.limits.output,
                };
                let made = self.render_text(node, text, whom, mode)?;
                if let Some(value) = made.value {
                    return Some(value);
                }
                let text = std::str::from_utf8(&made.output).unwrap_or_default();
                if !made.tainted {
                    return Some(text.into());
                }
                let text = zeroize::Zeroizing::new(text.to_owned());
                Some(Value::from_object(Opaque { text, quoted: None }))
            }
            Tree::List(items) => {
                let values: Vec<_> = items.iter().map(|item| self.env_given(item, whom)).collect();
                values.into_iter().collect::<Option<Vec<Value>>>().map(Value::from)
            }
            _ => Some(expr::constant(node)),
        }
    }
}

/// Whether a list holds a secret: as text it would no longer be one.
fn holds_secret(given: &Value) -> bool {
    let items = match given.kind() {
        ValueKind::Seq => given.try_iter(),
        _ => return false,
    };
    items.is_ok_and(|mut items| items.any(|item| item.downcast_object_ref::<Opaque>().is_some()))
}

/// The finding that a variable's type lacks a setting.
pub(crate) fn incomplete_type(name: &str, error: &ParseError) -> Diagnostic {
    Diagnostic::new(codes::ENV_TYPE, format!("the type of {name:?} is not complete: {error}"))
}

/// The finding that a variable's value is not what its type says.
pub(crate) fn wrong_value(name: &str, error: &ParseError) -> Diagnostic {
    Diagnostic::new(codes::ENV_TYPE, format!("the value of {name:?} is not of its type: {error}"))
}

/// The type of a variable and its settings, from its table; findings if there is something wrong with them that the
/// schema does not say.
fn spec(name: &str, table: &Node) -> Result<Spec, Vec<Diagnostic>> {
    let mut settings = table.clone();
    if let Tree::Table(table) = &mut settings.value {
        table.remove("value");
    }
    let mut findings = Vec::new();
    expr::each_expression(&settings, &mut |node, _| {
        let (message, help) = match table.get(&["secret"]).is_some_and(|secret| secret.place == node.place) {
            true => (
                "the name of a variable's secret may not be an expression",
                Some("an expression names it in the value: value = \"{{ secret(…) }}\""),
            ),
            false => {
                ("the type of an environment variable may not be an expression; only its value may", None)
            }
        };
        let finding = Diagnostic::new(codes::EXPRESSION_NOT_ALLOWED, message);
        let finding = finding.at(node.place, "needs a plain value");
        findings.push(Diagnostic { help: help.map(str::to_owned), ..finding });
    });
    if !findings.is_empty() {
        return Err(findings);
    }
    let settings: EnvVarTable = serde_json::from_value(settings.to_json()).map_err(|_| Vec::new())?;
    if let Err((key, error)) = env_value::check_spec(&settings) {
        return Err(vec![incomplete_type(name, &error).at(table.place_of(&[key]), "")]);
    }
    let pattern = settings.pattern.as_deref().filter(|_| settings.kind == Some(EnvType::Pattern));
    let regex = pattern.and_then(|pattern| {
        regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build().ok()
    });
    Ok(Spec { settings, pattern: regex })
}

/// Parses a value as a type: what expressions read, and the text of the environment.
fn parse(typed: &Spec, given: &Value) -> Result<(Value, String), ParseError> {
    let spec = &typed.settings;
    let kind = spec.kind.unwrap_or(EnvType::String);
    let single = |value: &Value| match value.kind() {
        ValueKind::Bool => Some(EnvValue::Bool(value.is_true())),
        ValueKind::Number => {
            Some(value.as_i64().map_or_else(|| EnvValue::Text(value.to_string()), EnvValue::Integer))
        }
        ValueKind::String => value.as_str().map(|text| EnvValue::Text(text.to_owned())),
        _ => None,
    };
    let expected = || ParseError::new("a text, number, boolean or list", "not a value of the environment");
    let value = match given.kind() {
        ValueKind::Seq | ValueKind::Iterable if !matches!(kind, EnvType::List | EnvType::String) => {
            return Err(ParseError::new("one value, or type = \"list\"", "a list"));
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items =
                given.try_iter().map_err(|_| expected())?.map(|item| single(&item).ok_or_else(expected));
            let texts = items.map(|item| env_value::text_of(spec, &item?));
            EnvValue::List(texts.collect::<Result<_, _>>()?)
        }
        _ => single(given).ok_or_else(expected)?,
    };
    let text = env_value::check(spec, &env_value::text_of(spec, &value)?)?;
    let typed = match kind {
        EnvType::Bool => Value::from(text == "true"),
        EnvType::Int | EnvType::Port => {
            text.parse::<i64>().map_or_else(|_| Value::from(text.as_str()), Value::from)
        }
        EnvType::List => {
            let separator = spec.separator.as_deref().unwrap_or(",");
            let items = text.split(separator).filter(|item| !item.is_empty() || !text.is_empty());
            items.map(Value::from).collect()
        }
        EnvType::Pattern => {
            let none = || ParseError::new("a regular expression in `pattern`", "`pattern` is none");
            let pattern = spec.pattern.as_deref().unwrap_or_default();
            if !typed.pattern.as_ref().ok_or_else(none)?.is_match(&text) {
                return Err(ParseError::new(format!("a text that matches `{pattern}`"), "it does not match"));
            }
            Value::from(text.as_str())
        }
        _ => Value::from(text.as_str()),
    };
    Ok((typed, text))
}
