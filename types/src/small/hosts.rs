//! hosts(5): `/etc/hosts`. An address and its names; `#` begins a comment anywhere. The C libraries leave out a line
//! they cannot read without a word.

use super::lines::{File, Problem, Reader, read, verified};
use super::words::{no_control, one_word, words};
use crate::Refused;
use serde::Serialize;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

/// A line: an address and its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// The address.
    pub address: IpAddr,
    /// The zone of an IPv6 address, such as `lo0` (the BSDs only).
    pub zone: Option<String>,
    /// The name that an address is looked up to.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// What stands behind `#`.
    pub comment: Option<String>,
}

/// Whether the system's reader takes IPv6 addresses with a zone: the BSDs' does, glibc's and musl's leave out the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zones {
    /// It does.
    Read,
    /// It does not.
    LeftOut,
}

/// Reads a file.
pub fn parse(text: &str, zones: Zones) -> (File<Entry>, Vec<Problem>) {
    read(text, |reader| entry(reader, zones))
}

fn entry(reader: &mut Reader<'_>, zones: Zones) -> Option<Entry> {
    let text = reader.text;
    let (body, comment) = match text.split_once('#') {
        Some((body, comment)) => (body, Some(comment.trim().to_owned())),
        None => (text, None),
    };
    let mut words = words(body);
    let (bytes, first) = words.next()?;
    let (address, zone) = match (address(first), first.split_once('%')) {
        (Some(address), _) => (address, None),
        (None, Some((bare, zone))) if bare.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() => {
            if zones == Zones::LeftOut {
                let help =
                    "the C library leaves out the whole line: write the address without what follows the `%`";
                reader.error(bytes, "the address has a zone", help);
                return None;
            }
            (bare.parse().ok()?, Some(zone.to_owned()))
        }
        _ => {
            let help = match first.parse::<std::net::SocketAddr>().is_ok() || first.contains('/') {
                true => "write the address alone, without port or length; the line is left out as it is",
                false if body.split_whitespace().nth(1).is_some_and(|second| address(second).is_some()) => {
                    "the address comes first, then its names; the line is left out as it is"
                }
                false => {
                    "a line begins with an IPv4 or IPv6 address, without leading zeros; it is left out as it is"
                }
            };
            reader.error(bytes, "that is no IP address", help);
            return None;
        }
    };
    let mut names: Vec<String> = Vec::new();
    let mut good = true;
    for (bytes, name) in words {
        good &= name_is_good(reader, bytes.clone(), name);
        if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            reader.warning(
                bytes,
                "the name stands twice in the line",
                "write it once, or the one that was meant",
            );
        }
        names.push(name.to_owned());
    }
    if names.is_empty() {
        reader.error(
            bytes,
            "the address has no name",
            "write its names behind it; the line is left out as it is",
        );
        return None;
    }
    let name = names.remove(0);
    good.then_some(Entry { address, zone, name, aliases: names, comment })
}

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

fn name_is_good(reader: &mut Reader<'_>, bytes: Range<usize>, name: &str) -> bool {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let help = if address(name).is_some() {
        "each address has a line of its own; here stands a name"
    } else if name.contains('*') {
        "there are no patterns here: every name is written out, or a DNS server answers for all of them"
    } else if name.contains([':', '/']) {
        "write the name of a host alone, without port and without `http://`"
    } else if !bare.is_ascii() {
        "write a name with other letters as DNS has it, beginning with `xn--`"
    } else if bare.is_empty() || !bare.chars().all(known) {
        "a name is made of letters, digits, `-`, `_` and `.`"
    } else if bare.len() > 253 || bare.split('.').any(|part| part.is_empty() || part.len() > 63) {
        "a name has at most 253 characters, and from 1 to 63 between two dots"
    } else if bare.starts_with('-') {
        "a name begins with a letter or digit"
    } else {
        return true;
    };
    reader.error(bytes, "that is no name of a host", help);
    false
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a hosts file";

    fn print(&self) -> Result<String, Refused> {
        let mut line = self.address.to_string();
        if let Some(zone) = &self.zone {
            one_word(Self::FORMAT, "a zone", zone)?;
            line = format!("{line}%{zone}");
        }
        for name in std::iter::once(&self.name).chain(&self.aliases) {
            one_word(Self::FORMAT, "a name", name)?;
            line = format!("{line} {name}");
        }
        if let Some(comment) = &self.comment {
            no_control(Self::FORMAT, "a comment", comment)?;
            line = format!("{line} # {comment}");
        }
        verified(line, self, |text| parse(text, Zones::Read))
    }
}
