//! Reading logrotate's files.

use super::token::{Token, end_of_line, is_blank, token, trimmed};
use super::{Directive, Entry, Keyword, Kind, Logs, Value};
use crate::nearest;
use crate::small::lines::{Reader, first_line};
use std::collections::BTreeMap;
use std::ops::Range;

/// Paths that entries named so far, with their lines.
pub(super) type Seen = BTreeMap<String, u32>;

/// The bytes of the first statement.
pub(super) fn length(text: &str) -> usize {
    let line = first_line(text);
    let start = text.find(|c| !is_blank(c)).unwrap_or(text.len());
    let mut at = start;
    if !text[start..].starts_with(['/', '"', '\'', '~']) {
        // One line, but for a script for all logs.
        while let Some((found, next)) = token(&text[..line], at.min(line), true) {
            if matches!(found, Token::Script(..)) {
                let end = token(text, at, true).map_or(line, |(_, end)| end);
                return end + first_line(&text[end..]);
            }
            at = next;
        }
        return line;
    }
    match text[start..].find('{') {
        Some(brace) => at += brace + 1,
        None => return text.len(),
    }
    while let Some((found, next)) = token(text, at, true) {
        at = next;
        if matches!(found, Token::Close(_)) {
            return at + first_line(&text[at..]);
        }
    }
    text.len()
}

/// Reads a statement.
pub(super) fn statement(reader: &mut Reader<'_>, seen: &mut Seen) -> Option<Entry> {
    let text = reader.text;
    if let Some(at) = text.find('\r') {
        let help =
            "write the file with line feeds alone: to logrotate the carriage return is a part of the word";
        reader.error(at..at, "the line ends in a carriage return, as on Windows", help);
        return None;
    }
    let start = text.find(|c| !is_blank(c))?;
    if !text[start..].starts_with(['/', '"', '\'', '~']) {
        let (directives, _) = directives(reader, start, false);
        return directives.filter(|directives| !directives.is_empty()).map(Entry::Global);
    }
    let brace = text[start..].find(['{', '}']).map(|brace| start + brace);
    if let Some(brace) = brace.filter(|brace| text[*brace..].starts_with('}')) {
        let help = "no path has one: does a `{` stand before it?";
        reader.error(brace..brace + 1, "a `}` stands among paths", help);
        return None;
    }
    let Some(brace) = brace else {
        let help = "behind the paths come directives between `{` and `}`";
        reader.error(trimmed(text, start..end_of_line(text, start), is_blank), "the `{` is missing", help);
        return None;
    };
    let files = files(reader, start..brace, seen);
    let (directives, _) = directives(reader, brace + 1, true);
    let logs = Logs { files: files?, directives: directives? };
    Some(Entry::Logs(logs))
}

/// The paths of an entry, unquoted as popt does it.
fn files(reader: &mut Reader<'_>, bytes: Range<usize>, seen: &mut Seen) -> Option<Vec<String>> {
    let text = reader.text;
    let mut files = Vec::new();
    let mut good = true;
    let mut at = bytes.start;
    while let Some(start) = text[at..bytes.end].find(|c: char| !c.is_ascii_whitespace()).map(|skip| at + skip)
    {
        let (path, end) = match word(text, start..bytes.end) {
            Ok(found) => found,
            Err(quote) => {
                let help = "close it before the `{`";
                reader.error(quote..end_of_line(text, quote).min(bytes.end), "the quote is not closed", help);
                return None;
            }
        };
        at = end;
        let place = start..end;
        let line = reader.line_of(start).0;
        let problem = if text[place.clone()].starts_with('#') {
            Some((
                "behind a path there is no comment",
                "write it on a line before the entry: logrotate takes each word for a path",
            ))
        } else if !path.starts_with(['/', '~']) {
            Some(("the path of a log is not absolute", "logs are named by their whole paths"))
        } else {
            None
        };
        if let Some((what, help)) = problem {
            reader.error(place.clone(), what, help);
            good = false;
            at =
                if text[place.clone()].starts_with('#') { end_of_line(text, end).min(bytes.end) } else { at };
            continue;
        }
        if path.ends_with(',') {
            let help = "blanks alone stand between paths";
            reader.warning(end - 1..end, "the comma is a part of the path", help);
        }
        if let Some(first) = seen.get(&path) {
            let help = format!("line {first} names it already: logrotate leaves out this whole entry");
            reader.error(place, "the log has two entries", help);
            good = false;
        } else {
            seen.insert(path.clone(), line);
        }
        files.push(path);
    }
    good.then_some(files)
}

