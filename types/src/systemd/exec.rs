//! Command lines of `ExecStart=` and its like, after `config_parse_exec` and `extract_first_word`.

use super::check::BadValue;
use super::specifier;

/// One command of a command line. Specifiers and variables are as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What stands before the program.
    pub prefixes: Prefixes,
    /// The program: an absolute path, or a name that systemd looks up.
    pub program: String,
    /// The words after the program; with the prefix `@` the first of them is what the program sees as its own name.
    pub arguments: Vec<String>,
}

/// Prefixes of a program, in any order, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefixes {
    /// `-`: a failure counts as success.
    pub ignore_failure: bool,
    /// `@`: the first argument is the program's own name.
    pub own_name: bool,
    /// `|`: a shell runs the command (since systemd 258); alone it is the user's own shell.
    pub shell: bool,
    /// `:`: variables are not expanded.
    pub no_variables: bool,
    /// `+`, `!` or `!!`.
    pub privileges: Option<Privileges>,
}

/// What a command is spared of the unit's restrictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privileges {
    /// `+`: everything.
    Full,
    /// `!`: the change of user, group and capabilities.
    NoSetuid,
    /// `!!`: the same where the kernel has no ambient capabilities.
    Ambient,
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

impl Command {
    /// Parses a command line: one command, or several with a lone `;` between them. Checks quotes, escapes, prefixes,
    /// the program's path and specifiers. An empty line is no command.
    pub fn parse_line(line: &str) -> Result<Vec<Self>, BadValue> {
        let mut commands = Vec::new();
        let mut rest = line.trim_matches(BLANKS);
        while !rest.is_empty() {
            let (command, after) = Self::parse_one(rest)?;
            commands.push(command);
            rest = after;
        }
        Ok(commands)
    }

    fn parse_one(text: &str) -> Result<(Self, &str), BadValue> {
        let (first, mut rest) = next_word(text)?;
        if first == ";" {
            return Err(BadValue::new("there is no command before the ';'"));
        }
        let (prefixes, program) = Prefixes::split(&first);
        if !(prefixes.shell && program.is_empty()) {
            check_program(program)?;
        }
        let mut arguments = Vec::new();
        loop {
            rest = rest.trim_start_matches(BLANKS);
            if rest.is_empty() {
                break;
            }
            if let Some(after) = lone(rest, ";") {
                rest = after;
                break;
            }
            if let Some(after) = lone(rest, "\\;") {
                arguments.push(";".to_owned());
                rest = after;
                continue;
            }
            let (word, after) = next_word(rest)?;
            specifier::check(&word)?;
            arguments.push(word);
            rest = after;
        }
        if prefixes.own_name && !prefixes.shell && arguments.is_empty() {
            return Err(BadValue::new("the prefix '@' needs the program's own name as the first argument")
                .help("write @PATH NAME ARGUMENT…, or leave the '@' out"));
        }
        Ok((Self { prefixes, program: program.to_owned(), arguments }, rest))
    }

    /// The program and its arguments if nothing in them is a specifier or a variable, and no shell reads them: exactly
    /// what is executed.
    pub fn literal_argv(&self) -> Option<Vec<String>> {
        if self.prefixes.shell {
            return None;
        }
        let mut argv = vec![literal(&self.program, '%')?];
        for word in &self.arguments {
            let word = if self.prefixes.no_variables { word.clone() } else { literal(word, '$')? };
            argv.push(literal(&word, '%')?);
        }
        Some(argv)
    }
}

impl Prefixes {
    fn split(word: &str) -> (Self, &str) {
        let mut prefixes = Self::default();
        let mut rest = word;
        loop {
            let mut chars = rest.chars();
            match chars.next() {
                Some('-') if !prefixes.ignore_failure => prefixes.ignore_failure = true,
                Some('@') if !prefixes.own_name => prefixes.own_name = true,
                Some('|') if !prefixes.shell => prefixes.shell = true,
                Some(':') if !prefixes.no_variables => prefixes.no_variables = true,
                Some('+') if prefixes.privileges.is_none() => prefixes.privileges = Some(Privileges::Full),
                Some('!') if prefixes.privileges.is_none() => {
                    prefixes.privileges = Some(Privileges::NoSetuid);
                }
                Some('!') if prefixes.privileges == Some(Privileges::NoSetuid) => {
                    prefixes.privileges = Some(Privileges::Ambient);
                }
                _ => return (prefixes, rest),
            }
            rest = chars.as_str();
        }
    }
}

