//! Names of things in a fleet. A value of one of these types is valid; DESIGN §2 gives the grammars.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().enumerate().all(|(i, b)| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || (i > 0 && matches!(b, b'.' | b'_' | b'-'))
        })
}

macro_rules! label_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a name: `[a-z0-9][a-z0-9._-]{0,62}`.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                if is_label(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(ParseError::new(
                    "1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit",
                    concat!("not a valid ", $what, " name"),
                ))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        text_type!($name, pattern = "^[a-z0-9][a-z0-9._-]{0,62}$", description = concat!("Name of a ", $what, "."));
    };
}

label_type!(/// Name of a host.
    HostName, "host");
label_type!(/// Name of a tag.
    TagName, "tag");
label_type!(/// Name of a service.
    ServiceName, "service");
label_type!(/// Name of a preset.
    PresetName, "preset");
label_type!(/// Name of a secret.
    SecretName, "secret");
label_type!(/// Name of a fleet.
    FleetName, "fleet");
label_type!(/// Name of a validator.
    ValidatorName, "validator");
label_type!(/// Name of a managed block in a file that others own.
    BlockName, "block");
label_type!(/// Name of a job of a service.
    JobName, "job");

macro_rules! identifier_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $first:expr, $rest:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a name of at most 255 bytes.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                let first: fn(u8) -> bool = $first;
                let rest: fn(u8) -> bool = $rest;
                let bytes = text.as_bytes();
                if bytes.len() <= 255
                    && bytes.first().is_some_and(|b| first(*b))
                    && bytes[1..].iter().all(|b| rest(*b))
                {
                    return Ok(Self(text.to_owned()));
                }
                Err(ParseError::new(concat!("a name that matches ", $pattern), concat!("not a valid ", $what, " name")))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        text_type!($name, pattern = $pattern, description = concat!("Name of a ", $what, "."));
    };
}

identifier_type!(/// Name of a variable: `[a-z_][a-z0-9_]*`.
    VarName, "variable", "^[a-z_][a-z0-9_]*$",
    |b| b.is_ascii_lowercase() || b == b'_',
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
identifier_type!(/// Name of an environment variable: `[A-Za-z_][A-Za-z0-9_]*`.
    EnvName, "environment variable", "^[A-Za-z_][A-Za-z0-9_]*$",
    |b| b.is_ascii_alphabetic() || b == b'_',
    |b| b.is_ascii_alphanumeric() || b == b'_');
identifier_type!(/// Name of a user or group account, as `useradd` and the BSDs take it; digits only would be an id and are refused.
    AccountName, "user or group", "^[A-Za-z_][A-Za-z0-9_.-]*$",
    |b| b.is_ascii_alphabetic() || b == b'_',
    |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));

/// Name of a directory that is made for a daemon, below one that the system chooses: such as `api` or `api/cache`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DirectoryName(String);

impl DirectoryName {
    /// Parses a name of at most 200 bytes that every init system takes as it is: no blank, `:` or `%`, and no way out.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+'))
        };
        if text.len() <= 200 && text.split('/').all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseError::new(
            "a name such as \"api\" or \"api/cache\", of letters, digits and _ - . @ +",
            "not a valid directory name",
        ))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for DirectoryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(
    DirectoryName,
    pattern = "^[A-Za-z0-9_][A-Za-z0-9_.@+-]*(/[A-Za-z0-9_][A-Za-z0-9_.@+-]*)*$",
    description = "Name of a directory made for a daemon."
);
