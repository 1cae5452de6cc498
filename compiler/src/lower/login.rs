//! Login classes: a file of `/etc/login.conf.d` on OpenBSD, a managed block in `/etc/login.conf` on FreeBSD. On OpenBSD
//! rc.d runs a daemon in the class that is named like its script: there a daemon's limits become that class.

use super::{Lowered, LoweredFile, LoweredKind, rc};
use crate::resolved::{HostFacts, ResolvedService};
use cmc_types::check::{Action, Trigger};
use cmc_types::definition::LoginCapability;
use cmc_types::login_conf::{self, CAPABILITIES, Record, Setting, System, check, find};
use cmc_types::{Diagnostic, InitSystem, Mode, Place, Severity, UnixPath, codes, nearest};
use std::collections::BTreeMap;

/// What lowering of login classes adds to a service's activation.
#[derive(Default)]
pub(super) struct Classes {
    /// Commands that make the system read changed classes.
    pub(super) actions: Vec<Action>,
    /// The file that holds the daemon's own class, if there is one.
    pub(super) own: Option<UnixPath>,
}

/// Classes of OpenBSD's own login.conf.
const OPENBSD_CLASSES: &[&str] = &[
    "auth-defaults",
    "auth-ftp-defaults",
    "authpf",
    "bgpd",
    "daemon",
    "default",
    "pbuild",
    "staff",
    "unbound",
    "vmd",
    "xenodm",
];

/// Classes of FreeBSD's own login.conf; a block cannot replace them, since the first record of a name counts.
const FREEBSD_CLASSES: &[&str] =
    &["daemon", "default", "dialer", "news", "root", "russian", "staff", "standard", "unprivileged", "xuser"];

/// Login classes on a host whose system has none are an error.
pub(super) fn refuse(service: &ResolvedService, host: &HostFacts, diagnostics: &mut Vec<Diagnostic>) {
    if service.definition.login_class.is_empty() {
        return;
    }
    let message = format!("service {} has login classes, which {} does not", service.name, host.os.family());
    diagnostics.push(
        Diagnostic::new(codes::LOGIN_CLASS_SYSTEM, message)
            .at(service.tree.key_place_of(&["login-class"]), "only OpenBSD and FreeBSD have login classes")
            .help("move it to for.\"os:openbsd\" or for.\"os:freebsd\""),
    );
}

/// Lowers login classes on OpenBSD: a file per class. `script` is the name of the daemon's script.
pub(super) fn openbsd(service: &ResolvedService, script: Option<&str>, lowered: &mut Lowered) -> Classes {
    let system = System::OpenBsd;
    circles(service, system, &mut lowered.diagnostics);
    bases(service, system, &mut lowered.diagnostics);
    let mut classes = Classes::default();
    let mut limits = script.map(|_| limits(service, &mut lowered.diagnostics)).unwrap_or_default();
    let declared = &service.definition.login_class;
    let generated = script.filter(|script| !limits.is_empty() && !declared.contains_key(*script));
    for name in declared.keys().map(String::as_str).chain(generated) {
        let own = Some(name) == script;
        let (record, places) = record(service, name, own, system, &mut lowered.diagnostics);
        let (mut record, mut places) = (record, places);
        if own {
            for (capability, value, place) in std::mem::take(&mut limits) {
                let mut names = ["", "-cur", "-max"].iter().map(|end| format!("{capability}{end}"));
                match names.find(|name| record.get(name).is_some()) {
                    Some(set) => lowered.diagnostics.push(limited_twice(service, name, &set, place)),
                    None => {
                        record.settings.push((capability.to_owned(), Setting::Value(value)));
                        places.push(place);
                    }
                }
            }
        }
        let place = match declared.contains_key(name) {
            true => service.tree.key_place_of(&["login-class", name]),
            false => service.tree.key_place_of(&["daemon", "limits"]),
        };
        match record.print(system) {
            Ok(text) => {
                // A class that can be printed has a name that is one of a file.
                let Some(path) = rc::path("/etc/login.conf.d", name) else { continue };
                let text = format!("# {}\n{text}", rc::header(service));
                let lines = places.into_iter().enumerate().map(|(index, place)| (index as u32 + 3, place));
                let lines = lines.collect();
                lowered.files.push(rc::file(path.clone(), 0o644, InitSystem::OpenbsdRc, text, place, lines));
                if own {
                    classes.own = Some(path);
                }
            }
            Err(error) => lowered.diagnostics.push(rc::refused(service, &error, place)),
        }
    }
    classes
}

