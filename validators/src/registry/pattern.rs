//! What programs say, as patterns: literal text with holes `{file}`, `{line}`, `{column}`, `{message}`, `{key}` for the word
//! that begins the line where the program names none, and `{_}` and `{*}` for anything. `{message}` and `{*}` take as much as they can, the others as little. A line break in a pattern joins lines.

/// What a matched line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An error, whatever the exit code.
    Error,
    /// A warning.
    Warning,
    /// An error if the exit code is a bad one, otherwise a warning.
    AsExit,
}

/// A shape of what a program says.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// The text with its holes.
    pub text: &'static str,
    /// What it means.
    pub level: Level,
}

/// Shorthand for an error's pattern.
pub(super) const fn error(text: &'static str) -> Pattern {
    Pattern { text, level: Level::Error }
}

/// Shorthand for a warning's pattern.
pub(super) const fn warning(text: &'static str) -> Pattern {
    Pattern { text, level: Level::Warning }
}

/// Shorthand for the pattern of a line that means what the exit code means.
pub(super) const fn either(text: &'static str) -> Pattern {
    Pattern { text, level: Level::AsExit }
}

/// What the holes took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// `{file}`.
    pub file: Option<String>,
    /// `{line}`.
    pub line: Option<u32>,
    /// `{column}`.
    pub column: Option<u32>,
    /// `{message}`.
    pub message: String,
    /// `{key}`.
    pub key: Option<String>,
}

/// Steps that one match may take, so that no output makes it slow.
const FUEL: usize = 20_000;

impl Pattern {
    /// How many lines it joins.
    pub fn lines(&self) -> usize {
        self.text.matches('\n').count() + 1
    }

    /// Matches a whole text.
    pub fn matches(&self, text: &str) -> Option<Capture> {
        let mut capture = Capture::default();
        let mut fuel = FUEL;
        step(self.text, text, &mut capture, &mut fuel).then_some(capture)
    }
}

fn step(pattern: &str, text: &str, capture: &mut Capture, fuel: &mut usize) -> bool {
    *fuel = fuel.saturating_sub(1);
    if *fuel == 0 {
        return false;
    }
    let Some(open) = pattern.find('{') else { return pattern == text };
    let Some(text) = text.strip_prefix(&pattern[..open]) else { return false };
    let Some(close) = pattern[open..].find('}').map(|close| close + open) else { return false };
    let (hole, rest) = (&pattern[open + 1..close], &pattern[close + 1..]);
    let literal = &rest[..rest.find('{').unwrap_or(rest.len())];
    let mut ends: Vec<usize> = if literal.is_empty() {
        vec![text.len()]
    } else {
        text.match_indices(literal).map(|(at, _)| at).collect()
    };
    if matches!(hole, "message" | "*") {
        ends.reverse();
    }
    for end in ends {
        let taken = &text[..end];
        let number = taken.parse::<u32>().ok();
        let fits = match hole {
            "line" | "column" => number.is_some(),
            "file" => !taken.is_empty() && !taken.contains('\n') && !taken.contains(": "),
            "message" => !taken.is_empty(),
            "key" => !taken.is_empty() && !taken.contains('\n'),
            _ => true,
        };
        if fits && step(rest, &text[end..], capture, fuel) {
            match hole {
                "line" => capture.line = number,
                "column" => capture.column = number,
                "file" => capture.file = Some(taken.to_owned()),
                "message" => capture.message = taken.to_owned(),
                "key" => capture.key = Some(taken.to_owned()),
                _ => {}
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{Capture, error};

    #[test]
    fn the_message_takes_as_much_as_it_can() {
        let pattern = error("nginx: [emerg] {message} in {file}:{line}");
        let found =
            pattern.matches("nginx: [emerg] host not found in upstream \"x\" in /etc/nginx/nginx.conf:12");
        let expected = Capture {
            file: Some("/etc/nginx/nginx.conf".to_owned()),
            line: Some(12),
            column: None,
            message: "host not found in upstream \"x\"".to_owned(),
            key: None,
        };
        assert_eq!(found, Some(expected));
        assert_eq!(pattern.matches("nginx: [emerg] x in /etc/nginx/nginx.conf:"), None);
        assert_eq!(pattern.matches(""), None);
    }

    #[test]
    fn two_lines_are_one_message() {
        let pattern = error("{_}Syntax error on line {line} of {file}:\n{message}");
        assert_eq!(pattern.lines(), 2);
        let found =
            pattern.matches("AH00526: Syntax error on line 1 of /a/b.conf:\nInvalid command").unwrap();
        assert_eq!((found.line, found.message.as_str()), (Some(1), "Invalid command"));
    }

    #[test]
    fn a_long_line_costs_no_exponential_time() {
        let pattern = error("{_}:{_}:{_}:{_}:{_}:{_}:{line}!");
        assert_eq!(pattern.matches(&":".repeat(10_000)), None);
    }
}
