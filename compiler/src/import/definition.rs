//! The definition that an import prints: services, their tables and keys in an order that people would write, with the
//! comments of the files they come from. What TOML looks like is `toml_writer`'s.

use cmc_types::ServiceName;
use std::fmt::Write as _;
use toml_writer::{TomlKeyBuilder, TomlStringBuilder, TomlWrite as _};

/// Services in the order of the files that made them.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    services: Vec<Service>,
}

/// What the files of one service become.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: ServiceName,
    /// Hosts it goes to.
    pub(crate) on: Vec<String>,
    /// `unit`, if its script is among its files.
    pub(crate) unit: Option<String>,
    /// Accounts that somebody else makes.
    pub(crate) users: Vec<String>,
    /// The same of groups that no user has the name of.
    pub(crate) groups: Vec<String>,
    /// Tables that are printed as a line each, before the others; a key with a dot in it is that of a table within.
    pub(crate) rows: Vec<Table>,
    pub(crate) tables: Vec<Table>,
}

/// A table of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// Its name below the service.
    pub(crate) path: Vec<String>,
    /// Comments before it.
    pub(crate) comments: Vec<String>,
    pub(crate) lines: Vec<Line>,
    /// Comments behind it.
    pub(crate) after: Vec<String>,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Comments before it.
    pub(crate) comments: Vec<String>,
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(i64),
    /// The content of a file.
    Content(String),
}

/// Where services of every system go.
pub(crate) const ANYWHERE: &[&str] = &["@all"];

impl Service {
    pub(crate) fn new(name: ServiceName, on: &[&str]) -> Self {
        let on = on.iter().map(|selector| (*selector).to_owned()).collect();
        let (users, groups) = (Vec::new(), Vec::new());
        Self { name, on, unit: None, users, groups, rows: Vec::new(), tables: Vec::new() }
    }
}

impl Table {
    pub(crate) fn new<S: AsRef<str>>(path: &[S]) -> Self {
        Self { path: path.iter().map(|part| part.as_ref().to_owned()).collect(), ..Self::default() }
    }

    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.lines.push(Line { comments: Vec::new(), key: key.to_owned(), value });
    }
}

impl Definition {
    /// Adds what a file becomes. The error says in what it contradicts a file before it; nothing is added then.
    pub(crate) fn add(&mut self, service: Service) -> Result<(), String> {
        let Some(known) = self.services.iter_mut().find(|known| known.name == service.name) else {
            self.services.push(service);
            return Ok(());
        };
        let mut merged = known.clone();
        if merged.on == ANYWHERE {
            merged.on = service.on;
        } else if service.on != ANYWHERE && service.on != merged.on {
            let (one, other) = (merged.on.join(", "), service.on.join(", "));
            return Err(format!("the one is for {one} and the other for {other}"));
        }
        match (&merged.unit, service.unit) {
            (Some(one), Some(other)) if *one != other => {
                return Err(format!("there are the scripts {one} and {other}"));
            }
            (_, Some(unit)) => merged.unit = Some(unit),
            (_, None) => {}
        }
        merged.users.extend(service.users);
        merged.users.sort();
        merged.users.dedup();
        merged.groups.extend(service.groups);
        merged.groups.sort();
        merged.groups.dedup();
        for table in &service.tables {
            // A unit of one name, from two files, would be half of each.
            let [kind, name, ..] = &table.path[..] else { continue };
            let same = |known: &&Table| known.path.get(..2) == Some(&[kind.clone(), name.clone()]);
            if (kind == "systemd" || kind == "file") && known.tables.iter().any(|known| same(&known)) {
                return Err(format!("{kind}.{name:?} is there already"));
            }
        }
        for table in service.tables {
            match merged.tables.iter_mut().find(|known| known.path == table.path) {
                None => merged.tables.push(table),
                Some(known) => {
                    let twice = |line: &&Line| known.lines.iter().any(|one| one.key == line.key);
                    if let Some(line) = table.lines.iter().find(twice) {
                        return Err(format!("{}.{} is set twice", table.path.join("."), line.key));
                    }
                    known.lines.extend(table.lines);
                    known.after.extend(table.after);
                }
            }
        }
        let is = |table: &Table, name: &str| table.path.first().is_some_and(|first| first == name);
        if merged.unit.is_some() && merged.tables.iter().any(|table| is(table, "daemon")) {
            return Err("one has a daemon and the other a script".to_owned());
        }
        *known = merged;
        Ok(())
    }

