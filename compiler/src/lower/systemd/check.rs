//! Checks of drafts: every section and directive against the table, and what a unit as a whole must have.

use super::super::clear;
use super::draft::{Draft, Item};
use cmc_types::systemd::{
    Command, Kind, Repeat, Section, UnitName, UnitType, directive, escape_path, instance_specifier, names_of,
    release_of, section, shell_word,
};
use cmc_types::{Diagnostic, Os, Place, Severity, codes, nearest};
use std::collections::BTreeMap;

/// Said of a value that systemd refuses the unit for, whatever directive it is of.
pub(crate) const REFUSED: &str = "systemd refuses the unit";

/// What a file below `/etc/systemd/system` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A unit of its own.
    Unit(UnitName),
    /// A drop-in of the unit of this name, or of all units of a type or prefix.
    DropIn { unit: String, kind: UnitType },
}

impl Target {
    /// Reads a name such as `api.service` or `nginx.service.d/limits.conf`; the error says what is wrong.
    pub(super) fn parse(file: &str) -> Result<Self, (String, Option<String>)> {
        let Some((folder, name)) = file.split_once('/') else {
            return UnitName::parse(file).map(Self::Unit).map_err(|bad| (bad.problem, bad.help));
        };
        let unit = folder.strip_suffix(".d").ok_or_else(|| {
            ("the folder of a drop-in ends in .d".to_owned(), Some(format!("write \"{folder}.d/{name}\"")))
        })?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '@' | '+');
        if name.len() <= ".conf".len()
            || !name.ends_with(".conf")
            || !name.chars().all(allowed)
            || name.starts_with('.')
        {
            return Err((
                "the file of a drop-in ends in .conf".to_owned(),
                Some(format!("write \"{folder}/NAME.conf\"")),
            ));
        }
        // `service.d` is for all services.
        if let Some(kind) = UnitType::ALL.iter().copied().find(|kind| kind.name() == unit) {
            return Ok(Self::DropIn { unit: unit.to_owned(), kind });
        }
        let unit = UnitName::parse(unit).map_err(|bad| (bad.problem, bad.help))?;
        Ok(Self::DropIn { unit: unit.as_str().to_owned(), kind: unit.kind() })
    }

    /// Whether it is read for units only whose names have no `@`: not what applies to many units.
    fn has_no_instance(&self) -> bool {
        match self {
            Self::Unit(name) => !name.as_str().contains('@'),
            Self::DropIn { unit, .. } => {
                unit.rsplit_once('.').is_some_and(|(stem, _)| !stem.contains('@') && !stem.ends_with('-'))
            }
        }
    }

    pub(super) fn kind(&self) -> UnitType {
        match self {
            Self::Unit(name) => name.kind(),
            Self::DropIn { kind, .. } => *kind,
        }
    }
}

/// A specifier that is empty in a unit that is no template.
fn without_instance(item: &Item, file: &str) -> Option<Diagnostic> {
    let specifier = instance_specifier(&item.value)?;
    let message = format!("{specifier} in {}= of {file} is empty: the unit is no template", item.key);
    let mut finding = Diagnostic::new(codes::DIRECTIVE_VALUE, message).at(item.place, "nothing stands here");
    // systemd refuses a unit whose account is empty, and takes the rest without the word.
    if !matches!(item.key.as_str(), "User" | "Group") {
        finding.severity = Severity::Warning;
    }
    Some(finding.help("name the unit NAME@.TYPE and run instances of it, or write what is meant; %p and %n are the unit's own name"))
}

/// A word that only a shell would read as it is meant.
fn for_a_shell(item: &Item, file: &str, by_hand: bool) -> Option<Diagnostic> {
    let word = shell_word(&item.value)?;
    let message = format!("{word:?} in {}= of {file} is for a shell, and systemd runs none", item.key);
    Some(
        Diagnostic::new(codes::SHELL_SYNTAX, message)
            .at(item.place, "the program gets it as an argument")
            .help(match by_hand {
                true => "run a shell: /bin/sh -c '…'; or put the word in quotes if the program shall have it",
                false => "run a shell: [\"/bin/sh\", \"-c\", \"…\"]",
            }),
    )
}

