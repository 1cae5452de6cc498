//! rc.conf.local(8) of OpenBSD: `NAME_flags=…` and its like, one a line. rc.subr reads it line by line and runs none of it:
//! names become lower case, a `#` ends the value wherever it stands, quotes around the whole value go, `$` is nothing
//! special, and what no script asks for is passed by. After rc.subr of OpenBSD 7; what is printed holds for all 7.x.

use super::lines::{File, Problem, Reader, read, verified};
use super::words::no_control;
use crate::Refused;
use crate::nearest;
use serde::Serialize;
use std::collections::BTreeSet;

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Name, in lower case.
    pub name: String,
    /// Value, without the quotes around it.
    pub value: String,
}

/// What the name of a daemon is followed by.
const ENDINGS: &[&str] = &["execdir", "flags", "logger", "rtable", "timeout", "user"];

/// Names that no daemon's is in.
const NAMES: &[&str] = &[
    "accounting",
    "amd_master",
    "check_quotas",
    "ipsec",
    "library_aslr",
    "multicast",
    "nfs_server",
    "pexp",
    "pf",
    "pkg_scripts",
    "shlib_dirs",
    "spamd_black",
];

/// Whether rc.subr takes a name.
fn is_read(name: &str) -> bool {
    let of_daemon = name.rsplit_once('_').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    of_daemon || NAMES.contains(&name)
}

/// Reads a file.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    let mut set = BTreeSet::new();
    read(text, |reader| {
        let entry = entry(reader)?;
        if !set.insert(entry.name.clone()) {
            let start = reader.text.len() - reader.text.trim_start_matches(is_blank).len();
            let help = "the last one counts: put all into one line";
            reader.warning(start..start + entry.name.len(), "the variable is set above already", help);
        }
        Some(entry)
    })
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn entry(reader: &mut Reader<'_>) -> Option<Entry> {
    let text = reader.text;
    let start = text.find(|c| !is_blank(c))?;
    if text[start..].starts_with('#') {
        return None;
    }
    if text.ends_with('\r') {
        let help = "write the file with line feeds alone; the carriage return would be part of the value";
        reader.error_of_line("the line ends in a carriage return, as on Windows", help);
        return None;
    }
    let Some(equals) = text[start..].find('=').map(|at| start + at).filter(|at| *at > start) else {
        reader.error_of_line("the line sets nothing", "write NAME=VALUE, such as httpd_flags=");
        return None;
    };
    let written = text[start..equals].trim_end_matches(is_blank);
    let bytes = start..start + written.len();
    let name = written.to_lowercase();
    if name.contains(is_blank) || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        let help = match written.strip_prefix("export ") {
            Some(_) => "leave out `export`: the file is no shell script",
            None => "a name is of letters, digits and `_`; the file is no shell script",
        };
        reader.error(bytes, "the name is none of a variable", help);
        return None;
    }
    if !is_read(&name) {
        let help = match nearest(&name, NAMES.iter().copied()) {
            Some(near) => format!(
                "did you mean {near:?}? Else names end in _flags, _user, _timeout, _rtable, _execdir or _logger"
            ),
            None if name.ends_with("_enable") => {
                "that is FreeBSD's: here `rcctl enable`, or NAME_flags=, enables".to_owned()
            }
            None => "names end in _flags, _user, _timeout, _rtable, _execdir or _logger".to_owned(),
        };
        reader.error(bytes, "rc.subr reads no variable of this name", help);
        return None;
    }
    if name != written {
        let help = "rc.subr makes the name lower case, so that names are told apart by more than case";
        reader.warning(bytes, "the name is not in lower case", help);
    }
    let begin = equals + 1 + text[equals + 1..].find(|c| !is_blank(c)).unwrap_or(text.len() - equals - 1);
    let whole = text[begin..].trim_end_matches(is_blank);
    let value = match whole.find('#') {
        Some(at) => {
            let help = "a `#` ends the value wherever it stands, also in quotes";
            reader.warning(begin + at..begin + at + 1, "the value ends at a `#`", help);
            whole[..at].trim_end_matches(is_blank)
        }
        None => whole,
    };
    let value = unquote(value);
    if value.starts_with(['"', '\'']) != value.ends_with(['"', '\'']) {
        let help = "only quotes around the whole value go; these are part of it";
        reader.warning(begin..begin + whole.len(), "the quotes are not around the whole value", help);
    }
    if value.contains('`') || value.contains("$(") || value.contains("${") {
        let help = "the file is no shell script: write the value out";
        reader.warning(begin..begin + whole.len(), "nothing is expanded in a value", help);
    }
    let number = name.ends_with("_timeout") || name.ends_with("_rtable");
    if number && !value.is_empty() && !value.contains('$') && value.parse::<u32>().is_err() {
        let help = "write digits; a timeout is in seconds";
        reader.error(begin..begin + whole.len(), "that is no number", help);
    }
    Some(Entry { name, value: value.to_owned() })
}

