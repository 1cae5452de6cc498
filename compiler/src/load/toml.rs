//! TOML 1.1 to a tree, as much of it as can be read.

use super::{Limits, Parsed, depth};
use crate::tree::{Entry, Node, Table, Value};
use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue, Error};
use cmc_types::{Diagnostic, FileId, Place, Span, codes};
use std::ops::Range;

/// Parses a file with recovery: after a syntax error the rest is read as far as possible.
pub(super) fn parse(text: &str, file: FileId, limits: &Limits) -> Result<Parsed, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { file, limit: limits.depth, diagnostics: Vec::new(), whole: errors.is_empty() };
    let place = Place { file, span: Span::new(0, 0) };
    let root = Node { value: walk.table(table.into_inner(), 0), place };
    let (errors, spoilt) = independent(text, errors);
    // What the parser made of a line that it could not read is nobody's mistake.
    let lines: Vec<_> = errors.iter().map(|error| line_around(text, start_of(error))).collect();
    walk.diagnostics.retain(|finding| {
        let at = finding.primary.as_ref().map_or(0, |label| label.place.span.start);
        !lies_in(&lines, at) && !lies_in(&spoilt, at)
    });
    let mut diagnostics = syntax_errors(text, &root, errors, file, limits);
    diagnostics.append(&mut walk.diagnostics);
    Ok(Parsed { root, diagnostics, whole: walk.whole, spoilt })
}

struct Walk {
    file: FileId,
    limit: usize,
    diagnostics: Vec<Diagnostic>,
    whole: bool,
}

impl Walk {
    fn place(&self, range: Range<usize>) -> Place {
        Place { file: self.file, span: Span::new(range.start, range.end) }
    }

    fn node(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Node {
        let place = self.place(value.span());
        if depth > self.limit {
            self.diagnostics.push(depth::too_deep(place, self.limit));
            self.whole = false;
            return Node { value: Value::Null, place };
        }
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Boolean(value) => Value::Bool(value),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Value::Integer(value),
                Err(_) => self.unfit(place, "the integer does not fit in 64 bits with a sign"),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => Value::Float(value),
                Ok(value) if value.is_nan() => {
                    self.unfit(place, "NaN is no value that a definition can have")
                }
                _ => self.unfit(place, "the number is infinite or too large"),
            },
            DeValue::Datetime(_) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        "a date or time, and no key of a definition takes one",
                    )
                    .at(place, "")
                    .help("put it in quotes if a text is meant"),
                );
                Value::Null
            }
            DeValue::Array(items) => {
                Value::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect())
            }
            DeValue::Table(table) => self.table(table, depth),
        };
        Node { value, place }
    }

    /// The parser sorts keys; places give back the order in which they were written.
    fn table(&mut self, table: DeTable<'_>, depth: usize) -> Value {
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut result = Table::default();
        for (key, value) in entries {
            let key_place = self.place(key.span());
            let node = self.node(value, depth + 1);
            result.insert(Entry { key: key.into_inner().into_owned(), key_place, node });
        }
        Value::Table(result)
    }

    fn unfit(&mut self, place: Place, message: &str) -> Value {
        self.diagnostics.push(
            Diagnostic::new(codes::INVALID_VALUE, message)
                .at(place, "")
                .help("write it as a text, in quotes, if that is what it is"),
        );
        Value::Null
    }
}

/// The first syntax error of each line, without those that only follow from a text, list or table that is not closed;
/// and the ranges that the latter spoil: up to the next header.
fn independent(text: &str, mut errors: Vec<Error>) -> (Vec<Error>, Vec<Range<usize>>) {
    errors.sort_by_key(start_of);
    let mut spoilt: Vec<Range<usize>> = Vec::new();
    let mut last_line = None;
    errors.retain(|error| {
        let start = start_of(error);
        if error.message() == "duplicate key" {
            return true;
        }
        let line = line_around(text, start);
        // They come in order.
        if last_line == Some(line.start) || spoilt.last().is_some_and(|range| range.contains(&start)) {
            return false;
        }
        last_line = Some(line.start);
        if ["unclosed", "invalid basic string", "invalid literal string", "invalid multi-line"]
            .iter()
            .any(|begin| error.message().starts_with(begin))
        {
            let after = line.end.min(text.len());
            let end = text[after..].find("\n[").map_or(text.len() + 1, |header| after + header + 1);
            spoilt.push(line.start..end);
        }
        true
    });
    (errors, spoilt)
}

/// Whether an offset lies in one of these ranges, which are in order.
fn lies_in(ranges: &[Range<usize>], at: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after.checked_sub(1).is_some_and(|last| ranges[last].contains(&at))
}

fn start_of(error: &Error) -> usize {
    error.span().map_or(0, |range| range.start)
}

/// The line of an offset, with the end of the text if it is the last.
fn line_around(text: &str, offset: usize) -> Range<usize> {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    start..text[offset..].find('\n').map_or(text.len() + 1, |at| offset + at)
}

/// A number that begins with 0: most often a mode, as people write them elsewhere.
fn leading_zero(text: &str, place: Place) -> Diagnostic {
    let from = text.get(place.span.start..).unwrap_or_default();
    let end = from.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(from.len());
    let number = &from[..end];
    let before = text.get(line_around(text, place.span.start).start..place.span.start).unwrap_or_default();
    let before = before.trim_end();
    let key = before.strip_suffix('=').unwrap_or_default().trim_end();
    let key = key.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default();
    let place = Place { span: Span::new(place.span.start, place.span.start + end), ..place };
    match key {
        "mode" | "umask" => Diagnostic::new(codes::SYNTAX, format!("`{key}` is a text, not a number"))
            .at(place, "")
            .help(format!("in quotes: `{key} = \"{number}\"`")),
        _ => Diagnostic::new(codes::SYNTAX, "not valid TOML: a number may not begin with 0")
            .at(place, "")
            .help(format!("put it in quotes if a text is meant: `\"{number}\"`")),
    }
}

