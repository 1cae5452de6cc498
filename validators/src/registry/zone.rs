//! Which zone a file is of: as a server's configuration in the tree says, or else as the file's name says.

use super::{Prepared, View};

/// The zone's name before the path.
pub(super) fn arguments(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    for (path, _) in &view.subjects {
        let configured = view.tree.iter().find_map(|(_, text)| configured(text, path));
        prepared.arguments.extend([configured.unwrap_or_else(|| by_name(path)), (*path).to_owned()]);
    }
    prepared
}

/// The zone that a configuration ties to this file: BIND's `zone "NAME" { file "PATH"; }`, NSD's `name: "NAME"` before or
/// after `zonefile: "PATH"`. A path that is not absolute is one that the file's own path ends in.
fn configured(text: &str, path: &str) -> Option<String> {
    let is_path = |word: &str| {
        word == path || !word.is_empty() && !word.starts_with('/') && path.ends_with(&format!("/{word}"))
    };
    let lines = text.lines().map(|line| line.split(['#']).next().unwrap_or_default());
    let words: Vec<&str> = lines
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || "\"{};".contains(c)))
        .filter(|word| !word.is_empty())
        .collect();
    let at = words.windows(2).position(|pair| matches!(pair[0], "file" | "zonefile:") && is_path(pair[1]))?;
    // Back to where this zone begins; NSD's may have its name behind the file.
    let begin = words[..at].iter().rposition(|word| matches!(*word, "zone" | "zone:"))?;
    let name = match words[begin] {
        "zone" => words.get(begin + 1),
        _ => {
            let rest = &words[begin + 1..];
            let end = rest.iter().position(|word| *word == "zone:").unwrap_or(rest.len());
            rest[..end].windows(2).find(|pair| pair[0] == "name:").map(|pair| &pair[1])
        }
    };
    name.map(|name| (*name).to_owned())
}

/// `db.example.net`, `example.net.zone`, `example.net.db` and `example.net` are all of `example.net`.
fn by_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_prefix("db.").unwrap_or(name);
    [".zone", ".db", ".signed"]
        .iter()
        .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name))
        .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{by_name, configured};

    #[test]
    fn the_configuration_names_the_zone_of_a_file() {
        let bind =
            "zone \"a.net\" { type master; file \"/etc/bind/a\"; };\nzone \"b.net\" IN {\n  file \"b\"; };\n";
        assert_eq!(configured(bind, "/etc/bind/a").as_deref(), Some("a.net"));
        assert_eq!(configured(bind, "/var/cache/bind/b").as_deref(), Some("b.net"));
        assert_eq!(configured(bind, "/etc/bind/c"), None);
        let nsd = "zone:\n  name: a.net\n  zonefile: a.zone\nzone:\n  zonefile: \"b.zone\"\n  name: \"b.net\" # b\n";
        assert_eq!(configured(nsd, "/etc/nsd/a.zone").as_deref(), Some("a.net"));
        assert_eq!(configured(nsd, "/etc/nsd/b.zone").as_deref(), Some("b.net"));
    }

    #[test]
    fn a_file_of_no_configuration_is_of_the_zone_in_its_name() {
        for name in ["db.example.net", "example.net.zone", "example.net.db", "example.net"] {
            assert_eq!(by_name(&format!("/etc/bind/{name}")), "example.net");
        }
    }
}
