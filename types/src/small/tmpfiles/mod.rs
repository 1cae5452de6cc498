//! tmpfiles.d(5): files and directories that systemd-tmpfiles makes, cleans and removes. `TYPE PATH MODE USER GROUP AGE
//! ARGUMENT`, after `parse_line` of systemd's tmpfiles.c; measured with systemd 252.

mod argument;

use super::lines::{File, Problem, Reader, read, verified};
use super::words::{Word, no_control, quoted, unquote};
use crate::Refused;
use crate::systemd::parse_timespan;
use argument::{argument_is_good, specifiers_are_good};
use serde::Serialize;
use std::collections::HashMap;

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Kind(char);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    /// Ignored with a warning.
    None,
    Optional,
    Required,
}

/// Letter, argument, whether an argument may be in base64, whether the path is a pattern, whether it makes, writes or
/// removes what is at the path.
const KINDS: &[(char, Argument, bool, bool, bool)] = &[
    ('f', Argument::Optional, true, false, true),
    ('F', Argument::Optional, true, false, true),
    ('w', Argument::Required, true, true, true),
    ('d', Argument::None, true, false, true),
    ('D', Argument::None, true, false, true),
    ('e', Argument::None, true, true, true),
    ('v', Argument::None, true, false, true),
    ('q', Argument::None, true, false, true),
    ('Q', Argument::None, true, false, true),
    ('p', Argument::None, true, false, true),
    ('L', Argument::Optional, false, false, true),
    ('c', Argument::Required, false, false, true),
    ('b', Argument::Required, false, false, true),
    ('C', Argument::Optional, false, false, true),
    ('x', Argument::None, true, true, true),
    ('X', Argument::None, true, true, true),
    ('r', Argument::None, true, true, true),
    ('R', Argument::None, true, true, true),
    ('m', Argument::None, true, true, false),
    ('z', Argument::None, true, true, false),
    ('Z', Argument::None, true, true, false),
    ('t', Argument::Required, false, true, false),
    ('T', Argument::Required, false, true, false),
    ('h', Argument::Required, false, true, false),
    ('H', Argument::Required, false, true, false),
    ('a', Argument::Required, false, true, false),
    ('A', Argument::Required, false, true, false),
];

impl Kind {
    /// The kind of this letter.
    pub fn of(letter: char) -> Option<Self> {
        KINDS.iter().any(|(known, ..)| *known == letter).then_some(Self(letter))
    }

    /// Its letter.
    pub fn letter(self) -> char {
        self.0
    }

    fn row(self) -> (Argument, bool, bool, bool) {
        let row = KINDS.iter().find(|(letter, ..)| *letter == self.0);
        row.map_or((Argument::Optional, true, false, false), |(_, argument, base64, glob, owns)| {
            (*argument, *base64, *glob, *owns)
        })
    }
}

/// What stands behind the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Modifier {
    /// `!`: at boot only.
    Boot,
    /// `+`: append, or replace what is there.
    Append,
    /// `-`: a failure is no failure of the whole run.
    AllowFailure,
    /// `=`: what is of another kind is removed first.
    Replace,
    /// `~`: the argument is base64.
    Base64,
    /// `^`: the argument names a credential.
    Credential,
    /// `?`: a link only to what exists (after systemd 255).
    IfExists,
    /// `$`: removed by `--purge` (after systemd 255).
    Purge,
}

const MODIFIERS: &[(char, Modifier)] = &[
    ('!', Modifier::Boot),
    ('+', Modifier::Append),
    ('-', Modifier::AllowFailure),
    ('=', Modifier::Replace),
    ('~', Modifier::Base64),
    ('^', Modifier::Credential),
    ('?', Modifier::IfExists),
    ('$', Modifier::Purge),
];

impl Modifier {
    fn letter(self) -> char {
        MODIFIERS.iter().find(|(_, modifier)| *modifier == self).map_or('!', |(letter, _)| *letter)
    }
}

/// Permission bits, set-id and sticky bits among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Mode {
    /// At most 0o7777.
    pub bits: u16,
    /// `~`: only bits that what is there has already.
    pub masked: bool,
    /// `:`: only for what is newly made.
    pub only_new: bool,
}

/// A user or group, by name or number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Owner {
    /// Name or number.
    pub name: String,
    /// `:`: only for what is newly made.
    pub only_new: bool,
}

/// How old what is cleaned must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Age {
    /// `~`: what lies directly in the directory stays.
    pub keep_first_level: bool,
    /// Which times count, letters of `aAbBcCmM`; none: all but creation.
    pub by: String,
    /// Microseconds; `u64::MAX` is never.
    pub micros: u64,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// What it does.
    pub kind: Kind,
    /// Modifiers, in the order written.
    pub modifiers: Vec<Modifier>,
    /// Path, with specifiers as written; for some kinds a pattern.
    pub path: String,
    /// Mode.
    pub mode: Option<Mode>,
    /// User.
    pub user: Option<Owner>,
    /// Group.
    pub group: Option<Owner>,
    /// Age.
    pub age: Option<Age>,
    /// Argument as written, with its escapes and specifiers.
    pub argument: Option<String>,
}

