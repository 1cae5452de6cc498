//! sysctl.d(5) and `/etc/sysctl.conf`: settings of the kernel. On Linux `[-]key = value` as systemd-sysctl and procps read
//! it; on the BSDs `key=value`, where `#` begins a comment anywhere.

use super::lines::{File, Problem, Reader, read, verified};
use super::words::{is_blank, no_control};
use crate::{Refused, nearest};
use serde::Serialize;

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Linux.
    Linux,
    /// OpenBSD and FreeBSD.
    Bsd,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Whose it is.
    #[serde(skip)]
    pub dialect: Dialect,
    /// `-`: a failure does not matter; without a value: what patterns leave out.
    pub ignore_failure: bool,
    /// The key, with `.` or `/` between its parts; a pattern for systemd.
    pub key: String,
    /// The value; none only with `-`.
    pub value: Option<String>,
}

/// Where Linux's keys begin.
const TREES: &[&str] = &["abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm"];

/// Reads a file.
pub fn parse(text: &str, dialect: Dialect) -> (File<Entry>, Vec<Problem>) {
    read(text, |reader| entry(reader, dialect))
}

fn entry(reader: &mut Reader<'_>, dialect: Dialect) -> Option<Entry> {
    let text = match dialect {
        Dialect::Linux => reader.text,
        Dialect::Bsd => reader.text.split('#').next().unwrap_or_default(),
    };
    let start = text.find(|c| !is_blank(c))?;
    let body = text.trim_matches(is_blank);
    let linux = dialect == Dialect::Linux;
    if linux && body.starts_with(['#', ';']) {
        return None;
    }
    let ignore_failure = linux && body.starts_with('-');
    let setting = if ignore_failure { &body[1..] } else { body };
    let (key, value) = match setting.split_once('=') {
        Some((key, value)) => (key.trim_matches(is_blank), Some(value.trim_matches(is_blank))),
        None if ignore_failure => (setting.trim_matches(is_blank), None),
        None => {
            let help = match setting.split_once(is_blank) {
                Some((key, value)) if key.contains(['.', '/']) => {
                    format!("write `{key} = {}`", value.trim_matches(is_blank)).into()
                }
                _ => std::borrow::Cow::Borrowed("write KEY = VALUE; the line is ignored as it is"),
            };
            reader.error(start..start + body.len(), "there is no `=`", help);
            return None;
        }
    };
    let from = reader.text.find(key).unwrap_or(start);
    let key_bytes = from..from + key.len();
    if key.is_empty() {
        reader.error(start..start + body.len(), "there is no key before the `=`", "write KEY = VALUE");
        return None;
    }
    if let Some(c) =
        key.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '#'))
    {
        let help = match c {
            '"' | '\'' => "write it without quotes",
            _ => "a key is one word, such as `net.ipv4.ip_forward`; there is no such setting",
        };
        reader.error(key_bytes, "that is no key", help);
        return None;
    }
    if linux {
        doubtful(reader, key, key_bytes, value);
    }
    Some(Entry { dialect, ignore_failure, key: key.to_owned(), value: value.map(str::to_owned) })
}

/// What Linux takes otherwise than meant.
fn doubtful(reader: &mut Reader<'_>, key: &str, key_bytes: std::ops::Range<usize>, value: Option<&str>) {
    let tree = key.split(['.', '/']).next().unwrap_or_default();
    if !TREES.contains(&tree)
        && !tree.contains(['*', '?', '['])
        && let Some(near) = nearest(tree, TREES.iter().copied())
    {
        let help = format!("did you mean `{near}`? What does not exist is not set");
        reader.warning(key_bytes.start..key_bytes.start + tree.len(), "no setting of Linux begins so", help);
    }
    let Some(value) = value else { return };
    let from = reader.text.len() - reader.text.trim_end_matches(is_blank).len();
    let end = reader.text.len() - from;
    let bytes = end - value.len()..end;
    if value.is_empty() {
        reader.warning(key_bytes, "nothing is assigned", "write the value, or remove the line");
    } else if let Some(at) =
        value.find([' ', '\t']).filter(|at| value[*at..].trim_start().starts_with(['#', ';']))
    {
        let help = "write the comment on a line of its own";
        let at = at + value[at..].find(|c| !is_blank(c)).unwrap_or(0);
        reader.warning(bytes.start + at..bytes.end, "the comment is part of the value", help);
    } else if value.len() > 1 && ['"', '\''].iter().any(|q| value.starts_with(*q) && value.ends_with(*q)) {
        reader.warning(bytes, "the quotes are part of the value", "write the value without quotes");
    }
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "a sysctl file";

    fn print(&self) -> Result<String, Refused> {
        no_control(Self::FORMAT, "a key", &self.key)?;
        let sign = if self.ignore_failure { "-" } else { "" };
        let line = match &self.value {
            Some(value) => {
                no_control(Self::FORMAT, "a value", value)?;
                let blank = if self.dialect == Dialect::Linux { " " } else { "" };
                format!("{sign}{}{blank}={blank}{value}", self.key)
            }
            None => format!("{sign}{}", self.key),
        };
        verified(line, self, |text| parse(text, self.dialect))
    }
}