/// Checks the directives of a draft, for an operating system if it is known; findings point at the values, or at the
/// keys where `key_place` knows them.
pub(super) fn directives(
    draft: &Draft,
    target: &Target,
    os: Option<&Os>,
    key_place: impl Fn(&Item) -> Option<Place>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut seen: BTreeMap<(&str, &str), &Item> = BTreeMap::new();
    let release = os.and_then(release_of);
    for item in draft.items.iter().filter(|item| !item.section.starts_with("X-")) {
        let key = key_place(item).unwrap_or(item.place);
        let Some(section) = section(&item.section).filter(|section| allowed(target.kind()).contains(section))
        else {
            continue; // Reported once for the section.
        };
        if item.key.starts_with("X-") {
            continue;
        }
        let Some(row) = directive(section, &item.key) else {
            diagnostics.push(unknown(item, section, target).at(key, "no such directive"));
            continue;
        };
        if let (Some(needed), Some(os), Some(release)) = (row.since, os, release)
            && needed > release
        {
            let message = format!("{}= needs systemd {needed}, and {os} has systemd {release}", item.key);
            diagnostics.push(
                Diagnostic::new(codes::NEWER_DIRECTIVE, message)
                    .at(key, format!("since systemd {needed}"))
                    .help("leave it out for this host; systemd would ignore it with a warning"),
            );
        }
        let value = item.value.trim();
        if let (Some(os), Some(release)) = (os, release)
            && row.since.is_none_or(|since| since <= release)
            && let Some(newer) = row.newer(value, release)
        {
            let (what, since) = (newer.what, newer.since);
            let message =
                format!("{what} in {}= needs systemd {since}, and {os} has systemd {release}", item.key);
            diagnostics.push(
                Diagnostic::new(codes::NEWER_DIRECTIVE, message)
                    .at(item.place, format!("since systemd {since}"))
                    .help(newer.help),
            );
        }
        if let Some(new) = row.replaced_by {
            let message = format!("{}= is kept for compatibility only", item.key);
            diagnostics.push(
                Diagnostic::new(codes::OBSOLETE_DIRECTIVE, message)
                    .at(key, "obsolete")
                    .help(format!("use {new}")),
            );
        }
        if let Some(instead) = row.outdated(value) {
            let message = format!("{}={value} is kept for compatibility only", item.key);
            diagnostics.push(
                Diagnostic::new(codes::OBSOLETE_DIRECTIVE, message).at(item.place, "obsolete").help(instead),
            );
        }
        if row.kind.expands_specifiers() && target.has_no_instance() {
            diagnostics.extend(without_instance(item, &draft.file));
        }
        if row.kind == Kind::Commands {
            diagnostics.extend(for_a_shell(item, &draft.file, key_place(item).is_some()));
        }
        if key_place(item).is_some() {
            diagnostics.extend(clear::directive(row, item, &draft.file));
        }
        if let Err(bad) = row.check_for(value, release) {
            let message = format!("{}= in {}: {}", item.key, draft.file, bad.problem);
            let finding = Diagnostic::new(codes::DIRECTIVE_VALUE, message).at(item.place, "");
            let comment = row.kind != Kind::Commands && value.contains(" #");
            diagnostics.push(match bad.help {
                _ if comment => finding.help(
                    "a comment stands on a line of its own: systemd takes this one for a part of the value",
                ),
                Some(help) => finding.help(help),
                None => finding,
            });
        }
        if let (Some(first), Repeat::Last) = (seen.insert((&item.section, &item.key), item), row.repeat) {
            let message = format!("{}= takes one value, and {} gives it several", item.key, draft.file);
            diagnostics.push(
                Diagnostic::new(codes::REPEATED_DIRECTIVE, message)
                    .at(item.place, "the second value")
                    .with(first.place, "the first value")
                    .help("keep one; a key without '+' replaces what the daemon sets"),
            );
        }
    }
}

/// Checks what a draft, perhaps that of a daemon, must have as a whole.
pub(super) fn whole(draft: &Draft, target: &Target, of_daemon: bool, diagnostics: &mut Vec<Diagnostic>) {
    match target {
        Target::Unit(name) => complete(draft, name, of_daemon, diagnostics),
        Target::DropIn { .. } => appended_command(draft, diagnostics),
    }
}

