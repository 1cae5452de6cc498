//! The filters, tests and functions that expressions have: those of minijinja that cannot break the encoders, and
//! the quoting filters. All but the latter refuse secrets.

use super::failure::Failure;
use super::failure::{not_a_text, secret_compared, secret_misused};
use super::guard::Guard;
use super::holds::{is_secret, refuse_held, refuse_secret};
use super::opaque::{Opaque, POISON, Quoted};
use crate::encode::Format;
use cmc_types::codes;
use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, filters, tests};

/// Functions that are no objects of ours.
pub(super) const FUNCTIONS: &[&str] = &["range", "dict", "namespace"];

/// Gives the environment its filters.
pub(super) fn install(environment: &mut Environment<'static>) {
    for name in ["safe", "escape", "e", "pprint"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    for name in ["safe", "escaped"] {
        environment.remove_test(name);
    }
    macro_rules! guard {
        ($($takes:ident: $($name:literal $function:path;)*)*) => {
            $($(guarded(environment, $name, Takes::$takes, Value::from_function($function));)*)*
        };
    }
    guard! {
        Whole:
        "attr" filters::attr; "batch" filters::batch; "chain" filters::chain; "count" filters::length;
        "d" filters::default; "default" filters::default; "first" filters::first; "items" filters::items;
        "last" filters::last; "length" filters::length; "list" filters::list; "map" filters::map;
        "reverse" filters::reverse; "slice" filters::slice; "zip" filters::zip;
        Keys:
        "dictsort" filters::dictsort; "groupby" filters::groupby; "max" filters::max; "min" filters::min;
        "reject" filters::reject; "rejectattr" filters::rejectattr; "select" filters::select;
        "selectattr" filters::selectattr; "sort" filters::sort; "sum" filters::sum; "unique" filters::unique;
        All:
        "abs" filters::abs; "bool" filters::bool; "capitalize" filters::capitalize; "float" filters::float;
        "format" filters::format; "indent" filters::indent; "int" filters::int; "lines" filters::lines;
        "lower" filters::lower; "replace" filters::replace; "round" filters::round; "split" filters::split;
        "title" filters::title; "trim" filters::trim; "upper" filters::upper;
    }
    for guard in Guard::ALL {
        environment.add_filter(guard.name(), move |value: Value| guard.pass(value));
    }
    macro_rules! compare {
        ($($function:path: $($name:literal)*;)*) => {
            $($(compares(environment, $name, Value::from_function($function));)*)*
        };
    }
    compare! {
        tests::is_eq: "eq" "equalto" "=="; tests::is_ne: "ne" "!="; tests::is_lt: "lt" "lessthan" "<";
        tests::is_le: "le" "<="; tests::is_gt: "gt" "greaterthan" ">"; tests::is_ge: "ge" ">="; tests::is_in: "in";
        tests::is_sameas: "sameas"; tests::is_startingwith: "startingwith"; tests::is_endingwith: "endingwith";
        tests::is_odd: "odd"; tests::is_even: "even"; tests::is_divisibleby: "divisibleby";
        tests::is_lower: "lower"; tests::is_upper: "upper";
    }
    environment.add_filter("join", join);
    environment.add_filter("string", |value: Value| -> Result<Value, Error> { Ok(plain(&value)?.into()) });
    environment.add_filter("urlencode", urlencode);
    for format in Format::ALL {
        let Some(filter) = format.filter() else { continue };
        if filter == format.name() || format == Format::Plain {
            environment.add_filter(filter, move |value: Value| quote(&value, format));
        }
    }
}

/// What a filter does with what it is given.
#[derive(Clone, Copy)]
enum Takes {
    /// Passes on what is in lists and tables.
    Whole,
    /// Compares or tests what is in lists and tables, or one attribute of each.
    Keys,
    /// May make a text of anything in it.
    All,
}

/// Adds a filter that refuses secrets.
fn guarded(environment: &mut Environment<'static>, name: &'static str, takes: Takes, filter: Value) {
    let guard = move |state: &mut State<'_, '_>, arguments: Rest<ValueOrKwargs>| -> Result<Value, Error> {
        let arguments: Vec<Value> = arguments.0.into_iter().map(Value::from).collect();
        for argument in &arguments {
            match takes {
                Takes::All => refuse_held(argument, secret_misused)?,
                _ if argument.is_kwargs() => refuse_held(argument, secret_misused)?,
                _ => refuse_secret(argument)?,
            }
        }
        if let (Takes::Keys, Some((subject, options))) = (takes, arguments.split_first()) {
            refuse_keys(name, subject, options)?;
        }
        filter.call(state, &arguments)
    };
    environment.add_filter(name, guard);
}

/// Refuses secrets in what a filter compares or tests.
fn refuse_keys(name: &str, subject: &Value, options: &[Value]) -> Result<(), Error> {
    let option = |name: &str| {
        let value = options.last().filter(|last| last.is_kwargs())?.get_attr(name).ok()?;
        (!value.is_undefined() && !value.is_none()).then_some(value)
    };
    let positional = options.first().filter(|first| !first.is_kwargs());
    let attribute = match name {
        // The keys of a table are names.
        "dictsort" if option("by").is_none_or(|by| by.as_str() == Some("key")) => return Ok(()),
        // The test that is named refuses secrets.
        "select" | "reject" if positional.is_some() => return Ok(()),
        "selectattr" | "rejectattr" if options.len() > 1 => return Ok(()),
        "groupby" | "sum" | "selectattr" | "rejectattr" => {
            positional.cloned().or_else(|| option("attribute"))
        }
        _ => option("attribute"),
    };
    let Some(attribute) = attribute.as_ref().and_then(Value::as_str) else {
        return refuse_held(subject, secret_compared);
    };
    for item in subject.try_iter().into_iter().flatten() {
        for path in attribute.split(',') {
            let names = path.trim().split('.').map(Value::from);
            let key = names.into_iter().try_fold(item.clone(), |item, name| item.get_item(&name));
            // Of what cannot be followed here, such as `0` in a path, nothing may be a secret.
            let key = key.ok().filter(|key| !key.is_undefined()).unwrap_or_else(|| item.clone());
            refuse_held(&key, secret_compared)?;
        }
    }
    Ok(())
}

/// Adds a test that refuses secrets.
fn compares(environment: &mut Environment<'static>, name: &'static str, test: Value) {
    let guard = move |state: &mut State<'_, '_>, arguments: Rest<Value>| -> Result<bool, Error> {
        for (index, argument) in arguments.0.iter().enumerate() {
            let guard = if name == "in" && index == 1 { Guard::Searched } else { Guard::Compared };
            guard.pass(argument.clone())?;
        }
        test.call(state, &arguments.0).map(|value| value.is_true())
    };
    environment.add_test(name, guard);
}

/// The text of a single value, as the formatter would write it.
fn plain(value: &Value) -> Result<String, Failure> {
    match value.kind() {
        _ if is_secret(value) => Err(secret_misused()),
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number => Ok(value.to_string()),
        ValueKind::String => Ok(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Plain if value.downcast_object_ref::<Quoted>().is_some() => Ok(value.to_string()),
        ValueKind::Undefined => Err(Failure::new(codes::EXPRESSION, "the value is not defined")),
        ValueKind::None => Err(Failure::new(codes::EXPRESSION, "`none` has no text")),
        kind => Err(not_a_text(kind, Format::Plain)),
    }
}

/// `|join(", ")` and `|join(", ", attribute="address")`.
fn join(value: &Value, joiner: Option<&str>, options: minijinja::value::Kwargs) -> Result<Value, Error> {
    let attribute: Option<&str> = options.get("attribute")?;
    options.assert_all_used()?;
    if is_secret(value) {
        return Err(secret_misused().into());
    }
    let mut joined = String::new();
    for (index, item) in value.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(joiner.unwrap_or_default());
        }
        let item = match attribute {
            Some(name) => name.split('.').try_fold(item, |item, name| item.get_attr(name))?,
            None => item,
        };
        if let Some(failure) = invalid(&item) {
            return Err(failure);
        }
        joined.push_str(&plain(&item)?);
    }
    Ok(joined.into())
}

