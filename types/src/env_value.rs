//! The typed value checker of environment variables: a value of [`EnvType`] as text, normalised, or why it is none.
//!
//! `pattern` is checked by the compiler, which has a regular expression engine; here it passes as `string`. Errors
//! name the rule and never the value, which may be secret.

use crate::definition::{EnvType, EnvValue, EnvVarTable};
use crate::{ByteSize, ParseError, Timespan, UnixPath};

/// The text of a plain value: booleans as `true` and `false`, lists joined by the separator (default `,`).
pub fn text_of(spec: &EnvVarTable, value: &EnvValue) -> Result<String, ParseError> {
    match value {
        EnvValue::Bool(value) => Ok(value.to_string()),
        EnvValue::Integer(value) => Ok(value.to_string()),
        EnvValue::Text(value) => Ok(value.clone()),
        EnvValue::List(items) => {
            let separator = spec.separator.as_deref().unwrap_or(",");
            match items.iter().position(|item| !separator.is_empty() && item.contains(separator)) {
                Some(index) => Err(ParseError::new(
                    format!("items without the separator {separator:?}"),
                    format!("item {} holds the separator", index + 1),
                )),
                None => Ok(items.join(separator)),
            }
        }
    }
}

/// Checks a text against the variable's type and bounds; gives it as it goes into the environment.
pub fn check(spec: &EnvVarTable, text: &str) -> Result<String, ParseError> {
    if text.contains('\0') {
        return Err(ParseError::new("a text without NUL", "the value holds NUL"));
    }
    let trimmed = text.trim();
    match spec.kind.unwrap_or(EnvType::String) {
        EnvType::String | EnvType::List | EnvType::Pattern => Ok(text.to_owned()),
        EnvType::Int => bounded(spec, integer(trimmed)?, |n| n.to_string()),
        EnvType::Bool => boolean(trimmed),
        EnvType::Port => bounded(spec, port(trimmed)?.into(), |n| n.to_string()),
        EnvType::Url => url(trimmed),
        EnvType::HostPort => host_port(trimmed),
        EnvType::Path => UnixPath::parse(trimmed).map(|path| path.to_string()).or_else(|bad| match trimmed {
            "/" => Ok("/".to_owned()),
            _ => Err(bad),
        }),
        EnvType::Duration => {
            let span = Timespan::parse(trimmed)?;
            bounded(spec, i64::try_from(span.as_secs()).unwrap_or(i64::MAX), |_| trimmed.to_owned())
        }
        EnvType::Bytes => {
            let size = ByteSize::parse(trimmed)?;
            bounded(spec, i64::try_from(size.as_bytes()).unwrap_or(i64::MAX), |_| trimmed.to_owned())
        }
        EnvType::OneOf => match spec.of.iter().find(|choice| *choice == text) {
            Some(choice) => Ok(choice.clone()),
            None => Err(ParseError::new(format!("one of {}", spec.of.join(", ")), "not one of the choices")),
        },
    }
}

/// A value of the variable's type that means nothing; none if there is no telling, such as for a pattern.
pub fn stand_in(spec: &EnvVarTable) -> Option<String> {
    let number = |least: i64| spec.min.unwrap_or(least).max(least).min(spec.max.unwrap_or(i64::MAX));
    let text = match spec.kind.unwrap_or(EnvType::String) {
        EnvType::Int => spec.min.or(spec.max).unwrap_or(1).to_string(),
        EnvType::Port => number(1).to_string(),
        EnvType::Duration => format!("{}s", number(1)),
        EnvType::Bytes => number(1).to_string(),
        EnvType::Bool => "false".to_owned(),
        EnvType::Url => "https://dummy.invalid/dummy".to_owned(),
        EnvType::HostPort => "dummy.invalid:1".to_owned(),
        EnvType::Path => "/dummy".to_owned(),
        EnvType::OneOf => spec.of.first()?.clone(),
        EnvType::String | EnvType::List => "dummy".to_owned(),
        EnvType::Pattern => return None,
    };
    check(spec, &text).ok()
}