/// Reads a file for any systemd.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    parse_for(text, None)
}

/// Reads a file as this release of systemd does, if it is known.
pub fn parse_for(text: &str, systemd: Option<u16>) -> (File<Entry>, Vec<Problem>) {
    let mut seen: HashMap<(String, bool), (u32, Entry)> = HashMap::new();
    read(text, |reader| {
        let line = reader.text.trim_start_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let entry = entry(reader, systemd)?;
        repeated(reader, &mut seen, &entry);
        Some(entry)
    })
}

/// Of two lines that make the same path differently the second is ignored.
fn repeated(reader: &mut Reader<'_>, seen: &mut HashMap<(String, bool), (u32, Entry)>, entry: &Entry) {
    let (_, _, glob, owns) = entry.kind.row();
    let sometimes = |entry: &Entry| entry.modifiers.contains(&Modifier::Boot);
    if !owns || sometimes(entry) {
        return;
    }
    let key = (entry.path.trim_end_matches('/').to_owned(), glob);
    match seen.get(&key) {
        None => {
            seen.insert(key, (reader.number(), entry.clone()));
        }
        Some((first, other)) => {
            let same = Entry { kind: entry.kind, modifiers: entry.modifiers.clone(), ..other.clone() };
            if same != *entry && !entry.modifiers.contains(&Modifier::Append) {
                let help = format!("line {first} is for this path already: make them one, or remove one");
                reader.error_of_line("systemd-tmpfiles ignores this second line for the same path", help);
            }
        }
    }
}

fn entry(reader: &mut Reader<'_>, systemd: Option<u16>) -> Option<Entry> {
    let mut columns: Vec<Word> = Vec::new();
    let mut at = 0;
    while columns.len() < 6 {
        match unquote(reader.text, at) {
            Ok(Some((word, next))) => {
                columns.push(word);
                at = next;
            }
            Ok(None) => {
                at = reader.text.len();
                break;
            }
            Err(bytes) => {
                let what = "a quote is not closed, or a backslash stands at the end";
                reader.error(bytes, what, "close it, or write a backslash before it to take it as it is");
                return None;
            }
        }
    }
    let mut columns = columns.into_iter();
    let kind = columns.next()?;
    let Some(path) = columns.next() else {
        let help = "write TYPE PATH MODE USER GROUP AGE ARGUMENT; what may be left out at the end is `-`";
        reader.error_of_line("there is no path", help);
        return None;
    };
    let (kind, modifiers) = self::kind(reader, &kind, systemd)?;
    let mut good = path_is_good(reader, &path);
    let column = |columns: &mut std::vec::IntoIter<Word>| columns.next().filter(|w| w.given().is_some());
    let mode = column(&mut columns).map(|word| mode(reader, &word));
    let user = column(&mut columns).map(|word| owner(reader, &word));
    let group = column(&mut columns).map(|word| owner(reader, &word));
    let age = column(&mut columns).map(|word| age(reader, &word));
    good &= mode != Some(None) && user != Some(None) && group != Some(None) && age != Some(None);
    // Blanks at the end of a line are no part of it.
    let bytes = at..reader.text.trim_end_matches([' ', '\t', '\r']).len().max(at);
    let argument = Some(&reader.text[bytes.clone()]).filter(|text| !matches!(text.trim(), "" | "-"));
    let argument = argument.map(str::to_owned);
    good &= argument_is_good(reader, kind, &modifiers, argument.as_deref(), bytes);
    good.then(|| Entry {
        kind,
        modifiers,
        path: path.text,
        mode: mode.flatten(),
        user: user.flatten(),
        group: group.flatten(),
        age: age.flatten(),
        argument,
    })
}

fn kind(reader: &mut Reader<'_>, word: &Word, systemd: Option<u16>) -> Option<(Kind, Vec<Modifier>)> {
    let mut letters = word.text.chars();
    let Some(kind) = letters.next().and_then(Kind::of) else {
        let help = match word.text.chars().next() {
            Some(';') => "comments begin with `#` here",
            Some('/') => "the type comes first, such as `d` for a directory",
            _ => "types are f F w d D e v q Q p L c b C x X r R z Z t T h H a A",
        };
        reader.error(word.bytes.clone(), "there is no such type of line", help);
        return None;
    };
    let mut modifiers = Vec::new();
    for letter in letters {
        match MODIFIERS.iter().find(|(known, _)| *known == letter) {
            Some((_, modifier)) if !modifiers.contains(modifier) => {
                let late = matches!(modifier, Modifier::IfExists | Modifier::Purge);
                let what = "the modifiers `?` and `$` came after systemd 255";
                if late && reader.newer(word.bytes.clone(), what, systemd) {
                    return None;
                }
                modifiers.push(*modifier);
            }
            Some(_) => {
                reader.error(word.bytes.clone(), "a modifier stands there twice", "write it once");
                return None;
            }
            None => {
                let help = "after the letter of the type come only modifiers: ! + - = ~ ^";
                reader.error(word.bytes.clone(), "there is no such modifier", help);
                return None;
            }
        }
    }
    Some((kind, modifiers))
}

