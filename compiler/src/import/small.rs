//! Small files beside units: kept as they are, as `file` with its content, checked by their typed models.

use super::definition::{ANYWHERE, Service, Table, Value};
use super::{Import, Original, kind};
use crate::formats;
use cmc_types::file_format::{FileFormat, format_of_copy};
use cmc_types::small::{self, Format};
use cmc_types::{Diagnostic, Os, UnixPath, codes};

/// A format by the name that `--as` takes, and where such a file goes whose own path says nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct SmallKind {
    pub(super) name: &'static str,
    /// What it is, in messages.
    pub(super) what: &'static str,
    /// The directory of such files, or the file itself.
    place: &'static str,
    ending: &'static str,
}

impl SmallKind {
    /// A path of such files.
    pub(super) fn usual_path(&self) -> String {
        match self.place.ends_with('/') {
            true => format!("{}file{}", self.place, self.ending),
            false => self.place.to_owned(),
        }
    }
}

const fn kind(
    name: &'static str,
    what: &'static str,
    place: &'static str,
    ending: &'static str,
) -> SmallKind {
    SmallKind { name, what, place, ending }
}

/// Every one of them.
pub(super) static KINDS: &[SmallKind] = &[
    kind("crontab", "a crontab with a column for the user", "/etc/cron.d/", ""),
    kind("crontab:user", "a user's crontab", "/var/spool/cron/crontabs/", ""),
    kind("tmpfiles", "a file of tmpfiles.d", "/etc/tmpfiles.d/", ".conf"),
    kind("sysusers", "a file of sysusers.d", "/etc/sysusers.d/", ".conf"),
    kind("sysctl", "a file of sysctl.d", "/etc/sysctl.d/", ".conf"),
    kind("modules-load", "a file of modules-load.d", "/etc/modules-load.d/", ".conf"),
    kind("limits", "a file of limits.d", "/etc/security/limits.d/", ".conf"),
    kind("logrotate", "a file of logrotate.d", "/etc/logrotate.d/", ""),
    kind("sudoers", "a file of sudoers.d", "/etc/sudoers.d/", ""),
    kind("default", "a file of /etc/default", "/etc/default/", ""),
    kind("hosts", "a hosts file", "/etc/hosts", ""),
    kind("rc-conf-local", "an rc.conf.local of OpenBSD", "/etc/rc.conf.local", ""),
];

/// What the path of a file says, wherever a copy of the root that it is from lies.
pub(super) fn by_path(path: &str) -> Option<(UnixPath, Os, Format)> {
    match format_of_copy(path)? {
        (path, os, FileFormat::Small(format)) => Some((path, os, format)),
        _ => None,
    }
}

pub(super) fn import(
    import: &mut Import<'_>,
    original: &Original,
    kind: Option<&SmallKind>,
) -> Option<Service> {
    let (_, file) = kind::split(&original.path);
    let stem = file.strip_suffix(".conf").unwrap_or(file);
    let (path, os, format) = match kind {
        None => by_path(&original.path)?,
        Some(kind) => {
            let said = by_path(&original.path).filter(|(path, ..)| is_of(kind, path));
            said.or_else(|| {
                let path = match kind.place.strip_suffix('/') {
                    Some(directory) => format!("{directory}/{}{}", plain(stem), kind.ending),
                    None => kind.place.to_owned(),
                };
                by_path(&path)
            })?
        }
    };
    let findings = formats::of_text(FileFormat::Small(format), &path, &os, &original.text, original.file);
    import.warn(findings);
    if format == Format::Variables
        && let Some(line) = small::variables::shell(&original.text)
    {
        let place = import.line(original, Some(line));
        let message = format!("{} is kept as it is: it holds more than assignments", original.name);
        let help =
            "a shell reads it whole; systemd's EnvironmentFile= and others that run no shell read less";
        import.diagnostics.push(Diagnostic::new(codes::KEPT_VERBATIM, message).at(place, "").help(help));
    }
    let on = if format == Format::RcConfLocal { &["os:openbsd"] } else { ANYWHERE };
    let mut service = Service::new(import.service(original, stem)?, on);
    service.tables.push(table(&path, format, original.text.clone()));
    Some(service)
}

/// A file with its content, and the mode that its readers ask for.
pub(super) fn table(path: &UnixPath, format: Format, text: String) -> Table {
    let mut table = Table::new(&["file", path.as_str()]);
    let mode = match format {
        Format::Sudoers => Some("0440"),
        Format::Cron(table) if !table.user_column => Some("0600"),
        _ => None,
    };
    if let Some(mode) = mode {
        table.set("mode", Value::Text(mode.to_owned()));
    }
    table.set("content", Value::Content(text));
    table
}

/// Whether a path is one of a kind of files.
fn is_of(kind: &SmallKind, path: &UnixPath) -> bool {
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
    match kind.place.ends_with('/') {
        true => last(path.parent()) == last(kind.place),
        false => path.as_str() == kind.place,
    }
}

/// A name without what such directories pass files by for.
pub(super) fn plain(stem: &str) -> String {
    stem.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}
