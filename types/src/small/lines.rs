//! Lines, kept as they are, with what they say; and what is wrong with them.

use crate::{Refused, Severity};
use std::borrow::Cow;
use std::ops::Range;

/// What a line of a file says.
pub trait Entry {
    /// The format, as messages name it.
    const FORMAT: &'static str;

    /// The line, without its line feed; refused is what the format cannot carry.
    fn print(&self) -> Result<String, Refused>;
}

/// One line of a file; several where the format has statements over several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<E> {
    /// The line without its last line feed, verbatim.
    pub text: String,
    /// What it says; nothing if it is blank, a comment, or wrong.
    pub entry: Option<E>,
}

/// A file: its lines in order, and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File<E> {
    lines: Vec<Line<E>>,
    /// Whether the last line has its line feed.
    complete: bool,
}

impl<E> Default for File<E> {
    fn default() -> Self {
        Self { lines: Vec::new(), complete: true }
    }
}

impl<E> File<E> {
    /// A file without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines.
    pub fn lines(&self) -> &[Line<E>] {
        &self.lines
    }

    /// What the lines say, in order, each with the number, from 1, of the line on which it begins.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &E)> {
        let mut next = 1u32;
        self.lines.iter().filter_map(move |line| {
            let number = next;
            next = next.saturating_add(feeds(&line.text)).saturating_add(1);
            Some((number, line.entry.as_ref()?))
        })
    }

    /// The file as text: byte for byte what was parsed, if nothing was added.
    pub fn print(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            out.push_str(&line.text);
            out.push('\n');
        }
        if !self.complete {
            out.pop();
        }
        out
    }

    /// Adds a comment at the end; `text` without the `#`. Control characters become blanks.
    pub fn comment(&mut self, text: &str) {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.add(format!("# {text}"), None);
    }

    fn add(&mut self, text: String, entry: Option<E>) {
        self.lines.push(Line { text, entry });
        self.complete = true;
    }
}

impl<E: Entry> File<E> {
    /// Adds a line at the end.
    pub fn push(&mut self, entry: E) -> Result<(), Refused> {
        let text = entry.print()?;
        self.add(text, Some(entry));
        Ok(())
    }
}

/// How many line feeds a text holds.
fn feeds(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// A line that was printed, if it reads as what it was printed for: the last guard against what a column may do to
/// another.
pub(super) fn verified<E: Entry + PartialEq>(
    line: String,
    entry: &E,
    read: impl FnOnce(&str) -> (File<E>, Vec<Problem>),
) -> Result<String, Refused> {
    let (file, problems) = read(&format!("{line}\n"));
    if let Some(problem) = problems.iter().find(|problem| problem.severity == Severity::Error) {
        return Err(Refused::rule(E::FORMAT, "an entry", problem.what));
    }
    match file.lines() {
        [only] if only.entry.as_ref() == Some(entry) => Ok(line),
        _ => Err(Refused::rule(E::FORMAT, "an entry", "it would be read as something else")),
    }
}

/// Something wrong in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u32,
    /// Columns in characters, from 1; the end is the first behind it.
    pub columns: Range<u32>,
    /// What is wrong, as a clause without words of the file, which may be secret.
    pub what: &'static str,
    /// The word of the file that is wrong, if it is one.
    pub word: Option<String>,
    /// What to do; borrowed if it says nothing of the file's words.
    pub help: Cow<'static, str>,
    /// An error is what the reader rejects, ignores, or never acts upon; a warning what it reads in a way that is hardly
    /// meant.
    pub severity: Severity,
}

impl Problem {
    /// What is wrong, with the word.
    pub fn message(&self) -> String {
        match &self.word {
            Some(word) => format!("{}: {word:?}", self.what),
            None => self.what.to_owned(),
        }
    }
}

/// The longest word that a message repeats, in characters.
const LONGEST_WORD: usize = 60;