/// Checks that a variable's own settings fit its type: `of` only with one-of, `pattern` with pattern, `separator` with
/// list, bounds with numbers and in order.
pub fn check_spec(spec: &EnvVarTable) -> Result<(), (&'static str, ParseError)> {
    let kind = spec.kind.unwrap_or(EnvType::String);
    let bad = |key, expected: &str, problem: &str| Err((key, ParseError::new(expected, problem)));
    if kind == EnvType::OneOf && spec.of.is_empty() {
        return bad("type", "the choices in `of`", "type one-of has no choices");
    }
    if kind != EnvType::OneOf && !spec.of.is_empty() {
        return bad("of", "type = \"one-of\"", "`of` belongs to type one-of");
    }
    if kind == EnvType::Pattern && spec.pattern.is_none() {
        return bad("type", "a regular expression in `pattern`", "type pattern has no pattern");
    }
    if kind != EnvType::Pattern && spec.pattern.is_some() {
        return bad("pattern", "type = \"pattern\"", "`pattern` belongs to type pattern");
    }
    if kind != EnvType::List && spec.separator.is_some() {
        return bad("separator", "type = \"list\"", "`separator` belongs to type list");
    }
    let numeric = matches!(kind, EnvType::Int | EnvType::Port | EnvType::Duration | EnvType::Bytes);
    if !numeric && spec.min.is_some() {
        return bad("min", "type int, port, duration or bytes", "`min` belongs to numbers");
    }
    if !numeric && spec.max.is_some() {
        return bad("max", "type int, port, duration or bytes", "`max` belongs to numbers");
    }
    if let (Some(min), Some(max)) = (spec.min, spec.max)
        && min > max
    {
        return bad("max", "at least `min`", "`max` is smaller than `min`");
    }
    Ok(())
}

/// Checks bounds; those of durations are seconds, those of sizes bytes.
fn bounded(spec: &EnvVarTable, number: i64, print: impl Fn(i64) -> String) -> Result<String, ParseError> {
    let unit = match spec.kind {
        Some(EnvType::Duration) => " seconds",
        Some(EnvType::Bytes) => " bytes",
        _ => "",
    };
    match (spec.min, spec.max) {
        (Some(min), _) if number < min => {
            Err(ParseError::new(format!("at least {min}{unit}"), "the value is too small"))
        }
        (_, Some(max)) if number > max => {
            Err(ParseError::new(format!("at most {max}{unit}"), "the value is too large"))
        }
        _ => Ok(print(number)),
    }
}

fn integer(text: &str) -> Result<i64, ParseError> {
    text.parse().map_err(|_| ParseError::new("an integer of 64 bits", "not an integer"))
}

fn boolean(text: &str) -> Result<String, ParseError> {
    match text {
        "true" | "false" => Ok(text.to_owned()),
        _ => Err(ParseError::new("true or false", "not a boolean")),
    }
}

fn port(text: &str) -> Result<u16, ParseError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ => Err(ParseError::new("a port, 1 to 65535", "not a port")),
    }
}

/// An absolute URL (RFC 3986): scheme, `:`, and what follows without blanks and control characters; after `//` a host
/// or a path.
fn url(text: &str) -> Result<String, ParseError> {
    let bad =
        |problem: &str| Err(ParseError::new("an absolute URL such as \"https://api.example.net/\"", problem));
    let Some((scheme, rest)) = text.split_once(':') else { return bad("the URL has no scheme") };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !named {
        return bad("not a URL scheme");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
        return bad("the URL holds a blank, control character, quote or angle bracket");
    }
    if let Some(rest) = rest.strip_prefix("//") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if host.is_empty() && !rest.starts_with('/') {
            return bad("the URL has no host");
        }
        // Several hosts, as in postgres and mongodb URLs, are separated by commas.
        for host in host.split(',').filter(|host| !host.is_empty()) {
            let after_host = match host.strip_prefix('[') {
                Some(rest) => match rest.split_once(']') {
                    Some((address, after)) if address.parse::<std::net::Ipv6Addr>().is_ok() => after,
                    _ => return bad("not an IPv6 address"),
                },
                None => host.find(':').map_or("", |colon| &host[colon..]),
            };
            match after_host.strip_prefix(':') {
                Some(number) if port(number).is_err() => return bad("the URL has a bad port"),
                None if !after_host.is_empty() => return bad("the URL has a bad host"),
                _ => {}
            }
        }
    } else if rest.is_empty() {
        return bad("the URL has nothing after its scheme");
    }
    Ok(text.to_owned())
}

/// `HOST:PORT` with a name, an IPv4 address, or an IPv6 address in brackets.
fn host_port(text: &str) -> Result<String, ParseError> {
    let bad = |problem: &str| Err(ParseError::new("HOST:PORT such as \"db1:5432\" or \"[::1]:80\"", problem));
    let Some((host, number)) = text.rsplit_once(':') else { return bad("no port") };
    if port(number).is_err() {
        return bad("not a port");
    }
    let good = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_host(host),
    };
    if good { Ok(text.to_owned()) } else { bad("not a host") }
}

