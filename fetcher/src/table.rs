//! Tables of a TOML file, read key by key: a key that is missing, of the wrong type or unknown is an error that names
//! it and its line. No reflection over types: on a host, every kilobyte of program counts.

use crate::error::{Error, Result};
use std::borrow::Cow;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table whose keys are taken out one by one.
#[derive(Debug)]
pub(crate) struct Table<'t> {
    file: &'t str,
    line: usize,
    entries: DeTable<'t>,
    /// Keys that were asked for.
    known: Vec<&'static str>,
}

/// A value of one of the kinds that a host's configuration has.
#[derive(Debug)]
pub(crate) enum Value<'t> {
    /// A text.
    Text(Cow<'t, str>),
    /// Texts.
    Texts(Vec<Cow<'t, str>>),
    /// A table.
    Table(Table<'t>),
}

impl<'t> Table<'t> {
    /// The table that a file is.
    pub(crate) fn parse(file: &'t str) -> Result<Self> {
        match DeTable::parse(file) {
            Ok(table) => Ok(Self { file, line: 1, entries: table.into_inner(), known: Vec::new() }),
            Err(error) => {
                let line = line(file, error.span().map_or(0, |span| span.start));
                Err(Error::Config(format!("line {line}: {}", error.message().trim_end())))
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(usize, DeValue<'t>)> {
        self.known.push(key);
        let value = self.entries.remove(key)?;
        Some((line(self.file, value.span().start), value.into_inner()))
    }

    /// The value of a key, if it is there.
    pub(crate) fn value(&mut self, key: &'static str) -> Result<Option<Value<'t>>> {
        let Some((line, value)) = self.take(key) else { return Ok(None) };
        let wrong = || wrong(line, key, "a text, an array of texts or a table");
        Ok(Some(match value {
            DeValue::String(text) => Value::Text(text),
            DeValue::Array(items) => {
                let text = |item: Spanned<DeValue<'t>>| match item.into_inner() {
                    DeValue::String(text) => Ok(text),
                    _ => Err(wrong()),
                };
                Value::Texts(items.into_iter().map(text).collect::<Result<_>>()?)
            }
            DeValue::Table(entries) => {
                Value::Table(Self { file: self.file, line, entries, known: Vec::new() })
            }
            _ => return Err(wrong()),
        }))
    }

    /// The text of a key, if it is there, as `parse` understands it.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        let Some((line, value)) = self.take(key) else { return Ok(None) };
        let DeValue::String(text) = value else { return Err(wrong(line, key, "a text")) };
        let parsed = parse(&text);
        parsed.map(Some).map_err(|error| Error::Config(format!("line {line}: {key}: {error}")))
    }

    /// The text of a key, if it is there.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<String>> {
        self.parsed(key, |text| Ok::<_, std::convert::Infallible>(text.to_owned()))
    }

    /// The choice that a key makes, if it is there.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>> {
        self.parsed(key, |text| {
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
                let names: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
                format!("{text:?} is none of {}", names.join(", "))
            })
        })
    }

    /// Whether a key says so, if it is there.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<Option<bool>> {
        match self.take(key) {
            None => Ok(None),
            Some((_, DeValue::Boolean(value))) => Ok(Some(value)),
            Some((line, _)) => Err(wrong(line, key, "true or false")),
        }
    }

    /// The number of a key, if it is there.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<Option<u64>> {
        let Some((line, value)) = self.take(key) else { return Ok(None) };
        let number = match &value {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| wrong(line, key, "a whole number"))
    }

    /// What `value` holds, or that the key is missing.
    pub(crate) fn required<T>(&self, key: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| Error::Config(format!("line {}: the key {key} is missing", self.line)))
    }

    /// Refuses keys that nobody asked for.
    pub(crate) fn end(self) -> Result<()> {
        let Some(key) = self.entries.keys().min_by_key(|key| key.span().start) else { return Ok(()) };
        let line = line(self.file, key.span().start);
        let known = self.known.join(", ");
        Err(Error::Config(format!("line {line}: unknown key {}; there are: {known}", key.get_ref())))
    }
}

fn wrong(line: usize, key: &str, wanted: &str) -> Error {
    Error::Config(format!("line {line}: {key} is not {wanted}"))
}

/// The line of an offset, from 1.
fn line(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}