/// A value without the quotes around it, once.
fn unquote(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

impl super::Entry for Entry {
    const FORMAT: &'static str = "rc.conf.local";

    fn print(&self) -> Result<String, Refused> {
        let good = self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !good || !is_read(&self.name) {
            return Err(Refused::rule(Self::FORMAT, "a name", "rc.subr reads no variable of this name"));
        }
        no_control(Self::FORMAT, "a value", &self.value)?;
        if self.value.contains('#') {
            return Err(Refused::character(Self::FORMAT, "a value", '#', "it ends the value"));
        }
        let plain = unquote(&self.value) == self.value && self.value.trim_matches(is_blank) == self.value;
        let line = match plain {
            true => format!("{}={}", self.name, self.value),
            false => format!("{}=\"{}\"", self.name, self.value),
        };
        verified(line, self, parse)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::super::Entry as _;
    use super::*;
    use crate::hostile::strings;
    use proptest::prelude::*;

    /// What rc.subr makes of a file: names and values in order. Written from its manual page and the rules that
    /// facts about it name; a shell's patterns by hand.
    fn rc_subr(text: &str) -> Vec<(String, String)> {
        let mut set = Vec::new();
        for line in text.split_terminator('\n') {
            // `read -r` takes blanks off both ends.
            let line = line.trim_matches([' ', '\t']);
            let Some((name, value)) = line.split_once('=') else { continue };
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            let name = name.trim_end_matches([' ', '\t']).to_lowercase();
            let known = ["_execdir", "_flags", "_logger", "_rtable", "_timeout", "_user"];
            if !known.iter().any(|end| name.ends_with(end)) && !NAMES.contains(&name.as_str()) {
                continue;
            }
            let value = value.trim_start_matches([' ', '\t']);
            let value = value.split('#').next().unwrap_or_default().trim_end_matches([' ', '\t']);
            let mut chars: Vec<char> = value.chars().collect();
            let quoted =
                |quote| chars.len() > 1 && chars.first() == Some(&quote) && chars.last() == Some(&quote);
            if quoted('"') || quoted('\'') {
                chars.remove(0);
                chars.pop();
            }
            set.push((name, chars.into_iter().collect()));
        }
        set
    }

    #[test]
    fn rc_subr_reads_what_was_set_whatever_the_value_holds() {
        let mut carried = 0;
        for value in strings() {
            let entry = Entry { name: "api_flags".into(), value: value.clone() };
            match entry.print() {
                Ok(line) => {
                    carried += 1;
                    let text = format!("pf=NO\n{line}\nhttpd_flags=end\n");
                    let wanted = [("pf", "NO"), ("api_flags", value.as_str()), ("httpd_flags", "end")];
                    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
                    assert_eq!(rc_subr(&text), wanted, "{line:?}");
                }
                Err(_) => {
                    assert!(value.contains('#') || value.contains(|c: char| c.is_control()), "{value:?}")
                }
            }
        }
        assert!(carried > 5_000);
        for name in strings() {
            let entry = Entry { name: name.clone(), value: "x".into() };
            if let Ok(line) = entry.print() {
                assert_eq!(rc_subr(&format!("{line}\n")), [(name, "x".to_owned())]);
            }
        }
    }

    #[test]
    fn mistakes_are_told() {
        let text = "httpd_flags=\n# comment\nexport sshd_flags=NO\nhttpd_enable=YES\npf_rules\nPF=NO\nntpd_flags=\"-s # fast\"\nrelayd_flags=\"-v\" -d\nsmtpd_flags=`date`\npkg_script=api\n";
        let said: Vec<_> = parse(text).1.iter().map(|problem| (problem.line, problem.what)).collect();
        assert_eq!(
            said,
            [
                (3, "the name is none of a variable"),
                (4, "rc.subr reads no variable of this name"),
                (5, "the line sets nothing"),
                (6, "the name is not in lower case"),
                (7, "the value ends at a `#`"),
                (7, "the quotes are not around the whole value"),
                (8, "the quotes are not around the whole value"),
                (9, "nothing is expanded in a value"),
                (10, "rc.subr reads no variable of this name"),
            ]
        );
    }

    proptest! {
        #[test]
        fn we_read_what_rc_subr_reads(text in "([a-zA-Z_]{0,3}(_flags|_user|pf|httpd_flags)? ?= ?[\"'a #=$-]{0,6}\n|#a=b\n|\n| \n){0,6}") {
            let ours: Vec<_> = parse(&text).0.entries().map(|(_, entry)| (entry.name.clone(), entry.value.clone())).collect();
            prop_assert_eq!(parse(&text).0.print(), text.clone());
            // A name that is none of a shell's variables is none of ours.
            let theirs: Vec<_> = rc_subr(&text).into_iter().filter(|(name, _)| !name.contains([' ', '"', '\'', '$', '-'])).collect();
            prop_assert_eq!(ours, theirs, "{:?}", text);
        }
    }
}