/// A host name or IPv4 address: labels of letters, digits, `-` and `_`, separated by dots.
fn is_host(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.trim_end_matches('.').split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn spec(kind: EnvType) -> EnvVarTable {
        EnvVarTable { kind: Some(kind), ..EnvVarTable::default() }
    }

    #[test]
    fn good_values_are_kept() {
        for (kind, texts) in [
            (EnvType::String, &["", " a b ", "é\n"][..]),
            (EnvType::Int, &["0", "-5", "9223372036854775807"]),
            (EnvType::Bool, &["true", "false"]),
            (EnvType::Port, &["1", "65535"]),
            (
                EnvType::Url,
                &[
                    "https://a.example/x?y=1#z",
                    "postgres://u:p@db1:5432,db2/app",
                    "unix:///run/x.sock",
                    "mailto:a@b",
                    "http://[::1]:80/",
                    "redis://:pw@h",
                ],
            ),
            (EnvType::HostPort, &["db1:5432", "10.0.0.1:1", "[::1]:80", "a.b-c.net:65535"]),
            (EnvType::Path, &["/", "/etc/x"]),
            (EnvType::Duration, &["30s", "1h 30m"]),
            (EnvType::Bytes, &["0", "512M"]),
        ] {
            for text in texts {
                assert_eq!(check(&spec(kind), text).as_deref(), Ok(*text), "{kind:?}");
            }
        }
    }

    #[test]
    fn bad_values_are_refused() {
        for (kind, texts) in [
            (EnvType::String, &["a\0"][..]),
            (EnvType::Int, &["", "1.5", "0x10", "9223372036854775808"]),
            (EnvType::Bool, &["yes", "1", "True"]),
            (EnvType::Port, &["0", "65536", "+80", "http", ""]),
            (
                EnvType::Url,
                &[
                    "",
                    "a.example",
                    "//a",
                    "http://",
                    "http://a b",
                    "1a:b",
                    "http://h:0/",
                    "http://[::g]/",
                    "x:",
                ],
            ),
            (EnvType::HostPort, &["db1", ":80", "a b:80", "::1:80", "[x]:80", "db1:0", "-a:80"]),
            (EnvType::Path, &["", "etc", "/a/../b", "/a//b"]),
            (EnvType::Duration, &["30", "s", "-1s"]),
            (EnvType::Bytes, &["1k", "1KB", "-1"]),
        ] {
            for text in texts {
                assert!(check(&spec(kind), text).is_err(), "{kind:?} {text:?}");
            }
        }
    }

    #[test]
    fn bounds_choices_and_lists() {
        let bounds = EnvVarTable { min: Some(1024), max: Some(60_000), ..spec(EnvType::Port) };
        assert!(
            check(&bounds, "1023").is_err()
                && check(&bounds, "60001").is_err()
                && check(&bounds, "8080").is_ok()
        );
        let seconds = EnvVarTable { max: Some(60), ..spec(EnvType::Duration) };
        assert!(check(&seconds, "1m").is_ok() && check(&seconds, "61s").is_err());
        let choice = EnvVarTable { of: vec!["a".into(), "b".into()], ..spec(EnvType::OneOf) };
        assert!(check(&choice, "b").is_ok() && check(&choice, "c").is_err());
        let list = EnvVarTable { separator: Some(";".into()), ..spec(EnvType::List) };
        let items = |items: &[&str]| EnvValue::List(items.iter().map(|item| (*item).to_owned()).collect());
        assert_eq!(text_of(&list, &items(&["a,b", "c"])).as_deref(), Ok("a,b;c"));
        assert!(text_of(&list, &items(&["a;b"])).is_err());
        assert_eq!(text_of(&spec(EnvType::Bool), &EnvValue::Bool(true)).as_deref(), Ok("true"));
    }

    #[test]
    fn a_stand_in_is_of_its_type() {
        for kind in [
            EnvType::String,
            EnvType::Int,
            EnvType::Bool,
            EnvType::Port,
            EnvType::Url,
            EnvType::HostPort,
            EnvType::Path,
            EnvType::Duration,
            EnvType::Bytes,
            EnvType::List,
        ] {
            let stand_in = stand_in(&spec(kind)).unwrap();
            assert_eq!(check(&spec(kind), &stand_in), Ok(stand_in), "{kind:?}");
        }
        let bounds = EnvVarTable { min: Some(1024), max: Some(2048), ..spec(EnvType::Port) };
        assert_eq!(stand_in(&bounds).as_deref(), Some("1024"));
        let below = EnvVarTable { max: Some(-5), ..spec(EnvType::Int) };
        assert_eq!(stand_in(&below).as_deref(), Some("-5"));
        assert_eq!(stand_in(&spec(EnvType::Pattern)), None);
    }

    #[test]
    fn settings_fit_the_type() {
        assert!(check_spec(&EnvVarTable::default()).is_ok());
        assert_eq!(check_spec(&spec(EnvType::OneOf)).unwrap_err().0, "type");
        assert_eq!(check_spec(&spec(EnvType::Pattern)).unwrap_err().0, "type");
        assert_eq!(check_spec(&EnvVarTable { min: Some(1), ..spec(EnvType::Url) }).unwrap_err().0, "min");
        assert_eq!(
            check_spec(&EnvVarTable { min: Some(2), max: Some(1), ..spec(EnvType::Int) }).unwrap_err().0,
            "max"
        );
        assert_eq!(
            check_spec(&EnvVarTable { separator: Some(";".into()), ..spec(EnvType::Int) }).unwrap_err().0,
            "separator"
        );
    }
}
