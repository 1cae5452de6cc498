//! Typed models of cmc: what people write, what a host is, every file format, and the data that the stages of the
//! compiler hand to each other.
//!
//! This crate does no input or output: no file system, processes, network, clock or terminal. Everything in it can
//! be built, compared, printed and parsed from memory.

pub mod address;
pub mod bytes;
pub mod check;
pub mod clear_text;
pub mod codes;
pub mod comment;
pub mod cron_job;
pub mod definition;
pub mod diagnostic;
pub mod digest;
pub mod duration;
pub mod env_file;
pub mod env_value;
pub mod exit;
pub mod file_format;
pub mod freebsd_rc;
pub mod glob;
pub mod init_script;
pub mod login_conf;
pub mod mode;
pub mod name;
pub mod nearest;
pub mod openbsd_rc;
pub mod openrc;
pub mod os;
pub mod passage;
pub mod path;
pub mod plan;
pub mod public_key;
pub mod rc_dir;
mod rc_function;
pub mod receipt;
pub mod refused;
pub mod schedule;
pub mod shell;
pub mod size;
pub mod small;
pub mod source;
pub mod store_url;
pub mod systemd;

#[cfg(test)]
#[allow(clippy::print_stderr)]
mod hostile;

pub use bytes::Bytes;
pub use diagnostic::{Diagnostic, Label, Severity};
pub use digest::Blake3;
pub use duration::Timespan;
pub use glob::Glob;
pub use mode::Mode;
pub use name::{EnvName, HostName, PresetName, SecretName, ServiceName, TagName, VarName};
pub use nearest::nearest;
pub use os::{Arch, InitSystem, Os};
pub use path::UnixPath;
pub use refused::Refused;
pub use schedule::Schedule;
pub use size::ByteSize;
pub use source::{FileId, Place, Sources, Span};

/// A text that is not a value of the type it was parsed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Line that is wrong, from 1, if the text is a file.
    pub line: Option<u32>,
    /// What was expected, as a phrase that completes "expected …".
    pub expected: String,
    /// What is wrong with the text that was given, without repeating it.
    pub problem: String,
}

impl ParseError {
    /// An error that says what was expected and what is wrong.
    pub fn new(expected: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { line: None, expected: expected.into(), problem: problem.into() }
    }

    /// The same of a line, from 1, of a file.
    pub fn on_line(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}; expected {}", self.problem, self.expected)
    }
}

impl std::error::Error for ParseError {}

/// Gives a newtype over text its `FromStr`, serde and schema from one `parse` function. The schema's pattern is what
/// editors can check; its `format` is the name of the type, by which the compiler finds `parse` for the rest.
macro_rules! text_type {
    ($name:ident, pattern = $pattern:expr, description = $description:expr) => {
        impl std::str::FromStr for $name {
            type Err = $crate::ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::ParseError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $description,
                    "format": stringify!($name),
                    "pattern": $pattern,
                })
            }
        }
    };
}
pub(crate) use text_type;
