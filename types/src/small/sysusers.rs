//! sysusers.d(5): users and groups that systemd-sysusers makes. `TYPE NAME ID GECOS HOME SHELL`, after `parse_line` of
//! systemd's sysusers.c; measured with systemd 252.

use super::lines::{File, Problem, Reader, read, verified};
use super::words::{Word, quoted, unquote};
use crate::Refused;
use serde::Serialize;
use std::collections::HashMap;

/// The number of an account, or where it is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Id {
    /// This one.
    Number(u32),
    /// The owner of a path.
    OwnerOf(String),
}

/// The group that a user has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Group {
    /// By number.
    Number(u32),
    /// By name.
    Name(String),
}

/// A line. Names may hold specifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Entry {
    /// `u`: a user.
    User {
        /// Name.
        name: String,
        /// `!`: locked (after systemd 255).
        locked: bool,
        /// Number; none: one that is free.
        id: Option<Id>,
        /// Primary group; none: one of its own.
        group: Option<Group>,
        /// Description.
        gecos: Option<String>,
        /// Home directory.
        home: Option<String>,
        /// Shell.
        shell: Option<String>,
    },
    /// `g`: a group.
    Group {
        /// Name.
        name: String,
        /// Number; none: one that is free.
        id: Option<Id>,
    },
    /// `m`: a user is a member of a group.
    Member {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// `r`: numbers to take from.
    Range {
        /// From.
        from: u32,
        /// To.
        to: u32,
    },
}

/// Reads a file for any systemd.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    parse_for(text, None)
}

/// Reads a file as this release of systemd does, if it is known.
pub fn parse_for(text: &str, systemd: Option<u16>) -> (File<Entry>, Vec<Problem>) {
    let mut seen: HashMap<(char, String), (u32, Entry)> = HashMap::new();
    read(text, |reader| {
        let line = reader.text.trim_start_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let entry = entry(reader, systemd)?;
        let key = match &entry {
            Entry::User { name, .. } => ('u', name.clone()),
            Entry::Group { name, .. } => ('g', name.clone()),
            Entry::Member { .. } | Entry::Range { .. } => return Some(entry),
        };
        match seen.get(&key) {
            Some((first, other)) if *other != entry => {
                let help = format!("line {first} makes the same account otherwise: keep one of them");
                reader.error_of_line("systemd-sysusers ignores this second line for the same account", help);
            }
            Some(_) => {}
            None => {
                seen.insert(key, (reader.number(), entry.clone()));
            }
        }
        Some(entry)
    })
}

fn entry(reader: &mut Reader<'_>, systemd: Option<u16>) -> Option<Entry> {
    let mut columns: Vec<Word> = Vec::new();
    let mut at = 0;
    loop {
        match unquote(reader.text, at) {
            Ok(Some((word, _))) if columns.len() == 6 => {
                let bytes = word.bytes.start..reader.text.trim_end_matches([' ', '\t', '\r']).len();
                let help = "TYPE NAME ID GECOS HOME SHELL are all: put a description with blanks into quotes";
                reader.error(bytes, "something follows the sixth column", help);
                return None;
            }
            Ok(Some((word, next))) => {
                columns.push(word);
                at = next;
            }
            Ok(None) => break,
            Err(bytes) => {
                let what = "a quote is not closed, or a backslash stands at the end";
                reader.error(bytes, what, "close it, or write a backslash before it to take it as it is");
                return None;
            }
        }
    }
    let kind = columns.first()?.clone();
    if columns.len() < 2 {
        reader.error_of_line(
            "there is no name",
            "write TYPE NAME ID GECOS HOME SHELL, such as `u api - \"The API\"`",
        );
        return None;
    }
    let locked = kind.text == "u!";
    if locked && reader.newer(kind.bytes.clone(), "`u!` came after systemd 255", systemd) {
        return None;
    }
    let letter = match kind.text.as_str() {
        "u" | "u!" => 'u',
        "g" => 'g',
        "m" => 'm',
        "r" => 'r',
        _ => {
            let help = "types are u (user), g (group), m (member of a group) and r (range of numbers)";
            reader.error(kind.bytes, "there is no such type of line", help);
            return None;
        }
    };
    let column = |index: usize| columns.get(index).filter(|word| word.given().is_some());
    // Every column is looked at, so that all that is wrong is told.
    let mut good = true;
    let extra = if letter == 'u' { None } else { (3..6).find_map(column) };
    if let Some(word) = extra {
        let help = "only a user has description, home and shell: leave these columns out";
        reader.error(word.bytes.clone(), "a line of this type has no such column", help);
        good = false;
    }
    if letter == 'r' {
        return range(reader, column(1), column(2)).filter(|_| good);
    }
    let Some(named) = column(1) else {
        reader.error_of_line("there is no name", "the second column names the user or group");
        return None;
    };
    good &= name_is_good(reader, named);
    let name = named.text.clone();
    if letter == 'm' {
        let Some(group) = column(2) else {
            reader.error_of_line("there is no group", "write `m USER GROUP`");
            return None;
        };
        good &= name_is_good(reader, group);
        return good.then(|| Entry::Member { user: name, group: group.text.clone() });
    }
    let (id, group) = match column(2) {
        Some(word) => ids(reader, word, letter == 'u')?,
        None => (None, None),
    };
    if letter == 'g' {
        return good.then_some(Entry::Group { name, id });
    }
    if let Some(word) = column(3)
        && word.text.chars().any(|c| c == ':' || c.is_control())
    {
        let help = "it becomes a field of /etc/passwd, where `:` separates: leave it out";
        reader.error(word.bytes.clone(), "the description holds a `:` or a control character", help);
        good = false;
    }
    for (index, what) in [(4, "the home directory is no path"), (5, "the shell is no path")] {
        let Some(word) = column(index) else { continue };
        let normal = word.text.starts_with(['/', '%'])
            && !word.text.contains(':')
            && !word.text.split('/').any(|part| matches!(part, "." | ".."));
        if !normal {
            let help = "write an absolute path without `.`, `..` and `:`; a description with blanks stands in quotes";
            reader.error(word.bytes.clone(), what, help);
            good = false;
        }
    }
    let text = |index: usize| column(index).map(|word| word.text.clone());
    good.then(|| Entry::User { name, locked, id, group, gecos: text(3), home: text(4), shell: text(5) })
}

