//! A directory that an init script makes before it starts its program.

use crate::{Mode, ParseError, Refused, UnixPath, name::AccountName, shell};
use serde::Serialize;

/// A directory made before each start, with owner and mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Directory {
    /// Where.
    pub path: UnixPath,
    /// Owner.
    pub user: AccountName,
    /// Group.
    pub group: AccountName,
    /// Mode.
    pub mode: Mode,
}

impl Directory {
    /// `install -d -o USER -g GROUP -m MODE PATH`, as both BSDs have it.
    pub(crate) fn install(&self) -> Result<String, Refused> {
        let path = shell::quote(self.path.as_str())?;
        Ok(format!("install -d -o {} -g {} -m {} {path}", self.user, self.group, self.mode))
    }

    /// `checkpath -d -m MODE -o USER:GROUP PATH`, of OpenRC.
    pub(crate) fn checkpath(&self) -> Result<String, Refused> {
        let path = shell::quote(self.path.as_str())?;
        Ok(format!("checkpath -d -m {} -o {}:{} {path}", self.mode, self.user, self.group))
    }

    /// Reads either of the two commands; `None` if it is another command.
    pub(crate) fn parse(command: &str) -> Option<Result<Self, ParseError>> {
        let words = shell::split(command).ok()?;
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let (user, group, mode, path) = match words[..] {
            ["install", "-d", "-o", user, "-g", group, "-m", mode, path] => (user, group, mode, path),
            ["checkpath", "-d", "-m", mode, "-o", owner, path] => {
                let (user, group) = owner.split_once(':')?;
                (user, group, mode, path)
            }
            _ => return None,
        };
        let directory = || {
            Ok(Self {
                path: UnixPath::parse(path)?,
                user: AccountName::parse(user)?,
                group: AccountName::parse(group)?,
                mode: Mode::parse(mode)?,
            })
        };
        Some(directory())
    }
}

/// The body of a function that makes directories, joined by `&&`.
pub(crate) fn body(commands: &[String]) -> String {
    format!("\t{}\n", commands.join(" &&\n\t    "))
}

/// Reads what [`body`] makes; `None` if a line is not such a command.
pub(crate) fn parse_body(body: &str) -> Option<Result<Vec<Directory>, ParseError>> {
    let body = body.strip_prefix('\t')?.strip_suffix('\n')?;
    body.split(" &&\n\t    ").map(Directory::parse).collect()
}

/// The prefix of a line that runs a program: creation mask and environment file, each followed by ` && `.
pub(crate) fn prelude(umask: Option<Mode>, env_file: Option<&UnixPath>) -> Result<String, Refused> {
    let mut text = umask.map_or_else(String::new, |umask| format!("umask {umask} && "));
    if let Some(path) = env_file {
        let path = shell::quote(path.as_str())?;
        text.push_str(&format!("set -a && . {path} && set +a && "));
    }
    Ok(text)
}

/// Reads what [`prelude`] makes; gives the rest of the line.
pub(crate) fn parse_prelude(text: &str) -> Result<(Option<Mode>, Option<UnixPath>, &str), ParseError> {
    let (umask, text) = match text.strip_prefix("umask ").and_then(|rest| rest.split_once(" && ")) {
        Some((umask, rest)) => (Some(Mode::parse(umask)?), rest),
        None => (None, text),
    };
    let Some(rest) = text.strip_prefix("set -a && . ") else { return Ok((umask, None, text)) };
    let bad = |problem: &str| ParseError::new("set -a && . FILE && set +a", problem);
    let (path, rest) = shell::word(rest).map_err(|problem| bad(&problem.to_string()))?;
    let path = path.ok_or_else(|| bad("no file"))?;
    let rest = rest.strip_prefix(" && set +a && ").ok_or_else(|| bad("another command"))?;
    Ok((umask, Some(UnixPath::parse(&path)?), rest))
}
