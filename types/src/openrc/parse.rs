//! Parsing what is printed.

use super::print::{AROUND, NOTHING, SIGNAL_PIDFILE, SIGNAL_PROGRAM, SIGNAL_SUPERVISED};
use super::{Depend, Output, Reload, Run, Script};
use crate::shell::{self, Item};
use crate::{Mode, ParseError, UnixPath, name::AccountName, rc_dir};
use std::collections::BTreeMap;

fn bad(number: u32, problem: impl std::fmt::Display) -> ParseError {
    ParseError::new("an OpenRC service script", problem.to_string()).on_line(number)
}

/// Parses a script of the form that [`Script::print`] gives. Functions that it does not make are kept verbatim.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let lines = shell::parse(text)?;
    let mut comments = Vec::new();
    let mut variables = BTreeMap::new();
    let mut functions = Vec::new();
    for line in &lines {
        let number = line.number;
        match &line.item {
            Item::Blank => {}
            Item::Comment(interpreter) if number == 1 && interpreter == "!/sbin/openrc-run" => {}
            Item::Comment(_) if number == 1 => {
                return Err(bad(number, "the interpreter is not /sbin/openrc-run"));
            }
            Item::Comment(comment) => comments.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned()),
            Item::Assign { name, value } => drop(variables.insert(name.as_str(), (number, value.as_str()))),
            Item::Function { name, body } => functions.push((number, name.as_str(), body.as_str())),
            Item::Command(_) => return Err(bad(number, "a command")),
        }
    }
    let script = script(comments, &mut variables, functions)?;
    match variables.first_key_value() {
        Some((name, (number, _))) => Err(bad(*number, format!("unknown variable {name}"))),
        None => Ok(script),
    }
}

fn script(
    comments: Vec<String>,
    variables: &mut BTreeMap<&str, (u32, &str)>,
    functions: Vec<(u32, &str, &str)>,
) -> Result<Script, ParseError> {
    let text = |variables: &mut BTreeMap<&str, (u32, &str)>, name: &str| {
        variables.remove(name).map(|(_, value)| value.to_owned())
    };
    let path = |variables: &mut BTreeMap<&str, (u32, &str)>, name: &str| {
        text(variables, name).map(|path| UnixPath::parse(&path)).transpose()
    };
    let delay = text(variables, "respawn_delay").map(|delay| delay.parse()).transpose();
    let delay = delay.map_err(|_| bad(1, "respawn_delay is not a number"))?;
    let supervised = text(variables, "supervisor").is_some();
    let background = text(variables, "command_background").is_some();
    let oneshot = functions.iter().any(|(_, name, body)| *name == "stop" && *body == NOTHING);
    let mut script = Script {
        comments,
        description: text(variables, "description"),
        run: match (supervised, background, oneshot) {
            (true, ..) => Run::Supervised { delay },
            (_, true, _) => Run::Background,
            (.., true) => Run::Oneshot,
            _ => Run::Forking,
        },
        command: path(variables, "command")?.ok_or_else(|| bad(1, "command is not set"))?,
        arguments: arguments(variables)?,
        user: text(variables, "command_user").map(|user| owner(&user)).transpose()?,
        directory: path(variables, "directory")?,
        umask: text(variables, "umask").map(|umask| Mode::parse(&umask)).transpose()?,
        pidfile: path(variables, "pidfile")?,
        output: output(variables)?,
        retry: text(variables, "retry").map(|retry| schedule(&retry)).transpose()?,
        depend: Depend::default(),
        directories: Vec::new(),
        reload: None,
        functions: Vec::new(),
    };
    variables.remove("extra_started_commands");
    for (number, name, body) in functions {
        function(&mut script, number, name, body)?;
    }
    Ok(script)
}

/// Arguments: plain words, and `"$argument_N"` for what stands in a variable.
fn arguments(variables: &mut BTreeMap<&str, (u32, &str)>) -> Result<Vec<String>, ParseError> {
    let Some((number, text)) = variables.remove("command_args") else { return Ok(Vec::new()) };
    let word = |word: &str| match word.strip_prefix("\"$").and_then(|rest| rest.strip_suffix('"')) {
        Some(name) => match variables.remove(name) {
            Some((_, value)) => Ok(value.to_owned()),
            None => Err(bad(number, "a variable that is not set")),
        },
        None if shell::is_plain(word) => Ok(word.to_owned()),
        None => Err(bad(number, "an argument that is no plain word")),
    };
    text.split(' ').map(word).collect()
}

