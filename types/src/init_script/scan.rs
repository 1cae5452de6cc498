//! The shell of a script, read far enough to know what stands where: comments, assignments, commands, functions. Nothing is
//! expanded. What the syntax of a shell has beyond that is passed over.

use std::ops::Range;

/// A variable that is set.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: Range<usize>,
    /// The word behind `=`, with its quotes.
    pub(super) value: Range<usize>,
    /// Whether it stands outside of functions.
    pub(super) top: bool,
}

/// A command with its words.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) words: Vec<Range<usize>>,
    /// The name of the function that it stands in.
    pub(super) function: Option<Range<usize>>,
}

/// What stands in a script; all ranges are bytes of its text.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    pub(super) comments: Vec<Range<usize>>,
    pub(super) variables: Vec<Variable>,
    pub(super) commands: Vec<Command>,
    /// Names of functions, where they are defined.
    pub(super) functions: Vec<Range<usize>>,
}

/// A quote or bracket that nothing closes.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) at: Range<usize>,
    /// Whether it is closed, but only by what looks like the begin of another.
    pub(super) doubtful: bool,
}

/// Brackets and quotes within each other; more than that is no script.
const DEEPEST: usize = 100;

impl Script {
    pub(super) fn read(text: &str) -> Result<Self, Open> {
        let mut scan = Scan {
            text,
            at: 0,
            depth: 0,
            quiet: 0,
            here: Vec::new(),
            suspect: None,
            script: Self::default(),
        };
        match scan.list(None) {
            Ok(()) => Ok(scan.script),
            // The quote to blame is mostly the first that took a line for its own.
            Err(open) => Err(scan
                .suspect
                .filter(|at| at.start < open.start)
                .map_or(Open { at: open, doubtful: false }, |at| Open { at, doubtful: true })),
        }
    }
}

/// What a `)` or `}` may close.
enum Bracket {
    Paren(Range<usize>),
    Brace(Range<usize>, Option<Range<usize>>),
    Case,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Within how many command substitutions.
    quiet: usize,
    /// Documents that begin on the next line: the word that ends each, and whether tabs stand before it.
    here: Vec<(String, bool)>,
    suspect: Option<Range<usize>>,
    script: Script,
}

/// Words behind which a command begins.
const OPENERS: &[&str] = &["then", "do", "else", "elif", "if", "while", "until", "!", "time"];

