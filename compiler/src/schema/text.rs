//! Types of texts: the schema names them by `format`, and here is what parses each.

use cmc_types::name::{AccountName, BlockName, DirectoryName, FleetName, JobName, ValidatorName};
use cmc_types::*;

/// Parses a text only to find out what is wrong with it.
type Check = fn(&str) -> Result<(), ParseError>;

macro_rules! text_types {
    ($($name:ident),* $(,)?) => {
        /// The name of each type and what parses it.
        pub(super) const TYPES: &[(&str, Check)] = &[
            $((stringify!($name), |text| $name::parse(text).map(|_| ()))),*
        ];
    };
}

text_types!(
    AccountName,
    Blake3,
    BlockName,
    ByteSize,
    DirectoryName,
    EnvName,
    FleetName,
    Glob,
    HostName,
    JobName,
    Mode,
    Os,
    PresetName,
    Schedule,
    SecretName,
    ServiceName,
    TagName,
    Timespan,
    UnixPath,
    ValidatorName,
    VarName,
);

/// What is wrong with a text of this type, if anything.
pub(super) fn problem(format: &str, text: &str) -> Option<ParseError> {
    let (_, check) = TYPES.iter().find(|(name, _)| *name == format)?;
    check(text).err()
}

/// The type whose texts match this pattern, where only one has it.
pub(super) fn format_of_pattern(pattern: &str) -> Option<&'static str> {
    match pattern {
        "^/" => Some("UnixPath"),
        "^[a-z_][a-z0-9_]*$" => Some("VarName"),
        "^[A-Za-z_][A-Za-z0-9_]*$" => Some("EnvName"),
        "^[A-Za-z_][A-Za-z0-9_.-]*$" => Some("AccountName"),
        _ => None,
    }
}
