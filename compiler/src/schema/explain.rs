//! Turns the validator's errors into diagnostics at the offending key or value, in words about definitions rather
//! than about schemas.

use super::generate::EXPRESSION;
use super::suggest::{nearest, resemblance};
use super::{later, text};
use crate::tree::{Node, Value as NodeValue};
use cmc_types::codes::{self, Code};
use cmc_types::{Diagnostic, Place};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// A finding before it is a diagnostic.
pub(super) struct Problem {
    /// Keys and indices from the root to the offending key or value.
    pub(super) path: Vec<String>,
    /// The finding.
    pub(super) diagnostic: Diagnostic,
    /// How much it speaks against the branch of a choice that it was found in.
    cost: f64,
}

/// Explains errors of one schema about one tree.
pub(super) struct Explainer<'a> {
    /// The schema.
    pub(super) schema: &'a Value,
    /// The tree that was checked.
    pub(super) root: &'a Node,
}

impl Explainer<'_> {
    /// Explains an error; the list is empty if another error says the same better.
    pub(super) fn explain(&self, error: &ValidationError<'_>) -> Vec<Problem> {
        let path = segments(error.instance_path());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                unexpected.iter().map(|key| self.unknown_key(&path, key, error)).collect()
            }
            ValidationErrorKind::Required { property } => {
                vec![self.missing_key(path, property.as_str().unwrap_or_default())]
            }
            ValidationErrorKind::PropertyNames { error } => self.bad_name(path, error),
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.no_branch(path, context)
            }
            ValidationErrorKind::Type { kind } => vec![self.wrong_type(path, &types(kind), error)],
            ValidationErrorKind::Constant { expected_value } => {
                vec![self.not_a_choice(path, &[expected_value.as_ref()])]
            }
            ValidationErrorKind::Enum { options } => {
                let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
                vec![self.not_a_choice(path, &options.iter().collect::<Vec<_>>())]
            }
            // The type of the text says more than its pattern does.
            ValidationErrorKind::Pattern { .. } if self.format(error).is_some() => Vec::new(),
            ValidationErrorKind::Pattern { pattern } => {
                let message = format!("{} does not match `{pattern}`", self.shown(&path));
                let mut problem = self.problem(codes::INVALID_VALUE, path, message);
                let schema = self.schema_around(error.schema_path());
                let description = schema.and_then(|schema| schema.get("description")).and_then(Value::as_str);
                problem.diagnostic.help = description.map(str::to_owned);
                vec![problem]
            }
            ValidationErrorKind::Format { format } => vec![self.bad_text(path, format)],
            ValidationErrorKind::Minimum { limit } => {
                let message = format!("{} is less than {limit}", self.shown(&path));
                vec![self.problem(codes::INVALID_VALUE, path, message)]
            }
            ValidationErrorKind::Maximum { limit } => {
                let message = format!("{} is more than {limit}", self.shown(&path));
                vec![self.problem(codes::INVALID_VALUE, path, message)]
            }
            ValidationErrorKind::MinItems { limit } => {
                let items = if *limit == 1 { "item" } else { "items" };
                vec![self.problem(
                    codes::INVALID_VALUE,
                    path,
                    format!("the list needs at least {limit} {items}"),
                )]
            }
            ValidationErrorKind::MinLength { .. } => {
                vec![self.problem(codes::INVALID_VALUE, path, "the text is empty".into())]
            }
            _ => {
                let message = format!("the value does not fit here ({})", error.kind().keyword());
                vec![self.problem(codes::INVALID_VALUE, path, message)]
            }
        }
    }

    /// The schema itself is broken: a defect of cmc, which must not pass for a check.
    pub(super) fn no_schema(&self) -> Problem {
        self.problem(codes::INVALID_VALUE, Vec::new(), "the schema of definitions cannot be used".into())
    }

    fn problem(&self, code: Code, path: Vec<String>, message: String) -> Problem {
        let place = self.root.place_of(&path);
        Problem { diagnostic: Diagnostic::new(code, message).at(place, ""), path, cost: 1.0 }
    }

    fn unknown_key(&self, parent: &[String], key: &str, error: &ValidationError<'_>) -> Problem {
        let path: Vec<_> = parent.iter().cloned().chain([key.to_owned()]).collect();
        let schema = self.schema_around(error.schema_path());
        let known = keys_of(schema);
        let message = match parent {
            [] => format!("unknown kind `{key}`"),
            _ => format!("unknown key `{key}` in `{}`", dotted(parent)),
        };
        let mut diagnostic =
            Diagnostic::new(codes::UNKNOWN_KEY, message).at(self.root.key_place_of(&path), "");
        let near = nearest(key, known.iter().copied()).is_some();
        diagnostic.help = value_of_secret(&path)
            .filter(|_| !near)
            .or_else(|| later::help(key, &known).map(str::to_owned))
            .or_else(|| self.other_key(key, &known, schema));
        let cost = 1.0 - 0.5 * resemblance(key, known.iter().copied());
        Problem { path, diagnostic, cost }
    }

    /// The key that was meant: one that is spelt alike, or the same one a level further down.
    fn other_key(&self, key: &str, known: &[&str], schema: Option<&Value>) -> Option<String> {
        let below = known.iter().find(|name| {
            let inner =
                schema.and_then(|schema| schema.get("properties")).and_then(|schema| schema.get(**name));
            // A table that an expression may give has two branches.
            let branches = inner.and_then(|inner| inner.get("anyOf")).and_then(Value::as_array);
            let branches = inner.into_iter().chain(branches.into_iter().flatten());
            branches.into_iter().any(|branch| keys_of(Some(self.resolve(branch))).contains(&key))
        });
        match (below, nearest(key, known.iter().copied())) {
            (Some(table), _) => Some(format!("`{key}` is a key of `{table}`: `{table}.{key}`")),
            (None, Some(near)) => Some(format!("did you mean `{near}`?")),
            (None, None) if known.is_empty() => None,
            (None, None) => Some(format!("known keys are {}", known.join(", "))),
        }
    }

    fn missing_key(&self, path: Vec<String>, key: &str) -> Problem {
        let place = self.root.key_place_of(&path);
        let what = if path.is_empty() { "the file".to_owned() } else { format!("`{}`", dotted(&path)) };
        let diagnostic = Diagnostic::new(codes::MISSING_KEY, format!("{what} lacks the key `{key}`"))
            .at(place, format!("`{key}` is missing here"));
        Problem { path, diagnostic, cost: 1.0 }
    }

    fn bad_name(&self, parent: Vec<String>, error: &ValidationError<'_>) -> Vec<Problem> {
        let name = error.instance().as_str().unwrap_or_default().to_owned();
        let path: Vec<_> = parent.into_iter().chain([name.clone()]).collect();
        let place = self.root.key_place_of(&path);
        if let ValidationErrorKind::Enum { options } = error.kind() {
            let names: Vec<_> = options.as_array().into_iter().flatten().map(plain).collect();
            let message = format!("`{}` is not one of {}", short(&name), names.join(", "));
            let mut diagnostic = Diagnostic::new(codes::INVALID_VALUE, message).at(place, "");
            diagnostic.help = did_you_mean(&name, &names);
            return vec![Problem { path, diagnostic, cost: 1.0 }];
        }
        let format = match error.kind() {
            ValidationErrorKind::Format { format } => Some(format.as_str()),
            ValidationErrorKind::Pattern { .. } => self.format(error),
            _ => None,
        };
        let diagnostic = match format.and_then(|format| text::problem(format, &name)) {
            Some(problem) => {
                Diagnostic::new(codes::INVALID_VALUE, format!("`{}`: {}", short(&name), problem.problem))
                    .at(place, "")
                    .help(format!("expected {}", problem.expected))
            }
            None => {
                Diagnostic::new(codes::INVALID_VALUE, format!("`{}` cannot be a name here", short(&name)))
                    .at(place, "")
            }
        };
        vec![Problem { path, diagnostic, cost: 1.0 }]
    }

    fn bad_text(&self, path: Vec<String>, format: &str) -> Problem {
        let node = self.root.get(&path);
        let given = node.and_then(Node::as_text).unwrap_or_default();
        match text::problem(format, given) {
            Some(problem) => {
                let message = format!("{}: {}", self.shown(&path), problem.problem);
                let mut result = self.problem(codes::INVALID_VALUE, path, message);
                result.diagnostic.help = Some(format!("expected {}", problem.expected));
                result
            }
            None => {
                let message = format!("{} does not fit here", self.shown(&path));
                self.problem(codes::INVALID_VALUE, path, message)
            }
        }
    }

    fn wrong_type(&self, path: Vec<String>, expected: &[JsonType], error: &ValidationError<'_>) -> Problem {
        let wanted = one_of(expected);
        let Some(node) = self.root.get(&path) else {
            return self.problem(codes::WRONG_TYPE, path, format!("expected {wanted}"));
        };
        let is_item = |step: &String| step.parse::<usize>().is_ok();
        let key = match (path.iter().rev().find(|step| !is_item(step)), path.last().is_some_and(is_item)) {
            (Some(key), false) => format!("`{}` takes ", short(key)),
            (Some(key), true) => format!("an item of `{}` must be ", short(key)),
            (None, _) => "expected ".into(),
        };
        let help = value_of_secret(&path)
            .or_else(|| key_of_unit(&path))
            .or_else(|| self.conversion(node, expected, error));
        let message = format!("{key}{wanted}, not {}", described(node));
        let mut problem = self.problem(codes::WRONG_TYPE, path, message);
        problem.diagnostic.help = help;
        problem
    }

    /// How to write the value in the type that is wanted, where that is plain.
    fn conversion(&self, node: &Node, expected: &[JsonType], error: &ValidationError<'_>) -> Option<String> {
        let wants = |kind| expected.contains(&kind);
        match &node.value {
            NodeValue::Text(text) => {
                let number = wants(JsonType::Integer) && text.parse::<i64>().is_ok();
                let boolean = wants(JsonType::Boolean) && matches!(text.as_str(), "true" | "false");
                let list = wants(JsonType::Array).then(|| {
                    let items: Vec<_> =
                        text.split_whitespace().map(|word| format!("\"{}\"", short(word))).collect();
                    format!("a list is written `[{}]`", items.join(", "))
                });
                (number || boolean).then(|| format!("without quotes: `{text}`")).or(list)
            }
            NodeValue::Integer(number) if wants(JsonType::String) => {
                let number = number.to_string();
                let problem = self.format(error).and_then(|format| text::problem(format, &number));
                Some(match problem {
                    Some(problem) => format!("expected {}", problem.expected),
                    None => format!("in quotes: `\"{number}\"`"),
                })
            }
            NodeValue::Float(_) if wants(JsonType::String) => {
                Some("put it in quotes if a text is meant".into())
            }
            _ => None,
        }
    }

    fn not_a_choice(&self, path: Vec<String>, choices: &[&Value]) -> Problem {
        let names: Vec<String> = choices.iter().map(|choice| plain(choice)).collect();
        let Some(NodeValue::Text(given)) = self.root.get(&path).map(|node| &node.value) else {
            let found = self.root.get(&path).map_or_else(|| "that".into(), described);
            let message = match names.as_slice() {
                [only] => format!("`{}` takes only `{only}`", path.last().map_or("this", String::as_str)),
                names => format!("expected one of the texts {}, not {found}", names.join(", ")),
            };
            let code = if names.len() == 1 { codes::INVALID_VALUE } else { codes::WRONG_TYPE };
            return self.problem(code, path, message);
        };
        let message = match names.as_slice() {
            [only] => format!("`{}` is not `{only}`", short(given)),
            names => format!("`{}` is not one of {}", short(given), names.join(", ")),
        };
        let help = did_you_mean(given, &names);
        let mut problem = self.problem(codes::INVALID_VALUE, path, message);
        problem.diagnostic.help = help;
        problem
    }

    /// A value that fits none of several shapes: says what all of them want, or what is wrong with the nearest.
    fn no_branch(&self, path: Vec<String>, context: &[Vec<ValidationError<'_>>]) -> Vec<Problem> {
        let branches: Vec<_> = context.iter().filter(|branch| !branch.iter().any(is_expression)).collect();
        let choices: Option<Vec<_>> = branches.iter().map(|branch| choice(branch, &path)).collect();
        if let Some(choices) = choices.filter(|choices| !choices.is_empty()) {
            return vec![self.not_a_choice(path, &choices)];
        }
        let mut expected = Vec::new();
        let mut fitting = Vec::new();
        for branch in &branches {
            match branch.iter().find_map(|error| type_mismatch(error, &path)) {
                Some(types) => expected.extend(types),
                None => fitting.push(*branch),
            }
        }
        let explained = fitting
            .into_iter()
            .map(|branch| branch.iter().flat_map(|error| self.explain(error)).collect::<Vec<_>>())
            .filter(|problems| !problems.is_empty())
            .min_by(|a, b| cost(a).total_cmp(&cost(b)));
        if let Some(problems) = explained {
            return problems;
        }
        expected.sort_by_key(|kind| order(*kind));
        expected.dedup();
        match branches.iter().flat_map(|branch| branch.iter()).next() {
            Some(error) => vec![self.wrong_type(path, &expected, error)],
            None => vec![self.problem(codes::INVALID_VALUE, path, "the value does not fit here".into())],
        }
    }

    /// The type of text that the schema of an error names.
    fn format(&self, error: &ValidationError<'_>) -> Option<&str> {
        let format = self.schema_around(error.schema_path())?.get("format")?.as_str()?;
        text::TYPES.iter().any(|(name, _)| *name == format).then_some(format)
    }

    /// The schema that holds the keyword at a location.
    fn schema_around(&self, keyword: &Location) -> Option<&Value> {
        let steps = segments(keyword);
        let (_, parents) = steps.split_last()?;
        parents.iter().try_fold(self.schema, |schema, step| match (step.as_str(), schema) {
            ("$ref", schema) => Some(self.resolve(schema)),
            (step, Value::Array(items)) => items.get(step.parse::<usize>().ok()?),
            (step, schema) => schema.get(step).or_else(|| self.resolve(schema).get(step)),
        })
    }

    /// What a schema refers to, or itself.
    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let pointer =
            schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.schema.pointer(pointer)).unwrap_or(schema)
    }

    /// A value as it is shown in messages.
    fn shown(&self, path: &[String]) -> String {
        match self.root.get(path).map(|node| &node.value) {
            Some(NodeValue::Text(text)) => format!("`{}`", short(text)),
            Some(NodeValue::Integer(number)) => format!("`{number}`"),
            Some(NodeValue::Float(number)) => format!("`{number}`"),
            _ => "the value".into(),
        }
    }
}

