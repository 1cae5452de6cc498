//! systemd units that are asked to become portable: a service a daemon, a timer with its service a job. Those that cannot
//! stay raw directives, which is told.

use super::definition::{Service, Table, Value};
use super::portable::{Form, Portable, portable};
use super::{Import, Kind, Original, kind, script, systemd};
use cmc_types::name::JobName;
use cmc_types::systemd::{UnitName, UnitType};
use cmc_types::{Diagnostic, ServiceName, codes};

/// The unit that a file is, if it is one and no drop-in.
pub(super) fn unit(original: &Original) -> Option<UnitName> {
    UnitName::parse(kind::split(&original.path).1).ok()
}

/// A file as part of a daemon: a unit, or an init script.
pub(super) fn daemon(import: &mut Import<'_>, original: &Original, all: &[Original]) -> Option<Service> {
    match Kind::detect(&original.path, &original.text) {
        Some(kind @ (Kind::OpenbsdRc | Kind::FreebsdRc | Kind::Openrc)) => {
            return script::import(import, original, kind);
        }
        Some(Kind::Systemd) => {}
        _ => {
            import.malformed(original, Kind::Daemon, None, "it is neither a unit nor an init script");
            return None;
        }
    }
    let mut service = systemd::import(import, original)?;
    let Some(name) = unit(original).filter(|unit| unit.kind() == UnitType::Service) else {
        return Some(service);
    };
    let starts = |other: &&Original| {
        let other = unit(other);
        other.is_some_and(|other| other.stem() == name.stem() && STARTERS.contains(&other.kind()))
    };
    let made = match all.iter().find(starts) {
        _ if name.as_str().contains('@') => Err("it is a template".to_owned()),
        Some(other) => Err(format!("{} starts it", other.name)),
        None => {
            let file = format!("{}.service", service.name);
            portable(&Form::Daemon, &service.name, &called(&service.tables, name.as_str(), &file))
                .map(|made| (made, replaced(name.as_str(), &file)))
        }
    };
    take(import, original, &mut service, made);
    Some(service)
}

/// Units that start a service of their name.
const STARTERS: &[UnitType] = &[UnitType::Socket, UnitType::Timer, UnitType::Path];

/// A timer or service as part of a job. What is told of the pair is told at the timer.
pub(super) fn job(import: &mut Import<'_>, original: &Original, all: &[Original]) -> Vec<Service> {
    let Some(mut service) = systemd::import(import, original) else { return Vec::new() };
    let partner = |ending: &str| {
        let name = unit(original)?;
        let other = format!("{}.{ending}", name.stem());
        all.iter().find(|one| unit(one).is_some_and(|unit| unit.as_str() == other))
    };
    let Some(name) = unit(original) else { return vec![service] };
    match name.kind() {
        UnitType::Service if partner("timer").is_some() => return Vec::new(),
        UnitType::Timer => {}
        _ => {
            take(
                import,
                original,
                &mut service,
                Err("a job is a timer and the service of its name".to_owned()),
            );
            return vec![service];
        }
    }
    let Some(other) = partner("service") else {
        let why = format!("a job needs {}.service, too", name.stem());
        take(import, original, &mut service, Err(why));
        return vec![service];
    };
    // What is wrong with it was told, or is told, when its turn comes.
    let told = import.diagnostics.len();
    let program = systemd::import(import, other);
    import.diagnostics.truncate(told);
    let Some(program) = program else { return vec![service] };
    let made = named(import.options.service.as_ref(), name.stem(), &service.name);
    let made = made.ok_or_else(|| "its name is none of a job".to_owned()).and_then(|(of, job)| {
        let mut tables = service.tables.clone();
        let other_name = format!("{}.service", name.stem());
        if tables.iter().any(|table| starts_another(table, &other_name)) {
            return Err("it starts another unit".to_owned());
        }
        tables.iter_mut().for_each(|table| table.lines.retain(|line| line.key != "Unit"));
        let rendered = format!("{of}-{job}");
        let timer = format!("{rendered}.timer");
        let mut tables = called(&tables, name.as_str(), &timer);
        tables.extend(called(&program.tables, &other_name, &format!("{rendered}.service")));
        let made = portable(&Form::Job(job), &of, &tables)?;
        service.name = of;
        Ok((made, replaced(name.as_str(), &timer)))
    });
    let stays = made.is_err();
    take(import, original, &mut service, made);
    if stays { vec![service, program] } else { vec![service] }
}

fn starts_another(table: &Table, usual: &str) -> bool {
    let is_timer = table.path.last().is_some_and(|section| section == "Timer");
    is_timer
        && table.lines.iter().any(|line| line.key == "Unit" && line.value != Value::Text(usual.to_owned()))
}

/// The service and job whose units are called like a timer, if there are: `shop-nightly` is `nightly` of `shop`.
fn named(asked: Option<&ServiceName>, stem: &str, service: &ServiceName) -> Option<(ServiceName, JobName)> {
    let parts = match asked {
        Some(asked) => stem.strip_prefix(&format!("{asked}-")).map(|job| (asked.as_str(), job)),
        None => stem.rsplit_once('-'),
    };
    let parts = parts.and_then(|(of, job)| Some((ServiceName::parse(of).ok()?, JobName::parse(job).ok()?)));
    parts.or_else(|| Some((service.clone(), JobName::parse(&stem.to_ascii_lowercase()).ok()?)))
}

/// Tables of a unit that will be rendered by another name.
fn called(tables: &[Table], was: &str, file: &str) -> Vec<Table> {
    let mut tables = tables.to_vec();
    for table in &mut tables {
        if let Some(name) = table.path.get_mut(1).filter(|name| *name == was) {
            file.clone_into(name);
        }
    }
    tables
}

/// The mask of a unit whose place one of another name takes.
fn replaced(was: &str, file: &str) -> Option<Table> {
    (was != file).then(|| {
        let mut table = Table::new(&["systemd", was]);
        table.comments = vec![format!(" {file} does its work")];
        table.set("mask", Value::Flag(true));
        table
    })
}

/// Takes what units became, and tells what could not become portable.
fn take(
    import: &mut Import<'_>,
    original: &Original,
    service: &mut Service,
    made: Result<(Portable, Option<Table>), String>,
) {
    let finding = match made {
        Err(why) => {
            let message = format!("{} stays directives of systemd: {why}", original.name);
            let help = "a definition of them works on hosts with systemd only";
            Some(Diagnostic::new(codes::KEPT_VERBATIM, message).help(help))
        }
        Ok((portable, mask)) => {
            service.users.extend(portable.user);
            service.groups.extend(portable.group);
            service.tables = portable.tables;
            service.tables.extend(mask);
            let rest: Vec<String> = portable.rest.into_iter().collect();
            (!rest.is_empty()).then(|| {
                let message = format!("of {} stay directives of systemd: {}", original.name, rest.join(", "));
                let help =
                    "other init systems get what `daemon` or `job` says; the rest is for systemd alone";
                Diagnostic::new(codes::KEPT_VERBATIM, message).help(help)
            })
        }
    };
    import.diagnostics.extend(finding.map(|finding| finding.at(original.whole(), "")));
}