/// Lowers login classes on FreeBSD: one block of the service's, and `cap_mkdb` after each change.
pub(super) fn freebsd(service: &ResolvedService, script: Option<&str>, lowered: &mut Lowered) -> Classes {
    let system = System::FreeBsd;
    circles(service, system, &mut lowered.diagnostics);
    bases(service, system, &mut lowered.diagnostics);
    let mut classes = Classes::default();
    let (Some(path), false) = (rc::path("/etc", "login.conf"), service.definition.login_class.is_empty())
    else {
        return classes;
    };
    let mut text = String::new();
    let mut lines = Vec::new();
    for name in service.definition.login_class.keys() {
        let place = service.tree.key_place_of(&["login-class", name]);
        if FREEBSD_CLASSES.contains(&name.as_str()) {
            let message = format!("login class {name} of service {} is one of FreeBSD's own", service.name);
            lowered.diagnostics.push(
                Diagnostic::new(codes::LOGIN_CLASS_NAME, message)
                    .at(place, "the record that stands first in login.conf counts")
                    .help("choose another name and build upon it with tc"),
            );
            continue;
        }
        let own = Some(name.as_str()) == script;
        let (record, places) = record(service, name, own, system, &mut lowered.diagnostics);
        let first = text.lines().count() as u32 + 2;
        match record.print(system) {
            Ok(record) => {
                text.push_str(&record);
                lines.extend(
                    places.into_iter().enumerate().map(|(index, place)| (first + index as u32, place)),
                );
                if own {
                    classes.own = Some(path.clone());
                }
            }
            Err(error) => lowered.diagnostics.push(rc::refused(service, &error, place)),
        }
    }
    lowered.files.push(LoweredFile {
        path: path.clone(),
        mode: Mode::from_bits(0o644),
        user: "root".to_owned(),
        group: "wheel".to_owned(),
        kind: LoweredKind::Block { name: service.name.to_string(), comment: "#".to_owned() },
        text: zeroize::Zeroizing::new(text),
        tainted: false,
        place: service.tree.key_place_of(&["login-class"]),
        lines,
    });
    for on in [Trigger::Changed, Trigger::Removed] {
        classes.actions.push(action(on, &path, &["cap_mkdb", path.as_str()]));
    }
    classes
}

/// A limit that the daemon and its class both set.
fn limited_twice(service: &ResolvedService, class: &str, capability: &str, limit: Place) -> Diagnostic {
    let message =
        format!("daemon.limits and login class {class} of service {} both set {capability}", service.name);
    Diagnostic::new(codes::DAEMON_CONFLICT, message)
        .at(limit, "becomes part of the class too")
        .with(service.tree.key_place_of(&["login-class", class, capability]), "set here")
        .help("set it in one of the two")
}

fn action(on: Trigger, path: &UnixPath, argv: &[&str]) -> Action {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    Action { on, paths: vec![path.clone()], argv, unless: Vec::new(), timeout: 60, once: false }
}

