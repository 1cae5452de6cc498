//! Writing values so that systemd reads them back as they were (facts: threats, "Escaping").
//!
//! `%` begins a specifier wherever specifiers apply; in command lines `$` begins a variable even in quotes, and words
//! are split, unquoted and unescaped. What cannot be carried is refused, never changed.

/// A value that systemd's unit files cannot carry. Never repeats the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeError {
    /// The character that cannot be carried.
    pub character: char,
    /// Where it stands, as a phrase that completes "a systemd unit cannot carry … ".
    pub place: &'static str,
}

impl EncodeError {
    /// The dialect that refuses, as people know it.
    pub const DIALECT: &'static str = "systemd unit";

    pub(super) fn new(character: char, place: &'static str) -> Self {
        Self { character, place }
    }
}

impl std::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.character {
            '\0' => "NUL".to_owned(),
            '\n' => "a line break".to_owned(),
            '\r' => "a carriage return".to_owned(),
            c if c.is_control() => format!("the control character U+{:04X}", u32::from(c)),
            c => format!("{c:?}"),
        };
        write!(f, "a {} cannot carry {name} {}", Self::DIALECT, self.place)
    }
}

impl std::error::Error for EncodeError {}

/// Refuses what no value can carry: NUL, CR, LF.
pub(super) fn carry(text: &str) -> Result<(), EncodeError> {
    match text.chars().find(|c| matches!(c, '\0' | '\r' | '\n')) {
        Some(c) => Err(EncodeError::new(c, "in a value")),
        None => Ok(()),
    }
}

/// Encodes a program (absolute path) and its arguments for `ExecStart=` and its like: systemd executes exactly these
/// words, without expanding anything. An empty list gives an empty value.
pub fn encode_argv<S: AsRef<str>>(argv: &[S]) -> Result<String, EncodeError> {
    let mut out = String::new();
    for (index, word) in argv.iter().enumerate() {
        let word = word.as_ref();
        if index == 0 {
            check_program(word)?;
        } else {
            out.push(' ');
        }
        encode_word(word, &mut out)?;
    }
    Ok(out)
}

/// The program's path is not unescaped a second time: systemd takes no `$$` in it and refuses quotes, backslashes and
/// control characters (`string_is_safe`).
fn check_program(path: &str) -> Result<(), EncodeError> {
    match path.chars().find(|c| matches!(c, '$' | '"' | '\'' | '\\') || c.is_ascii_control()) {
        Some(c) => Err(EncodeError::new(c, "in the path of a program")),
        None => Ok(()),
    }
}

fn encode_word(word: &str, out: &mut String) -> Result<(), EncodeError> {
    carry(word)?;
    let plain = |c: char| !c.is_ascii_control() && !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\');
    let quoted = word.is_empty() || word == ";" || !word.chars().all(plain);
    if quoted {
        out.push('"');
    }
    for c in word.chars() {
        match c {
            '%' => out.push_str("%%"),
            '$' => out.push_str("$$"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    if quoted {
        out.push('"');
    }
    Ok(())
}

/// Encodes a text for directives that take it whole and expand specifiers, such as `Description=` or a path: `%`
/// becomes `%%`. Refused are NUL, CR, LF, blanks at the ends (systemd drops them) and a backslash at the end.
pub fn encode_text(text: &str) -> Result<String, EncodeError> {
    carry(text)?;
    for end in [text.chars().next(), text.chars().next_back()] {
        if let Some(c @ (' ' | '\t')) = end {
            return Err(EncodeError::new(c, "at the end of a value"));
        }
    }
    if super::continues(text) {
        return Err(EncodeError::new('\\', "at the end of a value, where it would join the next line"));
    }
    Ok(text.replace('%', "%%"))
}
