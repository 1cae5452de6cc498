//! Guards against comparisons of secrets. The engine asks a text on the left of `==` nothing about what is on the right,
//! so nothing of ours is called for `"x" == secret("y")`. Before the engine gets a text, a filter that refuses secrets
//! is put around whatever is compared by `==`, `!=` or `in`: `a == b` becomes `(a)|__compared == (b)|__compared`.
//! Other uses are noticed by [`super::opaque`], and the tests that compare by [`super::filters`].

use super::tokens::{Tag, Token, next_tag};
use crate::offsets::Offsets;
use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;

/// The filter's name.
pub(super) const FILTER: &str = "__compared";

/// A text of a definition or a template with guards, and what its bytes are in the text; `None` if it needs none.
pub(crate) fn guarded(source: &str) -> Option<(String, Offsets)> {
    if !["==", "!=", "in"].iter().any(|operator| source.contains(operator)) {
        return None;
    }
    let mut operands: Vec<(usize, usize)> = Vec::new();
    let mut rest = 0;
    while let Some((tag, end)) = next_tag(source, rest) {
        rest = end;
        compared(&tag, &mut operands);
    }
    if operands.is_empty() {
        return None;
    }
    let close = format!(")|{FILTER}");
    // Where to insert, and the operand's beginning if it ends there.
    let starts = operands.iter().map(|(start, _)| (*start, None));
    let mut inserted: Vec<_> =
        starts.chain(operands.iter().map(|(start, end)| (*end, Some(*start)))).collect();
    inserted.sort_unstable();
    let (mut text, mut offsets, mut done) = (String::new(), Offsets::default(), 0);
    for (at, operand) in inserted {
        text.push_str(&source[done..at]);
        offsets.step(text.len(), at);
        match operand {
            None => text.push('('),
            Some(start) => {
                // An error in the filter is at the operand.
                offsets.step(text.len() + 1, at);
                offsets.step(text.len() + 2, start);
                offsets.step(text.len() + 3, at);
                text.push_str(&close);
            }
        }
        offsets.step(text.len(), at);
        done = at;
    }
    text.push_str(&source[done..]);
    // What the engine does not take with guards, such as a text with errors, it gets as it is.
    is_template(&text).then_some((text, offsets))
}

fn is_template(text: &str) -> bool {
    let mut engine = Environment::empty();
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        engine.set_syntax(syntax);
    }
    engine.template_from_str(text).is_ok()
}

/// What stands between operators at one depth of brackets.
#[derive(Default)]
struct Level {
    /// The first token of the operand that is being read.
    start: usize,
    /// Whether it is compared with what stands before it.
    compared: bool,
}

/// Adds where the operands of comparisons in a tag begin and end.
fn compared(tag: &Tag<'_>, operands: &mut Vec<(usize, usize)>) {
    let tokens = &tag.tokens;
    // A statement begins with its name.
    let first = usize::from(tag.is_statement);
    let mut in_of_loop = tag.is_statement && tokens.first().is_some_and(|token| token.text == "for");
    let mut levels = vec![Level { start: first, compared: false }];
    for (index, token) in tokens.iter().enumerate().skip(first) {
        let is = |back: usize, text: &str| index.checked_sub(back).is_some_and(|at| tokens[at].text == text);
        // `x is in y`, `x is not in y`
        let of_test = is(1, "is") || (is(1, "not") && is(2, "is"));
        let compares = match token.text {
            "==" | "!=" => true,
            "in" if of_test => continue,
            "in" => !std::mem::take(&mut in_of_loop),
            "not" if of_test => continue,
            "not" => tokens.get(index + 1).is_some_and(|next| next.text == "in"),
            "<" | ">" | "<=" | ">=" | "and" | "or" | "if" | "else" | "," | ":" | "=" | "recursive" => false,
            "(" | "[" | "{" => {
                levels.push(Level { start: index + 1, compared: false });
                continue;
            }
            ")" | "]" | "}" => {
                if let Some(level) = levels.pop() {
                    finish(tokens, &level, index, false, operands);
                }
                if levels.is_empty() {
                    return;
                }
                continue;
            }
            _ => continue,
        };
        if let Some(level) = levels.last_mut() {
            finish(tokens, level, index, compares, operands);
            *level = Level { start: index + 1, compared: compares };
        }
    }
    for level in levels {
        finish(tokens, &level, tokens.len(), false, operands);
    }
}

