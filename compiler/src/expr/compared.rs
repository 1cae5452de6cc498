//! Finds comparisons of secrets in the text of expressions. What an engine's value is compared *with* is noticed by
//! [`super::opaque`]; a text on the left of `==` is not asked anything, so `"x" == secret("y")`, `none != secret("y")`
//! and `secret("y") in ["x"]` are found here, by their shape.

/// Offset of a secret that is compared, in a text of a definition or a template. `env_is_secret` says which variables
/// of the environment come from secrets.
pub(crate) fn compared(source: &str, env_is_secret: &dyn Fn(&str) -> bool) -> Option<usize> {
    if !["==", "!=", " in "].iter().any(|operator| source.contains(operator)) {
        return None;
    }
    // Names that a secret was given.
    let mut names: Vec<&str> = Vec::new();
    let mut rest = 0;
    while let Some((tag, end)) = next_tag(source, rest) {
        rest = end;
        let Some(tag) = tag else { continue };
        if let [Token { text: "set", .. }, Token { text: name, .. }, Token { text: "=", .. }, value @ ..] =
            tag.as_slice()
            && secret_at(value, &names, env_is_secret).is_some()
        {
            names.push(name);
        }
        for (index, token) in tag.iter().enumerate() {
            let found = match token.text {
                "==" | "!=" => secret_at(&tag[index + 1..], &names, env_is_secret).map(|_| index + 1),
                "in" if !is_loop(&tag, index) => {
                    let end = if index > 0 && tag[index - 1].text == "not" { index - 1 } else { index };
                    [1, 3, 4].into_iter().filter_map(|length| end.checked_sub(length)).find(|start| {
                        secret_at(&tag[*start..end], &names, env_is_secret) == Some(end - start)
                    })
                }
                _ => None,
            };
            if let Some(found) = found {
                return tag.get(found).map(|token| token.offset);
            }
        }
    }
    None
}

/// `for x in`, `for x, y in`: no comparison.
fn is_loop(tag: &[Token<'_>], index: usize) -> bool {
    tag[0].text == "for" && tag[..index].iter().all(|token| token.text != "in")
}

/// How many of the first tokens are a secret: `secret("name")`, `env.NAME`, or a name that was given one.
fn secret_at(tokens: &[Token<'_>], names: &[&str], env_is_secret: &dyn Fn(&str) -> bool) -> Option<usize> {
    match tokens {
        [Token { text: "secret", .. }, Token { text: "(", .. }, _, Token { text: ")", .. }, ..] => Some(4),
        [Token { text: "env", .. }, Token { text: ".", .. }, Token { text: name, .. }, ..]
            if env_is_secret(name) =>
        {
            Some(3)
        }
        [Token { text: name, .. }, ..] if names.contains(name) => Some(1),
        _ => None,
    }
}

/// A word, a text in quotes, an operator of up to two characters.
struct Token<'s> {
    text: &'s str,
    offset: usize,
}

/// The tokens of the next `{{ … }}` or `{% … %}` from an offset on, and where to go on; `None` for a comment.
fn next_tag(source: &str, from: usize) -> Option<(Option<Vec<Token<'_>>>, usize)> {
    let start = from + source.get(from..)?.find(['{'])?;
    let close = match source.as_bytes().get(start + 1) {
        Some(b'{') => "}}",
        Some(b'%') => "%}",
        Some(b'#') => {
            let end = source[start..].find("#}").map_or(source.len(), |length| start + length + 2);
            return Some((None, end));
        }
        _ => return Some((None, start + 1)),
    };
    let mut tokens = Vec::new();
    let mut at = start + 2;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(close) {
            at += 2;
            break;
        }
        let length = length(rest);
        if !rest.starts_with(|c: char| c.is_whitespace()) && rest != "-" {
            tokens.push(Token { text: &rest[..length], offset: at });
        }
        at += length;
    }
    if tokens.iter().map(|token| token.text).filter(|text| *text != "-").eq(["raw"]) {
        let end = source[at..].find("endraw").map_or(source.len(), |length| at + length);
        return Some((None, end));
    }
    Some((Some(tokens), at))
}

/// Bytes of the first token.
fn length(rest: &str) -> usize {
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return 0 };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        '"' | '\'' => {
            let mut escaped = false;
            for (index, c) in rest.char_indices().skip(1) {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    c if c == first => return index + 1,
                    _ => {}
                }
            }
            rest.len()
        }
        c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
        '=' | '!' | '<' | '>' if chars.next() == Some('=') => 2,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::compared;

    #[test]
    fn a_secret_on_the_far_side_of_a_comparison_is_found() {
        for text in [
            "{{ \"y\" == secret(\"x\") }}",
            "{% if vars.a != secret('x') %}",
            "{{ none == env.DB }}",
            "{{ secret('x') in ['a', 'b'] }}",
            "{{ env.DB not in vars.list }}",
            "{% set p = secret('x') %}\n{%- if 'y' == p -%}",
            "{% for a in [1] if secret('x') in ['y'] %}",
            "{# it's #}{{ 'y' == secret('x')|json }}",
        ] {
            let found = compared(text, &|name| name == "DB");
            let at = found.map(|offset| &text[offset..]);
            let known =
                at.is_some_and(|at| ["secret(", "env.DB", "p -"].iter().any(|start| at.starts_with(start)));
            assert!(known, "{text}: {at:?}");
        }
    }

    #[test]
    fn other_comparisons_pass() {
        for text in [
            "{{ secret('x') if vars.a == 'y' else secret('z') }}",
            "{{ 'a == secret(1)' }}",
            "{# 'y' == secret('x') #}",
            "{% raw %}{{ 'y' == secret('x') }}{% endraw %}",
            "{% for p in hosts('@all') %}{{ p.name == 'a' }}{% endfor %}",
            "{{ env.PORT == 80 }} 'y' == secret('x')",
            "{{ 'unclosed == secret('x'",
            "{{ 'y' == ",
            "{",
        ] {
            assert_eq!(compared(text, &|name| name == "DB"), None, "{text}");
        }
    }
}
