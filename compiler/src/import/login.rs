//! Login classes. Another name of a class becomes a class that builds upon it.

use super::definition::{Service, Table, Value};
use super::{Import, Kind, Original, kind};
use crate::lower::login::meant;
use cmc_types::definition::LoginCapability;
use cmc_types::login_conf::{self, Kind as Takes, Setting, System, check, find};
use cmc_types::small::Problem;
use cmc_types::{Diagnostic, Severity, Span, codes};
use std::collections::BTreeMap;

pub(super) fn import(import: &mut Import<'_>, original: &Original, system: System) -> Option<Service> {
    let (text, names) = without_aliases(&original.text);
    if import.options.kind.is_none() && system == System::FreeBsd {
        let sign = kind::freebsd_sign(&original.text).unwrap_or_default();
        let message = format!("{} is taken for FreeBSD's: {sign}", original.name);
        let help =
            "--as login-conf takes it for OpenBSD's, --as login-conf:freebsd says that it is FreeBSD's";
        let mut finding =
            Diagnostic::new(codes::DIALECTS_DIFFER, message).at(original.whole(), "").help(help);
        finding.severity = Severity::Note;
        import.diagnostics.push(finding);
    }
    let records = match login_conf::parse(&text) {
        Ok(records) => records,
        Err(error) => {
            import.malformed(original, Kind::LoginConf(system), error.line, &error.problem);
            return None;
        }
    };
    let (folder, name) = kind::split(&original.path);
    let stem =
        if name.starts_with("login.conf") && folder != "login.conf.d" { "login-classes" } else { name };
    let on: &[&str] = match system {
        System::OpenBsd => &["os:openbsd"],
        System::FreeBsd => &["os:freebsd"],
    };
    let mut service = Service::new(import.service(original, stem)?, on);
    let mut comments = comments(&original.text);
    let mut classes: Vec<String> = Vec::new();
    for record in records {
        // getcap takes the first record of a name.
        let first = |class: &String| *class == record.name;
        if let Some(first) = classes.iter().position(first) {
            let line = lines_of(&original.text, &record.name).nth(1);
            let place = import.line(original, line);
            let message = format!("class {} has a second record, and the first one counts", record.name);
            let help = "the system reads none of the second; what it sets stands as a comment at the class";
            let finding = Diagnostic::new(codes::NOT_CARRIED, message).at(place, "never read").help(help);
            import.diagnostics.push(finding);
            if let Some(table) = service.tables.get_mut(first) {
                table.comments.push(format!(" A second record of {}, which is never read:", record.name));
                table.comments.extend(record.print(system).iter().flat_map(|text| {
                    text.lines().map(|line| format!(" {}", line.trim_start())).collect::<Vec<_>>()
                }));
            }
            continue;
        }
        let mut table = Table::new(&["login-class", &record.name]);
        table.comments = comments.remove(&record.name).unwrap_or_default();
        for (capability, setting) in &record.settings {
            let span = span(&original.text, &record.name, capability);
            let place = original.place(span.start, span.end);
            if table.lines.iter().any(|line| line.key == *capability) {
                let message =
                    format!("{capability} of class {} stands twice, and the first one counts", record.name);
                import.diagnostics.push(Diagnostic::new(codes::NOT_CARRIED, message).at(place, "ignored"));
                continue;
            }
            let (value, wrong) = value(capability, setting, system);
            if let Some(wrong) = wrong {
                let (code, problem) = wrong;
                let message = format!("capability {capability} of login class {}: {problem}", record.name);
                import.warn([Diagnostic::new(code, message).at(place, "")]);
            }
            table.set(capability, value);
        }
        // Without `tc` a definition builds upon the class `default`.
        table.set(
            "tc",
            match record.base.as_slice() {
                [] => Value::Flag(false),
                [one] => Value::Text(one.clone()),
                several => Value::List(several.to_vec()),
            },
        );
        let aliases = names.iter().filter(|(class, _)| *class == record.name).map(|(_, alias)| alias);
        let (described, others): (Vec<_>, Vec<_>) =
            aliases.partition(|alias| alias.contains(char::is_whitespace));
        table.comments.extend(described.into_iter().map(|text| format!(" {text}")));
        service.tables.push(table);
        classes.push(record.name.clone());
        for alias in others {
            if classes.contains(alias) {
                continue;
            }
            classes.push(alias.clone());
            let mut table = Table::new(&["login-class", alias]);
            table.set("tc", Value::Text(record.name.clone()));
            service.tables.push(table);
        }
    }
    Some(service)
}

/// What is wrong with the capabilities of a login.conf, each with where it stands, and what stands in no record.
pub(crate) fn judge(text: &str, system: System) -> (Vec<(Diagnostic, Span)>, Vec<Problem>) {
    let mut wrong = Vec::new();
    let (records, problems) = login_conf::each(&without_aliases(text).0);
    for record in records {
        for (index, (capability, setting)) in record.settings.iter().enumerate() {
            let span = span(text, &record.name, capability);
            if record.settings[..index].iter().any(|(known, _)| known == capability) {
                // `cmc_types::login_conf::judge` tells it.
                continue;
            }
            if let (_, Some((code, problem))) = value(capability, setting, system) {
                let message = format!("capability {capability} of login class {}: {problem}", record.name);
                let help = match code {
                    codes::UNKNOWN_CAPABILITY => meant(capability, system),
                    _ => format!("login.conf(5) says what {capability} takes"),
                };
                wrong.push((Diagnostic::new(code, message).help(help), span));
            }
        }
    }
    (wrong, problems)
}

