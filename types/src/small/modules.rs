//! modules-load.d(5) and `/etc/modules`: modules of Linux that are loaded at boot, one a line.

use super::lines::{File, Problem, Reader, read, verified};
use super::words::{is_blank, words};
use crate::Refused;
use serde::Serialize;

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// systemd-modules-load: the whole line is the name.
    Systemd,
    /// OpenRC and Alpine: options may follow the name.
    Openrc,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Who reads it.
    #[serde(skip)]
    pub dialect: Dialect,
    /// Name or alias.
    pub name: String,
    /// Options of the module, for those who read them.
    pub options: Vec<String>,
}

/// Reads a file.
pub fn parse(text: &str, dialect: Dialect) -> (File<Entry>, Vec<Problem>) {
    read(text, |reader| entry(reader, dialect))
}

fn entry(reader: &mut Reader<'_>, dialect: Dialect) -> Option<Entry> {
    let text = reader.text;
    let systemd = dialect == Dialect::Systemd;
    let mut words = words(text);
    let (bytes, name) = words.next()?;
    if name.starts_with('#') || (systemd && name.starts_with(';')) {
        return None;
    }
    let rest: Vec<_> = words.collect();
    if let (true, Some((second, _))) = (systemd, rest.first()) {
        let end = text.trim_end_matches(is_blank).len();
        let help = match text[second.clone()].starts_with('#') {
            true => "write the comment on a line of its own: all of the line is the name".to_owned(),
            false if text[second.start..].contains('=') => format!(
                "all of the line is the name; options stand in /etc/modprobe.d/NAME.conf: options {name} {}",
                &text[second.start..end]
            ),
            false => "all of the line is the name: write each module on a line of its own".to_owned(),
        };
        reader.error(second.start..end, "something follows the module's name", help);
        return None;
    }
    if name.contains('/') || [".ko", ".ko.xz", ".ko.gz", ".ko.zst"].iter().any(|end| name.ends_with(end)) {
        let help = "write the name that lsmod shows, without path and `.ko`";
        reader.error(bytes, "that is a file, not the name of a module", help);
        return None;
    }
    let options = rest.iter().map_while(|(_, word)| (!word.starts_with('#')).then(|| (*word).to_owned()));
    Some(Entry { dialect, name: name.to_owned(), options: options.collect() })
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a modules-load.d file";

    fn print(&self) -> Result<String, Refused> {
        let mut line = String::new();
        for word in std::iter::once(&self.name).chain(&self.options) {
            super::words::one_word(Self::FORMAT, "a module", word)?;
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        verified(line, self, |text| parse(text, self.dialect))
    }
}
