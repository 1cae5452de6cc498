//! The tokens of expressions, by the engine's own lexer: what is raw, a comment or a text in quotes is so for both.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// A token and where it stands in the source.
pub(super) type Placed<'s> = (Token<'s>, Range<usize>);

/// The syntax of all texts: the engine's own, and the last line break is kept.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

/// The tokens of a text, up to what the engine refuses.
pub(super) fn tokens(source: &str) -> Vec<Placed<'_>> {
    tokenize(source, false, syntax())
        .map_while(Result::ok)
        .map(|(token, span)| (token, span.start_offset as usize..span.end_offset as usize))
        .collect()
}

/// A name that an expression gives as a literal: `secret("name")`, `hosts("@tag", "!web9")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<'s> {
    /// Whether it is a secret's; else a selector.
    pub(crate) is_secret: bool,
    /// The name.
    pub(crate) name: &'s str,
    /// Where it stands in the text, with its quotes.
    pub(crate) range: Range<usize>,
}

/// The literal names in a text.
pub(crate) fn named(source: &str) -> Vec<Named<'_>> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let after_dot =
            index.checked_sub(1).is_some_and(|before| matches!(tokens[before].0, Token::Dot | Token::Pipe));
        let is_secret = match [&pair[0].0, &pair[1].0] {
            [Token::Ident("secret"), Token::ParenOpen] if !after_dot => true,
            [Token::Ident("hosts"), Token::ParenOpen] if !after_dot => false,
            _ => continue,
        };
        // `"a", "b")`: what is not a literal alone is not known before it is read.
        for argument in tokens[index + 2..].chunks(2) {
            let [(Token::Str(name), range), (end, _)] = argument else { break };
            if !matches!(end, Token::Comma | Token::ParenClose) {
                break;
            }
            found.push(Named { is_secret, name, range: range.clone() });
            if matches!(end, Token::ParenClose) {
                break;
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
        assert_eq!(names("{% raw %}endraw {{ secret('a') }}{% endraw %}{{ secret( 'b' ) }}"), [(true, "b")]);
    }
}