/// A daemon's limits as capabilities, with the place of each.
fn limits(
    service: &ResolvedService,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(&'static str, String, Place)> {
    let Some(limits) = service.definition.daemon.as_ref().and_then(|daemon| daemon.limits.as_ref()) else {
        return Vec::new();
    };
    let limits = rc::limits(service, &["daemon"], limits, diagnostics).into_iter().filter_map(|limit| {
        let capability = match limit.field {
            "open-files" => "openfiles",
            "processes" => "maxproc",
            "core" => "coredumpsize",
            "stack" => "stacksize",
            "file-size" => "filesize",
            "locked-memory" => "memorylocked",
            _ => return None,
        };
        let value = limit.value.map_or_else(|| "infinity".to_owned(), |value| value.to_string());
        Some((capability, value, service.tree.place_of(&["daemon", "limits", limit.field])))
    });
    limits.collect()
}

/// The record that a class's definition makes, and the place of each of its settings. Without `tc` it builds upon
/// `daemon` if it is the daemon's own class, else upon `default`; `tc = false` makes it stand alone.
fn record(
    service: &ResolvedService,
    class: &str,
    own: bool,
    system: System,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Record, Vec<Place>) {
    let empty = BTreeMap::new();
    let capabilities = service.definition.login_class.get(class).unwrap_or(&empty);
    let mut record = Record { name: class.to_owned(), settings: Vec::new(), base: Vec::new() };
    let mut places = Vec::new();
    for (name, value) in capabilities.iter().filter(|(name, _)| *name != "tc") {
        let path = ["login-class", class, name.as_str()];
        let Some(capability) = find(name, system) else {
            diagnostics.push(unknown(service, class, name, system));
            continue;
        };
        let limit = name.strip_suffix("-cur").or_else(|| name.strip_suffix("-max"));
        if let Some(limit) = limit.filter(|limit| capability.limit && capabilities.contains_key(*limit)) {
            let message =
                format!("login class {class} of service {} sets both {limit} and {name}", service.name);
            diagnostics.push(
                Diagnostic::new(codes::CAPABILITY_VALUE, message)
                    .at(service.tree.key_place_of(&path), "one of the two would be ignored")
                    .with(
                        service.tree.key_place_of(&["login-class", class, limit]),
                        "sets both -cur and -max",
                    ),
            );
            continue;
        }
        match check(capability, value, system) {
            Ok(setting) => {
                record.settings.push((name.clone(), setting));
                places.push(service.tree.place_of(&path));
            }
            Err(error) => diagnostics.push(
                Diagnostic::new(
                    codes::CAPABILITY_VALUE,
                    format!("capability {name} of login class {class} of service {}: {error}", service.name),
                )
                .at(service.tree.place_of(&path), ""),
            ),
        }
    }
    let base = if own { "daemon" } else { "default" };
    record.base = match capabilities.get("tc") {
        None if class == base => Vec::new(),
        None => vec![base.to_owned()],
        Some(LoginCapability::Bool(false)) => Vec::new(),
        Some(LoginCapability::Text(text)) => vec![text.clone()],
        Some(LoginCapability::List(items)) => items.clone(),
        Some(_) => {
            let message = format!("tc of login class {class} of service {} names no class", service.name);
            let place = service.tree.place_of(&["login-class", class, "tc"]);
            diagnostics.push(
                Diagnostic::new(codes::CAPABILITY_VALUE, message)
                    .at(place, "")
                    .help("name a class, a list of them, or false for none"),
            );
            Vec::new()
        }
    };
    (record, places)
}

/// Reports classes of a service that build upon each other in a circle: the system could read none of them.
fn circles(service: &ResolvedService, system: System, diagnostics: &mut Vec<Diagnostic>) {
    let mut text = String::new();
    let mut classes = Vec::new();
    for name in service.definition.login_class.keys() {
        let (record, _) = record(service, name, false, system, &mut Vec::new());
        let Ok(printed) = record.print(system) else { continue };
        text.push_str(&printed);
        classes.extend(std::iter::repeat_n(name, printed.lines().count()));
    }
    let circles = login_conf::judge(&text, system);
    for problem in circles.into_iter().filter(|problem| problem.severity == cmc_types::Severity::Error) {
        let Some(class) = classes.get(problem.line.saturating_sub(1) as usize) else { continue };
        let message = format!("login class {class} of service {}: {}", service.name, problem.what);
        diagnostics.push(
            Diagnostic::new(codes::CAPABILITY_VALUE, message)
                .at(service.tree.place_of(&["login-class", class, "tc"]), "")
                .help(problem.help.into_owned()),
        );
    }
}

/// Tells of `tc` that names what neither the service nor the system's own login.conf has: the host's file may, so that
/// it is no error. On OpenBSD a class of another file of login.conf.d is not seen.
fn bases(service: &ResolvedService, system: System, diagnostics: &mut Vec<Diagnostic>) {
    let declared = &service.definition.login_class;
    let (own, whose) = match system {
        System::OpenBsd => (OPENBSD_CLASSES, "OpenBSD"),
        System::FreeBsd => (FREEBSD_CLASSES, "FreeBSD"),
    };
    for class in declared.keys() {
        let (record, _) = record(service, class, false, system, &mut Vec::new());
        for base in record.base.iter().filter(|base| !own.contains(&base.as_str()) && *base != class) {
            let known = declared.keys().map(String::as_str).chain(own.iter().copied());
            let of = format!("login class {class} of service {}", service.name);
            let (severity, message, help) = match (declared.contains_key(base), nearest(base, known)) {
                (true, _) if system == System::FreeBsd => continue,
                (true, _) => (
                    Severity::Warning,
                    format!("{of} builds upon {base}, which OpenBSD does not find from there"),
                    format!(
                        "it reads /etc/login.conf.d/{class} and /etc/login.conf alone: repeat what {base} sets"
                    ),
                ),
                (false, Some(near)) => (
                    Severity::Warning,
                    format!("{of} builds upon {base}, which nothing has"),
                    format!("did you mean {near:?}?"),
                ),
                (false, None) => (
                    Severity::Note,
                    format!("{of} builds upon {base}, which neither the service nor {whose} itself has"),
                    "the class counts for nothing unless the host's own login.conf has that one".to_owned(),
                ),
            };
            let place = service.tree.place_of(&["login-class", class, "tc"]);
            let mut finding = Diagnostic::new(codes::CAPABILITY_VALUE, message).at(place, "").help(help);
            finding.severity = severity;
            diagnostics.push(finding);
        }
    }
}

fn unknown(service: &ResolvedService, class: &str, name: &str, system: System) -> Diagnostic {
    let message = format!(
        "capability {name} of login class {class} of service {} is not in {}",
        service.name,
        system.name()
    );
    let finding = Diagnostic::new(codes::UNKNOWN_CAPABILITY, message)
        .at(service.tree.key_place_of(&["login-class", class, name]), "no such capability");
    finding.help(meant(name, system))
}

/// What was probably meant by a name that is no capability.
pub(crate) fn meant(name: &str, system: System) -> String {
    let known =
        CAPABILITIES.iter().filter(|capability| capability.on(system)).map(|capability| capability.name);
    let (stem, end) = match name.strip_suffix("-cur").map(|stem| (stem, "-cur")) {
        Some(split) => split,
        None => name.strip_suffix("-max").map_or((name, ""), |stem| (stem, "-max")),
    };
    match nearest(stem, known) {
        Some(meant) => format!("did you mean \"{meant}{end}\"?"),
        None => "local capabilities begin with \"x-\"".to_owned(),
    }
}