fn owner(text: &str) -> Result<(AccountName, Option<AccountName>), ParseError> {
    match text.split_once(':') {
        Some((user, group)) => Ok((AccountName::parse(user)?, Some(AccountName::parse(group)?))),
        None => Ok((AccountName::parse(text)?, None)),
    }
}

fn output(variables: &mut BTreeMap<&str, (u32, &str)>) -> Result<Option<Output>, ParseError> {
    if let Some((number, output)) = variables.remove("output_log") {
        return match variables.remove("error_log") {
            Some((_, error)) if error == output => Ok(Some(Output::File(UnixPath::parse(output)?))),
            _ => Err(bad(number, "output_log and error_log differ")),
        };
    }
    let Some((number, output)) = variables.remove("output_logger") else { return Ok(None) };
    variables.remove("error_logger");
    let tag = output.strip_prefix("logger -t ").and_then(|rest| rest.strip_suffix(" -p daemon.info"));
    tag.map(|tag| Some(Output::Syslog(tag.to_owned())))
        .ok_or_else(|| bad(number, "not logger -t NAME -p daemon.info"))
}

fn schedule(text: &str) -> Result<(String, u32), ParseError> {
    let parts = text.strip_suffix("/KILL/5").and_then(|rest| rest.split_once('/'));
    let parsed = parts.and_then(|(signal, seconds)| Some((signal.to_owned(), seconds.parse().ok()?)));
    parsed.ok_or_else(|| bad(1, "retry is not SIGNAL/SECONDS/KILL/5"))
}

fn function(script: &mut Script, number: u32, name: &str, body: &str) -> Result<(), ParseError> {
    match name {
        "depend" => return depend(&mut script.depend, number, body),
        "start_pre" => {
            let file = script.log_file().map(|command| rc_dir::body(&[command]));
            if file.as_deref() == Some(body) {
                return Ok(());
            }
            // The log file is the last that is made.
            let rest = file.and_then(|file| {
                let rest = body.strip_suffix(file.trim_start())?.strip_suffix(" &&\n\t    ")?;
                Some(format!("{rest}\n"))
            });
            if let Some(directories) = rc_dir::parse_body(rest.as_deref().unwrap_or(body)) {
                script.directories = directories?;
                return Ok(());
            }
        }
        "stop" if script.run == Run::Oneshot && body == NOTHING => return Ok(()),
        "reload" => {
            if let Some(command) = body.strip_prefix(AROUND[0]).and_then(|rest| rest.strip_suffix(AROUND[1]))
            {
                script.reload = Some(reload(number, command)?);
                return Ok(());
            }
        }
        _ => {}
    }
    script.functions.push((name.to_owned(), body.to_owned()));
    Ok(())
}

fn depend(depend: &mut Depend, number: u32, body: &str) -> Result<(), ParseError> {
    for line in body.lines() {
        let (kind, services) =
            line.trim().split_once(' ').ok_or_else(|| bad(number, "a dependency without services"))?;
        let list = match kind {
            "need" => &mut depend.need,
            "use" => &mut depend.using,
            "want" => &mut depend.want,
            "after" => &mut depend.after,
            "before" => &mut depend.before,
            "provide" => &mut depend.provide,
            "keyword" => &mut depend.keyword,
            _ => return Err(bad(number, "an unknown kind of dependency")),
        };
        list.extend(services.split_whitespace().map(str::to_owned));
    }
    Ok(())
}

fn reload(number: u32, command: &str) -> Result<Reload, ParseError> {
    for around in [SIGNAL_SUPERVISED, SIGNAL_PIDFILE, SIGNAL_PROGRAM] {
        if let Some(signal) = command.strip_prefix(around[0]).and_then(|rest| rest.strip_suffix(around[1]))
            && shell::is_plain(signal)
        {
            return Ok(Reload::Signal(signal.to_owned()));
        }
    }
    let split = |text: &str| shell::split(text).map_err(|problem| bad(number, problem));
    let words = split(command)?;
    match &words[..] {
        [su, s, _, c, inner, _] if su == "su" && s == "-s" && c == "-c" => {
            let inner = inner.strip_prefix("exec ").ok_or_else(|| bad(number, "su runs another command"))?;
            Ok(Reload::Command(split(inner)?))
        }
        _ => Ok(Reload::Command(words)),
    }
}
