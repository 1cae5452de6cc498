//! cron: `crontab -n F`. It knows the format of users' tables only: in /etc/crontab and cron.d it would take the user
//! for the command and pass anything. Those are checked as a copy with the column of the user cut out, line by line.

use super::pattern::error;
use super::{Prepared, Program, Scope, View};
use crate::sandbox::{Entry, What};

pub(super) const CRONTAB: Program = Program {
    name: "crontab",
    about: "tables of Debian's cron, users' and the system's, on hosts of Debian and Ubuntu",
    applies_to: &["/etc/crontab", "/etc/cron.d/*", "/var/spool/cron/crontabs/*"],
    // Cronie, BusyBox and the BSDs' cron read fields and options that Debian's refuses.
    families: &["debian", "ubuntu"],
    scope: Scope::Alone,
    argv: &["crontab", "-n", "{}"],
    dirs: &["/var/spool/cron/crontabs"],
    patterns: &[error("\"{file}\":{line}: {message}")],
    // It counts lines from 0.
    first_line: 0,
    skips: &[("/etc/cron.d/*.*", "cron skips files of cron.d whose name holds a dot")],
    packages: &[("", "cron")],
    prepare: Some(prepare),
    ..Program::COMMON
};

const COPY: &str = "/run/cmc/crontab";

fn prepare(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    for (path, text) in &view.subjects {
        if !(path.starts_with("/etc/cron.d/") || *path == "/etc/crontab") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let bare = without_user(line);
            let fields = if bare.trim_start().starts_with('@') { 1 } else { 5 };
            if bare != line && bare.split_whitespace().count() <= fields {
                let message = "the line has no command after the user".to_owned();
                prepared.errors.push(((*path).to_owned(), number as u32 + 1, message));
            }
        }
        let copy: String = text.split_inclusive('\n').map(without_user).collect();
        prepared.entries.push(Entry { path: COPY.to_owned(), what: What::file(0o644, copy.into_bytes()) });
        prepared.copies.push((COPY.to_owned(), (*path).to_owned()));
        prepared.arguments.push(COPY.to_owned());
    }
    prepared
}

/// A line of a system's table as it would stand in a user's.
fn without_user(line: &str) -> String {
    let body = line.trim_start();
    let assignment = body.split(['=', ' ', '\t']).next().is_some_and(|name| {
        body[name.len()..].trim_start().starts_with('=')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'"' | b'\''))
    });
    if body.is_empty() || body.starts_with('#') || assignment {
        return line.to_owned();
    }
    // `@daily` is one field of time, otherwise there are five.
    let times = if body.starts_with('@') { 1 } else { 5 };
    let mut rest = body;
    for _ in 0..times {
        let end = rest.find([' ', '\t']).unwrap_or(rest.len());
        rest = rest[end..].trim_start_matches([' ', '\t']);
    }
    let time = &body[..body.len() - rest.len()];
    let end = rest.find([' ', '\t', '\n']).unwrap_or(rest.len());
    format!("{time}{}", rest[end..].trim_start_matches([' ', '\t']))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::without_user;

    #[test]
    fn the_user_is_cut_out_and_nothing_else() {
        for (line, expected) in [
            ("5 * * * * root /bin/x y\n", "5 * * * * /bin/x y\n"),
            ("@daily\troot\t/bin/x\n", "@daily\t/bin/x\n"),
            ("MAILTO=root\n", "MAILTO=root\n"),
            ("PATH = /bin:/usr/bin\n", "PATH = /bin:/usr/bin\n"),
            ("# 5 * * * * root x\n", "# 5 * * * * root x\n"),
            ("\n", "\n"),
            ("5 * * * * /bin/x\n", "5 * * * * \n"),
            ("nonsense\n", "nonsense\n"),
        ] {
            assert_eq!(without_user(line), expected, "{line:?}");
        }
    }
}
