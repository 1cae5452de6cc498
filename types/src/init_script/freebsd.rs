//! rc.d of FreeBSD: rc.subr(8) and the header that rcorder(8) reads.

use super::{Judge, near};
use crate::nearest;
use std::ops::Range;

/// What rc.subr reads.
const VARIABLES: &[&str] = &[
    "command",
    "command_args",
    "command_interpreter",
    "desc",
    "extra_commands",
    "name",
    "pidfile",
    "procname",
    "rcvar",
    "required_dirs",
    "required_files",
    "required_modules",
    "required_vars",
    "sig_reload",
    "sig_stop",
];

/// What it reads behind the script's name.
const OF_NAME: &[&str] = &[
    "chdir",
    "chroot",
    "cpuset",
    "enable",
    "env",
    "env_file",
    "fib",
    "flags",
    "group",
    "groups",
    "limits",
    "login_class",
    "nice",
    "offcmd",
    "oomprotect",
    "prepend",
    "program",
    "setup",
    "svcj",
    "svcj_ipaddrs",
    "svcj_options",
    "umask",
    "user",
];

/// What a script can be told to do without `extra_commands`.
const COMMANDS: &[&str] = &[
    "delete",
    "describe",
    "disable",
    "enable",
    "enabled",
    "extracommands",
    "poll",
    "rcvar",
    "restart",
    "start",
    "status",
    "stop",
];

/// What rcorder takes behind `# ` and before `:`.
const KEYS: &[&str] = &["BEFORE", "KEYWORD", "KEYWORDS", "PROVIDE", "PROVIDES", "REQUIRE", "REQUIRES"];

pub(super) fn judge(judge: &mut Judge<'_>) {
    let is_script = !judge.commands("run_rc_command").is_empty() || judge.sets("rcvar") || judge.sets("name");
    let provides = header(judge);
    if !is_script {
        return;
    }
    interpreter(judge);
    if !provides {
        let help = "write `# PROVIDE: NAME` at its head, so that rcorder knows it";
        judge.warning(judge.first_line(), "the script provides nothing", help);
    }
    let known = known(judge);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    judge.misspelt_variables(&known, "rc.subr");
    defaults(judge, &known);
    statements(judge);
    values(judge);
    rcvar(judge);
    methods(judge);
}

fn interpreter(judge: &mut Judge<'_>) {
    let line = judge.first_line();
    match judge.interpreter() {
        Some("/bin/sh" | "sh") => {}
        Some(other) if other.starts_with("/usr/local/") => {
            judge.warning(line, "rc.subr is written for FreeBSD's sh", "write `#!/bin/sh` on the first line");
        }
        Some(_) => {
            let help = "write `#!/bin/sh` on the first line: what packages bring lies below /usr/local";
            judge.error(line, "the interpreter is not FreeBSD's sh", help);
        }
        None => judge.warning(line, "no interpreter is named", "write `#!/bin/sh` on the first line"),
    }
}

/// Judges the lines that rcorder reads; whether anything is provided.
fn header(judge: &mut Judge<'_>) -> bool {
    let mut provides = false;
    // rcorder reads lines of its own up to the first that is none.
    let mut ended = None;
    let mut started = false;
    for comment in judge.script.comments.clone() {
        let line = judge.word(&comment);
        let at_begin = judge.text[..comment.start].ends_with('\n');
        let body = line.trim_start_matches('#').trim_start();
        let key = body.split([':', ' ', '\t']).next().unwrap_or_default();
        let start = comment.start + (line.len() - body.len());
        let bytes = start..start + key.len();
        let exact = line.strip_prefix("# ").is_some_and(|rest| rest.starts_with(key)) && at_begin;
        let colon = body[key.len()..].starts_with(':');
        if KEYS.contains(&key) && exact && colon {
            if started && ended.is_some_and(|end| end < comment.start) {
                let help = "write the lines one below the other: rcorder reads no further than to the first other one";
                judge.warning(bytes, "rcorder does not read so far", help);
                continue;
            }
            let words = body[key.len() + 1..].split_whitespace().count();
            if words == 0 && key.starts_with("PROVIDE") {
                judge.warning(
                    bytes.clone(),
                    "nothing stands behind it",
                    "write the name that others require",
                );
            }
            provides |= words > 0 && key.starts_with("PROVIDE");
            started = true;
            let next = (comment.end + 1).min(judge.text.len());
            let goes_on = judge.text[next..].starts_with("# ")
                && KEYS.iter().any(|key| {
                    judge.text[next + 2..].strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))
                });
            if !goes_on && ended.is_none() {
                ended = Some(comment.end);
            }
            continue;
        }
        if !at_begin || key.len() < 5 || !key.chars().all(|c| c.is_ascii_uppercase()) {
            continue;
        }
        if KEYS.contains(&key) && (colon || line.starts_with("# ")) {
            // A sentence may begin so.
            if colon || body[key.len()..].split_whitespace().count() == 1 {
                let help = format!("write `# {key}: …`");
                judge.warning(bytes, "rcorder does not read the line", help);
            }
        } else if let Some(near) =
            nearest(key, KEYS.iter().copied()).filter(|_| colon && !KEYS.contains(&key))
        {
            judge.warning(bytes, "rcorder does not know the word", format!("did you mean `{near}`?"));
        }
    }
    provides
}

