//! What init scripts source: FreeBSD's `rc.conf` and `rc.conf.d`, OpenRC's `conf.d`. It is shell; what is judged are the
//! assignments, and only names whose set is known.

use super::{Judge, near, openrc};
use crate::nearest::distance;
use crate::small::{Problem, variables};
use crate::{InitSystem, Severity};
use std::collections::BTreeSet;

/// What rc.conf(5) of OpenRC and service scripts read beside [`openrc::VARIABLES`].
const OF_OPENRC: &[&str] = &[
    "rc_autostart_user",
    "rc_cgroup_blkio",
    "rc_cgroup_cpu",
    "rc_cgroup_cpuacct",
    "rc_cgroup_cpuset",
    "rc_cgroup_devices",
    "rc_cgroup_hugetlb",
    "rc_cgroup_memory",
    "rc_cgroup_memory_use_hierarchy",
    "rc_cgroup_mode",
    "rc_cgroup_net_cls",
    "rc_cgroup_net_prio",
    "rc_cgroup_pids",
    "rc_cgroup_settings",
    "rc_cgroup_sigterm",
    "rc_controller_cgroups",
    "rc_crashed_start",
    "rc_crashed_stop",
    "rc_depend_strict",
    "rc_env_allow",
    "rc_hotplug",
    "rc_interactive",
    "rc_log_path",
    "rc_logger",
    "rc_nocolor",
    "rc_nodeps",
    "rc_nostop",
    "rc_oom_score_adj",
    "rc_parallel",
    "rc_send_sighup",
    "rc_send_sigkill",
    "rc_shell",
    "rc_start_wait",
    "rc_sys",
    "rc_tty_number",
];

/// What checkyesno of rc.subr takes, and what sendmail's script does.
const YES_OR_NO: &[&str] = &["yes", "true", "on", "1", "no", "false", "off", "0", "none"];

pub(super) fn judge(judge: &mut Judge<'_>, init: InitSystem) {
    let within = within_values(judge);
    let (file, problems) = variables::parse(judge.text);
    // A line of a value that the shell expands is no statement.
    judge.problems.extend(problems.into_iter().filter(|problem| !within.contains(&problem.line)));
    twice(judge, &file, &within);
    for variable in judge.script.variables.clone() {
        let name = judge.word(&variable.name);
        match init {
            InitSystem::FreebsdRc => {
                let Some((service, ending)) = name.rsplit_once('_') else { continue };
                let value = judge.static_value(&variable.value).unwrap_or_default();
                if ending == "enable" {
                    let known = YES_OR_NO.iter().any(|known| value.eq_ignore_ascii_case(known));
                    if !known && !value.is_empty() {
                        judge.warning(variable.value, "rc takes that for no", "write YES or NO");
                    }
                } else if distance(ending, "enable", 1) <= 1 {
                    let help = format!("did you mean `{service}_enable`?");
                    judge.warning(variable.name, "no script reads a variable of this name", help);
                }
            }
            InitSystem::Openrc => {
                let known: Vec<&str> = openrc::VARIABLES.iter().chain(OF_OPENRC).copied().collect();
                let ours = name.starts_with("rc_") && !known.contains(&name) && !judge.uses(name);
                if let Some(near) = near(name, &known).filter(|_| ours) {
                    let help = format!("did you mean `{near}`?");
                    judge.warning(variable.name, "openrc-run reads no variable of this name", help);
                }
            }
            InitSystem::OpenbsdRc | InitSystem::Systemd => {}
        }
    }
}

/// Lines, from 1, that begin within a value.
fn within_values(judge: &Judge<'_>) -> BTreeSet<u32> {
    let line = |at: usize| judge.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let values = judge.script.variables.iter().map(|variable| &variable.value);
    let lines = values.flat_map(|value| line(value.start) + 1..=line(value.end));
    lines.filter_map(|line| u32::try_from(line).ok()).collect()
}

/// Variables that are set twice, the second time to a value without the first, where no condition stands in the file.
fn twice(judge: &mut Judge<'_>, file: &crate::small::File<variables::Entry>, within: &BTreeSet<u32>) {
    const CONDITIONS: &[&str] = &["if", "case", "for", "while", "until", "elif"];
    let conditional = |line: &str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        CONDITIONS.contains(&first) || line.contains("()")
    };
    if judge.text.lines().any(conditional) {
        return;
    }
    let mut set = BTreeSet::new();
    for (line, entry) in file.entries().filter(|(line, _)| !within.contains(line)) {
        let name = entry.name.as_str();
        if set.insert(name) {
            continue;
        }
        let text = judge.text.split('\n').nth(line.saturating_sub(1) as usize).unwrap_or_default();
        let Some(before) = text.find(name) else { continue };
        let start = u32::try_from(text[..before].chars().count()).unwrap_or(0) + 1;
        judge.problems.push(Problem {
            line,
            columns: start..start + u32::try_from(name.len()).unwrap_or(0),
            what: "the variable is set above already",
            word: Some(name.to_owned()),
            help: "the last one counts: leave one out".into(),
            severity: Severity::Warning,
        });
    }
}