/// A word with its quotes resolved and where it ends, or where a quote that is not closed begins.
fn word(text: &str, bytes: Range<usize>) -> Result<(String, usize), usize> {
    let mut word = String::new();
    let mut quote: Option<(char, usize)> = None;
    let mut characters = text[bytes.clone()].char_indices().map(|(at, c)| (bytes.start + at, c)).peekable();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some((open, _)), c) if c == open => quote = None,
            // Within quotes a backslash keeps itself but before the quote.
            (Some((open, _)), '\\') => match characters.next() {
                Some((_, next)) if next == open => word.push(next),
                next => word.extend(std::iter::once('\\').chain(next.map(|(_, next)| next))),
            },
            (None, '\\') => word.extend(characters.next().map(|(_, next)| next)),
            (None, '"' | '\'') => quote = Some((c, at)),
            (None, c) if c.is_ascii_whitespace() => return Ok((word, at)),
            (_, c) => word.push(c),
        }
    }
    match quote {
        Some((_, at)) => Err(at),
        None => Ok((word, bytes.end)),
    }
}

/// Directives up to the `}`, or to the end; nothing if one of them is wrong. Gives the place of the `}`, too.
fn directives(reader: &mut Reader<'_>, from: usize, logs: bool) -> (Option<Vec<Directive>>, Option<usize>) {
    let text = reader.text;
    let mut found: Vec<(Directive, Range<usize>)> = Vec::new();
    let mut good = true;
    let mut at = from;
    let mut closed = None;
    let mut endless = false;
    while let Some((token, next)) = token(text, at, reader.ended) {
        at = next;
        match token {
            Token::Directive(keyword, name, value) => {
                match read(reader, keyword, name.clone(), value, logs) {
                    Some(value) => found.push((Directive { keyword, value }, name)),
                    None => good = false,
                }
            }
            Token::Script(keyword, name, behind, lines, ended) => {
                let rest = &text[behind.clone()];
                if !rest.is_empty() && !rest.starts_with('#') {
                    let help = "the script begins on the next line; this is passed by";
                    reader.error(behind, "something stands behind the word that begins a script", help);
                    good = false;
                }
                if !ended {
                    endless = true;
                    let help =
                        "end it with `endscript` on a line of its own: logrotate refuses the whole file";
                    reader.error(name.clone(), "the script does not end", help);
                    good = false;
                }
                let value = Value::Script(text[lines].to_owned());
                found.push((Directive { keyword, value }, name));
            }
            Token::Unknown(name) => {
                unknown(reader, name);
                good = false;
            }
            Token::Stuck(bytes) => {
                let word = text[bytes.clone()].find(|c: char| !c.is_ascii_alphabetic());
                let (what, help) = match word {
                    None => (
                        "the file ends right behind the directive",
                        "end the file with a line feed: logrotate does not take the directive without it",
                    ),
                    Some(_) => (
                        "something stands right behind the word",
                        "a directive and its value are separated by blanks or `=`; a path begins with `/` or a quote",
                    ),
                };
                reader.error(bytes, what, help);
                good = false;
            }
            Token::Close(brace) if logs => {
                closed = Some(brace);
                let behind = trimmed(text, brace + 1..end_of_line(text, brace), is_blank);
                if !behind.is_empty() {
                    let help = "write it on the next line; logrotate passes it by, even a comment";
                    reader.error(behind, "something stands behind the `}`", help);
                    good = false;
                }
                break;
            }
            Token::Close(brace) => {
                reader.error(brace..brace + 1, "there is no entry that the `}` would close", "remove it");
                good = false;
            }
            Token::Other(bytes) => {
                let (what, help) = match text[bytes.clone()].starts_with(['/', '"', '\'', '~']) {
                    true => ("a path stands among directives", "is a `}` missing before it?"),
                    false => ("the line begins with no directive and no path", "write a directive or a path"),
                };
                reader.error(bytes, what, help);
                good = false;
            }
        }
    }
    // A script that does not end has taken the `}`.
    if logs && closed.is_none() && !endless {
        let first = text.find(|c| !is_blank(c)).unwrap_or_default();
        let bytes = trimmed(text, first..end_of_line(text, first), is_blank);
        reader.error(
            bytes,
            "the entry is not closed",
            "end it with `}`; what follows is taken for a part of it",
        );
        good = false;
    }
    doubtful(reader, &found, logs.then_some(from));
    let directives = found.into_iter().map(|(directive, _)| directive).collect();
    (good.then_some(directives), closed)
}

