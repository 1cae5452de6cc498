//! rc.d(8) and rc.subr(8) of OpenBSD.

use super::Judge;
use crate::nearest;
use crate::shell::is_identifier;

/// What rc.subr reads, or gives to functions.
const VARIABLES: &[&str] = &[
    "daemon",
    "daemon_class",
    "daemon_execdir",
    "daemon_flags",
    "daemon_logger",
    "daemon_rtable",
    "daemon_timeout",
    "daemon_user",
    "pexp",
    "rc_bg",
    "rc_check",
    "rc_configtest",
    "rc_reload",
    "rc_reload_signal",
    "rc_restart",
    "rc_start",
    "rc_stop",
    "rc_stop_signal",
    "rc_usercheck",
];

const FUNCTIONS: &[&str] =
    &["rc_check", "rc_configtest", "rc_post", "rc_pre", "rc_reload", "rc_start", "rc_stop"];

pub(super) fn judge(judge: &mut Judge<'_>) {
    interpreter(judge);
    judge.misspelt_variables(VARIABLES, "rc.subr");
    judge.misspelt_functions(FUNCTIONS, "rc.subr");
    own_prefixes(judge);
    values(judge);
    let others = judge.sources_others(&["/rc.subr"]);
    let subr = judge.sourced("/rc.subr");
    if subr.is_none() && !others {
        let help = "write `. /etc/rc.d/rc.subr` behind the variables";
        judge.error(judge.first_line(), "rc.subr is not read: nothing in the script has an effect", help);
        return;
    }
    if let Some(subr) = subr.filter(|_| !others) {
        let before = |variable: &super::scan::Variable| variable.name.start < subr;
        let daemon = judge.script.variables.iter().filter(|variable| judge.word(&variable.name) == "daemon");
        let daemon: Vec<_> = daemon.cloned().collect();
        let line = subr..judge.text[subr..].find('\n').map_or(judge.text.len(), |feed| subr + feed);
        if daemon.is_empty() {
            let help = "write daemon=\"/path/of/the/program\" before rc.subr is read";
            judge.error(line, "daemon is not set: rc.subr ends the script", help);
        } else if let (false, Some(late)) = (daemon.iter().any(before), daemon.first()) {
            let help = "rc.subr ends the script where daemon is not set: set it before rc.subr is read";
            judge.error(late.name.clone(), "daemon is set behind rc.subr", help);
        }
    }
    let commands = judge.commands("rc_cmd");
    match commands.first() {
        None if !others => {
            let help = "end the script with `rc_cmd $1`";
            judge.error(judge.last_line(), "rc_cmd is missing: the script does nothing", help);
        }
        Some(words) if words.len() == 1 => {
            let help = "write `rc_cmd $1`: it is told what to do";
            judge.error(words[0].clone(), "rc_cmd is not told what to do", help);
        }
        _ => {}
    }
}

/// Of the script's name: rc.subr makes names of variables of it.
pub(super) fn name(judge: &mut Judge<'_>, name: &str) {
    if is_identifier(name) || judge.sourced("/rc.subr").is_none() {
        return;
    }
    let line = judge.first_line();
    let what =
        "the file's name is none of a service: rcctl refuses it, and NAME_flags would be another variable";
    let help = "rename the file: a letter or `_`, then letters, digits and `_`";
    // A name with a dot is mostly one of a copy, which nothing is to run.
    match name.contains(['.', '~']) {
        true => judge.warning(line, what, help),
        false => judge.error(line, what, help),
    }
}

fn interpreter(judge: &mut Judge<'_>) {
    let line = judge.first_line();
    match judge.interpreter() {
        Some("/bin/ksh" | "/bin/sh" | "ksh" | "sh") => {}
        Some(other) if other.starts_with("/usr/local/") => {
            judge.warning(line, "rc.subr is written for ksh", "write `#!/bin/ksh` on the first line");
        }
        Some(_) => {
            let help =
                "write `#!/bin/ksh` on the first line: OpenBSD has no other shell than ksh, sh and csh";
            judge.error(line, "the interpreter is not OpenBSD's ksh", help);
        }
        None => judge.warning(line, "no interpreter is named", "write `#!/bin/ksh` on the first line"),
    }
}

/// Names that begin as those of rc.subr do, and that neither it nor the script reads.
fn own_prefixes(judge: &mut Judge<'_>) {
    for variable in judge.script.variables.clone() {
        let name = judge.word(&variable.name);
        let told = judge.problems.iter().any(|problem| problem.word.as_deref() == Some(name));
        let ours = name.strip_prefix("daemon_").or(name.strip_prefix("rc_")).is_some();
        if told || !ours || VARIABLES.contains(&name) || judge.uses(name) {
            continue;
        }
        let help = match nearest(name, VARIABLES.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "rc.subr(8) names those that there are".to_owned(),
        };
        judge.warning(variable.name, "rc.subr reads no variable of this name", help);
    }
}

fn values(judge: &mut Judge<'_>) {
    for variable in judge.script.variables.clone() {
        let Some(value) = judge.static_value(&variable.value) else { continue };
        match judge.word(&variable.name) {
            "daemon" if !value.starts_with('/') && variable.top => {
                judge.error(variable.value, "daemon is no absolute path", "write the program's whole path");
            }
            "daemon_timeout" | "daemon_rtable" if value.parse::<u32>().is_err() => {
                judge.error(variable.value, "that is no number", "write digits; a timeout is in seconds");
            }
            "rc_bg" if value != "YES" && !value.is_empty() && !value.eq_ignore_ascii_case("no") => {
                judge.warning(variable.value, "only YES in capitals counts", "write rc_bg=YES");
            }
            "rc_reload" | "rc_check" | "rc_stop" | "rc_usercheck" | "rc_configtest"
                if value != "NO" && value.eq_ignore_ascii_case("no") =>
            {
                judge.warning(variable.value, "only NO in capitals counts", "write NO");
            }
            _ => {}
        }
    }
}