/// The error that a lazily read value carries.
fn invalid(value: &Value) -> Option<Error> {
    (value.kind() == ValueKind::Invalid).then(|| Failure::Reported.into())
}

/// Percent-encodes all but `A-Z a-z 0-9 - . _ ~`, for one component of a URL.
fn urlencode(value: &Value) -> Result<Value, Error> {
    let encode = |text: &str| {
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                encoded.push(byte as char);
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
        encoded
    };
    match value.downcast_object_ref::<Opaque>() {
        Some(secret) => Ok(secret.rewritten(encode(&secret.text), None)),
        None => Ok(encode(&plain(value)?).into()),
    }
}

/// A quoting filter.
fn quote(value: &Value, format: Format) -> Result<Value, Error> {
    let refuse = |refusal: crate::encode::Refusal, kind| {
        Failure::new(codes::VALUE_NEEDS_QUOTING, refusal.message(kind, format))
            .help(Some("change the value".to_owned()))
    };
    if let Some(secret) = value.downcast_object_ref::<Opaque>() {
        let text =
            format.quote(&secret.text).map_err(|refusal| refuse(refusal, crate::encode::Kind::Secret))?;
        return Ok(secret.rewritten(text, Some(format)));
    }
    let text = structure(value, format, 0).map_err(|problem| match problem {
        Problem::Refused(refusal) => refuse(refusal, crate::encode::Kind::Text),
        Problem::Failed(failure) => failure,
    })?;
    if text.contains(POISON) {
        return Err(secret_misused().into());
    }
    Ok(Value::from_object(Quoted { text, format }))
}

