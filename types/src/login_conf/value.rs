//! Values of capabilities: from what people write to the text behind `=`, before escaping.

use super::{Capability, Kind, Setting, System};
use crate::ParseError;
use crate::definition::LoginCapability;

/// Checks a value and gives the setting.
pub fn check(capability: Capability, value: &LoginCapability, system: System) -> Result<Setting, ParseError> {
    let kind = capability.kind;
    let bad = |problem: &str| ParseError::new(kind.expected(), problem);
    match value {
        LoginCapability::Bool(false) => Ok(Setting::Removed),
        LoginCapability::Bool(true) if kind == Kind::Bool => Ok(Setting::Present),
        LoginCapability::Bool(true) => Err(bad("the capability takes a value")),
        _ if kind == Kind::Bool => Err(bad("not a boolean")),
        LoginCapability::Integer(number) => match kind {
            Kind::Umask => Err(bad("write the mask as a text, since a number is ambiguous")),
            Kind::Size | Kind::Number if *number >= 0 => Ok(Setting::Value(number.to_string())),
            Kind::Number if capability.name == "priority" => Ok(Setting::Value(number.to_string())),
            Kind::Size | Kind::Number if *number == -1 && system == System::FreeBsd => {
                Ok(Setting::Value("-1".to_owned()))
            }
            Kind::Size | Kind::Number => {
                Err(bad("it is negative: write \"infinity\" where nothing is to be limited"))
            }
            Kind::Time => Err(bad("the time lacks a unit")),
            _ => Err(bad("a number")),
        },
        LoginCapability::Text(text) => text_value(capability, text, system).map(Setting::Value),
        LoginCapability::List(items) => list(kind, items, system).map(Setting::Value),
    }
}

fn text_value(capability: Capability, text: &str, system: System) -> Result<String, ParseError> {
    let kind = capability.kind;
    let bad = |problem: &str| ParseError::new(kind.expected(), problem);
    let good = match kind {
        Kind::Size => is_infinite(text, system) || is_size(text),
        Kind::Time => is_infinite(text, system) || is_time(text),
        Kind::Number => is_infinite(text, system) || is_number(text, capability.name == "priority"),
        Kind::Umask => {
            let octal = (1..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
            if octal && !text.starts_with('0') {
                // A leading zero makes strtoul read it as octal.
                return Ok(format!("0{text}"));
            }
            octal || (text == "inherit" && system == System::FreeBsd)
        }
        Kind::Program | Kind::File => text.starts_with('/') && !text.chars().any(char::is_control),
        Kind::EnvList => return list(kind, &[text.to_owned()], system),
        Kind::List | Kind::Path | Kind::Text => !text.contains('\0'),
        Kind::Bool => false,
    };
    match good {
        true => Ok(text.to_owned()),
        false if text.starts_with('-') && matches!(kind, Kind::Size | Kind::Number | Kind::Time) => {
            Err(bad("it is negative: write \"infinity\" where nothing is to be limited"))
        }
        false => Err(bad("not such a value")),
    }
}

fn list(kind: Kind, items: &[String], system: System) -> Result<String, ParseError> {
    let bad = |problem: String| ParseError::new(kind.expected(), problem);
    let items = items.iter().enumerate().map(|(index, item)| {
        let number = index + 1;
        match kind {
            Kind::List if item.is_empty() || item.contains(',') || item.contains(char::is_whitespace) => {
                Err(bad(format!("item {number} is empty or holds a comma or blank")))
            }
            Kind::List => Ok(item.clone()),
            Kind::Path if item.is_empty() => Err(bad(format!("item {number} is empty"))),
            Kind::Path if !item.contains(char::is_whitespace) => Ok(item.clone()),
            Kind::Path if system == System::OpenBsd && !item.contains(char::is_control) => {
                Ok(item.replace(' ', "\\ "))
            }
            Kind::Path => Err(bad(format!("item {number} holds a blank"))),
            Kind::EnvList => {
                let name = item
                    .split_once('=')
                    .map(|(name, _)| name)
                    .filter(|name| crate::shell::is_identifier(name));
                if name.is_none() {
                    return Err(bad(format!("item {number} is not NAME=VALUE")));
                }
                match (item.contains(','), system) {
                    (false, _) => Ok(item.clone()),
                    (true, System::OpenBsd) => Ok(item.replace(',', "\\,")),
                    (true, System::FreeBsd) => {
                        Err(bad(format!("item {number} holds a comma, which FreeBSD cannot carry")))
                    }
                }
            }
            _ => Err(bad("a list".to_owned())),
        }
    });
    let separator = if kind == Kind::Path { " " } else { "," };
    Ok(items.collect::<Result<Vec<_>, _>>()?.join(separator))
}

fn is_infinite(text: &str, system: System) -> bool {
    let text = text.to_ascii_lowercase();
    matches!(text.as_str(), "infinity" | "inf")
        || (system == System::FreeBsd && matches!(text.as_str(), "unlimited" | "unlimit" | "-1"))
}

fn is_number(text: &str, signed: bool) -> bool {
    let text = if signed { text.strip_prefix('-').unwrap_or(text) } else { text };
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).is_ok(),
        None => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u64>().is_ok(),
    }
}

/// Products of `N[bkmgt]`.
fn is_size(text: &str) -> bool {
    text.split('x').all(|factor| {
        let number = factor.strip_suffix(|c: char| "bkmgtBKMGT".contains(c)).unwrap_or(factor);
        is_number(number, false)
    })
}

/// Sums of `N[smhdwy]`; a last number without unit is seconds in getcap, and refused here.
fn is_time(text: &str) -> bool {
    let mut digits = 0;
    for c in text.chars() {
        match c {
            '0'..='9' => digits += 1,
            's' | 'm' | 'h' | 'd' | 'w' | 'y' if digits > 0 => digits = 0,
            _ => return false,
        }
    }
    !text.is_empty() && digits == 0
}
