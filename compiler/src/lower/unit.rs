//! `unit`: the name of a unit or script that exists on the host, and what each init system takes for one.

use super::systemd;
use crate::resolved::ResolvedService;
use cmc_types::shell::Identifier;
use cmc_types::systemd::{UnitName, UnitType};
use cmc_types::{Diagnostic, InitSystem, ServiceName, codes, shell};

/// The name without the type that systemd gives services: scripts of the others have none.
pub(crate) fn known_as(unit: &str) -> &str {
    unit.strip_suffix(".service").unwrap_or(unit)
}

/// The name that an init system knows a service's daemon by.
pub(super) fn of_daemon(service: &ServiceName, init: InitSystem) -> String {
    match init {
        InitSystem::Systemd => format!("{service}.service"),
        // OpenRC takes `a.b` for an instance of `a`.
        InitSystem::Openrc => service.as_str().replace('.', "_"),
        InitSystem::OpenbsdRc | InitSystem::FreebsdRc => Identifier::from_service(service).to_string(),
    }
}

/// The name that an init system knows a foreign unit by.
fn of_foreign(unit: &str, init: InitSystem) -> String {
    match init {
        InitSystem::Systemd => systemd::unit_of(unit),
        _ => known_as(unit).to_owned(),
    }
}

/// The name that an init system knows a service by; nothing if it has neither a daemon nor a unit.
pub(crate) fn name_of(service: &ResolvedService, init: InitSystem) -> Option<String> {
    match (&service.definition.unit, &service.definition.daemon) {
        (Some(unit), _) => Some(of_foreign(unit, init)),
        (None, Some(_)) => Some(of_daemon(&service.name, init)),
        (None, None) => None,
    }
}

/// The name that the host's init system knows a service's foreign unit by; nothing if there is none, or if it could
/// not be one, which is reported.
pub(super) fn foreign(
    service: &ResolvedService,
    init: InitSystem,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let unit = service.definition.unit.as_deref()?;
    let name = of_foreign(unit, init);
    let Some((problem, help)) = problem(&name, init) else { return Some(name) };
    let finding = Diagnostic::new(
        codes::UNIT_NAME,
        format!(
            "unit of service {}: {unit:?} is no name for {}: {problem}",
            service.name,
            super::loss::name(init)
        ),
    );
    diagnostics.push(finding.at(service.tree.place_of(&["unit"]), "").help(help));
    None
}

/// What is wrong with a name, and what to do.
fn problem(name: &str, init: InitSystem) -> Option<(String, String)> {
    let bad = |problem: &str, help: &str| Some((problem.to_owned(), help.to_owned()));
    match init {
        _ if name.starts_with('-') => {
            bad("commands would take it for an option", "a name begins with a letter, digit or _")
        }
        InitSystem::Systemd => match UnitName::parse(name) {
            Ok(_) if name.starts_with('.') => bad("systemd skips hidden files", "leave the dot out"),
            Ok(_) => None,
            Err(wrong) => {
                Some((wrong.problem, wrong.help.unwrap_or_else(|| "write it as systemctl does".to_owned())))
            }
        },
        _ if is_of_systemd(name) => {
            bad("only systemd has such units", "set `unit` for these hosts in for.\"os:…\"")
        }
        // rc.subr makes shell variables of it.
        InitSystem::OpenbsdRc if !shell::is_identifier(name) => {
            bad("rcctl takes letters, digits and _", "write it as `rcctl ls all` does, such as \"httpd\"")
        }
        InitSystem::FreebsdRc | InitSystem::Openrc if !is_file_name(name) => bad(
            "a script is named by letters, digits and _ . + -",
            "write it as `service -l` or `rc-service --list` does",
        ),
        _ => None,
    }
}

/// Whether a name ends as only systemd's units do.
fn is_of_systemd(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    UnitType::ALL.iter().any(|kind| kind.name() == ending)
}

/// Whether it names a script in `rc.d` or `init.d` such as `php-fpm` or `net.eth0`.
fn is_file_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_init_system_takes_its_own_names_and_no_others() {
        use InitSystem::{FreebsdRc, OpenbsdRc, Openrc, Systemd};
        for (name, takes) in [
            ("nginx", &[Systemd, OpenbsdRc, FreebsdRc, Openrc][..]),
            ("nginx.service", &[Systemd, OpenbsdRc, FreebsdRc, Openrc]),
            ("php-fpm", &[Systemd, FreebsdRc, Openrc]),
            ("net.eth0", &[Systemd, FreebsdRc, Openrc]),
            ("getty@tty1.service", &[Systemd]),
            ("backup.timer", &[Systemd]),
            ("", &[]),
            ("-x", &[]),
            ("../../evil", &[]),
            ("a;b$(id)", &[]),
            ("a b", &[]),
            ("a\nb", &[]),
            (".hidden", &[]),
        ] {
            for init in [Systemd, OpenbsdRc, FreebsdRc, Openrc] {
                let name = of_foreign(name, init);
                assert_eq!(problem(&name, init).is_none(), takes.contains(&init), "{name:?} {init:?}");
            }
        }
    }
}
