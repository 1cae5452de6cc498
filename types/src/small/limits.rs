//! limits.conf(5): `/etc/security/limits.conf` and `limits.d`, as pam_limits reads them: DOMAIN TYPE ITEM VALUE. A line it
//! cannot read is skipped with a line in the log; what follows a number is ignored without one.

use super::lines::{File, Problem, Reader, read, verified};
use super::words::{one_word, words};
use crate::{Refused, nearest};
use serde::Serialize;
use std::ops::Range;

/// Whom a line is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Domain {
    /// A user.
    User(String),
    /// `@`: a group, each of its members.
    Group(String),
    /// `%`: all members of a group together; of everybody, if it has no name.
    Together(String),
    /// `*`: everybody but root.
    Everybody,
    /// `MIN:MAX`: users by number; `@` before it: groups.
    Ids {
        /// Of groups.
        groups: bool,
        /// From.
        from: Option<u32>,
        /// To.
        to: Option<u32>,
    },
}

/// Which of the two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Type {
    /// That a user may raise.
    Soft,
    /// Up to which.
    Hard,
    /// `-`: both.
    Both,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item(&'static str);

const ITEMS: &[&str] = &[
    "core",
    "data",
    "fsize",
    "memlock",
    "nofile",
    "rss",
    "stack",
    "cpu",
    "nproc",
    "as",
    "maxlogins",
    "maxsyslogins",
    "nonewprivs",
    "priority",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
    "chroot",
];

impl Item {
    /// The item of this name, whatever its case.
    pub fn of(name: &str) -> Option<Self> {
        ITEMS.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|name| Self(name))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// How much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Value {
    /// A number in the item's unit (KiB, minutes, count).
    Number(i64),
    /// `unlimited`.
    Unlimited,
    /// The directory of `chroot`.
    Path(String),
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Whom it is for.
    pub domain: Domain,
    /// The limit; none: the domain has no limits at all (`DOMAIN -`).
    pub limit: Option<(Type, Item, Value)>,
}

/// Reads a file.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    read(text, entry)
}

fn entry(reader: &mut Reader<'_>) -> Option<Entry> {
    let text = reader.text;
    let body = text.split('#').next().unwrap_or_default();
    let columns: Vec<(Range<usize>, &str)> = words(body).collect();
    let (first, written) = columns.first()?.clone();
    let Some(domain) = domain(written) else {
        let help = "write a user, `@group`, `%group`, `*`, or numbers as MIN:MAX";
        reader.error(first, "that is nobody", help);
        return None;
    };
    if let [_, (_, kind)] = columns.as_slice()
        && kind.starts_with('-')
    {
        return Some(Entry { domain, limit: None });
    }
    let [_, kind, item, value, rest @ ..] = columns.as_slice() else {
        let help =
            "write DOMAIN TYPE ITEM VALUE, such as `@web soft nofile 4096`; the line is skipped as it is";
        reader.error_of_line("the line has fewer than four columns", help);
        return None;
    };
    let mut good = true;
    let which = match kind.1.to_ascii_lowercase().as_str() {
        "soft" => Type::Soft,
        "hard" => Type::Hard,
        "-" => Type::Both,
        _ => {
            good = false;
            reader.error(
                kind.0.clone(),
                "there is no such type of limit",
                "write soft, hard, or `-` for both",
            );
            Type::Both
        }
    };
    let Some(known) = Item::of(item.1) else {
        let help = match nearest(item.1, ITEMS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?").into(),
            None => std::borrow::Cow::Owned(format!("there are {}", ITEMS.join(" "))),
        };
        reader.error(item.0.clone(), "there is no such item to limit", help);
        return None;
    };
    if matches!(domain, Domain::Together(_)) && !matches!(known.0, "maxlogins" | "maxsyslogins") {
        let help = "`%` counts logins together, for maxlogins and maxsyslogins; for each member write `@`";
        reader.error(first, "`%` is not for this item", help);
        good = false;
    }
    let value = self::value(reader, known, value.0.clone(), value.1);
    if let (Some((from, _)), Some((to, _))) = (rest.first(), rest.last()) {
        let help = "only four columns are read: remove the rest, or begin it with `#`";
        reader.error(from.start..to.end, "something follows the value", help);
        good = false;
    }
    let value = value.filter(|_| good)?;
    Some(Entry { domain, limit: Some((which, known, value)) })
}

