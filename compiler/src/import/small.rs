//! Small files beside units: kept as they are, as `file` with its content, checked by their typed models.

use super::definition::{ANYWHERE, Service, Table, Value};
use super::{Import, Original, kind};
use crate::formats;
use cmc_types::file_format::FileFormat;
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

/// Systems whose paths are tried, in this order.
const SYSTEMS: &[&str] = &["debian", "freebsd", "openbsd", "alpine", "fedora", "opensuse"];

/// What the path of a file says, wherever a copy of the root that it is from lies: `backup/etc/cron.d/api` is
/// `/etc/cron.d/api`.
pub(super) fn by_path(path: &str) -> Option<(UnixPath, Os, Format)> {
    let roots = ["/etc/", "/usr/", "/lib/", "/run/", "/var/"];
    let mut starts: Vec<usize> =
        roots.iter().flat_map(|root| path.match_indices(root)).map(|(at, _)| at).collect();
    // The whole path first, then what is left of it.
    starts.sort_unstable();
    for start in starts {
        let Ok(path) = UnixPath::parse(&path[start..]) else { continue };
        for os in SYSTEMS.iter().filter_map(|name| Os::parse(name).ok()) {
            match small::format_of(&path, &os) {
                // Read as an environment file unless `--as` says otherwise.
                Some(found) if found.format == Format::Variables => {}
                Some(found) if found.unread.is_none() => return Some((path, os, found.format)),
                _ => {}
            }
        }
    }
    None
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
                let path = UnixPath::parse(&path).ok()?;
                SYSTEMS.iter().filter_map(|name| Os::parse(name).ok()).find_map(|os| {
                    let found = small::format_of(&path, &os)?;
                    Some((path.clone(), os, found.format))
                })
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
    let mut table = Table::new(&["file", path.as_str()]);
    let mode = match format {
        Format::Sudoers => Some("0440"),
        Format::Cron(table) if !table.user_column => Some("0600"),
        _ => None,
    };
    if let Some(mode) = mode {
        table.set("mode", Value::Text(mode.to_owned()));
    }
    table.set("content", Value::Content(original.text.clone()));
    service.tables.push(table);
    Some(service)
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
fn plain(stem: &str) -> String {
    stem.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}
