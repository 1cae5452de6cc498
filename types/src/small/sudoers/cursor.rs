//! Words of sudoers: what ends them, what quotes and backslashes make of them.

use std::ops::Range;

/// A place in a statement.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The length of a continuation, `\`, blanks and a line feed, at the beginning of a text; 0 if there is none.
fn continuation(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('\\') else { return 0 };
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix('\r').filter(|rest| rest.starts_with('\n')).unwrap_or(rest);
    if rest.starts_with('\n') { text.len() - rest.len() + 1 } else { 0 }
}

/// Whether what begins with `#` is a comment, and not the number of a user.
fn is_comment(text: &str) -> bool {
    let rest = &text[1..];
    !rest.strip_prefix('-').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit())
}

/// The bytes of the first statement: a line with those that continue it.
pub(super) fn length(text: &str) -> usize {
    let mut at = 0;
    let mut quoted = false;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\n' => return at + 1,
            '\\' => {
                let length = continuation(&text[at..]);
                let next = text[at + 1..].chars().next().filter(|c| *c != '\n');
                at += if length > 0 { length } else { 1 + next.map_or(0, char::len_utf8) };
                continue;
            }
            '"' => quoted = !quoted,
            '#' if !quoted && is_comment(&text[at..]) => {
                return text[at..].find('\n').map_or(text.len(), |feed| at + feed + 1);
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}

/// A word: what it says, where it stands, and whether quotes or backslashes are in it.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) bytes: Range<usize>,
    pub(super) escaped: bool,
}

impl<'t> Cursor<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Skips blanks and continuations.
    pub(super) fn skip(&mut self) {
        loop {
            let blanks = self.rest().len() - self.rest().trim_start_matches(is_blank).len();
            let length = continuation(&self.rest()[blanks..]);
            self.at += blanks + length;
            if length == 0 {
                return;
            }
        }
    }

    /// Whether only blanks or a comment are left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip();
        let rest = self.rest();
        rest.is_empty() || rest == "\r" || (rest.starts_with('#') && is_comment(rest))
    }

    /// Takes a text that stands here, blanks before it skipped.
    pub(super) fn take(&mut self, text: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Takes `!`s; whether their number is odd.
    pub(super) fn negated(&mut self) -> bool {
        self.skip();
        let count = self.rest().len() - self.rest().trim_start_matches('!').len();
        self.at += count;
        count % 2 == 1
    }

    /// The characters up to one that ends them; a backslash takes the next character, or `\xHH` that of the number.
    pub(super) fn run(&mut self, ends: impl Fn(char) -> bool) -> Word {
        let start = self.at;
        let mut text = String::new();
        let mut escaped = false;
        while let Some(c) = self.rest().chars().next() {
            if c == '\\' {
                let behind = &self.rest()[1..];
                let next = behind.chars().next();
                let Some(next) = next.filter(|next| !matches!(next, '\n' | '\t' | '\r')) else { break };
                if continuation(self.rest()) > 0 {
                    break;
                }
                escaped = true;
                let digits = behind.strip_prefix('x').and_then(|hex| hex.get(..2));
                let code = digits.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii) {
                    Some(code) => {
                        text.push(char::from(code));
                        self.at += 4;
                    }
                    None => {
                        text.push(next);
                        self.at += 1 + next.len_utf8();
                    }
                }
            } else if ends(c) || matches!(c, '\n' | '\r') {
                break;
            } else {
                text.push(c);
                self.at += c.len_utf8();
            }
        }
        Word { text, bytes: start..self.at, escaped }
    }

    /// A text in quotes, where `\"` is a quote and a continuation nothing; or where the quote stands that is not closed.
    pub(super) fn string(&mut self) -> Result<Word, usize> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            let length = continuation(self.rest());
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(Word { text, bytes: start..self.at, escaped: true });
                }
                '\\' if length > 0 => {
                    self.at += length;
                    self.at += self.rest().len() - self.rest().trim_start_matches(is_blank).len();
                }
                '\\' if self.rest()[1..].starts_with('"') => {
                    text.push('"');
                    self.at += 2;
                }
                '\n' => break,
                c => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        Err(start)
    }

    /// A word of a list of users or hosts.
    pub(super) fn word(&mut self) -> Word {
        self.run(|c| matches!(c, '#' | '>' | '!' | '=' | ':' | ',' | '(' | ')' | ' ' | '\t' | '"'))
    }

    /// `#NUMBER`, if that stands here.
    pub(super) fn id(&mut self) -> Option<(i64, Range<usize>)> {
        let rest = self.rest().strip_prefix('#')?;
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[..sign + digits].parse().ok()?;
        let start = self.at;
        self.at += 1 + sign + digits;
        Some((number, start..self.at))
    }
}