/// The sections that a unit of a type may have.
pub(super) fn allowed(kind: UnitType) -> Vec<Section> {
    [Some(Section::Unit), kind.section(), Some(Section::Install)].into_iter().flatten().collect()
}

/// The finding for a section that a unit does not have.
pub(super) fn unknown_section(name: &str, file: &str, kind: UnitType) -> Diagnostic {
    let sections: Vec<_> = allowed(kind).iter().map(|section| section.name()).collect();
    let help = match nearest(name, sections.iter().copied()) {
        Some(meant) => format!("did you mean [{meant}]?"),
        None => format!(
            "a .{} unit has [{}], and sections of other programs begin with X-",
            kind.name(),
            sections.join("], [")
        ),
    };
    Diagnostic::new(codes::UNKNOWN_SECTION, format!("{file} has no section [{name}]")).help(help)
}

fn unknown(item: &Item, here: Section, target: &Target) -> Diagnostic {
    let elsewhere = |section: &Section| *section != here && directive(*section, &item.key).is_some();
    let finding = Diagnostic::new(
        codes::UNKNOWN_DIRECTIVE,
        format!("systemd knows no directive {:?} in [{}]", item.key, here.name()),
    );
    if let Some(section) = allowed(target.kind()).into_iter().find(elsewhere) {
        return finding.help(format!("it goes to [{}]", section.name()));
    }
    if let Some(meant) = nearest(&item.key, names_of(here)) {
        return finding.help(format!("did you mean {meant:?}?"));
    }
    match Section::ALL.iter().copied().find(elsewhere) {
        Some(section) => finding.help(format!("it is a directive of [{}]", section.name())),
        None => finding.help("keys of other programs begin with X-"),
    }
}

/// Commands of a key after the last empty value, each with its item.
fn commands<'a>(draft: &'a Draft, key: &'a str) -> Vec<&'a Item> {
    let mut items = Vec::new();
    for item in draft.values("Service", key) {
        if item.value.is_empty() {
            items.clear();
        } else {
            let count = Command::parse_line(&item.value).map_or(1, |commands| commands.len());
            items.extend(std::iter::repeat_n(item, count));
        }
    }
    items
}