fn path_is_good(reader: &mut Reader<'_>, path: &Word) -> bool {
    let good = specifiers_are_good(reader, &path.text, path.bytes.clone());
    // A specifier may stand for an absolute path: the state directory, the home directory.
    if path.text.starts_with('/')
        || ["%t", "%S", "%C", "%L", "%h", "%T", "%V"].iter().any(|s| path.text.starts_with(s))
    {
        return good;
    }
    let help = match path.text.starts_with('~') {
        true => "`~` is nobody's home here: write the whole path",
        false => "write the whole path, beginning with `/`",
    };
    reader.error(path.bytes.clone(), "the path is not absolute", help);
    false
}

fn mode(reader: &mut Reader<'_>, word: &Word) -> Option<Mode> {
    let digits = word.text.trim_start_matches(['~', ':']);
    let signs = &word.text[..word.text.len() - digits.len()];
    let octal = !digits.is_empty() && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let bits = u32::from_str_radix(digits, 8).ok().filter(|bits| octal && *bits <= 0o7777);
    let Some(bits) = bits.and_then(|bits| u16::try_from(bits).ok()) else {
        let help = "write octal digits up to 7777, such as 0755; `-` is the default";
        reader.error(word.bytes.clone(), "the mode is not octal", help);
        return None;
    };
    Some(Mode { bits, masked: signs.contains('~'), only_new: signs.contains(':') })
}

fn owner(reader: &mut Reader<'_>, word: &Word) -> Option<Owner> {
    let name = word.text.strip_prefix(':').unwrap_or(&word.text);
    let number = name.bytes().all(|b| b.is_ascii_digit());
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/');
    let problem = match number {
        _ if name.is_empty() => true,
        true => name.parse::<u32>().map_or(true, |id| matches!(id, 65_535 | u32::MAX)),
        false => name.chars().any(bad) || name.starts_with('-'),
    };
    if problem {
        let help = "write the name or number of one account; user and group are two columns";
        reader.error(word.bytes.clone(), "that is no user or group", help);
        return None;
    }
    Some(Owner { name: name.to_owned(), only_new: word.text.starts_with(':') })
}

fn age(reader: &mut Reader<'_>, word: &Word) -> Option<Age> {
    let text = word.text.strip_prefix('~').unwrap_or(&word.text);
    let (by, span) = text.split_once(':').map_or(("", text), |(by, span)| (by, span));
    if text.contains(':') && (by.is_empty() || !by.chars().all(|c| "aAbBcCmM".contains(c))) {
        let help = "before the `:` stand letters of aAbBcCmM, for the times that count, such as `am:10d`";
        reader.error(word.bytes.clone(), "the times that the age is by are unknown", help);
        return None;
    }
    match parse_timespan(span, 1_000_000) {
        Ok(micros) => {
            let keep_first_level = word.text.starts_with('~');
            Some(Age { keep_first_level, by: by.to_owned(), micros })
        }
        Err(_) => {
            let help = "an age is a span of time such as 10d, 12h or 1h30min; `-` never cleans";
            reader.error(word.bytes.clone(), "the age is no span of time", help);
            None
        }
    }
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a tmpfiles.d file";

    fn print(&self) -> Result<String, Refused> {
        let mut columns = vec![
            std::iter::once(self.kind.letter())
                .chain(self.modifiers.iter().map(|modifier| modifier.letter()))
                .collect::<String>(),
        ];
        columns.push(quoted(Self::FORMAT, "a path", &self.path)?);
        let owner = |owner: &Option<Owner>| match owner {
            Some(Owner { name, only_new }) => {
                quoted(Self::FORMAT, "an owner", &format!("{}{name}", if *only_new { ":" } else { "" }))
            }
            None => Ok("-".to_owned()),
        };
        columns.push(self.mode.map_or("-".to_owned(), |mode| {
            let sign = |on: bool, sign: &'static str| if on { sign } else { "" };
            format!("{}{}{:04o}", sign(mode.masked, "~"), sign(mode.only_new, ":"), mode.bits)
        }));
        columns.push(owner(&self.user)?);
        columns.push(owner(&self.group)?);
        columns.push(self.age.as_ref().map_or("-".to_owned(), |age| {
            let by = if age.by.is_empty() { String::new() } else { format!("{}:", age.by) };
            let span = match age.micros {
                u64::MAX => "infinity".to_owned(),
                micros if micros % 1_000_000 == 0 => format!("{}s", micros / 1_000_000),
                micros => format!("{micros}us"),
            };
            format!("{}{by}{span}", if age.keep_first_level { "~" } else { "" })
        }));
        if let Some(argument) = &self.argument {
            no_control(Self::FORMAT, "an argument", argument)?;
            columns.push(argument.clone());
        }
        while columns.last().is_some_and(|column| column == "-") && columns.len() > 2 {
            columns.pop();
        }
        verified(columns.join(" "), self, parse)
    }
}
