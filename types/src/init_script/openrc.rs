//! Service scripts of openrc-run(8).

use super::{Judge, near};
use crate::nearest;

/// What openrc-run, start-stop-daemon, supervise-daemon and s6 read, up to OpenRC 0.60.
pub(super) const VARIABLES: &[&str] = &[
    "capabilities",
    "chroot",
    "command",
    "command_args",
    "command_args_background",
    "command_args_foreground",
    "command_background",
    "command_progress",
    "command_user",
    "description",
    "directory",
    "error_log",
    "error_logger",
    "extra_commands",
    "extra_started_commands",
    "extra_stopped_commands",
    "group",
    "healthcheck_delay",
    "healthcheck_timer",
    "in_background_fake",
    "input_file",
    "merge_stderr",
    "name",
    "no_new_privs",
    "notify",
    "opts",
    "output_log",
    "output_logger",
    "pidfile",
    "procname",
    "rc_after",
    "rc_before",
    "rc_cgroup_cleanup",
    "rc_config",
    "rc_keyword",
    "rc_need",
    "rc_provide",
    "rc_timeout_stopsec",
    "rc_ulimit",
    "rc_use",
    "rc_verbose",
    "rc_want",
    "ready",
    "required_dirs",
    "required_files",
    "respawn_delay",
    "respawn_delay_cap",
    "respawn_delay_step",
    "respawn_max",
    "respawn_period",
    "retry",
    "s6_service_path",
    "s6_service_timeout_stop",
    "s6_svwait_options_start",
    "scheduler",
    "secbits",
    "start_inactive",
    "start_stop_daemon_args",
    "stop_timeout",
    "stopsig",
    "supervise_daemon_args",
    "supervisor",
    "umask",
    "user",
];

const FUNCTIONS: &[&str] = &[
    "depend",
    "describe",
    "healthcheck",
    "reload",
    "reload_post",
    "reload_pre",
    "restart",
    "start",
    "start_post",
    "start_pre",
    "status",
    "stop",
    "stop_post",
    "stop_pre",
    "unhealthy",
];

const DEPENDENCIES: &[&str] = &["after", "before", "config", "keyword", "need", "provide", "use", "want"];

const SUPERVISORS: &[&str] = &["runit", "s6", "start-stop-daemon", "supervise-daemon"];

pub(super) fn judge(judge: &mut Judge<'_>) {
    if !interpreter(judge) {
        return;
    }
    judge.misspelt_variables(VARIABLES, "openrc-run");
    judge.misspelt_functions(FUNCTIONS, "openrc-run");
    depend(judge);
    if let Some(supervisor) = judge.value("supervisor").filter(|value| !value.is_empty())
        && !SUPERVISORS.contains(&supervisor.as_str())
        && let Some(variable) =
            judge.script.variables.iter().find(|variable| judge.word(&variable.name) == "supervisor").cloned()
    {
        let help = match nearest(&supervisor.replace('_', "-"), SUPERVISORS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", SUPERVISORS.join(", ")),
        };
        judge.warning(variable.value, "openrc-run knows no supervisor of this name", help);
    }
    background(judge);
    commands(judge);
}

/// Commands that are offered, and that no function carries out.
fn commands(judge: &mut Judge<'_>) {
    if judge.sources_others(&[]) || !judge.commands("eval").is_empty() {
        return;
    }
    for variable in judge.script.variables.clone() {
        if !matches!(
            judge.word(&variable.name),
            "extra_commands" | "extra_started_commands" | "extra_stopped_commands"
        ) {
            continue;
        }
        let offered = judge.static_value(&variable.value).unwrap_or_default();
        let Some(missing) = offered.split_whitespace().find(|word| !judge.defines(word)) else { continue };
        let functions: Vec<&str> =
            judge.script.functions.iter().map(|function| judge.word(function)).collect();
        let help = match nearest(missing, functions) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("define `{missing}`, or leave it out"),
        };
        judge.warning(variable.value, "a command is offered that no function carries out", help);
    }
}

/// Whether openrc-run runs the script; what is wrong is told.
fn interpreter(judge: &mut Judge<'_>) -> bool {
    let line = judge.first_line();
    let help = "write `#!/sbin/openrc-run` on the first line";
    match judge.interpreter().and_then(|path| path.rsplit('/').next()) {
        Some("openrc-run") => true,
        Some("runscript") => {
            judge.warning(line, "runscript is called openrc-run since OpenRC 0.13", help);
            true
        }
        Some(_) => {
            judge.error(line, "openrc-run does not run the script: OpenRC passes it by", help);
            false
        }
        None => {
            judge.error(line, "no interpreter is named: OpenRC passes the script by", help);
            true
        }
    }
}

fn depend(judge: &mut Judge<'_>) {
    for command in judge.script.commands.clone() {
        let in_depend = command.function.as_ref().is_some_and(|function| judge.word(function) == "depend");
        let Some(first) = command.words.first().filter(|_| in_depend) else { continue };
        let word = judge.word(first);
        let own = judge.defines(word) || DEPENDENCIES.contains(&word);
        let near = match word {
            _ if own => None,
            "uses" => Some("use"),
            _ => near(word, DEPENDENCIES),
        };
        if let Some(near) = near {
            judge.warning(
                first.clone(),
                "depend has no function of this name",
                format!("did you mean `{near}`?"),
            );
        } else if !own && command.words.len() > 1 && DEPENDENCIES.contains(&word.trim_end_matches(':')) {
            judge.warning(first.clone(), "depend has no function of this name", "leave out the colon");
        }
    }
}

/// `command_background` needs a file for the process id.
fn background(judge: &mut Judge<'_>) {
    let Some(variable) = judge
        .script
        .variables
        .iter()
        .find(|variable| judge.word(&variable.name) == "command_background")
        .cloned()
    else {
        return;
    };
    let value = judge.static_value(&variable.value).unwrap_or_default();
    let on = ["yes", "true", "on", "1"].iter().any(|word| value.eq_ignore_ascii_case(word));
    if on && variable.top && judge.value("supervisor").as_deref() == Some("supervise-daemon") {
        let help = "leave it out: the program has to stay in the foreground";
        judge.warning(variable.name, "supervise-daemon does not read command_background", help);
        return;
    }
    let starts = judge.defines("start") || judge.sets("supervisor");
    if on && variable.top && !judge.sets("pidfile") && !starts {
        let help =
            "write pidfile=\"/run/$RC_SVCNAME.pid\": without it openrc-run refuses to start the program";
        judge.warning(variable.name, "command_background has no pidfile", help);
    }
}
