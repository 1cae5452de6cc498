//! Functions of init scripts: those that make a daemon's directories, and those that a person wrote, carried verbatim.

use crate::rc_dir::{self, Directory};
use crate::{Refused, shell};

/// The body of a function that makes directories, each by a command.
pub(crate) fn making(
    directories: &[Directory],
    command: fn(&Directory) -> Result<String, Refused>,
) -> Result<Option<String>, Refused> {
    let commands = directories.iter().map(command).collect::<Result<Vec<_>, _>>()?;
    Ok((!commands.is_empty()).then(|| rc_dir::body(&commands)))
}

/// Prints functions that are none of the format's own; a body that would not end where it should is refused.
pub(crate) fn verbatim(
    functions: &[(String, String)],
    dialect: &'static str,
    mut print: impl FnMut(&str, &str),
) -> Result<(), Refused> {
    for (name, body) in functions {
        let whole = body.is_empty() || body.ends_with('\n');
        if !shell::is_identifier(name) || !whole || body.lines().any(|line| line == "}") {
            let rule = "its body is not whole lines without a } of its own";
            return Err(Refused::rule(dialect, "a function", rule));
        }
        print(name, body);
    }
    Ok(())
}