enum Problem {
    Refused(crate::encode::Refusal),
    Failed(Failure),
}

/// A value in a format: single values quoted, lists and tables where the format has them.
fn structure(value: &Value, format: Format, depth: usize) -> Result<String, Problem> {
    let failed = |text: &str| Problem::Failed(Failure::new(codes::EXPRESSION, text));
    if depth > 32 {
        return Err(failed("the value is nested too deeply"));
    }
    let nested = matches!(format, Format::Json | Format::Yaml | Format::Toml);
    let items = |value: &Value| value.try_iter().map_err(|_| failed("the value cannot be listed"));
    match value.kind() {
        ValueKind::Bool | ValueKind::Number if nested => plain(value).map_err(Problem::Failed),
        ValueKind::None if matches!(format, Format::Json | Format::Yaml) => Ok("null".to_owned()),
        ValueKind::Seq | ValueKind::Iterable if nested => {
            let items: Result<Vec<_>, _> =
                items(value)?.map(|item| structure(&item, format, depth + 1)).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        ValueKind::Seq | ValueKind::Iterable if format == Format::Sh => {
            let items: Result<Vec<_>, _> =
                items(value)?.map(|item| structure(&item, format, depth + 1)).collect();
            Ok(items?.join(" "))
        }
        ValueKind::Map if nested => {
            let mut entries = Vec::new();
            for key in items(value)? {
                let written = plain(&key).map_err(Problem::Failed)?;
                let item = value.get_item(&key).map_err(|_| failed("the value cannot be listed"))?;
                let separator = if format == Format::Toml { " =" } else { ":" };
                let key = format.quote(&written).map_err(Problem::Refused)?;
                entries.push(format!("{key}{separator} {}", structure(&item, format, depth + 1)?));
            }
            Ok(if entries.is_empty() { "{}".to_owned() } else { format!("{{{}}}", entries.join(", ")) })
        }
        ValueKind::Invalid => Err(Problem::Failed(Failure::Reported)),
        _ => {
            let text = match value.kind() {
                ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
                    return Err(Problem::Failed(not_a_text(value.kind(), format)));
                }
                _ => plain(value).map_err(Problem::Failed)?,
            };
            format.quote(&text).map_err(Problem::Refused)
        }
    }
}
