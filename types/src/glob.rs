//! Globs over `/`-separated paths.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

/// A glob: `?` is one character, `*` any number of them, both without `/`; a component `**` is any number of
/// components, also none. Everything else stands for itself. At most 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob(String);

impl Glob {
    /// Parses a glob; the error says what it may not hold.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |problem: &str| {
            Err(ParseError::new(
                "a glob such as \"hosts/**/*.json\", made of '?', '*' and '**' components",
                problem,
            ))
        };
        if text.is_empty() || text.len() > 255 {
            return bad("the glob is empty or longer than 255 bytes");
        }
        if text.chars().any(|c| c.is_control() || matches!(c, '[' | ']' | '{' | '}' | '\\')) {
            return bad("the glob holds a bracket, brace, backslash or control character");
        }
        let relative = text.strip_prefix('/').unwrap_or(text);
        for component in relative.split('/') {
            match component {
                "" => return bad("the glob has an empty component"),
                "." | ".." => return bad("the glob has a '.' or '..' component"),
                "**" => {}
                _ if component.contains("**") => return bad("'**' stands beside other characters"),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The glob as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory below which all that it matches lies: its leading components without wildcards.
    pub fn base(&self) -> &str {
        let wild = self.0.find(['*', '?']).unwrap_or(self.0.len());
        self.0[..wild].rfind('/').map_or("", |slash| &self.0[..slash])
    }

    /// Whether it matches a whole path. A relative glob matches relative paths only.
    pub fn matches(&self, path: &str) -> bool {
        let pattern: Vec<&str> = self.0.split('/').collect();
        let path: Vec<&str> = path.split('/').collect();
        // `reached[i]`: the components read so far match the first `i` of the pattern.
        let mut reached = vec![false; pattern.len() + 1];
        reached[0] = true;
        skip_empty(&mut reached, &pattern);
        for component in path {
            let mut next = vec![false; pattern.len() + 1];
            for (i, part) in pattern.iter().enumerate() {
                if !reached[i] {
                    continue;
                }
                if *part == "**" {
                    next[i] = true;
                } else if component_matches(part, component) {
                    next[i + 1] = true;
                }
            }
            skip_empty(&mut next, &pattern);
            reached = next;
        }
        reached[pattern.len()]
    }
}

/// A `**` may match no component at all.
fn skip_empty(reached: &mut [bool], pattern: &[&str]) {
    for (i, part) in pattern.iter().enumerate() {
        if reached[i] && *part == "**" {
            reached[i + 1] = true;
        }
    }
}

fn component_matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    let stars = |reached: &mut Vec<bool>| {
        for (i, c) in pattern.iter().enumerate() {
            if reached[i] && *c == '*' {
                reached[i + 1] = true;
            }
        }
    };
    stars(&mut reached);
    for c in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (i, p) in pattern.iter().enumerate() {
            match p {
                _ if !reached[i] => {}
                '*' => next[i] = true,
                '?' => next[i + 1] = true,
                p if *p == c => next[i + 1] = true,
                _ => {}
            }
        }
        stars(&mut next);
        reached = next;
    }
    reached[pattern.len()]
}

impl std::fmt::Display for Glob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(
    Glob,
    pattern = "^[^\\[\\]{}\\\\]+$",
    description = "Glob over paths: `?` and `*` within a component, `**` for any number of components."
);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Glob;

    #[test]
    fn wildcards_stay_within_their_component() {
        for (glob, path, expected) in [
            ("hosts/*.toml", "hosts/a.toml", true),
            ("hosts/*.toml", "hosts/a/b.toml", false),
            ("hosts/**/*.toml", "hosts/a.toml", true),
            ("hosts/**/*.toml", "hosts/a/b/c.toml", true),
            ("**", "a/b", true),
            ("**/x", "x", true),
            ("a/**", "a", true),
            ("/etc/app/?.conf", "/etc/app/a.conf", true),
            ("/etc/app/?.conf", "/etc/app/ab.conf", false),
            ("/etc/*a*b*", "/etc/xaxxbx", true),
            ("/etc/*a*b*", "/etc/xbxxax", false),
            ("etc/x", "/etc/x", false),
        ] {
            assert_eq!(Glob::parse(glob).unwrap().matches(path), expected, "{glob} {path}");
        }
    }

    #[test]
    fn the_base_has_no_wildcard() {
        let base = |glob: &str| Glob::parse(glob).unwrap().base().to_owned();
        assert_eq!(base("hosts/**/*.toml"), "hosts");
        assert_eq!(base("hosts/web*.toml"), "hosts");
        assert_eq!(base("*.toml"), "");
        assert_eq!(base("a/b/c.toml"), "a/b");
    }

    #[test]
    fn what_would_be_misread_is_refused() {
        for bad in ["", "a//b", "../x", "a/./b", "[ab]", "a{b,c}", "a**", "x\n", "a\\*"] {
            assert!(Glob::parse(bad).is_err(), "{bad:?}");
        }
    }
}