type Closed = Result<(), Range<usize>>;

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Commands up to the end, or to the `)` that closes the bracket at `open`.
    fn list(&mut self, open: Option<Range<usize>>) -> Closed {
        let mut brackets: Vec<Bracket> = Vec::new();
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut pending: Option<Range<usize>> = None;
        loop {
            let Some(c) = self.next() else {
                self.command(&mut words, &brackets);
                if let Some(open) = open {
                    return Err(open);
                }
                let first = brackets.into_iter().find_map(|bracket| match bracket {
                    Bracket::Paren(at) | Bracket::Brace(at, _) => Some(at),
                    Bracket::Case => None,
                });
                return first.map_or(Ok(()), Err);
            };
            match c {
                ' ' | '\t' | '\r' => self.at += 1,
                '\\' if self.rest()[1..].starts_with('\n') => self.at += 2,
                '#' => self.comment(),
                '\n' => {
                    self.command(&mut words, &brackets);
                    self.at += 1;
                    self.documents();
                }
                ';' | '&' | '|' => {
                    self.command(&mut words, &brackets);
                    self.at += 1;
                }
                '<' | '>' => self.redirection()?,
                '(' => {
                    let here = self.at..self.at + 1;
                    if let ([name], true) = (&words[..], self.closes_at_once())
                        && is_name(&self.text[name.clone()])
                    {
                        pending = Some(name.clone());
                        if self.quiet == 0 {
                            self.script.functions.push(name.clone());
                        }
                        words.clear();
                        self.at += self.rest().find(')').unwrap_or_default() + 1;
                    } else if words.is_empty() && self.rest().starts_with("((") {
                        self.at += 2;
                        self.arithmetic(here)?;
                    } else {
                        if words.is_empty() || pending.is_some() {
                            self.command(&mut words, &brackets);
                        }
                        pending = None;
                        brackets.push(Bracket::Paren(here));
                        self.at += 1;
                    }
                }
                ')' => {
                    match brackets.last() {
                        Some(Bracket::Case) => words.clear(),
                        Some(Bracket::Paren(_)) => {
                            self.command(&mut words, &brackets);
                            brackets.pop();
                        }
                        _ if open.is_some() => {
                            self.command(&mut words, &brackets);
                            self.at += 1;
                            return Ok(());
                        }
                        _ => {}
                    }
                    self.at += 1;
                }
                _ => {
                    let start = self.at;
                    self.word()?;
                    let word = &self.text[start..self.at];
                    match (words.is_empty(), word) {
                        (true, "{") => brackets.push(Bracket::Brace(start..self.at, pending.take())),
                        (true, "}") => {
                            if matches!(brackets.last(), Some(Bracket::Brace(..))) {
                                brackets.pop();
                            }
                        }
                        (true, "case") => {
                            brackets.push(Bracket::Case);
                            words.push(start..self.at);
                        }
                        (true, "esac") => {
                            if matches!(brackets.last(), Some(Bracket::Case)) {
                                brackets.pop();
                            }
                        }
                        (true, opener) if OPENERS.contains(&opener) => {}
                        (false, "in") if words.len() == 2 && self.is(&words, "case") => words.clear(),
                        (false, "{") if words.len() == 2 && self.is(&words, "function") => {
                            let name = words[1].clone();
                            if self.quiet == 0 {
                                self.script.functions.push(name.clone());
                            }
                            words.clear();
                            brackets.push(Bracket::Brace(start..self.at, Some(name)));
                        }
                        (true, _) if self.assignment(start, &brackets) => {}
                        _ => words.push(start..self.at),
                    }
                }
            }
        }
    }

    fn is(&self, words: &[Range<usize>], first: &str) -> bool {
        words.first().is_some_and(|word| &self.text[word.clone()] == first)
    }

    /// Whether `(` and `)` stand here.
    fn closes_at_once(&self) -> bool {
        self.rest()[1..].trim_start_matches([' ', '\t']).starts_with(')')
    }

    fn command(&mut self, words: &mut Vec<Range<usize>>, brackets: &[Bracket]) {
        let words = std::mem::take(words);
        if !words.is_empty() && self.quiet == 0 {
            self.script.commands.push(Command { words, function: function(brackets) });
        }
    }

    fn assignment(&mut self, start: usize, brackets: &[Bracket]) -> bool {
        let word = &self.text[start..self.at];
        let Some((name, _)) = word.split_once('=') else { return false };
        let plain = name.strip_suffix('+').unwrap_or(name);
        if !is_name(plain) {
            return false;
        }
        if self.quiet == 0 {
            let value = start + name.len() + 1..self.at;
            let top = function(brackets).is_none();
            self.script.variables.push(Variable { name: start..start + plain.len(), value, top });
        }
        true
    }

    fn comment(&mut self) {
        let end = self.at + self.rest().find('\n').unwrap_or(self.rest().len());
        self.script.comments.push(self.at..end);
        self.at = end;
    }

    fn redirection(&mut self) -> Closed {
        let document = self.rest().starts_with("<<") && !self.rest().starts_with("<<<");
        self.at += self.rest().len() - self.rest().trim_start_matches(['<', '>', '&', '|']).len();
        let tabs = document && self.rest().starts_with('-');
        self.at += usize::from(tabs);
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        let start = self.at;
        if self.next().is_some_and(|c| !matches!(c, '\n' | ';' | '(' | ')' | '#')) {
            self.word()?;
        }
        if document {
            let end = self.text[start..self.at].chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
            self.here.push((end, tabs));
        }
        Ok(())
    }

    /// Skips the documents that begin on this line.
    fn documents(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.here) {
            while !self.rest().is_empty() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (self.at + line.len() + 1).min(self.text.len());
                if (if tabs { line.trim_start_matches('\t') } else { line }) == end {
                    break;
                }
            }
        }
    }

    /// A word up to what ends it.
    fn word(&mut self) -> Closed {
        let start = self.at;
        while let Some(c) = self.next() {
            match c {
                ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                _ => self.piece(c)?,
            }
        }
        if self.at == start {
            self.at += self.next().map_or(0, char::len_utf8);
        }
        Ok(())
    }

    /// One character, or what a quote, `\` or `$` makes of it and those behind it.
    fn piece(&mut self, c: char) -> Closed {
        match c {
            '\\' => self.escaped(),
            '\'' => self.single()?,
            '"' => self.double()?,
            '`' => self.backquoted()?,
            '$' => self.dollar(false)?,
            c => self.at += c.len_utf8(),
        }
        Ok(())
    }

    fn escaped(&mut self) {
        self.at += 1;
        self.at += self.next().map_or(0, char::len_utf8);
    }

    fn single(&mut self) -> Closed {
        let open = self.at..self.at + 1;
        let Some(end) = self.rest()[1..].find('\'') else { return Err(open) };
        self.at += end + 2;
        self.suspected(open);
        Ok(())
    }

    fn double(&mut self) -> Closed {
        let open = self.at..self.at + 1;
        self.at += 1;
        while let Some(c) = self.next() {
            match c {
                '"' => {
                    self.at += 1;
                    self.suspected(open);
                    return Ok(());
                }
                '\\' => self.escaped(),
                '`' => self.backquoted()?,
                '$' => self.dollar(true)?,
                c => self.at += c.len_utf8(),
            }
        }
        Err(open)
    }

    fn backquoted(&mut self) -> Closed {
        let open = self.at..self.at + 1;
        self.at += 1;
        while let Some(c) = self.next() {
            match c {
                '`' => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' => self.escaped(),
                c => self.at += c.len_utf8(),
            }
        }
        Err(open)
    }

    /// Notes a quote that holds a line which looks like one of a script.
    fn suspected(&mut self, open: Range<usize>) {
        let inside = &self.text[open.start..self.at];
        let statement = |line: &str| {
            let word = line.split([' ', '=', '(']).next().unwrap_or_default();
            let sets = line.strip_prefix(word).is_some_and(|rest| rest.starts_with('=')) && is_name(word);
            let defines = line.strip_prefix(word).is_some_and(|rest| rest.starts_with("()")) && is_name(word);
            sets || defines
                || matches!(word, "rc_cmd" | "run_rc_command" | "load_rc_config")
                || line.starts_with(". /")
        };
        if self.suspect.is_none() && self.quiet == 0 && inside.split('\n').skip(1).any(statement) {
            self.suspect = Some(open);
        }
    }

    fn dollar(&mut self, quoted: bool) -> Closed {
        let rest = self.rest();
        let open = self.at..self.at + 2;
        if self.depth >= DEEPEST {
            self.at += 1;
            return Ok(());
        }
        self.depth += 1;
        let closed = if rest.starts_with("$((") {
            self.at += 3;
            self.arithmetic(open)
        } else if rest.starts_with("$(") {
            self.at += 2;
            self.quiet += 1;
            let closed = self.list(Some(open));
            self.quiet -= 1;
            closed
        } else if rest.starts_with("${") {
            self.at += 2;
            self.parameter(open, quoted)
        } else {
            self.at += 1;
            Ok(())
        };
        self.depth -= 1;
        closed
    }

    /// Up to the `))` of arithmetic.
    fn arithmetic(&mut self, open: Range<usize>) -> Closed {
        let mut depth = 2;
        while let Some(c) = self.next() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                '$' if self.rest().starts_with("${") || self.rest().starts_with("$(") => {
                    self.dollar(false)?;
                    continue;
                }
                _ => {}
            }
            self.at += c.len_utf8();
            if depth == 0 {
                return Ok(());
            }
        }
        Err(open)
    }

    /// Up to the `}` of `${`.
    fn parameter(&mut self, open: Range<usize>, quoted: bool) -> Closed {
        while let Some(c) = self.next() {
            match c {
                '}' => {
                    self.at += 1;
                    return Ok(());
                }
                '\'' if quoted => self.at += 1,
                '$' => self.dollar(quoted)?,
                c => self.piece(c)?,
            }
        }
        Err(open)
    }
}

/// The function that the innermost brackets are the body of.
fn function(brackets: &[Bracket]) -> Option<Range<usize>> {
    brackets.iter().rev().find_map(|bracket| match bracket {
        Bracket::Brace(_, name) => name.clone(),
        Bracket::Paren(_) | Bracket::Case => None,
    })
}

/// Whether a word may name a variable or a function; functions have `-`, `.` and `:` in their names, too.
fn is_name(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}
