//! Environment files: `NAME=VALUE` lines in four dialects that differ in what quotes, `#`, `\` and blanks mean.
//!
//! | dialect | read by | encoding |
//! |---|---|---|
//! | systemd | `EnvironmentFile=` (systemd 252 `parse_env_file_internal`) | single quotes; double ones with `\` before ``" \ ` $`` if the value holds `'` |
//! | sh | `.` in sh, FreeBSD's `NAME_env_file`, OpenRC's `conf.d` | `'…'`, a `'` as `'\''` |
//! | docker | `docker run --env-file`, podman | as it is |
//! | pam_env | `/etc/environment`, Linux-PAM 1.1 to 1.7 | as it is; in `"` where blanks, quotes or `\` at the ends need it |
//!
//! A value that a dialect cannot carry is [`Refused`]; nothing is ever changed or dropped.

mod decode;
mod encode;

use crate::{EnvName, ParseError, Refused};
use serde::Serialize;

/// Who reads an environment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// systemd's `EnvironmentFile=`.
    Systemd,
    /// A POSIX shell that sources it.
    Sh,
    /// docker and podman.
    Docker,
    /// pam_env's `/etc/environment`.
    PamEnv,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::Systemd, Self::Sh, Self::Docker, Self::PamEnv];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Systemd => "a systemd environment file",
            Self::Sh => "a shell environment file",
            Self::Docker => "a docker environment file",
            Self::PamEnv => "a pam_env environment file",
        }
    }
}

/// An environment file: comments first, then variables in order. Its `Debug` prints no value.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct EnvFile {
    /// Comment lines without `# `.
    pub comments: Vec<String>,
    /// Variables in the order they are printed; each name once.
    pub variables: Vec<(EnvName, String)>,
}

impl std::fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("EnvFile").field("comments", &self.comments).field("variables", &names).finish()
    }
}

impl EnvFile {
    /// Prints the file in a dialect.
    pub fn print(&self, dialect: Dialect) -> Result<String, Refused> {
        // Twice and a bit: no reallocation leaves a copy of a secret behind for ordinary values.
        let size = self
            .variables
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() * 4 + 4)
            .sum::<usize>();
        let mut text =
            String::with_capacity(size + self.comments.iter().map(|line| line.len() + 3).sum::<usize>());
        for comment in &self.comments {
            encode::comment(dialect, comment)?;
            text.push_str("# ");
            text.push_str(comment);
            text.push('\n');
        }
        for (name, value) in &self.variables {
            text.push_str(name.as_str());
            text.push('=');
            encode::value(dialect, value, &mut text)
                .map_err(|refused| refused.of(format!("variable {name}")))?;
            text.push('\n');
            encode::line_length(dialect, name.as_str(), &text)?;
        }
        Ok(text)
    }

    /// Parses a file as the reader of the dialect would. What the reader would skip with a warning is an error here,
    /// and so is a shell expansion.
    pub fn parse(dialect: Dialect, text: &str) -> Result<Self, ParseError> {
        match dialect {
            Dialect::Systemd => decode::systemd(text),
            Dialect::Sh => decode::sh(text),
            Dialect::Docker => decode::lines(text, |value| Ok(value.to_owned())),
            Dialect::PamEnv => decode::lines(text, decode::pam_env_value),
        }
    }
}

/// Encodes one value; the error names the dialect and the character.
pub fn encode(dialect: Dialect, value: &str) -> Result<String, Refused> {
    let mut text = String::with_capacity(value.len() * 4 + 2);
    encode::value(dialect, value, &mut text)?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