fn unknown(reader: &mut Reader<'_>, name: Range<usize>) {
    let word = &reader.text[name.clone()];
    let known = super::KEYWORDS.iter().map(|row| row.name);
    let help = match (word, nearest(word, known)) {
        ("endscript", _) => "no script stands before it".to_owned(),
        ("errors", _) => "logrotate has not had it for long: remove it".to_owned(),
        ("annually", _) => "write `yearly`".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`? logrotate passes the line by"),
        (_, None) => "logrotate passes the line by".to_owned(),
    };
    reader.error(name, "there is no such directive", help);
}

/// The value of a directive.
fn read(
    reader: &mut Reader<'_>,
    keyword: &'static Keyword,
    name: Range<usize>,
    bytes: Range<usize>,
    logs: bool,
) -> Option<Value> {
    let text = &reader.text[bytes.clone()];
    if keyword.global && logs {
        let help = "write it outside of `{ }`";
        reader.error(name, "the directive is not for one entry", help);
        return None;
    }
    let optional = matches!(keyword.kind, Kind::Flag | Kind::Weekday | Kind::Owner);
    if text.is_empty() && !optional {
        reader.error(name, "the directive has no value", "write it behind the directive, on the same line");
        return None;
    }
    let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let comment = words.iter().skip(1).any(|word| word.starts_with('#'));
    let plain = "write the comment on a line of its own; logrotate takes it for a part of the value";
    let value = match keyword.kind {
        Kind::Flag | Kind::Script => Ok(Value::Nothing),
        Kind::Weekday if text.is_empty() => Ok(Value::Nothing),
        Kind::Weekday => match text.parse() {
            Ok(day @ 0..=7) if !reader.text[name.end..bytes.start].contains('=') => Ok(Value::Number(day)),
            _ => Err(("the day is not from 0 to 7", "0 is Sunday, 6 Saturday, 7 every seven days")),
        },
        Kind::Count(least) => match number(text) {
            Some(number) if number >= least => Ok(Value::Number(number)),
            Some(_) => Err(("the number is too small", "write a larger one")),
            None if comment => Err(("the value is no number", plain)),
            None => Err(("the value is no number", "write a number alone, without a unit")),
        },
        Kind::Size => size(text).map(Value::Bytes),
        Kind::Owner => owner(&words),
        Kind::Account if text.contains([':', '"', '\'', '#']) => {
            Err(("that is no user or group", "write USER GROUP, without quotes and comments"))
        }
        Kind::Account => match words[..] {
            [user, group] => Ok(Value::Account { user: user.to_owned(), group: group.to_owned() }),
            [_] => Err(("there is no group", "write a user and a group, with a blank between them")),
            _ => Err(("something stands behind the group", "write a user and a group")),
        },
        Kind::Path if words.len() > 1 => Err((
            "there is a blank in the path",
            if comment { plain } else { "quotes do not help here: take a path without blanks" },
        )),
        Kind::Text if words.len() > 1 && keyword.name == "mail" => {
            Err(("there are several addresses", if comment { plain } else { "write one" }))
        }
        Kind::Path | Kind::Text => Ok(Value::Text(text.to_owned())),
    };
    if keyword.kind == Kind::Text && comment {
        reader.warning(bytes.clone(), "the comment is a part of the value", plain);
    }
    match value {
        Ok(value) => {
            if let (Value::Bytes(size @ 1..4096), true) = (&value, !text.contains('k')) {
                let help = format!("{size} bytes; `k`, `M` and `G` stand for more");
                reader.warning(bytes, "the size has no unit", help);
            }
            Some(value)
        }
        Err((what, help)) => {
            let help = match keyword.kind {
                Kind::Account | Kind::Owner if text.contains(':') => {
                    "write a blank, not `:`, between user and group"
                }
                _ => help,
            };
            reader.error(bytes, what, help);
            None
        }
    }
}

/// As C's `strtol` reads it in base 0.
fn number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match (digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")), digits) {
        (Some(hex), _) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => i64::from_str_radix(hex, 16),
        (None, octal) if octal.len() > 1 && octal.starts_with('0') => {
            match octal[1..].starts_with(['+', '-']) {
                true => return None,
                false => i64::from_str_radix(&octal[1..], 8),
            }
        }
        (None, digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse(),
        _ => return None,
    };
    number.ok().map(|number| sign * number)
}

type Wrong = (&'static str, &'static str);

fn size(text: &str) -> Result<u64, Wrong> {
    let units = "the units are `k`, `M` and `G`: 100k, 10M";
    let (digits, unit) = match text.chars().next_back() {
        Some('k' | 'K') => (&text[..text.len() - 1], 1 << 10),
        Some('M') => (&text[..text.len() - 1], 1 << 20),
        Some('G') => (&text[..text.len() - 1], 1 << 30),
        Some(c) if c.is_ascii_digit() => (text, 1),
        Some('m' | 'g') => {
            return Err(("there is no such unit", "units are `k`, `M` and `G`, the last two large"));
        }
        _ if text.contains('#') => {
            return Err(("that is no size", "write the comment on a line of its own"));
        }
        _ => return Err(("there is no such unit", units)),
    };
    let number = number(digits).and_then(|number| u64::try_from(number).ok());
    match number.map(|number| number.checked_mul(unit)) {
        Some(Some(bytes)) => Ok(bytes),
        Some(None) => Err(("the size is too large", units)),
        None if digits.contains(' ') => Err(("there is a blank in the size", units)),
        None => Err(("that is no size", units)),
    }
}

/// `[MODE] [OWNER [GROUP]]`: what is octal first is the mode.
fn owner(words: &[&str]) -> Result<Value, Wrong> {
    let octal = |word: &&&str| word.len() <= 4 && word.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let (mode, rest) = match words.first().filter(octal) {
        Some(word) => (u16::from_str_radix(word, 8).ok(), &words[1..]),
        None => (None, words),
    };
    if let [number, _, _] = rest
        && mode.is_none()
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(("the mode is not octal", "write three or four digits from 0 to 7"));
    }
    let own = |word: &&str| (*word).to_owned();
    match rest {
        [] | [_] | [_, _] if rest.iter().any(|word| word.contains([':', '"', '\'', '#'])) => {
            Err(("that is no user or group", "write MODE OWNER GROUP, without quotes and comments"))
        }
        [] => Ok(Value::Owner { mode, user: None, group: None }),
        [user] => Ok(Value::Owner { mode, user: Some(own(user)), group: None }),
        [user, group] => Ok(Value::Owner { mode, user: Some(own(user)), group: Some(own(group)) }),
        _ => Err(("something stands behind the group", "write MODE OWNER GROUP")),
    }
}

/// What is hardly meant, in an entry that begins there or for all logs.
fn doubtful(reader: &mut Reader<'_>, found: &[(Directive, Range<usize>)], logs: Option<usize>) {
    let place = |name: &str| {
        found.iter().rfind(|(directive, _)| directive.keyword.name == name).map(|(_, bytes)| bytes.clone())
    };
    let interval = ["daily", "weekly", "monthly", "yearly", "hourly"].into_iter().find_map(place);
    for (later, (directive, bytes)) in found.iter().enumerate().skip(1) {
        let name = directive.keyword.name;
        let earlier = found[..later].iter().any(|(other, _)| other.keyword.name == name);
        if directive.keyword.kind == Kind::Script && earlier {
            let help = "logrotate runs this one alone: make them one";
            reader.warning(bytes.clone(), "the entry has two scripts of this kind", help);
        }
    }
    if let (Some(size), Some(interval)) = (place("size"), interval.clone()) {
        let later = if size.start > interval.start { size } else { interval };
        let help = "of `size` and the interval the later one counts alone; `minsize` asks for both, `maxsize` for one of them";
        reader.warning(later, "this undoes what stands before it", help);
    }
    if let (Some(create), true) = (place("create"), place("copytruncate").is_some()) {
        let help = "with `copytruncate` the log stays as it is: remove one of them";
        reader.warning(create, "nothing is created", help);
    }
    if let Some(bytes) = place("hourly") {
        let help = "Debian's and most systems' logrotate runs once a day: have it run every hour, too";
        reader.warning(bytes, "logrotate itself may not run as often", help);
    }
    let Some(brace) = logs else { return };
    let header = reader.text[..brace].trim_start().trim_start_matches(['"', '\'']);
    let open =
        ["/tmp/", "/var/tmp/", "/dev/shm/", "/home/", "~"].into_iter().any(|path| header.starts_with(path));
    if open && place("su").is_none() {
        let start = reader.text.find(|c| !is_blank(c)).unwrap_or_default();
        let help = "others than root may write to the directory: logrotate passes the log by without `su USER GROUP`";
        reader.warning(trimmed(reader.text, start..brace - 1, is_blank), "the entry needs `su`", help);
    }
}