fn syntax_errors(
    text: &str,
    root: &Node,
    errors: Vec<Error>,
    file: FileId,
    limits: &Limits,
) -> Vec<Diagnostic> {
    let hidden = errors.len().saturating_sub(limits.syntax_errors);
    let mut diagnostics: Vec<_> = errors
        .iter()
        .take(limits.syntax_errors)
        .map(|error| {
            let range = error.span().unwrap_or(0..0);
            let end = range.end.min(text.len());
            let place = Place { file, span: Span::new(range.start.min(end), end) };
            match error.message() {
                "duplicate key" => duplicate_key(text, root, place),
                message if message.contains("leading zero") => leading_zero(text, place),
                message if message.contains("recurs") => depth::too_deep(place, limits.depth),
                message => Diagnostic::new(codes::SYNTAX, format!("not valid TOML: {message}")).at(place, ""),
            }
        })
        .collect();
    if let Some(last) = diagnostics.last_mut().filter(|_| hidden > 0) {
        last.help = Some(format!(
            "{hidden} more syntax errors follow in this file; most are gone when the first is corrected"
        ));
    }
    diagnostics
}

/// The parser tells only where the second one is; the first is found by reading the text before it again.
fn duplicate_key(text: &str, root: &Node, second: Place) -> Diagnostic {
    let key = parsed_key(&text[second.span.start..second.span.end]);
    let path = key_path(text, root, second.span);
    let first = path.as_ref().and_then(|path| {
        let line = text[..second.span.start].rfind('\n').map_or(0, |i| i + 1);
        let (before, _) = DeTable::parse_recoverable(&text[..line]);
        find_key(before.get_ref(), path)
    });
    let first = first
        .map(|range| Place { file: second.file, span: Span::new(range.start, range.end) })
        .or_else(|| innermost(root, second.span, &key).map(|place| Place { file: second.file, span: place }));
    let definition = path.filter(|path| match path.as_slice() {
        [kind] => kind == "fleet",
        [_, _] => true,
        _ => false,
    });
    let diagnostic = match definition.as_deref() {
        Some([kind, name]) => {
            Diagnostic::new(codes::DUPLICATE_DEFINITION, format!("{kind} `{name}` is defined twice"))
        }
        Some(_) => Diagnostic::new(codes::DUPLICATE_DEFINITION, "the fleet is defined twice"),
        None => Diagnostic::new(codes::DUPLICATE_KEY, format!("`{key}` stands twice in this table")),
    };
    let diagnostic = diagnostic.at(second, "again here");
    match first {
        Some(first) => diagnostic.with(first, "first here"),
        None => diagnostic,
    }
}

fn parsed_key(text: &str) -> String {
    let snippet = format!("{text} = 0");
    let (table, _) = DeTable::parse_recoverable(&snippet);
    table.get_ref().iter().next().map_or_else(|| text.to_owned(), |(key, _)| key.get_ref().to_string())
}

/// The keys from the root to the one at `span`, if it stands in a header or at the beginning of a line.
fn key_path(text: &str, root: &Node, span: Span) -> Option<Vec<String>> {
    let line = text[..span.start].rfind('\n').map_or(0, |i| i + 1);
    let head = text[line..span.end].trim_start();
    if let Some(header) = head.strip_prefix('[') {
        return chain(header.trim_start_matches('['));
    }
    let mut path = match last_header(text, root, line) {
        Some(header) => chain(text.get(header.start..header.end)?.trim_matches(['[', ']']))?,
        None => Vec::new(),
    };
    path.extend(chain(head)?);
    Some(path)
}

/// The keys of a dotted key.
fn chain(dotted: &str) -> Option<Vec<String>> {
    let snippet = format!("{dotted} = 0");
    let (table, errors) = DeTable::parse_recoverable(&snippet);
    let mut keys = Vec::new();
    let mut table = table.get_ref();
    while let Some((key, value)) = table.iter().next() {
        keys.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    errors.is_empty().then_some(keys)
}

fn find_key(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(first.as_str())?;
    match (rest, value.get_ref()) {
        ([], _) => Some(key.span()),
        (rest, DeValue::Table(table)) => find_key(table, rest),
        (rest, DeValue::Array(items)) => items.iter().last().and_then(|item| match item.get_ref() {
            DeValue::Table(table) => find_key(table, rest),
            _ => None,
        }),
        _ => None,
    }
}

/// The header that begins last before `offset`: a header's table has the header as its place.
fn last_header(text: &str, node: &Node, offset: usize) -> Option<Span> {
    let span = node.place.span;
    let is_header = node.as_table().is_some() && !span.is_empty() && text[span.start..].starts_with('[');
    let own = (is_header && span.start < offset).then_some(span);
    children(node)
        .filter_map(|child| last_header(text, child, offset))
        .chain(own)
        .max_by_key(|span| span.start)
}

/// The place of this key in the innermost inline table around `span`.
fn innermost(node: &Node, span: Span, key: &str) -> Option<Span> {
    let own = || {
        let around = node.place.span.start < span.start && node.place.span.end >= span.end;
        let entry = node.as_table()?.get(key)?;
        around.then_some(entry.key_place.span)
    };
    children(node).find_map(|child| innermost(child, span, key)).or_else(own)
}

fn children(node: &Node) -> Box<dyn Iterator<Item = &Node> + '_> {
    match &node.value {
        Value::Table(table) => Box::new(table.iter().map(|entry| &entry.node)),
        Value::List(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    }
}
