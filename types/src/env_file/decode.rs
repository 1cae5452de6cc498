//! Files as each dialect's reader reads them.

use super::EnvFile;
use crate::{EnvName, ParseError, shell};

fn error(number: u32, problem: impl std::fmt::Display) -> ParseError {
    ParseError::new("lines of NAME=VALUE and comments", problem.to_string()).on_line(number)
}

/// Adds a variable; a name may stand once.
fn add(file: &mut EnvFile, number: u32, name: &str, value: String) -> Result<(), ParseError> {
    let name = EnvName::parse(name).map_err(|bad| error(number, bad.problem))?;
    if file.variables.iter().any(|(known, _)| *known == name) {
        return Err(error(number, "the variable is set twice"));
    }
    file.variables.push((name, value));
    Ok(())
}

/// docker and pam_env: a variable per line.
pub(super) fn lines(
    text: &str,
    value: fn(&str) -> Result<String, &'static str>,
) -> Result<EnvFile, ParseError> {
    let mut file = EnvFile::default();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(comment) = line.strip_prefix('#') {
            file.comments.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
        } else if !line.is_empty() {
            let (name, raw) = line.split_once('=').ok_or_else(|| error(number, "no ="))?;
            let value = value(raw).map_err(|problem| error(number, problem))?;
            add(&mut file, number, name, value)?;
        }
    }
    Ok(file)
}

/// Linux-PAM `_parse_env_file`: `#` ends the line; after a leading quote every quote but a last one stands for itself.
pub(super) fn pam_env_value(raw: &str) -> Result<String, &'static str> {
    if raw.contains('#') {
        return Err("# begins a comment");
    }
    if raw.ends_with('\\') {
        return Err("\\ joins the next line");
    }
    let Some(inside) = raw.strip_prefix(['"', '\'']) else { return Ok(raw.to_owned()) };
    Ok(inside.strip_suffix(['"', '\'']).unwrap_or(inside).to_owned())
}

/// A file that a shell sources: comments and assignments of static words.
pub(super) fn sh(text: &str) -> Result<EnvFile, ParseError> {
    let mut file = EnvFile::default();
    for line in shell::parse(text)? {
        let number = line.number;
        match line.item {
            shell::Item::Blank => {}
            shell::Item::Comment(comment) => {
                file.comments.push(comment.strip_prefix(' ').unwrap_or(&comment).to_owned());
            }
            shell::Item::Assign { name, value } => add(&mut file, number, &name, value)?,
            shell::Item::Command(_) | shell::Item::Function { .. } => return Err(error(number, "a command")),
        }
    }
    Ok(file)
}

/// systemd 252, `parse_env_file_internal`: outside quotes a `\` quotes the next character and a line feed ends the
/// value; in `"` a `\` counts only before ``" \ ` $``; text after a closed quote is appended.
pub(super) fn systemd(text: &str) -> Result<EnvFile, ParseError> {
    let mut file = EnvFile::default();
    let mut number = 1;
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.split('\n').next().unwrap_or_default();
        if line.starts_with(['#', ';']) || line.trim().is_empty() {
            if line.ends_with('\\') {
                return Err(error(number, "\\ joins the next line"));
            }
            if let Some(comment) = line.strip_prefix('#') {
                file.comments.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
            }
            rest = rest.get(line.len() + 1..).unwrap_or_default();
            number += 1;
            continue;
        }
        let (name, raw) = rest.split_once('=').ok_or_else(|| error(number, "no ="))?;
        let (value, after) = systemd_value(raw).map_err(|problem| error(number, problem))?;
        add(&mut file, number, name, value)?;
        number += rest[..rest.len() - after.len()].matches('\n').count() as u32;
        rest = after;
    }
    Ok(file)
}

fn systemd_value(raw: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut kept = 0;
    let mut chars = raw.char_indices();
    let mut bare = false;
    while let Some((index, c)) = chars.next() {
        match c {
            '\n' | '\r' => {
                value.truncate(if bare { kept } else { value.len() });
                return Ok((value, &raw[index + 1..]));
            }
            ' ' | '\t' if !bare => {}
            '\'' if !bare => loop {
                match chars.next() {
                    Some((_, '\'')) => break,
                    Some((_, c)) => value.push(c),
                    None => return Err("a ' is not closed"),
                }
            },
            '"' if !bare => loop {
                match chars.next() {
                    Some((_, '"')) => break,
                    Some((_, '\\')) => match chars.next() {
                        Some((_, c @ ('"' | '\\' | '`' | '$'))) => value.push(c),
                        Some((_, '\n')) => {}
                        Some((_, c)) => value.extend(['\\', c]),
                        None => return Err("a \" is not closed"),
                    },
                    Some((_, c)) => value.push(c),
                    None => return Err("a \" is not closed"),
                }
            },
            '\\' => {
                bare = true;
                match chars.next() {
                    Some((_, '\n')) => {}
                    Some((_, c)) => value.push(c),
                    None => return Err("a \\ quotes nothing"),
                }
                kept = value.len();
            }
            c => {
                bare = true;
                value.push(c);
                if !matches!(c, ' ' | '\t') {
                    kept = value.len();
                }
            }
        }
    }
    value.truncate(if bare { kept } else { value.len() });
    Ok((value, ""))
}