/// The place of a problem, for finding those that say the same.
pub(super) fn place(problem: &Problem) -> Option<Place> {
    problem.diagnostic.primary.as_ref().map(|label| label.place)
}

fn cost(problems: &[Problem]) -> f64 {
    problems.iter().map(|problem| problem.cost).sum()
}

fn segments(location: &Location) -> Vec<String> {
    let pointer = location.as_str();
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn is_expression(error: &ValidationError<'_>) -> bool {
    error.schema_path().as_str().contains(EXPRESSION)
}

/// The one value that a branch takes, if that is all that it is.
fn choice<'e>(branch: &'e [ValidationError<'_>], path: &[String]) -> Option<&'e Value> {
    branch.iter().find_map(|error| match error.kind() {
        ValidationErrorKind::Constant { expected_value } if segments(error.instance_path()) == path => {
            Some(expected_value.as_ref())
        }
        _ => None,
    })
}

/// The key of a table under `systemd` that a misspelt one stands for, which is taken for a section.
fn key_of_unit(path: &[String]) -> Option<String> {
    let [.., systemd, _, key] = path else { return None };
    let meant = nearest(key, ["existing", "mask", "instances"]).filter(|meant| meant != key)?;
    (systemd == "systemd")
        .then(|| format!("did you mean `{meant}`? What is none of a unit's keys is a section"))
}

/// The types that an error wants at `path` instead of what is there; `None` if the type is right.
fn type_mismatch(error: &ValidationError<'_>, path: &[String]) -> Option<Vec<JsonType>> {
    if segments(error.instance_path()) != path {
        return None;
    }
    match error.kind() {
        ValidationErrorKind::Type { kind } => Some(types(kind)),
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            (!error.instance().is_string()).then(|| vec![JsonType::String])
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let branches = context.iter().filter(|branch| !branch.iter().any(is_expression));
            let types: Option<Vec<_>> =
                branches.map(|branch| branch.iter().find_map(|error| type_mismatch(error, path))).collect();
            types.map(|types| types.concat())
        }
        _ => None,
    }
}

fn types(kind: &TypeKind) -> Vec<JsonType> {
    match kind {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().collect(),
    }
}

fn keys_of(schema: Option<&Value>) -> Vec<&str> {
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str)).collect()
}

