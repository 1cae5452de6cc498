//! Secrets that are written in clear where others can read them: in units, in arguments of programs, and in `env` of a
//! definition. No finding repeats a value, and what shows the place shows stars ([`crate::secret::hide`]).

use super::job;
use super::systemd::Item;
use crate::resolved::ResolvedService;
use cmc_types::clear_text::{in_arguments, is_literal, is_secret_name};
use cmc_types::systemd::{Command, Directive, Kind, words};
use cmc_types::{Diagnostic, Place, codes};

const USE_A_SECRET: &str =
    "define a secret, and give it by `env`: NAME = { secret = \"…\" }, or by a file that the program reads";

fn finding(message: String, place: Place, label: &str, help: &str) -> Diagnostic {
    Diagnostic::new(codes::SECRET_IN_CLEAR, message).at(place, label).help(help)
}

/// A secret in a directive that somebody wrote: a variable, an argument, or a credential.
pub(super) fn directive(row: &Directive, item: &Item, file: &str) -> Option<Diagnostic> {
    const HELP: &str = "use LoadCredential= or EnvironmentFile= with a file that only root reads; in a definition, a secret in `env`";
    let variable = |word: &String| {
        let (name, value) = word.split_once('=')?;
        (is_secret_name(name) && is_literal(value)).then(|| name.to_owned())
    };
    let name = match row.kind {
        Kind::Environment => words(&item.value).ok()?.iter().find_map(variable)?,
        Kind::Commands => {
            let commands = Command::parse_line(&item.value).ok()?;
            commands.iter().find_map(|one| in_arguments(&one.arguments).map(|(_, name)| name.to_owned()))?
        }
        Kind::SetCredential => {
            let (name, value) = item.value.split_once(':')?;
            (is_secret_name(name) && is_literal(value)).then(|| name.to_owned())?
        }
        _ => return None,
    };
    let message = format!("{}= in {file} holds {name} in clear", item.key);
    Some(finding(message, item.place, "everybody on the host can read it", HELP))
}

/// Secrets in the arguments and variables of a service, whatever its hosts make of them.
pub(super) fn service(service: &ResolvedService, diagnostics: &mut Vec<Diagnostic>) {
    let definition = &service.definition;
    let arguments = |words: &[String], path: &[&str]| {
        let (index, name) = in_arguments(words)?;
        let message = format!("an argument of {} holds {name} in clear", service.name);
        let place = service.tree.place_of(&[path, &[index.to_string().as_str()]].concat());
        Some(finding(message, place, "everybody on the host sees it", USE_A_SECRET))
    };
    if let Some(daemon) = &definition.daemon {
        diagnostics.extend(arguments(&daemon.exec, &["daemon", "exec"]));
    }
    for variable in service.env.iter().filter(|variable| !variable.value.is_tainted()) {
        let name = variable.name.as_str();
        if is_secret_name(name) && is_literal(variable.value.expose()) {
            let message = format!("the variable {name} of {} is a secret in clear", service.name);
            diagnostics.push(finding(
                message,
                variable.place,
                "everybody who has the definitions can read it",
                USE_A_SECRET,
            ));
        }
    }
    for named in job::all(service) {
        diagnostics.extend(arguments(&named.job.exec, &["job", named.name.as_str(), "exec"]));
    }
}
