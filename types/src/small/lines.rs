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

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<E> {
    /// The line without its line feed, verbatim.
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

    /// What the lines say, in order, each with its number from 1.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &E)> {
        (1..).zip(&self.lines).filter_map(|(number, line)| Some((number, line.entry.as_ref()?)))
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

/// A line that is being read, and what was found wrong so far.
pub(super) struct Reader<'t> {
    /// The line without its line feed.
    pub(super) text: &'t str,
    number: u32,
    /// Whether a line feed ends it.
    pub(super) ended: bool,
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
        self.problem(Severity::Error, self.number, bytes, what, help.into());
    }

    /// Reports what is hardly meant.
    pub(super) fn warning(
        &mut self,
        bytes: Range<usize>,
        what: &'static str,
        help: impl Into<Cow<'static, str>>,
    ) {
        self.problem(Severity::Warning, self.number, bytes, what, help.into());
    }

    fn problem(
        &mut self,
        severity: Severity,
        line: u32,
        bytes: Range<usize>,
        what: &'static str,
        help: Cow<'static, str>,
    ) {
        let column = |byte: usize| {
            let head = self.text.get(..byte).unwrap_or(self.text);
            u32::try_from(head.chars().count()).unwrap_or(u32::MAX).saturating_add(1)
        };
        let columns = column(bytes.start)..column(bytes.end);
        let word = self.text.get(bytes).filter(|word| !word.is_empty());
        let word = word.map(|word| match word.char_indices().nth(LONGEST_WORD) {
            Some((end, _)) => format!("{}…", &word[..end]),
            None => word.to_owned(),
        });
        self.problems.push(Problem { line, columns, what, word, help, severity });
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
pub(super) fn read<E>(
    text: &str,
    mut line: impl FnMut(&mut Reader<'_>) -> Option<E>,
) -> (File<E>, Vec<Problem>) {
    let mut file = File { lines: Vec::new(), complete: text.is_empty() || text.ends_with('\n') };
    let mut problems = Vec::new();
    for (number, whole) in (1..).zip(text.split_inclusive('\n')) {
        let raw = whole.strip_suffix('\n').unwrap_or(whole);
        let ended = whole.len() > raw.len();
        let mut reader = Reader { text: raw, number, ended, problems };
        let entry = if raw.contains('\0') {
            reader.error_of_line("the line holds a NUL character", "the rest of the line would not be read");
            None
        } else {
            line(&mut reader)
        };
        problems = reader.problems;
        file.lines.push(Line { text: raw.to_owned(), entry });
    }
    (file, problems)
}
