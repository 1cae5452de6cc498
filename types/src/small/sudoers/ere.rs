//! Regular expressions as sudo compiles them: POSIX's extended ones, without a repetition behind another.

const CLASSES: &[&str] = &[
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
    "xdigit",
];

/// What is wrong with an expression from `^` to `$`, if anything is; measured with visudo 1.9.13.
pub(super) fn wrong(pattern: &str) -> Option<&'static str> {
    const REPEATED: &str = "a repetition has nothing before it that could be repeated";
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    let mut open = 0_usize;
    // Whether a repetition may stand here.
    let mut repeatable = false;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        let before = std::mem::replace(&mut repeatable, true);
        match c {
            '\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            '(' => {
                open += 1;
                repeatable = false;
            }
            ')' => open = open.saturating_sub(1),
            '|' => repeatable = false,
            '[' => match bracket(rest) {
                Some(end) => length = end,
                None => return Some("a `[` is not closed, or holds what is no class and no range"),
            },
            '*' | '+' | '?' | '{' => {
                if !before {
                    return Some(REPEATED);
                }
                repeatable = false;
                if c == '{' {
                    match bound(rest) {
                        Some(end) => length = end,
                        None => return Some("a `{` holds no bound such as {1,5}, of at most 255"),
                    }
                }
            }
            _ => {}
        }
        rest = &rest[length..];
    }
    (open > 0).then_some("a `(` is not closed")
}

/// The bytes of the bracket expression that a text begins with.
fn bracket(text: &str) -> Option<usize> {
    let mut at = 1;
    at += usize::from(text[at..].starts_with('^'));
    let mut last: Option<char> = None;
    let first = at;
    while let Some(c) = text[at..].chars().next() {
        if c == ']' && at > first {
            return Some(at + 1);
        }
        if let Some(rest) = text[at..].strip_prefix("[:") {
            let (class, _) = rest.split_once(":]")?;
            if !CLASSES.contains(&class) {
                return None;
            }
            at += class.len() + 4;
            last = None;
            continue;
        }
        let end = text[at + c.len_utf8()..].chars().next();
        if let (Some(low), '-', Some(high)) = (last, c, end.filter(|end| !matches!(end, ']' | '['))) {
            if high < low {
                return None;
            }
            at += 1 + high.len_utf8();
            last = None;
            continue;
        }
        last = Some(c);
        at += c.len_utf8();
    }
    None
}

/// The bytes of the bound that a text begins with.
fn bound(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let (low, high) = text[1..end].split_once(',').unwrap_or((&text[1..end], &text[1..end]));
    let number = |text: &str, empty: u32| match text {
        "" => Some(empty),
        _ => text.parse::<u32>().ok().filter(|number| *number <= 255),
    };
    let (low, high) = (number(low, 0)?, number(high, 255)?);
    (low <= high && end > 1).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn what_visudo_refuses_is_wrong_and_nothing_else() {
        for good in [
            "^/bin/ls$",
            "^/bin/(ls|cat)$",
            "^.*$",
            "^/bin/a{1,2}$",
            "^/bin/a{,2}$",
            "^/bin/a)$",
            "^/bin/(a|)$",
            "^/bin/()$",
            "^/bin/[]a]$",
            "^/bin/[^]a]$",
            "^/bin/a}$",
            "^/bin/a]$",
            "^/bin/\\(a$",
            "^/bin/[a-z[:digit:]_-]+$",
        ] {
            assert_eq!(wrong(good), None, "{good}");
        }
        for bad in [
            "^/bin/[a$",
            "^/bin/(ls$",
            "^/bin/l*+s$",
            "^/bin/a{2,1}$",
            "^*a$",
            "^/bin/a**$",
            "^/bin/a+?$",
            "^/bin/a{1$",
            "^/bin/a{x}$",
            "^/bin/[[:foo:]]$",
            "^/bin/[b-a]$",
            "^/bin/a{1}{2}$",
            "^/bin/(*a)$",
            "^/bin/a|*b$",
            "^/bin/a{300}$",
        ] {
            assert!(wrong(bad).is_some(), "{bad}");
        }
    }
}
