//! Parsing what is printed.

use super::{Reload, Script, Start};
use crate::shell::{self, Item};
use crate::{ParseError, UnixPath, name::AccountName, rc_dir};

fn bad(number: u32, problem: impl std::fmt::Display) -> ParseError {
    ParseError::new("an OpenBSD rc.d script", problem.to_string()).on_line(number)
}

/// Parses a script of the form that [`Script::print`] gives. Functions that it does not make are kept verbatim.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let lines = shell::parse(text)?;
    let daemon = lines.iter().find_map(|line| match &line.item {
        Item::Assign { name, value } if name == "daemon" => Some(value),
        _ => None,
    });
    let daemon = UnixPath::parse(daemon.ok_or_else(|| bad(1, "daemon is not set"))?)?;
    let mut script = Script::new(daemon);
    let mut ended = false;
    for line in &lines {
        let number = line.number;
        if ended {
            return Err(bad(number, "something follows rc_cmd"));
        }
        match &line.item {
            Item::Blank => {}
            Item::Comment(interpreter) if number == 1 => {
                if interpreter != "!/bin/ksh" {
                    return Err(bad(number, "the interpreter is not /bin/ksh"));
                }
            }
            Item::Comment(comment) => {
                let comment = comment.strip_prefix(' ').unwrap_or(comment);
                script.comments.push(comment.to_owned());
            }
            Item::Assign { name, value } => assign(&mut script, number, name, value)?,
            Item::Function { name, body } => function(&mut script, number, name, body)?,
            Item::Command(command) if command == ". /etc/rc.d/rc.subr" => {}
            Item::Command(command) if command == "rc_cmd $1" => ended = true,
            Item::Command(_) => return Err(bad(number, "a command")),
        }
    }
    if ended { Ok(script) } else { Err(bad(lines.len() as u32, "rc_cmd $1 is missing")) }
}

fn assign(script: &mut Script, number: u32, name: &str, value: &str) -> Result<(), ParseError> {
    let count = || value.parse().map_err(|_| bad(number, "not a number"));
    match (name, value) {
        ("daemon", _) => {}
        ("daemon_flags", _) => script.flags = shell::split(value).map_err(|problem| bad(number, problem))?,
        ("daemon_execdir", _) => script.directory = Some(UnixPath::parse(value)?),
        ("daemon_logger", _) => script.logger = Some(value.to_owned()),
        ("daemon_rtable", _) => script.rtable = Some(count()?),
        ("daemon_timeout", _) => script.timeout = Some(count()?),
        ("daemon_user", _) => script.user = Some(AccountName::parse(value)?),
        ("pexp", _) => script.pattern = Some(value.to_owned()),
        ("rc_bg", "YES") => script.background = true,
        ("rc_reload", "NO") => script.reload = Reload::No,
        ("rc_reload_signal", _) => script.reload = Reload::Signal(value.to_owned()),
        ("rc_stop_signal", _) => script.stop_signal = Some(value.to_owned()),
        ("rc_usercheck", "NO") => script.root_check = true,
        _ => return Err(bad(number, "a variable or value that rc.subr does not have")),
    }
    Ok(())
}

fn function(script: &mut Script, number: u32, name: &str, body: &str) -> Result<(), ParseError> {
    let executed = body.strip_prefix("\trc_exec ").and_then(|rest| rest.strip_suffix('\n'));
    match (name, executed) {
        ("rc_pre", _) => {
            if let Some(directories) = rc_dir::parse_body(body) {
                script.directories = directories?;
                return Ok(());
            }
        }
        ("rc_start", Some(line)) => {
            if let Some(start) = start(script, number, line)? {
                script.start = Some(start);
                return Ok(());
            }
        }
        ("rc_reload", Some(line)) => {
            let words = shell::split(line).map_err(|problem| bad(number, problem))?;
            if let [line] = &words[..] {
                let (None, _, rest) = rc_dir::parse_prelude(line)? else {
                    return Err(bad(number, "a umask"));
                };
                if let Some(command) = rest.strip_prefix("exec ") {
                    script.reload =
                        Reload::Command(shell::split(command).map_err(|problem| bad(number, problem))?);
                    return Ok(());
                }
            }
        }
        _ => {}
    }
    script.functions.push((name.to_owned(), body.to_owned()));
    Ok(())
}

/// Reads the argument of `rc_exec` in `rc_start`; `None` if it is of another form.
fn start(script: &Script, number: u32, line: &str) -> Result<Option<Start>, ParseError> {
    let flags = line.strip_prefix('"').and_then(|rest| rest.strip_suffix("exec ${daemon} ${daemon_flags}\""));
    if let Some(prelude) = flags {
        let (umask, env_file, rest) = rc_dir::parse_prelude(prelude)?;
        return Ok(rest.is_empty().then_some(Start { umask, env_file, arguments: None }));
    }
    let Ok(words) = shell::split(line) else { return Ok(None) };
    let [line] = &words[..] else { return Ok(None) };
    let (umask, env_file, rest) = rc_dir::parse_prelude(line)?;
    let Some(command) = rest.strip_prefix("exec ") else { return Ok(None) };
    let argv = shell::split(command).map_err(|problem| bad(number, problem))?;
    match argv.split_first() {
        Some((program, arguments)) if *program == script.daemon.as_str() => {
            Ok(Some(Start { umask, env_file, arguments: Some(arguments.to_vec()) }))
        }
        _ => Ok(None),
    }
}