/// Names that are read, with those of the script's own name and commands.
fn known(judge: &Judge<'_>) -> Vec<String> {
    let mut known: Vec<String> = VARIABLES.iter().map(|name| (*name).to_owned()).collect();
    if let Some(name) = judge.value("name") {
        known.extend(OF_NAME.iter().map(|of| format!("{name}_{of}")));
    }
    for command in
        COMMANDS.iter().map(|command| (*command).to_owned()).chain(extra(judge).unwrap_or_default())
    {
        known.extend(["cmd", "precmd", "postcmd"].map(|end| format!("{command}_{end}")));
    }
    known.push("reload_cmd".to_owned());
    known.push("reload_precmd".to_owned());
    known.push("reload_postcmd".to_owned());
    known
}

/// `: ${NAME:=VALUE}` of a name that nothing else has, and that is near one that is read.
fn defaults(judge: &mut Judge<'_>, known: &[&str]) {
    for words in judge.commands(":") {
        for word in words.iter().skip(1) {
            let text = judge.word(word);
            let Some(inner) = text.find("${").map(|at| at + 2) else { continue };
            let length = text[inner..].find(|c| !super::is_inside(c)).unwrap_or_default();
            let name = &text[inner..inner + length];
            let sets = text[inner + length..].trim_start_matches(':').starts_with('=');
            if !sets || known.contains(&name) || judge.sets(name) || judge.names.get(name) != Some(&1) {
                continue;
            }
            if let Some(near) = near(name, known) {
                let bytes = word.start + inner..word.start + inner + length;
                let help = format!("did you mean `{near}`?");
                judge.warning(bytes, "rc.subr reads no variable of this name", help);
            }
        }
    }
}

/// The words of `extra_commands`, if all of them are known.
fn extra(judge: &Judge<'_>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for variable in &judge.script.variables {
        if judge.word(&variable.name) == "extra_commands" {
            let value =
                judge.word(&variable.value).replace("${extra_commands}", "").replace("$extra_commands", "");
            if value.contains(['$', '`']) {
                return None;
            }
            let plain = value.replace(['"', '\''], " ");
            words.extend(plain.split_whitespace().map(str::to_owned));
        }
    }
    Some(words)
}

fn statements(judge: &mut Judge<'_>) {
    let others = judge.sources_others(&["/rc.subr", "/network.subr"]);
    if judge.sourced("/rc.subr").is_none() && !others {
        let help = "write `. /etc/rc.subr` at its head";
        judge.error(judge.first_line(), "rc.subr is not read: the script does nothing", help);
    }
    let run = judge.commands("run_rc_command");
    match run.first() {
        None if !others => {
            let help = "end the script with `run_rc_command \"$1\"`";
            judge.error(judge.last_line(), "run_rc_command is missing: the script does nothing", help);
        }
        Some(words) if words.len() == 1 => {
            let help = "write `run_rc_command \"$1\"`: it is told what to do";
            judge.error(words[0].clone(), "run_rc_command is not told what to do", help);
        }
        _ => {}
    }
    if let (false, Some(words), false) = (judge.sets("name"), run.first(), others) {
        let help = "write name=\"NAME\" before it: run_rc_command refuses to go on without";
        judge.error(words[0].clone(), "name is not set", help);
    }
}

