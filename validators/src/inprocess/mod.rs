//! Checks that need no program: the syntax of JSON, YAML, TOML and XML, and what is known of every file. They run in
//! this process, on content in memory.

mod json;
mod toml;
mod xml;
mod yaml;

use cmc_types::plan::Format;

/// Names of the formats, as in `check = "json"`.
pub const NAMES: &[&str] = &["json", "toml", "xml", "yaml"];

/// Something wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

/// The format that a path's extension promises.
pub fn by_path(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "json" => Some("json"),
        "toml" => Some("toml"),
        "xml" => Some("xml"),
        "yaml" | "yml" => Some("yaml"),
        _ => None,
    }
}

/// Checks content as a format of [`NAMES`]; another name is never asked for and finds nothing.
pub fn check(format: &str, content: &[u8]) -> Vec<Problem> {
    let text = match std::str::from_utf8(content) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => return vec![not_text(content, error.valid_up_to())],
    };
    let problems = match format {
        "json" => json::check(text),
        "toml" => toml::check(text),
        "xml" => xml::check(text),
        "yaml" => yaml::check(text),
        _ => Vec::new(),
    };
    problems.into_iter().map(|problem| on_a_line(problem, text)).collect()
}

/// What a parser misses after the last line is missing at its end.
fn on_a_line(mut problem: Problem, text: &str) -> Problem {
    let (last, column) = line_column(text.strip_suffix('\n').unwrap_or(text));
    if problem.line.is_some_and(|line| line > last) {
        (problem.line, problem.column) = (Some(last), Some(column));
    }
    problem
}

/// What can be said of a file of no known format: text is UTF-8 without NUL; typed and opaque files are as they are.
pub fn check_base(format: Format, content: &[u8]) -> Vec<Problem> {
    if format != Format::Text {
        return Vec::new();
    }
    let valid = std::str::from_utf8(content).err().map(|error| error.valid_up_to());
    let bad = valid.or_else(|| content.iter().position(|byte| *byte == 0));
    bad.map(|offset| not_text(content, offset)).into_iter().collect()
}

/// The name in receipts of what [`check_base`] checks.
pub fn base_name(format: Format) -> &'static str {
    match format {
        Format::Typed => "typed",
        Format::Text => "text",
        Format::Opaque | Format::Secret => "opaque",
    }
}

fn not_text(content: &[u8], offset: usize) -> Problem {
    let (line, column) = line_column(&String::from_utf8_lossy(&content[..offset]));
    let message = "the text holds a byte that is not UTF-8, or NUL".to_owned();
    Problem { line: Some(line), column: Some(column), message }
}

/// Line and column of the end of this text, from 1.
fn line_column(before: &str) -> (u32, u32) {
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u32, column as u32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{Problem, by_path, check, check_base};
    use cmc_types::plan::Format;

    fn place(problems: &[Problem]) -> Option<(u32, Option<u32>)> {
        problems.first().map(|problem| (problem.line.unwrap(), problem.column))
    }

    #[test]
    fn what_is_missing_after_the_last_line_is_missing_at_its_end() {
        for (format, text) in [("yaml", "a: 1\nb: [\n"), ("json", "{\"a\":\n[1,\n")] {
            let problems = check(format, text.as_bytes());
            assert_eq!(problems[0].line, Some(2), "{format}: {problems:?}");
        }
    }

    #[test]
    fn good_texts_pass() {
        for (format, text) in [
            ("json", "{\"a\": [1, 2.5e3, null, \"\\u00e4\"]}\n"),
            ("json", "\u{feff}[]"),
            ("yaml", "a: 1\nb:\n  - x\n  - !custom y\n"),
            ("yaml", "---\na: 1\n---\nb: 2\n...\n"),
            ("yaml", ""),
            ("toml", "a = 1\n[b]\nc = 2026-01-01\n"),
            ("toml", ""),
            ("xml", "<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM \"a.dtd\"><a b='c'>&lt;</a>"),
        ] {
            assert_eq!(check(format, text.as_bytes()), [], "{format}: {text}");
        }
    }

    #[test]
    fn bad_texts_fail_at_their_place() {
        for (format, text, line) in [
            ("json", "{\"a\": 1,\n}", 2),
            ("json", "{\"a\": 1}\ntrailing", 2),
            ("json", "{\"a\": 1,\n \"a\": 2}", 2),
            ("json", "", 1),
            ("yaml", "a: 1\n b: 2\n", 2),
            ("yaml", "a: [1, 2\nb: 3\n", 2),
            ("yaml", "a: 1\na: 2\n", 2),
            ("yaml", "ok: 1\n---\na: \"x\n", 3),
            ("toml", "a = 1\na = 2\n", 2),
            ("toml", "a = 1\nb = \n", 2),
            ("xml", "<a>\n<b></a>", 2),
            ("xml", "<a/>\n<b/>", 2),
            ("xml", "", 1),
        ] {
            let found = check(format, text.as_bytes());
            assert_eq!(place(&found).map(|(line, _)| line), Some(line), "{format} {text:?}: {found:?}");
        }
    }

    #[test]
    fn depth_and_entities_cannot_exhaust() {
        let deep = "[".repeat(100_000);
        assert!(!check("json", deep.as_bytes()).is_empty());
        assert!(!check("yaml", deep.as_bytes()).is_empty());
        assert!(!check("toml", format!("a = {deep}").as_bytes()).is_empty());
        assert!(!check("xml", "<a>".repeat(100_000).as_bytes()).is_empty());
        let mut laughs = "<!DOCTYPE l [<!ENTITY a0 \"x\">".to_owned();
        for i in 1..30 {
            laughs.push_str(&format!("<!ENTITY a{i} \"&a{};&a{};\">", i - 1, i - 1));
        }
        laughs.push_str("]><l>&a29;</l>");
        assert!(!check("xml", laughs.as_bytes()).is_empty());
    }

    #[test]
    fn text_is_utf8_and_the_place_of_the_bad_byte_is_known() {
        assert_eq!(check_base(Format::Text, b"a\xc3\xa4\n"), []);
        assert_eq!(place(&check_base(Format::Text, b"a\nb\xff")), Some((2, Some(2))));
        assert_eq!(place(&check_base(Format::Text, b"a\n\nb\0")), Some((3, Some(2))));
        assert_eq!(check_base(Format::Opaque, b"\xff"), []);
        assert_eq!(place(&check("json", b"{\n\xff}")), Some((2, Some(1))));
    }

    #[test]
    fn extensions_promise_formats() {
        assert_eq!(by_path("/etc/a/b.YML"), Some("yaml"));
        assert_eq!(by_path("/etc/a.json/b"), None);
        assert_eq!(by_path("/etc/json"), None);
    }
}