/// The lines, from 1, on which records of a class begin.
fn lines_of(text: &str, class: &str) -> impl Iterator<Item = u32> {
    let begins = move |(_, line): &(u32, &str)| {
        !line.starts_with(['#', ' ', '\t', ':']) && line.split([':', '|']).next() == Some(class)
    };
    (1..).zip(text.lines()).filter(begins).map(|(number, _)| number)
}

/// Comments by the class whose record stands below them.
fn comments(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    let mut pending: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            pending.push(comment.to_owned());
        } else if !line.starts_with([' ', '\t', ':']) && !line.trim().is_empty() {
            let name = line.split([':', '|']).next().unwrap_or_default();
            all.insert(name.to_owned(), std::mem::take(&mut pending));
        }
    }
    all
}

/// The text with one name for each class, and the others by class. The last of several names is a description if it
/// holds blanks.
fn without_aliases(text: &str) -> (String, Vec<(String, String)>) {
    let mut out = String::with_capacity(text.len());
    let mut aliases = Vec::new();
    let mut continued = false;
    for line in text.split_inclusive('\n') {
        let head = !continued && !line.starts_with(['#', ' ', '\t', ':', '\n']);
        let comment = line.starts_with('#') && !continued;
        continued = !comment && line.trim_end_matches('\n').ends_with('\\');
        match line.split_once(':').filter(|(names, _)| head && names.contains('|')) {
            None => out.push_str(line),
            Some((names, rest)) => {
                let mut names = names.split('|');
                let name = names.next().unwrap_or_default();
                aliases.extend(names.map(|alias| (name.to_owned(), alias.to_owned())));
                out.push_str(name);
                out.push(':');
                out.push_str(rest);
            }
        }
    }
    (out, aliases)
}

/// What is wrong with a capability: the code and the words.
type Wrong = (codes::Code, String);

/// A setting as people write it: lists where the capability takes one and the same value comes of it.
fn value(name: &str, setting: &Setting, system: System) -> (Value, Option<Wrong>) {
    let text = match setting {
        Setting::Present => return (Value::Flag(true), unknown(name, system)),
        Setting::Removed => return (Value::Flag(false), unknown(name, system)),
        Setting::Value(text) => text.clone(),
    };
    let Some(capability) = find(name, system) else { return (Value::Text(text), unknown(name, system)) };
    let gives = |value: &LoginCapability| check(capability, value, system).ok() == Some(setting.clone());
    let items: Option<Vec<String>> = match capability.kind {
        Takes::List => Some(text.split(',').map(str::to_owned).collect()),
        Takes::Path => Some(text.split(' ').map(str::to_owned).collect()),
        Takes::EnvList => Some(split_escaped(&text)),
        _ => None,
    };
    if let Some(items) = items.filter(|items| gives(&LoginCapability::List(items.clone()))) {
        return (Value::List(items), None);
    }
    // A time without unit is in seconds, which a definition says.
    let seconds = format!("{text}s");
    if capability.kind == Takes::Time
        && text.ends_with(|c: char| c.is_ascii_digit())
        && check(capability, &LoginCapability::Text(seconds.clone()), system).is_ok()
    {
        return (Value::Text(seconds), None);
    }
    let wrong = check(capability, &LoginCapability::Text(text.clone()), system).err();
    (Value::Text(text), wrong.map(|error| (codes::CAPABILITY_VALUE, error.to_string())))
}

fn unknown(name: &str, system: System) -> Option<Wrong> {
    let problem = || format!("{} has no such capability", system.name());
    find(name, system).is_none().then(|| (codes::UNKNOWN_CAPABILITY, problem()))
}

/// Splits at commas that no backslash precedes.
fn split_escaped(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next_if_eq(&',').is_some() => {
                items.iter_mut().last().into_iter().for_each(|item| item.push(','))
            }
            ',' => items.push(String::new()),
            c => items.iter_mut().last().into_iter().for_each(|item| item.push(c)),
        }
    }
    items
}

/// Where a class sets a capability; the beginning of the text if that is not seen.
fn span(text: &str, class: &str, capability: &str) -> Span {
    let mut start = 0;
    let mut inside = false;
    for line in text.split('\n') {
        if !line.starts_with(['#', ' ', '\t', ':']) {
            let name = line.split([':', '|']).next().unwrap_or_default();
            inside = name == class;
        }
        let at = line.find(&format!(":{capability}")).filter(|at| {
            let behind = &line[at + 1 + capability.len()..];
            inside && behind.starts_with(['=', ':', '@'])
        });
        if let Some(at) = at {
            return Span::new(start + at + 1, start + at + 1 + capability.len());
        }
        start += line.len() + 1;
    }
    Span::default()
}
