//! A unit being made: assignments that know where they were written, merged and then printed.

use super::super::{LoweredFile, LoweredKind};
use cmc_types::systemd::{Section, Unit};
use cmc_types::{Diagnostic, Mode, Place, UnixPath, codes};

/// An assignment and where its value was written.
#[derive(Debug, Clone)]
pub(in crate::lower) struct Item {
    pub(in crate::lower) section: String,
    pub(in crate::lower) key: String,
    pub(in crate::lower) value: String,
    pub(in crate::lower) place: Place,
}

/// A unit file or drop-in being made.
#[derive(Debug)]
pub(super) struct Draft {
    /// Name below `/etc/systemd/system`.
    pub(super) file: String,
    /// The definition that asks for it.
    pub(super) place: Place,
    pub(super) items: Vec<Item>,
}

impl Draft {
    pub(super) fn new(file: impl Into<String>, place: Place) -> Self {
        Self { file: file.into(), place, items: Vec::new() }
    }

    /// Adds an assignment after those of its section.
    pub(super) fn add(&mut self, section: &str, key: &str, value: impl Into<String>, place: Place) {
        let (section, key) = (section.to_owned(), key.to_owned());
        self.items.push(Item { section, key, value: value.into(), place });
    }

    /// Gives a key these values instead of all it has, in the place of the first.
    pub(super) fn replace(&mut self, section: &str, key: &str, values: Vec<(String, Place)>) {
        let is_key = |item: &Item| item.section == section && item.key == key;
        let index = self.items.iter().position(is_key).unwrap_or(self.items.len());
        self.items.retain(|item| !is_key(item));
        let new = values.into_iter().map(|(value, place)| Item {
            section: section.to_owned(),
            key: key.to_owned(),
            value,
            place,
        });
        self.items.splice(index..index, new);
    }

    /// The values of a key, in order.
    pub(super) fn values<'a>(&'a self, section: &'a str, key: &'a str) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| item.section == section && item.key == key)
    }

    /// The last value of a key, if it is not empty.
    pub(super) fn last(&self, section: &str, key: &str) -> Option<&str> {
        let is_key = |item: &&Item| item.section == section && item.key == key;
        let last = self.items.iter().rev().find(is_key)?;
        Some(last.value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn has_section(&self, section: Section) -> bool {
        self.items.iter().any(|item| item.section == section.name())
    }

    /// Where it goes.
    pub(super) fn path(&self) -> Option<UnixPath> {
        UnixPath::parse(&format!("/etc/systemd/system/{}", self.file)).ok()
    }

    /// Prints it: `[Unit]` first, `[Install]` last, each line with its place. What a unit cannot carry is a finding.
    pub(super) fn print(mut self, service: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<LoweredFile> {
        let path = self.path()?;
        self.items.sort_by(|a, b| rank(&a.section).cmp(&rank(&b.section)));
        let mut unit = Unit::new();
        unit.comment(&format!("Managed by cmc (service {service}); edits are overwritten."));
        let mut places = Vec::new();
        for item in &self.items {
            match unit.push(&item.section, &item.key, &item.value) {
                Ok(()) => places.push(item.place),
                Err(error) => diagnostics.push(
                    Diagnostic::new(
                        codes::UNENCODABLE_VALUE,
                        format!("{}= in {}: {error}", item.key, self.file),
                    )
                    .at(item.place, ""),
                ),
            }
        }
        // Sections are contiguous after sorting, so entries come back in the order they were pushed.
        let lines = unit.entries().map(|entry| entry.line).zip(places).collect();
        Some(LoweredFile {
            path,
            mode: Mode::from_bits(0o644),
            user: "root".to_owned(),
            group: "root".to_owned(),
            kind: LoweredKind::File,
            text: unit.print().into(),
            tainted: false,
            place: self.place,
            lines,
        })
    }
}

/// Order of sections in a printed unit: sections of other programs (`X-…`) by name after systemd's own.
fn rank(section: &str) -> (u8, &str) {
    match section {
        "Unit" => (0, ""),
        "Install" => (2, ""),
        _ if section.starts_with("X-") => (3, section),
        _ => (1, section),
    }
}
