//! JSON (RFC 8259) to a tree, with duplicate keys reported.

use super::{Limits, Parsed, depth};
use crate::tree::{Entry, Node, Table, Value};
use cmc_types::{Diagnostic, FileId, Place, Span, codes};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{ParseResult, ast};

/// JSON as the standard has it: none of the parser's extensions.
const STRICT: jsonc_parser::ParseOptions = jsonc_parser::ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The syntax tree of a JSON text.
pub(super) fn ast(text: &str) -> Result<ParseResult<'_>, ParseError> {
    jsonc_parser::parse_to_ast(text, &Default::default(), &STRICT)
}

/// Parses a file that must be an object. The parser stops at the first syntax error.
pub(super) fn parse(text: &str, file: FileId, limits: &Limits) -> Result<Parsed, Vec<Diagnostic>> {
    // RFC 8259 §8.1 lets a parser ignore a byte order mark.
    let (text, offset) =
        text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, '\u{feff}'.len_utf8()));
    let place = |start, end| Place { file, span: Span::new(offset + start, offset + end) };
    let parsed = ast(text).map_err(|error| {
        let place = place(error.range().start, error.range().end);
        if matches!(error.kind(), ParseErrorKind::NestingDepthExceeded) {
            return vec![depth::too_deep(place, limits.depth)];
        }
        let message = error.kind().to_string();
        let message = message.strip_suffix('.').unwrap_or(&message);
        let message = message.replace("string or word in object property", "key");
        vec![
            Diagnostic::new(codes::SYNTAX, format!("not valid JSON: {}", lower_first(&message)))
                .at(place, ""),
        ]
    })?;
    let mut walk = Walk { text, file, offset, limit: limits.depth, diagnostics: Vec::new(), whole: true };
    let root = match parsed.value {
        Some(value) => walk.node(value, 0),
        None => {
            let diagnostic = Diagnostic::new(codes::SYNTAX, "not valid JSON: the file is empty");
            return Err(vec![diagnostic.at(place(0, 0), "").help("`{}` is a file without definitions")]);
        }
    };
    if root.as_table().is_none() {
        let diagnostic = Diagnostic::new(codes::WRONG_TYPE, "a definition file must be an object");
        return Err(vec![diagnostic.at(root.place, "").help("such as `{\"host\": {\"web1\": {…}}}`")]);
    }
    Ok(Parsed { root, diagnostics: walk.diagnostics, whole: walk.whole, spoilt: Vec::new() })
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

struct Walk<'t> {
    text: &'t str,
    file: FileId,
    /// Bytes before what the parser was given.
    offset: usize,
    limit: usize,
    diagnostics: Vec<Diagnostic>,
    whole: bool,
}

impl Walk<'_> {
    fn place(&self, range: jsonc_parser::common::Range) -> Place {
        Place { file: self.file, span: Span::new(self.offset + range.start, self.offset + range.end) }
    }

    fn node(&mut self, value: ast::Value<'_>, depth: usize) -> Node {
        let place = self.place(value.range());
        if depth > self.limit {
            self.diagnostics.push(depth::too_deep(place, self.limit));
            self.whole = false;
            return Node { value: Value::Null, place };
        }
        if matches!(value, ast::Value::StringLit(_)) {
            self.unescaped(value.range());
        }
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::StringLit(literal) => Value::Text(literal.value.into_owned()),
            ast::Value::NumberLit(literal) => self.number(literal.value, place),
            ast::Value::Array(array) => {
                Value::List(array.elements.into_iter().map(|value| self.node(value, depth + 1)).collect())
            }
            ast::Value::Object(object) => self.table(object, depth),
        };
        Node { value, place }
    }

    /// RFC 8259 §7: control characters in a string are escaped. The parser takes them as they are.
    fn unescaped(&mut self, range: jsonc_parser::common::Range) {
        let written = &self.text.as_bytes()[range.start..range.end];
        let Some(at) = written.iter().position(|byte| *byte < b' ') else { return };
        let start = self.offset + range.start + at;
        let place = Place { file: self.file, span: Span::new(start, start + 1) };
        let message =
            format!("not valid JSON: the control character U+{:04X} stands in a string", written[at]);
        let escape = match written[at] {
            b'\t' => "\\t".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            other => format!("\\u{other:04x}"),
        };
        self.diagnostics.push(
            Diagnostic::new(codes::SYNTAX, message).at(place, "").help(format!("write it as `{escape}`")),
        );
    }

    fn table(&mut self, object: ast::Object<'_>, depth: usize) -> Value {
        let mut table = Table::default();
        for property in object.properties {
            let key_place = self.place(property.name.range());
            self.unescaped(property.name.range());
            let key = property.name.into_string();
            if let Some(first) = table.get(&key) {
                self.diagnostics.push(
                    Diagnostic::new(codes::DUPLICATE_KEY, format!("`{key}` stands twice in this object"))
                        .at(key_place, "again here")
                        .with(first.key_place, "first here"),
                );
                self.whole = false;
                continue;
            }
            let node = self.node(property.value, depth + 1);
            table.insert(Entry { key, key_place, node });
        }
        Value::Table(table)
    }

    fn number(&mut self, text: &str, place: Place) -> Value {
        if text.contains(['.', 'e', 'E']) {
            return match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Value::Float(number),
                _ => self.unfit(place, "the number is too large"),
            };
        }
        match text.parse::<i64>() {
            Ok(number) => Value::Integer(number),
            Err(_) => self.unfit(place, "the integer does not fit in 64 bits with a sign"),
        }
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