/// Ends an operand before a token.
fn finish(
    tokens: &[Token<'_>],
    level: &Level,
    end: usize,
    compares: bool,
    operands: &mut Vec<(usize, usize)>,
) {
    let operand = tokens.get(level.start..end).unwrap_or_default();
    if (compares || level.compared)
        && let (Some(first), Some(last)) = (operand.first(), operand.last())
        && !is_harmless(operand)
    {
        operands.push((first.offset, last.offset + last.text.len()));
    }
}

/// Whether an operand can be no secret: a literal, a fact of the host, the state of a loop.
fn is_harmless(operand: &[Token<'_>]) -> bool {
    match operand {
        [Token { text, .. }] => {
            text.starts_with(|c: char| c.is_ascii_digit() || c == '"' || c == '\'')
                || matches!(*text, "true" | "false" | "none" | "True" | "False" | "None")
        }
        [Token { text: "host", .. }, Token { text: ".", .. }, Token { text, .. }] => *text != "vars",
        [Token { text: "loop", .. }, Token { text: ".", .. }, Token { text, .. }] => {
            matches!(*text, "index" | "index0" | "revindex" | "revindex0" | "first" | "last" | "length")
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// With `⟨…⟩` for guards.
    fn shown(text: &str) -> String {
        let Some((guarded, offsets)) = guarded(text) else { return text.to_owned() };
        // Every byte that was written is still there, and known as the one it was.
        let whole: String = (0..guarded.len())
            .filter(|at| guarded.is_char_boundary(*at))
            .filter_map(|at| {
                let c = guarded[at..].chars().next()?;
                let here = offsets.at(at);
                (text[here..].starts_with(c) && offsets.at(at + c.len_utf8()) > here).then_some(c)
            })
            .collect();
        assert_eq!(whole, text, "{guarded}");
        let close = format!(")|{FILTER}");
        let mut shown = String::new();
        let mut open = Vec::new();
        let mut rest = guarded.as_str();
        while let Some(c) = rest.chars().next() {
            let at = guarded.len() - rest.len();
            if rest.starts_with(&close) {
                shown.push('⟩');
                rest = &rest[close.len()..];
                open.pop();
                continue;
            }
            let inserted = c == '(' && offsets.at(at) == offsets.at(at + 1);
            if inserted {
                open.push(at);
            }
            shown.push(if inserted { '⟨' } else { c });
            rest = &rest[c.len_utf8()..];
        }
        assert!(open.is_empty());
        shown
    }

    #[test]
    fn what_is_compared_is_guarded_and_nothing_else_is_touched() {
        for (text, expected) in [
            ("{{ a == b }}", "{{ ⟨a⟩ == ⟨b⟩ }}"),
            ("{{- 'x' != secret('y')|json -}}", "{{- 'x' != ⟨secret('y')|json⟩ -}}"),
            (
                "{% if a not in b and not c == d.e[0] %}{% endif %}",
                "{% if ⟨a⟩ not in ⟨b⟩ and not ⟨c⟩ == ⟨d.e[0]⟩ %}{% endif %}",
            ),
            (
                "{% for x in xs if x == 'a' recursive %}{% endfor %}",
                "{% for x in xs if ⟨x⟩ == 'a' recursive %}{% endfor %}",
            ),
            ("{% for x in a in b %}{% endfor %}", "{% for x in ⟨a⟩ in ⟨b⟩ %}{% endfor %}"),
            ("{% set x = a + 1 == -b, 2 %}", "{% set x = ⟨a + 1⟩ == ⟨-b⟩, 2 %}"),
            ("{{ f(a, k=b == c, d={'e': g in h}) }}", "{{ f(a, k=⟨b⟩ == ⟨c⟩, d={'e': ⟨g⟩ in ⟨h⟩}) }}"),
            ("{{ (a == b) == [c != 1] }}", "{{ ⟨(⟨a⟩ == ⟨b⟩)⟩ == ⟨[⟨c⟩ != 1]⟩ }}"),
            (
                "{{ a is in [1] }} {{ a is not in b }} {{ a is not none == c }}",
                "{{ a is in [1] }} {{ a is not in b }} {{ ⟨a is not none⟩ == ⟨c⟩ }}",
            ),
            ("{{ 1 if a == 'x' else b }}", "{{ 1 if ⟨a⟩ == 'x' else b }}"),
            ("{{ a == b == c < d }}", "{{ ⟨a⟩ == ⟨b⟩ == ⟨c⟩ < d }}"),
            ("{{ {'a': {'b': 1}} == x }}", "{{ ⟨{'a': {'b': 1}}⟩ == ⟨x⟩ }}"),
            (
                "{% macro m(a, b='c' == d) %}{{ a ~ 'é' in 'éé' }}{% endmacro %}",
                "{% macro m(a, b='c' == ⟨d⟩) %}{{ ⟨a ~ 'é'⟩ in 'éé' }}{% endmacro %}",
            ),
            ("{%- with a = b == c -%}{%+ endwith %}", "{%- with a = ⟨b⟩ == ⟨c⟩ -%}{%+ endwith %}"),
            (
                "{{ x[a == 1:] }}{% call f(a == b) %}{% endcall %}",
                "{{ x[⟨a⟩ == 1:] }}{% call f(⟨a⟩ == ⟨b⟩) %}{% endcall %}",
            ),
            ("{{ a\n  == b|default('}}') }}", "{{ ⟨a⟩\n  == ⟨b|default('}}')⟩ }}"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn texts_without_comparisons_or_with_errors_are_left_alone() {
        for text in [
            "{{ host.name == 'x' }} a == b {{ loop.index == 1 }} in",
            "{# 'y' == secret('x') #}{% raw %}{{ a == b }}{% endraw %}",
            "{% for x in xs %}{% include 'a in b' %}{% endfor %}",
            "{{ 'unclosed == secret('x'",
            "{{ a == ",
            "{{ a == ) }}",
            "{{ a == b }",
            "{",
        ] {
            assert!(guarded(text).is_none(), "{text}");
        }
    }

    #[test]
    fn guards_change_no_result() {
        let mut engine = Environment::new();
        engine.add_filter(FILTER, |value: minijinja::Value| value);
        for text in [
            "{{ 1 + 1 == 2 }}",
            "{{ not 1 == 2 }}",
            "{{ -1 == 0 - 1 }}",
            "{{ 'a' ~ 'b' == 'ab' }}",
            "{{ 1 == 1 == 1 }}",
            "{{ 1 < 2 == true }}",
            "{{ 1 in [1, 2] and 3 not in [1] }}",
            "{{ 'a' if 1 == 2 else 'b' }}",
            "{{ [x == 1, {'k': x != 1}] }}",
            "{% for i in [1, 2, 3] if i != 2 %}{{ i == loop.length }}{% endfor %}",
            "{{ x is eq 1 == true }}",
            "{{ 2 ** 2 == 4 or y }}",
            "{{ 'b'|upper == 'B' }}",
            "{{ x == 1 and y == 2 }}",
            "{% set z = x == y %}{{ z }}",
            "{{ [1, 2, 3][x == 1:] }}",
            "{{ (x, y) == (1, 2) }}",
        ] {
            let context = minijinja::context! { x => 1, y => 2 };
            let (guarded, _) = guarded(text).unwrap_or_else(|| (text.to_owned(), Offsets::default()));
            let results = [text, &guarded].map(|text| engine.render_str(text, &context).unwrap());
            assert_eq!(results[0], results[1], "{guarded}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([{}%#()='\"!in a-]|\\{\\{|%\\}|==|é){0,40}") {
            if let Some((guarded, offsets)) = guarded(&text) {
                prop_assert_eq!(offsets.at(guarded.len()), text.len());
            }
        }
    }
}