    /// Names of the services.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.name.as_str())
    }

    /// Prints it as TOML.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        for service in &self.services {
            let name = ["service", service.name.as_str()];
            header(out, &name)?;
            line(out, &["on"], &Value::List(service.on.clone()))?;
            if let Some(unit) = &service.unit {
                line(out, &["unit"], &Value::Text(unit.clone()))?;
            }
            for user in &service.users {
                line(out, &["user", user, "existing"], &Value::Flag(true))?;
            }
            for group in &service.groups {
                line(out, &["group", group, "existing"], &Value::Flag(true))?;
            }
            if !service.rows.is_empty() {
                out.newline()?;
            }
            for table in &service.rows {
                row(out, table)?;
            }
            for table in &service.tables {
                let path: Vec<&str> = name.into_iter().chain(table.path.iter().map(String::as_str)).collect();
                if !table.comments.is_empty() {
                    out.newline()?;
                    comments(out, &table.comments)?;
                    open(out, &path)?;
                } else {
                    header(out, &path)?;
                }
                for each in &table.lines {
                    comments(out, &each.comments)?;
                    line(out, &[&each.key], &each.value)?;
                }
                comments(out, &table.after)?;
            }
        }
        Ok(())
    }
}

/// A header after a blank line, unless it is the first.
fn header(out: &mut String, path: &[&str]) -> std::fmt::Result {
    if !out.is_empty() {
        out.newline()?;
    }
    open(out, path)
}

fn open(out: &mut String, path: &[&str]) -> std::fmt::Result {
    out.open_table_header()?;
    dotted(out, path)?;
    out.close_table_header()?;
    out.newline()
}

fn dotted(out: &mut String, path: &[&str]) -> std::fmt::Result {
    for (index, part) in path.iter().enumerate() {
        if index > 0 {
            out.key_sep()?;
        }
        out.key(TomlKeyBuilder::new(part).as_default())?;
    }
    Ok(())
}

fn comments(out: &mut String, lines: &[String]) -> std::fmt::Result {
    for line in lines {
        out.open_comment()?;
        // TOML allows no control characters in comments.
        write!(out, "{}", line.trim_end().replace(|c: char| c.is_control() && c != '\t', "?"))?;
        out.newline()?;
    }
    Ok(())
}

/// Characters of a list from which on each item has a line of its own.
const WIDE: usize = 90;

fn line(out: &mut String, key: &[&str], value: &Value) -> std::fmt::Result {
    pair(out, key, value)?;
    out.newline()
}

/// A table as one line.
fn row(out: &mut String, table: &Table) -> std::fmt::Result {
    let keys = |line: &Line| line.key.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut path: Vec<&str> = table.path.iter().map(String::as_str).collect();
    if let [only] = &table.lines[..] {
        let keys = keys(only);
        path.extend(keys.iter().map(String::as_str));
        return line(out, &path, &only.value);
    }
    dotted(out, &path)?;
    out.push_str(" = { ");
    for (index, each) in table.lines.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        let keys = keys(each);
        pair(out, &keys.iter().map(String::as_str).collect::<Vec<_>>(), &each.value)?;
    }
    out.push_str(" }");
    out.newline()
}

fn pair(out: &mut String, key: &[&str], value: &Value) -> std::fmt::Result {
    dotted(out, key)?;
    out.space()?;
    out.keyval_sep()?;
    out.space()?;
    match value {
        Value::Flag(flag) => out.value(*flag)?,
        Value::Number(number) => out.value(*number)?,
        Value::Text(text) => out.value(TomlStringBuilder::new(&literal(text)).as_default())?,
        Value::Content(text) => {
            let text = verbatim(text);
            let builder = TomlStringBuilder::new(&text);
            out.value(builder.as_ml_literal().unwrap_or_else(|| builder.as_ml_basic()))?;
        }
        Value::List(items) => {
            let wide = items.len() > 1 && items.iter().map(|item| item.len() + 4).sum::<usize>() > WIDE;
            out.open_array()?;
            for (index, item) in items.iter().enumerate() {
                if wide {
                    out.newline()?;
                    out.push_str("    ");
                } else if index > 0 {
                    out.val_sep()?;
                    out.space()?;
                }
                out.value(TomlStringBuilder::new(&literal(item)).as_default())?;
                if wide {
                    out.val_sep()?;
                }
            }
            if wide {
                out.newline()?;
            }
            out.close_array()?;
        }
    }
    Ok(())
}

/// What begins an expression, a statement or a comment of a template.
const BEGINNINGS: [&str; 3] = ["{{", "{%", "{#"];

/// A text that means itself where expressions are looked for.
fn literal(text: &str) -> String {
    guarded(text, |begin| format!("{{{{ '{begin}' }}}}"))
}

/// The same for the content of a file, where what an expression writes would be judged by the file's format.
fn verbatim(text: &str) -> String {
    guarded(text, |begin| format!("{{% raw %}}{begin}{{% endraw %}}"))
}

fn guarded(text: &str, guard: impl Fn(&str) -> String) -> String {
    if !crate::expr::is_expression(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match BEGINNINGS.iter().find(|begin| rest.starts_with(**begin)) {
            Some(begin) => {
                out.push_str(&guard(begin));
                rest = &rest[begin.len()..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}
