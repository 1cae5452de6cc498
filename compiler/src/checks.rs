//! What is wrong between definitions that no service is needed to see: identifiers used twice, tags that nobody
//! defines, pairs of secrets.

use crate::files::read;
use crate::fleet::{Fleet, Secret};
use crate::suggest;
use crate::tree::{Node, Table, Value};
use cmc_types::address::check_address;
use cmc_types::definition::{SecretType, Store, Validator};
use cmc_types::public_key::{check_recipient, check_reporter};
use cmc_types::store_url::{check_published_store, check_settings};
use cmc_types::{Blake3, Diagnostic, ParseError, Schedule, codes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The largest ciphertext of a secret, in bytes.
const CIPHERTEXT: u64 = 16 << 20;

/// Checks hosts, tags and secrets.
pub(crate) fn fleet(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    identifiers(fleet, report);
    names(fleet, report);
    tags(fleet, report);
    pairs(fleet, report);
    validators(fleet, report);
    texts(fleet, report);
    twice(fleet, report);
    if fleet.names("host").next().is_none() && !fleet.lacks("host") && fleet.definition.is_some() {
        let place = fleet.document.key_place_of(&["fleet"]);
        report(
            Diagnostic::new(codes::NO_HOSTS, "the fleet has no host")
                .at(place, "")
                .help("`cmc host add NAME` writes one; until then nothing is built"),
        );
    }
}

/// Lists of names in which one stands twice.
fn twice(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    const LISTS: &[&[&str]] =
        &[&["tags"], &["aliases"], &["use"], &["on"], &["after"], &["needs"], &["daemon", "requires"]];
    let kinds = ["host", "preset", "service"].into_iter();
    let parts = kinds.flat_map(|kind| fleet.definitions(kind)).flat_map(|entry| {
        let overlays = entry.node.get(&["for"]).and_then(Node::as_table).into_iter().flat_map(Table::iter);
        std::iter::once(&entry.node).chain(overlays.map(|overlay| &overlay.node))
    });
    for part in parts {
        LISTS.iter().for_each(|list| named_twice(part, list, report));
        twice_below(part, report);
    }
}

/// The same for lists in tables that have names of their own: instances of templates, and times of jobs.
fn twice_below(part: &Node, report: &mut dyn FnMut(Diagnostic)) {
    let names = |table: &str| {
        let entries = part.get(&[table]).and_then(Node::as_table).into_iter().flat_map(Table::iter);
        entries.map(|entry| entry.key.clone()).collect::<Vec<_>>()
    };
    for name in names("systemd") {
        named_twice(part, &["systemd", &name, "instances"], report);
    }
    for name in names("job") {
        let Some(Value::List(times)) = part.get(&["job", &name, "at"]).map(|node| &node.value) else {
            continue;
        };
        let parsed = times.iter().filter_map(|node| {
            let text = node.as_text()?;
            Some((text, Schedule::parse(text).ok()?, node.place))
        });
        let parsed: Vec<_> = parsed.collect();
        for (index, (text, time, place)) in parsed.iter().enumerate() {
            let earlier = &parsed[..index];
            let same = earlier.iter().find(|(_, other, _)| other == time);
            let Some((other, _, first)) =
                same.or_else(|| earlier.iter().find(|(_, other, _)| other.meets(time)))
            else {
                continue;
            };
            let message = match same {
                Some(_) => format!("`job.{name}.at` names the same time twice: {other:?} and {text:?}"),
                None => format!("`job.{name}.at` names some minutes twice: {other:?} and {text:?}"),
            };
            let finding = Diagnostic::new(codes::NAMED_TWICE, message).at(*place, "again here");
            let finding = finding.with(*first, "first here");
            report(match same {
                Some(_) => finding,
                None => finding.help("systemd starts the job once then, cron twice"),
            });
        }
    }
}

/// Reports names that stand twice in a list.
fn named_twice(part: &Node, list: &[&str], report: &mut dyn FnMut(Diagnostic)) {
    let Some(Value::List(names)) = part.get(list).map(|node| &node.value) else { return };
    let mut seen = BTreeMap::new();
    for (name, place) in names.iter().filter_map(|node| Some((node.as_text()?, node.place))) {
        let Some(first) = seen.insert(name, place) else { continue };
        let message = format!("`{}` names {name:?} twice", list.join("."));
        let finding = Diagnostic::new(codes::NAMED_TWICE, message).at(place, "again here");
        report(finding.with(first, "first here"));
    }
}

/// Texts that are read by what publishes only, judged here at their place.
fn texts(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    let mut judge = |path: &[&str], what: &str, result: Result<(), ParseError>| {
        if let Err(error) = result {
            let message = format!("{what}: {}", error.problem);
            let diagnostic =
                Diagnostic::new(codes::INVALID_VALUE, message).at(fleet.document.place_of(path), "");
            report(diagnostic.help(format!("expected {}", error.expected)));
        }
    };
    match fleet.definition.as_ref().and_then(|definition| definition.store.as_ref()) {
        Some(Store::Url(url)) => judge(&["fleet", "store"], "`store`", check_published_store(url)),
        Some(Store::Table(table)) => {
            judge(&["fleet", "store", "url"], "`store`", check_published_store(&table.url));
            if let Err((name, error)) = check_settings(table) {
                judge(&["fleet", "store", name], "`store`", Err(error));
            }
        }
        None => {}
    }
    for host in &fleet.hosts {
        let name = host.name.as_str();
        let definition = &host.definition;
        for (key, text, check) in [
            ("recipient", &definition.recipient, check_recipient as fn(&str) -> Result<(), ParseError>),
            ("reporter", &definition.reporter, check_reporter),
            ("address", &definition.address, check_address),
        ] {
            if let Some(text) = text {
                judge(&["host", name, key], &format!("`{key}` of host {name:?}"), check(text));
            }
        }
    }
}

/// Programs that nothing could find, and time in which nothing could end.
fn validators(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    for entry in fleet.definitions("validator") {
        let Ok(validator) = serde_json::from_value::<Validator>(entry.node.to_json()) else { continue };
        let program = validator.argv.first().map_or("", String::as_str);
        if program.is_empty() || (program.contains('/') && !program.starts_with('/')) {
            let message = format!(
                "the program of validator {:?} is neither an absolute path nor a bare name",
                entry.key
            );
            let diagnostic =
                Diagnostic::new(codes::INVALID_VALUE, message).at(entry.node.place_of(&["argv", "0"]), "");
            report(diagnostic.help("programs are found in the usual directories, or at a path of the host"));
        }
        if !program.is_empty() && !validator.argv.iter().any(|argument| argument.contains("{}")) {
            let message = format!("validator {:?} is not told which file to judge", entry.key);
            let diagnostic = Diagnostic::new(codes::VALIDATOR_WITHOUT_FILE, message);
            let diagnostic = diagnostic.at(entry.node.place_of(&["argv"]), "no `{}` in it");
            report(diagnostic.help("`{}` stands for the file's path: argv = [\"PROGRAM\", \"{}\"]"));
        }
        if let Some(problem) = validator.applies_to.as_deref().and_then(never_matches) {
            let message = format!("`applies-to` of validator {:?} can match no path: {problem}", entry.key);
            let diagnostic = Diagnostic::new(codes::INVALID_VALUE, message);
            let diagnostic = diagnostic.at(entry.node.place_of(&["applies-to"]), "");
            report(diagnostic.help(
                "a glob over absolute paths, such as \"/etc/app/*.toml\", or over names, such as \"*.toml\"",
            ));
        }
        if validator.timeout.is_some_and(|timeout| timeout.as_micros() == 0) {
            let message = format!("validator {:?} has no time to run", entry.key);
            report(Diagnostic::new(codes::INVALID_VALUE, message).at(entry.node.place_of(&["timeout"]), ""));
        }
    }
}

/// Why a glob matches no absolute path, if it is plain that it does not. One without `/` is for the last component.
fn never_matches(glob: &str) -> Option<&'static str> {
    let unclosed = |open: char, close: char| glob.rfind(open).is_some_and(|at| !glob[at..].contains(close));
    let components = glob.strip_prefix('/').unwrap_or(glob);
    match () {
        () if glob.is_empty() => Some("it is empty"),
        () if unclosed('[', ']') => Some("`[` is not closed"),
        () if unclosed('{', '}') => Some("`{` is not closed"),
        () if glob.contains('/') && !glob.starts_with(['/', '*', '{']) => {
            Some("paths on hosts begin with `/`")
        }
        () if components.split('/').any(|component| matches!(component, "" | "." | "..")) => {
            Some("a component is empty, `.` or `..`")
        }
        () => None,
    }
}

