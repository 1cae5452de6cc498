//! A value that a text format cannot carry.

/// A value that a format has no way to write. Names the format and the character, never the value: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The format or dialect, such as `docker env file`.
    pub dialect: &'static str,
    /// What was to be written, such as `variable PORT` or `argument 3`.
    pub subject: String,
    /// The character that cannot be carried, if it is one character's fault.
    pub character: Option<char>,
    /// The rule of the format, as a full clause.
    pub rule: &'static str,
}

impl Refused {
    /// A refusal because of one character.
    pub fn character(
        dialect: &'static str,
        subject: impl Into<String>,
        character: char,
        rule: &'static str,
    ) -> Self {
        Self { dialect, subject: subject.into(), character: Some(character), rule }
    }

    /// A refusal for another reason.
    pub fn rule(dialect: &'static str, subject: impl Into<String>, rule: &'static str) -> Self {
        Self { dialect, subject: subject.into(), character: None, rule }
    }

    /// The same refusal with what was to be written named.
    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.character {
            Some(character) => {
                let name = character_name(character);
                write!(f, "{} cannot carry {name} in {}: {}", self.dialect, self.subject, self.rule)
            }
            None => write!(f, "{} cannot carry {}: {}", self.dialect, self.subject, self.rule),
        }
    }
}

impl std::error::Error for Refused {}

/// How a character is called in messages: itself in quotes, or its code point and name.
pub fn character_name(character: char) -> String {
    let known = match character {
        '\0' => "NUL",
        '\t' => "tab",
        '\n' => "line feed",
        '\r' => "carriage return",
        '\u{1b}' => "escape",
        '\u{7f}' => "delete",
        ' ' => return "a blank".to_owned(),
        c if c.is_control() => return format!("U+{:04X}", u32::from(c)),
        c => return format!("{c:?}"),
    };
    format!("U+{:04X} ({known})", u32::from(character))
}