fn domain(text: &str) -> Option<Domain> {
    if text == "*" {
        return Some(Domain::Everybody);
    }
    let (groups, rest) = text.strip_prefix('@').map_or((false, text), |rest| (true, rest));
    if let Some((from, to)) = rest.split_once(':') {
        let number = |text: &str| match text {
            "" => Some(None),
            text if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().map(Some),
            _ => None,
        };
        let (from, to) = (number(from)?, number(to)?);
        let some = from.is_some() || to.is_some();
        let forward = from.zip(to).is_none_or(|(from, to)| from <= to);
        return (some && forward).then_some(Domain::Ids { groups, from, to });
    }
    if groups {
        return (!rest.is_empty()).then(|| Domain::Group(rest.to_owned()));
    }
    Some(match text.strip_prefix('%') {
        Some(group) => Domain::Together(group.to_owned()),
        None => Domain::User(text.to_owned()),
    })
}

fn value(reader: &mut Reader<'_>, item: Item, bytes: Range<usize>, text: &str) -> Option<Value> {
    if item.0 == "chroot" {
        if !text.starts_with(['/', '%']) {
            reader.error(bytes, "the directory is not absolute", "write the whole path");
            return None;
        }
        return Some(Value::Path(text.to_owned()));
    }
    let signed = matches!(item.0, "priority" | "nice");
    let endless = ["-1", "-", "unlimited", "infinity"].iter().any(|word| word.eq_ignore_ascii_case(text));
    if endless && !signed && item.0 != "nonewprivs" {
        return Some(Value::Unlimited);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let Some(number) = text.parse::<i64>().ok().filter(|_| length == digits.len()) else {
        let (what, help) = match length {
            0 => ("that is no number", "write a number, or `unlimited`"),
            _ if length == digits.len() => ("the number is too large", "write `unlimited`"),
            _ => (
                "what follows the number is ignored",
                "sizes are in KiB and times in minutes, without a unit: write the number that is meant",
            ),
        };
        reader.error(bytes, what, help);
        return None;
    };
    let allowed = match item.0 {
        "priority" | "nice" => -20..=19,
        "nonewprivs" => 0..=1,
        "rtprio" => 0..=99,
        _ => 0..=i64::MAX,
    };
    if !allowed.contains(&number) {
        let help = format!("{} goes from {} to {}", item.0, allowed.start(), allowed.end());
        reader.error(bytes, "the number is out of range", help);
        return None;
    }
    Some(Value::Number(number))
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a limits.d file";

    fn print(&self) -> Result<String, Refused> {
        let end = |end: &Option<u32>| end.map(|end| end.to_string()).unwrap_or_default();
        let domain = match &self.domain {
            Domain::User(name) => name.clone(),
            Domain::Group(name) => format!("@{name}"),
            Domain::Together(name) => format!("%{name}"),
            Domain::Everybody => "*".to_owned(),
            Domain::Ids { groups, from, to } => {
                format!("{}{}:{}", if *groups { "@" } else { "" }, end(from), end(to))
            }
        };
        one_word(Self::FORMAT, "a domain", &domain)?;
        let line = match &self.limit {
            None => format!("{domain} -"),
            Some((kind, item, value)) => {
                let kind = match kind {
                    Type::Soft => "soft",
                    Type::Hard => "hard",
                    Type::Both => "-",
                };
                let value = match value {
                    Value::Number(number) => number.to_string(),
                    Value::Unlimited => "unlimited".to_owned(),
                    Value::Path(path) => path.clone(),
                };
                one_word(Self::FORMAT, "a value", &value)?;
                format!("{domain} {kind} {} {value}", item.0)
            }
        };
        verified(line, self, parse)
    }
}
