//! Paths of files on a host.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

/// An absolute, normal path of a file on a host: no `.`, `..`, empty component, trailing slash, control character or
/// newline, not `/` itself, at most 1,023 bytes with components of at most 250 (so that a temporary beside it fits).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnixPath(String);

impl UnixPath {
    /// Parses a path; the error says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |problem: &str| {
            Err(ParseError::new("an absolute, normal path such as \"/etc/api/config.yaml\"", problem))
        };
        let Some(rest) = text.strip_prefix('/') else { return bad("the path is not absolute") };
        if rest.is_empty() {
            return bad("it is the root directory itself");
        }
        if text.len() > 1023 {
            return bad("the path is longer than 1,023 bytes");
        }
        if text.chars().any(char::is_control) {
            return bad("the path holds a control character");
        }
        for component in rest.split('/') {
            match component {
                "" => return bad("the path has an empty component"),
                "." | ".." => return bad("the path has a '.' or '..' component"),
                _ if component.len() > 250 => return bad("a component of the path is longer than 250 bytes"),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without its leading `/`, for joining to a root.
    pub fn relative(&self) -> &str {
        &self.0[1..]
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The directory that holds it, `/` for a file in the root directory.
    pub fn parent(&self) -> &str {
        match self.0.rfind('/') {
            Some(0) | None => "/",
            Some(i) => &self.0[..i],
        }
    }
}

impl std::fmt::Display for UnixPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for UnixPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for UnixPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

text_type!(UnixPath, pattern = "^/", description = "Absolute, normal path of a file on a host.");
