//! Commands of sudoers: digests, programs, their paths, patterns and arguments.

use super::super::ere;
use super::*;

/// Algorithms, with the bytes of their digests.
pub(super) const DIGESTS: &[(&str, usize)] =
    &[("sha224", 28), ("sha256", 32), ("sha384", 48), ("sha512", 64)];

impl Statement<'_, '_, '_> {
    /// A command; in `Defaults` without arguments and digests.
    pub(super) fn command(&mut self, bare: bool) -> Read<Member<Command>> {
        let mut digests = Vec::new();
        self.cursor.skip();
        while let Some((name, bytes)) = DIGESTS.iter().find(|(name, _)| !bare && self.begins(name)) {
            digests.push(self.digest(name, *bytes)?);
            if self.cursor.take(",") {
                self.cursor.skip();
                continue;
            }
            break;
        }
        let negated = self.cursor.negated();
        self.cursor.skip();
        let what = Command { digests, program: self.program(bare)? };
        Ok(Member { negated, what })
    }

    /// Whether a word stands here, and `:` behind it.
    fn begins(&self, word: &str) -> bool {
        let rest = self.cursor.rest().strip_prefix(word);
        rest.is_some_and(|rest| rest.trim_start_matches(is_blank).starts_with(':'))
    }

    fn digest(&mut self, name: &str, length: usize) -> Read<(String, String)> {
        self.cursor.at += name.len();
        self.cursor.take(":");
        self.cursor.skip();
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='))
            .unwrap_or(rest.len());
        let digest = &rest[..end];
        let hex = digest.len() == 2 * length && digest.bytes().all(|b| b.is_ascii_hexdigit());
        // sudo takes base64 for such only with its padding, which 48 bytes have none of.
        let base64 =
            digest.len() == 4 * length.div_ceil(3) && digest.ends_with('=') && !length.is_multiple_of(3);
        self.cursor.at += end;
        match hex || base64 {
            true => Ok((name.to_owned(), digest.to_owned())),
            false => wrong(
                start..start + end,
                "the digest has another length",
                "write it in hexadecimal or base64, as `sha256sum` and its like print it",
            ),
        }
    }

    fn program(&mut self, bare: bool) -> Read<Program> {
        let rest = self.cursor.rest();
        if rest.starts_with('/') {
            let path = self.path()?;
            if path.rsplit('/').next() == Some("sudoedit") {
                return wrong(
                    self.cursor.at - "sudoedit".len()..self.cursor.at,
                    "sudoedit has no path",
                    "write `sudoedit` alone",
                );
            }
            let directory = path.ends_with('/');
            let arguments = if bare || directory { Arguments::Any } else { self.arguments()? };
            return Ok(Program::Path(path, arguments));
        }
        if rest.starts_with('^') {
            let start = self.cursor.at;
            let pattern = self.regex()?;
            if let Some(problem) = ere::wrong(&pattern) {
                return wrong(start..self.cursor.at, "sudo cannot compile the regular expression", problem);
            }
            let arguments = if bare { Arguments::Any } else { self.arguments()? };
            return Ok(Program::Regex(pattern, arguments));
        }
        if rest.starts_with('"') {
            return wrong(
                self.here(),
                "a command stands in quotes",
                "write it without; `\\` stands before a blank in its path",
            );
        }
        let word = self.cursor.word();
        match word.text.as_str() {
            "ALL" if !word.escaped => Ok(Program::All),
            "list" if !bare => Ok(Program::List),
            "sudoedit" => Ok(Program::Sudoedit(if bare { Arguments::Any } else { self.arguments()? })),
            name if is_alias(name) && !word.escaped && !LIMITS.contains(&name) => {
                let next = self.cursor.rest().trim_start_matches(is_blank);
                let tag = name
                    .strip_prefix("NO")
                    .filter(|tag| TAGS.contains(tag))
                    .or_else(|| TAGS.iter().copied().find(|tag| *tag == name));
                if tag.is_some() && next.starts_with(['/', 'A']) {
                    return wrong(word.bytes, "a tag has no `:`", format!("write `{name}:`"));
                }
                if next.starts_with(':') && !bare {
                    let known: Vec<String> =
                        TAGS.iter().flat_map(|tag| [(*tag).to_owned(), format!("NO{tag}")]).collect();
                    let near = nearest(name, known.iter().map(String::as_str));
                    // Behind the last command `:` begins other hosts.
                    if let Some(near) = near {
                        return wrong(word.bytes, "there is no such tag", format!("did you mean `{near}:`?"));
                    }
                }
                self.alias(AliasKind::Command, &word);
                Ok(Program::Alias(word.text))
            }
            "" => {
                let here = self.here();
                let help = match self.cursor.rest().chars().next() {
                    Some('(') => "`(USER)` stands before limits and tags",
                    _ => "write the path of a command, ALL, or an alias in capitals",
                };
                wrong(here, "here a command was to stand", help)
            }
            name => {
                let capitals = name.to_ascii_uppercase();
                let tag = capitals.strip_prefix("NO").unwrap_or(&capitals);
                let help = match TAGS.contains(&tag) {
                    true => format!("tags are in capitals: `{capitals}:`"),
                    false => "write the whole path of the command, as `command -v` prints it".to_owned(),
                };
                wrong(word.bytes, "that is no absolute path", help)
            }
        }
    }

    /// A path: `\` stands before `,`, `:`, `=`, `#` and blanks.
    fn path(&mut self) -> Read<String> {
        let mut path = String::new();
        while let Some(c) = self.cursor.rest().chars().next() {
            match c {
                ',' | ':' | '=' | ' ' | '\t' | '\r' | '\n' | '#' => break,
                '\\' => match self.cursor.rest()[1..].chars().next() {
                    Some(next @ (',' | ':' | '=' | ' ' | '\t' | '#'))
                        if !(is_blank(next) && self.continues()) =>
                    {
                        path.push(next);
                        self.cursor.at += 2;
                    }
                    Some('\n' | '\r' | ' ' | '\t') | None => break,
                    Some(next) => {
                        let at = self.cursor.at;
                        let help = "in a path `\\` stands before a blank, `,`, `:`, `=` and `#` only; sudo ends the path there";
                        return wrong(at..at + 1 + next.len_utf8(), "there is no such escape", help);
                    }
                },
                c => {
                    path.push(c);
                    self.cursor.at += c.len_utf8();
                }
            }
        }
        Ok(path)
    }

    /// Whether the backslash that stands here continues the line.
    fn continues(&self) -> bool {
        self.cursor.rest()[1..].trim_start_matches(is_blank).trim_start_matches('\r').starts_with('\n')
    }

    fn regex(&mut self) -> Read<String> {
        let start = self.cursor.at;
        let mut pattern = String::new();
        while let Some(c) = self.cursor.rest().chars().next() {
            match c {
                '$' => {
                    pattern.push('$');
                    self.cursor.at += 1;
                    return Ok(pattern);
                }
                '#' | '\n' | '\r' => break,
                '\\' if self.continues() => break,
                '\\' => {
                    pattern.push('\\');
                    self.cursor.at += 1;
                    let Some(next) = self.cursor.rest().chars().next() else { break };
                    pattern.push(next);
                    self.cursor.at += next.len_utf8();
                }
                c => {
                    pattern.push(c);
                    self.cursor.at += c.len_utf8();
                }
            }
        }
        wrong(
            start..self.cursor.at,
            "the regular expression does not end",
            "it goes from `^` to `$`, with `\\` before `#`",
        )
    }

    fn arguments(&mut self) -> Read<Arguments> {
        let mut text = String::new();
        let mut any = false;
        loop {
            let before = self.cursor.at;
            self.cursor.skip();
            let blank = self.cursor.at > before;
            let rest = self.cursor.rest();
            let Some(c) = rest.chars().next() else { break };
            if !any && c == '^' {
                return self.regex().map(Arguments::Regex);
            }
            let (piece, length) = match c {
                '#' | ':' | ',' | '\r' | '\n' => break,
                '=' if blank || !any => break,
                '\\' => match rest[1..].chars().next() {
                    Some(next @ ('*' | '?' | '[' | ']' | '!' | '^')) => (format!("\\{next}"), 2),
                    Some(next @ (':' | '\\' | ',' | '=' | ' ' | '\t' | '#')) => (next.to_string(), 2),
                    next => {
                        let at = self.cursor.at;
                        let help = "`\\` stands before a blank and one of `,:=\\#*?[]!^`; write `\\\\` for a backslash";
                        return wrong(
                            at..at + 1 + next.map_or(0, char::len_utf8),
                            "there is no such escape",
                            help,
                        );
                    }
                },
                _ => {
                    let end = rest.find(['#', '\\', ':', ',', ' ', '\t', '\r', '\n']);
                    let length = end.unwrap_or(rest.len());
                    (rest[..length].to_owned(), length)
                }
            };
            if any && blank {
                text.push(' ');
            }
            text.push_str(&piece);
            any = true;
            self.cursor.at += length;
        }
        Ok(match (any, text.as_str()) {
            (false, _) => Arguments::Any,
            (true, "\"\"") => Arguments::None,
            (true, _) => Arguments::Pattern(text),
        })
    }

    pub(super) fn commands(&mut self, bare: bool) -> Read<Vec<Member<Command>>> {
        let mut commands = vec![self.command(bare)?];
        while self.cursor.take(",") {
            commands.push(self.command(bare)?);
        }
        Ok(commands)
    }
}
