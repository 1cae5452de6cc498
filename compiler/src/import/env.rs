//! Environment files: variables with their values as texts, in the order of the file.

use super::definition::{ANYWHERE, Line, Service, Table, Value};
use super::{Import, Kind, Original, kind};
use cmc_types::env_file::{Dialect, EnvFile};
use cmc_types::{Diagnostic, Place, codes};

pub(super) fn import(import: &mut Import<'_>, original: &Original, dialect: Dialect) -> Option<Service> {
    if original.private {
        hide(import, original);
    }
    let file = match EnvFile::parse(dialect, &original.text) {
        Ok(file) => file,
        Err(error) => {
            import.malformed(original, Kind::Env(dialect), error.line, &error.problem);
            return None;
        }
    };
    if import.options.kind.is_none() {
        compare(import, original, dialect, &file);
    }
    let (folder, name) = kind::split(&original.path);
    let stem = match name.trim_start_matches('.') {
        "env" => folder,
        name => name.strip_suffix(".env").or_else(|| name.strip_suffix(".conf")).unwrap_or(name),
    };
    let mut service = Service::new(import.service(original, stem)?, ANYWHERE);
    let mut table = Table::new(&["env"]);
    let mut comments = comments(original);
    for (variable, value) in &file.variables {
        let name = variable.as_str();
        let above = comments.iter().position(|(known, _)| known.as_deref() == Some(name));
        let above = above.map(|index| comments.remove(index).1).unwrap_or_default();
        if looks_secret(name) && !value.is_empty() {
            warn(import, original, name);
        }
        let value = Value::Text(value.clone());
        table.lines.push(Line { comments: above, key: name.to_owned(), value });
    }
    table.after = comments.into_iter().flat_map(|(_, lines)| lines).collect();
    service.tables.push(table);
    Some(service)
}

/// Comment lines by the variable that stands below them; `None`: nothing does.
fn comments(original: &Original) -> Vec<(Option<String>, Vec<String>)> {
    let mut all = Vec::new();
    let mut pending: Vec<String> = Vec::new();
    for line in original.text.lines() {
        if let Some(comment) = line.trim_start().strip_prefix(['#', ';']) {
            pending.push(comment.to_owned());
        } else if let Some((name, _)) = line.split_once('=').filter(|_| !pending.is_empty()) {
            all.push((Some(name.to_owned()), std::mem::take(&mut pending)));
        }
    }
    if !pending.is_empty() {
        all.push((None, pending));
    }
    all
}

/// Where a variable's name and value stand.
fn places(original: &Original, name: &str) -> Option<(Place, Place)> {
    let mut start = 0;
    for line in original.text.split('\n') {
        if let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            let end = start + name.len();
            return Some((original.place(start, end), original.place(end + 1, end + 1 + value.len())));
        }
        start += line.len() + 1;
    }
    None
}

/// Hides the values of a private file in what findings show of it.
fn hide(import: &mut Import<'_>, original: &Original) {
    let mut start = 0;
    for line in original.text.split('\n') {
        let from = line.find('=').map_or(0, |equals| equals + 1);
        import.sources.redact(original.place(start + from, start + line.len()));
        start += line.len() + 1;
    }
}

/// Parts of names that secrets have.
const SECRETS: &[&str] =
    &["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "PRIVATE_KEY", "API_KEY", "APIKEY"];

fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRETS.iter().any(|part| name.contains(part))
        && !["_FILE", "_PATH"].iter().any(|ending| name.ends_with(ending))
}

fn warn(import: &mut Import<'_>, original: &Original, name: &str) {
    let Some((key, value)) = places(original, name) else { return };
    import.sources.redact(value);
    let secret = name.to_ascii_lowercase();
    import.diagnostics.push(
        Diagnostic::new(
            codes::LOOKS_SECRET,
            format!("{name} is called like a secret, and the definition shows it"),
        )
        .at(key, "")
        .help(format!(
            "`cmc secret set {secret}` stores it; then write {name} = {{ secret = \"{secret}\" }}"
        )),
    );
}

/// Warns where readers disagree about a file whose reader is only guessed.
fn compare(import: &mut Import<'_>, original: &Original, dialect: Dialect, file: &EnvFile) {
    let others = [Dialect::Systemd, Dialect::Sh].into_iter().filter(|other| *other != dialect);
    for other in others {
        let differs = match EnvFile::parse(other, &original.text) {
            Ok(read) => file.variables.iter().find_map(|(name, value)| {
                let same = read.variables.iter().any(|(known, other)| known == name && other == value);
                (!same)
                    .then(|| places(original, name.as_str()).map_or_else(|| original.whole(), |(key, _)| key))
            }),
            Err(error) => Some(import.line(original, error.line)),
        };
        let Some(place) = differs else { continue };
        let message = format!(
            "{} was read as {}; {} means something else, or nothing",
            original.name,
            dialect.name(),
            other.name()
        );
        import.diagnostics.push(
            Diagnostic::new(codes::DIALECTS_DIFFER, message)
                .at(place, "the first difference")
                .help("say who reads it with --as env:systemd, env:sh, env:docker or env:pam_env"),
        );
    }
}