/// Signals that kill(1) knows, without `SIG`.
const SIGNALS: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CONT", "EMT", "FPE", "HUP", "ILL", "INFO", "INT", "IO", "KILL", "LIBRT",
    "PIPE", "PROF", "QUIT", "SEGV", "STOP", "SYS", "TERM", "THR", "TRAP", "TSTP", "TTIN", "TTOU", "URG",
    "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

fn values(judge: &mut Judge<'_>) {
    for variable in judge.script.variables.clone() {
        let Some(value) = judge.static_value(&variable.value).filter(|value| !value.is_empty()) else {
            continue;
        };
        match judge.word(&variable.name) {
            "name" if variable.top && !crate::shell::is_identifier(&value) => {
                let what = "name is none of a variable: rc.subr makes NAME_enable and its like of it";
                judge.error(variable.value, what, "write letters, digits and `_`, such as foo_bar");
            }
            "sig_reload" | "sig_stop" if value.parse::<u8>().is_err() => {
                let upper = value.to_uppercase();
                let signal = upper.strip_prefix("SIG").unwrap_or(&upper);
                if !SIGNALS.contains(&signal) {
                    let help = match nearest(signal, SIGNALS.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "write one such as TERM, HUP or USR1".to_owned(),
                    };
                    judge.error(variable.value, "there is no signal of this name", help);
                }
            }
            _ => {}
        }
    }
}

fn rcvar(judge: &mut Judge<'_>) {
    let Some(name) = judge.value("name") else { return };
    let enable = format!("{name}_enable");
    match judge.script.variables.iter().find(|variable| judge.word(&variable.name) == "rcvar").cloned() {
        None => {
            let Some((at, _)) =
                judge.text.match_indices(enable.as_str()).find(|(at, _)| !judge.is_comment(*at))
            else {
                return;
            };
            let help =
                format!("write rcvar=\"{enable}\": without it the service is started whatever rc.conf says");
            judge.warning(at..at + enable.len(), "rcvar is not set, so nothing asks for the variable", help);
        }
        Some(rcvar) => {
            let value = judge.static_value(&rcvar.value).unwrap_or_default();
            if value != enable && near(&value, &[&enable]).is_some() {
                let help = format!("did you mean `{enable}`?");
                judge.warning(
                    rcvar.value.clone(),
                    "rcvar is another variable than that of the script's name",
                    help,
                );
            }
            let first = |commands: Vec<Vec<Range<usize>>>| {
                commands.iter().filter_map(|words| words.first().cloned()).min_by_key(|word| word.start)
            };
            let load = first(judge.commands("load_rc_config"));
            if let Some(run) = first(judge.commands("run_rc_command")).filter(|_| !value.is_empty()) {
                let help = "write `load_rc_config $name` before it: rc.conf is not read else";
                match load {
                    None => judge.warning(run, "load_rc_config is missing", help),
                    Some(load) if load.start > run.start => {
                        judge.warning(run, "load_rc_config stands behind run_rc_command", help);
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// Methods of commands that nobody can give, and methods that name no function.
fn methods(judge: &mut Judge<'_>) {
    let extra = extra(judge);
    let name = judge.value("name").unwrap_or_default();
    let others = judge.sources_others(&["/rc.subr", "/network.subr"]);
    for variable in judge.script.variables.clone() {
        let whole = judge.word(&variable.name);
        let Some((command, "cmd" | "precmd" | "postcmd")) = whole.rsplit_once('_') else { continue };
        let told = judge.problems.iter().any(|problem| problem.word.as_deref() == Some(whole));
        if told || !variable.top {
            continue;
        }
        let value = judge.static_value(&variable.value).unwrap_or_default();
        let known = |extra: &Vec<String>| extra.iter().any(|word| word == command);
        if !COMMANDS.contains(&command)
            && extra.as_ref().is_some_and(|extra| !known(extra))
            && !judge.uses(whole)
            && !others
            && !name.is_empty()
        {
            let help = format!("write extra_commands=\"{command}\", or the name of a command that there is");
            judge.warning(variable.name.clone(), "no command of this name is offered", help);
        }
        let own = value.starts_with(&format!("{name}_")) && crate::shell::is_identifier(&value);
        if own && !judge.defines(&value) && !others {
            let functions: Vec<&str> =
                judge.script.functions.iter().map(|function| judge.word(function)).collect();
            let help = match nearest(&value, functions) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "define it in the script".to_owned(),
            };
            judge.warning(variable.value, "there is no function of this name", help);
        }
    }
}