fn order(kind: JsonType) -> u8 {
    match kind {
        JsonType::String => 0,
        JsonType::Boolean => 1,
        JsonType::Integer => 2,
        JsonType::Number => 3,
        JsonType::Array => 4,
        JsonType::Object => 5,
        JsonType::Null => 6,
    }
}

fn one_of(types: &[JsonType]) -> String {
    let names: Vec<_> = types.iter().map(|kind| name(*kind)).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => (*only).to_owned(),
        None => "another value".into(),
    }
}

fn name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::String => "a text",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "an integer",
        JsonType::Number => "a number",
        JsonType::Array => "a list",
        JsonType::Object => "a table",
        JsonType::Null => "null",
    }
}

fn described(node: &Node) -> String {
    match &node.value {
        NodeValue::Null => "null".into(),
        NodeValue::Bool(value) => format!("`{value}`"),
        NodeValue::Integer(_) => "an integer".into(),
        NodeValue::Float(_) => "a number with a fraction".into(),
        NodeValue::Text(_) => "a text".into(),
        NodeValue::List(_) => "a list".into(),
        NodeValue::Table(_) => "a table".into(),
    }
}

/// What to do about a text in the place of a secret's description, or among its keys.
fn value_of_secret(path: &[String]) -> Option<String> {
    match path {
        [kind, name] | [kind, name, _] if kind == "secret" => {
            Some(format!("a value stands in no definition: give it to `cmc secret set {}`", short(name)))
        }
        _ => None,
    }
}

fn did_you_mean(given: &str, names: &[String]) -> Option<String> {
    nearest(given, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value cut to what fits in a message, without control characters.
fn short(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match clean.char_indices().nth(48) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// A path as people write it: `service.api.file."/etc/x".mode`.
fn dotted(path: &[String]) -> String {
    let bare = |step: &str| {
        !step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    let steps: Vec<_> = path
        .iter()
        .map(|step| if bare(step) { step.clone() } else { format!("\"{}\"", short(step)) })
        .collect();
    steps.join(".")
}