/// Two hosts with one identifier would be one host in the index.
fn identifiers(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    let mut seen = BTreeMap::new();
    for host in &fleet.hosts {
        let Some(id) = &host.definition.id else { continue };
        let place = |name: &str| fleet.document.place_of(&["host", name, "id"]);
        if let Some(other) = seen.insert(id, host.name.as_str()) {
            let message = format!("hosts {other:?} and {:?} have the same identifier", host.name.as_str());
            report(
                Diagnostic::new(codes::DUPLICATE_HOST_ID, message)
                    .at(place(host.name.as_str()), "")
                    .with(place(other), "has the same")
                    .help("`cmc host add` gives every host its own; a copied definition must not keep it"),
            );
        }
    }
}

/// An alias that is another host's name or alias.
fn names(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    let mut seen: BTreeMap<&str, &str> =
        fleet.hosts.iter().map(|host| (host.name.as_str(), host.name.as_str())).collect();
    for host in &fleet.hosts {
        for (index, alias) in host.definition.aliases.iter().enumerate() {
            let owner = seen.insert(alias.as_str(), host.name.as_str());
            if let Some(owner) = owner.filter(|owner| *owner != host.name.as_str()) {
                let place =
                    fleet.document.place_of(&["host", host.name.as_str(), "aliases", &index.to_string()]);
                let message = format!("the alias {:?} is a name of host {owner:?} already", alias.as_str());
                let mut diagnostic = Diagnostic::new(codes::DUPLICATE_ALIAS, message).at(place, "");
                if let Some(other) = fleet.place_of("host", owner) {
                    diagnostic = diagnostic.with(other, "");
                }
                report(diagnostic);
            }
        }
    }
}