fn complete(draft: &Draft, name: &UnitName, of_daemon: bool, diagnostics: &mut Vec<Diagnostic>) {
    let lacks = |what: &str, help: &str| {
        Diagnostic::new(codes::INCOMPLETE_UNIT, format!("{name} has {what}")).at(draft.place, "").help(help)
    };
    let section = name.kind().section().map_or("", Section::name);
    let sets = |keys: &[&str]| {
        draft.items.iter().any(|item| {
            item.section == section
                && !item.value.is_empty()
                && keys.iter().any(|key| item.key.starts_with(key))
        })
    };
    match name.kind() {
        UnitType::Service => {
            let start = commands(draft, "ExecStart");
            let oneshot = draft.last("Service", "Type") == Some("oneshot");
            let stays = draft
                .last("Service", "RemainAfterExit")
                .is_some_and(|value| matches!(value, "yes" | "true" | "1" | "on" | "y" | "t"));
            let acts = draft.last("Unit", "SuccessAction").is_some();
            let stops = acts || (sets(&["ExecStop"]) && stays);
            if start.is_empty() && of_daemon {
                // Its program is missing or cannot be written, and that is reported already.
            } else if start.is_empty() && !stops {
                let help = "set ExecStart in [Service]; with ExecStop alone RemainAfterExit=yes is needed";
                diagnostics.push(lacks("no command to run", help));
            }
            if draft.last("Service", "Type") == Some("dbus") && draft.last("Service", "BusName").is_none() {
                let help = "set BusName in [Service] to the name that it takes on the bus, or another Type";
                diagnostics.push(lacks("the type dbus and no name on the bus", help));
            }
            let again = draft.values("Service", "Restart").last();
            if let (true, Some(item)) =
                (oneshot && !of_daemon, again.filter(|item| restarts_success(&item.value)))
            {
                let message = format!("{name} is of type oneshot and cannot have Restart={}", item.value);
                diagnostics.push(
                    Diagnostic::new(codes::DIRECTIVE_VALUE, message)
                        .at(item.place, REFUSED)
                        .help("a oneshot that succeeded is done: say on-failure, or another Type"),
                );
            }
            if let ([first, second, ..], false) = (start.as_slice(), oneshot) {
                diagnostics.push(
                    Diagnostic::new(
                        codes::SEVERAL_COMMANDS,
                        format!("{name} has more than one ExecStart command and is not of type oneshot"),
                    )
                    .at(second.place, "the second command")
                    .with(first.place, "the first command")
                    .help("use ExecStartPre for what runs before, or Type=oneshot"),
                );
            }
        }
        UnitType::Timer
            if !sets(&[
                "OnCalendar",
                "OnActiveSec",
                "OnBootSec",
                "OnStartupSec",
                "OnUnit",
                "OnClockChange",
                "OnTimezoneChange",
            ]) =>
        {
            diagnostics.push(lacks("nothing that triggers it", "set OnCalendar or another On… in [Timer]"));
        }
        UnitType::Socket if !sets(&["Listen"]) => {
            diagnostics
                .push(lacks("nothing to listen on", "set ListenStream or another Listen… in [Socket]"));
        }
        UnitType::Path if !sets(&["PathExists", "PathChanged", "PathModified", "DirectoryNotEmpty"]) => {
            diagnostics.push(lacks("nothing to watch", "set PathChanged or another path in [Path]"));
        }
        UnitType::Mount if !(sets(&["What"]) && sets(&["Where"])) => {
            diagnostics.push(lacks("no What and Where", "set both in [Mount]"));
        }
        UnitType::Automount if !sets(&["Where"]) => {
            diagnostics.push(lacks("no Where", "set it in [Automount]"));
        }
        UnitType::Swap if !sets(&["What"]) => {
            diagnostics.push(lacks("no What", "set it in [Swap]"));
        }
        UnitType::Mount | UnitType::Automount => misnamed(draft, name, section, "Where", diagnostics),
        UnitType::Swap => misnamed(draft, name, section, "What", diagnostics),
        UnitType::Slice if !is_slice(name.stem()) => {
            let message = format!("{name} is not the name of a slice");
            diagnostics.push(
                Diagnostic::new(codes::UNIT_FILE_NAME, message)
                    .at(draft.place, "systemd refuses it")
                    .help("'-' joins the names of the slices around it and its own: none stands at an end or beside another"),
            );
        }
        UnitType::Scope => diagnostics.push(
            Diagnostic::new(
                codes::UNIT_FILE_NAME,
                format!("{name} is not loaded: systemd reads no scope from a file"),
            )
            .at(draft.place, "programs make scopes as they run")
            .help("write a .service, or a .slice for limits of several"),
        ),
        _ => {}
    }
}

fn restarts_success(restart: &str) -> bool {
    matches!(restart, "always" | "on-success")
}

/// Whether a slice may have this name, without its type.
fn is_slice(stem: &str) -> bool {
    stem == "-" || !(stem.starts_with('-') || stem.ends_with('-') || stem.contains("--"))
}

/// systemd refuses a mount unit whose name is not that of its path.
fn misnamed(draft: &Draft, name: &UnitName, section: &str, key: &str, diagnostics: &mut Vec<Diagnostic>) {
    // A swap may also be named by a label.
    let plain = |item: &&Item| item.value.starts_with('/') && !item.value.contains('%');
    let Some(path) = draft.values(section, key).last().filter(plain) else { return };
    let right = format!("{}.{}", escape_path(&path.value), name.kind().name());
    if right != name.as_str() {
        diagnostics.push(
            Diagnostic::new(codes::UNIT_FILE_NAME, format!("{name} is not the name of a unit for its path"))
                .at(draft.place, "the unit's name")
                .with(path.place, "its path")
                .help(format!("name it {right:?}")),
        );
    }
}

fn appended_command(draft: &Draft, diagnostics: &mut Vec<Diagnostic>) {
    let mut values = draft.values("Service", "ExecStart");
    if let Some(first) = values.next().filter(|item| !item.value.is_empty()) {
        diagnostics.push(
            Diagnostic::new(
                codes::APPENDS_COMMAND,
                format!("{} appends a command to the unit's ExecStart", draft.file),
            )
            .at(first.place, "runs after the unit's own")
            .help("to replace the command, begin the list with an empty text: [\"\", \"/path/to/program\"]"),
        );
    }
}