fn range(reader: &mut Reader<'_>, name: Option<&Word>, numbers: Option<&Word>) -> Option<Entry> {
    if let Some(name) = name {
        let help = "write `r - FROM-TO`";
        reader.error(name.bytes.clone(), "a range has no name", help);
        return None;
    }
    let Some(word) = numbers else {
        reader.error_of_line("there is no range of numbers", "write `r - FROM-TO`, such as `r - 500-900`");
        return None;
    };
    let (from, to) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
    match number(from).zip(number(to)).filter(|(from, to)| from <= to) {
        Some((from, to)) => Some(Entry::Range { from, to }),
        None => {
            let help = "write FROM-TO, such as `500-900`, the smaller number first";
            reader.error(word.bytes.clone(), "that is no range of numbers", help);
            None
        }
    }
}

/// A number of an account, as systemd parses it: no sign, no leading zero, none of the two that stand for "none".
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|id| plain && !matches!(*id, 65_535 | u32::MAX))
}

fn is_name(text: &str) -> bool {
    text.len() <= 31
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

fn name_is_good(reader: &mut Reader<'_>, word: &Word) -> bool {
    // What a specifier becomes is the host's.
    let good = is_name(&word.text) || word.text.contains('%');
    if !good {
        let help = "a name begins with a letter or `_`, goes on with these, digits and `-`, and has up to 31 characters";
        reader.error(word.bytes.clone(), "that is no name of a user or group", help);
    }
    good
}

fn ids(reader: &mut Reader<'_>, word: &Word, user: bool) -> Option<(Option<Id>, Option<Group>)> {
    let text = word.text.as_str();
    if text.starts_with('/') {
        return Some((Some(Id::OwnerOf(text.to_owned())), None));
    }
    let (id, group) = match text.split_once(':').filter(|_| user) {
        Some((id, group)) => (id, Some(group)),
        None => (text, None),
    };
    let id = match id {
        "-" if group.is_some() => Some(None),
        id => number(id).map(|id| Some(Id::Number(id))),
    };
    let group = match group {
        None => Some(None),
        Some(group) => match number(group) {
            Some(id) => Some(Some(Group::Number(id))),
            None => is_name(group).then(|| Some(Group::Name(group.to_owned()))),
        },
    };
    if id.is_none() || group.is_none() {
        let help = match user {
            true => "write a number without leading zeros, NUMBER:GROUP, -:GROUP, the path of a file, or `-`",
            false => "write a number without leading zeros, the path of a file, or `-`",
        };
        reader.error(word.bytes.clone(), "that is no number of an account", help);
    }
    Some((id?, group?))
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a sysusers.d file";

    fn print(&self) -> Result<String, Refused> {
        let id = |id: &Option<Id>| match id {
            Some(Id::Number(id)) => id.to_string(),
            Some(Id::OwnerOf(path)) => path.clone(),
            None => "-".to_owned(),
        };
        let mut columns = match self {
            Self::User { name, locked, id: number, group, gecos, home, shell } => {
                let number = match group {
                    None => id(number),
                    Some(Group::Number(group)) => format!("{}:{group}", id(number)),
                    Some(Group::Name(group)) => format!("{}:{group}", id(number)),
                };
                let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
                let kind = if *locked { "u!" } else { "u" };
                vec![kind.to_owned(), name.clone(), number, text(gecos), text(home), text(shell)]
            }
            Self::Group { name, id: number } => vec!["g".to_owned(), name.clone(), id(number)],
            Self::Member { user, group } => vec!["m".to_owned(), user.clone(), group.clone()],
            Self::Range { from, to } => vec!["r".to_owned(), "-".to_owned(), format!("{from}-{to}")],
        };
        while columns.len() > 2 && columns.last().is_some_and(|column| column == "-") {
            columns.pop();
        }
        let quote = |column: &String| quoted(Self::FORMAT, "an entry", column);
        let line = columns.iter().map(quote).collect::<Result<Vec<_>, _>>()?.join(" ");
        verified(line, self, parse)
    }
}
