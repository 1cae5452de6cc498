//! systemd: `systemd-analyze --man=no --recursive-errors=no --root=STAGE verify UNIT…`, on a stage that holds the
//! host's units and drop-ins, stubs of the units they name, and an empty executable for each that they start.
//!
//! Unknown keys and bad values are warnings of systemd's, but with `--recursive-errors=no` the exit code is 1; other
//! units' warnings do not count. What only advises against an old form is a warning here, and so is a line that it passes
//! by, unless the unit comes from a typed model. It does not look at users, environment files, capabilities' names or
//! `[Install]`.

use super::pattern::{either, error};
use super::{Prepared, Program, Scope, View};
use crate::sandbox::{Entry, What};
use cmc_types::InitSystem;
use std::collections::BTreeSet;

/// Where the units lie that are verified.
const STAGE: &str = "/run/cmc/systemd";

pub(super) const SYSTEMD: Program = Program {
    name: "systemd-analyze",
    about: "systemd units and drop-ins, all of a host's together",
    applies_to: &[
        "/{etc,run,usr/lib,lib,usr/local/lib}/systemd/system/*.{service,socket,timer,path,mount,automount,swap,slice,target}",
        "/{etc,run,usr/lib,lib,usr/local/lib}/systemd/system/*.d/*.conf",
    ],
    init: Some(InitSystem::Systemd),
    scope: Scope::Set,
    argv: &[
        "systemd-analyze",
        "--man=no",
        "--recursive-errors=no",
        "--root=/run/cmc/systemd",
        "verify",
        "{}",
    ],
    version_argv: &["systemd-analyze", "--version"],
    version_line: "systemd {message} ({_}",
    patterns: &[
        either("{file}:{line}: {message}"),
        error("Failed to {message}"),
        error("Unit {file} has a bad unit file setting{_}{message}"),
        either("{file}: {message}"),
    ],
    ignored: &["has a bad unit file setting", "Unit configuration has fatal error"],
    advice: &[
        "is obsolete",
        "deprecated",
        "legacy directory",
        "please update the unit file",
        "will be removed soon",
    ],
    passed_by: &["ignoring", "Ignoring"],
    env: &[("SYSTEMD_LOG_LEVEL", "notice"), ("SYSTEMD_LOG_TARGET", "console"), ("SYSTEMD_LOG_COLOR", "0")],
    packages: &[("", "systemd")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Targets and slices that every unit hangs on.
const STANDARD: &[&str] = &[
    "-.slice",
    "basic.target",
    "multi-user.target",
    "network-online.target",
    "network.target",
    "paths.target",
    "shutdown.target",
    "sockets.target",
    "sysinit.target",
    "system.slice",
    "timers.target",
];

fn prepare(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    let mut stage = Stage::default();
    for (path, text) in &view.subjects {
        let copy = format!("{STAGE}{path}");
        stage.add(&copy, What::file(0o644, text.as_bytes()));
        prepared.copies.push((copy, (*path).to_owned()));
        let mut components = path.rsplit('/');
        let (file, folder) = (components.next().unwrap_or_default(), components.next().unwrap_or_default());
        let unit = match folder.strip_suffix(".d") {
            Some(unit) if file.ends_with(".conf") => concrete(unit),
            _ => file.to_owned(),
        };
        stage.units.insert(unit.clone());
        for value in values(text) {
            stage.mention(value);
        }
        for command in values_of(text, |key| key.starts_with("Exec")) {
            stage.execute(command, &unit);
        }
        // What a timer, path or socket starts unless it says otherwise.
        if let Some((stem, "timer" | "path" | "socket")) = unit.rsplit_once('.') {
            stage.mentioned.insert(format!("{stem}.service"));
        }
    }
    let mut stubs: BTreeSet<String> = STANDARD.iter().map(|name| (*name).to_owned()).collect();
    stubs.extend(stage.mentioned.iter().cloned());
    stubs.extend(stage.units.iter().cloned());
    for name in stubs {
        let own = view.subjects.iter().any(|(path, _)| path.rsplit('/').next() == Some(name.as_str()));
        if let Some(text) = stub(&name).filter(|_| !own) {
            stage.add(&format!("{STAGE}/usr/lib/systemd/system/{name}"), What::file(0o644, text.as_bytes()));
        }
    }
    stage.add(&format!("{STAGE}/usr/bin/true"), What::file(0o755, *b""));
    prepared.arguments = stage.units.into_iter().collect();
    prepared.entries = stage.entries;
    prepared
}

/// A unit that a drop-in of this directory applies to: `foo-.service.d` is for all `foo-*.service`, `service.d` for all
/// services.
fn concrete(unit: &str) -> String {
    match unit.rsplit_once('.') {
        Some((stem, kind)) if stem.ends_with('-') => format!("{stem}any.{kind}"),
        Some(_) => unit.to_owned(),
        None => format!("any.{unit}"),
    }
}

#[derive(Default)]
struct Stage {
    entries: Vec<Entry>,
    paths: BTreeSet<String>,
    units: BTreeSet<String>,
    mentioned: BTreeSet<String>,
}

impl Stage {
    fn add(&mut self, path: &str, what: What) {
        if self.paths.insert(path.to_owned()) {
            self.entries.push(Entry { path: path.to_owned(), what });
        }
    }

    /// Notes the units that a value names.
    fn mention(&mut self, value: &str) {
        let names = value.split([' ', '\t', ',']).filter(|word| {
            !word.contains(['/', '%', '=', '"', '\'', '\\'])
                && word.rsplit_once('.').is_some_and(|(stem, kind)| {
                    !stem.is_empty()
                        && matches!(kind, "service" | "socket" | "timer" | "path" | "target" | "slice")
                })
        });
        self.mentioned.extend(names.map(str::to_owned));
    }

    /// Notes the executables of an `Exec…=` value.
    fn execute(&mut self, command: &str, unit: &str) {
        let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
        let prefix = stem.split('@').next().unwrap_or(stem);
        for part in command.split(" ; ") {
            let program = part.trim_start().trim_start_matches(['@', '-', ':', '+', '!']);
            let program = program.trim_start_matches(['"', '\'']);
            let program = program.split([' ', '\t', '"', '\'']).next().unwrap_or_default();
            let program = program
                .replace("%i", "i")
                .replace("%I", "i")
                .replace("%p", prefix)
                .replace("%n", unit)
                .replace("%N", stem)
                .replace("%%", "%");
            let normal = !program.is_empty()
                && !program.ends_with('/')
                && !program.contains("/.")
                && !program.contains("//");
            if program.starts_with('/') && normal {
                self.add(&format!("{STAGE}{program}"), What::file(0o755, *b""));
            } else if normal && !program.contains('/') {
                self.add(&format!("{STAGE}/usr/bin/{program}"), What::file(0o755, *b""));
            }
        }
    }
}

/// Every value of a unit, without continuation lines.
fn values(text: &str) -> impl Iterator<Item = &str> {
    values_of(text, |_| true)
}

fn values_of(text: &str, key: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
    text.lines().filter_map(move |line| {
        let (name, value) = line.trim().split_once('=')?;
        let comment = name.starts_with(['#', ';']);
        (!comment && key(name.trim())).then_some(value.trim())
    })
}

/// A unit that says as little as one of its kind can; `None` for kinds whose name would have to fit.
fn stub(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "service" => "[Unit]\nDescription=stub\n[Service]\nExecStart=/usr/bin/true\n",
        "socket" => "[Unit]\nDescription=stub\n[Socket]\nListenStream=/run/stub\n",
        "timer" => "[Unit]\nDescription=stub\n[Timer]\nOnCalendar=daily\n",
        "path" => "[Unit]\nDescription=stub\n[Path]\nPathExists=/run/stub\n",
        "target" | "slice" => "[Unit]\nDescription=stub\n",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::SYSTEMD;
    use cmc_types::systemd::{SYSTEM_FOLDERS, USER_FOLDERS};

    #[test]
    fn units_and_drop_ins_of_every_directory_of_the_systems_manager_are_verified() {
        let verified = |path: String| SYSTEMD.applies_to.iter().any(|glob| crate::glob::matches(glob, &path));
        for folder in SYSTEM_FOLDERS {
            assert!(verified(format!("{folder}/api.service")), "{folder}");
            assert!(verified(format!("{folder}/api.service.d/limits.conf")), "{folder}");
        }
        for folder in USER_FOLDERS {
            assert!(!verified(format!("{folder}/api.service")), "{folder}");
        }
    }
}
