//! From the tokens of a TOML file to lines. The text was parsed before: what follows what is known to be right.

use super::lines::{Kind, Line};
use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// Columns that a list on one line may take; a longer one is broken, an item a line.
const LONGEST: usize = 110;
const INDENT: &str = "    ";

/// The lines of a file.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut printer = Printer {
        text,
        tokens: Source::new(text).lex().collect(),
        at: 0,
        lines: Vec::new(),
        line: String::new(),
        depth: 0,
    };
    printer.file();
    printer.lines
}

struct Printer<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    lines: Vec<Line>,
    /// The line that is being written, without its indentation.
    line: String,
    /// Lists around it.
    depth: usize,
}

/// What a list was when it could not be printed on one line after all.
struct Mark {
    at: usize,
    lines: usize,
    line: usize,
}

impl Printer<'_> {
    fn kind(&self) -> TokenKind {
        self.tokens.get(self.at).map_or(TokenKind::Eof, Token::kind)
    }

    /// Takes a token as it was written.
    fn take(&mut self) -> &str {
        let span = self.tokens.get(self.at).map(Token::span);
        self.at += 1;
        span.and_then(|span| self.text.get(span.start()..span.end())).unwrap_or_default()
    }

    fn copy(&mut self) {
        let token = self.take().to_owned();
        self.line.push_str(&token);
    }

    fn skip(&mut self, kinds: &[TokenKind]) {
        while kinds.contains(&self.kind()) {
            self.at += 1;
        }
    }

    fn file(&mut self) {
        let mut breaks = 0;
        loop {
            match self.kind() {
                TokenKind::Eof => return,
                TokenKind::Whitespace => self.at += 1,
                TokenKind::Newline => {
                    self.at += 1;
                    breaks += 1;
                    if breaks > 1 {
                        self.lines.push(Line::default());
                    }
                    continue;
                }
                TokenKind::Comment => {
                    let text = self.take().trim_end().to_owned();
                    self.lines.push(Line { text, comment: None, kind: Kind::Comment });
                }
                TokenKind::LeftSquareBracket => {
                    while !matches!(self.kind(), TokenKind::Newline | TokenKind::Comment | TokenKind::Eof) {
                        self.skip(&[TokenKind::Whitespace]);
                        if !matches!(self.kind(), TokenKind::Newline | TokenKind::Comment | TokenKind::Eof) {
                            self.copy();
                        }
                    }
                    self.end(Kind::Header);
                }
                _ => {
                    self.entry();
                    self.skip(&[TokenKind::Whitespace]);
                    self.end(Kind::Entry);
                }
            }
            breaks = 0;
        }
    }

    /// Ends the line, with the comment behind it.
    fn end(&mut self, kind: Kind) {
        let comment = match self.kind() {
            TokenKind::Comment => Some(self.take().trim_end().to_owned()),
            _ => None,
        };
        let indent = INDENT.repeat(self.depth);
        let text = format!("{indent}{}", std::mem::take(&mut self.line));
        self.lines.push(Line { text: text.trim_end_matches(' ').to_owned(), comment, kind });
    }

    /// `key.key = value`.
    fn entry(&mut self) {
        while self.kind() != TokenKind::Equals && self.kind() != TokenKind::Eof {
            self.skip(&[TokenKind::Whitespace]);
            if self.kind() != TokenKind::Equals {
                self.copy();
            }
        }
        self.at += 1;
        self.line.push_str(" = ");
        self.skip(&[TokenKind::Whitespace]);
        self.value();
    }

    fn value(&mut self) {
        match self.kind() {
            TokenKind::LeftSquareBracket => self.list(TokenKind::RightSquareBracket),
            TokenKind::LeftCurlyBracket => self.list(TokenKind::RightCurlyBracket),
            _ => self.scalar(),
        }
    }

    /// A text or a number; a date may have a blank before its time.
    fn scalar(&mut self) {
        loop {
            self.copy();
            let next = self.tokens.get(self.at + 1).map(Token::kind);
            match self.kind() {
                TokenKind::Dot | TokenKind::Atom => {}
                TokenKind::Whitespace if next == Some(TokenKind::Atom) => {
                    self.at += 1;
                    self.line.push(' ');
                }
                _ => return,
            }
        }
    }

    fn list(&mut self, close: TokenKind) {
        if self.is_broken(close) {
            return self.broken(close);
        }
        let mark = Mark { at: self.at, lines: self.lines.len(), line: self.line.len() };
        self.on_one_line(close);
        let one_line = mark.lines == self.lines.len();
        let longest = self.line.split('\n').map(|line| line.chars().count()).max().unwrap_or_default();
        let has_items = self.at > mark.at + 2;
        let too_long = longest + self.depth * INDENT.len() > LONGEST;
        // Readers of TOML 1.0 know no tables in braces that are broken.
        if one_line && too_long && has_items && close == TokenKind::RightSquareBracket {
            self.at = mark.at;
            self.line.truncate(mark.line);
            self.broken(close);
        }
    }

    /// Whether a list was written with an item a line: a line ends behind its bracket, or a comment stands in it.
    fn is_broken(&self, close: TokenKind) -> bool {
        let mut inside = self.tokens[self.at + 1..].iter().map(Token::kind).peekable();
        while inside.peek() == Some(&TokenKind::Whitespace) {
            inside.next();
        }
        if inside.peek() == Some(&TokenKind::Newline) {
            // `[` and `]` with nothing between them are one word.
            return inside.find(|kind| !matches!(kind, TokenKind::Whitespace | TokenKind::Newline))
                != Some(close);
        }
        let mut depth = 0_usize;
        for kind in inside {
            match kind {
                TokenKind::Comment if depth == 0 => return true,
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket if depth == 0 => return false,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => depth -= 1,
                TokenKind::Eof => return false,
                _ => {}
            }
        }
        false
    }

    fn on_one_line(&mut self, close: TokenKind) {
        const BETWEEN: &[TokenKind] = &[TokenKind::Whitespace, TokenKind::Newline, TokenKind::Comma];
        let table = close == TokenKind::RightCurlyBracket;
        self.copy();
        let mut first = true;
        loop {
            self.skip(BETWEEN);
            if self.kind() == close || self.kind() == TokenKind::Eof {
                break;
            }
            match (first, table) {
                (true, true) => self.line.push(' '),
                (true, false) => {}
                (false, _) => self.line.push_str(", "),
            }
            first = false;
            if table { self.entry() } else { self.value() }
        }
        if table && !first {
            self.line.push(' ');
        }
        self.copy();
    }

    /// The items on lines of their own, those together that stood on one; a comma behind the last.
    fn broken(&mut self, close: TokenKind) {
        let table = close == TokenKind::RightCurlyBracket;
        self.copy();
        self.skip(&[TokenKind::Whitespace]);
        self.end(Kind::Entry);
        self.skip(&[TokenKind::Newline]);
        self.depth += 1;
        let first = self.lines.len();
        // Where the comma of the last item goes, if it has none yet: the line on which it ended, once that is over.
        let mut open: Option<Option<usize>> = None;
        let mut breaks = 1;
        let forced = !self.is_over_lines(close);
        loop {
            match self.kind() {
                TokenKind::Whitespace => self.at += 1,
                TokenKind::Newline => {
                    self.at += 1;
                    if self.line.is_empty() {
                        breaks += 1;
                        if breaks > 1 && self.lines.len() > first {
                            self.lines.push(Line::default());
                        }
                    } else {
                        self.item_line(&mut open);
                        breaks = 1;
                    }
                }
                TokenKind::Comment => {
                    if self.line.is_empty() {
                        // Alone on its line, so no comment behind something.
                        let text = format!("{}{}", INDENT.repeat(self.depth), self.take().trim_end());
                        self.lines.push(Line { text, comment: None, kind: Kind::Comment });
                    } else {
                        self.item_line(&mut open);
                    }
                    breaks = 0;
                }
                TokenKind::Comma => {
                    self.at += 1;
                    self.comma(&mut open);
                    if forced {
                        self.item_line(&mut open);
                    }
                }
                kind if kind == close || kind == TokenKind::Eof => break,
                _ => {
                    if !self.line.is_empty() {
                        self.line.push(' ');
                    }
                    if table {
                        self.entry()
                    } else {
                        self.value()
                    }
                    open = Some(None);
                }
            }
        }
        self.comma(&mut open);
        if !self.line.is_empty() {
            self.item_line(&mut open);
        }
        while self.lines.len() > first && self.lines.last().is_some_and(|line| line.kind == Kind::Blank) {
            self.lines.pop();
        }
        self.depth -= 1;
        self.copy();
    }

    /// Whether the rest of a list has line breaks of its own.
    fn is_over_lines(&self, close: TokenKind) -> bool {
        let mut depth = 0_usize;
        for kind in self.tokens[self.at..].iter().map(Token::kind) {
            match kind {
                TokenKind::Newline | TokenKind::Comment if depth == 0 => return true,
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                _ if kind == close && depth == 0 => return false,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
        false
    }

    fn item_line(&mut self, open: &mut Option<Option<usize>>) {
        self.end(Kind::Entry);
        if *open == Some(None) {
            *open = Some(Some(self.lines.len() - 1));
        }
    }

    /// Writes the comma of the last item behind it, though its line may be over.
    fn comma(&mut self, open: &mut Option<Option<usize>>) {
        match open.take() {
            Some(None) => self.line.push(','),
            Some(Some(line)) => self.lines[line].text.push(','),
            None => {}
        }
    }
}
