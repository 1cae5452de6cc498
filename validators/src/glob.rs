//! Globs over paths: `*` and `?` within a component, `**` over any number of components, `[a-z]` and `[!a-z]`,
//! `{a,b}` alternatives. A glob without `/` matches the last component.

/// Whether a path matches.
pub(crate) fn matches(glob: &str, path: &str) -> bool {
    let path = if glob.contains('/') { path } else { path.rsplit('/').next().unwrap_or(path) };
    alternatives(glob).iter().any(|glob| components(&split(glob), &split(path)))
}

fn split(text: &str) -> Vec<&str> {
    text.split('/').collect()
}

/// The globs that the first `{a,b}` stands for, and so on for the rest. At most 256.
fn alternatives(glob: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(glob) = open.pop() {
        let braces = glob.find('{').and_then(|start| {
            let end = glob[start..].find('}')? + start;
            Some((start, end))
        });
        match braces {
            Some((start, end)) if done.len() + open.len() < 256 => {
                for choice in glob[start + 1..end].split(',') {
                    open.push(format!("{}{choice}{}", &glob[..start], &glob[end + 1..]));
                }
            }
            _ => done.push(glob),
        }
    }
    done
}

fn components(globs: &[&str], path: &[&str]) -> bool {
    match globs.split_first() {
        None => path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skipped| components(rest, &path[skipped..])),
        Some((glob, rest)) => path.split_first().is_some_and(|(first, tail)| {
            component(&glob.chars().collect::<Vec<_>>(), &first.chars().collect::<Vec<_>>())
                && components(rest, tail)
        }),
    }
}

fn component(glob: &[char], text: &[char]) -> bool {
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match glob.get(g) {
            Some('*') => {
                star = Some((g, t));
                g += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(&glob[g..], text[t]),
            Some(literal) => (*literal == text[t]).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => {
                g += length;
                t += 1;
            }
            (None, Some((at, taken))) => {
                g = at + 1;
                t = taken + 1;
                star = Some((at, taken + 1));
            }
            (None, None) => return false,
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

/// Length of the class that begins here, if the character is in it. A class without an end is a literal `[`.
fn class(glob: &[char], c: char) -> Option<usize> {
    let Some(end) = glob.iter().skip(2).position(|c| *c == ']').map(|end| end + 2) else {
        return (c == '[').then_some(1);
    };
    let (negated, mut set) = match glob[1] {
        '!' | '^' => (true, &glob[2..end]),
        _ => (false, &glob[1..end]),
    };
    let mut found = false;
    while let Some((first, rest)) = set.split_first() {
        if let ['-', last, tail @ ..] = rest {
            found |= (*first..=*last).contains(&c);
            set = tail;
        } else {
            found |= *first == c;
            set = rest;
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::matches;

    #[test]
    fn globs_match_what_a_shell_would_match() {
        for (glob, path, expected) in [
            ("/etc/nginx/*.conf", "/etc/nginx/nginx.conf", true),
            ("/etc/nginx/*.conf", "/etc/nginx/conf.d/a.conf", false),
            ("/etc/nginx/**/*.conf", "/etc/nginx/conf.d/a.conf", true),
            ("/etc/nginx/**/*.conf", "/etc/nginx/nginx.conf", true),
            ("/etc/nginx/**", "/etc/nginx/a/b/c", true),
            ("*.json", "/srv/x/a.json", true),
            ("*.json", "/srv/x/a.jsonl", false),
            ("/etc/{a,b}/x", "/etc/b/x", true),
            ("/etc/{a,b}/x", "/etc/c/x", false),
            ("/etc/[a-c]x", "/etc/bx", true),
            ("/etc/[!a-c]x", "/etc/bx", false),
            ("/etc/[]x", "/etc/[]x", true),
            ("/e?c/*a*b*", "/etc/xxaybz", true),
            ("/etc/*", "/etc/", true),
            ("/etc/ab*", "/etc/a", false),
            ("**", "/any/thing", true),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} {path}");
        }
    }

    #[test]
    fn stars_take_no_exponential_time() {
        let glob = format!("/{}b", "*a".repeat(200));
        assert!(!matches(&glob, &format!("/{}", "a".repeat(5_000))));
    }
}
