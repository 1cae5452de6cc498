//! The tokens of expressions, as much of them as is needed to find operands and literal names without the engine.

/// A word, a text in quotes, an operator of up to two characters.
pub(super) struct Token<'s> {
    pub(super) text: &'s str,
    /// Where it begins in the source.
    pub(super) offset: usize,
}

/// `{{ … }}` or `{% … %}`; a comment and what is raw have no tokens.
#[derive(Default)]
pub(super) struct Tag<'s> {
    pub(super) is_statement: bool,
    pub(super) tokens: Vec<Token<'s>>,
}

/// The next tag from an offset on, and where to go on.
pub(super) fn next_tag(source: &str, from: usize) -> Option<(Tag<'_>, usize)> {
    let start = from + source.get(from..)?.find('{')?;
    let close = match source.as_bytes().get(start + 1) {
        Some(b'{') => "}}",
        Some(b'%') => "%}",
        Some(b'#') => {
            let end = source[start..].find("#}").map_or(source.len(), |length| start + length + 2);
            return Some((Tag::default(), end));
        }
        _ => return Some((Tag::default(), start + 1)),
    };
    let mut tag = Tag { is_statement: close == "%}", tokens: Vec::new() };
    let trims = |at: usize| matches!(source.as_bytes().get(at), Some(b'-' | b'+'));
    let mut at = start + 2 + usize::from(trims(start + 2));
    let mut depth = 0_usize;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let end = at + usize::from(trims(at));
        if depth == 0 && source[end..].starts_with(close) {
            at = end + 2;
            break;
        }
        let length = length(rest);
        let text = &rest[..length];
        match text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !text.starts_with(char::is_whitespace) {
            tag.tokens.push(Token { text, offset: at });
        }
        at += length;
    }
    if tag.is_statement && tag.tokens.iter().map(|token| token.text).eq(["raw"]) {
        let end = source[at..].find("endraw").map_or(source.len(), |length| at + length);
        return Some((Tag::default(), end));
    }
    Some((tag, at))
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

/// A name that an expression gives as a literal: `secret("name")`, `hosts("@tag", "!web9")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<'s> {
    /// Whether it is a secret's; else a selector.
    pub(crate) is_secret: bool,
    /// The name.
    pub(crate) name: &'s str,
    /// Where it stands in the text, with its quotes.
    pub(crate) range: std::ops::Range<usize>,
}

/// The literal names in a text.
pub(crate) fn named(source: &str) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some((tag, end)) = next_tag(source, rest) {
        rest = end;
        for (index, pair) in tag.tokens.windows(2).enumerate() {
            let after_dot =
                index.checked_sub(1).is_some_and(|before| matches!(tag.tokens[before].text, "." | "|"));
            let is_secret = match [pair[0].text, pair[1].text] {
                ["secret", "("] if !after_dot => true,
                ["hosts", "("] if !after_dot => false,
                _ => continue,
            };
            // `"a", "b")`: what is not a literal alone is not known before it is read.
            for argument in tag.tokens[index + 2..].chunks(2) {
                let [token, end] = argument else { break };
                let quoted =
                    token.text.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\'']));
                let Some(name) = quoted.filter(|name| !name.contains('\\') && matches!(end.text, "," | ")"))
                else {
                    break;
                };
                let range = token.offset..token.offset + token.text.len();
                found.push(Named { is_secret, name, range });
                if end.text == ")" {
                    break;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn literal_names_are_found() {
        let names =
            |text| named(text).into_iter().map(|named| (named.is_secret, named.name)).collect::<Vec<_>>();
        let text = "{{ secret('a') }} {% for h in hosts(\"@b\", '!c') %}{{ h.secret('d') }} secret('e') {# secret('f') #}";
        assert_eq!(names(text), [(true, "a"), (false, "@b"), (false, "!c")]);
        assert_eq!(names("{{ secret(x) }}{{ secret('a' ~ x) }}{{ hosts('@' ~ t) }}{{ secret"), []);
    }
}
