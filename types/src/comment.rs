//! What begins a comment in a file, as its path says; for the markers of managed blocks.

use crate::UnixPath;

/// Why a file of some format holds no managed block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoComments {
    /// Why, as a clause.
    pub why: &'static str,
}

/// Endings of names, and what begins a comment to the end of the line; nothing else than `#` is listed.
const ENDINGS: &[(&str, &str)] = &[
    ("asm", ";"),
    ("c", "//"),
    ("cc", "//"),
    ("cpp", "//"),
    ("cs", "//"),
    ("dart", "//"),
    ("el", ";"),
    ("elm", "--"),
    ("erl", "%"),
    ("go", "//"),
    ("groovy", "//"),
    ("h", "//"),
    ("hpp", "//"),
    ("hrl", "%"),
    ("hs", "--"),
    ("ini", ";"),
    ("java", "//"),
    ("js", "//"),
    ("json5", "//"),
    ("jsonc", "//"),
    ("kt", "//"),
    ("lisp", ";"),
    ("lua", "--"),
    ("mjs", "//"),
    ("proto", "//"),
    ("rs", "//"),
    ("scala", "//"),
    ("scm", ";"),
    ("scss", "//"),
    ("sql", "--"),
    ("swift", "//"),
    ("tex", "%"),
    ("ts", "//"),
    ("vcl", "//"),
    ("vim", "\""),
    ("zone", ";"),
];

/// Whole names, for what has no ending that says it.
const NAMES: &[(&str, &str)] =
    &[(".vimrc", "\""), ("vimrc", "\""), ("vimrc.local", "\""), (".Xresources", "!"), ("php-fpm.conf", ";")];

/// Endings of formats that have no comments to the end of the line.
const NONE: &[(&str, &str)] = &[
    ("css", "CSS has no comments that end with the line"),
    ("csv", "CSV has no comments"),
    ("htm", "HTML has no comments that end with the line"),
    ("html", "HTML has no comments that end with the line"),
    ("json", "JSON has no comments"),
    ("md", "Markdown has no comments that end with the line"),
    ("plist", "XML has no comments that end with the line"),
    ("svg", "XML has no comments that end with the line"),
    ("xml", "XML has no comments that end with the line"),
];

/// Files whose readers take every line for an entry.
const PLAIN: &[&str] = &[
    "/etc/group",
    "/etc/gshadow",
    "/etc/hostname",
    "/etc/issue",
    "/etc/machine-id",
    "/etc/master.passwd",
    "/etc/motd",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/subgid",
    "/etc/subuid",
    "/etc/timezone",
];

/// Why a file takes no block whatever its definition says.
pub fn never(path: &UnixPath) -> Option<NoComments> {
    let accounts = ["group", "gshadow", "master.passwd", "passwd", "shadow", "subgid", "subuid"];
    let why = match path.as_str() {
        "/etc/rc.conf.local" => "rcctl sorts its lines, markers of blocks among them",
        plain if !PLAIN.contains(&plain) => return None,
        file if accounts.iter().any(|name| file.strip_prefix("/etc/") == Some(name)) => {
            "every line of it is an account, none a comment"
        }
        _ => "every line of this file is content, none a comment",
    };
    Some(NoComments { why })
}

/// What begins a comment in the file at a path: `#` unless its name says otherwise.
pub fn of(path: &UnixPath) -> Result<&'static str, NoComments> {
    if let Some(never) = never(path) {
        return Err(never);
    }
    let name = path.file_name();
    if let Some((_, comment)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Ok(comment);
    }
    let ending = name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
    if let Some((_, why)) = NONE.iter().find(|(known, _)| *known == ending) {
        return Err(NoComments { why });
    }
    Ok(ENDINGS.iter().find(|(known, _)| *known == ending).map_or("#", |(_, comment)| comment))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_what_begins_a_comment() {
        for (path, comment) in [
            ("/etc/hosts", Some("#")),
            ("/etc/crontab", Some("#")),
            ("/etc/php/8.2/php.ini", Some(";")),
            ("/etc/prosody/prosody.cfg.lua", Some("--")),
            ("/etc/vim/vimrc.local", Some("\"")),
            ("/etc/varnish/default.vcl", Some("//")),
            ("/etc/app/config.JSON", None),
            ("/etc/passwd", None),
            ("/etc/app.d/passwd", Some("#")),
        ] {
            let path = UnixPath::parse(path).unwrap();
            assert_eq!(of(&path).ok(), comment, "{path}");
        }
    }
}