/// A line that is being read, or the lines of one statement, and what was found wrong so far.
pub(super) struct Reader<'t> {
    /// The line without its last line feed.
    pub(super) text: &'t str,
    number: u32,
    /// Whether a line feed ends it.
    pub(super) ended: bool,
    /// A byte with the number of its line and where that begins, for problems found in order.
    last: (usize, u32, usize),
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Reports a mistake in these bytes of the line.
    pub(super) fn error(
        &mut self,
        bytes: Range<usize>,
        what: &'static str,
        help: impl Into<Cow<'static, str>>,
    ) {
        self.problem(Severity::Error, bytes, what, help.into());
    }

    /// Reports what is hardly meant.
    pub(super) fn warning(
        &mut self,
        bytes: Range<usize>,
        what: &'static str,
        help: impl Into<Cow<'static, str>>,
    ) {
        self.problem(Severity::Warning, bytes, what, help.into());
    }

    fn problem(
        &mut self,
        severity: Severity,
        bytes: Range<usize>,
        what: &'static str,
        help: Cow<'static, str>,
    ) {
        let problem = self.made(severity, bytes, what, help);
        self.problems.push(problem);
    }

    fn made(
        &mut self,
        severity: Severity,
        bytes: Range<usize>,
        what: &'static str,
        help: Cow<'static, str>,
    ) -> Problem {
        let (line, start) = self.line_of(bytes.start);
        // What goes on in the next line is told to the end of this one.
        let first = self.text.get(bytes.clone()).and_then(|word| word.find('\n'));
        let bytes = bytes.start..first.map_or(bytes.end, |length| bytes.start + length);
        let column = |byte: usize| {
            let head = self.text.get(start..byte).unwrap_or_default();
            u32::try_from(head.chars().count()).unwrap_or(u32::MAX).saturating_add(1)
        };
        let columns = column(bytes.start)..column(bytes.end);
        let word = self.text.get(bytes).filter(|word| !word.is_empty());
        let word = word.map(|word| match word.char_indices().nth(LONGEST_WORD) {
            Some((end, _)) => format!("{}…", &word[..end]),
            None => word.to_owned(),
        });
        Problem { line, columns, what, word, help, severity }
    }

    /// What is hardly meant, to be reported when more is known.
    pub(super) fn later(&mut self, bytes: Range<usize>, what: &'static str, help: String) -> Problem {
        self.made(Severity::Warning, bytes, what, help.into())
    }

    /// The number of the line that holds a byte, and the byte at which it begins.
    pub(super) fn line_of(&mut self, byte: usize) -> (u32, usize) {
        let byte = byte.min(self.text.len());
        let (from, mut line, mut start) = match self.last {
            last if last.0 <= byte => last,
            _ => (0, self.number, 0),
        };
        for (at, _) in self.text.get(from..byte).unwrap_or_default().match_indices('\n') {
            line = line.saturating_add(1);
            start = from + at + 1;
        }
        self.last = (byte, line, start);
        (line, start)
    }

    /// Reports a mistake of the whole line, which is not repeated.
    pub(super) fn error_of_line(&mut self, what: &'static str, help: impl Into<Cow<'static, str>>) {
        self.error(0..self.text.len(), what, help);
        if let Some(problem) = self.problems.last_mut() {
            problem.word = None;
        }
    }

    /// Reports what systemd 255 refuses and systemd 257 takes, as the host's release asks for. Gives whether it is refused.
    pub(super) fn newer(&mut self, bytes: Range<usize>, what: &'static str, systemd: Option<u16>) -> bool {
        match systemd {
            Some(257..) => false,
            Some(..=255) => {
                self.error(bytes, what, "the host has an older systemd, which refuses the line");
                true
            }
            Some(256) | None => {
                self.warning(
                    bytes,
                    what,
                    "older ones refuse the line: leave it out unless the host has a newer one",
                );
                false
            }
        }
    }

    /// The number of the line, from 1.
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

/// Reads a text line by line.
pub(super) fn read<E>(text: &str, line: impl FnMut(&mut Reader<'_>) -> Option<E>) -> (File<E>, Vec<Problem>) {
    read_statements(text, first_line, line)
}

/// The length of the first line, with its line feed.
pub(super) fn first_line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |feed| feed + 1)
}

/// Reads a text statement by statement; `length` gives the bytes of the first one: whole lines, at least one.
/// Problems are told fastest in the order of their places.
pub(super) fn read_statements<E>(
    text: &str,
    length: impl Fn(&str) -> usize,
    mut line: impl FnMut(&mut Reader<'_>) -> Option<E>,
) -> (File<E>, Vec<Problem>) {
    let mut file = File { lines: Vec::new(), complete: text.is_empty() || text.ends_with('\n') };
    let mut problems = Vec::new();
    let mut number = 1;
    let mut rest = text;
    while !rest.is_empty() {
        let whole;
        (whole, rest) = rest.split_at(length(rest));
        let raw = whole.strip_suffix('\n').unwrap_or(whole);
        let ended = whole.len() > raw.len();
        let mut reader = Reader { text: raw, number, ended, last: (0, number, 0), problems };
        let entry = if raw.contains('\0') {
            reader.error_of_line("the line holds a NUL character", "the rest of the line would not be read");
            None
        } else {
            line(&mut reader)
        };
        problems = reader.problems;
        number += feeds(whole);
        file.lines.push(Line { text: raw.to_owned(), entry });
    }
    (file, problems)
}