/// A tag of a host that is not defined but is almost one that is.
fn tags(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    let defined: BTreeSet<&str> = fleet.names("tag").collect();
    for host in &fleet.hosts {
        for (index, tag) in host.tags.iter().enumerate() {
            let place = fleet.document.place_of(&["host", host.name.as_str(), "tags", &index.to_string()]);
            if tag == "all" {
                let message = "the tag \"all\" is every host's already";
                report(Diagnostic::new(codes::RESERVED_TAG, message).at(place, ""));
            }
            if defined.contains(tag.as_str()) || fleet.is_left_out("tag", tag) {
                continue;
            }
            let near = suggest::nearest(tag, defined.iter().copied());
            if let Some((near, other)) = near.and_then(|near| Some((near, fleet.place_of("tag", near)?))) {
                let message = format!("the tag {tag:?} is not defined");
                report(
                    Diagnostic::new(codes::UNDEFINED_TAG, message)
                        .at(place, "")
                        .with(other, format!("{near:?} is defined here"))
                        .help(format!("did you mean {near:?}? If not, define it: [tag.{tag}]")),
                );
            }
        }
    }
    if let Some(place) = fleet.place_of("tag", "all") {
        report(
            Diagnostic::new(codes::RESERVED_TAG, "the tag \"all\" is every host's already")
                .at(place, "use [fleet] vars"),
        );
    }
}

/// A pair is one key and one certificate.
fn pairs(fleet: &Fleet, report: &mut dyn FnMut(Diagnostic)) {
    let mut pairs: BTreeMap<&str, Vec<&Secret>> = BTreeMap::new();
    for secret in fleet.secrets.values() {
        if let Some(pair) = &secret.definition.pair {
            pairs.entry(pair).or_default().push(secret);
        }
    }
    for (pair, secrets) in pairs {
        let of = |kind| secrets.iter().filter(|secret| secret.definition.kind == Some(kind)).count();
        if secrets.len() == 2 && of(SecretType::TlsKey) == 1 && of(SecretType::TlsCertificate) == 1 {
            continue;
        }
        let Some((last, rest)) = secrets.split_last() else { continue };
        let place = fleet.document.place_of(&["secret", last.name.as_str(), "pair"]);
        let message = format!("the pair {pair:?} is not one `tls-key` and one `tls-certificate`");
        let mut diagnostic = Diagnostic::new(codes::SECRET_PAIR, message).at(place, "");
        for secret in rest {
            diagnostic = diagnostic.with(secret.place, "of the same pair");
        }
        report(diagnostic);
    }
}

/// The digests of the secrets' ciphertexts, those that exist: a plan is bound to them.
pub(crate) fn ciphertexts(dir: &Path, fleet: &Fleet) -> Vec<(String, Blake3)> {
    let digest = |name: &String| {
        let file = read::below(dir, "secrets", &format!("{name}.age")).ok()?;
        let (_, _) = read::open(&file, CIPHERTEXT).ok()?;
        let bytes = std::fs::read(file).ok()?;
        Some((format!("secrets/{name}.age"), Blake3(*blake3::hash(&bytes).as_bytes())))
    };
    fleet.secrets.keys().filter_map(digest).collect()
}