/// What follows a token that stands alone.
fn lone<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    let after = text.strip_prefix(token)?;
    (after.is_empty() || after.starts_with(BLANKS)).then(|| after.trim_start_matches(BLANKS))
}

fn check_program(path: &str) -> Result<(), BadValue> {
    if path.is_empty() {
        return Err(BadValue::new("there is no program"));
    }
    if path.contains('$') {
        return Err(BadValue::new("the path of the program holds '$', and variables are not expanded there")
            .help("write the whole path, or let a shell expand it: /bin/sh -c 'exec …'"));
    }
    specifier::check(path)?;
    let plain = specifier::sample(path);
    if plain.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '\\')) {
        return Err(BadValue::new(
            "the path of the program holds a quote, a backslash or a control character",
        ));
    }
    if plain.ends_with('/') {
        return Err(BadValue::new("the path of the program is a directory").help("name the program in it"));
    }
    if plain.contains('/') && !plain.starts_with('/') {
        return Err(BadValue::new("the path of the program is not absolute").help("begin it with '/'"));
    }
    if plain.split('/').any(|part| part == "." || part == "..") {
        return Err(BadValue::new("the path of the program has a '.' or '..' component"));
    }
    Ok(())
}

/// The first word of a text that is not blank, unquoted and unescaped, and what follows it.
pub(super) fn next_word(text: &str) -> Result<(String, &str), BadValue> {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match (quote, c) {
            (_, '\\') => {
                let (unescaped, used) = unescape(chars.as_str())?;
                word.push(unescaped);
                chars.nth(used - 1);
            }
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if BLANKS.contains(&c) => return Ok((word, text[index..].trim_start_matches(BLANKS))),
            _ => word.push(c),
        }
    }
    match quote {
        Some(open) => Err(BadValue::new(format!("the quote {open} is not closed"))
            .help(format!("close it; a quote that is meant as such is written \\{open}"))),
        None => Ok((word, "")),
    }
}

/// Every word of a text, unquoted and unescaped.
pub fn all_words(text: &str) -> Result<Vec<String>, BadValue> {
    let mut words = Vec::new();
    let mut rest = text.trim_matches(BLANKS);
    while !rest.is_empty() {
        let (word, after) = next_word(rest)?;
        words.push(word);
        rest = after;
    }
    Ok(words)
}

/// What an escape stands for, and how many characters after the backslash it takes (at least one).
pub(super) fn unescape(text: &str) -> Result<(char, usize), BadValue> {
    let unknown = || {
        BadValue::new("unknown escape after a backslash")
            .help("known are \\a \\b \\f \\n \\r \\t \\v \\s \\\\ \\\" \\' \\xHH \\OOO \\uHHHH \\UHHHHHHHH; write \\\\ for a backslash")
    };
    let digits = |from: usize, count: usize, radix: u32| {
        let text = text.get(from..from + count).filter(|t| t.chars().all(|c| c.is_digit(radix)));
        let code = text.and_then(|text| u32::from_str_radix(text, radix).ok()).ok_or_else(unknown)?;
        let c = char::from_u32(code).filter(|c| *c != '\0').ok_or_else(unknown)?;
        Ok((c, from + count))
    };
    let simple = match text.chars().next() {
        None => return Err(BadValue::new("the value ends in a backslash")),
        Some('a') => '\u{7}',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\u{b}',
        Some('s') => ' ',
        Some(c @ ('\\' | '"' | '\'')) => c,
        // Bytes over 7f make no character by themselves; they are shown as the character of that number.
        Some('x') => return digits(1, 2, 16),
        Some('u') => return digits(1, 4, 16),
        Some('U') => return digits(1, 8, 16),
        Some('0'..='7') => return digits(0, 3, 8),
        Some(_) => return Err(unknown()),
    };
    Ok((simple, 1))
}

/// The text with each doubled `sign` made single; none if a single one is there.
fn literal(text: &str, sign: char) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == sign && chars.next() != Some(sign) {
            return None;
        }
        out.push(c);
    }
    Some(out)
}
